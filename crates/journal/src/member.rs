//! Gzip members: the form of a sealed segment, and of other tools' `.warc.gz` (WARC 1.1 annex D).
//!
//! A sealed segment is one member a record, so that a record can be read without those before it and damage harms
//! the records it hits. Each member says in its extra field (RFC 1952 §2.3.1.1, subfield `dp`) at which offset of the
//! uncompressed segment its record begins: positions stay exact behind damage. Other tools pass over that field.
//!
//! Reading takes members as they come, whether they hold one record, several, or a part of one.

use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};

use flate2::bufread::GzDecoder;
use flate2::{Compression, GzBuilder};

use crate::source::{CHUNK_BYTES, RECORD_START, RecordEnd, Source};

/// The subfield that holds the offset in the uncompressed segment, eight bytes, the lowest first.
const SUBFIELD: [u8; 2] = *b"dp";

/// ID1, ID2, and the only compression method there is (RFC 1952 §2.3.1).
const MAGIC: &[u8] = &[0x1f, 0x8b, 8];

/// How much of what may be a member is looked at: its header and a few bytes of what it holds.
const LOOK_BYTES: u64 = 1 << 16;

/// How many places that may be members are looked at behind one damage. Of compressed bytes, one in 16 MiB looks so.
const LOOKS: usize = 1 << 16;

/// Compresses one record, which begins at `offset` of the uncompressed segment, into a member of its own.
pub(crate) fn write<W: Write>(out: W, offset: u64, parts: &[&[u8]]) -> io::Result<W> {
    let mut extra = SUBFIELD.to_vec();
    extra.extend_from_slice(&8_u16.to_le_bytes());
    extra.extend_from_slice(&offset.to_le_bytes());
    // Of the texts in seeds/, level 6 leaves 0.552 at 52 MB/s, level 9 as much at 51, level 1 0.588 at 85.
    let mut member = GzBuilder::new().extra(extra).write(out, Compression::new(6));
    for part in parts {
        member.write_all(part)?;
    }
    member.finish()
}

enum State<R> {
    /// Where a member begins, or the file ends.
    Between(R),
    Member(Box<GzDecoder<R>>),
    /// Only on the way from one to the other.
    Nowhere,
}

/// The bytes of all members, one after the other.
pub(crate) struct Members<R> {
    state: State<R>,
    /// Offset of the present member in the file; at the end, the length of the file.
    member_at: u64,
    /// Offset of the next bytes in the uncompressed file: counted, or behind damage what the next member says.
    offset: Option<u64>,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
}

impl<R: BufRead + Seek> Members<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            state: State::Between(input),
            member_at: 0,
            offset: Some(0),
            buffer: vec![0; CHUNK_BYTES],
            from: 0,
            to: 0,
        }
    }

    /// Begins the member at which the input stands; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        let mut input = self.take_input()?;
        self.member_at = input.stream_position()?;
        if input.fill_buf()?.is_empty() {
            self.state = State::Between(input);
            return Ok(false);
        }
        let member = GzDecoder::new(input);
        if self.offset.is_none() {
            self.offset = member.header().and_then(|header| stated_offset(header.extra()?));
        }
        self.state = State::Member(Box::new(member));
        Ok(true)
    }

    fn take_input(&mut self) -> io::Result<R> {
        match std::mem::replace(&mut self.state, State::Nowhere) {
            State::Member(member) => Ok(member.into_inner()),
            State::Between(input) => Ok(input),
            State::Nowhere => Err(io::Error::other("an earlier read failed")),
        }
    }
}

impl<R: BufRead + Seek> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let filled = self.fill_buf()?;
        let length = filled.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(filled) {
            *to = *from;
        }
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead + Seek> BufRead for Members<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.from == self.to {
            (self.from, self.to) = match &mut self.state {
                State::Member(member) => (0, member.read(&mut self.buffer)?),
                State::Between(_) | State::Nowhere => (0, 0),
            };
            if self.to == 0 && !self.begin()? {
                return Ok(&[]);
            }
        }
        Ok(self.buffer.get(self.from..self.to).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.from = self.to.min(self.from + bytes);
        self.offset = self.offset.map(|offset| offset + bytes as u64);
    }
}

impl<R: BufRead + Seek> Source for Members<R> {
    fn place(&self) -> u64 {
        self.member_at
    }

    fn offset(&self) -> Option<u64> {
        self.offset
    }

    fn is_compressed(&self) -> bool {
        true
    }

    fn holds(&mut self, _: u64) -> bool {
        true
    }

    fn check(&mut self) -> io::Result<()> {
        if let (true, State::Member(member)) = (self.from == self.to, &mut self.state) {
            (self.from, self.to) = (0, member.read(&mut self.buffer)?);
            if self.to == 0 {
                // The next member is begun when it is asked for: what is wrong with it is no matter of this one.
                self.state = State::Between(self.take_input()?);
            }
        }
        Ok(())
    }

    fn skip(&mut self, bytes: u64) -> io::Result<u64> {
        io::copy(&mut self.by_ref().take(bytes), &mut io::sink())
    }

