//! Feeds item by item, whatever is wrong around an item.
//!
//! In: repaired XML. The text is cut at the starts of `item` and `entry` elements (`url` in a sitemap) of any
//! namespace, and each piece read on its own with a tolerant reader: fields by local name, so RSS 0.9x to 2.0, RDF,
//! Atom 0.3 and 1.0 and news sitemaps read alike, with declared prefixes or without. A piece that breaks off
//! gives what came before the break.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use depeche_model::{Entry, Warning, WarningCode};

use crate::address;
use crate::dates::parse_date;
use crate::entities::{decode_entities, reference as entity};
use crate::feed::Item;
use crate::strict::is_image;

/// Where the items of a feed lie.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// Byte ranges of the items.
    pieces: Vec<std::ops::Range<usize>>,
    /// The format is one that only this reader knows, so reading it here is no repair.
    pub(crate) by_design: bool,
}

impl Outline {
    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// Finds the items without reading them.
pub(crate) fn outline(xml: &str) -> Outline {
    let root = crate::sniff::root(xml).unwrap_or_default();
    let sitemap = root == "urlset";
    let names: &[&str] = if sitemap { &["url"] } else { &["item", "entry"] };
    let mut pieces: Vec<std::ops::Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    while let Some(found) = xml.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + found;
        let rest = xml.get(start..).unwrap_or("");
        if rest.starts_with("<![CDATA[") {
            at = rest.find("]]>").map_or(xml.len(), |end| start + end + 3);
            continue;
        }
        let closing = rest.starts_with("</");
        if is_named(rest.get(if closing { 2 } else { 1 }..).unwrap_or(""), names) {
            if closing {
                if let Some(begin) = open.take() {
                    pieces.push(begin..start + end_of_tag(rest));
                }
            } else {
                // The one before was never closed.
                if let Some(begin) = open.replace(start) {
                    pieces.push(begin..start);
                }
            }
        }
        at = start + 1;
    }
    if let Some(begin) = open {
        pieces.push(begin..xml.len());
    }
    if sitemap {
        // Addresses without a headline are no news.
        pieces.retain(|piece| {
            xml.get(piece.clone())
                .is_some_and(|piece| piece.contains("news:title"))
        });
    }
    Outline {
        pieces,
        by_design: sitemap,
    }
}

/// The length of a tag without attributes. One that is not closed ends before the next tag: looking further at every
/// tag would take the square of their number.
fn end_of_tag(tag: &str) -> usize {
    match tag.bytes().skip(1).position(|b| matches!(b, b'<' | b'>')) {
        Some(at) => at + 1 + usize::from(tag.as_bytes().get(at + 1) == Some(&b'>')),
        None => tag.len(),
    }
}

/// An element's name with its prefix is no longer than this, in bytes; the longest in use has 12.
const MAX_NAME: usize = 40;

fn is_named(tag: &str, names: &[&str]) -> bool {
    let end = tag
        .bytes()
        .take(MAX_NAME)
        .position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'<'));
    let name = match end {
        Some(end) => tag.get(..end).unwrap_or(""),
        None if tag.len() < MAX_NAME => tag,
        None => return false,
    };
    let (prefix, local) = name.rsplit_once(':').unwrap_or(("", name));
    // An extension may have items of its own.
    !matches!(prefix, "media" | "itunes" | "podcast" | "g" | "image" | "video") && names.contains(&local)
}

/// The items of a feed, read one by one.
pub(crate) fn items(xml: &str, outline: &Outline, base: Option<&str>) -> Vec<Item> {
    let first = outline.pieces.first().map_or(xml.len(), |piece| piece.start);
    let language = header_language(xml.get(..first).unwrap_or(""));
    outline
        .pieces
        .iter()
        .filter_map(|piece| xml.get(piece.clone()))
        .map(|piece| {
            let mut fields = Fields::read(piece);
            fields.language = fields.language.take().or_else(|| language.clone());
            fields.into_item(base)
        })
        .collect()
}

/// What the feed says of its language: `language`, `dc:language` or `xml:lang`.
fn header_language(header: &str) -> Option<String> {
    let (_, after) = header
        .split_once("language>")
        .or_else(|| header.split_once("xml:lang="))?;
    let written: String = after
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    (!written.is_empty()).then_some(written)
}

