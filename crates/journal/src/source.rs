//! Where records come from, and how reading goes on behind damage.
//!
//! A [`Source`] gives the uncompressed bytes of a WARC file. Where they turn out to be no record, it finds the place
//! at which the next whole record begins: in a [`Plain`] file behind the line ends that close a record, in a file of
//! gzip members (`member`) at the next member. The search holds one chunk of the file in memory, whatever it passes
//! over.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::head::looks_like_a_record;
use crate::member::Members;

/// How much of a file is searched at a time.
pub(crate) const CHUNK_BYTES: usize = 1 << 16;

/// What closes a record and opens the next (WARC 1.1 §4; all versions of the format begin so).
const SEAM: &[u8] = b"\r\n\r\nWARC/1.";

/// How every record begins.
pub(crate) const RECORD_START: &[u8] = b"WARC/1.";

/// Where a damaged record ends, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordEnd {
    /// Its header cannot be read.
    Unknown,
    /// Its header says so, and may be what is damaged.
    Claimed(u64),
    /// Its header says so, and is proved by its own digest.
    Certain(u64),
}

/// The uncompressed bytes of a WARC file.
pub(crate) trait Source: BufRead {
    /// Where in the file the next bytes are: their offset, or that of the gzip member which holds them. The length of
    /// the file at its end.
    fn place(&self) -> u64;

    /// Which offset in the uncompressed file the next bytes have, where the source knows it by itself.
    fn offset(&self) -> Option<u64>;

    /// Whether the file holds them compressed.
    fn is_compressed(&self) -> bool;

    /// Whether that many bytes may be left; false where it is known without reading them that they are not.
    fn holds(&mut self, bytes: u64) -> bool;

    /// Called where a record ends: where its compressed bytes end too, their checksum is verified.
    fn check(&mut self) -> io::Result<()>;

    /// Passes over some bytes and says how many: fewer at the end.
    fn skip(&mut self, bytes: u64) -> io::Result<u64>;

    /// Goes on at the next record behind the damaged one at `place`; false when there is none: then nothing is left.
    fn resume(&mut self, place: u64, end: RecordEnd) -> io::Result<bool>;
}

/// Opens a WARC file; one whose name ends in `.gz` as gzip members. So many bytes are read at a time.
pub(crate) fn open(path: &Path, buffer_bytes: usize) -> io::Result<Box<dyn Source + Send>> {
    if path.extension().is_some_and(|extension| extension == "gz") {
        return Ok(Box::new(open_members(path, buffer_bytes)?));
    }
    Ok(Box::new(Plain::new(BufReader::with_capacity(
        buffer_bytes,
        File::open(path)?,
    ))))
}

/// Opens a file of gzip members, whatever its name.
pub(crate) fn open_members(path: &Path, buffer_bytes: usize) -> io::Result<Members<BufReader<File>>> {
    Ok(Members::new(BufReader::with_capacity(
        buffer_bytes,
        File::open(path)?,
    )))
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn place(&self) -> u64 {
        (**self).place()
    }

    fn offset(&self) -> Option<u64> {
        (**self).offset()
    }

    fn is_compressed(&self) -> bool {
        (**self).is_compressed()
    }

    fn holds(&mut self, bytes: u64) -> bool {
        (**self).holds(bytes)
    }

    fn check(&mut self) -> io::Result<()> {
        (**self).check()
    }

    fn skip(&mut self, bytes: u64) -> io::Result<u64> {
        (**self).skip(bytes)
    }

    fn resume(&mut self, place: u64, end: RecordEnd) -> io::Result<bool> {
        (**self).resume(place, end)
    }
}

/// A file that is not compressed.
pub(crate) struct Plain<R> {
    input: R,
    at: u64,
    /// The length when it was last asked for; a segment that is being written grows.
    length: Option<u64>,
}

