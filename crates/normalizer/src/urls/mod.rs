//! Addresses: the same article, the same string.
//!
//! Three forms of one address are told apart: the one to fetch is as published; [`canonical()`] is what an article is known and
//! shown by; [`key()`] is for comparing alone. Trackers, sessions, renderings and redirectors are lines of `rules/urls.txt`, each
//! with an example. Both forms are total and idempotent, and the key of the canonical form is the key. Parameters that no rule
//! names stay, since any of them may choose the article: two different articles never get one form.
//!
//! # Beside the médialab's `ural`
//!
//! The library of reference in French research (`ural` 1.6 on `PyPI`) has `canonicalize_url` and `normalize_url`. On 270 addresses
//! written for the comparison our key is what `normalize_url` gives, or differs by one of these choices:
//!
//! | address | `normalize_url` | key | why |
//! |---|---|---|---|
//! | `?M_BT=`, `?pk_campaign=`, `?wt_zmc=`, `?srsltid=`, `?wbraid=`, `?msclkid=`, `?ocid=`, `?ref=rss` | kept | dropped | they count visits |
//! | `;jsessionid=…`, `?PHPSESSID=…` | kept | dropped | they name the visitor |
//! | `?s=…`, `?sid=…`, `?feature=…` | dropped | only values that trackers and sessions have | a search, an article's number |
//! | `google.com/amp/s/…`, `/amp/monde/a` | kept | unwrapped | copies of the article, as `cdn.ampproject.org` has |
//! | `?ts=1795109400123` | kept | dropped | the time of the request |
//! | `ici.radio-canada.ca/amp/21…`, `francetvinfo.fr/….amp` | `/21…`, `/…` | `/nouvelle/21…`, `/….html` | where these sites have the article |
//! | `/amp` alone | dropped | kept | an article about amplifiers, or the front page's variant |
//! | `?print=1`, `/print`, `?format=amp` | kept | dropped | renderings of the article |
//! | `?url=https://…`, `?next=https://…` of any site | followed | only of known redirectors | a page that shares or asks to log in is another page |
//! | `/a?b=` and `/a?b` | two | one | an absent value is an empty one |
//! | `?b=2&b=1` | sorted by value too | sorted by name | the order of a list may mean something |
//! | `/a%2Fb` | `/a/b` | as it is | another path (RFC 3986 §2.2) |
//! | `/index.xml`, `/index.rss` | dropped | kept | a feed, not its folder's page |
//! | `/INDEX.PHP` | kept | dropped | servers that write so have no other |
//! | `example.org.` | dot kept | dot dropped | the same host (RFC 1034 §3.1) |
//! | `#!/a?utm_source=x` | kept | `#!/a` | a tracker is one in a route too |
//! | `/web/2024/https://…` | second slash dropped | as it is | an address inside another |
//! | invisible characters, spaces | decoded | percent-encoded | a key that can be copied |
//! | `urn:`, `tag:`, `mailto:`, what is no address | rewritten or an error | as it is | names are compared letter by letter |

mod canonical;
mod key;
mod rules;

pub(crate) use depeche_feed::absolute;
use url::Url;

pub use canonical::canonical;
pub use key::key;

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
    if key(preferred) == key(own) {
        return true;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_rule_does_what_its_example_says() {
        let mut rules = 0;
        for line in include_str!("../../rules/urls.txt")
            .lines()
            .filter(|l| !l.starts_with('#') && !l.is_empty())
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [kind, pattern, example, expected] = words[..] else {
                panic!("a rule is four words: {line}");
            };
            let kinds = [
                "parameter",
                "path-end",
                "path-start",
                "index",
                "host-start",
                "redirector",
                "mirror",
                "at",
            ];
            assert!(kinds.contains(&kind), "{line}");
            assert_eq!(canonical(example), expected, "{kind} {pattern}");
            rules += 1;
        }
        assert!(rules > 20);
    }

    #[test]
    fn addresses_get_one_form() {
        for line in include_str!("../../tests/data/urls/same.txt")
            .lines()
            .filter(|l| !l.starts_with('#'))
        {
            let (written, expected) = line.split_once(' ').unwrap();
            assert_eq!(canonical(written), expected, "{written}");
        }
    }

    #[test]
    fn two_articles_never_get_one_form() {
        for line in include_str!("../../tests/data/urls/different.txt")
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

    #[test]
    fn addresses_get_one_key() {
        let mut cases = 0;
        for line in include_str!("../../tests/data/urls/keys.txt")
            .lines()
            .filter(|l| !l.starts_with('#'))
        {
            let (written, expected) = line.split_once(' ').unwrap();
            assert_eq!(key(written), expected, "{written}");
            assert_eq!(key(&canonical(written)), expected, "{written}");
            cases += 1;
        }
        assert!(cases >= 150);
    }

    #[test]
    fn what_a_redirector_names_is_trimmed_though_it_is_no_address() {
        let once = canonical("https://www.google.com/url?q=https:/.%00+");
        assert_eq!(canonical(&once), once);
    }

    proptest! {
        #[test]
        fn the_key_of_the_form_is_the_key(
            path in "[a-zA-Z0-9%/.~é;=-]{0,30}",
            query in "[a-z_=&%0-9;+]{0,30}",
            fragment in "(!|/)?[a-z/?&=]{0,10}",
            host in "(amp\\.|www\\.|m\\.|www2\\.)?[a-zé]{1,8}\\.(fr|org)(:80|:8080)?",
        ) {
            let written = format!("http://{host}/{path}?{query}#{fragment}");
            let once = key(&written);
            prop_assert_eq!(&key(&canonical(&written)), &once);
            prop_assert_eq!(key(&once), once);
        }

        #[test]
        fn articles_of_other_names_numbers_or_pages_keep_other_keys(
            a in "[a-z]{3,9}(-[a-z]{3,9}){1,4}", b in "[a-z]{3,9}(-[a-z]{3,9}){1,4}",
            n in 10_000_u32..9_999_999, m in 10_000_u32..9_999_999, page in 1_u8..4, other in 1_u8..4,
            dress in prop::sample::select(&["", "utm_source=x", "amp=1", "xtor=RSS-3", "fbclid=a&at_medium=b"][..]),
            form in 0_usize..5,
        ) {
            let of = |slug: &str, id: u32, page: u8| {
                let host = ["www.", "m.", "amp.", "", "www2."][form];
                key(&match form {
                    0 => format!("https://{host}example.org/monde/{slug}_{id}.html?page={page}&{dress}"),
                    1 => format!("http://{host}example.org/{slug}/{id}/{page}/?{dress}"),
                    2 => format!("https://{host}example.org/?p={id}&titre={slug}&page={page}&{dress}"),
                    3 => format!("https://{host}example.org/a.php?{dress}&id={id}#!/{slug}/{page}"),
                    _ => format!("https://{host}example.org/2026/02/05/{slug}-{id}/amp/?{dress}&page={page}"),
                })
            };
            prop_assert_eq!(of(&a, n, page) == of(&b, m, other), a == b && n == m && page == other);
        }

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
            prop_assert_eq!(key(&once), key(&written));
            prop_assert_eq!(canonical(&once), once);
        }

        #[test]
        fn different_paths_and_ids_stay_different(a in "[a-z0-9]{1,8}", b in "[a-z0-9]{1,8}", n in 0u32..999, m in 0u32..999) {
            let of = |slug: &str, id: u32| canonical(&format!("https://example.org/{slug}/x?id={id}&utm_source={slug}"));
            prop_assert_eq!(of(&a, n) == of(&b, m), a == b && n == m);
        }
    }
}
