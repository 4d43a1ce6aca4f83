//! A small store for tests, with every kind of row.

use std::fmt::Write as _;

use depeche_model::{
    Article, ArticleId, CaptureId, CaptureKind, CaptureRef, ContentFrom, Decided, Decision, Digest, Entry,
    Evidence, Horizon, Judged, Keep, Keeping, Key, KnownArticle, PageOrder, Place, Position, PostedText,
    RefusedEntry, Regrouped, Regrouping, Rejection, RejectionReason, Remembered, Rewording, Rule, Seq,
    Sighting, Sketch, StoryId, StoryPart, StreamDay, TermVector, Verdict,
};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::commit::Committer;
use crate::database::{Store, StoreOptions};

pub(crate) const FEED: &str = "https://exemple.fr/rss";
pub(crate) const STORY: StoryId = StoryId(Digest([7; 16]));
pub(crate) const FIRST: ArticleId = ArticleId(Digest([1; 16]));
pub(crate) const COPY: ArticleId = ArticleId(Digest([2; 16]));

pub(crate) fn at(n: u64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + n.cast_signed()).unwrap()
}

/// A sketch that says of a text how long it is.
pub(crate) fn sketch(text: &str) -> (Sketch, Sketch) {
    let length = text.len() as u32;
    (Sketch::new(vec![length]), Sketch::new(vec![length / 2]))
}

pub(crate) fn capture(ordinal: u64) -> CaptureRef {
    CaptureRef {
        id: CaptureId(Digest([ordinal as u8; 16])),
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
        validators: None,
        answers: None,
    }
}

/// Random-looking words, so that the text stays large when it is compressed.
fn long_text() -> String {
    let mut word: u64 = 1;
    let mut text = String::new();
    while text.len() < 400_000 {
        word = word
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        write!(text, "{word:x} ").unwrap();
    }
    text
}

