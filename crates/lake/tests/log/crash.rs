//! What a crash or a bad disk may leave behind, and what the log makes of it.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use khien_lake::{IntakeLog, Offset, Recovered, Stored};
use proptest::prelude::*;

use crate::{keyed, noise, read_all, sequences, small};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Writes frames `0..count` one commit each; returns them with where the last one ends.
fn written(folder: &Path, count: u64, bytes: usize) -> (Vec<Stored>, Offset) {
    let (log, _) = IntakeLog::open(folder, small()).unwrap();
    runtime().block_on(async {
        for sequence in 0..count {
            log.append(keyed(1, sequence, noise(bytes, sequence))).await.unwrap();
        }
    });
    (read_all(&log), log.end())
}

fn segment(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:010}.log"))
}

/// Where in its file an offset lies.
fn within(offset: Offset) -> u64 {
    offset.to_i64().cast_unsigned() & u64::from(u32::MAX)
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn flip(path: &Path, bit: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    byte[0] ^= 1 << (bit % 8);
    file.write_all_at(&byte, bit / 8).unwrap();
}

/// Opens the log, reads it across damage, appends one frame more and reads that too.
fn reopened(folder: &Path) -> (Recovered, Vec<Stored>, u64) {
    let (log, recovered) = IntakeLog::open(folder, small()).unwrap();
    let batch = log.reader_from(Offset::START).unwrap().next_batch(usize::MAX).unwrap();
    assert_eq!(batch.frames.len() as u64, recovered.frames);
    let receipt = runtime().block_on(log.append(keyed(9, 0, "goes on"))).unwrap();
    assert!(!receipt.duplicate);
    let mut reader = log.reader_from(batch.next).unwrap();
    let more = reader.next_batch(usize::MAX).unwrap();
    assert_eq!((more.frames.len(), more.frames[0].epoch), (1, 9));
    assert_eq!(more.next, log.end());
    drop(log);

    let (log, again) = IntakeLog::open(folder, small()).unwrap();
    assert_eq!((again.frames, again.torn_tail), (recovered.frames + 1, None));
    assert_eq!(again.quarantined, recovered.quarantined);
    drop(log);
    let lost = batch.damaged.iter().map(|damage| u64::from(damage.bytes)).sum();
    (recovered, batch.frames, lost)
}

#[test]
fn a_tail_cut_at_any_byte_of_the_last_frame_loses_that_frame_only() {
    let whole = tempfile::tempdir().unwrap();
    let (frames, end) = written(whole.path(), 4, 50);
    let (last, sound) = frames.split_last().unwrap();
    for cut in within(last.at)..within(end) {
        for keep_length in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            copy(whole.path(), folder.path());
            let file = OpenOptions::new().write(true).open(segment(folder.path(), 1)).unwrap();
            file.set_len(cut).unwrap();
            if keep_length {
                file.set_len(u64::from(small().segment_bytes)).unwrap();
            }
            let (recovered, read, _) = reopened(folder.path());
            // Cut within the padding, a segment of full length has lost nothing.
            let lost = usize::from(read.len() == sound.len());
            assert!(lost == 1 || (keep_length && cut + 8 > within(end)), "cut at {cut}");
            assert_eq!(read, frames[..frames.len() - lost]);
            assert!(recovered.quarantined.is_empty());
            let torn = recovered.torn_tail.map(|torn| torn.at);
            assert_eq!(torn, (lost == 1 && cut > within(last.at)).then_some(last.at));
        }
    }
}

#[test]
fn a_group_with_a_page_missing_is_torn_not_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    // A busy machine may split a group in two: go on until the last one is whole.
    let groups =
        (0..20).position(|group| runtime().block_on(append_four(&log, group, 50)).len() == 1);
    let group = groups.expect("one of twenty groups is whole") as u64;
    let frames = read_all(&log);
    drop(log);

    let sound = frames.len() - 2;
    let file = OpenOptions::new().write(true).open(segment(folder.path(), 1)).unwrap();
    file.write_all_at(&[0; 64], within(frames[sound].at)).unwrap();
    let (recovered, read, lost) = reopened(folder.path());
    assert_eq!(recovered.torn_tail.map(|torn| torn.at), Some(frames[sound].at));
    assert_eq!((read.as_slice(), lost), (&frames[..sound], 0));

    // The frame behind the hole is gone for good: sent again, it is stored.
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    let again = runtime().block_on(log.append(keyed(group, 3, "again"))).unwrap();
    assert!(!again.duplicate);
    assert_eq!(sequences(&read_all(&log))[sound..], [0, 3]);
}

#[test]
fn damage_before_the_tail_is_quarantined_and_read_around() {
    let folder = tempfile::tempdir().unwrap();
    let (frames, _) = written(folder.path(), 6, 200);
    flip(&segment(folder.path(), 1), within(frames[2].at) * 8 + 5);
    let (recovered, read, lost) = reopened(folder.path());

    assert_eq!(recovered.torn_tail, None);
    let [quarantined] = recovered.quarantined.as_slice() else { panic!("{recovered:?}") };
    assert!(quarantined.path.ends_with("0000000001.quarantined") && quarantined.path.exists());
    assert_eq!(quarantined.damaged[0].from, frames[2].at);
    assert_eq!(u64::from(quarantined.damaged[0].bytes), lost);
    assert_eq!(sequences(&read), [0, 1, 3, 4, 5]);

    // What was read around stays known: only the lost frame is taken again.
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    for (sequence, known) in [(1, true), (2, false), (5, true)] {
        let receipt = runtime().block_on(log.append(keyed(1, sequence, "again"))).unwrap();
        assert_eq!(receipt.duplicate, known);
    }
    log.expire(i64::MAX, log.end()).unwrap();
    assert!(quarantined.path.exists(), "a quarantined segment waits for a person");
}

