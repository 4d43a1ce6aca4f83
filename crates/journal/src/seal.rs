//! Sealing: segments that are no longer written are compressed, one gzip member a record.
//!
//! | step | what a crash behind it leaves | what the next sealing does |
//! |---|---|---|
//! | write `….warc.gz.part`, `fsync` | plain, part | begins again |
//! | read it back, compare it with the plain one record by record | plain, part | begins again |
//! | rename it to `….warc.gz`, sync the folder | both forms | compares them, then removes the plain one |
//! | remove the plain one, sync the folder | sealed | nothing |
//!
//! So at every moment a whole segment stands under a name that is read, and the plain one goes only when what
//! replaces it has been read from the disk and found to be the same. The newest segment is never sealed. A segment
//! with damage inside stays as it is: what a later look may still recover is not packed away.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use depeche_disk::durable::{aside, rename, sync_dir};
use depeche_disk::fault;

use crate::member;
use crate::record;
use crate::segment::{Forms, JournalError, Segment, list_forms, remove_part};
use crate::source::{self, CHUNK_BYTES};
use crate::warc::{CLOSE, Limits, Record, WarcError, records};

/// How much of a sealed segment is gathered before it is written.
const WRITE_BYTES: usize = 1 << 18;

/// What a sealing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sealed {
    /// The segments that were sealed, in order.
    pub segments: Vec<SealedSegment>,
    /// The segments that were left as they are, in order.
    pub left: Vec<LeftSegment>,
}

/// A segment that was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSegment {
    /// Its number.
    pub number: u32,
    /// The sealed file.
    pub path: PathBuf,
    /// How many records it holds, the `warcinfo` record included.
    pub records: u64,
    /// Bytes of the plain file.
    pub plain_bytes: u64,
    /// Bytes of the sealed file.
    pub sealed_bytes: u64,
}

/// A segment that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftSegment {
    /// Its number.
    pub number: u32,
    /// The file.
    pub path: PathBuf,
    /// The damage in it.
    pub why: String,
}

/// Seals every segment behind the newest one, and puts right what an interrupted sealing left. It may run while the
/// journal is written and read; one sealing at a time, and not beside [`retain`](crate::retain()). When `is_stopped`
/// says so, it ends before the next record; the segment it was at stays plain.
///
/// # Errors
///
/// [`JournalError::Io`] when a file cannot be read or written, or what was written does not read back as the same
/// records. The segment stays plain then, and those before it are sealed.
pub fn seal(dir: &Path, is_stopped: &dyn Fn() -> bool) -> Result<Sealed, JournalError> {
    let mut sealed = Sealed::default();
    let forms = list_forms(dir)?;
    let newest = forms
        .iter()
        .rev()
        .find_map(|(number, forms)| (forms.plain || forms.sealed).then_some(*number));
    for (number, forms) in forms {
        if forms.part {
            remove_part(dir, number)?;
        }
        if !forms.plain || Some(number) == newest {
            continue;
        }
        let sealing = Sealing {
            dir,
            plain: Segment::new(dir, number),
            sealed: Segment::sealed(dir, number),
            is_stopped,
        };
        match sealing.run(forms)? {
            Ended::Sealed(segment) => sealed.segments.push(segment),
            Ended::Damaged(why) => sealed.left.push(LeftSegment {
                number,
                path: sealing.plain.path,
                why,
            }),
            Ended::Stopped => break,
        }
    }
    Ok(sealed)
}

/// How the sealing of a segment ended.
enum Ended {
    Sealed(SealedSegment),
    Damaged(String),
    Stopped,
}

/// What comparing both forms of a segment showed.
enum Compared {
    /// They are the same, with so many records.
    Same(u64),
    /// The sealed one is not what the plain one is.
    Differs(String),
    /// The plain one is damaged: nothing can be said of the sealed one.
    Damaged(String),
    Stopped,
}

struct Sealing<'a> {
    dir: &'a Path,
    plain: Segment,
    sealed: Segment,
    is_stopped: &'a dyn Fn() -> bool,
}

