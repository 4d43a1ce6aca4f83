//! Segments: the numbered files of a journal, and reading them back in order.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use depeche_model::{Journaled, Position};

use crate::record;
use crate::warc::{Limits, Records, WarcError, records};

const PREFIX: &str = "depeche-";
const SUFFIX: &str = ".warc";

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
}

impl JournalError {
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
    pub(crate) fn new(dir: &Path, number: u32) -> Self {
        Self {
            number,
            path: dir.join(format!("{PREFIX}{number:08}{SUFFIX}")),
        }
    }

    /// Its records, one by one.
    pub(crate) fn records(&self) -> Result<Records<BufReader<File>>, JournalError> {
        let file = File::open(&self.path).map_err(JournalError::io("open", &self.path))?;
        Ok(records(BufReader::with_capacity(1 << 16, file), Limits::NONE))
    }

    /// The captures of this segment, in order. Damage is an error and ends the reading.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`] when the file cannot be opened.
    pub fn captures(
        &self,
    ) -> Result<impl Iterator<Item = Result<Journaled, JournalError>> + use<>, JournalError> {
        let records = self.records()?;
        let Self { number, path } = self.clone();
        let damaged = |path: &Path, why: String| JournalError::Damaged {
            path: path.to_owned(),
            why,
        };
        Ok(records.filter_map(move |item| {
            let record = match item {
                Ok(record) => record,
                Err(WarcError::Io { source, .. }) => {
                    return Some(Err(JournalError::io("read", &path)(source)));
                }
                Err(error) => return Some(Err(damaged(&path, error.to_string()))),
            };
            if !record.is_intact() {
                return Some(Err(damaged(
                    &path,
                    format!("the record at byte {} does not match its digest", record.offset),
                )));
            }
            match record::decode(&record) {
                Ok(Some((capture, Some(ordinal)))) => Some(Ok(Journaled {
                    capture,
                    position: Position {
                        ordinal,
                        segment: number,
                        offset: record.offset,
                        length: record.length,
                    },
                })),
                Ok(_) => None,
                Err(why) => Some(Err(damaged(
                    &path,
                    format!("the record at byte {}: {why}", record.offset),
                ))),
            }
        }))
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
                Err(source @ WarcError::Io { .. }) => {
                    return Err(JournalError::Io {
                        action: "read",
                        path: self.path.clone(),
                        source: io::Error::other(source),
                    });
                }
                Err(torn) => survey.damage = Some(torn.to_string()),
                Ok(record) if !record.is_intact() => {
                    // Whole records may follow; the damage counts only when none does.
                    survey.damage = Some(format!(
                        "the record at byte {} does not match its digest",
                        record.offset
                    ));
                }
                Ok(record) => {
                    if let Some(skipped) = survey.damage.take() {
                        tracing::error!(segment = %self.path.display(), damage = skipped,
                            "a record inside the journal is damaged; those around it are used");
                    }
                    survey.good_end = record.offset + record.length;
                    if let Ok(Some((_, Some(ordinal)))) = record::decode(&record) {
                        survey.last_ordinal = Some(ordinal);
                    }
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

/// The segments of a journal folder, in the order of writing; none when there is no folder.
///
/// # Errors
///
/// [`JournalError::Io`] when the folder cannot be read.
pub fn list_segments(dir: &Path) -> Result<Vec<Segment>, JournalError> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(JournalError::io("read", dir)(error)),
    };
    let mut segments = Vec::new();
    for entry in entries {
        let path = entry.map_err(JournalError::io("read", dir))?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok());
        if let Some(number) = number {
            segments.push(Segment { number, path });
        }
    }
    segments.sort();
    Ok(segments)
}
