//! Any bytes under any label are text or none, and places that were mended lie in the text.

#![no_main]

use bytes::Bytes;
use depeche_feed::decode;
use libfuzzer_sys::fuzz_target;

const LABELS: &[Option<&str>] = &[
    None,
    Some("text/xml; charset=utf-8"),
    Some("text/xml; charset=\"ISO-8859-1\""),
    Some("text/xml; charset=windows-1250"),
    Some("text/xml; charset=shift_jis"),
    Some("text/xml; charset=utf-16"),
    Some("text/xml; charset=gb18030"),
    Some("charset="),
];

const BASES: &[&str] = &["", "https://www.example.fr/", "https://example.ru/", "https://xn--p1ai/", "http://127.0.0.1/"];

fuzz_target!(|input: &[u8]| {
    let [label, base, body @ ..] = input else { return };
    let label = LABELS[usize::from(*label) % LABELS.len()];
    let base = BASES[usize::from(*base) % BASES.len()];
    if let Ok(text) = decode(&Bytes::copy_from_slice(body), label, base, 1 << 20) {
        for mend in &text.mended {
            assert!(text.text.is_char_boundary(mend.at));
        }
    }
});
