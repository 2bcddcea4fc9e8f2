//! The live half of `khien demo`: an endless, deterministic stream of log lines of an invented
//! province, benign traffic with six attack stories woven in.
//!
//! The lines go through the real intake doors, so this module only writes bytes: it opens no
//! socket, reads no clock and knows nothing of rules. The same seed and start give the same bytes.
//! The province itself is `examples/demo-province/*.csv`; the rules that catch the stories are
//! `rules/`. The stories come from the letters: each is one thing that a unit was told to expect.

mod access;
mod cef;
mod moment;
mod province;
mod splitmix;
mod stories;
mod syslog;
mod traffic;
mod windows;

use moment::Moment;
use province::{Machine, Province};
use splitmix::SplitMix;

/// One log message, ready for its door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// When to send it, counted from the start of the replay. Its own time stamp says the same.
    pub(crate) after_ms: u64,
    /// Where to send it.
    pub(crate) door: Door,
    /// One message without framing: the sender adds the newline or the octet count.
    pub(crate) bytes: Vec<u8>,
}

/// The intake door that a line goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Syslog over TCP.
    SyslogTcp,
    /// Syslog over UDP.
    SyslogUdp,
    /// `POST /ingest/v1/events`.
    Http {
        /// Name of the source whose token the sender uses.
        source: &'static str,
        /// `Content-Type` of the post.
        content_type: &'static str,
        /// Decoder id.
        format: &'static str,
    },
}

/// Returns the endless replay. All six stories have told their decisive line within
/// [`stories::FIRST_ROUND_MS`]; after that each comes again once per [`stories::ROUND_MS`].
pub(crate) fn replay(seed: u64, start_us: i64) -> impl Iterator<Item = Line> {
    in_order(benign(seed, start_us), stories::Stories::new(seed, start_us))
}

/// Returns the endless benign traffic alone, which no rule may match.
pub(crate) fn benign(seed: u64, start_us: i64) -> impl Iterator<Item = Line> {
    traffic::Traffic::new(seed, start_us)
}

/// Merges two streams that are each in order of time.
fn in_order(
    left: impl Iterator<Item = Line>,
    right: impl Iterator<Item = Line>,
) -> impl Iterator<Item = Line> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(a), Some(b)) if b.after_ms < a.after_ms => right.next(),
        (None, _) => right.next(),
        _ => left.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_US: i64 = 1_795_140_000_000_000;

    fn minutes(n: u64) -> Vec<Line> {
        replay(7, START_US).take_while(|line| line.after_ms < n * 60_000).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(minutes(2), minutes(2));
        let other: Vec<Line> = replay(8, START_US).take(200).collect();
        assert_ne!(minutes(1)[..200], other[..]);
    }

    #[test]
    fn lines_come_in_order_and_at_a_modest_rate() {
        let lines = minutes(10);
        assert!(lines.is_sorted_by_key(|line| line.after_ms));
        let per_second = lines.len() / 600;
        assert!((20..=50).contains(&per_second), "{per_second} lines per second");
    }

    #[test]
    fn every_door_is_used_and_no_message_carries_its_framing() {
        let lines = minutes(2);
        for door in [Door::SyslogTcp, Door::SyslogUdp, windows::DOOR] {
            assert!(lines.iter().any(|line| line.door == door), "{door:?}");
        }
        assert!(lines.iter().all(|line| !line.bytes.contains(&b'\n')));
        assert!(lines.iter().all(|line| std::str::from_utf8(&line.bytes).is_ok()));
    }

    #[test]
    fn windows_events_are_flat_json_of_machines_in_the_registry() {
        let province = Province::load();
        for line in minutes(2).iter().filter(|line| line.door == windows::DOOR) {
            let event: serde_json::Value = serde_json::from_slice(&line.bytes).unwrap();
            let host = event["Computer"].as_str().unwrap();
            assert!(province.machine(host).is_some(), "{host}");
            assert!(event.as_object().unwrap().values().all(|v| !v.is_object()), "{event}");
        }
    }
}
