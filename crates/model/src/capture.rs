//! A capture: what came from outside, byte for byte as on the wire, with when and from where.
//!
//! A capture carries everything that normalising it needs beside the configuration: the name of its source, the
//! page policy and the zone of its feed, and (for a page) the feed entry that asked for it. So a journal gives the same articles
//! again under the same configuration, whatever feeds it names by then.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CaptureId, Digest, Entry, Hasher, Key, PagePolicy, Position, Published, Warning, WarningCode};

/// What a capture is a capture of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CaptureKind {
    /// The answer of a polled feed.
    Feed,
    /// An HTML document that an entry links to.
    Page,
    /// A replayed file: an article text, a page, a feed or one line of articles.
    File,
}

impl CaptureKind {
    /// The kind as the journal and every listing write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Page => "page",
            Self::File => "file",
        }
    }

    /// The kind from its written form.
    #[must_use]
    pub fn parse(written: &str) -> Option<Self> {
        [Self::Feed, Self::Page, Self::File]
            .into_iter()
            .find(|kind| kind.as_str() == written)
    }
}

/// One HTTP header field, as received. A value need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The field name, in the sender's case where the client keeps it.
    pub name: String,
    /// The field value, without surrounding white space.
    pub value: Vec<u8>,
}

/// An HTTP answer as it came: status, header fields, and the body with its `Content-Encoding` still on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status code, 100–599.
    pub status: u16,
    /// Header fields in the order of arrival.
    pub headers: Vec<Header>,
    /// Body bytes as on the wire (chunked framing removed, content coding kept).
    pub body: Bytes,
}

impl HttpAnswer {
    /// The first field of that name (compared without case) whose value is UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name))
            .find_map(|header| std::str::from_utf8(&header.value).ok())
    }

    /// The `Content-Encoding` of the body: every field of that name, in order, as one list (RFC 9110 §5.3).
    #[must_use]
    pub fn content_encoding(&self) -> Option<String> {
        let fields: Vec<_> = self
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case("content-encoding"))
            .map(|header| String::from_utf8_lossy(&header.value))
            .collect();
        (!fields.is_empty()).then(|| fields.join(", "))
    }
}

/// The two validators of a conditional request (RFC 9110 §8.8), echoed byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, sent back as `If-None-Match`.
    pub etag: Option<Vec<u8>>,
    /// `Last-Modified`, sent back as `If-Modified-Since`.
    pub last_modified: Option<Vec<u8>>,
}

impl Validators {
    /// The validators an answer carries.
    #[must_use]
    pub fn of(answer: &HttpAnswer) -> Self {
        let value = |name: &str| {
            answer
                .headers
                .iter()
                .find(|h| h.name.eq_ignore_ascii_case(name))
                .map(|h| h.value.clone())
        };
        Self {
            etag: value("etag"),
            last_modified: value("last-modified"),
        }
    }
}

/// The request for a page, owed since the feed entry that links to it was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageOrder {
    /// Where the entry came from: the feed's configured name, or its host.
    pub source: String,
    /// The address of the feed.
    pub feed_url: String,
    /// The entry whose page is wanted. Its `link` is present.
    pub entry: Entry,
    // Added later: they stand at the end of an order's row, and an older record of the journal has none.
    /// When the entry says it was published, as exactly as it says so.
    #[serde(default)]
    pub published: Option<Published>,
    /// What was repaired or guessed about the entry.
    #[serde(default, deserialize_with = "known_warnings")]
    pub warnings: Vec<Warning>,
}

/// Codes of a later program are passed over: a journal must stay readable, whichever program wrote it.
fn known_warnings<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Warning>, D::Error> {
    #[derive(Deserialize)]
    struct Written {
        code: String,
        detail: String,
    }
    let written = Vec::<Written>::deserialize(deserializer)?;
    let known = |Written { code, detail }| Some(Warning::new(WarningCode::parse(&code)?, detail));
    Ok(written.into_iter().filter_map(known).collect())
}

impl PageOrder {
    /// Names the order: one for each wording of an entry, since each is owed until its own page is committed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of([self.feed_url.as_bytes(), self.entry.digest().0.as_slice()])
    }

    /// The key under which the entry is known.
    #[must_use]
    pub fn key(&self) -> Key {
        let guid = self
            .entry
            .guid
            .as_ref()
            .or(self.entry.link.as_ref())
            .cloned()
            .unwrap_or_default();
        Key::Guid {
            feed: self.feed_url.clone(),
            guid,
        }
    }
}

/// What a capture holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// An HTTP answer.
    Http(HttpAnswer),
    /// The bytes of a file, with the media type its name suggests.
    File {
        /// Media type, such as `text/plain`; `None` when the name says nothing.
        content_type: Option<String>,
        /// The file's bytes.
        body: Bytes,
    },
    /// A page that could not be fetched, and why. The entry's own text is all there is.
    Failure {
        /// The reason, for people.
        error: String,
    },
}

