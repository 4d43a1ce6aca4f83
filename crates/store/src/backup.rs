//! Backup and restore: a whole data folder in one file, and back.
//!
//! The file is a tar (POSIX.1-1988 ustar), so that any tar can list it and take a segment out. It is written and read
//! in one go, without seeking, so that it can travel over a connection.
//!
//! | member | holds |
//! |---|---|
//! | `depeche-backup.json` | the format and who wrote it: told before anything else is read |
//! | `rows/00000001.zst` … | the store's rows in the order of their keys: lengths, key, value; at most 8 MiB before zstd |
//! | `journal/depeche-….warc` … | the journal's segments, byte for byte, the newest up to its durable end |
//! | `feeds.opml` | the feeds added from the command line, where there are any |
//! | `manifest.json` | what the backup covers, and the BLAKE3 digest of every member before it |
//! | `stream.blake3` | the BLAKE3 digest of every byte before it |
//!
//! The manifest comes last: a stream that was cut off has none and is recognised. With the last digest there is no byte
//! whose change goes unnoticed; the digests of the members tell where it is.
//!
//! Restoring goes into a folder inside the data folder. Only when everything was read and every digest was right are
//! the parts given their names, the store last. A restore that is killed leaves that folder, and maybe a journal without
//! its store, of which a daemon would make a poorer one: [`look_for_unfinished_restore`] tells, and the next restore puts
//! it right (`unfinished`).

mod container;
mod restore;
mod rows;
mod unfinished;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use depeche_disk::durable;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use restore::{check_backup, restore};
pub use unfinished::look_for_unfinished_restore;

use crate::StoreError;
use crate::backup::container::Packer;
use crate::database::Store;
use crate::rows::SCHEMA;

/// The layout of the file.
const FORMAT: u32 = 1;

const HEAD: &str = "depeche-backup.json";
const ROWS: &str = "rows/";
const JOURNAL: &str = "journal/";
const FEEDS: &str = "feeds.opml";
const MANIFEST: &str = "manifest.json";

/// zstd's default level. Rows are compressed already, each by itself; this gains what they have in common.
const ZSTD_LEVEL: i32 = 3;

/// Why a backup cannot be written, read or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file system, or the connection.
    #[error("backup: cannot {action}: {source}")]
    Io {
        /// What was attempted.
        action: String,
        /// The cause.
        source: io::Error,
    },
    /// It is not what was written.
    #[error("the backup is damaged at {member}: {why}; use another one")]
    Damaged {
        /// The member that is damaged.
        member: String,
        /// What is wrong.
        why: String,
    },
    /// A later version wrote it.
    #[error(
        "the backup has format {found}, written by depeche {program}; this program reads up to {known}: use a newer depeche"
    )]
    Newer {
        /// The format found.
        found: u32,
        /// The newest format this program knows.
        known: u32,
        /// Who wrote it.
        program: String,
    },
    /// There is something where it is to be restored.
    #[error("{} is not empty (there is `{found}`); restore into an empty or a missing folder", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
        /// Something in it.
        found: String,
    },
    /// A restore into this folder was killed.
    #[error("an earlier restore into {} did not finish; run `depeche restore` again", dir.display())]
    Unfinished {
        /// The data folder.
        dir: PathBuf,
    },
}

impl BackupError {
    fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }

    fn damaged(member: &str, why: impl Into<String>) -> Self {
        Self::Damaged {
            member: member.to_owned(),
            why: why.into(),
        }
    }
}

/// What is told before anything else: names never change.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    program: String,
    at: Timestamp,
}

/// What a backup covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of the file.
    pub format: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// The layout of the store's rows.
    pub schema: u32,
    /// When it was begun.
    pub at: Timestamp,
    /// Every capture up to this number of the journal is settled in the store.
    pub settled_up_to: u64,
    /// The last number of the change log.
    pub last_seq: u64,
    /// The last capture of the journal; `None` when the journal was left out.
    pub last_ordinal: Option<u64>,
    /// Captures committed.
    pub captures: u64,
    /// Articles stored: revisions and duplicates too.
    pub articles: u64,
    /// Rows of the store.
    pub rows: u64,
    /// Every member before the manifest, in order.
    pub members: Vec<Member>,
}

/// One member of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its length as it stands in the file.
    pub bytes: u64,
    /// The BLAKE3 digest of these bytes, in hexadecimal digits.
    pub blake3: String,
}

/// A file that goes into a backup as it is.
#[derive(Debug)]
pub struct Attachment {
    /// Its name, without a folder.
    pub name: String,
    /// Open for reading, at its beginning.
    pub file: File,
    /// How much of it belongs to the backup.
    pub bytes: u64,
}

impl Attachment {
    /// A file, up to `end_bytes` where that is given.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn open(path: &Path, end_bytes: Option<u64>) -> io::Result<Self> {
        let file = File::open(path)?;
        let bytes = match end_bytes {
            Some(bytes) => bytes,
            None => file.metadata()?.len(),
        };
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Self { name, file, bytes })
    }
}

