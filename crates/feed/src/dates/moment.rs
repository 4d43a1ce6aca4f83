//! From the pieces of a date to a moment.
//!
//! In: tokens and a context. Out: the first date among them with its precision and its doubt, and the place behind it. What
//! is between the pieces is told apart: words of a date (`le`, `à`, weekdays), and prose.

use depeche_model::{Precision, Published};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp, Zoned};

use super::calendar::{self, Calendar};
use super::clock::{self, Clock, Impossible, Zone};
use super::relative::{self, Relative};
use super::tokens::Tokens;
use super::{DateContext, Doubt, Label, YEARS, words};

/// Words that may stand between a day and its time: `5 février 2026, Paris, 18 h 30`.
const MAX_WORDS_BETWEEN: usize = 3;

/// A date that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) published: Published,
    pub(super) doubt: Option<Doubt>,
    pub(super) label: Option<Label>,
    pub(super) is_in_prose: bool,
    /// The day in its zone.
    day: Date,
    /// The place behind it.
    pub(super) next: usize,
}

/// The pieces of one date.
#[derive(Debug, Default)]
struct Pieces {
    calendar: Option<Calendar>,
    relative: Option<Relative>,
    clock: Option<Clock>,
    zone: Option<Zone>,
    weekday: Option<Weekday>,
    /// The weekday is called the last one: `samedi dernier`.
    is_last_weekday: bool,
    label: Option<Label>,
    /// A number that is a year when nothing else is there.
    lone_year: Option<i16>,
    is_french: bool,
    /// Words and numbers that belong to no date, before it was whole.
    strangers: usize,
    /// The same, behind it.
    followers: usize,
    next: usize,
}

impl Pieces {
    fn has_day(&self) -> bool {
        self.calendar.is_some() || self.relative.is_some()
    }

    fn is_begun(&self) -> bool {
        self.has_day() || self.clock.is_some()
    }
}

/// The first date at or behind `at`.
pub(super) fn find(tokens: &Tokens, at: usize, context: &DateContext) -> Option<(Found, usize)> {
    let pieces = gather(tokens, at).ok()?;
    let next = pieces.next;
    Some((resolve(pieces, None, context)?, next))
}

/// The date behind another, which may leave its day to that one: `mis à jour à 19 h`.
pub(super) fn find_behind(
    tokens: &Tokens,
    at: usize,
    first: &Found,
    context: &DateContext,
) -> Option<(Found, usize)> {
    let pieces = gather(tokens, at).ok()?;
    let next = pieces.next;
    Some((resolve(pieces, Some(first.day), context)?, next))
}

/// Takes the pieces of one date.
fn gather(tokens: &Tokens, start: usize) -> Result<Pieces, Impossible> {
    let mut pieces = Pieces::default();
    let mut at = start;
    while at < tokens.len() {
        if let Some(label) = tokens.word(at).and_then(words::label)
            && relative::read(tokens, at).is_none()
        {
            if pieces.is_begun() {
                break;
            }
            pieces.is_french |= tokens.word(at).is_some_and(words::is_french);
            pieces.label = Some(label);
            at += 1;
            continue;
        }
        if let Some(next) = take(tokens, at, &mut pieces)? {
            at = next;
            continue;
        }
        // A second day begins another date.
        if pieces.has_day() && (relative::read(tokens, at).is_some() || is_whole_day(tokens, at)) {
            break;
        }
        at = skip(tokens, at, &mut pieces);
        if pieces.has_day()
            && (pieces.clock.is_some() || pieces.strangers + pieces.followers > MAX_WORDS_BETWEEN)
        {
            let year_is_missing = pieces.calendar.is_some_and(|calendar| calendar.year.is_none());
            if pieces.followers > 0 && !year_is_missing {
                break;
            }
        }
    }
    pieces.next = at.max(start + 1);
    Ok(pieces)
}

fn is_whole_day(tokens: &Tokens, at: usize) -> bool {
    calendar::read(tokens, at).is_some_and(|(calendar, _)| calendar.year.is_some() && calendar.day.is_some())
}

