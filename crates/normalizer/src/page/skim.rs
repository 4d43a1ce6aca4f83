//! A page's tree, read once: its blocks of text, the elements around them, and what its head says.
//!
//! In: the tree. Out: a [`Skim`], flat arrays in document order. Everything behind it (the main text, metadata, links,
//! notices) works on these arrays, so the tree is walked once whatever is asked of it.

use std::ops::Range;

use dom_query::{Document, Element as DomElement, NodeData, NodeId};
use rustc_hash::FxHashMap;

use super::classes::{self, Hints};

/// What kind of element, as far as the text is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Article,
    Aside,
    Body,
    Button,
    Caption,
    Cell,
    Figure,
    Footer,
    Form,
    /// With its level.
    Heading(u8),
    Header,
    /// `span`, `a` and the like, kept only where its class says what it is.
    Inline,
    Item,
    Line,
    List,
    Main,
    Nav,
    Paragraph,
    Pre,
    Quote,
    Section,
    Table,
    /// Any other that begins and ends a line.
    Other,
}

/// An element that begins and ends a line.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) tag: Tag,
    /// The element around it; the first is its own.
    pub(super) parent: usize,
    /// What its class, id, role and properties say.
    pub(super) hints: Hints,
    /// Elements with the same classes have the same number; 0 is none.
    pub(super) class: u32,
    /// The blocks in it.
    pub(super) blocks: Range<usize>,
    /// The first element behind it that is not inside it.
    pub(super) end: usize,
}

/// A run of text without a line break.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The element directly around it.
    pub(super) element: usize,
    /// Where in [`Skim::text`].
    text: Range<usize>,
    pub(super) kind: Kind,
    /// Bytes of it that are inside links.
    pub(super) link_bytes: usize,
    pub(super) words: usize,
    /// Bytes of it that are set bold.
    pub(super) bold_bytes: usize,
    /// A break stands before it and no new element: a line of the same paragraph.
    pub(super) continues: bool,
}

impl Block {
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Whether all of it is set bold, as sites without headings set theirs.
    pub(super) fn is_bold(&self) -> bool {
        self.bold_bytes == self.bytes() && self.link_bytes == 0
    }

    /// The share of it that is links, 0–1.
    pub(super) fn link_share(&self) -> f32 {
        self.link_bytes as f32 / self.bytes().max(1) as f32
    }
}

/// What a block is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Heading(u8),
    Item,
    Quote,
}

/// What was read of a tree.
#[derive(Debug, Default)]
pub(super) struct Skim {
    text: String,
    pub(super) elements: Vec<Element>,
    pub(super) blocks: Vec<Block>,
    pub(super) head: Head,
}

/// What a page says of itself in elements made for it, in document order.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Names in lower case, with contents.
    pub(super) metas: Vec<(String, String)>,
    pub(super) json_ld: Vec<String>,
    pub(super) title: Option<String>,
    pub(super) language: Option<String>,
    pub(super) canonical: Option<String>,
    pub(super) times: Vec<Time>,
    /// Links that a page marks as its author's (`rel=author`), and elements of the property `author`.
    pub(super) authors: Vec<String>,
    /// Links that a page marks as its labels (`rel=tag`).
    pub(super) tags: Vec<String>,
    /// Properties of HTML's microdata other than those above, with contents.
    pub(super) properties: Vec<(String, String)>,
    /// A field for a password.
    pub(super) asks_password: bool,
    /// An element named `paywall`.
    pub(super) names_paywall: bool,
}

/// A `time` element, or one of the property `datePublished` or `dateModified`.
#[derive(Debug, Default)]
pub(super) struct Time {
    pub(super) machine: Option<String>,
    pub(super) shown: String,
    /// It says of itself that it is the time of a change.
    pub(super) modified: bool,
    /// It says of itself that it is the time of publication.
    pub(super) published: bool,
    /// It stands in an `article` or `main`.
    pub(super) in_article: bool,
}

impl Skim {
    /// Reads a tree.
    pub(super) fn of(document: &Document) -> Self {
        let mut reader = Reader::default();
        reader.walk(document);
        reader.skim
    }

