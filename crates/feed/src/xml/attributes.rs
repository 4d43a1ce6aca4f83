//! What attributes say: links by relation, pictures, identifiers, categories.

use super::Reader;
use super::draft::link;
use super::elements::{Field, Holder};
use super::flaws::Flaws;
use super::names::{Space, split};
use super::tokens::Tag;
use crate::entities::decode_entities;

impl<'a> Reader<'a> {
    pub(super) fn note_attributes(&mut self, tag: &Tag<'a>) {
        if tag.attributes.len() < 4 {
            return;
        }
        let mut seen: [&str; 8] = [""; 8];
        for (number, (name, value)) in attributes(tag.attributes).enumerate().take(seen.len()) {
            if seen.contains(&name) {
                self.note(Flaws::DUPLICATE_ATTRIBUTE);
            }
            if let Some(place) = seen.get_mut(number) {
                *place = name;
            }
            // The value is a part of the tag: what stands before it is its quote.
            let before = (value.as_ptr() as usize).wrapping_sub(tag.attributes.as_ptr() as usize);
            let quoted = before
                .checked_sub(1)
                .and_then(|at| tag.attributes.as_bytes().get(at))
                .is_some_and(|byte| matches!(byte, b'"' | b'\''));
            if !quoted {
                self.note(Flaws::UNQUOTED_ATTRIBUTE);
            }
        }
    }

    pub(super) fn attributes_of_the_feed(&mut self, tag: &Tag<'a>, field: Field, kind: &str) {
        if field != Field::Link || self.is_foreign() {
            return;
        }
        if let Some(href) = attribute(tag, "href") {
            let rel = attribute(tag, "rel").unwrap_or_default().to_ascii_lowercase();
            let base = self.current_base().map(str::to_owned);
            for rel in if rel.is_empty() { "alternate" } else { &rel }.split_ascii_whitespace() {
                self.header.take_link(rel, kind, &href, base.as_deref());
            }
        }
    }

    pub(super) fn attributes_of_the_entry(
        &mut self,
        tag: &Tag<'a>,
        field: Field,
        space: Space,
        local: &str,
        kind: &str,
    ) {
        if self.is_foreign() {
            return;
        }
        let base = self
            .own_base(tag)
            .or_else(|| self.current_base().map(str::to_owned));
        let base = base.as_deref();
        match field {
            Field::Link => {
                let Some(href) = attribute(tag, "href") else {
                    return;
                };
                let rel = attribute(tag, "rel").unwrap_or_default().to_ascii_lowercase();
                let is_html = kind.is_empty() || kind.contains("html");
                match rel.rsplit('/').next().unwrap_or(&rel) {
                    "" | "alternate" if is_html => self.draft.take_link(link::PAGE, &href, base),
                    "" | "alternate" => self.draft.take_link(link::OTHER_FORM, &href, base),
                    "related" | "via" | "canonical" | "bookmark" => {
                        self.draft.take_link(link::RELATED, &href, base);
                    }
                    "enclosure" => self.enclosure(&href, kind, base),
                    _ => {}
                }
            }
            Field::Guid => {
                self.draft.guid_is_no_link =
                    attribute(tag, "isPermaLink").is_some_and(|value| value.eq_ignore_ascii_case("false"));
            }
            Field::Content => {
                if let Some(src) = attribute(tag, "src") {
                    self.draft.take_link(link::CONTENT, &src, base);
                }
            }
            Field::Category => {
                if let Some(label) = attribute(tag, "label").or_else(|| attribute(tag, "term")) {
                    self.draft.take_category(label);
                }
            }
            Field::Ignored if local.eq_ignore_ascii_case("enclosure") => {
                if let Some(url) = attribute(tag, "url").or_else(|| attribute(tag, "href")) {
                    self.enclosure(&url, kind, base);
                }
            }
            Field::Ignored if space == Space::Media && local.eq_ignore_ascii_case("thumbnail") => {
                if let Some(url) = attribute(tag, "url") {
                    self.draft.take_image(2, &url, base);
                }
            }
            Field::Ignored if space == Space::Itunes && local.eq_ignore_ascii_case("image") => {
                if let Some(href) = attribute(tag, "href") {
                    self.draft.take_image(1, &href, base);
                }
            }
            _ => {}
        }
    }

    pub(super) fn enclosure(&mut self, url: &str, kind: &str, base: Option<&str>) {
        if kind.starts_with("image/") || (kind.is_empty() && is_image(url)) {
            self.draft.take_image(3, url, base);
        }
        self.draft.take_link(link::ENCLOSURE, url, base);
    }

    pub(super) fn holder_attributes(&mut self, holder: Holder, space: Space, local: &str, tag: &Tag<'a>) {
        match holder {
            Holder::Feed => {
                if let Some(language) = raw_attribute(tag, "xml:lang") {
                    self.header
                        .language
                        .get_or_insert_with(|| language.trim().to_owned());
                }
            }
            Holder::Media if local.eq_ignore_ascii_case("content") && !self.inner.is_empty() => {
                let Some(url) = attribute(tag, "url") else { return };
                let kind = attribute(tag, "type").unwrap_or_default();
                let medium = attribute(tag, "medium").unwrap_or_default();
                let base = self.current_base().map(str::to_owned);
                if kind.starts_with("image/")
                    || medium == "image"
                    || (kind.is_empty() && medium.is_empty() && is_image(&url))
                {
                    self.draft.take_image(4, &url, base.as_deref());
                }
                self.draft.take_link(link::ENCLOSURE, &url, base.as_deref());
            }
            Holder::Image if space == Space::Plain && !self.inner.is_empty() => {
                if let Some(url) = attribute(tag, "url").or_else(|| attribute(tag, "href")) {
                    let base = self.current_base().map(str::to_owned);
                    self.draft.take_image(2, &url, base.as_deref());
                }
            }
            _ => {}
        }
    }
}

/// The attributes of a tag in the order they are written: name, raw value.
pub(super) fn attributes(written: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = written;
    std::iter::from_fn(move || {
        loop {
            rest =
                rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | ','));
            if rest.is_empty() {
                return None;
            }
            let end = rest
                .find(|c: char| c.is_whitespace() || c == '=')
                .unwrap_or(rest.len());
            let (name, behind) = rest.split_at_checked(end)?;
            let Some(value) = behind.trim_start().strip_prefix('=') else {
                // An attribute without a value.
                rest = behind;
                continue;
            };
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let quoted = quote.and_then(|quote| value.get(1..)?.split_once(quote));
            let (value, behind) = if let Some(parts) = quoted {
                parts
            } else {
                let bare = value.trim_start_matches(['"', '\'']);
                let end = bare.find(char::is_whitespace).unwrap_or(bare.len());
                bare.split_at_checked(end)?
            };
            rest = behind;
            if !name.is_empty() {
                return Some((name, value));
            }
        }
    })
}

/// The attribute's value by its name without prefix.
pub(super) fn attribute(tag: &Tag<'_>, name: &str) -> Option<String> {
    attributes(tag.attributes)
        .find(|(written, _)| split(written).1.eq_ignore_ascii_case(name))
        .map(|(_, value)| decode_entities(value).trim().to_owned())
        .filter(|value| !value.is_empty())
}

/// The attribute's value by its full name, with references.
pub(super) fn raw_attribute<'a>(tag: &Tag<'a>, name: &str) -> Option<&'a str> {
    attributes(tag.attributes)
        .find(|(written, _)| written.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Whether an address names a picture by its extension.
fn is_image(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url).to_ascii_lowercase();
    [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"]
        .iter()
        .any(|end| path.ends_with(end))
}
