//! What a caption says of its picture, without who took it.
//!
//! In: a line under a picture. Out: its words, or nothing where it is a credit alone. Credits stand behind the sign of copyright, a
//! label (`Crédit photo`, `PHOTO` in capitals), in brackets, behind a dash, or behind the last sentence with an agency and a
//! stroke; in front mostly where they have a line of their own.

use super::byline::is_agency;
use crate::text::{fold, word_count};

/// Words of a line that says who took the picture and nothing else.
const MAX_CREDIT_WORDS: usize = 8;

/// Words that are left of a caption when its credit is taken off; fewer are a part of the credit.
const MIN_WORDS: usize = 2;

/// Credits of one line: that of the photographer behind that of the agency.
const MAX_CREDITS: usize = 3;

/// Signs of copyright.
const SIGNS: &[&str] = &["©", "Ⓒ", "(c)", "(C)"];

/// Labels of a credit inside a line; those in capitals are so written where a name in capitals follows.
const LABELS: &[&str] = &[
    "Crédit photo",
    "Crédits photo",
    "Crédit :",
    "Crédits :",
    "Crédit image",
    "Crédit ",
    "crédit photo",
    "crédits photo",
    "crédit :",
    "crédits :",
    "Photo :",
    "Photos :",
    "photo :",
    "Photo credit",
    "Photo by",
    "Image credit",
    "PHOTO ",
    "PHOTOS ",
    "Photo AFP",
    "Photo Reuters",
    "Photo archives",
    "Photo d’archives",
    "Photo d'archives",
];

/// Dashes behind which a credit stands.
const DASHES: &[&str] = &[" - ", " – ", " — ", " | ", " • ", " · ", "\u{a0}/\u{a0}"];

/// What the line says of its picture; empty where it says who took it alone.
pub(super) fn without_credit(line: &str) -> &str {
    let mut line = line.trim();
    for _ in 0..MAX_CREDITS {
        let cut = without_one(line);
        if cut == line {
            break;
        }
        line = cut;
    }
    if is_credit(line) { "" } else { line }
}

fn without_one(line: &str) -> &str {
    before_sign(line)
        .or_else(|| before_bracket(line))
        .or_else(|| before_label(line))
        .or_else(|| before_dash(line))
        .or_else(|| before_last_sentence(line))
        .unwrap_or(line)
}

/// What stands in front of the sign of copyright, or behind the credit that begins with it.
fn before_sign(line: &str) -> Option<&str> {
    let (at, sign) = SIGNS
        .iter()
        .filter_map(|sign| Some((line.find(sign)?, sign)))
        .min()?;
    if let Some(before) = enough(line.get(..at)?) {
        return Some(before);
    }
    let behind = line.get(at + sign.len()..)?;
    let (end, dash) = DASHES
        .iter()
        .chain(&[". "])
        .filter_map(|dash| Some((behind.find(dash)?, dash)))
        .min()?;
    enough(behind.get(end + dash.len()..)?).filter(|rest| is_prose(rest))
}

/// What stands in front of a bracket at the end that names an agency or a photographer.
fn before_bracket(line: &str) -> Option<&str> {
    let closed = line
        .trim_end_matches(['.', ' ', '\u{a0}'])
        .strip_suffix([')', ']'])?;
    let at = closed.rfind(['(', '['])?;
    let inside = closed.get(at + 1..)?;
    let folded = fold(inside);
    let is_of_picture = [
        "photo",
        "credit",
        "image",
        "illustration",
        "source",
        "archives",
        "capture",
    ]
    .iter()
    .any(|start| folded.starts_with(start));
    (is_of_picture || is_agency(&folded) || names_agency(inside))
        .then(|| enough(line.get(..at)?))
        .flatten()
}

