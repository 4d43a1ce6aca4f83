//! What a request is addressed to: its host, and the registrable domain that the host belongs to.

use url::{Host, Url};

/// The name that requests to one server share: host without a closing dot, and port where it is not the scheme's own.
pub(crate) fn host_key(url: &Url) -> String {
    let host = bare(url.host_str().unwrap_or_default());
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The domain that somebody registered, by the Public Suffix List: `www.lemonde.fr` and `rss.lemonde.fr` are at
/// `lemonde.fr`, two blogs below `blogspot.com` at two. A host written as an address, a name of one label and a public
/// suffix itself stand for themselves, ports apart.
pub(crate) fn registrable(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(name)) => match psl::domain_str(bare(name)) {
            Some(domain) => domain.to_owned(),
            None => host_key(url),
        },
        Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => host_key(url),
    }
}

/// A host's name without the dot of the root.
pub(crate) fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_and_the_root_s_dot_make_no_other_host_and_a_port_does() {
        let key = |url| host_key(&Url::parse(url).unwrap());
        assert_eq!(key("http://A.fr/x"), key("https://a.fr/"));
        assert_eq!(key("http://a.fr./x"), key("https://a.fr/"));
        assert_ne!(key("http://a.fr:8080/"), key("http://a.fr/"));
    }

    #[test]
    fn a_domain_is_what_somebody_registered() {
        for (address, domain) in [
            ("https://www.lemonde.fr/rss", "lemonde.fr"),
            ("https://lemonde.fr./rss", "lemonde.fr"),
            ("https://a.b.c.gouv.fr/", "c.gouv.fr"),
            ("https://news.bbc.co.uk/", "bbc.co.uk"),
            ("https://un.blogspot.com/", "un.blogspot.com"),
            ("https://x.xn--presse-dva.fr/", "xn--presse-dva.fr"),
            ("https://co.uk/", "co.uk"),
            ("http://127.0.0.1:81/", "127.0.0.1:81"),
            ("http://[::1]/", "[::1]"),
            ("http://localhost:81/", "localhost:81"),
        ] {
            assert_eq!(registrable(&Url::parse(address).unwrap()), domain);
        }
    }
}
