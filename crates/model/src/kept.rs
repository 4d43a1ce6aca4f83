//! What the deduplicator needs again after a restart, in rows that matter for as long as the stream says.
//!
//! A decision makes rows: of the article that was met, of the text that others are compared with, of what it adds to its story,
//! of what was refused. Each belongs to a day of the stream's own time, and from any day on the rows of a kind are enough for
//! what that kind still decides after that day and its window. So a start reads a range and what is older is dropped by range.
//!
//! [`KnownArticle`] says all that is known of an article and takes the place of its row before, so there is one an article,
//! on the day on which it was last met. The others are written once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{ArticleId, Digest, Seq, Sketch, StoryId, TermVector, Verdict};

/// Timestamps in rows: nanoseconds as a number, which is read in a tenth of the time that a written date takes.
use jiff::fmt::serde::timestamp::nanosecond::required as nanos;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// A day of the stream's own time, counted from 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamDay(pub i32);

impl StreamDay {
    /// Before every other.
    pub const FIRST: Self = Self(i32::MIN);

    /// The day so long before a moment.
    #[must_use]
    pub fn back(moment: Timestamp, window: SignedDuration) -> Self {
        moment.checked_sub(window).unwrap_or(Timestamp::MIN).into()
    }

    /// So many days earlier.
    #[must_use]
    pub fn before(self, days: i32) -> Self {
        Self(self.0.saturating_sub(days))
    }
}

impl From<Timestamp> for StreamDay {
    fn from(moment: Timestamp) -> Self {
        // A timestamp's days go from -4,371,953 to 2,932,896.
        Self(moment.as_second().div_euclid(SECONDS_A_DAY) as i32)
    }
}

/// All that is known of an article by its keys. Hashes and digests in it are compared with new ones, so how they are made is
/// frozen with this row: made in another way they are another row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownArticle {
    /// The article.
    pub article: ArticleId,
    /// The record or sighting by which it was last met: rows of one day are taken in in this order.
    pub seq: Seq,
    /// The stream's time then, to the microsecond.
    #[serde(with = "nanos")]
    pub met: Timestamp,
    /// Seconds from its latest record to then.
    pub lag_secs: u32,
    /// Its latest record.
    pub latest: Seq,
    /// The number of its latest version.
    pub revision: u32,
    /// The verdict on its latest record.
    pub verdict: Verdict,
    /// The first half of the digest of its latest title and text.
    pub content: u64,
    /// Its story.
    pub story: StoryId,
    /// The record it repeats and that record's article, for a duplicate.
    pub leader: Option<(Seq, ArticleId)>,
    /// Its latest record whose text is posted.
    pub posted: Option<Seq>,
    /// Whether it has an address.
    pub has_url: bool,
    /// Where it was seen, the first place first: a hash of source, feed and address, and one of the feed alone.
    pub places: Vec<(u64, Option<u64>)>,
    /// The keys that lead to it and to no later article, each with the first half of the digest of the entry that was last
    /// met under it.
    pub keys: Vec<(Digest, Option<u64>)>,
    /// Its records before the latest.
    pub records: Vec<Seq>,
    /// The folded bodies of which its latest record is the first.
    pub bodies: Vec<Digest>,
    /// The folded bodies of which an earlier record of it is the first.
    pub earlier_bodies: Vec<KnownBody>,
}

/// A folded body and the first record that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownBody {
    /// The digest of the folded body.
    pub body: Digest,
    /// The record.
    pub record: Seq,
    /// Its verdict.
    pub verdict: Verdict,
    /// The record it repeats and that record's article, for a duplicate.
    pub leader: Option<(Seq, ArticleId)>,
    /// The stream's time when it came, to the microsecond.
    #[serde(with = "nanos")]
    pub met: Timestamp,
}

/// Something that was rejected, as far as refusing the same again needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedEntry {
    /// Its number in the change log.
    pub seq: Seq,
    /// The digest of its key.
    pub key: Digest,
    /// The digest of what was rejected.
    pub digest: Digest,
    /// The stream's time then.
    #[serde(with = "nanos")]
    pub met: Timestamp,
}

/// A text that later ones are compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedText {
    /// The record.
    pub seq: Seq,
    /// Its article.
    pub article: ArticleId,
    /// The capture's time.
    #[serde(with = "nanos")]
    pub captured_at: Timestamp,
    /// The stream's time when it was posted.
    #[serde(with = "nanos")]
    pub since: Timestamp,
    /// The name of the source.
    pub source: String,
    /// Tokens in the folded text.
    pub tokens: u32,
    /// Whether it repeats a leader and adds something of its own.
    pub is_member: bool,
    /// The sketch of the whole text.
    pub sketch: Sketch,
    /// The sketch of the opening.
    pub lead: Sketch,
}

/// What a record adds to its story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoryPart {
    /// The record.
    pub seq: Seq,
    /// Its article.
    pub article: ArticleId,
    /// The story.
    pub story: StoryId,
    /// Its verdict: a copy keeps a story open, a version says what it is about, a new article is counted too.
    pub verdict: Verdict,
    /// The stream's time when it came.
    #[serde(with = "nanos")]
    pub added_at: Timestamp,
    /// The earliest of the last moments at which an article of the story can have been published, this one included.
    #[serde(with = "nanos")]
    pub earliest_end: Timestamp,
    /// The latest of the first moments, this one included.
    #[serde(with = "nanos")]
    pub latest_start: Timestamp,
    /// What it is about; of a copy nothing.
    pub terms: TermVector,
}

/// One row to keep.
#[derive(Debug, Clone, PartialEq)]
pub enum Keep {
    /// What is known of an article, in place of what was known on the day `before`.
    Known {
        /// The row.
        known: Box<KnownArticle>,
        /// The day of the row that it takes the place of; `None` for an article that was not known.
        before: Option<StreamDay>,
    },
    /// What was refused.
    Refused(RefusedEntry),
    /// A text that others are compared with.
    Posted(Box<PostedText>),
    /// What a story was added.
    Part(Box<StoryPart>),
}

/// The first day of each kind of rows that still decides anything: rows of earlier days can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Horizon {
    /// Of [`KnownArticle`] and [`RefusedEntry`].
    pub known: StreamDay,
    /// Of [`PostedText`].
    pub posted: StreamDay,
    /// Of [`StoryPart`].
    pub parts: StreamDay,
}

impl Default for Horizon {
    fn default() -> Self {
        Self {
            known: StreamDay::FIRST,
            posted: StreamDay::FIRST,
            parts: StreamDay::FIRST,
        }
    }
}

/// What is kept because of one capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Keeping {
    /// Rows, in the order of the decisions that made them.
    pub rows: Vec<Keep>,
    /// The stream's time after the capture.
    pub stream: Timestamp,
    /// What still matters after it.
    pub horizon: Horizon,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            stream: Timestamp::MIN,
            horizon: Horizon::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_before_1970_too() {
        let day = |written: &str| StreamDay::from(written.parse::<Timestamp>().unwrap());
        assert_eq!(day("1970-01-01T23:59:59.999999999Z"), StreamDay(0));
        assert_eq!(day("1969-12-31T23:59:59Z"), StreamDay(-1));
        assert_eq!(day("2026-02-06T00:00:00Z").before(1), day("2026-02-05T12:00:00Z"));
        assert!(StreamDay::from(Timestamp::MIN) > StreamDay::FIRST);
        assert!(StreamDay::from(Timestamp::MIN) < StreamDay::from(Timestamp::MAX));
    }
}
