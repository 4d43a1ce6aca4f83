//! The tree builder under watch.
//!
//! In: HTML. Out: its tree, or the cap that it exceeds. The tree builder walks the open elements at every tag, recurses
//! over the tree it has built, and makes open formatting elements anew in every paragraph: 31 kB of nested tables
//! overflow a 2 MiB stack, which aborts the process, and 220 kB of nested `div` take seconds. What is open only the
//! builder itself knows (HTML §13.2.6: raw text, foreign content and implied ends depend on each other), so it is
//! asked rather than guessed at beforehand, as often as the cap could have been passed. Its work is counted in steps, so
//! that a page is refused for what it would cost and never for how long it took: time differs from one run to the next.
//! Attributes are counted before a tag is read. What scripts and styles hold is half of a page and seldom read (`state`): it
//! is left out of the tree, JSON-LD excepted, and so are comments.

mod attributes;
#[cfg(test)]
mod tests;
mod watch;

use dom_query::Document;
use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::TreeSink as _;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};

use attributes::Within;
use watch::Watch;

/// Bytes of HTML. The heaviest pages of the French press stay under 3 MB.
const MAX_BYTES: usize = 5 * 1024 * 1024;

/// Elements open at once; formatting elements, which the builder keeps in a second list, count twice. Hand-written
/// pages stay under 60, generated ones under 200.
const MAX_DEPTH: usize = 512;

/// Tags that open an element: 150 bytes of HTML each, measured on dense pages, at the byte cap.
const MAX_ELEMENTS: usize = 60_000;

/// Nodes of the tree: each element with text before and in it, and as many made anew by the builder.
const MAX_NODES: usize = MAX_ELEMENTS * 4;

/// Tokens: a start and an end tag and two texts for each element, and half as many for line breaks and references, each of
/// which the tokenizer makes a text of its own.
const MAX_TOKENS: usize = MAX_ELEMENTS * 6;

/// Steps of the builder, of some 4 ns: at each tag it goes past what is open. Twelve million are a page of as many
/// elements as are allowed, 100 deep throughout; pages of the press take half a million.
const MAX_STEPS: usize = 24_000_000;

/// Attributes of one tag.
const MAX_ATTRIBUTES: usize = 256;

/// Bytes after which a piece for the tokenizer is cut: it makes some fifty thousand tokens at most, in a few milliseconds.
const LONG_PIECE_BYTES: usize = 32 * 1024;

/// Why a page is not parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Bytes,
    Depth,
    Elements,
    Nodes,
    Tokens,
    Attributes,
    Steps,
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
            Self::Steps => write!(f, "more than {MAX_STEPS} steps to build its tree"),
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
        let raw = watch.raw.get();
        // Too short for too many attributes: asked only where the tokenizer does not come to its end.
        let is_short = matches!(within, Within::Text) && piece.len() <= MAX_ATTRIBUTES * 2;
        if !is_short {
            within = within.before(piece, raw)?;
        }
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
        } else if is_short {
            within = within.before(piece, raw)?;
        }
    }
    tokenizer.end();
    match tokenizer.sink.refused.get() {
        Some(refused) => Err(refused),
        None => Ok(tokenizer.sink.builder.sink.finish()),
    }
}

/// The text up to the next `<` behind its first character that may begin a tag, so that a tag begins nowhere but at the
/// beginning of a piece. What is longer is cut, for a cap is asked about between two pieces.
fn piece(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    // The first character may be longer than a byte; a `<` never lies inside one.
    let end = memchr::memchr_iter(b'<', bytes)
        .filter(|at| *at > 0)
        .find(|at| {
            *at > LONG_PIECE_BYTES
                || bytes
                    .get(at + 1)
                    .is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'))
        })
        .unwrap_or(rest.len());
    // Where no `<` is near, no tag is begun and cut.
    let end = if end > 2 * LONG_PIECE_BYTES {
        (2 * LONG_PIECE_BYTES..end)
            .find(|at| rest.is_char_boundary(*at))
            .unwrap_or(end)
    } else {
        end
    };
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
