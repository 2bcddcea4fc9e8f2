//! The six attack stories and when they are told.
//!
//! A story is a short script on a [`Stage`]: write a line, wait, write the next. The first round
//! is fast, with a fixed cast, so that a visitor sees everything in a minute; later rounds come
//! rarely, at drawn times and on drawn machines.

mod antivirus_alert;
mod default_password;
mod document_theft;
mod mass_encryption;
mod password_guessing;
mod web_takeover;

use super::province::Kind;
use super::{Line, Machine, Moment, Province, SplitMix};

/// All six stories have told their decisive line by then.
pub(super) const FIRST_ROUND_MS: u64 = 60_000;
/// After the first, each story is told once in every span of this length.
pub(super) const ROUND_MS: u64 = 2 * 3_600_000;
/// The longest story is shorter than this; so each ends in the round that it began in.
const STORY_MS_MAX: u64 = 60_000;

type Script = fn(&mut Stage<'_>);

/// Each story with its beginning in the first round.
const STORIES: [(u64, Script); 6] = [
    (4_000, antivirus_alert::play),
    (8_000, default_password::play),
    (12_000, password_guessing::play),
    (26_000, web_takeover::play),
    (36_000, mass_encryption::play),
    (42_000, document_theft::play),
];

/// The endless stream of story lines, in order of time.
pub(super) struct Stories {
    random: SplitMix,
    province: Province,
    start_us: i64,
    round: u64,
    lines: std::vec::IntoIter<Line>,
}

impl Stories {
    /// Returns the stories of this seed, beginning at `start_us`.
    pub(super) fn new(seed: u64, start_us: i64) -> Self {
        // The traffic draws from the same seed; the constant keeps the two sequences apart.
        let random = SplitMix::new(seed ^ 0x5354_4f52_4945_5300);
        let province = Province::load();
        Self { random, province, start_us, round: 0, lines: Vec::new().into_iter() }
    }

    fn tell_round(&mut self) {
        let mut lines = Vec::new();
        for (first_ms, play) in STORIES {
            let drawn_ms = self.random.below(ROUND_MS - STORY_MS_MAX);
            let begin_ms =
                if self.round == 0 { first_ms } else { self.round * ROUND_MS + drawn_ms };
            let mut stage = Stage {
                random: &mut self.random,
                province: &self.province,
                start_us: self.start_us,
                first_round: self.round == 0,
                after_ms: begin_ms,
                lines: &mut lines,
            };
            play(&mut stage);
        }
        lines.sort_by_key(|line| line.after_ms);
        let end_ms = if self.round == 0 { FIRST_ROUND_MS } else { (self.round + 1) * ROUND_MS };
        assert!(lines.iter().all(|line| line.after_ms < end_ms), "a story outlasts its round");
        self.round += 1;
        self.lines = lines.into_iter();
    }
}

impl Iterator for Stories {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if self.lines.len() == 0 {
            self.tell_round();
        }
        self.lines.next()
    }
}

/// What a story plays on.
struct Stage<'a> {
    random: &'a mut SplitMix,
    province: &'a Province,
    start_us: i64,
    first_round: bool,
    after_ms: u64,
    lines: &'a mut Vec<Line>,
}

impl Stage<'_> {
    /// Lets time pass.
    fn wait(&mut self, ms: u64) {
        self.after_ms += ms;
    }

    /// Returns the present moment.
    fn now(&self) -> Moment {
        Moment::new(self.start_us, self.after_ms)
    }

    /// Writes a line.
    fn tell(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Returns the story's victim: the named machine in the first round, a drawn one later.
    fn victim(&mut self, first: &str, kind: Kind) -> Machine {
        if self.first_round {
            self.province.named(first)
        } else {
            self.province.pick(self.random, kind)
        }
    }

    /// Returns an attacker's address, outside the configured networks of the rules.
    fn attacker(&mut self) -> String {
        format!("203.0.113.{}", 2 + self.random.below(250))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_round_ends_in_time_and_later_rounds_are_rare() {
        let stories = Stories::new(3, 0);
        let lines: Vec<Line> = stories.take_while(|line| line.after_ms < 3 * ROUND_MS).collect();
        let first = lines.iter().filter(|line| line.after_ms < FIRST_ROUND_MS).count();
        let second = lines.iter().filter(|line| line.after_ms >= ROUND_MS).count();
        assert!(first > 60, "{first}");
        assert_eq!(second, 2 * first);
        assert_eq!(first + second, lines.len());
        assert!(lines.is_sorted_by_key(|line| line.after_ms));
    }
}