fn before_label(line: &str) -> Option<&str> {
    let at = LABELS
        .iter()
        .filter_map(|label| {
            let at = line.rfind(label)?;
            let behind = line.get(at + label.len()..)?.trim_start();
            // "PHOTO MAUD GUÉRIN", and not "Crédit immobilier".
            let names = behind
                .chars()
                .next()
                .is_none_or(|c| c.is_uppercase() || !c.is_alphabetic());
            (names && word_count(behind) <= MAX_CREDIT_WORDS).then_some(at)
        })
        .min()?;
    enough(line.get(..at)?)
}

/// What stands in front of a dash behind which an agency, a photographer of a paper, or capitals stand.
fn before_dash(line: &str) -> Option<&str> {
    let (at, dash) = DASHES
        .iter()
        .filter_map(|dash| Some((line.rfind(dash)?, dash)))
        .max()?;
    let behind = line.get(at + dash.len()..)?;
    let is_of_paper = behind.contains('/') && !is_prose(behind);
    (is_agency(&fold(behind)) || names_agency(behind) || is_of_paper || is_in_capitals(behind))
        .then(|| enough(line.get(..at)?))
        .flatten()
}

/// What stands in front of a credit without a mark: "À Paris, le 3 mars. JEANNE MARTIN / AFP".
fn before_last_sentence(line: &str) -> Option<&str> {
    let (at, end) = [". ", "! ", "? ", "» ", "” ", "… ", ".\u{a0}"]
        .iter()
        .filter_map(|end| Some((line.rfind(end)?, end)))
        .max()?;
    let sentence_end = at + end.trim_end().len();
    let behind = line.get(sentence_end..)?.trim();
    (names_agency(behind) || is_agency(&fold(behind)) || is_in_capitals(behind))
        .then(|| enough(line.get(..sentence_end)?))
        .flatten()
}

/// A text without the marks at its end, where words enough are left.
fn enough(text: &str) -> Option<&str> {
    let text = text
        .trim()
        .trim_end_matches([
            '-', '–', '—', '|', '/', ',', '(', '[', '•', '·', ':', ' ', '\u{a0}',
        ])
        .trim_start_matches(['-', '–', '—', '|', '/', ',', ':', ' ', '\u{a0}']);
    (word_count(text) >= MIN_WORDS).then_some(text)
}

/// Whether a short text names an agency of pictures beside a stroke or a comma, and says nothing else.
fn names_agency(text: &str) -> bool {
    word_count(text) <= MAX_CREDIT_WORDS
        && !is_prose(text)
        && text.contains(['/', ','])
        && text
            .split(['/', ','])
            .any(|part| is_agency(&fold(part)) || is_picture_agency(&fold(part)))
}

fn is_picture_agency(folded: &str) -> bool {
    let name = folded.strip_prefix("via ").unwrap_or(folded);
    [
        "epa",
        "sipa",
        "sipa press",
        "maxppp",
        "keystone",
        "getty",
        "getty images",
        "hans lucas",
        "abaca",
        "abacapress",
        "dppi",
        "icon sport",
        "istock",
        "shutterstock",
        "adobe stock",
        "bestimage",
        "rea",
        "divergence",
        "myop",
        "gamma rapho",
        "magnum",
        "imago",
        "zuma",
        "nurphoto",
        "pixabay",
        "unsplash",
    ]
    .contains(&name)
}

/// Whether a short text is set in capitals, as names of photographers are.
fn is_in_capitals(text: &str) -> bool {
    let letters = || text.chars().filter(|c| c.is_alphabetic());
    letters().count() > 2 && letters().all(|c| !c.is_lowercase()) && word_count(text) <= MAX_CREDIT_WORDS
}

/// Whether a text says something: two words of it begin small and join no names.
fn is_prose(text: &str) -> bool {
    const JOINTS: &[&str] = &[
        "de", "du", "des", "la", "le", "et", "pour", "via", "van", "von", "d", "l", "by",
    ];
    let small = text
        .split_whitespace()
        .filter(|word| word.starts_with(char::is_lowercase) && !JOINTS.contains(&fold(word).as_str()));
    small.take(2).count() == 2
}

