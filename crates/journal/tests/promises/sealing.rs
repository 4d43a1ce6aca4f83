//! Sealing: the same captures in less room, whatever happens on the way.

use std::cell::Cell;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use depeche_journal::{Sealed, list_segments, read_captures, seal, verify};
use proptest::prelude::*;

use crate::support::{capture, copy_of, journal_of, names, open, path, read, read_whole};

fn seal_all(dir: &Path) -> Sealed {
    seal(dir, &|| false).expect("sealed")
}

/// A journal of two segments behind the newest, and the same one sealed.
fn both_forms() -> (tempfile::TempDir, tempfile::TempDir) {
    let plain = journal_of(&[3, 2, 1]);
    let sealed = copy_of(plain.path());
    seal_all(sealed.path());
    (plain, sealed)
}

#[test]
fn all_but_the_newest_segment_are_sealed_and_hold_the_same_captures() {
    let dir = journal_of(&[3, 2, 1]);
    let before = read_whole(dir.path());
    let sealed = seal_all(dir.path());
    assert_eq!(
        names(dir.path()),
        [
            "depeche-00000002.warc.gz",
            "depeche-00000003.warc.gz",
            "depeche-00000004.warc"
        ]
    );
    assert_eq!(sealed.left, []);
    assert_eq!(
        sealed.segments.iter().map(|s| s.records).collect::<Vec<_>>(),
        [4, 3]
    );
    for segment in &sealed.segments {
        assert_eq!(fs::metadata(&segment.path).unwrap().len(), segment.sealed_bytes);
        assert!(segment.sealed_bytes < segment.plain_bytes);
    }
    assert_eq!(read_whole(dir.path()), before);
    let verified = verify(dir.path()).unwrap();
    assert_eq!((verified.findings, verified.captures), (vec![], 6));
    assert_eq!(
        seal_all(dir.path()),
        Sealed::default(),
        "a second time there is nothing to do"
    );
}

#[test]
fn numbers_and_segments_go_on_behind_sealed_ones() {
    let dir = journal_of(&[3, 2, 1]);
    seal_all(dir.path());
    let mut journal = open(dir.path(), 1);
    let next = journal.append(&[&capture(7)]).unwrap()[0];
    assert_eq!((next.ordinal, next.segment), (7, 5));
    for after in 0..=7 {
        let read = journal.captures_after(after).unwrap();
        let read: Vec<_> = read.map(|item| item.unwrap().position.ordinal).collect();
        assert_eq!(read, (after + 1..=7).collect::<Vec<_>>());
    }
    // The newest is gone and a sealed one is the last: it is not written to.
    for number in [4, 5] {
        fs::remove_file(path(dir.path(), number, "")).unwrap();
    }
    let mut journal = open(dir.path(), 1 << 20);
    let next = journal.append(&[&capture(8)]).unwrap()[0];
    assert_eq!((next.ordinal, next.segment), (6, 4));
}

#[test]
fn a_sealing_killed_while_it_writes_begins_again() {
    let (plain, sealed) = both_forms();
    let before = read_whole(plain.path());
    let written = fs::read(path(sealed.path(), 2, ".gz")).unwrap();
    for cut in [0, 1, written.len() / 2, written.len()] {
        let dir = copy_of(plain.path());
        let part = path(dir.path(), 2, ".gz.part");
        fs::write(&part, &written[..cut]).unwrap();
        assert_eq!(read_whole(dir.path()), before);
        assert_eq!(verify(dir.path()).unwrap().findings, []);
        if cut == 1 {
            drop(open(dir.path(), 1 << 20));
            assert!(!part.exists(), "opening removes it too");
        }
        assert_eq!(seal_all(dir.path()).segments.len(), 2);
        assert_eq!(names(dir.path()), names(sealed.path()));
        assert_eq!(read_whole(dir.path()), before);
    }
}

#[test]
fn a_sealing_killed_between_its_renaming_and_its_removing_is_finished() {
    let (dir, sealed) = both_forms();
    let before = read_whole(dir.path());
    fs::copy(path(sealed.path(), 2, ".gz"), path(dir.path(), 2, ".gz")).unwrap();
    assert_eq!(read_whole(dir.path()), before, "captures are not read twice");
    assert_eq!(verify(dir.path()).unwrap().findings, []);
    let journal = open(dir.path(), 1 << 20);
    assert_eq!(journal.last_ordinal(), 6);
    assert_eq!(seal_all(dir.path()).segments.len(), 2);
    assert_eq!(names(dir.path()), names(sealed.path()));
    assert_eq!(read_whole(dir.path()), before);
}

