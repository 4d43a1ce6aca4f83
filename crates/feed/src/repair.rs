//! Feeds that are almost XML made XML, before any parser sees them.
//!
//! In: decoded text. Out: a prolog that says UTF-8, nothing before it, no character that XML forbids, no reference that
//! XML does not know, a version on `rss`. One pass over the text; CDATA and comments are left alone.

use crate::entities::reference as entity;
use crate::sniff::feed_start;

/// A feed ready for a parser.
#[derive(Debug)]
pub(crate) struct Repaired {
    /// The XML.
    pub(crate) xml: String,
    /// What was wrong, for people; `None` when nothing was.
    pub(crate) repaired: Option<String>,
}

/// Versions that the strict reader knows.
const VERSIONS: &[&str] = &["2.0", "0.91", "0.92"];

/// The text as XML that says UTF-8.
pub(crate) fn repair(text: &str) -> Repaired {
    let mut notes: Vec<&'static str> = Vec::new();
    let trimmed = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let body = match feed_start(trimmed) {
        Some(start) if start > 0 && !starts_like_feed(trimmed) => {
            notes.push("rubbish before the feed");
            trimmed.get(start..).unwrap_or(trimmed)
        }
        _ => trimmed,
    };
    let body = without_prolog(body);
    let mut xml = String::with_capacity(body.len() + 64);
    xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    copy(body, &mut xml, &mut notes);
    let xml = with_version(xml, &mut notes);
    notes.dedup();
    let repaired = (!notes.is_empty()).then(|| {
        let mut told: Vec<&str> = Vec::new();
        for note in notes {
            if !told.contains(&note) {
                told.push(note);
            }
        }
        told.join(", ")
    });
    Repaired { xml, repaired }
}

fn starts_like_feed(text: &str) -> bool {
    text.starts_with("<?xml") || (text.starts_with('<') && !text.starts_with("<b") && !text.starts_with("<p"))
}

/// Whether there are tags in a description that should have been escaped: a strict reader stops at the first one.
pub(crate) fn has_bare_markup(xml: &str) -> bool {
    ["<description>", "<content:encoded>", "<title>"]
        .iter()
        .any(|open| {
            let mut rest = xml;
            while let Some((_, after)) = rest.split_once(open) {
                let next = after.find('<').and_then(|at| after.get(at..)).unwrap_or("");
                if !next.is_empty() && !next.starts_with("</") && !next.starts_with("<!") {
                    return true;
                }
                rest = after;
            }
            false
        })
}

fn without_prolog(body: &str) -> &str {
    match body
        .strip_prefix("<?xml")
        .and_then(|prolog| prolog.split_once("?>"))
    {
        Some((_, rest)) => rest.trim_start(),
        None => body,
    }
}

/// Copies character data and markup, setting characters and references right outside CDATA.
fn copy(body: &str, xml: &mut String, notes: &mut Vec<&'static str>) {
    let mut rest = body;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        push_allowed(before, xml, notes);
        if let Some(section) = from.strip_prefix("<![CDATA[") {
            let (inside, after) = section.split_once("]]>").unwrap_or((section, ""));
            xml.push_str("<![CDATA[");
            push_allowed(inside, xml, notes);
            xml.push_str("]]>");
            rest = after;
        } else if let Some(comment) = from.strip_prefix("<!--") {
            // Comments are no part of a feed, and `--` inside one upsets parsers.
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else if let Some(after) = from.strip_prefix('&') {
            rest = push_reference(after, xml, notes);
        } else {
            xml.push('<');
            rest = from.get(1..).unwrap_or("");
        }
    }
    push_allowed(rest, xml, notes);
}

fn push_reference<'a>(after: &'a str, xml: &mut String, notes: &mut Vec<&'static str>) -> &'a str {
    for known in ["amp;", "lt;", "gt;", "quot;", "apos;"] {
        if let Some(rest) = after.strip_prefix(known) {
            xml.push('&');
            xml.push_str(known);
            return rest;
        }
    }
    if let Some((decoded, rest)) = entity(after) {
        if !after.starts_with('#') {
            notes.push("HTML references");
        }
        for c in decoded.chars().filter(|c| is_allowed(*c)) {
            match c {
                '&' => xml.push_str("&amp;"),
                '<' => xml.push_str("&lt;"),
                '>' => xml.push_str("&gt;"),
                '"' => xml.push_str("&quot;"),
                c => xml.push(c),
            }
        }
        return rest;
    }
    notes.push("bare ampersands");
    xml.push_str("&amp;");
    after
}

