//! What a server answers, and how badly.

use std::time::Duration;

use bytes::Bytes;

/// How the body is sent.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// Whole, with its length.
    Whole,
    /// In chunked coding, so many bytes a chunk.
    Chunked(usize),
    /// So many bytes at a time, with a pause after each.
    Drip(usize, Duration),
    /// The first so many bytes under the whole length; then the connection is closed.
    CloseAfter(usize),
    /// Under a length that is not the body's own; then the connection is closed.
    DeclaredLength(u64),
    /// Over and over, in chunked coding, without end.
    Endless,
    /// Without a length; closing the connection ends it.
    UntilClose,
    /// The body is all that is sent, in place of a head too; so many bytes at a time where a pace is given.
    Raw(Option<(usize, Duration)>, After),
}

/// What follows raw bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum After {
    /// The connection is closed.
    Close,
    /// Nothing more, the connection stays open.
    Silence,
    /// The same bytes again, for ever.
    Again,
    /// The connection is reset.
    Reset,
}

/// What happens before the head is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before {
    /// The answer follows.
    Answer,
    /// Nothing ever follows.
    Silence,
    /// The connection is closed.
    Close,
}

/// An answer to a request.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Bytes,
    pub(super) manner: Manner,
    pub(super) before: Before,
    pub(super) delay: Duration,
}

impl Reply {
    /// An answer of that status with an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            manner: Manner::Whole,
            before: Before::Answer,
            delay: Duration::ZERO,
        }
    }

    /// 200 with this body.
    #[must_use]
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self::status(200).body(body)
    }

    /// 200 with an RSS feed.
    #[must_use]
    pub fn feed(body: impl Into<Bytes>) -> Self {
        Self::ok(body).header("Content-Type", "application/rss+xml; charset=utf-8")
    }

    /// 200 with an HTML page.
    #[must_use]
    pub fn page(body: impl Into<Bytes>) -> Self {
        Self::ok(body).header("Content-Type", "text/html; charset=utf-8")
    }

    /// A redirect.
    #[must_use]
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).header("Location", to)
    }

    /// Never any answer; the connection stays open.
    #[must_use]
    pub fn never() -> Self {
        Self {
            before: Before::Silence,
            ..Self::status(200)
        }
    }

    /// The connection is closed without an answer.
    #[must_use]
    pub fn hang_up() -> Self {
        Self {
            before: Before::Close,
            ..Self::status(200)
        }
    }

    /// These bytes in place of an answer, and the connection closed.
    #[must_use]
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::ok(bytes).manner(Manner::Raw(None, After::Close))
    }

    /// With the connection left open after raw bytes.
    #[must_use]
    pub fn then_silence(self) -> Self {
        self.after(After::Silence)
    }

    /// With raw bytes sent again and again, for ever.
    #[must_use]
    pub fn then_again(self) -> Self {
        self.after(After::Again)
    }

    /// With the connection reset after raw bytes.
    #[must_use]
    pub fn then_reset(self) -> Self {
        self.after(After::Reset)
    }

    /// With raw bytes sent so many at a time, with a pause after each.
    #[must_use]
    pub fn paced(self, bytes: usize, pause: Duration) -> Self {
        match self.manner {
            Manner::Raw(_, after) => self.manner(Manner::Raw(Some((bytes.max(1), pause)), after)),
            _ => self,
        }
    }

    fn after(self, after: After) -> Self {
        match self.manner {
            Manner::Raw(pace, _) => self.manner(Manner::Raw(pace, after)),
            _ => self,
        }
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// With one more header field, its value sent byte for byte.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// After a pause.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// In chunked coding, so many bytes a chunk.
    #[must_use]
    pub fn chunked(self, bytes: usize) -> Self {
        self.manner(Manner::Chunked(bytes.max(1)))
    }

    /// So many bytes of the body at a time, with a pause after each.
    #[must_use]
    pub fn drip(self, bytes: usize, pause: Duration) -> Self {
        self.manner(Manner::Drip(bytes.max(1), pause))
    }

    /// The connection is closed after so many bytes of the body.
    #[must_use]
    pub fn close_after(self, bytes: usize) -> Self {
        self.manner(Manner::CloseAfter(bytes))
    }

    /// With this `Content-Length`, whatever the body's own.
    #[must_use]
    pub fn declare_length(self, bytes: u64) -> Self {
        self.manner(Manner::DeclaredLength(bytes))
    }

    /// The body over and over, without end.
    #[must_use]
    pub fn endless(self) -> Self {
        self.manner(Manner::Endless)
    }

    /// Without a length: the end of the connection ends the body.
    #[must_use]
    pub fn until_close(self) -> Self {
        self.manner(Manner::UntilClose)
    }

    fn manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }
}