/// Whether a line under a picture says who took it and nothing of what is on it.
fn is_credit(line: &str) -> bool {
    if word_count(line) > MAX_CREDIT_WORDS {
        return false;
    }
    let folded = fold(line);
    // Names of photographers are set in capitals; sentences are not.
    line.chars().all(|c| !c.is_lowercase())
        || SIGNS.iter().any(|sign| line.starts_with(sign))
        || line.contains("/AFP")
        || ["credit", "photo", "photos", "illustration", "image", "source"]
            .iter()
            .any(|lead| {
                folded.strip_prefix(lead).is_some_and(|rest| {
                    rest.is_empty() || line.split_once(':').is_some_and(|(_, behind)| !is_prose(behind))
                })
            })
        || is_agency(&folded)
        || names_agency(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_is_kept_and_its_credit_is_not() {
        for (line, caption) in [
            (
                "Le bac à quai, au Verdon. © Ville de Royan",
                "Le bac à quai, au Verdon.",
            ),
            (
                "Le bac à quai, au Verdon © Jeanne Martin, AFP",
                "Le bac à quai, au Verdon",
            ),
            (
                "Le bac à quai, au Verdon. © Crédit photo : JEANNE MARTIN / « LE COURRIER »",
                "Le bac à quai, au Verdon.",
            ),
            (
                "Le bac à quai, au Verdon. Crédit photo : Jeanne Martin",
                "Le bac à quai, au Verdon.",
            ),
            (
                "Le bac à quai, au Verdon. JEANNE MARTIN / AFP",
                "Le bac à quai, au Verdon.",
            ),
            ("Le bac à quai, au Verdon (AFP)", "Le bac à quai, au Verdon"),
            ("Le bac à quai (Photo d’archives Jeanne Martin).", "Le bac à quai"),
            ("Le bac à quai - AFP", "Le bac à quai"),
            ("Le bac à quai — J. Martin / 20 Minutes", "Le bac à quai"),
            (
                "Le bac à quai, au Verdon. | ARCHIVES LE COURRIER",
                "Le bac à quai, au Verdon.",
            ),
            ("Le bac à quai. PHOTO MAUD GUÉRIN, LE COURRIER", "Le bac à quai."),
            (
                "Le bac à quai. (Photo by Jane Doe/Getty Images)",
                "Le bac à quai.",
            ),
            (
                "© AFP - Le bac qui relie les deux rives",
                "Le bac qui relie les deux rives",
            ),
            ("Le bac à quai. Photo : Jeanne Martin / Belga", "Le bac à quai."),
            (
                "Le bac à quai, le 3 mars. Jeanne Martin/AFP",
                "Le bac à quai, le 3 mars.",
            ),
            // Nothing to take off.
            ("Le bac à quai, au Verdon.", "Le bac à quai, au Verdon."),
            (
                "Le Verdon - Royan, la ligne du bac",
                "Le Verdon - Royan, la ligne du bac",
            ),
            (
                "Le bac relie les deux rives (et les gens).",
                "Le bac relie les deux rives (et les gens).",
            ),
            (
                "Le taux de crédit monte dans la région",
                "Le taux de crédit monte dans la région",
            ),
            // Nothing left.
            ("© AFP", ""),
            ("PHOTO MAUD GUÉRIN, LE COURRIER", ""),
            ("Crédit photo : Jeanne Martin", ""),
            ("Jeanne Martin / AFP", ""),
            ("MAUD GUÉRIN", ""),
            ("AFP", ""),
            ("", ""),
        ] {
            assert_eq!(without_credit(line), caption, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_kept_stands_in_the_line(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "Le bac", "à quai", "©", "(c)", "AFP", "/", "-", "—", "(", ")", ".", "PHOTO", "Crédit photo :", "É", "\u{a0}",
                    "Jeanne Martin", "»", "…", "|",
                ]),
                0..10,
            ),
            glue in proptest::sample::select(vec!["", " "]),
        ) {
            let line = words.join(glue);
            let kept = without_credit(&line);
            proptest::prop_assert!(line.contains(kept));
            proptest::prop_assert_eq!(without_credit(kept).is_empty(), kept.is_empty());
        }
    }
}
