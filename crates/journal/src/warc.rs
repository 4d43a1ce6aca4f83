//! WARC records, ours and other tools', read one by one from a [`Source`].
//!
//! Damage hides nothing but the record it hit: it is given once, as an error that says where it is and how many bytes
//! were passed over, and reading goes on at the next whole record. Damage is what has no framing, what does not match
//! `WARC-Block-Digest`, and in our own records what does not match
//! [`HEADER_DIGEST`](crate::head::HEADER_DIGEST): WARC has a digest for the block and none for the header, in which
//! the number, the source and the feed entry stand.

use std::io::{self, BufRead, Read};

use bytes::Bytes;
use data_encoding::BASE32;
use jiff::Timestamp;
use sha1::{Digest as _, Sha1};

use crate::head::{Fields, Head, NoHead, read_head, value};
use crate::member::is_of_the_system;
use crate::source::{CHUNK_BYTES, RecordEnd, Source};

/// What closes a record (WARC 1.1 §4).
pub(crate) const CLOSE: &[u8; 4] = b"\r\n\r\n";

/// How much may be read in vain: some seconds' worth.
pub(crate) const VAIN_BYTES: u64 = 1 << 34;

const ALTERED: &str = "it does not match its digest";

/// How large a record may be.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "units stand in names")]
pub(crate) struct Limits {
    /// The header: ours hold a feed entry, others' a few lines.
    pub(crate) header_bytes: u64,
    /// The block.
    pub(crate) block_bytes: u64,
    /// What is read in vain, all damages of a file together. Each is looked at again from its second byte on, so a
    /// file made for it could otherwise be read a million times over.
    pub(crate) vain_bytes: u64,
}

impl Limits {
    /// What was written here is read back, whatever its size. A header holds one feed entry, which came out of a body
    /// of some 15 MiB (`fetch.max_body`): what is longer than this is none.
    pub(crate) const OWN: Self = Self {
        header_bytes: 1 << 28,
        block_bytes: u64::MAX,
        vain_bytes: VAIN_BYTES,
    };
}

/// What is wrong with a WARC file, and at which offset of the file: of the record or, where the file is compressed, of
/// its gzip member.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WarcError {
    /// Bytes that are no whole record.
    #[error("no whole record is at byte {offset}: {why}; {passed_over} bytes were passed over")]
    Damaged {
        /// Offset of the first byte.
        offset: u64,
        /// Bytes up to the next record, or to the end of the file.
        passed_over: u64,
        /// What is wrong.
        why: String,
    },
    /// A record is larger than allowed; reading goes on behind it.
    #[error("the record at byte {offset} holds {length} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Offset of the record's first byte.
        offset: u64,
        /// Length of its block.
        length: u64,
        /// The limit.
        limit: u64,
    },
    /// The file cannot be read.
    #[error("reading at byte {offset}: {source}")]
    Io {
        /// Offset of the record being read.
        offset: u64,
        /// The cause.
        source: io::Error,
    },
}

/// One record as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Offset of its first byte in the uncompressed file.
    pub(crate) offset: u64,
    /// Offset in the file of its first byte, or of the gzip member that holds it.
    pub(crate) place: u64,
    /// Header, block and the two line ends that close it.
    pub(crate) length: u64,
    /// The header as it stands there, its closing blank line included.
    pub(crate) head: Bytes,
    fields: Fields,
    /// Empty where only heads are read.
    pub(crate) block: Bytes,
}

impl Record {
    /// The value of a named field (names are compared without case).
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        value(&self.fields, name)
    }

    pub(crate) fn date(&self) -> Result<Timestamp, String> {
        let written = self.field("WARC-Date").ok_or("it has no WARC-Date")?;
        let date: Timestamp = written
            .parse()
            .map_err(|_| format!("its WARC-Date `{written}` is no date"))?;
        Timestamp::from_millisecond(date.as_millisecond()).map_err(|error| error.to_string())
    }
}

/// The records of a source.
pub(crate) fn records<S: Source>(source: S, limits: Limits) -> Records<S> {
    Records {
        source,
        offset: 0,
        limits,
        blocks: Blocks::Read,
        tried_bytes: 0,
        vain_bytes: 0,
        ended: false,
    }
}

