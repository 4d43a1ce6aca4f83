//! Bylines: who wrote it, and which agency.
//!
//! In: what a page has where its author should stand: a name, several, "Par Jeanne Martin avec AFP", "De notre
//! correspondant à Rome, Paul Durand". Out: names and agencies, one each.

use depeche_feed::parse_date;
use depeche_model::Precision;

use super::skim::shortened;
use crate::text::{Line, fold, line_kind};

/// Agencies as bylines name them, folded, and as they are written.
const AGENCIES: &[(&str, &str)] = &[
    ("afp", "AFP"),
    ("agence france presse", "AFP"),
    ("reuters", "Reuters"),
    ("ap", "AP"),
    ("associated press", "AP"),
    ("ats", "ATS"),
    ("keystone ats", "Keystone-ATS"),
    ("belga", "Belga"),
    ("agence belga", "Belga"),
    ("la presse canadienne", "La Presse canadienne"),
    ("presse canadienne", "La Presse canadienne"),
    ("pc", "La Presse canadienne"),
    ("dpa", "dpa"),
    ("efe", "EFE"),
    ("ansa", "ANSA"),
    ("bloomberg", "Bloomberg"),
    ("xinhua", "Xinhua"),
    ("aps", "APS"),
    ("map", "MAP"),
    ("tap", "TAP"),
    ("apa", "APA"),
    ("aip", "AIP"),
    ("panapress", "Panapress"),
    ("anadolu", "Anadolu"),
    ("agence anadolu", "Anadolu"),
    ("relaxnews", "Relaxnews"),
    ("etx daily up", "ETX Daily Up"),
    ("etx studio", "ETX Studio"),
    ("agence radio france", "Radio France"),
];

/// What stands before names, folded; the longest of those that begin alike first.
const LEADS: &[&str] = &[
    "propos recueillis par",
    "propos recueillis a",
    "recueilli par",
    "un article de",
    "une enquete de",
    "un reportage de",
    "une chronique de",
    "texte et photos",
    "textes et photos",
    "textes",
    "texte",
    "article redige par",
    "article ecrit par",
    "redige par",
    "ecrit par",
    "publie par",
    "poste par",
    "signe par",
    "posted by",
    "written by",
    "reported by",
    "by",
    "par",
    "von",
    "por",
];

/// What begins a part that is no name, folded.
const NO_NAMES: &[&str] = &[
    "de notre",
    "notre",
    "envoye",
    "envoyee",
    "envoyes",
    "correspondant",
    "correspondante",
    "correspondants",
    "journaliste",
    "redacteur",
    "redactrice",
    "chef",
    "grand reporter",
    "directeur",
    "directrice",
    "publie",
    "diffuse",
    "disponible",
    "mis a jour",
    "modifie",
    "service",
    "special",
    "speciale",
    "chercheur",
    "professeur",
    "editorialiste",
    "chroniqueur",
    "photographe",
    "photo",
    "photos",
    "photographie",
    "photographies",
    "seul le prononce",
    "propos",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "il y a",
    "temps",
    "lecture",
    "suivre",
    "staff",
    "reporter",
    "senior",
    "editor",
    "auteur",
    "collaboration",
    "professeure",
    "chercheuse",
    "maitre de conferences",
    "maitresse de conferences",
    "doctorant",
    "doctorante",
    "enseignant",
    "enseignante",
    "docteur en",
    "docteure en",
    "sociologue",
    "politologue",
    "historien",
    "historienne",
    "economiste",
    "philosophe",
    "avocat",
    "avocate",
    "ecrivain",
    "ecrivaine",
    "essayiste",
    "universite",
    "institut",
    "ecole",
    "cnrs",
    "sciences po",
    "avec",
    "copyright",
    "numero",
    "tous droits",
    "published",
    "posted",
    "updated",
    "ajouter",
    // What "par" leads to besides names: "Par ailleurs, le port rouvre".
    "ailleurs",
    "exemple",
    "contre",
    "consequent",
];

/// What stands behind a name without a comma, folded.
const ROLES_BEHIND: &[&str] = &[
    "journaliste",
    "redacteur en chef",
    "redactrice en chef",
    "redacteur",
    "redactrice",
    "correspondant",
    "correspondante",
    "envoye special",
    "envoyee speciale",
    "chef de service",
    "cheffe de service",
    "suivre",
    "publie",
    "mis a jour",
    "modifie",
    "staff writer",
    "senior reporter",
];

/// What is said in brackets of those who made the pictures, folded.
const PICTURES: &[&str] = &["photo", "image", "illustration", "dessin", "video", "infographie"];

