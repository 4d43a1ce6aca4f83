//! What the end of a text says: that the rest is elsewhere.
//!
//! In: a feed's text, clean. Out: whether it announces an article rather than being one, whether it breaks off, and the text
//! without the sentence with which blogs sign each entry of their feeds.

use crate::text::{fold, word_count};

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

/// What a line begins with that leads to the rest, folded: the site's name or the title stands behind.
const TEASER_LINKS: &[&str] = &[
    "lire la suite",
    "lire l article",
    "lire l integralite",
    "continuer la lecture",
    "continuer a lire",
    "continue reading",
    "retrouvez l integralite",
    "retrouvez la suite",
    "pour lire la suite",
    "la suite sur",
    "la suite est reservee",
    "suite de l article",
];

/// Words of such a line; those with an article's title behind have some 15.
const MAX_LINK_WORDS: usize = 20;

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

/// Words behind what that sentence says: the site's name, with what it is.
const FOOTER_SITE_WORDS: usize = 10;

/// Letters before a full stop that ends a sentence; shorter ones are titles and initials, `M. Roy`.
const SENTENCE_LETTERS: usize = 3;

/// The text without the sentence that blogs put behind each entry of their feeds: which article it is, and on which site it
/// appeared first.
pub(crate) fn without_footer(text: &str) -> &str {
    let from = text
        .char_indices()
        .rev()
        .nth(FOOTER_CHARS)
        .map_or(0, |(at, _)| at);
    let tail = text.get(from..).unwrap_or_default();
    let Some((named, phrase)) = FOOTERS
        .iter()
        .find_map(|phrase| Some((tail.rfind(phrase)?, phrase)))
    else {
        return text;
    };
    // An article may say of something that it appeared first somewhere, and go on.
    let site = tail.get(named + phrase.len()..).unwrap_or_default().trim();
    if word_count(site) > FOOTER_SITE_WORDS || site.contains('\n') || holds_sentence_end(site) {
        return text;
    }
    let begins = |at: usize| {
        let before = text.get(..from + at).unwrap_or_default();
        before.is_empty()
            || before.ends_with('\n')
            || before.trim_end().ends_with(['.', '!', '?', '…', ']', '»', '"'])
    };
    let start = FOOTER_LEADS
        .iter()
        .flat_map(|lead| tail.match_indices(lead))
        .map(|(at, _)| at)
        .filter(|at| *at < named && begins(*at))
        .max()
        .filter(|start| {
            let title = tail.get(*start..named).unwrap_or_default();
            !title.contains('\n') && !holds_sentence_end(title)
        });
    match start {
        Some(start) => text.get(..from + start).unwrap_or(text).trim_end(),
        None => text,
    }
}

/// Whether a sentence ends inside a text and another begins.
fn holds_sentence_end(text: &str) -> bool {
    text.match_indices(". ").any(|(at, stop)| {
        let before = text.get(..at).unwrap_or_default().chars().rev();
        let behind = text.get(at + stop.len()..).unwrap_or_default();
        before.take_while(|c| c.is_lowercase()).count() >= SENTENCE_LETTERS
            && behind
                .trim_start_matches(|c: char| !c.is_alphanumeric())
                .starts_with(char::is_uppercase)
    })
}

/// Whether a text announces an article rather than being one.
pub(crate) fn is_teaser(text: &str) -> bool {
    word_count(text) < TEASER_WORDS || breaks_off(text)
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
        || (word_count(last) <= MAX_LINK_WORDS
            && TEASER_LINKS.iter().any(|phrase| {
                fold(last)
                    .strip_prefix(phrase)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            }))
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
            "L’article M. Roy ferme le port. est apparu en premier sur Le-quai.fr. ",
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
            "L’article 3 du règlement le permet. Le mal est apparu en premier sur les quais du port.",
            "L’article 3 le dit du mal qui est apparu en premier sur les quais. Trois bateaux sont retenus.",
            "L’article 3 le dit du mal qui est apparu en premier sur les quais du port de Lorient, où trois bateaux \
             sont retenus.",
            "L’article 3 du règlement le permet\n\nLe mal est apparu en premier sur les quais.",
            "",
        ] {
            assert_eq!(without_footer(kept), kept);
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
            "\n\nLire la suite sur lecourrier.fr",
            "\n\nContinuer la lecture de « Le bac reprend ses rotations » →",
        ] {
            assert!(is_teaser(&format!("{}{end}", long.trim())), "{end}");
        }
        assert!(!is_teaser(&format!("{long}fin de la suite des négociations.")));
    }
}
