//! The labelled dates, and what holds for every string.

use super::*;

/// One line of the labelled set.
struct Case {
    written: &'static str,
    context: DateContext,
    expected: String,
}

/// When the labelled dates were captured where they do not say so: a Friday, eleven o'clock in Paris.
const CAPTURED_AT: &str = "2026-02-06T10:00:00Z";

fn cases() -> Vec<Case> {
    include_str!("../../tests/data/dates/dates.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [written, captured_at, zone, expected, precision, doubt] = columns[..] else {
                panic!("six columns: {line}")
            };
            let captured_at = match captured_at {
                "-" => None,
                "." => Some(CAPTURED_AT.parse().unwrap()),
                written => Some(written.parse().unwrap()),
            };
            let zone = super::zone(if zone == "." { DEFAULT_ZONE } else { zone }).unwrap();
            Case {
                written,
                context: DateContext { zone, captured_at },
                expected: format!("{expected} {precision} {doubt}"),
            }
        })
        .collect()
}

fn shown(reading: Option<DateReading>) -> String {
    reading.map_or_else(
        || "none - -".to_owned(),
        |reading| {
            let doubt = reading.doubt.map_or("-".to_owned(), |doubt| format!("{doubt:?}"));
            let Published { at, precision } = reading.published;
            format!("{at} {} {}", precision.as_str(), doubt.to_lowercase())
        },
    )
}

#[test]
fn dates_are_read_as_publishers_mean_them() {
    let cases = cases();
    assert!(cases.len() >= 100, "{}", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let read = shown(read_date(case.written, &case.context));
            (read != case.expected).then(|| format!("{}: {read} and not {}", case.written, case.expected))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), cases.len());
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
        ("2025-036", None),
    ] {
        assert_eq!(parse_partial(written).map(|p| p.precision), expected, "{written}");
    }
}

#[test]
fn a_date_before_the_web_or_after_tomorrow_is_not_plausible() {
    let captured: Timestamp = "2026-02-05T12:00:00Z".parse().unwrap();
    for (written, plausible) in [
        ("2026-02-05T12:00:00Z", true),
        ("2026-02-06T12:00:00Z", true),
        ("2026-02-06T12:00:01Z", false),
        ("1970-01-01T00:00:00Z", false),
    ] {
        assert_eq!(
            is_plausible(&parse_date(written).unwrap(), captured),
            plausible,
            "{written}"
        );
    }
}

#[test]
fn of_two_dates_the_publication_is_told_from_the_update() {
    let context = DateContext::new(zone(DEFAULT_ZONE).unwrap(), CAPTURED_AT.parse().unwrap());
    for (written, published, updated) in [
        (
            "Publié le 05/02/2026 à 18:30, mis à jour à 19:45",
            "2026-02-05T17:30:00Z",
            Some("2026-02-05T18:45:00Z"),
        ),
        (
            "Mis à jour le 4 mars 2025 à 8h10, publié le 3 mars 2025 à 7h05",
            "2025-03-03T06:05:00Z",
            Some("2025-03-04T07:10:00Z"),
        ),
        (
            "Publié hier à 18h30 • Modifié il y a 20 min",
            "2026-02-05T17:30:00Z",
            Some("2026-02-06T09:40:00Z"),
        ),
        ("Publié le 5 février 2026", "2026-02-05T00:00:00Z", None),
    ] {
        let reading = read_date(written, &context).unwrap();
        assert_eq!(reading.published.at.to_string(), published, "{written}");
        assert_eq!(
            reading.updated.map(|date| date.at.to_string()).as_deref(),
            updated,
            "{written}"
        );
        assert!(!reading.is_update, "{written}");
    }
    assert!(
        read_date("Mis à jour le 5 février 2026", &context)
            .unwrap()
            .is_update
    );
}

