//! The links of a page that may lead to feeds.

use url::Url;

use super::FoundBy;
use crate::link_field;
use crate::markup::{Dialect, Kind, Tag, tags};
use crate::politeness::registrable;

/// Links of one page that are followed, of each kind. A page that declares more lists its sections.
const MAX_LINKS: usize = 15;

/// Media types of feeds, as `link` elements name them.
const FEED_TYPES: &[&str] = &[
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
    "application/json",
    "application/x.atom+xml",
    "application/x-atom+xml",
    "application/xml",
    "text/xml",
    "text/rss+xml",
];

/// Words that an address of a feed has among its own.
const FEED_WORDS: &[&str] = &[
    "rss",
    "rss2",
    "feed",
    "feeds",
    "atom",
    "flux",
    "rdf",
    "backend",
    "fluxrss",
    "feedburner",
    "outboundfeeds",
];

/// Registrable parts of hosts that keep feeds for others.
const FEED_HOSTS: &[&str] = &[
    "feedburner.com",
    "feedproxy.google.com",
    "rss.app",
    "politepol.com",
];

/// A page that holds links.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) html: String,
    /// Values of the HTTP field `Link`.
    pub(super) header_links: Vec<String>,
    /// The address that answered.
    pub(super) base: Url,
}

/// A link that may lead to a feed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) url: Url,
    pub(super) title: Option<String>,
    pub(super) by: FoundBy,
}

/// The title of a page.
pub(super) fn title(html: &str) -> Option<String> {
    let mut site = None;
    for tag in tags(html, Dialect::Html) {
        match tag.name.as_str() {
            "meta" if tag.attribute("property") == Some("og:site_name") => {
                return tag.attribute("content").map(str::to_owned);
            }
            "title" if tag.kind == Kind::Opening && site.is_none() => {
                let text = html.get(tag.end..).unwrap_or_default();
                let text = text.split('<').next().unwrap_or_default();
                let text = html_escape::decode_html_entities(text).trim().to_owned();
                site = Some(text).filter(|text| !text.is_empty());
            }
            "body" => break,
            _ => {}
        }
    }
    site
}

/// Leads of a page: declared ones first, in their order.
pub(super) fn of(page: &Page) -> Vec<Link> {
    let mut base = page.base.clone();
    let (mut declared, mut linked) = (Vec::new(), Vec::new());
    for value in &page.header_links {
        declared.extend(header(value, &base));
    }
    for tag in tags(&page.html, Dialect::Html) {
        if tag.kind == Kind::Closing {
            continue;
        }
        match tag.name.as_str() {
            // Only the first `base` with an address counts, and for all that follows.
            "base" if base == page.base => {
                if let Some(href) = tag.attribute("href")
                    && let Ok(url) = page.base.join(href)
                {
                    base = url;
                }
            }
            "link" => declared.extend(element(&tag, &base)),
            "a" | "area" => linked.extend(anchor(&tag, &base)),
            _ => {}
        }
    }
    declared.truncate(MAX_LINKS);
    linked.truncate(MAX_LINKS);
    declared.append(&mut linked);
    declared
}

/// A `link` element that declares a feed.
fn element(tag: &Tag<'_>, base: &Url) -> Option<Link> {
    let relation = tag.attribute("rel").unwrap_or_default();
    let media = tag.attribute("type").unwrap_or_default();
    declares(relation, media).then_some(())?;
    let url = base.join(tag.attribute("href")?).ok()?;
    is_no_interface(&url).then_some(Link {
        url,
        title: tag.attribute("title").map(str::to_owned),
        by: FoundBy::LinkElement,
    })
}

/// Whether a relation and a media type declare a feed.
fn declares(relation: &str, media: &str) -> bool {
    let has = |wanted: &str| {
        relation
            .split_ascii_whitespace()
            .any(|word| word.eq_ignore_ascii_case(wanted))
    };
    let media = media
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_feed = FEED_TYPES.contains(&media.as_str());
    // `feed` was proposed as a relation of its own, which needs no type.
    (has("alternate") && is_feed && !has("stylesheet")) || (has("feed") && (is_feed || media.is_empty()))
}

/// `WordPress` declares its interface for programs and its embeds with the types of feeds.
fn is_no_interface(url: &Url) -> bool {
    !["/wp-json", "oembed", "/xmlrpc"]
        .iter()
        .any(|part| url.as_str().contains(part))
}

/// A link whose address looks like one of a feed.
fn anchor(tag: &Tag<'_>, base: &Url) -> Option<Link> {
    let url = base.join(tag.attribute("href")?).ok()?;
    let declared = declares(
        tag.attribute("rel").unwrap_or_default(),
        tag.attribute("type").unwrap_or_default(),
    );
    ((declared || looks_like_feed(&url, base)) && is_no_interface(&url)).then(|| Link {
        url,
        title: tag.attribute("title").map(str::to_owned),
        by: FoundBy::Anchor,
    })
}

