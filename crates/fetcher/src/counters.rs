//! What the fetcher did since the start, and how its feeds stand: for metrics.
//!
//! In: each poll, page and exchange as it ends. Out: [`Counters`], a copy of all at one moment. Counting is an addition to
//! an atomic; nothing waits for anybody. No count is kept by feed: 200,000 feeds would make as many series.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use depeche_model::PollOutcome;

use crate::exchange::Trace;

/// What the fetcher did since the start, and how its feeds stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Polls by how they ended.
    pub polls: Polls,
    /// Pages by how their orders were answered.
    pub pages: Pages,
    /// Body bytes on the wire, of feeds, pages and `robots.txt`.
    pub wire_bytes: u64,
    /// The same bodies with their content codings off.
    pub decoded_bytes: u64,
    /// Polls that found nothing known: entries may have come and gone between two polls.
    pub possible_gaps: u64,
    /// Feeds by how they stand.
    pub feeds: Feeds,
    /// How long the most overdue feed has been due, in seconds; 0 when none is.
    pub due_lag_secs: u64,
    /// Requests in flight.
    pub in_flight: u64,
}

/// How polls ended, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollSummary {
    /// Answers handed to the journal and durable there.
    pub fetched: u64,
    /// Answers that nothing is new, with or without a body.
    pub not_modified: u64,
    /// Error statuses.
    pub refused: u64,
    /// Polls without a usable answer.
    pub failed: u64,
    /// Those of `failed` that reached no server at all.
    pub unreachable: u64,
    /// Polls put off, because the feed's host had asked for quiet, or too many others waited where it is redirected to.
    pub quiet: u64,
    /// Answers without any known item: some may have come and gone between two polls.
    pub possible_gaps: u64,
    /// Polls that were begun and not settled: stopped, or the journal took no more.
    pub unsettled: u64,
}

impl PollSummary {
    pub(crate) fn count(&mut self, outcome: &PollOutcome) {
        match outcome {
            PollOutcome::Fetched { .. } => self.fetched += 1,
            PollOutcome::NotModified { .. } | PollOutcome::Repeated { .. } => self.not_modified += 1,
            PollOutcome::Refused { .. } | PollOutcome::Blocked { .. } => self.refused += 1,
            PollOutcome::PutOff { .. } => self.quiet += 1,
            PollOutcome::Failed { unreachable, .. } => {
                self.failed += 1;
                self.unreachable += u64::from(*unreachable);
            }
        }
    }
}

/// Polls by how they ended; see [`PollOutcome`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the outcome of its name")]
pub struct Polls {
    pub fetched: u64,
    pub repeated: u64,
    pub not_modified: u64,
    pub refused: u64,
    pub blocked: u64,
    pub failed: u64,
    pub put_off: u64,
}

/// Pages by how their orders were answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pages {
    /// With the page, fetched for the order.
    pub fetched: u64,
    /// With the page that another order for the same address had fetched at that moment.
    pub shared: u64,
    /// With the reason why there is none.
    pub failed: u64,
}

/// Feeds by how they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Feeds {
    /// The last poll brought an answer.
    pub ok: u64,
    /// The last poll did not.
    pub failing: u64,
    /// The server says that the feed is gone for good.
    pub gone: u64,
    /// No poll has ended yet.
    pub never: u64,
}

/// Where counting takes place.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    fetched: AtomicU64,
    repeated: AtomicU64,
    not_modified: AtomicU64,
    refused: AtomicU64,
    blocked: AtomicU64,
    failed: AtomicU64,
    put_off: AtomicU64,
    pages_fetched: AtomicU64,
    pages_shared: AtomicU64,
    pages_failed: AtomicU64,
    wire_bytes: AtomicU64,
    decoded_bytes: AtomicU64,
    possible_gaps: AtomicU64,
    feeds_ok: AtomicU64,
    feeds_failing: AtomicU64,
    feeds_gone: AtomicU64,
    feeds_never: AtomicU64,
    due_lag_secs: AtomicU64,
}

/// How an order for a page was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageEnd {
    Fetched,
    Shared,
    Failed,
}

