//! What travels from stage to stage as tests and benches make it: whoever needs one names what matters, and the rest is filled in.

use depeche_model::{
    Article, Capture, CaptureId, CaptureKind, CaptureRef, ContentFrom, Digest, HttpAnswer, Journaled,
    Normalized, Output, PagePolicy, Payload, Position,
};
use jiff::Timestamp;

/// When a [`capture`] was taken, 2026-02-06T12:00:00Z: which moment does not matter, only that it is always the same.
const NOON: Timestamp = Timestamp::constant(1_770_379_200, 0);

/// A file, or an answer of 200 without headers, from a source called `Exemple`.
#[must_use]
pub fn capture(kind: CaptureKind, uri: &str, body: impl Into<Vec<u8>>) -> Capture {
    let body = body.into().into();
    Capture {
        kind,
        uri: uri.to_owned(),
        final_uri: None,
        captured_at: NOON,
        source: "Exemple".to_owned(),
        page_policy: PagePolicy::Never,
        timezone: None,
        order: None,
        payload: match kind {
            CaptureKind::File => Payload::File {
                content_type: None,
                body,
            },
            _ => Payload::Http(HttpAnswer {
                status: 200,
                headers: Vec::new(),
                body,
            }),
        },
    }
}

/// A capture that the journal holds under this number.
#[must_use]
pub fn journaled(ordinal: u64, capture: Capture) -> Journaled {
    Journaled {
        capture,
        position: position(ordinal),
        given_up: Vec::new(),
    }
}

/// A French text in a source's feed, without title, date, guid and address.
#[must_use]
pub fn article(source: &str, text: String) -> Article {
    Article {
        url: None,
        canonical_url: None,
        title: String::new(),
        summary: None,
        word_count: text.split_whitespace().count() as u32,
        text,
        published: None,
        updated_at: None,
        source: source.to_owned(),
        feed_url: None,
        guid: None,
        language: "fr".to_owned(),
        language_confidence: 1.0,
        authors: Vec::new(),
        categories: Vec::new(),
        image: None,
        captions: Vec::new(),
        tables: Vec::new(),
        content_from: ContentFrom::Feed,
        entry_digest: None,
        warnings: Vec::new(),
    }
}

/// What came of a feed's answer that was captured then.
#[must_use]
pub fn normalized(ordinal: u64, captured_at: Timestamp, outputs: Vec<Output>) -> Normalized {
    Normalized {
        capture: CaptureRef {
            id: CaptureId(Digest([0; 16])),
            position: position(ordinal),
            kind: CaptureKind::Feed,
            uri: "https://exemple.example/rss.xml".to_owned(),
            source: "Exemple".to_owned(),
            captured_at,
            validators: None,
            answers: None,
        },
        outputs,
        warnings: Vec::new(),
    }
}

fn position(ordinal: u64) -> Position {
    Position {
        ordinal,
        segment: 1,
        offset: 0,
        length: 1,
    }
}
