//! Records: which article each number of the change log belongs to.
//!
//! Numbers come one after another, so they stand in pages of neighbours, four bytes each. A page goes with the last article of
//! it, so one that is listed for years keeps a kilobyte.

use depeche_model::Seq;
use rustc_hash::FxHashMap;

use crate::registry::articles::Slot;
use crate::size::table_bytes;

/// Numbers of a page.
const PAGE: usize = 256;
/// No article: a sighting, a rejection, or one that was forgotten.
const NONE: u32 = u32::MAX;

/// All records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    pages: FxHashMap<u64, Page>,
}

#[derive(Debug, Clone)]
struct Page {
    slots: Box<[u32; PAGE]>,
    held: usize,
}

impl Records {
    /// The slot of a record's article.
    pub(crate) fn get(&self, seq: Seq) -> Option<Slot> {
        let page = self.pages.get(&number(seq))?;
        page.slots
            .get(place(seq))
            .copied()
            .filter(|slot| *slot != NONE)
            .map(Slot)
    }

    /// Lets a record belong to a slot's article.
    pub(crate) fn set(&mut self, seq: Seq, slot: Slot) {
        let page = self.pages.entry(number(seq)).or_insert_with(|| Page {
            slots: Box::new([NONE; PAGE]),
            held: 0,
        });
        let before = std::mem::replace(&mut page.slots[place(seq)], slot.0);
        page.held += usize::from(before == NONE);
    }

    /// Forgets a record.
    pub(crate) fn remove(&mut self, seq: Seq) {
        let Some(page) = self.pages.get_mut(&number(seq)) else {
            return;
        };
        let before = std::mem::replace(&mut page.slots[place(seq)], NONE);
        page.held -= usize::from(before != NONE);
        if page.held == 0 {
            self.pages.remove(&number(seq));
        }
    }

    /// Pages that are held.
    #[cfg(test)]
    pub(crate) fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        table_bytes(self.pages.capacity(), size_of::<(u64, Page)>())
            + self.pages.len() * size_of::<[u32; PAGE]>()
    }
}

fn number(seq: Seq) -> u64 {
    seq.0 / PAGE as u64
}

fn place(seq: Seq) -> usize {
    (seq.0 % PAGE as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_belongs_to_its_article_until_it_is_forgotten_and_its_page_goes_with_the_last() {
        let mut records = Records::default();
        for seq in [1, 2, 255, 256, 1_000_000] {
            records.set(Seq(seq), Slot(seq as u32 + 1));
        }
        records.set(Seq(2), Slot(9));
        assert_eq!(records.get(Seq(2)), Some(Slot(9)));
        assert_eq!(records.get(Seq(256)), Some(Slot(257)));
        assert_eq!(records.get(Seq(3)), None);
        assert_eq!(records.get(Seq(5_000)), None);
        assert_eq!(records.pages.len(), 3);
        for seq in [1, 2, 3, 255, 2] {
            records.remove(Seq(seq));
        }
        assert_eq!(records.get(Seq(1)), None);
        assert_eq!(records.pages.len(), 2);
        assert_eq!(records.get(Seq(1_000_000)), Some(Slot(1_000_001)));
    }
}
