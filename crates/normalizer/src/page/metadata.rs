//! What a page says of itself: JSON-LD (schema.org `NewsArticle`), Open Graph, `meta` names, `link`, `time`.
//!
//! Each field from the first source that has it, in that order: JSON-LD is written for machines and is the most exact.

use depeche_model::Published;
use dom_query::Document;
use jiff::Timestamp;
use serde_json::Value;

use crate::urls;
use depeche_feed::parse_date;

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
    /// The text as JSON-LD gives it, in one paragraph mostly.
    pub(super) article_body: Option<String>,
}

/// Nested objects of JSON-LD are looked through to this depth: `@graph` and `mainEntity` need three.
const MAX_JSON_DEPTH: usize = 6;

/// Reads a page's fields.
pub(super) fn read(document: &Document, url: &str) -> Metadata {
    let mut metadata = Metadata::default();
    for script in &document.select("script[type='application/ld+json']") {
        let text = script.text();
        let json = text.trim().trim_start_matches("<!--").trim_end_matches("-->");
        if let Ok(value) = serde_json::from_str::<Value>(json) {
            json_ld(&value, &mut metadata, 0);
        }
    }
    let meta = |names: &[&str]| {
        names.iter().find_map(|name| {
            let selector = format!("meta[property='{name}'], meta[name='{name}'], meta[itemprop='{name}']");
            document
                .select(&selector)
                .iter()
                .find_map(|element| filled(element.attr("content").as_deref()))
        })
    };
    let first_text = |selector: &str| {
        document
            .select(selector)
            .iter()
            .find_map(|element| filled(Some(&element.text())))
    };
    metadata.is_article |= meta(&["og:type"]).is_some_and(|kind| kind.eq_ignore_ascii_case("article"));
    metadata.title = metadata
        .title
        .or_else(|| meta(&["og:title", "twitter:title", "dc.title", "dcterms.title"]))
        .or_else(|| first_text("h1"))
        .or_else(|| first_text("title"));
    metadata.description = metadata
        .description
        .or_else(|| meta(&["og:description", "description", "twitter:description"]));
    metadata.site_name = metadata
        .site_name
        .or_else(|| meta(&["og:site_name", "application-name"]));
    metadata.published = metadata
        .published
        .or_else(|| {
            let names = [
                "article:published_time",
                "og:article:published_time",
                "datepublished",
                "datePublished",
                "date",
                "dc.date",
                "dcterms.created",
                "dcterms.issued",
                "pubdate",
                "publish-date",
                "parsely-pub-date",
            ];
            parse_date(&meta(&names)?)
        })
        .or_else(|| time_element(document));
    metadata.modified = metadata.modified.or_else(|| {
        let names = [
            "article:modified_time",
            "og:updated_time",
            "dateModified",
            "last-modified",
            "dcterms.modified",
        ];
        parse_date(&meta(&names)?).map(|date| date.at)
    });
    if metadata.authors.is_empty() {
        metadata.authors = meta(&["author", "article:author", "dc.creator", "parsely-author"])
            .filter(|author| !author.starts_with("http"))
            .map(|author| vec![author])
            .unwrap_or_default();
    }
    if metadata.sections.is_empty() {
        metadata.sections = meta(&["article:section"]).into_iter().collect();
    }
    let base = Some(url).filter(|url| !url.is_empty());
    metadata.image = metadata
        .image
        .or_else(|| meta(&["og:image", "og:image:url", "twitter:image"]))
        .and_then(|image| urls::absolute(&image, base));
    metadata.canonical = canonical(
        document,
        meta(&["og:url"]),
        std::mem::take(&mut metadata.canonical),
    )
    .filter_map(|link| urls::absolute(&link, base))
    .collect();
    metadata.paywalled = match metadata.free {
        Some(free) => !free,
        None => is_locked(
            document,
            meta(&["article:content_tier", "content_tier", "article:content-tier"]),
        ),
    };
    metadata.asks_password = document.select("input[type='password']").exists();
    metadata.language = filled(document.select("html").attr("lang").as_deref())
        .or_else(|| meta(&["og:locale", "content-language"]))
        .or(metadata.language);
    metadata
}

/// What a page says its address is, the most telling first.
fn canonical(
    document: &Document,
    open_graph: Option<String>,
    json_ld: Vec<String>,
) -> impl Iterator<Item = String> {
    let linked = document
        .select("link[rel='canonical']")
        .iter()
        .find_map(|link| filled(link.attr("href").as_deref()));
    linked.into_iter().chain(open_graph).chain(json_ld)
}

