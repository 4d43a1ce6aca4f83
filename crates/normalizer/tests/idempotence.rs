//! Normalising twice changes nothing: whatever a page or an entry is made of, its text is a fixed point of cleaning.

use depeche_model::{CaptureKind, Journaled, Output};
use depeche_normalizer::{Normalizer, Options, Repairs, clean_line, clean_text, read_page};
use depeche_testkit::parcels;
use proptest::prelude::*;

/// Pieces that have work for every step of cleaning, and French that keeps what they are put into an article.
const PIECES: &[&str] = &[
    "Le conseil a voté mardi soir, après six heures de débats, un budget en légère baisse. ",
    "« Nous avons fait des choix difficiles », a reconnu la maire\u{a0}: ",
    "lâ€™Ã©tÃ© ",
    "Ã  la ",
    "Â« ",
    "Ã",
    "Â",
    "â€",
    "Ã¢â‚¬â„¢",
    "√©",
    "├®",
    "ã©",
    "Ð¾Ñ€",
    "ðŸ”´",
    "\u{92}",
    "&amp;amp;eacute;",
    "&lt;p&gt;",
    "&nbsp;",
    "&#8217;",
    "&#x80;",
    "&",
    "amp;",
    "#",
    ";",
    "\u{ad}",
    "\u{200b}",
    "\u{feff}",
    "\u{202e}",
    "\u{200d}",
    "\u{301}",
    "\u{fb01}",
    "\u{0}",
    "\u{1f}",
    "\u{a0}",
    "\u{202f}",
    "\u{2009}",
    "\u{3000}",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "déve-\nloppement ",
    "Saint-\nDenis ",
    "<br>",
    "</p><p>",
    "<b>",
    "</b>",
    "<li>",
    "<",
    ">",
    "<!--",
    "-->",
    "é…”",
    "😀",
    "İ",
    "中",
    ".",
    " : ",
    "– ",
];

fn written() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            4 => prop::sample::select(PIECES).prop_map(str::to_owned),
            1 => any::<String>(),
        ],
        0..40,
    )
    .prop_map(|pieces| pieces.concat())
}

fn feed(title: &str, text: &str) -> Journaled {
    let escaped = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let body = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><language>fr</language><item><guid>1</guid><title>{}</title>\
         <description>Le conseil municipal a voté mardi soir, après six heures de débats, le budget de la ville. {}</description>\
         </item></channel></rss>",
        escaped(title),
        escaped(text)
    );
    parcels::journaled(
        1,
        parcels::capture(CaptureKind::Feed, "https://www.example.org/rss.xml", body),
    )
}

fn is_clean(text: &str) {
    let mut repairs = Repairs::default();
    assert_eq!(clean_text(text, &mut repairs), text);
    assert_eq!(repairs, Repairs::default());
}

fn is_clean_line(line: &str) {
    assert_eq!(clean_line(line, &mut Repairs::default()), line);
}

proptest! {
    #[test]
    fn any_text_is_cleaned_once(text in written()) {
        is_clean(&clean_text(&text, &mut Repairs::default()));
        is_clean_line(&clean_line(&text, &mut Repairs::default()));
    }

    #[test]
    fn the_text_of_a_page_is_clean(title in written(), paragraphs in proptest::collection::vec(written(), 1..6)) {
        let html = format!(
            "<html lang=fr><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{}</p></article></body></html>",
            paragraphs.join("</p><p>")
        );
        if let Ok(page) = read_page(&html, "https://www.example.org/a") {
            is_clean(&page.text);
            for line in [&page.title, &page.description].into_iter().flatten() {
                is_clean_line(line);
            }
        }
    }

    #[test]
    fn the_text_of_an_entry_is_clean(title in written(), text in written()) {
        let normalizer = Normalizer::new(Options::default());
        for output in normalizer.normalize(&feed(&title, &text)).outputs {
            if let Output::Article(article) = output {
                is_clean(&article.text);
                is_clean_line(&article.title);
                if let Some(summary) = &article.summary {
                    is_clean(summary);
                }
            }
        }
    }
}
