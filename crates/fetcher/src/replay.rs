//! Replaying folders and files: what they hold comes out as captures, in one fixed order.
//!
//! In: paths. Out: one capture a file (one a non-empty line of `.jsonl`, one a record of a WARC), by path argument,
//! then by the bytes of the path, then by position. What cannot be read is a problem in the summary, never the end
//! of the replay. Files are read off the async threads, one at a time, through a channel of a few captures.
//!
//! Folders are walked without following links to folders; hidden files, `README*` and `expected.jsonl` (what a
//! replay is compared with) are passed over, and so are unknown extensions. A file named by itself is always taken
//! if its extension is known.

mod files;
mod pace;

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use depeche_journal::Intake;
use depeche_model::{Capture, CaptureId, Clock};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use files::{LINE_TYPE, Line, read_lines};
pub use pace::Speed;

/// Captures read ahead. Each may be as large as the largest body.
const READ_AHEAD: usize = 4;

/// How to replay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplayOptions {
    /// How fast.
    pub speed: Speed,
    /// The largest file, line or record, in bytes.
    pub max_body_bytes: u64,
}

/// What could not be replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayProblem {
    /// There is nothing at the path.
    #[error("{path}: there is no such file or folder")]
    Missing {
        /// The path.
        path: String,
    },
    /// A file or folder that cannot be read.
    #[error("{path}: cannot be read: {error}")]
    Unreadable {
        /// The path.
        path: String,
        /// What the system said.
        error: String,
    },
    /// A folder that holds nothing to replay.
    #[error("{path}: the folder holds no file to replay; known are {}", files::KNOWN)]
    Nothing {
        /// The path.
        path: String,
    },
    /// A file named by itself that is of no known kind.
    #[error("{path}: the extension is not known; known are {}", files::KNOWN)]
    Unknown {
        /// The path.
        path: String,
    },
    /// A file, line or record larger than allowed.
    #[error("{path}: {size} bytes are more than the {limit} allowed; raise `fetch.max_body` to take it in")]
    TooLarge {
        /// The path, with `#` and the line for a line.
        path: String,
        /// Its size in bytes; for a line what was read of it.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A damaged record.
    #[error("{path}: {error}")]
    Damaged {
        /// The path.
        path: String,
        /// What is wrong and where.
        error: String,
    },
}

/// How far a replay is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayProgress {
    /// Files to read in all.
    pub files: u64,
    /// Files read to their end.
    pub files_done: u64,
    /// Captures sent.
    pub captures: u64,
    /// Captures passed over as known.
    pub known: u64,
    /// Problems met.
    pub problems: u64,
}

/// What a replay came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplaySummary {
    /// Captures sent.
    pub captures: u64,
    /// Captures passed over as known.
    pub known: u64,
    /// Files of unknown kinds passed over inside folders.
    pub passed_over: u64,
    /// What could not be replayed, in the order met.
    pub problems: Vec<ReplayProblem>,
    /// Whether the replay reached the end: false when it was stopped or `outlet` closed.
    pub complete: bool,
}

/// What a reader of a file hands its captures to; `Err` tells of a damaged record, and `Break` ends the reading.
pub type CaptureSink<'a> = dyn FnMut(Result<Capture, String>) -> ControlFlow<()> + 'a;

/// What the reading thread tells.
enum Read {
    Files(u64),
    Capture(Box<files::Dated>),
    Known,
    Problem(ReplayProblem),
    PassedOver,
    FileDone,
}

/// Replays `paths` into `outlet`.
///
/// `known` tells which captures to pass over; `warc` reads one `.warc` or `.warc.gz` file; both are called on the
/// reading thread. `progress` is called after every capture and file.
#[expect(
    clippy::too_many_arguments,
    reason = "each is a separate thing the wiring decides, used once"
)]
pub async fn replay(
    paths: Vec<PathBuf>,
    options: ReplayOptions,
    clock: Arc<dyn Clock>,
    outlet: mpsc::Sender<Intake>,
    known: impl Fn(&CaptureId) -> bool + Send + 'static,
    warc: impl Fn(&Path, &mut CaptureSink<'_>) -> io::Result<()> + Send + 'static,
    mut progress: impl FnMut(&ReplayProgress) + Send,
    stop: CancellationToken,
) -> ReplaySummary {
    let (sender, mut read) = mpsc::channel(READ_AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        let reader = files::Reader {
            max_body_bytes: options.max_body_bytes,
            clock,
            known,
            warc,
            sink: sender,
        };
        if reader.read_all(&paths).is_break() {
            tracing::debug!("replay broken off: nobody takes its captures any more");
        }
    });
    let mut summary = ReplaySummary::default();
    let mut at = ReplayProgress::default();
    let mut pace = pace::Pace::new(options.speed);
    summary.complete = loop {
        let next = tokio::select! {
            biased;
            () = stop.cancelled() => break false,
            next = read.recv() => next,
        };
        let Some(next) = next else { break true };
        match next {
            Read::Files(files) => at.files = files,
            Read::Capture(dated) => {
                let sent = async {
                    pace.wait(dated.date).await;
                    outlet.send(dated.capture.into()).await
                };
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break false,
                    sent = sent => if sent.is_err() { break false },
                }
                at.captures += 1;
            }
            Read::Known => at.known += 1,
            Read::Problem(problem) => {
                tracing::debug!(%problem, "not replayed");
                summary.problems.push(problem);
                at.problems += 1;
            }
            Read::PassedOver => summary.passed_over += 1,
            Read::FileDone => at.files_done += 1,
        }
        progress(&at);
    };
    // The reading thread ends at its next word once nobody listens.
    drop(read);
    if let Err(error) = reading.await {
        tracing::error!(%error, "reading ended abnormally");
        summary.complete = false;
    }
    summary.captures = at.captures;
    summary.known = at.known;
    summary
}
