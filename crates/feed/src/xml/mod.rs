//! RSS, Atom, RDF and sitemaps of every version, in one reader that never fails.
//!
//! In: text. The document is cut into tags and text ([`tokens`]), names are told by namespace or, where that is
//! missing, by custom ([`names`], [`elements`]), and what belongs to an entry is collected in a [`draft::Draft`], what
//! belongs to the feed in a [`header::Header`]. Out: a [`Feed`], or `None` where there is neither a feed's root nor an
//! entry.
//!
//! There is no tree: a stack of open elements is all that is kept, so a document costs its length whatever its depth.
//! An entry ends with its end tag, the start of the next or the end of the document, whichever comes first; nothing
//! that is wrong inside it reaches the next. Start and end tags that do not match are settled by what the format allows:
//! the start of another field closes one that was left open, an end tag closes all that is open inside it, an end tag
//! of nothing is left alone. Each repair is noted where it was made ([`flaws`]).

mod draft;
mod elements;
pub(crate) mod flaws;
mod header;
mod names;
mod references;
mod tokens;

use std::ops::Range;

use depeche_model::{Warning, WarningCode};

use self::draft::{Draft, link};
use self::elements::{Element, Field, Holder, element};
use self::flaws::Flaws;
use self::header::Header;
use self::names::{Names, Space, split};
use self::references::{References, push_allowed};
use self::tokens::{Tag, Token, Tokens, attributes};
use crate::address::absolute;
use crate::charset::CharsetEvidence;
use crate::entities::decode_entities;
use crate::feed::{Feed, FeedKind, Item};

/// Elements open at once; more are read flat. Publishers' HTML stays under 30.
const MAX_DEPTH: usize = 256;

/// A sitemap holds at most 50,000 addresses (sitemaps.org), a feed some hundred entries.
const MAX_ITEMS: usize = 50_000;

/// A feed read from XML, and where in the text each of its items stood.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) feed: Feed,
    pub(crate) places: Vec<Range<usize>>,
}

/// Reads a document; `None` where nothing in it says that it is a feed.
pub(crate) fn read(text: &str, base: Option<&str>) -> Option<Read> {
    let mut reader = Reader::new(text, base);
    reader.run();
    reader.finish()
}

/// An open element.
#[derive(Debug)]
struct Frame<'a> {
    name: &'a str,
    role: Role,
    /// Where the text of a field begins in the collected text.
    text_from: usize,
    /// `xml:base`, made absolute.
    base: Option<String>,
}

/// What an open element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Entry,
    Sitemap,
    Field(Field, u8, Form),
    Holder(Holder),
    /// Markup inside a field.
    Markup,
    Unknown,
}

/// How the text of a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Plain or escaped text, where tags do not belong.
    Text,
    /// Markup as elements of the document.
    Xml,
    /// Base 64.
    Base64,
}

