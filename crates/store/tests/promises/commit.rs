//! Commits, through the stage.

use depeche_model::{
    ArticleId, CaptureKind, Decision, FetchRecord, Key, Outcome, PollOutcome, PollReport, Rejection,
    RejectionReason, Seq, Validators,
};
use depeche_store::{Change, Reader, take_over_polling};

use crate::support::{FEED, at, commit, decided, digest, judged, open, options, order};

#[tokio::test]
async fn what_is_committed_reads_back_after_reopening() {
    let dir = tempfile::tempdir().expect("a folder");
    let (first, second) = (judged(1, 1), judged(2, 2));
    let ends = commit(
        open(dir.path()),
        vec![
            decided(1, vec![Decision::Judged(Box::new(first.clone()))]),
            decided(
                2,
                vec![Decision::Judged(Box::new(second.clone())), Decision::Unchanged],
            ),
        ],
        vec![],
    )
    .await;
    assert_eq!(ends, [Outcome::Stored, Outcome::Stored]);
    let reader = Reader::from(open(dir.path()));
    let all: Vec<_> = reader.records(Seq(0)).map(|r| r.expect("readable")).collect();
    assert_eq!(
        all.iter().map(|r| r.article.clone()).collect::<Vec<_>>(),
        [first.article.clone(), second.article.clone()]
    );
    let latest: Vec<_> = reader.articles().map(|r| r.expect("readable")).collect();
    assert_eq!(latest.len(), 1, "two revisions are one article");
    assert_eq!((latest[0].revision, latest[0].first_seen_at), (2, at(1)));
    assert_eq!(
        reader.memory(Seq(2)).expect("readable"),
        Some(depeche_model::Remembered {
            sketch: depeche_model::Sketch::default(),
            lead: depeche_model::Sketch::default(),
            terms: depeche_model::TermVector::default(),
            ..second.record.clone()
        }),
        "sketches and terms have rows of their own, for as long as they matter"
    );
    assert_eq!(
        reader.places(second.record.article).expect("readable").len(),
        1,
        "the same place adds none"
    );
    assert_eq!(reader.settled_up_to().expect("readable"), 2);
    assert_eq!(
        reader
            .find(second.record.article.to_string().get(..5).unwrap_or_default())
            .expect("readable"),
        [second.record.article]
    );
}

#[tokio::test]
async fn a_capture_delivered_twice_is_committed_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let twice = decided(1, vec![Decision::Judged(Box::new(judged(1, 1)))]);
    let ends = commit(open(dir.path()), vec![twice.clone(), twice.clone()], vec![]).await;
    assert_eq!(ends.len(), 2);
    commit(open(dir.path()), vec![twice], vec![]).await;
    let reader = Reader::from(open(dir.path()));
    assert_eq!(reader.tally().expect("readable").captures, 1);
    assert_eq!(reader.records(Seq(0)).count(), 1);
}

#[tokio::test]
async fn the_checkpoint_does_not_pass_a_lost_capture() {
    let dir = tempfile::tempdir().expect("a folder");
    commit(
        open(dir.path()),
        vec![decided(1, vec![]), decided(3, vec![])],
        vec![],
    )
    .await;
    assert_eq!(
        Reader::from(open(dir.path())).settled_up_to().expect("readable"),
        1
    );
    commit(open(dir.path()), vec![decided(2, vec![])], vec![]).await;
    assert_eq!(
        Reader::from(open(dir.path())).settled_up_to().expect("readable"),
        3
    );
}

#[tokio::test]
async fn a_rejection_is_kept_with_its_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let rejection = Rejection {
        reason: RejectionReason::Language {
            detected: "en".to_owned(),
            confidence: 0.99,
        },
        title: Some("The budget".to_owned()),
        url: None,
        key: None,
        digest: digest(5),
    };
    let ends = commit(
        open(dir.path()),
        vec![decided(1, vec![Decision::Rejected(Seq(1), rejection.clone())])],
        vec![],
    )
    .await;
    assert_eq!(ends, [Outcome::Rejected]);
    let reader = Reader::from(open(dir.path()));
    let dead: Vec<_> = reader.dead().map(|r| r.expect("readable")).collect();
    assert_eq!((dead.len(), &dead[0].rejection), (1, &rejection));
    let changes: Vec<_> = reader
        .changes(Seq(0))
        .map(|c| c.expect("readable").change)
        .collect();
    assert_eq!(changes, [Change::Rejection]);
}