    pub(super) fn text(&self, block: &Block) -> &str {
        self.text.get(block.text.clone()).unwrap_or_default()
    }

    /// The text of several blocks, one a line.
    pub(super) fn lines(&self, blocks: Range<usize>) -> String {
        let blocks = self.blocks.get(blocks).unwrap_or_default();
        let mut out = String::with_capacity(blocks.iter().map(|block| block.bytes() + 1).sum());
        for block in blocks {
            out.push_str(self.text(block));
            out.push('\n');
        }
        out
    }

    /// Whether an element is another or inside it.
    pub(super) fn is_within(&self, mut element: usize, outer: usize) -> bool {
        // Parents come before their children.
        while element > outer {
            element = self.elements[element].parent;
        }
        element == outer
    }

    /// An element and those around it, inside out.
    pub(super) fn around(&self, element: usize) -> impl Iterator<Item = usize> {
        let mut next = (element < self.elements.len()).then_some(element);
        std::iter::from_fn(move || {
            let current = next?;
            let parent = self.elements[current].parent;
            next = (parent != current).then_some(parent);
            Some(current)
        })
    }
}

/// Bytes of different names that are looked at. Pages of the French press have 20 to 100 kB of them.
const MAX_NAMED_BYTES: usize = 400_000;

/// Bytes of an element's text that are collected for a field.
const MAX_FIELD_BYTES: usize = 400;

/// Elements that are collected for one field.
const MAX_FIELDS: usize = 200;

/// What is collected while an element is open, besides its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Captured {
    Title,
    Time,
    Author,
    Label,
    Property,
}

#[derive(Default)]
struct Reader {
    skim: Skim,
    /// The recorded elements that are open.
    open: Vec<usize>,
    classes: FxHashMap<String, (u32, Hints)>,
    /// Bytes of names that were looked at.
    named: usize,
    /// Text of the block being read.
    start: usize,
    words: usize,
    link_bytes: usize,
    bold_bytes: usize,
    bold: usize,
    space: bool,
    continues: bool,
    links: usize,
    headings: Vec<u8>,
    items: usize,
    quotes: usize,
    articles: usize,
    /// What is being collected: what for, and where its text began.
    captured: Vec<(Captured, usize)>,
}

/// What has to be undone when an element is left.
#[derive(Default)]
struct Leave {
    recorded: bool,
    breaks: bool,
    link: bool,
    bold: bool,
    heading: bool,
    item: bool,
    quote: bool,
    article: bool,
    captured: bool,
}

impl Reader {
    fn walk(&mut self, document: &Document) {
        let tree = &document.tree;
        let root = tree.root().id;
        let mut left: Vec<Leave> = Vec::new();
        let mut current = root;
        loop {
            let (down, next, leave) = tree
                .query_node(&current, |node| {
                    let leave = match &node.data {
                        NodeData::Text { contents } => {
                            self.text(contents);
                            None
                        }
                        NodeData::Element(element) => self.enter(document, element, node.first_child),
                        NodeData::Document | NodeData::Fragment => Some(Leave::default()),
                        _ => None,
                    };
                    let down = leave.as_ref().and(node.first_child);
                    (down, node.next_sibling, leave)
                })
                .unwrap_or_default();
            if let Some(child) = down {
                left.extend(leave);
                current = child;
                continue;
            }
            if let Some(leave) = leave {
                self.leave(&leave);
            }
            let mut sibling = next;
            while sibling.is_none() {
                let Some(leave) = left.pop() else {
                    self.flush();
                    return;
                };
                self.leave(&leave);
                let Some(parent) = tree.query_node(&current, |node| node.parent).flatten() else {
                    self.flush();
                    return;
                };
                current = parent;
                sibling = tree.query_node(&current, |node| node.next_sibling).flatten();
            }
            let Some(sibling) = sibling else { return };
            current = sibling;
        }
    }

