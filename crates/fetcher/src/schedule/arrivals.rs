//! How often a feed brings something new, and when to look again.
//!
//! Arrivals are taken for a Poisson process whose rate is the feed's mean × the level of the hour (`rhythm.rs`) ×
//! how lively the last hours were. Both factors are gamma–Poisson estimates whose counts are forgotten exponentially (the
//! discounted conjugate filter of Smith, J. R. Statist. Soc. B 41, 1979): the mean over two weeks, the liveliness over some
//! hours.
//!
//! What is bought with requests is earliness. Over a wait `T` at rate `r` the items of a feed wait `r·T²/2` in sum, and that
//! sum is what every feed may cost by its next poll. It makes the wait proportional to `1/√r`, which gives the least mean
//! lateness an item for a given number of requests (Sia, Cho, Cho: "Efficient Monitoring Algorithm for Fast News Alerts",
//! IEEE TKDE 19, 2007); a fixed number of new items a poll, `1/r`, would spend most of them on the few largest feeds.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::rhythm::{Rhythm, Walk, Week};

/// After so many hours half of what was counted is forgotten: two weeks, so that a feed's mean outlives one week's chance
/// and follows it into the summer.
const MEAN_HALF_LIFE: f64 = 14.0 * 24.0;

/// With fewer items than this left, a feed is silent: nothing is forgotten of the time that it was watched, so it is asked
/// ever more seldom. When something comes after all, no more of that time counts than of a lively feed's.
const SILENT: f32 = 0.25;

/// The half-life of the last hours: a story that breaks keeps a newsroom busy for about an afternoon.
const LIVELY_HALF_LIFE: f64 = 3.0;

/// What an unknown feed is taken to bring an hour; with it `interval.default` is where a feed begins. Two an hour is 48 a
/// day, a daily paper's feed.
pub const TYPICAL_RATE: f64 = 2.0;

/// The items that this assumption counts as: less than one, so that the first quiet day counts for more.
const TYPICAL_WEIGHT: f64 = 0.5;

/// The items that being as lively as usual counts as.
const USUAL_WEIGHT: f64 = 2.0;

/// Liveliness is believed within these bounds.
const LIVELINESS: std::ops::RangeInclusive<f64> = 0.25..=12.0;

/// The most items of a first answer that count: older ones say little of today.
const FIRST_ITEMS: usize = 60;

/// How often something new comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arrivals {
    /// Items seen, the older the less.
    items: f32,
    /// Hours of mean liveliness watched, the older the less.
    hours: f32,
    /// Until when was watched, in Unix seconds; `None` before the first answer.
    until: Option<i64>,
    /// Items of the last hours, and how many there would have been usually.
    lately: (f32, f32),
    /// When the rhythm was last halved, in Unix seconds.
    halved: i64,
    rhythm: Rhythm,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            items: 0.0,
            hours: 0.0,
            until: None,
            lately: (0.0, 0.0),
            halved: 0,
            rhythm: Rhythm::default(),
        }
    }
}

/// When to look again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Next {
    /// In how long.
    pub wait: Duration,
    /// The items that should have come by then.
    pub expected: f64,
    /// Whether it was the room in the feed that decided, not the lateness.
    pub window: bool,
}

impl Arrivals {
    /// Learns from the first answer: the dates of its items tell how often they come. Does nothing with dates that cannot
    /// be believed.
    pub fn begin(&mut self, dates: &[Timestamp], now: Timestamp) {
        self.until = Some(now.as_second());
        self.halved = now.as_second();
        let mut past: Vec<Timestamp> = dates.iter().copied().filter(|date| *date <= now).collect();
        past.sort_unstable_by(|a, b| b.cmp(a));
        past.truncate(FIRST_ITEMS);
        let mut distinct = past.clone();
        distinct.dedup();
        // A feed that gives all items one date, that of the answer, gives none.
        if past.len() < 3 || distinct.len() * 2 < past.len() {
            return;
        }
        let week = self.rhythm.week();
        let hours = |from: Timestamp| week.hours(from, now).max(0.5);
        // An old item that was pinned must not hide how lively the rest is.
        let (half, all) = (past.len() / 2, past.len() - 1);
        let rate = (half as f64 / hours(past[half])).max(all as f64 / hours(past[all]));
        let items = past.len() as f64 * 0.5;
        self.items = items as f32;
        self.hours = (items / rate) as f32;
        for date in past {
            self.rhythm.count(Walk::from(date).slot(), 1);
        }
    }

