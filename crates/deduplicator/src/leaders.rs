//! The texts that copies are recognised by, found through what they share.
//!
//! In: a text's sketches. Out: the posted texts that may resemble it, most promising first, with how much they share.
//! Posted are leaders, and of their later versions and copies those that say something of their own; so a cluster is
//! what resembles its leader directly and does not drift from copy to copy.
//!
//! No sketch is kept in memory: what two texts share is counted by walking the lists of one's fingerprints, and the
//! other is known by how many it has. A text is three tables' entries and one [`Posted`]: `cargo bench -p
//! depeche-deduplicator --bench stream` measures it.
//!
//! Texts of one day of the stream's time make one segment. New ones are added to an open segment, which is sealed
//! when it holds [`OPEN_TEXTS`] or the day ends; sealed segments of a day are merged in pairs of like size, so that a
//! day never has more than a few, and into one when it is over. What leaves the window is forgotten segment by
//! segment; inside the oldest one, each text goes by its own time.

use std::collections::VecDeque;

use depeche_model::{ArticleId, Remembered, Seq, Sketch, Verdict};
use jiff::{SignedDuration, Timestamp};

use crate::fold::hash_bytes;
use crate::segment::{Channel, MOST_TEXTS, OpenSegment, Posting, Segment};
use crate::shingles::Sketches;

/// At most this many tokens make a text short: its opening is looked up too.
pub(crate) const SHORT_TOKENS: u32 = 130;
/// A fingerprint that more posted texts hold is a stock phrase and not followed. The weather of a hundred towns is one.
const FREQUENT: usize = 128;
/// Shared fingerprints that make a candidate. Two unrelated texts of 400 words share none; a stock phrase of
/// a line gives one or two.
const SHARED: u32 = 4;
/// The same where one text is short: 25 words have eleven fingerprints, and a teaser in other words shares half of them.
const SHARED_SHORT: u32 = 3;
/// Texts in the open segment, at most: at some 4 kB each, whose lists are not packed yet, 4 MB.
const OPEN_TEXTS: usize = 1024;
/// A version or a copy whose share of fingerprints of its own is greater has something that others can copy.
const OWN_SHARE: f64 = 0.30;
/// Fingerprints of a copy by which it is told how many others are posted of the same: the first, which are as good as any.
const SAMPLED: usize = 16;

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// A moment of the stream in microseconds: half of what a timestamp takes, and there are as many as texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// Before every other.
    pub(crate) const FIRST: Self = Self(i64::MIN);

    /// The last moment of a day of the stream.
    pub(crate) fn end_of(day: i64) -> Self {
        Self(day.saturating_add(1).saturating_mul(DAY_MICROS) - 1)
    }

    /// So many seconds before it.
    pub(crate) fn earlier(self, secs: u64) -> Self {
        let micros = i64::try_from(secs).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        Self(self.0.saturating_sub(micros))
    }

    /// Whole seconds from a moment before it to this one, as many as there is room for.
    pub(crate) fn secs_since(self, before: Self) -> u32 {
        let secs = self.0.saturating_sub(before.0).max(0) / 1_000_000;
        u32::try_from(secs).unwrap_or(u32::MAX)
    }

    /// Whether it lies more than the window before `now`.
    pub(crate) fn is_past(self, now: Self, window: SignedDuration) -> bool {
        i128::from(now.0) - i128::from(self.0) > window.as_micros()
    }

    /// The timestamp, to the microsecond.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MIN)
    }

    /// Its day of the stream, counted from 1970.
    pub(crate) fn day(self) -> i64 {
        self.0.div_euclid(DAY_MICROS)
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

/// What a posted text is to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A version of a leader.
    Leader,
    /// A copy that adds something of its own to its leader.
    Member,
}

/// A posted text.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The record.
    pub seq: Seq,
    /// Its article.
    pub article: ArticleId,
    /// When it was captured.
    pub captured_at: Moment,
    /// The stream's time when it was posted.
    pub since: Moment,
    source: u64,
    /// Tokens in the folded text.
    pub tokens: u32,
    /// Fingerprints of the whole text: one in eight of 50,000 shingles at most.
    pub whole: u16,
    /// Fingerprints of the opening that are not of the whole: of 96 shingles.
    pub lead: u8,
    /// What it is to others.
    pub standing: Standing,
}