/// What came from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// What it is a capture of.
    pub kind: CaptureKind,
    /// The address that was asked; for a replayed file its name under the replayed folder.
    pub uri: String,
    /// The address that answered, when redirects led elsewhere.
    pub final_uri: Option<String>,
    /// When the answer was complete, in whole milliseconds.
    pub captured_at: Timestamp,
    /// The feed's configured name, the host of a feed without one, or the folder of a file.
    pub source: String,
    /// Whether the pages of this feed's entries are to be fetched. `Never` for files.
    pub page_policy: PagePolicy,
    /// The zone of dates that name none (`America/Toronto`), where the feed has one of its own.
    pub timezone: Option<String>,
    /// The order a page answers.
    pub order: Option<Box<PageOrder>>,
    /// The content.
    pub payload: Payload,
}

impl Capture {
    /// The content-derived name.
    ///
    /// The time counts for what was fetched (an address may answer the same bytes twice, with another answer
    /// between) and not for files: the same file replayed later is the same capture.
    #[must_use]
    pub fn id(&self) -> CaptureId {
        let mut hasher = Hasher::default();
        hasher
            .part(self.kind.as_str().as_bytes())
            .part(self.source.as_bytes())
            .part(self.uri.as_bytes());
        if self.kind != CaptureKind::File {
            hasher.part(&self.captured_at.as_millisecond().to_be_bytes());
        }
        match &self.payload {
            Payload::Http(answer) => hasher.part(&answer.status.to_be_bytes()).part(&answer.body),
            Payload::File { body, .. } => hasher.part(body),
            Payload::Failure { error } => hasher.part(b"failure").part(error.as_bytes()),
        };
        if let Some(order) = &self.order {
            hasher.part(&order.entry.digest().0);
        }
        CaptureId(hasher.finish())
    }

    /// The body bytes as they came; empty for a failure.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        static EMPTY: Bytes = Bytes::new();
        match &self.payload {
            Payload::Http(answer) => &answer.body,
            Payload::File { body, .. } => body,
            Payload::Failure { .. } => &EMPTY,
        }
    }

    /// The media type with its parameters, as the server sent it or the file name suggests.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        match &self.payload {
            Payload::Http(answer) => answer.header("content-type"),
            Payload::File { content_type, .. } => content_type.as_deref(),
            Payload::Failure { .. } => None,
        }
    }

    /// The `Content-Encoding` the body still has on.
    #[must_use]
    pub fn content_encoding(&self) -> Option<String> {
        match &self.payload {
            Payload::Http(answer) => answer.content_encoding(),
            Payload::File { .. } | Payload::Failure { .. } => None,
        }
    }

    /// The address the content belongs to: the one that answered.
    #[must_use]
    pub fn base_uri(&self) -> &str {
        self.final_uri.as_deref().unwrap_or(&self.uri)
    }

    /// The capture without its bytes, as later stages carry it.
    #[must_use]
    pub fn reference(&self, position: Position) -> CaptureRef {
        let validators = match (&self.kind, &self.payload) {
            (CaptureKind::Feed, Payload::Http(answer)) => Some(Validators::of(answer)),
            _ => None,
        };
        CaptureRef {
            id: self.id(),
            position,
            kind: self.kind,
            uri: self.uri.clone(),
            source: self.source.clone(),
            captured_at: self.captured_at,
            validators,
            answers: self.order.as_ref().map(|order| order.digest()),
        }
    }
}

/// A journaled capture without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureRef {
    /// The capture's name.
    pub id: CaptureId,
    /// Where the journal keeps it.
    pub position: Position,
    /// What it is a capture of.
    pub kind: CaptureKind,
    /// The address that was asked.
    pub uri: String,
    /// The name of its source.
    pub source: String,
    /// When it was taken.
    pub captured_at: Timestamp,
    /// A feed answer's validators: they become the feed's state in the commit that stores its entries.
    pub validators: Option<Validators>,
    /// The digest of the page order this capture answers: it is owed no longer once this is committed.
    pub answers: Option<Digest>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(body: &'static str, millisecond: i64) -> Capture {
        Capture {
            kind: CaptureKind::File,
            uri: "001.txt".to_owned(),
            final_uri: None,
            captured_at: Timestamp::from_millisecond(millisecond).unwrap(),
            source: "seeds".to_owned(),
            page_policy: PagePolicy::Never,
            timezone: None,
            order: None,
            payload: Payload::File {
                content_type: None,
                body: Bytes::from_static(body.as_bytes()),
            },
        }
    }

    #[test]
    fn the_same_file_replayed_later_is_the_same_capture() {
        assert_eq!(file("Bonjour", 1).id(), file("Bonjour", 2).id());
        assert_ne!(file("Bonjour", 1).id(), file("Bonsoir", 1).id());
    }

    #[test]
    fn a_feed_answer_repeated_later_is_another_capture() {
        let at = |ms| Capture {
            kind: CaptureKind::Feed,
            ..file("Bonjour", ms)
        };
        assert_ne!(at(1).id(), at(2).id());
        assert_eq!(at(1).id(), at(1).id());
    }
}
