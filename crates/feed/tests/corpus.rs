//! The corpus below `tests/data/feeds/<behaviour>/`: a document `<case>.<extension>` and `<case>.expect.json` beside it.
//!
//! An expectation names what matters to its behaviour, and each thing named must be equal; the number of entries is
//! always told. Every document is read whole, cut at every place, and with bytes changed; a table by behaviour says what was
//! found. What bare `feed-rs` makes of the same documents is told beside it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use depeche_feed::{Feed, Found, Item, NotAFeed, read};
use proptest::prelude::*;
use serde_json::{Value, json};

const LIMIT: u64 = 16 * 1024 * 1024;

#[derive(Clone)]
struct Case {
    behaviour: String,
    name: String,
    body: Bytes,
    expected: Value,
}

impl Case {
    fn string(&self, name: &str) -> Option<&str> {
        self.expected.get(name).and_then(Value::as_str)
    }

    fn read(&self) -> Result<Feed, NotAFeed> {
        self.read_body(&self.body)
    }

    fn read_body(&self, body: &Bytes) -> Result<Feed, NotAFeed> {
        let base = self.string("base").unwrap_or("");
        read(body, self.string("content_type"), base, LIMIT)
    }

    /// How many entries there are in it, as far as the expectation says so.
    fn entries(&self) -> usize {
        let count = |name: &str| self.expected.get(name).and_then(Value::as_u64);
        match self.expected.get("entries").and_then(Value::as_array) {
            Some(entries) => entries.len(),
            None => count("count").or_else(|| count("at_least")).unwrap_or(0) as usize,
        }
    }
}

fn corpus() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/feeds");
    let list = |folder: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths
    };
    let mut cases = Vec::new();
    for folder in list(&root) {
        if !folder.is_dir() {
            continue;
        }
        let files = list(&folder);
        for file in &files {
            let name = file.file_name().unwrap().to_str().unwrap();
            let Some(stem) = name.strip_suffix(".expect.json") else {
                continue;
            };
            let body = files
                .iter()
                .find(|other| {
                    let other = other.file_name().unwrap().to_str().unwrap();
                    other != name && other.split_once('.').is_some_and(|(start, _)| start == stem)
                })
                .unwrap_or_else(|| panic!("{stem} has no document"));
            cases.push(Case {
                behaviour: folder.file_name().unwrap().to_str().unwrap().to_owned(),
                name: stem.to_owned(),
                body: fs::read(body).unwrap().into(),
                expected: serde_json::from_slice(&fs::read(file).unwrap())
                    .unwrap_or_else(|error| panic!("{}: {error}", file.display())),
            });
        }
    }
    cases
}

/// What was read, in the words of the expectations.
fn told(feed: &Feed) -> Value {
    let codes = |warnings: &[depeche_model::Warning]| -> Vec<&'static str> {
        warnings.iter().map(|warning| warning.code.as_str()).collect()
    };
    let entries: Vec<Value> = feed
        .items
        .iter()
        .map(|item| {
            let mut value = serde_json::to_value(&item.entry).unwrap();
            value["warnings"] = json!(codes(&item.warnings));
            value
        })
        .collect();
    let children: Vec<Value> = feed
        .children
        .iter()
        .map(|child| json!({ "loc": child.loc, "lastmod": child.lastmod }))
        .collect();
    json!({
        "kind": feed.kind.as_str(),
        "title": feed.title,
        "language": feed.language,
        "entries": entries,
        "hubs": feed.hubs,
        "self_url": feed.self_url,
        "site_url": feed.site_url,
        "children": children,
        "charset": feed.charset.as_str(),
        "warnings": codes(&feed.warnings),
        "hints": {
            "ttl_secs": feed.hints.ttl.map(|ttl| ttl.as_secs()),
            "update_every_secs": feed.hints.update_every.map(|every| every.as_secs()),
            "skip_hours": feed.hints.skip_hours,
            "skip_days": feed.hints.skip_days,
        },
    })
}

fn refused(why: &NotAFeed) -> String {
    match why.found {
        Found::Page => "page".to_owned(),
        Found::Wall(wall) => format!("wall:{}", wall.as_str()),
        Found::Empty => "empty".to_owned(),
        Found::Binary => "binary".to_owned(),
        Found::Json => "json".to_owned(),
        Found::Xml => "xml".to_owned(),
        Found::Text => "text".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Where `found` is not what `expected` names.
fn differences(expected: &Value, found: &Value, place: &str, told: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(_)) => {
            for (name, value) in expected {
                let found = found.get(name).unwrap_or(&Value::Null);
                differences(value, found, &format!("{place}.{name}"), told);
            }
        }
        (Value::Array(expected), Value::Array(list)) if expected.iter().any(Value::is_object) => {
            if expected.len() != list.len() {
                told.push(format!("{place}: {} and not {}", list.len(), expected.len()));
            }
            for (number, (expected, found)) in expected.iter().zip(list).enumerate() {
                differences(expected, found, &format!("{place}[{number}]"), told);
            }
        }
        (Value::Array(expected), Value::Array(found)) if place.ends_with("warnings") => {
            let sorted = |list: &[Value]| {
                let mut list: Vec<String> = list.iter().map(ToString::to_string).collect();
                list.sort();
                list
            };
            if sorted(expected) != sorted(found) {
                told.push(format!("{place}: {found:?} and not {expected:?}"));
            }
        }
        _ if expected != found => told.push(format!("{place}: {found} and not {expected}")),
        _ => {}
    }
}

