//! One group of captures, one atomic commit: every row and the checkpoint in one batch, flushed, synced, acknowledged.
//!
//! The sync is a fixed price, which the group shares. `cargo bench -p depeche-store --bench commit`, articles of 2.2 kB,
//! medians on a shared machine with two cores and a virtual disk (read the ratio, not the figures):
//!
//! | captures a group | rows and `flush` | and `fdatasync` | ratio | a second, synced |
//! |---|---|---|---|---|
//! | 1 | 0.60 ms | 1.43 ms | 2.4 | 700 |
//! | 10 | 1.45 ms | 2.05 ms | 1.4 | 4,900 |
//! | 100 | 6.1 ms | 5.7 ms | 1.0 | 17,500 |
//! | 1,000 | 192 ms | 385 ms | 2.0 | 2,600 |
//!
//! At 100 captures the sync is lost in the noise. At 1,000 the batch passes sled's segment and the disk is what is
//! measured. So durability costs a lone capture a millisecond, and a busy stage nothing.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use depeche_model::{
    ArticleId, CaptureId, CaptureKind, CaptureRef, Decided, Decision, Judged, Key, PageOrder, Place,
    PollOutcome, PollReport, Rejection, Remembered, Seq, Sighting, Sketch, TermVector, Verdict,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::canary::Canary;
use crate::database::{Store, commit_error, guard, point};
use crate::kept::{Changes, Kept};
use crate::rows::{
    ArticleRow, Change, Checkpoint, DeadRow, FeedRow, GroupRow, PART_BYTES, PlaceRow, Tally, encode,
    encode_plain, in_parts, parts,
};
use crate::watermark::Watermark;
use crate::{StoreError, keys};

/// The one writer.
pub(crate) struct Committer {
    store: Store,
    watermark: Watermark,
    checkpoint: Checkpoint,
    canary: Canary,
    /// `None` in a store of an older schema, whose memory rows have everything.
    kept: Option<Kept>,
}

/// The rows of one group, and what later items of the group must see of earlier ones.
#[derive(Default)]
struct Group {
    batch: sled::Batch,
    kept: Option<Kept>,
    kept_changes: Changes,
    captures: HashSet<CaptureId>,
    first_seen: HashMap<ArticleId, Timestamp>,
    places: HashMap<ArticleId, Vec<Place>>,
    owed: HashMap<Vec<u8>, bool>,
    feeds: HashMap<String, FeedRow>,
    last_seq: u64,
    tally: Tally,
}

impl Group {
    fn put<T: Serialize>(&mut self, key: Vec<u8>, row: &T) -> Result<(), StoreError> {
        put_row(&mut self.batch, key, row, Packing::Small).map(drop)
    }
}

/// How a row is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Compressed where it pays.
    Small,
    /// As it is, to be read fast.
    Plain,
}

/// A row that was added to a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Put {
    /// How many bytes it takes.
    pub(crate) bytes: usize,
    /// In how many parts it is kept beside its place; 0 where it is whole.
    pub(crate) parts: u32,
}

/// Adds a row to a batch, in parts where it is large.
pub(crate) fn put_row<T: Serialize>(
    batch: &mut sled::Batch,
    key: Vec<u8>,
    row: &T,
    packing: Packing,
) -> Result<Put, StoreError> {
    let sealed = match packing {
        Packing::Small => encode(row)?,
        Packing::Plain => encode_plain(row)?,
    };
    let bytes = key.len() + sealed.len();
    let mut parts = 0;
    if sealed.len() <= PART_BYTES {
        batch.insert(key, sealed);
        return Ok(Put { bytes, parts });
    }
    for part in sealed.chunks(PART_BYTES) {
        batch.insert(keys::part(&key, parts), part);
        parts += 1;
    }
    batch.insert(key, in_parts(parts));
    Ok(Put { bytes, parts })
}

impl Committer {
    /// A writer that goes on behind the checkpoint.
    pub(crate) fn new(store: Store) -> Result<Self, StoreError> {
        let checkpoint = store.checkpoint()?;
        Ok(Self {
            watermark: Watermark::new(checkpoint.settled_up_to, checkpoint.beyond.iter().copied()),
            canary: store.canary()?,
            kept: store.kept()?,
            store,
            checkpoint,
        })
    }

    /// Counts captures as settled that the journal will not deliver: committed already, or not readable any more.
    pub(crate) fn settle(&mut self, ordinals: &[u64]) {
        for ordinal in ordinals {
            self.watermark.settle(*ordinal);
        }
    }