#[test]
fn the_end_of_an_earlier_segment_cannot_vanish_silently() {
    let folder = tempfile::tempdir().unwrap();
    let (frames, _) = written(folder.path(), 5, 30_000);
    let last_of_first = within(frames[1].at);
    let file = OpenOptions::new().write(true).open(segment(folder.path(), 1)).unwrap();
    file.write_all_at(&vec![0; 30_200], last_of_first).unwrap();
    let (recovered, read, lost) = reopened(folder.path());
    assert_eq!(sequences(&read), [0, 2, 3, 4]);
    assert_eq!((recovered.quarantined.len(), recovered.torn_tail), (1, None));
    assert!(lost > 30_000);
}

#[test]
fn a_folder_of_a_newer_program_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 1, 10);
    let path = segment(folder.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    let crc = crc32c::crc32c(&bytes[..24]);
    bytes[24..28].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let refused = IntakeLog::open(folder.path(), small()).unwrap_err();
    assert!(refused.to_string().contains("newer version of this program (log version 2)"));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A flipped bit costs at most the frame it hits, is always reported, and invents nothing.
    #[test]
    fn a_flipped_bit_costs_one_frame_at_most(
        count in 2..30_u64,
        bytes in 1..6_000_usize,
        place in any::<prop::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (frames, end) = written(folder.path(), count, bytes);
        let last_segment = (end.to_i64() >> 32) as u32;
        let number = 1 + place.index(last_segment as usize) as u32;
        let in_segment = frames.iter().filter(|f| f.at.to_i64() >> 32 == i64::from(number));
        let behind = in_segment.map(|f| within(f.at) + 88 + bytes as u64 + 10).max().unwrap_or(32);
        let bit = place.index(behind as usize * 8) as u64;
        flip(&segment(folder.path(), number), bit);

        let (recovered, read, _) = reopened(folder.path());
        let lost: Vec<_> = frames.iter().filter(|frame| !read.contains(frame)).collect();
        prop_assert!(lost.len() <= 1);
        prop_assert_eq!(read.len() + lost.len(), frames.len());
        prop_assert!(read.is_sorted_by_key(|frame| frame.at));
        let reported = recovered.torn_tail.is_some() || !recovered.quarantined.is_empty();
        prop_assert!(reported || lost.is_empty());
        let at_the_tail = lost.first().is_none_or(|frame| frame.sequence == count - 1);
        prop_assert!(at_the_tail || !recovered.quarantined.is_empty());
    }

    /// The power goes while a group is written: any of its sectors may be missing. Everything
    /// acknowledged before is there, what is read of the group is true, and nothing is damage.
    #[test]
    fn a_power_cut_in_any_group_loses_nothing_acknowledged(
        groups in 1..8_u64,
        bytes in 1..2_000_usize,
        cut in any::<prop::sample::Index>(),
        lost_sectors in proptest::collection::vec(any::<bool>(), 1..20),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
        let mut ends = vec![32];
        for group in 0..groups {
            ends.extend(runtime().block_on(append_four(&log, group, bytes)));
        }
        let frames = read_all(&log);
        drop(log);

        let cut = cut.index(ends.len() - 1);
        let (from, to) = (ends[cut], ends[cut + 1]);
        let acknowledged = frames.iter().filter(|frame| within(frame.at) < from).count();
        let file = OpenOptions::new().write(true).open(segment(folder.path(), 1)).unwrap();
        file.write_all_at(&vec![0; (ends[ends.len() - 1] - to) as usize], to).unwrap();
        for (sector, _) in (from / 512..=to / 512).zip(lost_sectors.iter().cycle()).filter(|s| *s.1) {
            let (start, end) = ((sector * 512).max(from), (sector * 512 + 512).min(to));
            file.write_all_at(&vec![0; end.saturating_sub(start) as usize], start).unwrap();
        }

        let (recovered, read, _) = reopened(folder.path());
        prop_assert!(recovered.quarantined.is_empty());
        prop_assert!(read.len() >= acknowledged);
        prop_assert_eq!(&read, &frames[..read.len()]);
    }
}

/// Appends four frames at once; returns where the groups they were committed in end.
async fn append_four(log: &IntakeLog, group: u64, bytes: usize) -> Vec<u64> {
    let frame = |n: u64| log.append(keyed(group, n, noise(bytes, group * 4 + n)));
    let (a, b, c, d) = tokio::join!(frame(0), frame(1), frame(2), frame(3));
    let mut ends: Vec<_> = [a, b, c, d].map(|receipt| within(receipt.unwrap().end)).into();
    ends.sort_unstable();
    ends.dedup();
    ends
}
