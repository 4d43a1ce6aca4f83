//! What the tests of the store share: captures to commit, and the stage run over them.

use std::path::Path;
use std::sync::{Arc, Mutex};

use depeche_disk::{OnFull, Room};
use depeche_model::{
    Article, ArticleId, CaptureId, CaptureKind, CaptureRef, ContentFrom, Decided, Decision, Delivery, Digest,
    Entry, Evidence, Judged, Keeping, Outcome, PageOrder, Place, PollReport, Position, Precision, Published,
    Remembered, Rule, Seq, Sketch, StoryId, TermVector, Validators, Verdict,
};
use depeche_store::{StageOptions, Store, StoreOptions, Writer};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub(crate) const FEED: &str = "https://exemple.fr/rss";

pub(crate) fn at(n: u64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + n.cast_signed()).expect("a time")
}

pub(crate) fn digest(n: u64) -> Digest {
    Digest::of([n.to_be_bytes().as_slice()])
}

pub(crate) fn capture(ordinal: u64) -> CaptureRef {
    CaptureRef {
        id: CaptureId(digest(ordinal)),
        position: Position {
            ordinal,
            segment: 1,
            offset: ordinal * 100,
            length: 100,
        },
        kind: CaptureKind::Feed,
        uri: FEED.to_owned(),
        source: "Exemple".to_owned(),
        captured_at: at(ordinal),
        validators: Some(Validators {
            etag: Some(format!("\"{ordinal}\"").into_bytes()),
            last_modified: None,
        }),
        answers: None,
    }
}

pub(crate) fn judged(seq: u64, revision: u32) -> Judged {
    judged_with(
        seq,
        revision,
        format!("Le conseil municipal a voté le budget numéro {seq}. ").repeat(8000),
    )
}

pub(crate) fn judged_with(seq: u64, revision: u32, text: String) -> Judged {
    let id = ArticleId(digest(1000 + seq - u64::from(revision - 1)));
    let article = Article {
        url: Some(format!("https://exemple.fr/{seq}")),
        canonical_url: None,
        title: format!("Budget {seq}"),
        summary: None,
        text,
        published: Some(Published {
            at: at(0),
            precision: Precision::Second,
        }),
        updated_at: None,
        source: "Exemple".to_owned(),
        feed_url: Some(FEED.to_owned()),
        guid: Some(seq.to_string()),
        language: "fr".to_owned(),
        language_confidence: 1.0,
        authors: vec![],
        categories: vec![],
        image: None,
        word_count: 3,
        content_from: ContentFrom::Feed,
        entry_digest: None,
        warnings: vec![],
        captions: Vec::new(),
        tables: Vec::new(),
    };
    let place = Place {
        source: "Exemple".to_owned(),
        feed_url: Some(FEED.to_owned()),
        url: None,
        seen_at: at(seq),
    };
    Judged {
        record: Remembered {
            seq: Seq(seq),
            article: id,
            revision,
            verdict: if revision == 1 {
                Verdict::New
            } else {
                Verdict::Revision
            },
            of: None,
            captured_at: at(seq),
            event: (at(0), at(0)),
            source: "Exemple".to_owned(),
            keys: vec![],
            content: article.content_digest(),
            entry_digest: None,
            tokens: 3,
            sketch: Sketch::default(),
            lead: Sketch::default(),
            story: StoryId(digest(7)),
            terms: TermVector::default(),
        },
        article,
        duplicate_of: None,
        similarity: None,
        evidence: Evidence::of(Rule::NoMatch),
        place,
        rewording: None,
        regroupings: Vec::new(),
    }
}

pub(crate) fn decided(ordinal: u64, decisions: Vec<Decision>) -> Decided {
    Decided {
        capture: capture(ordinal),
        decisions,
        keeping: Keeping::default(),
        warnings: vec![],
    }
}

pub(crate) fn order(guid: &str) -> PageOrder {
    PageOrder {
        source: "Exemple".to_owned(),
        feed_url: FEED.to_owned(),
        entry: Entry {
            guid: Some(guid.to_owned()),
            ..Entry::default()
        },
        published: None,
        warnings: Vec::new(),
    }
}

pub(crate) fn options() -> StoreOptions {
    StoreOptions {
        cache_bytes: 1 << 20,
        min_free_bytes: 0,
    }
}

pub(crate) fn open(dir: &Path) -> Store {
    Store::open(dir, options()).expect("the store opens")
}

/// Runs the stage over these captures; gives back how each delivery ended.
pub(crate) async fn commit(store: Store, captures: Vec<Decided>, reports: Vec<PollReport>) -> Vec<Outcome> {
    let ends = Arc::new(Mutex::new(Vec::new()));
    let (outlet, inlet) = mpsc::channel(64);
    let (report, polls) = mpsc::channel(64);
    for captured in captures {
        let ends = Arc::clone(&ends);
        let delivery = Delivery::new(captured, move |outcome| {
            ends.lock().expect("no panic").push(outcome);
        });
        outlet.send(delivery).await.expect("room");
    }
    for poll in reports {
        report.send(poll).await.expect("room");
    }
    drop((outlet, report));
    let (_, still) = mpsc::channel(1);
    let writer = Writer::new(
        store,
        StageOptions::default(),
        Room::new(Path::new("."), 0, OnFull::End),
        polls,
        still,
        watch::Sender::default(),
        CancellationToken::new(),
    );
    let writer = writer
        .expect("a checkpoint")
        .run(&[], inlet)
        .await
        .expect("committed");
    writer.finish().await.expect("committed");
    let ends = ends.lock().expect("no panic");
    ends.clone()
}
