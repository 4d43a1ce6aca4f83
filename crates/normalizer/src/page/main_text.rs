//! The main text of a page: Readability's algorithm (Mozilla), as `dom_smoothie` has it.

use dom_query::Document;
use dom_smoothie::{CandidateSelectMode, Config, Readability, TextMode};

/// Below this the algorithm tries again with looser rules. Wire items are shorter than its default of 500.
const CHAR_THRESHOLD: usize = 250;

/// Elements that are never part of an article's text, wherever they stand in it.
const NOT_TEXT: &str = "figcaption, aside, nav, form, button, noscript, iframe, [aria-hidden='true'], [role='navigation'], \
     [class*='newsletter'], [class*='related'], [class*='share'], [class*='social'], [class*='advert'], \
     [class*='paywall-cta'], [class*='recommend'], \
     [id^='didomi'], [id^='onetrust'], [id^='sp_message_container'], [id^='tarteaucitron'], [id='axeptio_overlay'], \
     [id='CybotCookiebotDialog'], [id='appconsent'], .fc-consent-root, .qc-cmp2-container, div[class*='cookie-banner'], \
     div[class*='cookie-wall'], div[class*='cookie-consent'], div[id*='cookie-banner'], div[id*='cookie-wall'], \
     div[id*='cookie-consent']";

/// Paragraphs of the main text, separated by line breaks; empty where there is none.
pub(super) fn extract(document: Document) -> String {
    document.select(NOT_TEXT).remove();
    let config = Config {
        // The metadata has been read; it is not wanted twice.
        disable_json_ld: true,
        char_threshold: CHAR_THRESHOLD,
        candidate_select_mode: CandidateSelectMode::DomSmoothie,
        text_mode: TextMode::Formatted,
        ..Config::default()
    };
    Readability::with_document(document, None, Some(config))
        .and_then(|mut readability| readability.parse())
        .map(|article| article.text_content.to_string())
        .unwrap_or_default()
}
