//! The scheduler: polls each feed when it is due, once or for ever.
//!
//! One loop over the [agenda](crate::agenda), one task a feed that is being polled, none for an idle one. A task waits for
//! its host's turn before it takes a place among the requests in flight; so bodies in memory are at most as many as
//! places, and a journal that takes nothing stops the polling. What a poll found is planned here, by plain functions
//! ([`crate::schedule`]), and reported with everything that a restart needs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use depeche_journal::Intake;
use depeche_model::{PollOutcome, PollReport};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::agenda::{Agenda, Job, Slot, Stands};
use crate::counters::PollSummary;
use crate::feed_answer::{Found, Polled, poll_feed};
use crate::fetcher::Fetcher;
use crate::memory::FeedMemory;
use crate::options::{FeedState, FeedTarget};
use crate::schedule::outage::{Before, Change, Network, PROBE_EVERY};
use crate::schedule::{self, Dice, Finding, Rule};
use crate::websub::FoundItem;

/// The longest sleep between two looks at the clock, so that a machine that slept or a clock that was set does not
/// put polls off.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// After so long without a look at the clock the machine was asleep, and what came due meanwhile is spread.
const ASLEEP: Duration = Duration::from_mins(3);

/// Polls under way for each request that may be in flight: enough that hosts which make them wait for their turn do not
/// keep others from theirs, few enough to bound the memory.
const POLLS_PER_PLACE: usize = 16;

/// How long polling goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every feed once, due or not; but none whose publisher asked for a wait that is not over: `Retry-After`, 410, a host
    /// that asked for quiet. Those are reported as put off.
    Once,
    /// Until told to stop.
    Forever,
}

struct Scheduler {
    fetcher: Arc<Fetcher>,
    mode: Mode,
    outlet: mpsc::Sender<Intake>,
    reports: mpsc::Sender<PollReport>,
    agenda: Agenda,
    network: Network,
    /// When a feed is tried next while the network is away.
    next_probe: Timestamp,
    last_look: Timestamp,
    dice: Dice,
    running: JoinSet<(Slot, Option<Polled>)>,
    /// Which feed a task polls, for the case that it panics, and how it is ended when the feed is taken off the list.
    tasks: HashMap<Id, (Slot, AbortHandle)>,
    summary: PollSummary,
}

/// Polls each feed of the list that `feeds` brings when it is due. Answers go to `outlet`, what each poll said to
/// `reports`; a closed `reports` is no harm.
///
/// A list sent later adds and removes feeds; a feed that stays (by address) keeps the state it has here, whatever
/// state the list brings. With [`Mode::Once`] one list is read, and due times count only where the publisher asked for
/// them. Ends when every
/// feed was polled once, when `stop` is cancelled (what is under way is dropped, nothing of it is reported), or when
/// `outlet` is closed.
pub async fn poll(
    fetcher: Arc<Fetcher>,
    mut feeds: mpsc::Receiver<Vec<(FeedTarget, FeedState)>>,
    outlet: mpsc::Sender<Intake>,
    reports: mpsc::Sender<PollReport>,
    mode: Mode,
    stop: CancellationToken,
) -> PollSummary {
    let now = fetcher.clock.now();
    let places = fetcher.options.concurrency;
    let mut scheduler = Scheduler {
        agenda: Agenda::new(
            fetcher.options.per_host_concurrency,
            places.saturating_mul(POLLS_PER_PLACE),
        ),
        dice: Dice::seeded(fetcher.seed),
        fetcher,
        mode,
        outlet,
        reports,
        network: Network::default(),
        next_probe: now,
        last_look: now,
        running: JoinSet::new(),
        tasks: HashMap::new(),
        summary: PollSummary::default(),
    };
    let first = tokio::select! {
        () = stop.cancelled() => None,
        list = feeds.recv() => list,
    };
    let mut first = first.unwrap_or_default();
    if mode == Mode::Once {
        scheduler.leave_quiet(&mut first).await;
    }
    scheduler.take_list(first);
    let mut list_may_change = mode == Mode::Forever;
    loop {
        let wait = scheduler.begin_due();
        // What is due later was put off to where it is redirected, and is still to be polled.
        if mode == Mode::Once && scheduler.running.is_empty() && scheduler.agenda.next_due().is_none() {
            break;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = scheduler.outlet.closed() => break,
            Some(ended) = scheduler.running.join_next_with_id() => scheduler.settle(ended).await,
            list = feeds.recv(), if list_may_change => match list {
                Some(list) => scheduler.take_list(list),
                // Whoever could change the list is gone: it stays as it is.
                None => list_may_change = false,
            },
            () = tokio::time::sleep(wait) => {}
        }
    }
    scheduler.summary.unsettled += scheduler.running.len() as u64;
    scheduler.running.shutdown().await;
    scheduler.summary
}

