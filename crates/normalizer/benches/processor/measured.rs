//! Criterion's measurement by processor time.

use std::time::Duration;

use criterion::Criterion;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};

use crate::processor;

/// Processor time of the thread that measures.
pub(crate) struct ProcessorTime;

/// A benchmark run in processor time.
pub(crate) fn criterion() -> Criterion<ProcessorTime> {
    Criterion::default()
        .with_measurement(ProcessorTime)
        .configure_from_args()
}

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        processor::time()
    }

    fn end(&self, start: Duration) -> Duration {
        processor::time().saturating_sub(start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        // Criterion's own is of nanoseconds too.
        static WALL: WallTime = WallTime;
        WALL.formatter()
    }
}