impl<R: BufRead + Seek> Plain<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            at: 0,
            length: None,
        }
    }

    fn length(&mut self) -> io::Result<u64> {
        let length = self.input.seek(SeekFrom::End(0))?;
        self.input.seek(SeekFrom::Start(self.at))?;
        self.length = Some(length);
        Ok(length)
    }

    fn go_to(&mut self, at: u64) -> io::Result<()> {
        self.at = self.input.seek(SeekFrom::Start(at))?;
        Ok(())
    }

    fn is_record_at(&mut self, at: u64) -> io::Result<bool> {
        self.go_to(at)?;
        Ok(looks_like_a_record(&mut self.input)? == Some(true))
    }

    /// The first place behind `damaged` at which a record begins behind the line ends that close another.
    fn find(&mut self, damaged: u64) -> io::Result<Option<u64>> {
        let mut from = (damaged + 1).saturating_sub(4);
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        loop {
            self.go_to(from)?;
            chunk.clear();
            self.input
                .by_ref()
                .take(CHUNK_BYTES as u64)
                .read_to_end(&mut chunk)?;
            for (index, window) in chunk.windows(SEAM.len()).enumerate() {
                let record = from + index as u64 + 4;
                if window != SEAM || record <= damaged {
                    continue;
                }
                let mut here = chunk.get(index + 4..).unwrap_or_default();
                let is_record = match looks_like_a_record(&mut here)? {
                    Some(is_record) => is_record,
                    // Its header goes on behind the chunk.
                    None => self.is_record_at(record)?,
                };
                if is_record {
                    return Ok(Some(record));
                }
            }
            if chunk.len() < CHUNK_BYTES {
                return Ok(None);
            }
            // A seam may lie across two chunks.
            from += (CHUNK_BYTES - SEAM.len() + 1) as u64;
        }
    }
}

impl<R: BufRead> Read for Plain<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Plain<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes as u64;
        self.input.consume(bytes);
    }
}

impl<R: BufRead + Seek> Source for Plain<R> {
    fn place(&self) -> u64 {
        self.at
    }

    fn offset(&self) -> Option<u64> {
        Some(self.at)
    }

    fn is_compressed(&self) -> bool {
        false
    }

    fn holds(&mut self, bytes: u64) -> bool {
        let end = self.at.saturating_add(bytes);
        // What cannot be sought in (a pipe) has no known length.
        self.length.is_some_and(|length| end <= length) || self.length().map_or(true, |length| end <= length)
    }

    fn check(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn skip(&mut self, bytes: u64) -> io::Result<u64> {
        if let (true, Ok(by)) = (self.holds(bytes), i64::try_from(bytes))
            && self.input.seek_relative(by).is_ok()
        {
            self.at += bytes;
            return Ok(bytes);
        }
        io::copy(&mut self.by_ref().take(bytes), &mut io::sink())
    }

    fn resume(&mut self, place: u64, end: RecordEnd) -> io::Result<bool> {
        let length = self.length()?;
        let claimed = match end {
            RecordEnd::Unknown => None,
            RecordEnd::Certain(end) | RecordEnd::Claimed(end) => {
                (end > place && end < length && self.is_record_at(end)?).then_some(end)
            }
        };
        let next = match (end, claimed) {
            (RecordEnd::Certain(end), _) if end == length => None,
            (RecordEnd::Certain(_), Some(end)) => Some(end),
            // A record whose length is damaged may claim those behind it as its own.
            (_, claimed) => match (self.find(place)?, claimed) {
                (Some(found), Some(claimed)) => Some(found.min(claimed)),
                (found, claimed) => found.or(claimed),
            },
        };
        self.go_to(next.unwrap_or(length))?;
        Ok(next.is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_record_is_found_wherever_its_start_lies_between_two_chunks() {
        let record = "WARC/1.1\r\nContent-Length: 0\r\n\r\n\r\n\r\n";
        for garbage in CHUNK_BYTES - 40..CHUNK_BYTES + 20 {
            let mut bytes = vec![b'x'; garbage];
            bytes.extend_from_slice(b"\r\n\r\n");
            let at = bytes.len() as u64;
            bytes.extend_from_slice(record.as_bytes());
            let mut source = Plain::new(Cursor::new(bytes));
            assert!(source.resume(0, RecordEnd::Unknown).unwrap());
            assert_eq!(source.place(), at);
        }
    }

    #[test]
    fn what_only_looks_like_the_seam_of_two_records_is_passed_over() {
        let bytes = b"x\r\n\r\nWARC/1.1, dit-on\r\n\r\nWARC/1.0\r\nSans-Longueur: 1\r\n\r\n";
        let mut source = Plain::new(Cursor::new(bytes));
        assert!(!source.resume(0, RecordEnd::Unknown).unwrap());
        assert_eq!(source.place(), bytes.len() as u64);
    }
}
