//! The walk over a page's tree that fills a [`Skim`].
//!
//! In: the tree. Out: its arrays. Elements that begin and end a line are recorded, text runs on across those that do not;
//! what holds no text (`script`, `svg`, `select`) is passed by, and what says something of the page is noted on the way.

mod fields;

use dom_query::{Document, Element as DomElement, NodeData, NodeId};
use rustc_hash::FxHashMap;

use super::classes::{self, Hints};
use super::skim::{Block, Element, Kind, Skim, Tag, filled};
use fields::Captured;

/// Reads a tree.
pub(super) fn read(document: &Document) -> Skim {
    let mut reader = Reader::default();
    reader.walk(document);
    reader.skim
}

/// Bytes of different names that are looked at. Pages of the French press have 20 to 100 kB of them.
const MAX_NAMED_BYTES: usize = 400_000;

/// Lines of a page's `pre` that are lines of the text; what follows runs on. A listing or a poem of the press has hundreds.
const MAX_PRE_LINES: usize = 20_000;

/// Bytes a word above which a text is written without spaces.
const UNSPACED_BYTES: usize = 40;

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
    /// Elements that keep their line breaks.
    pres: usize,
    /// Lines that ended in them.
    pre_lines: usize,
    /// What is being collected: what for, and where its text began.
    captured: Vec<(Captured, usize)>,
}

/// What has to be undone when an element is left.
#[expect(clippy::struct_excessive_bools, reason = "each is a counter to lower")]
#[derive(Default)]
struct Leave {
    recorded: bool,
    breaks: bool,
    link: bool,
    bold: bool,
    heading: bool,
    item: bool,
    quote: bool,
    pre: bool,
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

    /// Reads what has no text of the article in it; whether it was such an element.
    fn is_read_alone(&mut self, document: &Document, element: &DomElement, child: Option<NodeId>) -> bool {
        let name: &str = &element.name.local;
        match name {
            "meta" => {
                self.meta(element);
                return true;
            }
            "link" => {
                if attribute(element, "rel").is_some_and(|rel| has_word(rel, "canonical")) {
                    let head = &mut self.skim.head;
                    head.canonical = head
                        .canonical
                        .take()
                        .or_else(|| filled(attribute(element, "href")));
                }
                if let Some(property) = attribute(element, "itemprop") {
                    self.property(
                        property,
                        attribute(element, "href").or(attribute(element, "content")),
                    );
                }
                return true;
            }
            "script" => {
                if attribute(element, "type")
                    .is_some_and(|kind| kind.trim().starts_with("application/ld+json"))
                    && let Some(child) = child
                {
                    let text = document.tree.query_node(&child, |node| match &node.data {
                        NodeData::Text { contents } => Some(contents.to_string()),
                        _ => None,
                    });
                    self.skim.head.json_ld.extend(text.flatten());
                }
                return true;
            }
            "input" => {
                self.skim.head.asks_password |=
                    attribute(element, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("password"));
                if !attribute(element, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("hidden")) {
                    self.control();
                }
                return true;
            }
            "style" | "noscript" | "template" | "svg" | "math" | "iframe" | "object" | "embed" | "canvas"
            | "select" | "textarea" | "audio" | "video" | "map" | "amp-ad" | "amp-analytics"
            | "amp-consent" | "amp-sidebar" | "datalist" | "progress" | "meter" | "img" | "source"
            | "track" | "wbr" => {
                // What stands in `noscript` is the picture that scripts load late.
                if matches!(name, "img" | "noscript")
                    && let Some(number) = self.open.last()
                {
                    self.skim.elements[*number].has_image = true;
                }
                if name == "img"
                    && let Some(property) = attribute(element, "itemprop")
                {
                    self.property(property, attribute(element, "src"));
                }
                return true;
            }
            "br" => {
                self.flush();
                self.continues = true;
                return true;
            }
            "html" => {
                let head = &mut self.skim.head;
                head.language = head
                    .language
                    .take()
                    .or_else(|| filled(attribute(element, "lang")));
            }
            _ => {}
        }
        false
    }

