//! Each kind of fault, made by hand in a store that is sound without it.

use std::collections::BTreeMap;

use depeche_model::{
    Entry, Horizon, KnownArticle, PageOrder, PostedText, Regrouping, Remembered, Seq, Sighting, Sketch,
    StoryId, StoryPart, StreamDay, Verdict,
};

use super::Finding;
use crate::database::{Store, StoreOptions};
use crate::kept::{Counts, Kept};
use crate::rows::{ArticleRow, Change, Checkpoint, GroupRow, PlaceRow, encode};
use crate::sample::{COPY, FEED, FIRST, STORY, at, capture, filled, judged, order, sketch};
use crate::{StoreError, keys};

fn findings(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    let checked = store.verify(&sketch, &mut |Finding { row, fault }| {
        found.push(format!("{row}: {} ({fault})", fault.code()));
    });
    assert_eq!(checked.findings, found.len() as u64);
    found
}

/// What is found after `harm`, by how each finding begins.
#[track_caller]
fn check(harm: impl FnOnce(&Store) -> Result<(), StoreError>, expected: &[&str]) {
    let (_dir, store) = filled();
    harm(&store).unwrap();
    let found = findings(&store);
    let matches = found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(found, expected)| found.starts_with(expected));
    assert!(matches, "found {found:#?}\nexpected {expected:#?}");
}

/// Changes a row.
fn change<T: serde::Serialize + serde::de::DeserializeOwned>(
    key: Vec<u8>,
    change: impl FnOnce(&mut T),
) -> impl FnOnce(&Store) -> Result<(), StoreError> {
    move |store| {
        let mut row: T = store.get(&key)?.unwrap();
        change(&mut row);
        store.db.insert(key, encode(&row)?)?;
        Ok(())
    }
}

fn remove(key: Vec<u8>) -> impl FnOnce(&Store) -> Result<(), StoreError> {
    move |store| {
        assert!(store.db.remove(key)?.is_some(), "there was nothing to remove");
        Ok(())
    }
}

fn put<T: serde::Serialize>(key: Vec<u8>, row: T) -> impl FnOnce(&Store) -> Result<(), StoreError> {
    move |store| {
        store.db.insert(key, encode(&row)?)?;
        Ok(())
    }
}

fn seq(kind: u8, n: u64) -> Vec<u8> {
    keys::by_seq(kind, Seq(n))
}

#[test]
fn a_sound_store_has_no_findings_and_is_counted() {
    let (_dir, store) = filled();
    assert_eq!(findings(&store), [""; 0]);
    let checked = store.verify(&sketch, &mut |_| {});
    let counts = [
        checked.changes,
        checked.articles,
        checked.sightings,
        checked.rejections,
        checked.captures,
        checked.orders,
        checked.feeds,
    ];
    assert_eq!(counts, [5, 3, 1, 1, 3, 1, 1]);
}

#[test]
fn an_empty_store_is_sound() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(
        &dir.path().join("store"),
        StoreOptions {
            cache_bytes: 1 << 20,
            min_free_bytes: 0,
        },
    );
    assert_eq!(findings(&store.unwrap()), [""; 0]);
}

#[test]
fn each_row_that_is_taken_away_is_missed() {
    for (key, expected) in [
        (seq(keys::ARTICLE, 1), &["article 1: missing"][..]),
        (seq(keys::TEXT, 1), &["text 1: missing"]),
        (seq(keys::SIGHTING, 4), &["sighting 4: missing"]),
        (seq(keys::DEAD, 5), &["rejection 5: missing"]),
        (keys::revision(FIRST, 2), &["revision 2 of"]),
        (keys::place(FIRST, Seq(1)), &["place 1 of"]),
        (keys::place(COPY, Seq(3)), &["place 3 of"]),
        (keys::story_member(STORY, Seq(2)), &["member 2 of"]),
        (seq(keys::REWORDING, 2), &["rewording 2: missing"]),
        (keys::regrouping(FIRST, Seq(3)), &["change 3 of the copies of"]),
        (keys::capture(&capture(2).id), &["checkpoint: differs (captures"]),
    ] {
        let (_dir, store) = filled();
        remove(key.clone())(&store).unwrap();
        let found = findings(&store);
        assert!(
            expected
                .iter()
                .all(|expected| found.iter().any(|found| found.starts_with(expected))),
            "{}: {found:#?}",
            key.escape_ascii()
        );
    }
}

#[test]
fn what_repeats_or_revises_a_missing_record_says_so() {
    check(
        remove(seq(keys::MEMORY, 1)),
        &[
            "memory 1: missing",
            "article 2: differs (record 1, which it revises or repeats, is missing",
        ],
    );
}

