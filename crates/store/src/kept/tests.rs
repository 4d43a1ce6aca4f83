//! Rows come and go with the days of the stream, and nothing else goes.

use std::path::Path;

use depeche_model::{
    ArticleId, CaptureId, CaptureRef, Decided, Decision, Digest, Horizon, Judged, Keep, Keeping,
    KnownArticle, PostedText, RefusedEntry, Seq, StoryPart, StreamDay,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::StoreOptions;
use crate::commit::Committer;
use crate::sample;

fn on(day: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day + 12)
}

fn article(number: u64) -> ArticleId {
    ArticleId(Digest(u128::from(number).to_be_bytes()))
}

fn options() -> StoreOptions {
    StoreOptions {
        cache_bytes: 1 << 20,
        min_free_bytes: 0,
    }
}

fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store"), options()).unwrap();
    (dir, store)
}

fn known(number: u64, seq: u64, day: i64, keys: usize) -> KnownArticle {
    KnownArticle {
        article: article(number),
        seq: Seq(seq),
        met: on(day),
        lag_secs: 0,
        latest: Seq(seq),
        revision: 1,
        verdict: depeche_model::Verdict::New,
        content: 1,
        story: sample::STORY,
        leader: None,
        posted: None,
        has_url: false,
        places: Vec::new(),
        keys: vec![(Digest([1; 16]), None); keys],
        records: Vec::new(),
        bodies: Vec::new(),
        earlier_bodies: Vec::new(),
    }
}

/// An article that was met on this day, having been met on another before; a window of so many days.
fn met(known: KnownArticle, before: Option<i64>, window: i32) -> Keeping {
    let today = StreamDay::from(known.met);
    Keeping {
        stream: known.met,
        horizon: Horizon {
            known: today.before(window),
            posted: today.before(window),
            parts: today.before(window),
        },
        rows: vec![Keep::Known {
            known: Box::new(known),
            before: before.map(|day| on(day).into()),
        }],
    }
}

/// A capture about which nothing else was decided.
fn decided(ordinal: u64, keeping: Keeping) -> Decided {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&ordinal.to_be_bytes());
    let capture = sample::capture(ordinal);
    Decided {
        capture: CaptureRef {
            id: CaptureId(Digest(id)),
            ..capture
        },
        decisions: vec![Decision::Unchanged],
        keeping,
        warnings: Vec::new(),
    }
}

fn count(store: &Store, kind: u8) -> usize {
    store.scan([kind]).keys().map(Result::unwrap).count()
}

fn counts_are_right(store: &Store) {
    let mut counts = store.kept().unwrap().unwrap().counts;
    for kind in [keys::KNOWN, keys::REFUSED, keys::POSTED, keys::STORY_PART] {
        assert_eq!(
            *counts.of(kind),
            count(store, kind) as u64,
            "{}",
            char::from(kind)
        );
    }
}

fn read(store: &Store) -> Vec<(u64, u64)> {
    let kept = Reader::from(store.clone()).kept().unwrap().unwrap();
    let number = |row: &KnownArticle| u128::from_be_bytes(row.article.0.0) as u64;
    kept.known()
        .map(Result::unwrap)
        .map(|row| (number(&row), row.seq.0))
        .collect()
}

#[test]
fn an_article_has_one_row_on_the_day_on_which_it_was_last_met() {
    let (_dir, store) = store();
    let mut committer = Committer::new(store.clone()).unwrap();
    let meetings = [(1, None), (1, Some(1)), (3, Some(1)), (4, Some(3)), (4, Some(4))];
    let all: Vec<Decided> = (1..)
        .zip(meetings)
        .map(|(n, (day, before))| decided(n, met(known(7, n, day, 1), before, 90)))
        .collect();
    // Two meetings in one group, then one, then two again.
    for group in [&all[..2], &all[2..3], &all[3..]] {
        committer.commit(group, &[]).unwrap();
        counts_are_right(&store);
    }
    assert_eq!((read(&store), count(&store, keys::KNOWN)), (vec![(7, 5)], 1));
}

#[test]
fn a_window_that_is_enlarged_asks_for_nothing_that_was_dropped() {
    let (_dir, store) = store();
    let mut committer = Committer::new(store.clone()).unwrap();
    let horizon = |store: &Store| store.kept().unwrap().unwrap().horizon;
    let narrow = met(known(7, 1, 100, 1), None, 5);
    let first = narrow.horizon;
    committer.commit(&[decided(1, narrow)], &[]).unwrap();
    assert_eq!(horizon(&store), first);
    let wide = met(known(7, 2, 101, 1), Some(100), 50);
    committer.commit(&[decided(2, wide)], &[]).unwrap();
    assert_eq!(horizon(&store), first);
    let later = met(known(7, 3, 200, 1), Some(101), 50);
    let last = later.horizon;
    committer.commit(&[decided(3, later)], &[]).unwrap();
    assert_eq!(horizon(&store), last);
}

