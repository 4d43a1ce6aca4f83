//! Checking a store: every row against every other row that says the same.
//!
//! In: the store, and how a text is sketched (the deduplicator's business). Out: findings, one a fault, and counts of
//! what was looked at. Promised: both directions of every link are followed; a row that cannot be read is a finding
//! and never the end of the check; memory does not grow with the store beyond a few bits a capture.
//!
//! The change log leads: each of its lines names the rows that must stand beside it. The way back is taken by
//! counting: the rows found from the log are all different, so when a kind has exactly as many rows as were found,
//! none of them is astray. Only where the counts differ is each row looked up.

mod finding;
mod kept;
mod numbers;
mod records;
mod rest;

use depeche_model::{CaptureId, Seq, Sketch};
use serde::de::DeserializeOwned;
use sled::IVec;

pub use finding::{Checked, Fault, Finding, RowName};
pub use numbers::Numbers;

use crate::database::Store;
use crate::rows::{Change, Checkpoint, Tally, decode};
use crate::{StoreError, keys};

/// How a text is sketched: the whole, and its opening.
pub type SketchText<'a> = &'a dyn Fn(&str) -> (Sketch, Sketch);

impl Store {
    /// Checks every row and gives each fault to `each`. Nothing may be committed meanwhile.
    pub fn verify(&self, sketch: SketchText<'_>, each: &mut dyn FnMut(Finding)) -> Checked {
        let mut check = Check {
            store: self,
            sketch,
            each,
            checked: Checked::default(),
            counted: Tally::default(),
            found: Found::default(),
            records_are_whole: true,
            kept: kept::KeptOf::default(),
        };
        let checkpoint = check.checkpoint();
        check.kept_rows();
        let last_seq = check.changes();
        check.strays();
        let captures = check.captures(checkpoint.as_ref());
        let orders = check.orders();
        check.feeds();
        check.parts();
        check.unknown_kinds();
        if let Some(checkpoint) = checkpoint {
            check.compare_checkpoint(&checkpoint, last_seq, captures, orders);
        }
        check.checked
    }

    /// Every committed capture with its number in the journal, in no order of numbers.
    pub fn captures(&self) -> impl Iterator<Item = Result<(CaptureId, u64), StoreError>> + use<> {
        let store = self.clone();
        self.scan([keys::CAPTURE]).filter_map(move |item| {
            let (key, bytes) = match item {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            match RowName::of(&key) {
                RowName::Capture(id) => Some(store.row(&key, &bytes).map(|ordinal| (id, ordinal))),
                _ => None,
            }
        })
    }

    /// The journal's number of a capture, when it is committed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the row cannot be read.
    pub fn ordinal_of(&self, id: &CaptureId) -> Result<Option<u64>, StoreError> {
        self.get(&keys::capture(id))
    }

    /// Up to which number of the journal everything is settled, and what is settled beyond a gap.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the checkpoint cannot be read.
    pub fn settled(&self) -> Result<(u64, Vec<u64>), StoreError> {
        let checkpoint = self.checkpoint()?;
        Ok((checkpoint.settled_up_to, checkpoint.beyond))
    }
}

/// A check under way.
struct Check<'a> {
    store: &'a Store,
    sketch: SketchText<'a>,
    each: &'a mut dyn FnMut(Finding),
    checked: Checked,
    /// What the checkpoint's counts must be, as far as rows tell.
    counted: Tally,
    found: Found,
    /// Whether every record of the change log could be read: without that, counts say nothing.
    records_are_whole: bool,
    kept: kept::KeptOf,
}

/// How many rows of each kind were found from the change log.
#[derive(Default)]
struct Found {
    articles: u64,
    texts: u64,
    memories: u64,
    sightings: u64,
    rejections: u64,
    revisions: u64,
    places: u64,
    members: u64,
    rewordings: u64,
    regroupings: u64,
}

/// What stands under a key.
enum Held<T> {
    Row(T),
    Missing,
    Unreadable(String),
}

impl<T> Held<T> {
    fn is_there(&self) -> bool {
        !matches!(self, Self::Missing)
    }

    fn row(self) -> Option<T> {
        match self {
            Self::Row(row) => Some(row),
            _ => None,
        }
    }
}