/// Takes a piece at `at`, where there is one that is missing yet; the place behind it.
fn take(tokens: &Tokens, at: usize, pieces: &mut Pieces) -> Result<Option<usize>, Impossible> {
    if !pieces.has_day()
        && let Some((relative, next)) = relative::read(tokens, at)
    {
        pieces.relative = Some(relative);
        return Ok(Some(next));
    }
    if pieces.clock.is_none() {
        // A day of XML Schema may carry a zone: `2026-02-05+01:00`.
        if pieces.has_day()
            && tokens.sign(at) == Some('+')
            && let Some((_, next)) = clock::zone_behind(tokens, at)?
        {
            return Ok(Some(next));
        }
        if tokens.word(at) == Some("t")
            && pieces.calendar.is_some()
            && let Some((clock, next)) = clock::compact(tokens, at + 1)
            && tokens.sign(next) != Some(':')
        {
            return take_clock(tokens, clock, next, pieces).map(Some);
        }
        if pieces.calendar.is_some_and(|calendar| calendar.is_compact)
            && let Some((clock, next)) =
                clock::compact(tokens, at).filter(|_| tokens.sign(at + 1) != Some(':'))
            && tokens.digits(at).is_some_and(|digits| digits.len() >= 4)
        {
            return take_clock(tokens, clock, next, pieces).map(Some);
        }
        let is_announced = at > 0 && matches!(tokens.word(at - 1), Some("a" | "um" | "alle" | "om" | "at"));
        if pieces.followers <= MAX_WORDS_BETWEEN
            && let Some((clock, next)) = clock::read(tokens, at, pieces.has_day() || is_announced)
        {
            pieces.is_french |= tokens.word(at + 1).is_some_and(words::is_french);
            // Words between day and time are no part of it.
            pieces.strangers += std::mem::take(&mut pieces.followers);
            return take_clock(tokens, clock, next, pieces).map(Some);
        }
    }
    if !pieces.has_day() {
        if is_weekday_mar(tokens, at) {
            return Ok(None);
        }
        if let Some((calendar, next)) = calendar::read(tokens, at) {
            if is_end_of_range(tokens, at, pieces) || is_behind_no_day(tokens, at) {
                return Err(Impossible);
            }
            pieces.calendar = Some(calendar);
            if let Some(clock) = calendar.clock {
                return take_clock(tokens, clock, next, pieces).map(Some);
            }
            return Ok(Some(next));
        }
    }
    // `Thu Feb 05 18:30:00 CET 2026`.
    if let Some(calendar) = pieces
        .calendar
        .as_mut()
        .filter(|calendar| calendar.year.is_none())
        && let Some(year) = tokens.number(at).filter(|year| year.digits == 4)
    {
        calendar.year = calendar::century(year);
        return Ok(Some(at + 1));
    }
    Ok(None)
}

/// `du 3 au 5 février`, `janvier-février 2026`: nothing is published on all of these days.
fn is_end_of_range(tokens: &Tokens, at: usize, pieces: &Pieces) -> bool {
    let Some(first) = at.checked_sub(2).filter(|_| pieces.clock.is_none()) else {
        return false;
    };
    let joins = match tokens.word(at - 1) {
        Some(word) => matches!(word, "au" | "et"),
        None => {
            matches!(tokens.sign(at - 1), Some('-' | '|' | '/' | '&'))
                && tokens.is_glued(at)
                && tokens.is_glued(at - 1)
        }
    };
    let is_day = tokens
        .number(first)
        .is_some_and(|day| (1..=31).contains(&day.value) && day.is_short());
    joins
        && (is_day
            || tokens
                .word(first)
                .is_some_and(|word| words::month(word).is_some()))
}

