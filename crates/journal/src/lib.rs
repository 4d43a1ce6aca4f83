//! The journal: the append-only, fsynced record of captures, in standard WARC segments.
//!
//! ```text
//! journal/depeche-00000001.warc.gz     sealed: one gzip member a record
//! journal/depeche-00000002.warc        waits to be sealed
//! journal/depeche-00000003.warc        the newest segment is written: warcinfo, then one record a capture
//! ```
//!
//! - **Inlet**: captures from the fetcher, as [`Intake`].
//! - **Outlet**: a [`Delivery`](depeche_model::Delivery) of each [`Journaled`](depeche_model::Journaled)
//!   capture, after it is durable; first of all those that an earlier run still owes.
//! - **Promise**: a capture and all it means (a feed answer's body *and* its validators, a page *and* the
//!   entry that asked for it) become durable in one record, before anything downstream acts on it. A crash
//!   leaves at most a torn last record, which is set aside when the journal is opened again.
//! - **Promise**: damage harms the records it hits and no other. Every byte of a capture's record is under a digest;
//!   behind damage, reading goes on at the next whole record and says what was passed over.
//!
//! Beside the flow: [`verify()`] lists what is wrong with a journal, [`seal()`] compresses what is no longer written,
//! [`retain()`] removes what is old, settled and backed up.
//!
//! The format is WARC 1.1 (ISO 28500:2017): `response` records with the HTTP header block for what was fetched,
//! `resource` for files, `metadata` for a page that could not be fetched. What WARC has no field for stands in
//! two extension fields: `Depeche-Capture`, as JSON, and `Depeche-Header-Digest`. Other tools read these files; see
//! `record`.

mod intake;

mod head;
mod member;
mod source;
mod warc;

mod record;

mod archive;

mod segment;
mod writer;

mod retain;
mod seal;
mod verify;

mod ledger;
mod stage;

#[cfg(test)]
mod sample;

pub use archive::read_captures;
pub use intake::Intake;
pub use ledger::{Ledger, Setback, TRIES};
pub use retain::{Kept, KeptSegment, RemovedSegment, Retained, Retention, retain};
pub use seal::{LeftSegment, Sealed, SealedSegment, seal};
pub use segment::{JournalError, Segment, first_ordinal, list_segments};
pub use stage::{Owed, Source, run};
pub use verify::{Finding, Flaw, Verification, verify};
pub use writer::{Journal, JournalOptions, Recovery};
