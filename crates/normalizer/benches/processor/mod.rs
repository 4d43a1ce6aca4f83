//! The time that a thread was on a processor, so that what else the machine does stays out of the figures.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long this thread has been on a processor.
pub(crate) fn time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