/// The records of a source without their blocks, which are passed over unread where the source can.
pub(crate) fn heads<S: Source>(source: S, limits: Limits) -> Records<S> {
    Records {
        blocks: Blocks::PassOver,
        ..records(source, limits)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Blocks {
    Read,
    PassOver,
}

pub(crate) struct Records<S> {
    source: S,
    /// In the uncompressed file.
    offset: u64,
    limits: Limits,
    blocks: Blocks,
    /// Read of the present record.
    tried_bytes: u64,
    /// Read of damaged ones.
    vain_bytes: u64,
    ended: bool,
}

/// Why there is no record.
enum Fault {
    /// The source stands somewhere inside the record or behind it.
    Lost {
        why: String,
        end: RecordEnd,
    },
    /// The block is not the one that was written; the source stands behind the record.
    Altered {
        length: u64,
    },
    /// The source stands behind the record.
    TooLarge {
        length: u64,
    },
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if is_of_the_system(&error) {
            return Self::Io(error);
        }
        Self::lost(match error.kind() {
            // A gzip member that ends early is a cut file, like a short read.
            io::ErrorKind::UnexpectedEof => "it is cut off".to_owned(),
            _ => format!("it cannot be decompressed: {error}"),
        })
    }
}

impl Fault {
    fn lost(why: String) -> Self {
        Self::Lost {
            why,
            end: RecordEnd::Unknown,
        }
    }
}

impl<S: Source> Iterator for Records<S> {
    type Item = Result<Record, WarcError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        // Which member is next is known once it is begun.
        let begun = self.source.fill_buf().map(<[u8]>::is_empty);
        let place = self.source.place();
        self.offset = self.source.offset().unwrap_or(self.offset);
        let read = match begun {
            Ok(true) => {
                self.ended = true;
                return None;
            }
            Ok(false) => self.read(place),
            Err(error) => Err(error.into()),
        };
        Some(read.map_err(|fault| self.go_on(place, fault)))
    }
}

impl<S: Source> Records<S> {
    fn read(&mut self, place: u64) -> Result<Record, Fault> {
        self.tried_bytes = 0;
        let head = head(&mut self.source, self.limits.header_bytes)?;
        let Some(length) = value(&head.fields, "Content-Length").and_then(|length| length.parse().ok())
        else {
            return Err(Fault::lost("it has no Content-Length".to_owned()));
        };
        let whole = (head.bytes.len() as u64)
            .saturating_add(length)
            .saturating_add(CLOSE.len() as u64);
        let end = match head.is_proved() {
            Some(false) => {
                return Err(Fault::lost(
                    "it does not match the digest of its header".to_owned(),
                ));
            }
            Some(true) => RecordEnd::Certain(place.saturating_add(whole)),
            None => RecordEnd::Claimed(place.saturating_add(whole)),
        };
        let lost = |why: &str| Fault::Lost {
            why: why.to_owned(),
            end,
        };
        if !self.source.holds(length) {
            return Err(lost("it is cut off"));
        }
        let is_too_large = length > self.limits.block_bytes;
        let is_passed_over = is_too_large || self.blocks == Blocks::PassOver;
        let mut block = Vec::new();
        let read = if is_passed_over {
            self.source.skip(length)?
        } else {
            self.source.by_ref().take(length).read_to_end(&mut block)? as u64
        };
        self.tried_bytes = read;
        let mut close = Vec::with_capacity(CLOSE.len());
        self.source
            .by_ref()
            .take(CLOSE.len() as u64)
            .read_to_end(&mut close)?;
        if CLOSE.starts_with(&close) && (read < length || close.len() < CLOSE.len()) {
            return Err(lost("it is cut off"));
        }
        if close != CLOSE {
            return Err(lost("its block does not end where it says"));
        }
        self.source.check()?;
        let offset = self.offset;
        self.offset += whole;
        if is_too_large {
            return Err(Fault::TooLarge { length });
        }
        let block = Bytes::from(block);
        let written = value(&head.fields, "WARC-Block-Digest").filter(|written| written.starts_with("sha1:"));
        if !is_passed_over && written.is_some_and(|written| written != digest(&block)) {
            // Only a length that nothing proves can have made it swallow the records behind it.
            return Err(match end {
                RecordEnd::Claimed(_) if !self.source.is_compressed() => lost(ALTERED),
                _ => Fault::Altered { length: whole },
            });
        }
        Ok(Record {
            offset,
            place,
            length: whole,
            head: head.bytes.into(),
            fields: head.fields,
            block,
        })
    }

    /// Moves to the next record, and says what was passed over.
    fn go_on(&mut self, place: u64, fault: Fault) -> WarcError {
        let (why, end) = match fault {
            Fault::Io(source) => {
                self.ended = true;
                return WarcError::Io {
                    offset: place,
                    source,
                };
            }
            Fault::TooLarge { length } => {
                return WarcError::TooLarge {
                    offset: place,
                    length,
                    limit: self.limits.block_bytes,
                };
            }
            Fault::Altered { length } => {
                return WarcError::Damaged {
                    offset: place,
                    passed_over: length,
                    why: ALTERED.to_owned(),
                };
            }
            Fault::Lost { why, end } => (why, end),
        };
        self.vain_bytes += self.tried_bytes + CHUNK_BYTES as u64;
        match self.source.resume(place, end) {
            Ok(goes_on) => {
                let is_too_much = self.vain_bytes > self.limits.vain_bytes;
                self.ended = !goes_on || is_too_much;
                let why = if goes_on && is_too_much {
                    format!("{why}, and so much before it is damaged that reading ends here")
                } else {
                    why
                };
                WarcError::Damaged {
                    offset: place,
                    passed_over: self.source.place().saturating_sub(place),
                    why,
                }
            }
            Err(source) => {
                self.ended = true;
                WarcError::Io {
                    offset: place,
                    source,
                }
            }
        }
    }
}

