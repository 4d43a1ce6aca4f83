//! Dates that are told from the reader's clock: `il y a 2 heures`, `hier`, `ce matin`, `vor 3 Tagen`.
//!
//! In: tokens and a place among them. Out: the distance that is written there, and the place behind it. What it comes to is
//! decided with the time of the capture.

use super::tokens::Tokens;

/// A distance to the capture, into the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relative {
    /// Seconds, of a time told in seconds, minutes or hours.
    Seconds(i64),
    /// Days of the calendar.
    Days(i32),
    /// Days, more or less: weeks, `une dizaine de jours`, `environ 3 jours`.
    AboutDays(i32),
    /// Months, of which programs round half a month up or down.
    Months(i32),
    /// Years, in the same way.
    Years(i32),
    /// The night that ends or begins at the capture.
    Night,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// The distance written at `at`.
pub(super) fn read(tokens: &Tokens, at: usize) -> Option<(Relative, usize)> {
    if let Some(found) = day_word(tokens, at) {
        return Some(found);
    }
    // `il y a`, `vor`, `hace`, `há`: the count follows.
    let count = match (tokens.word(at), tokens.word(at + 1), tokens.word(at + 2)) {
        (Some("il"), Some("y"), Some("a")) => Some(at + 3),
        (Some("y"), Some("a"), _) => Some(at + 2),
        (Some("vor" | "hace"), ..) => Some(at + 1),
        _ => None,
    };
    if let Some(first) = count {
        let mut place = first;
        while tokens.word(place).is_some_and(|word| {
            matches!(
                word,
                "environ" | "pres" | "de" | "plus" | "moins" | "peine" | "a" | "d"
            )
        }) || tokens.sign(place) == Some('\'')
        {
            place += 1;
        }
        let (found, next) = amounts(tokens, place)?;
        return Some(match found {
            Relative::Days(days) if place > first => (Relative::AboutDays(days), next),
            found => (found, next),
        });
    }
    // `2 hours ago`, `2 ore fa`, `2 uur geleden`: the count comes first.
    let (found, next) = amounts(tokens, at)?;
    let is_past = matches!(tokens.word(next), Some("ago" | "fa" | "geleden" | "atras"));
    is_past.then_some((found, next + 1))
}

/// `2 heures`, `1 h 30`, `une demi-heure`, `1 heure et 5 minutes`.
fn amounts(tokens: &Tokens, at: usize) -> Option<(Relative, usize)> {
    let (count, next) = count(tokens, at)?;
    let is_few = tokens.word(at).is_some_and(|word| FEW.contains(&word));
    if matches!(tokens.word(next), Some("demi" | "halben" | "half")) {
        let next = tokens.behind_signs(next + 1, &['-']);
        let is_hour = unit(tokens.word(next)?)? == Unit::Hour;
        return is_hour.then_some((Relative::Seconds(30 * 60), next + 1));
    }
    let unit = unit(tokens.word(next)?)?;
    let mut next = tokens.behind_signs(next + 1, &['.']);
    let days = i32::try_from(count).ok()?;
    let relative = match unit {
        Unit::Second => Relative::Seconds(count),
        Unit::Minute => Relative::Seconds(count.checked_mul(60)?),
        Unit::Hour => {
            let mut seconds = count.checked_mul(3600)?;
            let rest = if tokens.word(next) == Some("et") {
                next + 1
            } else {
                next
            };
            if matches!(tokens.word(rest), Some("demi" | "demie")) {
                seconds += 1800;
                next = rest + 1;
            } else if let Some(minutes) = tokens.number(rest).filter(|minutes| minutes.is_short()) {
                let named = tokens.word(rest + 1).and_then(self::unit) == Some(Unit::Minute);
                if named || tokens.is_glued(rest) || tokens.word(rest + 1).is_none() {
                    seconds += i64::from(minutes.value) * 60;
                    next = rest + if named { 2 } else { 1 };
                }
            }
            Relative::Seconds(seconds)
        }
        // A few of them are less than one of the next unit, and no more can be said.
        Unit::Day | Unit::Week if is_few => Relative::Months(0),
        Unit::Month if is_few => Relative::Years(0),
        Unit::Year if is_few => return None,
        Unit::Day if is_round(tokens, at) => Relative::AboutDays(days),
        Unit::Day => Relative::Days(days),
        Unit::Week => Relative::AboutDays(days.checked_mul(7)?),
        Unit::Month => Relative::Months(days),
        Unit::Year => Relative::Years(days),
    };
    Some((relative, next))
}

