//! Undoing `Content-Encoding` (RFC 9110 §8.4) as the bytes come, under a cap.
//!
//! The journal keeps the bytes of the wire; whoever reads them decodes here, and nowhere else. Whatever is wrong with
//! a body costs no more than what is wrong: a broken or truncated coding gives what could be read and says so, what
//! follows a complete one is left out, and a body that is plainly not in its labelled coding is taken as it is.
//!
//! No more is held than the decoded bytes and one buffer a coding, however much a bomb would give.

mod engine;

use bytes::Bytes;

use engine::{Engine, Then};

/// A decoded body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The bytes.
    pub bytes: Bytes,
    /// The coding broke off or was damaged: `bytes` is what could be read before that.
    pub truncated: bool,
}

/// Why a body cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than allowed came out.
    #[error("the decoded body is larger than {limit} bytes; raise `fetch.max_body` to accept it")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// More bytes than allowed came out for each that went in.
    #[error(
        "the body grows more than {limit} times as large in decoding; raise `fetch.max_ratio` to accept it"
    )]
    TooDense {
        /// The limit: decoded bytes for one encoded byte.
        limit: u32,
    },
    /// A coding this program did not ask for.
    #[error("content coding `{0}` is not one of gzip, deflate, br, zstd")]
    Unknown(String),
}

/// How much may come out of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Bytes, after the last coding and between any two.
    pub max_bytes: u64,
    /// Decoded bytes for one encoded byte, once [`RATIO_FREE_BYTES`] came out; `None` for any number.
    pub max_ratio: Option<u32>,
}

/// Bytes that may come out at any ratio: a short feed of blanks is no attack.
pub const RATIO_FREE_BYTES: u64 = 1024 * 1024;

/// Codings stacked on one body beyond this number are an attack: no server of the press sends two.
const MAX_CODINGS: usize = 3;

/// Decoded bytes handed on at a time.
const BUFFER_BYTES: usize = 16 * 1024;

/// Input kept in case it turns out not to be in its coding. Text labelled as a coding is found out within a few bytes.
const SECOND_THOUGHTS_BYTES: usize = 64 * 1024;

/// First bytes by which a coding is told. A magic number is four; eight of text are no coding by accident.
const MAGIC_BYTES: usize = 8;

/// Decodes `body` from the codings named in `content_encoding` into at most `limit` bytes.
///
/// # Errors
///
/// [`DecodeError`] when more than `limit` bytes come out or a coding is unknown.
pub fn decode_body(body: &Bytes, content_encoding: Option<&str>, limit: u64) -> Result<Decoded, DecodeError> {
    let limits = DecodeLimits {
        max_bytes: limit,
        max_ratio: None,
    };
    let mut decoder = BodyDecoder::new(content_encoding, limits);
    if decoder.stages.is_empty() && decoder.unknown.is_none() {
        // Nothing to undo, so nothing to copy.
        return if body.len() as u64 > limit {
            Err(DecodeError::TooLarge { limit })
        } else {
            Ok(Decoded {
                bytes: body.clone(),
                truncated: false,
            })
        };
    }
    decoder.push(body)?;
    decoder.finish()
}

/// Whether these bytes are a gzip file, as `.xml.gz` addresses give without any `Content-Encoding`. Such a body is
/// decoded by [`decode_body`] with the coding `gzip`.
#[must_use]
pub fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(&[0x1f, 0x8b, 8])
}

/// Decodes a body while it comes.
pub struct BodyDecoder {
    /// The codings, in the order in which they are undone.
    stages: Vec<Stage>,
    /// A label that is no coding; the body may still be plain.
    unknown: Option<String>,
    /// The first bytes, until it is known whether a body with an unknown coding is plain.
    undecided: Vec<u8>,
    sink: Sink,
}

impl std::fmt::Debug for BodyDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyDecoder")
            .field("codings", &self.stages.len())
            .field("taken", &self.sink.taken)
            .field("decoded", &self.sink.out.len())
            .finish_non_exhaustive()
    }
}

/// Where decoded bytes go.
struct Sink {
    out: Vec<u8>,
    /// Encoded bytes so far.
    taken: u64,
    limits: DecodeLimits,
}

