//! Damage: whatever byte it hits, it harms one record, and it is found.

use std::fs;
use std::io::{BufRead, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use depeche_journal::{Flaw, Verification, read_captures, seal, verify};
use depeche_model::Journaled;
use flate2::bufread::GzDecoder;

use crate::support::{journal_of, path, read, read_whole};

/// A segment of a journal, with a newer one behind it or not.
struct Case {
    name: &'static str,
    dir: tempfile::TempDir,
    suffix: &'static str,
    is_newest: bool,
}

fn cases() -> Vec<Case> {
    let case = |name, groups: &[u32], suffix| Case {
        name,
        dir: journal_of(groups),
        suffix,
        is_newest: groups.len() == 1,
    };
    let sealed = case("sealed", &[4, 1], ".gz");
    seal(sealed.dir.path(), &|| false).unwrap();
    vec![case("plain", &[4, 1], ""), case("newest", &[4], ""), sealed]
}

/// Where in the file each record lies, the `warcinfo` record first.
fn places(bytes: &[u8], is_sealed: bool, captures: &[Journaled]) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    if is_sealed {
        let mut rest = bytes;
        while !rest.fill_buf().unwrap().is_empty() {
            let mut member = GzDecoder::new(rest);
            member.read_to_end(&mut Vec::new()).unwrap();
            rest = member.into_inner();
            starts.push(bytes.len() - rest.len());
        }
    } else {
        let in_segment = captures
            .iter()
            .filter(|j| j.position.segment == captures[0].position.segment);
        starts.extend(in_segment.map(|j| j.position.offset as usize));
        starts.push(bytes.len());
    }
    starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// One byte in its place: a file that is written anew is flushed to the disk by some file systems.
fn write_at(file: &Path, at: usize, byte: u8) {
    let mut file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.write_all(&[byte]).unwrap();
}

fn good(dir: &Path) -> Vec<Journaled> {
    read(dir).into_iter().filter_map(Result::ok).collect()
}

fn without(captures: &[Journaled], lost: &[usize]) -> Vec<Journaled> {
    let mut left = captures.to_vec();
    for index in lost.iter().rev() {
        left.remove(*index);
    }
    left
}

fn lists(verified: &Verification, is_newest_end: bool, place: u64) -> bool {
    verified.findings.iter().any(|finding| {
        finding.offset == place
            && if is_newest_end {
                // A record without the digest of its header is whole, so opening does not cut it.
                matches!(finding.what, Flaw::TornEnd { .. } | Flaw::Undecodable { .. })
            } else {
                finding.what.is_damage()
            }
    })
}

#[test]
fn a_flipped_bit_harms_at_most_the_record_it_hits_and_is_found() {
    for case in cases() {
        let dir = case.dir.path();
        let captures = read_whole(dir);
        let file = path(dir, 2, case.suffix);
        let bytes = fs::read(&file).unwrap();
        let places = places(&bytes, case.suffix == ".gz", &captures);
        assert_eq!(places.len(), 5);
        let (mut harmless, mut harmful) = (0, 0);
        for (at, byte) in bytes.iter().copied().enumerate() {
            // Which bit differs from byte to byte; the lowest makes one digit or letter of another.
            for bit in [1_u8, 1 << (at % 8)] {
                write_at(&file, at, byte ^ bit);
                let context = format!("{}: bit {bit} of byte {at}", case.name);
                let hit = places.iter().position(|place| place.contains(&at)).unwrap();
                let read = good(dir);
                let verified = verify(dir).unwrap();
                if read == captures {
                    harmless += 1;
                } else {
                    assert_eq!(read, without(&captures, &[hit - 1]), "{context}");
                    harmful += 1;
                    let is_end = case.is_newest && hit + 1 == places.len();
                    assert!(
                        lists(&verified, is_end, places[hit].start as u64),
                        "{context}: {:?}",
                        verified.findings
                    );
                }
                assert_eq!(verified.captures, read.len() as u64, "{context}");
                write_at(&file, at, byte);
            }
        }
        // Harmless are the warcinfo record, which holds no capture, and of a gzip member what is no part of the data.
        assert!(
            harmful > 2 * harmless,
            "{}: {harmful} harmful, {harmless} not",
            case.name
        );
    }
}

#[test]
fn a_file_cut_anywhere_keeps_every_record_before_the_cut_and_the_cut_is_found() {
    for case in cases() {
        let dir = case.dir.path();
        let captures = read_whole(dir);
        let file = path(dir, 2, case.suffix);
        let bytes = fs::read(&file).unwrap();
        let places = places(&bytes, case.suffix == ".gz", &captures);
        let shortened = fs::OpenOptions::new().write(true).open(&file).unwrap();
        for cut in (0..bytes.len()).rev() {
            shortened.set_len(cut as u64).unwrap();
            let lost: Vec<_> = (1..places.len())
                .filter(|n| places[*n].end > cut)
                .map(|n| n - 1)
                .collect();
            let (read, context) = (good(dir), format!("{}: cut at {cut}", case.name));
            assert_eq!(read, without(&captures, &lost), "{context}");
            let verified = verify(dir).unwrap();
            let whole = places.iter().find(|place| place.start == cut);
            match (case.is_newest, whole) {
                (true, Some(_)) => assert_eq!(verified.findings, [], "{context}"),
                // Nothing is left of the segment but the gap that it leaves, and at the very start that is allowed.
                (false, Some(place)) if place.start <= places[0].end => {
                    assert_eq!(verified.first_ordinal, Some(5), "{context}");
                }
                (false, Some(_)) => {
                    let told = &verified.findings[0].what;
                    assert!(
                        matches!(told, Flaw::Missing { last: 4, .. }),
                        "{context}: {told:?}"
                    );
                }
                (_, None) => {
                    let torn = places.iter().find(|place| place.contains(&cut)).unwrap();
                    assert!(
                        lists(&verified, case.is_newest, torn.start as u64),
                        "{context}: {:?}",
                        verified.findings
                    );
                }
            }
        }
        fs::write(&file, &bytes).unwrap();
    }
}

#[test]
fn a_hole_harms_the_records_it_touches_and_says_how_many_bytes_were_passed_over() {
    for case in cases() {
        let dir = case.dir.path();
        let captures = read_whole(dir);
        let file = path(dir, 2, case.suffix);
        let bytes = fs::read(&file).unwrap();
        let places = places(&bytes, case.suffix == ".gz", &captures);
        // From the middle of the second record, which is the first capture, to the middle of the third.
        let middle = |n: usize| usize::midpoint(places[n].start, places[n].end);
        let mut holed = bytes.clone();
        holed[middle(1)..middle(2)].fill(0);
        fs::write(&file, &holed).unwrap();
        assert_eq!(good(dir), without(&captures, &[0, 1]), "{}", case.name);
        let told: Vec<_> = read(dir).into_iter().filter_map(Result::err).collect();
        let [told] = &told[..] else {
            panic!("{}: one damage is told once: {told:?}", case.name)
        };
        let told = told.to_string();
        let passed_over = places[2].end - places[1].start;
        assert!(told.contains(&format!("at byte {}", places[1].start)), "{told}");
        assert!(
            told.contains(&format!("{passed_over} bytes were passed over")),
            "{told}"
        );
        let verified = verify(dir).unwrap();
        let [damage] = &verified.findings[..] else {
            panic!("{verified:?}")
        };
        assert!(
            matches!(damage.what, Flaw::Damaged { passed_over: bytes, .. } if bytes == passed_over as u64),
            "{damage}"
        );
        assert_eq!(verified.first_ordinal, Some(3));
        fs::write(&file, &bytes).unwrap();
    }
}

#[test]
fn a_replay_of_a_damaged_archive_goes_on_behind_the_damage() {
    for case in cases() {
        let dir = case.dir.path();
        let captures = read_whole(dir);
        let file = path(dir, 2, case.suffix);
        let mut bytes = fs::read(&file).unwrap();
        let places = places(&bytes, case.suffix == ".gz", &captures);
        let hit = usize::midpoint(places[2].start, places[2].end);
        bytes[hit] ^= 4;
        fs::write(&file, &bytes).unwrap();
        let (mut uris, mut told) = (Vec::new(), Vec::new());
        read_captures(&file, 1 << 20, &mut |item| {
            match item {
                Ok(capture) => uris.push(capture.uri),
                Err(why) => told.push(why),
            }
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(
            uris,
            [1, 3, 4].map(|n| format!("https://exemple.fr/{n}")),
            "{}",
            case.name
        );
        assert_eq!(told.len(), 1, "{told:?}");
    }
}

#[test]
fn verifying_lists_every_finding_of_every_segment() {
    let dir = journal_of(&[3, 3, 3, 1]);
    // A flipped bit in one, a number twice in the next, garbage instead of a third.
    let first = path(dir.path(), 2, "");
    let mut bytes = fs::read(&first).unwrap();
    let in_the_last = bytes.len() - 10;
    bytes[in_the_last] ^= 1;
    fs::write(&first, bytes).unwrap();
    let second = path(dir.path(), 3, "");
    let twice = fs::read(&second).unwrap().repeat(2);
    fs::write(&second, twice).unwrap();
    fs::write(path(dir.path(), 4, ""), "rien\r\n\r\n").unwrap();
    let verified = verify(dir.path()).unwrap();
    let kinds: Vec<_> = verified
        .findings
        .iter()
        .map(|finding| match finding.what {
            Flaw::Damaged { .. } => "damaged",
            Flaw::Missing { .. } => "missing",
            Flaw::NotRising { .. } => "not rising",
            _ => "other",
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "damaged",
            "missing",
            "not rising",
            "not rising",
            "not rising",
            "damaged",
            "missing"
        ],
        "{:#?}",
        verified.findings
    );
    assert!(!verified.is_sound());
    assert_eq!(
        (verified.first_ordinal, verified.last_ordinal),
        (Some(1), Some(10))
    );
}
