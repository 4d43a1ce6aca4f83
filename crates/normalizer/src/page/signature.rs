//! Who signs a page: people and agencies, from what machines read and from the line that readers see.
//!
//! In: what linked data say, and the [`Skim`]. Out: names. Names for machines come first; where a site signs for its writers
//! ("Le Quotidien", "La rédaction"), the line under the title is asked for them: one that begins as bylines do ("Par …"), a
//! link to a writer's page, an element named for its author, or a name alone beside the date. A site that signs for itself is
//! no author; its name is a field of its own.

use depeche_model::{Precision, Warning, WarningCode};

use super::byline::{self, Credit};
use super::classes::Hints;
use super::date_lines::{Mention, mentions, unglued};
use super::dates::is_date_line;
use super::places::{Place, Places};
use super::score::ends_sentence;
use super::skim::{Block, Kind, Link, Skim, Target};
use crate::text::fold;
use crate::urls;

/// Blocks before and behind the heading among which the byline stands.
const BLOCKS_BEFORE: usize = 4;
const BLOCKS: usize = 40;

/// Words of a byline with its date.
const MAX_WORDS: usize = 24;

/// Bytes of it.
const MAX_BYTES: usize = 400;

/// Blocks behind the heading in which a line that is a date may name people.
const DATED_BLOCKS: usize = 12;

/// What stands between two names that have an element each.
const JOINERS: &[&str] = &[",", "et", "&", "/", ";", "and", ", et"];

const WEEKDAYS: &[&str] = &[
    "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
];

/// Words of a line that says which agency's text a site took.
const MAX_AGENCY_WORDS: usize = 6;

/// Words of a site's name.
const MAX_SITE_WORDS: usize = 8;

/// Names of `meta` elements that name writers, the most exact first.
const METAS: &[&str] = &[
    "author",
    "article:author",
    "dc.creator",
    "dcterms.creator",
    "parsely-author",
    "sailthru.author",
    "og:article:author",
    "cxenseparse:author",
];

/// The site, as it may sign.
#[derive(Debug)]
pub(super) struct Site {
    /// Its name, folded.
    name: Option<String>,
    /// The name that its address has, without separators.
    label: Option<String>,
}

impl Site {
    pub(super) fn of(name: Option<&str>, url: &str) -> Self {
        let host = urls::host(url).unwrap_or_default();
        let mut labels = host.rsplit('.').skip(1);
        // `co.uk`, `com.ma`: the name stands before.
        let label = labels.find(|label| !matches!(*label, "co" | "com" | "org" | "net" | "gouv" | "asso"));
        Self {
            name: name.map(fold),
            label: label
                .map(|label| label.replace('-', ""))
                .filter(|label| label.len() > 1),
        }
    }

