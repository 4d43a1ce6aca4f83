//! The server of the breaker's feeds, and what it remembers of those who asked.
//!
//! With most polls new items appear; a poll that brings nothing new is answered 304. Every answer with a body is
//! recorded under its validator, and so is every validator that comes back: by sending it the reader says that it
//! needs that body no more, so all the body held must be safe with the reader from then on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::press::{PAPERS, Paper, Version};
use crate::origin::{Origin, Reply, Request};
use crate::prose::mix;

/// The breaker's feeds on an [`Origin`].
pub struct Agency {
    origin: Origin,
    desk: Arc<Desk>,
}

struct Desk {
    seed: u64,
    base: String,
    books: Mutex<Books>,
    asked: Condvar,
}

/// What was served, and what came back.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    /// By the paper's name.
    pub(super) papers: BTreeMap<&'static str, PaperBooks>,
    /// Requests since the last [`Agency::begin_round`].
    served: u64,
    /// Nothing new is published.
    is_quiet: bool,
    /// What a reader must never do.
    pub(super) offences: Vec<String>,
    items: HashMap<(&'static str, u64, Version), Arc<str>>,
}

/// What one paper served.
#[derive(Debug, Clone, Default)]
pub(super) struct PaperBooks {
    pub(super) published: u64,
    polls: u64,
    /// Answers with a body, by how many items were out.
    pub(super) answered: BTreeSet<u64>,
    /// Those of them whose validator came back.
    pub(super) acknowledged: BTreeSet<u64>,
    pub(super) pages: BTreeMap<u64, u64>,
}

impl Agency {
    /// Opens the feeds, the first items of each published. What appears when is a function of the seed and of how
    /// often a feed was polled.
    #[must_use]
    pub fn open(seed: u64) -> Self {
        let origin = Origin::start();
        let mut books = Books::default();
        for paper in PAPERS {
            let first = PaperBooks {
                published: 4 + mix(paper.name, seed) % 8,
                ..PaperBooks::default()
            };
            books.papers.insert(paper.name, first);
        }
        let desk = Arc::new(Desk {
            seed,
            base: origin.url(""),
            books: Mutex::new(books),
            asked: Condvar::new(),
        });
        for paper in PAPERS {
            let feeds = Arc::clone(&desk);
            origin.on(&paper.feed_path(), move |request| {
                feeds.answer_feed(paper, request)
            });
            let pages = Arc::clone(&desk);
            origin.on_prefix(&format!("/{}/", paper.name), move |request| {
                pages.answer_page(paper, request)
            });
        }
        Self { origin, desk }
    }