/// Whether a page that says nothing of it in JSON-LD is behind a paywall. `metered` counts a reader's articles and shows
/// this one.
fn is_locked(document: &Document, tier: Option<String>) -> bool {
    tier.map_or_else(
        || document.select("[class~='paywall'], [id='paywall']").exists(),
        |tier| {
            ["locked", "premium", "paid", "subscriber"]
                .iter()
                .any(|locked| tier.eq_ignore_ascii_case(locked))
        },
    )
}

fn filled(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// The first `time` whose machine-readable date can be read; else the first whose words can.
fn time_element(document: &Document) -> Option<Published> {
    let times = document.select("article time, main time, time, [itemprop='datePublished']");
    times
        .iter()
        .find_map(|time| parse_date(time.attr("datetime").or_else(|| time.attr("content"))?.as_ref()))
        .or_else(|| times.iter().find_map(|time| parse_date(&time.text())))
}

fn json_ld(value: &Value, metadata: &mut Metadata, depth: usize) {
    if depth > MAX_JSON_DEPTH {
        return;
    }
    match value {
        Value::Array(values) => values
            .iter()
            .for_each(|value| json_ld(value, metadata, depth + 1)),
        Value::Object(object) => {
            if is_article(object.get("@type")) {
                article(value, metadata);
            }
            for nested in ["@graph", "mainEntity", "mainEntityOfPage"] {
                if let Some(nested) = object.get(nested) {
                    json_ld(nested, metadata, depth + 1);
                }
            }
        }
        _ => {}
    }
}

/// `NewsArticle`, `ReportageNewsArticle`, `BlogPosting` and their like.
fn is_article(kind: Option<&Value>) -> bool {
    match kind {
        Some(Value::String(kind)) => kind.ends_with("Article") || kind.ends_with("BlogPosting"),
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| is_article(Some(kind))),
        _ => false,
    }
}

fn article(value: &Value, metadata: &mut Metadata) {
    let string = |name: &str| value.get(name).and_then(first_string);
    let date = |name: &str| string(name).and_then(|written| parse_date(&written));
    metadata.is_article = true;
    metadata.title = metadata
        .title
        .take()
        .or_else(|| string("headline"))
        .or_else(|| string("name"));
    metadata.description = metadata.description.take().or_else(|| string("description"));
    metadata.published = metadata
        .published
        .take()
        .or_else(|| date("datePublished"))
        .or_else(|| date("dateCreated"));
    metadata.modified = metadata
        .modified
        .take()
        .or_else(|| date("dateModified").map(|date| date.at));
    metadata.article_body = metadata.article_body.take().or_else(|| string("articleBody"));
    metadata.site_name = metadata.site_name.take().or_else(|| {
        value
            .get("publisher")
            .and_then(|publisher| named(publisher, "name"))
    });
    metadata.image = metadata
        .image
        .take()
        .or_else(|| value.get("image").and_then(|image| named(image, "url")));
    metadata.language = metadata.language.take().or_else(|| string("inLanguage"));
    for name in ["url", "@id", "mainEntityOfPage"] {
        metadata
            .canonical
            .extend(value.get(name).and_then(|value| named(value, "@id")));
    }
    let is_free = |value: &Value| match value.get("isAccessibleForFree") {
        Some(Value::Bool(free)) => Some(*free),
        Some(Value::String(free)) if free.eq_ignore_ascii_case("false") => Some(false),
        Some(Value::String(free)) if free.eq_ignore_ascii_case("true") => Some(true),
        _ => None,
    };
    metadata.free = metadata.free.or_else(|| is_free(value)).or_else(|| {
        let parts = value.get("hasPart")?;
        match parts {
            Value::Array(parts) => parts.iter().find_map(is_free),
            part => is_free(part),
        }
    });
    if metadata.authors.is_empty() {
        metadata.authors = match value.get("author") {
            Some(Value::Array(authors)) => authors
                .iter()
                .filter_map(|author| named(author, "name"))
                .collect(),
            Some(author) => named(author, "name").into_iter().collect(),
            None => Vec::new(),
        };
    }
    if metadata.sections.is_empty() {
        metadata.sections = match value.get("articleSection") {
            Some(Value::Array(sections)) => sections.iter().filter_map(first_string).collect(),
            Some(section) => first_string(section).into_iter().collect(),
            None => Vec::new(),
        };
    }
}

fn first_string(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => filled(Some(text)),
        Value::Array(values) => values.iter().find_map(first_string),
        _ => None,
    }
}

/// A string, or the `field` of an object, or the first of several of either.
fn named(value: &Value, field: &str) -> Option<String> {
    match value {
        Value::Object(object) => object.get(field).and_then(first_string),
        Value::Array(values) => values.iter().find_map(|value| named(value, field)),
        _ => first_string(value),
    }
}
