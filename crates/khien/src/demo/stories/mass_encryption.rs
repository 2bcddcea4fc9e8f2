//! A programme from a mail deletes the shadow copies of a commune's PC, encrypts its documents and
//! leaves a note.

use super::{Kind, Stage};
use crate::demo::windows::{self, EXPLORER, SYSTEM32, Start};

const PROGRAM: &str = r"C:\Users\Public\capnhat.exe";
const DOCUMENTS: [&str; 6] =
    ["Bao cao thang", "To trinh", "Ke hoach", "Danh sach", "Bien ban hop", "Quyet dinh"];
const EXTENSIONS: [&str; 4] = ["docx", "xlsx", "pdf", "jpg"];
const ENCRYPTED_FILES: usize = 36;

pub(super) fn play(stage: &mut Stage<'_>) {
    let pc = stage.victim("KHETRANG-PC02", Kind::Workstation);
    let account = pc.account();
    let steps = [
        (PROGRAM.to_owned(), "capnhat.exe", EXPLORER),
        (format!(r"{SYSTEM32}\vssadmin.exe"), "vssadmin.exe Delete Shadows /All /Quiet", PROGRAM),
        (
            format!(r"{SYSTEM32}\bcdedit.exe"),
            "bcdedit.exe /set {default} recoveryenabled No",
            PROGRAM,
        ),
    ];
    for (image, command_line, parent) in &steps {
        let start = Start { image, command_line, parent, account: &account };
        stage.tell(windows::process(stage.now(), pc, &start));
        stage.wait(900);
    }
    for number in 0..ENCRYPTED_FILES {
        let name = DOCUMENTS[number % DOCUMENTS.len()];
        let extension = EXTENSIONS[number % EXTENSIONS.len()];
        let target = format!(r"D:\Van ban\{name} {}.{extension}.vlock", number + 1);
        stage.tell(windows::file(stage.now(), pc, PROGRAM, &target, &account));
        let pause_ms = 80 + stage.random.below(160);
        stage.wait(pause_ms);
    }
    let note = r"C:\Users\Public\Desktop\HOW_TO_DECRYPT.txt";
    stage.tell(windows::file(stage.now(), pc, PROGRAM, note, &account));
}
