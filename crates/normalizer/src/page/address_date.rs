//! The day that a page's address names.
//!
//! In: an address. Out: the day of `/2025/08/12/`, `/2025-08-12/`, `-20250812_`, `-12-08-2025-`, or the month of
//! `/2025/08/`. Numbers that are no day of the web's years are identifiers.

use depeche_feed::parse_partial;
use depeche_model::{Precision, Published};

/// Years in addresses: before these the web had no press, and four digits behind them are an identifier.
const YEARS: std::ops::RangeInclusive<u16> = 1995..=2069;

/// The day that an address names; the month where it names no more.
pub(super) fn of(url: &str) -> Option<Published> {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut month = None;
    for (at, segment) in segments.iter().enumerate() {
        let next = |ahead: usize| segments.get(at + ahead).copied().unwrap_or_default();
        if segment.len() == 4 {
            if let Some(day) = date(segment, next(1), next(2)) {
                return Some(day);
            }
            month = month.or_else(|| date(segment, next(1), ""));
        }
        let parts: Vec<&str> = segment.split(|c: char| !c.is_ascii_digit()).collect();
        for (number, part) in parts.iter().enumerate() {
            let other = |ahead: usize| parts.get(number + ahead).copied().unwrap_or_default();
            let found = match part.len() {
                4 => date(part, other(1), other(2)),
                2 if other(2).len() == 4 => date(other(2), other(1), part),
                // With a time behind the day, or without.
                8 | 12 | 14 => date(
                    part.get(..4).unwrap_or_default(),
                    part.get(4..6).unwrap_or_default(),
                    part.get(6..8).unwrap_or_default(),
                ),
                _ => None,
            };
            if let Some(found) = found.filter(|found| found.precision == Precision::Day) {
                return Some(found);
            }
        }
    }
    month
}

/// A day, or a month where `day` is empty; in two digits each, as addresses have them.
fn date(year: &str, month: &str, day: &str) -> Option<Published> {
    let is_number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    if !is_number(year, 4..=4)
        || !YEARS.contains(&year.parse().ok()?)
        || !is_number(month, 1..=2)
        || month.parse::<u8>().ok()? > 12
    {
        return None;
    }
    if day.is_empty() {
        return (month.len() == 2)
            .then(|| parse_partial(&format!("{year}-{month}")))
            .flatten();
    }
    is_number(day, 1..=2)
        .then(|| parse_partial(&format!("{year}-{month:0>2}-{day:0>2}")))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_days_and_months() {
        for (url, day) in [
            ("https://www.example.org/2025/08/12/titre/", "2025-08-12"),
            ("https://www.example.org/monde/2025/8/2/titre", "2025-08-02"),
            ("https://www.example.org/a/2025-08-12/titre-de-2031", "2025-08-12"),
            (
                "https://www.example.org/politique/titre-20251009_QWERTY/",
                "2025-10-09",
            ),
            ("https://www.example.org/titre_AN-202509140231.html", "2025-09-14"),
            (
                "https://www.example.org/faits-divers/titre-12-08-2025-ABC.php",
                "2025-08-12",
            ),
            ("https://www.example.org/2025/08/titre", "2025-08-01"),
            ("https://www.example.org/titre-6701234_3244.html", ""),
            ("https://www.example.org/les-elections-de-2027", ""),
            ("https://www.example.org/20259912/titre", ""),
            ("https://www.example.org/2025/31/12/titre", ""),
            ("https://example.org", ""),
            ("", ""),
            ("été/2025/é", ""),
        ] {
            let found = of(url).map(|date| date.at.to_string());
            assert_eq!(
                found.as_deref().and_then(|at| at.get(..10)).unwrap_or(""),
                day,
                "{url}"
            );
        }
        assert_eq!(
            of("https://www.example.org/2025/08/titre").map(|date| date.precision),
            Some(Precision::Month)
        );
    }
}