    /// Every capture up to this number is settled.
    pub(crate) fn settled_up_to(&self) -> u64 {
        self.checkpoint.settled_up_to
    }

    /// The store that is written.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Commits a group and returns, once it is durable, what it added. The order of captures is kept; a capture
    /// that is committed already adds nothing.
    pub(crate) fn commit(
        &mut self,
        captures: &[Decided],
        reports: &[PollReport],
    ) -> Result<Tally, StoreError> {
        let mut group = Group {
            kept: self.kept,
            last_seq: self.checkpoint.last_seq,
            ..Group::default()
        };
        let mut watermark = self.watermark.clone();
        for decided in captures {
            watermark.settle(decided.capture.position.ordinal);
            let key = keys::capture(&decided.capture.id);
            if self.store.raw(&key)?.is_some() || !group.captures.insert(decided.capture.id) {
                continue;
            }
            group.put(key, &decided.capture.position.ordinal)?;
            group.tally.captures += 1;
            self.add_capture(&mut group, decided)?;
            if let Some(kept) = &mut group.kept {
                kept.keep(
                    &self.store,
                    &mut group.batch,
                    &mut group.kept_changes,
                    &decided.keeping,
                )?;
            }
        }
        if let Some(mut kept) = group.kept {
            kept.drop_past(&self.store, &mut group.batch, &group.kept_changes)?;
            group.put(keys::KEPT_KEY.to_vec(), &kept)?;
            group.kept = Some(kept);
        }
        for report in reports {
            self.add_report(&mut group, report)?;
        }
        for (url, row) in std::mem::take(&mut group.feeds) {
            group.put(keys::feed(&url), &row)?;
        }
        let mut checkpoint = Checkpoint {
            settled_up_to: watermark.up_to(),
            beyond: watermark.beyond(),
            last_seq: group.last_seq,
            tally: self.checkpoint.tally.clone(),
        };
        checkpoint.tally.add(&group.tally);
        group.put(keys::CHECKPOINT_KEY.to_vec(), &checkpoint)?;
        let canary = self.canary.next();
        group.put(keys::CANARY_KEY.to_vec(), &canary)?;
        self.apply(group.batch)?;
        self.store.note_durable(canary);
        self.store.look_for_blobs()?;
        self.canary = canary;
        self.kept = group.kept;
        self.watermark = watermark;
        self.checkpoint = checkpoint;
        Ok(group.tally)
    }

    /// Writes a batch and returns when it is durable.
    fn apply(&self, batch: sled::Batch) -> Result<(), StoreError> {
        let dir = self.store.dir();
        guard(dir, || {
            point(dir, "store.commit.apply")?;
            self.store
                .db
                .apply_batch(batch)
                .map_err(|error| commit_error(dir, &error))?;
            point(dir, "store.commit.applied")?;
            self.store.make_durable()?;
            point(dir, "store.commit.synced")
        })
    }

    fn add_capture(&self, group: &mut Group, decided: &Decided) -> Result<(), StoreError> {
        for decision in &decided.decisions {
            match decision {
                Decision::Judged(judged) => {
                    self.add_judged(group, judged)?;
                    // A page's articles are its feed's; what a file says of a feed was not polled.
                    if decided.capture.kind != CaptureKind::File
                        && let Some(feed) = &judged.article.feed_url
                    {
                        self.feed(group, feed)?.articles += 1;
                    }
                }
                Decision::Seen(sighting) => self.add_sighting(group, sighting)?,
                Decision::Unchanged => group.tally.unchanged += 1,
                Decision::PageOwed(order) => self.add_order(group, order)?,
                Decision::Rejected(seq, rejection) => {
                    add_rejection(group, *seq, rejection, &decided.capture)?;
                }
            }
        }
        if let Some(order) = decided.capture.answers {
            let key = keys::owed(order);
            let parts = self.store.raw(&key)?.and_then(|bytes| parts(&bytes)).unwrap_or(0);
            for n in 0..parts {
                group.batch.remove(keys::part(&key, n));
            }
            group.batch.remove(key.as_slice());
            group.owed.insert(key, false);
        }
        if decided.capture.kind == CaptureKind::Feed {
            self.update_feed(group, decided)?;
        }
        Ok(())
    }

