//! An anti-virus console reports a threat that its agent could not remove.

use super::{Kind, Stage};
use crate::demo::cef::{self, Notice};

pub(super) fn play(stage: &mut Stage<'_>) {
    let pc = stage.victim("GOTRUC-PC03", Kind::Workstation);
    let threat = format!(
        " suser={} cs1Label=Signature cs1=Trojan.Win32.VLStealer fname=lich-hop.scr \
         filePath=E:\\\\Hinh anh\\\\lich-hop.scr \
         fileHash=5f1d7a84db00d2fce00b31a7fc73224f9e1b8c4d6a3f20e7c5b9d8a1e0f4c372",
        pc.account()
    );
    let found = Notice {
        signature_id: 1000,
        name: "Threat found",
        severity: 6,
        action: "detected",
        more: &threat,
    };
    stage.tell(cef::notice(stage.now(), pc, &found));
    stage.wait(1_800);
    let left = Notice {
        signature_id: 1005,
        name: "Threat not cleaned",
        severity: 8,
        action: "not cleaned",
        more: &threat,
    };
    stage.tell(cef::notice(stage.now(), pc, &left));
}
