//! What the fetcher remembers of a feed from one poll to the next, and over restarts.
//!
//! It is kept by the store without being read, as bytes: a version, then postcard. A program that does not know the
//! version begins anew with the feed, which costs one unconditional request and some days of learning. In memory an idle
//! feed is these bytes too; they are opened for a poll and closed after it.

use depeche_model::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schedule::{Arrivals, Decision, Known, Standing};
use crate::sitemap_index::IndexMemory;
use crate::websub::HubState;

/// The layout below.
const VERSION: u8 = 2;

/// The first half of a digest: enough to tell an answer from the one before.
pub(crate) type Half = [u8; 16];

/// What is remembered of a feed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedMemory {
    /// Polls so far, those that sent no request left out.
    pub polls: u64,
    /// How often something new comes.
    pub arrivals: Arrivals,
    /// The items of the last answer.
    pub known: Known,
    /// How many items that answer had.
    pub window: u32,
    /// What the publisher asks for.
    pub standing: Standing,
    /// What failures added up to since the last success, in quarters.
    pub score: u16,
    /// Failures since the last success.
    pub failures: u16,
    /// Answers in a row that had no known item.
    pub gaps: u8,
    /// The interval of the last success; 0 before the first.
    pub interval_ms: u32,
    /// How quiet the feed is for one of its kind.
    pub silence: Silence,
    /// The last journaled answer that was a whole feed, without what changes at every request.
    pub(crate) answer: Option<Half>,
    /// The last journaled answer that was a feed and broke off: some servers never send a whole one.
    pub(crate) part: Option<Half>,
    /// The last journaled answer that was none.
    pub(crate) no_feed: Option<Half>,
    /// The address it says it has, in short.
    pub self_url: Option<u32>,
    /// Where it has moved, or seems to.
    pub moved: Moved,
    /// The sitemaps below a sitemap index.
    pub(crate) index: Option<Box<IndexMemory>>,
    /// When the next poll is, and why.
    pub decision: Decision,
    /// How it stands with its hub.
    pub hub: Option<HubState>,
}

/// How long nothing new came, against what was to be expected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// When something new came last, in Unix seconds; `None` before the first answer.
    pub since: Option<i64>,
    /// The items that should have come since.
    pub expected: f32,
    /// The last unconditional request, in Unix seconds.
    pub probed: Option<i64>,
}

/// Where a feed has moved for good, or seems to be moving.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moved {
    /// It answers where it is configured.
    #[default]
    No,
    /// It is redirected for good; not yet for long.
    Maybe {
        /// Where to.
        to: Box<str>,
        /// The distinct days on which this was seen.
        days: u8,
        /// The last of them, in days since 1970.
        last: i32,
    },
    /// It is asked for there.
    To(Box<str>),
    /// It is redirected for good to something that was not the same feed when it began: never believed.
    Elsewhere(Box<str>),
}

impl Moved {
    /// The address to ask in place of the configured one.
    #[must_use]
    pub fn learnt(&self) -> Option<&str> {
        match self {
            Self::To(to) => Some(to),
            Self::No | Self::Maybe { .. } | Self::Elsewhere(_) => None,
        }
    }
}

/// How many distinct days a permanent redirect must hold before it is believed. Sites that are being moved answer 301 by
/// mistake for an afternoon.
const DAYS_BELIEVED: u8 = 3;

/// How quiet a feed must be before its 304 is doubted: so long, and so many items that should have come.
const SILENT_SECS: i64 = 2 * 86_400;
const SILENT_ITEMS: f32 = 5.0;
/// How often a doubted feed is asked without a condition.
const PROBE_SECS: i64 = 86_400;

impl FeedMemory {
    /// Opens what [`Self::close`] gave; `None` when it is of another version or damaged.
    #[must_use]
    pub fn open(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [VERSION, rest @ ..] => postcard::from_bytes(rest).ok(),
            _ => None,
        }
    }

    /// The bytes to keep.
    #[must_use]
    pub fn close(&self) -> Vec<u8> {
        let begun = vec![VERSION];
        // Nothing in it can fail to be written; were it so, the feed would begin anew.
        postcard::to_extend(self, begun).unwrap_or_default()
    }

    /// Whether a 304 of this feed is doubted, so that it is asked without a condition now.
    #[must_use]
    pub(crate) fn doubts(&self, now: Timestamp) -> bool {
        let now = now.as_second();
        let long = |since: Option<i64>, secs| since.is_none_or(|since| now - since >= secs);
        self.silence.since.is_some()
            && long(self.silence.since, SILENT_SECS)
            && self.silence.expected >= SILENT_ITEMS
            && long(self.silence.probed, PROBE_SECS)
    }

    /// Takes note of whether something new came, and what should have.
    pub(crate) fn note_silence(&mut self, new: bool, expected: f64, now: Timestamp) {
        if new || self.silence.since.is_none() {
            self.silence.since = Some(now.as_second());
            self.silence.expected = 0.0;
        } else {
            self.silence.expected += expected as f32;
        }
    }

    /// Takes note of where an answer came from: `to` when the address asked redirects there for good, and whether the
    /// answer is the same feed as before, where that can be told.
    pub(crate) fn note_place(&mut self, to: Option<&str>, same_feed: Option<bool>, now: Timestamp) {
        let today = i32::try_from(now.as_second().div_euclid(86_400)).unwrap_or(i32::MAX);
        let Some(to) = to else {
            if self.moved.learnt().is_none() {
                self.moved = Moved::No;
            }
            return;
        };
        let days = match (&self.moved, same_feed) {
            // What comes from there is known by now, which makes it no more the same.
            (Moved::Elsewhere(before), _) if **before == *to => return,
            (_, None) => return,
            (_, Some(false)) => {
                self.moved = Moved::Elsewhere(to.into());
                return;
            }
            (
                Moved::Maybe {
                    to: before,
                    days,
                    last,
                },
                Some(true),
            ) if **before == *to => days + u8::from(*last != today),
            (_, Some(true)) => 1,
        };
        self.moved = if days >= DAYS_BELIEVED {
            tracing::info!(to, "feed has moved for good");
            Moved::To(to.into())
        } else {
            Moved::Maybe {
                to: to.into(),
                days,
                last: today,
            }
        };
    }
}

/// The half of a digest that is remembered.
pub(crate) fn half(digest: Digest) -> Half {
    let mut half = [0; 16];
    half.copy_from_slice(&digest.0[..16]);
    half
}
