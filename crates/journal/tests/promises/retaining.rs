//! Retention: only what is old, settled and backed up goes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use depeche_journal::{Kept, Retained, Retention, retain, seal, verify};
use jiff::Timestamp;

use crate::support::{at, capture, copy_of, journal_of, names, open, path, read_whole};

const OLD: u64 = u64::MAX;

fn by_age(max_age: Duration) -> Retention {
    Retention {
        max_age: Some(max_age),
        max_bytes: None,
    }
}

fn by_bytes(max_bytes: u64) -> Retention {
    Retention {
        max_age: None,
        max_bytes: Some(max_bytes),
    }
}

fn bytes(dir: &Path) -> u64 {
    names(dir)
        .iter()
        .map(|name| fs::metadata(dir.join(name)).unwrap().len())
        .sum()
}

fn removed(retained: &Retained) -> Vec<u32> {
    retained.removed.iter().map(|segment| segment.number).collect()
}

#[test]
fn nothing_is_removed_by_default() {
    let dir = journal_of(&[3, 2, 1]);
    let before = names(dir.path());
    let retained = retain(dir.path(), &Retention::default(), OLD, OLD, Timestamp::MAX).unwrap();
    assert_eq!(names(dir.path()), before);
    assert_eq!((retained.removed, retained.kept), (vec![], None));
    assert_eq!((retained.segments, retained.bytes), (3, bytes(dir.path())));
}

#[test]
fn a_segment_goes_when_its_newest_capture_is_older_than_allowed_and_not_before() {
    for sealed in [false, true] {
        let dir = journal_of(&[3, 2, 1]);
        if sealed {
            seal(dir.path(), &|| false).unwrap();
        }
        let age = Duration::from_hours(1);
        // Segment 2 holds captures 1 to 3, segment 3 the next two.
        let exactly = at(3) + age;
        let retained = retain(dir.path(), &by_age(age), OLD, OLD, exactly).unwrap();
        assert_eq!((removed(&retained), retained.kept), (vec![], None));
        let later = exactly + Duration::from_millis(1);
        let retained = retain(dir.path(), &by_age(age), OLD, OLD, later).unwrap();
        assert_eq!((removed(&retained), retained.kept), (vec![2], None));
        assert_eq!(retained.removed[0].last_ordinal, 3);
        assert_eq!((retained.segments, retained.bytes), (2, bytes(dir.path())));
        let verified = verify(dir.path()).unwrap();
        assert_eq!((verified.findings, verified.first_ordinal), (vec![], Some(4)));
    }
}

#[test]
fn the_oldest_segments_go_until_the_rest_is_as_small_as_allowed() {
    for sealed in [false, true] {
        let dir = journal_of(&[3, 2, 1]);
        if sealed {
            seal(dir.path(), &|| false).unwrap();
        }
        let all = bytes(dir.path());
        let retained = retain(dir.path(), &by_bytes(all), OLD, OLD, at(0)).unwrap();
        assert!(removed(&retained).is_empty());
        let retained = retain(dir.path(), &by_bytes(all - 1), OLD, OLD, at(0)).unwrap();
        assert_eq!((removed(&retained), &retained.kept), (vec![2], &None));
        assert_eq!(retained.bytes, all - retained.removed[0].bytes);
        let retained = retain(dir.path(), &by_bytes(0), OLD, OLD, at(0)).unwrap();
        assert_eq!(removed(&retained), [3]);
        assert_eq!(retained.kept.unwrap().why, Kept::Newest);
        assert_eq!(names(dir.path()), ["depeche-00000004.warc"]);
    }
}

#[test]
fn what_is_not_settled_or_not_backed_up_stays_and_is_told() {
    let journal = journal_of(&[3, 2, 1]);
    let kept = |settled, backed_up| {
        let dir = copy_of(journal.path());
        let retained = retain(
            dir.path(),
            &by_age(Duration::ZERO),
            settled,
            backed_up,
            Timestamp::MAX,
        )
        .unwrap();
        let gone = removed(&retained);
        let kept = retained.kept.unwrap();
        assert_eq!(names(dir.path()).len(), 3 - gone.len());
        (gone, kept.number, kept.why)
    };
    let not_settled = |last, settled_up_to| Kept::NotSettled { last, settled_up_to };
    let not_backed_up = |last, backed_up_up_to| Kept::NotBackedUp {
        last,
        backed_up_up_to,
    };
    assert_eq!(kept(0, 0), (vec![], 2, not_settled(3, 0)));
    assert_eq!(kept(2, OLD), (vec![], 2, not_settled(3, 2)));
    assert_eq!(kept(3, OLD), (vec![2], 3, not_settled(5, 3)));
    assert_eq!(kept(OLD, 2), (vec![], 2, not_backed_up(3, 2)));
    assert_eq!(kept(OLD, 3), (vec![2], 3, not_backed_up(5, 3)));
    assert_eq!(kept(4, 4), (vec![2], 3, not_settled(5, 4)));
    assert_eq!(kept(5, 5), (vec![2, 3], 4, Kept::Newest));
}

#[test]
fn the_last_number_is_never_forgotten() {
    let dir = journal_of(&[3, 2]);
    // A crash between the creating of a segment and its first capture.
    let newest = fs::read(path(dir.path(), 3, "")).unwrap();
    let end = newest.windows(4).rposition(|w| w == b"WARC").unwrap();
    let warcinfo_end = newest
        .windows(8)
        .position(|w| w == b"\r\n\r\nWARC")
        .map(|at| at + 4)
        .unwrap();
    assert!(warcinfo_end <= end);
    fs::write(path(dir.path(), 4, ""), &newest[..warcinfo_end]).unwrap();
    let retained = retain(dir.path(), &by_bytes(0), OLD, OLD, Timestamp::MAX).unwrap();
    assert_eq!(removed(&retained), [2]);
    let kept = retained.kept.unwrap();
    assert_eq!((kept.number, kept.why), (3, Kept::Newest));
    let mut journal = open(dir.path(), 1 << 20);
    let next = journal.append(&[&capture(6)]).unwrap()[0];
    assert_eq!((next.ordinal, next.segment), (6, 4));
}

#[test]
fn a_segment_in_both_forms_goes_whole() {
    let dir = journal_of(&[3, 2, 1]);
    let sealed = copy_of(dir.path());
    seal(sealed.path(), &|| false).unwrap();
    fs::copy(path(sealed.path(), 2, ".gz"), path(dir.path(), 2, ".gz")).unwrap();
    let all = bytes(dir.path());
    let retained = retain(dir.path(), &by_bytes(all - 1), OLD, OLD, at(0)).unwrap();
    assert_eq!(removed(&retained), [2]);
    assert_eq!(retained.bytes, bytes(dir.path()));
    assert_eq!(read_whole(dir.path())[0].position.ordinal, 4);
}

#[test]
fn a_segment_whose_age_cannot_be_told_stays() {
    let dir = journal_of(&[3, 2, 1]);
    fs::write(path(dir.path(), 2, ""), [0; 5000]).unwrap();
    let retained = retain(dir.path(), &by_age(Duration::ZERO), OLD, OLD, Timestamp::MAX).unwrap();
    assert!(removed(&retained).is_empty());
    assert_eq!(retained.kept.unwrap().why, Kept::Damaged);
}
