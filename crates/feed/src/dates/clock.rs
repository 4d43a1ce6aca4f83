//! Times of day and zones among the tokens: `18:30:00.123`, `18 h 30`, `6:30 p.m.`, `midi`; `+0100`, `GMT+2`, `HNEC`,
//! `Europe/Paris`.
//!
//! In: tokens and a place among them. Out: what is written there, as numbers that may be impossible still, and the place
//! behind it.

use std::sync::LazyLock;

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use super::tokens::{Number, Tokens};
use super::words::{self, Named};
use super::{Doubt, calendar};

/// Zones come from the bundled database, so that no system file changes an output.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of this name in the bundled database (`Europe/Paris`); `None` when there is none.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// A time of day as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: i8,
    pub(super) minute: i8,
    pub(super) second: Option<i8>,
    /// All that is kept of a second, as of the times of captures.
    pub(super) millisecond: i16,
    pub(super) doubt: Option<Doubt>,
}

/// A zone as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Zone {
    /// `None` for the feed's, where a place is named that is not known.
    pub(super) clocks: Option<TimeZone>,
    /// Its name says summer or winter; this is where both are known.
    pub(super) region: Option<&'static str>,
    pub(super) doubt: Option<Doubt>,
}

/// Whether a word behind a number makes it an hour.
pub(super) fn is_hour_word(word: &str) -> bool {
    matches!(
        word,
        "h" | "hs" | "hrs" | "hr" | "heure" | "heures" | "uhr" | "uur" | "u" | "horas" | "ore"
    )
}

/// The time written at `at`. Behind a day, or behind `à`, `18.30` is one too.
pub(super) fn read(tokens: &Tokens, at: usize, is_expected: bool) -> Option<(Clock, usize)> {
    if let Some(word) = tokens.word(at) {
        return named(tokens, at, word);
    }
    let hour = tokens.number(at).filter(|hour| hour.is_short())?;
    let mut clock = Clock {
        hour: hour.small()?,
        ..Clock::default()
    };
    let two = |at: usize| tokens.number(at).filter(|number| number.is_short());
    let next = match (tokens.sign(at + 1), tokens.word(at + 1)) {
        (Some(':'), _) => {
            clock.minute = two(at + 2)?.small()?;
            seconds(tokens, at + 3, &mut clock)
        }
        (Some('.'), _) if is_expected && two(at + 2).is_some_and(|minute| minute.digits == 2) => {
            clock.minute = two(at + 2)?.small()?;
            let mut next = at + 3;
            if tokens.sign(next) == Some('.')
                && let Some(second) = two(next + 1).filter(|_| tokens.is_glued(next + 1))
            {
                clock.second = second.small();
                next += 2;
            }
            next
        }
        (_, Some(word)) if is_hour_word(word) => minutes(tokens, at + 2, &mut clock),
        (_, Some("am" | "pm" | "a" | "p")) => half_day(tokens, at + 1).map(|_| at + 1)?,
        _ => return None,
    };
    if let Some((is_afternoon, behind)) = half_day(tokens, next) {
        clock.hour = match (is_afternoon, clock.hour) {
            (false, 12) => 0,
            (true, 1..=11) => clock.hour + 12,
            (_, hour) => hour,
        };
        return Some((clock, behind));
    }
    let Some(behind) = behind_evening(tokens, next) else {
        return Some((clock, next));
    };
    if (1..12).contains(&clock.hour) {
        clock.hour += 12;
    }
    Some((clock, behind))
}

/// The place behind `du soir`, `de l'après-midi`.
fn behind_evening(tokens: &Tokens, at: usize) -> Option<usize> {
    match (tokens.word(at)?, tokens.word(at + 1)?) {
        ("du", "soir") => Some(at + 2),
        ("de", "l") if tokens.word(at + 3) == Some("apres") => {
            let midi = tokens.behind_signs(at + 4, &['-']);
            (tokens.word(midi) == Some("midi")).then_some(midi + 1)
        }
        _ => None,
    }
}

/// `:00.123` behind hour and minute.
fn seconds(tokens: &Tokens, at: usize, clock: &mut Clock) -> usize {
    let number = |at: usize| tokens.number(at).filter(|second| second.is_short());
    let Some(second) = number(at + 1).filter(|_| tokens.sign(at) == Some(':')) else {
        return at;
    };
    clock.second = second.small();
    let is_fraction = matches!(tokens.sign(at + 2), Some('.' | ',' | ':')) && tokens.is_glued(at + 3);
    match tokens.digits(at + 3).filter(|_| is_fraction) {
        Some(digits) => {
            clock.millisecond = milliseconds(digits);
            at + 4
        }
        None => at + 2,
    }
}

/// Digits behind the point of a second.
fn milliseconds(digits: &str) -> i16 {
    let three: String = digits.chars().chain("00".chars()).take(3).collect();
    three.parse().unwrap_or(0)
}

