//! What a page says of itself: JSON-LD (schema.org `NewsArticle`), Open Graph, `meta` names, microdata, `time`, its byline.
//!
//! Each field from the first source that has it, in that order: JSON-LD is written for machines and is the most exact.
//! Where a site signs for its writers ("Le Quotidien"), the byline that readers see is asked for names.

use depeche_model::{Published, Warning, WarningCode};
use jiff::Timestamp;
use serde_json::Value;

use super::byline::{self, Credit};
use super::classes::Hints;
use super::json_ld;
use super::skim::{Head, Skim, filled};
use super::title;
use crate::urls;
use depeche_feed::DateReading;

/// The fields of a page.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) published: Option<Published>,
    pub(super) modified: Option<Timestamp>,
    /// What it says its address is: `link`, Open Graph, JSON-LD.
    pub(super) canonical: Vec<String>,
    pub(super) site_name: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) sections: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) image: Option<String>,
    pub(super) language: Option<String>,
    /// The page calls itself an article.
    pub(super) is_article: bool,
    /// Whether everybody may read all of it, where JSON-LD says so.
    pub(super) free: Option<bool>,
    /// The page says that not everybody may read all of it.
    pub(super) paywalled: bool,
    /// The page asks for a password.
    pub(super) asks_password: bool,
    /// The text as JSON-LD or microdata give it, in one paragraph mostly.
    pub(super) article_body: Option<String>,
    /// What was guessed or derived in reading the fields.
    pub(super) notes: Vec<Warning>,
}

/// Labels of an article. More are a site's words for search engines.
const MAX_TAGS: usize = 20;

/// Blocks around the heading among which the byline stands.
const BYLINE_BLOCKS: usize = 40;

/// Words of a byline with its date.
const MAX_BYLINE_WORDS: usize = 24;

const PUBLISHED: &[&str] = &[
    "article:published_time",
    "og:article:published_time",
    "article:published",
    "og:published_time",
    "datepublished",
    "date_published",
    "publication_date",
    "publish-date",
    "publish_date",
    "pubdate",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date",
    "dcterms.created",
    "dcterms.date",
    "date",
];

const MODIFIED: &[&str] = &[
    "article:modified_time",
    "og:article:modified_time",
    "og:updated_time",
    "datemodified",
    "article:modified",
    "last-modified",
    "dcterms.modified",
    "dc.date.modified",
];

