//! Character references (HTML §13.5), also doubly escaped, as plain characters.
//!
//! Publishers escape twice and three times over (`&amp;amp;eacute;`): any number of `amp;` after an ampersand is
//! skipped in one pass, so a hostile pile of them costs no more than its length. All names of HTML are known; without
//! the semicolon those that browsers read so, and the signs of French typography.

use std::borrow::Cow;

/// The longest named reference of HTML is 31 characters (`CounterClockwiseContourIntegral`).
const MAX_NAME: usize = 32;

/// Names that are read without their semicolon too: HTML's own (§13.5) and, behind the bar, what French texts need.
const OPEN_NAMES: &[&str] = &[
    "AElig", "AMP", "Aacute", "Acirc", "Agrave", "Aring", "Atilde", "Auml", "COPY", "Ccedil", "ETH",
    "Eacute", "Ecirc", "Egrave", "Euml", "GT", "Iacute", "Icirc", "Igrave", "Iuml", "LT", "Ntilde", "Oacute",
    "Ocirc", "Ograve", "Oslash", "Otilde", "Ouml", "QUOT", "REG", "THORN", "Uacute", "Ucirc", "Ugrave",
    "Uuml", "Yacute", "aacute", "acirc", "acute", "aelig", "agrave", "amp", "aring", "atilde", "auml",
    "brvbar", "ccedil", "cedil", "cent", "copy", "curren", "deg", "divide", "eacute", "ecirc", "egrave",
    "eth", "euml", "frac12", "frac14", "frac34", "gt", "iacute", "icirc", "iexcl", "igrave", "iquest",
    "iuml", "laquo", "lt", "macr", "micro", "middot", "nbsp", "not", "ntilde", "oacute", "ocirc", "ograve",
    "ordf", "ordm", "oslash", "otilde", "ouml", "para", "plusmn", "pound", "quot", "raquo", "reg", "sect",
    "shy", "sup1", "sup2", "sup3", "szlig", "thorn", "times", "uacute", "ucirc", "ugrave", "uml", "uuml",
    "yacute", "yen", "yuml", // |
    "euro", "hellip", "ldquo", "lsquo", "mdash", "ndash", "oelig", "OElig", "rdquo", "rsquo", "Yuml",
];

/// Letters with accents: nothing else is named so, hence these are found inside a word too (`caf&eacutes`).
const ACCENTS: &[&str] = &["acute", "grave", "circ", "uml", "cedil", "tilde"];

/// A reference as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference {
    /// What it stands for.
    pub(crate) decoded: Decoded,
    /// How many bytes it takes behind its ampersand.
    pub(crate) length: usize,
    /// What kind it is.
    pub(crate) form: Form,
    /// It has no semicolon.
    pub(crate) open: bool,
}

/// What a reference stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// One character.
    Character(char),
    /// What a name of HTML stands for, two characters at most.
    Named(&'static str),
}

/// The kinds of references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One of XML's five names.
    Xml,
    /// A name of HTML.
    Html,
    /// A number.
    Number,
    /// A number that means windows-1252.
    C1,
}

impl Decoded {
    /// Appends it.
    pub(crate) fn push_to(self, out: &mut String) {
        match self {
            Self::Character(c) => out.push(c),
            Self::Named(text) => out.push_str(text),
        }
    }
}