pub(crate) fn judged(
    seq: u64,
    id: ArticleId,
    revision: u32,
    text: &str,
    of: Option<(u64, ArticleId)>,
) -> Judged {
    let verdict = match (revision, of) {
        (1, None) => Verdict::New,
        (1, Some(_)) => Verdict::Near,
        _ => Verdict::Revision,
    };
    let source = if id == COPY { "Copie" } else { "Exemple" };
    let url = format!("https://{}.fr/{id}", source.to_lowercase());
    let article = Article {
        url: Some(url.clone()),
        canonical_url: Some(url.clone()),
        title: format!("Budget {seq}"),
        summary: None,
        text: text.to_owned(),
        published: None,
        updated_at: None,
        source: source.to_owned(),
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
    let (whole, lead) = sketch(text);
    let regrouping = |(of, leader): (u64, ArticleId)| Regrouping {
        what: Regrouped::Joined,
        copy: id,
        version: Seq(seq),
        leader,
        before: None,
        after: Some(Seq(of)),
        evidence: Evidence::of(Rule::Jaccard),
    };
    Judged {
        rewording: (verdict == Verdict::Revision).then(Rewording::default),
        regroupings: of
            .filter(|_| verdict == Verdict::Near)
            .map(regrouping)
            .into_iter()
            .collect(),
        record: Remembered {
            seq: Seq(seq),
            article: id,
            revision,
            verdict,
            of: of.map(|(of, _)| Seq(of)),
            captured_at: at(seq),
            event: (at(0), at(0)),
            source: source.to_owned(),
            keys: vec![Key::Url(url.clone())],
            content: article.content_digest(),
            entry_digest: None,
            tokens: 3,
            sketch: whole,
            lead,
            story: STORY,
            terms: TermVector::default(),
        },
        place: Place {
            source: source.to_owned(),
            feed_url: Some(FEED.to_owned()),
            url: Some(url),
            seen_at: at(seq),
        },
        duplicate_of: of.filter(|_| revision == 1).map(|(_, leader)| leader),
        article,
        similarity: None,
        evidence: Evidence::of(Rule::NoMatch),
    }
}

pub(crate) fn order() -> PageOrder {
    PageOrder {
        source: "Exemple".to_owned(),
        feed_url: FEED.to_owned(),
        entry: Entry {
            guid: Some("page".to_owned()),
            link: Some("https://exemple.fr/page".to_owned()),
            ..Entry::default()
        },
        published: None,
        warnings: Vec::new(),
    }
}

/// What a deduplicator would say is to be kept of these decisions: every text but the long one is posted.
fn keeping(decisions: &[Decision], stream: Timestamp) -> Keeping {
    let day = Some(StreamDay::from(stream));
    let mut rows = Vec::new();
    for decision in decisions {
        match decision {
            Decision::Judged(judged) => {
                let record = &judged.record;
                rows.push(Keep::Known {
                    known: Box::new(known(record, record.seq, stream)),
                    before: day.filter(|_| record.revision > 1),
                });
                if judged.article.text.len() < 1000 {
                    rows.push(Keep::Posted(Box::new(PostedText {
                        seq: record.seq,
                        article: record.article,
                        captured_at: record.captured_at,
                        since: stream,
                        source: record.source.clone(),
                        tokens: record.tokens,
                        is_member: false,
                        sketch: record.sketch.clone(),
                        lead: record.lead.clone(),
                    })));
                }
                rows.push(Keep::Part(Box::new(StoryPart {
                    seq: record.seq,
                    article: record.article,
                    story: record.story,
                    verdict: record.verdict,
                    added_at: stream,
                    earliest_end: record.event.1,
                    latest_start: record.event.0,
                    terms: record.terms.clone(),
                })));
            }
            Decision::Seen(sighting) => {
                let met = judged(2, FIRST, 2, "Le conseil a voté hier.", Some((1, FIRST)));
                rows.push(Keep::Known {
                    known: Box::new(known(&met.record, sighting.seq, stream)),
                    before: day,
                });
            }
            Decision::Rejected(seq, rejection) => rows.push(Keep::Refused(RefusedEntry {
                seq: *seq,
                key: Digest([8; 16]),
                digest: rejection.digest,
                met: stream,
            })),
            Decision::Unchanged | Decision::PageOwed(_) => {}
        }
    }
    Keeping {
        rows,
        stream,
        horizon: Horizon::default(),
    }
}

fn known(record: &Remembered, seq: Seq, met: Timestamp) -> KnownArticle {
    KnownArticle {
        article: record.article,
        seq,
        met,
        lag_secs: 0,
        latest: record.seq,
        revision: record.revision,
        verdict: record.verdict,
        content: 1,
        story: record.story,
        leader: None,
        posted: None,
        has_url: true,
        places: vec![(1, Some(2))],
        keys: record.keys.iter().map(|key| (key.digest(), None)).collect(),
        records: vec![],
        bodies: vec![],
        earlier_bodies: vec![],
    }
}

/// 1 new, 2 its revision, 3 a copy of it with a text in parts, 4 a sighting elsewhere, 5 a rejection; a page owed; the
/// third capture is settled behind a gap.
pub(crate) fn filled() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        cache_bytes: 1 << 20,
        min_free_bytes: 0,
    };
    let store = Store::open(&dir.path().join("store"), options).unwrap();
    let new = |judged| Decision::Judged(Box::new(judged));
    let sighting = Sighting {
        seq: Seq(4),
        of: Seq(2),
        article: FIRST,
        place: Some(Place {
            source: "Ailleurs".to_owned(),
            feed_url: None,
            url: None,
            seen_at: at(4),
        }),
        keys: vec![],
        entry_digest: None,
    };
    let rejection = Rejection {
        reason: RejectionReason::Empty,
        title: None,
        url: None,
        key: None,
        digest: Digest([9; 16]),
    };
    let decided = |ordinal, decisions: Vec<Decision>| Decided {
        capture: capture(ordinal),
        keeping: keeping(&decisions, at(ordinal)),
        decisions,
        warnings: vec![],
    };
    let captures = [
        decided(
            1,
            vec![
                new(judged(1, FIRST, 1, "Le conseil a voté.", None)),
                Decision::PageOwed(Box::new(order())),
            ],
        ),
        decided(
            2,
            vec![new(judged(
                2,
                FIRST,
                2,
                "Le conseil a voté hier.",
                Some((1, FIRST)),
            ))],
        ),
        decided(
            4,
            vec![
                new(judged(3, COPY, 1, &long_text(), Some((2, FIRST)))),
                Decision::Seen(sighting),
                Decision::Rejected(Seq(5), rejection),
                Decision::Unchanged,
            ],
        ),
    ];
    Committer::new(store.clone())
        .unwrap()
        .commit(&captures, &[])
        .unwrap();
    (dir, store)
}
