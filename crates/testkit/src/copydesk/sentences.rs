//! Texts taken apart and put together again: paragraphs, sentences, words.

use unicode_normalization::UnicodeNormalization;

/// The paragraphs of a text.
pub(super) fn paragraphs(text: &str) -> Vec<&str> {
    text.split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
        .collect()
}

/// The sentences of each paragraph.
pub(super) fn sentences(text: &str) -> Vec<Vec<&str>> {
    paragraphs(text).into_iter().map(of_paragraph).collect()
}

/// Paragraphs out of sentences; what lost all its sentences is gone.
pub(super) fn join(paragraphs: &[Vec<&str>]) -> String {
    let written: Vec<String> = paragraphs
        .iter()
        .filter(|sentences| !sentences.is_empty())
        .map(|sentences| sentences.join(" "))
        .collect();
    written.join("\n\n")
}

/// A sentence ends at a closing mark, with the quotation mark behind it, before a space and a capital, a digit or a quotation
/// mark; not behind a single capital (`M. Martin`).
fn of_paragraph(paragraph: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = paragraph.trim();
    while let Some(end) = end_of_first(rest) {
        let (sentence, after) = rest.split_at(end);
        found.push(sentence.trim());
        rest = after.trim_start();
    }
    if !rest.is_empty() {
        found.push(rest);
    }
    found
}

fn end_of_first(text: &str) -> Option<usize> {
    let mut before = [' '; 2];
    for (at, c) in text.char_indices() {
        let is_initial = before[1].is_uppercase() && !before[0].is_alphanumeric();
        if matches!(c, '.' | '!' | '?' | '…') && !is_initial {
            let mut end = at + c.len_utf8();
            let after = text.get(end..)?;
            let behind = after.trim_start();
            if behind.starts_with('»') && after.len() > behind.len() {
                end = text.len() - behind.len() + '»'.len_utf8();
            }
            let mut following = text.get(end..)?.chars();
            if following.next().is_some_and(char::is_whitespace)
                && following
                    .next()
                    .is_some_and(|next| next.is_uppercase() || next.is_ascii_digit() || next == '«')
            {
                return Some(end);
            }
        }
        before = [before[1], c];
    }
    None
}

/// Where each word begins and ends: a run of letters, digits and combining marks.
pub(super) fn words(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (start, c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)) {
            (None, true) => start = Some(at),
            (Some(begin), false) => {
                found.push((begin, at));
                start = None;
            }
            _ => {}
        }
    }
    found.extend(start.map(|begin| (begin, text.len())));
    found
}

/// Of each word as it is counted between spaces, where its last run of letters or digits begins and ends.
pub(super) fn spaced_words(text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (start, end) in words(text) {
        match found.last_mut() {
            Some(last)
                if !text
                    .get(last.1..start)
                    .is_some_and(|gap| gap.contains(char::is_whitespace)) =>
            {
                *last = (start, end);
            }
            _ => found.push((start, end)),
        }
    }
    found
}

/// How many words a text has, an elided article counted as a word of its own.
#[must_use]
pub fn count_words(text: &str) -> usize {
    words(text).len()
}

/// Jaccard similarity and containment of the word 4-grams of two texts, without case and with accents composed: what the labels are checked by, written
/// apart from what is measured with them.
#[must_use]
pub fn resemblance(a: &str, b: &str) -> (f64, f64) {
    let grams = |text: &str| -> std::collections::HashSet<String> {
        let lower: String = text.nfc().collect::<String>().to_lowercase();
        let words: Vec<&str> = words(&lower)
            .into_iter()
            .filter_map(|(start, end)| lower.get(start..end))
            .collect();
        words.windows(4).map(|window| window.join(" ")).collect()
    };
    let (a, b) = (grams(a), grams(b));
    let smaller = a.len().min(b.len());
    if smaller == 0 {
        return (0.0, 0.0);
    }
    let shared = a.intersection(&b).count() as f64;
    (
        shared / ((a.len() + b.len()) as f64 - shared),
        shared / smaller as f64,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_french_ends_them() {
        let text = "« Non ! » a dit M. Roux. Il part à 3,5 km. « Tant mieux. » Et vous ? Rien…\n\nUn intertitre\n\n12 élus. Oui";
        assert_eq!(
            sentences(text),
            [
                vec![
                    "« Non ! » a dit M. Roux.",
                    "Il part à 3,5 km.",
                    "« Tant mieux. »",
                    "Et vous ?",
                    "Rien…"
                ],
                vec!["Un intertitre"],
                vec!["12 élus.", "Oui"],
            ]
        );
        assert_eq!(join(&sentences(text)), text);
    }

    #[test]
    fn a_word_is_a_run_of_letters_or_digits() {
        assert_eq!(count_words("L'été, 3 400 « e\u{301}lus »."), 5);
        assert_eq!(count_words(""), 0);
        let text = "L'été, peut-être : « 3 400 » d'élus.";
        let spaced: Vec<&str> = spaced_words(text)
            .into_iter()
            .filter_map(|(start, end)| text.get(start..end))
            .collect();
        assert_eq!(spaced, ["été", "être", "3", "400", "élus"]);
    }
}
