//! The tree builder under watch.
//!
//! In: HTML. Out: its tree, or the cap that it exceeds. The tree builder walks the open elements at every tag, recurses
//! over the tree it has built, and makes open formatting elements anew in every paragraph: 31 kB of nested tables
//! overflow a 2 MiB stack, which aborts the process, and 220 kB of nested `div` take seconds. What is open only the
//! builder itself knows (HTML §13.2.6: raw text, foreign content and implied ends depend on each other), so it is
//! asked rather than guessed at beforehand, as often as the cap could have been passed. Attributes are counted before a
//! tag is read, since the tokenizer compares each with all before it. What scripts and styles hold is half of a page and
//! read by nobody: it is left out of the tree, JSON-LD excepted.

use std::cell::Cell;

use dom_query::{Document, NodeId};
use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::{Tracer, TreeSink as _};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};

/// Bytes of HTML. The heaviest pages of the French press stay under 3 MB.
const MAX_BYTES: usize = 5 * 1024 * 1024;

/// Elements open at once; formatting elements, which the builder keeps in a second list, count twice. Hand-written
/// pages stay under 60, generated ones under 200.
const MAX_DEPTH: usize = 512;

/// Elements that a token opens besides those it opens anew: `html`, `head`, `body`, a table's parts, itself twice.
const IMPLIED: usize = 8;

/// Tags that open an element: 150 bytes of HTML each, measured on dense pages, at the byte cap.
const MAX_ELEMENTS: usize = 60_000;

/// Nodes of the tree: each element with text before and in it, and as many made anew by the builder.
const MAX_NODES: usize = MAX_ELEMENTS * 4;

/// Tokens: a start and an end tag and two texts for each element, and as many for what is no element (`<<<<`).
const MAX_TOKENS: usize = MAX_ELEMENTS * 8;

/// Attributes of one tag.
const MAX_ATTRIBUTES: usize = 256;

/// Why a page is not parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Bytes,
    Depth,
    Elements,
    Nodes,
    Tokens,
    Attributes,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes => write!(f, "more than {MAX_BYTES} bytes of HTML"),
            Self::Depth => write!(f, "more than {MAX_DEPTH} elements open at once"),
            Self::Elements => write!(f, "more than {MAX_ELEMENTS} elements"),
            Self::Nodes => write!(f, "more than {MAX_NODES} nodes"),
            Self::Tokens => write!(f, "more than {MAX_TOKENS} tags and texts"),
            Self::Attributes => write!(f, "more than {MAX_ATTRIBUTES} attributes in one tag"),
        }
    }
}

/// The tree of an HTML document.
///
/// # Errors
///
/// The first cap that it exceeds.
pub(super) fn parse(html: &str) -> Result<Document, Refused> {
    if html.len() > MAX_BYTES {
        return Err(Refused::Bytes);
    }
    let options = TreeBuilderOpts {
        // As for a reader without scripts: what `noscript` holds is read.
        scripting_enabled: false,
        ..TreeBuilderOpts::default()
    };
    let tokenizer = Tokenizer::new(
        Watch::new(TreeBuilder::new(Document::default(), options)),
        TokenizerOpts::default(),
    );
    let watch = &tokenizer.sink;
    let input = BufferQueue::default();
    let whole = StrTendril::from_slice(html);
    let mut within = Within::Text;
    let mut at = 0;
    while let Some(rest) = html.get(at..).filter(|rest| !rest.is_empty()) {
        // Asked once, at the beginning of the content.
        if let Some(unread) = watch.unread.take().and_then(|name| unread_bytes(rest, name)) {
            at += unread;
            if unread > 0 {
                continue;
            }
        }
        let piece = piece(rest);
        within = within.before(piece, watch.raw.get())?;
        watch.emitted.set(false);
        // Shares the one copy of the page; pages are far smaller than the 4 GiB that lengths count to.
        input.push_back(whole.subtendril(at as u32, piece.len() as u32));
        at += piece.len();
        // Scripts and declared encodings interrupt it; neither is acted on.
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
        if let Some(refused) = watch.refused.get() {
            return Err(refused);
        }
        if watch.emitted.get() {
            within = Within::Text;
        }
    }
    tokenizer.end();
    match tokenizer.sink.refused.get() {
        Some(refused) => Err(refused),
        None => Ok(tokenizer.sink.builder.sink.finish()),
    }
}

