//! Days among the tokens: `2026-02-05`, `5 février 2026`, `Feb 5, 2026`, `05/02/26`, `20260205`, `2026-W06-4`.
//!
//! In: tokens and a place among them. Out: the day that is written there, as far as it is, and the place behind it. Nothing is
//! checked against the calendar here.

use jiff::Span;
use jiff::civil::{Date, ISOWeekDate, Weekday};

use super::clock::Clock;
use super::tokens::{Number, Tokens};
use super::{Doubt, words};

/// A day as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Calendar {
    pub(super) year: Option<i16>,
    pub(super) month: Option<i8>,
    pub(super) day: Option<i8>,
    pub(super) doubt: Option<Doubt>,
    /// Day and month are numbers that may have changed places.
    pub(super) is_reversible: bool,
    /// Digits alone, without signs: a time may follow without signs too.
    pub(super) is_compact: bool,
    /// The time of a number that holds one too.
    pub(super) clock: Option<Clock>,
}

/// What stands between the numbers of a date.
const SEPARATORS: &[char] = &['-', '/', '.', '_', ':', '\\'];

/// The day written at `at`.
pub(super) fn read(tokens: &Tokens, at: usize) -> Option<(Calendar, usize)> {
    if tokens.digits(at).is_some() {
        compact(tokens, at)
            .or_else(|| year_first(tokens, at))
            .or_else(|| numbers(tokens, at))
            .or_else(|| day_and_name(tokens, at))
    } else {
        name_and_day(tokens, at).or_else(|| words_and_name(tokens, at))
    }
}

/// `20260205`, `202602051830`, `20260205183000`, `20260205183000123`; `05022026` where it can be no other.
fn compact(tokens: &Tokens, at: usize) -> Option<(Calendar, usize)> {
    let digits = tokens.digits(at)?;
    let year = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let small = |from, to| i8::try_from(year(from, to)?).ok();
    if !matches!(digits.len(), 8 | 12 | 14 | 17) {
        return None;
    }
    let mut calendar = Calendar {
        year: year(0, 4),
        month: small(4, 6),
        day: small(6, 8),
        is_compact: true,
        ..Calendar::default()
    };
    let is_day = |c: &Calendar| {
        c.year
            .zip(c.month)
            .zip(c.day)
            .is_some_and(|((year, month), day)| year >= 1800 && Date::new(year, month, day).is_ok())
    };
    if digits.len() == 8 && !is_day(&calendar) {
        calendar = Calendar {
            year: year(4, 8),
            month: small(2, 4),
            day: small(0, 2),
            doubt: Some(Doubt::Order),
            ..calendar
        };
        if !is_day(&calendar) {
            return None;
        }
    }
    if digits.len() > 8 {
        calendar.clock = Some(Clock {
            hour: small(8, 10)?,
            minute: small(10, 12)?,
            second: small(12, 14),
            millisecond: year(14, 17).unwrap_or(0),
            doubt: None,
        });
    }
    Some((calendar, at + 1))
}

/// A year of four digits.
fn year(number: Number) -> Option<i16> {
    (number.digits == 4)
        .then(|| i16::try_from(number.value).ok())
        .flatten()
}

/// Two-digit years as RFC 2822 §4.3 reads them.
pub(super) fn century(number: Number) -> Option<i16> {
    let value = i16::try_from(number.value).ok()?;
    Some(match (number.digits, value) {
        (2, 0..=49) => 2000 + value,
        (2, _) => 1900 + value,
        (4, _) => value,
        _ => return None,
    })
}

/// Whether the number at `at` is the hour of a time.
fn is_hour(tokens: &Tokens, at: usize) -> bool {
    match tokens.sign(at + 1) {
        Some(':') => tokens.number(at + 2).is_some_and(|minute| minute.digits == 2),
        Some(_) => false,
        None => tokens
            .word(at + 1)
            .is_some_and(|word| super::clock::is_hour_word(word) || matches!(word, "am" | "pm")),
    }
}

/// The sign between the numbers, or a space, and the place behind it.
fn separator(tokens: &Tokens, at: usize) -> Option<(char, usize)> {
    match tokens.sign(at) {
        Some(sign) if SEPARATORS.contains(&sign) => Some((sign, at + 1)),
        Some(_) => None,
        None => (!tokens.is_glued(at)).then_some((' ', at)),
    }
}