impl Check<'_> {
    fn report(&mut self, row: RowName, fault: Fault) {
        self.checked.findings += 1;
        (self.each)(Finding { row, fault });
    }

    fn differs(&mut self, row: RowName, why: impl Into<String>) {
        self.report(row, Fault::Differs { why: why.into() });
    }

    fn stray(&mut self, row: RowName, why: impl Into<String>) {
        self.report(row, Fault::Stray { why: why.into() });
    }

    /// What stands under a key, without a word about what is wrong with it.
    fn peek<T: DeserializeOwned>(&self, key: &[u8]) -> Held<T> {
        match in_words(self.store.get(key)) {
            Ok(Some(row)) => Held::Row(row),
            Ok(None) => Held::Missing,
            Err(why) => Held::Unreadable(why),
        }
    }

    /// What stands under a key; a row that cannot be read is reported.
    fn read<T: DeserializeOwned>(&mut self, key: &[u8]) -> Held<T> {
        let held = self.peek(key);
        if let Held::Unreadable(why) = &held {
            self.report(RowName::of(key), Fault::Unreadable { why: why.clone() });
        }
        held
    }

    /// What stands under a key that must be there; reported when it is not or cannot be read. The second value says
    /// whether there is anything.
    fn need<T: DeserializeOwned>(&mut self, key: &[u8]) -> (Option<T>, bool) {
        let held = self.read(key);
        let there = held.is_there();
        if !there {
            self.report(RowName::of(key), Fault::Missing);
        }
        (held.row(), there)
    }

    /// The row that a listing gave.
    fn listed<T: DeserializeOwned>(&mut self, key: &[u8], bytes: &[u8]) -> Option<T> {
        match in_words(self.store.row(key, bytes)) {
            Ok(row) => Some(row),
            Err(why) => {
                self.report(RowName::of(key), Fault::Unreadable { why });
                None
            }
        }
    }

    /// Gives every row of a kind to `each`, in order. Where rows cannot be listed, that is reported, and the listing
    /// goes on behind them.
    fn list(&mut self, kind: u8, each: &mut dyn FnMut(&mut Self, &[u8], &IVec)) {
        let mut from = vec![kind];
        let mut step = 1;
        'again: loop {
            let mut rows = self.store.range(from.clone()..vec![kind + 1]);
            loop {
                match in_words(rows.next().transpose()) {
                    Ok(Some((key, bytes))) => {
                        each(self, &key, &bytes);
                        from = key.to_vec();
                        from.push(0);
                        step = 1;
                    }
                    Ok(None) => return,
                    Err(why) => {
                        if step == 1 {
                            self.report(RowName::Behind(from.clone()), Fault::Unreadable { why });
                        }
                        match advance(&from, step) {
                            Some(behind) => from = behind,
                            None => return,
                        }
                        // Doubling: at most 64 attempts, and at most as much again is passed over as cannot be read.
                        step = step.saturating_mul(2);
                        continue 'again;
                    }
                }
            }
        }
    }

    fn count(&mut self, kind: u8) -> u64 {
        let mut rows = 0;
        self.list(kind, &mut |_, _, _| rows += 1);
        rows
    }

    fn checkpoint(&mut self) -> Option<Checkpoint> {
        match self.read(keys::CHECKPOINT_KEY) {
            Held::Row(checkpoint) => Some(checkpoint),
            // Nothing was committed yet; should there be rows all the same, they do not agree with this.
            Held::Missing => Some(Checkpoint::default()),
            Held::Unreadable(_) => None,
        }
    }

    /// Follows the change log; gives its last number.
    fn changes(&mut self) -> u64 {
        let mut last = 0;
        self.list(keys::CHANGE, &mut |check, key, bytes| {
            let Some(seq) = seq_of(key) else {
                check.stray(RowName::of(key), "its key has no number");
                return;
            };
            if seq.0 > last + 1 {
                check.report(RowName::Changes(Seq(last + 1), Seq(seq.0 - 1)), Fault::Missing);
                check.records_are_whole = false;
            }
            last = seq.0;
            check.checked.changes += 1;
            match in_words(decode(key, bytes)) {
                Ok(Change::Article) => check.record(seq),
                Ok(Change::Sighting) => check.sighting(seq),
                Ok(Change::Rejection) => check.rejection(seq),
                Err(why) => {
                    check.report(RowName::Change(seq), Fault::Unreadable { why });
                    check.records_are_whole = false;
                }
            }
        });
        last
    }

    fn compare_checkpoint(&mut self, checkpoint: &Checkpoint, last_seq: u64, captures: u64, orders: u64) {
        let mut wrong = Vec::new();
        let mut compare = |what: &str, says: u64, counted: u64| {
            if says != counted {
                wrong.push(format!("{what}: it says {says}, the rows say {counted}"));
            }
        };
        compare("the last change", checkpoint.last_seq, last_seq);
        let tally = &checkpoint.tally;
        compare("captures", tally.captures, captures);
        if self.records_are_whole {
            let counted = &self.counted;
            for verdict in depeche_model::Verdict::ALL {
                let of = |tally: &Tally| tally.verdicts.get(&verdict).copied().unwrap_or(0);
                compare(verdict.as_str(), of(tally), of(counted));
            }
            let codes = tally.rejected.keys().chain(counted.rejected.keys());
            for code in codes.collect::<std::collections::BTreeSet<_>>() {
                let of = |tally: &Tally| tally.rejected.get(code).copied().unwrap_or(0);
                compare(&format!("rejected as {code}"), of(tally), of(counted));
            }
            compare("sightings", tally.sightings, counted.sightings);
            if tally.unchanged < counted.unchanged {
                compare("unchanged", tally.unchanged, counted.unchanged);
            }
        }
        if tally.pages_owed < orders {
            compare("pages ordered", tally.pages_owed, orders);
        }
        let first = checkpoint.settled_up_to.saturating_add(1);
        if !checkpoint.beyond.is_sorted_by(|a, b| a < b)
            || checkpoint.beyond.first().is_some_and(|n| *n <= first)
        {
            wrong.push(format!(
                "the captures settled beyond number {} are not in order behind a gap",
                checkpoint.settled_up_to
            ));
        }
        for why in wrong {
            self.differs(RowName::Checkpoint, why);
        }
    }
}

/// What was read, errors as words.
fn in_words<T>(read: Result<T, StoreError>) -> Result<T, String> {
    read.map_err(|error| match error {
        StoreError::Row { why } | StoreError::Access { why } | StoreError::Damaged { why, .. } => why,
        error => error.to_string(),
    })
}

/// The key `step` further on, counted on the eight bytes behind the kind; `None` behind the last one.
fn advance(key: &[u8], step: u64) -> Option<Vec<u8>> {
    let (kind, rest) = key.split_first()?;
    let mut digits = [0; 8];
    for (digit, byte) in digits.iter_mut().zip(rest) {
        *digit = *byte;
    }
    let mut next = vec![*kind];
    next.extend(u64::from_be_bytes(digits).checked_add(step)?.to_be_bytes());
    Some(next)
}

/// The number of a key that is a kind and a number.
fn seq_of(key: &[u8]) -> Option<Seq> {
    (key.len() == 9).then(|| keys::trailing_seq(key)).flatten()
}

#[cfg(test)]
mod tests;
