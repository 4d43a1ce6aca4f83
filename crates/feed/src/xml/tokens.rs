//! A document cut into tags and text, whatever it looks like.
//!
//! In: text. Out: [`Token`]s that together cover it. Never fails: what begins like markup and is none is text, what
//! does not end is ended where the damage is smallest (before the next `<`, or at the end tag of the element it stands
//! in). One pass: an end that was looked for in vain is not looked for again, so hostile input costs its length.

use memchr::{memchr, memchr2, memmem};

use super::flaws::Flaws;

/// A piece of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A start tag.
    Start(Tag<'a>),
    /// The name in an end tag.
    End(&'a str),
    /// Character data with its references.
    Text(&'a str),
    /// The inside of a CDATA section.
    Cdata(&'a str),
    /// The inside of a document type declaration.
    Doctype(&'a str),
    /// An XML declaration.
    Prolog,
}

/// A start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// The name with its prefix.
    pub(super) name: &'a str,
    /// What stands behind the name.
    pub(super) attributes: &'a str,
    /// It ends with `/>`.
    pub(super) empty: bool,
}

/// Cuts a document into tokens.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    cdata_end: Ahead,
    comment_end: Ahead,
    instruction_end: Ahead,
    doctype_seen: bool,
    scripts_left: u32,
    /// What had to be repaired since it was last taken.
    pub(super) flaws: Flaws,
}

/// Scripts around feeds are a counter or a loader; one that does not end may not cost more than this, in bytes.
const LONGEST_SCRIPT: usize = 16 * 1024;

/// Scripts without an end that are looked through before they are taken for what they are: a pile.
const MOST_OPEN_SCRIPTS: u32 = 16;

/// The next place of a marker, looked for once.
#[derive(Debug)]
struct Ahead {
    marker: &'static str,
    known: Option<usize>,
}

impl Ahead {
    fn new(marker: &'static str) -> Self {
        Self { marker, known: None }
    }

    /// Where the marker next begins at or behind `at`; the text's end when nowhere.
    fn from(&mut self, text: &str, at: usize) -> Option<usize> {
        let found = match self.known {
            Some(known) if known >= at => known,
            _ => text
                .as_bytes()
                .get(at..)
                .and_then(|rest| memmem::find(rest, self.marker.as_bytes()))
                .map_or(text.len(), |found| at + found),
        };
        self.known = Some(found);
        (found < text.len()).then_some(found)
    }
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            cdata_end: Ahead::new("]]>"),
            comment_end: Ahead::new("-->"),
            instruction_end: Ahead::new("?>"),
            doctype_seen: false,
            scripts_left: MOST_OPEN_SCRIPTS,
            flaws: Flaws::default(),
        }
    }

    /// Where the next token begins, in bytes.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next token. `inside` names the innermost open element: an open CDATA section ends with it.
    pub(super) fn next(&mut self, inside: &str) -> Option<Token<'a>> {
        loop {
            let rest = self.from(self.at);
            let bytes = rest.as_bytes();
            let first = *bytes.first()?;
            if first != b'<' {
                let length = memchr(b'<', bytes).unwrap_or(bytes.len());
                return Some(Token::Text(self.take(length)));
            }
            let token = match bytes.get(1) {
                Some(b'!') => self.declaration(rest, inside),
                Some(b'?') => self.instruction(rest),
                Some(b'/') => self.end_tag(rest),
                Some(byte) if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0x80..) => {
                    self.start_tag(rest)
                }
                _ => Some(self.bare_sign(rest)),
            };
            if token.is_some() {
                return token;
            }
        }
    }

    /// Passes the inside of a script, which is no markup, with its end tag; whether there was one.
    pub(super) fn skip_raw(&mut self, name: &str) -> bool {
        if self.scripts_left == 0 {
            return false;
        }
        let rest = self.from(self.at);
        let mut end = rest.len().min(LONGEST_SCRIPT);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let closing = find_closing(rest.get(..end).unwrap_or(""), name);
        match closing {
            Some(closing) => self.at += closing,
            None => self.scripts_left -= 1,
        }
        closing.is_some()
    }

    fn from(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or("")
    }

    /// Passes `length` bytes, which end at a character's end.
    fn take(&mut self, length: usize) -> &'a str {
        let taken = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.at += length;
        taken
    }

    /// A `<` that begins no tag, and the text behind it.
    fn bare_sign(&mut self, rest: &'a str) -> Token<'a> {
        self.flaws.add(Flaws::BARE_LESS_THAN);
        let behind = rest.as_bytes().get(1..).unwrap_or_default();
        let length = memchr(b'<', behind).unwrap_or(behind.len());
        Token::Text(self.take(length + 1))
    }

    fn declaration(&mut self, rest: &'a str, inside: &str) -> Option<Token<'a>> {
        if starts_with(rest, "<![CDATA[") {
            return Some(self.cdata(inside));
        }
        if rest.starts_with("<!--") {
            self.comment();
            return None;
        }
        if starts_with(rest, "<!DOCTYPE") {
            // A document has one; looking for the end of more would take the square of their number.
            let inner = if std::mem::replace(&mut self.doctype_seen, true) {
                let behind = rest.get("<!DOCTYPE".len()..).unwrap_or("");
                let end = memchr2(b'>', b'<', behind.as_bytes()).unwrap_or(behind.len());
                behind.get(..end).unwrap_or("")
            } else {
                doctype(rest)
            };
            self.at += inner.len() + "<!DOCTYPE".len();
            if self.from(self.at).starts_with('>') {
                self.at += 1;
            }
            return Some(Token::Doctype(inner));
        }
        // `<![endif]>` and the like.
        let bytes = rest.as_bytes().get(2..).unwrap_or_default();
        match memchr2(b'>', b'<', bytes) {
            Some(end) if bytes.get(end) == Some(&b'>') => {
                self.at += end + 3;
                None
            }
            _ => Some(self.bare_sign(rest)),
        }
    }

    fn cdata(&mut self, inside: &str) -> Token<'a> {
        let start = self.at + "<![CDATA[".len();
        let end = self.cdata_end.from(self.text, start);
        let section = self.text.get(start..end.unwrap_or(self.text.len())).unwrap_or("");
        // Another section begins inside: either they are nested, or this one was never ended; then the element it
        // stands in ends before the other one begins.
        let nested = end.is_none() || memmem::find(section.as_bytes(), b"<![CDATA[").is_some();
        if nested && !inside.is_empty() {
            let closing = find_closing(section, inside);
            let other = memmem::find(section.as_bytes(), b"<![CDATA[").unwrap_or(section.len());
            if let Some(closing) = closing.filter(|closing| *closing < other) {
                self.flaws.add(Flaws::OPEN_CDATA);
                self.at = start + closing;
                let open = section.get(..closing).unwrap_or("");
                // `]>` was meant to end it.
                let open = open.trim_end();
                return Token::Cdata(
                    open.strip_suffix("]>")
                        .or_else(|| open.strip_suffix("]] >"))
                        .or_else(|| open.strip_suffix("]]"))
                        .unwrap_or(open)
                        .trim_end_matches(']'),
                );
            }
        }
        self.at = end.map_or(self.text.len(), |end| end + 3);
        if end.is_none() {
            self.flaws.add(Flaws::OPEN_CDATA);
        }
        if let Some(stripped) = section.trim_start().strip_prefix("<![CDATA[") {
            self.flaws.add(Flaws::NESTED_CDATA);
            return Token::Cdata(stripped);
        }
        Token::Cdata(section)
    }

    /// Passes a comment. One that is not ended hides nothing but its first sign.
    fn comment(&mut self) {
        let start = self.at + "<!--".len();
        let end = self
            .comment_end
            .from(self.text, start.saturating_sub(2).max(self.at + 2));
        let Some(end) = end else {
            self.flaws.add(Flaws::OPEN_COMMENT);
            self.at = start;
            return;
        };
        let inside = self.text.get(start..end.max(start)).unwrap_or("");
        let other = memmem::find(inside.as_bytes(), b"<!--");
        let hides_entries = other.is_some_and(|other| {
            let before = inside.get(..other).unwrap_or("");
            ["</item>", "</entry>", "</url>"]
                .iter()
                .any(|end| before.contains(end))
        });
        if hides_entries {
            self.flaws.add(Flaws::OPEN_COMMENT);
            self.at = start;
        } else {
            self.at = end + 3;
        }
    }

    /// A processing instruction.
    fn instruction(&mut self, rest: &'a str) -> Option<Token<'a>> {
        let is_prolog = starts_with(rest, "<?xml")
            && rest
                .as_bytes()
                .get(5)
                .is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b'?');
        let end = self.instruction_end.from(self.text, self.at + 2);
        let plain =
            memchr2(b'>', b'<', rest.as_bytes().get(1..).unwrap_or_default()).map(|at| self.at + 1 + at);
        let is_php = starts_with(rest, "<?php") || rest.starts_with("<?=");
        self.at = match (end, plain) {
            (Some(end), _) if is_php => end + 2,
            // PHP and stylesheets may hold `>`; another tag before the end means that the end is missing.
            (Some(end), Some(plain))
                if end < plain || self.text.as_bytes().get(plain) == Some(&b'>') && !is_prolog =>
            {
                end + 2
            }
            (_, Some(plain)) => {
                self.flaws.add(Flaws::OPEN_PROLOG);
                plain + usize::from(self.text.as_bytes().get(plain) == Some(&b'>'))
            }
            (Some(end), None) => end + 2,
            (None, None) => self.text.len(),
        };
        is_prolog.then_some(Token::Prolog)
    }

    fn end_tag(&mut self, rest: &'a str) -> Option<Token<'a>> {
        let bytes = rest.as_bytes();
        let end = memchr2(b'>', b'<', bytes.get(2..).unwrap_or_default()).map(|at| at + 2);
        let inner = rest.get(2..end.unwrap_or(rest.len())).unwrap_or("");
        let name = name(inner.trim_start());
        if name.is_empty() && !inner.trim().is_empty() {
            return Some(self.bare_sign(rest));
        }
        match end {
            Some(end) if bytes.get(end) == Some(&b'>') => self.at += end + 1,
            Some(end) => {
                self.flaws.add(Flaws::OPEN_TAG);
                self.at += end;
            }
            None => {
                self.flaws.add(Flaws::OPEN_TAG);
                self.at = self.text.len();
            }
        }
        (!name.is_empty()).then_some(Token::End(name))
    }

    fn start_tag(&mut self, rest: &'a str) -> Option<Token<'a>> {
        let name = name(rest.get(1..).unwrap_or(""));
        if name.is_empty() {
            return Some(self.bare_sign(rest));
        }
        let behind = rest.get(1 + name.len()..).unwrap_or("");
        let (length, end) = end_of_attributes(behind, &mut self.flaws);
        let attributes = behind.get(..length).unwrap_or("");
        let closed = match end {
            TagEnd::Closed => 1,
            TagEnd::Open => {
                // Prose, or a tag that has lost its `>`.
                if !attributes.trim().is_empty() && !attributes.contains('=') {
                    return Some(self.bare_sign(rest));
                }
                self.flaws.add(Flaws::OPEN_TAG);
                0
            }
            TagEnd::Missing => {
                self.flaws.add(Flaws::OPEN_TAG);
                self.at = self.text.len();
                return None;
            }
        };
        self.at += 1 + name.len() + length + closed;
        let trimmed = attributes.trim_end();
        let empty = trimmed.ends_with('/') && !ends_in_address(trimmed);
        Some(Token::Start(Tag {
            name,
            attributes: if empty {
                trimmed.strip_suffix('/').unwrap_or(trimmed)
            } else {
                attributes
            },
            empty,
        }))
    }
}

/// Whether the slash at the end belongs to an attribute without quotes (`href=http://example.org/`).
fn ends_in_address(attributes: &str) -> bool {
    attributes
        .rsplit(char::is_whitespace)
        .next()
        .is_some_and(|last| last.contains("=http"))
}

enum TagEnd {
    /// By `>`.
    Closed,
    /// By the next `<`.
    Open,
    /// By the end of the text.
    Missing,
}

/// How many bytes of attributes there are, and what ends them.
fn end_of_attributes(behind: &str, flaws: &mut Flaws) -> (usize, TagEnd) {
    let bytes = behind.as_bytes();
    let mut at = 0;
    let mut after_equals = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'>' => return (at, TagEnd::Closed),
            b'<' => return (at, TagEnd::Open),
            b'"' | b'\'' if after_equals => {
                let value = bytes.get(at + 1..).unwrap_or_default();
                let quoted = memchr(*byte, value).filter(|end| {
                    // A quote that was never closed runs into the next tag.
                    let value = value.get(..*end).unwrap_or_default();
                    match memchr(b'<', value) {
                        Some(sign) => memchr(b'>', value.get(..sign).unwrap_or_default()).is_none(),
                        None => true,
                    }
                });
                match quoted {
                    Some(end) => at += end + 1,
                    None => flaws.add(Flaws::UNQUOTED_ATTRIBUTE),
                }
                after_equals = false;
            }
            b'=' => after_equals = true,
            byte if byte.is_ascii_whitespace() => {}
            _ => after_equals = false,
        }
        at += 1;
    }
    (bytes.len(), TagEnd::Missing)
}

