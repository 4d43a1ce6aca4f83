//! What the fetcher promises, shown against a loopback server that behaves as told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod asking;
mod behaviour;
mod breaking_off;
mod crowd;
mod desk;
mod hostile;
mod lateness;
mod manners;
mod pages;
mod polling;
mod replaying;
mod room;
mod sources;
mod subscribing;
