//! A server that watches how it is asked: what the public scores for feed readers look at, by a clock of the test's own.
//!
//! Every answer is a function of the visit: which one it is at its path, when it came, with which fields. What was seen is
//! judged by the criteria below, each a plain function of the visits; a [`Score`] collects the judgements and prints them
//! as a table.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::origin::{Origin, Reply, Request};

/// A clock that stands still until it is told to go on.
#[derive(Debug, Clone)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    /// A clock that shows `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(at.as_millisecond())))
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }

    /// Moves it on.
    pub fn forward(&self, by: Duration) {
        self.0.fetch_add(
            i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
            Ordering::SeqCst,
        );
    }
}

/// One request, as it was seen.
#[derive(Debug, Clone)]
pub struct Visit {
    /// When it came, by the test's clock.
    pub at: Timestamp,
    /// Which visit of its path it is, from 1.
    pub number: usize,
    /// What came.
    pub request: Request,
}

impl Visit {
    /// Whether it asked on a condition.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.sent("if-none-match").is_some() || self.sent("if-modified-since").is_some()
    }

    /// The field of that name, byte for byte.
    #[must_use]
    pub fn sent(&self, name: &str) -> Option<&[u8]> {
        self.request.header(name)
    }
}

type Script = Arc<dyn Fn(&Visit) -> Reply + Send + Sync>;

#[derive(Default)]
struct Book {
    visits: Vec<Visit>,
    scripts: HashMap<String, Script>,
}

/// The server.
pub struct Witness {
    origin: Origin,
    book: Arc<Mutex<Book>>,
}

impl Witness {
    /// Starts it on a free port; `clock` tells when visits come.
    #[must_use]
    pub fn start(clock: &HandClock) -> Self {
        let origin = Origin::start();
        let book: Arc<Mutex<Book>> = Arc::default();
        let (written, clock) = (Arc::clone(&book), clock.clone());
        origin.on_prefix("/", move |request| {
            let (visit, script) = {
                let mut book = lock(&written);
                let path = request.path().to_owned();
                let before = book
                    .visits
                    .iter()
                    .filter(|visit| visit.request.path() == path)
                    .count();
                let visit = Visit {
                    at: clock.now(),
                    number: before + 1,
                    request: request.clone(),
                };
                book.visits.push(visit.clone());
                (visit, book.scripts.get(&path).cloned())
            };
            script.map_or_else(|| Reply::status(404), |script| script(&visit))
        });
        Self { origin, book }
    }

    /// The address of a path under a host name that the test's resolver leads here.
    #[must_use]
    pub fn url(&self, host: &str, path: &str) -> String {
        let own = self.origin.url("");
        let port = own.rsplit(':').next().unwrap_or_default().trim_end_matches('/');
        format!("http://{host}:{port}{path}")
    }

    /// Answers a path so.
    pub fn on(&self, path: &str, script: impl Fn(&Visit) -> Reply + Send + Sync + 'static) {
        lock(&self.book).scripts.insert(path.to_owned(), Arc::new(script));
    }

    /// The visits of a path, in order.
    #[must_use]
    pub fn visits(&self, path: &str) -> Vec<Visit> {
        let book = lock(&self.book);
        book.visits
            .iter()
            .filter(|visit| visit.request.path() == path)
            .cloned()
            .collect()
    }

    /// All visits, in order.
    #[must_use]
    pub fn all(&self) -> Vec<Visit> {
        lock(&self.book).visits.clone()
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness")
            .field("visits", &self.all().len())
            .finish()
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was found wrong; `Ok` when nothing was.
pub type Judgement = Result<(), String>;

/// Judges a fact.
///
/// # Errors
///
/// What `wrong` says, when it is no fact.
pub fn fact(is: bool, wrong: impl fmt::Display) -> Judgement {
    if is { Ok(()) } else { Err(wrong.to_string()) }
}

/// The times between visits.
#[must_use]
pub fn gaps(visits: &[Visit]) -> Vec<Duration> {
    visits
        .windows(2)
        .map(|two| Duration::try_from(two[1].at.duration_since(two[0].at)).unwrap_or_default())
        .collect()
}

/// No two visits are nearer than `least`.
///
/// # Errors
///
/// The two that are nearest.
pub fn apart(visits: &[Visit], least: Duration) -> Judgement {
    match gaps(visits).into_iter().min() {
        Some(nearest) if nearest < least => Err(format!("{nearest:?} apart, wanted {least:?}")),
        _ => Ok(()),
    }
}

/// The first visit is unconditional, and every later one is conditional.
///
/// # Errors
///
/// The visit that is not.
pub fn conditional_after_the_first(visits: &[Visit]) -> Judgement {
    for visit in visits {
        fact(
            visit.is_conditional() == (visit.number > 1),
            format!(
                "visit {} has {}",
                visit.number,
                if visit.is_conditional() {
                    "a condition"
                } else {
                    "no condition"
                }
            ),
        )?;
    }
    fact(visits.len() > 1, format!("only {} visits", visits.len()))
}

/// A visit sent these validators, byte for byte, and no other.
///
/// # Errors
///
/// What it sent.
pub fn sends(visit: Option<&Visit>, etag: Option<&[u8]>, last_modified: Option<&[u8]>) -> Judgement {
    let visit = visit.ok_or("there was no such visit")?;
    for (name, wanted) in [("if-none-match", etag), ("if-modified-since", last_modified)] {
        let sent = visit.sent(name);
        fact(
            sent == wanted,
            format!(
                "visit {}: {name} {:?}, wanted {:?}",
                visit.number,
                sent.map(String::from_utf8_lossy),
                wanted.map(String::from_utf8_lossy)
            ),
        )?;
    }
    Ok(())
}

/// Judgements, for a table.
#[derive(Debug, Default)]
pub struct Score(Vec<(String, Judgement)>);

impl Score {
    /// Enters a judgement.
    pub fn enter(&mut self, criterion: &str, judgement: Judgement) {
        self.0.push((criterion.to_owned(), judgement));
    }

    /// The criteria that are not met.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(criterion, judgement)| {
            Some((criterion.as_str(), judgement.as_ref().err()?.as_str()))
        })
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| criterion | met |")?;
        writeln!(f, "|---|---|")?;
        for (criterion, judgement) in &self.0 {
            match judgement {
                Ok(()) => writeln!(f, "| {criterion} | yes |")?,
                Err(wrong) => writeln!(f, "| {criterion} | NO: {wrong} |")?,
            }
        }
        let met = self.0.len() - self.failed().count();
        write!(
            f,
            "\n{met} of {}: {} %",
            self.0.len(),
            met * 100 / self.0.len().max(1)
        )
    }
}
