//! Lines that are the site's and not the article's: share buttons, related links, newsletter boxes.
//!
//! In: clean paragraphs. Out: the paragraphs without those that a rule names. A rule compares folded text (lower case,
//! no accents, no punctuation), and only whole short lines go, so a sentence that begins like a button stays.

use std::sync::LazyLock;

use super::{fold, word_count};

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| rules(include_str!("../../rules/boilerplate.txt")));

/// A line that begins like a link box and goes on longer is prose.
const MAX_WORDS: usize = 30;

enum Rule {
    /// The whole line.
    Line(String),
    /// The line's first words.
    Start(String),
}

fn rules(written: &str) -> Vec<Rule> {
    written
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(kind, phrase)| match kind {
            "line" => Some(Rule::Line(fold(phrase))),
            "start" => Some(Rule::Start(fold(phrase))),
            _ => None,
        })
        .collect()
}

/// The text without its boilerplate lines.
pub(crate) fn strip_boilerplate(text: &str) -> String {
    let kept: Vec<&str> = text.split("\n\n").filter(|line| !is_boilerplate(line)).collect();
    kept.join("\n\n")
}

fn is_boilerplate(line: &str) -> bool {
    if word_count(line) > MAX_WORDS {
        return false;
    }
    let folded = fold(line);
    RULES.iter().any(|rule| match rule {
        Rule::Line(phrase) => folded == *phrase,
        Rule::Start(phrase) => folded
            .strip_prefix(phrase.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_go_and_sentences_stay() {
        let text = "Le vote a eu lieu.\n\nLire aussi : Le budget en cinq questions\n\nPublicité\n\nPartager les richesses, dit-il.\n\nPartager";
        assert_eq!(
            strip_boilerplate(text),
            "Le vote a eu lieu.\n\nPartager les richesses, dit-il."
        );
    }

    #[test]
    fn every_rule_is_one() {
        let lines = include_str!("../../rules/boilerplate.txt")
            .lines()
            .filter(|l| !l.starts_with('#') && !l.is_empty());
        assert_eq!(lines.count(), RULES.len());
    }
}