/// `30`, `30 min`, `30 min 15 s` behind `18 h`.
fn minutes(tokens: &Tokens, at: usize, clock: &mut Clock) -> usize {
    let at = tokens.behind_signs(at, &['.']);
    // `18 h 5 février`: the 5 is a day.
    let is_day = |at: usize| !tokens.is_glued(at) && calendar::read(tokens, at).is_some();
    let Some(minute) = tokens
        .number(at)
        .filter(|minute| minute.is_short() && !is_day(at))
    else {
        return at;
    };
    clock.minute = minute.small().unwrap_or(i8::MAX);
    let mut next = at + 1;
    if tokens
        .word(next)
        .is_some_and(|word| matches!(word, "min" | "mn" | "m" | "minutes" | "minute"))
    {
        next += 1;
    }
    let is_second = tokens
        .word(next + 1)
        .is_some_and(|word| matches!(word, "s" | "sec" | "secondes" | "seconde"));
    match tokens
        .number(next)
        .filter(|second| second.is_short() && is_second)
    {
        Some(second) => {
            clock.second = second.small();
            next + 2
        }
        None if tokens.sign(next) == Some(':') => seconds(tokens, next, clock),
        None => next,
    }
}

/// `AM`, `p.m.`: whether it is the afternoon.
fn half_day(tokens: &Tokens, at: usize) -> Option<(bool, usize)> {
    match tokens.word(at)? {
        "am" => Some((false, at + 1)),
        "pm" => Some((true, at + 1)),
        letter @ ("a" | "p") if tokens.sign(at + 1) == Some('.') && tokens.word(at + 2) == Some("m") => {
            Some((letter == "p", tokens.behind_signs(at + 3, &['.'])))
        }
        _ => None,
    }
}

/// `T183000` behind a day, `midi`, `minuit et demi`.
fn named(tokens: &Tokens, at: usize, word: &str) -> Option<(Clock, usize)> {
    let mut clock = match word {
        "midi" | "noon" | "mittag" | "mediodia" | "mezzogiorno" => Clock {
            hour: 12,
            ..Clock::default()
        },
        // The one at which the day begins, as programs write it; a person may mean the other.
        "minuit" | "midnight" | "mitternacht" | "medianoche" | "mezzanotte" => Clock {
            doubt: Some(Doubt::Midnight),
            ..Clock::default()
        },
        _ => return None,
    };
    if let Some(minute) = tokens.number(at + 1).filter(|minute| minute.digits == 2) {
        clock.minute = minute.small()?;
        return Some((clock, at + 2));
    }
    if tokens.word(at + 1) == Some("et") {
        clock.minute = match tokens.word(at + 2)? {
            "demi" | "demie" => 30,
            "quart" => 15,
            _ => return Some((clock, at + 1)),
        };
        return Some((clock, at + 3));
    }
    Some((clock, at + 1))
}

/// A time of digits alone: `183000`, `1830`, `18` behind a `T` or a day of digits alone.
pub(super) fn compact(tokens: &Tokens, at: usize) -> Option<(Clock, usize)> {
    let digits = tokens.digits(at)?;
    let part = |from: usize| digits.get(from..from + 2)?.parse::<i8>().ok();
    if !matches!(digits.len(), 2 | 4 | 6) {
        return None;
    }
    let mut clock = Clock {
        hour: part(0)?,
        minute: part(2).unwrap_or(0),
        second: part(4),
        ..Clock::default()
    };
    if matches!(tokens.sign(at + 1), Some('.' | ','))
        && let Some(fraction) = tokens.digits(at + 2).filter(|_| clock.second.is_some())
    {
        clock.millisecond = milliseconds(fraction);
        return Some((clock, at + 3));
    }
    Some((clock, at + 1))
}

