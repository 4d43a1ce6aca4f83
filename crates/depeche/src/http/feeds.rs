//! `GET /api/v1/feeds`, with `/explain` and `/log` below it: what `feeds list`, `feeds explain` and `feeds log` print, to the
//! byte, of the store that only the daemon can read. An address that is no feed's is answered with 404 and the message
//! that the command then ends with.

use std::io::{self, BufWriter, Write as _};

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use clap::ValueEnum;
use depeche_store::Reader;
use futures_util::stream::poll_fn;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::backup::{PIECES, Pieces};
use crate::cli::{Format, ShowFormat};
use crate::config::Config;
use crate::feeds::{address, subscriptions};
use crate::output::{NotListed, explain_feed, feed_log, list_feeds};

/// Bytes of one piece of a list: as many as go into a packet of loopback.
const PIECE_BYTES: usize = 64 * 1024;

/// What the answers are made from.
#[derive(Clone)]
pub(super) struct Source {
    /// As it is now: feeds come and go while the daemon runs.
    pub(super) config: watch::Receiver<Config>,
    pub(super) reader: Reader,
    pub(super) stop: CancellationToken,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    url: String,
    /// The value of `--format`.
    format: Option<String>,
    /// The columns of the terminal that a table is for.
    width: Option<u16>,
}

impl Wanted {
    fn format<F: ValueEnum>(&self, usual: F) -> Result<F, (StatusCode, String)> {
        let Some(name) = &self.format else {
            return Ok(usual);
        };
        F::from_str(name, false).map_err(|error| (StatusCode::BAD_REQUEST, format!("{error}\n")))
    }
}

/// All feeds; of many the answer is long, so it is sent as it is made.
pub(super) async fn list(State(source): State<Source>, Query(wanted): Query<Wanted>) -> Response {
    let format = match wanted.format(Format::Json) {
        Ok(format) => format,
        Err(refusal) => return refusal.into_response(),
    };
    let (pieces, mut arriving) = mpsc::channel(PIECES);
    let client = pieces.clone();
    let to_client = Pieces {
        runtime: Handle::current(),
        stop: source.stop.clone(),
        client: pieces,
    };
    tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE_BYTES, to_client);
        let (feeds, _) = subscriptions(&source.config.borrow().clone());
        let listed = list_feeds(&mut out, feeds, Some(&source.reader), format, wanted.width);
        if let Err(error) = listed.and_then(|()| Ok(out.flush()?)) {
            tracing::debug!(error = format!("{error:#}"), "a list of the feeds broke off");
            // The client sees that its answer broke off; that nobody listens any more is no news.
            drop(client.try_send(Err(io::Error::other("the list broke off"))));
        }
    });
    let body = Body::from_stream(poll_fn(move |context| arriving.poll_recv(context)));
    (content_type(format == Format::Json), body).into_response()
}

pub(super) async fn explain(State(source): State<Source>, Query(wanted): Query<Wanted>) -> Response {
    let format = match wanted.format(ShowFormat::Json) {
        Ok(format) => format,
        Err(refusal) => return refusal.into_response(),
    };
    let is_json = matches!(format, ShowFormat::Json);
    print(
        source,
        wanted,
        is_json,
        move |out, config, reader, wanted, url| {
            explain_feed(out, config, Some(reader), url, format, wanted.width)
        },
    )
    .await
}

pub(super) async fn log(State(source): State<Source>, Query(wanted): Query<Wanted>) -> Response {
    let format = match wanted.format(Format::Json) {
        Ok(format) => format,
        Err(refusal) => return refusal.into_response(),
    };
    print(
        source,
        wanted,
        format == Format::Json,
        move |out, config, reader, wanted, url| {
            feed_log(out, config, Some(reader), url, format, wanted.width)
        },
    )
    .await
}

/// Answers with what is printed of one feed.
async fn print(
    source: Source,
    wanted: Wanted,
    is_json: bool,
    print: impl FnOnce(&mut Vec<u8>, &Config, &Reader, &Wanted, &str) -> anyhow::Result<()> + Send + 'static,
) -> Response {
    let printed = tokio::task::spawn_blocking(move || {
        let config = source.config.borrow().clone();
        let mut out = Vec::new();
        print(&mut out, &config, &source.reader, &wanted, &address(&wanted.url)?)?;
        Ok(out)
    });
    match printed.await.map_err(anyhow::Error::from).flatten() {
        Ok(out) => (content_type(is_json), out).into_response(),
        Err(error) if error.is::<NotListed>() => {
            (StatusCode::NOT_FOUND, format!("{error}\n")).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response(),
    }
}

fn content_type(is_json: bool) -> [(header::HeaderName, &'static str); 1] {
    let kind = if is_json {
        "application/json"
    } else {
        "text/plain; charset=utf-8"
    };
    [(header::CONTENT_TYPE, kind)]
}