#[tokio::test]
async fn a_page_is_owed_until_its_capture_is_committed() {
    let dir = tempfile::tempdir().expect("a folder");
    let owed = |guid| Decision::PageOwed(Box::new(order(guid)));
    commit(
        open(dir.path()),
        vec![decided(1, vec![owed("a"), owed("b"), owed("a")])],
        vec![],
    )
    .await;
    let reader = Reader::from(open(dir.path()));
    assert_eq!(
        (
            reader.owed().count(),
            reader.tally().expect("readable").pages_owed
        ),
        (2, 2)
    );
    drop(reader);
    let mut page = decided(2, vec![]);
    page.capture.kind = CaptureKind::Page;
    page.capture.answers = Some(order("a").digest());
    commit(open(dir.path()), vec![page], vec![]).await;
    let left: Vec<_> = Reader::from(open(dir.path()))
        .owed()
        .map(|o| o.expect("readable").entry.guid)
        .collect();
    assert_eq!(left, [Some("b".to_owned())]);
}

#[tokio::test]
async fn validators_come_with_the_entries_and_errors_do_not_erase_them() {
    let dir = tempfile::tempdir().expect("a folder");
    commit(
        open(dir.path()),
        vec![decided(1, vec![Decision::Judged(Box::new(judged(1, 1)))])],
        vec![],
    )
    .await;
    let report = |n, outcome| PollReport {
        feed_url: FEED.to_owned(),
        at: at(n),
        outcome,
        next_due: Some(at(n + 9)),
        memory: None,
        record: None,
    };
    let failed = PollOutcome::Failed {
        error: "délai dépassé".to_owned(),
        unreachable: true,
    };
    commit(
        open(dir.path()),
        vec![],
        vec![report(5, failed), report(6, PollOutcome::Refused { status: 503 })],
    )
    .await;
    let row = Reader::from(open(dir.path()))
        .feed(FEED)
        .expect("readable")
        .expect("known");
    assert_eq!(row.validators.etag.as_deref(), Some(b"\"1\"".as_slice()));
    assert_eq!(
        (row.failures, row.status.as_str(), row.articles, row.next_due),
        (2, "503", 1, Some(at(15)))
    );
    let renewed = Validators {
        etag: Some(b"\"2\"".to_vec()),
        last_modified: None,
    };
    let not_modified = PollOutcome::NotModified {
        validators: renewed.clone(),
    };
    commit(open(dir.path()), vec![], vec![report(7, not_modified)]).await;
    let row = Reader::from(open(dir.path()))
        .feed(FEED)
        .expect("readable")
        .expect("known");
    assert_eq!((row.validators, row.failures, row.error), (renewed, 0, None));
}

#[tokio::test]
async fn what_the_fetcher_remembers_and_its_log_come_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let report = |number: u64, outcome| PollReport {
        feed_url: FEED.to_owned(),
        at: at(number),
        outcome,
        next_due: Some(at(number + 9)),
        memory: Some(vec![number as u8; 3]),
        record: Some(Box::new(FetchRecord {
            number,
            at: at(number),
            rule: "intervalle".to_owned(),
            ..FetchRecord::default()
        })),
    };
    let repeated = |number| {
        report(
            number,
            PollOutcome::Repeated {
                bytes: 9,
                validators: Validators::default(),
            },
        )
    };
    commit(open(dir.path()), vec![], (1..=40).map(repeated).collect()).await;
    // A feed whose address begins like this one has a log of its own.
    let mut other = repeated(1);
    other.feed_url.push('x');
    // What was put off says when to ask next, and nothing else.
    let mut put_off = report(41, PollOutcome::PutOff { until: at(90) });
    put_off.record = None;
    commit(open(dir.path()), vec![], vec![other, put_off]).await;
    let reader = Reader::from(open(dir.path()));
    let log = reader.fetch_log(FEED).expect("readable");
    let numbers: Vec<u64> = log.iter().map(|record| record.number).collect();
    assert_eq!(numbers, (9..=40).rev().collect::<Vec<u64>>());
    assert_eq!(reader.fetcher_memory(FEED).expect("readable"), Some(vec![41; 3]));
    let row = reader.feed(FEED).expect("readable").expect("known");
    assert_eq!((row.polled_at, row.next_due), (Some(at(40)), Some(at(50))));
    assert_eq!((row.status.as_str(), row.failures), ("200", 0));
}

