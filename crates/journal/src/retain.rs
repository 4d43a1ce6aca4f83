//! Retention: the oldest segments are removed once they are too old or the journal is too large.
//!
//! The journal is the authority and the store is made again from it, so a segment goes only when every capture in it
//! is settled *and* in a backup. Whole segments go, the oldest first, each removal made durable before the next: what
//! is left is always one run of captures without a gap. The segment with the last capture never goes, or the numbers
//! would begin again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use depeche_disk::durable::sync_dir;
use jiff::{SignedDuration, Timestamp};

use crate::record;
use crate::segment::{JournalError, Segment, list_segments};
use crate::warc::WarcError;

/// When a segment is to be removed. Either rule suffices; without one, nothing is removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// A segment goes when its newest capture is older than this.
    pub max_age: Option<Duration>,
    /// The oldest segments go while all together hold more bytes than this, as they lie on the disk.
    pub max_bytes: Option<u64>,
}

/// What retention did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retained {
    /// The segments that were removed, the oldest first.
    pub removed: Vec<RemovedSegment>,
    /// The segment at which it ended although the rules would have removed it; nothing where they asked for no more.
    pub kept: Option<KeptSegment>,
    /// Segments left.
    pub segments: u64,
    /// Bytes left.
    pub bytes: u64,
}

/// A segment that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedSegment {
    /// Its number.
    pub number: u32,
    /// The file that was there.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// The number of its last capture, as far as the next segment tells.
    pub last_ordinal: u64,
}

/// A segment that the rules would have removed and that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSegment {
    /// Its number.
    pub number: u32,
    /// The file.
    pub path: PathBuf,
    /// What keeps it.
    pub why: Kept,
}

/// Why a segment stays that the rules would have removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Kept {
    /// It holds captures that the store does not have yet.
    #[error("its captures go up to {last}, and only those up to {settled_up_to} are in the store")]
    NotSettled {
        /// The number of its last capture.
        last: u64,
        /// The number up to which captures are settled.
        settled_up_to: u64,
    },
    /// It holds captures that are in no backup.
    #[error(
        "its captures go up to {last}, and only those up to {backed_up_up_to} are in a backup; make a backup"
    )]
    NotBackedUp {
        /// The number of its last capture.
        last: u64,
        /// The number up to which captures are backed up.
        backed_up_up_to: u64,
    },
    /// No newer segment holds a capture.
    #[error("it holds the newest captures")]
    Newest,
    /// Its age is unknown: no capture in it can be read.
    #[error("it is damaged, and no capture in it tells its age; restore it from a backup, or remove it")]
    Damaged,
}

/// Removes the oldest segments that `retention` no longer asks for and that hold no capture above `settled_up_to` or
/// `backed_up_up_to`. It may run while the journal is written and read, and not beside [`seal`](crate::seal()).
///
/// # Errors
///
/// [`JournalError::Io`] when a segment cannot be read or removed; those before it are removed.
pub fn retain(
    dir: &Path,
    retention: &Retention,
    settled_up_to: u64,
    backed_up_up_to: u64,
    now: Timestamp,
) -> Result<Retained, JournalError> {
    let segments = list_segments(dir)?;
    let mut retained = Retained {
        segments: segments.len() as u64,
        ..Retained::default()
    };
    for segment in &segments {
        retained.bytes += length(dir, segment)?;
    }
    let mut rest = segments.as_slice();
    while let Some((segment, newer)) = rest.split_first() {
        rest = newer;
        let kept = match is_wanted_gone(segment, retention, retained.bytes, now)? {
            Wish::Stay => break,
            Wish::Unknown => Err(Kept::Damaged),
            Wish::Go => may_go(newer, settled_up_to, backed_up_up_to)?,
        };
        match kept {
            Ok(last_ordinal) => {
                let bytes = remove(dir, segment)?;
                retained.segments -= 1;
                retained.bytes -= bytes;
                retained.removed.push(RemovedSegment {
                    number: segment.number,
                    path: segment.path.clone(),
                    bytes,
                    last_ordinal,
                });
            }
            Err(why) => {
                retained.kept = Some(KeptSegment {
                    number: segment.number,
                    path: segment.path.clone(),
                    why,
                });
                break;
            }
        }
    }
    Ok(retained)
}

/// What the rules say of a segment.
enum Wish {
    Stay,
    Go,
    Unknown,
}

fn is_wanted_gone(
    segment: &Segment,
    retention: &Retention,
    bytes: u64,
    now: Timestamp,
) -> Result<Wish, JournalError> {
    if retention.max_bytes.is_some_and(|max_bytes| bytes > max_bytes) {
        return Ok(Wish::Go);
    }
    // An age that no duration can hold is never reached.
    match retention.max_age.map(SignedDuration::try_from) {
        Some(Ok(max_age)) => is_older(segment, max_age, now),
        Some(Err(_)) | None => Ok(Wish::Stay),
    }
}

/// Whether every capture of a segment is older. No more is read than up to the first that is not; blocks are not read.
fn is_older(segment: &Segment, max_age: SignedDuration, now: Timestamp) -> Result<Wish, JournalError> {
    let (mut captures, mut damages) = (0_u64, 0_u64);
    for item in segment.heads()? {
        match item {
            Ok(record) if record::ordinal(&record).is_some() => match record.date() {
                Ok(at) if now.duration_since(at) <= max_age => return Ok(Wish::Stay),
                Ok(_) => captures += 1,
                Err(_) => damages += 1,
            },
            Ok(_) => {}
            Err(WarcError::Io { source, .. }) => {
                return Err(JournalError::io("read", &segment.path)(source));
            }
            Err(_) => damages += 1,
        }
    }
    Ok(if captures == 0 && damages > 0 {
        Wish::Unknown
    } else {
        Wish::Go
    })
}

/// The number of the last capture of the segment before `newer`, when it may go.
fn may_go(
    newer: &[Segment],
    settled_up_to: u64,
    backed_up_up_to: u64,
) -> Result<Result<u64, Kept>, JournalError> {
    for segment in newer {
        // Where the first one cannot be read, a later one counts: never too low.
        if let Some(next) = segment.first_ordinal()? {
            let last = next.saturating_sub(1);
            return Ok(if last > settled_up_to {
                Err(Kept::NotSettled { last, settled_up_to })
            } else if last > backed_up_up_to {
                Err(Kept::NotBackedUp {
                    last,
                    backed_up_up_to,
                })
            } else {
                Ok(last)
            });
        }
    }
    Ok(Err(Kept::Newest))
}

/// Both forms, where a sealing left both.
fn forms(dir: &Path, segment: &Segment) -> impl Iterator<Item = PathBuf> {
    let number = segment.number;
    [Segment::new(dir, number), Segment::sealed(dir, number)]
        .into_iter()
        .map(|form| form.path)
        .filter(|path| path.exists())
}

fn length(dir: &Path, segment: &Segment) -> Result<u64, JournalError> {
    let mut bytes = 0;
    for path in forms(dir, segment) {
        bytes += std::fs::metadata(&path)
            .map_err(JournalError::io("read", &path))?
            .len();
    }
    Ok(bytes)
}

fn remove(dir: &Path, segment: &Segment) -> Result<u64, JournalError> {
    let bytes = length(dir, segment)?;
    for path in forms(dir, segment) {
        std::fs::remove_file(&path).map_err(JournalError::io("remove", &path))?;
    }
    sync_dir(dir).map_err(JournalError::io("sync", dir))?;
    Ok(bytes)
}