fn check(case: &Case) -> (usize, Vec<String>) {
    let mut problems = Vec::new();
    let place = format!("{}/{}", case.behaviour, case.name);
    let feed = match (case.read(), case.string("not_a_feed")) {
        (Err(why), Some(expected)) => {
            if refused(&why) != expected {
                problems.push(format!("{place}: {why} and not {expected}"));
            }
            return (0, problems);
        }
        (Err(why), None) => return (0, vec![format!("{place}: {why}")]),
        (Ok(_), Some(expected)) => return (0, vec![format!("{place}: a feed and not {expected}")]),
        (Ok(feed), None) => feed,
    };
    let found = told(&feed);
    let Value::Object(expected) = &case.expected else {
        return (0, vec![format!("{place}: expects nothing")]);
    };
    for (name, value) in expected {
        let at = format!("{place}.{name}");
        match name.as_str() {
            "content_type" | "base" => {}
            "count" if feed.items.len() as u64 == value.as_u64().unwrap() => {}
            "at_least" if feed.items.len() as u64 >= value.as_u64().unwrap() => {}
            "count" | "at_least" => problems.push(format!("{at}: {} and not {value}", feed.items.len())),
            _ => differences(value, found.get(name).unwrap_or(&Value::Null), &at, &mut problems),
        }
    }
    (feed.items.len(), problems)
}

#[test]
fn every_document_gives_its_entries() {
    let corpus = corpus();
    assert!(corpus.len() >= 180, "{} documents", corpus.len());
    let mut table: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut problems = Vec::new();
    for case in &corpus {
        let (found, here) = check(case);
        let row = table.entry(&case.behaviour).or_default();
        row[0] += 1;
        row[1] += case.entries();
        row[2] += found;
        row[3] += case.entries().saturating_sub(found);
        problems.extend(here);
    }
    println!(
        "{:<16}{:>10}{:>10}{:>8}{:>8}",
        "behaviour", "documents", "entries", "found", "lost"
    );
    let mut sum = [0; 4];
    for (behaviour, row) in &table {
        println!(
            "{behaviour:<16}{:>10}{:>10}{:>8}{:>8}",
            row[0], row[1], row[2], row[3]
        );
        for (total, value) in sum.iter_mut().zip(row) {
            *total += value;
        }
    }
    println!(
        "{:<16}{:>10}{:>10}{:>8}{:>8}",
        "all", sum[0], sum[1], sum[2], sum[3]
    );
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

/// Told for comparison and decides nothing: entries that bare feed-rs finds in the same documents, and how many of
/// them have the title that is expected.
#[test]
fn what_bare_feed_rs_makes_of_the_corpus() {
    let (mut expected, mut found, mut titled, mut failed, mut panicked) = (0, 0, 0, 0, 0);
    for case in corpus() {
        let entries = case.entries();
        expected += entries;
        let parsed = catch_unwind(AssertUnwindSafe(|| feed_rs::parser::parse(&case.body[..])));
        match parsed {
            Err(_) => panicked += 1,
            Ok(Err(_)) => failed += usize::from(entries > 0),
            Ok(Ok(feed)) => {
                found += feed.entries.len().min(entries);
                let wanted = case.expected.get("entries").and_then(Value::as_array);
                titled += feed
                    .entries
                    .iter()
                    .zip(wanted.into_iter().flatten())
                    .filter(|(entry, wanted)| {
                        let title = entry.title.as_ref().map(|title| title.content.as_str());
                        wanted.get("title").is_none_or(|wanted| wanted.as_str() == title)
                    })
                    .count();
            }
        }
    }
    println!(
        "feed-rs: {found} of {expected} entries, {:.1} % lost; {titled} with their title; {failed} documents refused, \
         {panicked} panics",
        (expected - found) as f64 * 100.0 / expected as f64
    );
}

/// Where feed-rs reads a well-formed document, ours reads the same titles and links.
#[test]
fn well_formed_documents_read_as_feed_rs_reads_them() {
    let mut compared = 0;
    for case in corpus() {
        if !["versions", "rdf", "atom_1", "hints"].contains(&case.behaviour.as_str()) {
            continue;
        }
        let (Ok(Ok(theirs)), Ok(ours)) = (
            catch_unwind(AssertUnwindSafe(|| feed_rs::parser::parse(&case.body[..]))),
            case.read(),
        ) else {
            continue;
        };
        assert!(
            ours.items.len() >= theirs.entries.len(),
            "{}: {} and feed-rs {}",
            case.name,
            ours.items.len(),
            theirs.entries.len()
        );
        if ours.items.len() != theirs.entries.len() || !ours.warnings.is_empty() {
            continue;
        }
        for (our, their) in ours.items.iter().zip(&theirs.entries) {
            if let Some(title) = their.title.as_ref().map(|title| title.content.trim())
                && our.warnings.is_empty()
                && !title.contains(['<', '&'])
            {
                assert_eq!(our.entry.title.as_deref(), Some(title), "{}", case.name);
                compared += 1;
            }
        }
    }
    assert!(compared > 40, "{compared} titles compared");
}

/// Entries of a document by what a reader would see.
fn seen(items: &[Item]) -> Vec<(Option<String>, Option<String>)> {
    items
        .iter()
        .map(|item| (item.entry.title.clone(), item.entry.link.clone()))
        .collect()
}

/// Behaviours whose documents are read from the first byte to the last, so that what is before a damage is untouched
/// by it.
const STREAMED: &[&str] = &[
    "versions",
    "rdf",
    "atom_1",
    "namespaces",
    "references",
    "fields",
    "dates",
];

/// Ends of entries that are wholly before `at`.
fn whole_before(body: &[u8], at: usize) -> usize {
    let head = String::from_utf8_lossy(&body[..at]).to_ascii_lowercase();
    head.matches("</item>").count() + head.matches("</entry>").count()
}

fn any_case() -> impl Strategy<Value = Case> {
    proptest::sample::select(corpus())
}

fn streamed_case() -> impl Strategy<Value = Case> {
    let mut cases = corpus();
    cases.retain(|case| {
        let whole = case.read().map_or(0, |feed| feed.items.len());
        STREAMED.contains(&case.behaviour.as_str())
            && case.body.len() < 8_000
            && whole > 1
            && whole_before(&case.body, case.body.len()) == whole
    });
    proptest::sample::select(cases)
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.behaviour, self.name)
    }
}

