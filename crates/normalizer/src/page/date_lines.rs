//! Dates in a line of a page, and what the words in front of each say it is.
//!
//! In: a line that readers see ("Par Jeanne Martin, publié le 14 sept. 2025 à 9h00, mis à jour le 16 sept. 2025 à 10h22").
//! Out: each date with its role. What a date's words mean is `depeche_feed::read_date`'s; here is only where it begins and
//! ends.

use depeche_feed::{DateContext, Doubt, read_date};
use depeche_model::Published;

use crate::text::fold;

/// What a date is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Published,
    Updated,
}

/// A date in a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mention {
    /// What the words in front of it say of it.
    pub(super) role: Option<Role>,
    pub(super) date: Published,
    /// What about it was a guess.
    pub(super) doubt: Option<Doubt>,
    /// Words that make it.
    pub(super) words: usize,
    /// What stands between it and the date before, or the beginning.
    pub(super) before: String,
    /// Words between it and the next date, or the end.
    pub(super) behind: usize,
    /// What stands behind it goes on with a sentence: `à Lyon`, `: l’armée annonce`.
    pub(super) goes_on: bool,
    /// So many words stand behind it that they are a sentence: `, le plan prévoit neuf mois de travaux`.
    pub(super) is_before_prose: bool,
}

/// Words that a written date has at most: `mercredi 14 juillet 2025 à 4 h 00 min HAE`.
const MAX_DATE_WORDS: usize = 12;

/// Bytes of a line that is looked at. A line with a date, names and buttons stays far below.
const MAX_LINE: usize = 400;

/// Bytes of a line with a date and nothing else, that may be one that cannot be read.
const MAX_UNREADABLE: usize = 60;

/// What the words in front of a date say of it, folded. The last of them counts.
const ROLES: &[(&str, Role)] = &[
    ("publie", Role::Published),
    ("published", Role::Published),
    ("publication", Role::Published),
    ("poste le", Role::Published),
    ("poste par", Role::Published),
    ("mis en ligne", Role::Published),
    ("mise en ligne", Role::Published),
    ("parution", Role::Published),
    ("paru le", Role::Published),
    ("paru dans", Role::Published),
    ("diffuse", Role::Published),
    ("diffusion le", Role::Published),
    ("diffusion du", Role::Published),
    ("emission du", Role::Published),
    ("edition du", Role::Published),
    ("numero du", Role::Published),
    ("cree le", Role::Published),
    ("redige le", Role::Published),
    ("ecrit le", Role::Published),
    ("posted", Role::Published),
    ("veroffentlicht", Role::Published),
    ("modifi", Role::Updated),
    ("mis a jour", Role::Updated),
    ("mise a jour", Role::Updated),
    ("maj", Role::Updated),
    ("actualise", Role::Updated),
    ("corrige", Role::Updated),
    ("updated", Role::Updated),
    ("edited", Role::Updated),
    ("aktualisiert", Role::Updated),
];

/// What a label says a date is.
pub(super) fn role_of(label: &str) -> Option<Role> {
    let folded = fold(label);
    ROLES
        .iter()
        .filter_map(|(word, role)| {
            // At the beginning of a word: `aquamaj` is none.
            let at = folded.rmatch_indices(word).map(|(at, _)| at).find(|at| {
                folded
                    .get(..*at)
                    .is_none_or(|before| before.is_empty() || before.ends_with(' '))
            })?;
            Some((at, *role))
        })
        .max_by_key(|(at, _)| *at)
        .map(|(_, role)| role)
}