/// `45 novembre 2026`: no month has such a day. `n° 45 novembre 2026` is the number of an issue.
fn is_behind_no_day(tokens: &Tokens, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).filter(|_| tokens.word(at).is_some()) else {
        return false;
    };
    let is_no_day = tokens
        .number(before)
        .is_some_and(|day| day.is_short() && !(1..=31).contains(&day.value));
    let is_number_of = before
        .checked_sub(1)
        .and_then(|word| tokens.word(word))
        .is_some_and(|word| matches!(word, "n" | "nº" | "no" | "numero" | "edition"));
    is_no_day && !is_number_of
}

/// `mar. 3 mars 2026`: the first is a weekday.
fn is_weekday_mar(tokens: &Tokens, at: usize) -> bool {
    let day = tokens.behind_signs(at + 1, &['.', ',']);
    tokens.word(at) == Some("mar")
        && calendar::read(tokens, day)
            .is_some_and(|(calendar, _)| calendar.month.is_some() && calendar.day.is_some())
}

fn take_clock(tokens: &Tokens, clock: Clock, next: usize, pieces: &mut Pieces) -> Result<usize, Impossible> {
    pieces.clock = Some(clock);
    match clock::zone_behind(tokens, next)? {
        Some((zone, next)) => {
            pieces.zone = Some(zone);
            Ok(next)
        }
        None => Ok(next),
    }
}

/// Passes over what is no piece; the next place.
fn skip(tokens: &Tokens, at: usize, pieces: &mut Pieces) -> usize {
    let is_stranger = match tokens.word(at) {
        Some(word) => {
            pieces.is_french |= words::is_french(word);
            if let Some(weekday) = words::weekday(word) {
                pieces.weekday.get_or_insert(weekday);
                pieces.is_last_weekday |= is_called_last(tokens, at);
                false
            } else {
                !words::is_filler(word) && !words::is_short_weekday(word)
            }
        }
        None => tokens.digits(at).is_some(),
    };
    let year = tokens.number(at).filter(|year| year.digits == 4);
    if year.is_some() && pieces.lone_year.is_none() && !pieces.is_begun() {
        pieces.lone_year = year.and_then(calendar::century);
        return at + 1;
    }
    if is_stranger {
        if pieces.has_day() {
            pieces.followers += 1;
        } else {
            pieces.strangers += 1;
        }
    }
    at + 1
}

/// Whether the word at `at` has `dernier` behind it, or `last` in front.
fn is_called_last(tokens: &Tokens, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.word(before));
    before == Some("last") || matches!(tokens.word(at + 1), Some("dernier" | "passe"))
}

/// The moment that the pieces tell, in a year of four digits: a zone or a distance can lead out of these.
fn resolve(pieces: Pieces, other_day: Option<Date>, context: &DateContext) -> Option<Found> {
    moment(pieces, other_day, context)
        .filter(|found| YEARS.contains(&found.published.at.to_zoned(TimeZone::UTC).year()))
}

