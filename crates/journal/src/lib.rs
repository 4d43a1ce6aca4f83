//! The journal: the append-only, fsynced record of captures, in standard WARC segments.
//!
//! ```text
//! journal/depeche-00000001.warc        warcinfo, then one record a capture
//! journal/depeche-00000002.warc        the newest segment is written, the others are only read
//! ```
//!
//! - **Inlet**: captures from the fetcher, as [`Intake`].
//! - **Outlet**: a [`Delivery`](depeche_model::Delivery) of each [`Journaled`](depeche_model::Journaled)
//!   capture, after it is durable; first of all those that an earlier run still owes.
//! - **Promise**: a capture and all it means (a feed answer's body *and* its validators, a page *and* the
//!   entry that asked for it) become durable in one record, before anything downstream acts on it. A crash
//!   leaves at most a torn last record, which is set aside when the journal is opened again.
//!
//! The format is WARC 1.1 (ISO 28500:2017): `response` records with the HTTP header block for what was fetched,
//! `resource` for files, `metadata` for a page that could not be fetched. What WARC has no field for stands in
//! one extension field, `Depeche-Capture`, as JSON. Other tools read these files; see `record`.

mod intake;

mod member;
mod source;
mod warc;

mod record;

mod archive;

mod retain;
mod seal;
mod segment;
mod verify;
mod writer;

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