/// What goes into a backup.
pub struct Contents<'a> {
    /// The store. Nothing may be committed until its rows are read.
    pub store: &'a Store,
    /// The journal's segments, opened while nothing was committed; `None` leaves the journal out.
    pub journal: Option<Segments>,
    /// The feeds added from the command line.
    pub feeds: Option<Attachment>,
    /// The version of this program.
    pub program: &'a str,
    /// The time.
    pub at: Timestamp,
}

/// The journal as far as it is durable.
#[derive(Debug, Default)]
pub struct Segments {
    /// Its files, in the order of writing.
    pub files: Vec<Attachment>,
    /// The number of the last capture in them; 0 when there is none.
    pub last_ordinal: u64,
}

/// Writes a backup and says `rows_are_read` as soon as the store may be written again: the journal's files only grow
/// behind what is copied of them. `out` is flushed at the end.
///
/// # Errors
///
/// [`BackupError`] when something cannot be read, or `out` takes no more; what was written is then no whole backup.
pub fn write_backup(
    out: &mut dyn Write,
    contents: Contents<'_>,
    rows_are_read: impl FnOnce(),
) -> Result<Manifest, BackupError> {
    let Contents {
        store,
        journal,
        feeds,
        program,
        at,
    } = contents;
    let checkpoint = store.checkpoint()?;
    let mut manifest = Manifest {
        format: FORMAT,
        program: program.to_owned(),
        schema: SCHEMA,
        at,
        settled_up_to: checkpoint.settled_up_to,
        last_seq: checkpoint.last_seq,
        last_ordinal: journal.as_ref().map(|journal| journal.last_ordinal),
        captures: checkpoint.tally.captures,
        articles: checkpoint.tally.articles(),
        rows: 0,
        members: Vec::new(),
    };
    let mut packer = Packer::new(out, at);
    let head = Head {
        format: FORMAT,
        program: program.to_owned(),
        at,
    };
    packer.whole(HEAD, &json(&head)?)?;
    for (number, chunk) in (1u64..).zip(store.dump()) {
        let chunk = chunk?;
        manifest.rows += chunk.rows;
        let packed =
            zstd::bulk::compress(&chunk.bytes, ZSTD_LEVEL).map_err(BackupError::io("compress rows"))?;
        packer.whole(&format!("{ROWS}{number:08}.zst"), &packed)?;
    }
    rows_are_read();
    for segment in journal.into_iter().flat_map(|journal| journal.files) {
        packer.attachment(JOURNAL, segment)?;
    }
    if let Some(feeds) = feeds {
        packer.attachment(
            "",
            Attachment {
                name: FEEDS.to_owned(),
                ..feeds
            },
        )?;
    }
    manifest.members = packer.members().to_vec();
    packer.whole(MANIFEST, &json(&manifest)?)?;
    packer.finish()?;
    Ok(manifest)
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, BackupError> {
    serde_json::to_vec_pretty(value)
        .map_err(io::Error::from)
        .map_err(BackupError::io("describe it"))
}

/// That there is a backup, noted in the data folder: which captures of the journal are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupNote {
    /// When the backup was begun.
    pub at: Timestamp,
    /// Every capture up to this number is in it.
    pub up_to_ordinal: u64,
    /// Where it was written.
    pub path: PathBuf,
}

const NOTE: &str = "backup.json";

/// Notes durably that a backup is in its place. One without the journal does not count: nothing of the journal may be
/// removed for it.
///
/// # Errors
///
/// What the system says.
pub fn note_backup(data_dir: &Path, manifest: &Manifest, path: &Path) -> io::Result<()> {
    let Some(up_to_ordinal) = manifest.last_ordinal else {
        return Ok(());
    };
    let note = BackupNote {
        at: manifest.at,
        up_to_ordinal,
        path: path.to_owned(),
    };
    durable::write_whole(&data_dir.join(NOTE), |out| {
        serde_json::to_writer_pretty(&mut *out, &note)?;
        out.write_all(b"\n")
    })
}

/// Up to which capture of the journal the last backup goes; 0 when there is none, or its note cannot be read.
#[must_use]
pub fn backed_up_up_to(data_dir: &Path) -> u64 {
    let path = data_dir.join(NOTE);
    let note = match File::open(&path) {
        Ok(file) => serde_json::from_reader::<_, BackupNote>(file.take(1 << 16)).map_err(io::Error::from),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return 0,
        Err(error) => Err(error),
    };
    match note {
        Ok(note) => note.up_to_ordinal,
        Err(error) => {
            tracing::warn!(note = %path.display(), %error, "the note of the last backup cannot be read; it does not count");
            0
        }
    }
}

#[cfg(test)]
mod tests;
