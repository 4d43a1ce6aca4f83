//! What a text is: a feed, a page, JSON or prose.
//!
//! In: decoded text, the media type, the name. The content has the last word over labels, since servers send feeds as
//! `text/html` and error pages as `application/rss+xml`.

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS, Atom, RDF or a news sitemap.
    XmlFeed,
    /// JSON Feed.
    JsonFeed,
    /// Any other JSON.
    Json,
    /// An HTML document.
    Html,
    /// XML that is no feed.
    OtherXml,
    /// Anything else.
    Prose,
}

impl Format {
    /// What it is, for people.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::XmlFeed => "a feed",
            Self::JsonFeed => "a JSON feed",
            Self::Json => "a JSON document",
            Self::Html => "an HTML page",
            Self::OtherXml => "an XML document without entries",
            Self::Prose => "plain text",
        }
    }
}

/// Rubbish before a feed (a PHP warning, a licence) is shorter than this.
const SEARCHED_BYTES: usize = 64 * 1024;

/// Elements a feed begins with, after their namespace prefix.
const FEED_ROOTS: &[&str] = &[
    "rss",
    "feed",
    "rdf",
    "channel",
    "urlset",
    "sitemapindex",
    "item",
    "entry",
];

/// What the text looks like, whatever it is labelled.
#[must_use]
pub fn sniff(text: &str) -> Format {
    let head = head(text).trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if head.starts_with(['{', '[']) {
        let is_feed = crate::json::looks_like_feed(head);
        if is_feed {
            return Format::JsonFeed;
        }
        // `[05-Feb-2026 18:30] PHP Notice` before a feed.
        return if begins_a_feed(text) {
            Format::XmlFeed
        } else {
            Format::Json
        };
    }
    if head.starts_with('<') {
        match root(head).as_deref() {
            Some(name) if FEED_ROOTS.contains(&name) => return Format::XmlFeed,
            Some("html" | "head" | "body" | "!doctype") => {
                return if feed_inside(text) {
                    Format::XmlFeed
                } else {
                    Format::Html
                };
            }
            _ => {}
        }
    }
    if begins_a_feed(text) {
        return Format::XmlFeed;
    }
    if head.starts_with("<?xml") {
        return Format::OtherXml;
    }
    let lower = head.to_ascii_lowercase();
    if lower.contains("<html") || lower.contains("<!doctype html") || lower.contains("<body") {
        return Format::Html;
    }
    if head.starts_with('<') && (lower.contains("</p>") || lower.contains("</div>")) {
        return Format::Html;
    }
    Format::Prose
}

/// Whether a page is but a wrapping around a feed: its root stands in the page as an element.
fn feed_inside(text: &str) -> bool {
    let head = head(text);
    [
        ("<rss", "<channel"),
        ("<feed", "<entry"),
        ("<rdf:RDF", "<item"),
        ("<urlset", "<url>"),
    ]
    .iter()
    .any(|(root, inner)| {
        head.split_once(root).is_some_and(|(_, behind)| {
            behind.starts_with(|c: char| c.is_whitespace() || c == '>') && behind.contains(inner)
        })
    })
}

/// Whether there is a feed behind what a server printed before it.
fn begins_a_feed(text: &str) -> bool {
    let head = head(text);
    // A prolog, or the root itself with or without a prefix, in any case.
    let mut from = 0;
    while let Some(at) = head.get(from..).and_then(|rest| rest.find('<')) {
        let start = from + at;
        let tag = head.get(start + 1..).unwrap_or("");
        if tag.starts_with("?xml") {
            return head
                .get(start..)
                .and_then(root)
                .is_some_and(|name| FEED_ROOTS.contains(&name.as_str()));
        }
        let name: String = tag
            .chars()
            .take(LONGEST_ROOT)
            .take_while(|c| c.is_ascii_alphanumeric() || *c == ':')
            .collect();
        let local = name.rsplit(':').next().unwrap_or("").to_ascii_lowercase();
        if ["rss", "feed", "rdf", "urlset", "sitemapindex"].contains(&local.as_str()) {
            return true;
        }
        from = start + 1;
    }
    false
}

/// A root's name with its prefix is no longer, in bytes.
const LONGEST_ROOT: usize = 40;

fn head(text: &str) -> &str {
    let mut end = text.len().min(SEARCHED_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// The name of the first element in lower case without prefix; `!doctype` for an HTML document type.
pub(crate) fn root(xml: &str) -> Option<String> {
    let mut rest = xml.trim_start();
    // Looking for an end that is not there at every declaration would take the square of their number.
    let mut subsets_end = true;
    loop {
        let after = rest.get(rest.find('<')? + 1..)?;
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
        } else if after.starts_with('?') {
            rest = after.split_once('>')?.1;
        } else if after.starts_with('!') {
            let lower: String = after.chars().take(20).collect::<String>().to_ascii_lowercase();
            let mut words = lower.split_whitespace();
            if words.next() == Some("!doctype") && words.next().is_some_and(|name| name.starts_with("html")) {
                return Some("!doctype".to_owned());
            }
            // An internal subset may hold `>`; it ends with `]>`.
            let (declaration, plain) = after.split_once('>')?;
            let subset = (subsets_end && declaration.contains('[')).then(|| after.split_once("]>"));
            rest = match subset {
                Some(Some((_, behind))) => behind,
                Some(None) => {
                    subsets_end = false;
                    plain
                }
                None => plain,
            };
        } else {
            let name: String = after
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, ':' | '-' | '_' | '.'))
                .collect();
            let local = name.rsplit(':').next().unwrap_or(&name).to_ascii_lowercase();
            return Some(local);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_what_a_text_is() {
        for (text, format) in [
            ("\u{feff}<?xml version='1.0'?><rss>", Format::XmlFeed),
            (
                "<?xml version='1.0'?><!-- a --><!DOCTYPE rss [<!ENTITY a \"<b>\">]><rss>",
                Format::XmlFeed,
            ),
            (
                "<b>Warning</b>: deprecated\n<?xml version=\"1.0\"?>\n<rss version=\"2.0\">",
                Format::XmlFeed,
            ),
            ("<rdf:RDF xmlns='x'>", Format::XmlFeed),
            ("<atom:feed xmlns:atom='x'>", Format::XmlFeed),
            ("<!DOCTYPE html><html>", Format::Html),
            ("  <HTML lang=fr>", Format::Html),
            ("<?xml version='1.0'?><opml>", Format::OtherXml),
            (
                "{\"version\": \"https://jsonfeed.org/version/1.1\"}",
                Format::JsonFeed,
            ),
            ("{\"text\": \"Bonjour\"}", Format::Json),
            ("Bonjour à tous.", Format::Prose),
            ("<3 depuis Paris", Format::Prose),
        ] {
            assert_eq!(sniff(text), format, "{text}");
        }
    }
}
