//! What a page says of itself: JSON-LD (schema.org `NewsArticle`), Open Graph, `meta` names, microdata, `time`, its byline.
//!
//! Each field from the first source that has it, in that order: JSON-LD is written for machines and is the most exact.
//! Where a site signs for its writers ("Le Quotidien"), the byline that readers see is asked for names.

use depeche_model::{Published, Warning, WarningCode};
use jiff::Timestamp;
use serde_json::Value;

use super::byline::Credit;
use super::dates;
use super::json_ld::{self, Linked};
use super::main_text;
use super::places::{Place, Places};
use super::signature::{self, Site};
use super::skim::{Head, Link, Skim, Tag, Target, filled};
use super::state;
use super::title;
use crate::text::fold;
use crate::urls;

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

/// Words of a section's name.
const MAX_SECTION_WORDS: usize = 5;

/// Bytes of it.
const MAX_SECTION_BYTES: usize = 80;

/// Words of a label.
const MAX_LABEL_WORDS: usize = 6;

/// Blocks above the heading in which a link names its section.
const ABOVE_TITLE: usize = 3;

/// Names of `meta` elements that say what the article is about.
const DESCRIPTIONS: &[&str] = &[
    "og:description",
    "description",
    "twitter:description",
    "dc.description",
];

/// What the first step of a path is called, folded.
const HOME: &[&str] = &[
    "accueil",
    "page d accueil",
    "a la une",
    "une",
    "home",
    "startseite",
    "retour",
    "article",
    "articles",
    "actualites",
    "actu",
    "actus",
    "news",
];

