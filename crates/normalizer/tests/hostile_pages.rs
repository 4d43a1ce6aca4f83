//! Pages made to cost: refused by a cap, or read at a cost that grows with their bytes.
//!
//! Each runs on a thread with the 2 MiB of stack that a plain thread has; an overflow would abort the run. What they cost
//! is a bench's to measure (`cargo bench -p depeche-normalizer --bench hostile`).

use depeche_normalizer::read_page;
use proptest::prelude::*;

#[path = "hostile/mod.rs"]
mod hostile;

/// Bytes of a flood that a test reads: all of each is the bench's.
const FLOOD_BYTES: usize = 100_000;

#[test]
fn no_page_overflows_a_plain_thread_s_stack() {
    let floods = hostile::floods().into_iter().map(|(name, html)| {
        let end = (FLOOD_BYTES..html.len()).find(|at| html.is_char_boundary(*at));
        (name, html.get(..end.unwrap_or(html.len())).unwrap().to_owned())
    });
    for (name, html) in hostile::pages().into_iter().chain(floods) {
        let read = std::thread::Builder::new()
            .stack_size(2 * 1024 * 1024)
            .spawn(move || read_page(&html, "https://www.example.org/a").map(|page| page.text.len()))
            .unwrap()
            .join();
        assert!(read.is_ok(), "{name} panicked");
    }
}

#[test]
fn what_no_press_page_needs_is_refused() {
    let pages = hostile::pages();
    for name in [
        "100,000 nested div",
        "100,000 nested tables",
        "10 MB of <",
        "4 MB of <",
        "1,000,000 attributes",
        "31 kB of nested tables",
        "220 kB of nested div",
        "nested templates",
        "240 different b, then others one by one",
        "240 b of 250 attributes",
        "240 b of 250 attributes, opened again in paragraphs",
        "200 different font, opened again in paragraphs",
        "end tags of nothing, 490 deep",
    ] {
        let (_, html) = pages.iter().find(|(known, _)| *known == name).unwrap();
        let refused = read_page(html, "https://www.example.org/a").unwrap_err();
        assert!(refused.starts_with("more than"), "{name}: {refused}");
    }
}

proptest! {
    #[test]
    fn any_markup_is_read(pieces in proptest::collection::vec(prop::sample::select(hostile::PIECES), 0..120)) {
        let html = pieces.concat();
        if let Ok(page) = read_page(&html, "https://www.example.org/a") {
            prop_assert!(!page.text.contains("\n\n\n"));
        }
    }
}
