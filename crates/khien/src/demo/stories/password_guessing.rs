//! Somebody guesses the password of a commune officer's account over remote desktop, and gets in.

use super::{Kind, Stage};
use crate::demo::windows;

const GUESSES: usize = 12;
/// Windows logon type of remote desktop.
const REMOTE_DESKTOP: u8 = 10;

pub(super) fn play(stage: &mut Stage<'_>) {
    let pc = stage.victim("SUOIMAY-PC01", Kind::Workstation);
    let account = pc.account();
    let attacker = stage.attacker();
    for guess in 0..=GUESSES {
        let let_in = guess == GUESSES;
        let logon = windows::logon(stage.now(), pc, &account, &attacker, REMOTE_DESKTOP, let_in);
        stage.tell(logon);
        let pause_ms = 700 + stage.random.below(500);
        stage.wait(pause_ms);
    }
}
