//! Fault points: where a build with the feature `failpoints` fails or dies on purpose. Without it they are nothing.
//!
//! A point is switched on by the environment, in the language of the crate `fail`:
//!
//! ```text
//! FAILPOINTS='store.commit.applied=3*off->1*return(kill)'
//! ```
//!
//! | action | what happens at the point |
//! |---|---|
//! | `return(kill)` | the process dies by SIGKILL, at once |
//! | `return(enospc)` | the operation fails: no space left on device |
//! | `return(eio)` | the operation fails: input/output error |
//! | `return(short)` | [`write_all`] writes half of its bytes and fails: no space left on device |
//! | `return(torn)` | [`write_all`] writes half of its bytes and the process dies by SIGKILL |
//! | `panic` | the stage panics |

/// Every point, in the order of the flow. A name is `crate.step.moment`.
pub const POINTS: &[&str] = &[
    "journal.append.write",
    "journal.append.written",
    "journal.append.synced",
    "journal.segment.created",
    "journal.segment.synced",
    "journal.seal.written",
    "journal.seal.renamed",
    "normalizer.work",
    "deduplicator.decide",
    "store.commit.apply",
    "store.commit.applied",
    "store.commit.flushed",
    "store.commit.synced",
    "store.settle.settled",
    "store.replace.exchanged",
];

#[cfg(feature = "failpoints")]
pub use switchable::{point, switch_on, write_all};

#[cfg(not(feature = "failpoints"))]
pub use inert::{point, write_all};

#[cfg(not(feature = "failpoints"))]
mod inert {
    use std::io::{self, Write};

    /// Passes a point.
    ///
    /// # Errors
    ///
    /// Only in a build with the feature `failpoints`, where the point is switched on.
    #[inline]
    pub fn point(_name: &'static str) -> io::Result<()> {
        Ok(())
    }

    /// Writes all bytes.
    ///
    /// # Errors
    ///
    /// What the system says.
    #[inline]
    pub fn write_all(_name: &'static str, file: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }
}

#[cfg(feature = "failpoints")]
mod switchable {
    use std::io::{self, Write};

    use rustix::io::Errno;
    use rustix::process::{Signal, getpid, kill_process};

    use super::POINTS;

    /// Reads from the environment which points are on. They are off again when the guard is dropped.
    #[must_use]
    pub fn switch_on() -> impl Drop {
        struct Off(Option<fail::FailScenario<'static>>);
        impl Drop for Off {
            fn drop(&mut self) {
                if let Some(scenario) = self.0.take() {
                    scenario.teardown();
                }
            }
        }
        Off(Some(fail::FailScenario::setup()))
    }

    /// Passes a point.
    ///
    /// # Errors
    ///
    /// Where the point is switched on to fail.
    pub fn point(name: &'static str) -> io::Result<()> {
        debug_assert!(POINTS.contains(&name), "{name} is not among the fault points");
        fail::fail_point!(name, |action| act(name, action.as_deref()));
        Ok(())
    }

    /// Writes all bytes, or half of them where the point is switched on to `short` or `torn`.
    ///
    /// # Errors
    ///
    /// What the system says, or the point.
    pub fn write_all(name: &'static str, file: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        match point(name) {
            Err(error) if error.kind() == SHORT => {
                file.write_all(half)?;
                system(Errno::NOSPC)
            }
            Err(error) if error.kind() == TORN => {
                file.write_all(half)?;
                die()
            }
            Err(error) => Err(error),
            Ok(()) => file.write_all(bytes),
        }
    }

    /// How a point tells [`write_all`] what to do; no write ends in these kinds by itself.
    const SHORT: io::ErrorKind = io::ErrorKind::WriteZero;
    const TORN: io::ErrorKind = io::ErrorKind::UnexpectedEof;

    fn act(name: &str, action: Option<&str>) -> io::Result<()> {
        match action {
            Some("kill") => die(),
            Some("enospc") => system(Errno::NOSPC),
            Some("eio") => system(Errno::IO),
            Some("short") => Err(SHORT.into()),
            Some("torn") => Err(TORN.into()),
            other => panic!(
                "fault point {name}: the action `{}` is unknown",
                other.unwrap_or("(none)")
            ),
        }
    }

    fn die() -> io::Result<()> {
        Ok(kill_process(getpid(), Signal::KILL)?)
    }

    fn system(errno: Errno) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(errno.raw_os_error()))
    }
}
