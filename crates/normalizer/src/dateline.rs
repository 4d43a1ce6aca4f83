//! The dateline of a dispatch: `PARIS, 19 nov 2026 (AFP) -` at the head of a text.
//!
//! In: the text of an article that has no date of its own, and when it was captured. Out: the day that its dateline names. Agencies
//! write place, day, their own name in brackets and a dash, in this order; where they leave their name out, the place is in
//! capitals. A day in a sentence is none of these.

use depeche_feed::{DateContext, Doubt, read_date};
use depeche_model::{Precision, Published};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::page::agency_of_text;

/// Bytes of the longest dateline: two places, a weekday, a day with its year, two agencies.
const MAX_BYTES: usize = 120;

/// Words of a place: `LA ROCHE SUR YON`, `Port-au-Prince, Haïti` is two.
const MAX_PLACE_WORDS: usize = 5;

/// Words of a day and a time: `jeudi 19 novembre 2026 à 18 h 30`.
const MAX_DAY_WORDS: usize = 8;

/// The day of a text's dateline, and its words.
pub(crate) fn of(text: &str, captured_at: Timestamp) -> Option<(Published, &str)> {
    let line = text.trim_start().lines().next()?;
    let (line, found) = [" - ", " – ", " — ", " -- ", ")- ", ")– ", ")— ", "–", "—"]
        .iter()
        .filter_map(|dash| Some((line.find(dash)?, dash)))
        .min()
        .and_then(|(at, dash)| Some((line.get(..at + dash.trim_end().len())?, at)))?;
    if found > MAX_BYTES {
        return None;
    }
    let dateline = line.trim_end_matches([' ', '-', '–', '—']);
    let agency = agency_of_text(dateline);
    let bare = without_brackets(dateline);
    let day_at = bare.find(|c: char| c.is_ascii_digit())?;
    let (place, _) = bare.split_at_checked(day_at)?;
    let (place, day) = place
        .rfind([',', '/'])
        .or_else(|| place.rfind("  "))
        .and_then(|at| bare.split_at_checked(at))?;
    let in_capitals = place.chars().any(char::is_alphabetic) && !place.chars().any(char::is_lowercase);
    if !is_place(place) || (agency.is_none() && !in_capitals) {
        return None;
    }
    let day = day.trim_matches(|c: char| !c.is_alphanumeric());
    if day.split_whitespace().count() > MAX_DAY_WORDS {
        return None;
    }
    let context = DateContext {
        captured_at: Some(captured_at),
        ..DateContext::default()
    };
    let reading = read_date(day, &context)
        .filter(|reading| !reading.is_in_prose && reading.published.precision <= Precision::Day)
        .filter(|reading| !matches!(reading.doubt, Some(Doubt::Day | Doubt::Relative)))?;
    let at = reading.published.at;
    let day = if reading.published.precision == Precision::Day {
        at.to_zoned(TimeZone::UTC).date()
    } else {
        at.to_zoned(context.zone).date()
    };
    let published = Published {
        at: day.to_zoned(TimeZone::UTC).ok()?.timestamp(),
        precision: Precision::Day,
    };
    Some((published, dateline))
}

/// The line with a double space in place of what stands in brackets.
fn without_brackets(line: &str) -> String {
    let mut bare = String::with_capacity(line.len());
    let mut depth = 0_u32;
    for c in line.chars() {
        match c {
            '(' | '[' => {
                depth += 1;
                bare.push_str("  ");
            }
            ')' | ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    bare
}

/// Whether a text is names of places: each word of it begins with a capital or joins two.
fn is_place(text: &str) -> bool {
    const JOINTS: &[&str] = &[
        "a", "au", "aux", "de", "du", "la", "le", "les", "en", "sur", "et", "d", "l",
    ];
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '-' | '\'' | '’'))
        .filter(|word| !word.is_empty())
        .collect();
    (1..=MAX_PLACE_WORDS).contains(&words.len())
        && words
            .first()
            .is_some_and(|word| word.starts_with(char::is_uppercase))
        && words.iter().all(|word| {
            word.chars().all(char::is_alphabetic)
                && (word.starts_with(char::is_uppercase) || JOINTS.contains(word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> String {
        let captured_at = "2026-11-21T10:00:00Z".parse().unwrap();
        of(text, captured_at).map_or(String::new(), |(date, _)| {
            assert_eq!(date.precision, Precision::Day);
            date.at.to_string().get(..10).unwrap().to_owned()
        })
    }

    #[test]
    fn a_dispatch_says_its_day_at_its_head() {
        for (text, expected) in [
            ("PARIS, 19 nov 2026 (AFP) - Le Sénat a voté.", "2026-11-19"),
            ("PARIS, 19 nov. 2026 (AFP) – Le Sénat a voté.", "2026-11-19"),
            ("Paris, 19 novembre (Reuters) - Le Sénat a voté.", "2026-11-19"),
            ("DAKAR, 17 nov (APS) — Le Sénat a voté.", "2026-11-17"),
            ("Bruxelles, 18/11/2026 (Belga) – Le Sénat a voté.", "2026-11-18"),
            (
                "Port-au-Prince, jeudi 19 novembre 2026 (AFP) - La ville",
                "2026-11-19",
            ),
            ("BEIJING, 19 novembre (Xinhua) -- La Chine", "2026-11-19"),
            ("PARIS (AFP), 19 nov 2026 - Le Sénat", "2026-11-19"),
            ("RENNES, le 19 novembre 2026 – La ville", "2026-11-19"),
            ("Rabat, 31 déc. (MAP) - Le port", "2025-12-31"),
            // No datelines.
            ("Paris, le 19 novembre 2026 – La ville", ""),
            ("PARIS (AFP) - Le Sénat a voté le 19 novembre 2026.", ""),
            ("Le 19 novembre 2026 - une date à retenir (AFP)", ""),
            ("Né à Paris, 19 ans (AFP) - Le joueur", ""),
            ("Le maire, élu le 19 novembre 2024 (AFP) - Il dit", ""),
            ("LYON, 45 novembre 2026 (AFP) - La ville", ""),
            ("", ""),
            ("—", ""),
            ("1 - 2", ""),
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_dateline_is_the_beginning_of_its_text(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "PARIS", "Lyon", ",", "19", "nov", "2026", "(AFP)", "(", ")", "-", "–", "—", "É", "\u{a0}", "\n", "le", "45",
                ]),
                0..10,
            ),
            glue in proptest::sample::select(vec!["", " "]),
        ) {
            let text = words.join(glue);
            let captured_at = "2026-11-21T10:00:00Z".parse().unwrap();
            if let Some((date, words)) = of(&text, captured_at) {
                proptest::prop_assert_eq!(date.precision, Precision::Day);
                proptest::prop_assert!(text.trim_start().starts_with(words));
            }
        }
    }
}
