//! The tags of a document, read without a tree.
//!
//! In: HTML as sites send it, or OPML as people edit it. Out: one tag after the other, with its attributes and its place;
//! text between tags is the reader's to take. Nothing is refused: what no rule explains is text. Every byte is looked at a
//! bounded number of times, whatever the document does (P6).
//!
//! Source: the HTML Standard §13.2.5 (tokenization), as far as tags, attributes, comments and raw text go; XML 1.0 §2.7
//! for CDATA sections. Where both differ (an unclosed quote, an unclosed comment) [`Dialect`] decides.

use std::borrow::Cow;

/// Attributes of one tag that are kept; hand-written tags stay under 20.
const MAX_ATTRIBUTES: usize = 256;

/// How what is not closed is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// As browsers do: scripts and styles hold no tags, and a quote ends where the next one is.
    Html,
    /// As a list edited by hand wants it: a quote that would swallow the next `outline` was never closed.
    Opml,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// Where its `<` stands, in bytes.
    pub(crate) at: usize,
    /// The first byte behind it.
    pub(crate) end: usize,
    /// Its name in lower case, without a prefix (`opml:outline` is `outline`).
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Names in lower case; values with their character references read.
    attributes: Vec<(String, Cow<'a, str>)>,
    /// What had to be overlooked to read it.
    pub(crate) damage: Option<&'static str>,
}

/// What a tag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Opening,
    /// `<x/>`
    Empty,
    Closing,
}

impl Tag<'_> {
    /// The first attribute of that name (lower case) that says anything, trimmed.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .filter(|(found, _)| found == name)
            .map(|(_, value)| value.trim())
            .find(|value| !value.is_empty())
    }
}

/// The tags of `text`, in their order.
pub(crate) fn tags(text: &str, dialect: Dialect) -> Tags<'_> {
    Tags {
        text,
        bytes: text.as_bytes(),
        at: 0,
        dialect,
        raw: None,
        unclosed: Vec::new(),
    }
}

/// See [`tags`].
#[derive(Debug)]
pub(crate) struct Tags<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    dialect: Dialect,
    /// The element whose text holds no tags but its own end.
    raw: Option<&'static str>,
    /// What closes nothing from here on: looked for once.
    unclosed: Vec<&'static [u8]>,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        if let Some(name) = self.raw.take() {
            self.at = self.end_of_raw(name).unwrap_or(self.bytes.len());
        }
        loop {
            let at = self.at + find(self.bytes, self.at, |byte| byte == b'<')?;
            self.at = at + 1;
            match (self.byte(at + 1), self.byte(at + 2)) {
                (Some(b'!' | b'?'), _) => self.skip_declaration(at),
                (Some(b'/'), Some(first)) if first.is_ascii_alphabetic() => {
                    return Some(self.tag(at, at + 2, true));
                }
                (Some(first), _) if first.is_ascii_alphabetic() => {
                    let tag = self.tag(at, at + 1, false);
                    if self.dialect == Dialect::Html && tag.kind != Kind::Closing {
                        self.raw = ["script", "style", "textarea"]
                            .into_iter()
                            .find(|raw| *raw == tag.name);
                    }
                    return Some(tag);
                }
                // Text, as in `a < b`.
                _ => {}
            }
        }
    }
}

