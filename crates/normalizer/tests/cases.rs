//! Cases as folders: `tests/data/{seed,feeds,pages,files}/<behaviour>/` holds the body (`in.*`), what is expected of it
//! (`expect.json`) and, where the defaults do not fit, how it was captured (`capture.json`).
//!
//! An expectation names only the fields that matter to its behaviour; each one named must be equal.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use depeche_model::{
    Capture, CaptureKind, Entry, Header, HttpAnswer, Normalized, Output, PageOrder, PagePolicy, Payload,
    WarningCode,
};
use depeche_normalizer::{Normalizer, Options, Unwanted};
use depeche_testkit::parcels;
use serde_json::{Value, json};

const CAPTURED_AT: &str = "2026-02-06T12:00:00Z";

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(kind);
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no cases of {kind}");
    cases
}

fn body_of(case: &Path) -> (String, Vec<u8>) {
    let file = fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_stem().is_some_and(|stem| stem == "in"))
        .unwrap();
    let extension = file.extension().unwrap().to_str().unwrap().to_owned();
    (extension, fs::read(file).unwrap())
}

fn json_of(path: &Path) -> Value {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        Err(_) => json!({}),
    }
}

fn capture(case: &Path, default: CaptureKind) -> Capture {
    let (extension, body) = body_of(case);
    let told = json_of(&case.join("capture.json"));
    let string = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = string("kind").map_or(default, |kind| CaptureKind::parse(&kind).unwrap());
    let name = case.file_name().unwrap().to_str().unwrap();
    let order = (kind == CaptureKind::Page && told.get("order") != Some(&Value::Null)).then(|| {
        let entry = told.get("order").cloned().unwrap_or_else(
            || json!({ "guid": "urn:1", "link": "https://www.example.org/article", "title": "Titre du fil" }),
        );
        Box::new(PageOrder {
            source: "Exemple".to_owned(),
            feed_url: "https://www.example.org/rss.xml".to_owned(),
            entry: entry_of(&entry),
            published: None,
            warnings: Vec::new(),
        })
    });
    let payload = match kind {
        CaptureKind::File => Payload::File {
            content_type: string("content_type"),
            body: Bytes::from(body),
        },
        _ => match string("failure") {
            Some(error) => Payload::Failure { error },
            None => Payload::Http(HttpAnswer {
                status: told.get("status").and_then(Value::as_u64).unwrap_or(200) as u16,
                headers: string("content_type")
                    .map(|value| Header {
                        name: "Content-Type".to_owned(),
                        value: value.into_bytes(),
                    })
                    .into_iter()
                    .collect(),
                body: Bytes::from(body),
            }),
        },
    };
    Capture {
        kind,
        uri: string("uri").unwrap_or_else(|| match kind {
            CaptureKind::Feed => "https://www.example.org/rss.xml".to_owned(),
            CaptureKind::Page => "https://www.example.org/article".to_owned(),
            CaptureKind::File => format!("dossier/{name}.{extension}"),
        }),
        final_uri: string("final_uri"),
        captured_at: CAPTURED_AT.parse().unwrap(),
        source: "Exemple".to_owned(),
        page_policy: string("page_policy")
            .map_or(PagePolicy::Never, |policy| PagePolicy::parse(&policy).unwrap()),
        timezone: string("timezone"),
        order,
        payload,
    }
}

fn entry_of(value: &Value) -> Entry {
    let string = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Entry {
        guid: string("guid"),
        link: string("link"),
        title: string("title"),
        summary: string("summary"),
        content: string("content"),
        published_at: string("published_at").map(|at| at.parse().unwrap()),
        authors: value
            .get("authors")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        ..Entry::default()
    }
}