#[tokio::test]
async fn an_answer_without_news_clears_an_error_and_a_refusal_stands() {
    let dir = tempfile::tempdir().expect("a folder");
    let failed = PollReport {
        feed_url: FEED.to_owned(),
        at: at(1),
        outcome: PollOutcome::Refused { status: 503 },
        next_due: None,
        memory: None,
        record: None,
    };
    commit(open(dir.path()), vec![], vec![failed]).await;
    commit(
        open(dir.path()),
        vec![decided(1, vec![Decision::Unchanged])],
        vec![],
    )
    .await;
    let row = || {
        Reader::from(open(dir.path()))
            .feed(FEED)
            .expect("readable")
            .expect("known")
    };
    assert_eq!(
        (row().error, row().failures, row().answered_at),
        (None, 0, Some(at(1)))
    );
    assert!(row().validators.etag.is_some());

    let refused = Rejection {
        reason: RejectionReason::NotAFeed {
            found: "an HTML page".to_owned(),
        },
        title: None,
        url: None,
        key: Some(Key::Capture(FEED.to_owned())),
        digest: digest(5),
    };
    commit(
        open(dir.path()),
        vec![decided(2, vec![Decision::Rejected(Seq(1), refused)])],
        vec![],
    )
    .await;
    commit(
        open(dir.path()),
        vec![decided(3, vec![Decision::Unchanged])],
        vec![],
    )
    .await;
    assert!(
        row().error.is_some_and(|error| error.contains("not a feed")),
        "the same answer is refused again"
    );
    assert_eq!((row().failures, row().answered_at), (0, Some(at(1))));
}

/// A poll that was answered with 200, whose report says whether a feed was read.
fn fetched(n: u64, items: Option<u32>) -> PollReport {
    PollReport {
        feed_url: FEED.to_owned(),
        at: at(n),
        outcome: PollOutcome::Fetched { bytes: 9 },
        next_due: Some(at(n + 9)),
        memory: None,
        record: Some(Box::new(FetchRecord {
            number: n,
            items,
            ..FetchRecord::default()
        })),
    }
}

#[tokio::test]
async fn a_poll_counts_one_failure_at_most_and_a_refusal_keeps_its_words() {
    let dir = tempfile::tempdir().expect("a folder");
    let refused = |ordinal: u64| {
        let rejection = Rejection {
            reason: RejectionReason::NotAFeed {
                found: "a sitemap without news".to_owned(),
            },
            title: None,
            url: None,
            key: Some(Key::Capture(FEED.to_owned())),
            digest: digest(ordinal),
        };
        decided(ordinal, vec![Decision::Rejected(Seq(ordinal), rejection)])
    };
    let row = || {
        Reader::from(open(dir.path()))
            .feed(FEED)
            .expect("readable")
            .expect("known")
    };
    // No feed at all: the report counts, whichever comes first.
    commit(open(dir.path()), vec![refused(1)], vec![fetched(1, None)]).await;
    assert_eq!(row().failures, 1);
    commit(open(dir.path()), vec![], vec![fetched(2, None)]).await;
    commit(open(dir.path()), vec![refused(2)], vec![]).await;
    assert_eq!(row().failures, 2);
    // An index that was read, with two sitemaps that hold no news: no failure, and the reason is kept.
    commit(
        open(dir.path()),
        vec![refused(3), refused(4)],
        vec![fetched(5, Some(2))],
    )
    .await;
    assert_eq!((row().failures, row().status.as_str()), (0, "200"));
    assert!(row().error.is_some_and(|error| error.contains("without news")));
}