impl Sink {
    fn check(&self, bytes: u64) -> Result<(), DecodeError> {
        if bytes > self.limits.max_bytes {
            return Err(DecodeError::TooLarge {
                limit: self.limits.max_bytes,
            });
        }
        match self.limits.max_ratio {
            Some(limit)
                if bytes > RATIO_FREE_BYTES && bytes > self.taken.saturating_mul(u64::from(limit)) =>
            {
                Err(DecodeError::TooDense { limit })
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        self.check((self.out.len() + bytes.len()) as u64)?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}

/// A coding as a header field names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            // RFC 9110 §8.4.1.3: `x-gzip` is `gzip`.
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            _ => return None,
        })
    }

    /// The machine for a body that begins so; `None` when it is not in this coding.
    fn engine(self, head: &[u8]) -> Option<Engine> {
        match self {
            Self::Gzip => head.starts_with(&[0x1f, 0x8b]).then(Engine::gzip),
            Self::Zstd => {
                // A frame, or one that is to be skipped (RFC 8878 §3.1).
                let frame = head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
                    || matches!(head, [first, 0x2a, 0x4d, 0x18, ..] if first & 0xf0 == 0x50);
                frame.then(Engine::zstd).flatten()
            }
            // RFC 9110 §8.4.1.2 means zlib; some servers send a raw deflate stream.
            Self::Deflate if is_zlib(head) => Some(Engine::deflate(true)),
            // Neither of these has a magic number, and markup or JSON may decode to garbage for a while.
            Self::Deflate | Self::Brotli if is_text(head) => None,
            Self::Deflate => Some(Engine::deflate(false)),
            Self::Brotli => Some(Engine::brotli()),
        }
    }
}