#[test]
fn a_gap_in_the_change_log_is_missed_and_its_rows_are_astray() {
    check(
        remove(seq(keys::CHANGE, 4)),
        &["change 4: missing", "sighting 4: stray"],
    );
}

#[test]
fn a_change_of_the_wrong_kind_is_missed_and_astray() {
    check(
        put(seq(keys::CHANGE, 5), Change::Sighting),
        &["sighting 5: missing", "rejection 5: stray"],
    );
}

#[test]
fn rows_that_nothing_asks_for_are_astray() {
    for (key, expected) in [
        (seq(keys::ARTICLE, 77), "article 77: stray"),
        (seq(keys::TEXT, 77), "text 77: stray"),
        (seq(keys::MEMORY, 77), "memory 77: stray"),
        (seq(keys::SIGHTING, 77), "sighting 77: stray"),
        (seq(keys::DEAD, 77), "rejection 77: stray"),
        (b"k\x01".to_vec(), "row k\\x01: unreadable"),
        (b"h\x01".to_vec(), "row h\\x01: unreadable"),
        (keys::story_member(STORY, Seq(77)), "member 77 of"),
        (seq(keys::REWORDING, 77), "rewording 77: stray"),
        (keys::regrouping(FIRST, Seq(2)), "change 2 of the copies of"),
        (keys::part(&seq(keys::TEXT, 1), 0), "row wt"),
        (b"y\x01".to_vec(), "row y\\x01: stray"),
        (b"l\x01".to_vec(), "row l\\x01: stray"),
        (b"t\x01".to_vec(), "row t\\x01: stray"),
        (b"x\x01".to_vec(), "row x\\x01: stray"),
    ] {
        let (_dir, store) = filled();
        put(key, 5u32)(&store).unwrap();
        let found = findings(&store);
        assert!(
            found.iter().any(|found| found.starts_with(expected)),
            "{expected}: {found:#?}"
        );
    }
    check(put(keys::revision(FIRST, 3), Seq(2)), &["revision 3 of"]);
    let place = PlaceRow {
        place: judged(1, COPY, 1, "", None).place,
        verdict: None,
    };
    check(
        put(keys::place(FIRST, Seq(9)), place.clone()),
        &["place 9 of", "place 9 of"],
    );
}

#[test]
fn rows_that_cannot_be_read_are_findings() {
    let rows = [
        (seq(keys::CHANGE, 3), "change 3: unreadable"),
        (seq(keys::ARTICLE, 1), "article 1: unreadable"),
        (seq(keys::TEXT, 1), "text 1: unreadable"),
        (seq(keys::MEMORY, 1), "memory 1: unreadable"),
        (seq(keys::SIGHTING, 4), "sighting 4: unreadable"),
        (seq(keys::DEAD, 5), "rejection 5: unreadable"),
        (keys::revision(FIRST, 1), "revision 1 of"),
        (keys::place(FIRST, Seq(1)), "place 1 of"),
        (keys::story_member(STORY, Seq(1)), "member 1 of"),
        (seq(keys::REWORDING, 2), "rewording 2: unreadable"),
        (keys::regrouping(FIRST, Seq(3)), "change 3 of the copies of"),
        (keys::capture(&capture(1).id), "capture 0101"),
        (keys::owed(order().digest()), "page order "),
        (keys::feed(FEED), "feed https://exemple.fr/rss: unreadable"),
        (keys::CHECKPOINT_KEY.to_vec(), "checkpoint: unreadable"),
    ];
    for (key, expected) in rows {
        check(
            |store| {
                assert!(store.db.insert(key, b"\x63\x63\x63")?.is_some());
                Ok(())
            },
            &[expected],
        );
    }
}

#[test]
fn a_missing_part_makes_its_row_unreadable_and_no_other_astray() {
    check(
        remove(keys::part(&seq(keys::TEXT, 3), 1)),
        &["text 3: unreadable (t\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x03: part 1 of"],
    );
}

#[test]
fn a_changed_text_does_not_fit_what_is_remembered_of_it() {
    check(
        put(seq(keys::TEXT, 1), "Un autre texte."),
        &[
            "sketches 1: differs (its sketches",
            "text 1: differs (title and text",
        ],
    );
}

#[test]
fn a_line_of_the_log_of_copies_is_about_the_record_that_tells_it() {
    for harm in [
        (|line: &mut Regrouping| line.copy = FIRST) as fn(&mut Regrouping),
        |line| line.leader = COPY,
        |line| line.version = Seq(4),
        |line| line.after = None,
    ] {
        check(
            change(keys::regrouping(FIRST, Seq(3)), move |row: &mut GroupRow| {
                row.lines.iter_mut().for_each(harm);
            }),
            &["change 3 of the copies of"],
        );
    }
}

