//! `GET /api/v1/backup`: the data folder as one file, while the daemon goes on.
//!
//! The rows are one moment's only if nothing is committed while they are read. So the writer of the store is asked to hold
//! still between two commits while they are copied to a file aside, which takes as long as the disk does, whoever the client
//! is; then the client gets them, and the journal's segments behind them, at its own pace.

use std::fs::File;
use std::io::{self, Seek as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use depeche_journal::Ledger;
use depeche_model::Clock;
use depeche_store::{StillWork, write_backup};
use futures_util::stream::poll_fn;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::backup::{DurableEnd, contents, segments};
use crate::config::Config;

/// Pieces on their way to the client.
pub(super) const PIECES: usize = 16;

/// A client that takes nothing for this long is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a backup is made from.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) config: Arc<Config>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ledger: Ledger,
    pub(super) still: mpsc::Sender<StillWork>,
    pub(super) stop: CancellationToken,
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
    let (pieces, mut arriving) = mpsc::channel(PIECES);
    let to_client = Pieces {
        runtime: Handle::current(),
        stop: source.stop.clone(),
        client: pieces.clone(),
    };
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(&source, wanted.journal, to_client) {
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

/// Writes the backup. The store's writer holds still from before the segments are opened until the rows are copied, or
/// this breaks off: so the journal goes at least as far as the rows.
fn write(source: &Source, with_journal: bool, to_client: Pieces) -> anyhow::Result<()> {
    let journal_dir = source.config.journal_dir();
    // Nothing was delivered since the start: then the journal is at rest, and may be read for its end.
    let end_at_rest = match source.ledger.last() {
        None if with_journal => Some(DurableEnd::find(&journal_dir)?),
        _ => None,
    };
    let (holds, held) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let hold_still: StillWork = Box::new(move |store| {
        // Whoever wanted the backup may be gone; then there is nothing to wait for.
        if holds.send(store.clone()).is_ok() {
            drop(released.blocking_recv());
        }
    });
    let ending = "the daemon is ending";
    source.still.blocking_send(hold_still).ok().context(ending)?;
    let store = held.blocking_recv().context(ending)?;
    let end = source.ledger.last().map(DurableEnd::from).or(end_at_rest);
    let journal = match (with_journal, end) {
        (true, Some(end)) => Some(segments(&journal_dir, end)?),
        _ => None,
    };
    let rows_are_aside = Arc::new(AtomicBool::new(false));
    let mut out = Aside {
        file: Some(unnamed_file(source)?),
        is_complete: Arc::clone(&rows_are_aside),
        to_client,
    };
    let contents = contents(&source.config, source.clock.as_ref(), &store, journal)?;
    write_backup(&mut out, contents, || {
        rows_are_aside.store(true, Ordering::Relaxed);
        if release.send(()).is_err() {
            tracing::debug!("the writer of the store has ended meanwhile");
        }
    })
    .context("cannot write the backup")?;
    Ok(())
}

/// A file of the data folder that is gone when it is closed.
fn unnamed_file(source: &Source) -> anyhow::Result<File> {
    let path = source.config.data_dir.join("backup.rows");
    let cannot = || format!("cannot write {}", path.display());
    let file = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(&path)
        .with_context(cannot)?;
    std::fs::remove_file(&path).with_context(cannot)?;
    Ok(file)
}

/// Writes to a file until that is complete, then sends it and what follows to the client.
struct Aside {
    file: Option<File>,
    is_complete: Arc<AtomicBool>,
    to_client: Pieces,
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.take_if(|_| self.is_complete.load(Ordering::Relaxed)) {
            Some(mut complete) => {
                complete.rewind()?;
                io::copy(&mut complete, &mut self.to_client)?;
            }
            None => {
                if let Some(file) = &mut self.file {
                    return file.write(bytes);
                }
            }
        }
        self.to_client.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer whose bytes go to the client, piece by piece.
pub(super) struct Pieces {
    pub(super) runtime: Handle,
    /// The end of the daemon is not put off for a client.
    pub(super) stop: CancellationToken,
    pub(super) client: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.client.send(Ok(Bytes::copy_from_slice(bytes)));
        let sent = timeout(PATIENCE, sent);
        let sent = self.runtime.block_on(self.stop.run_until_cancelled(sent));
        let why = match sent {
            Some(Ok(Ok(()))) => return Ok(bytes.len()),
            Some(Ok(Err(_))) => "the client is gone",
            Some(Err(_)) => "the client takes nothing",
            None => "the daemon is ending",
        };
        Err(io::Error::other(why))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