#[test]
fn entries_before_a_cut_survive_it() {
    for case in corpus() {
        if !STREAMED.contains(&case.behaviour.as_str()) || case.body.len() > 8_000 {
            continue;
        }
        let Ok(whole) = case.read() else { continue };
        let whole = seen(&whole.items);
        // Titles beside a first entry's tell what `</item>` counts; nested ones are told by the documents themselves.
        let nested = whole_before(&case.body, case.body.len()) != whole.len();
        if nested {
            continue;
        }
        for at in (1..case.body.len()).step_by(7) {
            let kept = whole_before(&case.body, at);
            if kept == 0 {
                continue;
            }
            let cut = case.read_body(&case.body.slice(..at)).unwrap();
            let cut = seen(&cut.items);
            assert!(cut.len() >= kept, "{case:?} cut at {at}: {} of {kept}", cut.len());
            assert_eq!(cut[..kept], whole[..kept], "{case:?} cut at {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_makes_a_reader_panic(
        case in any_case(),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
        hole in proptest::option::of((any::<proptest::sample::Index>(), 0_usize..200)),
        end in any::<proptest::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut body = case.body.to_vec();
        for (place, value) in flips {
            if !body.is_empty() {
                let at = place.index(body.len());
                body[at] = value;
            }
        }
        if let Some((place, length)) = hole
            && !body.is_empty()
        {
            let at = place.index(body.len());
            body.drain(at..(at + length).min(body.len()));
        }
        if cut && !body.is_empty() {
            body.truncate(end.index(body.len()));
        }
        if let Err(why) = case.read_body(&body.into()) {
            prop_assert!(why.found != Found::Unreadable, "{}", why.detail);
        }
    }

    #[test]
    fn entries_before_changed_bytes_survive_them(
        case in streamed_case(),
        place in any::<proptest::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..6),
    ) {
        let Ok(whole) = case.read() else { return Ok(()) };
        let whole = seen(&whole.items);
        let at = place.index(case.body.len());
        let kept = whole_before(&case.body, at);
        if kept == 0 {
            return Ok(());
        }
        let mut body = case.body.to_vec();
        for (offset, byte) in bytes.iter().enumerate() {
            if let Some(place) = body.get_mut(at + offset) {
                // Bytes beyond ASCII change the charset of the whole: that is another promise.
                *place = byte & 0x7f;
            }
        }
        let changed = case.read_body(&body.into()).unwrap();
        let changed = seen(&changed.items);
        prop_assert!(changed.len() >= kept, "{} of {}", changed.len(), kept);
        prop_assert_eq!(&changed[..kept], &whole[..kept]);
    }
}
