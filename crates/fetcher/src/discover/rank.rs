//! Which of the feeds found is the best: a pure decision over what each holds.
//!
//! First come feeds of articles with entries in them that are still published; among those feeds of the whole site before
//! those of a section, then those whose title is the site's, in French, with full texts, with more entries. Feeds of
//! comments are last. Feeds with the same entries are one: the better address stands for both.

use std::cmp::Reverse;
use std::collections::HashSet;

use depeche_feed::{Feed, FeedKind};
use depeche_model::Entry;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{DiscoveredFeed, FoundBy, Lead};

/// Entries of so many words are articles in full; the normalizer takes shorter ones for teasers too.
const FULL_TEXT_WORDS: usize = 150;

/// Feeds that share this many of all their entries are one in two renderings.
const SAME_SHARE: f64 = 0.8;

/// A feed without an entry for so long sleeps; after a year it is dead.
const FRESH: SignedDuration = SignedDuration::from_hours(30 * 24);
const DEAD: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Path segments that belong to the feed and name no section of the site.
const NO_SECTION: &[&str] = &[
    "rss",
    "rss2",
    "feed",
    "feeds",
    "atom",
    "flux",
    "rdf",
    "xml",
    "index",
    "backend",
    "une",
    "alaune",
    "a",
    "la",
    "en",
    "default",
    "posts",
    "outboundfeeds",
    "arc",
    "all",
    "full",
    "actualites",
    "actualite",
    "actu",
    "actus",
    "news",
    "articles",
    "article",
    "spip",
    "php",
    "json",
    "main",
    "home",
    "accueil",
    "fr",
    "nos",
    "les",
    "fil",
    "info",
    "infos",
    "continu",
    "dernieres",
    "derniere",
    "heure",
    "sitemap",
    "googlenews",
    "google",
    "24",
    "7",
];

/// Words that are frequent in French titles and rare in those of other languages.
const FRENCH_WORDS: &[&str] = &[
    "le", "la", "les", "des", "du", "une", "un", "et", "dans", "pour", "sur", "au", "aux", "est", "avec",
    "par", "qui",
];

/// A feed with what speaks for and against it.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) lead: Lead,
    feed: DiscoveredFeed,
    /// Its entries by what tells them apart.
    entries: HashSet<String>,
    is_french: bool,
    position: usize,
}

