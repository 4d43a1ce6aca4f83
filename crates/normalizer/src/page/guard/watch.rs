//! What stands between tokenizer and tree builder: it counts, leaves out what nobody reads, and stops at a cap.
//!
//! Comments and NUL characters make no node. Text between two tags is handed on in one piece, though the tokenizer cuts
//! it at line breaks and references: the builder's work is by the token.

use std::cell::{Cell, RefCell};

use dom_query::{Document, NodeId};
use html5ever::interface::Tracer;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::TreeBuilder;

use super::{MAX_DEPTH, MAX_ELEMENTS, MAX_NODES, MAX_STEPS, MAX_TOKENS, Refused};

/// Elements that a token opens besides those it opens anew: `html`, `head`, `body`, a table's parts, itself twice.
const IMPLIED: usize = 8;

/// Steps of copying an attribute, and of comparing one with that of another tag, each of which sorts a copy: 17 and 68
/// ns were measured, where going past an open element takes 4 ns.
const STEPS_AN_ATTRIBUTE: usize = 16;

/// Nodes that a token makes when no formatting element is opened anew: as above, without their second opening.
const MADE_BY_A_TOKEN: usize = 4;

/// Attributes of later `html` and `body` tags, which the builder adds to the first: one by one, each time comparing with
/// all. Documents pasted together have a few.
const MAX_MERGED: usize = 64;

/// Hands tokens to the tree builder as long as no cap is exceeded.
pub(super) struct Watch {
    pub(super) builder: TreeBuilder<NodeId, Document>,
    pub(super) refused: Cell<Option<Refused>>,
    /// Something was read since this was last unset.
    pub(super) emitted: Cell<bool>,
    /// The builder asked for text without tags.
    pub(super) raw: Cell<bool>,
    /// The element whose content nobody reads, when it was just opened.
    pub(super) unread: Cell<Option<&'static str>>,
    /// Text that was read and not yet handed on.
    text: RefCell<StrTendril>,
    /// What the builder held open when it was last asked.
    open: Cell<usize>,
    /// Tokens that cannot lead past the cap on depth.
    unchecked: Cell<u32>,
    /// Formatting elements that were begun and not ended.
    formatting: Cell<usize>,
    /// The most attributes of one of them.
    formatting_attributes: Cell<usize>,
    /// Attributes of `html` and `body`.
    merged: Cell<usize>,
    elements: Cell<usize>,
    tokens: Cell<usize>,
    steps: Cell<usize>,
}

impl Watch {
    pub(super) fn new(builder: TreeBuilder<NodeId, Document>) -> Self {
        Self {
            builder,
            refused: Cell::new(None),
            emitted: Cell::new(false),
            raw: Cell::new(false),
            unread: Cell::new(None),
            text: RefCell::default(),
            open: Cell::new(0),
            unchecked: Cell::new(0),
            formatting: Cell::new(0),
            formatting_attributes: Cell::new(0),
            merged: Cell::new(0),
            elements: Cell::new(0),
            tokens: Cell::new(0),
            steps: Cell::new(0),
        }
    }

    fn exceeded(&self, opens: bool) -> Option<Refused> {
        if opens && self.is_too_deep() {
            Some(Refused::Depth)
        } else if self.elements.get() > MAX_ELEMENTS {
            Some(Refused::Elements)
        } else if self.builder.sink.tree.len() > MAX_NODES {
            Some(Refused::Nodes)
        } else if self.tokens.get() > MAX_TOKENS {
            Some(Refused::Tokens)
        } else if self.steps.get() > MAX_STEPS {
            Some(Refused::Steps)
        } else {
            None
        }
    }

    fn is_too_deep(&self) -> bool {
        if let Some(fewer) = self.unchecked.get().checked_sub(1) {
            self.unchecked.set(fewer);
            return false;
        }
        let count = Count(Cell::new(0));
        self.builder.trace_handles(&count);
        let open = count.0.get();
        self.open.set(open);
        // A token opens what it names and implies, `IMPLIED` at most, and every formatting element anew.
        let (mut most, mut tokens) = (open * 2 + IMPLIED, 0);
        while most <= MAX_DEPTH {
            most = most * 2 + IMPLIED;
            tokens += 1;
        }
        self.unchecked.set(tokens);
        open > MAX_DEPTH
    }

    fn charge(&self, steps: usize) {
        self.steps.set(self.steps.get().saturating_add(steps));
    }

