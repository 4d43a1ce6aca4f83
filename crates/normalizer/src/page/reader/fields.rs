//! What is noted of a page while its tree is walked: what its metadata say, and the texts of elements that stand for a field.
//!
//! In: an element as it is entered, and what was read until it is left. Out: the [`Head`](super::super::skim::Head) of the
//! [`Skim`](super::super::skim::Skim).

use dom_query::Element as DomElement;

use super::{Reader, attribute, element_has, has_word};
use crate::page::classes::Hints;
use crate::page::skim::{Link, Target, Time, filled, shortened};

/// Bytes of an element's text that are collected for a field.
const MAX_FIELD_BYTES: usize = 400;

/// Elements that are collected for one field.
const MAX_FIELDS: usize = 200;

/// Elements between a list of links and its links: list, item, another.
const LIST_DEPTH: usize = 4;

/// Segments of addresses below which sites have their writers' pages.
const AUTHOR_SEGMENTS: &[&str] = &[
    "auteur",
    "auteurs",
    "auteure",
    "autrice",
    "author",
    "authors",
    "signataires",
    "signataire",
    "journaliste",
    "journalistes",
    "biographie",
    "contributeur",
    "contributeurs",
    "redacteur",
    "redacteurs",
];

/// What is collected while an element is open, besides its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Captured {
    Title,
    Time,
    Author,
    Label,
    Property,
    Link,
}

impl Reader {
    pub(super) fn meta(&mut self, element: &DomElement) {
        let content = filled(attribute(element, "content"));
        if let Some(property) = attribute(element, "itemprop") {
            self.property(property, content.as_deref());
        }
        let Some(content) = content else { return };
        for kind in ["property", "name", "http-equiv"] {
            if let Some(name) = attribute(element, kind) {
                self.skim
                    .head
                    .metas
                    .push((name.trim().to_ascii_lowercase(), content.clone()));
            }
        }
    }

    pub(super) fn property(&mut self, property: &str, content: Option<&str>) {
        if let Some(content) = filled(content) {
            for name in property.split_ascii_whitespace() {
                self.skim
                    .head
                    .properties
                    .push((name.to_ascii_lowercase(), content.clone()));
            }
        }
    }

    /// Whether the element's text is collected for a field.
    pub(super) fn capture(&mut self, name: &str, element: &DomElement) -> bool {
        let property = attribute(element, "itemprop").unwrap_or("");
        let rel = if name == "a" {
            attribute(element, "rel").unwrap_or("")
        } else {
            ""
        };
        // The microformat that blogs had before `time`: `<abbr class="published" title="2026-01-18T21:03:00+01:00">`.
        let is_abbr = name == "abbr"
            && attribute(element, "class")
                .is_some_and(|class| has_word(class, "published") || has_word(class, "updated"));
        let is_time =
            is_abbr || name == "time" || matches!(property, "datePublished" | "dateModified" | "dateCreated");
        let captured = if name == "title" && self.skim.head.title.is_none() {
            Captured::Title
        } else if is_time {
            let class = attribute(element, "class").unwrap_or("").to_ascii_lowercase();
            let machine = attribute(element, "datetime")
                .or(attribute(element, "content"))
                .or(attribute(element, "title").filter(|_| is_abbr));
            let modified = property == "dateModified"
                || ["updated", "modified", "maj", "mise-a-jour"]
                    .iter()
                    .any(|word| class.contains(word));
            self.skim.head.times.push(Time {
                machine: filled(machine),
                shown: String::new(),
                modified: modified && !class.contains("published"),
                published: property == "datePublished"
                    || element_has(element, "pubdate")
                    || ["published", "publi", "entry-date"]
                        .iter()
                        .any(|word| class.contains(word)),
                element: self.open.last().copied().unwrap_or(0),
                block: self.skim.blocks.len(),
            });
            Captured::Time
        } else if has_word(rel, "author") || property == "author" {
            Captured::Author
        } else if has_word(rel, "tag") {
            Captured::Label
        } else if let Some(target) = self.target(name, element) {
            self.skim.head.links.push(Link {
                target,
                text: String::new(),
                element: self.open.last().copied().unwrap_or(0),
                block: self.skim.blocks.len(),
            });
            Captured::Link
        } else if matches!(
            property,
            "headline" | "articleSection" | "keywords" | "alternativeHeadline" | "name"
        ) {
            self.skim
                .head
                .properties
                .push((property.to_ascii_lowercase(), String::new()));
            Captured::Property
        } else {
            return false;
        };
        let head = &self.skim.head;
        let enough = [
            head.times.len(),
            head.authors.len(),
            head.tags.len(),
            head.properties.len(),
            head.links.len(),
        ]
        .iter()
        .any(|count| *count > MAX_FIELDS);
        // A field that stands in another is the other's part (`author` around `name`).
        if enough || (!self.captured.is_empty() && captured != Captured::Time) {
            if captured == Captured::Property {
                self.skim.head.properties.pop();
            }
            if captured == Captured::Time {
                self.skim.head.times.pop();
            }
            if captured == Captured::Link {
                self.skim.head.links.pop();
            }
            return false;
        }
        // Its text begins a block or goes on with one; either way at the end of what was read.
        self.captured.push((captured, self.skim.text.len()));
        true
    }

    /// What a link leads to, where its address or its place says so.
    pub(super) fn target(&self, name: &str, element: &DomElement) -> Option<Target> {
        if name != "a" {
            return None;
        }
        if attribute(element, "href").is_some_and(is_authors) {
            return Some(Target::Author);
        }
        let around = |hint| {
            let near = self.open.iter().rev().take(LIST_DEPTH);
            near.into_iter()
                .any(|number| self.skim.elements[*number].hints.contains(hint))
        };
        if around(Hints::CRUMBS) {
            Some(Target::Section)
        } else if around(Hints::LABELS) {
            Some(Target::Label)
        } else {
            None
        }
    }

    pub(super) fn captured_end(&mut self) {
        let Some((captured, from)) = self.captured.pop() else {
            return;
        };
        let text = self.skim.text.get(from..).unwrap_or_default().trim();
        let text = shortened(text, MAX_FIELD_BYTES).to_owned();
        let head = &mut self.skim.head;
        match captured {
            Captured::Title => {
                head.title = filled(Some(&text));
                // It is no line of the page.
                self.skim.text.truncate(from);
                self.words = 0;
            }
            Captured::Time => {
                if let Some(time) = head.times.iter_mut().rev().find(|time| time.shown.is_empty()) {
                    time.shown = text;
                }
            }
            Captured::Author => head.authors.extend(filled(Some(&text))),
            Captured::Link => {
                if let Some(link) = head.links.iter_mut().rev().find(|link| link.text.is_empty()) {
                    link.text = text;
                }
            }
            Captured::Label => head.tags.extend(filled(Some(&text))),
            Captured::Property => {
                if let Some((_, content)) = head.properties.last_mut()
                    && content.is_empty()
                {
                    *content = text;
                }
            }
        }
    }
}

/// Whether an address is that of a writer's page.
fn is_authors(href: &str) -> bool {
    let path = href.split_once("://").map_or(href, |(_, rest)| rest);
    let mut segments = path.split(['/', '?', '#']);
    segments.any(|segment| AUTHOR_SEGMENTS.contains(&segment) || segment.starts_with("auteur-"))
}
