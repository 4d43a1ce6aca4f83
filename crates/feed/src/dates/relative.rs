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
    /// So many whole weeks, and less than one more.
    Weeks(i32),
    /// So many whole months, and less than one more.
    Months(i32),
    /// So many whole years, and less than one more.
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
    if let Some(mut place) = count {
        while tokens.word(place).is_some_and(|word| {
            matches!(
                word,
                "environ" | "pres" | "de" | "plus" | "moins" | "peine" | "a" | "d"
            )
        }) || tokens.sign(place) == Some('\'')
        {
            place += 1;
        }
        return amounts(tokens, place);
    }
    // `2 hours ago`, `2 ore fa`, `2 uur geleden`: the count comes first.
    let (found, next) = amounts(tokens, at)?;
    let is_past = matches!(tokens.word(next), Some("ago" | "fa" | "geleden" | "atras"));
    is_past.then_some((found, next + 1))
}

/// `2 heures`, `1 h 30`, `une demi-heure`, `1 heure et 5 minutes`.
fn amounts(tokens: &Tokens, at: usize) -> Option<(Relative, usize)> {
    let (count, next) = count(tokens, at)?;
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
        Unit::Day => Relative::Days(days),
        Unit::Week => Relative::Weeks(days),
        Unit::Month => Relative::Months(days),
        Unit::Year => Relative::Years(days),
    };
    Some((relative, next))
}

fn count(tokens: &Tokens, at: usize) -> Option<(i64, usize)> {
    if let Some(number) = tokens.number(at) {
        return Some((i64::from(number.value), at + 1));
    }
    let value = match tokens.word(at)? {
        "un" | "une" | "a" | "an" | "one" | "ein" | "eine" | "einem" | "einer" | "una" | "uno" | "um"
        | "een" | "uma" => 1,
        "deux" | "two" | "zwei" | "dos" | "due" | "dois" | "duas" | "twee" => 2,
        "trois" | "three" | "drei" => 3,
        "quatre" | "four" | "vier" => 4,
        "cinq" => 5,
        "six" => 6,
        "sept" => 7,
        "huit" => 8,
        "neuf" => 9,
        "dix" => 10,
        "quinze" => 15,
        "vingt" => 20,
        "trente" => 30,
        // A few: less than what would be told by its number.
        "quelques" => 0,
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
        "maintenant" | "now" => Some((Relative::Seconds(0), at + 1)),
        "instant" => {
            let is_now = at >= 2 && tokens.word(at - 2) == Some("l") && tokens.sign(at - 1) == Some('\'');
            is_now.then_some((Relative::Seconds(0), at + 1))
        }
        _ => None,
    }
}

/// The place behind `matin`, `après-midi`, `soir`: which part of a day it was says nothing exact.
fn part_of_day(tokens: &Tokens, at: usize) -> usize {
    let at = if tokens.word(at) == Some("au") { at + 1 } else { at };
    match tokens.word(at) {
        Some("matin" | "soir" | "matinee" | "soiree" | "midi") => at + 1,
        Some("apres") => {
            let next = tokens.behind_signs(at + 1, &['-']);
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
            ("il y a deux semaines", Some(Relative::Weeks(2))),
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
