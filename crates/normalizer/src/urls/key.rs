//! The comparing key: what is left of a canonical form when everything is taken off that no two articles differ by.

use url::Url;

use super::canonical::{canonical, host_without_www};

/// What two addresses of one article have in common: the canonical form without scheme, `www.`, the root's slash and empty
/// values, with what can be read in place of its percent-encoding (`lemonde.fr/société?id=3`). It is for comparing, not for fetching.
/// An address that is none of HTTP is its own key.
#[must_use]
pub fn key(written: &str) -> String {
    let canonical = canonical(written);
    let Some(url) = Url::parse(&canonical)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
    else {
        return canonical;
    };
    let Some(host) = url.host_str() else {
        return canonical;
    };
    let (mut key, _) = idna::domain_to_unicode(host_without_www(host));
    // Without a scheme these two name no other server.
    if let Some(port) = url.port().filter(|port| !matches!(port, 80 | 443)) {
        key.push(':');
        key.push_str(&port.to_string());
    }
    if url.path() != "/" {
        push_readable(&mut key, url.path());
    }
    for (mark, pair) in ['?'].into_iter().chain(std::iter::repeat('&')).zip(
        url.query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty()),
    ) {
        key.push(mark);
        let bare = pair
            .strip_suffix('=')
            .filter(|name| !name.is_empty() && !name.contains('='));
        push_readable(&mut key, bare.unwrap_or(pair));
    }
    if let Some(fragment) = url.fragment() {
        key.push('#');
        push_readable(&mut key, fragment);
    }
    key
}

/// What can be seen beyond ASCII in place of their percent-encoding; all else as it is.
fn push_readable(out: &mut String, part: &str) {
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let taken = encoded_letter(after);
        if let Some(letter) = taken {
            out.push(letter);
            // Its other bytes take three characters each, its first two behind the sign.
            rest = after.get(letter.len_utf8() * 3 - 1..).unwrap_or_default();
        } else {
            out.push('%');
            rest = after;
        }
    }
    out.push_str(rest);
}

/// The letter whose encoding goes on behind a percent sign.
fn encoded_letter(after: &str) -> Option<char> {
    let byte = |digits: &str| u8::from_str_radix(digits, 16).ok();
    let first = byte(after.get(..2)?)?;
    let length = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut bytes = [first, 0, 0, 0];
    for (slot, at) in bytes.get_mut(1..length)?.iter_mut().zip((2..).step_by(3)) {
        *slot = byte(after.get(at..at + 3)?.strip_prefix('%')?)?;
    }
    let letter = std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next()?;
    let hidden = letter.is_control()
        || letter.is_whitespace()
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'..);
    (!hidden).then_some(letter)
}
