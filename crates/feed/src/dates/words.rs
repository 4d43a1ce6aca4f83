//! The words of dates: months, weekdays, zones, and those that say nothing.
//!
//! All are written as the tokens are: lower case, without accents. French first, then the languages of the feeds that are
//! read beside French ones: English, German, Spanish, Italian, Portuguese, Dutch.

use jiff::civil::Weekday;

use super::Label;

/// Full names of the months. A word of three letters or more that begins one is its abbreviation.
const MONTHS: &[(i8, &[&str])] = &[
    (
        1,
        &[
            "janvier", "january", "januar", "enero", "gennaio", "janeiro", "januari", "janner",
        ],
    ),
    (
        2,
        &[
            "fevrier",
            "february",
            "februar",
            "febrero",
            "febbraio",
            "fevereiro",
            "februari",
            "feber",
        ],
    ),
    (
        3,
        &["mars", "march", "marz", "maerz", "marzo", "marco", "maart", "mrt"],
    ),
    (4, &["avril", "april", "abril", "aprile", "avl"]),
    (5, &["mai", "may", "mayo", "maggio", "maio", "mei"]),
    (6, &["juin", "june", "juni", "junio", "giugno", "junho"]),
    (
        7,
        &["juillet", "july", "juli", "julio", "luglio", "julho", "jl", "jul"],
    ),
    (8, &["aout", "august", "agosto", "augustus"]),
    (
        9,
        &[
            "septembre",
            "september",
            "septiembre",
            "settembre",
            "setembro",
            "setiembre",
        ],
    ),
    (
        10,
        &["octobre", "october", "oktober", "octubre", "ottobre", "outubro"],
    ),
    (11, &["novembre", "november", "noviembre", "novembro"]),
    (
        12,
        &[
            "decembre",
            "december",
            "dezember",
            "diciembre",
            "dicembre",
            "dezembro",
            "decembro",
        ],
    ),
];

/// The month a word names. `jui` is June or July, so it is none.
pub(super) fn month(word: &str) -> Option<i8> {
    let length = word.chars().count();
    let begins = |name: &&str| {
        length >= 3
            && length <= name.len()
            && name
                .chars()
                .zip(word.chars())
                .all(|(a, b)| a == b || b == char::REPLACEMENT_CHARACTER)
    };
    let mut found = MONTHS
        .iter()
        .filter(|(_, names)| names.iter().any(|name| *name == word || begins(name)))
        .map(|(month, _)| *month);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The days of a month up to sixteen, in words.
const DAYS: &[&str] = &[
    "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize",
    "quatorze", "quinze", "seize",
];

/// The day that the next words name (`premier`, `dix-neuf`, `vingt et un`), and how many tokens it takes. `word` and `sign` give
/// the token so far ahead.
pub(super) fn day<'a>(
    word: impl Fn(usize) -> Option<&'a str>,
    sign: impl Fn(usize) -> Option<char>,
) -> Option<(i8, usize)> {
    let small = |ahead: usize| {
        let known = word(ahead)?;
        let at = DAYS.iter().position(|name| *name == known)?;
        i8::try_from(at + 1).ok()
    };
    let behind_dash = |ahead: usize| {
        if sign(ahead) == Some('-') {
            ahead + 1
        } else {
            ahead
        }
    };
    let tens = match word(0)? {
        "premier" => return Some((1, 1)),
        "dix" => 10,
        "vingt" => 20,
        "trente" => 30,
        _ => return Some((small(0)?, 1)),
    };
    let mut next = behind_dash(1);
    if word(next) == Some("et") {
        next = behind_dash(next + 1);
    }
    let day = match small(next) {
        // `vingt sept`, `dix sept`: a unit, unless it is the month.
        Some(unit) if unit < 10 && (unit != 7 || word(next + 1).and_then(month).is_some()) => {
            return (tens + unit <= 31).then_some((tens + unit, next + 1));
        }
        _ => tens,
    };
    Some((day, 1))
}

/// First letters of the weekdays; those of three letters or fewer are the whole word.
const WEEKDAYS: &[(Weekday, &[&str])] = &[
    (
        Weekday::Monday,
        &[
            "lundi", "lun", "mon", "monday", "montag", "lunes", "lunedi", "segunda", "seg", "maandag",
        ],
    ),
    (
        Weekday::Tuesday,
        &[
            "mardi", "mar", "tue", "tues", "tuesday", "dienstag", "martes", "martedi", "terca", "ter",
            "dinsdag",
        ],
    ),
    (
        Weekday::Wednesday,
        &[
            "mercredi",
            "mer",
            "merc",
            "wed",
            "wednesday",
            "mittwoch",
            "miercoles",
            "mie",
            "mercoledi",
            "quarta",
            "qua",
            "woensdag",
        ],
    ),
    (
        Weekday::Thursday,
        &[
            "jeudi",
            "jeu",
            "thu",
            "thur",
            "thurs",
            "thursday",
            "donnerstag",
            "jueves",
            "jue",
            "giovedi",
            "gio",
            "quinta",
            "qui",
            "donderdag",
        ],
    ),
    (
        Weekday::Friday,
        &[
            "vendredi", "ven", "vend", "fri", "friday", "freitag", "viernes", "vie", "venerdi", "sexta",
            "sex", "vrijdag",
        ],
    ),
    (
        Weekday::Saturday,
        &[
            "samedi",
            "sam",
            "sat",
            "saturday",
            "samstag",
            "sonnabend",
            "sabado",
            "sab",
            "sabato",
            "zaterdag",
        ],
    ),
    (
        Weekday::Sunday,
        &[
            "dimanche", "dim", "sun", "sunday", "sonntag", "domingo", "dom", "domenica", "zondag",
        ],
    ),
];

