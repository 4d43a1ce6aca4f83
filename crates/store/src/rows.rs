//! What a row holds: an envelope, then postcard. Large rows stand in parts beside their place. A type that is written
//! here is frozen: a change makes a new version beside it.
//!
//! | version | envelope | codecs |
//! |---|---|---|
//! | 1 | version, codec | plain; zstd behind a length of four bytes; in parts, whose number follows |
//! | 2 | version, codec, dictionary | plain; zstd with that dictionary |
//!
//! A row may grow at its end: what an older row lacks there is read as empty, and an older program reads past it. An article's
//! row grew so by its captions and tables and by which rows stand beside it, that of a page's order by its entry's date and warnings.
//!
//! Rows of version 1 stay as they are in an older store. What every program must be able to read, the schema's number and
//! the dictionaries, is written in version 1 for good.

use std::collections::BTreeMap;

use depeche_model::{
    Article, ArticleId, ContentFrom, Digest, Evidence, Place, Published, Regrouping, Rejection, Seq, StoryId,
    Table, Validators, Verdict, Warning,
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{StoreError, dictionary, keys};

/// The layout of keys and rows.
pub(crate) const SCHEMA: u32 = 3;

/// The layout before the deduplicator's rows had a window: a record's memory row has everything, of all time.
pub(crate) const SCHEMA_OF_WHOLE_MEMORIES: u32 = 2;

const V1: u8 = 1;
const V2: u8 = 2;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// The row stands in parts beside it; what follows is their number. Of version 1 only.
const IN_PARTS: u8 = 2;

/// A row is cut into parts of at most this many bytes, far below the 2 MiB from which sled would put it into an
/// unsynced blob file.
pub(crate) const PART_BYTES: usize = 100_000;

/// Rows below this length do not shrink, even with a dictionary.
const COMPRESS_FROM_BYTES: usize = 64;
/// No row decompresses to more: the largest text comes from a body of `fetch.max_body`.
const MAX_ROW_BYTES: usize = 1 << 30;

/// What an article's row of before captions and tables lacks: two empty lists; and, of before what stands beside it, two
/// times no. Behind a row that has them it is not read.
const ARTICLE_ADDED: [u8; 4] = [0, 0, 0, 0];

/// What an order's row of before its date's precision and its entry's warnings lacks: no date, an empty list.
const ORDER_ADDED: [u8; 2] = [0, 0];

pub(crate) fn encode<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    envelope(&to_postcard(row)?)
}

/// Without compressing it: hashes do not shrink, and are read by the hundred thousand at every start.
pub(crate) fn encode_plain<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    Ok([&[V2, PLAIN, 0], to_postcard(row)?.as_slice()].concat())
}

/// In the form that every version of the program reads.
pub(crate) fn encode_for_all<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    Ok([&[V1, PLAIN], to_postcard(row)?.as_slice()].concat())
}

fn to_postcard<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(row).map_err(|error| StoreError::Row {
        why: error.to_string(),
    })
}

pub(crate) fn decode<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
    let unreadable = |why: String| StoreError::Row {
        why: format!("{}: {why}", key.escape_ascii()),
    };
    let mut plain = open_envelope(bytes).map_err(unreadable)?;
    match key.first() {
        Some(&keys::ARTICLE) => plain.extend_from_slice(&ARTICLE_ADDED),
        Some(&keys::OWED) => plain.extend_from_slice(&ORDER_ADDED),
        _ => {}
    }
    postcard::from_bytes(&plain).map_err(|error| unreadable(error.to_string()))
}

/// Whether the envelope of a row opens.
#[cfg(test)]
pub(crate) fn check(key: &[u8], bytes: &[u8]) -> Result<(), StoreError> {
    open_envelope(bytes).map(drop).map_err(|why| StoreError::Row {
        why: format!("{}: {why}", key.escape_ascii()),
    })
}

/// What stands in the place of a row that is kept in parts.
pub(crate) fn in_parts(count: u32) -> Vec<u8> {
    let mut bytes = vec![V1, IN_PARTS];
    bytes.extend_from_slice(&count.to_be_bytes());
    bytes
}

