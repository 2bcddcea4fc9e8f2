//! Appending and following: many tasks, order, duplicates, limits.

use std::sync::Arc;

use khien_event::Format;
use khien_lake::{Frame, IntakeLog, Key, LakeError, MAX_BATCH_BYTES, Offset, UNKEYED_EPOCH};

use crate::{SOURCE, keyed, noise, read_all, read_rest, sequences, small};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tasks_append_and_a_follower_reads_everything_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    let log = Arc::new(log);
    let mut reader = log.reader_from(Offset::START).unwrap();
    let follower = tokio::spawn(async move {
        let mut seen = Vec::new();
        while seen.len() < 1_000 {
            reader.wait().await.unwrap();
            seen.extend(read_rest(&mut reader));
        }
        seen
    });
    let tasks: Vec<_> = (0..50)
        .map(|epoch| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for sequence in 0..20 {
                    let raw = noise(500, epoch * 100 + sequence);
                    let receipt = log.append(keyed(epoch, sequence, raw)).await.unwrap();
                    assert!(!receipt.duplicate);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }

    let seen = follower.await.unwrap();
    assert_eq!(seen, read_all(&log));
    assert!(seen.is_sorted_by_key(|frame| frame.at));
    for epoch in 0..50 {
        let own: Vec<_> = seen.iter().filter(|frame| frame.epoch == epoch).cloned().collect();
        assert_eq!(sequences(&own), (0..20).collect::<Vec<_>>());
        assert!(own.iter().all(|f| f.raw == noise(500, epoch * 100 + f.sequence)));
    }
    assert!(log.usage().used_bytes > u64::from(small().segment_bytes), "the log has rotated");
}

#[tokio::test]
async fn a_frame_comes_back_as_it_went_in_and_stays_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (log, recovered) = IntakeLog::open(folder.path(), small()).unwrap();
    assert_eq!(recovered, khien_lake::Recovered::default());
    for (n, decoder) in Format::ALL.into_iter().enumerate() {
        let raw = format!("dòng {n}\0\0\0").into_bytes();
        let received_us = -(n as i64);
        log.append(Frame { decoder, received_us, ..keyed(3, n as u64, raw) }).await.unwrap();
    }
    log.append(keyed(4, 0, Vec::new())).await.unwrap();
    let before = read_all(&log);
    drop(log);

    let (log, recovered) = IntakeLog::open(folder.path(), small()).unwrap();
    let frames = Format::ALL.len() + 1;
    assert_eq!((recovered.frames, recovered.torn_tail), (frames as u64, None));
    let after = read_all(&log);
    assert_eq!(after, before);
    for (n, (frame, decoder)) in after.iter().zip(Format::ALL).enumerate() {
        assert_eq!((frame.source, frame.epoch, frame.sequence), (SOURCE, 3, n as u64));
        assert_eq!((frame.received_us, frame.decoder), (-(n as i64), decoder));
        assert_eq!(frame.raw, format!("dòng {n}\0\0\0").into_bytes());
    }
    assert!(after[frames - 1].raw.is_empty());
}

#[tokio::test]
async fn a_key_is_stored_once_in_any_order_and_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    for sequence in [5, 2, 9] {
        assert!(!log.append(keyed(1, sequence, "a")).await.unwrap().duplicate);
    }
    // Both copies in one group: the second is a duplicate and still waits for the commit.
    let (first, second) = tokio::join!(log.append(keyed(1, 3, "a")), log.append(keyed(1, 3, "b")));
    assert_eq!((first.unwrap().duplicate, second.unwrap().duplicate), (false, true));
    drop(log);

    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    for sequence in [5, 2, 9, 3] {
        let receipt = log.append(keyed(1, sequence, "again")).await.unwrap();
        assert_eq!((receipt.duplicate, receipt.sequence, receipt.end), (true, sequence, log.end()));
    }
    assert!(!log.append(keyed(1, 4, "overtaken")).await.unwrap().duplicate);
    assert!(!log.append(keyed(2, 5, "another life")).await.unwrap().duplicate);
    let other = Frame { source: [8; 16], ..keyed(1, 5, "another source") };
    assert!(!log.append(other).await.unwrap().duplicate);
    assert_eq!(sequences(&read_all(&log)), [5, 2, 9, 3, 4, 5, 5]);
}

#[tokio::test]
async fn unkeyed_frames_are_all_stored_under_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    for _ in 0..3 {
        let receipt = log.append(Frame { key: Key::Unkeyed, ..keyed(0, 0, "same") }).await.unwrap();
        assert_eq!((receipt.duplicate, receipt.epoch), (false, UNKEYED_EPOCH));
    }
    let frames = read_all(&log);
    assert!(frames.iter().all(|f| f.epoch == UNKEYED_EPOCH && f.sequence as i64 == f.at.to_i64()));
    assert_eq!(frames.len(), 3);
}

#[tokio::test]
async fn a_reader_goes_on_from_a_stored_offset_and_refuses_one_of_another_log() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    for sequence in 0..10 {
        log.append(keyed(1, sequence, noise(30_000, sequence))).await.unwrap();
    }
    let mut reader = log.reader_from(Offset::START).unwrap();
    let batch = reader.next_batch(1).unwrap();
    assert_eq!(sequences(&batch.frames), [0]);
    let batch = reader.next_batch(70_000).unwrap();
    assert_eq!(sequences(&batch.frames), [1, 2, 3]);
    let stored = batch.next.to_i64();
    drop((log, reader));

    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    let mut reader = log.reader_from(Offset::from_i64(stored)).unwrap();
    assert_eq!(sequences(&read_rest(&mut reader)), [4, 5, 6, 7, 8, 9]);
    let beyond = Offset::from_i64(log.end().to_i64() + 1);
    assert!(matches!(log.reader_from(beyond), Err(LakeError::AheadOfLog { .. })));
    drop(log);
    assert!(matches!(reader.wait().await, Err(LakeError::Closed)));
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    let too_large = log.append(keyed(1, 1, vec![0; MAX_BATCH_BYTES + 1])).await;
    assert!(matches!(too_large, Err(LakeError::TooLarge { .. })));
    let no_segment_takes_it = log.append(keyed(1, 1, noise(70_000, 1))).await;
    assert!(matches!(no_segment_takes_it, Err(LakeError::TooLarge { .. })));
    for (epoch, sequence) in [(UNKEYED_EPOCH, 0), (u64::MAX, 0), (0, u64::MAX)] {
        let refused = log.append(keyed(epoch, sequence, "x")).await;
        assert!(matches!(refused, Err(LakeError::KeyRange)));
    }
    log.append(keyed(1, 1, vec![0; MAX_BATCH_BYTES])).await.unwrap();
    assert_eq!(read_all(&log)[0].raw.len(), MAX_BATCH_BYTES);
}

#[test]
fn a_folder_has_one_owner_and_options_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    assert!(matches!(IntakeLog::open(folder.path(), small()), Err(LakeError::InUse(_))));
    drop(log);

    let hour = std::time::Duration::from_secs(3_600);
    let bad = [
        khien_lake::Options { keep: hour, ..small() },
        khien_lake::Options { segment_bytes: 1_000, ..small() },
        khien_lake::Options { segment_bytes: u32::MAX, ..small() },
        khien_lake::Options { budget_bytes: 100_000, ..small() },
    ];
    for options in bad {
        assert!(matches!(IntakeLog::open(folder.path(), options), Err(LakeError::Options(_))));
    }
}
