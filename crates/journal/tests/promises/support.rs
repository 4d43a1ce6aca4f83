//! Captures of every kind, and journals that hold them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use depeche_journal::{Journal, JournalError, JournalOptions, list_segments};
use depeche_model::{
    Capture, CaptureKind, Entry, Header, HttpAnswer, Journaled, PageOrder, PagePolicy, Payload,
};
use jiff::Timestamp;

/// The time of the first capture; each is a minute behind the one before.
pub(crate) fn at(n: u32) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + 60 * i64::from(n)).unwrap()
}

/// A file, a page with the entry that asked for it, or a failure, by turns.
pub(crate) fn capture(n: u32) -> Capture {
    let order = PageOrder {
        source: "L’Exemple".to_owned(),
        feed_url: "https://exemple.fr/rss".to_owned(),
        entry: Entry {
            title: Some(format!("Titre {n}")),
            ..Entry::default()
        },
        published: None,
        warnings: Vec::new(),
    };
    let (kind, order, payload) = match n % 3 {
        0 => (
            CaptureKind::File,
            None,
            Payload::File {
                content_type: None,
                body: Bytes::from(format!("Texte numéro {n}.")),
            },
        ),
        1 => (
            CaptureKind::Page,
            Some(Box::new(order)),
            Payload::Http(HttpAnswer {
                status: 200,
                headers: vec![Header {
                    name: "etag".to_owned(),
                    value: format!("\"{n}\"").into_bytes(),
                }],
                // What looks like the seam of two records stands in pages about web archives, and in nothing else.
                body: Bytes::from(format!("<p>Page {n}</p>\r\n\r\nWARC/1.1, dit-on\r\n\r\n")),
            }),
        ),
        _ => (
            CaptureKind::Page,
            Some(Box::new(order)),
            Payload::Failure {
                error: "délai dépassé".to_owned(),
            },
        ),
    };
    Capture {
        kind,
        uri: format!("https://exemple.fr/{n}"),
        final_uri: None,
        captured_at: at(n),
        source: "L’Exemple".to_owned(),
        page_policy: PagePolicy::Auto,
        timezone: None,
        order,
        payload,
    }
}

pub(crate) fn open(dir: &Path, segment_bytes: u64) -> Journal {
    let options = JournalOptions { segment_bytes };
    let (journal, recovery) = Journal::open(dir, options, 0, Arc::new(|| at(0))).unwrap();
    assert_eq!(recovery, None);
    journal
}

/// Captures 1 and up; a segment for each of the groups.
pub(crate) fn journal_of(groups: &[u32]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path(), 1);
    let mut n = 0;
    for size in groups {
        let group: Vec<_> = (n + 1..=n + size).map(capture).collect();
        journal.append(&group.iter().collect::<Vec<_>>()).unwrap();
        n += size;
    }
    // Every append finds a segment that is full, the first one too: it holds its warcinfo record alone.
    let first = list_segments(dir.path()).unwrap().remove(0);
    std::fs::remove_file(first.path).unwrap();
    dir
}

/// The same files elsewhere: quicker than a journal, which syncs each group.
pub(crate) fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in names(dir) {
        std::fs::copy(dir.join(&name), copy.path().join(&name)).unwrap();
    }
    copy
}

pub(crate) fn read(dir: &Path) -> Vec<Result<Journaled, JournalError>> {
    list_segments(dir)
        .unwrap()
        .iter()
        .flat_map(|segment| segment.captures().unwrap())
        .collect()
}

/// All captures; none is damaged.
pub(crate) fn read_whole(dir: &Path) -> Vec<Journaled> {
    read(dir).into_iter().map(|item| item.unwrap()).collect()
}

pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

pub(crate) fn path(dir: &Path, number: u32, suffix: &str) -> PathBuf {
    dir.join(format!("depeche-{number:08}.warc{suffix}"))
}
