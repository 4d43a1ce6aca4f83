//! Entries as the publisher wrote them become articles or orders for their pages.
//!
//! In: the items that `depeche_feed` read. Out: each an [`Output`], in document order.

use depeche_model::{Capture, CaptureKind, ContentFrom, Entry, Output, PageOrder, PagePolicy, WarningCode};

use crate::article::{Draft, prose};
use crate::language::Detector;
use crate::normalizer::Unwanted;
use crate::page::Credit;
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

/// What the sentence behind a blog's entries says, and what it begins with. `WordPress` writes it into every feed (Yoast's setting
/// for feeds), in the site's language.
const FOOTERS: &[&str] = &[
    "appeared first on",
    "est apparu en premier sur",
    "est apparue en premier sur",
    "est apparu en premier dans",
    "apparaît en premier sur",
    "a été publié en premier sur",
    "first appeared on",
];
const FOOTER_LEADS: &[&str] = &[
    "L’article ",
    "L'article ",
    "Cet article",
    "The post ",
    "The article ",
    "This article ",
    "Cette entrée ",
];

/// Characters from the end of a text in which that sentence stands: a long title, the site's name and twenty words.
const FOOTER_CHARS: usize = 500;

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
            // The entry keeps a moment only; this knows how exact it is.
            draft.published = item.published;
            draft.warnings.splice(..0, item.warnings);
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
    /// Lines that are the site's were taken out of the text.
    pub(crate) stripped: bool,
}

/// The text of an entry: its content, or its summary where that says more.
pub(crate) fn entry_text(entry: &Entry) -> EntryText {
    let mut repairs = Repairs::default();
    let mut read = |field: &Option<String>| {
        let text = field
            .as_deref()
            .map(|raw| prose(raw, &mut repairs))
            .unwrap_or_default();
        let kept = without_footer(&strip_boilerplate(&text)).to_owned();
        let stripped = kept.len() < text.len();
        (kept, stripped)
    };
    let ((content, content_stripped), (summary, summary_stripped)) =
        (read(&entry.content), read(&entry.summary));
    let (text, summary, stripped) = if word_count(&content) >= word_count(&summary) && !content.is_empty() {
        let summary = Some(summary).filter(|summary| !summary.is_empty() && *summary != content);
        (content, summary, content_stripped)
    } else {
        (summary, None, summary_stripped)
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
        stripped,
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
    if text.stripped {
        draft.warn(WarningCode::BoilerplateRemoved);
    }
    if breaks_off(&draft.text) {
        draft.warn(WarningCode::TextCut);
    }
    draft.published = entry.published_at.map(of_timestamp);
    draft.updated_at = entry.updated_at;
    draft.guid.clone_from(&entry.guid);
    draft.declared_language.clone_from(&entry.language);
    let authors = authors(&entry.authors);
    if authors != entry.authors {
        draft.note(WarningCode::AuthorsFromByline, entry.authors.join(", "));
    }
    draft.authors = authors;
    draft.categories.clone_from(&entry.categories);
    draft.image.clone_from(&entry.image);
    draft.entry_digest = Some(entry.digest());
    draft
}

/// The text without the sentence that blogs put behind each entry of their feeds: which article it is, and on which site it
/// appeared first.
fn without_footer(text: &str) -> &str {
    let from = text
        .char_indices()
        .rev()
        .nth(FOOTER_CHARS)
        .map_or(0, |(at, _)| at);
    let (before, tail) = text.split_at(from);
    let Some(named) = FOOTERS.iter().find_map(|phrase| tail.rfind(phrase)) else {
        return text;
    };
    let begins = |at: usize| {
        let before = [before, tail.get(..at).unwrap_or_default()].concat();
        before.is_empty()
            || before.ends_with('\n')
            || before.trim_end().ends_with(['.', '!', '?', '…', ']', '»', '"'])
    };
    let start = FOOTER_LEADS
        .iter()
        .flat_map(|lead| tail.match_indices(lead))
        .map(|(at, _)| at)
        .filter(|at| *at < named && begins(*at))
        .max();
    match start {
        Some(start) => text.get(..from + start).unwrap_or(text).trim_end(),
        None => text,
    }
}

/// Names, then agencies, from what a feed has as authors: some write the whole byline there.
fn authors(written: &[String]) -> Vec<String> {
    let mut all = Credit::default();
    for author in written {
        let mut credit = Credit::default();
        credit.add(author);
        // "Martin, Jeanne" is one name; so is what is no name by any rule.
        let several = credit.authors.len() > 1;
        if credit.is_empty() || (several && credit.authors.iter().any(|name| !name.contains(' '))) {
            credit = Credit::default();
            credit.authors.push(author.clone());
        }
        all.authors.append(&mut credit.authors);
        all.agencies.append(&mut credit.agencies);
    }
    all.into_names()
}

/// Whether a text announces an article rather than being one.
pub(crate) fn is_teaser(text: &str) -> bool {
    if word_count(text) < TEASER_WORDS {
        return true;
    }
    breaks_off(text)
}

/// Whether a text ends with what says that the rest is elsewhere.
pub(crate) fn breaks_off(text: &str) -> bool {
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
    fn the_sentence_behind_a_blog_s_entries_goes() {
        let text = "Le port a rouvert mercredi. L’article 3 du règlement le permet.";
        for footer in [
            "L’article <a>Le port rouvre</a> est apparu en premier sur <a>Le Quai</a>.",
            "L'article L'article 3, mode d'emploi est apparu en premier sur Le Quai.",
            "Cet article est apparu en premier sur Le Quai",
            "The post Le port rouvre appeared first on Le Quai.",
        ] {
            for joint in ["\n\n", " "] {
                assert_eq!(
                    without_footer(&format!("{text}{joint}{footer}")),
                    text,
                    "{footer}"
                );
            }
        }
        for kept in [
            text,
            "Le mot « dépêche » est apparu en premier sur les télégraphes.",
            "",
        ] {
            assert_eq!(without_footer(kept), kept);
        }
    }

    #[test]
    fn a_feed_s_byline_becomes_names_and_agencies() {
        for (written, names) in [
            (&["Par Jeanne Martin avec AFP"][..], "Jeanne Martin|AFP"),
            (&["Jeanne Martin", "Paul Durand"], "Jeanne Martin|Paul Durand"),
            (&["Martin, Jeanne"], "Martin, Jeanne"),
            (&["Jeanne Martin et Paul Durand"], "Jeanne Martin|Paul Durand"),
            (&["AFP"], "AFP"),
            (&["redaction@exemple.fr"], "redaction@exemple.fr"),
        ] {
            let written: Vec<String> = written.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(authors(&written).join("|"), names);
        }
    }

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