    fn resume(&mut self, place: u64, _: RecordEnd) -> io::Result<bool> {
        let mut input = self.take_input()?;
        (self.from, self.to) = (0, 0);
        self.offset = None;
        let next = find(&mut input, place + 1)?;
        self.member_at = match next {
            Some(next) => input.seek(SeekFrom::Start(next))?,
            None => input.seek(SeekFrom::End(0))?,
        };
        self.state = State::Between(input);
        self.begin()?;
        Ok(next.is_some())
    }
}

/// The first member at or behind `from` that opens a record.
fn find<R: BufRead + Seek>(input: &mut R, mut from: u64) -> io::Result<Option<u64>> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    let mut looks = 0;
    loop {
        input.seek(SeekFrom::Start(from))?;
        chunk.clear();
        input.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
        for (index, window) in chunk.windows(MAGIC.len()).enumerate() {
            let member = from + index as u64;
            if window != MAGIC {
                continue;
            }
            looks += 1;
            if opens_a_record(input, member)? {
                return Ok(Some(member));
            }
        }
        if chunk.len() < CHUNK_BYTES || looks > LOOKS {
            return Ok(None);
        }
        from += (CHUNK_BYTES - MAGIC.len() + 1) as u64;
    }
}

fn opens_a_record<R: BufRead + Seek>(input: &mut R, at: u64) -> io::Result<bool> {
    input.seek(SeekFrom::Start(at))?;
    let mut start = [0; RECORD_START.len()];
    match GzDecoder::new(input.take(LOOK_BYTES)).read_exact(&mut start) {
        Ok(()) => Ok(start == RECORD_START),
        Err(error) if is_of_the_system(&error) => Err(error),
        Err(_) => Ok(false),
    }
}

/// Whether the file could not be read, as against bytes that are no gzip.
pub(crate) fn is_of_the_system(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
}

fn stated_offset(mut extra: &[u8]) -> Option<u64> {
    loop {
        let (head, rest) = extra.split_first_chunk::<4>()?;
        let [first, second, low, high] = *head;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
        if [first, second] == SUBFIELD {
            return value.try_into().ok().map(u64::from_le_bytes);
        }
        extra = rest;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use bytes::Bytes;

    use super::*;
    use crate::warc::{Limits, records};

    const RECORD: &str = "WARC/1.1\r\nContent-Length: 4\r\n\r\ntête\r\n\r\n";

    fn record(block: &str) -> String {
        RECORD.replace("tête", block)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        write(Vec::new(), 0, &[bytes]).unwrap()
    }

    fn blocks(file: Vec<u8>) -> Vec<Result<Bytes, String>> {
        records(Members::new(Cursor::new(file)), Limits::OWN)
            .map(|item| item.map(|record| record.block).map_err(|error| error.to_string()))
            .collect()
    }

    #[test]
    fn members_hold_one_record_or_several_or_a_part_of_one() {
        let all = [record("un.."), record("deux"), record("3...")].concat();
        let expected = ["un..", "deux", "3..."].map(|block| Ok(Bytes::from(block)));
        assert_eq!(blocks(gzip(all.as_bytes())), expected);
        for cut in 0..=all.len() {
            let (first, second) = all.as_bytes().split_at(cut);
            assert_eq!(
                blocks([gzip(first), gzip(second)].concat()),
                expected,
                "cut at {cut}"
            );
        }
        assert_eq!(blocks(Vec::new()), []);
    }

    #[test]
    fn a_member_is_found_wherever_it_begins_between_two_chunks() {
        let member = gzip(record("un..").as_bytes());
        for garbage in CHUNK_BYTES - 10..CHUNK_BYTES + 10 {
            // What begins like a member and holds no record is passed over too.
            let mut file = gzip(b"rien");
            file.resize(garbage, b'x');
            file.extend_from_slice(&member);
            let read = blocks(file);
            assert!(
                read[0]
                    .as_ref()
                    .unwrap_err()
                    .contains(&format!("{garbage} bytes were passed over"))
            );
            assert_eq!(read[1..], [Ok(Bytes::from_static(b"un.."))]);
        }
    }

    #[test]
    fn what_an_earlier_member_lost_does_not_move_the_records_behind_it() {
        let records = [record("un.."), record("deux"), record("3...")];
        let mut file = Vec::new();
        let mut offsets = vec![0];
        for record in &records {
            let offset = offsets.last().copied().unwrap();
            file = write(file, offset, &[record.as_bytes()]).unwrap();
            offsets.push(offset + record.len() as u64);
        }
        let second = gzip(records[0].as_bytes()).len();
        file[second + 30] ^= 8;
        assert_eq!(offsets_read(file), [Some(0), None, Some(offsets[2])]);
    }

    fn offsets_read(file: Vec<u8>) -> Vec<Option<u64>> {
        records(Members::new(Cursor::new(file)), Limits::OWN)
            .map(|item| item.ok().map(|record| record.offset))
            .collect()
    }
}