/// How the line begins that names who asked the questions of an interview, folded.
const ASKERS: &[&str] = &[
    "propos recueillis",
    "recueilli par",
    "recueillis par",
    "entretien realise par",
];

/// Bytes of a byline; the longest name eight people.
const MAX_LINE: usize = 300;

/// Names that a line is compared with; pages that list hundreds of writers sign with a few.
const MAX_NAMES: usize = 12;

/// Names are shorter than this, in characters.
const MAX_NAME: usize = 60;

/// Whether a line names who asked the questions of an interview.
pub(super) fn says_who_asked(line: &str) -> bool {
    let folded = fold(shortened(line, MAX_LINE));
    ASKERS.iter().any(|start| folded.starts_with(start))
}

/// Authors and agencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Credit {
    pub(crate) authors: Vec<String>,
    pub(crate) agencies: Vec<String>,
}

impl Credit {
    pub(crate) fn is_empty(&self) -> bool {
        self.authors.is_empty() && self.agencies.is_empty()
    }

    /// Adds what a byline says.
    pub(crate) fn add(&mut self, written: &str) {
        // Some typeset names with spaces that do not break.
        let written = shortened(written, MAX_LINE).replace(['\u{a0}', '\u{202f}'], " ");
        let line = without_brackets(&written, self);
        // "Texte et photos : Jeanne Martin" parts at its colon and not at its "et".
        let line = match line.split_once(':') {
            Some((lead, names)) if is_lead(lead) => names.trim_start(),
            _ => line.as_str(),
        };
        for part in parts(line) {
            let part = without_role(without_date(without_lead(part.trim())));
            let folded = fold(part);
            if let Some(agency) = agency(&folded) {
                push(&mut self.agencies, agency);
            // "Par Léa Fournel, météorologue": a pen name in small letters stands alone.
            } else if is_name(part, &folded)
                && (self.authors.is_empty() || part.contains(' ') || part.starts_with(char::is_uppercase))
            {
                push(&mut self.authors, part);
            }
        }
    }

    /// Authors, then agencies.
    pub(crate) fn into_names(self) -> Vec<String> {
        let mut names = self.authors;
        for agency in self.agencies {
            push(&mut names, &agency);
        }
        names
    }
}

/// Whether a line is what stands before names and nothing else: the names are in an element of their own.
pub(super) fn is_lead(line: &str) -> bool {
    LEADS.contains(&fold(line).as_str())
}

/// Whether a line is some of these names and what joins them.
pub(super) fn is_names_of(line: &str, authors: &[String]) -> bool {
    let mut rest = format!(" {} ", fold(shortened(line, MAX_LINE)));
    let mut found = false;
    for author in authors.iter().take(MAX_NAMES) {
        let name = format!(" {} ", fold(author));
        if name.trim().contains(' ') && rest.contains(&name) {
            rest = rest.replace(&name, " ");
            found = true;
        }
    }
    found
        && rest
            .split_whitespace()
            .all(|word| matches!(word, "et" | "par" | "avec" | "and" | "by" | "und"))
}

/// Whether a line is some of these names with a date behind them, glued to it or not: "Jeanne Martin17 mars 2026 à 19h00".
pub(super) fn is_date_behind(line: &str, authors: &[String]) -> bool {
    let mut rest = shortened(line, MAX_LINE).to_owned();
    let mut found = false;
    for author in authors.iter().take(MAX_NAMES) {
        if author.contains(' ') && rest.contains(author.as_str()) {
            rest = rest.replace(author.as_str(), " ");
            found = true;
        }
    }
    let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let rest = ["et ", "Par ", "par "]
        .iter()
        .find_map(|joint| rest.strip_prefix(joint))
        .unwrap_or(rest);
    found && parse_date(rest.trim_start_matches(|c: char| !c.is_alphanumeric())).is_some()
}

/// Whether a line begins as bylines do.
pub(super) fn is_byline(line: &str) -> bool {
    let folded = fold(line);
    if line.chars().count() >= 160 {
        return false;
    }
    [
        "de notre correspondant",
        "de notre envoye",
        "de nos correspondants",
        "de nos envoyes",
    ]
    .iter()
    .any(|lead| folded.starts_with(lead))
        || LEADS.iter().any(|lead| {
            *lead != "texte"
                && folded
                    .strip_prefix(lead)
                    .is_some_and(|rest| rest.starts_with(' '))
        })
}

