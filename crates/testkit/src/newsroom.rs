//! A newspaper to poll: an RSS feed of teasers, and the pages they link to, on one [`Origin`].
//!
//! Entry `n` of feed `name` is the same on every run. Answers carry `ETag` and `Last-Modified` and honour both
//! conditions, so a reader that does its part is told 304 until [`Newsroom::publish`] adds entries.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::origin::{Origin, Reply, Request};
use crate::prose::{self, Prose};

/// The first entry's publication: 2026-02-01 06:00 UTC.
const FIRST_PUBLISHED_SECS: i64 = 1_769_925_600;

/// The time from one entry to the next.
const PACE_SECS: i64 = 600;

/// Words of a teaser.
const TEASER_WORDS: usize = 30;

/// A newspaper on an [`Origin`].
#[derive(Debug, Clone)]
pub struct Newsroom {
    name: String,
    base: String,
    state: Arc<Mutex<Stock>>,
}

#[derive(Debug, Clone, Copy)]
struct Stock {
    published: u64,
    /// The feed shows the newest so many; older pages stay.
    window: u64,
}

/// One entry with what its page holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The number, counted from 1.
    pub n: u64,
    /// The identifier in the feed.
    pub guid: String,
    /// The page's path on the origin.
    pub path: String,
    /// When it was published.
    pub published: Timestamp,
    /// What it says.
    pub prose: Prose,
}

impl Newsroom {
    /// Opens a newspaper with `entries` published entries: its feed at `/<name>/feed.xml`, its pages below
    /// `/<name>/`. The feed shows all of them.
    #[must_use]
    pub fn open(origin: &Origin, name: &str, entries: u64) -> Self {
        Self::open_with_window(origin, name, entries, u64::MAX)
    }

    /// The same with a feed that shows only the newest `window` entries.
    #[must_use]
    pub fn open_with_window(origin: &Origin, name: &str, entries: u64, window: u64) -> Self {
        let newsroom = Self {
            name: name.to_owned(),
            base: origin.url(""),
            state: Arc::new(Mutex::new(Stock {
                published: entries,
                window,
            })),
        };
        let feed = newsroom.clone();
        origin.on(&newsroom.feed_path(), move |request| feed.answer_feed(request));
        let pages = newsroom.clone();
        origin.on_prefix(&format!("/{name}/"), move |request| pages.answer_page(request));
        newsroom
    }

    /// The feed's path on the origin.
    #[must_use]
    pub fn feed_path(&self) -> String {
        format!("/{}/feed.xml", self.name)
    }

    /// The feed's address.
    #[must_use]
    pub fn feed_url(&self) -> String {
        format!("{}{}", self.base, self.feed_path())
    }

    /// Publishes `more` entries.
    pub fn publish(&self, more: u64) {
        let mut stock = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        stock.published += more;
    }