fn year_first(tokens: &Tokens, at: usize) -> Option<(Calendar, usize)> {
    let year = year(tokens.number(at)?)?;
    if let Some(found) = week(tokens, at, year) {
        return Some(found);
    }
    // `2026-févr.-05`, `2026 février`.
    let name = tokens.behind_signs(at + 1, &['-', '/', '.', ',', ' ']);
    if let Some(month) = tokens.word(name).and_then(words::month) {
        let behind = tokens.behind_signs(name + 1, &['-', '/', '.', ',']);
        let day = tokens
            .number(behind)
            .filter(|day| day.is_short() && !is_hour(tokens, behind));
        let calendar = Calendar {
            year: Some(year),
            month: Some(month),
            day: day.and_then(Number::small),
            ..Calendar::default()
        };
        return Some((calendar, if day.is_some() { behind + 1 } else { name + 1 }));
    }
    let (first, next) = separator(tokens, at + 1)?;
    let month = tokens.number(next)?;
    if month.digits == 3 && first == '-' {
        let first = Date::new(year, 1, 1).ok()?;
        let days = i64::from(month.value) - 1;
        let date = first.checked_add(Span::new().try_days(days).ok()?).ok()?;
        // There is no day 0 and none behind the last.
        return (days >= 0 && date.year() == year).then(|| (of_date(date), next + 1));
    }
    if !month.is_short() || (first == ' ' && month.digits < 2) {
        return None;
    }
    let mut calendar = Calendar {
        year: Some(year),
        month: month.small(),
        ..Calendar::default()
    };
    let day = separator(tokens, next + 1)
        .filter(|(second, _)| *second == first)
        .and_then(|(_, place)| Some((tokens.number(place)?, place)))
        .filter(|(day, place)| day.is_short() && !(first == ' ' && is_hour(tokens, *place)));
    let Some((day, place)) = day else {
        let is_month =
            matches!(first, '-' | '/' | '.') && month.digits == 2 && (1..=12).contains(&month.value);
        return is_month.then_some((calendar, next + 1));
    };
    calendar.day = day.small();
    if month.value > 12 && day.value <= 12 {
        (calendar.month, calendar.day) = (calendar.day, calendar.month);
        calendar.doubt = Some(Doubt::Order);
    }
    Some((calendar, place + 1))
}

/// `2026-W06-4`, `2026W064`, `2026-W06` (ISO 8601).
fn week(tokens: &Tokens, at: usize, year: i16) -> Option<(Calendar, usize)> {
    let place = tokens.behind_signs(at + 1, &['-']);
    if tokens.word(place)? != "w" || !tokens.is_glued(place + 1) {
        return None;
    }
    let number = tokens.number(place + 1)?;
    let day_behind = || {
        let place = tokens.behind_signs(place + 2, &['-']);
        tokens
            .number(place)
            .filter(|day| day.digits == 1)
            .map(|day| (day, place + 1))
    };
    let (week, day, next) = match number.digits {
        3 => (number.value / 10, Some(number.value % 10), place + 2),
        2 => match day_behind() {
            Some((day, next)) => (number.value, Some(day.value), next),
            None => (number.value, None, place + 2),
        },
        _ => return None,
    };
    let date_of = |day: u32| {
        let weekday = Weekday::from_monday_one_offset(i8::try_from(day).ok()?).ok()?;
        ISOWeekDate::new(year, i8::try_from(week).ok()?, weekday)
            .ok()
            .map(ISOWeekDate::date)
    };
    let calendar = match day {
        Some(day) => of_date(date_of(day)?),
        // A week alone: as much as all its days share.
        None => shared(date_of(1)?, date_of(7)?)?,
    };
    Some((calendar, next))
}

fn of_date(date: Date) -> Calendar {
    Calendar {
        year: Some(date.year()),
        month: Some(date.month()),
        day: Some(date.day()),
        ..Calendar::default()
    }
}

/// What is certain of a day that lies between two: the day, the month, the year; or nothing.
pub(super) fn shared(earliest: Date, latest: Date) -> Option<Calendar> {
    let mut calendar = of_date(earliest);
    if earliest != latest {
        calendar.day = None;
    }
    if earliest.month() != latest.month() {
        calendar.month = None;
    }
    (earliest.year() == latest.year()).then_some(calendar)
}

/// `05/02/2026`, `5.2.26`, `05-02-2026`, `05 02 2026`; `05/02` without a year.
fn numbers(tokens: &Tokens, at: usize) -> Option<(Calendar, usize)> {
    let first = tokens.number(at).filter(|number| number.is_short())?;
    let (sign, next) = separator(tokens, at + 1).filter(|(sign, _)| *sign != ':')?;
    let second = tokens.number(next).filter(|number| number.is_short())?;
    let third = separator(tokens, next + 1)
        .filter(|(other, _)| *other == sign)
        .and_then(|(_, place)| Some((tokens.number(place)?, place)))
        .filter(|(number, place)| {
            number.digits == 4 || (number.digits == 2 && sign != ' ' && !is_hour(tokens, *place))
        });
    let (day, month) = (first.small()?, second.small()?);
    if let Some((third, place)) = third {
        let mut calendar = Calendar {
            year: century(third),
            month: Some(month),
            day: Some(day),
            // Dots stand between the numbers where the day comes first.
            is_reversible: day <= 12 && month <= 12 && day != month && sign != '.',
            ..Calendar::default()
        };
        if first.value > 31 && third.digits == 2 {
            // `98/02/05`: the year comes first.
            calendar.year = century(first);
            calendar.day = third.small();
            calendar.is_reversible = false;
            calendar.doubt = Some(Doubt::Order);
        } else if month > 12 && day <= 12 {
            // There is no 25th month: it was written in America.
            (calendar.day, calendar.month) = (Some(month), Some(day));
        } else if third.digits == 2 && first.digits == 2 && third.value <= 31 && sign == '-' && month <= 12 {
            // `26-02-05`: in French the day; a program may have meant the year.
            calendar.is_reversible = true;
        }
        return Some((calendar, place + 1));
    }
    // `05/02` and `5.2.` name a day of whatever year.
    let ends = match sign {
        '/' => Some(next + 1),
        '.' => (tokens.sign(next + 1) == Some('.') && tokens.is_glued(next + 1)).then_some(next + 2),
        _ => None,
    }?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || tokens.sign(ends) == Some('/') {
        return None;
    }
    let calendar = Calendar {
        month: Some(month),
        day: Some(day),
        is_reversible: day <= 12 && day != month,
        ..Calendar::default()
    };
    Some((calendar, ends))
}