    /// The line behind the site's name: "Le Courrier Jeanne MARTIN".
    fn behind_name<'a>(&self, line: &'a str) -> &'a str {
        let Some(name) = &self.name else { return line };
        line.match_indices(' ')
            .take(MAX_SITE_WORDS)
            .find(|(at, _)| line.get(..*at).is_some_and(|start| fold(start) == *name))
            .and_then(|(at, _)| line.get(at + 1..))
            .unwrap_or(line)
    }

    /// Whether a name is the site's, or nobody's.
    pub(super) fn signs(&self, name: &str) -> bool {
        let name = fold(name);
        let squashed = name.replace(' ', "");
        // "Onde locale Creuse" is one of its houses.
        self.name.as_ref().is_some_and(|own| {
            name.strip_prefix(own.as_str())
                .is_some_and(|house| house.is_empty() || (own.len() > 3 && house.starts_with(' ')))
        }) || self.label.as_ref() == Some(&squashed)
            || matches!(
                name.as_str(),
                "admin" | "administrateur" | "administrator" | "webmaster" | "web"
            )
            || [
                "redaction",
                "la redaction",
                "les redactions",
                "notre redaction",
                "editorial team",
            ]
            .iter()
            .any(|start| {
                name.strip_prefix(start)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
    }
}

/// Names of people, then of agencies; notes which were read out of a line for readers.
pub(super) fn read(
    skim: &Skim,
    title: Option<usize>,
    mut credit: Credit,
    site: &Site,
    notes: &mut Vec<Warning>,
) -> Vec<String> {
    let head = &skim.head;
    if credit.authors.is_empty() {
        for name in METAS {
            for (_, content) in head.metas.iter().filter(|(known, _)| known == name) {
                credit.add(content);
            }
            if !credit.authors.is_empty() {
                break;
            }
        }
    }
    if credit.authors.is_empty() {
        head.authors.iter().for_each(|author| credit.add(author));
    }
    credit.authors.retain(|name| !site.signs(name));
    let shown = Byline::new(skim, title, site).read(credit.authors.is_empty());
    if credit.authors.is_empty() && !shown.authors.is_empty() {
        credit.authors = shown.authors;
        notes.push(WarningCode::AuthorsFromByline.into());
    }
    for agency in shown.agencies {
        if !credit.agencies.contains(&agency) {
            notes.push(Warning::new(WarningCode::AuthorsFromByline, &agency));
            credit.agencies.push(agency);
        }
    }
    credit.into_names()
}

/// The line under the title, or above the text, that names its writers.
struct Byline<'a> {
    skim: &'a Skim,
    title: Option<usize>,
    site: &'a Site,
    /// Blocks that are said of the article, with their numbers.
    near: Vec<(usize, &'a Block)>,
    /// Links to writers' pages.
    links: Vec<&'a Link>,
    credit: Credit,
}

impl<'a> Byline<'a> {
    fn new(skim: &'a Skim, title: Option<usize>, site: &'a Site) -> Self {
        let from = title.unwrap_or(0).saturating_sub(BLOCKS_BEFORE);
        let places = Places::of(skim, title);
        let until = places.others().min(from + BLOCKS);
        let blocks = skim.blocks.iter().enumerate().take(until).skip(from);
        let near = blocks
            .filter(|(number, block)| {
                block.words <= MAX_WORDS
                    && block.bytes() <= MAX_BYTES
                    // Whose words a quote is did not write the article.
                    && !skim.around(block.element).take(3).any(|element| skim.is_quote(element))
                    && (places.of_element(block.element, *number, true) != Place::Foreign
                        || places.of_labels(block.element) == Place::Own)
            })
            .collect();
        let links = skim.head.links.iter();
        Self {
            skim,
            title,
            site,
            near,
            links: links.filter(|link| link.target == Target::Author).collect(),
            credit: Credit::default(),
        }
    }

    /// Looks for it. Where the writers are known already (`search` unset), only a line that begins as bylines do is asked
    /// for agencies.
    fn read(mut self, search: bool) -> Credit {
        let found = if search {
            self.said_or_linked() || self.named() || self.dated()
        } else {
            let lines: Vec<&str> = self.near.iter().map(|(_, block)| self.skim.text(block)).collect();
            lines
                .into_iter()
                .any(|line| byline::is_byline(line) && self.take(line))
        };
        if !found {
            self.credit = Credit::default();
        }
        self.lone_agency();
        self.credit
    }

    /// An agency by itself, below the text mostly: "(avec AFP)".
    fn lone_agency(&mut self) {
        for (_, block) in &self.near {
            let text = self.skim.text(block);
            if block.words <= 4 && (text.starts_with('(') || fold(text).starts_with("avec ")) {
                let mut lone = Credit::default();
                lone.add(text);
                lone.agencies
                    .retain(|agency| !self.credit.agencies.contains(agency));
                self.credit.agencies.append(&mut lone.agencies);
            }
        }
    }

    /// The same of a line that says a date too: beside that, a word by itself is a place.
    fn take_people(&mut self, line: &str) -> bool {
        let known = self.credit.authors.len();
        self.take(line);
        let is_place = |name: &String| !name.contains(' ');
        let mut number = 0;
        self.credit.authors.retain(|name| {
            number += 1;
            number <= known || !is_place(name)
        });
        !self.credit.authors.is_empty() || !self.credit.agencies.is_empty()
    }

    /// Adds the names of a line, the site's own left out; whether there were any.
    fn take(&mut self, line: &str) -> bool {
        let mut found = Credit::default();
        let names = self.site.behind_name(line);
        // What follows the site's name is a person's, or no name at all.
        if names.len() == line.len() || is_plain_name(names.trim_end_matches('.')) {
            found.add(names);
        } else {
            found.add(line);
        }
        found.authors.retain(|name| !self.site.signs(name));
        for agency in found.agencies {
            if !self.credit.agencies.contains(&agency) {
                self.credit.agencies.push(agency);
            }
        }
        self.credit.authors.append(&mut found.authors);
        !self.credit.authors.is_empty() || !self.credit.agencies.is_empty()
    }

    /// A line that begins as bylines do, or links to writers' pages; whichever comes first.
    fn said_or_linked(&mut self) -> bool {
        for (number, block) in self.near.clone() {
            let text = self.skim.text(block);
            if byline::is_byline(text) && self.take(text) {
                return true;
            }
            // "De Jeanne Martin", the name a link.
            let of = text.strip_prefix("De ").filter(|_| block.link_bytes > 0);
            if of.is_some_and(|names| is_plain_name(names) && self.take(names)) {
                return true;
            }
            if self.title.is_some_and(|title| number < title) && block.link_share() < 0.9 {
                continue;
            }
            let linked = |from: usize, to: usize| {
                let links = self.links.iter();
                links
                    .filter(|link| (from..=to).contains(&link.block))
                    .map(|link| link.text.clone())
                    .collect::<Vec<String>>()
            };
            let (here, behind) = (linked(number, number), linked(number + 1, number + 2));
            let mut found = false;
            for name in here {
                found |= self.take(&name);
            }
            if found {
                for name in behind {
                    self.take(&name);
                }
                return true;
            }
        }
        false
    }

    /// An element that is named for its author, or a name in one that is named for what the article is known by.
    fn named(&mut self) -> bool {
        let skim = self.skim;
        let near = self.near.clone();
        let authors = near
            .iter()
            .filter(|(_, block)| is_hinted(skim, block, Hints::AUTHOR));
        let names = near
            .iter()
            .filter(|(_, block)| is_hinted(skim, block, Hints::BYLINE) && is_plain_name(skim.text(block)));
        let mut hinted = authors.chain(names);
        let Some((first, _)) = hinted.find(|(_, block)| self.take(skim.text(block))).copied() else {
            return false;
        };
        // Each of several names may have an element of its own.
        let mut last = first;
        for (number, block) in &near {
            let is_joined = match number.checked_sub(last) {
                Some(1) => {
                    let (one, other) = (
                        &skim.elements[skim.blocks[last].element],
                        &skim.elements[block.element],
                    );
                    one.class == other.class && one.tag == other.tag
                }
                Some(2) => JOINERS.contains(&skim.text(&skim.blocks[last + 1])),
                _ => false,
            };
            if is_joined && is_hinted(skim, block, Hints::AUTHOR) && is_plain_name(skim.text(block)) {
                self.take(skim.text(block));
                last = *number;
            }
        }
        true
    }

    /// A name in the line of the date, or by itself beside it.
    fn dated(&mut self) -> bool {
        let (skim, title) = (self.skim, self.title);
        let near = self.near.clone();
        let behind_title = near
            .iter()
            .filter(|(number, _)| title.is_none_or(|title| *number > title));
        let lines: Vec<_> = behind_title.take(DATED_BLOCKS).copied().collect();
        for (number, block) in lines {
            let text = skim.text(block);
            if byline::is_dated(text) {
                // "Paris (AFP)": a place, not a name.
                let names = byline::agency_of_text(text).unwrap_or(text);
                if self.take_people(names) {
                    return true;
                }
            }
            // A sentence that speaks of a year or a day dates nothing, and among the facts of a list a date is the article's
            // where nothing else stands with it.
            let dates = mentions(text, &skim.dates);
            let is_sentence = ends_sentence(text) && dates.iter().all(|date| date.role.is_none());
            let is_dated = |mention: &Mention| {
                mention.date.precision < Precision::Year
                    && (block.kind != Kind::Item
                        || mention.role.is_some()
                        || (mention.date.precision <= Precision::Day
                            && is_date_line(mention, text, block.words)))
            };
            if is_sentence || !dates.iter().any(is_dated) {
                continue;
            }
            if before_date(text, self.site).is_some_and(|names| self.take(&names)) {
                return true;
            }
            // "Publié le 12 août 2025 à 6h02 par Anne Martin".
            if let Some((_, names)) = text.rsplit_once(" par ")
                && is_signature(names)
                && self.take(names)
            {
                return true;
            }
            let beside = near.iter().filter(|(other, block)| {
                other.abs_diff(number) == 1 && Some(*other) != title && block.link_share() < 0.1
            });
            for (_, block) in beside {
                let text = skim.text(block);
                if is_signature(text) && self.take(text) {
                    return true;
                }
            }
        }
        false
    }
}

/// Whether a block stands in an element of such a name.
fn is_hinted(skim: &Skim, block: &Block, hint: Hints) -> bool {
    let mut around = skim.around(block.element).take(3);
    around.any(|element| skim.elements[element].hints.contains(hint))
}

/// What stands in front of the date of a line, or of what announces it, where it can be names.
fn before_date(line: &str, site: &Site) -> Option<String> {
    let line = unglued(line);
    let folded_end = [
        "Publié",
        "publié",
        "Mis à jour",
        "mis à jour",
        "Posté",
        "Le ",
        " le ",
    ]
    .iter()
    .filter_map(|label| line.find(label))
    .min()
    .or_else(|| line.find(|c: char| c.is_ascii_digit()))?;
    let before = line.get(..folded_end)?;
    if let Some((_, names)) = before.rsplit_once("Par ") {
        return Some(names.trim().to_owned());
    }
    let strokes = [' ', '-', '–', '—', '|', '·', '•', ',', ':'];
    let before = before.trim().trim_end_matches(strokes);
    // "Jeanne Martin Dimanche 11 janvier": the day is the date's.
    let before = match before.rsplit_once(' ') {
        Some((names, day)) if WEEKDAYS.contains(&fold(day).as_str()) => names.trim_end_matches(strokes),
        _ => before,
    };
    let is_signed =
        is_plain_name(site.behind_name(before).trim_end_matches('.')) || byline::is_agency(&fold(before));
    is_signed.then(|| before.to_owned())
}

/// Whether a line is a name, with what its bearer is behind a comma, or an agency with what took its text.
fn is_signature(text: &str) -> bool {
    let name = text.split_once(", ").map_or(text, |(name, _)| name);
    if is_plain_name(name)
        && !["La ", "Le ", "Les "]
            .iter()
            .any(|article| name.starts_with(article))
    {
        let mut credit = Credit::default();
        credit.add(text);
        return credit.authors.len() == 1;
    }
    let mut credit = Credit::default();
    credit.add(text);
    !credit.agencies.is_empty() && text.split(' ').count() <= MAX_AGENCY_WORDS
}

/// Among dates and counts a name is two words to five that begin with a capital, particles aside.
pub(super) fn is_plain_name(text: &str) -> bool {
    let particles = [
        "de", "du", "la", "le", "des", "von", "van", "der", "el", "al", "ben", "da", "di", "dos",
    ];
    let words: Vec<&str> = text.split(' ').collect();
    let capitals = words
        .iter()
        .filter(|word| word.starts_with(char::is_uppercase))
        .count();
    (2..=5).contains(&words.len())
        && (2..=3).contains(&capitals)
        && words
            .first()
            .is_some_and(|word| word.starts_with(char::is_uppercase))
        && words
            .iter()
            .all(|word| word.starts_with(char::is_uppercase) || particles.contains(word))
        && text
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '’' | '\''))
}
