//! A segment that cannot be begun leaves nothing that keeps the next append from beginning it. Needs
//! `--features failpoints`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use depeche_journal::list_segments;

#[path = "promises/support.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod support;

use support::{capture, names, open, read_whole};

// One test: fault points are the process's.
#[test]
fn a_segment_that_a_full_disk_kept_from_being_begun_is_begun_when_there_is_room() {
    for point in ["journal.segment.created", "journal.segment.synced"] {
        let dir = tempfile::tempdir().unwrap();
        // Every append begins a segment.
        let mut journal = open(dir.path(), 1);
        journal.append(&[&capture(1)]).unwrap();
        let before = names(dir.path());
        fail::cfg(point, "2*return(enospc)").unwrap();
        for _ in 0..2 {
            let error = journal.append(&[&capture(2)]).unwrap_err();
            assert!(error.is_full_disk(), "{point}: {error}");
            assert_eq!(names(dir.path()), before, "{point}");
        }
        let position = journal.append(&[&capture(2)]).unwrap()[0];
        fail::remove(point);
        assert_eq!(position.ordinal, 2, "{point}");
        let newest = list_segments(dir.path()).unwrap().pop().unwrap();
        assert_eq!(position.segment, newest.number, "{point}");
        assert_eq!(read_whole(dir.path()).len(), 2, "{point}");
        let goes_on = open(dir.path(), 1);
        assert_eq!(goes_on.last_ordinal(), 2, "{point}");
    }
}
