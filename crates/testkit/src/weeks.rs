//! Weeks of the press in one file: what some forty feeds answered, as a WARC that any program can replay.
//!
//! In it is all that deciding looks at: texts of their own and [copies](crate::copydesk::Edit) of them, by the hour and weeks
//! later, when windows have passed; the [chains](Chain) of what publishers do to their own articles; fillings of templates;
//! running subjects; items that a reader turns down; and every feed shows most of its items again with each answer.
//! The bytes follow from the numbers alone, on every machine.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};

use crate::copydesk::{Chain, Dice, Edit, Press, Stream, Text};
use crate::newsroom::{escape, http_date};

/// Feeds of the stream; publishers of chains have their own.
const SOURCES: usize = 40;
/// Items that a feed shows.
const SHOWN: usize = 7;
/// New items after which a feed is asked again.
const ASKED_AFTER: usize = 4;
/// Every so many articles one is printed again elsewhere, when its days are over.
const REPRINTED: u64 = 12;
/// After how many hours: before and behind the ends of 14 days, in which texts are compared, and of 90, in which keys are known.
const REPRINT_HOURS: [i64; 5] = [50, 13 * 24, 15 * 24, 89 * 24, 92 * 24];
/// Every so many articles a chain begins.
const CHAINED: u64 = 20;
/// Every so many articles a template is filled.
const FILLED: u64 = 25;
/// Every so many articles an item comes that is no article.
const TURNED_DOWN: u64 = 60;
/// Every so many answers one is archived behind the next, as by a second machine.
const OUT_OF_ORDER: usize = 37;

/// A text in another language, which a reader of French turns down.
const ENGLISH: &str = "The council voted on Thursday to keep the old library open through the winter, after hundreds of \
    residents wrote to say that they had nowhere else to read, to work or to keep warm. The mayor said that the money would be \
    found in the reserve, and that the matter would be looked at again in the spring.";

/// Weeks of the press.
#[derive(Debug, Clone, Copy)]
pub struct Weeks {
    articles: u64,
    days: i64,
}

/// An item of a feed.
struct Entry {
    minutes: i64,
    host: String,
    guid: Option<String>,
    url: Option<String>,
    text: Text,
}

/// What a feed answered.
struct Answer {
    minutes: i64,
    host: String,
    body: String,
}

impl Weeks {
    /// So many articles of a stream over so many days, and about a fifth more beside them.
    #[must_use]
    pub fn new(articles: u64, days: u64) -> Self {
        Self {
            articles: articles.max(1),
            days: days.clamp(1, 3_650).cast_signed(),
        }
    }

    /// Writes the answers in the order in which they were given, and tells how many.
    ///
    /// # Errors
    ///
    /// What `to` says.
    pub fn write(self, press: &Press, to: &mut impl Write) -> io::Result<usize> {
        let mut answers = answers(self.entries(press));
        for early in (0..answers.len().saturating_sub(1)).step_by(OUT_OF_ORDER) {
            answers.swap(early, early + 1);
        }
        for answer in &answers {
            to.write_all(&record(answer))?;
        }
        Ok(answers.len())
    }

    /// All items, by time.
    fn entries(self, press: &Press) -> Vec<Entry> {
        let minutes_in_all = self.days * 24 * 60;
        let stream = Stream::new(press, (self.articles / self.days.unsigned_abs()).max(1));
        let mut entries = Vec::new();
        for number in 0..self.articles {
            let minutes = (number * minutes_in_all.unsigned_abs() / self.articles).cast_signed();
            let item = stream.item(number);
            entries.push(Entry::of(number, minutes, item.source, item.text.clone()));
            let mut dice = Dice::new("semaines", number);
            if number % REPRINTED == 0 {
                let hours = dice.pick(&REPRINT_HOURS).copied().unwrap_or_default();
                let edit = *dice
                    .pick(&[Edit::Verbatim, Edit::Dropped(20)])
                    .unwrap_or(&Edit::Verbatim);
                let again = edit.apply(press, &item.text, number);
                let source = item.source + 1;
                entries.push(Entry::of(1_000_000 + number, minutes + hours * 60, source, again));
            }
            if number % CHAINED == 0 {
                let kind = Chain::ALL[(number / CHAINED) as usize % Chain::ALL.len()];
                entries.extend(kind.versions(press, number).into_iter().map(|version| Entry {
                    minutes: minutes + version.minutes,
                    host: host(&version.source),
                    guid: version.guid,
                    url: version.url,
                    text: version.text,
                }));
            }
            if number % FILLED == 0 {
                let families = press.families().len();
                let source = dice.below(3);
                let filled = press.filling(dice.below(families), number);
                entries.push(Entry::of(2_000_000 + number, minutes + 7, source, filled));
            }
            if number % TURNED_DOWN == 0 {
                let foreign = Text {
                    title: format!("Library stays open, says council of {number}"),
                    body: ENGLISH.to_owned(),
                };
                entries.push(Entry::of(3_000_000 + number, minutes + 9, item.source, foreign));
            }
        }
        let sagas = press.sagas().into_iter().zip(0..);
        entries.extend(sagas.map(|(report, number)| {
            let minutes = minutes_in_all / 2 + report.hours * 60;
            Entry::of(4_000_000 + number, minutes, number as usize, report.text)
        }));
        entries.sort_by_key(|entry| entry.minutes);
        entries
    }
}