/// The inside of a document type declaration up to its `>`. An internal subset may hold `>`; it ends with `]`.
fn doctype(rest: &str) -> &str {
    let behind = rest.get("<!DOCTYPE".len()..).unwrap_or("");
    let bytes = behind.as_bytes();
    let mut at = 0;
    let mut subset = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                // A quote without its partner is skipped: nothing else of the document may be lost to it.
                let window = bytes
                    .get(at + 1..(at + 2048).min(bytes.len()))
                    .unwrap_or_default();
                if let Some(end) = memchr(*byte, window) {
                    at += end + 1;
                }
            }
            b'[' => subset = true,
            b']' => subset = false,
            b'>' | b'<' if !subset => break,
            _ => {}
        }
        at += 1;
    }
    if at >= bytes.len() {
        // It does not end: up to the first `>`, which is better than everything.
        at = memchr(b'>', bytes).unwrap_or(bytes.len());
    }
    behind.get(..at).unwrap_or("")
}

/// The name at the beginning: up to what cannot stand in one.
fn name(from: &str) -> &str {
    let end = from
        .bytes()
        .position(|byte| {
            !(byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.' | 0x80..))
        })
        .unwrap_or(from.len());
    from.get(..end).unwrap_or("")
}

fn starts_with(text: &str, start: &str) -> bool {
    text.as_bytes()
        .get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

/// Where `</name` stands.
fn find_closing(text: &str, name: &str) -> Option<usize> {
    memmem::find_iter(text.as_bytes(), b"</").find(|at| {
        text.as_bytes()
            .get(at + 2..at + 2 + name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::attributes::attributes;
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut tokens = Tokens::new(text);
        let mut told = Vec::new();
        let mut inside = String::new();
        while let Some(token) = tokens.next(&inside) {
            told.push(match token {
                Token::Start(tag) => {
                    tag.name.clone_into(&mut inside);
                    let mut told = format!("<{}", tag.name);
                    for (name, value) in attributes(tag.attributes) {
                        told.push_str(&[" ", name, "=", value].concat());
                    }
                    told.push_str(if tag.empty { "/>" } else { ">" });
                    told
                }
                Token::End(name) => format!("</{name}>"),
                Token::Text(text) => text.to_owned(),
                Token::Cdata(text) => format!("[{text}]"),
                Token::Doctype(inner) => format!("!{inner}!"),
                Token::Prolog => "?".to_owned(),
            });
        }
        told
    }

    #[test]
    fn whatever_is_written_is_cut_into_tags_and_text() {
        for (written, expected) in [
            ("<a b='1' c=\"2\"/>x</a >", &["<a b=1 c=2/>", "x", "</a>"][..]),
            ("<a b=1 c=http://e.org/>x", &["<a b=1 c=http://e.org/>", "x"]),
            ("<a b=\"x>y\">z", &["<a b=x>y>", "z"]),
            ("<a b=\"x>y</a><c d=\"1\">", &["<a b=x>", "y", "</a>", "<c d=1>"]),
            ("a < b <3 <= c", &["a ", "< b ", "<3 ", "<= c"]),
            ("<item <title>x", &["<item>", "<title>", "x"]),
            ("<a>x <y puis z <b>", &["<a>", "x ", "<y puis z ", "<b>"]),
            ("<a><![CDATA[x]]>y", &["<a>", "[x]", "y"]),
            (
                "<a><![CDATA[x</a><b><![CDATA[y]]></b>",
                &["<a>", "[x]", "</a>", "<b>", "[y]", "</b>"],
            ),
            ("<a><![CDATA[x]></a><b>", &["<a>", "[x]", "</a>", "<b>"]),
            ("<a><![CDATA[x<p>", &["<a>", "[x<p>]"]),
            ("<a><![CDATA[<![CDATA[x]]>]]></a>", &["<a>", "[x]", "]]>", "</a>"]),
            ("<!-- a > b --><c>", &["<c>"]),
            ("<!-- <item>x</item> --><c>", &["<c>"]),
            ("<!-- a <c>", &[" a ", "<c>"]),
            ("<!-- a </item><!-- b --><c>", &[" a ", "</item>", "<c>"]),
            ("<?xml version='1.0'?><?php a > b ?><c>", &["?", "<c>"]),
            ("<?xml version='1.0'><c>", &["?", "<c>"]),
            (
                "<!DOCTYPE rss [<!ENTITY a \"]>\">]><c>",
                &["! rss [<!ENTITY a \"]>\">]!", "<c>"],
            ),
            ("<!DOCTYPE rss><c>", &["! rss!", "<c>"]),
            ("<!DOCTYPE rss [<c>x", &["! rss [<c!", "x"]),
            ("<a b=1", &[]),
            ("</ a></>", &["</a>"]),
        ] {
            assert_eq!(tokens(written), expected, "{written}");
        }
    }
}