    fn add_judged(&self, group: &mut Group, judged: &Judged) -> Result<(), StoreError> {
        let record = &judged.record;
        let seq = record.seq;
        group.put(keys::by_seq(keys::TEXT, seq), &judged.article.text)?;
        let first_seen_at = self.first_seen(group, judged)?;
        let row = ArticleRow {
            article: depeche_model::Article {
                text: String::new(),
                captions: Vec::new(),
                tables: Vec::new(),
                ..judged.article.clone()
            },
            id: record.article,
            revision: record.revision,
            verdict: record.verdict,
            of: record.of,
            story: record.story,
            duplicate_of: judged.duplicate_of,
            similarity: judged.similarity,
            evidence: judged.evidence.clone(),
            captured_at: record.captured_at,
            first_seen_at,
            captions: judged.article.captions.clone(),
            tables: judged.article.tables.clone(),
            has_rewording: judged.rewording.is_some(),
            regrouped: judged.regroupings.first().map(|line| line.leader),
        };
        group.put(keys::by_seq(keys::ARTICLE, seq), &row)?;
        let memory = keys::by_seq(keys::MEMORY, seq);
        if group.kept.is_some() {
            group.put(memory, &without_kept(record))?;
        } else {
            group.put(memory, record)?;
        }
        group.put(keys::by_seq(keys::CHANGE, seq), &Change::Article)?;
        if let Some(rewording) = &judged.rewording {
            group.put(keys::by_seq(keys::REWORDING, seq), rewording)?;
        }
        if let Some(leader) = row.regrouped {
            let lines = judged.regroupings.clone();
            group.put(keys::regrouping(leader, seq), &GroupRow { lines })?;
        }
        group.put(keys::revision(record.article, record.revision), &seq)?;
        group.put(keys::story_member(record.story, seq), &record.article)?;
        self.add_place(group, record.article, seq, &judged.place, Some(record.verdict))?;
        if let Some(leader) = judged.duplicate_of {
            self.add_place(group, leader, seq, &judged.place, Some(record.verdict))?;
        }
        *group.tally.verdicts.entry(record.verdict).or_default() += 1;
        advance(group, seq);
        Ok(())
    }

    fn add_sighting(&self, group: &mut Group, sighting: &Sighting) -> Result<(), StoreError> {
        group.put(keys::by_seq(keys::SIGHTING, sighting.seq), sighting)?;
        group.put(keys::by_seq(keys::CHANGE, sighting.seq), &Change::Sighting)?;
        match &sighting.place {
            Some(place) => {
                self.add_place(group, sighting.article, sighting.seq, place, None)?;
                group.tally.sightings += 1;
            }
            None => group.tally.unchanged += 1,
        }
        advance(group, sighting.seq);
        Ok(())
    }