#[test]
fn what_is_remembered_must_be_what_the_article_says() {
    let memory = |harm: fn(&mut Remembered)| change(seq(keys::MEMORY, 3), harm);
    check(
        memory(|row| row.sketch = Sketch::new(vec![7])),
        &["memory 3: differs (its sketches"],
    );
    check(
        memory(|row| row.verdict = Verdict::Exact),
        &["memory 3: differs (its verdict"],
    );
    check(
        memory(|row| row.story = StoryId(FIRST.0)),
        &["memory 3: differs (its story"],
    );
    check(
        memory(|row| row.captured_at = at(99)),
        &["memory 3: differs (its time"],
    );
    check(
        memory(|row| row.keys.clear()),
        &["memory 3: differs (its canonical address"],
    );
    check(
        memory(|row| row.revision = 4),
        &["memory 3: differs (its revision"],
    );
}

/// Where the rows of the sample's captures are kept: all on one day.
fn day() -> StreamDay {
    at(1).into()
}

#[test]
fn what_is_kept_for_a_restart_is_missed_while_its_day_is_not_over() {
    check(
        remove(keys::known(day(), FIRST)),
        &[
            "what is kept for a restart: differs (known articles: it says 2, there are 1",
            "what is known of 0101",
        ],
    );
    check(
        remove(keys::on_day(keys::POSTED, day(), Seq(1))),
        &["what is kept for a restart: differs (posted texts: it says 2, there are 1"],
    );
    check(
        remove(keys::on_day(keys::STORY_PART, day(), Seq(1))),
        &[
            "what is kept for a restart: differs (additions",
            "part 1 of a story: missing",
        ],
    );
    check(
        remove(keys::on_day(keys::REFUSED, day(), Seq(5))),
        &["what is kept for a restart: differs (refused entries"],
    );
    let mut kept: Kept = filled().1.get(keys::KEPT_KEY).unwrap().unwrap();
    assert_eq!(
        kept.counts,
        Counts {
            known: 2,
            refused: 1,
            posted: 2,
            parts: 3
        }
    );
    let tomorrow = StreamDay(day().0 + 1);
    kept.horizon = Horizon {
        known: tomorrow,
        posted: tomorrow,
        parts: tomorrow,
    };
    kept.counts.known -= 1;
    kept.counts.parts -= 1;
    check(
        |store| {
            put(keys::KEPT_KEY.to_vec(), kept)(store)?;
            remove(keys::known(day(), FIRST))(store)?;
            remove(keys::on_day(keys::STORY_PART, day(), Seq(1)))(store)
        },
        &[],
    );
}

#[test]
fn what_is_kept_for_a_restart_must_be_what_the_record_says() {
    check(
        change(keys::known(day(), COPY), |row: &mut KnownArticle| {
            row.story = StoryId(FIRST.0);
        }),
        &["what is known of 0202"],
    );
    check(
        change(
            keys::on_day(keys::POSTED, day(), Seq(2)),
            |row: &mut PostedText| {
                row.sketch = Sketch::default();
            },
        ),
        &["sketches 2: differs (its sketches are not those of the text"],
    );
    check(
        change(
            keys::on_day(keys::STORY_PART, day(), Seq(3)),
            |row: &mut StoryPart| {
                row.verdict = Verdict::New;
            },
        ),
        &["part 3 of a story: differs (its verdict"],
    );
    check(
        |store| {
            let key = keys::on_day(keys::POSTED, day(), Seq(2));
            let row: PostedText = store.get(&key)?.unwrap();
            remove(key)(store)?;
            put(keys::on_day(keys::POSTED, StreamDay(day().0 + 1), Seq(2)), row)(store)
        },
        &["sketches 2: differs (its key is that of another record or day"],
    );
}

#[test]
fn an_article_must_fit_its_predecessor_and_its_listings() {
    let article = |n, harm: fn(&mut ArticleRow)| change(seq(keys::ARTICLE, n), harm);
    check(
        article(2, |row| row.first_seen_at = at(99)),
        &["article 2: differs (the time it was first seen"],
    );
    check(
        article(3, |row| row.of = None),
        &[
            "memory 3: differs (its predecessor or leader",
            "article 3: differs (it is `near` of no record",
        ],
    );
    check(
        article(3, |row| row.duplicate_of = Some(COPY)),
        &[
            "article 3: differs (record 2, which it repeats",
            "place 3 of 0101",
        ],
    );
    check(
        put(keys::revision(FIRST, 2), Seq(1)),
        &[
            "revision 2 of 01010101010101010101010101010101: differs (it leads to record 1",
            "revision 2 of",
        ],
    );
    check(put(keys::story_member(STORY, Seq(2)), COPY), &["member 2 of"]);
}

