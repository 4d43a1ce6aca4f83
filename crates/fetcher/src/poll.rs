//! The scheduler: polls each feed when it is due, once or for ever.
//!
//! One set of due times, one task a due feed. A task waits for its host's turn before it takes a place among the
//! requests in flight, and a feed is not due again before its poll is settled; so tasks are at most as many as feeds,
//! bodies in memory at most as many as places, and a journal that takes nothing stops the polling.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use depeche_journal::Intake;
use depeche_model::{PollOutcome, PollReport};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::feed_answer::{Settled, poll_feed};
use crate::fetcher::Fetcher;
use crate::options::{FeedState, FeedTarget};
use crate::schedule;

/// The longest sleep between two looks at the clock, so that a machine that slept or a clock that was set does not
/// put polls off.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// How long polling goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every feed once, due or not.
    Once,
    /// Until told to stop.
    Forever,
}

/// How polls ended, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollSummary {
    /// Answers handed to the journal and durable there.
    pub fetched: u64,
    /// Answers that nothing is new.
    pub not_modified: u64,
    /// Error statuses.
    pub refused: u64,
    /// Polls without a usable answer.
    pub failed: u64,
    /// Those of `failed` that reached no server at all.
    pub unreachable: u64,
    /// Polls put off without asking, because the feed's host had asked for quiet.
    pub quiet: u64,
    /// Polls that were begun and not settled: stopped, or the journal took no more.
    pub unsettled: u64,
}

impl PollSummary {
    fn count(&mut self, outcome: &PollOutcome) {
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

/// A feed as the scheduler sees it.
#[derive(Debug)]
struct Tracked {
    target: FeedTarget,
    state: FeedState,
    /// When it is due; `None` while it is being polled.
    due: Option<Timestamp>,
}

struct Scheduler {
    fetcher: Arc<Fetcher>,
    mode: Mode,
    outlet: mpsc::Sender<Intake>,
    reports: mpsc::Sender<PollReport>,
    feeds: HashMap<String, Tracked>,
    due: BTreeSet<(Timestamp, String)>,
    running: JoinSet<(String, Option<Settled>)>,
    /// Which feed a task polls, for the case that it panics.
    tasks: HashMap<Id, String>,
    summary: PollSummary,
}

/// Polls each feed of `feeds` when it is due. Answers go to `outlet`, what each poll said to `reports`; a closed
/// `reports` is no harm. A feed whose host asked for quiet is put off until then and nothing is reported of it.
///
/// A list sent later adds and removes feeds; a feed that stays (by address) keeps the state it has here, whatever
/// state the list brings. With [`Mode::Once`] the list is read once and due times are not waited for. Ends when every
/// feed was polled once, when `stop` is cancelled (what is under way is dropped, nothing of it is reported), or when
/// `outlet` is closed.
pub async fn poll(
    fetcher: Arc<Fetcher>,
    mut feeds: watch::Receiver<Vec<(FeedTarget, FeedState)>>,
    outlet: mpsc::Sender<Intake>,
    reports: mpsc::Sender<PollReport>,
    mode: Mode,
    stop: CancellationToken,
) -> PollSummary {
    let mut scheduler = Scheduler {
        fetcher,
        mode,
        outlet,
        reports,
        feeds: HashMap::new(),
        due: BTreeSet::new(),
        running: JoinSet::new(),
        tasks: HashMap::new(),
        summary: PollSummary::default(),
    };
    let list = feeds.borrow_and_update().clone();
    scheduler.take_list(list);
    let mut list_may_change = mode == Mode::Forever;
    loop {
        let wait = scheduler.begin_due();
        if mode == Mode::Once && scheduler.running.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = scheduler.outlet.closed() => break,
            Some(ended) = scheduler.running.join_next_with_id() => scheduler.settle(ended).await,
            changed = feeds.changed(), if list_may_change => match changed {
                Ok(()) => {
                    let list = feeds.borrow_and_update().clone();
                    scheduler.take_list(list);
                }
                // Whoever could change the list is gone: it stays as it is.
                Err(_) => list_may_change = false,
            },
            () = tokio::time::sleep(wait) => {}
        }
    }
    scheduler.summary.unsettled += scheduler.running.len() as u64;
    scheduler.running.shutdown().await;
    scheduler.summary
}

impl Scheduler {
    /// Takes over a list: new feeds become due, missing ones are forgotten, the others stay.
    fn take_list(&mut self, list: Vec<(FeedTarget, FeedState)>) {
        let now = self.fetcher.clock.now();
        let crowded = self.mode == Mode::Forever && list.len() > self.fetcher.options.concurrency;
        let mut before = std::mem::take(&mut self.feeds);
        for (target, state) in list {
            let url = target.url.clone();
            let tracked = match before.remove(&url) {
                Some(known) => Tracked { target, ..known },
                None if self.feeds.contains_key(&url) => {
                    tracing::warn!(feed = url, "feed is listed twice, the first counts");
                    continue;
                }
                None => {
                    let due = match self.mode {
                        Mode::Once => now,
                        Mode::Forever => {
                            schedule::first_due(&url, &state, crowded, &self.fetcher.options.interval, now)
                        }
                    };
                    self.due.insert((due, url.clone()));
                    Tracked {
                        target,
                        state,
                        due: Some(due),
                    }
                }
            };
            self.feeds.insert(url, tracked);
        }
        for (url, gone) in before {
            if let Some(subscriptions) = &self.fetcher.subscriptions {
                subscriptions.remove(&url);
            }
            if let Some(due) = gone.due {
                self.due.remove(&(due, url));
            }
        }
    }

