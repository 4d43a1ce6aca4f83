//! The labelled pages of `tests/data/pages` at the root of the workspace: what is read of each, held against what a
//! person would read.
//!
//! A folder is a page and its `expect.json`. `text` is measured by F1 on shingles of four words, as the public
//! article-extraction benchmark does; the other fields are compared as they stand, and one that is `null` is not asked
//! for. `precision` says how far a page tells its date; `none` where it must not be dated. `scripts/quality` prints
//! the same beside other engines.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use depeche_normalizer::{PageArticle, read_page};
use serde_json::Value;

/// The least F1 of a single page.
const MIN_F1: f64 = 0.95;

/// The least F1 of all.
const MIN_F1_OF_ALL: f64 = 0.99;

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/pages");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .expect("tests/data/pages at the root of the workspace")
        .map(|entry| entry.expect("an entry of it").path())
        .collect();
    folders.sort();
    folders
}

fn shingles(text: &str) -> HashMap<Vec<&str>, usize> {
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut bag = HashMap::new();
    for window in words.windows(4) {
        *bag.entry(window.to_vec()).or_insert(0) += 1;
    }
    bag
}

/// Precision and recall.
fn score(expected: &str, found: &str) -> (f64, f64) {
    let (expected, found) = (shingles(expected), shingles(found));
    let common: usize = expected
        .iter()
        .map(|(shingle, count)| *count.min(found.get(shingle).unwrap_or(&0)))
        .sum();
    let share = |bag: &HashMap<Vec<&str>, usize>| common as f64 / bag.values().sum::<usize>().max(1) as f64;
    (share(&found), share(&expected))
}

fn f1(precision: f64, recall: f64) -> f64 {
    2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE)
}

/// What differs between a page's fields and what is expected of them.
fn differences(page: &PageArticle, expect: &Value) -> Vec<String> {
    let strings = |value: &Value| -> Vec<String> {
        let listed = value.as_array().into_iter().flatten();
        listed.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut authors = strings(&expect["authors"]);
    authors.extend(expect["agency"].as_str().map(str::to_owned));
    // Where a page shows a day only, the day is asked for.
    let published = page.published.map(|date| date.at.to_string()).unwrap_or_default();
    let same_time = |expected: &Value, found: &str| match expected.as_str() {
        Some(day) if day.len() == 10 => found.starts_with(day),
        Some(time) => time.parse::<jiff::Timestamp>().ok() == found.parse().ok(),
        None => true,
    };
    let mut found = Vec::new();
    let mut field = |name: &str, expected: String, is: String| {
        if !expect[name].is_null() && expected != is {
            found.push(format!("{name}: {is:?} instead of {expected:?}"));
        }
    };
    let string = |name: &str| expect[name].as_str().unwrap_or("").to_owned();
    field("title", string("title"), page.title.clone().unwrap_or_default());
    field("authors", authors.join("|"), page.authors.join("|"));
    field(
        "section",
        string("section"),
        page.sections.first().cloned().unwrap_or_default(),
    );
    field("tags", strings(&expect["tags"]).join("|"), page.tags.join("|"));
    field("image", string("image"), page.image.clone().unwrap_or_default());
    field(
        "canonical",
        string("canonical"),
        page.canonical.first().cloned().unwrap_or_default(),
    );
    field(
        "site_name",
        string("site_name"),
        page.site_name.clone().unwrap_or_default(),
    );
    field(
        "paywalled",
        expect["paywalled"].to_string(),
        page.paywalled.to_string(),
    );
    field(
        "precision",
        string("precision"),
        page.published
            .map_or("none", |date| date.precision.as_str())
            .to_owned(),
    );
    let warnings = page.warnings.iter().map(|warning| warning.code.as_str());
    let told: Vec<&str> = warnings.filter(|code| code.starts_with("date_")).collect();
    field(
        "date_warnings",
        strings(&expect["date_warnings"]).join("|"),
        told.join("|"),
    );
    if !same_time(&expect["published"], &published) {
        found.push(format!(
            "published: {published} instead of {}",
            expect["published"]
        ));
    }
    let updated = page.updated_at.map(|at| at.to_string()).unwrap_or_default();
    if !same_time(&expect["updated"], &updated) {
        found.push(format!("updated: {updated} instead of {}", expect["updated"]));
    }
    found
}

#[test]
fn labelled_pages_are_read_as_a_person_reads_them() {
    let folders = folders();
    assert!(folders.len() >= 60, "{} pages", folders.len());
    let (mut told, mut precisions, mut recalls) = (Vec::new(), 0.0, 0.0);
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy();
        let html = std::fs::read_to_string(folder.join("page.html")).unwrap();
        let expect: Value =
            serde_json::from_str(&std::fs::read_to_string(folder.join("expect.json")).unwrap()).unwrap();
        let page = read_page(&html, expect["url"].as_str().unwrap()).unwrap();
        let (precision, recall) = score(expect["text"].as_str().unwrap(), &page.text);
        precisions += precision;
        recalls += recall;
        if f1(precision, recall) < MIN_F1 {
            told.push(format!("{name}: precision {precision:.3}, recall {recall:.3}"));
        }
        told.extend(
            differences(&page, &expect)
                .iter()
                .map(|difference| format!("{name}: {difference}")),
        );
    }
    let count = folders.len() as f64;
    let all = f1(precisions / count, recalls / count);
    assert!(
        all >= MIN_F1_OF_ALL && told.is_empty(),
        "F1 {all:.4}\n{}",
        told.join("\n")
    );
}
