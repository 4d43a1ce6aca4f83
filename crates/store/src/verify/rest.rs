//! The way back: rows that nothing asks for, and the rows beside the change log.

use std::collections::HashSet;

use depeche_model::{ArticleId, FetchRecord, PageOrder, Seq, Sighting};

use super::{Check, Fault, Held, Numbers, RowName, seq_of};
use crate::keys;
use crate::rows::{ArticleRow, Change, Checkpoint, FeedRow, PlaceRow, parts};

/// The kinds of rows that there are; see `keys`.
const KINDS: &[u8] = &[
    keys::CHANGE,
    keys::ARTICLE,
    keys::TEXT,
    keys::MEMORY,
    keys::SIGHTING,
    keys::DEAD,
    keys::ID,
    keys::PLACE,
    keys::STORY,
    keys::REWORDING,
    keys::GROUP,
    keys::CAPTURE,
    keys::OWED,
    keys::FEED,
    keys::FETCHER_MEMORY,
    keys::FETCH_LOG,
    keys::KNOWN,
    keys::REFUSED,
    keys::POSTED,
    keys::STORY_PART,
    keys::PART,
    keys::NAMED,
];

impl Check<'_> {
    /// Looks for rows that nothing asks for, where there are more or fewer than were found.
    pub(super) fn strays(&mut self) {
        for (kind, found, change) in [
            (keys::ARTICLE, self.found.articles, Change::Article),
            (keys::TEXT, self.found.texts, Change::Article),
            (keys::MEMORY, self.found.memories, Change::Article),
            (keys::SIGHTING, self.found.sightings, Change::Sighting),
            (keys::DEAD, self.found.rejections, Change::Rejection),
        ] {
            if self.count(kind) != found {
                self.list(kind, &mut |check, key, _| check.asked_by_change(key, change));
            }
        }
        if self.count(keys::ID) != self.found.revisions {
            self.list(keys::ID, &mut |check, key, bytes| check.revision(key, bytes));
        }
        if self.count(keys::STORY) != self.found.members {
            self.list(keys::STORY, &mut |check, key, _| check.member(key));
        }
        if self.count(keys::REWORDING) != self.found.rewordings {
            self.list(keys::REWORDING, &mut |check, key, _| check.asked_by_history(key));
        }
        if self.count(keys::GROUP) != self.found.regroupings {
            self.list(keys::GROUP, &mut |check, key, _| check.asked_by_history(key));
        }
        if self.places() != self.found.places {
            self.list(keys::PLACE, &mut |check, key, _| check.asked_by_place(key));
        }
    }

    fn asked_by_change(&mut self, key: &[u8], kind: Change) {
        let change = seq_of(key).map(|seq| self.peek::<Change>(&keys::by_seq(keys::CHANGE, seq)));
        match change {
            // What cannot be read may well ask for it, and is reported itself.
            Some(Held::Unreadable(_)) => {}
            Some(Held::Row(change)) if change == kind => {}
            _ => self.stray(RowName::of(key), "the change log does not name it"),
        }
    }

    fn revision(&mut self, key: &[u8], bytes: &[u8]) {
        let Some(seq) = self.listed::<Seq>(key, bytes) else {
            return;
        };
        let name = RowName::of(key);
        match self.peek::<ArticleRow>(&keys::by_seq(keys::ARTICLE, seq)) {
            Held::Row(row) if name == RowName::Revision(row.id, row.revision) => {}
            Held::Unreadable(_) => {}
            _ => self.stray(name, format!("record {seq} is not that revision")),
        }
    }

    fn member(&mut self, key: &[u8]) {
        let name = RowName::of(key);
        let row = match &name {
            RowName::StoryMember(_, seq) => self.peek::<ArticleRow>(&keys::by_seq(keys::ARTICLE, *seq)),
            _ => Held::Missing,
        };
        match row {
            Held::Row(row) if matches!(name, RowName::StoryMember(story, _) if story == row.story) => {}
            Held::Unreadable(_) => {}
            _ => self.stray(name, "no article of that number is in the story"),
        }
    }

    fn asked_by_history(&mut self, key: &[u8]) {
        let name = RowName::of(key);
        let row = match &name {
            RowName::Rewording(seq) | RowName::Regrouping(_, seq) => {
                self.peek::<ArticleRow>(&keys::by_seq(keys::ARTICLE, *seq))
            }
            _ => Held::Missing,
        };
        let is_told = match (&name, &row) {
            (_, Held::Unreadable(_)) => true,
            (RowName::Rewording(_), Held::Row(row)) => row.has_rewording,
            (RowName::Regrouping(leader, _), Held::Row(row)) => row.regrouped == Some(*leader),
            _ => false,
        };
        if !is_told {
            self.stray(name, "no record of that number asks for it");
        }
    }

    fn asked_by_place(&mut self, key: &[u8]) {
        let name = RowName::of(key);
        let RowName::Place(article, seq) = name else {
            self.stray(name, "its key is that of no place");
            return;
        };
        let record = self.peek::<ArticleRow>(&keys::by_seq(keys::ARTICLE, seq));
        let sighting = self.peek::<Sighting>(&keys::by_seq(keys::SIGHTING, seq));
        let is_told = match (&record, &sighting) {
            (Held::Unreadable(_), _) | (_, Held::Unreadable(_)) => true,
            (Held::Row(row), _) => row.id == article || row.duplicate_of == Some(article),
            (_, Held::Row(sighting)) => sighting.article == article && sighting.place.is_some(),
            _ => false,
        };
        if !is_told {
            self.stray(name, format!("neither a record nor a sighting {seq} tells it"));
        }
    }

    /// Counts places, and looks for one that an article has twice.
    fn places(&mut self) -> u64 {
        let mut count = 0;
        let mut of: Option<ArticleId> = None;
        let mut known = HashSet::new();
        self.list(keys::PLACE, &mut |check, key, bytes| {
            count += 1;
            let name = RowName::of(key);
            // Reported by the record that told it.
            let (RowName::Place(article, _), Ok(row)) = (&name, check.store.row::<PlaceRow>(key, bytes))
            else {
                return;
            };
            if of != Some(*article) {
                of = Some(*article);
                known.clear();
            }
            let place = row.place;
            if !known.insert((place.source, place.feed_url, place.url)) {
                check.differs(name, "the article is known at that place already");
            }
        });
        count
    }

    /// Committed captures: each settled, and each number given once.
    pub(super) fn captures(&mut self, checkpoint: Option<&Checkpoint>) -> u64 {
        let mut numbers = Numbers::default();
        let beyond: HashSet<u64> = checkpoint.iter().flat_map(|c| c.beyond.iter().copied()).collect();
        self.list(keys::CAPTURE, &mut |check, key, bytes| {
            check.checked.captures += 1;
            let name = RowName::of(key);
            if !matches!(name, RowName::Capture(_)) {
                check.stray(name, "its key is that of no capture");
                return;
            }
            let Some(ordinal) = check.listed::<u64>(key, bytes) else {
                return;
            };
            let is_settled = checkpoint
                .is_none_or(|checkpoint| ordinal <= checkpoint.settled_up_to || beyond.contains(&ordinal));
            if !is_settled || ordinal == 0 {
                check.differs(
                    name,
                    format!("its number {ordinal} is not settled by the checkpoint"),
                );
            } else if !numbers.insert(ordinal) {
                check.differs(name, format!("another capture has its number {ordinal}"));
            }
        });
        self.checked.captures
    }

    /// Pages owed, each under the digest of its order.
    pub(super) fn orders(&mut self) -> u64 {
        self.list(keys::OWED, &mut |check, key, bytes| {
            check.checked.orders += 1;
            let name = RowName::of(key);
            let Some(order) = check.listed::<PageOrder>(key, bytes) else {
                return;
            };
            if name != RowName::Order(order.digest()) {
                check.differs(name.clone(), "it is another order than its key says");
            }
            if order.entry.link.is_none() {
                check.differs(name, "its entry has no link to fetch");
            }
        });
        self.checked.orders
    }

    pub(super) fn feeds(&mut self) {
        self.list(keys::FEED, &mut |check, key, bytes| {
            check.checked.feeds += 1;
            let name = RowName::of(key);
            if !matches!(name, RowName::Feed(_)) {
                check.stray(name, "its key is no address");
            }
            let _row: Option<FeedRow> = check.listed(key, bytes);
        });
        self.list(keys::FETCHER_MEMORY, &mut |check, key, bytes| {
            let _memory: Option<Vec<u8>> = check.listed(key, bytes);
        });
        self.list(keys::FETCH_LOG, &mut |check, key, bytes| {
            let name = RowName::of(key);
            if !matches!(name, RowName::FetchLog(_)) {
                check.stray(name, "its key is that of no line of a log");
            }
            let _record: Option<FetchRecord> = check.listed(key, bytes);
        });
    }

    /// Parts of large rows: each belongs to a row that is kept in at least so many. A missing one makes its row
    /// unreadable.
    pub(super) fn parts(&mut self) {
        let mut of: Option<(Vec<u8>, Option<u32>)> = None;
        self.list(keys::PART, &mut |check, key, _| {
            let whole = key
                .get(1..)
                .and_then(|key| key.split_last_chunk::<4>())
                .map(|(whole, n)| (whole, u32::from_be_bytes(*n)));
            let Some((whole, n)) = whole else {
                check.stray(RowName::of(key), "its key is that of no part");
                return;
            };
            let count = match &of {
                Some((known, count)) if known == whole => *count,
                _ => match check.store.raw(whole) {
                    Ok(bytes) => bytes.and_then(|bytes| parts(&bytes)),
                    // Reported where that row stands.
                    Err(_) => Some(u32::MAX),
                },
            };
            of = Some((whole.to_vec(), count));
            if count.is_none_or(|count| n >= count) {
                let row = RowName::of(whole);
                check.stray(RowName::of(key), format!("{row} is not kept in so many parts"));
            }
        });
    }

    pub(super) fn unknown_kinds(&mut self) {
        for kind in (0..u8::MAX).filter(|kind| !KINDS.contains(kind)) {
            self.list(kind, &mut |check, key, _| {
                check.report(
                    RowName::Other(key.to_vec()),
                    Fault::Stray {
                        why: "there is no such kind of row".to_owned(),
                    },
                );
            });
        }
    }
}
