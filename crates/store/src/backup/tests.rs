//! A backup is whole or refused, whatever happened to it.

use std::io;
use std::path::Path;

use depeche_model::Seq;

use super::rows::{Chunk, Loader};
use super::*;
use crate::database::StoreOptions;
use crate::read::Reader;
use crate::sample::{filled, sketch};

pub(super) const OPTIONS: StoreOptions = StoreOptions {
    cache_bytes: 1 << 20,
    min_free_bytes: 0,
};

/// A backup of the sample store with a journal of two segments, the second cut in its middle, and added feeds.
pub(super) fn backup() -> (Vec<u8>, Manifest) {
    let (dir, store) = filled();
    let file = |name: &str, content: &[u8], end| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        Attachment::open(&path, end).unwrap()
    };
    let contents = Contents {
        store: &store,
        journal: Some(Segments {
            files: vec![
                file("depeche-00000001.warc", &[b'a'; 1024], None),
                file("depeche-00000002.warc", b"whole torn", Some(5)),
            ],
            last_ordinal: 4,
        }),
        feeds: Some(file("feeds.opml", b"<opml/>", None)),
        program: "0.0.0",
        at: Timestamp::UNIX_EPOCH,
    };
    let mut out = Vec::new();
    let mut read = false;
    let manifest = write_backup(&mut out, contents, || read = true).unwrap();
    assert!(read);
    (out, manifest)
}

pub(super) fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_was_backed_up_is_restored_to_the_byte() {
    let (bytes, manifest) = backup();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("deep/data");
    assert_eq!(restore(&mut bytes.as_slice(), &data, OPTIONS).unwrap(), manifest);
    assert_eq!(names(&data), ["feeds.opml", "journal", "store", "store.lock"]);
    assert_eq!(
        std::fs::read(data.join("journal/depeche-00000002.warc")).unwrap(),
        b"whole"
    );
    let (_dir, original) = filled();
    let restored = Store::open_existing(&data.join("store"), OPTIONS).unwrap();
    assert_eq!(restored.verify(&sketch, &mut |_| {}).findings, 0);
    let records = |store: &Store| {
        let records = Reader::from(store.clone()).records(Seq(0));
        records.map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(records(&restored), records(&original));
    assert_eq!(
        (manifest.last_ordinal, manifest.captures, manifest.articles),
        (Some(4), 3, 3)
    );
}

#[test]
fn any_tar_lists_it() {
    let (bytes, manifest) = backup();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let listed: Vec<(String, u64)> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.path().unwrap().display().to_string(), entry.size())
        })
        .collect();
    let members = manifest
        .members
        .iter()
        .map(|member| (member.name.clone(), member.bytes));
    assert_eq!(listed[..listed.len() - 2], members.collect::<Vec<_>>());
    assert_eq!(listed[listed.len() - 2].0, MANIFEST);
}

#[test]
fn a_backup_cut_off_anywhere_is_refused_by_the_member_that_is_missing() {
    let (bytes, _) = backup();
    for length in (0..bytes.len())
        .step_by(97)
        .chain(bytes.len() - 1025..bytes.len())
    {
        let error = check_backup(&mut &bytes[..length]).unwrap_err();
        assert!(
            matches!(error, BackupError::Damaged { .. }),
            "at {length}: {error}"
        );
    }
    let error = check_backup(&mut &bytes[..2000]).unwrap_err().to_string();
    assert!(error.contains("at rows/00000001.zst"), "{error}");
}

#[test]
fn no_bit_can_be_changed_unnoticed() {
    let (bytes, manifest) = backup();
    assert_eq!(check_backup(&mut bytes.as_slice()).unwrap(), manifest);
    let places = (0..bytes.len()).filter(|at| at % 89 == 0 || at % 512 > 480 || *at > bytes.len() - 3000);
    for at in places {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(check_backup(&mut changed.as_slice()).is_err(), "byte {at}");
    }
    let longer = [bytes.as_slice(), b"\0"].concat();
    assert!(check_backup(&mut longer.as_slice()).is_err());
}

#[test]
fn a_damaged_member_is_named() {
    let (bytes, _) = backup();
    let at = bytes.windows(5).position(|window| window == b"aaaaa").unwrap() + 700;
    let mut changed = bytes;
    changed[at] = b'b';
    let error = check_backup(&mut changed.as_slice()).unwrap_err().to_string();
    assert!(
        error.contains("at journal/depeche-00000001.warc: its digest"),
        "{error}"
    );
}

