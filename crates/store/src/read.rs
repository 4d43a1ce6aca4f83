//! Every read: records in commit order, one article with its revisions and places, stories, dead letters, feeds.

use std::collections::HashSet;

use depeche_model::{
    Article, ArticleId, CaptureId, Digest, Evidence, FetchRecord, Judged, PageOrder, Place, Regrouping,
    Rejection, Remembered, Rewording, Seq, Sighting, StoryId, Verdict,
};
use jiff::Timestamp;

use crate::database::{Opening, Store};
use crate::rows::{ArticleRow, Change, DeadRow, FeedRow, GroupRow, PlaceRow, Tally, decode};
use crate::{StoreError, keys};

/// A stored article: one revision, with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its place in the change log.
    pub seq: Seq,
    /// The article's id, the same for all its revisions.
    pub id: ArticleId,
    /// 1 for the first version.
    pub revision: u32,
    /// What was decided.
    pub verdict: Verdict,
    /// The leader's record of a duplicate, or the record a revision replaces.
    pub of: Option<Seq>,
    /// The story.
    pub story: StoryId,
    /// The article a duplicate repeats.
    pub duplicate_of: Option<ArticleId>,
    /// The similarity that decided, 0–1.
    pub similarity: Option<f32>,
    /// Why.
    pub evidence: Evidence,
    /// The capture's time.
    pub captured_at: Timestamp,
    /// The capture's time of the first revision.
    pub first_seen_at: Timestamp,
    /// The leader whose copies it changed: itself, or the one that it joined or left.
    pub regrouped: Option<ArticleId>,
    /// The article, text included.
    pub article: Article,
}

/// A line of the change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeRef {
    /// Its number.
    pub seq: Seq,
    /// What happened.
    pub change: Change,
}

/// Something that was rejected.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Its place in the change log.
    pub seq: Seq,
    /// What and why.
    pub rejection: Rejection,
    /// The address of the capture it came in.
    pub capture_uri: String,
    /// The name of the source.
    pub source: String,
    /// The capture's time.
    pub captured_at: Timestamp,
}

/// Stories, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoryCounts {
    /// All of them.
    pub stories: u64,
    /// Those of more than one article, copies included.
    pub of_several: u64,
    /// How many articles the largest has.
    pub largest: u64,
}

/// Reads the store, while it is written too.
#[derive(Clone)]
pub struct Reader {
    store: Store,
}

impl From<Store> for Reader {
    fn from(store: Store) -> Self {
        Self { store }
    }
}

type Rows<T> = Result<T, StoreError>;

/// Every method gives a [`StoreError`] when a row cannot be read.
#[expect(
    clippy::missing_errors_doc,
    reason = "one error for every read, told once above"
)]
impl Reader {
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Counts since the store was made.
    pub fn tally(&self) -> Rows<Tally> {
        Ok(self.store.checkpoint()?.tally)
    }

    /// Every capture up to this number of the journal is settled.
    pub fn settled_up_to(&self) -> Rows<u64> {
        Ok(self.store.checkpoint()?.settled_up_to)
    }

    /// The highest number of the journal that was ever settled, gaps before it or not.
    pub fn highest_settled(&self) -> Rows<u64> {
        let checkpoint = self.store.checkpoint()?;
        Ok(checkpoint
            .beyond
            .last()
            .copied()
            .unwrap_or(0)
            .max(checkpoint.settled_up_to))
    }

    /// Bytes the store takes on the disk.
    pub fn size_on_disk(&self) -> Rows<u64> {
        self.store.size_on_disk()
    }

    /// How the store was opened.
    #[must_use]
    pub fn opening(&self) -> Opening {
        self.store.opening()
    }

    /// Values that sled put outside its log; see [`Store::blobs`].
    pub fn blobs(&self) -> Rows<u64> {
        self.store.blobs()
    }

    /// Whether an article is stored.
    pub fn knows(&self, article: ArticleId) -> Rows<bool> {
        Ok(self.latest_seq(article)?.is_some())
    }

    /// Whether a capture is committed.
    pub fn is_committed(&self, id: &CaptureId) -> Rows<bool> {
        Ok(self.store.raw(&keys::capture(id))?.is_some())
    }

