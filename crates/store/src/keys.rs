//! The rows: one tree, a prefix byte a kind, numbers big-endian so that order is order.
//!
//! | prefix | key | value |
//! |---|---|---|
//! | `c` | seq | what kind of change this was |
//! | `a` | seq | an article with its verdict, without its text |
//! | `t` | seq | its text |
//! | `m` | seq | its keys and digests; in records of before schema 3 its sketches and terms too |
//! | `n` | seq | a sighting of a known article |
//! | `d` | seq | a rejection (dead letter) |
//! | `i` | article id, revision | the record's seq |
//! | `p` | article id, seq | a place where the article was seen |
//! | `s` | story id, seq | an article of the story |
//! | `v` | seq | the words that a revision has in place of which others |
//! | `g` | article id, seq | what a record changed between this leader and its copies |
//! | `x` | capture id | committed: the capture's ordinal |
//! | `o` | order digest | a page order, owed until its page is committed |
//! | `f` | feed address | the feed's state |
//! | `q` | feed address | what the fetcher remembers of the feed, in a form of its own |
//! | `l` | feed address, NUL, place in the ring | a line of the feed's fetch log |
//! | `k` | stream day, article id | all that is known of an article by its keys, on the day on which it was last met |
//! | `r` | stream day, seq | a rejection, as far as refusing the same again needs it |
//! | `u` | stream day, seq | the sketches of a text that others are compared with |
//! | `h` | stream day, seq | what a record adds to its story |
//! | `w` | key, number | a part of a row that is too large for one value |
//! | `z` | name | schema, checkpoint, canary, dictionaries, what is kept |
//!
//! What the deduplicator needs after a restart is `k`, `r`, `u` and `h`: rows of days that left their window are removed; see `kept`.

use depeche_model::{ArticleId, CaptureId, Digest, Seq, StoryId, StreamDay};

pub(crate) const CHANGE: u8 = b'c';
pub(crate) const ARTICLE: u8 = b'a';
pub(crate) const TEXT: u8 = b't';
pub(crate) const MEMORY: u8 = b'm';
pub(crate) const SIGHTING: u8 = b'n';
pub(crate) const DEAD: u8 = b'd';
pub(crate) const ID: u8 = b'i';
pub(crate) const PLACE: u8 = b'p';
pub(crate) const STORY: u8 = b's';
pub(crate) const REWORDING: u8 = b'v';
pub(crate) const GROUP: u8 = b'g';
pub(crate) const CAPTURE: u8 = b'x';
pub(crate) const OWED: u8 = b'o';
pub(crate) const FEED: u8 = b'f';
pub(crate) const FETCHER_MEMORY: u8 = b'q';
pub(crate) const FETCH_LOG: u8 = b'l';
pub(crate) const KNOWN: u8 = b'k';
pub(crate) const REFUSED: u8 = b'r';
pub(crate) const POSTED: u8 = b'u';
pub(crate) const STORY_PART: u8 = b'h';
pub(crate) const PART: u8 = b'w';
pub(crate) const NAMED: u8 = b'z';

/// The kinds that take most of a store, the largest first.
pub(crate) const LARGEST: [u8; 7] = [TEXT, ARTICLE, MEMORY, STORY_PART, POSTED, KNOWN, PART];

// Names under `z`.
pub(crate) const SCHEMA_KEY: &[u8] = b"zschema";
pub(crate) const CHECKPOINT_KEY: &[u8] = b"zcheckpoint";
pub(crate) const CANARY_KEY: &[u8] = b"zcanary";
pub(crate) const KEPT_KEY: &[u8] = b"zkept";

/// Where a dictionary stands. Never deleted.
pub(crate) fn dictionary(id: u8) -> Vec<u8> {
    join(b'z', &[b"dictionary", &[id]])
}

pub(crate) fn by_seq(prefix: u8, seq: Seq) -> Vec<u8> {
    join(prefix, &[&seq.0.to_be_bytes()])
}

/// Where part `n` of a large row stands.
pub(crate) fn part(key: &[u8], n: u32) -> Vec<u8> {
    join(PART, &[key, &n.to_be_bytes()])
}

pub(crate) fn revision(id: ArticleId, revision: u32) -> Vec<u8> {
    join(ID, &[&id.0.0, &revision.to_be_bytes()])
}

pub(crate) fn revisions(id: ArticleId) -> Vec<u8> {
    join(ID, &[&id.0.0])
}

pub(crate) fn place(id: ArticleId, seq: Seq) -> Vec<u8> {
    join(PLACE, &[&id.0.0, &seq.0.to_be_bytes()])
}

pub(crate) fn places(id: ArticleId) -> Vec<u8> {
    join(PLACE, &[&id.0.0])
}

/// Where a leader's line of the log of copies stands, by the record that told it.
pub(crate) fn regrouping(leader: ArticleId, seq: Seq) -> Vec<u8> {
    join(GROUP, &[&leader.0.0, &seq.0.to_be_bytes()])
}

pub(crate) fn regroupings(leader: ArticleId) -> Vec<u8> {
    join(GROUP, &[&leader.0.0])
}

pub(crate) fn story_member(story: StoryId, seq: Seq) -> Vec<u8> {
    join(STORY, &[&story.0.0, &seq.0.to_be_bytes()])
}

pub(crate) fn story(story: StoryId) -> Vec<u8> {
    join(STORY, &[&story.0.0])
}

pub(crate) fn capture(id: &CaptureId) -> Vec<u8> {
    join(CAPTURE, &[&id.0.0])
}

pub(crate) fn feed(url: &str) -> Vec<u8> {
    join(FEED, &[url.as_bytes()])
}

pub(crate) fn fetcher_memory(url: &str) -> Vec<u8> {
    join(FETCHER_MEMORY, &[url.as_bytes()])
}

/// Polls that a feed's fetch log goes back: eight hours at the default interval, at some 200 bytes a line.
pub(crate) const FETCH_LOG_POLLS: u64 = 32;

/// Where the log of a feed stands. No address holds NUL, so none is the beginning of another.
pub(crate) fn fetch_log(url: &str) -> Vec<u8> {
    join(FETCH_LOG, &[url.as_bytes(), &[0]])
}

/// Where the line of a feed's poll of that number stands: the newest takes the place of the oldest.
pub(crate) fn fetch_log_line(url: &str, number: u64) -> Vec<u8> {
    join(
        FETCH_LOG,
        &[url.as_bytes(), &[0], &[(number % FETCH_LOG_POLLS) as u8]],
    )
}

pub(crate) fn owed(order: Digest) -> Vec<u8> {
    join(OWED, &[&order.0])
}

/// Where a day's rows of a kind begin. Days before 1970 come before it.
pub(crate) fn day(prefix: u8, day: StreamDay) -> Vec<u8> {
    join(prefix, &[&day_bytes(day)])
}

pub(crate) fn known(day: StreamDay, article: ArticleId) -> Vec<u8> {
    join(KNOWN, &[&day_bytes(day), &article.0.0])
}

pub(crate) fn on_day(prefix: u8, day: StreamDay, seq: Seq) -> Vec<u8> {
    join(prefix, &[&day_bytes(day), &seq.0.to_be_bytes()])
}

fn day_bytes(day: StreamDay) -> [u8; 4] {
    (day.0 ^ i32::MIN).to_be_bytes()
}

/// The seq at the end of a key.
pub(crate) fn trailing_seq(key: &[u8]) -> Option<Seq> {
    Some(Seq(u64::from_be_bytes(*key.last_chunk::<8>()?)))
}

fn join(prefix: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(prefix);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}
