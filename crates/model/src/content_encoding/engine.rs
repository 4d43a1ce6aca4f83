//! The codings themselves, each as a machine that is handed bytes as they come and gives bytes as there is room.
//!
//! Written against the low-level calls of the libraries, because their readers and writers keep decoded bytes back
//! when the input turns out to be broken, and those bytes are what is to be salvaged.

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder, Operation};

/// The largest window a zstd frame may ask for, as a power of two: RFC 9659 sets 8 MiB for HTTP.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The longest gzip header (RFC 1952 §2.3): 64 KiB of extra field, a name and a comment. Longer ones are an attack.
const MAX_GZIP_HEADER: usize = 128 * 1024;

/// How far one step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Bytes taken from the input.
    pub(super) read: usize,
    /// Bytes written to the output.
    pub(super) written: usize,
    pub(super) then: Then,
}

/// What a step led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The input is used up, or the output is full.
    GoOn,
    /// The coding is complete; what follows in the input does not belong to it.
    Complete,
    /// The input is not in this coding, or not from here on.
    Broken,
}

/// One coding being undone.
pub(super) enum Engine {
    Gzip(Box<Gunzip>),
    Deflate(Decompress),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Zstd(Unzstd),
}

impl Engine {
    pub(super) fn gzip() -> Self {
        Self::Gzip(Box::new(Gunzip::new()))
    }

    /// Deflate inside zlib (RFC 1950), or bare (RFC 1951).
    pub(super) fn deflate(zlib: bool) -> Self {
        Self::Deflate(Decompress::new(zlib))
    }

    pub(super) fn brotli() -> Self {
        let alloc = StandardAlloc::default;
        // Strict: windows of at most 16 MiB, as RFC 7932 has them.
        Self::Brotli(Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())))
    }

    /// `None` when the library has no memory for it.
    pub(super) fn zstd() -> Option<Self> {
        let mut decoder = Decoder::new().ok()?;
        decoder
            .set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))
            .ok()?;
        Some(Self::Zstd(Unzstd {
            decoder,
            between_frames: false,
        }))
    }

    /// Decodes as much of `input` as fits into `out`.
    pub(super) fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        match self {
            Self::Gzip(gunzip) => gunzip.step(input, out),
            Self::Deflate(inflate) => inflate_step(inflate, input, out),
            Self::Brotli(state) => {
                let (mut to_read, mut read) = (input.len(), 0);
                let (mut room, mut written, mut total) = (out.len(), 0, 0);
                let result = BrotliDecompressStream(
                    &mut to_read,
                    &mut read,
                    input,
                    &mut room,
                    &mut written,
                    out,
                    &mut total,
                    state,
                );
                let then = match result {
                    BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Then::GoOn,
                    BrotliResult::ResultSuccess => Then::Complete,
                    BrotliResult::ResultFailure => Then::Broken,
                };
                Step { read, written, then }
            }
            Self::Zstd(unzstd) => unzstd.step(input, out),
        }
    }

    /// Whether the input may end here.
    pub(super) fn may_end(&self) -> bool {
        match self {
            Self::Gzip(gunzip) => gunzip.may_end(),
            Self::Zstd(unzstd) => unzstd.between_frames,
            // Both tell their end themselves.
            Self::Deflate(_) | Self::Brotli(_) => false,
        }
    }
}

fn inflate_step(inflate: &mut Decompress, input: &[u8], out: &mut [u8]) -> Step {
    let (read_before, written_before) = (inflate.total_in(), inflate.total_out());
    let result = inflate.decompress(input, out, FlushDecompress::None);
    let read = (inflate.total_in() - read_before) as usize;
    let written = (inflate.total_out() - written_before) as usize;
    let then = match result {
        Ok(Status::StreamEnd) => Then::Complete,
        Ok(Status::Ok | Status::BufError) => Then::GoOn,
        Err(_) => Then::Broken,
    };
    Step { read, written, then }
}

/// A zstd stream: frames one after another (RFC 8878 §3).
pub(super) struct Unzstd {
    decoder: Decoder<'static>,
    /// Whether a frame has just been read to its end.
    between_frames: bool,
}