/// The dates of a line, in order.
pub(super) fn mentions(line: &str, context: &DateContext) -> Vec<Mention> {
    if line.len() > MAX_LINE {
        return Vec::new();
    }
    let line = unglued(line);
    let words: Vec<(usize, &str)> = line
        .split(char::is_whitespace)
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
        .collect();
    let mut found: Vec<Mention> = Vec::new();
    let (mut at, mut label_from) = (0, 0);
    while let Some((start, word)) = words.get(at).copied() {
        // What the next words call another date is no part of this one.
        let longest = (at + 1..(at + MAX_DATE_WORDS).min(words.len()))
            .find(|next| {
                let behind = words.get(*next + 1).map_or("", |(_, word)| word);
                words
                    .get(*next)
                    .is_some_and(|(_, word)| ends_date(word) && !(is_bullet(word) && is_time(behind)))
            })
            .unwrap_or((at + MAX_DATE_WORDS).min(words.len()));
        let read = (begins_date(word)
            || (is_demonstrative(word) && label_says_role(&line, label_from, start)))
        .then(|| {
            let from = start + (word.len() - word.trim_start_matches(opens).len());
            (at + 1..=longest).rev().find_map(|until| {
                let (last_at, last) = words.get(until - 1).copied()?;
                let end = last_at + last.trim_end_matches(closes).len();
                let reading = read_date(line.get(from..end)?, context)?;
                (!reading.is_in_prose && reading.updated.is_none()).then_some((until, reading))
            })
        })
        .flatten();
        let Some((until, reading)) = read else {
            at += 1;
            continue;
        };
        let before = line.get(label_from..start).unwrap_or_default();
        if let Some(last) = found.last_mut() {
            last.behind = before.split_whitespace().count();
        }
        found.push(Mention {
            role: role_of(before),
            date: reading.published,
            doubt: reading.doubt,
            words: until - at,
            before: before.trim().to_owned(),
            behind: words.len() - until,
            goes_on: goes_on(
                words.get(until - 1).map_or("", |(_, last)| last),
                words.get(until).map_or("", |(_, next)| next),
            ),
            is_before_prose: is_prose(words.get(until..).unwrap_or_default()),
        });
        at = until;
        label_from = words.get(at).map_or(line.len(), |(start, _)| *start);
    }
    found
}

/// Whether a word behind a date, which `last` ends, goes on with a sentence. Who wrote it, where it is filed and how long it is to
/// read does not.
fn goes_on(last: &str, next: &str) -> bool {
    const OF_LINES: &[&str] = &[
        "par",
        "by",
        "dans",
        "in",
        "via",
        "mis",
        "mise",
        "maj",
        "modifie",
        "publie",
        "min",
        "h",
        "et",
        "temps",
        "lecture",
        "vues",
        "commentaires",
        "avec",
    ];
    if next.is_empty() {
        return false;
    }
    // "Le 19 novembre 2026 à Rennes".
    let is_open = ["a", "en", "au", "aux", "de", "du", "le", "la"].contains(&fold(last).as_str());
    if is_open || last.ends_with(':') || next == ":" {
        return true;
    }
    let is_apart = last.ends_with([',', ';', '|', '•', '·', ')', ']', '-', '–', '—']);
    let word = next.trim_matches(|c: char| !c.is_alphanumeric());
    !is_apart && next.starts_with(char::is_lowercase) && !OF_LINES.contains(&fold(word).as_str())
}

/// Words that stand in front of the one that gives a date its role, folded.
const OF_LABELS: &[&str] = &[
    "a",
    "article",
    "ce",
    "cet",
    "contenu",
    "date",
    "de",
    "derniere",
    "ete",
    "et",
    "etait",
    "heure",
    "initialement",
    "la",
    "le",
    "premiere",
    "puis",
    "texte",
    "un",
];

/// Words behind a date that make a sentence of it: so many are small and long.
const MIN_PROSE_WORDS: usize = 3;
const MIN_PROSE_LETTERS: usize = 4;