/// The agency of a text that begins `PARIS (AFP) —` or ends `(AFP)`.
pub(crate) fn agency_of_text(text: &str) -> Option<&'static str> {
    let start: String = text.chars().take(60).collect();
    let end = text.trim_end().lines().next_back().unwrap_or("");
    let bracketed = |part: &str| {
        let (_, rest) = part.split_once('(')?;
        agency(&fold(rest.split_once(')')?.0))
    };
    bracketed(&start).or_else(|| {
        let last = end.trim_end_matches('.').strip_suffix(')')?.rsplit_once('(')?.1;
        agency(&fold(last))
    })
}

/// Whether a folded text is the name of an agency.
pub(super) fn is_agency(folded: &str) -> bool {
    agency(folded).is_some()
}

fn agency(folded: &str) -> Option<&'static str> {
    let name = ["l ", "avec l ", "avec "]
        .iter()
        .find_map(|lead| folded.strip_prefix(lead))
        .unwrap_or(folded);
    AGENCIES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, written)| *written)
}

fn push(names: &mut Vec<String>, name: &str) {
    let folded = fold(name);
    if !names.iter().any(|known| fold(known) == folded) {
        names.push(name.to_owned());
    }
}

/// The line without what stands in brackets; an agency there counts.
fn without_brackets(line: &str, credit: &mut Credit) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('(') {
        out.push_str(before);
        let (inside, behind) = after.split_once(')').unwrap_or((after, ""));
        if PICTURES.iter().any(|word| fold(inside).starts_with(word)) {
            // Who took the pictures did not write the article.
            let end = [" et ", ",", ";", "/", " & "]
                .iter()
                .filter_map(|end| out.rfind(end))
                .max();
            out.truncate(end.unwrap_or(out.len()));
        }
        for part in parts(inside) {
            if let Some(agency) = agency(&fold(part)) {
                push(&mut credit.agencies, agency);
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn parts(line: &str) -> Vec<&str> {
    let mut parts = vec![line];
    for separator in [
        ",", ";", "/", "|", "•", "·", " – ", " — ", " - ", " et ", " and ", " & ", " avec ", " with ",
        " pour ", " und ", "\n",
    ] {
        parts = parts.into_iter().flat_map(|part| part.split(separator)).collect();
    }
    // "avec AFP" by itself.
    parts
        .into_iter()
        .map(|part| {
            let trimmed = part.trim();
            ["avec ", "Avec ", "with ", "et "]
                .iter()
                .find_map(|start| trimmed.strip_prefix(start))
                .unwrap_or(trimmed)
        })
        .collect()
}

/// The part behind "Par", "Propos recueillis par" and the like.
fn without_lead(part: &str) -> &str {
    for lead in LEADS {
        let words = lead.split(' ').count();
        let mut rest = part;
        for _ in 0..words {
            rest = rest
                .trim_start()
                .split_once(char::is_whitespace)
                .map_or("", |(_, rest)| rest);
        }
        let taken = part.len() - rest.len();
        let start = part.get(..taken).unwrap_or_default();
        if !rest.trim().is_empty() && fold(start) == *lead {
            return without_lead(rest.trim_start_matches([':', ' ', '\u{a0}']));
        }
    }
    part.trim_matches([':', ' ', '\u{a0}', '.', '*'])
}

/// The name in front of what its bearer is, where no comma stands between: "Jeanne Martin Journaliste".
fn without_role(part: &str) -> &str {
    let mut words = 0;
    for (at, _) in part.match_indices(' ') {
        words += 1;
        let rest = part.get(at + 1..).unwrap_or_default();
        let behind = fold(rest);
        if words >= 1
            && ROLES_BEHIND.iter().any(|role| {
                behind
                    .strip_prefix(role)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
        {
            return part.get(..at).unwrap_or(part).trim_end();
        }
    }
    part
}

/// The part before "le 5 février" and "on May 5".
fn without_date(part: &str) -> &str {
    for lead in [" le ", " Le ", " on ", " am "] {
        if let Some((before, after)) = part.split_once(lead)
            && after.chars().any(|c| c.is_ascii_digit())
        {
            return before.trim_end();
        }
    }
    part
}

/// Whether a line names people in front of or behind a date.
pub(super) fn is_dated(line: &str) -> bool {
    // A date may have the strokes that part names too: "Publié le 05/02/2026".
    line.chars().count() < 160
        && line
            .split(" - ")
            .chain(parts(line))
            // A year alone is a film's, a town's treaty: "France, 2026, 1 h 52".
            .any(|part| parse_date(part).is_some_and(|date| date.precision <= Precision::Day))
}

fn is_name(part: &str, folded: &str) -> bool {
    let words = folded.split(' ').count();
    let first = part.chars().next();
    (1..=6).contains(&words)
        && part.chars().count() <= MAX_NAME
        // Initials name nobody.
        && folded.split(' ').any(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1)
        && !part.contains(['@', '<', '{', '_', '?', '!', '#', ':'])
        && !folded.starts_with("http")
        && !part.contains("://")
        && !part.chars().any(|c| c.is_ascii_digit() && words > 2)
        && !folded.split(' ').any(|word| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()))
        && parse_date(part).is_none()
        && !LEADS.contains(&folded)
        && first.is_some_and(|c| {
            c.is_uppercase()
                || (c.is_ascii_digit() && second_is_upper(part))
                || (part.contains(' ') && starts_with_particle(part))
                || (words == 1 && c.is_alphabetic())
        })
        && !["à ", "À ", "au ", "aux ", "en ", "le "]
            .iter()
            .any(|start| part.starts_with(start))
        && !NO_NAMES.iter().any(|start| {
            folded
                .strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
        // "Partager sur Facebook" stands in boxes that are named for the author.
        && line_kind(part) == Line::Text
}

fn second_is_upper(part: &str) -> bool {
    let second = part.split(' ').nth(1).and_then(|word| word.chars().next());
    second.is_some_and(char::is_uppercase)
}

fn starts_with_particle(part: &str) -> bool {
    ["de ", "d'", "d’", "von ", "van ", "al-", "el-", "ben ", "du "]
        .iter()
        .any(|particle| part.starts_with(particle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bylines_name_authors_and_agencies() {
        for (written, names) in [
            ("Par Jeanne Martin avec AFP", "Jeanne Martin+AFP"),
            ("Jeanne Martin", "Jeanne Martin"),
            ("Par Jeanne Martin et Paul Durand", "Jeanne Martin|Paul Durand"),
            ("Propos recueillis par Anne-Lise Roux", "Anne-Lise Roux"),
            ("De notre correspondant à Rome, Éric Jozan", "Éric Jozan"),
            (
                "Jeanne Martin (à Rome), Paul Durand et Léa N’Guyen",
                "Jeanne Martin|Paul Durand|Léa N’Guyen",
            ),
            ("Le Quotidien avec AFP et Reuters", "Le Quotidien+AFP|Reuters"),
            ("PAR JEANNE MARTIN, ENVOYÉE SPÉCIALE À KIEV", "JEANNE MARTIN"),
            ("Par AFP", "+AFP"),
            ("Agence France-Presse", "+AFP"),
            ("La Presse Canadienne", "+La Presse canadienne"),
            (
                "Par Jean de La Fontaine, le 5 février 2026 à 18h30",
                "Jean de La Fontaine",
            ),
            ("By Alice Smith and Bob Jones", "Alice Smith|Bob Jones"),
            ("Texte : Jeanne Martin / Photos : Paul Durand", "Jeanne Martin"),
            ("https://www.example.org/auteur/1", ""),
            ("Publié le 5 février 2026", ""),
            ("Jeanne Martin | 5 février 2026 à 18h30", "Jeanne Martin"),
            ("20 Minutes avec AFP", "20 Minutes+AFP"),
            ("par", ""),
            ("Par ailleurs, le port rouvre", ""),
            ("Partager sur Facebook", ""),
            ("S’abonner", ""),
            ("Ajouter à vos favoris", ""),
            ("Copyright 2026", ""),
            ("Published 03", ""),
            ("Entre 2019 et 2024", ""),
            ("Numéro 12", ""),
            ("France 24", "France 24"),
            (
                "Par Aminata Fall avec APS le 05/02/2026 | 812 vues | 4 commentaires",
                "Aminata Fall+APS",
            ),
        ] {
            let mut credit = Credit::default();
            credit.add(written);
            let mut found = credit.authors.join("|");
            if !credit.agencies.is_empty() {
                found = format!("{found}+{}", credit.agencies.join("|"));
            }
            assert_eq!(found, names, "{written}");
        }
    }

    #[test]
    fn a_text_says_which_agency_sent_it() {
        assert_eq!(agency_of_text("PARIS (AFP) — Le vote a eu lieu."), Some("AFP"));
        assert_eq!(
            agency_of_text("Le vote a eu lieu.\n\nFin. (Belga)"),
            Some("Belga")
        );
        assert_eq!(agency_of_text("Le vote (contesté) a eu lieu."), None);
    }
}
