//! Character references (HTML §13.5), also doubly escaped, as plain characters.
//!
//! Publishers escape twice and three times over (`&amp;amp;eacute;`): any number of `amp;` after an ampersand is
//! skipped in one pass, so a hostile pile of them costs no more than its length.

use std::borrow::Cow;

/// The longest named reference of HTML is 31 characters (`CounterClockwiseContourIntegral`).
const MAX_NAME: usize = 32;

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
        if let Some((decoded, remaining)) = reference(name) {
            out.push_str(&decoded);
            rest = remaining;
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

/// The character of a reference without its ampersand, and what follows its semicolon.
#[must_use]
pub fn reference(name: &str) -> Option<(String, &str)> {
    let end = name.bytes().take(MAX_NAME).position(|b| b == b';')?;
    let (body, rest) = (name.get(..end)?, name.get(end + 1..)?);
    let decoded = if let Some(number) = body.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        numbered(code)?.to_string()
    } else {
        if body.is_empty() || !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let written = format!("&{body};");
        match html_escape::decode_html_entities(&written) {
            Cow::Owned(decoded) => decoded,
            Cow::Borrowed(_) => return None,
        }
    };
    Some((decoded, rest))
}

/// Numbers 128–159 mean windows-1252, as browsers read them (HTML §13.2.5.80).
fn numbered(code: u32) -> Option<char> {
    match code {
        0x80..=0x9f => {
            let byte = [u8::try_from(code).ok()?];
            let (decoded, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
            decoded.chars().next()
        }
        _ => char::from_u32(code),
    }
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
