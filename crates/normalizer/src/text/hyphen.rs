//! Words that a hard-wrapped text broke at the end of a line.
//!
//! `déve-` and `loppement` are one word, `peut-` and `être` are two. French does not say which from outside, so a word is put
//! together again only where nothing speaks against it: both parts are small letters, the second begins as a syllable does,
//! and neither is one that compounds are made of (`rules/compounds.txt`).

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

static PARTS: LazyLock<Parts> = LazyLock::new(|| Parts::parse(include_str!("../../rules/compounds.txt")));

#[derive(Debug, Default)]
struct Parts {
    /// What compounds begin with.
    first: FxHashSet<&'static str>,
    /// What compounds and inverted verbs end with.
    second: FxHashSet<&'static str>,
}

impl Parts {
    fn parse(written: &'static str) -> Self {
        let mut parts = Self::default();
        for line in written.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("first") => parts.first.extend(words),
                Some("second") => parts.second.extend(words),
                _ => {}
            }
        }
        parts
    }
}

/// No word of French is longer than `anticonstitutionnellement`.
const MAX_LETTERS: usize = 25;

/// Whether the line that ends in `before` (without its hyphen) and the one that begins with `after` share a broken word.
pub(super) fn is_broken_word(before: &str, after: &str) -> bool {
    let length: usize = before
        .chars()
        .rev()
        .take(MAX_LETTERS)
        .take_while(|c| c.is_alphabetic())
        .map(char::len_utf8)
        .sum();
    let (outside, first) = before.split_at_checked(before.len() - length).unwrap_or_default();
    let length: usize = after
        .chars()
        .take(MAX_LETTERS)
        .take_while(|c| c.is_alphabetic())
        .map(char::len_utf8)
        .sum();
    let (second, behind) = after.split_at_checked(length).unwrap_or_default();
    // Chains (`c'est-à-dire`), names and abbreviations are left alone; so is what a hyphen may join to more.
    if outside.ends_with(['-', '.', '_', '/', '@']) || behind.starts_with(['-', '_', '/', '@']) {
        return false;
    }
    let small = |part: &str| part.chars().all(char::is_lowercase);
    if first.chars().count() < 2 || second.chars().count() < 3 || !small(second) {
        return false;
    }
    let mut letters = first.chars();
    let opening = letters.next().is_some_and(char::is_uppercase);
    if !(small(first) || (opening && letters.as_str().chars().all(char::is_lowercase))) {
        return false;
    }
    has_vowel(first)
        && begins_syllable(second)
        && !PARTS.first.contains(first.to_lowercase().as_str())
        && !PARTS.second.contains(second)
}

fn is_vowel(c: char) -> bool {
    matches!(
        c,
        'a' | 'e'
            | 'i'
            | 'o'
            | 'u'
            | 'y'
            | 'à'
            | 'â'
            | 'é'
            | 'è'
            | 'ê'
            | 'ë'
            | 'î'
            | 'ï'
            | 'ô'
            | 'ù'
            | 'û'
            | 'ü'
            | 'œ'
            | 'æ'
    )
}

fn has_vowel(part: &str) -> bool {
    part.chars().flat_map(char::to_lowercase).any(is_vowel)
}

/// French breaks a word before one consonant and its vowel, or before a pair of consonants that stay together.
fn begins_syllable(part: &str) -> bool {
    let mut chars = part.chars();
    let (Some(first), Some(second), third) = (chars.next(), chars.next(), chars.next()) else {
        return false;
    };
    if is_vowel(first) {
        return false;
    }
    if is_vowel(second) {
        return true;
    }
    let pair = matches!(
        (first, second),
        ('b' | 'c' | 'd' | 'f' | 'g' | 'p' | 't' | 'v', 'r')
            | ('b' | 'c' | 'f' | 'g' | 'p', 'l')
            | ('c' | 'p' | 't' | 's', 'h')
            | ('g', 'n')
            | ('q', 'u')
    );
    pair && third.is_some_and(is_vowel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_words_are_known() {
        for (before, after) in [
            ("le déve", "loppement durable"),
            ("Le gou", "vernement."),
            ("une manifes", "tation"),
            ("l'aug", "mentation"),
            ("Déve", "loppement"),
            ("les candi", "dats,"),
            ("la compré", "hension"),
            ("l’ensei", "gnement"),
        ] {
            assert!(is_broken_word(before, after), "{before}-{after}");
        }
    }

    #[test]
    fn compounds_names_and_verbs_keep_their_hyphen() {
        for (before, after) in [
            ("à Saint", "Denis"),
            ("peut", "être"),
            ("c'est-à", "dire"),
            ("le porte", "parole"),
            ("une demi", "finale"),
            ("dit", "il"),
            ("pense", "nous"),
            ("vingt", "quatre"),
            ("arc-en", "ciel"),
            ("sous", "préfecture"),
            ("la grand", "mère"),
            ("Jean", "pierre-louis"),
            ("le Sud", "est"),
            ("A", "propos"),
            ("COVID", "dix"),
            ("2024", "2025"),
            ("le vice", "président"),
            ("le non", "respect"),
        ] {
            assert!(!is_broken_word(before, after), "{before}-{after}");
        }
    }

    #[test]
    fn every_line_of_the_file_is_read() {
        let written = include_str!("../../rules/compounds.txt");
        for line in written.lines().filter(|line| !line.starts_with('#')) {
            assert!(
                line.starts_with("first ") || line.starts_with("second "),
                "{line}"
            );
        }
        assert!(PARTS.first.contains("porte") && PARTS.second.contains("même"));
    }
}