struct Reader<'a> {
    tokens: Tokens<'a>,
    names: Names<'a>,
    references: References,
    base: Option<String>,
    /// Open elements around the entries.
    outer: Vec<Frame<'a>>,
    /// Open elements of the entry that is being read, itself first.
    inner: Vec<Frame<'a>>,
    /// The text of the open fields, one behind the other.
    text: String,
    draft: Draft,
    header: Header,
    flaws: Flaws,
    root: Option<FeedKind>,
    items: Vec<Item>,
    titled: usize,
    places: Vec<Range<usize>>,
    started_at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, base: Option<&str>) -> Self {
        Self {
            tokens: Tokens::new(text),
            names: Names::default(),
            references: References::default(),
            base: base.map(str::to_owned),
            outer: Vec::new(),
            inner: Vec::new(),
            text: String::new(),
            draft: Draft::default(),
            header: Header::default(),
            flaws: Flaws::default(),
            root: None,
            items: Vec::new(),
            titled: 0,
            places: Vec::new(),
            started_at: 0,
        }
    }

    fn run(&mut self) {
        let mut first = true;
        loop {
            let at = self.tokens.position();
            let inside = self.stack().last().map_or("", |frame| frame.name);
            let Some(token) = self.tokens.next(inside) else {
                break;
            };
            let flaws = self.tokens.flaws.take();
            self.note(flaws);
            match token {
                Token::Prolog if !first => self.note(Flaws::SECOND_PROLOG),
                Token::Prolog => {}
                Token::Doctype(inner) => self.references.declare(inner),
                Token::Start(tag) => self.start(tag, at),
                Token::End(name) => self.end(name),
                Token::Text(text) => self.character_data(text),
                Token::Cdata(text) => self.cdata(text),
            }
            // White space and a byte order mark may go before a prolog that is the first all the same.
            first = first
                && matches!(token, Token::Text(text) if text.chars().all(|c| c.is_whitespace() || c == '\u{feff}'));
        }
        let flaws = self.tokens.flaws.take();
        self.note(flaws);
        if !self.inner.is_empty() {
            self.note(Flaws::TRUNCATED);
            self.end_entry();
        }
        while !self.outer.is_empty() {
            self.close_innermost();
        }
    }

    /// Notes a flaw of the entry that is being read, or else of the feed.
    fn note(&mut self, flaws: Flaws) {
        if self.inner.is_empty() {
            self.flaws.add(flaws);
        } else {
            self.draft.flaws.add(flaws);
        }
    }

    fn stack(&self) -> &[Frame<'a>] {
        if self.inner.is_empty() {
            &self.outer
        } else {
            &self.inner
        }
    }

    fn depth(&self) -> usize {
        self.outer.len() + self.inner.len()
    }

    /// The innermost open field, and whether markup is open inside it.
    fn open_field(&self) -> Option<(Field, u8, Form, bool)> {
        let mut inside_markup = false;
        for frame in self.stack().iter().rev() {
            match frame.role {
                Role::Field(field, rank, form) => return Some((field, rank, form, inside_markup)),
                Role::Markup => inside_markup = true,
                _ => return None,
            }
        }
        None
    }

    fn holder(&self) -> Option<Holder> {
        self.stack().iter().rev().find_map(|frame| match frame.role {
            Role::Holder(holder) => Some(holder),
            _ => None,
        })
    }

    /// The base in force: the innermost `xml:base`, else the address of the document, else that of the site.
    fn current_base(&self) -> Option<&str> {
        self.inner
            .iter()
            .rev()
            .chain(self.outer.iter().rev())
            .find_map(|frame| frame.base.as_deref())
            .or(self.base.as_deref())
    }

    fn start(&mut self, tag: Tag<'a>, at: usize) {
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
        if !declared && element != Element::Unknown {
            self.note(Flaws::UNDECLARED_PREFIX);
        }
        if let Some((field, _, form, inside_markup)) = self.open_field() {
            if !self.leaves_field(element, field, form, inside_markup, space, local) {
                self.markup(tag, field, form, space, element);
                return;
            }
            // The field was left open.
            self.note(Flaws::OPEN_ELEMENT);
            self.close_field();
        }
        match element {
            Element::Entry => self.start_entry(tag, at),
            Element::Sitemap => self.push(tag, Role::Sitemap),
            Element::Holder(holder) => {
                self.holder_attributes(holder, space, local, &tag);
                self.push(tag, Role::Holder(holder));
            }
            Element::Field(field, rank) => self.start_field(tag, field, rank, space, local),
            Element::Unknown => self.push(tag, Role::Unknown),
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
        &self,
        element: Element,
        field: Field,
        form: Form,
        inside_markup: bool,
        space: Space,
        local: &str,
    ) -> bool {
        if element == Element::Unknown || form == Form::Xml && (inside_markup || element != Element::Entry) {
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
    const VOID: &'static [&'static str] = &[
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
        }
    }

    fn push(&mut self, tag: Tag<'a>, role: Role) {
        let base = if tag.attributes.contains("base") {
            raw_attribute(&tag, "xml:base")
                .and_then(|written| absolute(&decode_entities(written), self.current_base()))
        } else {
            None
        };
        let frame = Frame {
            name: tag.name,
            role,
            text_from: self.text.len(),
            base,
        };
        let in_entry = !self.inner.is_empty();
        let stack = if in_entry {
            &mut self.inner
        } else {
            &mut self.outer
        };
        if stack.len() >= MAX_DEPTH {
            // What is open is not closed by anything here: an unclosed pile. A field begins anew below the entry.
            if !matches!(role, Role::Field(..)) {
                self.note(Flaws::TOO_DEEP);
                return;
            }
            stack.truncate(1);
        }
        stack.push(frame);
        if tag.empty {
            self.close_innermost();
        }
    }

    fn start_entry(&mut self, tag: Tag<'a>, at: usize) {
        if !self.inner.is_empty() {
            // The one before was never closed.
            self.note(Flaws::OPEN_ELEMENT);
            self.end_entry();
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
        let base = raw_attribute(&tag, "xml:base")
            .and_then(|written| absolute(&decode_entities(written), self.current_base()));
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
                "lastmod" => self.draft.take(Field::Updated, 2, &value, None),
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

    /// A field of the feed that is open when an entry begins was never closed.
    fn close_fields_of_the_feed(&mut self) {
        while self
            .outer
            .last()
            .is_some_and(|frame| matches!(frame.role, Role::Field(..) | Role::Markup))
        {
            self.close_innermost();
        }
    }

    fn start_field(&mut self, tag: Tag<'a>, field: Field, rank: u8, space: Space, local: &str) {
        self.note_attributes(&tag);
        let kind = attribute(&tag, "type").unwrap_or_default().to_ascii_lowercase();
        let mode = attribute(&tag, "mode").unwrap_or_default().to_ascii_lowercase();
        let form = if mode == "base64" {
            Form::Base64
        } else if mode == "escaped" {
            Form::Text
        } else if mode == "xml"
            || kind == "xhtml"
            || kind.ends_with("+xml")
            || kind.ends_with("/xml")
            || space == Space::Xhtml
        {
            Form::Xml
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

    fn note_attributes(&mut self, tag: &Tag<'a>) {
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

    fn attributes_of_the_feed(&mut self, tag: &Tag<'a>, field: Field, kind: &str) {
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

    fn attributes_of_the_entry(
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
        let base = self.current_base().map(str::to_owned);
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

    fn enclosure(&mut self, url: &str, kind: &str, base: Option<&str>) {
        if kind.starts_with("image/") || (kind.is_empty() && is_image(url)) {
            self.draft.take_image(3, url, base);
        }
        self.draft.take_link(link::ENCLOSURE, url, base);
    }

    fn holder_attributes(&mut self, holder: Holder, space: Space, local: &str, tag: &Tag<'a>) {
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

    /// Whether the fields here belong to something other than the entry or the feed.
    fn is_foreign(&self) -> bool {
        self.stack().iter().any(|frame| {
            matches!(
                frame.role,
                Role::Holder(Holder::Source | Holder::Foreign | Holder::Image)
            )
        })
    }

    fn character_data(&mut self, text: &str) {
        let Some((field, _, form, inside_markup)) = self.open_field() else {
            let blank = text
                .trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
                .is_empty();
            if !blank && self.root.is_none() {
                self.flaws.add(Flaws::RUBBISH_BEFORE);
            }
            return;
        };
        if field == Field::Ignored {
            return;
        }
        let mut flaws = Flaws::default();
        let text = if text.contains("]]>") {
            flaws.add(Flaws::STRAY_CDATA_END);
            std::borrow::Cow::Owned(text.replace("]]>", ""))
        } else {
            std::borrow::Cow::Borrowed(text)
        };
        if inside_markup || form == Form::Xml {
            // It is read as HTML later, which undoes its references.
            push_allowed(&mut self.text, &text, &mut flaws);
        } else {
            self.references.push(&mut self.text, &text, &mut flaws);
        }
        self.note(flaws);
    }

    fn cdata(&mut self, text: &str) {
        match self.open_field() {
            None | Some((Field::Ignored, ..)) => {}
            Some(_) => {
                let mut flaws = Flaws::default();
                push_allowed(&mut self.text, text, &mut flaws);
                self.note(flaws);
            }
        }
    }

    fn end(&mut self, name: &str) {
        let matching = |frames: &[Frame<'a>]| frames.iter().rposition(|frame| same_name(frame.name, name));
        if self.inner.is_empty() {
            match matching(&self.outer) {
                Some(at) => {
                    while self.outer.len() > at {
                        self.close_innermost();
                    }
                }
                None => self.note_stray(name),
            }
            return;
        }
        match matching(&self.inner) {
            Some(0) => {
                if self.inner.len() > 1 {
                    self.note(Flaws::OPEN_ELEMENT);
                }
                self.end_entry();
            }
            Some(at) => {
                if self.open_field().is_some()
                    && self.inner.get(at).is_some_and(|frame| frame.role == Role::Markup)
                {
                    self.text.push_str("</");
                    self.text.push_str(split(name).1);
                    self.text.push('>');
                } else if self
                    .inner
                    .get(at + 1..)
                    .is_some_and(|inside| inside.iter().any(|frame| frame.role != Role::Markup))
                {
                    self.note(Flaws::OPEN_ELEMENT);
                }
                while self.inner.len() > at {
                    self.close_innermost();
                }
            }
            None => {
                let local = split(name).1.to_ascii_lowercase();
                // The end of the feed ends its last entry too; another spelling of the entry's end ends it.
                let of_the_feed = ["rss", "channel", "rdf", "feed", "urlset"].contains(&local.as_str())
                    && self.outer.iter().any(|frame| same_name(frame.name, name));
                let of_the_entry = ["item", "entry"].contains(&local.as_str())
                    && self.inner.first().is_some_and(|frame| frame.role == Role::Entry)
                    && !matches!(self.names.space(split(name).0).0, Space::Other | Space::Media);
                if of_the_entry {
                    self.note(Flaws::STRAY_END);
                    self.end_entry();
                } else if of_the_feed {
                    self.note(Flaws::OPEN_ELEMENT);
                    self.end_entry();
                    self.end(name);
                } else {
                    self.note_stray(name);
                }
            }
        }
    }

    fn note_stray(&mut self, name: &str) {
        let void = Self::VOID.iter().any(|void| name.eq_ignore_ascii_case(void));
        if !void {
            self.note(Flaws::STRAY_END);
        }
    }

    /// Closes the open field and the markup inside it.
    fn close_field(&mut self) {
        loop {
            let field = self
                .stack()
                .last()
                .is_some_and(|frame| matches!(frame.role, Role::Field(..)));
            let open = self
                .stack()
                .last()
                .is_some_and(|frame| matches!(frame.role, Role::Field(..) | Role::Markup));
            if !open {
                return;
            }
            self.close_innermost();
            if field && self.open_field().is_none() {
                return;
            }
        }
    }

    fn close_innermost(&mut self) {
        let in_entry = !self.inner.is_empty();
        let frame = if in_entry {
            self.inner.pop()
        } else {
            self.outer.pop()
        };
        let Some(frame) = frame else { return };
        self.names.leave(self.depth());
        match frame.role {
            Role::Field(field, rank, form) => self.take_field(&frame, field, rank, form, in_entry),
            Role::Sitemap => {
                let base = self.current_base().map(str::to_owned);
                self.header.end_child(base.as_deref());
            }
            _ => {}
        }
    }

    fn take_field(&mut self, frame: &Frame<'a>, field: Field, rank: u8, form: Form, in_entry: bool) {
        let text = self.text.split_off(frame.text_from.min(self.text.len()));
        let text = if form == Form::Base64 {
            self.from_base64(text)
        } else {
            text
        };
        if text.trim().is_empty() {
            return;
        }
        let foreign = self.is_foreign();
        let weak = self.stack().iter().any(|frame| frame.role == Role::Unknown);
        // What stands inside an element that nobody knows may be that element's; it counts where nothing else is said.
        let rank = if weak && in_entry { 0 } else { rank };
        let base = frame
            .base
            .as_deref()
            .or_else(|| self.current_base())
            .map(str::to_owned);
        let base = base.as_deref();
        if in_entry {
            let person_of_a_foreigner = foreign && !matches!(field, Field::ImageAddress);
            let person_outside = field == Field::PersonName
                && !self
                    .stack()
                    .iter()
                    .any(|frame| matches!(frame.role, Role::Field(Field::Author, ..)));
            if !person_of_a_foreigner && !person_outside {
                self.draft.take(field, rank, &text, base);
            }
        } else if self.stack().iter().any(|frame| frame.role == Role::Sitemap) {
            self.header.take_of_child(field, &text);
        } else if !foreign {
            self.header.take(field, rank, &text, base);
            if field == Field::Link && self.base.is_none() {
                // A document of unknown origin: its links are relative to its site.
                self.base = absolute(&text, None);
            }
        }
    }

    fn from_base64(&mut self, text: String) -> String {
        // Broken into lines, with or without padding.
        let digits: Vec<u8> = text
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=')
            .collect();
        let bytes = data_encoding::BASE64_NOPAD.decode(&digits).ok();
        match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(decoded) => decoded,
            None => {
                self.note(Flaws::BAD_BASE64);
                // A picture is no text; what only claims to be base 64 is.
                if text.contains(char::is_whitespace) && text.contains(' ') {
                    text
                } else {
                    String::new()
                }
            }
        }
    }

    fn end_entry(&mut self) {
        while self.inner.len() > 1 {
            self.close_innermost();
        }
        self.inner.clear();
        self.names.leave(self.outer.len());
        self.text.clear();
        let draft = std::mem::take(&mut self.draft);
        if self.items.len() >= MAX_ITEMS {
            self.flaws.add(Flaws::TOO_MANY);
            return;
        }
        self.titled += usize::from(draft.has_title());
        self.items.push(draft.finish(self.header.language.as_deref()));
        self.places.push(self.started_at..self.tokens.position());
    }

    fn finish(self) -> Option<Read> {
        let mut kind = match self.root {
            Some(kind) => kind,
            None if self.items.is_empty() => return None,
            None => FeedKind::Rss,
        };
        if kind == FeedKind::Sitemap {
            if self.items.is_empty() {
                return None;
            }
            if self.titled > 0 {
                kind = FeedKind::NewsSitemap;
            }
        }
        let mut warnings = Vec::new();
        if !self.flaws.is_empty() {
            warnings.push(Warning::new(WarningCode::FeedRepaired, self.flaws.told()));
        }
        let hints = self.header.hints();
        let feed = Feed {
            kind,
            title: self.header.title.into_value(),
            language: self.header.language,
            items: self.items,
            hints,
            hubs: self.header.hubs,
            self_url: self.header.self_url,
            site_url: self.header.site_url.into_value(),
            children: self.header.children,
            charset: CharsetEvidence::Utf8,
            warnings,
        };
        Some(Read {
            feed,
            places: self.places,
        })
    }
}

fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// The attribute's value by its name without prefix.
fn attribute(tag: &Tag<'_>, name: &str) -> Option<String> {
    attributes(tag.attributes)
        .find(|(written, _)| split(written).1.eq_ignore_ascii_case(name))
        .map(|(_, value)| decode_entities(value).trim().to_owned())
        .filter(|value| !value.is_empty())
}

/// The attribute's value by its full name, with references.
fn raw_attribute<'a>(tag: &Tag<'a>, name: &str) -> Option<&'a str> {
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