/// Reads a page's fields. `html` is asked for what its scripts hold, where the page shows little.
pub(super) fn read(html: &str, skim: &Skim, url: &str) -> Metadata {
    let head = &skim.head;
    let first_heading = title::heading(skim);
    let open_title = meta(head, &["og:title", "twitter:title"]);
    let linked = Linked::of(&head.json_ld);
    let titles: Vec<&str> = [
        first_heading.as_deref(),
        open_title.as_deref(),
        head.title.as_deref(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut metadata = Metadata {
        is_article: !linked.articles.is_empty()
            || meta(head, &["og:type"]).is_some_and(|kind| kind.eq_ignore_ascii_case("article")),
        asks_password: head.asks_password,
        ..Metadata::default()
    };
    let mut headline = None;
    let mut credit = Credit::default();
    let open_url = meta(head, &["og:url"]);
    let addresses = [Some(url), head.canonical.as_deref(), open_url.as_deref()];
    let addresses: Vec<&str> = addresses.into_iter().flatten().collect();
    let own = json_ld::own(&linked.articles, &titles, &addresses);
    let state = state_of(own, html, skim, &titles);
    if let Some(own) = own {
        headline = json_ld::text(own, "headline").or_else(|| json_ld::text(own, "name"));
        article(own, &linked, &mut metadata, &mut credit);
    } else if let Some(state) = &state {
        article(state, &linked, &mut metadata, &mut credit);
    }
    if let Some(state) = &state {
        metadata.article_body = json_ld::text(state, "articleBody");
    }
    let own = own.or(state.as_ref());
    metadata.canonical = head
        .canonical
        .clone()
        .into_iter()
        .chain(open_url)
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
        .or_else(|| linked.site_name.clone())
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
        .or_else(|| meta(head, DESCRIPTIONS))
        .or_else(|| property(head, "description"));
    let title = main_text::title_block(skim, metadata.title.as_deref()).or_else(|| title::block(skim));
    let dates = dates::read(skim, title, url, own, &linked);
    metadata.published = dates.published;
    metadata.modified = dates.modified;
    metadata.notes.extend(dates.warnings);
    let site = Site::of(metadata.site_name.as_deref(), url);
    metadata.authors = signature::read(skim, title, credit, &site, &mut metadata.notes);
    sections_and_tags(skim, title, &linked, &site, &mut metadata);
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

/// What the page's scripts start from, where nothing else has the text. What a wall hides is left behind it.
fn state_of(own: Option<&Value>, html: &str, skim: &Skim, titles: &[&str]) -> Option<Value> {
    own.is_none_or(|own| json_ld::text(own, "articleBody").is_none() && json_ld::is_free(own) != Some(false))
        .then(|| state::article(html, skim, titles))
        .flatten()
}

/// What the article is filed under.
fn sections_and_tags(
    skim: &Skim,
    title: Option<usize>,
    linked: &Linked,
    site: &Site,
    metadata: &mut Metadata,
) {
    let head = &skim.head;
    let own_links = OwnLinks::of(skim, title);
    if metadata.sections.is_empty() {
        metadata.sections = meta(
            head,
            &[
                "article:section",
                "og:article:section",
                "og:section",
                "section",
                "parsely-section",
                "dc.subject.section",
            ],
        )
        .or_else(|| property(head, "articlesection"))
        .or_else(|| first_section(&linked.crumbs, metadata, site))
        .or_else(|| first_section(&own_links.texts(Target::Section), metadata, site))
        .or_else(|| own_links.above_title())
        .into_iter()
        .collect();
    }
    if metadata.tags.is_empty() {
        metadata.tags = tags(head, &own_links);
    }
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

fn tags(head: &Head, links: &OwnLinks) -> Vec<String> {
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
    let linked = links.texts(Target::Label);
    if !linked.is_empty() {
        return linked;
    }
    meta(head, &["news_keywords", "keywords"])
        .map(|content| split_labels(&content))
        .unwrap_or_default()
}

/// The first name of the path to a page that is a section's: neither the site's, nor the article's own.
fn first_section(path: &[String], metadata: &Metadata, site: &Site) -> Option<String> {
    let title = metadata.title.as_deref().map(fold).unwrap_or_default();
    path.iter()
        .map(|name| name.trim_matches(|c: char| !c.is_alphanumeric()))
        .find(|name| {
            let folded = fold(name);
            !folded.is_empty()
                && folded.split(' ').count() <= MAX_SECTION_WORDS
                && !site.signs(name)
                && !title.starts_with(&folded)
                && !HOME.contains(&folded.as_str())
        })
        .map(str::to_owned)
}

/// The links of the article itself that say what they lead to.
struct OwnLinks<'a> {
    skim: &'a Skim,
    title: Option<usize>,
    own: Vec<&'a Link>,
}

impl<'a> OwnLinks<'a> {
    fn of(skim: &'a Skim, title: Option<usize>) -> Self {
        let places = Places::of(skim, title);
        let links = skim.head.links.iter();
        let own = links
            .filter(|link| match link.target {
                // The path to a page stands above the article, outside it often.
                Target::Section => title.is_none_or(|title| link.block <= title + 4),
                Target::Label => {
                    title.is_some_and(|title| link.block > title)
                        && places.of_labels(link.element) != Place::Foreign
                }
                Target::Author => false,
            })
            .collect();
        Self { skim, title, own }
    }

    fn texts(&self, target: Target) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for link in self.own.iter().filter(|link| link.target == target) {
            let text = link.text.trim_start_matches('#').trim();
            if !text.is_empty()
                && text.split(' ').count() <= MAX_LABEL_WORDS
                && !texts.iter().any(|known| known == text)
            {
                texts.push(text.to_owned());
            }
        }
        texts
    }

    /// The section that a link above the heading names, the first where there are several.
    fn above_title(&self) -> Option<String> {
        let title = self.title?;
        let skim = self.skim;
        let heading = skim.blocks.get(title)?;
        let box_of_title = skim.elements[heading.element].parent;
        let is_section = |number: &usize| {
            skim.blocks.get(*number).is_some_and(|block| {
                let text = skim.text(block);
                block.link_share() > 0.9
                    && block.words <= MAX_SECTION_WORDS
                    && block.bytes() <= MAX_SECTION_BYTES
                    && text.starts_with(char::is_uppercase)
                    && !HOME.contains(&fold(text).as_str())
                    && skim.is_within(block.element, box_of_title)
                    && !skim
                        .around(block.element)
                        .any(|element| skim.elements[element].tag == Tag::Nav)
            })
        };
        let near = (title.saturating_sub(ABOVE_TITLE)..title)
            .rev()
            .find(is_section)?;
        let first = (0..=near).rev().take_while(is_section).last()?;
        let text = skim.text(skim.blocks.get(first)?);
        // Links without a space between them are several.
        let end = glued_at(text).unwrap_or(text.len());
        text.get(..end).map(str::to_owned)
    }
}

/// Where a text goes on with a capital directly behind a small letter.
fn glued_at(text: &str) -> Option<usize> {
    let mut before = ' ';
    text.char_indices().find_map(|(at, c)| {
        let glued = before.is_lowercase() && c.is_uppercase();
        before = c;
        glued.then_some(at)
    })
}

fn split_labels(written: &str) -> Vec<String> {
    written
        .split([',', ';'])
        .filter_map(|label| filled(Some(label.trim_start_matches('#'))))
        .take(MAX_TAGS)
        .collect()
}

fn article(own: &Value, linked: &Linked, metadata: &mut Metadata, credit: &mut Credit) {
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
    for author in linked
        .names(own, "author")
        .iter()
        .chain(&linked.names(own, "creator"))
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
