//! Reading files off the async threads: walks, sorts, reads, and sends what it finds.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use depeche_model::{Capture, CaptureId, CaptureKind, Clock, PagePolicy, Payload};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::{CaptureSink, Read, ReplayProblem};

/// The extensions that are read, for messages.
pub(super) const KNOWN: &str =
    ".txt, .html, .htm, .xml, .rss, .atom, .rdf, .json, .jsonl, .ndjson, .warc, .warc.gz";

/// How much later than this machine's clock a record may be dated: clocks differ, and some write local time as UTC.
/// The stream's time follows the records' dates and never goes back, so one date in the far future would make
/// everything known look old enough to be forgotten.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// What a file's name says of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One capture, of this media type.
    Whole(&'static str),
    /// One capture a non-empty line.
    Lines,
    /// One capture a record.
    Warc,
}

/// A capture and the date it is paced by.
pub(super) struct Dated {
    pub(super) capture: Capture,
    pub(super) date: Option<Timestamp>,
}

/// A file to read.
struct Found {
    path: PathBuf,
    /// The name under the replayed folder.
    uri: String,
    source: String,
    kind: Kind,
}

pub(super) struct Reader<K, W> {
    pub(super) max_body_bytes: u64,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) known: K,
    pub(super) warc: W,
    pub(super) sink: mpsc::Sender<Read>,
}

fn kind_of(name: &str) -> Option<Kind> {
    let name = name.to_ascii_lowercase();
    if name.ends_with(".warc.gz") {
        return Some(Kind::Warc);
    }
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "txt" => Kind::Whole("text/plain"),
        "html" | "htm" => Kind::Whole("text/html"),
        "xml" => Kind::Whole("application/xml"),
        "rss" => Kind::Whole("application/rss+xml"),
        "atom" => Kind::Whole("application/atom+xml"),
        "rdf" => Kind::Whole("application/rdf+xml"),
        "json" => Kind::Whole("application/json"),
        "jsonl" | "ndjson" => Kind::Lines,
        "warc" => Kind::Warc,
        _ => return None,
    })
}

/// Whether a file inside a folder is there for people or for comparing, not for replaying.
fn is_beside(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with('.') || name.starts_with("readme") || name == "expected.jsonl"
}

