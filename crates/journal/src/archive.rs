//! Captures out of any WARC file: our segments, and what other tools archived.
//!
//! A `.warc.gz` is a sequence of gzip members (WARC 1.1 annex D); they are read as one stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;

use depeche_model::Capture;

use crate::record;
use crate::warc::{Limits, records};

/// Gives every capture of a WARC file (compressed when its name ends in `.gz`) to `each`, in order, until it
/// breaks. Records that hold no article or feed are passed over; damaged ones are given as an error that names
/// the offset.
///
/// # Errors
///
/// Only when the file cannot be opened.
pub fn read_captures(
    path: &Path,
    max_block_bytes: u64,
    each: &mut dyn FnMut(Result<Capture, String>) -> ControlFlow<()>,
) -> io::Result<()> {
    let file = File::open(path)?;
    let input: Box<dyn BufRead> = if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(
            BufReader::new(file),
        )))
    } else {
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let limits = Limits {
        // A page's header holds its feed entry, which came out of a body of the same limit; JSON may double it.
        header_bytes: max_block_bytes.saturating_mul(2).saturating_add(1 << 20),
        block_bytes: max_block_bytes,
    };
    for record in records(input, limits) {
        let capture = match record {
            Ok(record) if !record.is_intact() => Err(format!(
                "the record at byte {} does not match its digest: damaged",
                record.offset
            )),
            Ok(record) => match record::decode(&record) {
                Ok(None) => continue,
                Ok(Some((capture, _))) => Ok(capture),
                Err(why) => Err(format!("the record at byte {}: {why}", record.offset)),
            },
            Err(error) => Err(error.to_string()),
        };
        if each(capture).is_break() {
            break;
        }
    }
    Ok(())
}
