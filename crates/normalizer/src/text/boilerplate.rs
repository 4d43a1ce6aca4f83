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

/// Words of a row of buttons that is taken for one.
const MAX_BUTTON_WORDS: usize = 14;

/// Words of a sentence that happens to begin like a heading over links.
const MIN_SENTENCE_WORDS: usize = 7;

/// What such a heading goes on with, folded: the site speaks of what it has.
const OWN_WORDS: &[&str] = &[
    "notre",
    "nos",
    "l",
    "article",
    "articles",
    "cet",
    "ces",
    "ici",
    "sur",
    "dans",
    "p",
    "page",
    "pages",
    "ce",
    "dossier",
    "le dossier",
    "la suite",
    "toute",
    "tous",
    "toutes",
    "votre",
];

/// First words of a credit that are words of headings too: "Crédit immobilier", "Mise à jour des listes électorales".
const CREDIT_OR_WORD: &[&str] = &[
    "credit",
    "credits",
    "photos",
    "photographie",
    "illustration",
    "visuel",
    "mise a jour",
];

/// What stands in front of the name of who made a picture.
const PICTURE_LABELS: &[&str] = &[
    "photo",
    "photos",
    "image",
    "images",
    "dessin",
    "infographie",
    "crédit",
    "crédits",
    "crédit photo",
    "crédits photos",
    "photo d'illustration",
    "photo d’illustration",
];

/// Agencies of pictures, as they stand behind a stroke: "Jeanne Martin / AFP".
const PICTURE_AGENCIES: &[&str] = &[
    "afp",
    "reuters",
    "ap",
    "epa",
    "sipa",
    "maxppp",
    "belga",
    "keystone",
    "getty images",
    "hans lucas",
    "abaca",
    "abacapress",
    "pc",
    "la presse canadienne",
    "dppi",
    "icon sport",
    "istock",
    "shutterstock",
    "adobe stock",
    "bestimage",
    "rea",
    "divergence",
    "myop",
    "gamma-rapho",
    "magnum",
];

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

/// Words that stand in a line, and others behind them.
struct Part {
    first: String,
    /// A digit stands right behind the first.
    digit: bool,
    behind: Option<String>,
}

impl Part {
    fn parse(written: &str) -> Self {
        let (first, behind) = match written.split_once(" + ") {
            Some((first, behind)) => (first, Some(fold(behind))),
            None => (written, None),
        };
        let digit = first.ends_with('#');
        Self {
            first: fold(first.trim_end_matches('#')),
            digit,
            behind,
        }
    }

    /// Whether a folded text begins with it.
    fn begins(&self, folded: &str) -> bool {
        let Some(rest) = folded.strip_prefix(self.first.as_str()) else {
            return false;
        };
        let Some(rest) = rest.strip_prefix(' ').or_else(|| rest.is_empty().then_some("")) else {
            return false;
        };
        (!self.digit || rest.starts_with(|c: char| c.is_ascii_digit()))
            && self
                .behind
                .as_ref()
                .is_none_or(|behind| rest.contains(behind.as_str()))
    }
}