    /// Counts a tag and what the builder does for it: it looks through what is open, and compares a formatting element
    /// with the others (HTML §13.2.4.3, "Noah's Ark").
    fn count(&self, tag: &mut Tag) {
        let open = self.open.get();
        self.charge(open);
        let is_formatting = is_formatting(&tag.name);
        if tag.kind == TagKind::EndTag {
            self.raw.set(false);
            if is_formatting {
                self.formatting.set(self.formatting.get().saturating_sub(1));
            }
            return;
        }
        self.elements.set(self.elements.get() + 1);
        if is_formatting {
            // What a table cell ends is taken for open here; more than is open there cannot be.
            let others = self.formatting.get().min(open);
            let attributes = tag.attrs.len();
            self.charge(others * (1 + attributes) * STEPS_AN_ATTRIBUTE);
            self.formatting.set(self.formatting.get() + 1);
            self.formatting_attributes
                .set(self.formatting_attributes.get().max(attributes));
        } else if matches!(&*tag.name, "html" | "body") {
            let merged = self.merged.get();
            self.charge(merged);
            if merged > MAX_MERGED {
                tag.attrs.clear();
            }
            self.merged.set(merged + tag.attrs.len());
        }
    }

    /// Hands a token to the builder and counts what it opens anew.
    fn build(&self, token: Token, line_number: u64) -> TokenSinkResult<NodeId> {
        let before = self.builder.sink.tree.len();
        let result = self.builder.process_token(token, line_number);
        let made = self.builder.sink.tree.len() - before;
        if made > MADE_BY_A_TOKEN {
            self.charge(made * self.formatting_attributes.get() * STEPS_AN_ATTRIBUTE);
        }
        result
    }

    /// Hands on the text that was read.
    fn hand_on_text(&self, line_number: u64) {
        let text = self.text.take();
        if !text.is_empty() {
            let answer = self.build(Token::CharacterTokens(text), line_number);
            debug_assert!(
                matches!(answer, TokenSinkResult::Continue),
                "the builder answers nothing but tags"
            );
        }
    }
}

impl TokenSink for Watch {
    type Handle = NodeId;

    fn process_token(&self, mut token: Token, line_number: u64) -> TokenSinkResult<NodeId> {
        // Nobody reads the errors, of which there may be millions.
        if self.refused.get().is_some() || matches!(token, Token::ParseError(_)) {
            return TokenSinkResult::Continue;
        }
        self.emitted.set(true);
        self.tokens.set(self.tokens.get() + 1);
        match &mut token {
            Token::CharacterTokens(text) => {
                let mut waiting = self.text.borrow_mut();
                if waiting.is_empty() {
                    *waiting = std::mem::take(text);
                } else {
                    waiting.push_tendril(text);
                }
                self.refused.set(self.exceeded(false));
                return TokenSinkResult::Continue;
            }
            Token::CommentToken(_) | Token::NullCharacterToken => {
                self.refused.set(self.exceeded(false));
                return TokenSinkResult::Continue;
            }
            Token::TagToken(tag) => self.count(tag),
            _ => {}
        }
        self.hand_on_text(line_number);
        // Text and end tags open again what was open, at most: twice the cap, and the next tag tells.
        let (opens, unread) = match &token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => (true, unread(tag)),
            Token::TagToken(tag) => (matches!(&*tag.name, "p" | "br"), None),
            _ => (false, None),
        };
        let result = self.build(token, line_number);
        if matches!(result, TokenSinkResult::RawData(_) | TokenSinkResult::Plaintext) {
            self.raw.set(true);
            self.unread.set(unread);
        }
        self.refused.set(self.exceeded(opens));
        result
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// The elements that the builder opens anew in every paragraph (HTML §13.2.4.2).
fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

/// The name of an element whose content nobody reads.
fn unread(tag: &Tag) -> Option<&'static str> {
    match &*tag.name {
        "style" => Some("style"),
        "script" => {
            let linked_data = tag
                .attrs
                .iter()
                .any(|attribute| &*attribute.name.local == "type" && attribute.value.contains("ld+json"));
            (!linked_data).then_some("script")
        }
        _ => None,
    }
}

/// Counts what the builder holds open.
struct Count(Cell<usize>);

impl Tracer for Count {
    type Handle = NodeId;

    fn trace_handle(&self, _: &NodeId) {
        self.0.set(self.0.get() + 1);
    }
}