impl<'a> Tags<'a> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Where the end tag of a raw element begins; `None` when all the rest is its text.
    fn end_of_raw(&self, name: &str) -> Option<usize> {
        let mut at = self.at;
        loop {
            at += find(self.bytes, at, |byte| byte == b'<')?;
            let found = self.bytes.get(at + 2..at + 2 + name.len());
            if self.byte(at + 1) == Some(b'/')
                && found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
            {
                return Some(at);
            }
            at += 1;
        }
    }

    /// Goes behind a comment, CDATA section, declaration or instruction that begins at `at`.
    fn skip_declaration(&mut self, at: usize) {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let closing: &'static [u8] = if rest.starts_with(b"<!--") {
            b"-->"
        } else if rest.starts_with(b"<![CDATA[") {
            b"]]>"
        } else {
            b">"
        };
        if self.unclosed.contains(&closing) {
            return;
        }
        match rest.windows(closing.len()).position(|window| window == closing) {
            Some(length) => self.at = at + length + closing.len(),
            // Browsers take the rest for the comment; what it would hide here may be a whole list, so it is read.
            None => self.unclosed.push(closing),
        }
    }

    /// Reads the tag at `at` whose name begins at `name_at`; goes behind it.
    fn tag(&mut self, at: usize, name_at: usize, is_closing: bool) -> Tag<'a> {
        let ends_name = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'<');
        let name_end = self.until(name_at, ends_name);
        let written = self.slice(name_at, name_end);
        let name = written.rsplit(':').next().unwrap_or(written).to_ascii_lowercase();
        let mut tag = Tag {
            at,
            end: name_end,
            name,
            kind: if is_closing { Kind::Closing } else { Kind::Opening },
            attributes: Vec::new(),
            damage: None,
        };
        let mut position = name_end;
        loop {
            position = self.until(position, |byte| !byte.is_ascii_whitespace());
            match self.byte(position) {
                None => {
                    tag.damage = Some("the document ends inside a tag");
                    break;
                }
                Some(b'>') => {
                    position += 1;
                    break;
                }
                Some(b'/') => {
                    position += 1;
                    if self.byte(position) == Some(b'>') && !is_closing {
                        tag.kind = Kind::Empty;
                    }
                }
                Some(b'<') => {
                    tag.damage = Some("a tag is not closed with `>`");
                    break;
                }
                Some(_) => position = self.attribute(position, &mut tag),
            }
        }
        tag.end = position;
        self.at = position;
        tag
    }

    /// Reads the attribute at `at` into `tag`; gives the first byte behind it.
    fn attribute(&self, at: usize, tag: &mut Tag<'a>) -> usize {
        // A `=` may not stand first, and is then the name's (§13.2.5.32).
        let name_end = self.until(at + 1, |byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=' | b'<')
        });
        let name = self.slice(at, name_end).to_ascii_lowercase();
        let equals = self.until(name_end, |byte| !byte.is_ascii_whitespace());
        if self.byte(equals) != Some(b'=') {
            keep(tag, name, "");
            return name_end;
        }
        let value_at = self.until(equals + 1, |byte| !byte.is_ascii_whitespace());
        if let Some(quote @ (b'"' | b'\'')) = self.byte(value_at) {
            let end = self.end_of_value(value_at + 1, quote);
            if self.byte(end) == Some(quote) {
                keep(tag, name, self.slice(value_at + 1, end));
                return end + 1;
            }
            tag.damage = Some("a quote is not closed");
            // What was meant ends where a tag or a line does.
            let meant = self
                .until(value_at + 1, |byte| matches!(byte, b'>' | b'<' | b'\n' | b'\r'))
                .min(end);
            let value = self.slice(value_at + 1, meant).trim_end();
            keep(tag, name, value.strip_suffix('/').unwrap_or(value));
            return meant;
        }
        let end = self.until(value_at, |byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'>' | b'<')
        });
        let value = self.slice(value_at, end);
        // `<outline xmlUrl=https://a.fr/rss/>`: whose the slash is cannot be told; XML's rule empties the tag.
        let (value, end) = match value.strip_suffix('/') {
            Some(shorter) if self.byte(end) == Some(b'>') && self.dialect == Dialect::Opml => {
                (shorter, end - 1)
            }
            _ => (value, end),
        };
        keep(tag, name, value);
        end
    }

    /// Where the quote is that closes a value; where the value must have ended when none does.
    fn end_of_value(&self, from: usize, quote: u8) -> usize {
        if self.dialect == Dialect::Html {
            return self.until(from, |byte| byte == quote);
        }
        let mut at = from;
        loop {
            at = self.until(at, |byte| byte == quote || byte == b'<');
            let rest = self.bytes.get(at..).unwrap_or_default();
            let name = rest.strip_prefix(b"</").or_else(|| rest.strip_prefix(b"<"));
            let is_tag = name.is_some_and(|name| {
                [&b"outline"[..], b"body", b"opml"].iter().any(|known| {
                    name.get(..known.len())
                        .is_some_and(|found| found.eq_ignore_ascii_case(known))
                })
            });
            if rest.first() != Some(&b'<') || is_tag {
                return at;
            }
            at += 1;
        }
    }

    /// The first place from `from` on whose byte is `wanted`; the end where there is none.
    fn until(&self, from: usize, wanted: impl Fn(u8) -> bool) -> usize {
        find(self.bytes, from, wanted).map_or(self.bytes.len(), |distance| from + distance)
    }
}

