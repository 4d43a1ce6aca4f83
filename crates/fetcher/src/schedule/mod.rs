//! When a feed is due next: plain functions of what the poll found, what is remembered, and the dice.
//!
//! ```text
//! arrivals ─► interval ─► min, max ─► hints ─► Retry-After ─► phase and jitter ─► skipHours, skipDays ─► due
//!  rhythm        ▲                   (longer)     (longer)       (longer)              (longer)
//!              gap, window (shorter)      failure: drawn from the interval on, by a score
//! ```
//!
//! A hub counts as `Retry-After` does, but never so long that the feed could run over meanwhile.
//!
//! The interval says how soon something is worth a request; everything behind it only ever makes the wait longer. Each
//! feed has a phase of its own, the same on every run, and every wait a little chance, so feeds that were polled together
//! drift apart.

pub mod arrivals;
pub mod backoff;
mod dice;
pub mod hints;
pub mod known;
pub mod outage;
mod rhythm;
pub mod rule;

use std::time::Duration;

use depeche_model::Digest;
use jiff::{SignedDuration, Timestamp};

pub use arrivals::Arrivals;
pub use backoff::FailureClass;
pub use dice::Dice;
pub use hints::{FeedHints, Hint, Standing};
pub use known::{Compared, Item, Known};
pub use rule::{Decision, Rule, words};

use crate::memory::FeedMemory;
use crate::options::Interval;
use crate::politeness::MAX_RETRY_AFTER;
use arrivals::TYPICAL_RATE;

/// The part of a wait by which feeds with the same one are moved apart for good.
const PHASE_PART: f64 = 0.05;

/// The part of a wait that is left to chance.
const JITTER_PART: f64 = 0.05;

/// The longest time by which polls that fall on one moment (the end of a quiet, of a skipped hour) are moved apart.
const LONGEST_SPREAD: Duration = Duration::from_mins(10);

/// The time that is allowed for each of many polls that are all due at once: an answer takes about a second, and so many
/// are under way as there are places.
const POLL_TIME: Duration = Duration::from_secs(1);

/// The longest time over which such polls are spread.
const LONGEST_CROWD: Duration = Duration::from_hours(1);

/// The part of a feed that may be new at the next poll.
const WINDOW_PART: f64 = 0.5;

/// After so many answers in a row without a known item the feed is taken to name its items anew each time.
const UNSTEADY_AFTER: u8 = 4;

/// What a poll means for the schedule.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding<'a> {
    /// A feed came, with these items.
    Feed(&'a [Item]),
    /// 304, or the same answer again.
    Unchanged,
    /// No answer that could be used.
    Failed(FailureClass),
    /// 410.
    Gone,
    /// No answer, and the fault is ours.
    OwnNetwork,
    /// It was not asked, or its answer could not be kept.
    NotAsked(Rule),
}

/// What came of planning, beside the plan in the memory.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Planned {
    /// How the answer compares with the one before; nothing for one that was no feed.
    pub compared: Compared,
    /// Items may have come and gone between the last two polls.
    pub possible_gap: bool,
}

/// Takes note of what a poll found at `now` and plans the next one: the plan is in `memory.decision`. `asked` holds the
/// waits that the server asked for and that a hub allows, each with the rule that says so.
pub fn plan(
    memory: &mut FeedMemory,
    url: &str,
    finding: &Finding<'_>,
    asked: &[(Rule, Duration)],
    options: &Interval,
    now: Timestamp,
    dice: &mut Dice,
) -> Planned {
    let mut planned = Planned::default();
    let mut gap = None;
    match finding {
        Finding::Feed(items) => {
            planned.compared = memory.known.compare(items);
            gap = learn(memory, items, &planned.compared, now);
            planned.possible_gap = gap.is_some();
        }
        Finding::Unchanged => watch(memory, 0, &[], now),
        Finding::Failed(class) => {
            memory.score = memory.score.saturating_add(class.quarters());
            memory.failures = memory.failures.saturating_add(1);
        }
        Finding::Gone | Finding::OwnNetwork | Finding::NotAsked(_) => {}
    }
    let succeeded = matches!(finding, Finding::Feed(_) | Finding::Unchanged);
    if succeeded {
        (memory.score, memory.failures) = (0, 0);
    }
    let mut decision = if succeeded {
        let decision = interval(memory, gap, options, now);
        memory.interval_ms = decision.interval_ms;
        decision
    } else {
        wait_after_failure(memory, finding, options, dice)
    };
    let standing = if succeeded {
        memory.standing
    } else {
        Standing::default()
    };
    if let Some((hint, wait)) = standing.floor(options.max_hint)
        && millis(wait) > decision.wait_ms
    {
        decision.rule = Rule::Hint(hint);
        decision.wait_ms = millis(wait);
    }
    for (rule, wait) in asked {
        let most = match rule {
            // A hub is trusted with no item that may be gone when it turns out that it did not deliver it.
            Rule::Hub if planned.possible_gap => continue,
            Rule::Hub => until_full(memory, *wait, now),
            _ => MAX_RETRY_AFTER,
        };
        let wait = millis((*wait).min(most));
        if wait > decision.wait_ms {
            (decision.rule, decision.wait_ms) = (*rule, wait);
        }
    }
    let due = after(
        now,
        spread(url, Duration::from_millis(decision.wait_ms.into()), dice),
    );
    // A day that is skipped is skipped whole, whenever in it the poll would have been.
    let latest = after(due, options.max_hint);
    let due = match standing.skip(due, latest) {
        Some((hint, end)) => {
            decision.rule = Rule::Hint(hint);
            let due = after(end, LONGEST_SPREAD.mul_f64(dice.part())).max(due);
            decision.wait_ms = millis(until(due, now));
            due
        }
        None => due,
    };
    decision.at_ms = now.as_millisecond();
    decision.due_ms = due.as_millisecond();
    memory.decision = decision;
    planned
}

