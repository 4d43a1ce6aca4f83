//! What the deduplicator decided, with the evidence.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{comparing_form, without_www};
use crate::{Article, ArticleId, Digest, Hasher, Regrouping, Rewording, Seq, Sketch, StoryId, TermVector};

/// What an article is among those already known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A text of its own.
    New,
    /// A later version of the same article.
    Revision,
    /// The same folded text as its leader.
    Exact,
    /// The same text with small changes.
    Near,
    /// It holds its leader's text and more.
    Contains,
    /// Its text is a part of its leader's.
    ContainedIn,
    /// Its text is the opening of its leader's.
    Teaser,
}

impl Verdict {
    /// Every verdict, in the order tables show them.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::Revision,
        Self::Exact,
        Self::Near,
        Self::Contains,
        Self::ContainedIn,
        Self::Teaser,
    ];

    /// The verdict as `export` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Revision => "revision",
            Self::Exact => "exact",
            Self::Near => "near",
            Self::Contains => "contains",
            Self::ContainedIn => "contained_in",
            Self::Teaser => "teaser",
        }
    }

    /// The verdict from its written form.
    #[must_use]
    pub fn parse(written: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == written)
    }

    /// Whether the article is another publication of a leader's text.
    #[must_use]
    pub fn is_duplicate(self) -> bool {
        !matches!(self, Self::New | Self::Revision)
    }
}

/// The rule that decided. Codes are only ever added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Nothing known resembles it.
    NoMatch,
    /// Too few words to compare texts by.
    TooShort,
    /// The same guid in the same feed.
    SameGuid,
    /// The same canonical URL.
    SameUrl,
    /// The same source rewrote its text soon after.
    SameSourceRewrite,
    /// The same folded body, by hash.
    SameBody,
    /// Jaccard similarity of word 4-grams reached the threshold.
    Jaccard,
    /// Containment of word 4-grams reached the threshold.
    Containment,
    /// Containment of the leads reached the threshold.
    LeadContainment,
    /// Similar only as two fillings of one template are: a merge was refused.
    TemplateGuard,
    /// Passages in common, fewer than make a copy.
    PartialReuse,
    /// The same number in an address of the same site.
    SameNumber,
}

impl Rule {
    /// The rule as `explain` and `export` write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoMatch => "no_match",
            Self::TooShort => "too_short",
            Self::SameGuid => "same_guid",
            Self::SameUrl => "same_url",
            Self::SameSourceRewrite => "same_source_rewrite",
            Self::SameBody => "same_body",
            Self::Jaccard => "jaccard",
            Self::Containment => "containment",
            Self::LeadContainment => "lead_containment",
            Self::TemplateGuard => "template_guard",
            Self::PartialReuse => "partial_reuse",
            Self::SameNumber => "same_number",
        }
    }
}

/// Why a verdict was given. Similarities are in 0–1; absent where they were not computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rule that decided.
    pub rule: Rule,
    /// The article it was compared with: the leader of a duplicate, the predecessor of a revision, the
    /// nearest refused candidate otherwise.
    pub against: Option<ArticleId>,
    /// Jaccard similarity of word 4-grams.
    pub jaccard: Option<f32>,
    /// Containment: shared 4-grams over those of the shorter text.
    pub containment: Option<f32>,
    /// Containment of the leads.
    pub lead_containment: Option<f32>,
    /// Fingerprints both sketches hold.
    pub shared_fingerprints: Option<u32>,
    /// The similarities were computed on the whole texts, not estimated from sketches.
    pub on_full_texts: bool,
}

impl Evidence {
    /// Evidence that names its rule alone.
    #[must_use]
    pub fn of(rule: Rule) -> Self {
        Self {
            rule,
            against: None,
            jaccard: None,
            containment: None,
            lead_containment: None,
            shared_fingerprints: None,
            on_full_texts: false,
        }
    }
}

/// A key under which an article is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Key {
    /// A publisher's identifier inside one feed (or a file name inside one folder).
    Guid {
        /// The feed's address, or the folder's name.
        feed: String,
        /// The identifier.
        guid: String,
    },
    /// A canonical URL.
    Url(String),
    /// The hash of the folded body, by the first way of folding and hashing: the digest of the folded tokens between
    /// single spaces. Stored bodies are compared with new ones, so this is frozen; another way is a variant of its own,
    /// which tells stored bodies of both apart.
    Body(Digest),
    /// The address of a capture that was rejected as a whole.
    Capture(String),
    /// The number by which a site knows an article, read from its address.
    Number {
        /// The address's host.
        site: String,
        /// The number, or an identifier in its place.
        number: String,
    },
    /// The digest of an entry's feed, date, title and text.
    Entry(Digest),
}