    /// Learns that from the last time on until `now` so many items came; of some it is known when.
    pub fn watched(&mut self, new: u32, dates: &[Timestamp], now: Timestamp) {
        let Some(since) = self.until() else {
            self.until = Some(now.as_second());
            self.halved = now.as_second();
            return;
        };
        let items = f64::from(new);
        let elapsed = now.duration_since(since).max(SignedDuration::ZERO).as_secs_f64() / 3600.0;
        let week = self.rhythm.week();
        let hours = week.hours(since, now);
        let usual = hours * self.mean();
        let fade = (-elapsed / LIVELY_HALF_LIFE).exp2();
        let part = recent_part(elapsed);
        self.lately = (
            (f64::from(self.lately.0) * fade + items * part) as f32,
            (f64::from(self.lately.1) * fade + usual * part) as f32,
        );
        if self.items >= SILENT || items > 0.0 {
            let fade = (-elapsed / MEAN_HALF_LIFE).exp2();
            self.items = (f64::from(self.items) * fade + items) as f32;
            // An even watch comes to 1.44 half-lives of hours.
            self.hours = ((f64::from(self.hours) * fade).min(MEAN_HALF_LIFE * 1.5) + hours) as f32;
        } else {
            self.hours += hours as f32;
        }
        self.count(new, dates, since, now);
        self.until = Some(now.as_second());
    }

    fn count(&mut self, items: u32, dates: &[Timestamp], since: Timestamp, now: Timestamp) {
        if (now.as_second() - self.halved) as f64 / 3600.0 >= MEAN_HALF_LIFE {
            self.rhythm.halve();
            self.halved = now.as_second();
        }
        let mut undated = items;
        for date in dates.iter().filter(|date| **date > since && **date <= now) {
            if undated == 0 {
                break;
            }
            self.rhythm.count(Walk::from(*date).slot(), 1);
            undated -= 1;
        }
        if undated > 0 {
            let middle = since + now.duration_since(since) / 2;
            self.rhythm.count(Walk::from(middle).slot(), undated);
        }
    }

    /// Until when was watched.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until.and_then(|second| Timestamp::from_second(second).ok())
    }

    /// Items an hour in the mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        (f64::from(self.items) + TYPICAL_WEIGHT) / (f64::from(self.hours) + TYPICAL_WEIGHT / TYPICAL_RATE)
    }

    /// Whether [`Self::mean`] is an assumption rather than something seen.
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        f64::from(self.items) < TYPICAL_WEIGHT && f64::from(self.hours) < TYPICAL_WEIGHT / TYPICAL_RATE
    }

    /// How lively the last hours were; 1 is as usual.
    #[must_use]
    pub fn liveliness(&self) -> f64 {
        let (items, usual) = (f64::from(self.lately.0), f64::from(self.lately.1));
        ((items + USUAL_WEIGHT) / (usual + USUAL_WEIGHT)).clamp(*LIVELINESS.start(), *LIVELINESS.end())
    }

    /// Items that should have come from `from` to `to`, by the mean and the hours alone.
    #[must_use]
    pub fn expected(&self, from: Timestamp, to: Timestamp) -> f64 {
        self.rhythm.week().hours(from, to) * self.mean()
    }

    /// When to look again after a look at `now`: as soon as the items that should have come by then have waited `lateness`
    /// (in item hours) in sum, or are as many as `room`; at the latest after `longest`.
    #[must_use]
    pub fn next(&self, lateness: f64, room: Option<f64>, longest: Duration, now: Timestamp) -> Next {
        self.search(
            &self.rhythm.week(),
            lateness,
            room,
            longest.as_secs_f64() / 3600.0,
            now,
        )
    }

    fn search(&self, week: &Week, lateness: f64, room: Option<f64>, longest: f64, now: Timestamp) -> Next {
        let (mean, above) = (self.mean(), self.liveliness() - 1.0);
        let room = room.unwrap_or(f64::INFINITY);
        let (mut hours, mut items, mut waited) = (0.0_f64, 0.0_f64, 0.0_f64);
        let mut walk = Walk::from(now);
        while hours < longest {
            let level = week.level(walk.slot());
            let step = walk.step(longest - hours);
            // Liveliness fades; within an hour it is taken as it is in the middle.
            let lively = 1.0 + above * (-(hours + step / 2.0) / LIVELY_HALF_LIFE).exp2();
            let rate = (mean * level * lively).max(1e-9);
            // waited + items·x + rate·x²/2 = lateness, and items + rate·x = room.
            let until_late =
                ((items * items + 2.0 * rate * (lateness - waited).max(0.0)).sqrt() - items) / rate;
            let until_full = (room - items).max(0.0) / rate;
            let stop = until_late.min(until_full);
            if stop <= step {
                return Next {
                    wait: Duration::from_secs_f64((hours + stop) * 3600.0),
                    expected: items + rate * stop,
                    window: until_full < until_late,
                };
            }
            waited += items * step + rate * step * step / 2.0;
            items += rate * step;
            hours += step;
        }
        Next {
            wait: Duration::from_secs_f64(longest * 3600.0),
            expected: items,
            window: false,
        }
    }
}

/// What is left of something that came evenly over `elapsed` hours, when each hour counts the less the longer ago it is.
fn recent_part(elapsed: f64) -> f64 {
    let life = LIVELY_HALF_LIFE / std::f64::consts::LN_2;
    if elapsed < 1e-6 {
        1.0
    } else {
        life * (1.0 - (-elapsed / life).exp()) / elapsed
    }
}
