//! The store: the durable view of every article, in sled.
//!
//! - **Inlet**: decided captures, and what polls reported.
//! - **Outlet**: each delivery is settled after everything that came of it is durable; readers see it from then on.
//! - **Promise**: all rows of a group of captures and the journal checkpoint are one atomic commit. A capture
//!   that is committed already is not committed again. So a crash at any moment, and the journal delivering again
//!   what it still owes, leads to the store that no crash would have led to.
//!
//! sled is a view of the journal: the journal is the authority. The layout is one tree, so that one batch is
//! one atomic commit; see `keys` for the rows and `database` for what sled needs to be durable.

mod error;

mod canary;
mod compact;
mod database;
mod dictionary;
mod exchange;
mod folder;
mod keys;
mod migrate;
mod polling;
mod rows;

mod commit;
mod kept;
mod stage;
mod watermark;

mod read;

mod backup;
mod verify;

#[cfg(test)]
mod sample;

pub use backup::{
    Attachment, BackupError, BackupNote, Contents, Manifest, Member, Segments, backed_up_up_to, check_backup,
    look_for_unfinished_restore, note_backup, restore, write_backup,
};
pub use canary::never_held_anything;
pub use compact::{Compacted, compact};
pub use database::{Opening, Store, StoreOptions};
pub use error::StoreError;
pub use exchange::{discard, prepare, rebuilding_path, replace, set_aside};
pub use kept::{Keeper, KeptReader};
pub use polling::{TakenOver, take_over_polling};
pub use read::{ChangeRef, DeadLetter, Reader, Record, StoryCounts};
pub use rows::{Change, FeedRow, Tally};
pub use stage::{Progress, StageOptions, StillWork, Writer};
pub use verify::{Checked, Fault, Finding, Numbers, RowName, SketchText};
