//! Rules for when to poll, let loose on the same traces: how many requests, how late the items.
//!
//! The rules of other programs are written from their published sources and documentation, with their own defaults:
//!
//! - **fixed**: every 15 minutes, the default of many readers.
//! - **Miniflux**, `entry_frequency`: a week ÷ the number of entries of the last week, between 5 minutes and 24 hours
//!   (`internal/model/feed.go`, `SCHEDULER_ENTRY_FREQUENCY_*`). Its poller looks for due feeds once an hour only; that is left
//!   out, to its favour.
//! - **Media Cloud** rss-fetcher: begins with 6 hours; 60 minutes less when under 33 % of an answer were known before, 10
//!   minutes more when over 67 % were (an unchanged answer counts as 100 %), between 10 minutes and 24 hours
//!   (`fetcher/config.py`, `AUTO_ADJUST_*`).
//! - **`StormCrawler`**, `AdaptiveScheduler`: half-way down to the minimum when the answer changed, half as long again when
//!   not; with its defaults for pages (first 24 hours, 1 hour to 14 days), and with ours (first 15 minutes, 5 minutes to 24
//!   hours).

use std::time::Duration;

use depeche_fetcher::schedule::{Dice, Finding, Item, plan};
use depeche_fetcher::{FeedMemory, Interval};
use jiff::{SignedDuration, Timestamp};

use super::traces::{DAY, HOUR, Trace};

const MINUTE: f64 = 60.0;

/// What a poll shows.
pub(crate) struct Look<'a> {
    /// When it is, in seconds.
    pub at: f64,
    /// The items that the feed shows, as numbers into the trace.
    pub shown: std::ops::Range<usize>,
    /// Of these, how many were not there at the last poll.
    pub new: usize,
    /// The first poll of the feed.
    pub first: bool,
    /// The trace.
    pub trace: &'a Trace,
}

/// A rule: how long to wait after a poll, in seconds.
pub(crate) trait Rule {
    /// Decides.
    fn wait(&mut self, look: &Look<'_>) -> f64;
}

/// Every so often.
pub(crate) struct Fixed(pub f64);

impl Rule for Fixed {
    fn wait(&mut self, _: &Look<'_>) -> f64 {
        self.0
    }
}

/// Miniflux's `entry_frequency`.
#[derive(Default)]
pub(crate) struct Miniflux {
    first_seen: Vec<f64>,
}

impl Rule for Miniflux {
    fn wait(&mut self, look: &Look<'_>) -> f64 {
        let since = look.at - 7.0 * DAY;
        let fresh = look.shown.end - look.new..look.shown.end;
        for n in fresh {
            // Without a date an entry gets that of its first sight.
            let date = if look.trace.dated {
                look.trace.published[n]
            } else {
                look.at
            };
            self.first_seen.push(date);
        }
        let weekly = self.first_seen.iter().filter(|date| **date >= since).count();
        if weekly == 0 {
            return 24.0 * HOUR;
        }
        (7.0 * DAY / weekly as f64).clamp(5.0 * MINUTE, 24.0 * HOUR)
    }
}

/// Media Cloud's rule of the part that was known before.
pub(crate) struct MediaCloud {
    interval: f64,
}

impl Default for MediaCloud {
    fn default() -> Self {
        Self { interval: 6.0 * HOUR }
    }
}

impl Rule for MediaCloud {
    fn wait(&mut self, look: &Look<'_>) -> f64 {
        if !look.first {
            let total = look.shown.len();
            let known = if total == 0 {
                1.0
            } else {
                (total - look.new) as f64 / total as f64
            };
            if known < 0.33 {
                self.interval -= HOUR;
            } else if known > 0.67 {
                self.interval += 10.0 * MINUTE;
            }
            self.interval = self.interval.clamp(10.0 * MINUTE, 24.0 * HOUR);
        }
        self.interval
    }
}

/// `StormCrawler`'s `AdaptiveScheduler`.
pub(crate) struct StormCrawler {
    interval: f64,
    least: f64,
    most: f64,
}

impl StormCrawler {
    /// With its own defaults.
    pub(crate) fn own() -> Self {
        Self {
            interval: 24.0 * HOUR,
            least: HOUR,
            most: 14.0 * DAY,
        }
    }

