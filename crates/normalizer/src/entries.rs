//! Entries as the publisher wrote them become articles or orders for their pages.
//!
//! In: the items that `depeche_feed` read. Out: each an [`Output`], in document order.

use depeche_model::{Capture, CaptureKind, ContentFrom, Entry, Output, PageOrder, PagePolicy};

use crate::article::{Draft, prose};
use crate::language::Detector;
use crate::normalizer::Unwanted;
use crate::text::{Repairs, clean_line, fold, markup_to_text, strip_boilerplate, word_count};
use crate::urls;
use depeche_feed::{Item, of_timestamp};

/// A feed's text of fewer words is a teaser: standfirsts of the French press run to 60 words, the shortest wire items
/// in full to 150.
const TEASER_WORDS: usize = 150;

/// What a text ends with when the rest is elsewhere, folded.
const TEASER_ENDS: &[&str] = &[
    "lire la suite",
    "lire plus",
    "lire l article",
    "lire l integralite",
    "en savoir plus",
    "la suite",
    "read more",
    "continuer la lecture",
    "lire la suite de l article",
    "suite de l article",
    "voir plus",
];

/// What becomes of each entry under the capture's page policy.
pub(crate) fn outputs(
    items: Vec<Item>,
    capture: &Capture,
    detector: &Detector,
    unwanted: Unwanted,
) -> Vec<Output> {
    let policy = match capture.kind {
        CaptureKind::File => PagePolicy::Never,
        _ => capture.page_policy,
    };
    let feed_url = match capture.kind {
        CaptureKind::File => urls::absolute(&capture.uri, None),
        _ => Some(capture.uri.clone()),
    };
    items
        .into_iter()
        .map(|item| {
            let text = entry_text(&item.entry);
            let wanted = match policy {
                PagePolicy::Never => false,
                PagePolicy::Always => true,
                PagePolicy::Auto => is_teaser(&text.text),
            };
            if wanted && item.entry.link.is_some() {
                return Output::PageWanted(Box::new(PageOrder {
                    source: capture.source.clone(),
                    feed_url: feed_url.clone().unwrap_or_else(|| capture.uri.clone()),
                    entry: item.entry,
                }));
            }
            let from = if capture.kind == CaptureKind::File {
                ContentFrom::File
            } else {
                ContentFrom::Feed
            };
            let mut draft = draft(&item.entry, text, &capture.source, from);
            draft.feed_url.clone_from(&feed_url);
            draft.warnings = item.warnings;
            draft.unwanted = unwanted;
            draft.finish(capture.captured_at, detector)
        })
        .collect()
}

/// The text an entry carries itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct EntryText {
    /// The longer of content and summary, clean.
    pub(crate) text: String,
    /// The summary where it is not the text.
    pub(crate) summary: Option<String>,
    /// What cleaning had to do.
    pub(crate) repairs: Repairs,
}

/// The text of an entry: its content, or its summary where that says more.
pub(crate) fn entry_text(entry: &Entry) -> EntryText {
    let mut repairs = Repairs::default();
    let mut read = |field: &Option<String>| {
        let text = field
            .as_deref()
            .map(|raw| prose(raw, &mut repairs))
            .unwrap_or_default();
        strip_boilerplate(&text)
    };
    let (content, summary) = (read(&entry.content), read(&entry.summary));
    let (text, summary) = if word_count(&content) >= word_count(&summary) && !content.is_empty() {
        let summary = Some(summary).filter(|summary| !summary.is_empty() && *summary != content);
        (content, summary)
    } else {
        (summary, None)
    };
    // Some feeds repeat the title for want of a text.
    let title = clean_line(
        &markup_to_text(entry.title.as_deref().unwrap_or("")),
        &mut Repairs::default(),
    );
    let repeats_title = text.len() <= title.len() * 2 && fold(&text) == fold(&title);
    let text = if repeats_title { String::new() } else { text };
    EntryText {
        text,
        summary,
        repairs,
    }
}

/// A draft of what an entry says of its article.
pub(crate) fn draft(entry: &Entry, text: EntryText, source: &str, from: ContentFrom) -> Draft {
    let mut draft = Draft::new(source, from);
    draft.url.clone_from(&entry.link);
    draft.title.clone_from(&entry.title);
    draft.summary = text.summary;
    draft.text = text.text;
    draft.repairs = text.repairs;
    draft.published = entry.published_at.map(of_timestamp);
    draft.updated_at = entry.updated_at;
    draft.guid.clone_from(&entry.guid);
    draft.declared_language.clone_from(&entry.language);
    draft.authors.clone_from(&entry.authors);
    draft.categories.clone_from(&entry.categories);
    draft.image.clone_from(&entry.image);
    draft.entry_digest = Some(entry.digest());
    draft
}

/// Whether a text announces an article rather than being one.
pub(crate) fn is_teaser(text: &str) -> bool {
    if word_count(text) < TEASER_WORDS {
        return true;
    }
    let end = text.trim_end_matches([' ', '»', '"', '\u{a0}']);
    if end.ends_with('…')
        || end.ends_with("...")
        || end.ends_with("[…]")
        || end.ends_with("(…)")
        || end.ends_with("[...]")
    {
        return true;
    }
    let last = text.rsplit('\n').next().unwrap_or("");
    // Only the line's end is asked for: enough characters for the longest phrase.
    let tail: String = {
        let mut characters: Vec<char> = last.chars().rev().take(60).collect();
        characters.reverse();
        characters.into_iter().collect()
    };
    let folded = fold(&tail);
    TEASER_ENDS.iter().any(|phrase| folded.ends_with(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_teaser_is_short_or_breaks_off() {
        let long = "mot ".repeat(150);
        assert!(!is_teaser(long.trim()));
        assert!(is_teaser(&"mot ".repeat(149)));
        for end in [
            "…",
            "[...]",
            "(…)",
            "\n\nLire la suite",
            " Lire la suite de l’article »",
            " Continuer la lecture →",
        ] {
            assert!(is_teaser(&format!("{}{end}", long.trim())), "{end}");
        }
        assert!(!is_teaser(&format!("{long}fin de la suite des négociations.")));
    }
}
