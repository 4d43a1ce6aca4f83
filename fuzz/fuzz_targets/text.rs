//! Any text comes out clean, and cleaning what is clean changes nothing.

#![no_main]

use depeche_normalizer::{Repairs, clean_line, clean_text, fold, markup_to_text, repair_mojibake};
use libfuzzer_sys::fuzz_target;
use unicode_normalization::is_nfc;

fuzz_target!(|written: &str| {
    let mended = repair_mojibake(written);
    assert_eq!(repair_mojibake(&mended), mended, "nothing is mended twice");
    let folded = fold(written);
    assert_eq!(fold(&folded), folded, "what is folded stays");
    for text in [written, &markup_to_text(written)] {
        let once = clean_text(text, &mut Repairs::default());
        let mut repairs = Repairs::default();
        assert_eq!(clean_text(&once, &mut repairs), once, "clean text stays");
        assert_eq!(repairs, Repairs::default(), "nothing to do, nothing said");
        let line = clean_line(text, &mut Repairs::default());
        assert_eq!(clean_line(&line, &mut Repairs::default()), line, "a clean line stays");
        assert!(!line.contains('\n'));
        for text in [&once, &line] {
            assert!(is_nfc(text), "{text:?}");
            assert!(!text.chars().any(unwanted), "{text:?}");
        }
    }
});

/// Characters that no reader sees and no text needs.
fn unwanted(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
