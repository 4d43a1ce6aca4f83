//! Dates as publishers write them.
//!
//! RFC 3339, RFC 2822 and what is sent in their place: zone names (`CEST`), French month names, `5 février 2026 à
//! 18h30`, `05/02/2026 18:30`, missing seconds, missing zones. A date without a zone is Paris time: the feeds that
//! leave it out are French. In: a string. Out: the earliest moment it allows, and how exactly it says so.

use std::sync::LazyLock;

use depeche_model::{Precision, Published};
use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};

/// Where a date without a zone was written. From the bundled database, so that no system file changes an output.
static PARIS: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZoneDatabase::bundled()
        .get("Europe/Paris")
        .unwrap_or(TimeZone::UTC)
});

/// A longer string is no date.
const MAX_LENGTH: usize = 120;

/// Nothing on the web was published before it began; an earlier date is a default value.
const FIRST_YEAR_ONLINE: i16 = 1990;

/// Clocks and zones go wrong by a day; an announced embargo lies within two.
const MAX_AHEAD_HOURS: i64 = 48;

/// Years that a date can name: those of four digits, as RFC 3339 §1 has them. Nothing was published as news before.
const YEARS: std::ops::RangeInclusive<i16> = 1000..=9999;

/// Months by the first letters of their French and English names, without accents. `mar` is March in both.
const MONTHS: &[(&str, i8)] = &[
    ("janv", 1),
    ("jan", 1),
    ("fev", 2),
    ("feb", 2),
    ("mars", 3),
    ("mar", 3),
    ("avr", 4),
    ("apr", 4),
    ("mai", 5),
    ("may", 5),
    ("juin", 6),
    ("jun", 6),
    ("juil", 7),
    ("jul", 7),
    ("aout", 8),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
];

/// Zone names in hours from UTC (RFC 2822 §4.3, and what French servers send).
const ZONES: &[(&str, i8)] = &[
    ("z", 0),
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("west", 1),
    ("bst", 1),
    ("cet", 1),
    ("met", 1),
    ("mez", 1),
    ("mesz", 2),
    ("cest", 2),
    ("mest", 2),
    ("eet", 2),
    ("eest", 3),
    ("msk", 3),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
];

/// Reads a date; `None` when it is none or cannot exist.
#[must_use]
pub fn parse_date(written: &str) -> Option<Published> {
    let written = written.trim();
    if written.is_empty() || written.len() > MAX_LENGTH {
        return None;
    }
    // A zone can carry a year that was written with four digits beyond them.
    seconds_since_1970(written)
        .or_else(|| day_of_the_year(written))
        .or_else(|| in_parts(written))
        .filter(|date| YEARS.contains(&date.at.to_zoned(TimeZone::UTC).year()))
}

/// A date of words and numbers.
fn in_parts(written: &str) -> Option<Published> {
    let mut parts = Parts::default();
    for token in tokens(written) {
        parts.take(&token)?;
    }
    parts.finish()
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
    let mut numbers = written.split('-').map(|part| {
        part.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| part.parse::<i16>().ok())
            .flatten()
    });
    let year = numbers.next()??;
    if written.split('-').next()?.len() != 4 {
        return None;
    }
    let (month, day) = (numbers.next(), numbers.next());
    if numbers.next().is_some() {
        return None;
    }
    let parts = Parts {
        year: Some(year),
        month: match month {
            Some(month) => Some(i8::try_from(month?).ok()?),
            None => None,
        },
        day: match day {
            Some(day) => Some(i8::try_from(day?).ok()?),
            None => None,
        },
        ..Parts::default()
    };
    parts.finish()
}

/// A moment as programs count: seconds with ten digits, milliseconds with thirteen. Nothing else is so long.
fn seconds_since_1970(written: &str) -> Option<Published> {
    if !written.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = written.parse().ok()?;
    let at = match written.len() {
        10 => Timestamp::from_second(number).ok()?,
        13 => Timestamp::from_millisecond(number).ok()?,
        _ => return None,
    };
    Some(Published {
        at,
        precision: Precision::Second,
    })
}

