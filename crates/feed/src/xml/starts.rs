//! Start tags: what each begins, and whether it ends what was left open.

use super::attributes::{attribute, attributes};
use super::draft::link;
use super::elements::{Element, Field, Holder, element};
use super::flaws::Flaws;
use super::names::{Space, split};
use super::references::push_allowed;
use super::tokens::Tag;
use super::{Form, Frame, Reader, Role};
use crate::entities::decode_entities;
use crate::feed::FeedKind;

impl<'a> Reader<'a> {
    pub(super) fn start(&mut self, tag: Tag<'a>, at: usize) {
        let (prefix, local) = split(tag.name);
        self.names.declare(tag.attributes, self.depth() + 1);
        if self.root.is_none() {
            self.begin(local, prefix, &tag);
        }
        let (space, declared) = self.names.space(prefix);
        let holder = self.holder();
        let mut element = element(space, local, holder);
        // Only a sitemap has entries of this name.
        if local.eq_ignore_ascii_case("url")
            && matches!(space, Space::Plain)
            && matches!(self.root, Some(FeedKind::Sitemap))
            && holder != Some(Holder::Image)
        {
            element = Element::Entry;
        }
        // RSS names where an entry was taken from in a text, Atom in elements.
        if element == Element::Holder(Holder::Source) && tag.attributes.contains("url") {
            element = Element::Field(Field::Ignored, 0);
        }
        if !declared && element != Element::Unknown {
            self.note(Flaws::UNDECLARED_PREFIX);
        }
        if let Some((field, _, form, inside_markup)) = self.open_field() {
            if !Self::leaves_field(element, field, form, inside_markup, space, local) {
                self.markup(tag, field, form, space, element);
                return;
            }
            // The field was left open.
            self.note(Flaws::OPEN_ELEMENT);
            self.close_field();
            self.names.declare(tag.attributes, self.depth() + 1);
        }
        match element {
            Element::Entry => self.start_entry(tag, at),
            Element::Sitemap => self.push(tag, Role::Sitemap),
            Element::Holder(holder) => {
                self.holder_attributes(holder, space, local, &tag);
                self.push(tag, Role::Holder(holder));
            }
            Element::Field(field, rank) => self.start_field(tag, field, rank, space, local),
            Element::Unknown => {
                let raw = ["script", "style"]
                    .iter()
                    .any(|name| local.eq_ignore_ascii_case(name));
                if !(raw && self.inner.is_empty() && !tag.empty && self.tokens.skip_raw(tag.name)) {
                    self.push(tag, Role::Unknown);
                }
            }
        }
    }

    /// What kind of document it is, by the first element that says so.
    fn begin(&mut self, local: &str, prefix: &'a str, tag: &Tag<'a>) {
        let lower = local.to_ascii_lowercase();
        let kind = match lower.as_str() {
            "rss" | "channel" | "item" => FeedKind::Rss,
            "feed" | "entry" => FeedKind::Atom,
            "rdf" => FeedKind::Rdf,
            "urlset" => FeedKind::Sitemap,
            "sitemapindex" => FeedKind::SitemapIndex,
            _ => return,
        };
        self.root = Some(kind);
        self.root_name = tag.name;
        self.names.set_own(prefix);
        if lower == "rss" {
            let version = attribute(tag, "version");
            let known = version.as_deref().is_some_and(|version| {
                ["0.90", "0.91", "0.92", "0.93", "0.94", "1.0", "2.0"].contains(&version)
            });
            if !known {
                self.flaws.add(Flaws::ODD_VERSION);
            }
        }
    }

    /// Whether a start tag inside an open field begins something that stands beside the field.
    fn leaves_field(
        element: Element,
        field: Field,
        form: Form,
        inside_markup: bool,
        space: Space,
        local: &str,
    ) -> bool {
        if form == Form::Foreign || form == Form::Xml && element != Element::Entry {
            return false;
        }
        // Where markup is open, HTML's own elements of these names are more likely than a field.
        let html = matches!(space, Space::Plain | Space::Xhtml)
            && ["title", "link", "summary", "source", "image", "body", "content"]
                .iter()
                .any(|name| local.eq_ignore_ascii_case(name));
        match element {
            Element::Entry => !local.eq_ignore_ascii_case("url"),
            // A person's parts, and the parts that some publishers give to other fields.
            Element::Field(Field::PersonName | Field::PersonMail, _) => false,
            Element::Field(Field::Ignored, 0) if local.eq_ignore_ascii_case("uri") => false,
            _ if field == Field::Author && html => true,
            _ if html && (field == Field::Summary || field == Field::Content) => {
                // `<description>` is followed by `<link>` or `<title>` when it was not closed; inside HTML the two
                // stand in a head, which has no place here.
                !inside_markup && matches!(local.to_ascii_lowercase().as_str(), "title" | "link")
            }
            Element::Field(..) | Element::Holder(_) | Element::Sitemap => true,
            Element::Unknown => false,
        }
    }

