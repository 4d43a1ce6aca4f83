//! A fetcher in virtual time: its clock, its timers and the server it asks go on together, and only when told.
//!
//! The runtime's time is paused, and kept from going on by itself by a blocking task that sleeps as long as the world
//! lasts. Each step moves clock and timers on, and then waits until every request that was begun has been answered and
//! reported. What the store would keep is kept here, by its rules: an answer's validators come with its capture, all else
//! with the report.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use depeche_fetcher::{Addresses, FeedState, FeedTarget, FetchOptions, Fetcher, Mode, Resolver, poll};
use depeche_journal::Intake;
use depeche_model::{PagePolicy, Payload, PollOutcome, PollReport, Position, Validators};
use depeche_testkit::{HandClock, Reply, Witness};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::desk::{List, lists};

/// Every name is this machine, while there is a network.
struct Names(Arc<AtomicBool>);

impl Resolver for Names {
    fn resolve(&self, host: &str) -> Addresses {
        let (up, host) = (self.0.load(Ordering::SeqCst), host.to_owned());
        Box::pin(async move {
            if up {
                Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
            } else {
                Err(io::Error::other(format!("no network to look {host} up")))
            }
        })
    }
}

/// What the store keeps.
#[derive(Default)]
struct Kept {
    feeds: HashMap<String, FeedState>,
    captures: HashMap<String, usize>,
    reports: Vec<PollReport>,
}

/// A daemon's polling, running.
struct Running {
    fetcher: Arc<Fetcher>,
    list: mpsc::Sender<List>,
    stop: CancellationToken,
    polling: JoinHandle<()>,
    storing: Vec<JoinHandle<()>>,
}

pub(crate) struct World {
    pub(crate) witness: Witness,
    clock: HandClock,
    options: FetchOptions,
    network: Arc<AtomicBool>,
    kept: Arc<Mutex<Kept>>,
    running: Option<Running>,
    /// Lets the blocking task end.
    _held: std::sync::mpsc::SyncSender<()>,
}

pub(crate) fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

pub(crate) fn hours(count: u64) -> Duration {
    Duration::from_hours(count)
}

impl World {
    /// A world with the default schedule, on a Monday at ten o'clock in Paris. Nothing runs yet.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut FetchOptions)) -> Self {
        let (held, holding) = std::sync::mpsc::sync_channel::<()>(0);
        drop(tokio::task::spawn_blocking(move || holding.recv().is_err()));
        let clock = HandClock::at("2026-02-02T09:00:00Z".parse().unwrap());
        let mut options = FetchOptions {
            user_agent: "depeche/0.1 (+https://example.org/robot)".to_owned(),
            allow_private_addresses: true,
            ..FetchOptions::default()
        };
        change(&mut options);
        Self {
            witness: Witness::start(&clock),
            clock,
            options,
            network: Arc::new(AtomicBool::new(true)),
            kept: Arc::default(),
            running: None,
            _held: held,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        self.witness.url("presse.test", path)
    }

    /// Starts polling these feeds, with what was kept of them.
    pub(crate) fn start(&mut self, urls: &[String]) {
        let clock = self.clock.clone();
        let fetcher = Fetcher::with_resolver(
            self.options.clone(),
            Arc::new(move || clock.now()),
            Arc::new(Names(Arc::clone(&self.network))),
        );
        let fetcher = Arc::new(fetcher.unwrap().with_seed(7));
        let (outlet, mut inlet) = mpsc::channel::<Intake>(1);
        let (reports, mut told) = mpsc::channel::<PollReport>(1);
        let (list, feeds) = lists(self.list(urls));
        let stop = CancellationToken::new();
        let kept = Arc::clone(&self.kept);
        let journal = tokio::spawn(async move {
            while let Some(Intake { capture, receipt }) = inlet.recv().await {
                let Payload::Http(answer) = &capture.payload else {
                    continue;
                };
                {
                    let mut kept = kept.lock().unwrap();
                    *kept.captures.entry(capture.uri.clone()).or_default() += 1;
                    if answer.body.starts_with(b"<rss") {
                        kept.feeds.entry(capture.uri.clone()).or_default().validators =
                            Validators::of(answer);
                    }
                }
                let position = Position {
                    ordinal: 1,
                    segment: 1,
                    offset: 0,
                    length: 0,
                };
                if let Some(receipt) = receipt {
                    receipt.send(position).unwrap();
                }
            }
        });
        let kept = Arc::clone(&self.kept);
        let store = tokio::spawn(async move {
            while let Some(report) = told.recv().await {
                let mut kept = kept.lock().unwrap();
                let feed = kept.feeds.entry(report.feed_url.clone()).or_default();
                feed.next_due = report.next_due;
                if let Some(memory) = &report.memory {
                    feed.memory = memory.clone().into_boxed_slice();
                }
                if let PollOutcome::NotModified { validators } | PollOutcome::Repeated { validators, .. } =
                    &report.outcome
                {
                    feed.validators = validators.clone();
                }
                kept.reports.push(report);
            }
        });
        let (shared, stopped) = (Arc::clone(&fetcher), stop.clone());
        let polling = tokio::spawn(async move {
            poll(shared, feeds, outlet, reports, Mode::Forever, stopped).await;
        });
        self.running = Some(Running {
            fetcher,
            list,
            stop,
            polling,
            storing: vec![journal, store],
        });
    }