/// Words for a number that is not told.
const FEW: &[&str] = &["quelques", "plusieurs"];

/// `une dizaine de`: about so many, in front of the unit.
fn round_number(tokens: &Tokens, at: usize) -> Option<(i64, usize)> {
    let value = match (tokens.word(at)?, tokens.word(at + 1)?) {
        ("une", "huitaine") => 8,
        ("une", "dizaine") => 10,
        ("une", "douzaine") => 12,
        ("une", "quinzaine") => 15,
        ("une", "vingtaine") => 20,
        ("une", "trentaine") => 30,
        ("une", "quarantaine") => 40,
        ("une", "cinquantaine") => 50,
        _ => return None,
    };
    let next = match tokens.word(at + 2)? {
        "de" => at + 3,
        "d" => tokens.behind_signs(at + 3, &['\'']),
        _ => return None,
    };
    Some((value, next))
}

fn is_round(tokens: &Tokens, at: usize) -> bool {
    round_number(tokens, at).is_some()
}

fn count(tokens: &Tokens, at: usize) -> Option<(i64, usize)> {
    if let Some(found) = round_number(tokens, at) {
        return Some(found);
    }
    if let Some(number) = tokens.number(at) {
        return Some((i64::from(number.value), at + 1));
    }
    let value = match tokens.word(at)? {
        "un" | "une" | "a" | "an" | "one" | "ein" | "eine" | "einem" | "einer" | "una" | "uno" | "um"
        | "een" | "uma" => 1,
        "deux" | "two" | "zwei" | "dos" | "due" | "dois" | "duas" | "twee" => 2,
        "trois" | "three" | "drei" => 3,
        "quatre" | "four" | "vier" => 4,
        "cinq" | "five" => 5,
        "six" => 6,
        "sept" | "seven" => 7,
        "huit" => 8,
        "neuf" => 9,
        "dix" => 10,
        "onze" => 11,
        "douze" => 12,
        "quinze" => 15,
        "vingt" => 20,
        "trente" => 30,
        // A few: less than what would be told by its number.
        word if FEW.contains(&word) => 0,
        _ => return None,
    };
    Some((value, at + 1))
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "s" | "sec" | "seconde" | "secondes" | "second" | "seconds" | "sekunde" | "sekunden" | "segundos"
        | "secondi" | "seconden" => Unit::Second,
        "min" | "mn" | "mins" | "minute" | "minutes" | "minuten" | "minuti" | "minutos" | "minuto"
        | "minuut" => Unit::Minute,
        "h" | "heure" | "heures" | "hr" | "hrs" | "hour" | "hours" | "stunde" | "stunden" | "hora"
        | "horas" | "ora" | "ore" | "uur" => Unit::Hour,
        "j" | "jour" | "jours" | "jrs" | "d" | "day" | "days" | "tag" | "tage" | "tagen" | "dia" | "dias"
        | "giorno" | "giorni" | "dag" | "dagen" => Unit::Day,
        "sem" | "semaine" | "semaines" | "week" | "weeks" | "woche" | "wochen" | "semana" | "semanas"
        | "settimana" | "settimane" | "weken" => Unit::Week,
        "mois" | "month" | "months" | "monat" | "monate" | "monaten" | "mes" | "meses" | "mese" | "mesi"
        | "maand" | "maanden" => Unit::Month,
        "an" | "ans" | "annee" | "annees" | "year" | "years" | "jahr" | "jahre" | "jahren" | "ano"
        | "anos" | "anno" | "anni" | "jaar" => Unit::Year,
        _ => return None,
    })
}

