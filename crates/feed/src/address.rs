//! Addresses as publishers write them: relative, with blanks around them, of any scheme.

use url::Url;

/// An absolute HTTP address from what a publisher wrote, against the address it was found at.
#[must_use]
pub fn absolute(written: &str, base: Option<&str>) -> Option<String> {
    let written = written.trim();
    if written.is_empty() {
        return None;
    }
    let url = match Url::parse(written) {
        Ok(url) => url,
        Err(_) => Url::parse(base?).ok()?.join(written).ok()?,
    };
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.to_string())
}