/// Whether an address looks like one of a feed of the site at `base`.
fn looks_like_feed(url: &Url, base: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_feed_host = FEED_HOSTS
        .iter()
        .any(|known| host == *known || host.ends_with(&format!(".{known}")));
    if !is_feed_host && registrable(url) != registrable(base) {
        return false;
    }
    let path = url.path().to_ascii_lowercase();
    let file = path.rsplit('/').next().unwrap_or_default();
    let is_xml = [".xml", ".rss", ".rdf", ".atom"]
        .iter()
        .any(|end| file.ends_with(end));
    let words = |text: &str| -> bool {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| FEED_WORDS.contains(&word))
    };
    let query = url.query().unwrap_or_default().to_ascii_lowercase();
    // Long names are articles about feeds: `/2026/02/comment-lire-un-flux-rss-en-cinq-etapes`.
    let says_it = path
        .split('/')
        .any(|segment| segment.len() <= 30 && words(segment) && segment.matches('-').count() <= 3);
    is_feed_host || (is_xml && !path.contains("sitemap")) || says_it || words(&query)
}

/// The feeds that a `Link` field declares (RFC 8288 §3).
fn header(value: &str, base: &Url) -> Vec<Link> {
    let declared = link_field::read(value).into_iter().filter(|link| {
        let media = link.media_type.as_deref().unwrap_or_default();
        declares(&link.relations.join(" "), media)
    });
    declared
        .filter_map(|link| {
            let url = base.join(&link.target).ok()?;
            is_no_interface(&url).then_some(Link {
                url,
                title: link.title,
                by: FoundBy::LinkHeader,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(html: &str, headers: &[&str]) -> Vec<String> {
        let page = Page {
            html: html.to_owned(),
            header_links: headers.iter().map(|header| (*header).to_owned()).collect(),
            base: Url::parse("https://www.exemple.fr/politique/").unwrap(),
        };
        of(&page)
            .into_iter()
            .map(|link| {
                format!(
                    "{} {} {}",
                    link.by.as_str(),
                    link.url,
                    link.title.unwrap_or_default()
                )
            })
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    #[test]
    fn declared_feeds_are_found_relative_to_the_base() {
        let html = "<html><head><title>x</title><base href='/fr/'><base href='/en/'>\
            <link rel='Alternate home' type='application/rss+xml; charset=utf-8' title='L&rsquo;essentiel' href='une.xml?a=1&amp;b=2'>\
            <link rel=alternate type=application/json href=/wp-json/wp/v2/posts>\
            <link rel='alternate' type='text/xml+oembed' href='/oembed?url=x'>\
            <link rel='alternate' hreflang='en' href='/en/'><link rel='stylesheet alternate' type='text/xml' href='/s.xsl'>\
            <link rel=feed href=//flux.exemple.fr/atom><link type='application/atom+xml' rel='alternate'></head>";
        assert_eq!(
            told(html, &[]),
            [
                "link https://www.exemple.fr/fr/une.xml?a=1&b=2 L’essentiel",
                "link https://flux.exemple.fr/atom"
            ]
        );
    }

    #[test]
    fn the_link_header_is_read() {
        let header = "<https://www.exemple.fr/wp-json/>; rel=\"https://api.w.org/\", </feed>; rel=\"alternate\"; \
                      type=\"application/rss+xml\"; title=\"Un, deux; trois\", <x>; rel=next, <broken";
        assert_eq!(
            told("", &[header]),
            ["header https://www.exemple.fr/feed Un, deux; trois"]
        );
    }

    #[test]
    fn links_that_look_like_feeds_of_the_site_are_followed_and_others_not() {
        let html = "<a href=/rss>RSS</a><a href='https://feeds.feedburner.com/exemple'>b</a><a href='/a/index.xml'>\
            <a href='/?feed=atom'><a href='spip.php?page=backend'><a href='/nos-flux-rss'>\
            <a href='/2026/02/comment-lire-un-flux-rss-en-cinq-etapes'><a href='/sitemap.xml'>\
            <a href='https://feedly.com/i/subscription/feed/https://www.exemple.fr/rss'><a href='mailto:rss@exemple.fr'>\
            <a href='/feedback'><a href='https://autre.fr/rss.xml'><!-- <a href='/rss2'> --><script>'<a href=/rss3>'</script>";
        assert_eq!(
            told(html, &[]),
            [
                "anchor https://www.exemple.fr/rss",
                "anchor https://feeds.feedburner.com/exemple",
                "anchor https://www.exemple.fr/a/index.xml",
                "anchor https://www.exemple.fr/?feed=atom",
                "anchor https://www.exemple.fr/politique/spip.php?page=backend",
                "anchor https://www.exemple.fr/nos-flux-rss",
            ]
        );
    }

    #[test]
    fn broken_html_gives_what_it_has() {
        let html = "<head <link rel=alternate type=application/rss+xml href=/a><link rel=\"alternate\" type='application/rss+xml' \
            href='/b' title=\"Côté <b>\"<a href=/rss.xml";
        assert_eq!(
            told(html, &[]),
            [
                "link https://www.exemple.fr/a",
                "link https://www.exemple.fr/b Côté <b>",
                "anchor https://www.exemple.fr/rss.xml"
            ]
        );
        let many = "<link rel=alternate type=application/rss+xml href='/n'>".repeat(50_000);
        assert_eq!(told(&many, &[]).len(), MAX_LINKS);
    }

    #[test]
    fn the_title_is_the_site_s_own() {
        assert_eq!(
            title("<title> L&#39;Écho du Val </title><body>").as_deref(),
            Some("L'Écho du Val")
        );
        let named = "<title>Une</title><meta property=og:site_name content='L’Écho'><body>";
        assert_eq!(title(named).as_deref(), Some("L’Écho"));
        assert_eq!(title("<title></title>"), None);
    }
}
