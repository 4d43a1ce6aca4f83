//! Decides what an article is among those already known: new, a revision, a duplicate, and of which story.
//!
//! One task, one ordered stream: [`run`] takes what normalising made of each capture and sends on what was
//! decided. The [`Deduplicator`] is a deterministic state machine without clock, disk or network; its index is
//! derived state and is [restored](Deduplicator::restore) at start from what was kept of each decision for as long as it matters.
//!
//! Every moment is a capture's time. Nothing is ever deleted by a decision: a duplicate is a record of its own
//! that points at its leader, with the evidence.
//!
//! Modules are listed in the order in which an article passes them.

mod options;
mod stage;

mod aliases;
mod fold;
mod shingles;

mod decide;
mod incoming;
mod recent;
mod remember;
mod restore;
mod size;

mod identity;
mod numbers;
mod registry;

mod compare;
mod leaders;
mod segment;
mod slots;
mod table;
mod template;

mod dates;
mod likeness;
mod postings;
mod rarity;
mod stories;
mod terms;

mod changes;
mod clusters;
mod display;
mod explain;
mod outline;

pub use aliases::{AliasProblem, Aliases};
pub use compare::{NEAR_JACCARD, PART_CONTAINMENT};
pub use decide::{Deduplicator, Recall};
pub use display::{Copied, display};
pub use explain::{Comparison, explain};
pub use leaders::{Candidate, Found, IndexSize, Leaders, Moment, Posted, Standing};
pub use likeness::StorySimilarity;
pub use options::Options;
pub use outline::{Outline, outline};
pub use restore::KeptRows;
pub use shingles::{Sketches, sketch};
pub use size::{Held, Size};
pub use stage::{Meter, run};
pub use stories::{Hint, Stories};