impl Posted {
    /// Whether it came from this source.
    pub(crate) fn is_from(&self, source: &str) -> bool {
        self.source == hash_bytes(source.as_bytes())
    }
}

/// A posted text that shares fingerprints with another.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The text.
    pub posted: &'a Posted,
    /// Fingerprints of the whole texts that both hold, without those of stock phrases.
    pub whole: u32,
    /// Fingerprints of the openings that both hold, the same way; none where both texts are long.
    pub lead: u32,
}

/// What looking a text up found.
pub struct Found<'a> {
    /// Those that share most first, then the oldest.
    pub candidates: Vec<Candidate<'a>>,
    /// How many fingerprints the text has, of the whole and of the opening alone.
    pub fingerprints: (usize, usize),
    /// The share of the text's fingerprints that are stock phrases and were not followed, 0–1.
    pub skipped: f64,
}

/// How much an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexSize {
    /// Texts, those of the oldest segment that are behind the window included.
    pub texts: usize,
    /// Bytes of memory.
    pub bytes: usize,
    /// Segments, the open one included.
    pub segments: usize,
}

/// All posted texts.
#[derive(Debug, Clone)]
pub struct Leaders {
    sealed: VecDeque<Segment>,
    open: OpenSegment,
    window: SignedDuration,
    max_texts: usize,
}

impl Leaders {
    /// No texts yet; at most `max_texts` are remembered, for so long.
    #[must_use]
    pub fn new(window: SignedDuration, max_texts: usize) -> Self {
        Self {
            sealed: VecDeque::new(),
            open: OpenSegment::default(),
            window,
            max_texts,
        }
    }

    /// Posts a record's text.
    pub fn post(&mut self, record: &Remembered, standing: Standing, stream: Timestamp) {
        let since = Moment::from(stream);
        if self.open.texts.len() >= OPEN_TEXTS || self.open.day != since.day() {
            self.seal(since.day());
        }
        let lead = lead_alone(&record.sketch, &record.lead);
        let fingerprints = Posting {
            whole: record.sketch.fingerprints(),
            lead: &lead,
        };
        let posted = Posted {
            seq: record.seq,
            article: record.article,
            captured_at: record.captured_at.into(),
            since,
            source: hash_bytes(record.source.as_bytes()),
            tokens: record.tokens,
            whole: fingerprints.whole.len().min(usize::from(u16::MAX)) as u16,
            lead: lead.len().min(usize::from(u8::MAX)) as u8,
            standing,
        };
        self.open.post(posted, fingerprints);
    }

    /// Whether a text says so much that the posted record `of` does not that it is worth posting itself. A record that
    /// is not posted any more has nothing to compare with.
    pub(crate) fn has_its_own(&self, record: &Remembered, of: Seq) -> bool {
        let Some((segment, place)) = self.place(of) else {
            return true;
        };
        if record.verdict == Verdict::Exact {
            return false;
        }
        let lead = lead_alone(&record.sketch, &record.lead);
        let whole = record.sketch.fingerprints();
        let of_whole = whole.iter().map(|fingerprint| (Channel::Whole, fingerprint));
        let of_lead = |channel| lead.iter().map(move |fingerprint| (channel, fingerprint));
        let all = whole.len() + lead.len();
        let shared = of_whole
            .chain(of_lead(Channel::ShortLead))
            .chain(of_lead(Channel::LongLead))
            .filter(|(channel, fingerprint)| {
                self.holders(segment, *channel, **fingerprint)
                    .binary_search(&place)
                    .is_ok()
            })
            .count();
        all.saturating_sub(shared) as f64 > OWN_SHARE * all as f64
    }