/// Short forms that are a weekday in one language and another in the next, or a word.
const SHORT_WEEKDAYS: &[&str] = &[
    "lu", "ma", "me", "je", "ve", "sa", "di", "mo", "mi", "do", "fr", "so", "wo", "vr", "za", "zo", "feira",
];

/// The weekday a word names.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    WEEKDAYS
        .iter()
        .find(|(_, names)| names.contains(&word))
        .map(|(weekday, _)| *weekday)
}

/// Whether a word may stand for a weekday without saying which.
pub(super) fn is_short_weekday(word: &str) -> bool {
    SHORT_WEEKDAYS.contains(&word)
}

/// Words that stand in a date and say nothing of it.
const FILLERS: &[&str] = &[
    "t", "a", "le", "la", "les", "l", "at", "er", "de", "d", "du", "mis", "mise", "min", "mn", "s", "date",
    "en", "et", "th", "st", "nd", "rd", "of", "on", "the", "in", "um", "uhr", "uur", "om", "alle", "ore",
    "as", "el", "il", "del", "den", "der", "dem", "am", "op", "los", "las", "em", "e", "o", "al", "h", "hui",
    "ligne", "jour", "derniere", "last", "dit", "ce", "vers", "dernier", "passe", "heure", "heures", "heute",
    "von", "van", "by", "temps", "local", "locale",
];

pub(super) fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word)
}

/// What a word says of the date behind it.
pub(super) fn label(word: &str) -> Option<Label> {
    const PUBLISHED: &[&str] = &[
        "publie",
        "publiee",
        "publies",
        "publication",
        "published",
        "posted",
        "poste",
        "postee",
        "cree",
        "creee",
        "created",
        "paru",
        "parue",
        "parution",
        "ecrit",
        "redige",
        "diffuse",
        "veroffentlicht",
        "publicado",
        "publicada",
        "pubblicato",
        "gepubliceerd",
        "emis",
    ];
    const UPDATED: &[&str] = &[
        "jour",
        "maj",
        "modifie",
        "modifiee",
        "modification",
        "actualise",
        "actualisee",
        "actualisation",
        "updated",
        "update",
        "modified",
        "corrige",
        "corrigee",
        "edite",
        "revise",
        "aktualisiert",
        "actualizado",
        "aggiornato",
        "atualizado",
        "bijgewerkt",
        "complete",
    ];
    if PUBLISHED.contains(&word) {
        Some(Label::Published)
    } else if UPDATED.contains(&word) {
        Some(Label::Updated)
    } else {
        None
    }
}

/// Words that only French has in a date: day comes before month.
pub(super) fn is_french(word: &str) -> bool {
    matches!(
        word,
        "le" | "a"
            | "h"
            | "heure"
            | "heures"
            | "du"
            | "publie"
            | "publication"
            | "parution"
            | "edition"
            | "publiee"
            | "paru"
            | "parue"
            | "jour"
            | "maj"
            | "modifie"
            | "modifiee"
            | "cree"
            | "redige"
            | "diffuse"
    )
}

/// The meaning of a zone name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Minutes from UTC.
    Offset(i32),
    /// The clocks of a place, with their summer time.
    Place(&'static str),
    /// One of several meanings, in minutes from UTC.
    Likely(i32),
}