impl Scheduler {
    /// Takes those feeds off a list whose publisher asked for a wait that is not over, and reports them as put off. Whoever
    /// starts the program often must not ask more often by it.
    async fn leave_quiet(&mut self, list: &mut Vec<(FeedTarget, FeedState)>) {
        let now = self.fetcher.clock.now();
        let interval = &self.fetcher.options.interval;
        let mut left = Vec::new();
        list.retain(|(target, state)| {
            let until = FeedMemory::open(&state.memory)
                .and_then(|memory| schedule::asked_to_wait(&memory.decision, interval, now));
            left.extend(until.map(|until| (target.url.clone(), until)));
            until.is_none()
        });
        for (feed_url, until) in left {
            let report = PollReport {
                feed_url,
                at: now,
                outcome: PollOutcome::PutOff { until },
                next_due: Some(until),
                memory: None,
                record: None,
            };
            self.summary.count(&report.outcome);
            self.fetcher.tally.polled(&report.outcome);
            log(&report);
            if self.reports.send(report).await.is_err() {
                tracing::debug!("nobody takes poll reports");
            }
        }
    }

    /// Takes over a list: new feeds become due, missing ones are forgotten, the others stay.
    fn take_list(&mut self, list: Vec<(FeedTarget, FeedState)>) {
        self.fetcher.learn_timezones(&list);
        let now = self.fetcher.clock.now();
        let options = &self.fetcher.options;
        let at_once = list
            .iter()
            .filter(|(_, state)| state.next_due.is_none_or(|due| due <= now))
            .count();
        let over = schedule::crowd_spread(at_once, options.concurrency);
        if let Some(subscriptions) = &self.fetcher.subscriptions {
            // Before the first poll: hubs may deliver at once.
            subscriptions.restore(list.iter().filter_map(|(target, state)| {
                let hub = FeedMemory::open(&state.memory)?.hub?;
                Some((target, hub))
            }));
        }
        let (mode, hosts) = (self.mode, &self.fetcher.hosts);
        let taken = self.agenda.take_list(
            list,
            |target, state| {
                let memory = FeedMemory::open(&state.memory).unwrap_or_default();
                hosts.lane_number(memory.moved.learnt().unwrap_or(&target.url))
            },
            |target, state| match mode {
                Mode::Once => now,
                Mode::Forever => {
                    schedule::first_due(&target.url, state.next_due, over, &options.interval, now)
                }
            },
        );
        for feed in taken.twice {
            tracing::warn!(feed, "feed is listed twice, the first counts");
        }
        if let Some(subscriptions) = &self.fetcher.subscriptions {
            for target in taken.gone {
                subscriptions.remove(&target.url);
            }
        }
        for (slot, task) in self.tasks.values() {
            if !self.agenda.is_listed(*slot) {
                task.abort();
            }
        }
        for slot in taken.new {
            let memory = self.agenda.known(slot).map(|(_, memory)| memory);
            if let Some(memory) = memory.and_then(|memory| FeedMemory::open(&memory)) {
                self.agenda.stand(slot, stands(&memory));
            }
        }
        self.network.ask(self.agenda.count_hosts());
        self.tell_standing();
    }

    fn tell_standing(&self) {
        self.fetcher.tally.feeds(self.agenda.standing());
    }

    /// Begins the poll of every feed that is due and has room; returns how long to sleep until the next one is.
    fn begin_due(&mut self) -> Duration {
        let now = self.fetcher.clock.now();
        if self.mode == Mode::Forever && schedule::until(now, self.last_look) > ASLEEP {
            self.spread_overdue(now);
        }
        self.last_look = now;
        if self.network.is_away() {
            if now >= self.next_probe {
                self.next_probe = schedule::after(now, PROBE_EVERY);
                if let Some(job) = self.agenda.begin(now) {
                    self.begin(job);
                }
            }
            return schedule::until(self.next_probe, now).min(LONGEST_SLEEP);
        }
        while let Some(job) = self.agenda.begin(now) {
            self.begin(job);
        }
        let lag = self.agenda.next_due().map(|due| schedule::until(now, due));
        self.fetcher.tally.due_lag(lag.unwrap_or_default());
        match self.agenda.next_due() {
            // What is due and was not begun waits for room, which the end of a poll makes.
            Some(due) if due > now => schedule::until(due, now).min(LONGEST_SLEEP),
            _ => LONGEST_SLEEP,
        }
    }

