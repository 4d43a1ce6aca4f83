//! Any page is read or refused, with an address and without one, and its text and title are clean.

#![no_main]

use depeche_normalizer::{Repairs, barrier_to, clean_line, clean_text, read_page};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let html = String::from_utf8_lossy(bytes);
    for url in ["https://www.example.fr/monde/2026/02/05/le-port-rouvre_123.html", ""] {
        let Ok(page) = read_page(&html, url) else { continue };
        assert_eq!(read_page(&html, url).as_ref(), Ok(&page), "the same page, the same article");
        assert_eq!(clean_text(&page.text, &mut Repairs::default()), page.text);
        for line in [&page.title, &page.description].into_iter().flatten() {
            assert_eq!(&clean_line(line, &mut Repairs::default()), line);
        }
        barrier_to(&html, url);
    }
});
