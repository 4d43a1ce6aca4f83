//! What the journal and the store ask of the file system.
//!
//! - **durable**: names and bytes that survive a power cut; one way to write a file whole or not at all.
//! - **room**: a disk that is nearly full is found before anything is written to it, and waited for.
//! - **fault**: named points at which a build with the feature `failpoints` fails or dies on purpose, so that every
//!   gap between two durable steps can be shown to be harmless.

pub mod durable;
pub mod fault;
mod room;

pub use room::{NoRoom, OnFull, Room};