impl Key {
    /// A fixed-length stand-in for indexes. Addresses and sites that differ by no more than scheme, `www.` and the like have one
    /// (see [`comparing_form`]): an article that moves to `https://` or loses its `www.` stays the same. It is stored in what
    /// is known of an article ([`KnownArticle`](crate::KnownArticle)), so another way of making it is another row.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::default();
        match self {
            Self::Guid { feed, guid } => hasher.part(b"guid").part(feed.as_bytes()).part(guid.as_bytes()),
            Self::Url(url) => hasher.part(b"url").part(comparing_form(url).as_bytes()),
            Self::Body(body) => hasher.part(b"body").part(&body.0),
            Self::Capture(uri) => hasher.part(b"capture").part(uri.as_bytes()),
            Self::Number { site, number } => hasher
                .part(b"number")
                .part(without_www(site).as_bytes())
                .part(number.as_bytes()),
            Self::Entry(digest) => hasher.part(b"entry").part(&digest.0),
        };
        hasher.finish()
    }
}

/// Where and when an article was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The name of the source.
    pub source: String,
    /// The feed, where there is one.
    pub feed_url: Option<String>,
    /// The address, where there is one.
    pub url: Option<String>,
    /// The capture's time.
    pub seen_at: Timestamp,
}

impl Place {
    /// Whether both are the same place, whenever they were seen.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.source == other.source && self.feed_url == other.feed_url && self.url == other.url
    }
}

/// A known article met again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The sighting's own place in the change log.
    pub seq: Seq,
    /// The record that was met again.
    pub of: Seq,
    /// The article that was met again.
    pub article: ArticleId,
    /// The new place; `None` when it is the same place and only the publisher's entry changed around the text.
    pub place: Option<Place>,
    /// Keys under which the article is known from now on.
    pub keys: Vec<Key>,
    /// The digest of the entry that led here.
    pub entry_digest: Option<Digest>,
}

/// What the deduplicator must remember of a record to decide about later ones. Restoring its state is
/// remembering every record again, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// The record's place in the change log.
    pub seq: Seq,
    /// The article.
    pub article: ArticleId,
    /// 1 for the first version of an article, counting up.
    pub revision: u32,
    /// What was decided.
    pub verdict: Verdict,
    /// The leader of a duplicate, or the record a revision replaces.
    pub of: Option<Seq>,
    /// The capture's time.
    pub captured_at: Timestamp,
    /// The first and the last moment at which the article can have been published.
    pub event: (Timestamp, Timestamp),
    /// The name of the source.
    pub source: String,
    /// Keys under which the article is known.
    pub keys: Vec<Key>,
    /// The digest of title and text.
    pub content: Digest,
    /// The digest of the feed entry behind it.
    pub entry_digest: Option<Digest>,
    /// Tokens in the folded text.
    pub tokens: u32,
    /// The sketch of the whole text.
    pub sketch: Sketch,
    /// The sketch of the opening.
    pub lead: Sketch,
    /// The story it belongs to.
    pub story: StoryId,
    /// What it is about.
    pub terms: TermVector,
}

/// An article with what was decided about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The article.
    pub article: Article,
    /// What the deduplicator remembers of it; holds id, verdict, story and revision.
    pub record: Remembered,
    /// The article a duplicate repeats.
    pub duplicate_of: Option<ArticleId>,
    /// The similarity that decided, 0–1: Jaccard for `near`, containment for the contained kinds, 1 for `exact`.
    pub similarity: Option<f32>,
    /// Why.
    pub evidence: Evidence,
    /// Where and when it was seen: the first sighting of a leader, a further one on a duplicate's leader.
    pub place: Place,
    /// Of a later version: the words it has in place of which others; `None` where the version before it is gone.
    pub rewording: Option<Rewording>,
    /// What it changes between copies and their leader.
    pub regroupings: Vec<Regrouping>,
}