/// Markup nested deeper inside an item is read flat. Publishers' HTML stays under 30.
const MAX_DEPTH: usize = 64;

/// What was read of one item.
#[derive(Debug, Default)]
struct Fields {
    guid: Option<String>,
    link: Option<String>,
    title: Option<String>,
    summary: Option<String>,
    content: Option<String>,
    published: Option<String>,
    updated: Option<String>,
    authors: Vec<String>,
    categories: Vec<String>,
    image: Option<String>,
    language: Option<String>,
}

impl Fields {
    fn read(piece: &str) -> Self {
        let mut fields = Self::default();
        let mut reader = Reader::from_str(piece);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        config.expand_empty_elements = true;
        // Names of the open elements, the item itself first.
        let mut path: Vec<String> = Vec::new();
        let mut text = String::new();
        loop {
            match reader.read_event() {
                Err(_) | Ok(Event::Eof) => {
                    // The piece broke off: what was read of the open field counts.
                    if let Some(field) = path.get(1).cloned() {
                        fields.take(&field, &path, &text);
                    }
                    return fields;
                }
                Ok(Event::Start(start)) => {
                    let name = start.name().as_ref().to_owned();
                    if path.is_empty() {
                        fields.item_attributes(&start);
                    } else if is_field(&path) {
                        text.clear();
                        fields.field_attributes(&name, &start);
                    } else {
                        // The publisher's HTML, which should have been escaped.
                        text.push('<');
                        text.push_str(local(&name));
                        text.push('>');
                    }
                    if path.len() < MAX_DEPTH {
                        path.push(name);
                    }
                }
                Ok(Event::End(end)) => {
                    let ended = end.name().as_ref().to_owned();
                    // An end tag of nothing open is ignored; one further out closes what is inside.
                    let Some(at) = path.iter().rposition(|open| *open == ended) else {
                        continue;
                    };
                    while path.len() > at {
                        let name = path.last().cloned().unwrap_or_default();
                        let parents = path.get(..path.len() - 1).unwrap_or_default();
                        if !parents.is_empty() && is_field(parents) {
                            fields.take(&name, &path, &text);
                            text.clear();
                        } else if !parents.is_empty() {
                            text.push_str("</");
                            text.push_str(local(&name));
                            text.push('>');
                        }
                        path.pop();
                    }
                    if path.is_empty() {
                        return fields;
                    }
                }
                Ok(Event::Text(data)) => push_text(&mut text, &data, path.len()),
                Ok(Event::CData(data)) => text.push_str(&data),
                Ok(Event::GeneralRef(reference)) => {
                    let written = format!("{};", &*reference);
                    let decoded =
                        entity(&written).map_or_else(|| format!("&{written}"), |(decoded, _)| decoded);
                    push_text(&mut text, &decoded, path.len());
                }
                Ok(_) => {}
            }
        }
    }

    /// `rdf:about` of RSS 1.0 identifies the item; `xml:lang` its language.
    fn item_attributes(&mut self, start: &BytesStart<'_>) {
        self.guid = attribute(start, "about");
        self.language = attribute(start, "lang");
    }

    fn field_attributes(&mut self, name: &str, start: &BytesStart<'_>) {
        let kind = attribute(start, "type").unwrap_or_default();
        match local(name) {
            "link" => {
                let rel = attribute(start, "rel").unwrap_or_else(|| "alternate".to_owned());
                match (rel.as_str(), attribute(start, "href")) {
                    ("alternate", Some(href)) if self.link.is_none() => self.link = Some(href),
                    ("enclosure", Some(href)) if kind.starts_with("image/") => self.set_image(href),
                    _ => {}
                }
            }
            "category" => self
                .categories
                .extend(attribute(start, "label").or_else(|| attribute(start, "term"))),
            "enclosure" | "thumbnail" | "content" => {
                if let Some(url) = attribute(start, "url")
                    && (kind.starts_with("image/")
                        || local(name) == "thumbnail"
                        || (kind.is_empty() && is_image(&url)))
                {
                    self.set_image(url);
                }
            }
            _ => {}
        }
    }

    fn set_image(&mut self, url: String) {
        if self.image.is_none() {
            self.image = Some(url);
        }
    }