fn find(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    bytes.get(from..)?.iter().position(|byte| wanted(*byte))
}

fn keep<'a>(tag: &mut Tag<'a>, name: String, value: &'a str) {
    if tag.attributes.len() < MAX_ATTRIBUTES {
        tag.attributes
            .push((name, html_escape::decode_html_entities(value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, dialect: Dialect) -> Vec<String> {
        tags(text, dialect)
            .map(|tag| {
                let sign = match tag.kind {
                    Kind::Opening => "+",
                    Kind::Empty => "/",
                    Kind::Closing => "-",
                };
                let attributes: Vec<String> = tag
                    .attributes
                    .iter()
                    .map(|(name, value)| format!(" {name}={}", value.trim()))
                    .collect();
                format!("{sign}{}{}", tag.name, attributes.concat())
            })
            .collect()
    }

    #[test]
    fn html_is_read_as_browsers_read_it() {
        for (html, expected) in [
            (
                "<LINK Rel=alternate href='/rss?a=1&amp;b=2' type=\"x\">",
                &["+link rel=alternate href=/rss?a=1&b=2 type=x"][..],
            ),
            ("<a href=/rss/>x</a>", &["+a href=/rss/", "-a"]),
            ("<a\nhref = \"x\ny\"data-b>", &["+a href=x\ny data-b="]),
            ("<p>a < b, c <3 d</p>", &["+p", "-p"]),
            ("<!-- <a> --><b><!doctype html><![CDATA[<i>]]><u>", &["+b", "+u"]),
            (
                "<script>if (a<b) '<link>'</SCRIPT ><link>",
                &["+script", "-script", "+link"],
            ),
            ("<style><a></style><br/>", &["+style", "-style", "/br"]),
            ("<script><link>", &["+script"]),
            ("<a =x href='y'>", &["+a =x= href=y"]),
            ("<!-- never closed <link>", &["+link"]),
            ("<a href='x' <b>", &["+a href=x", "+b"]),
            ("<a href=\"é&eacute;&nosuch;&\">", &["+a href=éé&nosuch;&"]),
            ("<", &[]),
            ("</", &[]),
            ("<a", &["+a"]),
            ("<a b='", &["+a b="]),
        ] {
            assert_eq!(told(html, Dialect::Html), expected, "{html}");
        }
    }

    #[test]
    fn a_quote_left_open_in_a_list_costs_its_own_value_alone() {
        assert_eq!(
            told(
                "<outline text='A' xmlUrl='https://a.fr/rss />\n<outline text='B <c>' xmlUrl='https://b.fr/'/>",
                Dialect::Opml
            ),
            [
                "+outline text=A xmlurl=https://a.fr/rss",
                "/outline text=B <c> xmlurl=https://b.fr/"
            ]
        );
    }

    #[test]
    fn a_hostile_document_takes_time_in_proportion_to_its_length() {
        // Each of these would be looked through to its end at every step by a reader that does not remember.
        for piece in [
            "<!--",
            "<a b='",
            "<a b=\"'",
            "<script>",
            "<![CDATA[",
            "<a ",
            "<",
            "<outline x='<",
        ] {
            let text = piece.repeat(200_000);
            for dialect in [Dialect::Html, Dialect::Opml] {
                assert!(tags(&text, dialect).count() <= 200_000, "{piece}");
            }
        }
    }
}
