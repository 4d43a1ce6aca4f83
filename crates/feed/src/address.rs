//! Addresses as publishers write them: relative, with blanks in them, without a scheme.

use url::Url;

/// An absolute HTTP address from what a publisher wrote, against the address it was found at.
#[must_use]
pub fn absolute(written: &str, base: Option<&str>) -> Option<String> {
    let written = written.trim();
    if written.is_empty() || written.len() > MAX_BYTES {
        return None;
    }
    let url = match Url::parse(written) {
        Ok(url) => url,
        Err(_) => joined(written, base)?,
    };
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.to_string())
}

/// Servers refuse longer addresses: 8 kB is their common limit, and some pages carry their state in the address.
const MAX_BYTES: usize = 64 * 1024;

fn joined(written: &str, base: Option<&str>) -> Option<Url> {
    // An address without its scheme; joined, it would be a path.
    if written.starts_with("www.") && !written.contains(char::is_whitespace) {
        return Url::parse(&format!("http://{written}")).ok();
    }
    match base {
        Some(base) => Url::parse(base).ok()?.join(written).ok(),
        None => written
            .starts_with("//")
            .then(|| Url::parse(&format!("https:{written}")).ok())?,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_absolute() {
        let base = Some("https://example.org/une/rss.xml");
        for (written, expected) in [
            (" https://example.org/a ", Some("https://example.org/a")),
            ("/a?b=c", Some("https://example.org/a?b=c")),
            ("a", Some("https://example.org/une/a")),
            ("//cdn.example.org/a", Some("https://cdn.example.org/a")),
            ("www.example.fr/a", Some("http://www.example.fr/a")),
            ("https://example.org/\n  a", Some("https://example.org/%20%20a")),
            ("mailto:a@example.org", None),
            ("tag:example.org,2026:1", None),
            ("", None),
        ] {
            assert_eq!(absolute(written, base).as_deref(), expected, "{written:?}");
        }
        assert_eq!(
            absolute("//example.org/a", None).as_deref(),
            Some("https://example.org/a")
        );
        assert_eq!(absolute("/a", None), None);
    }
}
