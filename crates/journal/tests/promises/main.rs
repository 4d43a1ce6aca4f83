//! What the journal promises of its segments, by its outside alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod damage;
mod retaining;
mod sealing;
mod support;
