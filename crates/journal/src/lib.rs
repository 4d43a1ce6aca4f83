//! The journal: the append-only, fsynced record of captures, in standard WARC segments.

mod intake;

pub use intake::Intake;