    /// Whether so many posted texts hold what a copy says that posting it as well would make stock phrases of its leader's
    /// words, and no later copy would be recognised by them: a dispatch that hundreds rewrite.
    pub(crate) fn is_crowded(&self, record: &Remembered) -> bool {
        let fingerprints = record.sketch.fingerprints();
        let sample = fingerprints.get(..SAMPLED).unwrap_or(fingerprints);
        let mut held = vec![0; sample.len()];
        for segment in &self.sealed {
            segment.look_up(Channel::Whole, sample, |at, holders| held[at] += holders.len());
        }
        self.open
            .look_up(Channel::Whole, sample, |at, holders| held[at] += holders.len());
        let often = held.iter().filter(|held| **held > FREQUENT / 2).count();
        often > sample.len() / 4
    }

    /// The posted texts that may resemble a text of so many tokens.
    #[must_use]
    pub fn candidates(&self, sketches: &Sketches, tokens: u32, now: Timestamp) -> Found<'_> {
        let now = Moment::from(now);
        let mut hits = Hits::default();
        let lead = lead_alone(&sketches.whole, &sketches.lead);
        self.look_up(&[Channel::Whole], sketches.whole.fingerprints(), &mut hits);
        let channels: &[Channel] = if tokens <= SHORT_TOKENS {
            &[Channel::ShortLead, Channel::LongLead]
        } else {
            &[Channel::ShortLead]
        };
        let of_whole = hits.followed.len();
        self.look_up(channels, &lead, &mut hits);
        let mut candidates = Vec::new();
        for (holder, whole, lead) in count(hits.followed, of_whole) {
            let Some(posted) = self.text(holder) else { continue };
            let enough = if tokens.min(posted.tokens) <= SHORT_TOKENS {
                SHARED_SHORT
            } else {
                SHARED
            };
            if whole + lead >= enough && !posted.since.is_past(now, self.window) && !self.is_beyond(holder) {
                candidates.push(Candidate { posted, whole, lead });
            }
        }
        candidates.sort_by_key(|found| (std::cmp::Reverse(found.whole + found.lead), found.posted.seq));
        let fingerprints = (sketches.whole.fingerprints().len(), lead.len());
        let all = (fingerprints.0 + fingerprints.1).max(1);
        Found {
            candidates,
            fingerprints,
            skipped: f64::from(hits.skipped) / all as f64,
        }
    }

    /// Forgets segments of which every text was posted more than the window before `stream`, or is beyond the limit.
    pub fn forget(&mut self, stream: Timestamp) {
        let now = Moment::from(stream);
        while let Some(oldest) = self.sealed.front()
            && (oldest.is_past(now, self.window) || self.is_beyond((0, (oldest.texts.len() - 1) as u16)))
        {
            self.sealed.pop_front();
        }
    }

    /// How much is held.
    #[must_use]
    pub fn size(&self) -> IndexSize {
        IndexSize {
            texts: self
                .sealed
                .iter()
                .map(|segment| segment.texts.len())
                .sum::<usize>()
                + self.open.texts.len(),
            bytes: self.sealed.iter().map(Segment::bytes).sum::<usize>() + self.open.bytes(),
            segments: self.sealed.len() + 1,
        }
    }

    /// Adds the texts that hold these fingerprints.
    fn look_up(&self, channels: &[Channel], fingerprints: &[u32], hits: &mut Hits) {
        let mut lengths = vec![0; fingerprints.len()];
        let mut lists: Vec<(usize, u16, &[u16])> = Vec::with_capacity(2 * fingerprints.len());
        for segment in 0..=self.sealed.len() {
            for channel in channels {
                let tell = |at: usize, holders| {
                    let holders: &[u16] = holders;
                    lengths[at] += holders.len();
                    lists.push((at, segment as u16, holders));
                };
                match self.sealed.get(segment) {
                    Some(sealed) => sealed.look_up(*channel, fingerprints, tell),
                    None => self.open.look_up(*channel, fingerprints, tell),
                }
            }
        }
        hits.skipped += lengths.iter().filter(|length| **length > FREQUENT).count() as u32;
        for (at, segment, holders) in lists {
            if lengths[at] <= FREQUENT {
                hits.followed.extend(
                    holders
                        .iter()
                        .map(|holder| u32::from(segment) << 16 | u32::from(*holder)),
                );
            }
        }
    }

    /// Closes the open segment and opens another.
    fn seal(&mut self, day: i64) {
        let next = OpenSegment::new(day, self.open.first + self.open.texts.len() as u64);
        let full = std::mem::replace(&mut self.open, next);
        let day_is_over = full.day != day;
        let over = full.day;
        if !full.texts.is_empty() {
            self.sealed.push_back(full.seal());
        }
        while let [.., before, last] = self.sealed.make_contiguous()
            && before.day == last.day
            && before.texts.len() + last.texts.len() <= MOST_TEXTS
            && (before.texts.len() <= last.texts.len() || (day_is_over && last.day == over))
            && let (Some(last), Some(before)) = (self.sealed.pop_back(), self.sealed.pop_back())
        {
            self.sealed.push_back(before.merge(last));
        }
    }

    fn holders(&self, segment: usize, channel: Channel, fingerprint: u32) -> &[u16] {
        match self.sealed.get(segment) {
            Some(sealed) => sealed.holders(channel, fingerprint),
            None => self.open.holders(channel, fingerprint),
        }
    }

    fn texts(&self, segment: usize) -> &[Posted] {
        self.sealed
            .get(segment)
            .map_or(&self.open.texts, |sealed| &sealed.texts)
    }

    fn text(&self, (segment, place): Holder) -> Option<&Posted> {
        self.texts(usize::from(segment)).get(usize::from(place))
    }

    /// Where a record's text stands.
    fn place(&self, seq: Seq) -> Option<(usize, u16)> {
        let is_before = |segment: &Segment| segment.texts.last().is_some_and(|last| last.seq < seq);
        let segment = self.sealed.partition_point(is_before);
        let place = self
            .texts(segment)
            .binary_search_by_key(&seq, |posted| posted.seq)
            .ok()?;
        Some((segment, place as u16))
    }

    /// Whether so many texts were posted after this one that it is to be forgotten.
    fn is_beyond(&self, (segment, place): Holder) -> bool {
        let first = self
            .sealed
            .get(usize::from(segment))
            .map_or(self.open.first, |sealed| sealed.first);
        let posted = self.open.first + self.open.texts.len() as u64;
        posted - (first + u64::from(place)) > self.max_texts as u64
    }
}