#[test]
fn a_sealed_form_that_is_not_the_plain_one_is_made_again() {
    let (plain, sealed) = both_forms();
    let before = read_whole(plain.path());
    let whole = fs::read(path(sealed.path(), 2, ".gz")).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let other = fs::read(path(sealed.path(), 3, ".gz")).unwrap();
    let longer = [whole.clone(), other.clone()].concat();
    for bytes in [&whole[..whole.len() / 2], &whole[..0], &flipped, &other, &longer] {
        let dir = copy_of(plain.path());
        fs::write(path(dir.path(), 2, ".gz"), bytes).unwrap();
        assert_eq!(read_whole(dir.path()), before);
        assert_eq!(seal_all(dir.path()).segments.len(), 2);
        assert_eq!(fs::read(path(dir.path(), 2, ".gz")).unwrap(), whole);
        assert_eq!(read_whole(dir.path()), before);
    }
}

#[test]
fn a_damaged_segment_is_left_as_it_is_and_the_others_are_sealed() {
    let (dir, sealed) = both_forms();
    let damaged = path(dir.path(), 2, "");
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&damaged, &bytes).unwrap();
    // Even beside a sealed form, which may have what the plain one lost.
    for with_sealed in [false, true] {
        if with_sealed {
            fs::copy(path(sealed.path(), 2, ".gz"), path(dir.path(), 2, ".gz")).unwrap();
        }
        let done = seal_all(dir.path());
        assert_eq!(done.segments.len(), usize::from(!with_sealed));
        assert_eq!((done.left[0].number, &done.left[0].path), (2, &damaged));
        assert!(
            done.left[0].why.contains("bytes were passed over"),
            "{:?}",
            done.left
        );
        assert_eq!(fs::read(&damaged).unwrap(), bytes);
        assert_eq!(path(dir.path(), 2, ".gz").exists(), with_sealed);
        assert!(!path(dir.path(), 2, ".gz.part").exists());
    }
}

#[test]
fn a_sealing_that_is_stopped_at_any_record_leaves_a_whole_journal() {
    let (plain, sealed) = both_forms();
    let before = read_whole(plain.path());
    let mut stops = 0;
    loop {
        let dir = copy_of(plain.path());
        let asked = Cell::new(0);
        let is_stopped = || asked.replace(asked.get() + 1) == stops;
        let done = seal(dir.path(), &is_stopped).unwrap();
        assert_eq!(read_whole(dir.path()), before);
        assert!(names(dir.path()).iter().all(|name| !name.contains(".part")));
        if asked.get() <= stops {
            assert_eq!(done.segments.len(), 2);
            break;
        }
        assert!(done.segments.len() < 2, "it went on after it was stopped");
        seal_all(dir.path());
        assert_eq!(names(dir.path()), names(sealed.path()));
        stops += 1;
    }
    // Each record of both segments is passed when it is written and when it is compared.
    assert_eq!(stops, 2 * (4 + 3));
}

#[test]
fn a_reader_goes_on_while_what_it_reads_is_sealed() {
    let dir = journal_of(&[3, 2, 1]);
    let before = read_whole(dir.path());
    let journal = open(dir.path(), 1 << 20);
    let mut reader = journal.captures_after(0).unwrap();
    let mut read = vec![reader.next().unwrap().unwrap()];
    seal_all(dir.path());
    read.extend(reader.map(Result::unwrap));
    assert_eq!(read, before);
    let mut listed = list_segments(dir.path()).unwrap();
    listed[0].path.set_extension("");
    assert!(listed[0].captures().unwrap().all(|item| item.is_ok()));
}

#[test]
fn a_sealed_segment_is_replayed_like_any_web_archive() {
    let dir = journal_of(&[3, 2, 1]);
    seal_all(dir.path());
    let mut uris = Vec::new();
    read_captures(&path(dir.path(), 2, ".gz"), 1 << 20, &mut |item| {
        uris.push(item.unwrap().uri);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(uris, [1, 2, 3].map(|n| format!("https://exemple.fr/{n}")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sealed_and_plain_segments_give_identical_captures(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 1..30),
        repeated in 1_usize..200,
        segment_bytes in 1_u64..4000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = open(dir.path(), segment_bytes);
        let mut written = Vec::new();
        for (n, body) in (1..).zip(&bodies) {
            let mut capture = capture(n);
            match &mut capture.payload {
                depeche_model::Payload::Http(answer) => answer.body = body.repeat(repeated).into(),
                depeche_model::Payload::File { body: of_file, .. } => *of_file = body.repeat(repeated).into(),
                depeche_model::Payload::Failure { error } => *error = String::from_utf8_lossy(body).into_owned(),
            }
            let position = journal.append(&[&capture]).unwrap()[0];
            written.push(depeche_model::Journaled { capture, position, given_up: Vec::new() });
        }
        prop_assert_eq!(&read_whole(dir.path()), &written);
        seal(dir.path(), &|| false).unwrap();
        prop_assert_eq!(&read_whole(dir.path()), &written);
        prop_assert!(read(dir.path()).iter().all(Result::is_ok));
        prop_assert_eq!(verify(dir.path()).unwrap().findings, vec![]);
    }
}
