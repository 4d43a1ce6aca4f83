//! WARC records, ours and other tools', read one by one from a stream.
//!
//! Damage ends the reading with an error that names the offset; everything before it has been given out.

use std::io::{self, BufRead, Read};

use bytes::Bytes;
use data_encoding::BASE32;
use jiff::Timestamp;
use sha1::{Digest as _, Sha1};

/// How large a record may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The header: ours hold a feed entry, others' a few lines.
    pub(crate) header_bytes: u64,
    /// The block.
    pub(crate) block_bytes: u64,
}

impl Limits {
    /// What was written here is read back, whatever its size.
    pub(crate) const NONE: Self = Self {
        header_bytes: u64::MAX,
        block_bytes: u64::MAX,
    };
}

/// What is wrong with a WARC file, and at which offset of its uncompressed bytes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WarcError {
    /// The file ends inside a record.
    #[error("the record at byte {offset} is cut off")]
    Torn {
        /// Offset of the record's first byte.
        offset: u64,
    },
    /// No record begins where one should.
    #[error("no WARC record begins at byte {offset}: {why}")]
    Malformed {
        /// Offset of the record's first byte.
        offset: u64,
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

impl WarcError {
    /// Where in the file it is.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Self::Torn { offset }
            | Self::Malformed { offset, .. }
            | Self::TooLarge { offset, .. }
            | Self::Io { offset, .. } => *offset,
        }
    }
}

/// One record as it stands in the file.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Offset of its first byte in the uncompressed file.
    pub(crate) offset: u64,
    /// Header, block and the two line ends that close it.
    pub(crate) length: u64,
    fields: Vec<(String, String)>,
    pub(crate) block: Bytes,
}

impl Record {
    /// The value of a named field (names are compared without case).
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn date(&self) -> Result<Timestamp, String> {
        let written = self.field("WARC-Date").ok_or("it has no WARC-Date")?;
        let date: Timestamp = written
            .parse()
            .map_err(|_| format!("its WARC-Date `{written}` is no date"))?;
        Timestamp::from_millisecond(date.as_millisecond()).map_err(|error| error.to_string())
    }

    /// Whether the block is the one that was written, as far as the record says.
    pub(crate) fn is_intact(&self) -> bool {
        match self.field("WARC-Block-Digest") {
            Some(written) if written.starts_with("sha1:") => written == digest(&self.block),
            _ => true,
        }
    }
}

/// The records of a stream.
pub(crate) fn records<R: BufRead>(input: R, limits: Limits) -> Records<R> {
    Records {
        input,
        offset: 0,
        limits,
        ended: false,
    }
}

pub(crate) struct Records<R> {
    input: R,
    offset: u64,
    limits: Limits,
    ended: bool,
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<Record, WarcError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let record = self.read().transpose();
        // Behind a record that is too large the next one begins as usual; behind other damage nothing is sure.
        self.ended = !matches!(record, Some(Ok(_) | Err(WarcError::TooLarge { .. })));
        record
    }
}

impl<R: BufRead> Records<R> {
    fn read(&mut self) -> Result<Option<Record>, WarcError> {
        let offset = self.offset;
        let Some(version) = self.line(offset, self.limits.header_bytes)? else {
            return Ok(None);
        };
        if !version.starts_with("WARC/1.") {
            let start: String = version.chars().take(20).collect();
            return Err(WarcError::Malformed {
                offset,
                why: format!("it starts with `{start}`"),
            });
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        loop {
            let left = self.limits.header_bytes.saturating_sub(self.offset - offset);
            let line = self.line(offset, left)?.ok_or(WarcError::Torn { offset })?;
            if line.is_empty() {
                break;
            }
            if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), fields.last_mut()) {
                value.push(' ');
                value.push_str(line.trim());
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        let mut record = Record {
            offset,
            length: 0,
            fields,
            block: Bytes::new(),
        };
        let length: u64 = record
            .field("Content-Length")
            .and_then(|length| length.parse().ok())
            .ok_or_else(|| WarcError::Malformed {
                offset,
                why: "it has no Content-Length".to_owned(),
            })?;
        let too_large = length > self.limits.block_bytes;
        let mut block = Vec::new();
        let copied = if too_large {
            io::copy(&mut self.input.by_ref().take(length), &mut io::sink())
        } else {
            self.input
                .by_ref()
                .take(length)
                .read_to_end(&mut block)
                .map(|read| read as u64)
        };
        let copied = copied.map_err(|source| torn_or_io(offset, source))?;
        self.offset += copied;
        let mut close = [0; 4];
        let closed = self
            .input
            .read_exact(&mut close)
            .map_err(|source| torn_or_io(offset, source));
        if copied < length || closed.is_err() {
            closed?;
            return Err(WarcError::Torn { offset });
        }
        if &close != b"\r\n\r\n" {
            return Err(WarcError::Malformed {
                offset,
                why: "its block does not end where it says".to_owned(),
            });
        }
        self.offset += 4;
        if too_large {
            return Err(WarcError::TooLarge {
                offset,
                length,
                limit: self.limits.block_bytes,
            });
        }
        record.length = self.offset - offset;
        record.block = block.into();
        Ok(Some(record))
    }

    /// One line without its end; `None` at the end of the input.
    fn line(&mut self, record: u64, limit: u64) -> Result<Option<String>, WarcError> {
        let mut line = Vec::new();
        let read = self
            .input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut line)
            .map_err(|source| torn_or_io(record, source))?;
        self.offset += read as u64;
        if line.pop_if(|last| *last == b'\n').is_none() {
            return match read {
                0 => Ok(None),
                _ if read as u64 == limit => Err(WarcError::Malformed {
                    offset: record,
                    why: "its header does not end".to_owned(),
                }),
                _ => Err(WarcError::Torn { offset: record }),
            };
        }
        line.pop_if(|last| *last == b'\r');
        Ok(Some(String::from_utf8(line).unwrap_or_else(|error| {
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        })))
    }
}

/// A gzip member that ends early is a torn file, like a short read.
fn torn_or_io(offset: u64, source: io::Error) -> WarcError {
    match source.kind() {
        io::ErrorKind::UnexpectedEof => WarcError::Torn { offset },
        _ => WarcError::Io { offset, source },
    }
}

/// The digest of a block or payload as WARC fields write it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha1:{}", BASE32.encode(&Sha1::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str =
        "WARC/1.1\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nWARC/1.1\r\ncontent-length: 1\r\n\r\nd\r\n\r\n";

    fn read(bytes: &[u8], limit: u64) -> Vec<Result<Bytes, String>> {
        records(
            bytes,
            Limits {
                header_bytes: 1 << 20,
                block_bytes: limit,
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
    fn what_is_no_warc_is_said_so() {
        assert!(
            read(b"<html>\n", 9)[0]
                .as_ref()
                .unwrap_err()
                .contains("it starts with `<html>`")
        );
    }
}