#[test]
fn a_large_row_goes_with_all_its_parts() {
    let (_dir, store) = store();
    let mut committer = Committer::new(store.clone()).unwrap();
    // 170 kB, 340 kB, 17 bytes.
    for (n, (day, before, keys)) in (1..).zip([(1, None, 10_000), (2, Some(1), 20_000), (2, Some(2), 1)]) {
        let met = met(known(7, n, day, keys), before, 90);
        committer.commit(&[decided(n, met)], &[]).unwrap();
        assert_eq!(read(&store), [(7, n)]);
    }
    assert_eq!(count(&store, keys::PART), 0);
    let large = |n, day, before| decided(n, met(known(8, n, day, 10_000), before, 10));
    committer
        .commit(&[large(4, 3, None), large(5, 4, Some(3))], &[])
        .unwrap();
    assert_eq!(
        (read(&store), count(&store, keys::PART)),
        (vec![(7, 3), (8, 5)], 2)
    );
    committer
        .commit(&[decided(6, met(known(9, 6, 50, 1), None, 10))], &[])
        .unwrap();
    committer
        .commit(&[decided(7, met(known(9, 7, 50, 1), Some(50), 10))], &[])
        .unwrap();
    assert_eq!((read(&store), count(&store, keys::PART)), (vec![(9, 7)], 0));
    counts_are_right(&store);
}

#[test]
fn a_stream_that_stood_still_drops_a_bounded_number_of_rows_at_a_time() {
    let (_dir, store) = store();
    let mut committer = Committer::new(store.clone()).unwrap();
    let rows = 2 * DROPPED_AT_ONCE as u64 + 10;
    let all: Vec<Decided> = (1..=rows)
        .map(|n| decided(n, met(known(n, n, 1, 1), None, 90)))
        .collect();
    committer.commit(&all, &[]).unwrap();
    let mut left = rows as usize;
    for n in rows + 1.. {
        let met = met(known(n, n, 1000, 1), None, 90);
        committer.commit(&[decided(n, met)], &[]).unwrap();
        // Readers never see what is past.
        assert_eq!(read(&store).len() as u64, n - rows);
        counts_are_right(&store);
        left = left.saturating_sub(DROPPED_AT_ONCE + 2);
        assert_eq!(count(&store, keys::KNOWN) as u64, left as u64 + n - rows);
        if left == 0 {
            break;
        }
    }
}

/// One commit of the proptest: articles met, by number, and days since the last.
type Step = (Vec<u64>, i64);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_past_goes_and_nothing_else(
        steps in prop::collection::vec((prop::collection::vec(0..6_u64, 0..4), 0..5_i64), 1..25),
        reopens in prop::collection::vec(any::<bool>(), 25),
    ) {
        let (dir, mut store) = store();
        let mut committer = Committer::new(store.clone()).unwrap();
        let window = 4;
        let (mut day, mut seq, mut expected) = (0, 0, std::collections::BTreeMap::<u64, (i64, u64)>::new());
        let mut others = Vec::new();
        let steps: Vec<Step> = steps;
        for (n, ((numbers, days), reopen)) in (1..).zip(steps.into_iter().zip(reopens)) {
            day += days;
            let mut keeping = Keeping { stream: on(day), ..Keeping::default() };
            for number in numbers {
                seq += 1;
                let before = expected.insert(number, (day, seq));
                let one = met(known(number, seq, day, 1), before.map(|(day, _)| day), window);
                keeping.rows.extend(one.rows);
                keeping.rows.push(Keep::Refused(RefusedEntry {
                    seq: Seq(seq), key: Digest([2; 16]), digest: Digest([3; 16]), met: on(day),
                }));
                keeping.rows.push(Keep::Posted(Box::new(posted(seq, day))));
                keeping.rows.push(Keep::Part(Box::new(part(seq, day))));
                others.push((day, seq));
            }
            let first = StreamDay::from(on(day));
            keeping.horizon = Horizon { known: first.before(window), posted: first.before(1), parts: first.before(2) };
            committer.commit(&[decided(n, keeping)], &[]).unwrap();
            expected.retain(|_, (met, _)| *met >= day - i64::from(window));
            if reopen {
                drop((committer, store));
                store = Store::open(&dir.path().join("store"), options()).unwrap();
                committer = Committer::new(store.clone()).unwrap();
            }
            let mut rows: Vec<(i64, u64, u64)> = expected.iter().map(|(number, (day, seq))| (*day, *number, *seq)).collect();
            rows.sort_unstable();
            let rows: Vec<(u64, u64)> = rows.into_iter().map(|(_, number, seq)| (number, seq)).collect();
            prop_assert_eq!(read(&store), rows);
            let since = |days: i64| -> Vec<u64> {
                others.iter().filter(|(met, _)| *met >= day - days).map(|(_, seq)| *seq).collect()
            };
            let kept = Reader::from(store.clone()).kept().unwrap().unwrap();
            prop_assert_eq!(kept.refused().map(|row| row.unwrap().seq.0).collect::<Vec<_>>(), since(4));
            prop_assert_eq!(kept.posted().map(|row| row.unwrap().seq.0).collect::<Vec<_>>(), since(1));
            prop_assert_eq!(kept.parts().map(|row| row.unwrap().seq.0).collect::<Vec<_>>(), since(2));
            prop_assert_eq!(kept.stream(), on(day));
            counts_are_right(&store);
            for kind in [keys::KNOWN, keys::REFUSED, keys::POSTED, keys::STORY_PART] {
                let (_, from) = kept.kept.kinds().into_iter().find(|(of, _)| *of == kind).unwrap();
                let past = store.range(vec![kind]..keys::day(kind, from)).count();
                prop_assert_eq!(past, 0, "rows that are past are gone at once while they are few");
            }
        }
    }
}

