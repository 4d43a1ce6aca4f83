//! Character data made text: references undone, forbidden characters taken out.
//!
//! Entities of an internal subset are known by what was declared before them, so none refers to itself, and what they
//! expand to is bounded over the whole document: there is nothing to explode. External entities are never read.

use memchr::memchr;

use super::flaws::Flaws;
use crate::entities::{Form, reference};

/// Entities that a document declares; Netscape's own definition for RSS 0.91 has 96.
const MAX_ENTITIES: usize = 512;

/// The longest value of an entity, in bytes: a name of a firm, a line of copyright.
const MAX_VALUE: usize = 4096;

/// What all references to declared entities may expand to in one document, in bytes.
const MAX_EXPANSION: usize = 1024 * 1024;

/// Undoes references.
#[derive(Debug, Default)]
pub(super) struct References {
    declared: Vec<(String, String)>,
    expanded: usize,
}

impl References {
    /// Takes the entities that an internal subset declares.
    pub(super) fn declare(&mut self, doctype: &str) {
        let mut rest = doctype;
        while let Some((_, after)) = rest.split_once("<!ENTITY") {
            rest = after;
            let mut words = after.trim_start();
            // Parameter entities mean something to the definition alone.
            if words.starts_with('%') {
                continue;
            }
            let end = words
                .bytes()
                .take(64)
                .position(|byte| byte.is_ascii_whitespace())
                .unwrap_or(0);
            let name = words.get(..end).unwrap_or("");
            words = words.get(end..).unwrap_or("").trim_start();
            let Some(quote) = words.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
                // `SYSTEM` and `PUBLIC`: what is outside is not read.
                continue;
            };
            let Some((value, behind)) = words
                .get(1..)
                .and_then(|value| value.get(..value.len().min(MAX_VALUE)).or(Some(value)))
                .and_then(|value| value.split_once(quote))
            else {
                continue;
            };
            let length = after.len() - words.len() + 1 + value.len() + quote.len_utf8();
            debug_assert!(behind.len() <= after.len());
            rest = after.get(length..).unwrap_or("");
            if name.is_empty() || self.declared.len() >= MAX_ENTITIES {
                continue;
            }
            let mut decoded = String::new();
            self.push(&mut decoded, value, &mut Flaws::default());
            if decoded.len() <= MAX_VALUE {
                self.declared.push((name.to_owned(), decoded));
            }
        }
    }

    /// Appends character data as text.
    pub(super) fn push(&mut self, out: &mut String, written: &str, flaws: &mut Flaws) {
        let mut rest = written;
        while let Some(at) = memchr(b'&', rest.as_bytes()) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            push_allowed(out, before, flaws);
            let after = from.get(1..).unwrap_or("");
            rest = self.push_reference(out, after, flaws);
        }
        push_allowed(out, rest, flaws);
    }

    fn push_reference<'a>(&mut self, out: &mut String, after: &'a str, flaws: &mut Flaws) -> &'a str {
        if let Some((value, length)) = self.own(after) {
            if self.expanded + value.len() > MAX_EXPANSION {
                flaws.add(Flaws::ENTITY_BOMB);
            } else {
                out.push_str(value);
                self.expanded += value.len();
            }
            return after.get(length..).unwrap_or("");
        }
        let Some(found) = reference(after) else {
            flaws.add(if after.starts_with('#') {
                Flaws::BAD_REFERENCE
            } else {
                Flaws::BARE_AMPERSAND
            });
            out.push('&');
            return after;
        };
        match found.form {
            Form::Xml | Form::Number => {}
            Form::Html => flaws.add(Flaws::HTML_REFERENCE),
            Form::C1 => flaws.add(Flaws::C1_REFERENCE),
        }
        if found.open {
            flaws.add(Flaws::OPEN_REFERENCE);
        }
        let start = out.len();
        found.decoded.push_to(out);
        if !out.get(start..).unwrap_or("").chars().all(is_allowed) {
            flaws.add(Flaws::CONTROL_CHARACTERS);
            out.truncate(start);
        }
        after.get(found.length..).unwrap_or("")
    }

    fn own(&self, after: &str) -> Option<(&str, usize)> {
        if self.declared.is_empty() {
            return None;
        }
        let end = after.bytes().take(64).position(|byte| byte == b';')?;
        let name = after.get(..end)?;
        self.declared
            .iter()
            .find(|(declared, _)| declared == name)
            .map(|(_, value)| (value.as_str(), end + 1))
    }
}

/// Appends text without the characters that XML forbids.
pub(super) fn push_allowed(out: &mut String, text: &str, flaws: &mut Flaws) {
    // Forbidden are most of the controls, and U+FFFE and U+FFFF, which begin with 0xEF in UTF-8.
    if text
        .bytes()
        .all(|byte| byte >= 0x20 && byte != 0xef || matches!(byte, b'\t' | b'\n' | b'\r'))
        || text.chars().all(is_allowed)
    {
        out.push_str(text);
    } else {
        flaws.add(Flaws::CONTROL_CHARACTERS);
        out.extend(text.chars().filter(|c| is_allowed(*c)));
    }
}

/// XML 1.0 §2.2, without the byte order marks that stray inside texts.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn text(doctype: &str, written: &str) -> (String, String) {
        let mut references = References::default();
        references.declare(doctype);
        let (mut out, mut flaws) = (String::new(), Flaws::default());
        references.push(&mut out, written, &mut flaws);
        (out, flaws.told())
    }

    #[test]
    fn character_data_becomes_text() {
        for (written, expected, flaws) in [
            ("A &amp; B &lt;b&gt; &#233;", "A & B <b> é", ""),
            ("A & B", "A & B", "bare ampersands"),
            ("l&#146;eau", "l’eau", "references numbered after windows-1252"),
            ("&eacute;&nbsp;", "é\u{a0}", "HTML references"),
            ("a\u{0}\u{b}b&#0;c", "abc", "control characters"),
            ("a\u{feff}b", "ab", "control characters"),
            ("a\u{e9}\u{fb01}b", "a\u{e9}\u{fb01}b", ""),
        ] {
            assert_eq!(
                text("", written),
                (expected.to_owned(), flaws.to_owned()),
                "{written}"
            );
        }
    }

    #[test]
    fn declared_entities_are_known_by_what_was_declared_before() {
        let doctype = "rss [<!ENTITY nom \"Le Fil\"><!ENTITY % p 'x'><!ENTITY ext SYSTEM \"file:///etc/passwd\">\
            <!ENTITY deux '&nom; &amp; &trois;'><!ENTITY trois \"3\">]";
        assert_eq!(text(doctype, "&nom;").0, "Le Fil");
        assert_eq!(text(doctype, "&deux;").0, "Le Fil & &trois;");
        assert_eq!(text(doctype, "&ext;").0, "&ext;");
    }

    #[test]
    fn entities_do_not_explode() {
        let mut doctype = "rss [<!ENTITY a0 \"ha\">".to_owned();
        for n in 1..100 {
            let value = format!("&a{};", n - 1).repeat(10);
            write!(doctype, "<!ENTITY a{n} \"{value}\">").unwrap();
        }
        let (out, flaws) = text(&doctype, &"&a3;".repeat(10_000));
        assert!(out.len() <= MAX_EXPANSION, "{}", out.len());
        assert_eq!(flaws, "entities that expand too far");
    }
}