/// `2026-036` and `2026-W06-4` (ISO 8601), days alone.
fn day_of_the_year(written: &str) -> Option<Published> {
    let (year, rest) = written.split_once('-')?;
    if year.len() != 4 {
        return None;
    }
    let first = Date::new(year.parse().ok()?, 1, 1).ok()?;
    let date = if let Some(week) = rest.strip_prefix(['W', 'w']) {
        let (week, day) = week.split_once('-').unwrap_or((week, "1"));
        let week = week.parse().ok()?;
        let day = Weekday::from_monday_one_offset(day.parse().ok()?).ok()?;
        ISOWeekDate::new(first.year(), week, day).ok()?.date()
    } else {
        let days = (rest.len() == 3).then(|| rest.parse::<i32>().ok()).flatten()?;
        let date = first.checked_add(Span::new().try_days(days - 1).ok()?).ok()?;
        (days > 0 && date.year() == first.year()).then_some(date)?
    };
    let at = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Published {
        at,
        precision: Precision::Day,
    })
}

#[derive(Debug, PartialEq)]
enum Token {
    /// Digits, as written.
    Number(String),
    /// Letters, lower case, without accents.
    Word(String),
    /// Anything else but white space.
    Sign(char),
}

fn tokens(written: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut joined = false;
    for c in written.chars() {
        let plain = match c.to_lowercase().next().unwrap_or(c) {
            'é' | 'è' | 'ê' => 'e',
            'û' | 'ù' => 'u',
            'à' => 'a',
            c => c,
        };
        if plain.is_whitespace() {
            joined = false;
            continue;
        }
        match tokens.last_mut() {
            Some(Token::Number(digits)) if joined && plain.is_ascii_digit() => digits.push(plain),
            Some(Token::Word(letters)) if joined && plain.is_alphabetic() => letters.push(plain),
            _ if plain.is_ascii_digit() => tokens.push(Token::Number(plain.to_string())),
            _ if plain.is_alphabetic() => tokens.push(Token::Word(plain.to_string())),
            _ => tokens.push(Token::Sign(plain)),
        }
        joined = true;
    }
    tokens
}

/// What has been read of a date so far.
#[derive(Debug, Default)]
struct Parts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    hour: Option<i8>,
    minute: Option<i8>,
    second: Option<i8>,
    millisecond: Option<i16>,
    /// Minutes from UTC.
    offset: Option<i32>,
    /// A number that waits for its meaning, and the signs since.
    pending: Vec<String>,
    sign: Option<char>,
    /// The sign and the digits of a numeric offset.
    offset_digits: Option<(i32, String)>,
    named_month: bool,
    /// The month was `mar`, which may be the weekday after all.
    tentative_month: bool,
}

impl Parts {
    /// Takes one token; `None` when the string is no date.
    fn take(&mut self, token: &Token) -> Option<()> {
        match token {
            Token::Number(digits) => self.number(digits),
            Token::Word(word) => self.word(word),
            Token::Sign(sign) => {
                match sign {
                    '+' if self.hour.is_some() => self.offset_digits = Some((1, String::new())),
                    '-' | '−' if self.hour.is_some() => self.offset_digits = Some((-1, String::new())),
                    _ => {}
                }
                self.sign = Some(*sign);
                Some(())
            }
        }
    }