    /// Begins the poll of every feed that is due; returns how long to sleep until the next one is.
    fn begin_due(&mut self) -> Duration {
        let now = self.fetcher.clock.now();
        while let Some((due, _)) = self.due.first() {
            if *due > now && self.mode == Mode::Forever {
                return schedule::until(*due, now).min(LONGEST_SLEEP);
            }
            let Some((_, url)) = self.due.pop_first() else {
                break;
            };
            let Some(tracked) = self.feeds.get_mut(&url) else {
                continue;
            };
            tracked.due = None;
            let (target, state) = (tracked.target.clone(), tracked.state.clone());
            let (fetcher, outlet) = (Arc::clone(&self.fetcher), self.outlet.clone());
            let task_url = url.clone();
            let task = self.running.spawn(async move {
                let settled = poll_feed(&fetcher, &target, &state, &outlet).await;
                (task_url, settled)
            });
            self.tasks.insert(task.id(), url);
        }
        LONGEST_SLEEP
    }

    /// Takes the result of a poll: reports it and plans the next one.
    async fn settle(&mut self, ended: Result<(Id, (String, Option<Settled>)), JoinError>) {
        let (url, settled) = match ended {
            Ok((id, (url, settled))) => {
                self.tasks.remove(&id);
                (url, settled)
            }
            Err(error) => {
                let Some(url) = self.tasks.remove(&error.id()) else {
                    return;
                };
                tracing::error!(feed = url, %error, "poll ended abnormally");
                (url, None)
            }
        };
        let (report, state) = match settled {
            Some(Settled::Asked(asked)) => *asked,
            Some(Settled::Quiet(until)) => {
                tracing::info!(feed = url, %until, "feed not asked: its host asked for quiet");
                self.summary.quiet += 1;
                self.plan(url, Some(until));
                return;
            }
            None => {
                self.summary.unsettled += 1;
                self.put_off(url);
                return;
            }
        };
        self.summary.count(&report.outcome);
        log(&report);
        let next_due = report.next_due;
        if let Some(tracked) = self.feeds.get_mut(&url) {
            tracked.state = state;
        }
        self.plan(url, next_due);
        // A report is news for people; that nobody listens is no failure.
        if self.reports.send(report).await.is_err() {
            tracing::debug!("nobody takes poll reports");
        }
    }

    /// Plans a feed whose poll was not settled as if it had failed.
    fn put_off(&mut self, url: String) {
        let Some(tracked) = self.feeds.get_mut(&url) else {
            return;
        };
        let plan = schedule::plan(
            &url,
            &tracked.state,
            schedule::Finding::Failed,
            None,
            &self.fetcher.options.interval,
            self.fetcher.clock.now(),
        );
        tracked.state.consecutive_failures = plan.consecutive_failures;
        self.plan(url, Some(plan.next_due));
    }

    /// Makes a feed due again, unless once is enough or it is no longer listed.
    fn plan(&mut self, url: String, next_due: Option<Timestamp>) {
        if self.mode == Mode::Once {
            return;
        }
        if let (Some(tracked), Some(due)) = (self.feeds.get_mut(&url), next_due) {
            // A feed taken off the list and put back during its poll is due already.
            if let Some(before) = tracked.due.replace(due) {
                self.due.remove(&(before, url.clone()));
            }
            self.due.insert((due, url));
        }
    }
}

fn log(report: &PollReport) {
    let feed = report.feed_url.as_str();
    match &report.outcome {
        PollOutcome::Fetched { bytes } => tracing::debug!(feed, bytes, "feed fetched"),
        PollOutcome::NotModified { .. } | PollOutcome::Repeated { .. } => {
            tracing::debug!(feed, "feed not modified");
        }
        PollOutcome::Refused { status } => tracing::info!(feed, status, "feed refused"),
        PollOutcome::Blocked { evidence } => tracing::info!(feed, evidence, "feed blocked"),
        PollOutcome::Failed { error, .. } => tracing::info!(feed, error, "feed failed"),
        PollOutcome::PutOff { until } => tracing::debug!(feed, %until, "feed put off"),
    }
}
