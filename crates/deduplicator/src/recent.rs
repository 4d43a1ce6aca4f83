//! Recent records: their texts and articles, for as long as the store may not have them yet.
//!
//! In: every decided record. Out: its text. Promised: a record is given up only when the store gives it back, so
//! what is known of a record never depends on how fast the store is. Records are stored in the order of their
//! numbers, so one that is given back answers for all before it.

use std::collections::VecDeque;

use depeche_model::{ArticleId, Seq};

use crate::decide::Recall;
use crate::size::Held;

/// Texts kept even when they are stored: those compared most are young. About 16 MB. More are kept only while the
/// store is behind, at most as many as the captures on their way to it hold.
const RECENT_TEXTS: usize = 4096;

/// Records given up at one decision, at most: twice as fast as they come, so that the number falls again after the
/// store was behind, and no decision waits for more reads than this.
const GIVEN_UP_AT_ONCE: usize = 2;

struct Recent {
    seq: Seq,
    article: ArticleId,
    /// The leader that the article joined by this record.
    joined: Option<ArticleId>,
    text: String,
}

/// The recent records in the order of their numbers.
#[derive(Default)]
pub(crate) struct RecentRecords {
    records: VecDeque<Recent>,
    /// Bytes of all texts.
    text_bytes: usize,
}

impl RecentRecords {
    /// Keeps a record, and gives up old ones that `recall` gives back.
    pub(crate) fn keep(
        &mut self,
        seq: Seq,
        article: ArticleId,
        joined: Option<ArticleId>,
        text: String,
        recall: &dyn Recall,
    ) {
        self.text_bytes += text.capacity();
        self.records.push_back(Recent {
            seq,
            article,
            joined,
            text,
        });
        let excess = self.records.len().saturating_sub(RECENT_TEXTS);
        // The latest first: where it is stored, a read that fails for one before it holds up nothing.
        let stored = (0..excess.min(GIVEN_UP_AT_ONCE)).rev().find(|&at| {
            self.records
                .get(at)
                .is_some_and(|old| recall.text(old.seq).is_some())
        });
        if let Some(at) = stored {
            let given_up: usize = self
                .records
                .drain(..=at)
                .map(|recent| recent.text.capacity())
                .sum();
            self.text_bytes -= given_up;
        }
    }

    /// How much is held.
    pub(crate) fn held(&self) -> Held {
        Held {
            count: self.records.len(),
            bytes: self.records.capacity() * size_of::<Recent>() + self.text_bytes,
        }
    }

    /// The text of a record, where it is kept.
    pub(crate) fn text(&self, seq: Seq) -> Option<&str> {
        let at = self
            .records
            .binary_search_by_key(&seq, |recent| recent.seq)
            .ok()?;
        self.records.get(at).map(|recent| recent.text.as_str())
    }

    /// The articles that joined a leader by a record that is kept.
    pub(crate) fn copies_of(&self, leader: ArticleId) -> impl Iterator<Item = ArticleId> {
        self.records
            .iter()
            .filter(move |recent| recent.joined == Some(leader))
            .map(|recent| recent.article)
    }

    /// Whether a record of this article is kept.
    pub(crate) fn has(&self, article: ArticleId) -> bool {
        self.records.iter().any(|recent| recent.article == article)
    }
}

#[cfg(test)]
mod tests {
    use depeche_model::Digest;

    use super::*;

    const ARTICLE: ArticleId = ArticleId(Digest([1; 16]));

    /// A store that has these numbers.
    struct Stored(std::ops::RangeInclusive<u64>);

    impl Recall for Stored {
        fn text(&self, seq: Seq) -> Option<String> {
            self.0.contains(&seq.0).then(String::new)
        }
    }

    fn keep(recent: &mut RecentRecords, numbers: std::ops::RangeInclusive<u64>, store: &Stored) {
        for number in numbers {
            recent.keep(Seq(number), ARTICLE, None, number.to_string(), store);
        }
    }

    #[test]
    fn a_record_is_given_up_only_when_the_store_gives_it_back() {
        let limit = RECENT_TEXTS as u64;
        let mut recent = RecentRecords::default();
        let nothing = Stored(0..=0);
        keep(&mut recent, 1..=2 * limit, &nothing);
        assert_eq!(recent.records.len(), 2 * RECENT_TEXTS);
        assert_eq!(recent.text(Seq(1)), Some("1"));
        // The store has caught up in part, and what is beyond stays.
        keep(&mut recent, 2 * limit + 1..=2 * limit + 100, &Stored(1..=50));
        assert_eq!(recent.text(Seq(50)), None);
        assert_eq!(recent.text(Seq(51)), Some("51"));
        // It has all: the number falls back to the limit and stays there.
        keep(&mut recent, 2 * limit + 101..=4 * limit, &Stored(1..=4 * limit));
        assert_eq!(recent.records.len(), RECENT_TEXTS);
    }

    #[test]
    fn a_stored_text_that_cannot_be_read_back_holds_up_nothing() {
        let limit = RECENT_TEXTS as u64;
        let mut recent = RecentRecords::default();
        keep(&mut recent, 1..=2 * limit, &Stored(2..=2 * limit));
        assert!(recent.records.len() <= RECENT_TEXTS + 1);
        assert_eq!(recent.text(Seq(1)), None);
    }
}
