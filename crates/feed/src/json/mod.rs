//! JSON Feed 1 and 1.1, and RSS written as JSON.
//!
//! In: text. What `serde_json` does not take is read as far as it goes ([`lenient`]): a document that breaks off keeps its
//! entries. Types are not insisted on: an `id` may be a number, an `author` a name, a list a single value.

mod lenient;

use depeche_model::{Entry, Warning, WarningCode};
use serde_json::{Map, Value};

use crate::address::absolute;
use crate::charset::CharsetEvidence;
use crate::dates::{DateContext, EntryDates, read_date};
use crate::feed::{Feed, FeedKind, Hints, Item};

/// As many as are read of a sitemap.
const MAX_ITEMS: usize = 50_000;

/// Reads a document; `None` where it has no list of entries.
pub(crate) fn read(text: &str, base: Option<&str>, dates: &DateContext) -> Option<Feed> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let (document, broken, is_complete) = if let Ok(document) = serde_json::from_str::<Value>(text) {
        (document, false, true)
    } else {
        let (document, ends) = lenient::parse(text);
        (document, true, ends)
    };
    let channel = channel(&document)?;
    let entries = ["items", "item", "entries"]
        .iter()
        .find_map(|name| channel.get(*name));
    let entries: Vec<&Value> = match entries {
        Some(Value::Array(list)) => list.iter().collect(),
        // By name, as some write their lists.
        Some(Value::Object(map)) if map.values().all(Value::is_object) => map.values().collect(),
        Some(single @ Value::Object(_)) => vec![single],
        // A feed without entries says what it is.
        None if is_json_feed(channel) => Vec::new(),
        Some(_) | None => return None,
    };
    let language = string(channel.get("language"));
    // A document that came as a file gives its own address, or its site's.
    let own = ["feed_url", "home_page_url", "link"]
        .iter()
        .find_map(|name| absolute(&string(channel.get(*name))?, base));
    let base = base.or(own.as_deref());
    let mut items: Vec<Item> = entries
        .into_iter()
        .filter_map(Value::as_object)
        .take(MAX_ITEMS)
        .map(|entry| item(entry, base, language.as_deref(), dates))
        .collect();
    let mut warnings = Vec::new();
    if broken {
        warnings.push(Warning::new(
            WarningCode::FeedRepaired,
            "JSON that is not well-formed",
        ));
        // What broke off was the last entry.
        if let Some(last) = items.last_mut().filter(|_| !text.trim_end().ends_with('}')) {
            last.warnings
                .push(Warning::new(WarningCode::EntryRepaired, "cut off"));
        }
    }
    let hubs = channel
        .get("hubs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|hub| absolute(&string(hub.get("url"))?, base))
        .collect();
    let address = |name: &str| absolute(&string(channel.get(name))?, base);
    Some(Feed {
        kind: FeedKind::JsonFeed,
        title: string(channel.get("title")),
        items,
        hints: Hints {
            ttl: channel
                .get("ttl")
                .and_then(|ttl| ttl.as_u64().or_else(|| ttl.as_str()?.trim().parse().ok()))
                .filter(|minutes| *minutes <= 366 * 24 * 60)
                .map(|minutes| std::time::Duration::from_secs(minutes * 60)),
            ..Hints::default()
        },
        hubs,
        self_url: address("feed_url"),
        site_url: address("home_page_url").or_else(|| address("link")),
        children: Vec::new(),
        charset: CharsetEvidence::Utf8,
        is_complete,
        warnings,
        language,
    })
}

/// Whether JSON looks like a feed, by its beginning.
pub(crate) fn looks_like_feed(head: &str) -> bool {
    if head.contains("jsonfeed.org/version") {
        return true;
    }
    let named = |name: &str| head.contains(name);
    (named("\"items\"") || named("\"item\"") && named("\"channel\""))
        && [
            "\"url\"",
            "\"content_html\"",
            "\"content_text\"",
            "\"title\"",
            "\"link\"",
            "\"id\"",
        ]
        .iter()
        .any(|name| named(name))
}

