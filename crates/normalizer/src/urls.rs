//! Canonical addresses: the same article, the same string.
//!
//! In: an address as published. Out: RFC 3986 §6.2.2 and the URL Standard applied (lower-case scheme and host,
//! default port, dot segments, percent-encoding), then what only counts visits or chooses a rendering taken out:
//! trackers, fragments, AMP variants, the trailing slash, the order of parameters. Parameters that no rule names
//! stay, since any of them may choose the article.

use std::borrow::Cow;
use std::sync::LazyLock;

pub(crate) use depeche_feed::absolute;
use url::Url;

/// One rule a line; see the file.
static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::parse(include_str!("../rules/urls.txt")));

/// Each pass may uncover work for the next (`/amp/amp`); real addresses are done after one.
const MAX_PASSES: usize = 8;

#[derive(Debug, Default)]
struct Rules {
    /// Names of parameters that are dropped; with `true`, anything that begins so.
    parameters: Vec<(String, bool)>,
    /// Last path segments that are dropped.
    path_ends: Vec<String>,
    /// First host labels that are dropped.
    host_starts: Vec<String>,
}

impl Rules {
    fn parse(written: &str) -> Self {
        let mut rules = Self::default();
        for line in written.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let (Some(kind), Some(pattern)) = (words.next(), words.next()) else {
                continue;
            };
            match kind {
                "parameter" => rules.parameters.push(match pattern.strip_suffix('*') {
                    Some(start) => (start.to_ascii_lowercase(), true),
                    None => (pattern.to_ascii_lowercase(), false),
                }),
                "path-end" => rules.path_ends.push(pattern.to_owned()),
                "host-start" => rules.host_starts.push(pattern.to_owned()),
                _ => {}
            }
        }
        rules
    }

    fn drops_parameter(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.parameters.iter().any(|(pattern, prefix)| {
            if *prefix {
                name.starts_with(pattern.as_str())
            } else {
                name == *pattern
            }
        })
    }
}

/// The host of an HTTP address.
pub(crate) fn host(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// Whether two addresses are on one site: the same host up to `www.`, `m.`, `amp.` and the like in front.
pub(crate) fn same_site(a: &str, b: &str) -> bool {
    let (Some(a), Some(b)) = (host(a), host(b)) else {
        return false;
    };
    a == b
        || a.ends_with(&format!(".{}", bare(&b)))
        || b.ends_with(&format!(".{}", bare(&a)))
        || bare(&a) == bare(&b)
}

fn bare(host: &str) -> &str {
    ["www.", "m.", "amp.", "mobile."]
        .iter()
        .find_map(|start| host.strip_prefix(start))
        .unwrap_or(host)
}

/// The canonical form of an address; one that is no HTTP address comes back as it is.
pub(crate) fn canonical(written: &str) -> String {
    let mut current = written.trim().to_owned();
    for _ in 0..MAX_PASSES {
        let Some(next) = pass(&current) else {
            return current;
        };
        if next == current {
            break;
        }
        current = next;
    }
    current
}

fn pass(written: &str) -> Option<String> {
    let mut url = Url::parse(written).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?.trim_end_matches('.').to_owned();
    if host.is_empty() {
        return None;
    }
    // A site moves to HTTPS as a whole; an explicit port is another server.
    if url.scheme() == "http" && url.port().is_none() && url.domain().is_some_and(|name| name.contains('.')) {
        url.set_scheme("https").ok()?;
    }
    let shorter = RULES
        .host_starts
        .iter()
        .find_map(|start| host.strip_prefix(start.as_str()))
        .filter(|rest| rest.contains('.'));
    url.set_host(Some(shorter.unwrap_or(&host))).ok()?;
    let path = canonical_path(url.path());
    url.set_path(&path);
    let query = url.query().map(canonical_query).filter(|query| !query.is_empty());
    url.set_query(query.as_deref());
    // A fragment chooses an article only in sites that route by it.
    let routed = url.fragment().is_some_and(|fragment| {
        fragment.starts_with('!') || (fragment.starts_with('/') && fragment.len() > 1)
    });
    if !routed {
        url.set_fragment(None);
    }
    Some(url.to_string())
}

fn canonical_path(path: &str) -> String {
    let mut path = normal_escapes(path).into_owned();
    while path.ends_with('/') && path.len() > 1 {
        path.pop();
    }
    for end in &RULES.path_ends {
        if let Some(rest) = path.strip_suffix(end.as_str()) {
            // Only what has a path left: `/amp` may be an article about amplifiers.
            if rest.len() > 1 && !rest.ends_with('/') {
                path.truncate(rest.len());
                path.push_str(kept_extension(end));
            }
        }
    }
    path
}

/// What a path end leaves in place: `.amp.html` is a rendering of `.html`.
fn kept_extension(end: &str) -> &str {
    end.rsplit_once('.')
        .filter(|(before, _)| !before.is_empty())
        .map_or("", |(before, _)| end.strip_prefix(before).unwrap_or(""))
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<Cow<'_, str>> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or("");
            !pair.is_empty() && !RULES.drops_parameter(name)
        })
        .map(normal_escapes)
        .collect();
    // By name only: the order of repeated parameters may mean something.
    pairs.sort_by(|a, b| a.split('=').next().cmp(&b.split('=').next()));
    pairs.join("&")
}