/// Whether words behind a date are a sentence, and not who wrote it and how often it was read.
fn is_prose(words: &[(usize, &str)]) -> bool {
    const OF_LINES: &[&str] = &[
        "commentaire",
        "commentaires",
        "vues",
        "lecture",
        "lectures",
        "minute",
        "minutes",
        "redaction",
        "temps",
        "partages",
        "reactions",
        "partager",
        "modifie",
        "publie",
        "heures",
        "jour",
        "dans",
        "avec",
        "pour",
        "partenaires",
        "notre",
    ];
    let telling = words.iter().filter(|(_, word)| {
        word.starts_with(char::is_lowercase)
            && word.chars().filter(|c| c.is_alphabetic()).count() >= MIN_PROSE_LETTERS
            && !OF_LINES.contains(&fold(word).as_str())
    });
    telling.take(MIN_PROSE_WORDS).count() == MIN_PROSE_WORDS
}

/// Whether the words that give a date its role announce it: nothing stands in front of them but names, what `is_names` knows,
/// a byline, a label or the end of something else. In "Le rapport publié le 3 mars décrit un système" they are the sentence's.
pub(super) fn is_announced(mention: &Mention, is_names: fn(&str) -> bool) -> bool {
    let label = &mention.before;
    // "L’édition du 19 novembre du festival" is none of a paper.
    let is_of_issue = ["edition du", "emission du", "numero du", "diffusion du"];
    if mention.goes_on && is_of_issue.iter().any(|end| fold(label).ends_with(end)) {
        return false;
    }
    let words: Vec<&str> = label.split_whitespace().collect();
    // The last place at which the words that are left still give the role.
    let Some(role_at) = (0..words.len()).rev().find(|from| {
        words
            .get(*from..)
            .is_some_and(|words| role_of(&words.join(" ")).is_some())
    }) else {
        return true;
    };
    let before = words.get(..role_at).unwrap_or_default();
    let Some(last) = before.last() else {
        return true;
    };
    let before_text = before.join(" ");
    // "Tribune publiée le 3 mars", and not "Loi publiée le 3 mars au journal officiel".
    let is_kind = before.len() == 1 && !mention.goes_on;
    // Of a line of several things, the last: "Lecture 2 min - Jeanne Martin", "Politique Par Jeanne Martin".
    let piece = [" - ", " – ", " — ", " | ", " • ", " · ", " Par ", " par "]
        .iter()
        .fold(before_text.as_str(), |rest, mark| {
            rest.rsplit(mark).next().unwrap_or(rest)
        })
        .trim_end_matches(',');
    last.ends_with(|c: char| !c.is_alphanumeric() && !matches!(c, ',' | '»' | '’' | '\''))
        || is_kind
        || before.iter().all(|word| OF_LABELS.contains(&fold(word).as_str()))
        || is_names(piece)
        || piece.contains('@')
        || super::byline::is_byline(&before_text)
        || before_text.chars().all(|c| !c.is_lowercase())
}

/// Whether a line says that a date of publication follows, and has digits where it stands.
pub(super) fn announces_publication(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "publie le",
        "publie",
        "date de publication",
        "mis en ligne le",
        "paru le",
        "poste le",
    ];
    line.len() <= MAX_UNREADABLE && line.bytes().any(|byte| byte.is_ascii_digit()) && {
        let folded = fold(line);
        STARTS
            .iter()
            .filter_map(|start| folded.strip_prefix(start))
            .any(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()))
    }
}

fn opens(c: char) -> bool {
    matches!(c, '(' | '[' | '|' | '•' | '·' | '-' | '–' | '—' | ':' | ',')
}

fn closes(c: char) -> bool {
    matches!(
        c,
        ')' | ']' | '|' | '•' | '·' | '-' | '–' | '—' | ',' | '.' | ';' | ':'
    )
}

/// Whether a date may begin with a word: a number, a weekday, a month in front of its day.
fn begins_date(word: &str) -> bool {
    let word = word.trim_start_matches(opens);
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let folded = fold(word);
    // "il y a deux heures", "hier à 18h30": told from the reader's clock.
    if matches!(folded.as_str(), "il" | "hier" | "aujourd hui" | "avant hier") {
        return true;
    }
    [
        "lun", "mar", "mer", "jeu", "ven", "sam", "dim", "jan", "fev", "feb", "avr", "apr", "mai", "may",
        "juin", "jun", "juil", "jul", "aou", "aug", "sep", "oct", "nov", "dec", "mon", "tue", "wed", "thu",
        "fri", "sun",
    ]
    .iter()
    .any(|start| folded.starts_with(start))
}