fn moment(mut pieces: Pieces, other_day: Option<Date>, context: &DateContext) -> Option<Found> {
    let now = context.captured_at.map(|at| at.to_zoned(context.zone.clone()));
    let mut doubt = None;
    let mut calendar = match (pieces.calendar, pieces.relative) {
        (Some(calendar), _) => calendar,
        (None, Some(Relative::Seconds(seconds))) => {
            let at = now?
                .timestamp()
                .checked_sub(SignedDuration::from_secs(seconds))
                .ok()?;
            return Some(found(
                &pieces,
                floored_to_minute(at)?,
                Precision::Minute,
                Some(Doubt::Relative),
                context,
            ));
        }
        (None, Some(relative)) => {
            doubt = (!matches!(relative, Relative::Days(_))).then_some(Doubt::Relative);
            days_of(relative, pieces.clock, now.as_ref()?)?
        }
        (None, None) if pieces.lone_year.is_some() => {
            if pieces.strangers > 0 || pieces.clock.is_some() {
                return None;
            }
            Calendar {
                year: pieces.lone_year,
                ..Calendar::default()
            }
        }
        // A time or a weekday alone.
        (None, None) => match other_day {
            Some(day) if pieces.clock.is_some() => of_date(day),
            _ => {
                if pieces.strangers > 0 {
                    return None;
                }
                doubt = Some(Doubt::Day);
                nearest_day(&pieces, now.as_ref()?)?
            }
        },
    };
    doubt = doubt.or(calendar.doubt);
    if calendar.year.is_none() {
        // Prose is full of numbers and names that would be a day.
        let is_told = pieces.label.is_some() || pieces.weekday.is_some() || pieces.clock.is_some();
        if pieces.strangers > 0 && !is_told {
            return None;
        }
        calendar.year = Some(nearest_year(&calendar, now.as_ref()?)?);
        doubt = doubt.or(Some(Doubt::Year));
    }
    let year = calendar.year?;
    if calendar.is_reversible {
        let spoken_for = pieces.is_french && doubt != Some(Doubt::Order);
        doubt = settle_order(&mut calendar, pieces.weekday, spoken_for).or(doubt);
    }
    let day = Date::new(year, calendar.month.unwrap_or(1), calendar.day.unwrap_or(1)).ok()?;
    let has_day = calendar.day.is_some();
    if has_day && doubt.is_none() && pieces.weekday.is_some_and(|weekday| weekday != day.weekday()) {
        doubt = Some(Doubt::Weekday);
    }
    let (at, precision, clock_doubt) = if let Some(clock) = pieces.clock.take().filter(|_| has_day) {
        at_time(day, clock, pieces.zone.as_ref(), &context.zone)?
    } else {
        let precision = match (calendar.month, calendar.day) {
            (None, _) => Precision::Year,
            (_, None) => Precision::Month,
            _ => Precision::Day,
        };
        (day.to_zoned(TimeZone::UTC).ok()?.timestamp(), precision, None)
    };
    Some(found(&pieces, at, precision, doubt.or(clock_doubt), context))
}

fn found(
    pieces: &Pieces,
    at: Timestamp,
    precision: Precision,
    doubt: Option<Doubt>,
    context: &DateContext,
) -> Found {
    let zone = if precision > Precision::Minute {
        TimeZone::UTC
    } else {
        context.zone.clone()
    };
    Found {
        published: Published { at, precision },
        doubt,
        label: pieces.label,
        // What stands behind a time names a place, mostly: the zone is that of the feed, as without it.
        is_in_prose: pieces.strangers > 0 || (pieces.followers > 0 && precision > Precision::Minute),
        day: at.to_zoned(zone).date(),
        next: pieces.next,
    }
}

fn of_date(date: Date) -> Calendar {
    Calendar {
        year: Some(date.year()),
        month: Some(date.month()),
        day: Some(date.day()),
        ..Calendar::default()
    }
}

fn floored_to_minute(at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).ok()
}

/// The hour at which a night has become the next day's morning, for those who tell of it.
const NOON: i8 = 12;

/// What a distance in days or more comes to, no more exact than the unit it is told in.
fn days_of(relative: Relative, clock: Option<Clock>, now: &Zoned) -> Option<Calendar> {
    let today = now.date();
    let before = |span: Span| today.checked_sub(span).ok();
    match relative {
        Relative::Seconds(_) => None,
        Relative::Days(days) | Relative::AboutDays(days) => {
            before(Span::new().try_days(days).ok()?).map(of_date)
        }
        Relative::Months(months) => {
            let day = before(Span::new().try_months(months).ok()?)?;
            Some(Calendar {
                day: None,
                ..of_date(day)
            })
        }
        Relative::Years(years) => Some(Calendar {
            year: Some(before(Span::new().try_years(years).ok()?)?.year()),
            ..Calendar::default()
        }),
        // `cette nuit à 23 h` was yesterday, unless the night is still to come.
        Relative::Night if clock.is_some_and(|clock| clock.hour >= NOON && clock.hour > now.hour()) => {
            today.yesterday().ok().map(of_date)
        }
        Relative::Night => Some(of_date(today)),
    }
}

