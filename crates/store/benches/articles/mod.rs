//! Invented articles with all that the stages before the store make of them, for measuring.

use std::path::Path;

use depeche_disk::{OnFull, Room};
use depeche_model::{
    Article, ArticleId, CaptureId, CaptureKind, CaptureRef, ContentFrom, Decided, Decision, Delivery, Digest,
    Evidence, Judged, Keeping, Place, Position, Precision, Published, Remembered, Rule, Seq, Sketch, StoryId,
    TermVector, Verdict,
};
use depeche_store::{StageOptions, Store, Writer};
use depeche_testkit::prose;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

fn at(n: u64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + n.cast_signed()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn digest(n: u64) -> Digest {
    Digest::of([n.to_be_bytes().as_slice()])
}

/// Capture `n` with one article of some 2.2 kB. With `revision` above 1 it is a later version of the article that the
/// capture `n - revision + 1` had.
pub(crate) fn capture(n: u64, revision: u32) -> Decided {
    let prose = prose::article("store", n);
    let mut text = prose.text();
    let mut more = n;
    while text.len() < 2_200 {
        more += 1 << 32;
        text.push_str("\n\n");
        text.push_str(&prose::article("store", more).text());
    }
    let text: String = text.chars().take(2_150).collect();
    let hash = |what: &str, i: u64| prose::mix(what, n * 1_000 + i) as u32;
    let source = format!("Journal {}", n % 120);
    let article = Article {
        url: Some(format!(
            "https://exemple.fr/actualites/{n}/un-article-invente-{n}.html"
        )),
        canonical_url: None,
        title: prose.title,
        summary: Some(text.chars().take(150).collect()),
        word_count: text.split_whitespace().count() as u32,
        text,
        published: Some(Published {
            at: at(n),
            precision: Precision::Second,
        }),
        updated_at: None,
        source: source.clone(),
        feed_url: Some("https://exemple.fr/rss.xml".to_owned()),
        guid: Some(format!("https://exemple.fr/?p={n}")),
        language: "fr".to_owned(),
        language_confidence: 1.0,
        authors: vec![prose.author],
        categories: vec!["Société".to_owned()],
        image: None,
        content_from: ContentFrom::Feed,
        entry_digest: Some(digest(n)),
        warnings: vec![],
        captions: Vec::new(),
        tables: Vec::new(),
    };
    let record = Remembered {
        seq: Seq(n),
        article: ArticleId(digest(n + 1 - u64::from(revision))),
        revision,
        verdict: if revision == 1 {
            Verdict::New
        } else {
            Verdict::Revision
        },
        of: None,
        captured_at: at(n),
        event: (at(n), at(n)),
        source: source.clone(),
        keys: vec![],
        content: article.content_digest(),
        entry_digest: Some(digest(n)),
        tokens: 350,
        sketch: Sketch::new((0..88).map(|i| hash("sketch", i)).collect()),
        lead: Sketch::new((0..96).map(|i| hash("lead", i)).collect()),
        story: StoryId(digest(n / 3)),
        terms: TermVector {
            words: (0..130).map(|i| (hash("word", i), 1)).collect(),
            names: (0..20).map(|i| (hash("name", i), 1)).collect(),
        },
    };
    Decided {
        capture: CaptureRef {
            id: CaptureId(digest(n)),
            position: Position {
                ordinal: n,
                segment: 1,
                offset: n * 100,
                length: 100,
            },
            kind: CaptureKind::File,
            uri: format!("{n}.txt"),
            source: source.clone(),
            captured_at: at(n),
            validators: None,
            answers: None,
        },
        decisions: vec![Decision::Judged(Box::new(Judged {
            article,
            record,
            duplicate_of: None,
            similarity: None,
            evidence: Evidence::of(Rule::NoMatch),
            place: Place {
                source,
                feed_url: None,
                url: None,
                seen_at: at(n),
            },
            rewording: None,
            regroupings: Vec::new(),
        }))],
        keeping: Keeping::default(),
        warnings: vec![],
    }
}

/// A writer that nobody reports to.
pub(crate) fn writer(store: Store, group_captures: usize) -> Writer {
    let (_, polls) = mpsc::channel(1);
    let (_, still) = mpsc::channel(1);
    let options = StageOptions {
        group_captures,
        ..StageOptions::default()
    };
    let room = Room::new(Path::new("."), 0, OnFull::End);
    Writer::new(
        store,
        options,
        room,
        polls,
        still,
        watch::Sender::default(),
        CancellationToken::new(),
    )
    .expect("a checkpoint")
}

/// Commits captures as one group through the stage, as the program does.
pub(crate) async fn commit(store: Store, captures: Vec<Decided>) {
    let writer = writer(store, captures.len());
    let (outlet, inlet) = mpsc::channel(captures.len());
    for captured in captures {
        outlet.send(Delivery::new(captured, drop)).await.expect("room");
    }
    drop(outlet);
    writer.run(&[], inlet).await.expect("committed");
}
