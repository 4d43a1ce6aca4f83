//! `depeche run`: poll the feeds, for ever or once.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use anyhow::bail;
use depeche_disk::OnFull;
use depeche_fetcher::schedule::Rule;
use depeche_fetcher::websub::keep_subscribed;
use depeche_fetcher::{FeedMemory, Fetcher, Mode, PagesSummary, fetch_pages, poll};
use depeche_model::{Clock, PollOutcome, PollReport};
use depeche_store::Reader;
use indicatif::ProgressBar;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::reload::Reload;
use super::replay::{caught_up, take_in};
use super::shutdown;
use super::summary::Summary;
use crate::cli::Speed;
use crate::config::{Config, Layers};
use crate::exit::Exit;
use crate::feeds::{Subscription, subscriptions, with_state};
use crate::http;
use crate::pipeline::{Pipeline, order_pages};
use crate::runtime::block_on;
use crate::websub;

/// Orders handed out ahead of the fetcher.
const ORDERS: usize = 64;

pub(super) fn run(
    config: &Config,
    layers: &Layers,
    clock: &Arc<dyn Clock>,
    once: bool,
    quiet: bool,
) -> anyhow::Result<Exit> {
    let (feeds, problems) = subscriptions(config);
    for problem in &problems {
        eprintln!("warning: {problem}");
    }
    if feeds.is_empty() && config.replay.paths.is_empty() {
        if once {
            bail!("there are no feeds to poll: `depeche feeds add URL`, or [[feed]] in the configuration");
        }
        tracing::warn!("there are no feeds yet: `depeche feeds add URL`, or [[feed]] in the configuration");
    }
    block_on(async {
        let stop = shutdown::token()?;
        // From now on, so that a signal during a long start is heeded after it.
        let reload = if once {
            None
        } else {
            Some(Reload::listen(layers, config)?)
        };
        let fetcher = Fetcher::new(config.fetch_options(), Arc::clone(clock))?;
        let on_full = if once { OnFull::End } else { OnFull::Wait };
        let pipeline = Pipeline::start(config, &config.store_dir(), clock, on_full, &stop)?;
        let mut fetcher = fetcher.pause_while(short_of_room(&pipeline));
        let listen = config.listen().filter(|_| !once);
        let hubs = match listen {
            Some(_) => websub::subscriptions(config, clock)?,
            None => None,
        };
        if let Some(subscriptions) = &hubs {
            fetcher = fetcher.subscribe_with(Arc::clone(subscriptions));
        }
        let fetcher = Arc::new(fetcher);
        if let (Some(address), Some(reload)) = (listen, &reload) {
            let (asking, hubs) = (Arc::clone(&fetcher), hubs.clone());
            http::serve(
                address,
                reload.running(),
                clock,
                &pipeline,
                asking,
                hubs,
                stop.clone(),
            )
            .await?;
        }
        // Validators of captures that a crash left uncommitted must be in the store before the first poll.
        caught_up(&pipeline, &stop).await;
        let mut known = 0;
        let mut files = Files::default();
        if !config.replay.paths.is_empty() {
            let paths = config.replay.paths.clone();
            let bar = ProgressBar::hidden();
            let replayed = take_in(config, clock, &pipeline, paths, Speed::Max, bar, stop.clone()).await;
            for problem in &replayed.problems {
                eprintln!("error: {problem}");
            }
            known = replayed.known;
            files.failed = replayed.problems.len() as u64;
            files.taken = replayed.captures + replayed.known;
        }
        tracing::info!(feeds = feeds.len(), data = %config.data_dir.display(), "polling begins");
        let reader = pipeline.reader.clone();
        if let Some(subscriptions) = hubs {
            tokio::spawn(keep_subscribed(Arc::clone(&fetcher), subscriptions, stop.clone()));
        }
        let polled = poll_and_fetch(fetcher, &pipeline, &feeds, reload, stop).await;
        let progress = pipeline.finish().await?;
        let polled = polled?;
        if !once {
            return Ok(Exit::Done);
        }
        let Failures {
            feeds: failed_feeds,
            rejected,
        } = tell_failures(&reader, &feeds, &polled)?;
        tell_put_off(&reader, &polled.put_off)?;
        let put_off = polled.put_off.len() as u64;
        if !quiet {
            Summary {
                known,
                failed: files.failed + failed_feeds - rejected,
                put_off,
                tally: &progress.tally,
            }
            .print()?;
        }
        let unreachable = polled.unreachable;
        // Those that were left alone say nothing of how it went.
        let feeds = (feeds.len() as u64).saturating_sub(put_off);
        Ok(
            match (
                failed_feeds + files.failed,
                feeds.saturating_sub(failed_feeds) + files.taken,
            ) {
                (0, _) => Exit::Done,
                (_, 0) if files.failed == 0 && unreachable == feeds => Exit::Unreachable,
                (_, 0) => Exit::Failed,
                _ => Exit::Partly,
            },
        )
    })
}