impl Sealing<'_> {
    fn run(&self, forms: Forms) -> Result<Ended, JournalError> {
        if forms.sealed {
            match self.compare(&self.sealed.path)? {
                Compared::Same(records) => return self.finish(records).map(Ended::Sealed),
                Compared::Stopped => return Ok(Ended::Stopped),
                // Either may have what the other lost: both stay.
                Compared::Damaged(why) => return Ok(Ended::Damaged(why)),
                Compared::Differs(why) => {
                    tracing::warn!(segment = %self.sealed.path.display(), why,
                        "the sealed form is not the plain one: sealing again");
                    remove(&self.sealed.path)?;
                    sync(self.dir)?;
                }
            }
        }
        let part = aside(&self.sealed.path);
        let compared = self.write_aside(&part);
        if !matches!(compared, Ok(Compared::Same(_)))
            && part.exists()
            && let Err(error) = std::fs::remove_file(&part)
        {
            tracing::warn!(file = %part.display(), %error, "a half-written segment could not be removed");
        }
        match compared? {
            Compared::Same(records) => {
                rename(&part, &self.sealed.path).map_err(JournalError::io("rename", &part))?;
                self.pass("journal.seal.renamed")?;
                self.finish(records).map(Ended::Sealed)
            }
            Compared::Damaged(why) => Ok(Ended::Damaged(why)),
            Compared::Stopped => Ok(Ended::Stopped),
            Compared::Differs(why) => Err(JournalError::Io {
                action: "read back",
                path: part,
                source: io::Error::other(why),
            }),
        }
    }

    /// Writes the sealed form, makes it durable, and compares it with the plain one.
    fn write_aside(&self, part: &Path) -> Result<Compared, JournalError> {
        let file = File::create(part).map_err(JournalError::io("create", part))?;
        let mut out = BufWriter::with_capacity(WRITE_BYTES, file);
        for item in self.plain.records()? {
            if (self.is_stopped)() {
                return Ok(Compared::Stopped);
            }
            let record = match self.sound(item)? {
                Ok(record) => record,
                Err(why) => return Ok(Compared::Damaged(why)),
            };
            out = member::write(out, record.offset, &[&record.head, &record.block, CLOSE])
                .map_err(JournalError::io("write", part))?;
        }
        out.flush()
            .and_then(|()| out.get_ref().sync_all())
            .map_err(JournalError::io("write", part))?;
        let compared = self.compare(part)?;
        self.pass("journal.seal.written")?;
        Ok(compared)
    }

    /// Reads both forms record by record.
    fn compare(&self, sealed: &Path) -> Result<Compared, JournalError> {
        let copies = source::open_members(sealed, CHUNK_BYTES).map_err(JournalError::io("open", sealed))?;
        let mut copies = records(copies, Limits::OWN);
        let mut count = 0;
        for item in self.plain.records()? {
            if (self.is_stopped)() {
                return Ok(Compared::Stopped);
            }
            let record = match self.sound(item)? {
                Ok(record) => record,
                Err(why) => return Ok(Compared::Damaged(why)),
            };
            match copies.next() {
                Some(Ok(copy)) if is_copy(&copy, &record) => count += 1,
                other => return differs(sealed, other),
            }
        }
        // What closes the last member is read only now.
        match copies.next() {
            None if count > 0 => Ok(Compared::Same(count)),
            None => Ok(Compared::Damaged("it holds no record".to_owned())),
            other => differs(sealed, other),
        }
    }

    /// The record, or the damage in it.
    fn sound(&self, item: Result<Record, WarcError>) -> Result<Result<Record, String>, JournalError> {
        match item {
            Ok(record) => Ok(match record::decode(&record) {
                Ok(_) => Ok(record),
                Err(why) => Err(format!("the record at byte {}: {why}", record.place)),
            }),
            Err(WarcError::Io { source, .. }) => Err(JournalError::io("read", &self.plain.path)(source)),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Removes the plain form: the sealed one stands there, durable and found to be the same.
    fn finish(&self, records: u64) -> Result<SealedSegment, JournalError> {
        let length = |path: &Path| {
            std::fs::metadata(path)
                .map(|file| file.len())
                .map_err(JournalError::io("read", path))
        };
        let (plain_bytes, sealed_bytes) = (length(&self.plain.path)?, length(&self.sealed.path)?);
        // Its name may have become visible in a crash without having become durable.
        sync(self.dir)?;
        remove(&self.plain.path)?;
        sync(self.dir)?;
        Ok(SealedSegment {
            number: self.sealed.number,
            path: self.sealed.path.clone(),
            records,
            plain_bytes,
            sealed_bytes,
        })
    }

    fn pass(&self, point: &'static str) -> Result<(), JournalError> {
        fault::point(point).map_err(JournalError::io("seal", &self.plain.path))
    }
}

fn differs(path: &Path, found: Option<Result<Record, WarcError>>) -> Result<Compared, JournalError> {
    Ok(Compared::Differs(match found {
        Some(Ok(copy)) => format!("the record at byte {} is another one", copy.place),
        Some(Err(WarcError::Io { source, .. })) => return Err(JournalError::io("read", path)(source)),
        Some(Err(error)) => error.to_string(),
        None => "it ends too early".to_owned(),
    }))
}

fn is_copy(copy: &Record, record: &Record) -> bool {
    (copy.offset, copy.length, &copy.head, &copy.block)
        == (record.offset, record.length, &record.head, &record.block)
}

fn remove(path: &Path) -> Result<(), JournalError> {
    std::fs::remove_file(path).map_err(JournalError::io("remove", path))
}

fn sync(dir: &Path) -> Result<(), JournalError> {
    sync_dir(dir).map_err(JournalError::io("sync", dir))
}
