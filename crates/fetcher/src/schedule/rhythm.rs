//! The hours of the press: how a feed's items are spread over the day and the week.
//!
//! A week is 48 slots: the hours of a working day and those of a day at the weekend, in the time of Paris. A feed of
//! another place learns its own hours; only the built-in shape, from which every feed begins, is that of the French
//! press.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Hours of a week.
const WEEK_HOURS: f64 = 168.0;

/// Days of a week that a slot stands for: working days, weekend.
const DAYS: [f64; 2] = [5.0, 2.0];

/// How much of a week's items each hour brings, working days first: the shape that a feed begins with. Not a
/// measurement but an assumption drawn from how newsrooms work: morning briefings from six o'clock, most pieces between
/// eight and noon and again before the evening editions, agency copy at night, and at the weekend little more than half,
/// an hour later. It weighs as much as [`SHAPE_WEIGHT`] items, so a feed's own hours soon count for more.
const SHAPE: [[f32; 24]; 2] = [
    [
        1.2, 0.8, 0.6, 0.6, 1.0, 2.4, 4.4, 5.4, 6.0, 6.2, 6.4, 6.4, 5.8, 5.2, 5.6, 5.8, 6.2, 6.8, 6.8, 6.0,
        4.6, 3.6, 2.6, 1.8,
    ],
    [
        1.0, 0.7, 0.5, 0.5, 0.6, 1.2, 2.2, 3.0, 3.6, 3.8, 3.8, 3.6, 3.2, 2.8, 2.8, 3.0, 3.4, 3.8, 3.8, 3.4,
        2.8, 2.2, 1.8, 1.4,
    ],
];

/// The items that the built-in shape counts as, over the whole week: one a slot.
const SHAPE_WEIGHT: f32 = 48.0;

/// Counts are kept in eighths of an item, so that halving them loses little.
const UNITS: u32 = 8;

/// No slot is taken to be quieter than this part of the feed's mean: an item at an odd hour must not wait for ever.
const QUIETEST: f64 = 0.04;

static PARIS: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/Paris").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(1))));

/// Which slot of the week a moment is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    weekend: usize,
    hour: usize,
}

/// A moment, and the slots from there on: hour by hour, the time of Paris looked up once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    /// Hours since the Monday before, in Paris.
    hour_of_week: u32,
    /// What is left of the first hour, in hours.
    left: f64,
}

impl Walk {
    /// A walk that begins at `at`.
    #[must_use]
    pub(super) fn from(at: Timestamp) -> Self {
        let offset = i64::from(PARIS.to_offset(at).seconds());
        // 1970-01-01 was a Thursday, three days after a Monday.
        let local = at.as_second() + offset + 3 * 86_400;
        let second_of_week = local.rem_euclid(7 * 86_400) as u32;
        Self {
            hour_of_week: second_of_week / 3600,
            left: 1.0 - f64::from(second_of_week % 3600) / 3600.0,
        }
    }

    /// The slot where the walk is.
    #[must_use]
    pub(super) fn slot(&self) -> Slot {
        Slot {
            weekend: usize::from(self.hour_of_week >= 5 * 24),
            hour: (self.hour_of_week % 24) as usize,
        }
    }

    /// Goes on to the end of the hour, or for `at_most` hours; gives back how far that was, in hours.
    pub(super) fn step(&mut self, at_most: f64) -> f64 {
        if at_most < self.left {
            self.left -= at_most;
            return at_most;
        }
        let stepped = self.left;
        self.hour_of_week = (self.hour_of_week + 1) % 168;
        self.left = 1.0;
        stepped
    }
}

/// How a feed's items are spread over the week, as far as they were seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Rhythm {
    /// Items a slot, in eighths.
    counts: [[u16; 24]; 2],
}

impl Rhythm {
    /// Counts items that came in a slot.
    pub(super) fn count(&mut self, slot: Slot, items: u32) {
        let count = &mut self.counts[slot.weekend][slot.hour];
        *count = count.saturating_add(u16::try_from(items.saturating_mul(UNITS)).unwrap_or(u16::MAX));
        if *count == u16::MAX {
            self.halve();
        }
    }

    /// Forgets half of what was seen.
    pub(super) fn halve(&mut self) {
        for count in self.counts.iter_mut().flatten() {
            *count /= 2;
        }
    }