    /// How many entries were published.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.stock().published
    }

    /// Entry `n`, published or not yet.
    #[must_use]
    pub fn story(&self, n: u64) -> Story {
        let offset = i64::try_from(n)
            .unwrap_or(0)
            .saturating_sub(1)
            .saturating_mul(PACE_SECS);
        Story {
            n,
            guid: format!("{}-{n}", self.name),
            path: format!("/{}/article-{n}.html", self.name),
            published: Timestamp::from_second(FIRST_PUBLISHED_SECS.saturating_add(offset))
                .unwrap_or_default(),
            prose: prose::article(&self.name, n),
        }
    }

    /// The feed as it stands.
    #[must_use]
    pub fn feed(&self) -> String {
        let stock = self.stock();
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel>\n<title>{0}</title>\n\
             <link>{1}/{0}/</link>\n<description>Les nouvelles de {0}</description>\n<language>fr</language>\n",
            self.name, self.base
        );
        for n in stock.shown().rev() {
            xml.push_str(&self.item(n));
        }
        xml.push_str("</channel></rss>\n");
        xml
    }

    fn item(&self, n: u64) -> String {
        let story = self.story(n);
        format!(
            "<item><title>{}</title><link>{}{}</link><guid isPermaLink=\"false\">{}</guid><pubDate>{}</pubDate>\
             <description>{}</description></item>\n",
            escape(&story.prose.title),
            self.base,
            story.path,
            story.guid,
            http_date(story.published),
            escape(&story.prose.teaser(TEASER_WORDS)),
        )
    }

    /// The page of entry `n`.
    #[must_use]
    pub fn page(&self, n: u64) -> String {
        let story = self.story(n);
        let body: Vec<String> = story
            .prose
            .paragraphs
            .iter()
            .map(|paragraph| {
                let tag = if paragraph.ends_with(['.', '»', '?']) {
                    "p"
                } else {
                    "h2"
                };
                format!("<{tag}>{}</{tag}>\n", escape(paragraph))
            })
            .collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"fr\"><head><meta charset=\"utf-8\"><title>{title} | {name}</title>\n\
             <link rel=\"canonical\" href=\"{base}{path}\">\n\
             <meta property=\"article:published_time\" content=\"{date}\"></head>\n<body>\n\
             <nav><a href=\"/{name}/\">Accueil</a> <a href=\"/{name}/une\">À la une</a> \
             <a href=\"/{name}/sport\">Sport</a></nav>\n<article>\n<h1>{title}</h1>\n\
             <p class=\"byline\">Par {author}</p>\n{body}</article>\n\
             <aside><p>Abonnez-vous à notre lettre.</p></aside>\n<footer>Mentions légales</footer>\n</body></html>\n",
            title = escape(&story.prose.title),
            name = self.name,
            base = self.base,
            path = story.path,
            date = story.published,
            author = escape(&story.prose.author),
            body = body.concat(),
        )
    }

    fn stock(&self) -> Stock {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer_feed(&self, request: &Request) -> Reply {
        let stock = self.stock();
        let etag = format!("\"{}-{}\"", self.name, stock.published);
        let last_modified = http_date(self.story(stock.published.max(1)).published);
        // RFC 9110 §13.1.3: the date counts only where no tag was sent.
        let unchanged = match request.text("if-none-match") {
            Some(tag) => tag == etag,
            None => request
                .text("if-modified-since")
                .is_some_and(|date| date == last_modified),
        };
        let reply = if unchanged {
            Reply::status(304)
        } else {
            Reply::feed(self.feed())
        };
        reply.header("ETag", etag).header("Last-Modified", last_modified)
    }

    fn answer_page(&self, request: &Request) -> Reply {
        let number = request
            .path()
            .strip_prefix(&format!("/{}/article-", self.name))
            .and_then(|rest| rest.strip_suffix(".html"))
            .and_then(|number| number.parse().ok())
            .filter(|n| (1..=self.published()).contains(n));
        match number {
            Some(n) => Reply::page(self.page(n)),
            None => Reply::status(404),
        }
    }
}

impl Stock {
    fn shown(self) -> std::ops::RangeInclusive<u64> {
        self.published.saturating_sub(self.window).saturating_add(1)..=self.published
    }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

pub(crate) fn http_date(at: Timestamp) -> String {
    let since = Duration::try_from(at.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default();
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feed_shows_the_newest_entries_first() {
        let origin = Origin::start();
        let newsroom = Newsroom::open_with_window(&origin, "gazette", 60, 50);
        let feed = newsroom.feed();
        assert_eq!(feed.matches("<item>").count(), 50);
        let first = feed.find("gazette-60<").unwrap();
        assert!(first < feed.find("gazette-11<").unwrap() && !feed.contains("gazette-10<"));
        newsroom.publish(1);
        assert!(newsroom.feed().contains("gazette-61<"));
        assert!(
            newsroom
                .page(61)
                .contains(&escape(&newsroom.story(61).prose.paragraphs[0]))
        );
    }
}