/// Reads a page's fields.
pub(super) fn read(skim: &Skim, url: &str) -> Metadata {
    let head = &skim.head;
    let first_heading = title::heading(skim);
    let open_title = meta(head, &["og:title", "twitter:title"]);
    let articles = json_ld::articles(&head.json_ld);
    let titles: Vec<&str> = [
        first_heading.as_deref(),
        open_title.as_deref(),
        head.title.as_deref(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut metadata = Metadata {
        is_article: !articles.is_empty()
            || meta(head, &["og:type"]).is_some_and(|kind| kind.eq_ignore_ascii_case("article")),
        asks_password: head.asks_password,
        ..Metadata::default()
    };
    let mut headline = None;
    let mut credit = Credit::default();
    let own = json_ld::own(&articles, &titles);
    if let Some(own) = own {
        headline = json_ld::text(own, "headline").or_else(|| json_ld::text(own, "name"));
        article(own, &mut metadata, &mut credit);
    }
    metadata.canonical = head
        .canonical
        .clone()
        .into_iter()
        .chain(meta(head, &["og:url"]))
        .chain(std::mem::take(&mut metadata.canonical))
        .filter_map(|link| urls::absolute(&link, base(url)))
        .collect();
    metadata.site_name = metadata.site_name.or_else(|| {
        meta(
            head,
            &[
                "og:site_name",
                "application-name",
                "twitter:site:name",
                "dc.publisher",
            ],
        )
    });
    let written: Vec<String> = [&headline, &open_title, &first_heading, &head.title]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    metadata.title = title::choose(title::Candidates {
        headline,
        open_graph: open_title.or_else(|| meta(head, &["dc.title", "dcterms.title", "title"])),
        heading: first_heading,
        document: head.title.clone(),
        site_name: metadata.site_name.as_deref(),
    });
    metadata
        .notes
        .extend(title_cleaned(metadata.title.as_deref(), &written));
    metadata.description = metadata
        .description
        .or_else(|| {
            meta(
                head,
                &[
                    "og:description",
                    "description",
                    "twitter:description",
                    "dc.description",
                ],
            )
        })
        .or_else(|| property(head, "description"));
    dates(skim, own, &mut metadata);
    metadata.authors = authors(skim, credit, metadata.site_name.as_deref(), &mut metadata.notes);
    if metadata.sections.is_empty() {
        metadata.sections = meta(
            head,
            &["article:section", "og:section", "section", "dc.subject.section"],
        )
        .or_else(|| property(head, "articlesection"))
        .into_iter()
        .collect();
    }
    if metadata.tags.is_empty() {
        metadata.tags = tags(head);
    }
    metadata.tags.truncate(MAX_TAGS);
    metadata.image = image(head, metadata.image, url);
    metadata.paywalled = match metadata.free {
        Some(free) => !free,
        None => is_locked(head),
    };
    metadata.language = head
        .language
        .clone()
        .or_else(|| meta(head, &["og:locale", "content-language", "language"]))
        .or(metadata.language);
    metadata
}

/// That a title was cut out of what is written, where it was.
fn title_cleaned(title: Option<&str>, written: &[String]) -> Option<Warning> {
    let title = title?;
    if written.iter().any(|whole| whole.trim() == title.trim()) {
        return None;
    }
    let whole = written.iter().find(|whole| whole.contains(title))?;
    Some(Warning::new(WarningCode::TitleCleaned, whole))
}

/// The lead image's address.
fn image(head: &Head, linked_data: Option<String>, url: &str) -> Option<String> {
    let named = [
        "og:image",
        "og:image:url",
        "og:image:secure_url",
        "twitter:image",
        "twitter:image:src",
    ];
    linked_data
        .or_else(|| meta(head, &named))
        .or_else(|| property(head, "image"))
        .and_then(|image| urls::absolute(&image, base(url)))
}

fn base(url: &str) -> Option<&str> {
    Some(url).filter(|url| !url.is_empty())
}

/// The content of the first of these names that a page has.
fn meta(head: &Head, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        head.metas
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, content)| content.clone())
    })
}

fn property(head: &Head, name: &str) -> Option<String> {
    head.properties
        .iter()
        .find(|(known, content)| known == name && !content.is_empty())
        .map(|(_, content)| content.clone())
}

/// Whether a page that says nothing of it in JSON-LD is behind a paywall. `metered` counts a reader's articles and shows
/// this one.
fn is_locked(head: &Head) -> bool {
    meta(
        head,
        &["article:content_tier", "content_tier", "article:content-tier"],
    )
    .map_or(head.names_paywall, |tier| {
        ["locked", "premium", "paid", "subscriber"]
            .iter()
            .any(|locked| tier.eq_ignore_ascii_case(locked))
    })
}

fn dates(skim: &Skim, own: Option<&Value>, metadata: &mut Metadata) {
    let head = &skim.head;
    let linked = |name: &str| skim.date(&json_ld::text(own?, name)?);
    let of = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| skim.date(&meta(head, &[name]).or_else(|| property(head, name))?))
    };
    let published = linked("datePublished")
        .or_else(|| linked("dateCreated"))
        .or_else(|| of(PUBLISHED))
        .or_else(|| shown_date(skim, false));
    if let Some(doubt) = published.and_then(|date| date.doubt) {
        metadata
            .notes
            .push(Warning::new(WarningCode::DateGuessed, doubt.as_str()));
    }
    metadata.published = published.map(|date| date.published);
    metadata.modified = linked("dateModified")
        .or_else(|| of(MODIFIED))
        .or_else(|| shown_date(skim, true))
        .map(|date| date.published.at);
}

