//! Dates as publishers write them.
//!
//! In: a string, and where and when it was read: the zone of its feed and the time of its capture. Out: the earliest moment it
//! allows, how exactly it says so, and what about it was a guess. The string becomes numbers, words and signs (`tokens`);
//! among these a day (`calendar`), a time and a zone (`clock`), a distance to the capture (`relative`) are looked for, in
//! any order, so that no list of formats has to be complete; together they become a moment (`moment`).
//!
//! | written | read |
//! |---|---|
//! | RFC 3339, RFC 2822, ISO 8601 with weeks and ordinal days, seconds since 1970, and what is sent in their place | as meant |
//! | `jeudi 5 février 2026 à 18 h 30`, `05/02/26`, `1er mars`; names in six more languages | day before month |
//! | no zone | the feed's; with the clocks of that place |
//! | an hour that the clocks skip in spring; one that they show twice in autumn | the hour behind the gap; the first of the two; both a doubt |
//! | no year | the nearest past one; a doubt |
//! | `il y a 2 heures`, `hier à 14 h` | from the capture; a doubt where it is no exact day |
//! | `il y a un mois`, `il y a 2 ans` | from the capture, to the month, to the year; a doubt |
//! | two dates, one of an update | the other is the publication |
//! | midnight; `24:00` | the one at which the day begins; the one at which it ends |

mod calendar;
mod clock;
mod moment;
mod of_entry;
mod relative;
mod tokens;
mod words;

use depeche_model::{Precision, Published};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

pub use clock::zone;
use moment::Found;
pub(crate) use of_entry::EntryDates;
use tokens::Tokens;

/// A longer string is no date; bylines with two dates and the names of their authors stay below.
const MAX_LENGTH: usize = 300;

/// Nothing on the web was published before it began; an earlier date is a default value.
const FIRST_YEAR_ONLINE: i16 = 1990;

/// A date lies no more than a day behind its capture's: clocks and zones go wrong by as much.
const MAX_AHEAD_HOURS: i64 = 24;

/// Years that a date can name: those of four digits, as RFC 3339 §1 has them. Nothing was published as news before.
const YEARS: std::ops::RangeInclusive<i16> = 1000..=9999;

/// Where a date without a zone was written when nothing says otherwise.
pub const DEFAULT_ZONE: &str = "Europe/Paris";

/// Where and when a date was read.
#[derive(Debug, Clone)]
pub struct DateContext {
    /// The zone of dates that name none.
    pub zone: TimeZone,
    /// The time of the capture. Without it, dates that are told from the reader's clock are none.
    pub captured_at: Option<Timestamp>,
}

impl DateContext {
    /// A feed of this zone, captured at this time.
    #[must_use]
    pub fn new(zone: TimeZone, captured_at: Timestamp) -> Self {
        Self {
            zone,
            captured_at: Some(captured_at),
        }
    }
}

impl Default for DateContext {
    /// Paris, at no time.
    fn default() -> Self {
        Self {
            zone: zone(DEFAULT_ZONE).unwrap_or(TimeZone::UTC),
            captured_at: None,
        }
    }
}

/// What about a date was a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Day, month and year are numbers that could stand in another order.
    Order,
    /// There is no year.
    Year,
    /// There is no day.
    Day,
    /// It names another weekday than the calendar.
    Weekday,
    /// The clocks of its zone were changed in that hour.
    ClockChange,
    /// Its zone has several meanings, or was not in force then.
    Zone,
    /// It is told from the reader's clock, by the hour or more coarsely.
    Relative,
    /// Midnight ends a day and begins another.
    Midnight,
}

impl Doubt {
    /// The doubt for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Order => "day and month could change places",
            Self::Year => "no year: the nearest past one",
            Self::Day => "no day: the nearest past one",
            Self::Weekday => "the weekday is another",
            Self::ClockChange => "the clocks were changed in that hour",
            Self::Zone => "the zone could be another",
            Self::Relative => "told from the time of the capture",
            Self::Midnight => "midnight could be the other one",
        }
    }
}

/// What a word in front of a date says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Published,
    Updated,
}

