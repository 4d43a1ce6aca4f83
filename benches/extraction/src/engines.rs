//! The engines: a name and a function from a page to its text.

use crate::pages::Page;

/// An extractor of main text.
pub struct Engine {
    /// As the table names it.
    pub name: &'static str,
    /// The text of a page; empty where it finds none.
    pub read: fn(&Page) -> String,
}

/// Ours first: ratios are to it.
pub const ENGINES: &[Engine] = &[
    Engine {
        name: "depeche",
        read: depeche,
    },
    #[cfg(feature = "others")]
    Engine {
        name: "crate `trafilatura` 0.6.0, precision mode",
        read: others::trafilatura_precision,
    },
    #[cfg(feature = "others")]
    Engine {
        name: "crate `trafilatura` 0.6.0",
        read: others::trafilatura_plain,
    },
    #[cfg(feature = "others")]
    Engine {
        name: "`dom_smoothie` 0.19.0, `DomSmoothie`, `Formatted`",
        read: others::dom_smoothie,
    },
    #[cfg(feature = "others")]
    Engine {
        name: "`legible` 0.5.1",
        read: others::legible,
    },
];

/// Text and all metadata, as the normalizer reads them.
pub fn depeche(page: &Page) -> String {
    depeche_normalizer::read_page(&page.html, &page.url).map_or_else(|_| String::new(), |page| page.text)
}

#[cfg(feature = "others")]
mod others {
    use dom_smoothie::{CandidateSelectMode, Config, Readability, TextMode};

    use crate::pages::Page;

    fn trafilatura(page: &Page, focus: trafilatura::ExtractionFocus) -> String {
        let options = trafilatura::Options::default().with_focus(focus);
        trafilatura::extract(&page.html, &options)
            .map_or_else(|_| String::new(), |result| result.content_text)
    }

    pub(super) fn trafilatura_precision(page: &Page) -> String {
        trafilatura(page, trafilatura::ExtractionFocus::FavorPrecision)
    }

    pub(super) fn trafilatura_plain(page: &Page) -> String {
        trafilatura(page, trafilatura::ExtractionFocus::Balanced)
    }

    pub(super) fn dom_smoothie(page: &Page) -> String {
        let config = Config {
            candidate_select_mode: CandidateSelectMode::DomSmoothie,
            text_mode: TextMode::Formatted,
            ..Config::default()
        };
        Readability::new(page.html.as_str(), None, Some(config))
            .and_then(|mut readability| readability.parse())
            .map_or_else(|_| String::new(), |article| article.text_content.to_string())
    }

    pub(super) fn legible(page: &Page) -> String {
        legible::parse(&page.html, Some(&page.url), None)
            .map_or_else(|_| String::new(), |article| article.text_content)
    }
}