    fn number(&mut self, digits: &str) -> Option<()> {
        let sign = self.sign.take();
        if let Some((_, offset)) = &mut self.offset_digits {
            if offset.len() + digits.len() <= 4 {
                offset.push_str(digits);
            }
            return Some(());
        }
        let small = || digits.parse::<i8>().ok();
        if self.hour.is_some() && self.minute.is_none() && matches!(sign, Some(':' | 'h')) {
            self.minute = Some(small()?);
        } else if self.minute.is_some() && self.second.is_none() && sign == Some(':') {
            self.second = Some(small()?);
        } else if self.second.is_some() && matches!(sign, Some('.' | ',')) {
            let three: String = digits.chars().chain("00".chars()).take(3).collect();
            self.millisecond = three.parse().ok();
        } else if sign == Some(':') && self.hour.is_none() && !self.pending.is_empty() {
            // The number before was the hour.
            self.hour = Some(self.pending.pop()?.parse().ok()?);
            self.minute = Some(small()?);
        } else if digits.len() == 14 && self.pending.is_empty() {
            // 20260205183000
            let part = |from: usize, to: usize| digits.get(from..to);
            self.year = part(0, 4)?.parse().ok();
            self.month = part(4, 6)?.parse().ok();
            self.day = part(6, 8)?.parse().ok();
            self.hour = part(8, 10)?.parse().ok();
            self.minute = part(10, 12)?.parse().ok();
            self.second = part(12, 14)?.parse().ok();
        } else if digits.len() == 8 && self.pending.is_empty() && self.year.is_none() {
            self.year = digits.get(..4)?.parse().ok();
            self.month = digits.get(4..6)?.parse().ok();
            self.day = digits.get(6..)?.parse().ok();
        } else if digits.len() == 6 && self.year.is_some() && self.hour.is_none() {
            self.hour = digits.get(..2)?.parse().ok();
            self.minute = digits.get(2..4)?.parse().ok();
            self.second = digits.get(4..)?.parse().ok();
        } else if digits.len() <= 4 {
            self.pending.push(digits.to_owned());
        } else {
            return None;
        }
        Some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.sign = None;
        match word {
            // The time follows a date's `T`; a French hour precedes its `h`.
            "t" | "a" | "le" | "at" | "er" | "de" | "publie" | "mis" | "jour" | "min" | "mn" | "s"
            | "date" | "th" | "st" | "nd" | "rd" | "of" | "on" | "du" => {}
            "h" | "heures" | "heure" => {
                if self.hour.is_none() {
                    self.hour = Some(self.pending.pop()?.parse().ok()?);
                    self.sign = Some('h');
                }
            }
            "am" | "pm" => {
                let hour = self.hour?;
                self.hour = Some(match (word, hour) {
                    ("am", 12) => 0,
                    ("pm", 1..=11) => hour + 12,
                    _ => hour,
                });
            }
            _ if self.zone(word) => {}
            _ if !self.named_month || self.tentative_month => {
                if let Some(month) = month(word) {
                    self.month = Some(month);
                    self.named_month = true;
                    self.tentative_month = word == "mar";
                } else if !is_weekday(word) && self.hour.is_none() {
                    return None;
                }
            }
            _ if is_weekday(word) => {}
            // What stands behind the time names a place: the zone is that of the reader's country, as without it.
            _ if self.hour.is_some() => {}
            _ => return None,
        }
        Some(())
    }

    fn zone(&mut self, word: &str) -> bool {
        // Before the time, `est` is a word and `mar` a weekday.
        if self.hour.is_none() {
            return false;
        }
        let zone = ZONES.iter().find(|(name, _)| *name == word);
        if let Some((_, hours)) = zone {
            self.offset = Some(i32::from(*hours) * 60);
        }
        zone.is_some()
    }

    fn finish(mut self) -> Option<Published> {
        self.settle_pending()?;
        if let Some((sign, digits)) = self.offset_digits.take() {
            // After a zone name (`GMT+0200`) the digits have the last word.
            let (hours, minutes) = match digits.len() {
                1 | 2 => (digits.parse::<i32>().ok()?, 0),
                3 => (digits.get(..1)?.parse().ok()?, digits.get(1..)?.parse().ok()?),
                4 => (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?),
                _ => return None,
            };
            self.offset = Some(sign * (hours * 60 + minutes));
        }
        let mut date = Date::new(self.year?, self.month.unwrap_or(1), self.day.unwrap_or(1)).ok()?;
        if self.hour == Some(24) {
            // The end of the day (ISO 8601).
            date = date.tomorrow().ok()?;
        }
        let precision = match (self.month, self.day, self.hour, self.minute, self.second) {
            (None, ..) => Precision::Year,
            (_, None, ..) => Precision::Month,
            (_, _, None, ..) => Precision::Day,
            (_, _, _, _, None) => Precision::Minute,
            _ => Precision::Second,
        };
        let time = Time::new(
            self.hour.unwrap_or(0) % 24,
            self.minute.unwrap_or(0),
            self.second.unwrap_or(0).min(59),
            i32::from(self.millisecond.unwrap_or(0)) * 1_000_000,
        )
        .ok()?;
        let zone = if precision > Precision::Minute {
            TimeZone::UTC
        } else {
            match self.offset {
                Some(minutes) => TimeZone::fixed(Offset::from_seconds(minutes * 60).ok()?),
                None => PARIS.clone(),
            }
        };
        let at = date.to_datetime(time).to_zoned(zone).ok()?.timestamp();
        Some(Published { at, precision })
    }

