//! What can go wrong with the store.

use std::path::PathBuf;

use depeche_disk::NoRoom;

use crate::database::is_from_system;

/// Why the store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no store where one is to be read.
    #[error("there is no store in {}; `depeche replay` or `depeche run` makes one", dir.display())]
    Missing {
        /// The folder.
        dir: PathBuf,
    },
    /// Another process has it open.
    #[error("the store in {} is open in another process: stop the daemon first, or wait until the other command has ended", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// sled cannot open or read it.
    #[error("the store in {} is damaged: {why}", dir.display())]
    Damaged {
        /// The folder.
        dir: PathBuf,
        /// What sled says.
        why: String,
    },
    /// It was written by a later version.
    #[error("the store in {} has schema {found}; this program reads up to {known}: use a newer depeche", dir.display())]
    Newer {
        /// The folder.
        dir: PathBuf,
        /// The schema found.
        found: u32,
        /// The newest schema this program knows.
        known: u32,
    },
    /// Too little room is left on the disk.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The file system refused an operation.
    #[error("store: cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A group could not be committed. What it held is still owed by the journal.
    #[error(
        "the store in {} cannot commit ({why}); nothing is lost, the journal delivers it again at the next start",
        dir.display()
    )]
    Commit {
        /// The folder.
        dir: PathBuf,
        /// The cause.
        why: String,
    },
    /// sled cannot read or write, for a reason that is not in its data.
    #[error("the store cannot be reached: {why}")]
    Access {
        /// What the system says.
        why: String,
    },
    /// A row does not hold what it should.
    #[error("a row of the store cannot be read: {why}")]
    Row {
        /// Which one, and what is wrong.
        why: String,
    },
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        match error {
            // What ended early is damage, and no fault of the system.
            sled::Error::Io(error) if is_from_system(&error) => Self::Access {
                why: error.to_string(),
            },
            other => Self::Row {
                why: other.to_string(),
            },
        }
    }
}