/// The nearest past day that a time or a weekday alone can mean.
fn nearest_day(pieces: &Pieces, now: &Zoned) -> Option<Calendar> {
    let mut day = now.date();
    let is_ahead = |clock: Clock| {
        let time = Time::new(clock.hour % 24, clock.minute, 0, 0);
        time.is_ok_and(|time| time > now.time())
    };
    if let Some(weekday) = pieces.weekday {
        let mut back = i32::from(day.weekday().since(weekday));
        // Today is not the last one of its name; and a time that is to come was that of a week before.
        if back == 0 && (pieces.is_last_weekday || pieces.clock.is_some_and(is_ahead)) {
            back = 7;
        }
        day = day.checked_sub(Span::new().try_days(back).ok()?).ok()?;
    } else if is_ahead(pieces.clock?) {
        day = day.yesterday().ok()?;
    }
    Some(of_date(day))
}

/// Years to look back for a 29 February.
const LEAP_YEARS: i16 = 8;

/// The nearest year in which the day is not beyond the day after the capture's.
fn nearest_year(calendar: &Calendar, now: &Zoned) -> Option<i16> {
    let latest = now.date().tomorrow().ok()?;
    let this = latest.year();
    (this - LEAP_YEARS..=this).rev().find(|year| {
        Date::new(*year, calendar.month.unwrap_or(1), calendar.day.unwrap_or(1))
            .is_ok_and(|day| day <= latest)
    })
}

/// Day and month as French has them, unless the weekday says otherwise; the doubt that remains.
fn settle_order(calendar: &mut Calendar, weekday: Option<Weekday>, is_spoken_for: bool) -> Option<Doubt> {
    let is_on = |month: Option<i8>, day: Option<i8>, year: Option<i16>| {
        let date = Date::new(year?, month?, day?).ok()?;
        Some(date.weekday() == weekday?)
    };
    match is_on(calendar.month, calendar.day, calendar.year) {
        Some(true) => None,
        Some(false) if is_on(calendar.day, calendar.month, calendar.year) == Some(true) => {
            (calendar.day, calendar.month) = (calendar.month, calendar.day);
            Some(Doubt::Order)
        }
        _ if is_spoken_for => None,
        _ => Some(Doubt::Order),
    }
}

/// A day and a time in their zone.
fn at_time(
    day: Date,
    clock: Clock,
    zone: Option<&Zone>,
    feed_zone: &TimeZone,
) -> Option<(Timestamp, Precision, Option<Doubt>)> {
    let second = clock.second.unwrap_or(0);
    // The end of the day (ISO 8601).
    let is_end = clock.hour == 24 && clock.minute == 0 && second == 0;
    let day = if is_end { day.tomorrow().ok()? } else { day };
    // A leap second has no number in UTC as computers count it.
    let second = if second == 60 { 59 } else { second };
    let hour = if is_end { 0 } else { clock.hour };
    let time = Time::new(
        hour,
        clock.minute,
        second,
        i32::from(clock.millisecond) * 1_000_000,
    )
    .ok()?;
    let written = DateTime::from_parts(day, time);
    let ambiguous = zone
        .and_then(|zone| zone.clocks.as_ref())
        .unwrap_or(feed_zone)
        .to_ambiguous_timestamp(written);
    let changes = !matches!(ambiguous.offset(), AmbiguousOffset::Unambiguous { .. });
    // Behind a gap, and the first of two: the earlier one, as all that is read here is the earliest that is allowed.
    let at = ambiguous.compatible().ok()?;
    let precision = if clock.second.is_some() {
        Precision::Second
    } else {
        Precision::Minute
    };
    let doubt = if changes {
        Some(Doubt::ClockChange)
    } else {
        zone.and_then(|zone| {
            zone.doubt
                .or_else(|| is_out_of_season(zone, at).then_some(Doubt::Zone))
        })
    };
    Some((at, precision, doubt.or(clock.doubt)))
}

/// `CET` in July: its clocks showed summer time then.
fn is_out_of_season(zone: &Zone, at: Timestamp) -> bool {
    let region = zone.region.and_then(clock::zone);
    region
        .zip(zone.clocks.as_ref())
        .is_some_and(|(region, clocks)| region.to_offset(at) != clocks.to_offset(at))
}