/// A date as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateReading {
    /// The earliest moment it allows, and how exactly it says so.
    pub published: Published,
    /// What about it was a guess; the weightiest where there are several.
    pub doubt: Option<Doubt>,
    /// Other words stand before or behind the date.
    pub is_in_prose: bool,
    /// The date says of itself that it is that of an update (`Mis à jour le`), and stands alone.
    pub is_update: bool,
    /// The date of an update that stands beside the publication's.
    pub updated: Option<Published>,
}

/// Reads the date in a string: a feed's field, an attribute, a line of a page. `None` when there is none or it cannot exist.
///
/// Of several dates, the one that is called the publication's counts, then the first. `5 février` and `hier` need the time
/// of the capture.
#[must_use]
pub fn read_date(written: &str, context: &DateContext) -> Option<DateReading> {
    let written = written.trim();
    if written.is_empty() || written.len() > MAX_LENGTH {
        return None;
    }
    if let Some(published) = seconds_since_1970(written) {
        return Some(DateReading {
            published,
            doubt: None,
            is_in_prose: false,
            is_update: false,
            updated: None,
        });
    }
    if is_negative(written) {
        return None;
    }
    let tokens = Tokens::of(written);
    let (first, next) = moment::find(&tokens, 0, context)?;
    let mut reading = reading(&first);
    if first.next < tokens.len()
        && let Some((second, _)) = moment::find_behind(&tokens, next, &first, context)
    {
        match (first.label, second.label) {
            (Some(Label::Updated), Some(Label::Published)) => {
                let updated = Some(reading.published);
                reading = self::reading(&second);
                reading.updated = updated;
            }
            (_, Some(Label::Updated)) => reading.updated = Some(second.published),
            _ => {}
        }
    }
    Some(reading)
}

fn reading(found: &Found) -> DateReading {
    DateReading {
        published: found.published,
        doubt: found.doubt,
        is_in_prose: found.is_in_prose,
        is_update: found.label == Some(Label::Updated),
        updated: None,
    }
}

/// A sign in front of a year belongs to no date that was published.
fn is_negative(written: &str) -> bool {
    written.starts_with(['-', '+', '−'])
}

/// Reads a string that is a date and nothing else, without a capture; `None` when it is none or cannot exist.
#[must_use]
pub fn parse_date(written: &str) -> Option<Published> {
    // Pages are searched for dates line by line, and most lines have no number at all.
    if !written.contains(char::is_numeric) {
        return None;
    }
    read_date(written, &DateContext::default())
        .filter(|reading| !reading.is_in_prose)
        .map(|reading| reading.published)
}

/// Whether a publication date can be true of something captured at `captured_at`.
#[must_use]
pub fn is_plausible(published: &Published, captured_at: Timestamp) -> bool {
    let latest = captured_at
        .checked_add(Span::new().hours(MAX_AHEAD_HOURS))
        .unwrap_or(captured_at);
    // A month or a year was written by a person, of an archive perhaps.
    let by_hand = matches!(published.precision, Precision::Month | Precision::Year);
    published.at <= latest && (by_hand || published.at.to_zoned(TimeZone::UTC).year() >= FIRST_YEAR_ONLINE)
}

/// A date that may carry its own precision only: exactly midnight UTC is a day, anything else a second.
#[must_use]
pub fn of_timestamp(at: Timestamp) -> Published {
    let midnight = at.as_millisecond().rem_euclid(86_400_000) == 0;
    Published {
        at,
        precision: if midnight {
            Precision::Day
        } else {
            Precision::Second
        },
    }
}

/// A date of the seed format: `YYYY`, `YYYY-MM` or `YYYY-MM-DD` and nothing else.
#[must_use]
pub fn parse_partial(written: &str) -> Option<Published> {
    let mut lengths = written.split('-').map(|part| {
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(part.len())
    });
    if lengths.next()?? != 4
        || !lengths.clone().all(|length| matches!(length, Some(1 | 2)))
        || lengths.count() > 2
    {
        return None;
    }
    parse_date(written)
}

/// A moment as programs count: seconds with ten digits, milliseconds with thirteen. Nothing else is so long. A fraction may
/// follow the seconds.
fn seconds_since_1970(written: &str) -> Option<Published> {
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let at = match whole.len() {
        10 => Timestamp::from_second(number).ok()?,
        13 => Timestamp::from_millisecond(number).ok()?,
        _ => return None,
    };
    Some(Published {
        at,
        precision: Precision::Second,
    })
}

#[cfg(test)]
mod tests;