    fn begin(&mut self, job: Job) {
        let (fetcher, outlet) = (Arc::clone(&self.fetcher), self.outlet.clone());
        let Job {
            slot,
            target,
            validators,
            memory,
        } = job;
        let task = self.running.spawn(async move {
            let memory = FeedMemory::open(&memory).unwrap_or_default();
            let polled = poll_feed(&fetcher, &target, &validators, memory, &outlet).await;
            (slot, polled)
        });
        self.tasks.insert(task.id(), (slot, task));
    }

    /// Takes the result of a poll: plans the next one and reports both.
    async fn settle(&mut self, ended: Result<(Id, (Slot, Option<Polled>)), JoinError>) {
        let (slot, polled) = match ended {
            Ok((id, (slot, polled))) => {
                self.tasks.remove(&id);
                (slot, polled)
            }
            Err(error) => {
                let Some((slot, _)) = self.tasks.remove(&error.id()) else {
                    return;
                };
                if error.is_cancelled() {
                    self.summary.unsettled += 1;
                    // Put back on the list since, it begins anew.
                    let again = self.agenda.is_listed(slot).then(|| self.fetcher.clock.now());
                    self.agenda.end(slot, None, again);
                    self.tell_standing();
                    return;
                }
                let feed = self.agenda.target(slot).map(|target| target.url.clone());
                tracing::error!(feed, %error, "poll ended abnormally");
                (slot, None)
            }
        };
        let report = match polled {
            Some(polled) => {
                self.note_network(slot, &polled);
                self.plan(slot, polled)
            }
            None => self.put_off(slot),
        };
        // A report is news for people, and for the next start; that nobody listens is no failure.
        if let Some(report) = report
            && self.reports.send(report).await.is_err()
        {
            tracing::debug!("nobody takes poll reports");
        }
    }

    /// What an exchange says of our own network.
    fn note_network(&mut self, slot: Slot, polled: &Polled) {
        if self.mode == Mode::Once {
            return;
        }
        let reached = match polled.found {
            Found::NotAsked(_) => return,
            Found::Failed { unreachable, .. } => !unreachable,
            Found::Feed { .. } | Found::Unchanged | Found::Gone => true,
        };
        let Some(host) = self.agenda.host(slot) else {
            return;
        };
        let change = if reached {
            self.network.reached(host, polled.at)
        } else {
            let total = polled.record.as_ref().and_then(|record| record.timings.total);
            let took = SignedDuration::from_millis(total.unwrap_or_default().into());
            let begun = polled.at.saturating_sub(took).unwrap_or(polled.at);
            self.network
                .failed(host, before(&polled.memory), begun, polled.at)
        };
        match change {
            Change::None => {}
            Change::Lost => {
                tracing::warn!("most hosts cannot be reached: our own network seems to be away");
                self.next_probe = schedule::after(polled.at, PROBE_EVERY);
            }
            Change::Back => {
                tracing::info!("the network is back");
                self.spread_overdue(polled.at);
            }
        }
    }

    /// Moves apart what came due while nothing could be asked.
    fn spread_overdue(&mut self, now: Timestamp) {
        let options = &self.fetcher.options;
        let overdue = self.agenda.overdue(now);
        let over = schedule::crowd_spread(overdue, options.concurrency);
        if over.is_zero() {
            return;
        }
        tracing::info!(
            feeds = overdue,
            over_secs = over.as_secs(),
            "overdue polls are spread"
        );
        let dice = &mut self.dice;
        self.agenda
            .put_off_overdue(now, || schedule::after(now, over.mul_f64(dice.part())));
    }