impl Judged {
    pub(super) fn new(lead: Lead, feed: &Feed, now: Timestamp) -> Self {
        let entries: Vec<&Entry> = feed.items.iter().map(|item| &item.entry).collect();
        let newest = entries
            .iter()
            .filter_map(|entry| entry.published_at.max(entry.updated_at))
            // A date in the future is a mistake or an announcement.
            .filter(|at| at.duration_since(now) <= SignedDuration::from_hours(24))
            .max();
        let mut words: Vec<usize> = entries
            .iter()
            .map(|entry| {
                [&entry.content, &entry.summary]
                    .into_iter()
                    .flatten()
                    .map(|text| words_of(text))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        words.sort_unstable();
        let median = words.get(words.len() / 2).copied().unwrap_or(0);
        let is_french = feed.language.as_deref().map_or_else(
            || sounds_french(&entries),
            |language| language.trim().to_ascii_lowercase().starts_with("fr"),
        );
        let language = feed
            .language
            .clone()
            .or_else(|| is_french.then(|| "fr".to_owned()));
        let title = feed.title.clone().or_else(|| lead.title.clone());
        Self {
            feed: DiscoveredFeed {
                url: lead.url.to_string(),
                is_comments: is_comments(&lead.url, title.as_deref()),
                title,
                site: feed.site_url.clone(),
                kind: feed.kind,
                items: entries.len(),
                newest,
                language,
                is_full_text: median >= FULL_TEXT_WORDS,
                found_by: lead.by,
                also_at: Vec::new(),
            },
            entries: entries.iter().filter_map(|entry| entry_key(entry)).collect(),
            is_french,
            lead,
            position: 0,
        }
    }

    /// Whether it is a feed of all articles of the site at `home`.
    pub(super) fn is_whole_site(&self, home: &Url) -> bool {
        !self.feed.is_comments
            && !self.entries.is_empty()
            && !self.is_sitemap()
            && sections(&self.lead.url, home) == 0
    }

    fn is_sitemap(&self) -> bool {
        matches!(
            self.feed.kind,
            FeedKind::NewsSitemap | FeedKind::Sitemap | FeedKind::SitemapIndex
        )
    }

    fn has_same_entries(&self, other: &Self) -> bool {
        let common = self.entries.intersection(&other.entries).count();
        let all = self.entries.len() + other.entries.len() - common;
        all > 0 && common as f64 >= all as f64 * SAME_SHARE
    }
}

/// The feeds, the best first, each content once.
pub(super) fn rank(
    mut found: Vec<Judged>,
    home: &Url,
    site_title: Option<&str>,
    now: Timestamp,
) -> Vec<DiscoveredFeed> {
    for (position, judged) in found.iter_mut().enumerate() {
        judged.position = position;
    }
    found.sort_by_cached_key(|judged| {
        let feed = &judged.feed;
        let age = match feed.newest.map(|newest| now.duration_since(newest)) {
            Some(age) if age <= FRESH => 0,
            // Not every feed dates its entries.
            None => 1,
            Some(age) if age <= DEAD => 2,
            Some(_) => 3,
        };
        (
            (
                feed.found_by != FoundBy::Address,
                feed.is_comments,
                judged.entries.is_empty(),
                age,
            ),
            (judged.is_sitemap(), is_elsewhere(&judged.lead.url, home)),
            sections(&judged.lead.url, home),
            strange_words(feed.title.as_deref(), site_title),
            (!judged.is_french, !feed.is_full_text, Reverse(feed.items / 10)),
            (feed.found_by, judged.position),
        )
    });
    let mut kept: Vec<Judged> = Vec::new();
    for judged in found {
        let same = kept.iter_mut().find(|better| {
            better.feed.is_comments == judged.feed.is_comments && better.has_same_entries(&judged)
        });
        match same {
            Some(better) => better.feed.also_at.push(judged.feed.url),
            None => kept.push(judged),
        }
    }
    kept.into_iter().map(|judged| judged.feed).collect()
}

/// Whether the address that was given is a part of a site, and the feed is not below it.
fn is_elsewhere(url: &Url, home: &Url) -> bool {
    home.path() != "/" && !url.path().starts_with(home.path())
}

/// How many parts of the address name a part of the site below the address that was given.
fn sections(url: &Url, home: &Url) -> usize {
    let segments = |url: &Url| -> Vec<String> {
        url.path()
            .to_ascii_lowercase()
            .split('/')
            .map(str::to_owned)
            .collect()
    };
    let given = segments(home);
    segments(url)
        .iter()
        .filter(|segment| !given.contains(segment))
        .filter(|segment| {
            segment
                .split(|c: char| !c.is_ascii_alphanumeric())
                .filter(|word| !word.is_empty())
                .any(|word| !NO_SECTION.contains(&word))
        })
        .count()
}

/// How many words the title has beyond the site's: a section's name, mostly. A feed without a title has one too many.
fn strange_words(title: Option<&str>, site_title: Option<&str>) -> usize {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let Some(title) = title else {
        return 1;
    };
    let known = words(site_title.unwrap_or_default());
    words(title).iter().filter(|word| !known.contains(word)).count()
}

fn is_comments(url: &Url, title: Option<&str>) -> bool {
    let address = url.as_str().to_ascii_lowercase();
    let title = title.unwrap_or_default().to_lowercase();
    [
        "/comments",
        "/commentaires",
        "feed=comments",
        "/comment/",
        "comments.xml",
        "comment-rss",
    ]
    .iter()
    .any(|part| address.contains(part))
        || [
            "commentaires sur",
            "commentaires pour",
            "comments on",
            "comments for",
            "commentaires :",
        ]
        .iter()
        .any(|start| title.contains(start))
}

/// The words of a text without its markup.
fn words_of(markup: &str) -> usize {
    let mut is_tag = false;
    let text: String = markup
        .chars()
        .map(|c| {
            is_tag = c == '<' || (is_tag && c != '>');
            if is_tag || c == '>' { ' ' } else { c }
        })
        .collect();
    text.split_whitespace().count()
}

fn sounds_french(entries: &[&Entry]) -> bool {
    let (mut french, mut all) = (0, 0);
    for entry in entries.iter().take(50) {
        for text in [&entry.title, &entry.summary].into_iter().flatten() {
            for word in text
                .split(|c: char| !c.is_alphabetic())
                .filter(|word| !word.is_empty())
                .take(100)
            {
                all += 1;
                french += usize::from(FRENCH_WORDS.contains(&word.to_lowercase().as_str()));
            }
        }
    }
    // French prose has these for every fourth word, English for none but a rare name.
    french * 10 >= all && all > 0
}

/// What tells an entry from others in whatever rendering: its page without what counts visits, else its identifier.
fn entry_key(entry: &Entry) -> Option<String> {
    let Some(link) = &entry.link else {
        return entry.guid.clone();
    };
    let link = link.split('#').next().unwrap_or(link);
    Some(match link.split_once('?') {
        Some((page, query)) if query.starts_with("utm_") || query.starts_with("xtor") => page.to_owned(),
        _ => link.trim_end_matches('/').to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use depeche_feed::{CharsetEvidence, Hints, Item};

    use super::*;

    const NOW: &str = "2026-02-06T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    /// A feed of so many entries whose links begin with `prefix`; the newest is so many days old.
    fn feed(title: &str, prefix: &str, items: usize, days: i64) -> Feed {
        let item = |n: usize| Item {
            entry: Entry {
                link: Some(format!("https://exemple.fr/{prefix}/{n}")),
                title: Some("La mairie rouvre dans le centre".to_owned()),
                published_at: Some(now() - SignedDuration::from_hours(24 * days)),
                ..Entry::default()
            },
            published: None,
            warnings: Vec::new(),
        };
        Feed {
            kind: FeedKind::Rss,
            title: Some(title.to_owned()),
            language: None,
            items: (0..items).map(item).collect(),
            hints: Hints::default(),
            hubs: Vec::new(),
            self_url: None,
            site_url: None,
            children: Vec::new(),
            charset: CharsetEvidence::Utf8,
            is_complete: true,
            warnings: Vec::new(),
        }
    }

    fn judged(address: &str, feed: &Feed) -> Judged {
        let lead = Lead {
            url: Url::parse("https://exemple.fr/").unwrap().join(address).unwrap(),
            title: None,
            by: FoundBy::LinkElement,
        };
        Judged::new(lead, feed, now())
    }

    fn ranked(found: Vec<Judged>, home: &str) -> Vec<String> {
        let home = Url::parse(home).unwrap();
        rank(found, &home, Some("L’Exemple"), now())
            .into_iter()
            .map(|feed| {
                let path = |url: &str| url.replace("https://exemple.fr", "");
                let also: Vec<String> = feed.also_at.iter().map(|url| path(url)).collect();
                format!("{} {}", path(&feed.url), also.join(" "))
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn the_feed_of_the_whole_site_is_first_and_comments_are_last() {
        let found = || {
            vec![
                judged(
                    "/comments/feed/",
                    &feed("Commentaires pour L’Exemple", "c", 30, 0),
                ),
                judged("/sport/rss.xml", &feed("L’Exemple - Sport", "s", 30, 0)),
                judged("/vide.xml", &feed("L’Exemple", "v", 0, 0)),
                judged("/ancien/rss.xml", &feed("L’Exemple", "o", 30, 900)),
                judged("/feed/", &feed("L’Exemple", "a", 20, 1)),
                judged("/feed/atom/", &feed("L’Exemple", "a", 20, 1)),
            ]
        };
        assert_eq!(
            ranked(found(), "https://exemple.fr/"),
            [
                "/feed/ /feed/atom/",
                "/sport/rss.xml",
                "/ancien/rss.xml",
                "/vide.xml",
                "/comments/feed/"
            ]
        );
        // Whoever asks for a section gets its feed.
        assert_eq!(ranked(found(), "https://exemple.fr/sport/")[0], "/sport/rss.xml");
        let section = judged("/sport/rss.xml", &feed("L’Exemple - Sport", "s", 30, 0));
        assert!(section.is_whole_site(&Url::parse("https://exemple.fr/sport/").unwrap()));
        assert!(!section.is_whole_site(&Url::parse("https://exemple.fr/").unwrap()));
    }

    #[test]
    fn full_texts_and_french_are_better() {
        let mut full = feed("L’Exemple", "f", 20, 0);
        for item in &mut full.items {
            item.entry.content = Some("<p>mot</p> ".repeat(FULL_TEXT_WORDS));
        }
        let mut english = feed("L’Exemple", "e", 20, 0);
        english.language = Some("en-GB".to_owned());
        let found = vec![
            judged("/english.xml", &english),
            judged("/rss.xml", &feed("L’Exemple", "t", 20, 0)),
            judged("/feed.xml", &full),
        ];
        assert_eq!(found[1].feed.language.as_deref(), Some("fr"));
        assert!(found[2].feed.is_full_text && !found[1].feed.is_full_text);
        let found: Vec<Judged> = found.into_iter().skip(1).collect();
        assert_eq!(ranked(found, "https://exemple.fr/"), ["/feed.xml", "/rss.xml"]);
    }

    #[test]
    fn a_section_within_the_whole_is_a_feed_of_its_own() {
        let whole = feed("L’Exemple", "a", 40, 0);
        let part = feed("L’Exemple", "a", 8, 0);
        assert_eq!(
            ranked(
                vec![judged("/sport/rss.xml", &part), judged("/rss.xml", &whole)],
                "https://exemple.fr/"
            ),
            ["/rss.xml", "/sport/rss.xml"]
        );
    }
}