    /// Gives the waiting numbers their meaning by their order: year first, or day first.
    fn settle_pending(&mut self) -> Option<()> {
        let waiting = std::mem::take(&mut self.pending);
        let mut rest: &[String] = &waiting;
        if self.named_month {
            // `5 février 2026`, `février 2026`, `February 5, 2026`, `2026 février 5`.
            for number in rest {
                let value: i16 = number.parse().ok()?;
                if number.len() == 4 || value > 31 {
                    self.year = Some(century(value, number.len()));
                } else if self.day.is_none() {
                    self.day = Some(i8::try_from(value).ok()?);
                } else if self.year.is_none() {
                    self.year = Some(century(value, number.len()));
                }
            }
            return Some(());
        }
        // An hour without minutes may remain at the end (`2026-02-05T18`); it is not one of the date's.
        if self.year.is_some() {
            return Some(());
        }
        let (first, others) = rest.split_first()?;
        if first.len() == 4 {
            self.year = Some(first.parse().ok()?);
            rest = others;
            self.month = rest.first().map(|m| m.parse().ok()).unwrap_or_default();
            self.day = rest.get(1).map(|d| d.parse().ok()).unwrap_or_default();
            if !rest.is_empty() && self.month.is_none() {
                return None;
            }
        } else {
            // Day first, as in French.
            let [day, month, year] = rest else { return None };
            let (day, month): (i8, i8) = (day.parse().ok()?, month.parse().ok()?);
            // There is no 25th month: it was written in America.
            let (day, month) = if month > 12 { (month, day) } else { (day, month) };
            self.day = Some(day);
            self.month = Some(month);
            self.year = Some(century(year.parse().ok()?, year.len()));
        }
        Some(())
    }
}

/// Two-digit years as RFC 2822 §4.3 reads them.
fn century(year: i16, digits: usize) -> i16 {
    match (digits, year) {
        (1 | 2, 0..=49) => 2000 + year,
        (1..=3, 50..) => 1900 + year,
        _ => year,
    }
}

fn month(word: &str) -> Option<i8> {
    // A weekday is no month: `mardi` begins like `mars`.
    if is_weekday(word) && word != "mar" {
        return None;
    }
    MONTHS
        .iter()
        .find(|(start, _)| word.starts_with(start))
        .map(|(_, number)| *number)
}

fn is_weekday(word: &str) -> bool {
    const STARTS: &[&str] = &[
        "lun", "mardi", "tue", "mer", "wed", "jeu", "thu", "ven", "fri", "sam", "sat", "dim", "sun", "mon",
    ];
    STARTS.iter().any(|start| word.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Vec<(String, String)> {
        include_str!("../tests/data/dates/dates.txt")
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (written, expected) = line.split_once(" => ").unwrap();
                (written.to_owned(), expected.to_owned())
            })
            .collect()
    }

    #[test]
    fn dates_are_read_as_publishers_mean_them() {
        let wrong: Vec<String> = cases()
            .into_iter()
            .filter_map(|(written, expected)| {
                let read = parse_date(&written).map_or_else(
                    || "none".to_owned(),
                    |p| format!("{} {}", p.at, p.precision.as_str()),
                );
                (read != expected).then(|| format!("{written}: {read} and not {expected}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_partial_date_keeps_its_precision() {
        for (written, expected) in [
            ("2025", Some(Precision::Year)),
            ("2025-06", Some(Precision::Month)),
            ("2025-06-30", Some(Precision::Day)),
            ("2025-13", None),
            ("2025-06-31", None),
            ("25-06", None),
            ("2025-06-30-01", None),
        ] {
            assert_eq!(parse_partial(written).map(|p| p.precision), expected, "{written}");
        }
    }

    #[test]
    fn a_date_before_the_web_or_after_tomorrow_is_not_plausible() {
        let captured: Timestamp = "2026-02-05T12:00:00Z".parse().unwrap();
        for (written, plausible) in [
            ("2026-02-05T12:00:00Z", true),
            ("2026-02-07T12:00:00Z", true),
            ("2026-02-07T12:00:01Z", false),
            ("1970-01-01T00:00:00Z", false),
        ] {
            assert_eq!(
                is_plausible(&parse_date(written).unwrap(), captured),
                plausible,
                "{written}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_string_can_be_asked_for_its_date(written in "[0-9a-zA-Zé :,.+/-]{0,40}") {
            assert_eq!(parse_date(&written), parse_date(&written));
        }
    }
}