    /// What an element begins; `None` when nothing in it is text.
    fn enter(&mut self, document: &Document, element: &DomElement, child: Option<NodeId>) -> Option<Leave> {
        let name: &str = &element.name.local;
        match name {
            "meta" => {
                self.meta(element);
                return None;
            }
            "link" => {
                if attribute(element, "rel").is_some_and(|rel| has_word(rel, "canonical")) {
                    let head = &mut self.skim.head;
                    head.canonical = head.canonical.take().or_else(|| filled(attribute(element, "href")));
                }
                if let Some(property) = attribute(element, "itemprop") {
                    self.property(property, attribute(element, "href").or(attribute(element, "content")));
                }
                return None;
            }
            "script" => {
                if attribute(element, "type").is_some_and(|kind| kind.trim().starts_with("application/ld+json"))
                    && let Some(child) = child
                {
                    let text = document.tree.query_node(&child, |node| match &node.data {
                        NodeData::Text { contents } => Some(contents.to_string()),
                        _ => None,
                    });
                    self.skim.head.json_ld.extend(text.flatten());
                }
                return None;
            }
            "input" => {
                self.skim.head.asks_password |=
                    attribute(element, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("password"));
                return None;
            }
            "style" | "noscript" | "template" | "svg" | "math" | "iframe" | "object" | "embed" | "canvas"
            | "select" | "textarea" | "audio" | "video" | "map" | "amp-ad" | "amp-analytics" | "amp-consent"
            | "amp-sidebar" | "datalist" | "progress" | "meter" | "img" | "source" | "track" | "wbr" => {
                if name == "img" && let Some(property) = attribute(element, "itemprop") {
                    self.property(property, attribute(element, "src"));
                }
                return None;
            }
            "br" => {
                self.flush();
                self.continues = true;
                return None;
            }
            "html" => {
                let head = &mut self.skim.head;
                head.language = head.language.take().or_else(|| filled(attribute(element, "lang")));
            }
            _ => {}
        }
        let tag = tag(name);
        let mut leave = Leave {
            link: name == "a",
            bold: matches!(name, "b" | "strong" | "u"),
            heading: matches!(tag, Tag::Heading(_)),
            item: tag == Tag::Item,
            quote: tag == Tag::Quote,
            article: matches!(tag, Tag::Article | Tag::Main),
            ..Leave::default()
        };
        leave.captured = self.capture(name, element);
        let (class, hints) = self.hints(element, tag);
        // An inline element makes a block of its own only where it is not the article's text.
        if tag != Tag::Inline || (name != "a" && hints.breaks_inline()) {
            self.flush();
            self.continues = false;
            leave.recorded = true;
            leave.breaks = true;
            let number = self.skim.elements.len();
            let blocks = self.skim.blocks.len();
            self.skim.elements.push(Element {
                tag,
                parent: self.open.last().copied().unwrap_or(0),
                hints,
                class,
                blocks: blocks..blocks,
                end: number + 1,
            });
            self.open.push(number);
        } else if name == "title" || name == "head" {
            self.flush();
            leave.breaks = true;
        }
        self.links += usize::from(leave.link);
        self.bold += usize::from(leave.bold);
        self.items += usize::from(leave.item);
        self.quotes += usize::from(leave.quote);
        self.articles += usize::from(leave.article);
        if let Tag::Heading(level) = tag {
            self.headings.push(level);
        }
        Some(leave)
    }

    fn leave(&mut self, leave: &Leave) {
        if leave.captured {
            self.captured_end();
        }
        if leave.breaks {
            self.flush();
            self.continues = false;
        }
        if leave.recorded
            && let Some(number) = self.open.pop()
        {
            let (blocks, end) = (self.skim.blocks.len(), self.skim.elements.len());
            let element = &mut self.skim.elements[number];
            element.blocks.end = blocks;
            element.end = end;
        }
        self.links -= usize::from(leave.link);
        self.bold -= usize::from(leave.bold);
        self.items -= usize::from(leave.item);
        self.quotes -= usize::from(leave.quote);
        self.articles -= usize::from(leave.article);
        if leave.heading {
            self.headings.pop();
        }
    }