fn is_json_feed(channel: &Map<String, Value>) -> bool {
    string(channel.get("version")).is_some_and(|version| version.contains("jsonfeed.org"))
}

/// The object that holds the entries: the document, or `rss.channel` and `feed` in it.
fn channel(document: &Value) -> Option<&Map<String, Value>> {
    let map = document.as_object()?;
    let inner = map
        .get("rss")
        .and_then(|rss| rss.get("channel"))
        .or_else(|| map.get("channel"))
        .or_else(|| map.get("feed"));
    match inner.and_then(Value::as_object) {
        Some(inner) if !map.contains_key("items") => Some(inner),
        _ => Some(map),
    }
}

fn item(entry: &Map<String, Value>, base: Option<&str>, language: Option<&str>, dates: &DateContext) -> Item {
    let text = |names: &[&str]| names.iter().find_map(|name| string(entry.get(*name)));
    let address = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| absolute(&string(entry.get(*name))?, base))
    };
    let mut unreadable = None;
    let mut date = |names: &[&str]| {
        let written = names.iter().find_map(|name| string(entry.get(*name)))?;
        let read = read_date(&written, dates);
        if read.is_none() {
            unreadable.get_or_insert_with(|| written.clone());
        }
        Some((read?, written))
    };
    let published = date(&["date_published", "pubDate", "published"]);
    let updated = date(&["date_modified", "updated"]);
    let dates = EntryDates::of(published, updated, unreadable);
    let content = text(&["content_html", "content:encoded", "content"])
        .or_else(|| text(&["content_text"]).map(|plain| escaped(&plain)));
    let attachment = entry
        .get("attachments")
        .and_then(Value::as_array)
        .and_then(|list| list.first());
    let image = address(&["image", "banner_image"]).or_else(|| {
        let attachment = attachment?;
        let is_image = string(attachment.get("mime_type"))?.starts_with("image/");
        is_image
            .then(|| absolute(&string(attachment.get("url"))?, base))
            .flatten()
    });
    let mut authors: Vec<String> = Vec::new();
    for name in ["authors", "author"] {
        for person in list(entry.get(name)) {
            let name = match person {
                Value::Object(person) => string(person.get("name")).or_else(|| string(person.get("url"))),
                other => string(Some(other)),
            };
            authors.extend(name.filter(|name| !authors.contains(name)));
        }
    }
    let categories = list(entry.get("tags"))
        .chain(list(entry.get("category")))
        .filter_map(|tag| string(Some(tag)))
        .collect();
    Item {
        entry: Entry {
            guid: text(&["id", "guid"]),
            link: address(&["url", "link", "external_url"])
                .or_else(|| absolute(&string(attachment?.get("url"))?, base)),
            title: text(&["title"]),
            summary: text(&["summary", "description"]),
            content,
            published_at: dates.published_at,
            updated_at: dates.updated_at,
            authors,
            categories,
            image,
            language: text(&["language"]).or_else(|| language.map(str::to_owned)),
        },
        published: dates.published,
        warnings: dates.warnings,
    }
}

/// A list, or a single value as one.
fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let values: &[Value] = match value {
        Some(Value::Array(list)) => list,
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    values.iter().filter(|value| !value.is_null())
}

/// A text, a number, or the text inside what converters make of an element with attributes.
fn string(value: Option<&Value>) -> Option<String> {
    let written = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Object(map) => ["#value", "#text", "_", "$t", "value", "href"]
            .iter()
            .find_map(|name| map.get(*name)?.as_str())?
            .trim()
            .to_owned(),
        Value::Array(list) => return string(Some(list.first()?)),
        Value::Null | Value::Bool(_) => return None,
    };
    (!written.is_empty()).then_some(written)
}

/// Plain text as markup: what follows reads entries as markup.
fn escaped(plain: &str) -> String {
    plain
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\n', "<br>\n")
}