fn posted(seq: u64, day: i64) -> PostedText {
    PostedText {
        seq: Seq(seq),
        article: article(seq),
        captured_at: on(day),
        since: on(day),
        source: String::new(),
        tokens: 100,
        is_member: false,
        sketch: depeche_model::Sketch::default(),
        lead: depeche_model::Sketch::default(),
    }
}

fn part(seq: u64, day: i64) -> StoryPart {
    StoryPart {
        seq: Seq(seq),
        article: article(seq),
        story: sample::STORY,
        verdict: depeche_model::Verdict::New,
        added_at: on(day),
        earliest_end: on(day),
        latest_start: on(day),
        terms: depeche_model::TermVector::default(),
    }
}

/// A store of schema 2: 37 records and 4 rejections.
fn of_whole_memories() -> (TempDir, Store) {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("store");
    let fixture = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/store-2"));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(fixture.join("conf"), dir.join("conf")).unwrap();
    let packed = std::fs::read(fixture.join("db.zst")).unwrap();
    std::fs::write(dir.join("db"), zstd::bulk::decompress(&packed, 16 << 20).unwrap()).unwrap();
    let store = Store::open(&dir, options()).unwrap();
    (parent, store)
}

#[test]
fn a_store_of_schema_2_is_read_as_it_is_until_all_of_it_was_kept() {
    let (_dir, store) = of_whole_memories();
    assert_eq!(store.opening().migrated_from, None);
    assert!(store.lacks_kept_rows().unwrap());
    let reader = Reader::from(store.clone());
    assert!(reader.kept().unwrap().is_none());
    let remembered = reader.memory(Seq(1)).unwrap().unwrap();
    assert!(!remembered.sketch.fingerprints().is_empty() && !remembered.terms.words.is_empty());
    // What is committed before it is brought to the new schema is as it was before.
    let next = Judged {
        record: depeche_model::Remembered {
            seq: Seq(42),
            ..remembered.clone()
        },
        ..reader.judged(Seq(1)).unwrap().unwrap()
    };
    let decision = Decision::Judged(Box::new(next));
    let capture = Decided {
        decisions: vec![decision],
        ..decided(99, met(known(1, 42, 1, 1), None, 90))
    };
    Committer::new(store.clone())
        .unwrap()
        .commit(&[capture], &[])
        .unwrap();
    assert_eq!(reader.memory(Seq(42)).unwrap().unwrap().sketch, remembered.sketch);
    assert_eq!(count(&store, keys::KNOWN), 0);

    // A first attempt breaks off.
    let mut broken_off = store.keeper().unwrap();
    for n in 0..BATCH_ROWS as u64 {
        broken_off.keep(&met(known(n, n, 1, 1), None, 90)).unwrap();
    }
    broken_off
        .keep(&met(known(1, 1, 1, 20_000), Some(1), 90))
        .unwrap();
    drop(broken_off);
    assert!(count(&store, keys::KNOWN) > 0 && store.lacks_kept_rows().unwrap());
    let mut keeper = store.keeper().unwrap();
    assert_eq!((count(&store, keys::KNOWN), count(&store, keys::PART)), (0, 0));
    for (seq, day) in [(1, 1), (2, 50), (3, 200)] {
        keeper.keep(&met(known(seq, seq, day, 1), None, 90)).unwrap();
    }
    keeper.finish().unwrap();
    assert_eq!((read(&store), count(&store, keys::KNOWN)), (vec![(3, 3)], 1));
    counts_are_right(&store);
    assert_eq!(store.get::<u32>(keys::SCHEMA_KEY).unwrap(), Some(SCHEMA));
    assert_eq!(reader.kept().unwrap().unwrap().next(), Seq(43));
}

#[test]
fn a_store_that_lost_what_it_keeps_says_so() {
    let (_dir, store) = sample::filled();
    store.db.remove(keys::KEPT_KEY).unwrap();
    let error = Reader::from(store).kept().err().unwrap();
    assert!(matches!(error, StoreError::Row { .. }), "{error}");
}

#[test]
fn an_empty_store_keeps_nothing_and_begins_with_the_first_decision() {
    let (_dir, store) = store();
    let kept = Reader::from(store).kept().unwrap().unwrap();
    assert_eq!((kept.next(), kept.stream()), (Seq(1), Timestamp::MIN));
    assert_eq!(kept.known().count() + kept.refused().count(), 0);
}