    fn text(&mut self, text: &str) {
        if text.starts_with([' ', '\n', '\t', '\r', '\u{c}']) {
            self.space = true;
        }
        for word in text.split_ascii_whitespace() {
            let before = self.skim.text.len();
            if self.space && before > self.start {
                self.skim.text.push(' ');
                self.words += 1;
            } else if before == self.start {
                self.words += 1;
            }
            self.skim.text.push_str(word);
            if self.links > 0 {
                self.link_bytes += self.skim.text.len() - before;
            }
            if self.bold > 0 {
                self.bold_bytes += self.skim.text.len() - before;
            }
            self.space = true;
        }
        if !text.is_empty() {
            self.space = text.ends_with([' ', '\n', '\t', '\r', '\u{c}']) || (self.space && text.trim_ascii().is_empty());
        }
    }

    /// Ends a block.
    fn flush(&mut self) {
        let end = self.skim.text.len();
        if end > self.start {
            if let Some(element) = self.open.last() {
                let kind = match (self.headings.last(), self.items > 0, self.quotes > 0) {
                    (Some(level), _, _) => Kind::Heading(*level),
                    (_, true, _) => Kind::Item,
                    (_, _, true) => Kind::Quote,
                    _ => Kind::Text,
                };
                self.skim.blocks.push(Block {
                    element: *element,
                    text: self.start..end,
                    kind,
                    link_bytes: self.link_bytes,
                    words: self.words,
                    bold_bytes: self.bold_bytes,
                    continues: self.continues,
                });
            }
            self.start = end;
        }
        self.words = 0;
        self.link_bytes = 0;
        self.bold_bytes = 0;
        self.space = false;
    }

    fn meta(&mut self, element: &DomElement) {
        let content = filled(attribute(element, "content"));
        if let Some(property) = attribute(element, "itemprop") {
            self.property(property, content.as_deref());
        }
        let Some(content) = content else { return };
        for kind in ["property", "name", "http-equiv"] {
            if let Some(name) = attribute(element, kind) {
                self.skim.head.metas.push((name.trim().to_ascii_lowercase(), content.clone()));
            }
        }
    }

    fn property(&mut self, property: &str, content: Option<&str>) {
        if let Some(content) = filled(content) {
            for name in property.split_ascii_whitespace() {
                self.skim.head.properties.push((name.to_ascii_lowercase(), content.clone()));
            }
        }
    }