    /// The same place seen again adds none.
    fn add_place(
        &self,
        group: &mut Group,
        article: ArticleId,
        seq: Seq,
        place: &Place,
        verdict: Option<Verdict>,
    ) -> Result<(), StoreError> {
        let known = match group.places.entry(article) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let mut known = Vec::new();
                for item in self.store.scan(keys::places(article)) {
                    let (key, bytes) = item?;
                    known.push(self.store.row::<PlaceRow>(&key, &bytes)?.place);
                }
                unknown.insert(known)
            }
        };
        if known.iter().any(|known| known.is_same_place(place)) {
            return Ok(());
        }
        known.push(place.clone());
        group.put(
            keys::place(article, seq),
            &PlaceRow {
                place: place.clone(),
                verdict,
            },
        )
    }

    fn first_seen(&self, group: &mut Group, judged: &Judged) -> Result<Timestamp, StoreError> {
        let id = judged.record.article;
        if let Some(at) = group.first_seen.get(&id) {
            return Ok(*at);
        }
        let mut at = judged.record.captured_at;
        if judged.record.revision > 1
            && let Some((key, bytes)) = self.store.scan(keys::revisions(id)).next().transpose()?
        {
            let first: Seq = self.store.row(&key, &bytes)?;
            if let Some(row) = self
                .store
                .get::<ArticleRow>(&keys::by_seq(keys::ARTICLE, first))?
            {
                at = row.first_seen_at;
            }
        }
        group.first_seen.insert(id, at);
        Ok(at)
    }

    fn add_order(&self, group: &mut Group, order: &PageOrder) -> Result<(), StoreError> {
        let key = keys::owed(order.digest());
        let owed = match group.owed.get(&key) {
            Some(owed) => *owed,
            None => self.store.raw(&key)?.is_some(),
        };
        if !owed {
            group.tally.pages_owed += 1;
        }
        group.put(key.clone(), order)?;
        group.owed.insert(key, true);
        Ok(())
    }

    fn feed<'a>(&self, group: &'a mut Group, url: &str) -> Result<&'a mut FeedRow, StoreError> {
        match group.feeds.entry(url.to_owned()) {
            Entry::Occupied(row) => Ok(row.into_mut()),
            Entry::Vacant(unread) => Ok(unread.insert(self.store.get(&keys::feed(url))?.unwrap_or_default())),
        }
    }

    fn update_feed(&self, group: &mut Group, decided: &Decided) -> Result<(), StoreError> {
        // A rejection under the capture's own key concerns the whole answer, not one of its entries.
        let whole = Some(Key::Capture(decided.capture.uri.clone()));
        let refused = decided.decisions.iter().find_map(|decision| match decision {
            Decision::Rejected(_, rejection) if rejection.key == whole => Some(&rejection.reason),
            _ => None,
        });
        let capture = &decided.capture;
        let row = self.feed(group, &capture.uri)?;
        row.polled_at = Some(capture.captured_at);
        "200".clone_into(&mut row.status);
        let repeated = decided
            .decisions
            .iter()
            .all(|decision| matches!(decision, Decision::Unchanged));
        // A poll may bring several captures (an index and its sitemaps); whether it failed is said once, by its report.
        match refused {
            Some(reason) => {
                row.refused = Some(reason.to_string());
                row.error.clone_from(&row.refused);
            }
            // The same bytes that were refused before are not rejected twice: the refusal stands.
            None if repeated && row.refused.is_some() => row.error.clone_from(&row.refused),
            None => {
                row.answered_at = Some(capture.captured_at);
                row.error = None;
                row.refused = None;
                row.failures = 0;
                // Only an answer whose entries are stored by this very commit may answer for them later (304).
                // What came by itself, without having been asked for, has none and says nothing of them.
                if let Some(validators) = &capture.validators {
                    row.validators.clone_from(validators);
                }
                row.entries = decided.decisions.len() as u32;
            }
        }
        Ok(())
    }

    fn add_report(&self, group: &mut Group, report: &PollReport) -> Result<(), StoreError> {
        let url = &report.feed_url;
        if let Some(memory) = &report.memory {
            group.put(keys::fetcher_memory(url), memory)?;
        }
        if let Some(record) = &report.record {
            group.put(keys::fetch_log_line(url, record.number), record)?;
        }
        let row = self.feed(group, url)?;
        row.next_due = report.next_due;
        if matches!(report.outcome, PollOutcome::PutOff { .. }) {
            return Ok(());
        }
        row.polled_at = row.polled_at.max(Some(report.at));
        row.status = report.outcome.word();
        match &report.outcome {
            // What came of the entries is said by the commit that has them; whether a feed was read, by the poll's record.
            PollOutcome::Fetched { .. } => match &report.record {
                Some(record) if record.items.is_none() => row.failures += 1,
                Some(_) => row.failures = 0,
                None => {}
            },
            PollOutcome::NotModified { validators } | PollOutcome::Repeated { validators, .. } => {
                row.validators.clone_from(validators);
                row.answered_at = Some(report.at);
                row.error = None;
                row.refused = None;
                row.failures = 0;
            }
            failed => {
                row.error = failed.error();
                row.failures += 1;
            }
        }
        Ok(())
    }
}

/// What is remembered of a record beside what is kept for as long as it matters.
fn without_kept(record: &Remembered) -> Remembered {
    Remembered {
        sketch: Sketch::default(),
        lead: Sketch::default(),
        terms: TermVector::default(),
        ..record.clone()
    }
}

fn add_rejection(
    group: &mut Group,
    seq: Seq,
    rejection: &Rejection,
    capture: &CaptureRef,
) -> Result<(), StoreError> {
    let row = DeadRow {
        rejection: rejection.clone(),
        capture_uri: capture.uri.clone(),
        source: capture.source.clone(),
        captured_at: capture.captured_at,
    };
    group.put(keys::by_seq(keys::DEAD, seq), &row)?;
    group.put(keys::by_seq(keys::CHANGE, seq), &Change::Rejection)?;
    *group
        .tally
        .rejected
        .entry(rejection.reason.code().to_owned())
        .or_default() += 1;
    advance(group, seq);
    Ok(())
}

fn advance(group: &mut Group, seq: Seq) {
    group.last_seq = group.last_seq.max(seq.0);
}
