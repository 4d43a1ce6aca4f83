//! What travels from stage to stage: one item a capture, from the journal to the commit.
//!
//! A capture is the unit of acknowledgement. All that came of it is decided together and committed
//! together, so it is either wholly in the store or wholly owed by the journal.

use serde::{Deserialize, Serialize};

use crate::{Article, Capture, CaptureRef, Digest, Judged, Keeping, Key, PageOrder, Seq, Sighting, Warning};

/// Where the journal keeps a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Captures are numbered from 1 without gaps over the life of the journal.
    pub ordinal: u64,
    /// The segment's number.
    pub segment: u32,
    /// Offset of the record's first byte in the segment as it was written.
    pub offset: u64,
    /// Length of the record in bytes, its closing blank lines included.
    pub length: u64,
}

/// A capture that is durable in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journaled {
    /// The capture.
    pub capture: Capture,
    /// Where it is kept.
    pub position: Position,
    /// Why each earlier delivery of it was lost, once they are too many to try again. It is then delivered a last
    /// time, to be rejected as [`RejectionReason::Undeliverable`] without another look at it. Empty otherwise.
    pub given_up: Vec<String>,
}

/// What normalising made of one item of a capture.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// A clean article.
    Article(Box<Article>),
    /// An entry whose text is worth fetching its page for.
    PageWanted(Box<PageOrder>),
    /// Nothing usable, and why.
    Rejected(Rejection),
}

/// What normalising made of a capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalized {
    /// The capture.
    pub capture: CaptureRef,
    /// Its items in the order the publisher gave them.
    pub outputs: Vec<Output>,
    /// What was repaired in the capture as a whole.
    pub warnings: Vec<Warning>,
}

/// What was decided about one item of a capture.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// A record to store: a new article, a revision or a duplicate.
    Judged(Box<Judged>),
    /// A known article at a new place, or with a changed entry around the same text.
    Seen(Sighting),
    /// Known and unchanged: nothing to record.
    Unchanged,
    /// A page to fetch before deciding.
    PageOwed(Box<PageOrder>),
    /// Nothing usable; kept under its place in the change log with the reason.
    Rejected(Seq, Rejection),
}

/// What was decided about a capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The capture.
    pub capture: CaptureRef,
    /// Decisions in the order of the outputs they answer.
    pub decisions: Vec<Decision>,
    /// What the deduplicator needs of them after a restart.
    pub keeping: Keeping,
    /// What was repaired in the capture as a whole.
    pub warnings: Vec<Warning>,
}

/// An item, or a whole capture, of which nothing can be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// Why.
    pub reason: RejectionReason,
    /// The title or first words, to recognise it by.
    pub title: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// The key it would be known under; met again with the same `digest` it is not told twice.
    pub key: Option<Key>,
    /// A digest of what was rejected.
    pub digest: Digest,
}

/// Why something was rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RejectionReason {
    /// It holds no text at all.
    Empty,
    /// The text is in a language that is not wanted.
    Language {
        /// Detected language, ISO 639-1 where there is one.
        detected: String,
        /// Confidence, 0–1.
        confidence: f32,
    },
    /// A feed address answered something else.
    NotAFeed {
        /// What it answered, for people: `an HTML page`.
        found: String,
    },
    /// The bytes are no text.
    Binary {
        /// What they look like.
        found: String,
    },
    /// More bytes than allowed.
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The format is known and the content cannot be read.
    Unreadable {
        /// What is wrong and where.
        error: String,
    },
    /// A page without an article, and an entry without a text.
    NoArticle,
    /// A parser gave up abnormally on this capture alone.
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// Every delivery of the capture was lost.
    Undeliverable {
        /// Why, the first delivery first.
        errors: Vec<String>,
    },
}

impl RejectionReason {
    /// Every code.
    pub const CODES: [&'static str; 9] = [
        "empty",
        "language",
        "not_a_feed",
        "binary",
        "too_large",
        "unreadable",
        "no_article",
        "panicked",
        "undeliverable",
    ];

    /// The reason's code, for counting and filtering.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Language { .. } => "language",
            Self::NotAFeed { .. } => "not_a_feed",
            Self::Binary { .. } => "binary",
            Self::TooLarge { .. } => "too_large",
            Self::Unreadable { .. } => "unreadable",
            Self::NoArticle => "no_article",
            Self::Panicked { .. } => "panicked",
            Self::Undeliverable { .. } => "undeliverable",
        }
    }
}

impl std::fmt::Display for RejectionReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("no text"),
            Self::Language { detected, confidence } => {
                write!(
                    f,
                    "language is `{detected}` (confidence {confidence:.2}), not one of `normalize.languages`"
                )
            }
            Self::NotAFeed { found } => write!(f, "not a feed but {found}"),
            Self::Binary { found } => write!(f, "not text but {found}"),
            Self::TooLarge { limit } => write!(f, "larger than {limit} bytes"),
            Self::Unreadable { error } => write!(f, "cannot be read: {error}"),
            Self::NoArticle => f.write_str("no article on the page and no text in the entry"),
            Self::Panicked { message } => write!(f, "the parser failed on it: {message}"),
            Self::Undeliverable { errors } => {
                write!(f, "given up after {} deliveries", errors.len())?;
                let mut chain: Vec<&String> = errors.iter().collect();
                chain.dedup();
                chain.iter().try_for_each(|error| write!(f, ": {error}"))
            }
        }
    }
}
