//! WebSub, the subscriber's side: feeds whose publisher names a hub are delivered instead of being polled often.
//!
//! In flow what answers say of hubs ([`Subscriptions::heard`]), what hubs ask and deliver on the callback
//! ([`Subscriptions::verify`], [`Subscriptions::receive`]), and what polls find all the same
//! ([`Subscriptions::observe_poll`]). Out flow requests to hubs, under the fetcher's own rules, and captures into the
//! journal's channel.
//!
//! Promised: only what was asked for is confirmed; only what is signed with a secret that its hub alone was told
//! becomes a capture; a hub is answered well only when the capture is durable; polling goes on as a check, and a
//! hub that misses what polls find is dropped. No poll ever waits for a hub.
//!
//! *Deliberately absent:* a second hub beside the first (what it delivers would be the same), unsigned subscriptions.
//!
//! Source: WebSub (W3C Recommendation, 23 January 2018); PubSubHubbub 0.4, whose hubs differ in nothing that matters
//! here.

mod counts;
mod delivery;
mod lines;
mod links;
mod request;
mod signature;
mod subscription;
mod subscriptions;
mod verification;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::fetcher::Fetcher;
use crate::schedule;
use request::{HubRequest, RequestError};

pub use counts::HubCounts;
pub use delivery::{Post, Received};
pub use signature::{Keys, SECRET_BYTES};
pub use subscription::{Action, Event, HubState, Intent, PollFound};
pub use subscriptions::{Admission, FoundItem, Subscriptions, Told};

/// Hubs asked at the same time. Subscribing is never urgent, and feeds come before it.
const HUBS_ASKED: usize = 16;

/// The longest sleep between two looks at the clock; see `poll`.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// Sends hubs what is due until `stop`.
pub async fn keep_subscribed(
    fetcher: Arc<Fetcher>,
    subscriptions: Arc<Subscriptions>,
    stop: CancellationToken,
) {
    let mut asking = JoinSet::new();
    loop {
        let mut wait = LONGEST_SLEEP;
        while asking.len() < HUBS_ASKED {
            match subscriptions.next_request() {
                Ok(request) => {
                    let fetcher = Arc::clone(&fetcher);
                    let mut sending = Sending::new(Arc::clone(&subscriptions), request);
                    asking.spawn(async move {
                        let result = fetcher.ask_hub(&sending.request).await;
                        sending.end(result);
                    });
                }
                Err(next) => {
                    let until = |at| schedule::until(at, subscriptions.clock.now());
                    wait = next.map_or(LONGEST_SLEEP, until).min(LONGEST_SLEEP);
                    break;
                }
            }
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = asking.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "asking a hub ended abnormally");
            },
            () = subscriptions.changed.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    asking.shutdown().await;
}

/// A request being sent. However that ends, its hub can be asked again.
struct Sending {
    subscriptions: Arc<Subscriptions>,
    request: HubRequest,
    is_over: bool,
}

impl Sending {
    fn new(subscriptions: Arc<Subscriptions>, request: HubRequest) -> Self {
        Self {
            subscriptions,
            request,
            is_over: false,
        }
    }

    fn end(&mut self, result: Result<(), RequestError>) {
        self.is_over = true;
        self.subscriptions.sent(&self.request, result);
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if !self.is_over {
            self.end(Err(RequestError::BrokenOff));
        }
    }
}
