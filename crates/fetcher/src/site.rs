//! Which hosts belong to one site.

use url::Url;

/// Whether two addresses belong to one site: the same host up to `www.`, or one below the other.
pub(crate) fn is_same(a: &Url, b: &Url) -> bool {
    let bare = |url: &Url| {
        url.host_str()
            .map(|host| host.strip_prefix("www.").unwrap_or(host).to_owned())
    };
    let (Some(a), Some(b)) = (bare(a), bare(b)) else {
        return false;
    };
    a == b || a.ends_with(&format!(".{b}")) || b.ends_with(&format!(".{a}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_site_are_told_from_others() {
        for (a, b, same) in [
            ("https://www.exemple.fr/", "http://exemple.fr/x", true),
            ("https://flux.exemple.fr/", "https://www.exemple.fr/", true),
            ("https://exemple.fr/", "https://autre-exemple.fr/", false),
            ("https://exemple.fr/", "https://exemple.com/", false),
            ("http://127.0.0.1:1/", "http://127.0.0.1:2/", true),
        ] {
            let url = |text| Url::parse(text).unwrap();
            assert_eq!(is_same(&url(a), &url(b)), same, "{a} {b}");
        }
    }
}
