//! What the deduplicator promises, told from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

mod copies;
mod edits;
mod identity;
mod restore;
mod samples;
mod stage;
mod stories;
