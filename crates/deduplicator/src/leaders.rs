//! The texts that copies are recognised by: the versions of every leader, found through what they share.
//!
//! In: a text's sketches. Out: the posted texts that may resemble it, most promising first. Only leaders are
//! posted (never their copies), so a cluster is what resembles its leader directly and does not drift from copy
//! to copy. Texts are forgotten in the order they came.

use std::collections::VecDeque;

use depeche_model::{ArticleId, Remembered, Seq, Sketch};
use jiff::{SignedDuration, Timestamp};

use crate::fold::hash_bytes;
use crate::postings::Postings;
use crate::shingles::Sketches;

/// At most this many tokens make a text short: its opening is looked up too.
pub(crate) const SHORT_TOKENS: u32 = 130;
/// A fingerprint that more leaders share is a stock phrase. The weather of a hundred towns is one.
const FREQUENT: u32 = 128;
/// Shared fingerprints that make a candidate. Two unrelated texts of 400 words share none; a stock phrase of
/// a line gives one or two.
const SHARED: u32 = 4;
/// The same for a short text, of which few fingerprints are posted.
const SHARED_SHORT: u32 = 2;
/// Candidates that are compared; a text resembles more only as one of a series.
const COMPARED: usize = 16;

/// A leader's text, as one of its versions.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    /// The record.
    pub(crate) seq: Seq,
    /// Its article.
    pub(crate) article: ArticleId,
    /// Tokens in the folded text.
    pub(crate) tokens: u32,
    /// Its sketches.
    pub(crate) sketches: Sketches,
    /// When it was captured.
    pub(crate) captured_at: Timestamp,
    source: u64,
    since: Timestamp,
}

impl Posted {
    /// Whether it came from this source.
    pub(crate) fn is_from(&self, source: &str) -> bool {
        self.source == hash_bytes(source.as_bytes())
    }
}

/// A posted text that shares fingerprints with another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// The text.
    pub(crate) posted: &'a Posted,
    /// Posted fingerprints that both hold.
    pub(crate) shared: u32,
}

/// All posted texts.
#[derive(Debug, Clone)]
pub(crate) struct Leaders {
    texts: VecDeque<Posted>,
    /// The number of the first posted text; numbers count up and wrap, as no four thousand million are held.
    first: u32,
    postings: Postings,
    window: SignedDuration,
    max_texts: usize,
}

impl Leaders {
    /// No texts yet.
    pub(crate) fn new(window: SignedDuration, max_texts: usize) -> Self {
        Self {
            texts: VecDeque::new(),
            first: 0,
            postings: Postings::new(FREQUENT),
            window,
            max_texts,
        }
    }

    /// Posts a leader's text.
    pub(crate) fn post(&mut self, record: &Remembered, stream: Timestamp) {
        let number = self.first.wrapping_add(self.texts.len() as u32);
        self.postings
            .add(number, posted_fingerprints(&record.sketch, &record.lead));
        self.texts.push_back(Posted {
            seq: record.seq,
            article: record.article,
            tokens: record.tokens,
            sketches: Sketches {
                whole: record.sketch.clone(),
                lead: record.lead.clone(),
            },
            captured_at: record.captured_at,
            source: hash_bytes(record.source.as_bytes()),
            since: stream,
        });
    }

    /// The posted texts that may resemble a text, those that share most first, then the oldest.
    pub(crate) fn candidates(&self, sketches: &Sketches, tokens: u32, now: Timestamp) -> Vec<Candidate<'_>> {
        let holders = self
            .postings
            .holders(posted_fingerprints(&sketches.whole, &sketches.lead));
        let mut candidates: Vec<Candidate<'_>> = holders
            .into_iter()
            .filter_map(|(holder, shared)| {
                let posted = self.texts.get(holder.wrapping_sub(self.first) as usize)?;
                let enough = if tokens.min(posted.tokens) <= SHORT_TOKENS {
                    SHARED_SHORT
                } else {
                    SHARED
                };
                (shared >= enough && now.duration_since(posted.since) <= self.window)
                    .then_some(Candidate { posted, shared })
            })
            .collect();
        candidates.sort_by_key(|candidate| (std::cmp::Reverse(candidate.shared), candidate.posted.seq));
        candidates.truncate(COMPARED);
        candidates
    }

    /// Forgets what was posted more than the window before `stream`, and the oldest beyond the limit.
    pub(crate) fn forget(&mut self, stream: Timestamp) {
        while let Some(oldest) = self.texts.front()
            && (self.texts.len() > self.max_texts || stream.duration_since(oldest.since) > self.window)
        {
            self.postings.forget(
                self.first,
                posted_fingerprints(&oldest.sketches.whole, &oldest.sketches.lead),
            );
            self.texts.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }
}

/// What of a text is posted and looked up: the whole sketch and every other fingerprint of the opening, so that
/// a teaser of 25 words has about seven.
fn posted_fingerprints(whole: &Sketch, lead: &Sketch) -> Vec<u32> {
    let opening = lead
        .fingerprints()
        .iter()
        .copied()
        .filter(|fingerprint| fingerprint & 1 == 0);
    let mut all: Vec<u32> = whole.fingerprints().iter().copied().chain(opening).collect();
    all.sort_unstable();
    all.dedup();
    all
}
