//! Any string has a canonical form, which is its own, and one key with it.

#![no_main]

use depeche_normalizer::{canonical_url, url_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|written: &str| {
    for written in [written, &format!("https://www.example.fr/{written}")] {
        let canonical = canonical_url(written);
        assert_eq!(canonical_url(&canonical), canonical, "{written:?}");
        assert_eq!(url_key(&canonical), url_key(written), "{written:?}");
    }
});
