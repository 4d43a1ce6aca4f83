//! Segments: the numbered files of a journal, in both their forms, and reading them back in order.
//!
//! | file | form |
//! |---|---|
//! | `depeche-00000003.warc` | plain: the newest is written, the others wait to be sealed |
//! | `depeche-00000002.warc.gz` | sealed: the same records, one gzip member each |
//! | `depeche-00000002.warc.gz.part` | a sealing that did not come to its end |
//!
//! Where both forms of a segment stand, which a crash can leave, the plain one is read.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use depeche_disk::NoRoom;
use depeche_model::{Journaled, Position};

use crate::record;
use crate::source::{self, CHUNK_BYTES, Source};
use crate::warc::{Limits, Records, WarcError, heads, records};

const PREFIX: &str = "depeche-";
const PLAIN: &str = ".warc";
const SEALED: &str = ".warc.gz";
const PART: &str = ".warc.gz.part";

/// How much is read at a time where only heads are looked at: most fit, and the block behind them is passed over.
const HEAD_BYTES: usize = 1 << 12;

pub(crate) type FileRecords = Records<Box<dyn Source + Send>>;

/// What can be wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused an operation.
    #[error("journal: cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A segment is damaged before its end.
    #[error("journal: {} is damaged: {why}; restore the file from a backup", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// What is wrong and where.
        why: String,
    },
    /// A group could not be written, and what was written of it could not be cut off. What stood behind it would be
    /// lost with it, so nothing is appended any more.
    #[error(
        "journal: {} may end in a half-written record: {why}; once its disk is sound, start again: that sets the \
         record aside",
        path.display()
    )]
    Uncut {
        /// The segment.
        path: PathBuf,
        /// What the write and the cut failed with.
        why: String,
    },
    /// There is no room on the disk.
    #[error("journal: {0}")]
    NoRoom(NoRoom),
    /// The work on it was cut short.
    #[error("journal: the program is ending")]
    Stage,
}

impl JournalError {
    /// Whether the disk or the quota was full: making room helps.
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        match self {
            Self::NoRoom(_) => true,
            Self::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            Self::Damaged { .. } | Self::Uncut { .. } | Self::Stage => false,
        }
    }

    pub(crate) fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// One file of a journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// Counted from 1 in the order of writing.
    pub number: u32,
    /// The file.
    pub path: PathBuf,
}

impl Segment {
    /// The plain form, which is the one that is written.
    pub(crate) fn new(dir: &Path, number: u32) -> Self {
        Self::with(dir, number, PLAIN)
    }

    pub(crate) fn sealed(dir: &Path, number: u32) -> Self {
        Self::with(dir, number, SEALED)
    }

    fn with(dir: &Path, number: u32, suffix: &str) -> Self {
        Self {
            number,
            path: dir.join(format!("{PREFIX}{number:08}{suffix}")),
        }
    }

    /// Whether it is compressed, one gzip member a record.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "gz")
    }

    /// Its records, one by one, each with the digests that its header tells of.
    pub(crate) fn records(&self) -> Result<FileRecords, JournalError> {
        Ok(records(self.open(CHUNK_BYTES)?, Limits::OWN))
    }

    /// Its records without their blocks.
    pub(crate) fn heads(&self) -> Result<FileRecords, JournalError> {
        Ok(heads(self.open(HEAD_BYTES)?, Limits::OWN))
    }

    /// Opens the file; its other form where it was sealed since it was listed.
    fn open(&self, buffer_bytes: usize) -> Result<Box<dyn Source + Send>, JournalError> {
        let opened = source::open(&self.path, buffer_bytes);
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        match (opened, self.path.parent()) {
            (Err(error), Some(dir)) if gone(&error) && !self.is_sealed() => {
                source::open(&Self::sealed(dir, self.number).path, buffer_bytes)
            }
            (opened, _) => opened,
        }
        .map_err(JournalError::io("open", &self.path))
    }

    fn error(&self, error: WarcError) -> JournalError {
        match error {
            WarcError::Io { source, .. } => JournalError::io("read", &self.path)(source),
            error => self.damaged(error.to_string()),
        }
    }

    fn damaged(&self, why: String) -> JournalError {
        JournalError::Damaged {
            path: self.path.clone(),
            why,
        }
    }

    /// The captures of this segment, in order. Each damage comes as one item that says where it is and how many bytes
    /// were passed over; reading goes on behind it. [`JournalError::Io`] as an item ends the reading.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`] when the file cannot be opened.
    pub fn captures(
        &self,
    ) -> Result<impl Iterator<Item = Result<Journaled, JournalError>> + use<>, JournalError> {
        let records = self.records()?;
        let segment = self.clone();
        Ok(records.filter_map(move |item| {
            let record = match item {
                Ok(record) => record,
                Err(error) => return Some(Err(segment.error(error))),
            };
            match record::decode(&record) {
                Ok(Some((capture, Some(ordinal)))) => Some(Ok(Journaled {
                    capture,
                    position: Position {
                        ordinal,
                        segment: segment.number,
                        offset: record.offset,
                        length: record.length,
                    },
                    given_up: Vec::new(),
                })),
                Ok(_) => None,
                Err(why) => Some(Err(
                    segment.damaged(format!("the record at byte {}: {why}", record.place))
                )),
            }
        }))
    }

    /// The number of the first capture that can be read; no more is read than up to it.
    pub(crate) fn first_ordinal(&self) -> Result<Option<u64>, JournalError> {
        self.ordinals(|ordinals| ordinals.next())
    }

    /// The number of the last capture that can be read.
    pub(crate) fn last_ordinal(&self) -> Result<Option<u64>, JournalError> {
        self.ordinals(|ordinals| ordinals.max())
    }

    fn ordinals(
        &self,
        choose: impl FnOnce(&mut dyn Iterator<Item = u64>) -> Option<u64>,
    ) -> Result<Option<u64>, JournalError> {
        let mut failed = None;
        let chosen = choose(&mut self.heads()?.filter_map(|item| match item {
            Ok(record) => record::ordinal(&record),
            Err(error @ WarcError::Io { .. }) => {
                failed = Some(self.error(error));
                None
            }
            Err(_) => None,
        }));
        failed.map_or(Ok(chosen), Err)
    }

    /// Where the last whole record ends, the number of the last capture, and what is wrong behind that.
    pub(crate) fn survey(&self) -> Result<Survey, JournalError> {
        let mut survey = Survey {
            good_end: 0,
            last_ordinal: None,
            damage: None,
        };
        for item in self.records()? {
            match item {
                Err(error @ WarcError::Io { .. }) => return Err(self.error(error)),
                // Whole records may follow; the damage counts only when none does.
                Err(damage) => {
                    let before = survey.damage.take();
                    survey.damage = Some(before.unwrap_or_else(|| damage.to_string()));
                }
                Ok(record) => {
                    if let Some(passed_over) = survey.damage.take() {
                        tracing::error!(segment = %self.path.display(), damage = passed_over,
                            "the journal is damaged inside; the records around it are used");
                    }
                    survey.good_end = record.offset + record.length;
                    survey.last_ordinal = survey.last_ordinal.max(record::ordinal(&record));
                }
            }
        }
        Ok(survey)
    }
}