#[derive(Default)]
struct Rules {
    /// Whole lines.
    lines: FxHashMap<String, Line>,
    /// First words, by the first of them; with the most words that such a line has.
    starts: FxHashMap<String, Vec<(String, Line, usize)>>,
    /// Words that stand in such a line anywhere, by the first of them.
    parts: FxHashMap<String, Vec<Part>>,
    /// First words of whole lines, with the most words of a line that begins so.
    firsts: FxHashMap<String, usize>,
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
            let written = phrase;
            let phrase = fold(phrase);
            let first = phrase.split(' ').next().unwrap_or("").to_owned();
            known.insert((kind.to_owned(), phrase.clone()));
            match kind {
                "line" => {
                    let most = rules.firsts.entry(first).or_default();
                    *most = (*most).max(word_count(&phrase));
                    rules.lines.insert(phrase, Line::Boilerplate);
                }
                "part" => rules.parts.entry(first).or_default().push(Part::parse(written)),
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
                    && !(CREDIT_OR_WORD.contains(&phrase.as_str()) && goes_on_small(line, phrase))
            });
        if let Some((phrase, kind, _)) = found {
            let is_sentence = *kind == Line::Links && !linked && is_sentence(line, phrase, words);
            return if is_sentence { Line::Text } else { *kind };
        }
        if is_picture_credit(line, words) || self.has_part(&folded) || self.is_row_of_buttons(&folded) {
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

impl Rules {
    fn has_part(&self, folded: &str) -> bool {
        let mut rest = folded;
        loop {
            let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
            let parts = self.parts.get(word);
            if parts.is_some_and(|parts| parts.iter().any(|part| part.begins(rest))) {
                return true;
            }
            if behind.is_empty() {
                return false;
            }
            rest = behind;
        }
    }

    /// Whether a folded line is nothing but whole lines of the rules, one behind the other: "Partager Commenter Imprimer".
    fn is_row_of_buttons(&self, folded: &str) -> bool {
        let words: Vec<&str> = folded.split(' ').collect();
        if words.len() < 2 || words.len() > MAX_BUTTON_WORDS {
            return false;
        }
        let (mut at, mut buttons) = (0, 0);
        while at < words.len() {
            let Some(most) = words.get(at).and_then(|word| self.firsts.get(*word)) else {
                return false;
            };
            let longest = (at + most).min(words.len());
            let next = (at + 1..=longest).rev().find(|end| {
                words
                    .get(at..*end)
                    .is_some_and(|phrase| self.lines.contains_key(&phrase.join(" ")))
            });
            let Some(next) = next else { return false };
            at = next;
            buttons += 1;
        }
        buttons > 1
    }
}

/// What stands behind the first words of a line, as many as a rule has.
fn behind<'a>(line: &'a str, phrase: &str) -> &'a str {
    let line = line.trim_start();
    // The rule's words are folded, where apostrophes divide: so many words of the line at most.
    line.match_indices(char::is_whitespace)
        .take(phrase.split(' ').count())
        .filter_map(|(at, _)| line.split_at_checked(at))
        .find(|(first, _)| fold(first) == phrase)
        .map_or("", |(_, behind)| behind.trim_start())
}

/// Whether a line goes on with a small word and no sign behind the first words of a rule, nor with a number.
fn goes_on_small(line: &str, phrase: &str) -> bool {
    let behind = behind(line, phrase);
    let next = behind.split_whitespace().next().unwrap_or_default();
    next.starts_with(char::is_lowercase)
        && !behind.contains(|c: char| c.is_ascii_digit() || matches!(c, '/' | '©'))
}

/// Whether a line that begins like a heading over links is a sentence: it goes on with a small word, not with a colon and a title,
/// speaks of nothing that the site has, and ends with a full stop.
fn is_sentence(line: &str, phrase: &str, words: usize) -> bool {
    let behind = behind(line, phrase);
    let Some(next) = behind.split_whitespace().next() else {
        return false;
    };
    let folded = fold(next);
    words >= MIN_SENTENCE_WORDS
        && line
            .trim_end_matches(['»', '”', '"', ' ', '\u{a0}'])
            .ends_with(['.', '!'])
        && !line.trim_end().ends_with("...")
        && next.starts_with(char::is_lowercase)
        && !OWN_WORDS.contains(&folded.split(' ').next().unwrap_or_default())
        && !behind.contains(['>', '»', '→', '|', '➡', '▶', '['])
        && !behind.contains("http")
}

/// Whether a line says who made a picture: by the sign of copyright, by a label, by an agency behind a stroke.
fn is_picture_credit(line: &str, words: usize) -> bool {
    if line.contains('©') {
        return true;
    }
    if ends_in_credit(line) {
        return true;
    }
    let ends_sentence = line.trim_end().ends_with('.');
    let line = line.trim_end_matches([')', ' ', '.', '\u{a0}']);
    // "Crédit : la banque centrale relève ses taux." is a heading's sentence; names begin with capitals.
    let is_sentence =
        |behind: &str| ends_sentence && words > 4 && behind.trim_start().starts_with(char::is_lowercase);
    let lower = |text: &str| text.trim().to_lowercase();
    words <= MAX_CREDIT_WORDS
        && (line.split_once(':').is_some_and(|(label, behind)| {
            PICTURE_LABELS.contains(&lower(label).as_str()) && !is_sentence(behind)
        }) || line
            .rsplit_once('/')
            .is_some_and(|(_, agency)| PICTURE_AGENCIES.contains(&lower(agency).as_str())))
}

