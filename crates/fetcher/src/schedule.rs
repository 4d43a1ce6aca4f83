//! When a feed is due next: plain functions of what the poll found.
//!
//! A changed answer halves the interval, an unchanged one lengthens it by half, a failure doubles the wait; each
//! between the configured bounds. What the server asks for (`Retry-After`, `Cache-Control: max-age`) only ever makes
//! the wait longer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use depeche_model::{Digest, HttpAnswer};

use crate::options::{FeedState, Interval};
use crate::politeness::{MAX_RETRY_AFTER, retry_after};

/// The longest `max-age` that is honoured: longer ones are left-overs of a cache rule for images.
const MAX_FRESHNESS: Duration = Duration::from_hours(1);

/// The longest time over which first polls are spread when there are more feeds than requests may be in flight.
const MAX_FIRST_SPREAD: Duration = Duration::from_mins(1);

/// The part of an interval by which feeds with the same interval are moved apart.
const PHASE_PART: f64 = 0.1;

/// What a poll means for the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The answer differs from the one before.
    Changed,
    /// 304, or the same bytes again.
    Unchanged,
    /// An answer with nothing to compare it with.
    First,
    /// No answer or an error status.
    Failed,
}

/// When a feed is polled next, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) next_due: Timestamp,
    pub(crate) interval: Duration,
    pub(crate) consecutive_failures: u32,
}

/// Plans the next poll of `url` after one that ended `now`. `floor` is the least wait the server asked for.
pub(crate) fn plan(
    url: &str,
    state: &FeedState,
    finding: Finding,
    floor: Option<Duration>,
    options: &Interval,
    now: Timestamp,
) -> Plan {
    let bounded = |interval: Duration| interval.max(options.min).min(options.max);
    let current = match state.interval {
        Some(interval) if options.adaptive => bounded(interval),
        // A fixed interval is taken as configured, even outside the bounds of adapting.
        _ if !options.adaptive => options.default,
        _ => bounded(options.default),
    };
    let interval = match finding {
        Finding::Changed if options.adaptive => bounded(current / 2),
        Finding::Unchanged if options.adaptive => bounded(current.saturating_mul(3) / 2),
        _ => current,
    };
    let consecutive_failures = match finding {
        Finding::Failed => state.consecutive_failures.saturating_add(1),
        _ => 0,
    };
    // The first failure waits the interval, each further one twice as long as the one before.
    let doublings = consecutive_failures.saturating_sub(1).min(20);
    let wait = interval.saturating_mul(1 << doublings);
    let spread = wait.mul_f64(1.0 + PHASE_PART * phase(url));
    let longest = options.max.max(interval);
    let wait = spread
        .min(longest)
        .max(floor.unwrap_or_default().min(MAX_RETRY_AFTER));
    Plan {
        next_due: after(now, wait),
        interval,
        consecutive_failures,
    }
}

/// When a feed is polled for the first time in this run. A handful is polled at once (the hosts' turns keep them
/// apart); many are spread. A restored time is kept as far as a plan can reach.
pub(crate) fn first_due(
    url: &str,
    state: &FeedState,
    crowded: bool,
    options: &Interval,
    now: Timestamp,
) -> Timestamp {
    let soonest = if crowded {
        after(now, options.default.min(MAX_FIRST_SPREAD).mul_f64(phase(url)))
    } else {
        now
    };
    // No plan reaches further: such a time was written while the clock was wrong.
    let latest = after(now, options.max.max(options.default).max(MAX_RETRY_AFTER));
    state.next_due.map_or(soonest, |due| due.min(latest).max(soonest))
}

