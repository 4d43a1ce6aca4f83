//! Dates that a text mentions, as days.
//!
//! In: a text and the day on which it was published. Out: the days that it names, resolved against that day: `le 14 mars`
//! is the nearest one, `mardi` the latest one, `hier` the day before. Reports of one event agree on when the trial is, when
//! the strike begins and when the bridge was built, in whatever words.
//!
//! A day that every report of the time is about tells nothing: the day of publication is left out, and from expressions that
//! lean on it (`hier`, `mardi`) the days beside it too.

use jiff::civil::{Date, Weekday, date};
use jiff::{ToSpan, Unit};

/// Dates of a text that are looked at: chronologies have dozens.
const MOST: usize = 64;
/// Days that terms can tell apart, from here on.
const FIRST: Date = date(1900, 1, 1);

/// The days that a text mentions, counted from [`FIRST`]; each once, ascending.
pub(crate) fn read_dates(text: &str, published: Option<Date>) -> Vec<u16> {
    let tokens: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|token| !token.is_empty())
        .collect();
    let token = |at: usize| tokens.get(at).copied().unwrap_or_default();
    let mut days: Vec<u16> = Vec::new();
    for at in 0..tokens.len() {
        if days.len() >= MOST {
            break;
        }
        let found = if let Some(month) = month(token(at)) {
            at.checked_sub(1)
                .and_then(|before| day_of_month(token(before)))
                .and_then(|day| written(day, month, year(token(at + 1)), published))
                .filter(|found| Some(*found) != published)
        } else {
            published
                .and_then(|published| leaning(&tokens, at, published))
                .filter(|found| published.is_none_or(|published| apart(*found, published) > 1))
        };
        days.extend(found.and_then(number));
    }
    days.sort_unstable();
    days.dedup();
    days
}

/// A day with its month: of the year that is named, or else the nearest to publication.
fn written(day: i8, month: i8, year: Option<i16>, published: Option<Date>) -> Option<Date> {
    if let Some(year) = year {
        return Date::new(year, month, day).ok();
    }
    let published = published?;
    (-1..=1)
        .filter_map(|offset| Date::new(published.year() + offset, month, day).ok())
        .min_by_key(|found| apart(*found, published))
}

/// A day that is named by its distance from publication.
fn leaning(tokens: &[&str], at: usize, published: Date) -> Option<Date> {
    let token = |at: usize| tokens.get(at).copied().unwrap_or_default();
    let weekday = match token(at) {
        "lundi" | "Lundi" => Weekday::Monday,
        "mardi" | "Mardi" => Weekday::Tuesday,
        "mercredi" | "Mercredi" => Weekday::Wednesday,
        "jeudi" | "Jeudi" => Weekday::Thursday,
        "vendredi" | "Vendredi" => Weekday::Friday,
        "samedi" | "Samedi" => Weekday::Saturday,
        "dimanche" | "Dimanche" => Weekday::Sunday,
        "hier" | "Hier" if at > 0 && matches!(token(at - 1), "avant" | "Avant") => {
            return published.checked_sub(2.days()).ok();
        }
        _ => return None,
    };
    // `mardi 14 mars` is told by its month.
    if day_of_month(token(at + 1)).is_some() && month(token(at + 2)).is_some() {
        return None;
    }
    let since = i64::from(published.weekday().since(weekday));
    let days = match token(at + 1) {
        "prochain" => 7 - since,
        "dernier" if since == 0 => -7,
        _ => -since,
    };
    published.checked_add(days.days()).ok()
}

fn month(token: &str) -> Option<i8> {
    Some(match token {
        "janvier" => 1,
        "février" => 2,
        "mars" => 3,
        "avril" => 4,
        "mai" => 5,
        "juin" => 6,
        "juillet" => 7,
        "août" | "aout" => 8,
        "septembre" => 9,
        "octobre" => 10,
        "novembre" => 11,
        "décembre" => 12,
        _ => return None,
    })
}

fn day_of_month(token: &str) -> Option<i8> {
    let digits = token.strip_suffix("er").unwrap_or(token);
    (digits.len() <= 2)
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|day| (1..=31).contains(day))
}

fn year(token: &str) -> Option<i16> {
    (token.len() == 4)
        .then(|| token.parse().ok())
        .flatten()
        .filter(|year| (1900..2079).contains(year))
}

fn apart(a: Date, b: Date) -> i32 {
    days_from(b, a).map_or(i32::MAX, i32::abs)
}

fn days_from(from: Date, to: Date) -> Option<i32> {
    from.until((Unit::Day, to)).ok().map(|span| span.get_days())
}

fn number(day: Date) -> Option<u16> {
    days_from(FIRST, day).and_then(|days| u16::try_from(days).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Wednesday.
    const PUBLISHED: Date = date(2026, 3, 11);

    fn read(text: &str) -> Vec<Date> {
        read_dates(text, Some(PUBLISHED))
            .into_iter()
            .map(|day| FIRST.checked_add(i64::from(day).days()).unwrap())
            .collect()
    }

    #[test]
    fn dates_are_resolved_against_publication() {
        let cases = [
            ("Le procès s’ouvrira le 14 mars.", vec![date(2026, 3, 14)]),
            ("depuis le 28 décembre", vec![date(2025, 12, 28)]),
            ("avant le 1er janvier 2028", vec![date(2028, 1, 1)]),
            ("né le 3 août 1957", vec![date(1957, 8, 3)]),
            ("samedi soir", vec![date(2026, 3, 7)]),
            ("samedi prochain", vec![date(2026, 3, 14)]),
            ("mercredi dernier", vec![date(2026, 3, 4)]),
            ("avant-hier", vec![date(2026, 3, 9)]),
            ("vendredi 20 mars", vec![date(2026, 3, 20)]),
        ];
        for (text, days) in cases {
            assert_eq!(read(text), days, "{text}");
        }
    }

    #[test]
    fn the_day_of_publication_and_those_beside_it_tell_nothing() {
        for text in ["mercredi", "mardi soir", "le 11 mars", "hier", "demain"] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "le 31 février",
            "32 mars",
            "mars",
            "le 29 février 2026",
            "14 marseillais",
        ] {
            let days = read(text);
            assert_eq!(days, [], "{text}");
        }
        assert_eq!(read_dates("mardi et le 14 mars", None), Vec::<u16>::new());
        assert_eq!(read_dates("le 14 mars 2026", None).len(), 1);
    }
}