#[test]
fn prose_is_told_from_a_date() {
    for (written, is_date) in [
        ("Publié le jeudi 5 février 2026 à 18h30", true),
        ("jeudi 5 février 2026", true),
        ("Le 5 février 2026, la ville votera", false),
        ("Par Jeanne Martin, le 5 février 2026", false),
        ("Mars 2026", true),
        ("1789", true),
        ("La Révolution de 1789", false),
        ("3 min de lecture", false),
        ("Jeanne Martin", false),
        ("12 commentaires", false),
    ] {
        assert_eq!(parse_date(written).is_some(), is_date, "{written}");
    }
}

mod properties {
    use jiff::fmt::rfc2822;
    use proptest::prelude::*;

    use super::*;

    const MONTHS: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];

    fn paris() -> DateContext {
        DateContext::new(zone(DEFAULT_ZONE).unwrap(), CAPTURED_AT.parse().unwrap())
    }

    fn read(written: &str) -> Published {
        read_date(written, &paris())
            .unwrap_or_else(|| panic!("{written}"))
            .published
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(millisecond in 0_i64..4_102_444_800_000) {
            let at = Timestamp::from_millisecond(millisecond).unwrap();
            prop_assert_eq!(read(&at.to_string()).at, at);
            let second = Timestamp::from_second(at.as_second()).unwrap();
            prop_assert_eq!(read(&rfc2822::to_string(&second.to_zoned(TimeZone::UTC)).unwrap()).at, second);
            let local = second.to_zoned(zone("America/Toronto").unwrap());
            prop_assert_eq!(read(&local.to_string()).at, second);
        }

        #[test]
        fn what_a_french_page_shows_is_read_back(minute in 0_i64..68_374_080) {
            let at = Timestamp::from_second(minute * 60).unwrap();
            let local = at.to_zoned(zone(DEFAULT_ZONE).unwrap());
            let month = MONTHS[usize::try_from(local.month()).unwrap() - 1];
            let (day, year, hour, minute) = (local.day(), local.year(), local.hour(), local.minute());
            for written in [
                format!("Publié le {day} {month} {year} à {hour}h{minute:02}"),
                format!("{day:02}/{:02}/{year} à {hour:02}:{minute:02}", local.month()),
                format!("{} {day}\u{a0}{month}\u{a0}{year}, {hour}\u{202f}h\u{202f}{minute:02}", "le"),
            ] {
                let reading = read_date(&written, &paris()).unwrap();
                prop_assert_eq!(reading.published.precision, Precision::Minute, "{}", written);
                // The second of two hours in autumn reads as the first, with a doubt.
                let is_first = reading.published.at == at;
                prop_assert!(is_first || reading.doubt == Some(Doubt::ClockChange), "{}", written);
            }
        }

        #[test]
        fn any_string_can_be_asked_for_its_date(written in "\\PC{0,60}") {
            prop_assert_eq!(read_date(&written, &paris()), read_date(&written, &paris()));
        }

        #[test]
        fn any_words_of_dates_give_a_moment_at_the_start_of_what_they_say(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "5", "05", "2026", "26", "18", "h", "30", ":", "-", "+", "/", ".", "février", "mars", "mar.", "jeudi",
                    "publié", "mis à jour", "le", "à", "il y a", "hier", "heures", "CET", "pm", "T", "W06", "minuit", "et",
                    "20260205", "1er", "ago", "Europe/Paris", "'", "août", "ce matin", "99999999999", "é", "semaines",
                ]),
                0..14,
            ),
            glue in prop::sample::select(vec!["", " "]),
        ) {
            if let Some(reading) = read_date(&words.join(glue), &paris()) {
                let utc = reading.published.at.to_zoned(TimeZone::UTC);
                prop_assert!(YEARS.contains(&utc.year()));
                let (midnight, first) = (utc.time() == jiff::civil::Time::midnight(), utc.day() == 1);
                match reading.published.precision {
                    Precision::Day => prop_assert!(midnight),
                    Precision::Month => prop_assert!(midnight && first),
                    Precision::Year => prop_assert!(midnight && first && utc.month() == 1),
                    Precision::Minute => prop_assert_eq!(utc.second(), 0),
                    Precision::Second => {}
                    Precision::None => prop_assert!(false),
                }
            }
        }
    }
}