/// The text up to the next `<` behind its first character that may begin a tag, so that a tag begins nowhere but at the
/// beginning of a piece.
fn piece(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    // The first character may be longer than a byte; a `<` never lies inside one.
    let end = memchr::memchr_iter(b'<', bytes)
        .filter(|at| *at > 0)
        .find(|at| {
            bytes
                .get(at + 1)
                .is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'))
        })
        .unwrap_or(rest.len());
    rest.get(..end).unwrap_or(rest)
}

/// Bytes of a script's or style's content up to the tag that may end it. `None` where a comment in it makes the end a
/// matter of what the tokenizer has seen (HTML §13.2.5.20).
fn unread_bytes(rest: &str, name: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let end = memchr::memmem::find_iter(bytes, b"</")
        .find(|at| {
            let behind = bytes.get(at + 2 + name.len());
            bytes
                .get(at + 2..at + 2 + name.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
                && behind.is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
        })
        .unwrap_or(bytes.len());
    let content = bytes.get(..end)?;
    memchr::memmem::find(content, b"<!--").is_none().then_some(end)
}

/// Hands tokens to the tree builder as long as no cap is exceeded.
struct Watch {
    builder: TreeBuilder<NodeId, Document>,
    refused: Cell<Option<Refused>>,
    /// Something was read since this was last unset.
    emitted: Cell<bool>,
    /// The builder asked for text without tags.
    raw: Cell<bool>,
    /// The element whose content nobody reads, when it was just opened.
    unread: Cell<Option<&'static str>>,
    /// Tokens that cannot lead past the cap on depth.
    unchecked: Cell<u32>,
    elements: Cell<usize>,
    tokens: Cell<usize>,
}

impl Watch {
    fn new(builder: TreeBuilder<NodeId, Document>) -> Self {
        Self {
            builder,
            refused: Cell::new(None),
            emitted: Cell::new(false),
            raw: Cell::new(false),
            unread: Cell::new(None),
            unchecked: Cell::new(0),
            elements: Cell::new(0),
            tokens: Cell::new(0),
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
        } else {
            None
        }
    }

    fn is_too_deep(&self) -> bool {
        if let Some(fewer) = self.unchecked.get().checked_sub(1) {
            self.unchecked.set(fewer);
            return false;
        }
        let open = Count(Cell::new(0));
        self.builder.trace_handles(&open);
        // A token opens what it names and implies, `IMPLIED` at most, and every formatting element anew.
        let (mut most, mut tokens) = (open.0.get() * 2 + IMPLIED, 0);
        while most <= MAX_DEPTH {
            most = most * 2 + IMPLIED;
            tokens += 1;
        }
        self.unchecked.set(tokens);
        open.0.get() > MAX_DEPTH
    }
}

impl TokenSink for Watch {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<NodeId> {
        // Nobody reads the errors, of which there may be millions.
        if self.refused.get().is_some() || matches!(token, Token::ParseError(_)) {
            return TokenSinkResult::Continue;
        }
        self.emitted.set(true);
        self.tokens.set(self.tokens.get() + 1);
        if let Token::TagToken(tag) = &token {
            match tag.kind {
                TagKind::StartTag => self.elements.set(self.elements.get() + 1),
                TagKind::EndTag => self.raw.set(false),
            }
        }
        // Text and end tags open again what was open, at most: twice the cap, and the next tag tells.
        let opens = match &token {
            Token::TagToken(tag) => tag.kind == TagKind::StartTag || matches!(&*tag.name, "p" | "br"),
            _ => false,
        };
        let unread = match &token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => unread(tag),
            _ => None,
        };
        let result = self.builder.process_token(token, line_number);
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

/// What the tokenizer is in the middle of between two pieces.
#[derive(Debug, Clone, Copy)]
enum Within {
    /// Text; a `<` may begin a tag.
    Text,
    /// A tag, with the attributes counted so far.
    Tag { part: Part, attributes: usize },
    /// A comment or a declaration.
    Comment,
}

/// Where in a tag (HTML §13.2.5.8 and 13.2.5.32 to 39).
#[derive(Debug, Clone, Copy)]
enum Part {
    TagName,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
}

impl Within {
    /// What the tokenizer is in the middle of once it has read the piece, unless it says by a token that it is done.
    fn before(self, piece: &str, raw: bool) -> Result<Self, Refused> {
        let bytes = piece.as_bytes();
        match self {
            Self::Comment => Ok(Self::Comment),
            Self::Tag { part, attributes } => count_attributes(bytes, part, attributes),
            Self::Text => match bytes {
                // In raw text too, for it may be the tag that ends it.
                [b'<', b'/', name @ ..] if name.first().is_some_and(u8::is_ascii_alphabetic) => {
                    count_attributes(name, Part::TagName, 0)
                }
                [b'<', name @ ..] if !raw && name.first().is_some_and(u8::is_ascii_alphabetic) => {
                    count_attributes(name, Part::TagName, 0)
                }
                // A CDATA section ends without a token when it is empty.
                [b'<', b'!', b'[', ..] => Ok(Self::Text),
                [b'<', b'!' | b'?', ..] if !raw => Ok(Self::Comment),
                _ => Ok(Self::Text),
            },
        }
    }
}

fn count_attributes(bytes: &[u8], mut part: Part, mut attributes: usize) -> Result<Within, Refused> {
    for byte in bytes {
        let space = byte.is_ascii_whitespace();
        part = match (part, byte) {
            (Part::Quoted(quote), _) if quote == *byte => Part::BeforeName,
            (Part::Quoted(_), _) => part,
            (_, b'>') => return Ok(Within::Text),
            (Part::BeforeValue, _) if space => part,
            (Part::BeforeValue, b'"' | b'\'') => Part::Quoted(*byte),
            (Part::Unquoted, _) if space => Part::BeforeName,
            (Part::BeforeValue | Part::Unquoted, _) => Part::Unquoted,
            (Part::Name | Part::AfterName, b'=') => Part::BeforeValue,
            (_, b'/') => Part::BeforeName,
            (Part::Name | Part::AfterName, _) if space => Part::AfterName,
            (_, _) if space => Part::BeforeName,
            (Part::TagName | Part::Name, _) => part,
            (Part::BeforeName | Part::AfterName, _) => {
                attributes += 1;
                if attributes > MAX_ATTRIBUTES {
                    return Err(Refused::Attributes);
                }
                Part::Name
            }
        };
    }
    Ok(Within::Tag { part, attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(html: &str) -> Option<Refused> {
        parse(html).err()
    }

    fn attributes(count: usize) -> String {
        (0..count).map(|n| format!(" a{n}")).collect::<Vec<_>>().concat()
    }

    #[test]
    fn the_depth_cap_counts_what_is_open() {
        // The document, `html`, `body` and the kept `head` count too.
        assert_eq!(refusal(&"<div>".repeat(MAX_DEPTH - 4)), None);
        assert_eq!(refusal(&"<div>".repeat(MAX_DEPTH - 3)), Some(Refused::Depth));
        assert_eq!(refusal(&"<div></div>".repeat(MAX_DEPTH * 4)), None);
        assert_eq!(refusal(&"<p>Un<li>deux<td>trois".repeat(2000)), None);
        assert_eq!(refusal(&"<div></x>".repeat(MAX_DEPTH)), Some(Refused::Depth));
    }

    #[test]
    fn nothing_hides_depth() {
        for (before, nested) in [
            ("<!-- --!>", "<div>"),
            ("<a =\">", "<div>"),
            ("<svg><style>", "<g>"),
            ("<svg><title>", "<div>"),
            ("<svg>", "<tr>"),
            ("<math>", "<td>"),
            ("<noscript><!--</noscript>-->", "<div>"),
            ("<script><!--</script>", "<div>"),
            ("<table>", "<tr><td><table>"),
        ] {
            let html = format!("{before}{}", nested.repeat(MAX_DEPTH));
            assert_eq!(refusal(&html), Some(Refused::Depth), "{before}{nested}");
        }
    }

    #[test]
    fn markup_in_scripts_comments_and_values_counts_for_nothing() {
        let script = format!("<script>{}</script>", "<div>".repeat(2000));
        let words = format!("<script>if (i<n{}) {{}}</script>", attributes(2000));
        let comment = format!("<!-- {} <b{} -->", "<div>".repeat(2000), attributes(2000));
        let value = format!("<a title=\"{}\">", "<div a b='c'>".repeat(2000));
        for html in [script, words, comment, value] {
            assert_eq!(
                refusal(&html),
                None,
                "{}",
                html.chars().take(20).collect::<String>()
            );
        }
    }

    #[test]
    fn nothing_hides_attributes() {
        let many = attributes(MAX_ATTRIBUTES + 1);
        for before in [
            "<p",
            "<<p",
            "</><p",
            "<!----><p",
            "<!-- --!><p",
            "<?x><p",
            "<!doctype html><p",
            "<svg><![CDATA[]]><p",
            "<p =\"<b",
            "<p a='<b' c=\"d\"",
            "</p",
            "<script></script",
            "<svg><style><p",
            "<script></script><p",
        ] {
            assert_eq!(
                refusal(&format!("{before}{many}>")),
                Some(Refused::Attributes),
                "{before}"
            );
        }
        assert_eq!(refusal(&format!("<p{}>", attributes(MAX_ATTRIBUTES))), None);
    }

    #[test]
    fn other_caps_hold() {
        assert_eq!(refusal(&"<p>".repeat(MAX_ELEMENTS + 1)), Some(Refused::Elements));
        let fonts = (0..200)
            .map(|n| format!("<font size={n}>"))
            .collect::<Vec<_>>()
            .concat();
        assert_eq!(refusal(&format!("{fonts}{}", "<p>a</p>".repeat(2000))), None);
        assert_eq!(
            refusal(&format!("<p>{fonts}{}", "<p>a".repeat(2000))),
            Some(Refused::Nodes)
        );
        assert_eq!(refusal(&"</b>".repeat(MAX_TOKENS - 2)), None);
        assert_eq!(refusal(&"</b>".repeat(MAX_TOKENS + 1)), Some(Refused::Tokens));
        assert_eq!(refusal(&" ".repeat(MAX_BYTES + 1)), Some(Refused::Bytes));
    }

    #[test]
    fn the_tree_is_the_one_of_the_parser_alone() {
        for html in [
            "<!doctype html><html lang=fr><head><title>Un &amp; deux</title></head><body><p>Été &eacute; a < b<p>c",
            "\u{feff}é<table><b>x<tr><td>y</table><svg><title><p>z",
            "<noscript><p>a</noscript><script type=application/ld+json>if (a<b) '</p>'</script>&am<b>p;</b>",
            "<script><!-- <script>a</script> --></script>b<textarea><p></textarea>",
            "<a href='x<y'>z</a><!-- a < b --><![CDATA[ c ]]>",
        ] {
            let tree = parse(html).map(|document| document.html().to_string());
            assert_eq!(tree, Ok(Document::from(html).html().to_string()), "{html}");
        }
    }

    #[test]
    fn what_scripts_and_styles_hold_is_left_out() {
        for (html, body) in [
            // Up to the next `<` the content came with the tag.
            (
                "<script>if (a<b) '</p>'</scripty></SCRIPT >x<p>y",
                "<script>if (a</script>x<p>y</p>",
            ),
            ("<style></p>p > a{}</style>x", "<style></style>x"),
            ("<script><p>a", "<script></script>"),
            ("<svg><style><p>x", "<svg><style></style></svg><p>x</p>"),
            (
                "<script type='application/ld+json'><p>a</script>",
                "<script type=\"application/ld+json\"><p>a</script>",
            ),
        ] {
            let html = format!("<body>{html}");
            let document = parse(&html).unwrap();
            assert_eq!(&*document.select("body").inner_html(), body, "{html}");
        }
    }
}