    /// Takes the text of a field that has ended.
    fn take(&mut self, name: &str, path: &[String], text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
        let value = || Some(text.to_owned());
        let inside = path
            .len()
            .checked_sub(2)
            .filter(|parent| *parent > 0)
            .and_then(|parent| path.get(parent))
            .map(|container| local(container));
        match (prefix, local(name)) {
            ("media" | "itunes" | "image" | "podcast", "description" | "summary")
                if self.summary.is_none() =>
            {
                self.summary = value();
            }
            ("image", "loc") => self.set_image(text.to_owned()),
            ("media" | "itunes" | "image" | "podcast" | "thr", _) => {}
            (_, "title") if inside != Some("source") => self.title = value(),
            (_, "guid" | "id") if inside.is_none() => self.guid = value(),
            ("feedburner", "origLink") => self.link = value(),
            (_, "link" | "loc") if inside.is_none() && self.link.is_none() => self.link = value(),
            (_, "description" | "summary" | "abstract") => self.summary = value(),
            (_, "encoded" | "content" | "body" | "fulltext") => self.content = value(),
            (_, "pubDate" | "pubdate" | "published" | "issued" | "publication_date") => {
                self.published = value();
            }
            (_, "date" | "created") if self.published.is_none() => self.published = value(),
            (_, "updated" | "modified" | "lastmod") => self.updated = value(),
            (_, "creator") => self.authors.push(text.to_owned()),
            (_, "author") if inside.is_none() => self.authors.push(rss_author(text)),
            (_, "name") if matches!(inside, Some("author")) => self.authors.push(text.to_owned()),
            (_, "language") => self.language = value(),
            (_, "category" | "subject") => self.categories.push(text.to_owned()),
            (_, "keywords") => self
                .categories
                .extend(text.split(',').map(|word| word.trim().to_owned())),
            _ => {}
        }
    }

    fn into_item(self, base: Option<&str>) -> Item {
        let read = |written: &Option<String>| written.as_deref().and_then(parse_date).map(|date| date.at);
        let (published, updated) = (read(&self.published), read(&self.updated));
        let unreadable_date = match published.or(updated) {
            Some(_) => None,
            None => self.published.or(self.updated),
        };
        let image = self.image.and_then(|url| address::absolute(&url, base));
        Item {
            entry: Entry {
                guid: self.guid,
                link: self
                    .link
                    .and_then(|link| address::absolute(&decode_entities(&link), base)),
                title: self.title,
                summary: self.summary,
                content: self.content,
                published_at: published.or(updated),
                updated_at: updated,
                authors: self.authors,
                categories: self.categories,
                image,
                language: self.language,
            },
            warnings: unreadable_date
                .map(|written| Warning::new(WarningCode::DateImpossible, written))
                .into_iter()
                .collect(),
        }
    }
}

/// Whether an element opened here is a field: nothing is open but the item and elements that hold fields.
fn is_field(open: &[String]) -> bool {
    open.iter().skip(1).all(|name| is_container(name))
}

/// Elements that hold fields of their own rather than text.
fn is_container(name: &str) -> bool {
    matches!(
        (name.split_once(':').map_or("", |(prefix, _)| prefix), local(name)),
        ("media", "group" | "content")
            | (
                _,
                "author" | "contributor" | "source" | "news" | "publication" | "image"
            )
    )
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    start
        .attributes()
        .with_checks(false)
        .filter_map(Result::ok)
        .find(|attribute| local(attribute.key.as_ref()) == name)
        .map(|attribute| decode_entities(&attribute.value).trim().to_owned())
        .filter(|value| !value.is_empty())
}

/// Character data inside markup stays escaped, for the markup is read again later.
fn push_text(text: &mut String, data: &str, depth: usize) {
    if depth <= 2 {
        text.push_str(data);
        return;
    }
    for c in data.chars() {
        match c {
            '<' => text.push_str("&lt;"),
            '&' => text.push_str("&amp;"),
            c => text.push(c),
        }
    }
}

/// The name in `redaction@example.org (Prénom Nom)`.
fn rss_author(written: &str) -> String {
    written
        .split_once('(')
        .filter(|(before, _)| before.contains('@'))
        .and_then(|(_, name)| name.split_once(')'))
        .map_or_else(|| written.to_owned(), |(name, _)| name.trim().to_owned())
}
