//! What the breaker's feeds say: every item a pure function of its feed and its number.
//!
//! | feed | shown | entries | |
//! |---|---|---|---|
//! | `gazette` | 50 | whole texts | every tenth is revised six numbers later |
//! | `courrier` | 50 | whole texts | every tenth is revised; every fifth repeats the gazette's word for word |
//! | `depeche-du-soir` | 3 | whole texts | every tenth repeats the gazette's word for word |
//! | `tribune` | 50 | teasers | the text is on the page |
//! | `phare` | 3 | teasers | the text is on the page |

use jiff::Timestamp;

use crate::newsroom::{escape, http_date};
use crate::prose::{self, Prose};

/// The newest items that most feeds show.
const WINDOW: u64 = 50;

/// The newest items that the others show, no more than one poll brings: what one answer brought, a later one hardly
/// brings again, so that nothing hides a loss.
const SHORT_WINDOW: u64 = 3;

/// 2026-02-01 06:00 UTC.
const FIRST_PUBLISHED_SECS: i64 = 1_769_925_600;

/// The time from one item to the next.
const PACE_SECS: i64 = 60;

/// An item is revised when its feed has gone on by so many.
const REVISED_AFTER: u64 = 6;

/// Words of a teaser.
const TEASER_WORDS: usize = 30;

/// One feed of the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    /// The first part of its paths and guids.
    pub name: &'static str,
    /// Whether its entries are teasers of pages.
    pub has_pages: bool,
    /// Whether it repeats texts of the first paper.
    copies: bool,
    /// How many items it shows.
    window: u64,
}

/// Every feed. The first one is the one that others copy.
pub const PAPERS: [Paper; 5] = [
    Paper {
        name: "gazette",
        has_pages: false,
        copies: false,
        window: WINDOW,
    },
    Paper {
        name: "courrier",
        has_pages: false,
        copies: true,
        window: WINDOW,
    },
    Paper {
        name: "depeche-du-soir",
        has_pages: false,
        copies: true,
        window: SHORT_WINDOW,
    },
    Paper {
        name: "tribune",
        has_pages: true,
        copies: false,
        window: WINDOW,
    },
    Paper {
        name: "phare",
        has_pages: true,
        copies: false,
        window: SHORT_WINDOW,
    },
];

/// Which text an item has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// As first published.
    First,
    /// With a paragraph added.
    Revised,
}