#[tokio::test]
async fn a_mended_copy_is_still_a_copy() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut copy = judged(2, 2);
    copy.duplicate_of = Some(ArticleId(digest(99)));
    let original = decided(1, vec![Decision::Judged(Box::new(judged(1, 1)))]);
    commit(
        open(dir.path()),
        vec![original, decided(2, vec![Decision::Judged(Box::new(copy))])],
        vec![],
    )
    .await;
    assert_eq!(Reader::from(open(dir.path())).articles().count(), 0);
}

#[tokio::test]
async fn a_row_of_any_size_reads_back_and_none_becomes_a_blob() {
    let dir = tempfile::tempdir().expect("a folder");
    // Digits that zstd cannot shrink below the size of a blob file.
    let noise: String = (0..200_000_u64).map(|n| digest(n).to_string()).collect();
    let mut large = order("a");
    large.entry.content = Some(noise.clone());
    let mut article = judged(1, 1);
    article.article.summary = Some(noise);
    let decisions = vec![
        Decision::Judged(Box::new(article.clone())),
        Decision::PageOwed(Box::new(large.clone())),
    ];
    commit(open(dir.path()), vec![decided(1, decisions)], vec![]).await;
    let reader = Reader::from(open(dir.path()));
    assert_eq!(
        reader
            .owed()
            .map(|order| order.expect("readable"))
            .collect::<Vec<_>>(),
        [large.clone()]
    );
    let stored = reader.record(Seq(1)).expect("readable").expect("stored");
    assert_eq!(stored.article, article.article);
    drop(reader);
    let blobs = std::fs::read_dir(dir.path().join("blobs")).map_or(0, Iterator::count);
    assert_eq!(blobs, 0, "sled does not sync its blob files");
    let mut page = decided(2, vec![]);
    page.capture.answers = Some(large.digest());
    commit(open(dir.path()), vec![page], vec![]).await;
    assert_eq!(Reader::from(open(dir.path())).owed().count(), 0);
}

#[tokio::test]
async fn how_feeds_are_polled_goes_over_into_a_store_made_again_and_validators_do_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (
        folder.path().join("store"),
        folder.path().join("store.rebuilding"),
    );
    let articles = || vec![decided(1, vec![Decision::Judged(Box::new(judged(1, 1)))])];
    let report = |url: &str, outcome, memory: Vec<u8>| PollReport {
        feed_url: url.to_owned(),
        at: at(7),
        outcome,
        next_due: Some(at(9000)),
        memory: Some(memory),
        record: Some(Box::new(FetchRecord {
            number: 3,
            at: at(7),
            ..FetchRecord::default()
        })),
    };
    let never = "https://exemple.fr/partie";
    // A memory too large for one value.
    let large: Vec<u8> = (0..400_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let renewed = Validators {
        etag: Some(b"\"9\"".to_vec()),
        last_modified: None,
    };
    // One behind the other: within one delivery reports may overtake captures.
    commit(open(&old), articles(), vec![]).await;
    commit(
        open(&old),
        vec![],
        vec![
            report(FEED, PollOutcome::NotModified { validators: renewed }, vec![1; 3]),
            report(never, PollOutcome::Refused { status: 410 }, large.clone()),
        ],
    )
    .await;
    // The journal alone.
    commit(open(&new), articles(), vec![]).await;
    let taken = take_over_polling(&old, &new, options()).expect("taken over");
    assert_eq!((taken.feeds, taken.unreadable), (2, 0));
    let reader = Reader::from(open(&new));
    let row = |url| reader.feed(url).expect("readable").expect("known");
    assert_eq!(row(FEED).validators.etag.as_deref(), Some(b"\"1\"".as_slice()));
    assert_eq!((row(FEED).status.as_str(), row(FEED).articles), ("304", 1));
    assert_eq!(
        (row(FEED).polled_at, row(FEED).next_due),
        (Some(at(7)), Some(at(9000)))
    );
    assert_eq!((row(never).status.as_str(), row(never).failures), ("410", 1));
    assert_eq!(row(never).next_due, Some(at(9000)));
    assert_eq!(reader.fetcher_memory(FEED).expect("readable"), Some(vec![1; 3]));
    assert_eq!(reader.fetcher_memory(never).expect("readable"), Some(large));
    assert_eq!(reader.fetch_log(never).expect("readable").len(), 1);
    assert_eq!(reader.tally().expect("readable").captures, 1);
}
