//! What an answer is that is no feed: told for people and for machines.
//!
//! An HTML page in a feed's place is most often a bot wall or a consent page, which must not be taken for a broken
//! feed: the marks that the walls' makers leave in their pages are looked for.

use std::fmt;

/// An answer that is no feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAFeed {
    /// What it is instead.
    pub found: Found,
    /// More about it, for people; empty where `found` says it all.
    pub detail: String,
}

/// What was found in a feed's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Found {
    /// An HTML page without a sign of a wall.
    Page,
    /// An HTML page that keeps programs or undecided visitors out.
    Wall(Wall),
    /// Nothing but white space.
    Empty,
    /// Bytes that are no text.
    Binary,
    /// JSON that is no feed.
    Json,
    /// XML without entries.
    Xml,
    /// Prose.
    Text,
    /// A body that a reader gave up on abnormally.
    Unreadable,
}

/// Who keeps visitors out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wall {
    /// Cloudflare's challenge.
    Cloudflare,
    /// `DataDome`.
    DataDome,
    /// `PerimeterX`, now HUMAN.
    PerimeterX,
    /// Imperva's Incapsula.
    Incapsula,
    /// Akamai's bot manager.
    Akamai,
    /// Sucuri's firewall.
    Sucuri,
    /// Anubis, which asks for a proof of work.
    Anubis,
    /// A captcha of whatever make.
    Captcha,
    /// A page that asks for consent to cookies before anything else.
    Consent,
}

impl Wall {
    /// The wall's name, for people and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cloudflare => "cloudflare",
            Self::DataDome => "datadome",
            Self::PerimeterX => "perimeterx",
            Self::Incapsula => "incapsula",
            Self::Akamai => "akamai",
            Self::Sucuri => "sucuri",
            Self::Anubis => "anubis",
            Self::Captcha => "captcha",
            Self::Consent => "consent",
        }
    }
}

/// What the walls' makers leave in their pages, in lower case; the first that is found names the wall. Phrases that
/// stand in ordinary pages too (`captcha` in a form) come last and must fill most of the page: see [`SMALL_PAGE_BYTES`].
const MARKS: &[(&str, Wall, Size)] = &[
    ("/cdn-cgi/challenge-platform", Wall::Cloudflare, Size::Small),
    ("cf-chl", Wall::Cloudflare, Size::Small),
    ("_cf_chl_opt", Wall::Cloudflare, Size::Any),
    ("<title>just a moment", Wall::Cloudflare, Size::Any),
    (
        "<title>attention required! | cloudflare",
        Wall::Cloudflare,
        Size::Any,
    ),
    ("captcha-delivery.com", Wall::DataDome, Size::Any),
    ("datadome", Wall::DataDome, Size::Small),
    ("_pxappid", Wall::PerimeterX, Size::Small),
    ("px-captcha", Wall::PerimeterX, Size::Any),
    ("perimeterx", Wall::PerimeterX, Size::Small),
    ("_incapsula_resource", Wall::Incapsula, Size::Small),
    ("incapsula incident", Wall::Incapsula, Size::Any),
    ("errors.edgesuite.net", Wall::Akamai, Size::Small),
    ("_abck", Wall::Akamai, Size::Small),
    ("sucuri website firewall", Wall::Sucuri, Size::Any),
    ("sucuri_cloudproxy_js", Wall::Sucuri, Size::Any),
    ("/.within.website/x/cmd/anubis", Wall::Anubis, Size::Any),
    ("anubis_challenge", Wall::Anubis, Size::Any),
    ("g-recaptcha", Wall::Captcha, Size::Small),
    ("h-captcha", Wall::Captcha, Size::Small),
    ("cf-turnstile", Wall::Captcha, Size::Small),
    ("captcha", Wall::Captcha, Size::Small),
    ("vous n'êtes pas un robot", Wall::Captcha, Size::Small),
    ("are you a robot", Wall::Captcha, Size::Small),
    ("consent.google.", Wall::Consent, Size::Small),
    ("consent.yahoo.com", Wall::Consent, Size::Small),
    ("guce.", Wall::Consent, Size::Small),
    ("gérer mes choix", Wall::Consent, Size::Small),
    ("accepter les cookies", Wall::Consent, Size::Small),
    ("accepter et continuer", Wall::Consent, Size::Small),
    ("continuer sans accepter", Wall::Consent, Size::Small),
];

/// Where a mark counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// In a page of any length.
    Any,
    /// In a page that holds little else.
    Small,
}

/// Walls are short pages: those of the makers above have 1 to 30 kB, the front page of a newspaper 200 kB and more.
const SMALL_PAGE_BYTES: usize = 64 * 1024;

/// The marks stand near the beginning.
const SEARCHED_BYTES: usize = 256 * 1024;

/// The wall that an HTML page is, if it is one. Made for pages in a feed's place: of a page that holds an article it may
/// name what stands beside the article, so ask only of pages without one.
#[must_use]
pub fn wall(html: &str) -> Option<Wall> {
    let small = html.len() <= SMALL_PAGE_BYTES;
    let mut end = html.len().min(SEARCHED_BYTES);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let lower = html.get(..end).unwrap_or(html).to_lowercase();
    MARKS
        .iter()
        .find(|(mark, _, size)| (small || *size == Size::Any) && lower.contains(mark))
        .map(|(_, wall, _)| *wall)
}

impl NotAFeed {
    /// An answer that is something else.
    pub(crate) fn new(found: Found, detail: impl Into<String>) -> Self {
        Self {
            found,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for NotAFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.found {
            Found::Page => "an HTML page",
            Found::Wall(wall) => {
                return write!(f, "an HTML page that keeps programs out ({})", wall.as_str());
            }
            Found::Empty => "nothing",
            Found::Binary => "bytes that are no text",
            Found::Json => "a JSON document",
            Found::Xml => "an XML document without entries",
            Found::Text => "plain text",
            Found::Unreadable => "a document that cannot be read",
        };
        f.write_str(what)?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for NotAFeed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_is_known_by_its_maker_s_marks() {
        for (html, expected) in [
            (
                "<html><head><title>Just a moment...</title>",
                Some(Wall::Cloudflare),
            ),
            (
                "<html><script src=\"/cdn-cgi/challenge-platform/h/g/orchestrate\">",
                Some(Wall::Cloudflare),
            ),
            (
                "<html><p id=\"cmsg\">Please enable JS</p><script src=\"https://ct.captcha-delivery.com/c.js\">",
                Some(Wall::DataDome),
            ),
            ("<html><div id=\"px-captcha\">", Some(Wall::PerimeterX)),
            (
                "<html><iframe src=\"/_Incapsula_Resource?SWUDNSAI=31\">",
                Some(Wall::Incapsula),
            ),
            (
                "<html><p>Prouvez que vous n'êtes pas un robot</p>",
                Some(Wall::Captcha),
            ),
            (
                "<html><button>Continuer sans accepter</button>",
                Some(Wall::Consent),
            ),
            ("<html><p>Le port a rouvert.</p>", None),
        ] {
            assert_eq!(wall(html), expected, "{html}");
        }
    }

    #[test]
    fn a_form_with_a_captcha_does_not_make_a_wall_of_a_long_page() {
        let page = format!(
            "<html><div class=\"g-recaptcha\"></div>{}",
            "<p>Article</p>".repeat(6000)
        );
        assert_eq!(wall(&page), None);
    }
}
