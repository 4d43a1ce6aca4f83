//! What the daemon says of itself over HTTP: whether it lives, whether it is ready, and its counters.
//!
//! | path | answers |
//! |---|---|
//! | `/healthz` | 200 while the process serves |
//! | `/readyz` | 200 once what an earlier run owed is committed and the store takes more; 503 otherwise, saying why |
//! | `/metrics` | counters since the start, in the text format of Prometheus |
//! | `/api/v1/stats` | what the store holds, as JSON |
//! | `/api/v1/feeds` | the feeds with their state; `/explain?url=` and `/log?url=` below it tell of one; `format=` as `--format` |
//! | `/api/v1/backup` | the data folder as one file; `?journal=false` leaves the journal out |
//! | `/websub/<token>` | hubs, where `websub.enabled` |
//!
//! A request must name an address or `localhost` as its host: a page in somebody's browser that had its own name resolve
//! to this machine (DNS rebinding) names its own. Hubs alone come under a public name.

mod backup;
mod feeds;
mod metrics;
mod websub;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use depeche_deduplicator::Held;
use depeche_disk::NoRoom;
use depeche_fetcher::Fetcher;
use depeche_fetcher::websub::Subscriptions;
use depeche_journal::Ledger;
use depeche_model::Clock;
use depeche_store::{Progress, Reader};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::daemon;
use crate::output::stats;
use crate::pipeline::{Deciding, Pipeline};

/// What the answers are made of.
#[derive(Clone)]
struct Watched {
    ledger: Ledger,
    reader: Reader,
    journal_dir: Arc<Path>,
    progress: watch::Receiver<Progress>,
    deciding: watch::Receiver<Deciding>,
    missing: watch::Receiver<Option<NoRoom>>,
    fetcher: Arc<Fetcher>,
    subscriptions: Option<Arc<Subscriptions>>,
}

/// Listens on `address` and serves until `stop`; the address stands in the data folder meanwhile. `running` is the
/// configuration as it changes.
pub(crate) async fn serve(
    address: SocketAddr,
    running: watch::Receiver<Config>,
    clock: &Arc<dyn Clock>,
    pipeline: &Pipeline,
    fetcher: Arc<Fetcher>,
    subscriptions: Option<Arc<Subscriptions>>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let config = running.borrow().clone();
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("http.listen: cannot listen on {address}; choose another, or \"\" for none")
    })?;
    let address = listener.local_addr()?;
    let announced = daemon::announce(&config.data_dir, address)?;
    tracing::info!(%address, "serving /healthz, /readyz, /metrics and /api/v1");
    let watched = Watched {
        ledger: pipeline.ledger.clone(),
        reader: pipeline.reader.clone(),
        journal_dir: config.journal_dir().into(),
        progress: pipeline.progress.clone(),
        deciding: pipeline.deciding.clone(),
        missing: pipeline.room.missing(),
        fetcher,
        subscriptions: subscriptions.clone(),
    };
    let hubs = subscriptions.map_or_else(Router::new, |subscriptions| {
        websub::routes(websub::Desk {
            subscriptions,
            intake: pipeline.intake.downgrade(),
            missing: pipeline.room.missing(),
            max_body_bytes: config.fetch.max_body.0,
            places: websub::Desk::places(),
            stop: stop.clone(),
        })
    });
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(counters))
        .route("/api/v1/stats", get(counts))
        .with_state(watched)
        .merge(
            Router::new()
                .route("/api/v1/backup", get(backup::backup))
                .with_state(backup::Source {
                    config: Arc::new(config),
                    clock: Arc::clone(clock),
                    ledger: pipeline.ledger.clone(),
                    still: pipeline.still.clone(),
                    stop: stop.clone(),
                }),
        )
        .merge(
            Router::new()
                .route("/api/v1/feeds", get(feeds::list))
                .route("/api/v1/feeds/explain", get(feeds::explain))
                .route("/api/v1/feeds/log", get(feeds::log))
                .with_state(feeds::Source {
                    config: running,
                    reader: pipeline.reader.clone(),
                    stop: stop.clone(),
                }),
        )
        .layer(from_fn(check_host))
        // Behind the layer, which does not hold for it.
        .merge(hubs);
    tokio::spawn(async move {
        let served = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "serving HTTP ended");
        }
        drop(announced);
    });
    Ok(())
}

/// Lets pass what was asked of an address or of `localhost`.
async fn check_host(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let is_address = host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok();
    if is_address || host.split(':').next() == Some("localhost") {
        next.run(request).await
    } else {
        (
            StatusCode::MISDIRECTED_REQUEST,
            "ask by address, or as localhost\n",
        )
            .into_response()
    }
}

async fn ready(State(watched): State<Watched>) -> impl IntoResponse {
    let missing = watched.missing.borrow().as_ref().map(ToString::to_string);
    if let Some(missing) = missing {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("waiting for room: {missing}\n"),
        );
    }
    if !watched.ledger.is_caught_up() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "catching up with the journal\n".to_owned(),
        );
    }
    // The sender goes with the store stage.
    match watched.progress.has_changed() {
        Ok(_) => (StatusCode::OK, "ready\n".to_owned()),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store takes nothing any more\n".to_owned(),
        ),
    }
}

async fn counters(State(watched): State<Watched>) -> impl IntoResponse {
    let is_short = watched.missing.borrow().is_some();
    let text = metrics::exposition(
        &watched.progress.borrow(),
        watched.ledger.pending(),
        is_short,
        &watched.fetcher.counters(),
        watched
            .subscriptions
            .as_ref()
            .map(|subscriptions| subscriptions.counts()),
        &watched.deciding.borrow(),
    );
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
}

/// What the store holds, and what the daemon waits for.
async fn counts(State(watched): State<Watched>) -> Response {
    let (reader, journal_dir) = (watched.reader.clone(), watched.journal_dir.clone());
    let counted = tokio::task::spawn_blocking(move || stats(&reader, &journal_dir)).await;
    let mut counts = match counted.map_err(anyhow::Error::from).flatten() {
        Ok(counts) => counts,
        Err(error) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response();
        }
    };
    let missing = watched.missing.borrow().as_ref().map(ToString::to_string);
    let parts = watched.deciding.borrow().holds.parts();
    let of_each = |number: fn(&Held) -> usize| {
        let parts = parts.map(|(part, held)| (part.to_owned(), json!(number(&held))));
        json!(serde_json::Map::from_iter(parts))
    };
    counts.insert("index_entries".to_owned(), of_each(|held| held.count));
    counts.insert("index_bytes".to_owned(), of_each(|held| held.bytes));
    counts.insert("deliveries_pending".to_owned(), json!(watched.ledger.pending()));
    counts.insert("waiting_for_room".to_owned(), json!(missing));
    (
        [(header::CONTENT_TYPE, "application/json")],
        serde_json::Value::Object(counts).to_string(),
    )
        .into_response()
}