fn push_allowed(text: &str, xml: &mut String, notes: &mut Vec<&'static str>) {
    if text.chars().all(is_allowed) {
        xml.push_str(text);
    } else {
        notes.push("control characters");
        xml.extend(text.chars().filter(|c| is_allowed(*c)));
    }
}

/// XML 1.0 §2.2.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Gives `rss` a version that the strict reader knows.
fn with_version(xml: String, notes: &mut Vec<&'static str>) -> String {
    let Some((before, after)) = xml.split_once("<rss") else {
        return xml;
    };
    let Some((attributes, rest)) = after.split_once('>') else {
        return xml;
    };
    if before.contains("<channel") || !attributes.is_empty() && !attributes.starts_with(char::is_whitespace) {
        return xml;
    }
    let version = attribute(attributes, "version");
    if version
        .as_ref()
        .is_some_and(|(value, _)| VERSIONS.contains(&value.as_str()))
    {
        return xml;
    }
    notes.push("no known RSS version");
    let without = match version {
        Some((_, whole)) => attributes.replacen(&whole, "", 1),
        None => attributes.to_owned(),
    };
    format!("{before}<rss version=\"2.0\"{without}>{rest}")
}

/// The value of an attribute and the attribute as written.
fn attribute(attributes: &str, name: &str) -> Option<(String, String)> {
    let start = attributes.match_indices(name).map(|(at, _)| at).find(|at| {
        attributes
            .get(..*at)
            .is_some_and(|before| before.ends_with(char::is_whitespace))
    })?;
    let from = attributes.get(start..)?;
    let value = from
        .strip_prefix(name)?
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (inside, _) = value.get(1..)?.split_once(quote)?;
    let end = from.find(quote)? + inside.len() + 2;
    Some((inside.trim().to_owned(), from.get(..end)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(text: &str) -> (String, Option<String>) {
        let repaired = repair(text);
        let body = repaired.xml.split_once("?>\n").unwrap().1.to_owned();
        (body, repaired.repaired)
    }

    #[test]
    fn almost_xml_becomes_xml() {
        for (written, expected, note) in [
            (
                "<rss version=\"2.0\"><a>é</a></rss>",
                "<rss version=\"2.0\"><a>é</a></rss>",
                None,
            ),
            ("<?xml version='1.0' encoding='latin1'?><feed/>", "<feed/>", None),
            (
                "\n <b>Warning</b>\n<?xml version='1.0'?><feed/>",
                "<feed/>",
                Some("rubbish before the feed"),
            ),
            (
                "<feed>A & B &nbsp;&eacute;&lt;</feed>",
                "<feed>A &amp; B \u{a0}é&lt;</feed>",
                Some("bare ampersands, HTML references"),
            ),
            (
                "<feed><![CDATA[A & <b> &nbsp;]]></feed>",
                "<feed><![CDATA[A & <b> &nbsp;]]></feed>",
                None,
            ),
            (
                "<feed>a\u{0}\u{b}b&#0;</feed>",
                "<feed>ab</feed>",
                Some("control characters"),
            ),
            (
                "<rss><channel/></rss>",
                "<rss version=\"2.0\"><channel/></rss>",
                Some("no known RSS version"),
            ),
            (
                "<rss xmlns:a='b' version='0.94' c='d'>",
                "<rss version=\"2.0\" xmlns:a='b'  c='d'>",
                Some("no known RSS version"),
            ),
        ] {
            let (xml, told) = repaired(written);
            assert_eq!((xml.as_str(), told.as_deref()), (expected, note), "{written}");
        }
    }

    #[test]
    fn markup_that_should_be_escaped_is_noticed() {
        assert!(has_bare_markup("<description>Un <b>mot</b></description>"));
        assert!(!has_bare_markup(
            "<description>Un mot</description><title><![CDATA[<b>]]></title>"
        ));
    }
}