/// `5 février 2026`, `1er mars`, `05-Feb-26`, `5. Februar 2026`, `5 de febrero de 2026`.
fn day_and_name(tokens: &Tokens, at: usize) -> Option<(Calendar, usize)> {
    let day = tokens
        .number(at)
        .filter(|day| day.is_short() && (1..=31).contains(&day.value))?;
    let mut place = at + 1;
    if tokens
        .word(place)
        .is_some_and(|word| matches!(word, "er" | "e" | "eme" | "st" | "nd" | "rd" | "th" | "re" | "º"))
    {
        place += 1;
    }
    place = behind(tokens, place, &['-', '/', '.', ',', '_', ':']);
    let month = tokens.word(place).and_then(words::month)?;
    let (year, next) = year_behind(tokens, place + 1);
    let calendar = Calendar {
        year,
        month: Some(month),
        day: day.small(),
        ..Calendar::default()
    };
    Some((calendar, next))
}

/// `February 5, 2026`, `févr. 2026`, `Feb 05`.
fn name_and_day(tokens: &Tokens, at: usize) -> Option<(Calendar, usize)> {
    let month = tokens.word(at).and_then(words::month)?;
    let mut place = tokens.behind_signs(at + 1, &['-', '/', '.', ',', ':']);
    while tokens
        .word(place)
        .is_some_and(|word| matches!(word, "de" | "del" | "of" | "the"))
    {
        place += 1;
    }
    let mut calendar = Calendar {
        month: Some(month),
        ..Calendar::default()
    };
    if tokens.sign(place) == Some('\'') {
        calendar.year = tokens.number(place + 1).and_then(century);
        return calendar.year.map(|_| (calendar, place + 2));
    }
    let number = tokens.number(place).filter(|_| !is_hour(tokens, place))?;
    if number.digits == 4 || (number.digits == 2 && number.value > 31) {
        calendar.year = century(number);
        return Some((calendar, place + 1));
    }
    if !number.is_short() {
        return None;
    }
    calendar.day = number.small();
    place += 1;
    if tokens
        .word(place)
        .is_some_and(|word| matches!(word, "st" | "nd" | "rd" | "th" | "er"))
    {
        place += 1;
    }
    (calendar.year, place) = year_behind(tokens, place);
    Some((calendar, place))
}

/// `dix-neuf novembre 2026`, `premier mars`.
fn words_and_name(tokens: &Tokens, at: usize) -> Option<(Calendar, usize)> {
    let (day, place) = words::day(|ahead| tokens.word(at + ahead), |ahead| tokens.sign(at + ahead))?;
    let month = tokens.word(at + place).and_then(words::month)?;
    let (year, next) = year_behind(tokens, at + place + 1);
    let calendar = Calendar {
        year,
        month: Some(month),
        day: Some(day),
        ..Calendar::default()
    };
    Some((calendar, next))
}

/// The place behind signs and small words.
fn behind(tokens: &Tokens, mut at: usize, signs: &[char]) -> usize {
    loop {
        let next = tokens.behind_signs(at, signs);
        let is_small = tokens
            .word(next)
            .is_some_and(|word| matches!(word, "de" | "del" | "of" | "d" | "do"));
        if !is_small {
            return next;
        }
        at = next + 1;
    }
}

/// The year behind a day and a month, and the place behind it; the place that was given where there is none.
fn year_behind(tokens: &Tokens, at: usize) -> (Option<i16>, usize) {
    let place = behind(tokens, at, &['-', '/', '.', ',', '\'', '_']);
    let Some(number) = tokens.number(place) else {
        return (None, at);
    };
    if number.digits == 4 && number.value >= 1000 {
        return (century(number), place + 1);
    }
    // `5 février 26` names a year, `5 février, 18 h` an hour, `5 février - 12 commentaires` nothing of the date.
    let next = tokens.word(place + 1);
    let is_year = number.digits == 2
        && !is_hour(tokens, place)
        && next.is_none_or(|word| words::is_filler(word) || words::label(word).is_some());
    if is_year {
        (century(number), place + 1)
    } else {
        (None, at)
    }
}