    /// Whether the element's text is collected for a field.
    fn capture(&mut self, name: &str, element: &DomElement) -> bool {
        let property = attribute(element, "itemprop").unwrap_or("");
        let rel = if name == "a" { attribute(element, "rel").unwrap_or("") } else { "" };
        let is_time = name == "time" || matches!(property, "datePublished" | "dateModified" | "dateCreated");
        let captured = if name == "title" && self.skim.head.title.is_none() {
            Captured::Title
        } else if is_time {
            let class = attribute(element, "class").unwrap_or("").to_ascii_lowercase();
            let machine = attribute(element, "datetime").or(attribute(element, "content"));
            let modified = property == "dateModified"
                || ["updated", "modified", "maj", "mise-a-jour"].iter().any(|word| class.contains(word));
            self.skim.head.times.push(Time {
                machine: filled(machine),
                shown: String::new(),
                modified: modified && !class.contains("published"),
                published: property == "datePublished"
                    || element_has(element, "pubdate")
                    || ["published", "publi", "entry-date"].iter().any(|word| class.contains(word)),
                in_article: self.articles > 0,
            });
            Captured::Time
        } else if has_word(rel, "author") || property == "author" {
            Captured::Author
        } else if has_word(rel, "tag") {
            Captured::Label
        } else if matches!(property, "headline" | "articleSection" | "keywords" | "alternativeHeadline" | "name") {
            self.skim.head.properties.push((property.to_ascii_lowercase(), String::new()));
            Captured::Property
        } else {
            return false;
        };
        let head = &self.skim.head;
        let enough = [head.times.len(), head.authors.len(), head.tags.len(), head.properties.len()]
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
            return false;
        }
        // Its text begins a block or goes on with one; either way at the end of what was read.
        self.captured.push((captured, self.skim.text.len()));
        true
    }

    fn captured_end(&mut self) {
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

    fn hints(&mut self, element: &DomElement, tag: Tag) -> (u32, Hints) {
        let mut hints = Hints::default();
        let mut names = Hints::default();
        let mut class = 0;
        for attribute in &element.attrs {
            let value: &str = &attribute.value;
            match &*attribute.name.local {
                "class" if !value.is_empty() => {
                    let next = self.classes.len() as u32 + 1;
                    let known = self.classes.get(value).copied();
                    let (number, found) = known.unwrap_or_else(|| {
                        let found = (next, self.names(value));
                        self.classes.insert(value.to_owned(), found);
                        found
                    });
                    class = number;
                    names |= found;
                }
                "id" | "role" | "data-component" | "data-component-name" | "data-testid" | "data-module" => {
                    names |= self.names(value);
                }
                "itemprop" => hints |= classes::of_property(value),
                "style" if is_undisplayed(value) => hints |= Hints::HIDDEN,
                "hidden" => hints |= Hints::HIDDEN,
                "aria-hidden" if value == "true" => hints |= Hints::HIDDEN,
                _ => {}
            }
        }
        self.skim.head.names_paywall |= names.contains(Hints::PAYWALL);
        // Of `body` the names describe the whole site.
        (class, if tag == Tag::Body { hints } else { hints | names.settled() })
    }

    fn names(&mut self, names: &str) -> Hints {
        if self.named > MAX_NAMED_BYTES {
            return Hints::default();
        }
        self.named += names.len().min(classes::MAX_NAMES_BYTES);
        classes::of_names(names)
    }
}

fn tag(name: &str) -> Tag {
    match name {
        "article" => Tag::Article,
        "aside" => Tag::Aside,
        "body" | "html" => Tag::Body,
        "button" => Tag::Button,
        "figcaption" | "caption" | "legend" => Tag::Caption,
        "td" | "th" => Tag::Cell,
        "figure" | "picture" | "amp-img" => Tag::Figure,
        "footer" => Tag::Footer,
        "form" | "fieldset" | "dialog" => Tag::Form,
        "h1" => Tag::Heading(1),
        "h2" => Tag::Heading(2),
        "h3" => Tag::Heading(3),
        "h4" => Tag::Heading(4),
        "h5" => Tag::Heading(5),
        "h6" => Tag::Heading(6),
        "header" => Tag::Header,
        "li" | "dd" | "dt" => Tag::Item,
        "ul" | "ol" | "dl" => Tag::List,
        "main" => Tag::Main,
        "nav" | "menu" => Tag::Nav,
        "p" => Tag::Paragraph,
        "pre" => Tag::Pre,
        "blockquote" => Tag::Quote,
        "section" => Tag::Section,
        "table" => Tag::Table,
        "tr" | "tbody" | "thead" | "tfoot" | "hr" => Tag::Line,
        "div" | "center" | "address" | "details" | "summary" | "hgroup" | "search" | "amp-accordion" => Tag::Other,
        // Elements of a site's own are boxes more often than words.
        _ if name.contains('-') => Tag::Other,
        _ => Tag::Inline,
    }
}

fn attribute<'a>(element: &'a DomElement, name: &str) -> Option<&'a str> {
    element
        .attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .map(|attribute| &*attribute.value)
}

fn element_has(element: &DomElement, name: &str) -> bool {
    attribute(element, name).is_some()
}

fn has_word(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|found| found.eq_ignore_ascii_case(word))
}

/// The beginning of a text, whole characters of it.
pub(super) fn shortened(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

pub(super) fn filled(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn is_undisplayed(style: &str) -> bool {
    style
        .split(';')
        .filter_map(|rule| rule.split_once(':'))
        .any(|(name, value)| name.trim() == "display" && value.trim().starts_with("none"))
}
