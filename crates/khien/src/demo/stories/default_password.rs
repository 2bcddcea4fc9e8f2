//! A camera that still has the password it was delivered with is found from the Internet.

use super::{Kind, Stage};
use crate::demo::syslog;

pub(super) fn play(stage: &mut Stage<'_>) {
    let camera = stage.victim("benlam-cam01", Kind::Camera);
    let attacker = stage.attacker();
    for account in ["root", "user"] {
        let refused = format!("user {account} login failed from {attacker}");
        stage.tell(syslog::from_device(stage.now(), camera.host, "webd", true, &refused));
        stage.wait(700);
    }
    let let_in = format!("user admin login succeeded from {attacker} using default password");
    stage.tell(syslog::from_device(stage.now(), camera.host, "webd", true, &let_in));
    stage.wait(2_500);
    let exported = format!("configuration exported by admin from {attacker}");
    stage.tell(syslog::from_device(stage.now(), camera.host, "webd", true, &exported));
}
