//! Verifying: reads every record of every segment and lists what is wrong, without changing anything.
//!
//! In goes a journal folder, out comes a [`Verification`]: counts, and every [`Finding`] as data. Nothing ends the
//! reading early: behind damage it goes on with the next whole record, behind a segment that cannot be read with the
//! next segment.
//!
//! | looked at | so that |
//! |---|---|
//! | framing, gzip members | every byte of a segment belongs to a record |
//! | `WARC-Block-Digest`, `WARC-Payload-Digest`, the digest of the header | the bytes are those that were written |
//! | `WARC-Record-ID`, which comes from the content | the record keeps the capture that it says |
//! | numbers rise without gaps | no capture was taken out between the first and the last |
//!
//! A journal that is being written may be verified: what has been appended since is not looked at, and what is being
//! appended may appear as a torn end.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::record;
use crate::segment::{JournalError, Segment, list_segments};
use crate::warc::{Record, WarcError};

/// What a journal folder holds, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Segments, in both forms.
    pub segments: u64,
    /// Whole records, the `warcinfo` records included.
    pub records: u64,
    /// Captures that can be read back.
    pub captures: u64,
    /// Bytes of the segments as they lie on the disk.
    pub bytes: u64,
    /// The number of the first capture; above 1 where older segments were removed.
    pub first_ordinal: Option<u64>,
    /// The number of the last capture.
    pub last_ordinal: Option<u64>,
    /// Everything that is wrong, in the order of the journal.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Whether nothing is wrong besides what opening the journal mends.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.findings.iter().any(|finding| finding.what.is_damage())
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub segment: PathBuf,
    /// Offset in that file: of the record or, in a sealed segment, of its gzip member.
    pub offset: u64,
    /// What is wrong.
    pub what: Flaw,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, byte {}: {}",
            self.segment.display(),
            self.offset,
            self.what
        )
    }
}

/// What can be wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Flaw {
    /// The newest segment ends in something that is no whole record, as a crash leaves it. Opening the journal sets
    /// it aside.
    #[error("{bytes} bytes behind the last whole record ({why}); opening the journal sets them aside")]
    TornEnd {
        /// Bytes behind the last whole record.
        bytes: u64,
        /// What is wrong with them.
        why: String,
    },
    /// Bytes that are no whole record.
    #[error("{why}; {passed_over} bytes are damaged")]
    Damaged {
        /// Bytes up to the next whole record.
        passed_over: u64,
        /// What is wrong with them.
        why: String,
    },
    /// The record is whole and its capture cannot be read.
    #[error("the capture cannot be read: {why}")]
    Undecodable {
        /// What is wrong with it.
        why: String,
    },
    /// The body is not the one that `WARC-Payload-Digest` tells of.
    #[error("the body does not match WARC-Payload-Digest")]
    Payload,
    /// The capture is not the one that `WARC-Record-ID` tells of.
    #[error("the capture does not match WARC-Record-ID")]
    Identity,
    /// Numbers are missing before this capture.
    #[error("captures {first} to {last} are missing before this one")]
    Missing {
        /// The first number missing.
        first: u64,
        /// The last number missing.
        last: u64,
    },
    /// A number that is not above the one before.
    #[error("capture {ordinal} comes behind capture {after}")]
    NotRising {
        /// The number of this capture.
        ordinal: u64,
        /// The highest number before it.
        after: u64,
    },
    /// The file cannot be read.
    #[error("cannot be read: {why}")]
    Unreadable {
        /// What the system says.
        why: String,
    },
}

impl Flaw {
    /// Whether the journal lost something, or may have. Opening it mends the others.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        !matches!(self, Self::TornEnd { .. })
    }
}

/// Reads the journal in `dir` whole and lists what is wrong with it. A folder that is not there holds no segments.
///
/// # Errors
///
/// [`JournalError::Io`] when the folder cannot be read; a segment that cannot be read is a finding.
pub fn verify(dir: &Path) -> Result<Verification, JournalError> {
    let mut verification = Verification::default();
    let segments = list_segments(dir)?;
    let newest = segments.last().map(|segment| segment.number);
    for segment in &segments {
        verification.segments += 1;
        let mut inspection = Inspection {
            segment,
            verification: &mut verification,
            behind_whole: Vec::new(),
        };
        inspection.read();
        inspection.close(Some(segment.number) == newest);
    }
    Ok(verification)
}

/// The reading of one segment.
struct Inspection<'a> {
    segment: &'a Segment,
    verification: &'a mut Verification,
    /// Damage with no whole record behind it so far.
    behind_whole: Vec<Finding>,
}

