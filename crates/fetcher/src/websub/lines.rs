//! Whose turn it is: one request at a time to a hub, so that one that is slow or dead delays its own feeds alone.
//!
//! Finding the next costs O(log n) in the number of hubs, planning O(log n) in that of a hub's feeds.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use crate::schedule::after;

/// The first rest of a hub that failed; doubled with each further failure in a row. Each feed waits by itself too: this
/// one keeps thousands of feeds of one hub from asking it, each for the first time, while it is down.
const FIRST_REST: Duration = Duration::from_secs(10);

/// The longest rest of a hub.
const LONGEST_REST: Duration = Duration::from_hours(1);

/// Feeds by hub, each with the time at which something is due.
#[derive(Debug, Default)]
pub(super) struct Lines {
    hubs: HashMap<String, Line>,
    /// The hubs that nothing is being asked of, by when something may be.
    idle: BTreeSet<(Timestamp, String)>,
}

#[derive(Debug, Default)]
struct Line {
    due: BTreeSet<(Timestamp, String)>,
    rests_until: Option<Timestamp>,
    failures: u32,
    is_asking: bool,
}

impl Line {
    fn next(&self) -> Option<Timestamp> {
        let (first, _) = self.due.first()?;
        (!self.is_asking).then(|| self.rests_until.map_or(*first, |rest| rest.max(*first)))
    }
}

impl Lines {
    /// Moves a feed in a hub's line from `before` to `at`; `None` is not in line.
    pub(super) fn plan(&mut self, hub: &str, feed: &str, before: Option<Timestamp>, at: Option<Timestamp>) {
        self.change(hub, |line| {
            if let Some(before) = before {
                line.due.remove(&(before, feed.to_owned()));
            }
            if let Some(at) = at {
                line.due.insert((at, feed.to_owned()));
            }
        });
    }

    /// The feed that is due, and when. Its hub is taken to be asked from now on, until [`Lines::asked`] says otherwise,
    /// and the feed is out of line. `Err` tells when the next is due.
    pub(super) fn take(&mut self, now: Timestamp) -> Result<(String, Timestamp), Option<Timestamp>> {
        let Some((at, hub)) = self.idle.first().cloned() else {
            return Err(None);
        };
        if at > now {
            return Err(Some(at));
        }
        let mut taken = None;
        self.change(&hub, |line| {
            taken = line.due.pop_first();
            line.is_asking = true;
        });
        let (planned, feed) = taken.ok_or(None)?;
        Ok((feed, planned))
    }

    /// A hub was asked; `failed` tells how that went, where anything was sent.
    pub(super) fn asked(&mut self, hub: &str, failed: Option<bool>, now: Timestamp) {
        self.change(hub, |line| {
            line.is_asking = false;
            match failed {
                Some(true) => {
                    let rest = FIRST_REST.saturating_mul(1 << line.failures.min(16));
                    line.rests_until = Some(after(now, rest.min(LONGEST_REST)));
                    line.failures = line.failures.saturating_add(1);
                }
                Some(false) => {
                    line.rests_until = None;
                    line.failures = 0;
                }
                None => {}
            }
        });
    }

    fn change(&mut self, hub: &str, change: impl FnOnce(&mut Line)) {
        let line = self.hubs.entry(hub.to_owned()).or_default();
        if let Some(before) = line.next() {
            self.idle.remove(&(before, hub.to_owned()));
        }
        change(line);
        match line.next() {
            Some(next) => {
                self.idle.insert((next, hub.to_owned()));
            }
            None if line.due.is_empty() && !line.is_asking => {
                self.hubs.remove(hub);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        after(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    #[test]
    fn a_hub_is_asked_one_thing_at_a_time_and_holds_up_no_other() {
        let mut lines = Lines::default();
        lines.plan("slow", "a", None, Some(at(1)));
        lines.plan("slow", "b", None, Some(at(2)));
        lines.plan("quick", "c", None, Some(at(3)));
        assert_eq!(lines.take(at(0)), Err(Some(at(1))));
        assert_eq!(lines.take(at(9)).unwrap().0, "a");
        assert_eq!(lines.take(at(9)).unwrap().0, "c");
        assert_eq!(lines.take(at(9)), Err(None), "both are being asked");
        lines.asked("quick", Some(false), at(9));
        assert_eq!(lines.take(at(9)), Err(None));
        lines.asked("slow", Some(false), at(9));
        assert_eq!(lines.take(at(9)).unwrap(), ("b".to_owned(), at(2)));
    }

    #[test]
    fn a_hub_that_fails_rests_longer_and_longer_up_to_an_hour() {
        let mut lines = Lines::default();
        for feed in 0..20 {
            lines.plan("dead", &feed.to_string(), None, Some(at(0)));
        }
        let mut now = at(0);
        let mut rests = Vec::new();
        for _ in 0..19 {
            lines.take(now).unwrap();
            lines.asked("dead", Some(true), now);
            let next = lines.take(now).unwrap_err().unwrap();
            rests.push(next.duration_since(now).as_secs());
            now = next;
        }
        assert_eq!((rests[0], rests[1], rests[18]), (10, 20, 3600));
        lines.take(now).unwrap();
        lines.asked("dead", Some(false), now);
        assert!(lines.hubs.is_empty() && lines.idle.is_empty(), "{lines:?}");
    }

    #[test]
    fn a_feed_is_moved_and_taken_out_of_line() {
        let mut lines = Lines::default();
        lines.plan("h", "a", None, Some(at(1)));
        lines.plan("h", "a", Some(at(1)), Some(at(5)));
        assert_eq!(lines.take(at(1)), Err(Some(at(5))));
        lines.plan("h", "a", Some(at(5)), None);
        assert_eq!(lines.take(at(9)), Err(None));
        assert!(lines.hubs.is_empty() && lines.idle.is_empty());
    }
}