    fn list(&self, urls: &[String]) -> List {
        let kept = self.kept.lock().unwrap();
        urls.iter()
            .map(|url| {
                let target = FeedTarget {
                    url: url.clone(),
                    name: None,
                    page: PagePolicy::Never,
                    timezone: None,
                    tags: Vec::new(),
                };
                (target, kept.feeds.get(url).cloned().unwrap_or_default())
            })
            .collect()
    }

    /// Changes what is polled.
    pub(crate) async fn change_list(&self, urls: &[String]) {
        let list = self.list(urls);
        self.running.as_ref().unwrap().list.send(list).await.unwrap();
        self.settle().await;
    }

    /// Ends polling as SIGTERM does.
    pub(crate) async fn stop(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.cancel();
        running.polling.await.unwrap();
        for storing in running.storing {
            storing.await.unwrap();
        }
    }

    /// Ends polling as SIGKILL does: nothing more is written.
    pub(crate) async fn kill(&mut self) {
        let running = self.running.take().unwrap();
        for task in running.storing.into_iter().chain([running.polling]) {
            task.abort();
            drop(task.await);
        }
    }

    /// Lets time go on, in steps.
    pub(crate) async fn pass(&self, span: Duration, step: Duration) {
        let mut left = span;
        self.settle().await;
        while !left.is_zero() {
            let now = left.min(step);
            self.clock.forward(now);
            tokio::time::advance(now).await;
            self.settle().await;
            left -= now;
        }
    }

    /// Waits until all that was begun is done.
    async fn settle(&self) {
        let mut quiet = 0;
        while quiet < 3 {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            let busy = self
                .running
                .as_ref()
                .is_some_and(|running| running.fetcher.in_flight() > 0);
            if busy {
                quiet = 0;
                // The server is on another thread, in real time.
                tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_micros(100)))
                    .await
                    .unwrap();
            } else {
                quiet += 1;
            }
        }
    }

    pub(crate) fn set_network(&self, up: bool) {
        self.network.store(up, Ordering::SeqCst);
    }

    pub(crate) fn captures(&self, url: &str) -> usize {
        self.kept
            .lock()
            .unwrap()
            .captures
            .get(url)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn next_due(&self, url: &str) -> Option<Timestamp> {
        self.kept.lock().unwrap().feeds.get(url)?.next_due
    }

    pub(crate) fn reports(&self) -> Vec<PollReport> {
        self.kept.lock().unwrap().reports.clone()
    }
}

/// A feed of items with these numbers.
pub(crate) fn rss(numbers: std::ops::Range<usize>, head: &str) -> String {
    use std::fmt::Write as _;
    let mut text = format!("<rss version=\"2.0\"><channel><title>Presse</title>{head}");
    for n in numbers.rev() {
        write!(
            text,
            "<item><guid>g{n}</guid><link>http://presse.test/{n}</link><title>Article {n}</title></item>"
        )
        .unwrap();
    }
    text.push_str("</channel></rss>");
    text
}

/// 200 with that feed.
pub(crate) fn feed(numbers: std::ops::Range<usize>) -> Reply {
    Reply::feed(rss(numbers, ""))
}
