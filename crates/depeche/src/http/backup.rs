//! `GET /api/v1/backup`: the data folder as one file, while the daemon goes on.
//!
//! The rows are one moment's only if nothing is committed while they are read. So the writer of the store is asked to hold
//! still between two commits, until the rows are through; the journal's segments follow while it is at work again.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use depeche_model::Clock;
use depeche_store::{StillWork, Store, write_backup};
use futures_util::stream::poll_fn;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::commands::backup::{contents, segments};
use crate::config::Config;

/// Pieces on their way to the client.
const PIECES: usize = 16;

/// A client that takes nothing for this long is given up: the store waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a backup is made from.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) config: Arc<Config>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) still: mpsc::Sender<StillWork>,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// Whether the journal goes into it.
    #[serde(default = "yes")]
    journal: bool,
}

fn yes() -> bool {
    true
}

pub(super) async fn backup(State(source): State<Source>, Query(wanted): Query<Wanted>) -> Response {
    let (holds, held) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let hold_still: StillWork = Box::new(move |store| {
        // Whoever wanted the backup may be gone; then there is nothing to wait for.
        if holds.send(store.clone()).is_ok() {
            drop(released.blocking_recv());
        }
    });
    if source.still.send(hold_still).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the daemon is ending\n").into_response();
    }
    let Ok(store) = held.await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the daemon is ending\n").into_response();
    };
    let (pieces, mut arriving) = mpsc::channel(PIECES);
    let to_client = Pieces {
        runtime: Handle::current(),
        pieces: pieces.clone(),
    };
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(&source, &store, wanted.journal, to_client, release) {
            tracing::error!(error = format!("{error:#}"), "a backup broke off");
            // The client sees that its answer broke off; that nobody listens any more is no news.
            drop(pieces.try_send(Err(io::Error::other("the backup broke off"))));
        }
    });
    (
        [(header::CONTENT_TYPE, "application/x-tar")],
        Body::from_stream(poll_fn(move |context| arriving.poll_recv(context))),
    )
        .into_response()
}

/// Writes the backup; the store's writer is released when the rows are through, or it breaks off.
fn write(
    source: &Source,
    store: &Store,
    with_journal: bool,
    mut out: Pieces,
    release: oneshot::Sender<()>,
) -> anyhow::Result<()> {
    let journal = with_journal
        .then(|| segments(&source.config.journal_dir(), None))
        .transpose()?;
    let contents = contents(&source.config, source.clock.as_ref(), store, journal)?;
    write_backup(&mut out, contents, || {
        if release.send(()).is_err() {
            tracing::debug!("the writer of the store has ended meanwhile");
        }
    })
    .context("cannot write the backup")?;
    Ok(())
}

/// A writer whose bytes go to the client, piece by piece.
struct Pieces {
    runtime: Handle,
    pieces: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.pieces.send(Ok(Bytes::copy_from_slice(bytes)));
        match self.runtime.block_on(timeout(PATIENCE, sent)) {
            Ok(Ok(())) => Ok(bytes.len()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the client is gone")),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client takes nothing",
            )),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