    /// Plans the next poll of a feed and says what is to be reported.
    fn plan(&mut self, slot: Slot, polled: Polled) -> Option<PollReport> {
        let Polled {
            at,
            outcome,
            mut found,
            asked,
            validators,
            mut memory,
            record,
        } = polled;
        let target = Arc::clone(self.agenda.target(slot)?);
        let hub = self.ask_hub(&target.url, &mut found, &memory);
        let asked: Vec<(Rule, Duration)> = asked
            .map(|wait| match found {
                Found::NotAsked(rule) => (rule, wait),
                _ => (Rule::RetryAfter, wait),
            })
            .into_iter()
            .chain(hub.map(|wait| (Rule::Hub, wait)))
            .collect();
        let finding = match found {
            Found::Failed {
                unreachable: true, ..
            } if self.network.is_away() => Finding::OwnNetwork,
            _ => found.finding(),
        };
        let interval = &self.fetcher.options.interval;
        let planned = schedule::plan(
            &mut memory,
            &target.url,
            &finding,
            &asked,
            interval,
            at,
            &mut self.dice,
        );
        let next_due = Timestamp::from_millisecond(memory.decision.due_ms).ok();
        if planned.possible_gap {
            self.summary.possible_gaps += 1;
            self.fetcher.tally.possible_gap();
            tracing::warn!(
                feed = target.url,
                items = planned.compared.items,
                next_due = next_due.map(tracing::field::display),
                "possible_gap: no item of the feed is known, some may have been missed"
            );
        }
        let lane = memory.moved.learnt().unwrap_or(&target.url);
        let lane = self.fetcher.hosts.lane_number(lane);
        if let (Mode::Once, Found::NotAsked(Rule::Crowded), PollOutcome::PutOff { until }) =
            (self.mode, &found, &outcome)
        {
            self.agenda
                .end(slot, Some((&validators, &memory.close())), Some(*until));
            return None;
        }
        self.summary.count(&outcome);
        self.fetcher.tally.polled(&outcome);
        self.agenda.stand(slot, stands(&memory));
        self.tell_standing();
        let record = record.map(|mut record| {
            if matches!(found, Found::Feed { .. }) {
                record.new_items = Some(planned.compared.new as u32);
            }
            record.next_due = next_due;
            record.rule = memory.decision.line();
            Box::new(record)
        });
        if let Some(subscriptions) = &self.fetcher.subscriptions {
            memory.hub = subscriptions.state(&target.url);
        }
        let closed = memory.close();
        let again = next_due.filter(|_| self.mode == Mode::Forever);
        self.agenda.end(slot, Some((&validators, &closed)), again);
        self.agenda.move_to(slot, lane);
        let report = PollReport {
            feed_url: target.url.clone(),
            at,
            outcome,
            next_due,
            memory: Some(closed),
            record,
        };
        log(&report);
        Some(report)
    }

    /// Tells the feed's hub, if it has one, what the poll found, and marks what the hub delivered before. Gives back how
    /// often the feed is polled while its hub delivers.
    fn ask_hub(&self, url: &str, found: &mut Found, memory: &FeedMemory) -> Option<Duration> {
        let subscriptions = self.fetcher.subscriptions.as_ref()?;
        match found {
            Found::Feed { items, fingerprints } => {
                let mut new = Vec::new();
                for (item, fingerprint) in items.iter_mut().zip(fingerprints.iter().copied()) {
                    item.delivered = subscriptions.was_delivered(url, fingerprint);
                    if !memory.known.is_empty() && !memory.known.has(item.fingerprint) {
                        let published = item.published;
                        new.push(FoundItem {
                            fingerprint,
                            published,
                        });
                    }
                }
                subscriptions.observe_poll(url, new, memory.arrivals.until());
                // Asked last: what was found may have been missed by the hub.
                subscriptions.check_interval(url)
            }
            Found::Unchanged => {
                subscriptions.observe_poll(url, [], memory.arrivals.until());
                subscriptions.check_interval(url)
            }
            Found::Failed { .. } | Found::Gone | Found::NotAsked(_) => None,
        }
    }

    /// Plans a feed whose poll was not settled: its answer could not be kept. That is no failure of the feed.
    fn put_off(&mut self, slot: Slot) -> Option<PollReport> {
        self.summary.unsettled += 1;
        let now = self.fetcher.clock.now();
        let (validators, memory) = self.agenda.known(slot)?;
        let mut memory = FeedMemory::open(&memory).unwrap_or_default();
        let url = self.agenda.target(slot)?.url.clone();
        let finding = Finding::NotAsked(Rule::Unsettled);
        let interval = &self.fetcher.options.interval;
        schedule::plan(&mut memory, &url, &finding, &[], interval, now, &mut self.dice);
        let until = Timestamp::from_millisecond(memory.decision.due_ms).ok()?;
        let closed = memory.close();
        let again = (self.mode == Mode::Forever).then_some(until);
        self.agenda.end(slot, Some((&validators, &closed)), again);
        Some(PollReport {
            feed_url: url,
            at: now,
            outcome: PollOutcome::PutOff { until },
            next_due: Some(until),
            memory: Some(closed),
            record: None,
        })
    }
}

/// What the poll before found, as far as our own network is concerned.
fn before(memory: &FeedMemory) -> Before {
    if memory.failures > 0 {
        Before::Failed
    } else if memory.arrivals.until().is_some() {
        Before::Answered
    } else {
        Before::Unknown
    }
}

/// How a feed stands, by what is remembered of it.
fn stands(memory: &FeedMemory) -> Stands {
    if memory.decision.rule == Rule::Gone {
        Stands::Gone
    } else if memory.failures > 0 {
        Stands::Failing
    } else if memory.polls > 0 {
        Stands::Ok
    } else {
        Stands::Never
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
        PollOutcome::PutOff { until } => {
            tracing::info!(feed, %until, "feed put off");
        }
    }
}
