//! Captures out of any WARC file: our segments, and what other tools archived.
//!
//! A `.warc.gz` is a sequence of gzip members (WARC 1.1 annex D); they are read as one stream, and behind damage from
//! the next member on.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use depeche_model::Capture;

use crate::record;
use crate::source::{self, CHUNK_BYTES};
use crate::warc::{Limits, VAIN_BYTES, records};

/// Gives every capture of a WARC file (compressed when its name ends in `.gz`) to `each`, in order, until it
/// breaks. Records that hold no article or feed are passed over. Damage is given as an error that names its offset
/// in the file and how many bytes were passed over; reading goes on behind it.
///
/// # Errors
///
/// Only when the file cannot be opened.
pub fn read_captures(
    path: &Path,
    max_block_bytes: u64,
    each: &mut dyn FnMut(Result<Capture, String>) -> ControlFlow<()>,
) -> io::Result<()> {
    let input = source::open(path, CHUNK_BYTES)?;
    let limits = Limits {
        // A page's header holds its feed entry, which came out of a body of the same limit; JSON may double it.
        header_bytes: max_block_bytes.saturating_mul(2).saturating_add(1 << 20),
        block_bytes: max_block_bytes,
        vain_bytes: VAIN_BYTES,
    };
    for record in records(input, limits) {
        let capture = match record {
            Ok(record) => match record::decode(&record) {
                Ok(None) => continue,
                Ok(Some((capture, _))) => Ok(capture),
                Err(why) => Err(format!("the record at byte {}: {why}", record.place)),
            },
            Err(error) => Err(error.to_string()),
        };
        if each(capture).is_break() {
            break;
        }
    }
    Ok(())
}