/// Whether a word may begin `ce matin`: behind a label only, since by itself it is the name of a column.
fn is_demonstrative(word: &str) -> bool {
    matches!(
        fold(word.trim_start_matches(opens)).as_str(),
        "ce" | "cet" | "cette"
    )
}

fn label_says_role(line: &str, from: usize, until: usize) -> bool {
    line.get(from..until).and_then(role_of).is_some()
}

/// Whether a word is a sign between two things.
fn is_bullet(word: &str) -> bool {
    matches!(word, "|" | "•" | "·")
}

/// Whether a word is a time of day: `18h30`, `18:30`.
fn is_time(word: &str) -> bool {
    word.len() <= 6 && word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(['h', 'H', ':'])
}

/// Whether a word begins what is said behind a date.
fn ends_date(word: &str) -> bool {
    if is_bullet(word) {
        return true;
    }
    let folded = fold(word);
    ["mis", "mise", "par", "by", "et"].contains(&folded.as_str())
        || [
            "publie", "modifi", "maj", "actualis", "updat", "post", "temps", "lecture",
        ]
        .iter()
        .any(|start| folded.starts_with(start))
}

/// The line with a space where two elements meet without one: `9h00Mis à jour`, `HAEMis à jour`.
pub(super) fn unglued(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut before: Option<char> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_uppercase()
            && chars.peek().is_some_and(|next| next.is_lowercase())
            && before.is_some_and(char::is_alphanumeric)
        {
            out.push(' ');
        }
        out.push(c);
        before = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Vec<String> {
        mentions(line, &DateContext::default())
            .iter()
            .map(|mention| {
                let role = match mention.role {
                    Some(Role::Published) => "publié",
                    Some(Role::Updated) => "modifié",
                    None => "-",
                };
                format!("{role} {}", mention.date.at)
            })
            .collect()
    }

    #[test]
    fn lines_tell_which_date_is_which() {
        for (line, dates) in [
            (
                "Publié le 12 août 2025 à 06h02, mis à jour le 14 sept. 2025",
                "publié 2025-08-12T04:02:00Z|modifié 2025-09-14T00:00:00Z",
            ),
            (
                "Par Jeanne Martin, le mardi 3 févr. 2026 à 15h20",
                "- 2026-02-03T14:20:00Z",
            ),
            (
                "Le 12 août 2025 à 06h02, modifié le 13 août 2025 à 09h15",
                "- 2025-08-12T04:02:00Z|modifié 2025-08-13T07:15:00Z",
            ),
            (
                "Lecture 2 minPar Élodie Vanhecke - e.v@example.orgPublié le 14 sept. 2025 à 9h00, mis à jour le 16 sept. 2025 à 10h22.",
                "publié 2025-09-14T07:00:00Z|modifié 2025-09-16T08:22:00Z",
            ),
            (
                "Publié le 10/02/2026 à 17h03 • Mis à jour le 11/02/2026 à 08h40",
                "publié 2026-02-10T16:03:00Z|modifié 2026-02-11T07:40:00Z",
            ),
            ("Temps de lecture : 3 min", ""),
            ("12 commentaires", ""),
            ("Publicité", ""),
        ] {
            assert_eq!(told(line).join("|"), dates, "{line}");
        }
    }

    #[test]
    fn a_label_is_the_last_that_is_said() {
        assert_eq!(role_of("Publié puis mis à jour le"), Some(Role::Updated));
        assert_eq!(role_of("Mis en ligne le"), Some(Role::Published));
        assert_eq!(role_of("République, le"), None);
        assert_eq!(role_of(""), None);
    }
}
