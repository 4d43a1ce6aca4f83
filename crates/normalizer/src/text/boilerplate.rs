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

/// Words of an offer to subscribe: its conditions are part of it.
const MAX_OFFER_WORDS: usize = 60;

/// Words of a heading over what readers wrote; it may repeat the article's title.
const MAX_READERS_WORDS: usize = 16;

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
    /// An offer to subscribe: what stands in a box with it belongs to it.
    Offer,
    /// The heading of what readers wrote.
    Readers,
}

#[derive(Default)]
struct Rules {
    /// Whole lines.
    lines: FxHashMap<String, Line>,
    /// First words, by the first of them; with the most words that such a line has.
    starts: FxHashMap<String, Vec<(String, Line, usize)>>,
    /// Words that stand in such a line anywhere.
    parts: Vec<String>,
    /// Words that stand in an offer anywhere.
    offers: Vec<String>,
    /// Headings over what readers wrote, without numbers: whole lines, and first words.
    readers: FxHashSet<String>,
    readers_of: Vec<String>,
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
                "offer" => rules.offers.push(phrase),
                "readers" if line.ends_with('…') => rules.readers_of.push(phrase),
                "readers" => {
                    rules.readers.insert(phrase);
                }
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

    fn kind(&self, line: &str, linked: bool) -> Line {
        // Lines longer than any rule's are not folded; fifteen bytes a word are more than French has.
        if line.len() > MAX_OFFER_WORDS * 15 {
            return Line::Text;
        }
        let words = word_count(line);
        if words > MAX_OFFER_WORDS {
            return Line::Text;
        }
        let folded = fold(line);
        if self.offers.iter().any(|part| folded.contains(part.as_str())) {
            return Line::Offer;
        }
        if words > MAX_WORDS {
            return Line::Text;
        }
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
                (words <= *most || (linked && *most == MAX_LIST_WORDS))
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
        if words <= MAX_READERS_WORDS && self.heads_readers(&folded) {
            return Line::Readers;
        }
        Line::Text
    }

    /// Whether a folded line heads what readers wrote; how many they are matters not.
    fn heads_readers(&self, folded: &str) -> bool {
        let words: Vec<&str> = folded
            .split(' ')
            .filter(|word| !word.is_empty() && !word.chars().all(|c| c.is_ascii_digit()))
            .collect();
        let bare = words.join(" ");
        self.readers.contains(&bare)
            || self.readers_of.iter().any(|phrase| {
                bare.strip_prefix(phrase.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
    }
}

/// What a line is.
pub(crate) fn line_kind(line: &str) -> Line {
    RULES.kind(line, false)
}

/// What a line is of which a good part may be links: what could begin a sentence heads them then at any length.
pub(crate) fn line_kind_of(line: &str, linked: bool) -> Line {
    RULES.kind(line, linked)
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
