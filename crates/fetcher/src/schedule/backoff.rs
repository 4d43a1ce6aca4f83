//! How long to leave a feed alone that fails.
//!
//! Each failure raises a score by the weight of its class, any success takes the score back to nothing. The next attempt
//! is drawn evenly between the feed's interval and interval × 2^score, at most [`LONGEST`]: "full jitter" (M. Brooker,
//! "Exponential Backoff And Jitter", AWS Architecture Blog, 2015) on a floor of one interval, since a feed that fails is
//! no reason to ask it sooner than one that answers. No score ever ends the asking.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dice::Dice;

/// The longest wait between two attempts, also after 410 (Gone).
pub const LONGEST: Duration = Duration::from_hours(30 * 24);

/// How much a failure says of the time to come. The weights are those of Media Cloud's rss-fetcher, which found that most
/// feeds that seem dead come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureClass {
    /// It will most likely be the same next time: no such page, no such host, an answer that is not allowed.
    Hard,
    /// It may be the same next time: an error of the server, an answer that is no feed.
    Soft,
    /// It will most likely be over next time: no answer in time, a connection that broke.
    Transient,
}

impl FailureClass {
    /// What it adds to the score, in quarters.
    #[must_use]
    pub fn quarters(self) -> u16 {
        match self {
            Self::Hard => 4,
            Self::Soft => 2,
            Self::Transient => 1,
        }
    }

    /// The class of an error status.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            // Too slow, too early, too many; a gateway or a content delivery network without its origin.
            408 | 421 | 425 | 429 | 502..=504 | 520..=524 | 527 | 529 | 530 => Self::Transient,
            // A 403 is as often a firewall's mood as a decision; 200–399 is an answer that makes no sense here.
            403 | 500..=599 | 200..=399 => Self::Soft,
            _ => Self::Hard,
        }
    }

    /// The class in one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Transient => "transient",
        }
    }
}

/// The longest wait that a score (in quarters) may draw.
#[must_use]
pub fn ceiling(interval: Duration, score: u16) -> Duration {
    let doubled = interval.as_secs_f64() * (f64::from(score) / 4.0).min(60.0).exp2();
    Duration::from_secs_f64(doubled.min(LONGEST.as_secs_f64())).max(interval.min(LONGEST))
}

/// Draws the wait after a failure.
#[must_use]
pub fn wait(interval: Duration, score: u16, dice: &mut Dice) -> Duration {
    let least = interval.min(LONGEST);
    least
        + ceiling(interval, score)
            .saturating_sub(least)
            .mul_f64(dice.part())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hard_failure_doubles_a_soft_one_takes_two_and_a_passing_one_four() {
        let quarter = Duration::from_mins(15);
        for (class, failures) in [
            (FailureClass::Hard, 3),
            (FailureClass::Soft, 6),
            (FailureClass::Transient, 12),
        ] {
            assert_eq!(ceiling(quarter, class.quarters() * failures), quarter * 8);
        }
    }

    #[test]
    fn no_wait_is_below_the_interval_or_beyond_a_month() {
        let mut dice = Dice::seeded(1);
        for score in [0, 1, 7, 40, 4000, u16::MAX] {
            for interval in [Duration::from_mins(5), Duration::from_hours(24), LONGEST] {
                let wait = wait(interval, score, &mut dice);
                assert!(wait >= interval && wait <= LONGEST, "{score} {wait:?}");
            }
        }
    }

    #[test]
    fn feeds_that_failed_together_are_not_asked_together() {
        let mut dice = Dice::seeded(2);
        let minutes: std::collections::BTreeSet<u64> = (0..200)
            .map(|_| wait(Duration::from_mins(15), 16, &mut dice).as_secs() / 60)
            .collect();
        assert!(minutes.len() > 100, "{}", minutes.len());
    }

    #[test]
    fn a_status_weighs_what_it_promises() {
        for (class, statuses) in [
            (FailureClass::Transient, &[408, 425, 429, 502, 503, 504, 522][..]),
            (FailureClass::Soft, &[403, 500, 501, 525, 204, 304]),
            (FailureClass::Hard, &[400, 401, 404, 405, 410, 451, 999]),
        ] {
            for status in statuses {
                assert_eq!(FailureClass::of_status(*status), class, "{status}");
            }
        }
    }
}
