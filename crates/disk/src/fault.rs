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

use std::io::{self, Write};

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

/// Reads from the environment which points are on. They are off again when the guard is dropped.
#[cfg(feature = "failpoints")]
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
/// Only in a build with the feature `failpoints`, where the point is switched on.
#[cfg(feature = "failpoints")]
pub fn point(name: &'static str) -> io::Result<()> {
    debug_assert!(POINTS.contains(&name), "{name} is not among the fault points");
    fail::fail_point!(name, |action| act(name, action.as_deref()));
    Ok(())
}

/// Passes a point.
///
/// # Errors
///
/// Only in a build with the feature `failpoints`, where the point is switched on.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn point(_name: &'static str) -> io::Result<()> {
    Ok(())
}

/// Writes all bytes, or in a build with the feature `failpoints` half of them.
///
/// # Errors
///
/// What the system says, or the point.
pub fn write_all(name: &'static str, file: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    match point(name) {
        Err(error) if is_short(&error) || is_torn(&error) => {
            file.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
            if is_torn(&error) {
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?;
            }
            Err(io::Error::from_raw_os_error(
                rustix::io::Errno::NOSPC.raw_os_error(),
            ))
        }
        Err(error) => Err(error),
        Ok(()) => file.write_all(bytes),
    }
}

fn is_short(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WriteZero
}

fn is_torn(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

#[cfg(feature = "failpoints")]
fn act(name: &str, action: Option<&str>) -> io::Result<()> {
    let system = |errno: rustix::io::Errno| Err(io::Error::from_raw_os_error(errno.raw_os_error()));
    match action {
        Some("kill") => {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?;
            Ok(())
        }
        Some("enospc") => system(rustix::io::Errno::NOSPC),
        Some("eio") => system(rustix::io::Errno::IO),
        Some("short") => Err(io::Error::from(io::ErrorKind::WriteZero)),
        Some("torn") => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        other => panic!(
            "fault point {name}: the action `{}` is unknown",
            other.unwrap_or("(none)")
        ),
    }
}
