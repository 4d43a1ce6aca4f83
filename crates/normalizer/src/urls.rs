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

/// Whether an address is a site's front page.
pub(crate) fn is_front_page(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.path() == "/" && url.query().is_none())
}

/// Whether `preferred`, which the page at `own` calls its address, can be the same article. Templates name the front
/// page or the section for every article, and pages copied from another keep its address.
pub(crate) fn is_believable(preferred: &str, own: &str) -> bool {
    if !same_site(preferred, own) || is_front_page(preferred) {
        return false;
    }
    let (preferred, own) = (canonical(preferred), canonical(own));
    let (Ok(preferred), Ok(own)) = (Url::parse(&preferred), Url::parse(&own)) else {
        return false;
    };
    let is_section = preferred.query().is_none()
        && own
            .path()
            .strip_prefix(preferred.path())
            .is_some_and(|rest| rest.starts_with('/'));
    !is_section && !names_another(&preferred, &own)
}

/// Whether both addresses carry an article's number, none of them the same, and different words beside it.
fn names_another(a: &Url, b: &Url) -> bool {
    let (ids_a, ids_b) = (ids(a), ids(b));
    if ids_a.is_empty() || ids_b.is_empty() || ids_a.iter().any(|id| ids_b.contains(id)) {
        return false;
    }
    let (words_a, words_b) = (slug_words(a), slug_words(b));
    let common = words_a.iter().filter(|word| words_b.contains(*word)).count();
    common * 2 < words_a.len().min(words_b.len()).max(1)
}

/// Runs of digits that are too long for a date's parts: press sites number their articles so.
fn ids(url: &Url) -> Vec<&str> {
    [url.path(), url.query().unwrap_or_default()]
        .into_iter()
        .flat_map(|part| part.split(|c: char| !c.is_ascii_digit()))
        .filter(|digits| digits.len() >= 5)
        .collect()
}

/// The words of the path that say what the article is about; shorter ones stand in any.
fn slug_words(url: &Url) -> Vec<&str> {
    url.path()
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| word.len() >= 4)
        .collect()
}

fn bare(host: &str) -> &str {
    ["www.", "m.", "amp.", "mobile."]
        .iter()
        .find_map(|start| host.strip_prefix(start))
        .unwrap_or(host)
}

/// The canonical form of an address; one that is no HTTP address comes back as it is.
pub fn canonical(written: &str) -> String {
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
    fn a_page_is_not_believed_to_be_another_article() {
        let own =
            "https://www.example.org/mer/article/2026/02/05/la-criee-de-lorient-rouvre_6543210_3244.html";
        for (preferred, believed) in [
            (own, true),
            (
                "https://m.example.org/mer/la-criee-de-lorient-rouvre_6543210.html",
                true,
            ),
            ("/eco/la-criee-de-lorient-rouvre_7000001.html", true),
            ("/?p=77", true),
            ("/", false),
            ("/mer/", false),
            ("/mer/article/2026/02/05", false),
            ("https://other.example.com/a", false),
            ("/sport/le-tour-passera-par-brest_6540000_3244.html", false),
        ] {
            let preferred = absolute(preferred, Some(own)).unwrap();
            assert_eq!(is_believable(&preferred, own), believed, "{preferred}");
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