/// Whether there is no room to keep what would be fetched.
fn short_of_room(pipeline: &Pipeline) -> watch::Receiver<bool> {
    let mut missing = pipeline.room.missing();
    let (short, watched) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            short.send_replace(missing.borrow_and_update().is_some());
            if missing.changed().await.is_err() {
                return;
            }
        }
    });
    watched
}

/// How the replayed files went.
#[derive(Default)]
struct Files {
    taken: u64,
    failed: u64,
}

/// How the polls of a single run went.
#[derive(Default)]
struct Polled {
    /// Feeds that reached no server.
    unreachable: u64,
    /// Feeds that were not asked, and until when.
    put_off: BTreeMap<String, Timestamp>,
    /// Feeds whose answer was handed to the journal: where it was refused, it is among what was rejected.
    fetched: HashSet<String>,
}

/// Hands reports on, and takes note of what a single run is to tell.
async fn hand_on(mut from: mpsc::Receiver<PollReport>, to: mpsc::Sender<PollReport>) -> Polled {
    let mut polled = Polled::default();
    while let Some(report) = from.recv().await {
        match &report.outcome {
            PollOutcome::PutOff { until } => {
                polled.put_off.insert(report.feed_url.clone(), *until);
            }
            PollOutcome::Fetched { .. } => {
                polled.fetched.insert(report.feed_url.clone());
            }
            _ => {}
        }
        // The store tells itself why it has ended.
        to.send(report).await.ok();
    }
    polled
}

/// Polls and fetches until all is done or `stop`: every feed once where nothing is reloaded; gives back how that went.
async fn poll_and_fetch(
    fetcher: Arc<Fetcher>,
    pipeline: &Pipeline,
    feeds: &[Subscription],
    reload: Option<Reload>,
    stop: CancellationToken,
) -> anyhow::Result<Polled> {
    let (list, lists) = mpsc::channel(1);
    let states = with_state(feeds, &pipeline.reader)?;
    fetcher.learn_timezones(&states);
    list.send(states).await?;
    let (orders, ordered) = mpsc::channel(ORDERS);
    let ordered_from = order_pages(pipeline.reader.clone(), pipeline.progress.clone(), orders);
    let mut ordering = tokio::spawn(async move {
        if let Err(error) = ordered_from.await {
            tracing::error!(%error, "owed pages cannot be read; they stay owed until the next start");
        }
    });
    let mut pages = tokio::spawn(fetch_pages(
        Arc::clone(&fetcher),
        ordered,
        pipeline.intake.clone(),
        stop.clone(),
    ));
    let mode = match &reload {
        Some(_) => Mode::Forever,
        None => Mode::Once,
    };
    let following = reload.map(|reload| {
        tokio::spawn(reload.follow(
            feeds.to_vec(),
            pipeline.reader.clone(),
            list,
            pipeline.aliases.clone(),
        ))
    });
    let (reports, handing_on) = match mode {
        Mode::Once => {
            let (reports, reported) = mpsc::channel(1);
            (
                reports,
                Some(tokio::spawn(hand_on(reported, pipeline.reports.clone()))),
            )
        }
        Mode::Forever => (pipeline.reports.clone(), None),
    };
    let polled = poll(
        fetcher,
        lists,
        pipeline.intake.clone(),
        reports,
        mode,
        stop.clone(),
    )
    .await;
    let mut seen = match handing_on {
        Some(handing_on) => handing_on.await?,
        None => Polled::default(),
    };
    seen.unreachable = polled.unreachable;
    let waited = match mode {
        Mode::Once => wait_for_pages(pipeline, &stop, &mut ordering, &mut pages).await,
        Mode::Forever => Ok(()),
    };
    if let Some(following) = following {
        following.abort();
    }
    ordering.abort();
    if waited.is_err() {
        pages.abort();
    }
    waited?;
    // With nobody left to order, the page fetcher ends what it has.
    let fetched = pages.await?;
    tracing::info!(
        polls = polled.fetched + polled.not_modified + polled.refused + polled.failed,
        pages = fetched.fetched,
        pages_failed = fetched.failed,
        put_off = polled.quiet,
        "polling ended"
    );
    Ok(seen)
}

