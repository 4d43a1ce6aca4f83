//! A store that the first version made, and what becomes of it.

use std::fs;
use std::path::Path;

use depeche_model::{Precision, Seq};
use depeche_store::{Reader, Record, Store, StoreError, compact};
use serde_json::{Value, json};

use crate::support::{judged_with, open, options};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/store-1");
const SNAPSHOT: &str = "snap.0000000000043F6C";

/// Far above the 8 MiB of the fixture's log.
const MAX_BYTES: usize = 16 << 20;

fn unpack(dir: &Path) {
    fs::create_dir_all(dir.join("blobs")).expect("made");
    for name in ["conf", SNAPSHOT] {
        fs::copy(Path::new(FIXTURE).join(name), dir.join(name)).expect("copied");
    }
    fs::write(dir.join("db"), unpacked("db.zst")).expect("written");
}

fn unpacked(name: &str) -> Vec<u8> {
    let packed = fs::read(Path::new(FIXTURE).join(name)).expect("readable");
    zstd::bulk::decompress(&packed, MAX_BYTES).expect("zstd")
}

/// What the first version printed of its store, one record a line.
fn exported() -> Vec<Value> {
    let text = String::from_utf8(unpacked("export.jsonl.zst")).expect("text");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// A record in the words of the export; what the store does not hold itself is left out.
fn line(reader: &Reader, record: &Record) -> Value {
    let article = &record.article;
    let places = reader.places(record.id).expect("readable");
    json!({
        "id": record.id.to_string(),
        "seq": record.seq.0,
        "url": article.url,
        "canonical_url": article.canonical_url,
        "title": article.title,
        "summary": article.summary,
        "text": article.text,
        "published_at": article.published.map(|published| published.at),
        "published_precision": article.published.map_or(Precision::None, |published| published.precision).as_str(),
        "updated_at": article.updated_at,
        "first_seen_at": record.first_seen_at,
        "source": article.source,
        "feed_url": article.feed_url,
        "guid": article.guid,
        "language": article.language,
        "authors": article.authors,
        "categories": article.categories,
        "image": article.image,
        "word_count": article.word_count,
        "content_from": article.content_from.as_str(),
        "verdict": record.verdict.as_str(),
        "duplicate_of": record.duplicate_of.map(|id| id.to_string()),
        "story": record.story.to_string(),
        "revision": record.revision,
        "sightings": places.iter().map(|(place, verdict)| json!({
            "source": place.source,
            "feed_url": place.feed_url,
            "url": place.url,
            "seen_at": place.seen_at,
            "verdict": verdict.map(depeche_model::Verdict::as_str),
        })).collect::<Vec<_>>(),
    })
}

/// Compares every record with its line of the export, field by field.
fn assert_holds_the_export(store: &Store) {
    let reader = Reader::from(store.clone());
    let expected = exported();
    let records: Vec<_> = reader
        .records(Seq(0))
        .map(|record| record.expect("readable"))
        .collect();
    assert_eq!((records.len(), expected.len()), (36, 36));
    for (record, expected) in records.iter().zip(&expected) {
        let found = line(&reader, record);
        for (field, value) in found.as_object().expect("an object") {
            assert_eq!(value, &expected[field], "record {}, {field}", record.seq);
        }
        let similarity = expected["similarity"].as_f64();
        assert_eq!(record.similarity.is_some(), similarity.is_some());
        // The export rounds to four places.
        assert!((f64::from(record.similarity.unwrap_or(0.0)) - similarity.unwrap_or(0.0)).abs() < 1e-4);
    }
    let changes = reader.changes(Seq(0)).flatten().count();
    let dead = reader.dead().flatten().count();
    assert_eq!((changes, dead), (40, 4));
    assert_eq!(reader.settled_up_to().expect("readable"), 40);
    for change in reader.changes(Seq(0)).take(5) {
        let seq = change.expect("readable").seq;
        assert!(
            reader.memory(seq).expect("readable").is_some()
                || reader.dead_letter(seq).expect("readable").is_some()
        );
    }
}

#[test]
fn a_store_of_schema_1_is_read_whole_and_brought_to_the_new_one_once() {
    let parent = tempfile::tempdir().expect("a folder");
    let dir = parent.path().join("store");
    unpack(&dir);
    let store = open(&dir);
    assert_eq!(store.opening().migrated_from, Some(1));
    assert_holds_the_export(&store);
    store.check_readable().expect("readable");
    drop(store);
    let again = open(&dir);
    assert_eq!(again.opening().migrated_from, None);
    assert_holds_the_export(&again);
}

#[tokio::test]
async fn a_migrated_store_goes_on_and_is_compacted_like_any_other() {
    let parent = tempfile::tempdir().expect("a folder");
    let dir = parent.path().join("store");
    unpack(&dir);
    let next = judged_with(41, 1, "Le conseil municipal a voté le budget.".to_owned());
    let decided = crate::support::decided(41, vec![depeche_model::Decision::Judged(Box::new(next))]);
    crate::support::commit(open(&dir), vec![decided], vec![]).await;
    compact(&dir, options()).expect("compacted");
    let reader = Reader::from(open(&dir));
    assert_eq!(reader.records(Seq(0)).flatten().count(), 37);
    assert_eq!(reader.settled_up_to().expect("readable"), 41);
}

#[test]
fn an_older_store_in_the_place_of_a_newer_one_is_damaged() {
    let parent = tempfile::tempdir().expect("a folder");
    let dir = parent.path().join("store");
    unpack(&dir);
    drop(open(&dir));
    // Somebody puts the old files back, and leaves ours.
    unpack(&dir);
    for entry in fs::read_dir(&dir).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.starts_with("snap.") && name != SNAPSHOT {
            fs::remove_file(path).expect("removed");
        }
    }
    let error = Store::open(&dir, options()).err().expect("damaged");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}
