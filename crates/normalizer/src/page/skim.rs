//! A page's tree, read once: its blocks of text, the elements around them, and what its head says.
//!
//! In: the tree. Out: a [`Skim`], flat arrays in document order. Everything behind it (the main text, metadata, links,
//! notices) works on these arrays, so the tree is walked once whatever is asked of it.

use std::ops::Range;

use depeche_feed::{DateContext, DateReading, read_date};
use dom_query::Document;

use super::classes::Hints;
use super::reader;

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
    /// A field or button of a form stands directly in it.
    pub(super) has_control: bool,
    /// A picture stands directly in it.
    pub(super) has_image: bool,
}

/// A run of text without a line break.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The element directly around it.
    pub(super) element: usize,
    /// Where in the page's text.
    pub(super) text: Range<usize>,
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
    /// All blocks' texts, one behind the other.
    pub(super) text: String,
    pub(super) elements: Vec<Element>,
    pub(super) blocks: Vec<Block>,
    pub(super) head: Head,
    /// Where and when the page was captured.
    pub(super) dates: DateContext,
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
    /// Links whose address or place says what they lead to.
    pub(super) links: Vec<Link>,
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
    /// The element around it.
    pub(super) element: usize,
    /// The block that it is in, or begins.
    pub(super) block: usize,
}

/// What a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The page of a writer.
    Author,
    /// A section of the site, in the path to this page.
    Section,
    /// What else is about the same.
    Label,
}

/// A link that says something of the article.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) target: Target,
    pub(super) text: String,
    /// The element around it.
    pub(super) element: usize,
    /// The block that it is in.
    pub(super) block: usize,
}

impl Skim {
    /// Reads a string that is a date and nothing else.
    pub(super) fn date(&self, written: &str) -> Option<DateReading> {
        read_date(written, &self.dates).filter(|reading| !reading.is_in_prose)
    }

    /// Reads a tree.
    pub(super) fn of(document: &Document) -> Self {
        reader::read(document)
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

    /// Whether an element is a quote, by its tag or its name.
    pub(super) fn is_quote(&self, element: usize) -> bool {
        let element = &self.elements[element];
        element.tag == Tag::Quote || element.hints.contains(Hints::PULLED)
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

/// The beginning of a text, whole characters of it.
pub(super) fn shortened(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

pub(super) fn filled(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