    /// With the bounds of this program.
    pub(crate) fn ours() -> Self {
        Self {
            interval: 15.0 * MINUTE,
            least: 5.0 * MINUTE,
            most: 24.0 * HOUR,
        }
    }
}

impl Rule for StormCrawler {
    fn wait(&mut self, look: &Look<'_>) -> f64 {
        if !look.first {
            self.interval = if look.new > 0 {
                0.5 * self.interval + 0.5 * self.least
            } else {
                (self.interval * 1.5).min(self.most)
            };
        }
        self.interval
    }
}

/// The schedule of this program.
pub(crate) struct Depeche {
    memory: FeedMemory,
    options: Interval,
    url: String,
    dice: Dice,
    begin: Timestamp,
}

impl Depeche {
    /// For one feed, with `default` as `fetch.interval.default`.
    pub(crate) fn new(number: usize, default: Duration) -> Self {
        Self {
            memory: FeedMemory::default(),
            options: Interval {
                default,
                ..Interval::default()
            },
            url: format!("https://feed-{number}.example/rss"),
            dice: Dice::seeded(number as u64),
            // Midnight in Paris, of a Monday.
            begin: Timestamp::from_second(1_769_986_800).expect("a time"),
        }
    }

    fn time(&self, second: f64) -> Timestamp {
        self.begin + SignedDuration::from_millis((second * 1000.0) as i64)
    }
}

impl Rule for Depeche {
    fn wait(&mut self, look: &Look<'_>) -> f64 {
        let items: Vec<Item> = look
            .shown
            .clone()
            .map(|n| Item {
                fingerprint: Dice::seeded(n as u64).bits() as u32,
                delivered: false,
                published: look.trace.dated.then(|| self.time(look.trace.published[n])),
            })
            .collect();
        let finding = if look.new == 0 && !look.first {
            Finding::Unchanged
        } else {
            Finding::Feed(&items)
        };
        let now = self.time(look.at);
        plan(
            &mut self.memory,
            &self.url,
            &finding,
            &[],
            &self.options,
            now,
            &mut self.dice,
        );
        (self.memory.decision.due_ms - now.as_millisecond()) as f64 / 1000.0
    }
}

/// What a rule cost and brought.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    /// Requests.
    pub requests: u64,
    /// How late an item is seen, in the mean, in minutes.
    pub mean: f64,
    /// The lateness that nine of ten items stay below, in minutes.
    pub p90: f64,
    /// Items that came and went unseen; they count as late until the poll that should have shown them.
    pub missed: u64,
}

/// Runs a rule over all feeds for `length` seconds.
pub(crate) fn run<R: Rule>(traces: &[Trace], length: f64, mut rule: impl FnMut(usize) -> R) -> Outcome {
    let mut outcome = Outcome::default();
    let mut late = Vec::new();
    for (number, trace) in traces.iter().enumerate() {
        let mut rule = rule(number);
        // Feeds that are added together are not polled in the same second.
        let mut at = Dice::seeded(number as u64).part() * 15.0 * MINUTE;
        let mut seen = 0;
        let mut first = true;
        while at < length {
            outcome.requests += 1;
            let end = trace.published.partition_point(|published| *published <= at);
            let shown = end.saturating_sub(trace.window)..end;
            let new = if first {
                shown.len()
            } else {
                (end - seen).min(shown.len())
            };
            if !first {
                outcome.missed += (end - seen - new) as u64;
            }
            for published in &trace.published[seen..end] {
                if *published >= 0.0 {
                    late.push((at - published) / MINUTE);
                }
            }
            let look = Look {
                at,
                shown,
                new,
                first,
                trace,
            };
            at += rule.wait(&look).max(1.0);
            seen = end;
            first = false;
        }
        // What is not seen by the end was late at least until then.
        for published in trace.published[seen..]
            .iter()
            .filter(|published| **published >= 0.0)
        {
            late.push((length - published) / MINUTE);
        }
    }
    late.sort_by(f64::total_cmp);
    outcome.mean = late.iter().sum::<f64>() / late.len().max(1) as f64;
    outcome.p90 = late.get(late.len() * 9 / 10).copied().unwrap_or_default();
    outcome
}

/// Our rule at the target that gives this mean lateness (in minutes), and that target in minutes.
pub(crate) fn ours_at(traces: &[Trace], length: f64, mean: f64, tries: u32) -> (Outcome, f64) {
    let (mut low, mut high) = (1.0_f64, 24.0 * 60.0_f64);
    let mut best = (Outcome::default(), f64::INFINITY, 0.0);
    for _ in 0..tries {
        let middle = (low * high).sqrt();
        let outcome = run(traces, length, |n| {
            Depeche::new(n, Duration::from_secs_f64(middle * 60.0))
        });
        let apart = (outcome.mean - mean).abs();
        // Of the outcomes that are no later, the nearest.
        if outcome.mean <= mean && apart < best.1 {
            best = (outcome, apart, middle);
        }
        if outcome.mean > mean {
            high = middle;
        } else {
            low = middle;
        }
    }
    (best.0, best.2)
}