impl Tally {
    pub(crate) fn polled(&self, outcome: &PollOutcome) {
        add(
            match outcome {
                PollOutcome::Fetched { .. } => &self.fetched,
                PollOutcome::Repeated { .. } => &self.repeated,
                PollOutcome::NotModified { .. } => &self.not_modified,
                PollOutcome::Refused { .. } => &self.refused,
                PollOutcome::Blocked { .. } => &self.blocked,
                PollOutcome::Failed { .. } => &self.failed,
                PollOutcome::PutOff { .. } => &self.put_off,
            },
            1,
        );
    }

    pub(crate) fn page(&self, end: PageEnd) {
        add(
            match end {
                PageEnd::Fetched => &self.pages_fetched,
                PageEnd::Shared => &self.pages_shared,
                PageEnd::Failed => &self.pages_failed,
            },
            1,
        );
    }

    pub(crate) fn exchanged(&self, trace: &Trace) {
        add(&self.wire_bytes, trace.wire_bytes);
        add(&self.decoded_bytes, trace.decoded_bytes);
    }

    pub(crate) fn possible_gap(&self) {
        add(&self.possible_gaps, 1);
    }

    /// How the feeds stand now.
    pub(crate) fn feeds(&self, feeds: Feeds) {
        for (count, value) in [
            (&self.feeds_ok, feeds.ok),
            (&self.feeds_failing, feeds.failing),
            (&self.feeds_gone, feeds.gone),
            (&self.feeds_never, feeds.never),
        ] {
            count.store(value, Ordering::Relaxed);
        }
    }

    /// How long the most overdue feed has been due.
    pub(crate) fn due_lag(&self, lag: Duration) {
        self.due_lag_secs.store(lag.as_secs(), Ordering::Relaxed);
    }

    /// A copy of all.
    pub(crate) fn read(&self, in_flight: u64) -> Counters {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counters {
            polls: Polls {
                fetched: get(&self.fetched),
                repeated: get(&self.repeated),
                not_modified: get(&self.not_modified),
                refused: get(&self.refused),
                blocked: get(&self.blocked),
                failed: get(&self.failed),
                put_off: get(&self.put_off),
            },
            pages: Pages {
                fetched: get(&self.pages_fetched),
                shared: get(&self.pages_shared),
                failed: get(&self.pages_failed),
            },
            wire_bytes: get(&self.wire_bytes),
            decoded_bytes: get(&self.decoded_bytes),
            possible_gaps: get(&self.possible_gaps),
            feeds: Feeds {
                ok: get(&self.feeds_ok),
                failing: get(&self.feeds_failing),
                gone: get(&self.feeds_gone),
                never: get(&self.feeds_never),
            },
            due_lag_secs: get(&self.due_lag_secs),
            in_flight,
        }
    }
}

/// Counts are read one by one, so no order among them is promised.
fn add(count: &AtomicU64, value: u64) {
    count.fetch_add(value, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_counted_as_what_it_is() {
        let tally = Tally::default();
        let validators = depeche_model::Validators::default();
        for outcome in [
            PollOutcome::Fetched { bytes: 1 },
            PollOutcome::Repeated {
                bytes: 1,
                validators: validators.clone(),
            },
            PollOutcome::NotModified { validators },
            PollOutcome::Refused { status: 500 },
            PollOutcome::Blocked {
                evidence: String::new(),
            },
            PollOutcome::Failed {
                error: String::new(),
                unreachable: false,
            },
            PollOutcome::PutOff {
                until: jiff::Timestamp::UNIX_EPOCH,
            },
        ] {
            tally.polled(&outcome);
        }
        tally.page(PageEnd::Shared);
        tally.possible_gap();
        tally.feeds(Feeds {
            ok: 5,
            gone: 1,
            ..Feeds::default()
        });
        tally.due_lag(Duration::from_millis(2500));
        let counters = tally.read(3);
        assert_eq!(
            counters.polls,
            Polls {
                fetched: 1,
                repeated: 1,
                not_modified: 1,
                refused: 1,
                blocked: 1,
                failed: 1,
                put_off: 1
            }
        );
        assert_eq!((counters.pages.shared, counters.pages.fetched), (1, 0));
        assert_eq!(
            (counters.feeds.ok, counters.feeds.gone, counters.possible_gaps),
            (5, 1, 1)
        );
        assert_eq!((counters.due_lag_secs, counters.in_flight), (2, 3));
    }
}
