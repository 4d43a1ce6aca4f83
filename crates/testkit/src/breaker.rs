//! The breaker: a machine that tries to make the daemon lose or repeat an article.
//!
//! It serves feeds whose every item is known beforehand ([`press`]), remembers which answers the daemon took note of
//! ([`Agency`]), kills the daemon at chosen and at random moments ([`Campaign`]), and afterwards compares journal and
//! store with what was served ([`Violation`]). It knows the program by its command line and its files only.

pub mod press;

mod agency;
mod archive;
mod program;
mod recoveries;

mod campaign;
mod figures;
mod oracle;

pub use agency::Agency;
pub use campaign::{Blow, Campaign, DAEMON, command_of};
pub use figures::Figures;
pub use oracle::{Broken, Violation};
pub use program::{Ended, PATIENCE, Program, Ran, Running};
pub use recoveries::{Recovery, recoveries};