pub(crate) struct Survey {
    pub(crate) good_end: u64,
    pub(crate) last_ordinal: Option<u64>,
    pub(crate) damage: Option<String>,
}

/// The forms in which a segment stands in the folder.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Forms {
    pub(crate) plain: bool,
    pub(crate) sealed: bool,
    pub(crate) part: bool,
}

/// What stands in a journal folder, by the numbers of the segments.
pub(crate) fn list_forms(dir: &Path) -> Result<BTreeMap<u32, Forms>, JournalError> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(JournalError::io("read", dir)(error)),
    };
    let mut segments: BTreeMap<u32, Forms> = BTreeMap::new();
    for entry in entries {
        let name = entry.map_err(JournalError::io("read", dir))?.file_name();
        let Some((digits, suffix)) = name.to_str().and_then(|name| {
            let rest = name.strip_prefix(PREFIX)?;
            rest.split_at_checked(rest.find('.')?)
        }) else {
            continue;
        };
        let Ok(number) = digits.parse() else { continue };
        if format!("{number:08}") != digits {
            continue;
        }
        let mut forms = segments.get(&number).copied().unwrap_or_default();
        match suffix {
            PLAIN => forms.plain = true,
            SEALED => forms.sealed = true,
            PART => forms.part = true,
            _ => continue,
        }
        segments.insert(number, forms);
    }
    Ok(segments)
}

/// The number of the first capture that a journal still has: above 1 where its oldest segments were taken away. `None`
/// when it has no capture.
///
/// # Errors
///
/// [`JournalError::Io`] when the folder or a segment cannot be read.
pub fn first_ordinal(dir: &Path) -> Result<Option<u64>, JournalError> {
    for segment in list_segments(dir)? {
        if let Some(first) = segment.first_ordinal()? {
            return Ok(Some(first));
        }
    }
    Ok(None)
}

/// The segments of a journal folder, in the order of writing; none when there is no folder. One that stands there in
/// both forms is listed once, as the plain one.
///
/// # Errors
///
/// [`JournalError::Io`] when the folder cannot be read.
pub fn list_segments(dir: &Path) -> Result<Vec<Segment>, JournalError> {
    let forms = list_forms(dir)?;
    Ok(forms
        .into_iter()
        .filter_map(|(number, forms)| {
            if forms.plain {
                Some(Segment::new(dir, number))
            } else {
                forms.sealed.then(|| Segment::sealed(dir, number))
            }
        })
        .collect())
}

/// Removes what a sealing left that did not come to its end. Nothing is lost: its segment stands there plain.
pub(crate) fn remove_part(dir: &Path, number: u32) -> Result<(), JournalError> {
    let path = Segment::with(dir, number, PART).path;
    tracing::info!(file = %path.display(), "removing what an interrupted sealing left");
    std::fs::remove_file(&path).map_err(JournalError::io("remove", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_full_quota_are_what_making_room_helps_against() {
        let told =
            |kind: io::ErrorKind| JournalError::io("write", Path::new("a"))(kind.into()).is_full_disk();
        assert!(told(io::ErrorKind::StorageFull));
        assert!(told(io::ErrorKind::QuotaExceeded));
        assert!(!told(io::ErrorKind::PermissionDenied));
    }
}