/// The least wait that the answer asks for: `Retry-After` with 429 and 503 (RFC 9110 §10.2.3), `max-age` with the
/// others (RFC 9111 §5.2.2.1).
pub(crate) fn asked_wait(answer: &HttpAnswer, now: Timestamp) -> Option<Duration> {
    if matches!(answer.status, 429 | 503) {
        return retry_after(answer.header("retry-after")?, now);
    }
    if !matches!(answer.status, 200 | 203 | 304) {
        return None;
    }
    answer
        .header("cache-control")?
        .split(',')
        .find_map(|directive| {
            let (name, value) = directive.split_once('=')?;
            let seconds = value.trim().trim_matches('"').parse().ok()?;
            name.trim().eq_ignore_ascii_case("max-age").then_some(seconds)
        })
        .map(|seconds| Duration::from_secs(seconds).min(MAX_FRESHNESS))
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

/// A feed's place in 0–1 among all feeds, the same on every run.
fn phase(url: &str) -> f64 {
    let Digest(bytes) = Digest::of([url.as_bytes()]);
    f64::from(u16::from_be_bytes([bytes[0], bytes[1]])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://a.fr/rss";

    fn now() -> Timestamp {
        "2026-02-01T12:00:00Z".parse().unwrap()
    }

    /// The planned interval and the wait, in seconds.
    fn planned(state: &FeedState, finding: Finding, floor: Option<u64>, options: &Interval) -> (u64, u64) {
        let plan = plan(
            URL,
            state,
            finding,
            floor.map(Duration::from_secs),
            options,
            now(),
        );
        (plan.interval.as_secs(), until(plan.next_due, now()).as_secs())
    }

    #[test]
    fn a_lively_feed_is_polled_more_often_and_a_quiet_one_less() {
        let options = Interval::default();
        let mut state = FeedState::default();
        for (finding, minutes) in [
            (Finding::First, 15),
            (Finding::Changed, 7),
            (Finding::Changed, 5),
            (Finding::Changed, 5),
            (Finding::Unchanged, 7),
            (Finding::Unchanged, 11),
        ] {
            let plan = plan(URL, &state, finding, None, &options, now());
            assert_eq!(plan.interval.as_secs() / 60, minutes, "{finding:?}");
            let wait = until(plan.next_due, now());
            assert!(
                wait >= plan.interval && wait <= plan.interval.mul_f64(1.1),
                "{wait:?}"
            );
            state.interval = Some(plan.interval);
        }
        state.interval = Some(Duration::from_hours(23));
        let day = options.max.as_secs();
        assert_eq!(planned(&state, Finding::Unchanged, None, &options), (day, day));
    }

    #[test]
    fn a_fixed_interval_stays_fixed() {
        let options = Interval {
            default: Duration::from_mins(1),
            adaptive: false,
            ..Interval::default()
        };
        let state = FeedState {
            interval: Some(Duration::from_hours(3)),
            ..FeedState::default()
        };
        for finding in [Finding::Changed, Finding::Unchanged, Finding::First] {
            assert_eq!(planned(&state, finding, None, &options).0, 60);
        }
    }

    #[test]
    fn failures_wait_longer_and_longer_up_to_the_maximum() {
        let options = Interval::default();
        let mut state = FeedState::default();
        let mut waits = Vec::new();
        for _ in 0..40 {
            let plan = plan(URL, &state, Finding::Failed, None, &options, now());
            state.consecutive_failures = plan.consecutive_failures;
            waits.push(until(plan.next_due, now()));
        }
        assert!(waits[0] < Duration::from_mins(17) && waits[1] >= Duration::from_mins(30));
        assert!(waits.is_sorted());
        assert_eq!(waits.last(), Some(&options.max));
        assert_eq!(
            plan(URL, &state, Finding::Unchanged, None, &options, now()).consecutive_failures,
            0
        );
    }

    #[test]
    fn what_the_server_asks_for_is_a_floor() {
        let options = Interval::default();
        let state = FeedState::default();
        assert_eq!(planned(&state, Finding::Failed, Some(7200), &options).1, 7200);
        assert_eq!(
            planned(&state, Finding::Failed, Some(u64::MAX), &options).1,
            48 * 3600
        );
        assert!(planned(&state, Finding::Changed, Some(1), &options).1 >= 300);
    }

    #[test]
    fn freshness_is_honoured_up_to_an_hour_and_only_with_an_answer() {
        let asked = |status, name: &str, value: &str| {
            let answer = HttpAnswer {
                status,
                headers: vec![depeche_model::Header {
                    name: name.to_owned(),
                    value: value.as_bytes().to_vec(),
                }],
                body: bytes::Bytes::new(),
            };
            asked_wait(&answer, now()).map(|wait| wait.as_secs())
        };
        assert_eq!(asked(200, "Cache-Control", "public, Max-Age=1200"), Some(1200));
        assert_eq!(asked(304, "Cache-Control", "max-age=31536000"), Some(3600));
        assert_eq!(asked(200, "Cache-Control", "s-maxage=9, no-cache"), None);
        assert_eq!(asked(404, "Cache-Control", "max-age=1200"), None);
        assert_eq!(asked(503, "Retry-After", "60"), Some(60));
        assert_eq!(asked(200, "Retry-After", "60"), None);
    }

    #[test]
    fn many_feeds_are_not_first_polled_in_one_second() {
        let options = Interval::default();
        let state = FeedState::default();
        let due = |n: u32, crowded| {
            until(
                first_due(&format!("https://a.fr/{n}"), &state, crowded, &options, now()),
                now(),
            )
            .as_secs()
        };
        let mut seconds: Vec<u64> = (0..600).map(|n| due(n, true)).collect();
        seconds.sort_unstable();
        assert!(*seconds.last().unwrap() <= 60);
        assert!(seconds.chunk_by(|a, b| a == b).all(|same| same.len() < 40));
        assert_eq!(due(1, false), 0);
    }

    #[test]
    fn a_restored_due_time_is_kept() {
        let due = after(now(), Duration::from_hours(2));
        let state = FeedState {
            next_due: Some(due),
            ..FeedState::default()
        };
        assert_eq!(first_due(URL, &state, false, &Interval::default(), now()), due);
        assert_eq!(first_due(URL, &state, true, &Interval::default(), now()), due);
    }

    #[test]
    fn a_restored_due_time_beyond_any_plan_is_not_believed() {
        let state = FeedState {
            next_due: Some("2099-01-01T00:00:00Z".parse().unwrap()),
            ..FeedState::default()
        };
        let day = Duration::from_hours(24);
        for (default, max, latest) in [
            (day, day, 2 * day),
            (day, 7 * day, 7 * day),
            (5 * day, day, 5 * day),
        ] {
            let options = Interval {
                default,
                max,
                ..Interval::default()
            };
            let due = first_due(URL, &state, false, &options, now());
            assert_eq!(until(due, now()), latest);
        }
    }
}