impl Inspection<'_> {
    fn read(&mut self) {
        let unreadable = |why: &dyn fmt::Display| Flaw::Unreadable { why: why.to_string() };
        let bytes = match std::fs::metadata(&self.segment.path) {
            Ok(file) => file.len(),
            Err(error) => return self.find(0, unreadable(&error)),
        };
        self.verification.bytes += bytes;
        let records = match self.segment.records() {
            Ok(records) => records,
            Err(error) => return self.find(0, unreadable(&error)),
        };
        for item in records {
            match item {
                Ok(record) => self.record(&record),
                Err(WarcError::Io { offset, source }) => {
                    self.settle();
                    self.find(offset, unreadable(&source));
                }
                Err(WarcError::Damaged {
                    offset,
                    passed_over,
                    why,
                }) => {
                    let damage = self.finding(offset, Flaw::Damaged { passed_over, why });
                    self.behind_whole.push(damage);
                }
                Err(error @ WarcError::TooLarge { offset, .. }) => self.find(offset, unreadable(&error)),
            }
        }
    }

    fn record(&mut self, record: &Record) {
        self.settle();
        self.verification.records += 1;
        let at = record.place;
        if !record::has_its_payload(record) {
            self.find(at, Flaw::Payload);
        }
        match record::decode(record) {
            Err(why) => self.find(at, Flaw::Undecodable { why }),
            Ok(Some((capture, Some(_)))) => {
                self.verification.captures += 1;
                if !record::is_of(record, &capture) {
                    self.find(at, Flaw::Identity);
                }
            }
            Ok(_) => {}
        }
        if let Some(ordinal) = record::ordinal(record) {
            self.number(at, ordinal);
        }
    }

    fn number(&mut self, at: u64, ordinal: u64) {
        match self.verification.last_ordinal {
            Some(after) if ordinal <= after => {
                return self.find(at, Flaw::NotRising { ordinal, after });
            }
            Some(after) if ordinal > after + 1 => self.find(
                at,
                Flaw::Missing {
                    first: after + 1,
                    last: ordinal - 1,
                },
            ),
            Some(_) => {}
            // Whatever went before it was removed, with its whole segments.
            None => self.verification.first_ordinal = Some(ordinal),
        }
        self.verification.last_ordinal = Some(ordinal);
    }

    /// A whole record follows, or nothing more: what was held back is damage inside.
    fn settle(&mut self) {
        self.verification.findings.append(&mut self.behind_whole);
    }

    fn close(mut self, is_newest: bool) {
        if is_newest && let Some(first) = self.behind_whole.first() {
            let bytes = std::fs::metadata(&self.segment.path).map_or(0, |file| file.len());
            let why = match &first.what {
                Flaw::Damaged { why, .. } => why.clone(),
                other => other.to_string(),
            };
            let torn = self.finding(
                first.offset,
                Flaw::TornEnd {
                    bytes: bytes.saturating_sub(first.offset),
                    why,
                },
            );
            self.behind_whole = vec![torn];
        }
        self.settle();
    }

    fn finding(&self, offset: u64, what: Flaw) -> Finding {
        Finding {
            segment: self.segment.path.clone(),
            offset,
            what,
        }
    }

    fn find(&mut self, offset: u64, what: Flaw) {
        let finding = self.finding(offset, what);
        self.verification.findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::sample::capture;
    use crate::writer::{Journal, JournalOptions};

    fn written(captures: u32, segment_bytes: u64) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let options = JournalOptions { segment_bytes };
        let (mut journal, _) =
            Journal::open(dir.path(), options, 0, Arc::new(|| Timestamp::UNIX_EPOCH)).unwrap();
        for n in 1..=captures {
            journal.append(&[&capture(n)]).unwrap();
        }
        dir
    }

    #[test]
    fn a_sound_journal_is_counted_and_nothing_is_found() {
        let dir = written(6, 900);
        let verified = verify(dir.path()).unwrap();
        assert_eq!(verified.findings, []);
        assert!(verified.is_sound() && verified.segments > 2);
        assert_eq!(verified.records, verified.segments + 6);
        assert_eq!(
            (verified.captures, verified.first_ordinal, verified.last_ordinal),
            (6, Some(1), Some(6))
        );
        let on_disk = list_segments(dir.path()).unwrap();
        let on_disk = on_disk.iter().map(|s| std::fs::metadata(&s.path).unwrap().len());
        assert_eq!(verified.bytes, on_disk.sum::<u64>());
    }

    #[test]
    fn a_gap_at_the_start_is_fine_and_one_inside_is_found() {
        let dir = written(9, 900);
        let segments = list_segments(dir.path()).unwrap();
        std::fs::remove_file(&segments[0].path).unwrap();
        let verified = verify(dir.path()).unwrap();
        assert_eq!(verified.findings, []);
        assert!(verified.first_ordinal > Some(1));
        std::fs::remove_file(&segments[2].path).unwrap();
        let verified = verify(dir.path()).unwrap();
        assert!(
            matches!(
                verified.findings[..],
                [Finding {
                    what: Flaw::Missing { .. },
                    ..
                }]
            ),
            "{verified:?}"
        );
        assert!(!verified.is_sound());
    }

    #[test]
    fn a_torn_end_is_told_from_damage() {
        let dir = written(2, 1 << 20);
        let path = list_segments(dir.path()).unwrap().remove(0).path;
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let verified = verify(dir.path()).unwrap();
        assert!(verified.is_sound());
        assert!(
            matches!(
                verified.findings[..],
                [Finding {
                    what: Flaw::TornEnd { .. },
                    ..
                }]
            ),
            "{verified:?}"
        );
        // The same bytes behind which a newer segment stands are no torn end.
        std::fs::copy(&path, Segment::new(dir.path(), 2).path).unwrap();
        assert!(!verify(dir.path()).unwrap().is_sound());
    }
}