#[test]
fn a_place_is_the_one_that_was_told_and_told_once() {
    check(
        change(keys::place(FIRST, Seq(4)), |row: &mut PlaceRow| {
            row.place.source = "Nulle part".to_owned();
        }),
        &["place 4 of 01010101010101010101010101010101: differs (it is not the place that 4 tells"],
    );
    check(
        |store| {
            let row: PlaceRow = store.get(&keys::place(FIRST, Seq(1)))?.unwrap();
            store.db.insert(keys::place(FIRST, Seq(2)), encode(&row)?)?;
            Ok(())
        },
        &[
            "place 2 of",
            "place 2 of 01010101010101010101010101010101: differs (the article is known at that place",
        ],
    );
}

#[test]
fn a_sighting_must_meet_its_article() {
    let sighting = |harm: fn(&mut Sighting)| change(seq(keys::SIGHTING, 4), harm);
    check(
        sighting(|row| row.of = Seq(3)),
        &["sighting 4: differs (record 3 is not of the article"],
    );
    check(
        sighting(|row| row.of = Seq(77)),
        &["sighting 4: differs (record 77, which it met, is missing"],
    );
    check(
        sighting(|row| row.seq = Seq(3)),
        &["sighting 4: differs (it says that its number is 3"],
    );
}

#[test]
fn captures_are_settled_and_have_each_a_number_of_its_own() {
    let second = keys::capture(&capture(2).id);
    check(
        put(second.clone(), 1u64),
        &["capture 02020202020202020202020202020202: differs (another"],
    );
    check(
        put(second.clone(), 3u64),
        &["capture 02020202020202020202020202020202: differs (its number 3"],
    );
    check(
        put(second, u64::MAX),
        &["capture 02020202020202020202020202020202: differs (its number 18446744073709551615"],
    );
}

#[test]
fn a_page_order_stands_under_its_own_digest() {
    check(
        change(keys::owed(order().digest()), |row: &mut PageOrder| {
            row.feed_url.clear();
        }),
        &["page order "],
    );
    check(
        put(
            keys::owed(
                PageOrder {
                    entry: Entry::default(),
                    ..order()
                }
                .digest(),
            ),
            PageOrder {
                entry: Entry::default(),
                ..order()
            },
        ),
        &["page order ", "checkpoint: differs (pages ordered"],
    );
}

#[test]
fn the_checkpoint_says_what_the_rows_say() {
    let checkpoint = |harm: fn(&mut Checkpoint)| change(keys::CHECKPOINT_KEY.to_vec(), harm);
    for (harm, expected) in [
        (
            checkpoint(|row| row.last_seq = 6),
            "checkpoint: differs (the last change: it says 6, the rows say 5",
        ),
        (
            checkpoint(|row| row.tally.captures = 9),
            "checkpoint: differs (captures: it says 9, the rows say 3",
        ),
        (
            checkpoint(|row| {
                row.tally.verdicts = BTreeMap::from([(Verdict::New, 1), (Verdict::Revision, 1)]);
            }),
            "checkpoint: differs (near: it says 0, the rows say 1",
        ),
        (
            checkpoint(|row| row.tally.rejected.clear()),
            "checkpoint: differs (rejected as empty",
        ),
        (
            checkpoint(|row| row.tally.sightings = 2),
            "checkpoint: differs (sightings",
        ),
        (
            checkpoint(|row| row.tally.pages_owed = 0),
            "checkpoint: differs (pages ordered",
        ),
        (
            checkpoint(|row| row.beyond = vec![3, 4]),
            "checkpoint: differs (the captures settled beyond",
        ),
        (
            checkpoint(|row| row.beyond.clear()),
            "capture 04040404040404040404040404040404: differs (its number 4",
        ),
    ] {
        check(harm, &[expected]);
    }
    check(
        remove(keys::CHECKPOINT_KEY.to_vec()),
        &[
            "capture 0101",
            "capture 0202",
            "capture 0404",
            "checkpoint: differs (the last change",
            "checkpoint: differs (captures",
            "checkpoint: differs (new",
            "checkpoint: differs (revision",
            "checkpoint: differs (near",
            "checkpoint: differs (rejected",
            "checkpoint: differs (sightings",
            "checkpoint: differs (pages ordered",
        ],
    );
}