    /// Elements of HTML that have no end tag.
    pub(super) const VOID: &'static [&'static str] = &[
        "br", "img", "hr", "input", "meta", "link", "source", "wbr", "area", "col", "embed", "base", "track",
        "param",
    ];

    /// A tag inside a field: markup that should have been escaped, or XHTML.
    fn markup(&mut self, tag: Tag<'a>, field: Field, form: Form, space: Space, element: Element) {
        let (_, local) = split(tag.name);
        if field == Field::Author {
            if let Element::Field(part @ (Field::PersonName | Field::PersonMail), rank) = element {
                self.push(tag, Role::Field(part, rank, Form::Text));
                return;
            }
            self.push(tag, Role::Unknown);
            return;
        }
        if field == Field::Ignored {
            return;
        }
        if form == Form::Text && !(space == Space::Xhtml) {
            self.note(Flaws::BARE_MARKUP);
        }
        self.text.push('<');
        self.text.push_str(local);
        let written = tag.attributes.trim_end();
        if !written.is_empty() {
            if !written.starts_with(char::is_whitespace) {
                self.text.push(' ');
            }
            push_allowed(&mut self.text, written, &mut self.draft.flaws);
        }
        self.text.push_str(if tag.empty { "/>" } else { ">" });
        let void = Self::VOID.iter().any(|name| local.eq_ignore_ascii_case(name));
        if !tag.empty && !void {
            self.push(tag, Role::Markup);
            // What a script writes is no markup of this document.
            if ["script", "style"]
                .iter()
                .any(|name| local.eq_ignore_ascii_case(name))
            {
                self.tokens.skip_raw(tag.name);
            }
        }
    }

    fn start_entry(&mut self, tag: Tag<'a>, at: usize) {
        if !self.inner.is_empty() {
            // The one before was never closed.
            self.note(Flaws::OPEN_ELEMENT);
            self.end_entry();
            self.names.declare(tag.attributes, self.depth() + 1);
        }
        self.close_fields_of_the_feed();
        self.started_at = at;
        self.text.clear();
        let empty = tag.empty;
        self.inner.push(Frame {
            name: tag.name,
            role: Role::Entry,
            text_from: 0,
            base: None,
        });
        self.note_attributes(&tag);
        let base = self.own_base(&tag);
        if let Some(frame) = self.inner.first_mut() {
            frame.base = base;
        }
        let base = self.current_base().map(str::to_owned);
        for (name, value) in attributes(tag.attributes) {
            let value = decode_entities(value);
            match split(name).1.to_ascii_lowercase().as_str() {
                "about" => self.draft.take_guid(3, &value),
                // The Channel Definition Format has its addresses and dates here.
                "href" => self.draft.take_link(link::PAGE, &value, base.as_deref()),
                "lastmod" => self.draft.take(Field::Updated, 2, &value, None, self.dates),
                "lang" if !value.trim().is_empty() => {
                    self.draft.language.offer(1, value.trim().to_owned());
                }
                _ => {}
            }
        }
        if empty {
            self.end_entry();
        }
    }

    fn start_field(&mut self, tag: Tag<'a>, field: Field, rank: u8, space: Space, local: &str) {
        self.note_attributes(&tag);
        let kind = attribute(&tag, "type").unwrap_or_default().to_ascii_lowercase();
        let mode = attribute(&tag, "mode").unwrap_or_default().to_ascii_lowercase();
        // A type on anything else says what is behind a link.
        let is_text = matches!(field, Field::Title | Field::Summary | Field::Content);
        let form = if !is_text {
            Form::Text
        } else if mode == "base64" {
            Form::Base64
        } else if mode == "escaped" {
            Form::Text
        } else if mode == "xml" || kind.contains("xhtml") || space == Space::Xhtml {
            Form::Xml
        } else if kind.ends_with("+xml") || kind.ends_with("/xml") {
            Form::Foreign
        } else if kind == "base64"
            || space == Space::Atom
                && field == Field::Content
                && kind.contains('/')
                && !kind.starts_with("text/")
                && attribute(&tag, "src").is_none()
        {
            // RFC 4287 §4.1.3.3: any other media type is in base 64.
            Form::Base64
        } else {
            Form::Text
        };
        if self.inner.is_empty() {
            self.attributes_of_the_feed(&tag, field, &kind);
        } else {
            self.attributes_of_the_entry(&tag, field, space, local, &kind);
        }
        self.push(tag, Role::Field(field, rank, form));
    }
}