/// Zone names: RFC 2822 §4.3, what European servers send, and the French names of Unicode's locale data (`HNEC`, `HE`),
/// which Canadian sites show.
const ZONES: &[(Named, &[&str])] = &[
    (
        Named::Offset(0),
        &["z", "zulu", "ut", "utc", "gmt", "tu", "tuc", "wet", "hneo"],
    ),
    (
        Named::Offset(60),
        &["west", "bst", "heeo", "cet", "met", "mez", "hnec", "wat"],
    ),
    (
        Named::Offset(120),
        &["cest", "mest", "mesz", "heec", "haec", "eet", "hnee", "cat"],
    ),
    (Named::Offset(180), &["eest", "heee", "haee", "msk", "eat"]),
    (Named::Offset(-300), &["est", "hne", "cdt", "hac"]),
    (Named::Offset(-240), &["edt", "hae", "ast", "hna"]),
    (Named::Offset(-360), &["cst", "hnc", "mdt", "har"]),
    (Named::Offset(-420), &["mst", "hnr", "pdt", "hap"]),
    (Named::Offset(-480), &["pst", "hnp"]),
    (Named::Offset(-180), &["adt", "haa"]),
    (Named::Offset(-210), &["nst", "hnt"]),
    (Named::Offset(-150), &["ndt", "hat"]),
    (Named::Offset(540), &["jst", "kst"]),
    (Named::Offset(600), &["aest"]),
    (Named::Offset(660), &["aedt", "nct"]),
    // French overseas, and others that have one meaning in the zone database's history.
    (Named::Offset(240), &["ret"]),
    (Named::Offset(-180), &["gft", "brt"]),
    (Named::Offset(-600), &["taht", "hst"]),
    (Named::Offset(-540), &["akst"]),
    (Named::Offset(-480), &["akdt"]),
    (Named::Offset(120), &["sast"]),
    (Named::Offset(180), &["trt"]),
    (Named::Offset(420), &["wib", "ict"]),
    (Named::Offset(480), &["hkt", "sgt", "awst"]),
    (Named::Offset(720), &["nzst"]),
    (Named::Offset(780), &["nzdt"]),
    (Named::Place("Europe/Paris"), &["hec"]),
    (Named::Place("Europe/Lisbon"), &["heo"]),
    (Named::Place("America/Toronto"), &["he"]),
    (Named::Place("America/Winnipeg"), &["hc"]),
    (Named::Place("America/Vancouver"), &["hp"]),
    (Named::Place("America/Halifax"), &["ha"]),
    (Named::Place("America/St_Johns"), &["ht"]),
    // Eastern Europe in Unicode's data; Canadian writers may mean their own east.
    (Named::Likely(120), &["hee"]),
];

/// What a zone name means.
pub(super) fn zone(word: &str) -> Option<Named> {
    ZONES
        .iter()
        .find(|(_, names)| names.contains(&word))
        .map(|(meaning, _)| *meaning)
}

/// Zone names that are words too: nothing but the rest of a date may follow them.
pub(super) fn is_word_too(zone: &str) -> bool {
    matches!(
        zone,
        "est" | "met" | "he" | "ha" | "ht" | "hat" | "hp" | "hc" | "cat" | "eat" | "wat" | "z" | "tu"
    )
}

/// The zone in which clocks changed when a name without summer time was written, to see whether it was meant.
pub(super) fn region(word: &str) -> Option<&'static str> {
    Some(match word {
        "cet" | "cest" | "met" | "mest" | "mez" | "mesz" | "hnec" | "heec" => "Europe/Paris",
        "est" | "edt" | "hne" | "hae" => "America/Toronto",
        "eet" | "eest" => "Europe/Athens",
        "pst" | "pdt" => "America/Vancouver",
        _ => return None,
    })
}

/// Places whose time a French text names: `heure de Paris`, `heure française`.
pub(super) fn place(word: &str) -> Option<&'static str> {
    Some(match word {
        "paris" | "francaise" | "france" => "Europe/Paris",
        "bruxelles" | "belge" | "belgique" => "Europe/Brussels",
        "geneve" | "berne" | "zurich" | "suisse" => "Europe/Zurich",
        "luxembourg" => "Europe/Luxembourg",
        "montreal" | "quebec" | "toronto" | "ottawa" | "est" => "America/Toronto",
        "londres" | "britannique" => "Europe/London",
        "york" | "washington" => "America/New_York",
        "alger" => "Africa/Algiers",
        "tunis" => "Africa/Tunis",
        "rabat" | "casablanca" | "marocaine" => "Africa/Casablanca",
        "dakar" => "Africa/Dakar",
        "abidjan" => "Africa/Abidjan",
        "kinshasa" => "Africa/Kinshasa",
        "reunion" => "Indian/Reunion",
        "martinique" => "America/Martinique",
        "guadeloupe" => "America/Guadeloupe",
        "guyane" | "cayenne" => "America/Cayenne",
        "noumea" => "Pacific/Noumea",
        "haiti" => "America/Port-au-Prince",
        "tahiti" | "papeete" => "Pacific/Tahiti",
        "mayotte" => "Indian/Mayotte",
        "moscou" => "Europe/Moscow",
        "greenwich" | "universel" | "universelle" => "Etc/UTC",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviation_names_one_month_or_none() {
        for (word, expected) in [
            ("fev", Some(2)),
            ("fevr", Some(2)),
            ("f\u{fffd}vrier", Some(2)),
            ("ao\u{fffd}t", Some(8)),
            ("jui", None),
            ("juil", Some(7)),
            ("mar", Some(3)),
            ("mai", Some(5)),
            ("ma", None),
            ("sept", Some(9)),
            ("mardi", None),
            ("decembres", None),
        ] {
            assert_eq!(month(word), expected, "{word}");
        }
    }
}
