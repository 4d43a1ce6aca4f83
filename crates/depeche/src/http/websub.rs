//! `/websub/<token>`: where `WebSub` hubs ask whether a subscription was meant, and deliver.
//!
//! The one part of the server that strangers reach, under a public name and through a proxy. It answers only to tokens,
//! which nobody guesses, and says nothing of the daemon. A hub is told that a delivery was taken once it is durable, and
//! to come again when it cannot be: it keeps the delivery meanwhile.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use depeche_disk::NoRoom;
use depeche_fetcher::websub::{Admission, Post, Received, Subscriptions};
use depeche_journal::Intake;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Deliveries read at the same time: so many bodies of `fetch.max_body` are in memory at most.
const READ_AT_ONCE: usize = 8;

/// How long a body may take to arrive. Hubs send theirs at once.
const BODY_WITHIN: Duration = Duration::from_secs(20);

/// How long a hub is left waiting for the disk. Hubs in use give up after 5 to 30 seconds.
const DURABLE_WITHIN: Duration = Duration::from_secs(10);

/// When a hub is to come again, in seconds, where others are read, or the daemon is beginning or ending.
const AGAIN_SOON: &str = "30";

/// The same where there is no room: somebody has to make some.
const AGAIN_LATER: &str = "300";

/// What answering hubs takes.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) subscriptions: Arc<Subscriptions>,
    /// Weak, since the pipeline drains once nobody can send: a hub that dawdles must not keep it open.
    pub(super) intake: mpsc::WeakSender<Intake>,
    pub(super) missing: watch::Receiver<Option<NoRoom>>,
    pub(super) max_body_bytes: u64,
    pub(super) places: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
}

impl Desk {
    pub(super) fn places() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(READ_AT_ONCE))
    }
}

pub(super) fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/websub/{token}", get(verify).post(deliver))
        .with_state(desk)
}

/// A hub asks whether a request was meant.
async fn verify(State(desk): State<Desk>, Path(token): Path<String>, RawQuery(query): RawQuery) -> Response {
    if !desk.subscriptions.is_restored() {
        return again(StatusCode::SERVICE_UNAVAILABLE, AGAIN_SOON);
    }
    match desk.subscriptions.verify(&token, &query.unwrap_or_default()) {
        // A browser that is led here must not take a stranger's text for a page.
        Some(challenge) => (
            [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            challenge,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A hub delivers.
async fn deliver(
    State(desk): State<Desk>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !desk.subscriptions.is_restored() {
        return again(StatusCode::SERVICE_UNAVAILABLE, AGAIN_SOON);
    }
    match desk.subscriptions.admit(&token) {
        Admission::Welcome => {}
        Admission::TooMany => return again(StatusCode::TOO_MANY_REQUESTS, AGAIN_SOON),
        Admission::Unknown => return StatusCode::NOT_FOUND.into_response(),
    }
    if desk.missing.borrow().is_some() {
        return again(StatusCode::SERVICE_UNAVAILABLE, AGAIN_LATER);
    }
    let (Ok(_place), false) = (desk.places.try_acquire(), desk.stop.is_cancelled()) else {
        return again(StatusCode::SERVICE_UNAVAILABLE, AGAIN_SOON);
    };
    let limit = usize::try_from(desk.max_body_bytes).unwrap_or(usize::MAX);
    let body = match timeout(BODY_WITHIN, to_bytes(body, limit)).await {
        Ok(Ok(body)) => body,
        // Or the connection broke off, and then nobody reads this.
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let field = |name| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let post = Post {
        signatures: headers
            .get_all("x-hub-signature")
            .iter()
            .map(|value| value.as_bytes().to_vec())
            .collect(),
        content_type: field(header::CONTENT_TYPE),
        content_encoding: field(header::CONTENT_ENCODING),
        body,
    };
    let Some(intake) = desk.intake.upgrade() else {
        return again(StatusCode::SERVICE_UNAVAILABLE, AGAIN_SOON);
    };
    let received = desk
        .subscriptions
        .receive(&token, post, &intake, desk.max_body_bytes);
    let received = timeout(DURABLE_WITHIN, received);
    match desk.stop.run_until_cancelled(received).await {
        // Whoever forges learns nothing (WebSub §7.1).
        Some(Ok(Received::Kept | Received::Nothing | Received::Unsigned)) => {
            StatusCode::ACCEPTED.into_response()
        }
        Some(Ok(Received::Unknown)) => StatusCode::NOT_FOUND.into_response(),
        Some(Ok(Received::Unreadable(_))) => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            [(header::ACCEPT_ENCODING, "gzip, br, zstd, deflate")],
        )
            .into_response(),
        Some(Ok(Received::NotKept) | Err(_)) | None => again(StatusCode::SERVICE_UNAVAILABLE, AGAIN_SOON),
    }
}

fn again(status: StatusCode, after: &'static str) -> Response {
    (status, [(header::RETRY_AFTER, after)]).into_response()
}