/// The date that a page shows: of its `time` elements those that say what they are first, then those in the article.
fn shown_date(skim: &Skim, modified: bool) -> Option<DateReading> {
    let times = &skim.head.times;
    let read = |time: &super::skim::Time| {
        time.machine
            .as_deref()
            .and_then(|machine| skim.date(machine))
            .or_else(|| skim.date(&time.shown))
    };
    let mut candidates = times.iter().filter(|time| time.modified == modified);
    if modified {
        return candidates.find_map(read);
    }
    times
        .iter()
        .filter(|time| time.published && !time.modified)
        .find_map(read)
        .or_else(|| candidates.clone().filter(|time| time.in_article).find_map(read))
        .or_else(|| candidates.find_map(read))
        .or_else(|| line_date(skim))
}

/// The date of a line that says of itself that it is one: "Publié le 05/02/26 à 18:30".
fn line_date(skim: &Skim) -> Option<DateReading> {
    const LEADS: &[&str] = &[
        "Publié le",
        "publié le",
        "Publié",
        "Posté le",
        "Mis en ligne le",
        "Mis en ligne",
        "Par ",
        "Le ",
        "le ",
        "Published on",
        "Published",
        "Posted on",
        "Date de publication :",
        "Date :",
    ];
    let from = title::block(skim).unwrap_or(0);
    skim.blocks
        .iter()
        .skip(from.saturating_sub(4))
        .take(BYLINE_BLOCKS)
        .filter(|block| block.words <= MAX_BYLINE_WORDS)
        .find_map(|block| {
            let text = skim.text(block);
            let parts = [" | ", " - ", " – ", " — ", " · ", " • ", " par ", " by "];
            let part = |text: &str| {
                parts
                    .iter()
                    .find_map(|separator| text.split(separator).find_map(|part| skim.date(part)))
            };
            part(text).or_else(|| {
                LEADS.iter().find_map(|lead| {
                    let (_, rest) = text.split_once(lead)?;
                    let rest = rest.trim_start_matches([' ', ':', '\u{a0}']);
                    // Behind the date may stand when it was changed, or who wrote it.
                    let end = [
                        " - ", " – ", " | ", " par ", ", mis", " mis à", " (", " · ", " • ",
                    ]
                    .iter()
                    .filter_map(|end| rest.find(end))
                    .min()
                    .unwrap_or(rest.len());
                    skim.date(rest.get(..end)?.trim_end_matches([',', '.', ' ']))
                })
            })
        })
}

/// Names from the most exact source: linked data, `meta`, marked links, and the line under the title.
fn authors(skim: &Skim, mut credit: Credit, site: Option<&str>, notes: &mut Vec<Warning>) -> Vec<String> {
    let head = &skim.head;
    if credit.authors.is_empty() {
        for name in [
            "author",
            "article:author",
            "dc.creator",
            "dcterms.creator",
            "parsely-author",
            "sailthru.author",
            "og:article:author",
        ] {
            for (_, content) in head.metas.iter().filter(|(known, _)| known == name) {
                credit.add(content);
            }
            if !credit.authors.is_empty() {
                break;
            }
        }
    }
    if credit.authors.is_empty() {
        head.authors.iter().for_each(|author| credit.add(author));
    }
    let site = site.map(crate::text::fold);
    let is_site = |name: &String| {
        let name = crate::text::fold(name);
        site.as_ref().is_some_and(|site| *site == name)
            || matches!(name.as_str(), "admin" | "administrateur" | "webmaster")
    };
    let mut shown = Credit::default();
    shown_byline(skim, &mut shown, credit.authors.iter().all(is_site));
    if credit.authors.iter().all(is_site) && !shown.authors.iter().all(is_site) {
        credit.authors = shown.authors;
        notes.push(WarningCode::AuthorsFromByline.into());
    }
    for agency in shown.agencies {
        if !credit.agencies.contains(&agency) {
            notes.push(Warning::new(WarningCode::AuthorsFromByline, &agency));
            credit.agencies.push(agency);
        }
    }
    credit.into_names()
}