/// A text by its segment and its place there.
type Holder = (u16, u16);

/// What following lists led to.
#[derive(Default)]
struct Hits {
    /// Every holder, once for each list it stands in.
    followed: Vec<u32>,
    /// Fingerprints that are stock phrases.
    skipped: u32,
}

/// Each holder with how often it stands among the first `of_whole` hits and among the others.
fn count(mut hits: Vec<u32>, of_whole: usize) -> Vec<(Holder, u32, u32)> {
    let (whole, lead) = hits.split_at_mut(of_whole);
    whole.sort_unstable();
    lead.sort_unstable();
    let mut counted: Vec<(Holder, u32, u32)> = Vec::new();
    let (mut whole, mut lead) = (&*whole, &*lead);
    while let Some(next) = [whole.first(), lead.first()].into_iter().flatten().min().copied() {
        let of_whole = whole.iter().take_while(|holder| **holder == next).count();
        let of_lead = lead.iter().take_while(|holder| **holder == next).count();
        counted.push((
            ((next >> 16) as u16, next as u16),
            of_whole as u32,
            of_lead as u32,
        ));
        whole = &whole[of_whole..];
        lead = &lead[of_lead..];
    }
    counted
}

/// The fingerprints of an opening that are not of the whole text too. Both sketches sample by the same hash, so what
/// one text's opening has alone, no other's whole has.
pub(crate) fn lead_alone(whole: &Sketch, lead: &Sketch) -> Vec<u32> {
    let whole = whole.fingerprints();
    lead.fingerprints()
        .iter()
        .copied()
        .filter(|fingerprint| whole.binary_search(fingerprint).is_err())
        .collect()
}

#[cfg(test)]
mod tests;