impl Unzstd {
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        match self.decoder.run_on_buffers(input, out) {
            Ok(status) => {
                if status.bytes_read > 0 || status.bytes_written > 0 {
                    self.between_frames = status.remaining == 0;
                }
                Step {
                    read: status.bytes_read,
                    written: status.bytes_written,
                    then: Then::GoOn,
                }
            }
            Err(_) => Step {
                read: 0,
                written: 0,
                // What follows a whole frame and is no frame is no part of the coding.
                then: if self.between_frames {
                    Then::Complete
                } else {
                    Then::Broken
                },
            },
        }
    }
}

/// A gzip stream: members one after another (RFC 1952 §2.2), then perhaps bytes that are none.
pub(super) struct Gunzip {
    part: Part,
    inflate: Decompress,
    crc: Crc,
    /// Members read to their end.
    members: u64,
}

/// Where in a member the reading is.
enum Part {
    /// In the header, of which this came.
    Header(Vec<u8>),
    Body,
    /// In the checksum and length, of which this came.
    Trailer(Vec<u8>),
}

impl Gunzip {
    fn new() -> Self {
        Self {
            part: Part::Header(Vec::new()),
            inflate: Decompress::new(false),
            crc: Crc::new(),
            members: 0,
        }
    }

    fn may_end(&self) -> bool {
        self.members > 0 && matches!(&self.part, Part::Header(_))
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let mut step = Step {
            read: 0,
            written: 0,
            then: Then::GoOn,
        };
        match &mut self.part {
            Part::Header(header) => {
                let before = header.len();
                header.extend_from_slice(input);
                match gzip_header(header) {
                    Header::Complete(length) => {
                        step.read = length.saturating_sub(before);
                        self.part = Part::Body;
                    }
                    Header::Partial if header.len() <= MAX_GZIP_HEADER => step.read = input.len(),
                    // Padding or garbage behind a whole member is no part of the coding.
                    _ if self.members > 0 => step.then = Then::Complete,
                    _ => step.then = Then::Broken,
                }
            }
            Part::Body => {
                step = inflate_step(&mut self.inflate, input, out);
                self.crc.update(out.get(..step.written).unwrap_or_default());
                if step.then == Then::Complete {
                    self.part = Part::Trailer(Vec::with_capacity(8));
                    step.then = Then::GoOn;
                }
            }
            Part::Trailer(trailer) => {
                step.read = (8 - trailer.len()).min(input.len());
                trailer.extend_from_slice(input.get(..step.read).unwrap_or_default());
                if let [a, b, c, d, e, f, g, h] = *trailer.as_slice() {
                    let sum = u32::from_le_bytes([a, b, c, d]);
                    let length = u32::from_le_bytes([e, f, g, h]);
                    if (sum, length) == (self.crc.sum(), self.crc.amount()) {
                        self.members += 1;
                        self.inflate.reset(false);
                        self.crc.reset();
                        self.part = Part::Header(Vec::new());
                    } else {
                        step.then = Then::Broken;
                    }
                }
            }
        }
        step
    }
}

/// What the beginning of a gzip member is.
enum Header {
    /// A header of this length.
    Complete(usize),
    /// The beginning of one.
    Partial,
    /// None.
    None,
}

fn gzip_header(bytes: &[u8]) -> Header {
    const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
    if !MAGIC.starts_with(bytes.get(..bytes.len().min(3)).unwrap_or_default()) {
        return Header::None;
    }
    let Some(&flags) = bytes.get(3) else {
        return Header::Partial;
    };
    // RFC 1952 §2.3.1.2: reserved bits must be zero.
    if flags & 0xe0 != 0 {
        return Header::None;
    }
    let mut at = 10;
    if flags & 4 != 0 {
        let (Some(&low), Some(&high)) = (bytes.get(at), bytes.get(at + 1)) else {
            return Header::Partial;
        };
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let Some(end) = bytes
                .get(at..)
                .and_then(|rest| rest.iter().position(|byte| *byte == 0))
            else {
                return Header::Partial;
            };
            at += end + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    if bytes.len() >= at {
        Header::Complete(at)
    } else {
        Header::Partial
    }
}