/// Learns from an answer. When items may have been missed, gives back how long one may wait so that the next answer
/// overlaps.
fn learn(memory: &mut FeedMemory, items: &[Item], compared: &Compared, now: Timestamp) -> Option<Duration> {
    let dates: Vec<Timestamp> = items.iter().filter_map(|item| item.published).collect();
    let first = memory.known.is_empty();
    let mut gap = None;
    if compared.gap {
        memory.gaps = memory.gaps.saturating_add(1);
    } else if !first {
        memory.gaps = 0;
    }
    if first {
        if !items.is_empty() {
            memory.arrivals.begin(&dates, now);
            memory.note_silence(true, 0.0, now);
        }
    } else if memory.gaps >= UNSTEADY_AFTER {
        // Names say nothing here; that it changed is all that is known.
        watch(memory, 1, &[], now);
    } else {
        if compared.gap {
            gap = Some(turnover(memory, &dates, now).mul_f64(WINDOW_PART));
        }
        let new: Vec<Timestamp> = items
            .iter()
            .filter(|item| !memory.known.has(item.fingerprint))
            .filter_map(|item| item.published)
            .collect();
        watch(memory, compared.new, &new, now);
    }
    memory.known.remember(items);
    if !items.is_empty() {
        memory.window = u32::try_from(items.len()).unwrap_or(u32::MAX);
    }
    gap
}

/// How long all items of an answer took to come: by their dates, and no longer than since the last answer.
fn turnover(memory: &FeedMemory, dates: &[Timestamp], now: Timestamp) -> Duration {
    let since = memory
        .arrivals
        .until()
        .map_or(Duration::MAX, |last| until(now, last));
    match (dates.iter().min(), dates.iter().max()) {
        (Some(oldest), Some(newest)) if oldest < newest => since.min(until(*newest, *oldest)),
        _ => since,
    }
}

/// Takes note of what came since the last answer.
fn watch(memory: &mut FeedMemory, new: usize, dates: &[Timestamp], now: Timestamp) {
    let expected = memory
        .arrivals
        .until()
        .map_or(0.0, |last| memory.arrivals.expected(last, now));
    memory.note_silence(new > 0, expected, now);
    memory
        .arrivals
        .watched(u32::try_from(new).unwrap_or(u32::MAX), dates, now);
}

/// How many items may come until the next poll, so that some of the last answer are still there; `None` where that cannot
/// be told.
fn room(memory: &FeedMemory) -> Option<f64> {
    (memory.window > 1 && memory.gaps < UNSTEADY_AFTER)
        .then(|| (f64::from(memory.window) * WINDOW_PART).max(1.0))
}

/// The wait of [`Rule::Window`], however long the items may wait; at most `longest`.
fn until_full(memory: &FeedMemory, longest: Duration, now: Timestamp) -> Duration {
    memory
        .arrivals
        .next(f64::INFINITY, room(memory), longest, now)
        .wait
}

/// The interval of a feed that answered.
fn interval(memory: &FeedMemory, gap: Option<Duration>, options: &Interval, now: Timestamp) -> Decision {
    if !options.adaptive {
        let wait = millis(options.default);
        return Decision {
            rule: Rule::Fixed,
            interval_ms: wait,
            wait_ms: wait,
            ..Decision::default()
        };
    }
    let next = memory
        .arrivals
        .next(lateness(options.default), room(memory), options.max, now);
    let (mut rule, mut wait) = if next.window {
        (Rule::Window, next.wait)
    } else {
        (Rule::Arrivals, next.wait)
    };
    if let Some(gap) = gap.filter(|gap| *gap < wait) {
        (rule, wait) = (Rule::Gap, gap);
    }
    if wait < options.min {
        (rule, wait) = (Rule::Shortest, options.min);
    } else if wait >= options.max {
        (rule, wait) = (Rule::Longest, options.max);
    }
    let wait = millis(wait).max(1);
    Decision {
        rule,
        interval_ms: wait,
        wait_ms: wait,
        expected: next.expected as f32,
        ..Decision::default()
    }
}

