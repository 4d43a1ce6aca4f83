//! Pages made to cost: refused by a cap, or read at a cost that grows with their bytes.
//!
//! Each runs on a thread with the 2 MiB of stack that a plain thread has; an overflow would abort the run. What they cost
//! is a bench's to measure (`cargo bench -p depeche-normalizer -- hostile`).

use depeche_normalizer::read_page;
use proptest::prelude::*;

#[path = "hostile/mod.rs"]
mod hostile;

#[test]
fn no_page_overflows_a_plain_thread_s_stack() {
    for (name, html) in hostile::pages() {
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
    for name in [
        "100,000 nested div",
        "100,000 nested tables",
        "10 MB of <",
        "4 MB of <",
        "1,000,000 attributes",
    ] {
        let (_, html) = hostile::pages()
            .into_iter()
            .find(|(known, _)| *known == name)
            .unwrap();
        let refused = read_page(&html, "https://www.example.org/a").unwrap_err();
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