#[test]
fn a_damaged_backup_leaves_nothing_behind() {
    let (bytes, _) = backup();
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("data");
    let mut changed = bytes.clone();
    let at = bytes.len() - 1200;
    changed[at] ^= 1;
    for damaged in [&bytes[..bytes.len() / 2], &bytes[..bytes.len() - 1], &changed] {
        for data in [missing.as_path(), dir.path()] {
            let error = restore(&mut &*damaged, data, OPTIONS).unwrap_err();
            assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
            assert_eq!(names(dir.path()), [""; 0]);
        }
    }
}

#[test]
fn nothing_is_restored_over_something() {
    let (bytes, _) = backup();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("feeds.opml"), "mine").unwrap();
    let error = restore(&mut bytes.as_slice(), dir.path(), OPTIONS).unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty { .. }), "{error}");
    assert_eq!(names(dir.path()), ["feeds.opml"]);
    assert_eq!(std::fs::read(dir.path().join("feeds.opml")).unwrap(), b"mine");
}

#[test]
fn a_later_format_is_refused_by_name() {
    let mut out = Vec::new();
    let mut packer = Packer::new(&mut out, Timestamp::UNIX_EPOCH);
    let head = Head {
        format: FORMAT + 1,
        program: "9.0.0".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    packer.whole(HEAD, &json(&head).unwrap()).unwrap();
    packer.finish().unwrap();
    let error = check_backup(&mut out.as_slice()).unwrap_err();
    assert!(matches!(error, BackupError::Newer { .. }), "{error}");
    assert!(
        error.to_string().contains("format 2, written by depeche 9.0.0"),
        "{error}"
    );
}

#[test]
fn no_member_leads_out_of_the_folder() {
    for name in [
        "journal/../../out",
        "journal/.hidden",
        "journal/a/b",
        "out",
        "journal/",
    ] {
        let mut out = Vec::new();
        let mut packer = Packer::new(&mut out, Timestamp::UNIX_EPOCH);
        let head = Head {
            format: FORMAT,
            program: String::new(),
            at: Timestamp::UNIX_EPOCH,
        };
        packer.whole(HEAD, &json(&head).unwrap()).unwrap();
        packer.finish().unwrap();
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(0);
        header.set_cksum();
        out.truncate(1024);
        out.extend_from_slice(header.as_bytes());
        let error = check_backup(&mut out.as_slice()).unwrap_err().to_string();
        assert!(error.contains("no backup has such a member"), "{name}: {error}");
    }
}

#[test]
fn rows_of_many_chunks_come_back_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store"), OPTIONS).unwrap();
    for n in 0u32..200 {
        store
            .db
            .insert(
                [b"q".as_slice(), &n.to_be_bytes()].concat(),
                vec![n as u8; 90_000],
            )
            .unwrap();
    }
    let chunks: Vec<Chunk> = store.dump().map(Result::unwrap).collect();
    assert!(chunks.len() > 2 && chunks.iter().all(|chunk| chunk.bytes.len() <= 8 << 20));
    let mut loader = Loader::new(&dir.path().join("again"), OPTIONS).unwrap();
    for chunk in &chunks {
        loader.load(&chunk.bytes, "rows").unwrap();
    }
    let rows: u64 = chunks.iter().map(|chunk| chunk.rows).sum();
    assert_eq!(loader.finish().unwrap(), rows);
    let again = Store::open(&dir.path().join("again"), OPTIONS).unwrap();
    assert!(again.dump().map(Result::unwrap).eq(chunks));
}

#[test]
fn the_note_says_how_far_the_journal_is_backed_up() {
    let (_, mut manifest) = backup();
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(backed_up_up_to(dir.path()), 0);
    note_backup(dir.path(), &manifest, Path::new("/backups/one.tar")).unwrap();
    assert_eq!(backed_up_up_to(dir.path()), 4);
    manifest.last_ordinal = None;
    note_backup(dir.path(), &manifest, Path::new("/backups/two.tar")).unwrap();
    assert_eq!(
        backed_up_up_to(dir.path()),
        4,
        "a backup without the journal does not count"
    );
    std::fs::write(dir.path().join(NOTE), "{").unwrap();
    assert_eq!(backed_up_up_to(dir.path()), 0);
}

#[test]
fn a_stream_that_takes_no_more_ends_the_backup() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (_dir, store) = filled();
    let contents = Contents {
        store: &store,
        journal: None,
        feeds: None,
        program: "0.0.0",
        at: Timestamp::UNIX_EPOCH,
    };
    let error = write_backup(&mut Full(2000), contents, || {}).unwrap_err();
    assert!(matches!(error, BackupError::Io { .. }), "{error}");
}
