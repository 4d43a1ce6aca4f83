//! Replaying folders and files: order, names, and what cannot be read.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use depeche_fetcher::replay::{CaptureSink, ReplayOptions, ReplayProgress, ReplaySummary, Speed, replay};
use depeche_model::{Capture, CaptureId, CaptureKind, PagePolicy, Payload, SystemClock};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::desk::journal;

const LIMIT: u64 = 1000;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

const CLOCK: &str = "2026-02-01T00:00:00Z";

/// A stand-in for the WARC reader: one capture a line, `!` is a damaged record; a date may come before the address.
fn lines_as_records(path: &Path, take: &mut CaptureSink<'_>) -> io::Result<()> {
    for line in fs::read_to_string(path)?.lines() {
        let read = match line.strip_prefix('!') {
            Some(error) => Err(error.to_owned()),
            None => Ok(Capture {
                kind: CaptureKind::Feed,
                uri: line.split(' ').next_back().unwrap().to_owned(),
                final_uri: None,
                captured_at: line
                    .split_once(' ')
                    .map_or(CLOCK, |(date, _)| date)
                    .parse()
                    .unwrap(),
                source: "warc".to_owned(),
                page_policy: PagePolicy::Auto,
                timezone: None,
                order: None,
                payload: Payload::File {
                    content_type: None,
                    body: line.repeat(if line == "grand" { 1000 } else { 1 }).into(),
                },
            }),
        };
        if let ControlFlow::Break(()) = take(read) {
            break;
        }
    }
    Ok(())
}

async fn replayed(
    paths: &[PathBuf],
    known: impl Fn(&CaptureId) -> bool + Send + 'static,
) -> (Vec<Capture>, ReplaySummary, ReplayProgress) {
    let (outlet, kept) = journal();
    let options = ReplayOptions {
        speed: Speed::Max,
        max_body_bytes: LIMIT,
    };
    let mut latest = ReplayProgress::default();
    let summary = replay(
        paths.to_vec(),
        options,
        Arc::new(|| CLOCK.parse::<Timestamp>().unwrap()),
        outlet,
        known,
        lines_as_records,
        |progress| latest = *progress,
        CancellationToken::new(),
    )
    .await;
    (kept.await.unwrap(), summary, latest)
}

#[tokio::test]
async fn a_folder_is_replayed_by_path_and_position() {
    let folder = folder(&[
        ("b.txt", "deux"),
        ("a/z.html", "<p>un"),
        ("a.xml", "<rss/>"),
        ("a/Été.json", "{}"),
        ("c.jsonl", "{\"n\":1}\n\n  \r\n{\"n\":2}\r\n{\"n\":3}"),
        ("d.warc", "http://a.fr/\nhttp://b.fr/"),
        ("README.md", "x"),
        ("readme.txt", "x"),
        ("expected.jsonl", "x"),
        (".hidden.txt", "x"),
        (".git/x.txt", "x"),
        ("photo.jpg", "x"),
        ("empty.txt", ""),
    ]);
    let (captures, summary, progress) = replayed(&[folder.path().to_owned()], |_| false).await;
    let uris: Vec<&str> = captures.iter().map(|capture| capture.uri.as_str()).collect();
    assert_eq!(
        uris,
        [
            "a.xml",
            "a/z.html",
            "a/Été.json",
            "b.txt",
            "c.jsonl#1",
            "c.jsonl#4",
            "c.jsonl#5",
            "http://a.fr/",
            "http://b.fr/",
            "empty.txt",
        ]
    );
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    assert!(
        captures
            .iter()
            .all(|capture| capture.source == name || capture.source == "warc")
    );
    assert_eq!(captures[5].body().as_ref(), b"{\"n\":2}");
    let types: Vec<Option<&str>> = captures[..5].iter().map(Capture::content_type).collect();
    let json = Some("application/json");
    assert_eq!(
        types,
        [
            Some("application/xml"),
            Some("text/html"),
            json,
            Some("text/plain"),
            json
        ]
    );
    assert_eq!(
        (summary.captures, summary.passed_over, summary.complete),
        (10, 1, true)
    );
    assert_eq!(summary.problems, []);
    assert_eq!(
        (progress.files, progress.files_done, progress.captures),
        (7, 7, 10)
    );
}