/// In how many parts a row is kept beside this one; `None` when it is whole.
pub(crate) fn parts(bytes: &[u8]) -> Option<u32> {
    match bytes {
        [V1, IN_PARTS, a, b, c, d] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

/// Bytes in their envelope, compressed where it pays.
fn envelope(plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    if plain.len() >= COMPRESS_FROM_BYTES {
        let compressed = dictionary::compress(plain).map_err(|error| StoreError::Row {
            why: error.to_string(),
        })?;
        if compressed.len() < plain.len() {
            return Ok([&[V2, ZSTD, dictionary::CURRENT], compressed.as_slice()].concat());
        }
    }
    Ok([&[V2, PLAIN, 0], plain].concat())
}

fn open_envelope(bytes: &[u8]) -> Result<Vec<u8>, String> {
    match bytes {
        [V2, PLAIN, 0, plain @ ..] | [V1, PLAIN, plain @ ..] => Ok(plain.to_vec()),
        [V2, ZSTD, dictionary, compressed @ ..] => dictionary::decompress(*dictionary, compressed),
        [V1, ZSTD, a, b, c, d, compressed @ ..] => {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            zstd::bulk::decompress(compressed, length.min(MAX_ROW_BYTES)).map_err(|error| error.to_string())
        }
        [version, codec, ..] => Err(format!("row version {version} with codec {codec} is unknown")),
        _ => Err("the row is too short".to_owned()),
    }
}

/// One line of the change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// An article was stored: new, a revision or a duplicate.
    Article,
    /// A known article was seen at another place, or its entry changed around the same text.
    Sighting,
    /// Something was rejected.
    Rejection,
}

/// An article as its row begins with it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Article")]
struct ArticleFields {
    url: Option<String>,
    canonical_url: Option<String>,
    title: String,
    summary: Option<String>,
    text: String,
    published: Option<Published>,
    updated_at: Option<Timestamp>,
    source: String,
    feed_url: Option<String>,
    guid: Option<String>,
    language: String,
    language_confidence: f32,
    authors: Vec<String>,
    categories: Vec<String>,
    image: Option<String>,
    word_count: u32,
    content_from: ContentFrom,
    entry_digest: Option<Digest>,
    warnings: Vec<Warning>,
    // Added later: they stand at the end of the row.
    #[serde(skip)]
    captions: Vec<String>,
    #[serde(skip)]
    tables: Vec<Table>,
}

/// An article with its verdict; the text stands in rows of its own, captions and tables behind the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ArticleRow {
    #[serde(with = "ArticleFields")]
    pub(crate) article: Article,
    pub(crate) id: ArticleId,
    pub(crate) revision: u32,
    pub(crate) verdict: Verdict,
    pub(crate) of: Option<Seq>,
    pub(crate) story: StoryId,
    pub(crate) duplicate_of: Option<ArticleId>,
    pub(crate) similarity: Option<f32>,
    pub(crate) evidence: Evidence,
    pub(crate) captured_at: Timestamp,
    /// The capture's time of the article's first revision.
    pub(crate) first_seen_at: Timestamp,
    pub(crate) captions: Vec<String>,
    pub(crate) tables: Vec<Table>,
    /// Whether a row beside it says which words it has in place of which others.
    pub(crate) has_rewording: bool,
    /// Of which leader it changed the copies: a row of that leader's log says how.
    pub(crate) regrouped: Option<ArticleId>,
}

/// A rejection with the capture it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeadRow {
    pub(crate) rejection: Rejection,
    pub(crate) capture_uri: String,
    pub(crate) source: String,
    pub(crate) captured_at: Timestamp,
}

/// What a record changed between a leader and its copies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupRow {
    pub(crate) lines: Vec<Regrouping>,
}

/// A place where an article was seen, by which record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlaceRow {
    pub(crate) place: Place,
    pub(crate) verdict: Option<Verdict>,
}

/// What is known of a feed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedRow {
    /// The validators of the last answer whose entries are committed.
    pub validators: Validators,
    /// When it was last polled.
    pub polled_at: Option<Timestamp>,
    /// When it last answered 200 or 304.
    pub answered_at: Option<Timestamp>,
    /// How the last poll ended, in one word: `200`, `304`, `404`, `failed`.
    pub status: String,
    /// What was wrong at the last poll, for people.
    pub error: Option<String>,
    /// Why its last answer was refused as a whole; an equal answer later is refused for the same reason.
    pub refused: Option<String>,
    /// Polls in a row that failed, by their reports.
    pub failures: u32,
    /// When the next poll is due.
    pub next_due: Option<Timestamp>,
    /// Entries the last answer held.
    pub entries: u32,
    /// Articles stored from it.
    pub articles: u64,
}

