//! Somebody logs in to an officer's mailbox from abroad and empties it.

use super::Stage;
use crate::demo::access::{self, BROWSER, Request};

const MAIL: &str = "mail.vanlinh.example";
const ATTACHMENTS: u64 = 26;

pub(super) fn play(stage: &mut Stage<'_>) {
    let attacker = stage.attacker();
    let ask = |stage: &mut Stage<'_>, method, uri: &str, status, bytes| {
        let request = Request { from_ip: &attacker, method, uri, status, bytes, agent: BROWSER };
        stage.tell(access::request(stage.now(), MAIL, &request));
    };

    ask(stage, "POST", "/dang-nhap", 302, 0);
    stage.wait(1_500);
    ask(stage, "GET", "/hop-thu?thu-muc=tat-ca", 200, 48_211);
    stage.wait(1_000);
    for number in 0..ATTACHMENTS {
        let bytes = 90_000 + stage.random.below(900_000);
        ask(stage, "GET", &format!("/attachment/{}/cong-van.pdf", 88_120 + number), 200, bytes);
        let pause_ms = 250 + stage.random.below(250);
        stage.wait(pause_ms);
    }
}