impl<K, W> Reader<K, W>
where
    K: Fn(&CaptureId) -> bool,
    W: Fn(&Path, &mut CaptureSink<'_>) -> io::Result<()>,
{
    /// Reads everything; breaks off when nobody takes the captures any more.
    pub(super) fn read_all(&self, paths: &[PathBuf]) -> ControlFlow<()> {
        let mut found = Vec::new();
        for path in paths {
            self.find(path, &mut found)?;
        }
        self.tell(Read::Files(found.len() as u64))?;
        for file in &found {
            self.read(file)?;
            self.tell(Read::FileDone)?;
        }
        ControlFlow::Continue(())
    }

    fn tell(&self, word: Read) -> ControlFlow<()> {
        match self.sink.blocking_send(word) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn problem(&self, problem: ReplayProblem) -> ControlFlow<()> {
        self.tell(Read::Problem(problem))
    }

    fn unreadable(&self, path: &Path, error: &io::Error) -> ControlFlow<()> {
        let path = path.display().to_string();
        self.problem(match error.kind() {
            io::ErrorKind::NotFound => ReplayProblem::Missing { path },
            _ => ReplayProblem::Unreadable {
                path,
                error: error.to_string(),
            },
        })
    }

    /// Finds the files of one path argument.
    fn find(&self, path: &Path, found: &mut Vec<Found>) -> ControlFlow<()> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return self.unreadable(path, &error),
        };
        if metadata.is_dir() {
            return self.find_in_folder(path, found);
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match kind_of(&name) {
            Some(kind) => {
                found.push(Found {
                    path: path.to_owned(),
                    source: folder_name(path.parent().unwrap_or(Path::new("."))),
                    uri: name,
                    kind,
                });
                ControlFlow::Continue(())
            }
            None => self.problem(ReplayProblem::Unknown {
                path: path.display().to_string(),
            }),
        }
    }

    fn find_in_folder(&self, root: &Path, found: &mut Vec<Found>) -> ControlFlow<()> {
        let before = found.len();
        let mut names = Vec::new();
        self.walk(root, &mut names)?;
        names.sort_by(|a, b| {
            a.as_os_str()
                .as_encoded_bytes()
                .cmp(b.as_os_str().as_encoded_bytes())
        });
        let source = folder_name(root);
        for name in names {
            let uri = name.to_string_lossy().into_owned();
            if let Some(kind) = kind_of(&uri) {
                found.push(Found {
                    path: root.join(&name),
                    source: source.clone(),
                    uri,
                    kind,
                });
            } else {
                tracing::debug!(file = uri, "extension not known, passed over");
                self.tell(Read::PassedOver)?;
            }
        }
        if found.len() == before {
            let path = root.display().to_string();
            return self.problem(ReplayProblem::Nothing { path });
        }
        ControlFlow::Continue(())
    }

    /// Lists the files below `root` as paths relative to it, without those beside the replay.
    fn walk(&self, root: &Path, names: &mut Vec<PathBuf>) -> ControlFlow<()> {
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let path = root.join(&folder);
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unreadable(&path, &error)?;
                    continue;
                }
            };
            for entry in entries {
                let (name, is_folder) = match entry.and_then(|entry| {
                    let kind = entry.file_type()?;
                    Ok((entry.file_name(), kind.is_dir()))
                }) {
                    Ok(entry) => entry,
                    Err(error) => {
                        self.unreadable(&path, &error)?;
                        continue;
                    }
                };
                let below = folder.join(&name);
                let shown = name.to_string_lossy();
                if is_folder {
                    if !shown.starts_with('.') {
                        folders.push(below);
                    }
                } else if !is_beside(&shown) {
                    // A link to a file is read as the file; one to a folder could lead in a circle.
                    match fs::metadata(root.join(&below)) {
                        Ok(metadata) if metadata.is_file() => names.push(below),
                        Ok(_) => {}
                        Err(error) => self.unreadable(&root.join(&below), &error)?,
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn read(&self, file: &Found) -> ControlFlow<()> {
        let result = match file.kind {
            Kind::Whole(content_type) => self.read_whole(file, content_type),
            Kind::Lines => self.read_lines(file),
            Kind::Warc => self.read_warc(file),
        };
        match result {
            Ok(flow) => flow,
            Err(error) => self.unreadable(&file.path, &error),
        }
    }

    fn read_whole(&self, file: &Found, content_type: &str) -> io::Result<ControlFlow<()>> {
        let limit = self.max_body_bytes;
        let mut open = open(&file.path)?;
        let metadata = open.metadata()?;
        let mut body = Vec::new();
        if metadata.len() <= limit {
            // One byte more than allowed is enough to tell that the file grew meanwhile.
            open.by_ref()
                .take(limit.saturating_add(1))
                .read_to_end(&mut body)?;
        }
        let size = metadata.len().max(body.len() as u64);
        if size > limit {
            let path = file.path.display().to_string();
            return Ok(self.problem(ReplayProblem::TooLarge { path, size, limit }));
        }
        let capture = self.capture(file, file.uri.clone(), content_type, body.into());
        Ok(self.send(capture, modified(&metadata)))
    }

    fn read_lines(&self, file: &Found) -> io::Result<ControlFlow<()>> {
        let open = open(&file.path)?;
        let date = modified(&open.metadata()?);
        read_lines(
            BufReader::with_capacity(1 << 16, open),
            self.max_body_bytes,
            &mut |number, line| match line {
                Line::Whole(body) => {
                    let uri = format!("{}#{number}", file.uri);
                    let body = Bytes::copy_from_slice(body);
                    self.send(self.capture(file, uri, LINE_TYPE, body), date)
                }
                Line::TooLong { size, limit } => {
                    let path = format!("{}#{number}", file.path.display());
                    self.problem(ReplayProblem::TooLarge { path, size, limit })
                }
            },
        )
    }

    fn read_warc(&self, file: &Found) -> io::Result<ControlFlow<()>> {
        let limit = self.max_body_bytes;
        let path = || file.path.display().to_string();
        let mut flow = ControlFlow::Continue(());
        let mut take = |read: Result<Capture, String>| {
            flow = match read {
                Ok(capture) if capture.body().len() as u64 > limit => {
                    let size = capture.body().len() as u64;
                    let path = format!("{}: {}", path(), capture.uri);
                    self.problem(ReplayProblem::TooLarge { path, size, limit })
                }
                Ok(capture) => {
                    let (date, now) = (capture.captured_at, self.clock.now());
                    if date.duration_since(now) > CLOCK_TOLERANCE {
                        let error = format!(
                            "the record of {} is dated {date}, more than a day after this machine's {now}; correct \
                             its `WARC-Date` or the clock",
                            capture.uri
                        );
                        self.problem(ReplayProblem::Damaged { path: path(), error })
                    } else {
                        self.send(capture, Some(date))
                    }
                }
                Err(error) => self.problem(ReplayProblem::Damaged { path: path(), error }),
            };
            flow
        };
        (self.warc)(&file.path, &mut take)?;
        Ok(flow)
    }

    fn capture(&self, file: &Found, uri: String, content_type: &str, body: Bytes) -> Capture {
        Capture {
            kind: CaptureKind::File,
            uri,
            final_uri: None,
            captured_at: self.clock.now(),
            source: file.source.clone(),
            page_policy: PagePolicy::Never,
            timezone: None,
            order: None,
            payload: Payload::File {
                content_type: Some(content_type.to_owned()),
                body,
            },
        }
    }

    fn send(&self, capture: Capture, date: Option<Timestamp>) -> ControlFlow<()> {
        if (self.known)(&capture.id()) {
            return self.tell(Read::Known);
        }
        self.tell(Read::Capture(Box::new(Dated { capture, date })))
    }
}

/// Opens a regular file; anything else (a pipe, a device) could block for ever.
fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is neither a file nor a folder"));
    }
    File::open(path)
}

fn modified(metadata: &fs::Metadata) -> Option<Timestamp> {
    Timestamp::try_from(metadata.modified().ok()?).ok()
}

/// A line of a file of JSON lines, as it is given on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// Its bytes, without its end.
    Whole(&'a [u8]),
    /// It has more bytes than allowed.
    TooLong {
        /// Its bytes.
        size: u64,
        /// How many are allowed.
        limit: u64,
    },
}

/// The media type of each line.
pub const LINE_TYPE: &str = "application/json";

/// Gives every line that is not empty to `each`, with its number, counted from 1. A byte order mark is no part of the
/// first line.
///
/// # Errors
///
/// The input cannot be read.
pub fn read_lines(
    mut input: impl BufRead,
    limit: u64,
    each: &mut dyn FnMut(u64, Line<'_>) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        // Room for the line's end beside the line.
        let read = input
            .by_ref()
            .take(limit.saturating_add(2))
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        let ended = line.ends_with(b"\n");
        let body = line.strip_suffix(b"\n").unwrap_or(&line);
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        let body = match number {
            1 => body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body),
            _ => body,
        };
        let mut size = body.len() as u64;
        if !ended && read as u64 > limit {
            size += skip_line(&mut input)?;
        }
        let flow = if size > limit {
            each(number, Line::TooLong { size, limit })
        } else if body.trim_ascii().is_empty() {
            continue;
        } else {
            each(number, Line::Whole(body))
        };
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Reads on to the line's end without keeping it; returns how many bytes of the line there were.
fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        if let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            input.consume(end + 1);
            return Ok(skipped + end as u64);
        }
        let length = buffer.len();
        input.consume(length);
        skipped += length as u64;
    }
}

/// A folder's own name, also where the path ends in `.` or `..`.
fn folder_name(path: &Path) -> String {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let own = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    own(path)
        .or_else(|| own(&fs::canonicalize(path).ok()?))
        .unwrap_or_else(|| "replay".to_owned())
}
