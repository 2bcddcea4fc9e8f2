//! A script is smuggled into a commune site's upload folder, asks who it is, and the home page
//! changes.

use super::{Kind, Stage};
use crate::demo::access::{self, BROWSER, Request};
use crate::demo::windows::{self, SYSTEM32, Start, W3WP};

const SHELL: &str = "/uploads/2026/11/anh-bia.aspx";

pub(super) fn play(stage: &mut Stage<'_>) {
    let server = stage.province.named("CONG-WEB02");
    let site = stage.victim("vankhe.vanlinh.example", Kind::Site);
    let folder = site.host.split('.').next().unwrap_or(site.host);
    let attacker = stage.attacker();
    let ask = |stage: &mut Stage<'_>, method, uri: &str, bytes| {
        let request =
            Request { from_ip: &attacker, method, uri, status: 200, bytes, agent: BROWSER };
        stage.tell(access::request(stage.now(), server.host, &request));
        stage.wait(900);
    };

    ask(stage, "POST", "/quan-tri/tai-len.aspx", 212);
    let dropped = format!(r"C:\inetpub\wwwroot\{folder}\uploads\2026\11\anh-bia.aspx");
    stage.tell(windows::file(stage.now(), server, W3WP, &dropped, "CongTTDT"));
    stage.wait(600);
    ask(stage, "POST", SHELL, 41);
    for command in ["whoami", "ipconfig"] {
        ask(stage, "GET", &format!("{SHELL}?cmd={command}"), 96);
        let image = format!(r"{SYSTEM32}\cmd.exe");
        let command_line = format!("cmd.exe /c {command}");
        let start =
            Start { image: &image, command_line: &command_line, parent: W3WP, account: "CongTTDT" };
        stage.tell(windows::process(stage.now(), server, &start));
        stage.wait(800);
    }
    let home_page = format!(r"C:\inetpub\wwwroot\{folder}\index.html");
    stage.tell(windows::file(stage.now(), server, W3WP, &home_page, "CongTTDT"));
    stage.wait(500);
    ask(stage, "GET", "/index.html", 1_337);
}
