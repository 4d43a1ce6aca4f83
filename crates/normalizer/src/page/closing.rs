//! Who signs below a text: "Jeanne Martin", "J. M. avec AFP", "(avec Reuters)", "Propos recueillis par Jeanne Martin".
//!
//! In: the last lines of a text, and the text. Out: people and agencies, where they are certain. A line that says what it is, or
//! names an agency, holds names and nothing else; a name by itself is of nobody that the text speaks of. Initials are none.

use std::ops::Range;

use depeche_model::{Warning, WarningCode};

use super::byline::{Credit, is_agency, is_byline, says_who_asked};
use super::signature::is_plain_name;
use super::skim::{Block, Skim};
use crate::text::{fold, word_count};

/// Words of a signature: two people, an agency, and where they are.
const MAX_WORDS: usize = 14;

/// Bytes of it.
const MAX_BYTES: usize = 160;

/// Words of a text that somebody signs with a name alone; below shorter ones stand names of other things.
const MIN_TEXT_WORDS: usize = 40;

/// Words of a name by itself.
const MAX_NAME_WORDS: usize = 3;

/// Lines at the end of a text among which its signature is.
const LAST_LINES: usize = 2;

/// Blocks behind a text that are searched for its end.
const MOST_BEHIND: usize = 12;

/// The share of a line that may be links: a writer's name leads to a page, a list of writers is another matter.
const MAX_LINKED: f32 = 0.99;

/// First words of names that no person has, folded.
const NO_PERSON: &[&str] = &[
    "le",
    "la",
    "les",
    "l",
    "un",
    "une",
    "des",
    "du",
    "nos",
    "vos",
    "plus",
    "lire",
    "voir",
    "grand",
    "grande",
    "saint",
    "sainte",
    "new",
    "san",
    "los",
    "port",
    "fort",
    "mont",
    "ville",
    "hotel",
    "place",
    "rue",
    "radio",
    "france",
    "sud",
    "ouest",
    "nord",
    "est",
    "nice",
    "paris",
    "cote",
    "pays",
    "bonne",
    "bon",
    "tous",
    "toutes",
    "notre",
    "en",
    "suivez",
    "retrouvez",
    "photo",
    "photos",
    "video",
    "source",
    "sources",
    "fin",
    "redaction",
    "agence",
    "journal",
    "courrier",
    "service",
    "ville",
    "universite",
    "institut",
    "mairie",
    "club",
];

/// Small words between names and in front of agencies, folded.
const JOINTS: &[&str] = &[
    "et",
    "avec",
    "de",
    "du",
    "des",
    "la",
    "le",
    "l",
    "d",
    "a",
    "au",
    "aux",
    "en",
    "pour",
    "von",
    "van",
    "der",
    "el",
    "al",
    "ben",
    "da",
    "di",
    "par",
    "and",
    "notre",
    "correspondant",
    "correspondante",
    "correspondants",
    "envoye",
    "envoyee",
    "envoyes",
    "special",
    "speciale",
    "speciaux",
    "recueillis",
    "recueilli",
    "propos",
    "texte",
    "redaction",
    "redactions",
];

/// Who signs below a text, by its last lines. `own` are the names of the site, which signs for itself.
pub(crate) fn of_text(text: &str, own: &[&str]) -> Credit {
    let mut credit = Credit::default();
    for line in text.rsplit('\n').filter(|line| !line.is_empty()).take(LAST_LINES) {
        let found = of_line(line, text, own);
        if found.is_empty() {
            break;
        }
        credit.agencies.extend(found.agencies);
        if credit.authors.is_empty() {
            credit.authors = found.authors;
        }
    }
    if credit.agencies.is_empty() {
        credit.agencies = bracketed(text);
    }
    credit.agencies.dedup();
    credit
}

