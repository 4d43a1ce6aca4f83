//! Pages that entries ask for: an order in, the page's capture out, or a capture that tells why there is none.
//!
//! Every order is answered once, unless the fetching is stopped: an unanswered order stays owed in the store and
//! comes back at the next start. Orders of a slow host wait for its turns without holding up those of other hosts, nor
//! that host's feeds: in [`crate::politeness`] only a few of them stand before a feed. Orders for one address that are
//! under way together are answered with one request: several feeds of a site name the same article within minutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use depeche_journal::Intake;
use depeche_model::{Capture, CaptureKind, PageOrder, PagePolicy, Payload};
use tokio::sync::{OnceCell, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::counters::PageEnd;
use crate::error::ExchangeError;
use crate::exchange::{Ask, Exchanged, Wanted, backoff};
use crate::fetcher::Fetcher;
use crate::options::RobotsPolicy;
use crate::schedule;

/// Orders waiting for their hosts' turns. At a few kilobytes an order this is a few megabytes; one host's backlog may
/// hold up others only beyond it.
const MAX_OUTSTANDING: usize = 1024;

/// Tries before a page is given up.
const MAX_TRIES: u32 = 3;

/// The time an order waits in all for hosts that ask for quiet and between tries; longer, and the entry's own text is
/// worth more now than the page later.
const PATIENCE: Duration = Duration::from_mins(5);

/// How the orders were answered, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PagesSummary {
    /// Pages handed to the journal.
    pub fetched: u64,
    /// Failures handed to the journal.
    pub failed: u64,
    /// Orders taken and not answered: stopped, or the journal took no more. They stay owed.
    pub unanswered: u64,
}

/// Fetches ordered pages until `orders` closes and all are answered, `stop` is cancelled, or `outlet` closes.
pub async fn fetch_pages(
    fetcher: Arc<Fetcher>,
    mut orders: mpsc::Receiver<PageOrder>,
    outlet: mpsc::Sender<Intake>,
    stop: CancellationToken,
) -> PagesSummary {
    let mut summary = PagesSummary::default();
    let mut running: JoinSet<Option<bool>> = JoinSet::new();
    let flights = Arc::new(Flights::default());
    let mut open = true;
    while open || !running.is_empty() {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = outlet.closed() => break,
            Some(ended) = running.join_next() => match ended {
                Ok(Some(true)) => summary.fetched += 1,
                Ok(Some(false)) => summary.failed += 1,
                Ok(None) => summary.unanswered += 1,
                Err(error) => {
                    tracing::error!(%error, "fetching a page ended abnormally, it stays owed");
                    summary.unanswered += 1;
                }
            },
            order = orders.recv(), if open && running.len() < MAX_OUTSTANDING => match order {
                Some(order) => {
                    let (fetcher, outlet) = (Arc::clone(&fetcher), outlet.clone());
                    let flights = Arc::clone(&flights);
                    running.spawn(async move { answer(&fetcher, &flights, order, &outlet).await });
                }
                None => open = false,
            },
        }
    }
    summary.unanswered += running.len() as u64;
    running.shutdown().await;
    summary
}

/// The pages that are being fetched, by address. What was fetched is let go of when the last order has it.
#[derive(Default)]
struct Flights(Mutex<HashMap<String, Weak<Flight>>>);

type Flight = OnceCell<Result<Exchanged, String>>;

impl Flights {
    /// The fetching of `uri`: the one under way, or a new one.
    fn of(&self, uri: &str) -> Arc<Flight> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if flights.len() > MAX_OUTSTANDING {
            flights.retain(|_, flight| flight.strong_count() > 0);
        }
        let known = flights.get(uri).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let flight = Arc::default();
            flights.insert(uri.to_owned(), Arc::downgrade(&flight));
            flight
        })
    }
}

