//! What a search for feeds gives.

use depeche_feed::FeedKind;
use jiff::Timestamp;

/// A feed that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct DiscoveredFeed {
    /// Its address.
    pub url: String,
    /// Its title, else the one it was linked with.
    pub title: Option<String>,
    /// The site it names as its own.
    pub site: Option<String>,
    /// Its format.
    pub kind: FeedKind,
    /// How many entries it holds.
    pub items: usize,
    /// The time of its newest entry.
    pub newest: Option<Timestamp>,
    /// The language it declares, else `fr` where its words are French.
    pub language: Option<String>,
    /// Its entries carry their articles in full.
    pub is_full_text: bool,
    /// It is a feed of readers' comments.
    pub is_comments: bool,
    /// What led to it.
    pub found_by: FoundBy,
    /// Other addresses with the same content.
    pub also_at: Vec<String>,
}

/// What led to a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundBy {
    /// It is the address that was given.
    Address,
    /// A `link` element of the page.
    LinkElement,
    /// The HTTP field `Link`.
    LinkHeader,
    /// A link in the page.
    Anchor,
    /// A `Sitemap` line of `robots.txt`.
    Robots,
    /// A sitemap index.
    SitemapIndex,
    /// A path at which feeds are usually found.
    KnownPath,
}

impl FoundBy {
    /// The way in listings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::LinkElement => "link",
            Self::LinkHeader => "header",
            Self::Anchor => "anchor",
            Self::Robots => "robots",
            Self::SitemapIndex => "sitemap",
            Self::KnownPath => "known path",
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discovery {
    /// The feeds, the best first.
    pub feeds: Vec<DiscoveredFeed>,
    /// Leads that could not be used, each with the reason, for people.
    pub notes: Vec<String>,
    /// Hosts that turned this program away, each with what it said and how many leads were dropped for it, for people.
    pub refusals: Vec<String>,
    /// No server answered at all.
    pub is_unreachable: bool,
}

/// Why nothing was looked for.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The address cannot be asked.
    #[error("`{address}` is no address of a site: {why}")]
    Address {
        /// The address as given.
        address: String,
        /// What is wrong with it.
        why: String,
    },
}
