//! The header of a record: a version line, fields, a blank line (WARC 1.1 §4).

use std::io::{self, BufRead, Read};
use std::ops::Range;

use crate::source::RECORD_START;
use crate::warc::digest;

/// Our field, the last of a header: the digest of the header's bytes before it.
pub(crate) const HEADER_DIGEST: &str = "Depeche-Header-Digest";

/// The version line is ten bytes; a little more is read to say what stands there instead.
const VERSION_BYTES: u64 = 64;

/// How much of a header is read to tell whether it is one.
const LOOK_BYTES: u64 = 1 << 20;

/// Names and values, in their order.
pub(crate) type Fields = Vec<(String, String)>;

/// The header of a record.
pub(crate) struct Head {
    pub(crate) bytes: Vec<u8>,
    pub(crate) fields: Fields,
    /// Every line is a field or goes on with one.
    is_regular: bool,
    /// Where the line with its own digest begins and ends.
    proof: Option<Range<usize>>,
}

impl Head {
    /// Whether it is the one that was written; nothing where it does not say.
    pub(crate) fn is_proved(&self) -> Option<bool> {
        let proof = self.proof.clone()?;
        let covered = self.bytes.get(..proof.start)?;
        let closed = self.bytes.get(proof.end..)?;
        let written = value(&self.fields, HEADER_DIGEST)?;
        Some(closed == b"\r\n" && written == digest(covered))
    }
}

/// Why there is no header.
pub(crate) enum NoHead {
    CutOff,
    Endless,
    Other(String),
}

/// Reads a header of at most so many bytes.
pub(crate) fn read_head<R: BufRead>(input: &mut R, limit: u64) -> io::Result<Result<Head, NoHead>> {
    let mut head = Head {
        bytes: Vec::new(),
        fields: Vec::new(),
        is_regular: true,
        proof: None,
    };
    let mut left = limit;
    loop {
        let start = head.bytes.len();
        let allowed = if start == 0 { left.min(VERSION_BYTES) } else { left };
        let read = input.take(allowed).read_until(b'\n', &mut head.bytes)? as u64;
        left = left.saturating_sub(read);
        let line = head.bytes.get(start..).unwrap_or_default();
        let whole = line.strip_suffix(b"\n");
        if start == 0 && !line.starts_with(RECORD_START) {
            let begins: String = String::from_utf8_lossy(line)
                .trim_end()
                .chars()
                .take(20)
                .collect();
            // A version line that is cut is a torn end, like any other.
            let is_cut = whole.is_none() && RECORD_START.starts_with(line);
            return Ok(Err(if is_cut {
                NoHead::CutOff
            } else {
                NoHead::Other(format!("it starts with `{begins}`"))
            }));
        }
        let Some(line) = whole else {
            return Ok(Err(if read == allowed {
                NoHead::Endless
            } else {
                NoHead::CutOff
            }));
        };
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        if start == 0 {
            continue;
        }
        if line.is_empty() {
            return Ok(Ok(head));
        }
        if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), head.fields.last_mut()) {
            value.push(' ');
            value.push_str(line.trim());
        } else if let Some((name, value)) = line.split_once(':') {
            let field = (name.trim().to_owned(), value.trim().to_owned());
            if field.0.eq_ignore_ascii_case(HEADER_DIGEST) {
                head.proof = Some(start..head.bytes.len());
            }
            head.fields.push(field);
        } else {
            head.is_regular = false;
        }
    }
}

/// Whether a record seems to begin here: a version line, then fields, a length among them. Nothing where the input ends
/// too early to tell.
pub(crate) fn looks_like_a_record<R: BufRead>(input: &mut R) -> io::Result<Option<bool>> {
    Ok(match read_head(input, LOOK_BYTES)? {
        Ok(head) => {
            let length = value(&head.fields, "Content-Length").map(str::parse::<u64>);
            Some(head.is_regular && matches!(length, Some(Ok(_))))
        }
        // A feed entry may be longer than what is looked at.
        Err(NoHead::Endless) => Some(true),
        Err(NoHead::Other(_)) => Some(false),
        Err(NoHead::CutOff) => None,
    })
}

/// The value of the first field of that name.
pub(crate) fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