    /// The whole week at once.
    #[must_use]
    pub(super) fn week(&self) -> Week {
        let seen = self
            .counts
            .iter()
            .flatten()
            .map(|count| f32::from(*count))
            .sum::<f32>()
            / UNITS as f32;
        let shape: f32 = SHAPE
            .iter()
            .flatten()
            .zip(0..)
            .map(|(part, n)| part * DAYS[n / 24] as f32)
            .sum();
        let mut levels = [[0.0; 24]; 2];
        for (weekend, levels) in levels.iter_mut().enumerate() {
            for (hour, level) in levels.iter_mut().enumerate() {
                let days = DAYS[weekend];
                let expected = SHAPE_WEIGHT * SHAPE[weekend][hour] * days as f32 / shape;
                let own = f32::from(self.counts[weekend][hour]) / UNITS as f32;
                let share = f64::from((own + expected) / (seen + SHAPE_WEIGHT));
                *level = (share * WEEK_HOURS / days).max(QUIETEST);
            }
        }
        Week { levels }
    }
}

/// How lively each hour of the week is; 1 is the feed's mean.
#[derive(Debug, Clone)]
pub(super) struct Week {
    levels: [[f64; 24]; 2],
}

impl Week {
    /// The level of a slot.
    #[must_use]
    pub(super) fn level(&self, slot: Slot) -> f64 {
        self.levels[slot.weekend][slot.hour]
    }

    /// The levels from `from` to `to` summed up, in hours of mean liveliness.
    #[must_use]
    pub(super) fn hours(&self, from: Timestamp, to: Timestamp) -> f64 {
        let mut left = to.duration_since(from).max(SignedDuration::ZERO).as_secs_f64() / 3600.0;
        // Whole weeks are worth their hours.
        let weeks = (left / WEEK_HOURS).floor();
        left -= weeks * WEEK_HOURS;
        let mut sum = weeks * WEEK_HOURS;
        let mut walk = Walk::from(from);
        while left > 1e-9 {
            let level = self.level(walk.slot());
            let step = walk.step(left);
            sum += level * step;
            left -= step;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn slots_follow_the_clocks_of_paris_through_summer_time() {
        let slot = |text| {
            let slot = Walk::from(at(text)).slot();
            (slot.weekend, slot.hour)
        };
        assert_eq!(slot("2026-01-30T08:59:59Z"), (0, 9));
        assert_eq!(slot("2026-07-31T07:00:00Z"), (0, 9));
        // Friday evening in UTC is Saturday in Paris.
        assert_eq!(slot("2026-01-30T23:30:00Z"), (1, 0));
        assert_eq!(slot("2026-02-01T22:59:59Z"), (1, 23));
        assert_eq!(slot("2026-02-01T23:00:00Z"), (0, 0));
    }

    #[test]
    fn a_week_has_the_hours_of_a_week_whatever_was_learnt() {
        let from = at("2026-02-02T07:20:00Z");
        let to = at("2026-02-09T07:20:00Z");
        let mut rhythm = Rhythm::default();
        for _ in 0..500 {
            rhythm.count(Walk::from(at("2026-02-03T05:00:00Z")).slot(), 1);
        }
        for rhythm in [Rhythm::default(), rhythm] {
            let hours = rhythm.week().hours(from, to);
            // The floor for quiet hours adds a little.
            assert!((168.0..171.0).contains(&hours), "{hours}");
        }
    }

    #[test]
    fn the_built_in_shape_sleeps_at_night_and_rests_at_the_weekend() {
        let week = Rhythm::default().week();
        let level = |text| week.level(Walk::from(at(text)).slot());
        assert!(level("2026-02-03T02:00:00Z") < 0.3);
        assert!(level("2026-02-03T09:00:00Z") > 1.4);
        assert!(level("2026-02-07T09:00:00Z") < level("2026-02-06T09:00:00Z") * 0.7);
    }

    #[test]
    fn a_feed_of_its_own_hours_is_learnt() {
        let mut rhythm = Rhythm::default();
        let five = at("2026-02-03T04:10:00Z");
        for _ in 0..400 {
            rhythm.count(Walk::from(five).slot(), 1);
        }
        let week = rhythm.week();
        assert!(week.level(Walk::from(five).slot()) > 15.0);
        assert!(week.level(Walk::from(at("2026-02-03T16:10:00Z")).slot()) < 0.5);
    }
}