/// Until no page is owed and nothing is on its way, or one of those who work on it has ended.
async fn wait_for_pages(
    pipeline: &Pipeline,
    stop: &CancellationToken,
    ordering: &mut JoinHandle<()>,
    pages: &mut JoinHandle<PagesSummary>,
) -> anyhow::Result<()> {
    let mut progress = pipeline.progress.clone();
    loop {
        progress.borrow_and_update();
        caught_up(pipeline, stop).await;
        let owed = pipeline.reader.owed_digests().next().transpose()?.is_some();
        if !owed || stop.is_cancelled() {
            return Ok(());
        }
        tokio::select! {
            changed = progress.changed() => if changed.is_err() { return Ok(()) },
            () = stop.cancelled() => return Ok(()),
            _ = &mut *ordering => bail!("ordering pages ended before all were fetched; they stay owed"),
            _ = &mut *pages => bail!("fetching pages ended before all were fetched; they stay owed"),
        }
    }
}

/// Feeds whose poll failed.
struct Failures {
    feeds: u64,
    /// Those of them whose answer was taken in and rejected: it is counted there.
    rejected: u64,
}

/// Names each feed whose poll failed, and counts them. What an earlier run says of a feed that was put off is no failure of
/// this one.
fn tell_failures(reader: &Reader, feeds: &[Subscription], polled: &Polled) -> anyhow::Result<Failures> {
    let mut failures = Failures {
        feeds: 0,
        rejected: 0,
    };
    for feed in feeds {
        let url = &feed.target.url;
        if polled.put_off.contains_key(url) {
            continue;
        }
        if let Some(error) = reader.feed(url)?.and_then(|row| row.error) {
            eprintln!("error: feed {url}: {error}");
            failures.feeds += 1;
            failures.rejected += u64::from(polled.fetched.contains(url));
        }
    }
    Ok(failures)
}

/// Lines told of feeds that were put off: enough to see which hosts they are at.
const PUT_OFF_LINES: usize = 10;

/// Names the feeds that were not asked.
fn tell_put_off(reader: &Reader, put_off: &BTreeMap<String, Timestamp>) -> anyhow::Result<()> {
    for (url, until) in put_off.iter().take(PUT_OFF_LINES) {
        let memory = reader
            .fetcher_memory(url)?
            .and_then(|memory| FeedMemory::open(&memory));
        let until = until.strftime("%Y-%m-%d %H:%M:%S UTC");
        match memory.map(|memory| memory.decision.rule) {
            Some(Rule::Gone) => {
                eprintln!("feed {url}: not asked, it is gone (410) and asked again after {until}");
            }
            Some(Rule::Unsettled) => {
                eprintln!("feed {url}: its answer could not be kept; due again at {until}");
            }
            _ => eprintln!("feed {url}: not asked, its host asked for quiet until {until}"),
        }
    }
    if put_off.len() > PUT_OFF_LINES {
        eprintln!("and {} more", put_off.len() - PUT_OFF_LINES);
    }
    Ok(())
}