#[tokio::test]
async fn a_file_named_by_itself_is_taken_under_its_parents_name() {
    let folder = folder(&[("gazette/expected.jsonl", "{}\n"), ("gazette/readme.txt", "x")]);
    let paths = ["gazette/readme.txt", "gazette/expected.jsonl"].map(|name| folder.path().join(name));
    let (captures, summary, _) = replayed(&paths, |_| false).await;
    let seen: Vec<(&str, &str)> = captures
        .iter()
        .map(|c| (c.source.as_str(), c.uri.as_str()))
        .collect();
    assert_eq!(seen, [("gazette", "readme.txt"), ("gazette", "expected.jsonl#1")]);
    assert_eq!(summary.problems, []);
}

#[tokio::test]
async fn a_folder_replayed_again_is_known_whole() {
    let folder = folder(&[("a.txt", "un"), ("b.jsonl", "{}\n")]);
    let paths = [folder.path().to_owned()];
    let (captures, ..) = replayed(&paths, |_| false).await;
    let ids: Vec<CaptureId> = captures.iter().map(Capture::id).collect();
    let (captures, summary, _) = replayed(&paths, move |id| ids.contains(id)).await;
    assert_eq!((captures.len(), summary.captures, summary.known), (0, 0, 2));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_the_rest_is_replayed() {
    let line = "x".repeat(1000);
    let folder = folder(&[
        ("all/fits.txt", &line),
        ("all/large.txt", &format!("{line}y")),
        (
            "all/lines.jsonl",
            &format!("{line}\n{line}y\r\n{line}\r\n{line}{line}{line}\n{line}yz"),
        ),
        (
            "all/records.warc.gz",
            "http://a.fr/\n!record 2 is cut off\ngrand\nhttp://b.fr/",
        ),
        ("none/photo.jpg", "x"),
        ("single.doc", "x"),
    ]);
    let at = |name: &str| folder.path().join(name);
    let paths = [at("missing"), at("none"), at("single.doc"), at("all")];
    let (captures, summary, _) = replayed(&paths, |_| false).await;
    let uris: Vec<&str> = captures.iter().map(|capture| capture.uri.as_str()).collect();
    assert_eq!(
        uris,
        [
            "fits.txt",
            "lines.jsonl#1",
            "lines.jsonl#3",
            "http://a.fr/",
            "http://b.fr/"
        ]
    );
    let told: Vec<String> = summary
        .problems
        .iter()
        .map(|problem| problem.to_string().replace(folder.path().to_str().unwrap(), ""))
        .collect();
    let expected = [
        "/missing: there is no such file",
        "/none: the folder holds no file",
        "/single.doc: the extension is not known",
        "/all/large.txt: 1001 bytes are more than the 1000 allowed; raise `fetch.max_body`",
        "/all/lines.jsonl#2: 1001 bytes",
        "/all/lines.jsonl#4: 3000 bytes",
        "/all/lines.jsonl#5: 1002 bytes",
        "/all/records.warc.gz: record 2 is cut off",
        "/all/records.warc.gz: grand: 5000 bytes",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told} / {expected}");
    }
    assert!(summary.complete);
}

#[tokio::test]
async fn a_record_from_the_future_is_a_problem_and_no_capture() {
    let folder = folder(&[(
        "a.warc",
        "2026-02-02T00:00:00Z http://a.fr/\n2026-02-02T00:00:01Z http://b.fr/\n2099-01-01T00:00:00Z http://c.fr/\n\
         http://d.fr/",
    )]);
    let (captures, summary, _) = replayed(&[folder.path().to_owned()], |_| false).await;
    let uris: Vec<&str> = captures.iter().map(|capture| capture.uri.as_str()).collect();
    assert_eq!(uris, ["http://a.fr/", "http://d.fr/"]);
    let told: Vec<String> = summary.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2);
    for (told, date) in told.iter().zip(["2026-02-02T00:00:01Z", "2099-01-01T00:00:00Z"]) {
        assert!(told.contains("a.warc: ") && told.contains(date), "{told}");
    }
}

#[tokio::test]
async fn a_stopped_replay_says_that_it_is_not_complete() {
    let folder = folder(&[("a.jsonl", &"{}\n".repeat(100))]);
    let (outlet, mut inlet) = tokio::sync::mpsc::channel(1);
    let stop = CancellationToken::new();
    let options = ReplayOptions {
        speed: Speed::Max,
        max_body_bytes: LIMIT,
    };
    let replaying = tokio::spawn(replay(
        vec![folder.path().to_owned()],
        options,
        Arc::new(SystemClock),
        outlet,
        |_| false,
        lines_as_records,
        |_| {},
        stop.clone(),
    ));
    inlet.recv().await.unwrap();
    stop.cancel();
    let summary = replaying.await.unwrap();
    assert!(!summary.complete && summary.captures < 100);
}
