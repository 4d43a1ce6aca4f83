//! The dictionary that rows are compressed with: a row of two kilobytes has little to repeat of itself, and much of
//! what French news says anyway.
//!
//! Five press articles that the dictionary has not seen, 15.6 kB, shrink to a half without it (2.06 at level 3, which
//! rows of version 1 have; 2.12 at level 6) and by 2.56 with it. It is trained on the repository's own texts alone
//! (`examples/train_dictionary.rs` says how, and measures); 32 KiB, since 52 KiB reached 2.61.
//!
//! A dictionary is frozen once a row was written with it, and none is ever removed: each stands in the program and, from
//! the making of a store on, in the store's own tree, so that a store can be read with nothing but itself. A further one
//! is a further file, a further id and a further schema, which an older program refuses to open.

use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::{CParameter, get_frame_content_size};

/// Every dictionary, by id. 0 is no id: it says that there is none.
pub(crate) const ALL: [(u8, &[u8]); 1] = [(1, include_bytes!("../dictionaries/0001.zdict"))];

/// The one that rows are written with.
pub(crate) const CURRENT: u8 = 1;

/// With the dictionary, level 6 shrinks French news by another 5 % over level 3, and level 9 by 1 % over that.
const LEVEL: i32 = 6;

/// No row decompresses to more: the largest text comes from a body of `fetch.max_body`.
const MAX_ROW_BYTES: u64 = 1 << 30;

// Made once: preparing one takes longer than compressing a row.
static ENCODER: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| {
    let [(_, bytes)] = ALL;
    EncoderDictionary::copy(bytes, LEVEL)
});
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| {
    let [(_, bytes)] = ALL;
    DecoderDictionary::copy(bytes)
});

/// Compresses with the current dictionary.
pub(crate) fn compress(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = Compressor::with_prepared_dictionary(&ENCODER)?;
    // The envelope has our own id, in one byte.
    compressor.set_parameter(CParameter::DictIdFlag(false))?;
    compressor.compress(plain)
}

/// Decompresses what was compressed with the dictionary of this id.
pub(crate) fn decompress(id: u8, compressed: &[u8]) -> Result<Vec<u8>, String> {
    if id != CURRENT {
        return Err(format!(
            "it needs dictionary {id}, which this program does not have: use a newer depeche"
        ));
    }
    let length = get_frame_content_size(compressed)
        .ok()
        .flatten()
        .ok_or("its length is missing")?;
    if length > MAX_ROW_BYTES {
        return Err(format!("its length of {length} bytes is beyond every row"));
    }
    Decompressor::with_prepared_dictionary(&DECODER)
        .and_then(|mut decompressor| decompressor.decompress(compressed, length as usize))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_dictionary_that_rows_were_written_with_ever_changes() {
        let hashes = ALL.map(|(id, bytes)| (id, blake3::hash(bytes).to_hex().to_string()));
        let frozen = [(
            1,
            "a95928305d2c8d49a84295e50bc6f0e3316baab7cb248424db66051caf28a8d4".to_owned(),
        )];
        assert_eq!(hashes, frozen);
    }

    #[test]
    fn french_news_shrinks_by_a_tenth_more_with_it() {
        // Invented prose of the test kit, which the dictionary was not trained on.
        let text = depeche_testkit::prose::article("dictionary", 1).text();
        let with = compress(text.as_bytes()).unwrap();
        let without = zstd::bulk::compress(text.as_bytes(), LEVEL).unwrap();
        assert!(
            with.len() * 10 < without.len() * 9,
            "{} and {}",
            with.len(),
            without.len()
        );
        assert_eq!(decompress(CURRENT, &with).unwrap(), text.as_bytes());
    }

    #[test]
    fn an_unknown_dictionary_is_named() {
        let error = decompress(7, b"").unwrap_err();
        assert!(error.contains("dictionary 7"), "{error}");
    }
}