/// Whether a line ends in brackets that name who made a picture: "Le marché, vers trois heures. (Photo Jeanne Martin)".
fn ends_in_credit(line: &str) -> bool {
    let inside = line
        .trim_end()
        .strip_suffix(')')
        .and_then(|line| line.rsplit_once('('))
        .map(|(_, inside)| inside.trim());
    let Some((label, name)) = inside.and_then(|inside| inside.split_once([' ', ':'])) else {
        return false;
    };
    let label = label.trim().to_lowercase();
    matches!(
        label.as_str(),
        "photo" | "photos" | "crédit" | "dessin" | "illustration"
    ) && name
        .trim_start_matches([':', ' ', '\u{a0}'])
        .starts_with(char::is_uppercase)
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
    fn a_sentence_that_begins_like_a_link_is_the_article_s() {
        for line in [
            "Lire aussi entre les lignes du budget, voilà ce que demande le rapporteur.",
            "Voir aussi grand demande du courage, admet la maire de la commune.",
            "Lire aussi la presse étrangère permet de comprendre ce qui se joue là-bas.",
            "À voir aussi loin, on oublie parfois le port d’attache, sourit le skipper.",
            "Crédit immobilier : les taux remontent",
            "Mise à jour des listes électorales : le mode d’emploi",
            "Les informations recueillies par nos confrères confirment la version du procureur.",
            "Les données recueillies par Santé publique montrent une hausse.",
        ] {
            assert_eq!(line_kind(line), Line::Text, "{line}");
        }
        for line in [
            "Lire aussi : Le budget en cinq questions.",
            "Lire aussi Le budget en cinq questions.",
            "Lire aussi notre enquête sur le budget de la ville et ses dettes.",
            "Lire aussi l’article de notre correspondant sur le budget de la ville.",
            "Lire aussi dans nos archives le récit du premier budget de la ville.",
            "À lire aussi > les taux remontent dans toute la région, dit la banque.",
            "Lire aussi le budget en cinq questions",
            "Voir aussi",
        ] {
            assert_eq!(line_kind(line), Line::Links, "{line}");
        }
        for line in [
            "Mise à jour le 3 mars à 18h30",
            "Crédit Jeanne Martin",
            "Photos Jeanne Martin",
            "Les informations recueillies font l’objet d’un traitement informatique.",
            "Les données recueillies sur ce formulaire sont conservées trois ans.",
        ] {
            assert_eq!(line_kind(line), Line::Boilerplate, "{line}");
        }
        // A link says so whatever its title ends with.
        let link = "Lire aussi la presse étrangère permet de comprendre ce qui se joue là-bas.";
        assert_eq!(line_kind_of(link, true), Line::Links);
    }

    #[test]
    fn rows_of_buttons_and_credits_go() {
        for line in [
            "Partager Commenter Imprimer",
            "Écouter Réagir Voir sur la carte Partager",
            "Le port de Lorient. © Ville de Lorient",
            "Photo : Jeanne Martin",
            "Jeanne Martin / AFP",
            "Le marché, vers trois heures. (Photo Jeanne Martin)",
            "Lecture 2 minPublié le 14 sept. 2025 à 9h00, mis à jour le 16 sept. 2025 à 10h22.",
        ] {
            assert_eq!(line_kind(line), Line::Boilerplate, "{line}");
        }
        for line in [
            "Partager les richesses",
            "Le décret, publié le lendemain, sera mis à jour.",
            "Le score : 3/4",
            "Il a tout laissé au musée (photo ci-contre)",
            "Crédit : la banque centrale relève ses taux.",
            "L’accord entre l’UE et l’AP/Ramallah reste à écrire.",
        ] {
            assert_eq!(line_kind(line), Line::Text, "{line}");
        }
    }

    #[test]
    fn every_rule_is_one() {
        let lines = include_str!("../../rules/boilerplate.txt")
            .lines()
            .filter(|l| !l.starts_with('#') && !l.is_empty());
        assert_eq!(lines.count(), RULES.count);
    }
}
