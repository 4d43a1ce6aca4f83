//! What the daemon says of itself over HTTP: whether it lives, whether it is ready, and its counters.
//!
//! | path | answers |
//! |---|---|
//! | `/healthz` | 200 while the process serves |
//! | `/readyz` | 200 once what an earlier run owed is committed and the store takes more; 503 before and after |
//! | `/metrics` | counters since the start, in the text format of Prometheus |

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use depeche_journal::Ledger;
use depeche_model::Verdict;
use depeche_store::Progress;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::pipeline::Pipeline;

/// What the answers are made of.
#[derive(Clone)]
struct Watched {
    ledger: Ledger,
    progress: watch::Receiver<Progress>,
}

/// Listens on `address` and serves until `stop`.
pub(crate) async fn serve(
    address: SocketAddr,
    pipeline: &Pipeline,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("http.listen: cannot listen on {address}; choose another, or \"\" for none")
    })?;
    tracing::info!(address = %listener.local_addr()?, "serving /healthz, /readyz and /metrics");
    let watched = Watched {
        ledger: pipeline.ledger.clone(),
        progress: pipeline.progress.clone(),
    };
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(watched);
    tokio::spawn(async move {
        let served = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "serving HTTP ended");
        }
    });
    Ok(())
}

async fn ready(State(watched): State<Watched>) -> impl IntoResponse {
    if !watched.ledger.is_caught_up() {
        return (StatusCode::SERVICE_UNAVAILABLE, "catching up with the journal\n");
    }
    // The sender goes with the store stage.
    match watched.progress.has_changed() {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store takes nothing any more\n",
        ),
    }
}

async fn metrics(State(watched): State<Watched>) -> impl IntoResponse {
    let text = exposition(&watched.progress.borrow(), watched.ledger.pending());
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
}

/// The counters in the text format of Prometheus 0.0.4.
fn exposition(progress: &Progress, pending: usize) -> String {
    let tally = &progress.tally;
    let mut families: Vec<String> = Vec::new();
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(String, u64)]| {
        families.push(format!(
            "# HELP depeche_{name} {help}\n# TYPE depeche_{name} {kind}\n"
        ));
        families.extend(
            samples
                .iter()
                .map(|(labels, value)| format!("depeche_{name}{labels} {value}\n")),
        );
    };
    let one = |value: u64| [(String::new(), value)];
    family(
        "captures_total",
        "counter",
        "Captures committed.",
        &one(tally.captures),
    );
    let verdicts: Vec<_> = Verdict::ALL
        .iter()
        .map(|verdict| {
            let count = tally.verdicts.get(verdict).copied().unwrap_or(0);
            (format!("{{verdict=\"{}\"}}", verdict.as_str()), count)
        })
        .collect();
    family(
        "articles_total",
        "counter",
        "Articles stored, by verdict.",
        &verdicts,
    );
    let rejected: Vec<_> = tally
        .rejected
        .iter()
        .map(|(reason, count)| (format!("{{reason=\"{reason}\"}}"), *count))
        .collect();
    family(
        "rejected_total",
        "counter",
        "Items rejected, by reason.",
        &rejected,
    );
    family(
        "sightings_total",
        "counter",
        "Further places of known articles.",
        &one(tally.sightings),
    );
    family(
        "unchanged_total",
        "counter",
        "Items met again without anything new.",
        &one(tally.unchanged),
    );
    family(
        "pages_ordered_total",
        "counter",
        "Pages ordered.",
        &one(tally.pages_owed),
    );
    family(
        "deliveries_pending",
        "gauge",
        "Captures journaled and not yet settled.",
        &one(pending as u64),
    );
    families.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_in_the_text_format() {
        let mut progress = Progress::default();
        progress.tally.captures = 3;
        progress.tally.verdicts.insert(Verdict::Near, 2);
        progress.tally.rejected.insert("language".to_owned(), 1);
        let text = exposition(&progress, 4);
        for line in [
            "# TYPE depeche_captures_total counter\ndepeche_captures_total 3\n",
            "depeche_articles_total{verdict=\"near\"} 2\n",
            "# TYPE depeche_rejected_total counter\ndepeche_rejected_total{reason=\"language\"} 1\n",
            "# TYPE depeche_deliveries_pending gauge\ndepeche_deliveries_pending 4\n",
        ] {
            assert!(text.contains(line), "{line}\nis not in\n{text}");
        }
    }
}
