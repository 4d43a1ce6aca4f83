//! Following redirects by hand: which hop comes next, and which never.
//!
//! RFC 9110 §15.4 for the statuses and for resolving `Location`; the rest is caution: as many hops as the caller allows, no
//! address twice, no step down from `https` to `http`.

use url::Url;

use crate::error::ExchangeError;

/// The most redirects followed. RFC 1945 suggested five; the Fetch standard allows 20; feeds of the press need four
/// (scheme, host, path, slash).
pub(crate) const MAX_HOPS: usize = 10;

/// Whether a status sends a GET request elsewhere.
pub(crate) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The address to ask next after `from`, which itself is the last of `visited`; at most `most` hops in all.
pub(crate) fn next_hop(
    visited: &[Url],
    from: &Url,
    location: Option<&[u8]>,
    most: usize,
) -> Result<Url, ExchangeError> {
    let refused = |to: &str, why: &str| ExchangeError::Redirect {
        from: from.to_string(),
        to: to.to_owned(),
        why: why.to_owned(),
    };
    let Some(location) = location else {
        return Err(refused("nowhere", "the answer has no `Location`"));
    };
    // Servers send raw UTF-8 here, and sometimes Latin-1; the parser percent-encodes what is not ASCII.
    let location = String::from_utf8_lossy(location);
    let mut to = from
        .join(location.trim())
        .map_err(|error| refused(&location, &format!("not an address: {error}")))?;
    if !matches!(to.scheme(), "http" | "https") || to.host_str().is_none() {
        return Err(refused(to.as_str(), "only http and https are followed"));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(refused(
            to.as_str(),
            "a step down from https to http is not followed",
        ));
    }
    to.set_fragment(None);
    if visited.contains(&to) {
        return Err(refused(to.as_str(), "the redirects run in a circle"));
    }
    if visited.len() > most {
        return Err(refused(to.as_str(), &format!("more than {most} redirects")));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn hop(from: &str, location: &str) -> Result<String, String> {
        let from = url(from);
        next_hop(
            std::slice::from_ref(&from),
            &from,
            Some(location.as_bytes()),
            MAX_HOPS,
        )
        .map(|to| to.to_string())
        .map_err(|error| error.to_string())
    }

    #[test]
    fn a_relative_location_is_read_against_the_address_that_answered() {
        assert_eq!(
            hop("https://a.fr/x/y", "../é z").unwrap(),
            "https://a.fr/%C3%A9%20z"
        );
        assert_eq!(hop("https://a.fr/x", "//b.fr/#ici").unwrap(), "https://b.fr/");
    }

    #[test]
    fn what_must_not_be_followed_is_not() {
        for (from, location, why) in [
            ("https://a.fr/", "http://a.fr/x", "step down"),
            ("http://a.fr/", "file:///etc/passwd", "only http"),
            ("http://a.fr/", "javascript:1", "only http"),
            ("http://a.fr/", "http://a.fr/#same", "circle"),
            ("http://a.fr/", "http://[/", "not an address"),
        ] {
            let error = hop(from, location).unwrap_err();
            assert!(error.contains(why), "{location}: {error}");
        }
    }

    #[test]
    fn the_tenth_hop_is_followed_and_the_eleventh_is_not() {
        let visited: Vec<Url> = (0..=MAX_HOPS).map(|n| url(&format!("http://a.fr/{n}"))).collect();
        let step = |visited: &[Url]| next_hop(visited, &visited[visited.len() - 1], Some(b"/next"), MAX_HOPS);
        assert!(step(&visited[..MAX_HOPS]).is_ok());
        assert!(step(&visited).is_err());
    }
}