fn head<R: BufRead>(input: &mut R, limit: u64) -> Result<Head, Fault> {
    read_head(input, limit)?.map_err(|none| {
        Fault::lost(match none {
            NoHead::CutOff => "it is cut off".to_owned(),
            NoHead::Endless => "its header does not end".to_owned(),
            NoHead::Other(why) => why,
        })
    })
}

/// The digest of a block or payload as WARC fields write it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha1:{}", BASE32.encode(&Sha1::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Plain;

    const TWO: &str =
        "WARC/1.1\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nWARC/1.1\r\ncontent-length: 1\r\n\r\nd\r\n\r\n";

    fn read(bytes: &[u8], limit: u64) -> Vec<Result<Bytes, String>> {
        records(
            Plain::new(io::Cursor::new(bytes)),
            Limits {
                header_bytes: 1 << 20,
                block_bytes: limit,
                vain_bytes: VAIN_BYTES,
            },
        )
        .map(|r| r.map(|r| r.block).map_err(|e| e.to_string()))
        .collect()
    }

    #[test]
    fn records_follow_one_another() {
        assert_eq!(
            read(TWO.as_bytes(), 9),
            [Ok(Bytes::from_static(b"abc")), Ok(Bytes::from_static(b"d"))]
        );
    }

    #[test]
    fn a_file_cut_anywhere_gives_the_whole_records_before_the_cut() {
        let first = TWO.find("WARC/1.1\r\nc").unwrap();
        for cut in 0..TWO.len() {
            let got = read(&TWO.as_bytes()[..cut], 9);
            assert_eq!(
                got.iter().filter(|r| r.is_ok()).count(),
                usize::from(cut >= first),
                "cut at {cut}"
            );
            let torn = cut != 0 && cut != first;
            assert_eq!(
                got.last().is_some_and(Result::is_err),
                torn,
                "cut at {cut}: {got:?}"
            );
        }
    }

    #[test]
    fn a_record_over_the_limit_is_told_and_passed_over() {
        let got = read(TWO.as_bytes(), 2);
        assert!(got[0].as_ref().unwrap_err().contains("more than the 2 allowed"));
        assert_eq!(got[1], Ok(Bytes::from_static(b"d")));
    }

    #[test]
    fn an_archive_made_to_be_read_over_and_over_is_given_up_and_that_is_said() {
        let hostile = "WARC/1.0\r\nContent-Length: 300\r\n\r\n\r\n\r\n".repeat(100);
        let limits = Limits {
            vain_bytes: 10 * CHUNK_BYTES as u64,
            ..Limits::OWN
        };
        let read: Vec<_> = records(Plain::new(io::Cursor::new(hostile.as_bytes())), limits)
            .map(|record| record.unwrap_err().to_string())
            .collect();
        assert_eq!(read.len(), 10);
        assert!(read[9].contains("reading ends here"), "{}", read[9]);
        let without_limit = records(Plain::new(io::Cursor::new(hostile.as_bytes())), Limits::OWN);
        assert_eq!(without_limit.count(), 100);
    }

    #[test]
    fn a_block_that_claims_the_records_behind_it_hides_none_of_them() {
        // Nothing proves the length of another tool's record, and here it ends where the last one does.
        let claims = "WARC/1.0\r\nWARC-Block-Digest: sha1:AAAA\r\nContent-Length: 77\r\n\r\nabc\r\n\r\n";
        let bytes = [claims, TWO].concat();
        let start = claims.find("abc").unwrap();
        assert_eq!(bytes.len() - start - 4, 77);
        let got = read(bytes.as_bytes(), 77);
        assert!(got[0].as_ref().unwrap_err().contains("does not match its digest"));
        assert_eq!(
            got[1..],
            [Ok(Bytes::from_static(b"abc")), Ok(Bytes::from_static(b"d"))]
        );
    }

    #[test]
    fn what_is_no_warc_is_said_so() {
        assert!(
            read(b"<html>\n", 9)[0]
                .as_ref()
                .unwrap_err()
                .contains("it starts with `<html>`")
        );
    }
}
