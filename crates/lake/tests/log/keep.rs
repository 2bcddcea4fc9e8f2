//! What stays, what goes, and what is refused when there is no room.

use khien_lake::{IntakeLog, LakeError, Offset, Options};

use crate::{DAY_US, keyed, noise, read_all, sequences, small};

/// Two frames fill a segment.
async fn fill(log: &IntakeLog, sequences: std::ops::Range<u64>) {
    for sequence in sequences {
        log.append(keyed(1, sequence, noise(30_000, sequence))).await.unwrap();
    }
}

#[tokio::test]
async fn a_segment_goes_when_it_is_old_and_consumed_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = IntakeLog::open(folder.path(), small()).unwrap();
    fill(&log, 0..7).await;
    let late = 1_000 + 3 * DAY_US;
    let segment = u64::from(small().segment_bytes);
    let end_of_second = read_all(&log)[4].at;

    assert_eq!(log.expire(late, Offset::START).unwrap().segments, 0, "nothing is consumed");
    assert_eq!(log.expire(DAY_US, log.end()).unwrap().segments, 0, "nothing is old");
    let expired = log.expire(late, end_of_second).unwrap();
    assert_eq!((expired.segments, expired.bytes), (2, 2 * segment));
    assert_eq!(sequences(&read_all(&log)), [4, 5, 6]);
    assert_eq!(log.expire(late, log.end()).unwrap().segments, 1, "the active segment stays");
    assert_eq!(log.usage().used_bytes, segment);

    // The epoch still lives in the active segment, so its first frames are still known.
    assert!(log.append(keyed(1, 0, "again")).await.unwrap().duplicate);
    drop(log);
    let (log, recovered) = IntakeLog::open(folder.path(), small()).unwrap();
    assert_eq!((recovered.frames, recovered.quarantined.len()), (1, 0));
    fill(&log, 7..9).await;
    assert_eq!(sequences(&read_all(&log)), [6, 7, 8]);
}

#[tokio::test]
async fn a_used_up_budget_refuses_and_deletes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { budget_bytes: 2 * u64::from(small().segment_bytes), ..small() };
    let (log, _) = IntakeLog::open(folder.path(), options).unwrap();
    fill(&log, 0..4).await;
    for _ in 0..2 {
        let refused = log.append(keyed(1, 4, noise(30_000, 4))).await;
        assert!(matches!(refused, Err(LakeError::Full { used: 131_072, budget: 131_072 })));
    }
    assert!(log.append(keyed(1, 3, "again")).await.unwrap().duplicate);
    assert_eq!(sequences(&read_all(&log)), [0, 1, 2, 3]);

    log.expire(1_000 + 3 * DAY_US, log.end()).unwrap();
    assert!(!log.append(keyed(1, 4, noise(30_000, 4))).await.unwrap().duplicate);
    assert_eq!(sequences(&read_all(&log)), [2, 3, 4]);
}
