//! Lines that are the site's and not the article's: share buttons, related links, newsletter boxes.
//!
//! In: a line of clean text. Out: what it is. A rule compares folded text (lower case, no accents, no punctuation), and
//! only whole short lines match, so a sentence that begins like a button stays.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{fold, word_count};

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::parse(include_str!("../../rules/boilerplate.txt")));

/// A line that begins like a link box and goes on longer is prose.
const MAX_WORDS: usize = 30;

/// Words of a line about who wrote when; a longer one is a sentence that happens to begin so.
const MAX_CREDIT_WORDS: usize = 14;

/// Words of a heading over links that could begin a sentence too.
const MAX_LIST_WORDS: usize = 8;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// The article's.
    Text,
    /// The site's.
    Boilerplate,
    /// The heading of a list of links, or such a link.
    Links,
}

#[derive(Default)]
struct Rules {
    /// Whole lines.
    lines: FxHashMap<String, Line>,
    /// First words, by the first of them; with the most words that such a line has.
    starts: FxHashMap<String, Vec<(String, Line, usize)>>,
    /// Words that stand in such a line anywhere.
    parts: Vec<String>,
    #[cfg(test)]
    count: usize,
}

impl Rules {
    fn parse(written: &str) -> Self {
        let mut rules = Self::default();
        let mut known = FxHashSet::default();
        for line in written.lines().filter(|line| !line.starts_with('#')) {
            let Some((kind, phrase)) = line.split_once(' ') else {
                continue;
            };
            let phrase = fold(phrase);
            let first = phrase.split(' ').next().unwrap_or("").to_owned();
            known.insert((kind.to_owned(), phrase.clone()));
            match kind {
                "line" => {
                    rules.lines.insert(phrase, Line::Boilerplate);
                }
                "part" => rules.parts.push(phrase),
                _ => {
                    let start = match kind {
                        "start" => (phrase, Line::Boilerplate, MAX_WORDS),
                        "credit" => (phrase, Line::Boilerplate, MAX_CREDIT_WORDS),
                        "links" => (phrase, Line::Links, MAX_WORDS),
                        "list" => (phrase, Line::Links, MAX_LIST_WORDS),
                        _ => continue,
                    };
                    rules.starts.entry(first).or_default().push(start);
                }
            }
        }
        #[cfg(test)]
        {
            rules.count = known.len();
        }
        rules
    }

    fn kind(&self, line: &str) -> Line {
        // Lines longer than any rule's are not folded; fifteen bytes a word are more than French has.
        if line.len() > MAX_WORDS * 15 {
            return Line::Text;
        }
        let words = word_count(line);
        if words > MAX_WORDS {
            return Line::Text;
        }
        let folded = fold(line);
        if let Some(kind) = self.lines.get(&folded) {
            return *kind;
        }
        let first = folded.split(' ').next().unwrap_or("");
        let found = self
            .starts
            .get(first)
            .into_iter()
            .flatten()
            .find(|(phrase, _, most)| {
                words <= *most
                    && (*most > MAX_CREDIT_WORDS || !line.trim_end().ends_with(['.', '!', '?', '…']))
                    && folded
                        .strip_prefix(phrase.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            });
        if let Some((_, kind, _)) = found {
            return *kind;
        }
        if self.parts.iter().any(|part| folded.contains(part.as_str())) {
            return Line::Boilerplate;
        }
        Line::Text
    }
}

/// What a line is.
pub(crate) fn line_kind(line: &str) -> Line {
    RULES.kind(line)
}

/// The text without its boilerplate lines.
pub(crate) fn strip_boilerplate(text: &str) -> String {
    let kept: Vec<&str> = text
        .split("\n\n")
        .filter(|line| line_kind(line) == Line::Text)
        .collect();
    kept.join("\n\n")
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
        assert_eq!(lines.count(), RULES.count);
    }
}