/// What the items of a feed may wait in sum between two polls, in item hours: what those of a typical feed do when it is
/// polled each `default`.
#[must_use]
pub fn lateness(default: Duration) -> f64 {
    let hours = default.as_secs_f64() / 3600.0;
    TYPICAL_RATE * hours * hours / 2.0
}

fn wait_after_failure(
    memory: &FeedMemory,
    finding: &Finding<'_>,
    options: &Interval,
    dice: &mut Dice,
) -> Decision {
    let bounded = |wait: Duration| wait.max(options.min).min(options.max);
    let base = match memory.interval_ms {
        _ if !options.adaptive => options.default,
        0 => bounded(options.default),
        millis => bounded(Duration::from_millis(millis.into())),
    };
    let (rule, wait) = match finding {
        Finding::Gone => (Rule::Gone, backoff::LONGEST),
        Finding::Failed(class) => (Rule::BackOff(*class), backoff::wait(base, memory.score, dice)),
        // Nothing leaves this machine; as soon as the network is back, it is tried.
        Finding::OwnNetwork => (Rule::OwnNetwork, base.min(options.min)),
        // How long is told beside it.
        Finding::NotAsked(rule @ (Rule::PutOff | Rule::Crowded)) => (*rule, Duration::ZERO),
        Finding::NotAsked(rule) => (*rule, base),
        Finding::Feed(_) | Finding::Unchanged => (Rule::Fixed, base),
    };
    Decision {
        rule,
        interval_ms: millis(base),
        wait_ms: millis(wait),
        ..Decision::default()
    }
}

/// A wait with the feed's phase and some chance.
fn spread(url: &str, wait: Duration, dice: &mut Dice) -> Duration {
    let part = PHASE_PART * phase(url) + JITTER_PART * dice.part();
    // To the millisecond and upwards: asked for an hour, an hour it is.
    wait + wait.mul_f64(part).min(LONGEST_SPREAD.max(wait.mul_f64(0.01)))
}

/// When a feed is polled for the first time in this run: at its restored time, or, when it has none, within `over`.
#[must_use]
pub fn first_due(
    url: &str,
    restored: Option<Timestamp>,
    over: Duration,
    options: &Interval,
    now: Timestamp,
) -> Timestamp {
    match restored {
        Some(due) if due > now => due.min(latest(options, now)),
        _ => after(now, over.mul_f64(phase(url))),
    }
}

/// No plan reaches further: a later time was written while the clock was wrong.
fn latest(options: &Interval, now: Timestamp) -> Timestamp {
    after(
        now,
        backoff::LONGEST.max(options.max).max(options.default) + Duration::from_hours(36),
    )
}

/// Until when a feed is to be left alone because its publisher asked for it; `None` where nobody did, or the time is over.
/// Our own intervals and back-off are no such wait.
#[must_use]
pub fn asked_to_wait(decision: &Decision, options: &Interval, now: Timestamp) -> Option<Timestamp> {
    let asked = matches!(decision.rule, Rule::RetryAfter | Rule::Gone | Rule::PutOff);
    let due = Timestamp::from_millisecond(decision.due_ms).ok()?;
    (asked && now < due && due <= latest(options, now)).then_some(due)
}

/// The time over which so many polls that are due at once are spread. A handful is polled at once: the hosts' turns keep
/// them apart.
#[must_use]
pub fn crowd_spread(polls: usize, places: usize) -> Duration {
    if polls <= places {
        return Duration::ZERO;
    }
    let rounds = polls.div_ceil(places.max(1));
    POLL_TIME
        .saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))
        .min(LONGEST_CROWD)
}

/// `wait` after `from`, to the millisecond.
pub(crate) fn after(from: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::from_millis(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    from.saturating_add(wait).unwrap_or(from)
}

/// The time from `now` until `due`; zero when it is past.
pub(crate) fn until(due: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or_default()
}

/// In milliseconds, rounded up: a wait may be longer than asked for, not shorter. The longest wait fits.
fn millis(wait: Duration) -> u32 {
    u32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

/// A feed's place in 0–1 among all feeds, the same on every run.
fn phase(url: &str) -> f64 {
    let Digest(bytes) = Digest::of([url.as_bytes()]);
    f64::from(u16::from_be_bytes([bytes[0], bytes[1]])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests;