    /// What an element begins; `None` when nothing in it is text.
    fn enter(&mut self, document: &Document, element: &DomElement, child: Option<NodeId>) -> Option<Leave> {
        let name: &str = &element.name.local;
        let in_brackets = self.skim.text.ends_with(['[', '(']);
        if self.is_read_alone(document, element, child)
            || (!in_brackets && is_note_mark(document, element, child))
        {
            return None;
        }
        let tag = tag(name);
        let mut leave = Leave {
            // What leads to a place in the page is no link to another.
            link: name == "a"
                && attribute(element, "href").is_some_and(|href| {
                    let href = href.trim();
                    // A lone `#` is a button's.
                    href == "#" || !href.starts_with('#')
                }),
            bold: matches!(name, "b" | "strong" | "u"),
            heading: matches!(tag, Tag::Heading(_)),
            item: tag == Tag::Item,
            quote: tag == Tag::Quote,
            pre: tag == Tag::Pre,
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
                has_control: false,
                has_image: false,
            });
            // What a button in a heading unfolds is the article's.
            if tag == Tag::Button && self.headings.is_empty() && !element_has(element, "aria-expanded") {
                self.control();
            }
            self.open.push(number);
        } else if name == "title" || name == "head" {
            self.flush();
            leave.breaks = true;
        }
        self.links += usize::from(leave.link);
        self.bold += usize::from(leave.bold);
        self.items += usize::from(leave.item);
        self.quotes += usize::from(leave.quote);
        self.pres += usize::from(leave.pre);
        if let Tag::Heading(level) = tag {
            self.headings.push(level);
        }
        Some(leave)
    }

    /// Notes a field or a button in the element that is open.
    fn control(&mut self) {
        if let Some(number) = self.open.last() {
            self.skim.elements[*number].has_control = true;
        }
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
        self.pres -= usize::from(leave.pre);
        if leave.heading {
            self.headings.pop();
        }
    }

    fn text(&mut self, text: &str) {
        if self.pres == 0 {
            self.run(text);
            return;
        }
        let room = MAX_PRE_LINES.saturating_sub(self.pre_lines);
        let mut lines = text.splitn(room + 1, '\n');
        self.run(lines.next().unwrap_or_default());
        for line in lines {
            self.flush();
            self.continues = true;
            self.pre_lines += 1;
            self.run(line);
        }
    }

    /// Text without a break.
    fn run(&mut self, text: &str) {
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
            self.space = text.ends_with([' ', '\n', '\t', '\r', '\u{c}'])
                || (self.space && text.trim_ascii().is_empty());
        }
    }

    /// Ends a block.
    fn flush(&mut self) {
        // The sign that links a heading to itself.
        if !self.headings.is_empty()
            && let Some(text) = self
                .skim
                .text
                .get(self.start..)
                .filter(|text| text.ends_with('¶'))
        {
            let bare = self.start + text.trim_end_matches(['¶', ' ']).len();
            self.skim.text.truncate(bare);
        }
        let end = self.skim.text.len();
        if end > self.start {
            if let Some(element) = self.open.last() {
                let kind = match (self.headings.last(), self.items > 0, self.quotes > 0) {
                    (Some(level), _, _) => Kind::Heading(*level),
                    (_, true, _) => Kind::Item,
                    (_, _, true) => Kind::Quote,
                    _ => Kind::Text,
                };
                let bytes = end - self.start;
                // Scripts without spaces have two characters a word, of three bytes each.
                let words = if bytes > self.words * UNSPACED_BYTES {
                    bytes / 6
                } else {
                    self.words
                };
                self.skim.blocks.push(Block {
                    element: *element,
                    text: self.start..end,
                    kind,
                    link_bytes: self.link_bytes,
                    words,
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

    fn hints(&mut self, element: &DomElement, tag: Tag) -> (u32, Hints) {
        let mut hints = Hints::default();
        let mut names = Hints::default();
        let mut class = 0;
        for attribute in &element.attrs {
            let value: &str = &attribute.value;
            match &*attribute.name.local {
                "class" if !value.is_empty() => {
                    let (number, found) = self.class(value);
                    class = number;
                    names |= found;
                }
                "id" | "role" | "data-component" | "data-component-name" | "data-testid" | "data-module" => {
                    names |= self.names(value);
                }
                "itemprop" => hints |= classes::of_property(value),
                "style" if is_undisplayed(value) => hints |= Hints::HIDDEN,
                "hidden" => hints |= Hints::HIDDEN,
                // What a table of old pages floats beside the text is a picture with its words.
                "align" if tag == Tag::Table && is_side(value) => hints |= Hints::CAPTION,
                "aria-hidden" if value == "true" => hints |= Hints::HIDDEN,
                _ => {}
            }
        }
        // A site's own element is called what another site's `div` has as its class.
        if element.name.local.contains('-') {
            names |= self.class(&element.name.local).1;
        }
        self.skim.head.names_paywall |= names.contains(Hints::PAYWALL);
        // Of `body` the names describe the whole site.
        (
            class,
            if tag == Tag::Body {
                hints
            } else {
                hints | names.settled()
            },
        )
    }

    /// The number of an element's classes, and what they say.
    fn class(&mut self, names: &str) -> (u32, Hints) {
        let next = self.classes.len() as u32 + 1;
        let known = self.classes.get(names).copied();
        known.unwrap_or_else(|| {
            let found = (next, self.names(names));
            self.classes.insert(names.to_owned(), found);
            found
        })
    }

    fn names(&mut self, names: &str) -> Hints {
        if self.named > MAX_NAMED_BYTES {
            return Hints::default();
        }
        self.named += names.len().min(classes::MAX_NAMES_BYTES);
        classes::of_names(names)
    }
}

/// Whether an element is the number that leads to a note and nothing else, raised mostly; without its place above the line it
/// would be glued to the word before. `[1]` stands by itself and stays.
fn is_note_mark(document: &Document, element: &DomElement, child: Option<NodeId>) -> bool {
    let leads = |element: &DomElement| {
        &*element.name.local == "a"
            && attribute(element, "href").is_some_and(|href| href.trim().starts_with('#'))
    };
    let is_raised = |element: &DomElement| &*element.name.local == "sup";
    if !leads(element) && !is_raised(element) {
        return false;
    }
    let inner = |id: NodeId, is_inner: &dyn Fn(&DomElement) -> bool| {
        document
            .tree
            .query_node(&id, |node| match &node.data {
                NodeData::Element(element) if is_inner(element) => node.first_child,
                _ => None,
            })
            .flatten()
    };
    let mark = child.and_then(|child| {
        if is_raised(element) {
            inner(child, &leads)
        } else {
            inner(child, &is_raised).or(Some(child))
        }
    });
    mark.and_then(|mark| {
        document.tree.query_node(&mark, |node| match &node.data {
            NodeData::Text { contents } => {
                let mark = contents.trim();
                (1..=3).contains(&mark.len()) && mark.bytes().all(|byte| byte.is_ascii_digit())
            }
            _ => false,
        })
    })
    .unwrap_or(false)
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
        "div" | "center" | "address" | "details" | "summary" | "hgroup" | "search" | "amp-accordion" => {
            Tag::Other
        }
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
    list.split_ascii_whitespace()
        .any(|found| found.eq_ignore_ascii_case(word))
}

fn is_side(align: &str) -> bool {
    align.eq_ignore_ascii_case("left") || align.eq_ignore_ascii_case("right")
}

fn is_undisplayed(style: &str) -> bool {
    style
        .split(';')
        .filter_map(|rule| rule.split_once(':'))
        .any(|(name, value)| name.trim() == "display" && value.trim().starts_with("none"))
}
