//! A publisher's snippet of HTML as plain text, paragraph by paragraph.
//!
//! A tolerant reader in one pass, for feed fields: no tree is built, so depth costs nothing. Block elements and `br`
//! break lines; scripts, styles and captions go with their content. References stay for the cleaning step, so that
//! an escaped `&lt;b&gt;` in the prose is not taken for a tag.

use std::borrow::Cow;

use depeche_feed::decode_entities;

use super::hyphen::is_broken_word;

/// Elements whose content is no prose.
const SKIPPED: &[&str] = &[
    "script",
    "style",
    "template",
    "svg",
    "noscript",
    "iframe",
    "object",
    "select",
    "button",
    "figcaption",
    "head",
    "title",
    "audio",
    "video",
];

/// Elements that begin and end a line.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
];

/// Whether there is a tag in it.
fn has_markup(text: &str) -> bool {
    let last_end = text.rfind('>').unwrap_or(0);
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        if text.len() - after.len() > last_end {
            return false;
        }
        if tag(after).is_some() {
            return true;
        }
        rest = after;
    }
    false
}

/// Text without tags; a line break where a paragraph ends. Plain text comes back as it is.
#[must_use]
pub fn markup_to_text(snippet: &str) -> Cow<'_, str> {
    if has_markup(snippet) {
        return Cow::Owned(strip(snippet));
    }
    // Escaped once more than the feed format asks for: the markup is in the references.
    if snippet.contains("lt;") || snippet.contains("#60;") {
        let decoded = decode_entities(snippet);
        if has_markup(&decoded) {
            return Cow::Owned(strip(&decoded));
        }
    }
    Cow::Borrowed(snippet)
}

fn strip(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    // Behind the last `>` no tag ends: looking for one at every `<` would take the square of their number.
    let last_end = html.rfind('>').unwrap_or(0);
    while let Some((before, after)) = rest.split_once('<') {
        if html.len() - after.len() > last_end {
            break;
        }
        push_flowing(&mut out, before);
        let Some(tag) = tag(after) else {
            out.push('<');
            rest = after;
            continue;
        };
        rest = tag.rest;
        if BLOCKS.contains(&tag.name.as_str()) {
            out.push('\n');
        } else if tag.name == "td" || tag.name == "th" {
            out.push(' ');
        }
        if !tag.closing && SKIPPED.contains(&tag.name.as_str()) {
            rest = after_element(rest, &tag.name);
        }
    }
    push_flowing(&mut out, rest);
    out
}

/// Line breaks in the source of HTML are spaces, or nothing where they broke a word.
fn push_flowing(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['\n', '\r', '\t']) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let whole = out
            .strip_suffix('-')
            .map(|begun| (begun, after.trim_ascii_start()))
            .filter(|(begun, next)| is_broken_word(begun, next));
        if let Some((_, next)) = whole {
            rest = next;
            out.pop();
        } else {
            out.push(' ');
            rest = after.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
}

struct Tag<'a> {
    name: String,
    closing: bool,
    rest: &'a str,
}

/// The tag whose `<` was just passed; `None` when it is a mere sign.
fn tag(after: &str) -> Option<Tag<'_>> {
    if let Some(comment) = after.strip_prefix("!--") {
        let rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
        return Some(Tag {
            name: String::new(),
            closing: false,
            rest,
        });
    }
    if after.starts_with(['!', '?']) {
        let (_, rest) = after.split_once('>')?;
        return Some(Tag {
            name: String::new(),
            closing: false,
            rest,
        });
    }
    let (closing, named) = match after.strip_prefix('/') {
        Some(named) => (true, named),
        None => (false, after),
    };
    if !named.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = named.find(|c: char| !c.is_ascii_alphanumeric() && c != ':' && c != '-')?;
    let (name, attributes) = named.split_at_checked(end)?;
    if !attributes.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/')) {
        return None;
    }
    Some(Tag {
        name: name.to_ascii_lowercase(),
        closing,
        rest: after_attributes(attributes)?,
    })
}

/// A tag of a feed snippet is no longer than this; beyond, a quote was left open and the first `>` ends the tag.
const MAX_TAG: usize = 16 * 1024;

fn after_attributes(attributes: &str) -> Option<&str> {
    let mut quote = None;
    for (at, byte) in attributes.bytes().enumerate().take(MAX_TAG) {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'>') => return attributes.get(at + 1..),
            _ => {}
        }
    }
    attributes.split_once('>').map(|(_, rest)| rest)
}

/// What follows the end tag of `name`; everything is dropped when there is none.
fn after_element<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut search = rest;
    while let Some((_, after)) = search.split_once("</") {
        let matches = after
            .get(..name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name));
        if matches {
            return after.split_once('>').map_or("", |(_, rest)| rest);
        }
        search = after;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_become_lines_and_tags_go() {
        for (html, expected) in [
            ("<p>Un <b>deux</b>.</p><p>Trois</p>", "\nUn deux.\n\nTrois\n"),
            ("Un<br/>deux", "Un\ndeux"),
            ("a < b et c > d", "a < b et c > d"),
            ("<p>un\nmot", "\nun mot"),
            (
                "<p>le déve-\r\n  loppement de Saint-\nDenis",
                "\nle développement de Saint- Denis",
            ),
            ("<a title=\"a > b\" href='x'>lien</a>", "lien"),
            ("<script>var a = '<p>';</script>Texte", "Texte"),
            ("<!-- rien -->Texte<![CDATA[", "Texte<![CDATA["),
            ("&lt;p&gt;Un&lt;/p&gt;", "\nUn\n"),
            ("<p>si a &lt;b&gt; c</p>", "\nsi a &lt;b&gt; c\n"),
            ("<p title=\"jamais fermé>Texte", "\nTexte"),
        ] {
            assert_eq!(markup_to_text(html), expected, "{html}");
        }
    }

    #[test]
    fn plain_text_keeps_its_lines() {
        assert_eq!(markup_to_text("un\ndeux"), "un\ndeux");
    }

    #[test]
    fn open_brackets_without_end_cost_no_more_than_their_number() {
        let hostile = "<a \"".repeat(50_000);
        assert!(markup_to_text(&hostile).len() <= hostile.len());
    }
}