/// Percent-encoding in upper case, and none around unreserved characters (RFC 3986 §6.2.2.1–2).
fn normal_escapes(part: &str) -> Cow<'_, str> {
    if !part.contains('%') {
        return Cow::Borrowed(part);
    }
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let byte = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') => {
                out.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
            }
            Some(byte) => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    out.extend(
                        char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()),
                    );
                }
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_rule_does_what_its_example_says() {
        let mut rules = 0;
        for line in include_str!("../rules/urls.txt")
            .lines()
            .filter(|l| !l.starts_with('#') && !l.is_empty())
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [kind, pattern, example, expected] = words[..] else {
                panic!("a rule is four words: {line}");
            };
            assert!(["parameter", "path-end", "host-start"].contains(&kind), "{line}");
            assert_eq!(canonical(example), expected, "{kind} {pattern}");
            rules += 1;
        }
        assert!(rules > 20);
    }

    #[test]
    fn addresses_get_one_form() {
        for line in include_str!("../tests/data/urls/same.txt")
            .lines()
            .filter(|l| !l.starts_with('#'))
        {
            let (written, expected) = line.split_once(' ').unwrap();
            assert_eq!(canonical(written), expected, "{written}");
        }
    }

    #[test]
    fn two_articles_never_get_one_form() {
        for line in include_str!("../tests/data/urls/different.txt")
            .lines()
            .filter(|l| !l.starts_with('#'))
        {
            let (one, other) = line.split_once(' ').unwrap();
            assert_ne!(canonical(one), canonical(other), "{line}");
        }
    }

    #[test]
    fn sites_are_told_apart() {
        assert!(same_site(
            "https://www.example.org/a",
            "https://amp.example.org/b"
        ));
        assert!(same_site("https://example.org/a", "https://m.example.org/b"));
        assert!(!same_site("https://example.org/a", "https://example.com/a"));
        assert!(!same_site("https://example.org/a", "tag:example.org"));
    }

    proptest! {
        #[test]
        fn the_form_of_the_form_is_the_form(
            path in "[a-zA-Z0-9%/.~é-]{0,30}",
            query in "[a-z_=&%0-9;+]{0,30}",
            fragment in "[a-z/!#=]{0,10}",
            host in "(amp\\.|www\\.)?[a-z]{1,8}\\.(fr|org)",
        ) {
            let once = canonical(&format!("http://{host}/{path}?{query}#{fragment}"));
            prop_assert_eq!(canonical(&once), once);
        }

        #[test]
        fn any_string_has_a_form(written in any::<String>()) {
            let once = canonical(&written);
            prop_assert_eq!(canonical(&once), once);
        }

        #[test]
        fn different_paths_and_ids_stay_different(a in "[a-z0-9]{1,8}", b in "[a-z0-9]{1,8}", n in 0u32..999, m in 0u32..999) {
            let of = |slug: &str, id: u32| canonical(&format!("https://example.org/{slug}/x?id={id}&utm_source={slug}"));
            prop_assert_eq!(of(&a, n) == of(&b, m), a == b && n == m);
        }
    }
}