impl Entry {
    /// An item of one of the stream's sources.
    fn of(number: u64, minutes: i64, source: usize, text: Text) -> Self {
        let host = format!("journal-{}.example", source % SOURCES);
        Self {
            minutes,
            guid: Some(format!("{host} {number}")),
            url: Some(format!("https://{host}/actualites/texte-{number:07}")),
            host,
            text,
        }
    }

    fn rss(&self) -> String {
        let mut item = format!("<item><title>{}</title>", escape(&self.text.title));
        let mut element = |name: &str, content: Option<&str>| {
            if let Some(content) = content {
                write!(item, "<{name}>{}</{name}>", escape(content)).expect("a String takes all");
            }
        };
        element("link", self.url.as_deref());
        element("guid", self.guid.as_deref());
        element("pubDate", Some(&http_date(moment(self.minutes))));
        let html = escape(&self.text.body).replace("\n\n", "</p><p>");
        element("content:encoded", Some(&format!("<p>{html}</p>")));
        item.push_str("</item>\n");
        item
    }
}

/// The answers of all feeds, each given when a few items are new, and once more at the end.
fn answers(entries: Vec<Entry>) -> Vec<Answer> {
    #[derive(Default)]
    struct Feed {
        shown: VecDeque<Entry>,
        new: usize,
    }
    let mut feeds: BTreeMap<String, Feed> = BTreeMap::new();
    let mut answers = Vec::new();
    let mut last = 0;
    for entry in entries {
        let (host, minutes) = (entry.host.clone(), entry.minutes);
        last = minutes;
        let feed = feeds.entry(host.clone()).or_default();
        // A new version stands in place of the one before.
        feed.shown
            .retain(|known| entry.guid.is_none() || known.guid != entry.guid);
        feed.shown.push_front(entry);
        feed.shown.truncate(SHOWN);
        feed.new += 1;
        if feed.new >= ASKED_AFTER {
            feed.new = 0;
            let body = rss(&host, &feed.shown);
            answers.push(Answer { minutes, host, body });
        }
    }
    let left = feeds.into_iter().filter(|(_, feed)| feed.new > 0);
    answers.extend(left.map(|(host, feed)| Answer {
        minutes: last + 1,
        body: rss(&host, &feed.shown),
        host,
    }));
    answers
}

fn rss(host: &str, shown: &VecDeque<Entry>) -> String {
    let items: String = shown.iter().map(Entry::rss).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\n\
         <channel><title>{host}</title><link>https://{host}/</link><language>fr</language>\n{items}</channel></rss>\n"
    )
}

/// An answer as a WARC record (WARC 1.1 §6.3).
fn record(answer: &Answer) -> Vec<u8> {
    let Answer { minutes, host, body } = answer;
    let http = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let id = Dice::new(host, minutes.unsigned_abs()).draw();
    format!(
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{:08x}-0000-4000-8000-{:012x}>\r\n\
         WARC-Target-URI: https://{host}/rss.xml\r\nWARC-Date: {}\r\nContent-Type: application/http; msgtype=response\r\n\
         Content-Length: {}\r\n\r\n{http}\r\n\r\n",
        id >> 32,
        id & 0xffff_ffff,
        moment(*minutes),
        http.len(),
    )
    .into_bytes()
}

/// A host's name for a publisher's.
fn host(publisher: &str) -> String {
    let letters: String = publisher
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'é' | 'è' | 'ê' => 'e',
            c if c.is_ascii_alphanumeric() => c,
            _ => '-',
        })
        .collect();
    format!("{letters}.example")
}

/// So many minutes after the first one, in November 2025: which moment does not matter.
fn moment(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_762_000_000)
        .and_then(|start| start.checked_add(SignedDuration::from_mins(minutes)))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_weeks_are_the_same_bytes() {
        let press = Press::new();
        let written = || {
            let mut bytes = Vec::new();
            let answers = Weeks::new(300, 30).write(&press, &mut bytes).expect("written");
            (answers, bytes)
        };
        let (answers, bytes) = written();
        assert_eq!((answers, &bytes), (written().0, &written().1));
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(text.matches("WARC/1.1\r\n").count(), answers);
        assert!(text.matches("<item>").count() > answers * ASKED_AFTER);
    }
}
