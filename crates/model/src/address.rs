//! The comparing form of an address: what is left of a canonical one when everything is taken off that no two articles differ by.
//!
//! In: an address in canonical form (RFC 3986 §6.2.2 and the URL Standard applied). Out: the same without scheme, `www.`, the port
//! of either scheme, the root's slash and the signs behind empty values, and with what can be read in place of its percent-encoding:
//! `lemonde.fr/société?id=3`. It is for comparing, not for fetching.

/// The comparing form of a canonical address. One that is none of HTTP is its own.
#[must_use]
pub fn comparing_form(canonical: &str) -> String {
    let schemes = ["https://", "http://"];
    let Some(rest) = schemes.iter().find_map(|scheme| canonical.strip_prefix(scheme)) else {
        return canonical.to_owned();
    };
    let (server, rest) = rest
        .find(['/', '?', '#'])
        .and_then(|end| rest.split_at_checked(end))
        .unwrap_or((rest, ""));
    if server.is_empty() {
        return canonical.to_owned();
    }
    // Without a scheme these two ports name no other server.
    let server = [":80", ":443"]
        .iter()
        .find_map(|port| server.strip_suffix(port))
        .unwrap_or(server);
    let mut form = String::with_capacity(canonical.len());
    form.push_str(without_www(server));
    let (rest, fragment) = match rest.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (rest, None),
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path != "/" {
        push_readable(&mut form, path);
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    for (mark, pair) in ['?'].into_iter().chain(std::iter::repeat('&')).zip(pairs) {
        form.push(mark);
        let bare = pair
            .strip_suffix('=')
            .filter(|name| !name.is_empty() && !name.contains('='));
        push_readable(&mut form, bare.unwrap_or(pair));
    }
    if let Some(fragment) = fragment {
        form.push('#');
        push_readable(&mut form, fragment);
    }
    form
}

/// A host without the `www.` or `www2.` that a site answers to with and without.
#[must_use]
pub fn without_www(host: &str) -> &str {
    host.strip_prefix("www")
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        .and_then(|rest| rest.strip_prefix('.'))
        .filter(|rest| rest.contains('.'))
        .unwrap_or(host)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_differ_by_how_they_are_asked_for_have_one_form() {
        let cases = [
            (
                "https://lemonde.fr/a",
                &[
                    "http://lemonde.fr/a",
                    "https://www.lemonde.fr/a",
                    "https://www2.lemonde.fr/a",
                    "http://lemonde.fr:80/a",
                    "http://lemonde.fr:443/a",
                ][..],
            ),
            (
                "https://example.org/",
                &["https://example.org", "http://www.example.org/"],
            ),
            (
                "https://example.org/?p=1",
                &["https://example.org?p=1", "http://example.org/?p=1"],
            ),
            ("https://example.org/a?id=", &["https://example.org/a?id"]),
            (
                "https://example.org/soci%C3%A9t%C3%A9",
                &["https://example.org/société"],
            ),
        ];
        for (one, others) in cases {
            for other in others {
                assert_eq!(comparing_form(one), comparing_form(other), "{other}");
            }
        }
    }

    #[test]
    fn addresses_of_two_articles_keep_two_forms() {
        for (one, other) in [
            ("https://example.org/a", "https://example.org/b"),
            ("https://example.org/a", "https://example.org/A"),
            ("https://example.org/a", "https://sport.example.org/a"),
            ("https://example.org:8443/a", "https://example.org/a"),
            ("https://www.fr/a", "https://fr/a"),
            ("https://example.org/?p=1", "https://example.org/?p=2"),
            ("https://example.org/a%2Fb", "https://example.org/a/b"),
            ("https://example.org/a%26b", "https://example.org/a&b"),
            ("https://example.org/#/a", "https://example.org/#/b"),
            ("https://example.org/a?x=", "https://example.org/a?x=="),
            ("https://example.org/%E2%80%8Ba", "https://example.org/a"),
        ] {
            assert_ne!(comparing_form(one), comparing_form(other), "{one}");
        }
    }

    #[test]
    fn what_is_no_address_of_http_stays_as_it_is() {
        for own in ["urn:uuid:1225c695", "", "https://", "n’importe quoi é%C3"] {
            assert_eq!(comparing_form(own), own);
        }
    }
}