    /// The address before every path.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.desk.base
    }

    /// The feeds as tables of a configuration.
    #[must_use]
    pub fn configuration(&self) -> String {
        let feeds: Vec<String> = PAPERS
            .iter()
            .map(|paper| {
                let page = if paper.has_pages { "always" } else { "never" };
                format!(
                    "[[feed]]\nurl = \"{}{}\"\nname = \"{}\"\npage = \"{page}\"\n",
                    self.base(),
                    paper.feed_path(),
                    paper.name
                )
            })
            .collect();
        feeds.concat()
    }

    /// Counts requests from here on.
    pub fn begin_round(&self) {
        self.origin.clear_log();
        self.desk.lock().served = 0;
    }

    /// From now on nothing new is published, or again something with most polls.
    pub fn keep_quiet(&self, is_quiet: bool) {
        self.desk.lock().is_quiet = is_quiet;
    }

    /// Publishes one more item in every paper.
    pub fn publish(&self) {
        for paper in self.desk.lock().papers.values_mut() {
            paper.published += 1;
        }
    }

    /// Requests since the round began.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.desk.lock().served
    }

    /// Items that were shown in an answer with a body.
    #[must_use]
    pub fn items_served(&self) -> u64 {
        let books = self.desk.lock();
        let newest = |paper: &PaperBooks| paper.answered.last().copied().unwrap_or(0);
        books.papers.values().map(newest).sum()
    }

    /// Waits until so many requests came since the round began, or `goes_on` says no, which is asked several times a
    /// second; whether they came.
    pub fn wait_for(&self, requests: u64, goes_on: impl FnMut() -> bool) -> bool {
        self.wait_until(|books| books.served >= requests, goes_on)
    }

    /// Waits until the newest validator of every feed came back; whether that happened before `goes_on` said no.
    pub fn wait_until_all_is_acknowledged(&self, goes_on: impl FnMut() -> bool) -> bool {
        let newest_is_back = |paper: &PaperBooks| paper.acknowledged.contains(&paper.published);
        self.wait_until(|books| books.papers.values().all(newest_is_back), goes_on)
    }

    /// Waits until every page was asked for that a feed led to; whether that happened before `goes_on` said no.
    pub fn wait_until_all_pages_are_asked_for(&self, goes_on: impl FnMut() -> bool) -> bool {
        let all_asked = |(name, own): (&&'static str, &PaperBooks)| {
            Paper::named(name).is_none_or(|paper| {
                !paper.has_pages || paper.shown(own.published).all(|n| own.pages.contains_key(&n))
            })
        };
        self.wait_until(|books| books.papers.iter().all(all_asked), goes_on)
    }

    pub(super) fn books(&self) -> Books {
        self.desk.lock().clone()
    }

    /// The body of a feed's answer when so many items were out.
    pub(super) fn body(&self, paper: Paper, published: u64) -> String {
        self.desk.feed(&mut self.desk.lock(), paper, published)
    }

    fn wait_until(&self, done: impl Fn(&Books) -> bool, mut goes_on: impl FnMut() -> bool) -> bool {
        let mut books = self.desk.lock();
        while !done(&books) {
            let (held, waited) = self
                .desk
                .asked
                .wait_timeout(books, Duration::from_millis(20))
                .unwrap_or_else(PoisonError::into_inner);
            books = held;
            if waited.timed_out() {
                drop(books);
                if !goes_on() {
                    return false;
                }
                books = self.desk.lock();
            }
        }
        true
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feed(&self, books: &mut Books, paper: Paper, published: u64) -> String {
        let shown = paper.shown(published);
        let oldest = *shown.start();
        let items: String = shown
            .rev()
            .map(|n| {
                let version = paper.version(n, published);
                let item = books
                    .items
                    .entry((paper.name, n, version))
                    .or_insert_with(|| paper.item(n, version, &self.base).into());
                Arc::clone(item)
            })
            .fold(String::new(), |feed, item| feed + &item);
        books
            .items
            .retain(|(name, n, _), _| *name != paper.name || *n >= oldest);
        paper.feed(&items, &self.base)
    }

    fn answer_feed(&self, paper: Paper, request: &Request) -> Reply {
        let mut books = self.lock();
        books.served += 1;
        self.asked.notify_all();
        let came = request.text("if-none-match");
        let dated = request.text("if-modified-since");
        let is_quiet = books.is_quiet;
        let mut offence = None;
        let own = books.papers.entry(paper.name).or_default();
        own.polls += 1;
        if !is_quiet {
            let dice = mix(paper.name, self.seed ^ own.polls);
            own.published += if dice.is_multiple_of(4) {
                0
            } else {
                1 + dice / 4 % 3
            };
        }
        if let Some(tag) = &came {
            match paper.published_of(tag).filter(|n| own.answered.contains(n)) {
                Some(n)
                    if dated
                        .as_ref()
                        .is_some_and(|date| *date != Paper::last_modified(n)) =>
                {
                    offence = Some(format!(
                        "{tag} came back with a date that is not its own, {dated:?}"
                    ));
                }
                Some(n) => {
                    own.acknowledged.insert(n);
                }
                None => offence = Some(format!("{tag} came back and was never sent")),
            }
        }
        let published = own.published;
        let etag = paper.etag(published);
        let reply = if came.as_ref() == Some(&etag) {
            Reply::status(304)
        } else {
            own.answered.insert(published);
            Reply::feed(self.feed(&mut books, paper, published))
        };
        books.offences.extend(offence);
        reply
            .header("ETag", etag)
            .header("Last-Modified", Paper::last_modified(published))
    }

    fn answer_page(&self, paper: Paper, request: &Request) -> Reply {
        let mut books = self.lock();
        books.served += 1;
        self.asked.notify_all();
        let own = books.papers.entry(paper.name).or_default();
        match paper.number_of(request.path()) {
            Some(n) if paper.has_pages && (1..=own.published).contains(&n) => {
                *own.pages.entry(n).or_default() += 1;
                Reply::page(paper.page(n, &self.base))
            }
            _ => Reply::status(404),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(agency: &Agency, paper: Paper, etag: Option<&str>) -> Reply {
        let headers = etag
            .map(|etag| ("If-None-Match".to_owned(), etag.as_bytes().to_vec()))
            .into_iter()
            .collect();
        let request = Request {
            method: "GET".to_owned(),
            target: paper.feed_path(),
            headers,
            body: Vec::new(),
            at: std::time::Instant::now(),
            remote: agency.origin.address(),
        };
        agency.desk.answer_feed(paper, &request)
    }

    #[test]
    fn a_validator_that_comes_back_acknowledges_its_answer_and_no_other() {
        let agency = Agency::open(7);
        let gazette = PAPERS[0];
        agency.keep_quiet(true);
        ask(&agency, gazette, None);
        let published = agency.books().papers["gazette"].published;
        assert!(agency.books().papers["gazette"].acknowledged.is_empty());
        agency.publish();
        ask(&agency, gazette, Some(&gazette.etag(published)));
        let books = agency.books();
        let own = &books.papers["gazette"];
        assert_eq!(own.answered, [published, published + 1].into());
        assert_eq!(own.acknowledged, [published].into());
        assert!(books.offences.is_empty());
        ask(&agency, gazette, Some("\"gazette-999\""));
        assert_eq!(agency.books().offences.len(), 1);
    }

    #[test]
    fn a_body_is_made_again_from_its_validator() {
        let agency = Agency::open(7);
        let before = agency.body(PAPERS[0], 60);
        agency.publish();
        assert_eq!(agency.body(PAPERS[0], 60), before);
        assert_ne!(agency.body(PAPERS[0], 61), before);
        assert_eq!(before.matches("<item>").count(), 50);
    }
}
