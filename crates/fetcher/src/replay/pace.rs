//! How fast a replay goes: as fast as it is taken in, or in proportion to the times between the files.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The longest wait between two captures: a replay shows a rhythm, and a night without news is not worth waiting for.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How fast a replay goes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Speed {
    /// As fast as captures are taken in.
    #[default]
    Max,
    /// So many times real time, by the files' modification times or the records' dates; above 0 and finite.
    Factor(f64),
}

/// Keeps the rhythm.
#[derive(Debug)]
pub(super) struct Pace {
    speed: Speed,
    latest: Option<(Timestamp, Instant)>,
}

impl Pace {
    pub(super) fn new(speed: Speed) -> Self {
        Self { speed, latest: None }
    }

    /// Waits until a capture of that date is due: the gap to the one before, divided by the factor, counted from
    /// when that one was due. A date before the latest one waits not at all.
    pub(super) async fn wait(&mut self, date: Option<Timestamp>) {
        let (Speed::Factor(factor), Some(date)) = (self.speed, date) else {
            return;
        };
        let now = Instant::now();
        let Some((before, then)) = self.latest else {
            self.latest = Some((date, now));
            return;
        };
        if date <= before {
            return;
        }
        let due = then + scaled(date.duration_since(before).as_secs_f64(), factor);
        self.latest = Some((date, due.max(now)));
        tokio::time::sleep_until(due).await;
    }
}

fn scaled(seconds: f64, factor: f64) -> Duration {
    Duration::try_from_secs_f64(seconds / factor).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn gaps_are_divided_by_the_factor_and_bounded() {
        let mut pace = Pace::new(Speed::Factor(10.0));
        let begin = Instant::now();
        let mut waited = Vec::new();
        // At 0 s, 100 s later, an older one, 50 s later, and a day later.
        for second in [1000, 1100, 900, 1150, 90_000] {
            pace.wait(Timestamp::from_second(second).ok()).await;
            waited.push(begin.elapsed().as_secs());
        }
        assert_eq!(waited, [0, 10, 10, 15, 75]);
        pace.wait(None).await;
        assert_eq!(begin.elapsed().as_secs(), 75);
    }

    #[test]
    fn no_factor_makes_a_wait_that_cannot_be_counted() {
        assert_eq!(scaled(1.0, f64::MIN_POSITIVE), LONGEST_WAIT);
        assert_eq!(scaled(1.0, f64::MAX), Duration::ZERO);
    }
}
