//! What every test needs: a fetcher that may ask loopback, and a journal that keeps what it is handed.

use std::sync::Arc;
use std::time::Duration;

use depeche_fetcher::{
    FeedState, FeedTarget, FetchOptions, Fetcher, Mode, PollSummary, RobotsPolicy, fetch_pages, poll,
};
use depeche_journal::Intake;
use depeche_model::{
    Capture, Entry, HttpAnswer, PageOrder, PagePolicy, Payload, PollReport, Position, SystemClock,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Asks loopback, without spacing, for a short time.
pub(crate) fn options() -> FetchOptions {
    FetchOptions {
        per_host_interval: Duration::ZERO,
        timeout: Duration::from_secs(20),
        robots: RobotsPolicy::Never,
        allow_private_addresses: true,
        ..FetchOptions::default()
    }
}

pub(crate) fn fetcher(options: FetchOptions) -> Arc<Fetcher> {
    Arc::new(Fetcher::new(options, Arc::new(SystemClock)).unwrap())
}

pub(crate) fn feed(url: &str) -> (FeedTarget, FeedState) {
    let target = FeedTarget {
        url: url.to_owned(),
        name: Some("Gazette".to_owned()),
        page: PagePolicy::Auto,
        timezone: None,
        tags: Vec::new(),
    };
    (target, FeedState::default())
}

/// What is polled.
pub(crate) type List = Vec<(FeedTarget, FeedState)>;

/// A list of feeds, and the way to send another one.
pub(crate) fn lists(feeds: List) -> (mpsc::Sender<List>, mpsc::Receiver<List>) {
    let (list, lists) = mpsc::channel(1);
    list.try_send(feeds).unwrap();
    (list, lists)
}

/// A journal that keeps captures in memory and gives receipts.
pub(crate) fn journal() -> (mpsc::Sender<Intake>, JoinHandle<Vec<Capture>>) {
    let (outlet, mut inlet) = mpsc::channel::<Intake>(1);
    let kept = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Some(intake) = inlet.recv().await {
            kept.push(intake.capture);
            if let Some(receipt) = intake.receipt {
                let position = Position {
                    ordinal: kept.len() as u64,
                    segment: 1,
                    offset: 0,
                    length: 0,
                };
                // Whoever does not wait for it any more needs none.
                receipt.send(position).ok();
            }
        }
        kept
    });
    (outlet, kept)
}

/// What a round of polls gave.
pub(crate) struct Round {
    pub(crate) captures: Vec<Capture>,
    pub(crate) reports: Vec<PollReport>,
    pub(crate) summary: PollSummary,
}

impl Round {
    /// The only report's failure message.
    pub(crate) fn error(&self) -> String {
        match &self.reports.as_slice() {
            [report] => match &report.outcome {
                depeche_model::PollOutcome::Failed { error, .. } => error.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

/// Polls every feed once.
pub(crate) async fn poll_once(fetcher: &Arc<Fetcher>, feeds: Vec<(FeedTarget, FeedState)>) -> Round {
    let (outlet, kept) = journal();
    let (reports, mut inlet) = mpsc::channel(64);
    let told = tokio::spawn(async move {
        let mut told = Vec::new();
        while let Some(report) = inlet.recv().await {
            told.push(report);
        }
        told
    });
    let (_list, feeds) = lists(feeds);
    let stop = CancellationToken::new();
    let summary = poll(Arc::clone(fetcher), feeds, outlet, reports, Mode::Once, stop).await;
    Round {
        captures: kept.await.unwrap(),
        reports: told.await.unwrap(),
        summary,
    }
}

/// Polls one address once.
pub(crate) async fn poll_one(options: FetchOptions, url: &str) -> Round {
    poll_once(&fetcher(options), vec![feed(url)]).await
}

pub(crate) fn order(link: &str) -> PageOrder {
    PageOrder {
        source: "Gazette".to_owned(),
        feed_url: "http://gazette.example/rss".to_owned(),
        entry: Entry {
            link: Some(link.to_owned()),
            title: Some("Titre".to_owned()),
            ..Entry::default()
        },
        published: None,
        warnings: Vec::new(),
    }
}

/// Fetches the pages of these orders; captures come in order of arrival.
pub(crate) async fn pages(fetcher: &Arc<Fetcher>, orders: Vec<PageOrder>) -> Vec<Capture> {
    let (outlet, kept) = journal();
    let (sender, inlet) = mpsc::channel(orders.len().max(1));
    for order in orders {
        sender.send(order).await.unwrap();
    }
    drop(sender);
    fetch_pages(Arc::clone(fetcher), inlet, outlet, CancellationToken::new()).await;
    kept.await.unwrap()
}

/// The capture's answer.
pub(crate) fn answer(capture: &Capture) -> &HttpAnswer {
    match &capture.payload {
        Payload::Http(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// The capture's reason for having none.
pub(crate) fn failure(capture: &Capture) -> &str {
    match &capture.payload {
        Payload::Failure { error } => error,
        other => panic!("{other:?}"),
    }
}