/// The zone written at `at`, behind a time.
///
/// # Errors
///
/// There is one, and it cannot be: no place is 25 hours from UTC.
pub(super) fn zone_behind(tokens: &Tokens, at: usize) -> Result<Option<(Zone, usize)>, Impossible> {
    let start = tokens.behind_signs(at, &['(', '[', ',']);
    if start == at
        && let Some(found) = offset(tokens, at)?
    {
        return Ok(Some(found));
    }
    let Some(word) = tokens.word(start) else {
        return Ok(None);
    };
    // `Europe/Paris`, `America/Port-au-Prince`.
    let (run, behind) = tokens.run(start);
    if run.contains('/')
        && let Some(zone) = zone(run)
    {
        return Ok(Some((plain(zone), behind)));
    }
    if matches!(word, "heure" | "heures" | "temps")
        && let Some(found) = spoken(tokens, start + 1)
    {
        return Ok(Some(found));
    }
    let next = start + 1;
    let Some(named) = words::zone(word) else {
        // `IST`: five zones or none, as the last word of the date. The feed's stands in, with a doubt. Names of zones end in
        // T for time; behind seconds, which programs write, any other abbreviation is one too.
        let is_behind_seconds = at.checked_sub(4).is_some_and(|minutes| {
            [at - 2, minutes]
                .iter()
                .all(|sign| tokens.sign(*sign) == Some(':'))
        });
        let is_abbreviation = (3..=5).contains(&word.len()) && word.ends_with('t')
            || ((3..=4).contains(&word.len()) && is_behind_seconds && words::label(word).is_none());
        let is_last = tokens.word(next).is_none() && tokens.number(next).is_none();
        return Ok((is_abbreviation && is_last).then_some((unknown(), next)));
    };
    // `18 h 30 est une heure`: a verb.
    let speaks_on = tokens.word(next).is_some_and(|word| words::label(word).is_none());
    if words::is_word_too(word) && speaks_on {
        return Ok(None);
    }
    // `GMT+2`, `UTC +01:00`, `Z+00:00`: the digits have the last word.
    if let Named::Offset(0) = named
        && let Some(found) = offset(tokens, next)?
    {
        return Ok(Some(found));
    }
    let found = match named {
        Named::Offset(minutes) => Zone {
            region: words::region(word),
            ..of_minutes(minutes)?
        },
        Named::Likely(minutes) => Zone {
            doubt: Some(Doubt::Zone),
            ..of_minutes(minutes)?
        },
        Named::Place(name) => plain(zone(name).ok_or(Impossible)?),
    };
    Ok(Some((found, next)))
}

/// A date that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Impossible;

fn plain(zone: TimeZone) -> Zone {
    Zone {
        clocks: Some(zone),
        region: None,
        doubt: None,
    }
}

fn of_minutes(minutes: i32) -> Result<Zone, Impossible> {
    let offset = Offset::from_seconds(minutes * 60).map_err(|_| Impossible)?;
    Ok(plain(TimeZone::fixed(offset)))
}

/// Hours between the earliest zone and the latest: -12 and +14.
const FARTHEST_HOURS: u32 = 14;

/// `+0100`, `+01:00`, `+1`, `-0500`, `+01h00`.
fn offset(tokens: &Tokens, at: usize) -> Result<Option<(Zone, usize)>, Impossible> {
    let sign = match tokens.sign(at) {
        Some('+') => 1,
        Some('-') => -1,
        _ => return Ok(None),
    };
    // `18:30 - 5 février`: a dash between two things.
    if !tokens.is_glued(at + 1) || (sign < 0 && calendar::read(tokens, at + 1).is_some()) {
        return Ok(None);
    }
    let Some(number) = tokens.number(at + 1) else {
        return Ok(None);
    };
    let mut next = at + 2;
    let (hours, minutes) = match number.digits {
        1 | 2 => {
            let between = tokens.sign(next) == Some(':') || tokens.word(next) == Some("h");
            let minutes = tokens
                .number(next + 1)
                .filter(|minutes| between && minutes.digits == 2 && tokens.is_glued(next + 1));
            if minutes.is_some() {
                next += 2;
            }
            (number.value, minutes.map_or(0, |minutes: Number| minutes.value))
        }
        3 | 4 => (number.value / 100, number.value % 100),
        _ => return Err(Impossible),
    };
    if hours > FARTHEST_HOURS || minutes > 59 {
        return Err(Impossible);
    }
    let minutes = i32::try_from(hours * 60 + minutes).map_err(|_| Impossible)?;
    // A name behind the digits says the same again: `+0100 (CET)`.
    let name = tokens.behind_signs(next, &['(']);
    if tokens.word(name).is_some_and(|word| words::zone(word).is_some()) {
        next = tokens.behind_signs(name + 1, &[')']);
    }
    Ok(Some((of_minutes(sign * minutes)?, next)))
}

/// `de Paris`, `d'Europe centrale`, `française`, `locale` behind `heure`.
fn spoken(tokens: &Tokens, at: usize) -> Option<(Zone, usize)> {
    // The name stands within a few small words: `heure normale de l'Est`, `heure de New York`.
    for place in at..at + 6 {
        let Some(word) = tokens.word(place) else {
            continue;
        };
        if word == "centrale" {
            return Some((plain(zone("Europe/Paris")?), place + 1));
        }
        if let Some(name) = words::place(word) {
            return Some((plain(zone(name)?), place + 1));
        }
        let is_small = matches!(
            word,
            "de" | "d"
                | "du"
                | "l"
                | "la"
                | "a"
                | "normale"
                | "avancee"
                | "ete"
                | "hiver"
                | "europe"
                | "new"
                | "temps"
        );
        if !is_small {
            break;
        }
    }
    let names_place = matches!(tokens.word(at), Some("de" | "d" | "du" | "locale"));
    names_place.then_some((unknown(), at + 1))
}

/// A zone that is named and not known.
fn unknown() -> Zone {
    Zone {
        clocks: None,
        region: None,
        doubt: Some(Doubt::Zone),
    }
}
