//! Findings as data: which row, and what is wrong with it.

use std::fmt;

use depeche_model::{ArticleId, CaptureId, Digest, Seq, StoryId};

use crate::keys;

/// Something that is wrong with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The row.
    pub row: RowName,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Another row asks for it, and it is not there.
    Missing,
    /// It cannot be read.
    Unreadable {
        /// Why.
        why: String,
    },
    /// It is there and no other row asks for it.
    Stray {
        /// What should ask for it.
        why: String,
    },
    /// It says something else than another row.
    Differs {
        /// What, and what the other says.
        why: String,
    },
}

impl Fault {
    /// The fault in one word. Codes are only ever added.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable { .. } => "unreadable",
            Self::Stray { .. } => "stray",
            Self::Differs { .. } => "differs",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("other rows ask for it"),
            Self::Unreadable { why } | Self::Stray { why } | Self::Differs { why } => f.write_str(why),
        }
    }
}

/// A row, named by what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowName {
    /// A line of the change log.
    Change(Seq),
    /// Lines of the change log, the last one included.
    Changes(Seq, Seq),
    /// An article with its verdict.
    Article(Seq),
    /// The text of an article.
    Text(Seq),
    /// What the deduplicator remembers of an article.
    Memory(Seq),
    /// A sighting.
    Sighting(Seq),
    /// A rejection.
    Rejection(Seq),
    /// Which record is this revision of an article.
    Revision(ArticleId, u32),
    /// A place where an article was seen, by the record or sighting that told it.
    Place(ArticleId, Seq),
    /// The words that a revision has in place of which others.
    Rewording(Seq),
    /// What a record changed between a leader and its copies.
    Regrouping(ArticleId, Seq),
    /// An article of a story.
    StoryMember(StoryId, Seq),
    /// A committed capture.
    Capture(CaptureId),
    /// An owed page.
    Order(Digest),
    /// The state of a feed.
    Feed(String),
    /// What the fetcher remembers of a feed.
    FetcherMemory(String),
    /// A line of a feed's fetch log.
    FetchLog(String),
    /// What is known of an article by its keys.
    Known(ArticleId),
    /// A rejection, as far as refusing the same again needs it.
    Refused(Seq),
    /// The sketches of a text that others are compared with.
    Posted(Seq),
    /// What a record adds to its story.
    StoryPart(Seq),
    /// What is kept for a restart, in short.
    Kept,
    /// How far the journal is settled, and what was counted.
    Checkpoint,
    /// Rows that cannot be listed, from this key on.
    Behind(Vec<u8>),
    /// A row with another key.
    Other(Vec<u8>),
}

impl RowName {
    /// The row's name, from its key.
    pub(super) fn of(key: &[u8]) -> Self {
        Self::read(key).unwrap_or_else(|| Self::Other(key.to_vec()))
    }

    fn read(key: &[u8]) -> Option<Self> {
        if key == keys::CHECKPOINT_KEY {
            return Some(Self::Checkpoint);
        }
        if key == keys::KEPT_KEY {
            return Some(Self::Kept);
        }
        let (kind, rest) = key.split_first()?;
        if *kind == keys::FEED {
            return Some(Self::Feed(std::str::from_utf8(rest).ok()?.to_owned()));
        }
        if *kind == keys::FETCHER_MEMORY {
            return Some(Self::FetcherMemory(std::str::from_utf8(rest).ok()?.to_owned()));
        }
        if *kind == keys::FETCH_LOG {
            let [url @ .., 0, _] = rest else { return None };
            return Some(Self::FetchLog(std::str::from_utf8(url).ok()?.to_owned()));
        }
        if *kind == keys::KNOWN {
            let digest = rest.get(4..)?.try_into().ok()?;
            return Some(Self::Known(ArticleId(Digest(digest))));
        }
        if let Some(name) = match *kind {
            keys::REFUSED => Some(Self::Refused as fn(Seq) -> Self),
            keys::POSTED => Some(Self::Posted as fn(Seq) -> Self),
            keys::STORY_PART => Some(Self::StoryPart as fn(Seq) -> Self),
            _ => None,
        } {
            return (rest.len() == 12)
                .then(|| keys::trailing_seq(key).map(name))
                .flatten();
        }
        if let Ok(number) = rest.try_into() {
            let seq = Seq(u64::from_be_bytes(number));
            return match *kind {
                keys::CHANGE => Some(Self::Change(seq)),
                keys::ARTICLE => Some(Self::Article(seq)),
                keys::TEXT => Some(Self::Text(seq)),
                keys::MEMORY => Some(Self::Memory(seq)),
                keys::SIGHTING => Some(Self::Sighting(seq)),
                keys::DEAD => Some(Self::Rejection(seq)),
                keys::REWORDING => Some(Self::Rewording(seq)),
                _ => None,
            };
        }
        let (digest, rest) = rest.split_first_chunk()?;
        let digest = Digest(*digest);
        match (*kind, rest.len()) {
            (keys::ID, 4) => Some(Self::Revision(
                ArticleId(digest),
                u32::from_be_bytes(rest.try_into().ok()?),
            )),
            (keys::PLACE, 8) => Some(Self::Place(ArticleId(digest), keys::trailing_seq(key)?)),
            (keys::GROUP, 8) => Some(Self::Regrouping(ArticleId(digest), keys::trailing_seq(key)?)),
            (keys::STORY, 8) => Some(Self::StoryMember(StoryId(digest), keys::trailing_seq(key)?)),
            (keys::CAPTURE, 0) => Some(Self::Capture(CaptureId(digest))),
            (keys::OWED, 0) => Some(Self::Order(digest)),
            _ => None,
        }
    }
}

impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change(seq) => write!(f, "change {seq}"),
            Self::Changes(first, last) if first == last => write!(f, "change {first}"),
            Self::Changes(first, last) => write!(f, "changes {first} to {last}"),
            Self::Article(seq) => write!(f, "article {seq}"),
            Self::Text(seq) => write!(f, "text {seq}"),
            Self::Memory(seq) => write!(f, "memory {seq}"),
            Self::Sighting(seq) => write!(f, "sighting {seq}"),
            Self::Rejection(seq) => write!(f, "rejection {seq}"),
            Self::Revision(id, revision) => write!(f, "revision {revision} of {id}"),
            Self::Place(id, seq) => write!(f, "place {seq} of {id}"),
            Self::Rewording(seq) => write!(f, "rewording {seq}"),
            Self::Regrouping(id, seq) => write!(f, "change {seq} of the copies of {id}"),
            Self::StoryMember(story, seq) => write!(f, "member {seq} of story {story}"),
            Self::Capture(id) => write!(f, "capture {id}"),
            Self::Order(digest) => write!(f, "page order {digest}"),
            Self::Feed(url) => write!(f, "feed {url}"),
            Self::FetcherMemory(url) => write!(f, "the fetcher's memory of feed {url}"),
            Self::FetchLog(url) => write!(f, "fetch log of feed {url}"),
            Self::Known(id) => write!(f, "what is known of {id}"),
            Self::Refused(seq) => write!(f, "refusal {seq}"),
            Self::Posted(seq) => write!(f, "sketches {seq}"),
            Self::StoryPart(seq) => write!(f, "part {seq} of a story"),
            Self::Kept => f.write_str("what is kept for a restart"),
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Behind(key) => write!(f, "rows from {} on", key.escape_ascii()),
            Self::Other(key) => write!(f, "row {}", key.escape_ascii()),
        }
    }
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Lines of the change log.
    pub changes: u64,
    /// Articles with their verdicts: revisions and duplicates too.
    pub articles: u64,
    /// Sightings.
    pub sightings: u64,
    /// Rejections.
    pub rejections: u64,
    /// Committed captures.
    pub captures: u64,
    /// Pages owed.
    pub orders: u64,
    /// Feeds.
    pub feeds: u64,
    /// What was found wrong.
    pub findings: u64,
}

#[cfg(test)]
mod tests {
    use depeche_model::StreamDay;

    use super::*;

    #[test]
    fn a_row_is_named_by_what_its_key_says() {
        let id = Digest([0xab; 16]);
        for (key, name) in [
            (keys::by_seq(keys::TEXT, Seq(7)), "text 7"),
            (
                keys::revision(ArticleId(id), 2),
                "revision 2 of abababababababababababababababab",
            ),
            (
                keys::place(ArticleId(id), Seq(9)),
                "place 9 of abababababababababababababababab",
            ),
            (
                keys::feed("https://exemple.fr/rss"),
                "feed https://exemple.fr/rss",
            ),
            (keys::CHECKPOINT_KEY.to_vec(), "checkpoint"),
            (
                keys::known(StreamDay(20_000), ArticleId(id)),
                "what is known of abababababababababababababababab",
            ),
            (keys::on_day(keys::POSTED, StreamDay(-1), Seq(7)), "sketches 7"),
            (b"u\x01".to_vec(), "row u\\x01"),
            (b"t\x01".to_vec(), "row t\\x01"),
        ] {
            assert_eq!(RowName::of(&key).to_string(), name);
        }
    }
}