impl Paper {
    /// The paper of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        PAPERS.into_iter().find(|paper| paper.name == name)
    }

    /// The path of its feed.
    #[must_use]
    pub fn feed_path(&self) -> String {
        format!("/{}/feed.xml", self.name)
    }

    /// The path of an item's page.
    #[must_use]
    pub fn page_path(&self, n: u64) -> String {
        format!("/{}/article-{n}.html", self.name)
    }

    /// The number of the item with that page.
    #[must_use]
    pub fn number_of(&self, page_path: &str) -> Option<u64> {
        page_path
            .strip_prefix(&format!("/{}/article-", self.name))?
            .strip_suffix(".html")?
            .parse()
            .ok()
    }

    /// The guid of an item.
    #[must_use]
    pub fn guid(&self, n: u64) -> String {
        format!("{}-{n}", self.name)
    }

    /// The validator of the feed when `published` items are out. The same tag means the same bytes.
    #[must_use]
    pub fn etag(&self, published: u64) -> String {
        format!("\"{}-{published}\"", self.name)
    }

    /// How many items were out when the feed had this validator.
    #[must_use]
    pub fn published_of(&self, etag: &str) -> Option<u64> {
        etag.strip_prefix(&format!("\"{}-", self.name))?
            .strip_suffix('"')?
            .parse()
            .ok()
    }

    /// When the feed with so many items was last modified, as HTTP writes it.
    #[must_use]
    pub fn last_modified(published: u64) -> String {
        http_date(published_at(published))
    }

    /// The items that the feed shows when `published` are out.
    #[must_use]
    pub fn shown(&self, published: u64) -> std::ops::RangeInclusive<u64> {
        published.saturating_sub(self.window).saturating_add(1)..=published
    }

    /// Which text item `n` has when `published` are out.
    #[must_use]
    pub fn version(&self, n: u64, published: u64) -> Version {
        if !self.has_pages && n % 10 == 7 && published >= n + REVISED_AFTER {
            Version::Revised
        } else {
            Version::First
        }
    }

    /// What item `n` says.
    #[must_use]
    pub fn prose(&self, n: u64, version: Version) -> Prose {
        // Numbers that end in 4 or 9 are never revised.
        let from = match n % 10 {
            4 if self.copies => PAPERS[0].name,
            9 if self.name == "courrier" => PAPERS[0].name,
            _ => self.name,
        };
        let mut prose = prose::article(from, n);
        // Texts here are whole sentences: what a reader makes of subheadings is another test's matter.
        prose
            .paragraphs
            .retain(|paragraph| paragraph.ends_with(['.', '»', '?']));
        if version == Version::Revised {
            let further = prose::article(&format!("{}, suite", self.name), n);
            prose.paragraphs.extend(further.paragraphs.into_iter().next());
        }
        prose
    }

    /// The feed's entry for item `n`.
    #[must_use]
    pub fn item(&self, n: u64, version: Version, base: &str) -> String {
        let prose = self.prose(n, version);
        let body = if self.has_pages {
            format!(
                "<description>{}</description>",
                escape(&prose.teaser(TEASER_WORDS))
            )
        } else {
            format!(
                "<content:encoded><![CDATA[{}]]></content:encoded>",
                markup(&prose)
            )
        };
        format!(
            "<item><title>{}</title><link>{base}{}</link><guid isPermaLink=\"false\">{}</guid>\
             <pubDate>{}</pubDate>{body}</item>\n",
            escape(&prose.title),
            self.page_path(n),
            self.guid(n),
            http_date(published_at(n)),
        )
    }

    /// The feed around its items, the newest first.
    #[must_use]
    pub fn feed(&self, items: &str, base: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
             xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel>\n<title>{0}</title>\n\
             <link>{base}/{0}/</link>\n<description>Les nouvelles de {0}</description>\n<language>fr</language>\n\
             {items}</channel></rss>\n",
            self.name
        )
    }

    /// The page of item `n`.
    #[must_use]
    pub fn page(&self, n: u64, base: &str) -> String {
        let prose = self.prose(n, Version::First);
        format!(
            "<!DOCTYPE html>\n<html lang=\"fr\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
             <link rel=\"canonical\" href=\"{base}{path}\"></head>\n<body>\n\
             <nav><a href=\"/{name}/\">Accueil</a> <a href=\"/{name}/une\">À la une</a></nav>\n\
             <article>\n<h1>{title}</h1>\n{paragraphs}</article>\n<footer>Mentions légales</footer>\n</body></html>\n",
            title = escape(&prose.title),
            paragraphs = markup(&prose),
            name = self.name,
            path = self.page_path(n),
        )
    }
}

fn markup(prose: &Prose) -> String {
    let paragraphs: Vec<String> = prose
        .paragraphs
        .iter()
        .map(|paragraph| format!("<p>{}</p>\n", escape(paragraph)))
        .collect();
    paragraphs.concat()
}

fn published_at(n: u64) -> Timestamp {
    let offset = i64::try_from(n).unwrap_or(0).saturating_mul(PACE_SECS);
    Timestamp::from_second(FIRST_PUBLISHED_SECS.saturating_add(offset)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_repeat_the_first_paper_word_for_word_and_are_never_revised() {
        let [gazette, courrier, soir, ..] = PAPERS;
        let text = |paper: Paper, n| paper.prose(n, Version::First).text();
        assert_eq!(text(courrier, 4), text(gazette, 4));
        assert_eq!(text(courrier, 9), text(gazette, 9));
        assert_eq!(text(soir, 14), text(gazette, 14));
        assert_ne!(text(courrier, 5), text(gazette, 5));
        for n in [4, 9, 14, 19] {
            assert_eq!(gazette.version(n, 1000), Version::First);
        }
        assert_eq!(gazette.version(7, 12), Version::First);
        assert_eq!(gazette.version(7, 13), Version::Revised);
        assert!(
            gazette
                .prose(7, Version::Revised)
                .text()
                .starts_with(&text(gazette, 7))
        );
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        let phare = Paper::named("phare").unwrap();
        assert_eq!(phare.number_of(&phare.page_path(12)), Some(12));
        assert_eq!(phare.published_of(&phare.etag(34)), Some(34));
        assert_eq!(phare.number_of("/tribune/article-1.html"), None);
        assert_eq!(PAPERS[0].shown(51), 2..=51);
        assert_eq!(PAPERS[0].shown(3), 1..=3);
        assert_eq!(phare.shown(51), 49..=51);
    }
}
