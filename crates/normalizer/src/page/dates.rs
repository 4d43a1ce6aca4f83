//! When a page says that its article was published and changed, and how far it can be believed.
//!
//! A page tells its date up to four times: in what is written for machines (JSON-LD, `meta`, microdata), in a line that
//! readers see and that says of itself what it is ("Publié le …"), in one that does not, and in its address. In: these.
//! Out: one date. Machines are the most exact and believed first, except where they name a time before the web, or where
//! what readers see and the address agree on another day: sites that moved to another system stamp their archive with the
//! day of the move. A date that another source contradicts is told to the day only, with a warning; one that stands in the
//! address alone too. A date elsewhere on the page (of a related article, an event, the copyright) is never taken.

use depeche_model::{Precision, Published, Warning, WarningCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::address_date;
use super::byline;
use super::date_evidence::{Evidence, is_same_day};
use super::date_lines::{self, Mention, Role, is_announced, mentions, role_of};
use super::json_ld::{self, Linked};
use super::places::{Place, Places};
use super::score::ends_sentence;
use super::skim::{Head, Kind, Skim, Time};
use crate::text::{fold, shorten};
use depeche_feed::Doubt;

/// When a page says it was published and changed.
#[derive(Debug, Default)]
pub(super) struct Dates {
    pub(super) published: Option<Published>,
    pub(super) modified: Option<Timestamp>,
    /// What was doubtful about it.
    pub(super) warnings: Vec<Warning>,
}

/// No page was on the web before; such a date is the default of a system.
const FIRST_YEAR_ONLINE: i16 = 1991;

/// Blocks before and behind the heading among which the line with the date stands.
const BLOCKS_BEFORE: usize = 6;
const BLOCKS_BEHIND: usize = 40;

/// Words of a line with a date, a writer and what can be done with the article.
const MAX_WORDS: usize = 30;

/// Bytes of such a line: fifteen a word are more than French has.
const MAX_BYTES: usize = 450;

/// Words of what a date is called, in a line that ends as sentences do.
const MAX_LABEL_WORDS: usize = 5;

/// Words behind a date that says nothing of itself: an agency, a count of comments.
const MAX_BEHIND_WORDS: usize = 6;

/// Words of a place or a section in front of it: `LA ROCHE-SUR-YON`, `PORT AU PRINCE`.
const MAX_PLACE_WORDS: usize = 3;

/// Words of a label with a colon: `Date de mise en ligne :`.
const MAX_COLON_WORDS: usize = 5;

/// Characters of a date that cannot be read.
const MAX_DETAIL_CHARS: usize = 120;

/// Words of names in front of it: two people and an agency.
const MAX_NAME_WORDS: usize = 10;

const PUBLISHED: &[&str] = &[
    "article:published_time",
    "og:article:published_time",
    "article:published",
    "article:published_date",
    "article.published",
    "og:published_time",
    "og:pubdate",
    "datepublished",
    "date_published",
    "published_time",
    "published_date",
    "publication_date",
    "publication-date",
    "publicationdate",
    "publish-date",
    "publish_date",
    "publish_time",
    "publishdate",
    "pubdate",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "rnews:datepublished",
    "citation_publication_date",
    "dc.date.issued",
    "dc.date.published",
    "dcterms.issued",
    "dcterms.available",
    "dc.date",
    "dc.date.created",
    "dcterms.created",
    "dcterms.date",
    "date",
];

const MODIFIED: &[&str] = &[
    "article:modified_time",
    "og:article:modified_time",
    "og:updated_time",
    "datemodified",
    "article:modified",
    "last-modified",
    "dcterms.modified",
    "dc.date.modified",
];

/// Reads a page's dates. `title` is the block of the article's heading, `own` is the article's object of JSON-LD.
pub(super) fn read(
    skim: &Skim,
    title: Option<usize>,
    url: &str,
    own: Option<&Value>,
    linked: &Linked,
) -> Dates {
    let mut impossible: Option<String> = None;
    let mut doubts: Vec<(Published, Doubt)> = Vec::new();
    let mut believed = |written: Option<String>| {
        let written = written.filter(|written| !written.trim().is_empty())?;
        let reading = skim
            .date(&written)
            .filter(|reading| is_believable(&reading.published));
        let Some(reading) = reading else {
            impossible.get_or_insert(written);
            return None;
        };
        doubts.extend(reading.doubt.map(|doubt| (reading.published, doubt)));
        Some(reading.published)
    };
    let of_own = |name: &str| own.and_then(|own| json_ld::date(own, name));
    let of_head = |names: &[&str], believed: &mut dyn FnMut(Option<String>) -> Option<Published>| {
        let written = names.iter().flat_map(|name| said(&skim.head, name));
        written.into_iter().find_map(|written| believed(Some(written)))
    };
    let machine = believed(of_own("datePublished"))
        .or_else(|| of_head(PUBLISHED, &mut believed))
        .or_else(|| believed(of_own("dateCreated")))
        .or_else(|| believed(linked.page_published.clone()));
    let modified = believed(of_own("dateModified"))
        .or_else(|| of_head(MODIFIED, &mut believed))
        .or_else(|| believed(linked.page_modified.clone()));
    let shown = Shown::of(skim, title);
    let evidence = Evidence {
        machine,
        labelled: shown.labelled,
        plain: shown.plain,
        address: address_date::of(url),
    };
    let (published, warning) = evidence.weighed(&skim.dates.zone);
    let mut warnings: Vec<Warning> = warning.into_iter().collect();
    doubts.extend(shown.doubts);
    let doubt = published.or(shown.coarse).and_then(|chosen| {
        // What another source says too is no guess.
        let others = evidence.all().filter(|date| date.at != chosen.at);
        let is_confirmed = others.into_iter().any(|date| is_same_day(&date, &chosen));
        let mut guessed = doubts.iter().filter(|(date, _)| date.at == chosen.at);
        (!is_confirmed).then(|| guessed.next()).flatten()
    });
    if let Some((_, doubt)) = doubt {
        warnings.push(Warning::new(WarningCode::DateGuessed, doubt.as_str()));
    }
    let updated = modified.or(shown.updated);
    let published = published.or(shown.coarse.filter(|_| updated.is_none()));
    if published.is_none() {
        let written = impossible.or(shown.unreadable);
        let written = written.map(|written| shorten(written.trim(), MAX_DETAIL_CHARS));
        if updated.is_some() {
            warnings.push(Warning::new(
                WarningCode::DateFromUpdate,
                written.unwrap_or_default(),
            ));
        } else if let Some(written) = written {
            warnings.push(Warning::new(WarningCode::DateImpossible, written));
        }
    }
    Dates {
        published: published.or(updated),
        modified: updated.map(|date| date.at),
        warnings,
    }
}

fn is_believable(date: &Published) -> bool {
    date.at.to_zoned(TimeZone::UTC).year() >= FIRST_YEAR_ONLINE
}

/// What a page's head says under a name.
fn said(head: &Head, name: &str) -> impl Iterator<Item = String> {
    let metas = head.metas.iter().filter(move |(known, _)| known == name);
    let properties = head.properties.iter().filter(move |(known, _)| known == name);
    metas.chain(properties).map(|(_, content)| content.clone())
}

/// The dates that readers see.
#[derive(Debug, Default)]
struct Shown {
    labelled: Option<Published>,
    plain: Option<Published>,
    updated: Option<Published>,
    /// The month or year of a publication that no line tells to the day: "Publié il y a un mois".
    coarse: Option<Published>,
    /// A line that calls itself the time of publication and cannot be read.
    unreadable: Option<String>,
    /// What was a guess about which.
    doubts: Vec<(Published, Doubt)>,
}

impl Shown {
    fn of(skim: &Skim, title: Option<usize>) -> Self {
        let from = title.unwrap_or(0);
        let places = Places::of(skim, title);
        let others = places.others();
        let near = from.saturating_sub(BLOCKS_BEFORE)..(from + BLOCKS_BEHIND).min(others);
        let (mut shown, mut beside) = (Self::default(), Self::default());
        for time in &skim.head.times {
            if time.block >= others && !time.published {
                continue;
            }
            let place = places.of_element(time.element, time.block, time.machine.is_some());
            let target = match place {
                Place::Foreign => continue,
                Place::Own if near.contains(&time.block) || time.published => &mut shown,
                // Far from the heading: below the text, where some sign and date.
                _ => &mut beside,
            };
            let Some((role, date, doubt)) = read_time(skim, time) else {
                if !time.modified && (time.published || role_before(skim, time) == Some(Role::Published)) {
                    let written = time.machine.as_deref().unwrap_or(&time.shown);
                    target.told(written);
                }
                continue;
            };
            if role.is_some() || place == Place::Own {
                target.add(role, date, doubt);
            }
        }
        for (number, block) in skim.blocks.iter().enumerate().take(near.end).skip(near.start) {
            if block.words > MAX_WORDS || block.bytes() > MAX_BYTES || Some(number) == title {
                continue;
            }
            let place = places.of_element(block.element, number, false);
            if place == Place::Foreign {
                continue;
            }
            let text = skim.text(block);
            let found = mentions(text, &skim.dates);
            let names_day = |mention: &Mention| mention.date.precision <= Precision::Day;
            if !found.iter().any(names_day) && date_lines::announces_publication(text) {
                if place == Place::Own {
                    shown.told(text);
                }
                continue;
            }
            // A heading is one only where it says nothing else.
            if matches!(block.kind, Kind::Heading(_))
                && found.first().is_none_or(|mention| mention.words < block.words)
            {
                continue;
            }
            for mention in &found {
                let is_line = found.len() <= 2 && is_date_line(mention, text, block.words);
                // "Le rapport, publié le 3 mars, décrit un système." is a sentence of the article.
                let is_prose = found.len() == 1
                    && (mention.is_before_prose
                        || (ends_sentence(text) && block.words > mention.words + MAX_LABEL_WORDS));
                // A time or a weekday by itself may be of anything: "Crue : 3 h d’attente".
                let is_labelled = mention.role.is_some() && is_announced(mention, is_names);
                let is_said = is_labelled || (is_line && mention.doubt != Some(Doubt::Day));
                if is_prose || !is_said {
                    continue;
                }
                let role = mention.role.filter(|_| is_labelled);
                match place {
                    Place::Own => shown.add(role, mention.date, mention.doubt),
                    _ if role.is_some() => beside.add(role, mention.date, mention.doubt),
                    _ => {}
                }
            }
        }
        // What stands among buttons is asked last.
        let none = shown.labelled.is_none() && shown.plain.is_none();
        if none {
            shown.labelled = beside.labelled;
            shown.plain = beside.plain;
        }
        shown.updated = shown.updated.or(beside.updated);
        shown.coarse = shown.coarse.or(beside.coarse);
        shown.unreadable = shown.unreadable.or(beside.unreadable);
        shown.doubts.append(&mut beside.doubts);
        shown
    }

    /// Keeps the words of a date that cannot be read.
    fn told(&mut self, written: &str) {
        if !written.trim().is_empty() {
            self.unreadable.get_or_insert_with(|| written.to_owned());
        }
    }

    fn add(&mut self, role: Option<Role>, date: Published, doubt: Option<Doubt>) {
        self.doubts.extend(doubt.map(|doubt| (date, doubt)));
        let field = match role {
            Some(Role::Published) => &mut self.labelled,
            Some(Role::Updated) => &mut self.updated,
            None => &mut self.plain,
        };
        if is_believable(&date) && date.precision <= Precision::Day {
            // A block and its `time` say the same; the more exact of the two counts.
            match field {
                Some(known) if is_same_day(known, &date) && date.precision < known.precision => {
                    *field = Some(date);
                }
                Some(_) => {}
                None => *field = Some(date),
            }
        } else if is_believable(&date) && role == Some(Role::Published) {
            self.coarse.get_or_insert(date);
        }
    }
}

/// Whether a line that does not say so is the article's date: nothing stands in front of it but a name, a place, an agency,
/// or what begins as bylines do, and nothing behind it that goes on with a sentence. What is announced for a day
/// ("Concert le 4 décembre"), or happened on it ("Mort de Jean Dupont le 3 mars 2024 à Lyon"), is another matter.
pub(super) fn is_date_line(mention: &Mention, text: &str, words: usize) -> bool {
    // "11 mars 2026 08:00 | Source : Les Trois Rivières" as releases have it.
    let names_source = text
        .rsplit_once(['|', '•', '·'])
        .is_some_and(|(_, behind)| fold(behind).starts_with("source "));
    if (mention.behind > MAX_BEHIND_WORDS && !names_source)
        || (ends_sentence(text) && words > mention.words + 1)
        || mention.goes_on
    {
        return false;
    }
    let label = mention.before.trim();
    let before = label.trim_end_matches("le").trim_end_matches("Le");
    // "Jeanne Martin, le 3 mars": what a comma divides from the date can be what happened then.
    let is_divided = before.trim_end().ends_with(['|', '•', '·', '-', '–', '—']);
    let before = before.trim_matches(|c: char| !c.is_alphanumeric() && c != ':' && c != ')');
    let count = before.split_whitespace().count();
    before.is_empty()
        || (before.ends_with(':') && count <= MAX_COLON_WORDS)
        // "Société - 19/11/2026".
        || (is_divided && count <= MAX_PLACE_WORDS && before.starts_with(char::is_uppercase))
        || byline::is_byline(before)
        || byline::agency_of_text(before).is_some()
        || (is_names(before) && (is_divided || !is_of_something(before)))
        // "5 min de lecture · 7 février 2026".
        || fold(before).ends_with("lecture")
        || (before.chars().all(|c| !c.is_lowercase()) && count <= MAX_PLACE_WORDS && !is_of_something(before))
        // "Épisode 48 · 15 mai 2026", "No 312 | 5 mars 2026".
        || (mention.before.ends_with(['·', '•', '|']) && is_number_of_issue(before))
}

/// Whether a text says which issue or episode it is.
fn is_number_of_issue(text: &str) -> bool {
    let folded = fold(text);
    let mut words = folded.split(' ');
    let is_label = words.next().is_some_and(|word| {
        matches!(
            word,
            "episode" | "numero" | "no" | "n" | "edition" | "saison" | "issue"
        )
    });
    is_label && words.count() <= 4 && folded.ends_with(|c: char| c.is_ascii_digit())
}

/// Whether a text is names and what stands between them.
fn is_names(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    (2..=MAX_NAME_WORDS).contains(&words.len())
        && words.iter().all(|word| {
            word.starts_with(char::is_uppercase)
                || ["et", "avec", "de", "du", "la", "à", "par", "and"].contains(word)
        })
}

/// Whether a text is a word and what it is of: "Mort de Jean Dupont", "Attentat de Nice", "Incendie à Lyon". A name with its
/// particle there ("Jean de La Fontaine") cannot be told from these, and a date is rather missing than another's.
fn is_of_something(text: &str) -> bool {
    let second = text.split_whitespace().nth(1).map(fold);
    second.is_some_and(|second| {
        [
            "de", "du", "des", "d", "a", "au", "aux", "en", "la", "contre", "par",
        ]
        .contains(&second.as_str())
            || second.starts_with("d ")
    })
}

/// What a `time` element says, and what it says it is.
fn read_time(skim: &Skim, time: &Time) -> Option<(Option<Role>, Published, Option<Doubt>)> {
    let said = mentions(&time.shown, &skim.dates);
    let machine = time.machine.as_deref().and_then(|machine| skim.date(machine));
    let (date, doubt) = machine
        .map(|reading| (reading.published, reading.doubt))
        .or_else(|| said.first().map(|mention| (mention.date, mention.doubt)))?;
    let role = if time.modified {
        Some(Role::Updated)
    } else {
        said.first()
            .and_then(|mention| mention.role)
            .or_else(|| role_of(&time.shown))
            .or_else(|| role_before(skim, time))
            .or(time.published.then_some(Role::Published))
    };
    Some((role, date, doubt))
}

/// What stands in front of a `time` element in its line, or alone in the line before.
fn role_before(skim: &Skim, time: &Time) -> Option<Role> {
    let block = skim.blocks.get(time.block)?;
    // In the middle of a paragraph a time is the text's.
    if block.words > MAX_WORDS || block.bytes() > MAX_BYTES {
        return None;
    }
    let text = skim.text(block);
    let before = if time.shown.is_empty() {
        text
    } else {
        text.split_once(time.shown.as_str())?.0
    };
    if !before.trim().is_empty() {
        return role_of(before);
    }
    let label = skim.blocks.get(time.block.checked_sub(1)?)?;
    (label.words <= 4).then(|| role_of(skim.text(label))).flatten()
}
