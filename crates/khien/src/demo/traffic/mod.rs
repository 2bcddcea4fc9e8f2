//! The benign traffic of a working day: what most lines of a province are. It holds near misses on
//! purpose (a mistyped password, an upload, a page compiled by the web server), since a rule that
//! cannot tell them from the stories is no rule.

mod appliances;
mod web;
mod workstations;

use super::{Line, Moment, Province, SplitMix};

/// Between two lines lie 10 to 50 ms: about 33 lines per second.
const GAP_MS_MIN: u64 = 10;
const GAP_MS_SPREAD: u64 = 41;

/// The endless benign stream.
pub(super) struct Traffic {
    day: Day,
    start_us: i64,
    after_ms: u64,
}

/// What the writers of single lines draw from.
struct Day {
    random: SplitMix,
    province: Province,
    /// Counts the mistyped passwords, so that they go round the machines and never pile up.
    mistyped: usize,
}

type Writer = fn(&mut Day, Moment) -> Line;

/// Who speaks how often, in parts of a hundred.
const MIX: &[(u64, Writer)] = &[
    (18, workstations::logged_on),
    (8, workstations::logged_off),
    (1, workstations::mistyped_password),
    (16, workstations::started_program),
    (11, workstations::audited_program),
    (10, workstations::asked_name),
    (6, workstations::connected),
    (7, workstations::wrote_file),
    (11, web::visited_site),
    (3, web::read_mail),
    (2, web::edited_site),
    (3, appliances::server_log),
    (2, appliances::antivirus_heartbeat),
    (2, appliances::device_log),
];

impl Traffic {
    /// Returns the stream of this seed, beginning at `start_us`.
    pub(super) fn new(seed: u64, start_us: i64) -> Self {
        let day = Day { random: SplitMix::new(seed), province: Province::load(), mistyped: 0 };
        Self { day, start_us, after_ms: 0 }
    }
}

impl Iterator for Traffic {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        self.after_ms += GAP_MS_MIN + self.day.random.below(GAP_MS_SPREAD);
        let at = Moment::new(self.start_us, self.after_ms);
        let write = draw(&mut self.day.random);
        Some(write(&mut self.day, at))
    }
}

fn draw(random: &mut SplitMix) -> Writer {
    let total = MIX.iter().map(|(parts, _)| parts).sum();
    let mut ticket = random.below(total);
    for (parts, writer) in MIX {
        match ticket.checked_sub(*parts) {
            None => return *writer,
            Some(rest) => ticket = rest,
        }
    }
    unreachable!("a ticket is below the sum of all parts")
}