/// The line under the title, or above the text, that names its writers. Where they are known already (`search` unset),
/// only a line that begins as bylines do is asked for agencies.
fn shown_byline(skim: &Skim, credit: &mut Credit, search: bool) {
    let from = title::block(skim).unwrap_or(0).saturating_sub(4);
    let near = || {
        skim.blocks
            .iter()
            .skip(from)
            .take(BYLINE_BLOCKS)
            .filter(|block| block.words <= MAX_BYLINE_WORDS)
    };
    for block in near() {
        let text = skim.text(block);
        if byline::is_byline(text) {
            credit.add(text);
            if !credit.is_empty() {
                return;
            }
        }
    }
    if !search {
        return;
    }
    let marked = |hint: Hints| {
        near().filter(move |block| {
            let mut around = skim.around(block.element).take(3);
            around.any(|element| skim.elements[element].hints.contains(hint))
        })
    };
    // Among dates and counts a name is two words or three that begin with a capital.
    let is_plain_name = |text: &str| {
        (2..=3).contains(&text.split(' ').count())
            && text.split(' ').all(|word| word.starts_with(char::is_uppercase))
            && text
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '’' | '\''))
    };
    let authors = marked(Hints::AUTHOR);
    let plain = marked(Hints::BYLINE).filter(|block| is_plain_name(skim.text(block)));
    for block in authors.chain(plain) {
        credit.add(skim.text(block));
        if !credit.is_empty() {
            return;
        }
    }
    for block in near().take(12) {
        let text = skim.text(block);
        if byline::is_dated(text) {
            match byline::agency_of_text(text) {
                // "Paris (AFP)": a place, not a name.
                Some(agency) => credit.agencies.push(agency.to_owned()),
                None => credit.add(text),
            }
            if !credit.is_empty() {
                return;
            }
        }
    }
}

fn tags(head: &Head) -> Vec<String> {
    let listed: Vec<String> = head
        .metas
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "article:tag" | "og:article:tag" | "parsely-tags"))
        .flat_map(|(_, content)| split_labels(content))
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    if !head.tags.is_empty() {
        return head.tags.clone();
    }
    meta(head, &["news_keywords", "keywords"])
        .map(|content| split_labels(&content))
        .unwrap_or_default()
}

fn split_labels(written: &str) -> Vec<String> {
    written
        .split([',', ';'])
        .filter_map(|label| filled(Some(label.trim_start_matches('#'))))
        .take(MAX_TAGS)
        .collect()
}

fn article(own: &Value, metadata: &mut Metadata, credit: &mut Credit) {
    metadata.description = json_ld::text(own, "description");
    metadata.article_body = json_ld::text(own, "articleBody");
    metadata.site_name = own
        .get("publisher")
        .and_then(|publisher| json_ld::named(publisher, "name"));
    metadata.image = own
        .get("image")
        .or_else(|| own.get("thumbnailUrl"))
        .and_then(|image| json_ld::named(image, "url").or_else(|| json_ld::named(image, "contentUrl")));
    metadata.language = json_ld::text(own, "inLanguage");
    for name in ["url", "@id", "mainEntityOfPage"] {
        metadata
            .canonical
            .extend(own.get(name).and_then(|value| json_ld::named(value, "@id")));
    }
    metadata.free = json_ld::is_free(own);
    for author in json_ld::texts(own, "author")
        .iter()
        .chain(&json_ld::texts(own, "creator"))
    {
        credit.add(author);
    }
    metadata.sections = json_ld::texts(own, "articleSection");
    metadata.tags = match own.get("keywords") {
        Some(Value::String(listed)) => split_labels(listed),
        Some(_) => json_ld::texts(own, "keywords"),
        None => Vec::new(),
    };
}