    /// The change log behind `after`, in order.
    #[must_use]
    pub fn changes(&self, after: Seq) -> impl DoubleEndedIterator<Item = Rows<ChangeRef>> + use<> {
        let from = keys::by_seq(keys::CHANGE, after.next());
        self.store.range(from..vec![keys::CHANGE + 1]).map(|item| {
            let (key, bytes) = item?;
            Ok(ChangeRef {
                seq: seq_of(&key)?,
                change: decode(&key, &bytes)?,
            })
        })
    }

    /// Every record behind `after`, in commit order: revisions and duplicates too.
    #[must_use]
    pub fn records(&self, after: Seq) -> impl DoubleEndedIterator<Item = Rows<Record>> + use<> {
        let reader = self.clone();
        let from = keys::by_seq(keys::ARTICLE, after.next());
        self.store.range(from..vec![keys::ARTICLE + 1]).map(move |item| {
            let (key, bytes) = item?;
            reader.complete(seq_of(&key)?, reader.store.row(&key, &bytes)?)
        })
    }

    /// The latest revision of every article that is no duplicate, in the order of commit.
    pub fn articles(&self) -> impl Iterator<Item = Rows<Record>> + use<> {
        let reader = self.clone();
        self.records(Seq(0)).filter_map(move |record| {
            let record = match record {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            match reader.latest_seq(record.id) {
                Ok(latest) if latest == Some(record.seq) && record.duplicate_of.is_none() => Some(Ok(record)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            }
        })
    }

    /// One record.
    pub fn record(&self, seq: Seq) -> Rows<Option<Record>> {
        match self.store.get::<ArticleRow>(&keys::by_seq(keys::ARTICLE, seq))? {
            Some(row) => self.complete(seq, row).map(Some),
            None => Ok(None),
        }
    }

    /// The latest record of an article.
    pub fn latest(&self, id: ArticleId) -> Rows<Option<Record>> {
        match self.latest_seq(id)? {
            Some(seq) => self.record(seq),
            None => Ok(None),
        }
    }

    /// One record with all that was decided about it.
    pub fn judged(&self, seq: Seq) -> Rows<Option<Judged>> {
        let (Some(record), Some(memory)) = (self.record(seq)?, self.memory(seq)?) else {
            return Ok(None);
        };
        let place = Place {
            source: record.article.source.clone(),
            feed_url: record.article.feed_url.clone(),
            url: record.article.url.clone(),
            seen_at: record.captured_at,
        };
        let rewording = self.rewording(seq)?;
        let mut regroupings = Vec::new();
        if let Some(leader) = record.regrouped {
            regroupings = self.regroupings_by(leader, seq)?;
        }
        Ok(Some(Judged {
            article: record.article,
            record: memory,
            duplicate_of: record.duplicate_of,
            similarity: record.similarity,
            evidence: record.evidence,
            place,
            rewording,
            regroupings,
        }))
    }

    /// All revisions of an article, the first one first.
    pub fn revisions(&self, id: ArticleId) -> Rows<Vec<Record>> {
        let mut records = Vec::new();
        for item in self.store.scan(keys::revisions(id)) {
            let (key, bytes) = item?;
            records.extend(self.record(self.store.row(&key, &bytes)?)?);
        }
        Ok(records)
    }

    /// Where an article was seen, the first place first; for a leader the places of its duplicates too.
    pub fn places(&self, id: ArticleId) -> Rows<Vec<(Place, Option<Verdict>)>> {
        let mut places = Vec::new();
        for item in self.store.scan(keys::places(id)) {
            let (key, bytes) = item?;
            let row: PlaceRow = self.store.row(&key, &bytes)?;
            places.push((row.place, row.verdict));
        }
        Ok(places)
    }

    /// The articles whose id starts with these hexadecimal digits; at most two, since two are ambiguous already.
    pub fn find(&self, digits: &str) -> Rows<Vec<ArticleId>> {
        Ok(self
            .find_digests(keys::ID, digits)?
            .into_iter()
            .map(ArticleId)
            .collect())
    }

    /// The stories whose id starts with these hexadecimal digits; at most two.
    pub fn find_story(&self, digits: &str) -> Rows<Vec<StoryId>> {
        Ok(self
            .find_digests(keys::STORY, digits)?
            .into_iter()
            .map(StoryId)
            .collect())
    }

    /// The records of a story in the order of commit.
    pub fn story(&self, story: StoryId) -> Rows<Vec<Record>> {
        let mut records = Vec::new();
        for key in self.store.scan(keys::story(story)).keys() {
            records.extend(self.record(seq_of(&key?)?)?);
        }
        Ok(records)
    }

    /// How many stories there are, and how many articles the largest has.
    pub fn count_stories(&self) -> Rows<StoryCounts> {
        let mut counts = StoryCounts::default();
        let mut story = None;
        let mut articles = HashSet::new();
        let mut close = |articles: &mut HashSet<ArticleId>| {
            let size = articles.len() as u64;
            counts.stories += u64::from(size > 0);
            counts.of_several += u64::from(size > 1);
            counts.largest = counts.largest.max(size);
            articles.clear();
        };
        for item in self.store.scan([keys::STORY]) {
            let (key, bytes) = item?;
            let next = key.get(1..17).map(<[u8]>::to_vec);
            if next != story {
                close(&mut articles);
                story = next;
            }
            articles.insert(self.store.row(&key, &bytes)?);
        }
        close(&mut articles);
        Ok(counts)
    }

    /// What was rejected, in order.
    pub fn dead(&self) -> impl Iterator<Item = Rows<DeadLetter>> + use<> {
        let store = self.store.clone();
        self.store.scan([keys::DEAD]).map(move |item| {
            let (key, bytes) = item?;
            Ok(dead_letter(seq_of(&key)?, store.row(&key, &bytes)?))
        })
    }

    /// The digests of the page orders that are owed.
    pub fn owed_digests(&self) -> impl Iterator<Item = Rows<Digest>> + use<> {
        self.store.scan([keys::OWED]).keys().map(|key| {
            let key = key?;
            key.get(1..17)
                .and_then(|bytes| bytes.try_into().ok())
                .map(Digest)
                .ok_or_else(|| StoreError::Row {
                    why: format!("the key {} has no digest", key.escape_ascii()),
                })
        })
    }

    /// One page order, while it is owed.
    pub fn order(&self, digest: Digest) -> Rows<Option<PageOrder>> {
        self.store.get(&keys::owed(digest))
    }

    /// Pages that are owed.
    pub fn owed(&self) -> impl Iterator<Item = Rows<PageOrder>> + use<> {
        let store = self.store.clone();
        self.store.scan([keys::OWED]).map(move |item| {
            let (key, bytes) = item?;
            store.row(&key, &bytes)
        })
    }

    /// Every feed that was ever polled, by address.
    pub fn feeds(&self) -> impl Iterator<Item = Rows<(String, FeedRow)>> + use<> {
        let store = self.store.clone();
        self.store.scan([keys::FEED]).map(move |item| {
            let (key, bytes) = item?;
            let url = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
            Ok((url, store.row(&key, &bytes)?))
        })
    }

    /// What the fetcher remembers of a feed: the latest it reported.
    pub fn fetcher_memory(&self, url: &str) -> Rows<Option<Vec<u8>>> {
        self.store.get(&keys::fetcher_memory(url))
    }

    /// The fetch log of a feed, the newest poll first.
    pub fn fetch_log(&self, url: &str) -> Rows<Vec<FetchRecord>> {
        let mut log = Vec::new();
        for item in self.store.scan(keys::fetch_log(url)) {
            let (key, bytes) = item?;
            log.push(self.store.row::<FetchRecord>(&key, &bytes)?);
        }
        log.sort_unstable_by_key(|record| std::cmp::Reverse(record.number));
        Ok(log)
    }

    /// The state of one feed.
    pub fn feed(&self, url: &str) -> Rows<Option<FeedRow>> {
        self.store.get(&keys::feed(url))
    }

    /// The text of a record.
    pub fn text(&self, seq: Seq) -> Rows<Option<String>> {
        self.store.get(&keys::by_seq(keys::TEXT, seq))
    }

    /// The words that a record has in place of which others; `None` of the first version of an article, and where a
    /// program of before wrote it.
    pub fn rewording(&self, seq: Seq) -> Rows<Option<Rewording>> {
        self.store.get(&keys::by_seq(keys::REWORDING, seq))
    }

    /// The log of a leader's copies: who joined it, left it and was left behind, in order, each with the record that
    /// told it.
    pub fn regroupings(&self, leader: ArticleId) -> Rows<Vec<(Seq, Regrouping)>> {
        let mut log = Vec::new();
        for item in self.store.scan(keys::regroupings(leader)) {
            let (key, bytes) = item?;
            let seq = seq_of(&key)?;
            let row: GroupRow = self.store.row(&key, &bytes)?;
            log.extend(row.lines.into_iter().map(|line| (seq, line)));
        }
        Ok(log)
    }

    /// What one record changed between a leader and its copies.
    pub fn regroupings_by(&self, leader: ArticleId, seq: Seq) -> Rows<Vec<Regrouping>> {
        let row: Option<GroupRow> = self.store.get(&keys::regrouping(leader, seq))?;
        Ok(row.map(|row| row.lines).unwrap_or_default())
    }

    /// What is remembered of a record: its keys and digests for good, its sketches and terms only in records of before
    /// these were kept by themselves.
    pub fn memory(&self, seq: Seq) -> Rows<Option<Remembered>> {
        self.store.get(&keys::by_seq(keys::MEMORY, seq))
    }

    /// A sighting of the change log.
    pub fn sighting(&self, seq: Seq) -> Rows<Option<Sighting>> {
        self.store.get(&keys::by_seq(keys::SIGHTING, seq))
    }

    /// A rejection of the change log.
    pub fn dead_letter(&self, seq: Seq) -> Rows<Option<DeadLetter>> {
        Ok(self
            .store
            .get::<DeadRow>(&keys::by_seq(keys::DEAD, seq))?
            .map(|row| dead_letter(seq, row)))
    }

    /// Digests that stand behind a prefix byte and start with these digits; at most two.
    fn find_digests(&self, prefix: u8, digits: &str) -> Rows<Vec<Digest>> {
        let mut found: Vec<Digest> = Vec::new();
        for key in self.store.scan(id_prefix(prefix, digits)).keys() {
            let digest = key?
                .get(1..17)
                .and_then(|bytes| bytes.try_into().ok())
                .map(Digest);
            if let Some(digest) = digest
                && digest.to_string().starts_with(digits)
                && found.last() != Some(&digest)
            {
                found.push(digest);
                if found.len() == 2 {
                    break;
                }
            }
        }
        Ok(found)
    }

    fn latest_seq(&self, id: ArticleId) -> Rows<Option<Seq>> {
        let last = self.store.scan(keys::revisions(id)).next_back().transpose()?;
        last.map(|(key, bytes)| self.store.row(&key, &bytes)).transpose()
    }

    fn complete(&self, seq: Seq, row: ArticleRow) -> Rows<Record> {
        let text = self.text(seq)?.ok_or_else(|| StoreError::Row {
            why: format!("record {seq} has no text rows"),
        })?;
        Ok(Record {
            seq,
            id: row.id,
            revision: row.revision,
            verdict: row.verdict,
            of: row.of,
            story: row.story,
            duplicate_of: row.duplicate_of,
            similarity: row.similarity,
            evidence: row.evidence,
            captured_at: row.captured_at,
            first_seen_at: row.first_seen_at,
            regrouped: row.regrouped,
            article: Article {
                text,
                captions: row.captions,
                tables: row.tables,
                ..row.article
            },
        })
    }
}

fn dead_letter(seq: Seq, row: DeadRow) -> DeadLetter {
    let DeadRow {
        rejection,
        capture_uri,
        source,
        captured_at,
    } = row;
    DeadLetter {
        seq,
        rejection,
        capture_uri,
        source,
        captured_at,
    }
}

fn seq_of(key: &[u8]) -> Rows<Seq> {
    keys::trailing_seq(key).ok_or_else(|| StoreError::Row {
        why: format!("the key {} has no number", key.escape_ascii()),
    })
}

/// The prefix byte and the whole bytes among the digits.
fn id_prefix(prefix: u8, digits: &str) -> Vec<u8> {
    let nibbles: Vec<u8> = digits
        .chars()
        .map_while(|c| c.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    let mut key = vec![prefix];
    key.extend(
        nibbles
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble)),
    );
    key
}
