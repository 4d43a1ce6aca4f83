//! Feeds as the formats define them, read by `feed-rs`.
//!
//! It is given UTF-8 only, never makes up an identifier (its own are random), and reads dates with
//! [`crate::dates`]. It may panic; whoever calls is fenced.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use depeche_model::{Entry, Warning, WarningCode};
use feed_rs::model;
use feed_rs::parser::Builder;
use jiff::Timestamp;

use crate::address;
use crate::dates::parse_date;
use crate::feed::Item;

/// The items of a well-formed feed.
///
/// # Errors
///
/// What the parser could not read, for people.
pub(crate) fn parse(text: &str, base: Option<&str>) -> Result<Vec<Item>, String> {
    // What was asked of the date reader and could not be read, to tell it from a date that was not there.
    let unreadable = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&unreadable);
    let parser = Builder::new()
        .base_uri(base)
        .sanitize_content(false)
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(move |written| {
            let read = parse_date(written)
                .and_then(|date| DateTime::from_timestamp_millis(date.at.as_millisecond()));
            if read.is_none() && !written.trim().is_empty() {
                log.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(written.trim().to_owned());
            }
            read
        })
        .build();
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse(text.as_bytes())))
        .map_err(|_| "the parser gave up abnormally".to_owned())?
        .map_err(|error| error.to_string())?;
    let unreadable = std::mem::take(&mut *unreadable.lock().unwrap_or_else(PoisonError::into_inner));
    let mut unreadable = unreadable.into_iter();
    let language = parsed.language;
    Ok(parsed
        .entries
        .into_iter()
        .map(|entry| {
            let undated = entry.published.is_none() && entry.updated.is_none();
            let mut item = item(entry, base, language.as_deref());
            if undated {
                // In document order, so the next one belongs to this entry or to an earlier dateless one: it is a hint
                // for people.
                item.warnings.extend(
                    unreadable
                        .next()
                        .map(|written| Warning::new(WarningCode::DateImpossible, written)),
                );
            }
            item
        })
        .collect())
}

fn item(entry: model::Entry, base: Option<&str>, language: Option<&str>) -> Item {
    let link = link(&entry.links).and_then(|href| address::absolute(href, base));
    let image = image(&entry, base);
    let updated_at = entry.updated.and_then(timestamp);
    let published_at = entry.published.and_then(timestamp);
    let content = entry.content.and_then(|content| content.body);
    Item {
        entry: Entry {
            guid: Some(entry.id.trim().to_owned()),
            link,
            title: entry.title.map(|text| text.content.trim().to_owned()),
            summary: entry.summary.map(|text| text.content.trim().to_owned()),
            content: content.map(|body| body.trim().to_owned()),
            // An entry that only tells its last change was published then, for all that is known.
            published_at: published_at.or(updated_at),
            updated_at,
            authors: entry
                .authors
                .into_iter()
                .filter_map(|person| person.name)
                .collect(),
            categories: entry
                .categories
                .into_iter()
                .map(|category| {
                    category
                        .label
                        .filter(|label| !label.is_empty())
                        .unwrap_or(category.term)
                })
                .collect(),
            image,
            language: entry.language.or_else(|| language.map(str::to_owned)),
        },
        warnings: Vec::new(),
    }
}

/// The link to the page: an alternate in HTML rather than one to the feed itself, comments or a sound file.
fn link(links: &[model::Link]) -> Option<&str> {
    let is_page = |link: &&model::Link| {
        link.target.is_none() && matches!(link.rel.as_deref(), None | Some("alternate"))
    };
    let is_html = |link: &&model::Link| {
        link.media_type
            .as_deref()
            .is_none_or(|kind| kind.contains("html"))
    };
    links
        .iter()
        .filter(is_page)
        .find(is_html)
        .or_else(|| links.iter().find(is_page))
        .map(|link| link.href.as_str())
}

fn image(entry: &model::Entry, base: Option<&str>) -> Option<String> {
    let of_media = entry.media.iter().find_map(|media| {
        let content = media.content.iter().find(|content| {
            content
                .content_type
                .as_ref()
                .is_some_and(|kind| kind.ty() == "image")
                || (content.content_type.is_none()
                    && content.url.as_ref().is_some_and(|url| is_image(url.as_str())))
        });
        content
            .and_then(|content| content.url.as_ref().map(ToString::to_string))
            .or_else(|| {
                media
                    .thumbnails
                    .first()
                    .map(|thumbnail| thumbnail.image.uri.clone())
            })
    });
    let of_links = || {
        entry
            .links
            .iter()
            .find(|link| {
                link.rel.as_deref() == Some("enclosure")
                    && link
                        .media_type
                        .as_deref()
                        .is_some_and(|kind| kind.starts_with("image/"))
            })
            .map(|link| link.href.clone())
    };
    of_media
        .or_else(of_links)
        .and_then(|url| address::absolute(&url, base))
}

/// Whether an address names a picture by its extension.
pub(crate) fn is_image(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url).to_ascii_lowercase();
    [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn timestamp(at: DateTime<Utc>) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.timestamp_millis()).ok()
}