/// What came out, in the words of the expectations.
fn told(normalized: &Normalized) -> Value {
    let outputs: Vec<Value> = normalized
        .outputs
        .iter()
        .map(|output| match output {
            Output::Article(article) => {
                let mut value = serde_json::to_value(article).unwrap();
                let published = article.published.unwrap();
                value["output"] = json!("article");
                value["published"] = json!(format!("{} {}", published.at, published.precision.as_str()));
                value["warnings"] = article.warnings.iter().map(|w| json!(w.code.as_str())).collect();
                let unusable = article
                    .warnings
                    .iter()
                    .find(|w| w.code == WarningCode::PageUnusable);
                value["unusable"] = json!(unusable.map(|warning| &warning.detail));
                value["paragraphs"] = article
                    .text
                    .split("\n\n")
                    .filter(|p| !p.is_empty())
                    .collect::<Vec<_>>()
                    .into();
                value
            }
            Output::PageWanted(order) => {
                let mut value = serde_json::to_value(&order.entry).unwrap();
                value["output"] = json!("page_wanted");
                value["feed_url"] = json!(order.feed_url);
                value
            }
            Output::Rejected(rejection) => {
                let mut value = serde_json::to_value(rejection).unwrap();
                value["output"] = json!("rejected");
                value["code"] = json!(rejection.reason.code());
                value["reason"] = json!(rejection.reason.to_string());
                value
            }
        })
        .collect();
    let warnings: Vec<&str> = normalized
        .warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .collect();
    json!({ "outputs": outputs, "warnings": warnings })
}

/// Every field that `expected` names is equal in `found`.
fn check(expected: &Value, found: &Value, place: &str) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(_)) => {
            for (name, value) in expected {
                check(
                    value,
                    found.get(name).unwrap_or(&Value::Null),
                    &format!("{place}.{name}"),
                );
            }
        }
        (Value::Array(expected), Value::Array(list)) if expected.iter().any(Value::is_object) => {
            assert_eq!(expected.len(), list.len(), "{place}: {found:#}");
            for (number, (expected, found)) in expected.iter().zip(list).enumerate() {
                check(expected, found, &format!("{place}[{number}]"));
            }
        }
        _ => assert_eq!(expected, found, "{place}"),
    }
}

fn run(kind: &str, default: CaptureKind) {
    let normalizer = Normalizer::new(Options::default());
    for case in cases(kind) {
        let journaled = parcels::journaled(1, capture(&case, default));
        let answer = normalizer.normalize(&journaled);
        let expected = json_of(&case.join("expect.json"));
        assert!(
            expected.get("outputs").is_some(),
            "{} expects nothing",
            case.display()
        );
        check(
            &expected,
            &told(&answer),
            &case.file_name().unwrap().to_string_lossy(),
        );
        // Purity: the same capture gives the same output.
        assert_eq!(normalizer.normalize(&journaled), answer);
    }
}

#[test]
fn seed_texts_become_articles() {
    run("seed", CaptureKind::File);
}

#[test]
fn feeds_become_articles_and_orders() {
    run("feeds", CaptureKind::Feed);
}

#[test]
fn pages_become_articles() {
    run("pages", CaptureKind::Page);
}

#[test]
fn other_files_become_articles() {
    run("files", CaptureKind::File);
}

/// Codes that no document gives, with the test that shows them.
const ELSEWHERE: &[(WarningCode, &str)] = &[(
    WarningCode::GuidReused,
    "the deduplicator's `a_guid_used_again_for_another_text_elsewhere_is_a_new_article_with_a_warning`",
)];

#[test]
fn every_warning_comes_of_a_document() {
    let all = Normalizer::new(Options::default());
    let telling = Normalizer::new(Options {
        unwanted: Unwanted::Tell,
        ..Options::default()
    });
    let mut seen: HashSet<WarningCode> = ELSEWHERE.iter().map(|(code, _)| *code).collect();
    for (kind, default) in [
        ("seed", CaptureKind::File),
        ("feeds", CaptureKind::Feed),
        ("pages", CaptureKind::Page),
        ("files", CaptureKind::File),
    ] {
        for case in cases(kind) {
            let journaled = parcels::journaled(1, capture(&case, default));
            for normalizer in [&all, &telling] {
                let answer = normalizer.normalize(&journaled);
                seen.extend(answer.warnings.iter().map(|warning| warning.code));
                for output in &answer.outputs {
                    if let Output::Article(article) = output {
                        seen.extend(article.warnings.iter().map(|warning| warning.code));
                    }
                }
            }
        }
    }
    let missing: Vec<&str> = WarningCode::ALL
        .iter()
        .filter(|code| !seen.contains(code))
        .map(|code| code.as_str())
        .collect();
    assert!(missing.is_empty(), "no case of these: {missing:?}");
}
