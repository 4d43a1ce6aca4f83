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

mod attributes;
mod draft;
mod elements;
pub(crate) mod flaws;
mod header;
mod names;
mod references;
mod starts;
mod texts;
mod tokens;

use std::ops::Range;

use depeche_model::{Warning, WarningCode};

use self::attributes::raw_attribute;
use self::draft::Draft;
use self::elements::{Field, Holder};
use self::flaws::Flaws;
use self::header::Header;
use self::names::{Names, Space, split};
use self::references::References;
use self::tokens::{Tag, Token, Tokens};
use crate::address::absolute;
use crate::charset::CharsetEvidence;
use crate::dates::DateContext;
use crate::entities::decode_entities;
use crate::feed::{Feed, FeedKind, Item};

/// Elements open at once inside an entry or around entries; more are read flat. Publishers' HTML stays under 30.
const MAX_DEPTH: usize = 64;

/// A sitemap holds at most 50,000 addresses (sitemaps.org), a feed some hundred entries.
const MAX_ITEMS: usize = 50_000;

/// A feed read from XML, and where in the text each of its items stood.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) feed: Feed,
    pub(crate) places: Vec<Range<usize>>,
}

/// Reads a document; `None` where nothing in it says that it is a feed.
pub(crate) fn read(text: &str, base: Option<&str>, dates: &DateContext) -> Option<Read> {
    let mut reader = Reader::new(text, base, dates);
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
    /// Another vocabulary as elements of the document, which may have entries of its own.
    Foreign,
    /// Base 64.
    Base64,
}

struct Reader<'a> {
    tokens: Tokens<'a>,
    dates: &'a DateContext,
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
    /// The name of the element that said so.
    root_name: &'a str,
    /// Nothing is left open at the end.
    is_complete: bool,
    items: Vec<Item>,
    titled: usize,
    places: Vec<Range<usize>>,
    started_at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, base: Option<&str>, dates: &'a DateContext) -> Self {
        Self {
            tokens: Tokens::new(text),
            dates,
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
            root_name: "",
            is_complete: false,
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
        // What rubbish before the root left open does not count.
        let root_is_open = self
            .outer
            .iter()
            .any(|frame| same_name(frame.name, self.root_name));
        self.is_complete = self.inner.is_empty() && !root_is_open;
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

    /// The base in force: the innermost `xml:base`, else the address of the document (RFC 4287 §2, RFC 3986 §5.1.3), else, of a
    /// document that came as a file, the one that it gives itself, or its site's.
    fn current_base(&self) -> Option<&str> {
        self.inner
            .iter()
            .rev()
            .chain(self.outer.iter().rev())
            .find_map(|frame| frame.base.as_deref())
            .or(self.base.as_deref())
            .or(self.header.self_url.as_deref())
            .or(self.header.site_url.value().map(String::as_str))
    }

    /// The base that an element declares itself.
    fn own_base(&self, tag: &Tag<'a>) -> Option<String> {
        if !tag.attributes.contains("base") {
            return None;
        }
        let written = raw_attribute(tag, "xml:base")?;
        absolute(&decode_entities(written), self.current_base())
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

    fn push(&mut self, tag: Tag<'a>, role: Role) {
        let base = self.own_base(&tag);
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
            is_complete: self.is_complete,
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