/// Every reference undone; what is none stays as it is.
#[must_use]
pub fn decode_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let mut name = after;
        while let Some(inner) = strip_ampersand(name) {
            name = inner;
        }
        if let Some(found) = reference(name) {
            found.decoded.push_to(&mut out);
            rest = name.get(found.length..).unwrap_or("");
        } else {
            out.push('&');
            rest = name;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What follows `amp;` in any of its spellings.
fn strip_ampersand(name: &str) -> Option<&str> {
    ["amp;", "#38;", "#038;", "#x26;", "#X26;", "AMP;"]
        .iter()
        .find_map(|spelling| name.strip_prefix(spelling))
}

/// The reference that begins behind an ampersand.
pub(crate) fn reference(name: &str) -> Option<Reference> {
    if let Some(number) = name.strip_prefix('#') {
        return numbered(number);
    }
    let run = name
        .bytes()
        .take(MAX_NAME)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let body = name.get(..run).filter(|body| !body.is_empty())?;
    if name.as_bytes().get(run) == Some(&b';') {
        let form = match body {
            "amp" | "lt" | "gt" | "quot" | "apos" => Form::Xml,
            _ => Form::Html,
        };
        let text = named(body).or_else(|| in_another_case(body))?;
        return Some(Reference {
            decoded: Decoded::Named(text),
            length: run + 1,
            form,
            open: false,
        });
    }
    // `&copy=1` is the parameter of an address.
    let next = name.as_bytes().get(run);
    let known = match next {
        Some(b'=' | b'_' | b'-' | b'[') => None,
        _ if OPEN_NAMES.contains(&body) => Some(body),
        _ => OPEN_NAMES.iter().copied().find(|known| {
            known.len() > 4 && body.starts_with(known) && ACCENTS.iter().any(|accent| known.ends_with(accent))
        }),
    }?;
    Some(Reference {
        decoded: Decoded::Named(named(known)?),
        length: known.len(),
        form: Form::Html,
        open: true,
    })
}

fn named(name: &str) -> Option<&'static str> {
    let table = &html_escape::NAMED_ENTITIES;
    let at = table
        .binary_search_by(|(known, _)| (*known).cmp(name.as_bytes()))
        .ok()?;
    table.get(at).map(|(_, text)| *text)
}

/// `&EACUTE;` and `&Nbsp;`.
fn in_another_case(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let capital: String = lower
        .char_indices()
        .map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c })
        .collect();
    let upper = name.bytes().all(|b| !b.is_ascii_lowercase());
    upper.then(|| named(&capital)).flatten().or_else(|| named(&lower))
}

/// A number with or without its semicolon.
fn numbered(written: &str) -> Option<Reference> {
    let (radix, digits, mark) = match written.strip_prefix(['x', 'X']) {
        Some(hex) => (16, hex, 2),
        None => (10, written, 1),
    };
    let run = digits
        .bytes()
        .take(10)
        .take_while(|b| char::from(*b).is_digit(radix))
        .count();
    let code = u32::from_str_radix(digits.get(..run)?, radix).ok()?;
    let decoded = match code {
        // Numbers 128–159 mean windows-1252, as browsers read them (HTML §13.2.5.80).
        0x80..=0x9f => {
            let byte = [u8::try_from(code).ok()?];
            let (decoded, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
            decoded.chars().next()
        }
        _ => char::from_u32(code),
    }?;
    let closed = digits.as_bytes().get(run) == Some(&b';');
    Some(Reference {
        decoded: Decoded::Character(decoded),
        length: mark + run + usize::from(closed),
        form: if matches!(code, 0x80..=0x9f) {
            Form::C1
        } else {
            Form::Number
        },
        open: !closed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_characters_however_often_they_were_escaped() {
        for (written, expected) in [
            ("caf&eacute;", "café"),
            ("caf&amp;eacute;", "café"),
            ("caf&amp;amp;#233;", "café"),
            ("l&#146;eau &#x2013; AT&T", "l’eau – AT&T"),
            ("Marks &amp; Spencer", "Marks & Spencer"),
            ("a &inconnu; b &", "a &inconnu; b &"),
            ("&#xD800;", "&#xD800;"),
            ("caf&eacute noir, caf&eacutes", "café noir, cafés"),
            ("l&rsquo;&oelig;il, l&rsquo eau", "l’œil, l’ eau"),
            ("&EACUTE;t&eacute;&Nbsp;", "Été\u{a0}"),
            ("?a=1&copy=2&image&b", "?a=1&copy=2&image&b"),
            ("&#146&#x92", "’’"),
            ("&CounterClockwiseContourIntegral;", "∳"),
        ] {
            assert_eq!(decode_entities(written), expected, "{written}");
        }
    }

    #[test]
    fn a_pile_of_ampersands_takes_one_pass() {
        let pile = format!("&{}eacute;", "amp;".repeat(200_000));
        assert_eq!(decode_entities(&pile), "é");
    }
}
