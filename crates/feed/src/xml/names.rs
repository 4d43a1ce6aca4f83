//! Namespaces: what a prefix means, declared or not.

use super::attributes::attributes;

/// A vocabulary that fields are known in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS of any version, sitemaps, and names without a namespace.
    Plain,
    /// Atom 0.3 and 1.0.
    Atom,
    /// Dublin Core, elements and terms.
    DublinCore,
    /// RSS 1.0's content module.
    Content,
    /// Media RSS.
    Media,
    /// Apple's podcasts.
    Itunes,
    /// RSS 1.0's syndication module.
    Syndication,
    /// `FeedBurner`.
    Feedburner,
    /// Google's news in sitemaps.
    News,
    /// Google's images in sitemaps.
    Image,
    /// RDF itself.
    Rdf,
    /// XHTML.
    Xhtml,
    /// Anything else, which says nothing about an entry's fields.
    Other,
}

/// Namespaces by a part of their address without scheme, in lower case. The more particular ones come first.
const ADDRESSES: &[(&str, Space)] = &[
    ("w3.org/2005/atom", Space::Atom),
    ("purl.org/atom", Space::Atom),
    ("purl.org/rss/1.0/modules/content", Space::Content),
    ("purl.org/rss/1.0/modules/syndication", Space::Syndication),
    ("purl.org/rss/1.0/modules/", Space::Other),
    ("purl.org/rss/", Space::Plain),
    ("purl.org/net/rss", Space::Plain),
    ("my.netscape.com/", Space::Plain),
    ("channel.netscape.com/", Space::Plain),
    ("backend.userland.com/", Space::Plain),
    ("blogs.law.harvard.edu/tech/rss", Space::Plain),
    ("cyber.law.harvard.edu/rss", Space::Plain),
    ("cyber.harvard.edu/rss", Space::Plain),
    ("rssboard.org/rss", Space::Plain),
    ("sitemaps.org/schemas/sitemap", Space::Plain),
    ("google.com/schemas/sitemap-news", Space::News),
    ("google.com/schemas/sitemap-image", Space::Image),
    ("google.com/schemas/sitemap-", Space::Other),
    ("google.com/schemas/sitemap", Space::Plain),
    ("purl.org/dc/", Space::DublinCore),
    ("purl.org/metadata/dublin_core", Space::DublinCore),
    ("search.yahoo.com/mrss", Space::Media),
    ("itunes.com/dtds", Space::Itunes),
    ("itunes.apple.com/dtds", Space::Itunes),
    ("rssnamespace.org/feedburner", Space::Feedburner),
    ("w3.org/1999/02/22-rdf-syntax", Space::Rdf),
    ("w3.org/1999/xhtml", Space::Xhtml),
];

/// What prefixes mean by custom, where nothing declares them.
const PREFIXES: &[(&str, Space)] = &[
    ("atom", Space::Atom),
    ("atom10", Space::Atom),
    ("atom03", Space::Atom),
    ("a10", Space::Atom),
    ("rss", Space::Plain),
    ("rss1", Space::Plain),
    ("rss09", Space::Plain),
    ("sitemap", Space::Plain),
    ("dc", Space::DublinCore),
    ("dcterms", Space::DublinCore),
    ("dct", Space::DublinCore),
    ("content", Space::Content),
    ("media", Space::Media),
    ("itunes", Space::Itunes),
    ("sy", Space::Syndication),
    ("syn", Space::Syndication),
    ("feedburner", Space::Feedburner),
    ("news", Space::News),
    ("n", Space::News),
    ("image", Space::Image),
    ("rdf", Space::Rdf),
    ("xhtml", Space::Xhtml),
    ("html", Space::Xhtml),
    ("h", Space::Xhtml),
];

/// Declarations in force at once; real feeds have some twenty. More are ignored.
const MAX_BINDINGS: usize = 128;

/// What prefixes mean at a place of the document.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Depth of the declaring element, prefix, meaning; the innermost last.
    bindings: Vec<(usize, &'a str, Space)>,
}

impl<'a> Names<'a> {
    /// Takes the declarations of an element at `depth`.
    pub(super) fn declare(&mut self, written: &'a str, depth: usize) {
        if !written.contains("xmlns") {
            return;
        }
        for (name, value) in attributes(written) {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) => match rest.strip_prefix(':') {
                    Some(prefix) => prefix,
                    None => continue,
                },
                None => continue,
            };
            if self.bindings.len() < MAX_BINDINGS {
                self.bindings.push((depth, prefix, meaning(value, prefix)));
            }
        }
    }

    /// Forgets the declarations of elements deeper than `depth`.
    pub(super) fn leave(&mut self, depth: usize) {
        while self
            .bindings
            .last()
            .is_some_and(|(declared, ..)| *declared > depth)
        {
            self.bindings.pop();
        }
    }

    /// Tells the prefix of the root element: unless it is bound to a vocabulary that roots are of, it is the feed's own.
    pub(super) fn set_own(&mut self, prefix: &'a str) {
        match self
            .bindings
            .iter_mut()
            .rev()
            .find(|(_, bound, _)| *bound == prefix)
        {
            Some((_, _, Space::Plain | Space::Atom | Space::Rdf)) => {}
            Some((_, _, space)) => *space = Space::Plain,
            None if prefix.is_empty() || known_prefix(prefix).is_some() => {}
            None => self.bindings.insert(0, (0, prefix, Space::Plain)),
        }
    }

    /// What a prefix means here, and whether it is declared.
    pub(super) fn space(&self, prefix: &str) -> (Space, bool) {
        let declared = self
            .bindings
            .iter()
            .rev()
            .find(|(_, bound, _)| *bound == prefix)
            .map(|(_, _, space)| *space);
        match declared {
            // A default namespace that nobody knows is the feed's own.
            Some(Space::Other) | None if prefix.is_empty() => (Space::Plain, true),
            Some(space) => (space, true),
            None => (
                known_prefix(prefix).unwrap_or(Space::Other),
                prefix.eq_ignore_ascii_case("xml"),
            ),
        }
    }
}

/// What a prefix means by custom.
fn known_prefix(prefix: &str) -> Option<Space> {
    PREFIXES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(prefix))
        .map(|(_, space)| *space)
}

/// What a namespace's address stands for; a misspelt one is told by its prefix.
fn meaning(address: &str, prefix: &str) -> Space {
    let lower = address.trim().to_ascii_lowercase();
    ADDRESSES
        .iter()
        .find(|(part, _)| lower.contains(part))
        .map(|(_, space)| *space)
        .or_else(|| known_prefix(prefix))
        .unwrap_or(Space::Other)
}

/// A name's prefix and the rest.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.rsplit_once(':').unwrap_or(("", name))
}