/// `hier`, `avant-hier`, `aujourd'hui`, `ce matin`, `à l'instant`.
fn day_word(tokens: &Tokens, at: usize) -> Option<(Relative, usize)> {
    let days = |days, next| Some((Relative::Days(days), next));
    match tokens.word(at)? {
        "hier" | "yesterday" | "gestern" | "ayer" | "ieri" | "ontem" | "gisteren" => {
            days(1, part_of_day(tokens, at + 1))
        }
        "avanthier" | "vorgestern" | "anteayer" | "eergisteren" => days(2, part_of_day(tokens, at + 1)),
        "avant" => {
            let next = tokens.behind_signs(at + 1, &['-']);
            (tokens.word(next) == Some("hier"))
                .then(|| days(2, part_of_day(tokens, next + 1)))
                .flatten()
        }
        "aujourd" => {
            let next = tokens.behind_signs(at + 1, &['\'']);
            days(
                0,
                if tokens.word(next) == Some("hui") {
                    next + 1
                } else {
                    next
                },
            )
        }
        "aujourdhui" | "today" | "heute" | "hoy" | "oggi" | "hoje" | "vandaag" => days(0, at + 1),
        "ce" | "cet" | "cette" => {
            let next = part_of_day(tokens, at + 1);
            match tokens.word(at + 1)? {
                "nuit" => Some((Relative::Night, at + 2)),
                "jour" => days(0, at + 2),
                _ => (next > at + 1).then(|| days(0, next)).flatten(),
            }
        }
        // "le mois dernier", "l'an dernier", "la semaine passée".
        whole @ ("semaine" | "mois" | "an" | "annee")
            if matches!(
                tokens.word(at + 1),
                Some("dernier" | "derniere" | "passe" | "passee")
            ) =>
        {
            let found = match whole {
                "semaine" => Relative::AboutDays(7),
                "mois" => Relative::Months(1),
                _ => Relative::Years(1),
            };
            Some((found, at + 2))
        }
        "maintenant" | "now" => Some((Relative::Seconds(0), at + 1)),
        "instant" => {
            let is_now = at >= 2 && tokens.word(at - 2) == Some("l") && tokens.sign(at - 1) == Some('\'');
            is_now.then_some((Relative::Seconds(0), at + 1))
        }
        _ => None,
    }
}

/// The place behind `matin`, `après-midi`, `soir`, `dans la soirée`: which part of a day it was says nothing exact.
fn part_of_day(tokens: &Tokens, at: usize) -> usize {
    let mut place = at;
    while tokens.word(place).is_some_and(|word| {
        matches!(
            word,
            "au" | "dans" | "en" | "debut" | "fin" | "de" | "d" | "la" | "l"
        )
    }) || (place > at && tokens.sign(place) == Some('\''))
    {
        place += 1;
    }
    match tokens.word(place) {
        Some("matin" | "soir" | "matinee" | "soiree" | "midi" | "journee") => place + 1,
        Some("apres") => {
            let next = tokens.behind_signs(place + 1, &['-']);
            if tokens.word(next) == Some("midi") {
                next + 1
            } else {
                at
            }
        }
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_read_in_words_and_numbers() {
        for (written, expected) in [
            ("il y a 2 heures", Some(Relative::Seconds(7200))),
            ("il y a 1h30", Some(Relative::Seconds(5400))),
            ("il y a 1 heure et 5 minutes", Some(Relative::Seconds(3900))),
            ("il y a une demi-heure", Some(Relative::Seconds(1800))),
            ("il y a près d'une heure", Some(Relative::Seconds(3600))),
            ("il y a 3 j", Some(Relative::Days(3))),
            ("il y a deux semaines", Some(Relative::AboutDays(14))),
            ("il y a un mois", Some(Relative::Months(1))),
            ("il y a une vingtaine de minutes", Some(Relative::Seconds(1200))),
            ("il y a une dizaine d'heures", Some(Relative::Seconds(36_000))),
            ("il y a une dizaine de jours", Some(Relative::AboutDays(10))),
            ("il y a environ 3 jours", Some(Relative::AboutDays(3))),
            ("il y a quelques jours", Some(Relative::Months(0))),
            ("il y a plusieurs mois", Some(Relative::Years(0))),
            ("il y a quelques années", None),
            ("hier dans la soirée", Some(Relative::Days(1))),
            ("avant-hier", Some(Relative::Days(2))),
            ("cet après-midi", Some(Relative::Days(0))),
            ("5 hours ago", Some(Relative::Seconds(18_000))),
            ("vor 3 Tagen", Some(Relative::Days(3))),
            ("2 heures", None),
            ("il y a 3 articles", None),
            ("avant", None),
        ] {
            let found = read(&Tokens::of(written), 0).map(|(relative, _)| relative);
            assert_eq!(found, expected, "{written}");
        }
    }
}