/// The same of a page: the last line of its text may be in the blocks behind that, where what is no part of it was taken out.
pub(super) fn of_page(skim: &Skim, around: Range<usize>, text: &str, own: &[&str]) -> Credit {
    let last = fold(text.rsplit('\n').next().unwrap_or_default());
    let blocks = skim.blocks.get(..around.end).unwrap_or_default();
    let from = around.start.min(blocks.len());
    let ends_at = (from..blocks.len())
        .rev()
        .take(MOST_BEHIND)
        .find(|at| blocks.get(*at).is_some_and(|block| is_end(skim, block, &last)));
    let mut credit = of_text(text, own);
    let Some(ends_at) = ends_at.filter(|_| credit.authors.is_empty()) else {
        return credit;
    };
    for block in skim.blocks.iter().skip(ends_at + 1).take(LAST_LINES) {
        let found = of_line(skim.text(block), text, own);
        if found.is_empty() || block.link_share() > MAX_LINKED {
            break;
        }
        credit.agencies.extend(found.agencies);
        if credit.authors.is_empty() {
            credit.authors = found.authors;
        }
    }
    credit.agencies.dedup();
    credit
}

/// Whether a block is the last of a text, by its words.
fn is_end(skim: &Skim, block: &Block, last: &str) -> bool {
    !last.is_empty() && block.bytes() > 0 && fold(skim.text(block)) == last
}

/// Adds who signs below a text to those whom its source names: people where it names none but itself and agencies, agencies always.
/// The note that says so.
pub(crate) fn sign(authors: &mut Vec<String>, credit: Credit, own: &[&str]) -> Option<Warning> {
    let is_person = |name: &String| {
        let folded = fold(name);
        !is_agency(&folded) && !own.iter().any(|own| fold(own) == folded)
    };
    let mut added: Vec<String> = Vec::new();
    if !authors.iter().any(is_person) {
        // People stand in front of agencies.
        let people: Vec<String> = credit
            .authors
            .into_iter()
            .filter(|name| is_person(name) && !authors.contains(name))
            .collect();
        added.extend(people.iter().cloned());
        authors.splice(..0, people);
    }
    for agency in credit.agencies {
        if !authors.contains(&agency) {
            added.push(agency.clone());
            authors.push(agency);
        }
    }
    (!added.is_empty()).then(|| Warning::new(WarningCode::AuthorsFromByline, added.join(", ")))
}

/// Who signs in a line below a text; nobody where it is not certain.
pub(super) fn of_line(line: &str, text: &str, own: &[&str]) -> Credit {
    let line = line
        .trim()
        .trim_start_matches(['(', '[', '—', '–', '-', '*', '•', '/', ' ', '\u{a0}'])
        .trim_end_matches([')', ']', '*', '.', ' ', '\u{a0}']);
    let mut credit = Credit::default();
    if line.is_empty() || line.len() > MAX_BYTES || word_count(line) > MAX_WORDS || !is_all_names(line) {
        return credit;
    }
    credit.add(line);
    let says_so = says_who_asked(line) || is_byline(line) || !credit.agencies.is_empty();
    credit.authors.retain(|name| {
        let folded = fold(name);
        is_plain_name(name)
            && name
                .split(' ')
                .any(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 2)
            && !NO_PERSON.contains(&folded.split(' ').next().unwrap_or_default())
            && !own.iter().any(|own| fold(own) == folded)
    });
    let stands_alone =
        || is_lone_name(line) && word_count(text) >= MIN_TEXT_WORDS && is_of_nobody_in(line, text);
    if !(says_so || stands_alone()) {
        return Credit::default();
    }
    credit
}

/// Whether each word of a line begins with a capital or joins names.
fn is_all_names(line: &str) -> bool {
    line.split_whitespace().all(|word| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        bare.is_empty()
            || bare.starts_with(char::is_uppercase)
            || fold(bare)
                .split(' ')
                .all(|part| JOINTS.contains(&part) || is_agency(part))
            // "l’AFP", "d’Anne Roux"
            || bare
                .split_once(['’', '\''])
                .is_some_and(|(_, name)| name.starts_with(char::is_uppercase))
    })
}

/// Whether a line is the name of one person, which no sign ends.
fn is_lone_name(line: &str) -> bool {
    let words = word_count(line);
    (2..=MAX_NAME_WORDS).contains(&words) && is_plain_name(line)
}