/// Whether a body begins as markup or JSON does and goes on in ASCII.
fn is_text(head: &[u8]) -> bool {
    let rest = head.strip_prefix(MARK).unwrap_or(head);
    looks_plain(head) == Some(true)
        && rest
            .iter()
            .take(MAGIC_BYTES)
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// RFC 1950 §2.2: deflate, and a check that holds for one pair of bytes in 31.
fn is_zlib(head: &[u8]) -> bool {
    matches!(head, [method, flags, ..] if method & 0x0f == 8
        && u16::from_be_bytes([*method, *flags]).is_multiple_of(31))
}

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// One coding of a body.
struct Stage {
    coding: Coding,
    state: State,
    /// The input so far, while nothing came out and it may yet turn out to be plain.
    head: Vec<u8>,
    /// Bytes that came out.
    given: u64,
    truncated: bool,
}

enum State {
    /// Too little came to tell whether the body is in this coding.
    Undecided,
    Decoding(Engine),
    /// It is not in this coding.
    Plain,
    /// The coding is complete, or broke off: what follows is not wanted.
    Over,
}

impl BodyDecoder {
    /// Will undo the codings named in `content_encoding`, in reverse order of application.
    #[must_use]
    pub fn new(content_encoding: Option<&str>, limits: DecodeLimits) -> Self {
        let names: Vec<String> = content_encoding
            .unwrap_or_default()
            .split(',')
            .map(|coding| coding.trim().to_ascii_lowercase())
            .filter(|coding| !coding.is_empty() && coding != "identity")
            .collect();
        let codings: Option<Vec<Coding>> = names.iter().map(|name| Coding::parse(name)).collect();
        let (codings, unknown) = match codings {
            Some(codings) if codings.len() <= MAX_CODINGS => (codings, None),
            _ => (Vec::new(), Some(names.join(", "))),
        };
        Self {
            stages: codings.into_iter().rev().map(Stage::new).collect(),
            unknown,
            undecided: Vec::new(),
            sink: Sink {
                out: Vec::new(),
                taken: 0,
                limits,
            },
        }
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when too much comes out or the coding is unknown and the body not plain. Nothing more can be
    /// taken then.
    pub fn push(&mut self, input: &[u8]) -> Result<(), DecodeError> {
        self.sink.taken += input.len() as u64;
        if self.unknown.is_some() {
            self.undecided.extend_from_slice(input);
            match looks_plain(&self.undecided) {
                Some(true) => self.unknown = None,
                Some(false) => return Err(self.refuse()),
                None => return Ok(()),
            }
            let head = std::mem::take(&mut self.undecided);
            return self.sink.take(&head);
        }
        run(&mut self.stages, input, &mut self.sink)
    }

    fn refuse(&mut self) -> DecodeError {
        DecodeError::Unknown(self.unknown.take().unwrap_or_default())
    }

    /// Bytes decoded so far.
    #[must_use]
    pub fn decoded_bytes(&self) -> u64 {
        self.sink.out.len() as u64
    }

    /// Takes the end of the body.
    ///
    /// # Errors
    ///
    /// As [`Self::push`].
    pub fn finish(mut self) -> Result<Decoded, DecodeError> {
        if self.unknown.is_some() && !self.undecided.is_empty() {
            return Err(self.refuse());
        }
        let mut truncated = false;
        for at in 0..self.stages.len() {
            if let Some((stage, rest)) = self.stages.get_mut(at..).and_then(<[Stage]>::split_first_mut) {
                stage.end(rest, &mut self.sink)?;
                truncated |= stage.truncated;
            }
        }
        Ok(Decoded {
            bytes: self.sink.out.into(),
            truncated,
        })
    }
}

/// Sends bytes through the codings still on them into the sink.
fn run(stages: &mut [Stage], input: &[u8], sink: &mut Sink) -> Result<(), DecodeError> {
    match stages.split_first_mut() {
        None => sink.take(input),
        Some((stage, rest)) => stage.push(input, rest, sink),
    }
}

impl Stage {
    fn new(coding: Coding) -> Self {
        Self {
            coding,
            state: State::Undecided,
            head: Vec::new(),
            given: 0,
            truncated: false,
        }
    }

    fn push(&mut self, input: &[u8], rest: &mut [Self], sink: &mut Sink) -> Result<(), DecodeError> {
        if matches!(self.state, State::Undecided) {
            self.head.extend_from_slice(input);
            return if self.head.len() < MAGIC_BYTES {
                Ok(())
            } else {
                self.begin(rest, sink)
            };
        }
        if self.may_be_plain() {
            self.head.extend_from_slice(input);
        }
        self.decode(input, rest, sink)
    }

    /// Decides by the first bytes and sends them through.
    fn begin(&mut self, rest: &mut [Self], sink: &mut Sink) -> Result<(), DecodeError> {
        self.state = match self.coding.engine(&self.head) {
            Some(engine) => State::Decoding(engine),
            None => State::Plain,
        };
        let head = self.head.clone();
        if !self.may_be_plain() {
            self.head = Vec::new();
        }
        self.decode(&head, rest, sink)
    }

    /// What text does not begin as markup does is told from brotli and bare deflate by nothing coming out alone.
    fn may_be_plain(&self) -> bool {
        matches!(self.coding, Coding::Brotli | Coding::Deflate)
            && matches!(self.state, State::Decoding(_))
            && self.given == 0
            && self.head.len() <= SECOND_THOUGHTS_BYTES
    }

    fn decode(&mut self, mut input: &[u8], rest: &mut [Self], sink: &mut Sink) -> Result<(), DecodeError> {
        let mut buffer = [0; BUFFER_BYTES];
        loop {
            let engine = match &mut self.state {
                State::Decoding(engine) => engine,
                State::Plain => return run(rest, input, sink),
                State::Undecided | State::Over => return Ok(()),
            };
            let step = engine.step(input, &mut buffer);
            input = input.get(step.read..).unwrap_or_default();
            if step.written > 0 {
                self.given += step.written as u64;
                self.head = Vec::new();
                sink.check(self.given)?;
                run(rest, buffer.get(..step.written).unwrap_or_default(), sink)?;
            }
            // What is complete before anything came out of it, with more to come, was an accident of plain text.
            let accident = step.then == Then::Complete && self.given == 0 && !input.is_empty();
            match step.then {
                Then::GoOn => {
                    if input.is_empty() && step.written < BUFFER_BYTES || step.read == 0 && step.written == 0
                    {
                        return Ok(());
                    }
                }
                Then::Broken | Then::Complete
                    if self.may_be_plain() && (accident || step.then == Then::Broken) =>
                {
                    return self.take_as_plain(rest, sink);
                }
                Then::Complete => {
                    self.state = State::Over;
                    return Ok(());
                }
                Then::Broken => {
                    self.truncated = true;
                    self.state = State::Over;
                    return Ok(());
                }
            }
        }
    }

    fn take_as_plain(&mut self, rest: &mut [Self], sink: &mut Sink) -> Result<(), DecodeError> {
        self.state = State::Plain;
        let head = std::mem::take(&mut self.head);
        run(rest, &head, sink)
    }

    fn end(&mut self, rest: &mut [Self], sink: &mut Sink) -> Result<(), DecodeError> {
        if matches!(self.state, State::Undecided) {
            self.begin(rest, sink)?;
        }
        match &self.state {
            State::Decoding(engine) if engine.may_end() => Ok(()),
            // A body of no bytes is in no coding.
            State::Decoding(_) if self.may_be_plain() && self.head.is_empty() => Ok(()),
            State::Decoding(_) if self.may_be_plain() && looks_plain(&self.head) == Some(true) => {
                self.take_as_plain(rest, sink)
            }
            State::Decoding(_) => {
                self.truncated = true;
                Ok(())
            }
            State::Undecided | State::Plain | State::Over => Ok(()),
        }
    }
}

/// Whether a body begins as markup or JSON does, a byte order mark and white space aside; `None` while too little
/// came to tell.
fn looks_plain(head: &[u8]) -> Option<bool> {
    if head.len() < MARK.len() && MARK.starts_with(head) {
        return None;
    }
    let rest = head.strip_prefix(MARK).unwrap_or(head);
    rest.iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .map(|first| matches!(first, b'<' | b'{' | b'['))
}

#[cfg(test)]
mod tests;