/// Counts since the store was made, or over one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Captures committed.
    pub captures: u64,
    /// Articles stored, by verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Items met again without anything new.
    pub unchanged: u64,
    /// Further places of known articles.
    pub sightings: u64,
    /// Pages ordered.
    pub pages_owed: u64,
    /// Items rejected, by reason code.
    pub rejected: BTreeMap<String, u64>,
}

impl Tally {
    /// Articles stored, whatever the verdict.
    #[must_use]
    pub fn articles(&self) -> u64 {
        self.verdicts.values().sum()
    }

    /// Items rejected, whatever the reason.
    #[must_use]
    pub fn rejections(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Adds another count to this one.
    pub fn add(&mut self, other: &Self) {
        self.captures += other.captures;
        self.unchanged += other.unchanged;
        self.sightings += other.sightings;
        self.pages_owed += other.pages_owed;
        for (verdict, count) in &other.verdicts {
            *self.verdicts.entry(*verdict).or_default() += count;
        }
        for (reason, count) in &other.rejected {
            *self.rejected.entry(reason.clone()).or_default() += count;
        }
    }
}

/// How far the journal is settled, and what was counted on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// Every capture up to this number is settled.
    pub(crate) settled_up_to: u64,
    /// Captures settled beyond, behind a gap.
    pub(crate) beyond: Vec<u64>,
    /// The last number of the change log.
    pub(crate) last_seq: u64,
    pub(crate) tally: Tally,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_envelope_gives_back_what_it_was_given(plain in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let sealed = envelope(&plain).unwrap();
            prop_assert_eq!(open_envelope(&sealed), Ok(plain));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(decode::<FeedRow>(b"f", &bytes));
        }
    }

    #[test]
    fn an_article_s_row_of_before_captions_and_tables_has_none() {
        let mut row: ArticleRow = {
            let (_dir, store) = crate::sample::filled();
            let key = keys::by_seq(keys::ARTICLE, Seq(1));
            store.get(&key).unwrap().unwrap()
        };
        let key = keys::by_seq(keys::ARTICLE, Seq(1));
        let written = to_postcard(&row).unwrap();
        let (before, added) = written.split_at(written.len() - ARTICLE_ADDED.len());
        assert_eq!(added, ARTICLE_ADDED);
        assert_eq!(
            decode::<ArticleRow>(&key, &envelope(before).unwrap()).unwrap(),
            row
        );
        // What was written before them stays as it was, so that a program of before reads it and stops there.
        row.captions = vec!["Le port, mardi".to_owned()];
        row.tables = vec![Table(vec![vec!["Ville".to_owned(), "2026".to_owned()]])];
        assert!(to_postcard(&row).unwrap().starts_with(before));
        assert_eq!(decode::<ArticleRow>(&key, &encode(&row).unwrap()).unwrap(), row);
    }

    #[test]
    fn an_order_s_row_of_before_its_warnings_has_none() {
        let mut order = crate::sample::order();
        let key = keys::owed(order.digest());
        let written = to_postcard(&order).unwrap();
        let (before, added) = written.split_at(written.len() - ORDER_ADDED.len());
        assert_eq!(added, ORDER_ADDED);
        let read =
            |plain: &[u8]| decode::<depeche_model::PageOrder>(&key, &envelope(plain).unwrap()).unwrap();
        assert_eq!(read(before), order);
        order.published = Some(Published {
            at: Timestamp::UNIX_EPOCH,
            precision: depeche_model::Precision::Month,
        });
        order.warnings = vec![depeche_model::WarningCode::DateGuessed.into()];
        let written = to_postcard(&order).unwrap();
        assert!(written.starts_with(before));
        assert_eq!(read(&written), order);
    }

    #[test]
    fn a_row_of_a_later_version_is_named() {
        let error = decode::<FeedRow>(b"f", &[9, 0, 0]).unwrap_err().to_string();
        assert!(error.contains("row version 9"), "{error}");
    }
}