/// Whether a text speaks of nobody of this name above its last lines, nor ends with what somebody said, whom the name would be of.
fn is_of_nobody_in(name: &str, text: &str) -> bool {
    let Some((above, _)) = text.trim_end().rsplit_once(name) else {
        return true;
    };
    let Some(surname) = name.split(' ').next_back() else {
        return false;
    };
    let above = above
        .trim_end()
        .trim_end_matches(['(', '—', '–', '-', ' '])
        .trim_end();
    above.ends_with(['.', '!', '?', '…', ')']) && !fold(above).split(' ').any(|word| word == fold(surname))
}

/// The agencies in brackets that end a text: "(avec Reuters)", "(AFP et Reuters)".
fn bracketed(text: &str) -> Vec<String> {
    let text = text.trim_end().trim_end_matches('.');
    let inside = text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('))
        .map(|(_, inside)| inside)
        .filter(|inside| inside.len() <= MAX_BYTES && is_all_names(inside));
    let mut credit = Credit::default();
    if let Some(inside) = inside {
        credit.add(inside);
    }
    credit.agencies
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "Le pont de la scierie a rouvert lundi matin, après neuf mois de travaux suivis de près par les \
                        habitants. Les riverains, qui faisaient un détour de douze kilomètres, ont klaxonné en passant. Paul Durand, \
                        le maire, promet une visite tous les deux ans, et davantage de bancs sur les deux rives.";

    fn signed(line: &str) -> String {
        of_text(&format!("{BODY}\n\n{line}"), &["Le Courrier du Lac", "Sud Ouest"])
            .into_names()
            .join("|")
    }

    #[test]
    fn who_signs_below_a_text_is_told() {
        for (line, names) in [
            ("Jeanne Martin", "Jeanne Martin"),
            ("Jeanne MARTIN", "Jeanne MARTIN"),
            ("Jeanne Martin.", "Jeanne Martin"),
            ("— Jeanne Martin", "Jeanne Martin"),
            ("J. M. avec AFP", "AFP"),
            ("J.M. avec AFP", "AFP"),
            ("Jeanne Martin avec AFP", "Jeanne Martin|AFP"),
            ("Jeanne Martin (avec Reuters)", "Jeanne Martin|Reuters"),
            ("(avec Reuters)", "Reuters"),
            ("Avec AFP", "AFP"),
            ("Le Courrier du Lac avec AFP", "AFP"),
            ("La rédaction avec l’AFP", "AFP"),
            ("Propos recueillis par Jeanne Martin", "Jeanne Martin"),
            (
                "Propos recueillis par Jeanne Martin et Léa Roux",
                "Jeanne Martin|Léa Roux",
            ),
            ("Par Jeanne Martin", "Jeanne Martin"),
            ("Jeanne Martin\n\n(AFP)", "Jeanne Martin|AFP"),
            // Whom the text speaks of, a place, a title, a sentence.
            ("Paul Durand", ""),
            ("Saint Malo", ""),
            ("La Baule", ""),
            ("Sud Ouest", ""),
            ("Par ailleurs, le port rouvre.", ""),
            ("Avec le temps, tout rouvre", ""),
            ("Jeanne", ""),
            ("J. M.", ""),
        ] {
            assert_eq!(signed(line), names, "{line}");
        }
        let quoted = format!("{BODY} « Il faut de la patience. »\n\nJeanne Martin");
        assert!(of_text(&quoted, &[]).is_empty());
        assert!(of_text("Jeanne Martin", &[]).is_empty());
        let ended = of_text("Le vote a eu lieu lundi (AFP et Reuters).", &[]);
        assert_eq!(ended.into_names().join("|"), "AFP|Reuters");
    }

    proptest::proptest! {
        #[test]
        fn who_signs_stands_in_the_text(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "Jeanne", "Martin", "J.", "avec", "(", ")", "et", "l’", "—", "É", "\u{a0}", "\n\n", "Par", "Propos recueillis par",
                    "Fin.", "*", "/",
                ]),
                0..14,
            ),
            glue in proptest::sample::select(vec!["", " "]),
        ) {
            let text = words.join(glue);
            for name in of_text(&text, &[]).authors {
                for word in name.split(' ') {
                    proptest::prop_assert!(text.contains(word), "{name}");
                }
            }
        }
    }
}
