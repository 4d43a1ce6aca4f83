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
use super::date_lines::{Mention, Role, mentions, role_of};
use super::json_ld::{self, Linked};
use super::places::{Place, Places};
use super::score::ends_sentence;
use super::skim::{Head, Kind, Skim, Time};
use crate::text::fold;
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

/// Hours between two dates that name the same day in different zones.
const SAME_DAY_HOURS: i64 = 36;

/// Hours that an address may be off: it is made when an article is begun.
const ADDRESS_HOURS: i64 = 96;

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
    let mut impossible = None;
    let mut doubts: Vec<(Published, Doubt)> = Vec::new();
    let mut believed = |written: Option<String>| {
        let reading = skim.date(&written?)?;
        if !is_believable(&reading.published) {
            impossible.get_or_insert(reading.published);
            return None;
        }
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
    let (published, warning) = evidence.weighed();
    let mut warnings: Vec<Warning> = warning.into_iter().collect();
    doubts.extend(shown.doubts);
    let doubt = published.and_then(|chosen| {
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
    if published.is_none() {
        if updated.is_some() {
            warnings.push(WarningCode::DateFromUpdate.into());
        } else if let Some(impossible) = impossible {
            warnings.push(Warning::new(
                WarningCode::DateImpossible,
                impossible.at.to_string(),
            ));
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

/// What speaks for one date or another.
#[derive(Debug, Clone, Copy, Default)]
struct Evidence {
    machine: Option<Published>,
    /// A line that says of itself that it is the time of publication.
    labelled: Option<Published>,
    /// A line that is a date.
    plain: Option<Published>,
    address: Option<Published>,
}

impl Evidence {
    fn all(self) -> impl Iterator<Item = Published> {
        let days = self.address.filter(|address| address.precision <= Precision::Day);
        [self.machine, self.labelled, self.plain, days]
            .into_iter()
            .flatten()
    }

    fn weighed(self) -> (Option<Published>, Option<Warning>) {
        let shown = self.labelled.or(self.plain);
        let agrees = |date: &Published| self.address.is_none_or(|address| is_near_address(date, &address));
        let Some(machine) = self.machine else {
            let Some(shown) = shown else {
                let told = self
                    .address
                    .map(|date| Warning::new(WarningCode::DateFromAddress, date.at.to_string()));
                return (self.address, told);
            };
            if agrees(&shown) {
                return (Some(shown), None);
            }
            // A line that only happens to be a date weighs less than an address that is made from one.
            let chosen = if self.labelled.is_some() {
                Some(shown)
            } else {
                self.address
            };
            return doubted(chosen, "the page and its address", [Some(shown), self.address]);
        };
        if let Some(labelled) = self.labelled
            && !is_same_day(&machine, &labelled)
        {
            // Two against one, where there are two.
            let outvoted = self
                .address
                .is_some_and(|address| is_near_address(&labelled, &address))
                && !agrees(&machine);
            let chosen = if outvoted { labelled } else { machine };
            return doubted(Some(chosen), "metadata and text", [Some(machine), Some(labelled)]);
        }
        let exact = shown
            .filter(|shown| is_same_day(&machine, shown) && shown.precision < coarse(&machine))
            .unwrap_or(machine);
        if !agrees(&machine) && shown.is_none_or(|shown| !is_same_day(&machine, &shown)) {
            return doubted(
                Some(machine),
                "metadata and address",
                [Some(machine), self.address],
            );
        }
        (Some(exact), None)
    }
}

/// A date that another one contradicts: what is left of it is the day.
fn doubted(
    chosen: Option<Published>,
    sources: &str,
    both: [Option<Published>; 2],
) -> (Option<Published>, Option<Warning>) {
    let said: Vec<String> = both.iter().flatten().map(|date| date.at.to_string()).collect();
    let chosen = chosen.map(|date| Published {
        precision: date.precision.max(Precision::Day),
        ..date
    });
    let detail = format!("{sources}: {}", said.join(", "));
    (chosen, Some(Warning::new(WarningCode::DateContradicted, detail)))
}

/// The precision of a date, of which midnight is a day that a system made a moment of.
fn coarse(date: &Published) -> Precision {
    if date.at.as_second().rem_euclid(3600) == 0
        && matches!(date.at.as_second().rem_euclid(86_400) / 3600, 0 | 22 | 23)
    {
        date.precision.max(Precision::Day)
    } else {
        date.precision
    }
}

fn hours_between(a: &Published, b: &Published) -> i64 {
    (a.at.as_second() - b.at.as_second()).abs() / 3600
}

fn is_same_day(a: &Published, b: &Published) -> bool {
    let coarser = a.precision.max(b.precision);
    match coarser {
        // The coarser one says the first day of its month or year.
        Precision::Month => hours_between(a, b) <= 32 * 24,
        Precision::Year | Precision::None => true,
        _ => hours_between(a, b) <= SAME_DAY_HOURS,
    }
}

fn is_near_address(date: &Published, address: &Published) -> bool {
    if address.precision >= Precision::Month {
        return is_same_day(date, address);
    }
    hours_between(date, address) <= ADDRESS_HOURS
}

/// The dates that readers see.
#[derive(Debug, Default)]
struct Shown {
    labelled: Option<Published>,
    plain: Option<Published>,
    updated: Option<Published>,
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
            // A heading is one only where it says nothing else.
            if matches!(block.kind, Kind::Heading(_))
                && found.first().is_none_or(|mention| mention.words < block.words)
            {
                continue;
            }
            for mention in &found {
                let is_line = found.len() <= 2 && is_date_line(mention, text, block.words);
                // "Le rapport, publié le 3 mars, décrit un système." is a sentence of the article.
                let is_prose =
                    ends_sentence(text) && found.len() == 1 && block.words > mention.words + MAX_LABEL_WORDS;
                // A time or a weekday by itself may be of anything: "Crue : 3 h d’attente".
                let is_said = mention.role.is_some() || (is_line && mention.doubt != Some(Doubt::Day));
                if is_prose || !is_said {
                    continue;
                }
                match place {
                    Place::Own => shown.add(mention.role, mention.date, mention.doubt),
                    _ if mention.role.is_some() => beside.add(mention.role, mention.date, mention.doubt),
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
        shown.doubts.append(&mut beside.doubts);
        shown
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
        }
    }
}

/// Whether a line that does not say so is the article's date: nothing stands in front of it but a name, a place, an agency,
/// or what begins as bylines do. What is announced for a day ("Concert le 4 décembre") is another matter.
pub(super) fn is_date_line(mention: &Mention, text: &str, words: usize) -> bool {
    // "11 mars 2026 08:00 | Source : Les Trois Rivières" as releases have it.
    let names_source = text
        .rsplit_once(['|', '•', '·'])
        .is_some_and(|(_, behind)| fold(behind).starts_with("source "));
    if (mention.behind > MAX_BEHIND_WORDS && !names_source)
        || (ends_sentence(text) && words > mention.words + 1)
    {
        return false;
    }
    let before = mention.before.trim_end_matches("le").trim_end_matches("Le");
    let before = before.trim_matches(|c: char| !c.is_alphanumeric() && c != ':' && c != ')');
    before.is_empty()
        || before.ends_with(':')
        || byline::is_byline(before)
        || byline::agency_of_text(before).is_some()
        || is_names(before)
        // "5 min de lecture · 7 février 2026".
        || fold(before).ends_with("lecture")
        // "Épisode 48 · 15 mai 2026", "No 312 | 5 mars 2026".
        || (mention.before.ends_with(['·', '•', '|']) && is_number_of_issue(before))
        || before.chars().all(|c| !c.is_lowercase())
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

#[cfg(test)]
mod tests {
    use super::*;
    use depeche_feed::parse_date;

    fn day(written: &str) -> Option<Published> {
        parse_date(written)
    }

    #[test]
    fn two_sources_outvote_a_date_for_machines() {
        let evidence = Evidence {
            machine: day("2024-11-04T03:12:45+01:00"),
            labelled: day("2019-05-12"),
            address: day("2019-05-12"),
            plain: None,
        };
        let (date, warning) = evidence.weighed();
        assert_eq!(date, day("2019-05-12"));
        assert_eq!(
            warning.map(|warning| warning.code),
            Some(WarningCode::DateContradicted)
        );
    }

    #[test]
    fn a_date_that_is_contradicted_is_told_to_the_day_only() {
        for (labelled, address) in [(day("2019-05-12"), None), (None, day("2019-05-12"))] {
            let evidence = Evidence {
                machine: day("2024-11-04T03:12:45+01:00"),
                labelled,
                address,
                plain: None,
            };
            let (date, warning) = evidence.weighed();
            let date = date.map(|date| (date.at, date.precision));
            let said = day("2024-11-04T03:12:45+01:00").map(|date| (date.at, Precision::Day));
            assert_eq!(date, said);
            assert!(warning.is_some());
        }
    }

    #[test]
    fn sources_that_agree_give_the_most_exact_of_them() {
        let evidence = Evidence {
            machine: day("2026-01-17"),
            labelled: day("17/01/2026 13:05"),
            address: day("2026-01-16"),
            plain: None,
        };
        assert_eq!(evidence.weighed(), (day("17/01/2026 13:05"), None));
    }

    #[test]
    fn the_address_alone_gives_a_day_with_a_warning() {
        let evidence = Evidence {
            address: day("2025-07-15"),
            ..Evidence::default()
        };
        let (date, warning) = evidence.weighed();
        assert_eq!(date, day("2025-07-15"));
        assert_eq!(
            warning.map(|warning| warning.code),
            Some(WarningCode::DateFromAddress)
        );
        assert_eq!(Evidence::default().weighed(), (None, None));
    }
}
