//! What may be given to the tree builder.
//!
//! It recurses once an open element and walks the open elements at every tag, so 31 kB of nested tables overflow a
//! 2 MiB stack (which aborts the process) and 220 kB of nested `div` take seconds. Hence a scan beforehand that
//! counts bytes, open elements and attributes, in one pass and with a bounded stack.

/// Bytes of HTML. The heaviest pages of the French press stay under 3 MB.
const MAX_BYTES: usize = 5 * 1024 * 1024;

/// Elements open at once. Hand-written pages stay under 60, generated ones under 200.
pub(super) const MAX_DEPTH: usize = 512;

/// Elements in a page: 150 bytes of HTML each, measured on dense pages, at the byte cap.
const MAX_ELEMENTS: usize = 60_000;

/// Attributes of one tag: the tree builder compares each with all before it.
const MAX_ATTRIBUTES: usize = 256;

/// Why a page is not parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Bytes,
    Depth,
    Elements,
    Attributes,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes => write!(f, "more than {MAX_BYTES} bytes of HTML"),
            Self::Depth => write!(f, "more than {MAX_DEPTH} elements open at once"),
            Self::Elements => write!(f, "more than {MAX_ELEMENTS} elements"),
            Self::Attributes => write!(f, "more than {MAX_ATTRIBUTES} attributes in one tag"),
        }
    }
}

/// Elements that never stay open (HTML §13.1.2), and those that close each other, so that leaving them open,
/// which is good HTML, nests nothing. Their parents (`ul`, `table`) count.
const NOT_COUNTED: &[&[u8]] = &[
    b"area",
    b"base",
    b"br",
    b"col",
    b"embed",
    b"hr",
    b"img",
    b"input",
    b"link",
    b"meta",
    b"param",
    b"source",
    b"track",
    b"wbr",
    b"p",
    b"li",
    b"dt",
    b"dd",
    b"option",
    b"optgroup",
    b"tr",
    b"td",
    b"th",
    b"tbody",
    b"thead",
    b"tfoot",
    b"rp",
    b"rt",
    b"colgroup",
    b"html",
    b"head",
    b"body",
];

/// Elements whose content is text up to their end tag.
const RAW: &[&[u8]] = &[
    b"script",
    b"style",
    b"textarea",
    b"title",
    b"xmp",
    b"iframe",
    b"noembed",
    b"noframes",
];

/// Admits HTML to the tree builder.
///
/// # Errors
///
/// The first cap that it exceeds.
pub(super) fn admit(html: &str) -> Result<(), Refused> {
    if html.len() > MAX_BYTES {
        return Err(Refused::Bytes);
    }
    let bytes = html.as_bytes();
    let mut open: Vec<Vec<u8>> = Vec::new();
    let mut elements = 0_usize;
    let mut at = 0;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|b| *b == b'<'))
    {
        at += found + 1;
        let closing = bytes.get(at) == Some(&b'/');
        let start = at + usize::from(closing);
        if html.get(at..).is_some_and(|rest| rest.starts_with("!--")) {
            at = find(bytes, at, b"-->").unwrap_or(bytes.len());
            continue;
        }
        let name: Vec<u8> = bytes
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take(32)
            .take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'>' | b'/'))
            .map(u8::to_ascii_lowercase)
            .collect();
        if !name.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        at = end_of_tag(bytes, start + name.len())?;
        if closing {
            if let Some(opened) = open.iter().rposition(|other| *other == name) {
                open.truncate(opened);
            }
            continue;
        }
        elements += 1;
        if elements > MAX_ELEMENTS {
            return Err(Refused::Elements);
        }
        if RAW.contains(&name.as_slice()) {
            let mut end = b"</".to_vec();
            end.extend(&name);
            at = find_case_blind(bytes, at, &end).unwrap_or(bytes.len());
        } else if !NOT_COUNTED.contains(&name.as_slice()) {
            open.push(name);
            if open.len() > MAX_DEPTH {
                return Err(Refused::Depth);
            }
        }
    }
    Ok(())
}

/// The byte after the tag's `>`, which does not count inside quotes.
fn end_of_tag(bytes: &[u8], from: usize) -> Result<usize, Refused> {
    let mut quote = None;
    let mut attributes = 0;
    let mut previous = b' ';
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match (quote, *byte) {
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), _) => {}
            // A quote opens a value only after `=`; elsewhere it is part of a name.
            (None, b'"' | b'\'') if previous == b'=' => quote = Some(*byte),
            (None, b'>') => return Ok(at + 1),
            (None, byte) => {
                let begins = !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'/');
                if begins && (previous.is_ascii_whitespace() || matches!(previous, b'/' | b'"' | b'\'')) {
                    attributes += 1;
                    if attributes > MAX_ATTRIBUTES {
                        return Err(Refused::Attributes);
                    }
                }
            }
        }
        if !(byte.is_ascii_whitespace() && previous == b'=') {
            previous = *byte;
        }
    }
    Ok(bytes.len())
}

fn find(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    bytes
        .get(from..)?
        .windows(needle.len())
        .position(|window| window == needle)
        .map(|at| from + at)
}

fn find_case_blind(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    bytes
        .get(from..)?
        .windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle))
        .map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_cap_is_exact() {
        assert_eq!(admit(&"<div>".repeat(MAX_DEPTH)), Ok(()));
        assert_eq!(admit(&"<div>".repeat(MAX_DEPTH + 1)), Err(Refused::Depth));
        assert_eq!(admit(&"<div></div>".repeat(MAX_DEPTH * 4)), Ok(()));
    }

    #[test]
    fn end_tags_of_nothing_open_hide_no_depth() {
        assert_eq!(admit(&"<div></x>".repeat(MAX_DEPTH + 1)), Err(Refused::Depth));
    }

    #[test]
    fn paragraphs_and_items_left_open_nest_nothing() {
        assert_eq!(admit(&"<p>Un<li>deux<td>trois".repeat(2000)), Ok(()));
    }

    #[test]
    fn markup_in_scripts_comments_and_values_counts_for_nothing() {
        let script = format!("<script>{}</script>", "<div>".repeat(2000));
        let comment = format!("<!-- {} -->", "<div>".repeat(2000));
        let value = format!("<a title=\"{}\">", "<div>".repeat(2000));
        for html in [script, comment, value] {
            assert_eq!(admit(&html), Ok(()));
        }
    }

    #[test]
    fn other_caps_hold() {
        assert_eq!(admit(&"<p>".repeat(MAX_ELEMENTS + 1)), Err(Refused::Elements));
        assert_eq!(
            admit(&format!("<p {}>", "a=1 ".repeat(MAX_ATTRIBUTES + 1))),
            Err(Refused::Attributes)
        );
        assert_eq!(admit(&" ".repeat(MAX_BYTES + 1)), Err(Refused::Bytes));
    }
}