/// Answers one order: whether with a page. `None` when the journal's channel is closed.
async fn answer(
    fetcher: &Fetcher,
    flights: &Flights,
    order: PageOrder,
    outlet: &mpsc::Sender<Intake>,
) -> Option<bool> {
    let uri = order.entry.link.clone().unwrap_or_default();
    let flight = flights.of(&uri);
    let mut end = PageEnd::Shared;
    let fetched = flight
        .get_or_init(|| {
            end = PageEnd::Fetched;
            fetch(fetcher, &uri)
        })
        .await;
    let (payload, final_uri) = match fetched {
        Ok(exchanged) => (
            Payload::Http(exchanged.answer.clone()),
            exchanged.final_uri.clone(),
        ),
        Err(error) => {
            tracing::warn!(page = uri, feed = order.feed_url, error, "page not fetched");
            end = PageEnd::Failed;
            (Payload::Failure { error: error.clone() }, None)
        }
    };
    fetcher.tally.page(end);
    let is_page = matches!(payload, Payload::Http(_));
    let capture = Capture {
        kind: CaptureKind::Page,
        uri,
        final_uri,
        captured_at: fetcher.clock.now(),
        source: order.source.clone(),
        page_policy: PagePolicy::Never,
        timezone: fetcher.timezone(&order.feed_url),
        order: Some(Box::new(order)),
        payload,
    };
    outlet.send(capture.into()).await.ok()?;
    // With the last order's share of the page its place among the requests in flight goes too.
    drop(flight);
    Some(is_page)
}

/// Fetches a page, trying again where that may help; the error is for people.
async fn fetch(fetcher: &Fetcher, uri: &str) -> Result<Exchanged, String> {
    if uri.is_empty() {
        return Err("the entry has no link".to_owned());
    }
    let ask = Ask {
        url: uri,
        wanted: Wanted::Page,
        validators: None,
        needs_leave: fetcher.options.robots != RobotsPolicy::Never,
    };
    let mut tries = 0;
    let mut waited = Duration::ZERO;
    loop {
        let (error, wait) = match fetcher.get(&ask).await {
            Ok(exchanged) => {
                let status = exchanged.answer.status;
                match status {
                    200 | 203 => {
                        let page = readable(exchanged)?;
                        if !page.truncated {
                            return Ok(page);
                        }
                        // Half a page taken as whole would become the article, and its other half a revision.
                        tries += 1;
                        let bytes = page.answer.body.len();
                        (
                            format!("the page broke off or is damaged after {bytes} bytes"),
                            None,
                        )
                    }
                    429 | 500..=599 => {
                        tries += 1;
                        let asked = exchanged.retry_after;
                        (format!("the server answered {status}"), asked)
                    }
                    _ => return Err(format!("the server answered {status}")),
                }
            }
            // Not asked, so not a try.
            Err(ref error @ ExchangeError::Quiet { until, .. }) => {
                let wait = schedule::until(until, fetcher.clock.now());
                (error.to_string(), Some(wait))
            }
            Err(error) if error.is_passing() => {
                tries += 1;
                (error.to_string(), None)
            }
            Err(error) => return Err(error.to_string()),
        };
        // At least a moment, so that a clock that stands still ends in the limit below.
        let wait = wait
            .unwrap_or_else(|| backoff(fetcher.options.per_host_interval, tries))
            .max(Duration::from_millis(1));
        waited += wait;
        if tries >= MAX_TRIES || waited > PATIENCE {
            return Err(match tries {
                0 | 1 => error,
                _ => format!("{error} ({tries} tries)"),
            });
        }
        tokio::time::sleep(wait).await;
    }
}

/// Refuses what is labelled as no text: a link to a film or a PDF is no article, and its bytes would fill the journal.
fn readable(exchanged: Exchanged) -> Result<Exchanged, String> {
    let label = exchanged.answer.header("content-type").unwrap_or_default();
    let label = label
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let kind = label.split('/').next().unwrap_or_default();
    if matches!(kind, "audio" | "video" | "image" | "font")
        || matches!(label.as_str(), "application/pdf" | "application/zip")
    {
        return Err(format!("the link leads to `{label}`, not to a page"));
    }
    Ok(exchanged)
}
