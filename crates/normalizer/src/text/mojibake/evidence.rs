//! Whether a stretch that is valid UTF-8 when taken back can have been meant as it stands.
//!
//! Nothing but the characters themselves and their neighbours is asked. What decides:
//!
//! - *What it would become.* Only what such text is made of counts: Latin letters, punctuation, pictures, and letters of
//!   other scripts in a row, since two marks behind one accented letter are a Chinese character too (`né…”`).
//! - *Where it stands.* A capital or a foreign letter behind a small one, or a mark between two letters of a word, is in no
//!   clean text. Behind a word in capitals, though, marks that may close a sentence prove nothing (`AMANHÃ…`).

use super::encodings::Reading;

/// How sure it is that something was read wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    None,
    /// Only beside something certain.
    Likely,
    Certain,
}

/// Scripts whose letters count only in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// Any other character.
    None,
    Greek,
    Cyrillic,
    Hebrew,
    Arabic,
    Indic,
    EastAsian,
}

/// The script of a letter that counts only in a row.
pub(super) fn script(c: char) -> Script {
    match c {
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Script::Greek,
        '\u{400}'..='\u{52f}' => Script::Cyrillic,
        '\u{591}'..='\u{5f4}' => Script::Hebrew,
        '\u{60c}'..='\u{6ff}' => Script::Arabic,
        '\u{900}'..='\u{eff}' => Script::Indic,
        '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff5e}' => Script::EastAsian,
        _ => Script::None,
    }
}

/// Whether a mark may stand behind a word or a sign in clean text, whatever comes next.
fn closes(c: char) -> bool {
    matches!(
        c,
        '…' | '’' | '‘' | '”' | '“' | '»' | '›' | '–' | '—' | '•' | '™' | '®' | '\u{a0}' | '\u{ad}'
    )
}

/// Marks that mathematics puts behind a root or a sign.
fn is_mathematical(c: char) -> bool {
    matches!(
        c,
        'π' | '∂' | '∑' | '∏' | '∫' | '∞' | '±' | '≤' | '≥' | '≠' | 'Ω' | 'µ' | 'Δ'
    )
}

fn is_box(c: char) -> bool {
    ('\u{2500}'..='\u{259f}').contains(&c)
}

/// A letter as French and its neighbours write it.
fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || (('\u{c0}'..='\u{24f}').contains(&c) && c.is_alphabetic())
}

/// What a stretch is certain to be, between its neighbours; `in_row` counts the sequences of its script around it.
pub(super) fn certainty(
    reading: Reading,
    source: &[char],
    decoded: char,
    before: Option<char>,
    after: Option<char>,
    in_row: usize,
) -> Certainty {
    let (Some(&lead), Some(&last)) = (source.first(), source.last()) else {
        return Certainty::None;
    };
    let between = Neighbours { before, after };
    if script(decoded) != Script::None {
        return foreign(reading, source.len(), in_row);
    }
    match source.len() {
        4 => picture(decoded),
        3 => mark(reading, source, decoded, between),
        _ if !leads(reading, lead) => Certainty::None,
        _ => match decoded {
            '\u{80}'..='\u{9f}' => control(decoded, reading, between),
            '\u{a0}'..='\u{bf}' => symbol(reading, last, decoded, between),
            '\u{c0}'..='\u{17f}' => letter(reading, lead, last, decoded, between),
            // `ș` and `ț`.
            '\u{218}'..='\u{21b}' => {
                either(between.lower_before() || (between.lower_after() && !between.upper_before()))
            }
            // A letter and its accent apart.
            '\u{300}' | '\u{301}' | '\u{302}' | '\u{303}' | '\u{308}' | '\u{327}' => {
                if between.lower_before() {
                    Certainty::Certain
                } else {
                    Certainty::None
                }
            }
            // The same again; `1ᵉʳ`.
            'ƒ' | 'ˆ' | '˜' | '\u{2b0}'..='\u{2b8}' => Certainty::Likely,
            _ => Certainty::None,
        },
    }
}

fn either(certain: bool) -> Certainty {
    if certain {
        Certainty::Certain
    } else {
        Certainty::Likely
    }
}

#[derive(Debug, Clone, Copy)]
struct Neighbours {
    before: Option<char>,
    after: Option<char>,
}

impl Neighbours {
    fn lower_before(self) -> bool {
        self.before.is_some_and(|c| c.is_lowercase() && is_latin(c))
    }
    fn upper_before(self) -> bool {
        self.before.is_some_and(char::is_uppercase)
    }
    fn letter_before(self) -> bool {
        self.before.is_some_and(is_latin)
    }
    fn lower_after(self) -> bool {
        self.after.is_some_and(char::is_lowercase)
    }
    fn upper_after(self) -> bool {
        self.after.is_some_and(char::is_uppercase)
    }
    fn letter_after(self) -> bool {
        self.after.is_some_and(is_latin)
    }
}

/// Which characters may begin a sequence of two. Of the readings that have signs in these places, only those that no text
/// puts before another sign.
fn leads(reading: Reading, lead: char) -> bool {
    match reading {
        Reading::Macintosh => matches!(lead, '√' | '¬' | '≈'),
        Reading::Dos437 | Reading::Dos850 => matches!(lead, '├' | '┬' | '┼'),
        _ => true,
    }
}

/// A letter of a script that counts in a row.
fn foreign(reading: Reading, length: usize, in_row: usize) -> Certainty {
    // Where the reading's own letters are of such a script, two in a row may be a word.
    let needed = match reading {
        Reading::Western => 2,
        Reading::Cyrillic | Reading::Greek | Reading::Central | Reading::Turkish => 3,
        _ => return Certainty::None,
    };
    match (in_row >= needed, reading, length) {
        (true, ..) => Certainty::Certain,
        // A word of one letter, between others.
        (false, Reading::Western, 2) => Certainty::Likely,
        _ => Certainty::None,
    }
}

/// Four characters that are one picture: nobody writes them for another reason.
fn picture(decoded: char) -> Certainty {
    if ('\u{1f000}'..='\u{1faff}').contains(&decoded) {
        Certainty::Certain
    } else {
        Certainty::None
    }
}

/// Three characters that are one mark, sign or letter of Vietnamese.
fn mark(reading: Reading, source: &[char], decoded: char, between: Neighbours) -> Certainty {
    let closing = source.iter().skip(1).all(|c| closes(*c));
    match decoded {
        '\u{2010}'..='\u{203a}'
        | '\u{200b}'..='\u{200f}'
        | '€'
        | '\u{2060}'
        | '\u{feff}'
        | '\u{fe0f}'
        | char::REPLACEMENT_CHARACTER => Certainty::Certain,
        '\u{2000}'..='\u{200a}' => Certainty::Likely,
        '\u{2000}'..='\u{2bff}' => match reading {
            Reading::Western | Reading::Turkish | Reading::Central => either(!closing),
            _ => Certainty::Likely,
        },
        'ﬁ' | 'ﬂ' | 'ﬀ' | 'ﬃ' | 'ﬄ' => either(between.letter_before() || between.letter_after()),
        // `Viá»‡t`; `está»…` is a word and two marks.
        '\u{1e00}'..='\u{1eff}' if reading == Reading::Western => either(between.letter_after()),
        '\u{1d00}'..='\u{1dbf}' if reading == Reading::Western => {
            either(between.before.is_some_and(char::is_alphanumeric))
        }
        _ => Certainty::None,
    }
}

/// What windows-1252 has in place of a control character, read wrongly twice over.
fn control(decoded: char, reading: Reading, between: Neighbours) -> Certainty {
    if reading != Reading::Western {
        return Certainty::None;
    }
    match decoded {
        '\u{80}' => either(!between.upper_before()),
        '\u{92}' => either((between.letter_before() && between.letter_after()) || between.lower_before()),
        '\u{81}' | '\u{8d}' | '\u{8f}' | '\u{90}' | '\u{9d}' => Certainty::Likely,
        _ => either(between.lower_before() || (between.lower_after() && !between.upper_before())),
    }
}

/// A sign of Latin-1: `°`, `«`, the no-break space.
fn symbol(reading: Reading, last: char, decoded: char, between: Neighbours) -> Certainty {
    let foreign_letters = matches!(reading, Reading::Cyrillic | Reading::Greek);
    if foreign_letters {
        return either(between.letter_before() || between.letter_after());
    }
    if last.is_alphabetic()
        && !matches!(reading, Reading::Macintosh | Reading::Dos437 | Reading::Dos850)
        && !matches!(last, 'ª' | 'º')
    {
        return Certainty::Likely;
    }
    if is_box(last) {
        return either(!between.before.is_some_and(is_box) && !between.after.is_some_and(is_box));
    }
    match decoded {
        '\u{a0}' if between.upper_before() => either(
            between
                .after
                .is_some_and(|c| matches!(c, ':' | ';' | '!' | '?' | '»' | '%' | '€') || c.is_ascii_digit()),
        ),
        '\u{a0}' | '»' => either(
            !between.upper_before()
                && !between
                    .before
                    .is_none_or(|c| matches!(c, ' ' | '«' | '“' | '"' | '(' | '\n'))
                || (decoded == '»' && between.before == Some(' ') && reading != Reading::Western),
        ),
        '\u{ad}' => either(between.lower_before()),
        _ => Certainty::Certain,
    }
}

/// A letter with an accent.
fn letter(reading: Reading, lead: char, last: char, decoded: char, between: Neighbours) -> Certainty {
    let foreign_lead = !is_latin(lead);
    let joined = between.letter_before() && between.letter_after();
    if !decoded.is_alphabetic() {
        // `×` and `÷` stand between numbers.
        return match between.before {
            Some(c) if c == ' ' || c.is_ascii_digit() => {
                either(!between.letter_after() && reading == Reading::Western && lead == 'Ã' && last == '·')
            }
            _ => Certainty::None,
        };
    }
    // Small letters have small neighbours: another reading may fit better.
    let last_is_letter = last.is_alphabetic() && !matches!(last, 'ª' | 'º' | 'ˆ');
    if decoded.is_uppercase()
        && between.lower_after()
        && (between.letter_before() || (last_is_letter && !foreign_lead && reading != Reading::Western))
    {
        return Certainty::Likely;
    }
    if foreign_lead {
        if is_mathematical(last) {
            return if joined || (between.before == Some('o') && last == 'π') {
                Certainty::Certain
            } else {
                Certainty::Likely
            };
        }
        if is_box(last) || is_box(lead) && between.before.is_some_and(is_box) {
            return either(between.letter_before() && !between.after.is_some_and(is_box));
        }
        let apart = matches!(reading, Reading::Macintosh | Reading::Dos437 | Reading::Dos850);
        return either(apart || between.letter_before() || between.letter_after());
    }
    if between.lower_before() && (decoded.is_lowercase() || !last.is_alphabetic()) {
        return Certainty::Certain;
    }
    if !between.letter_before() && between.lower_after() {
        // `Ăştia` is a word of Romanian; a small letter behind two capitals is in none.
        let fits = !last_is_letter || last.is_uppercase() || matches!(last, 'œ' | 'ƒ');
        if fits && (reading == Reading::Western || !closes(last)) {
            return Certainty::Certain;
        }
        return Certainty::Likely;
    }
    if between.upper_before() && between.upper_after() && !last_is_letter {
        let dashes = matches!(last, '—' | '–' | '…' | '•' | '\u{ad}' | '\u{a0}');
        return either(!dashes);
    }
    if between.upper_before() && between.lower_after() && decoded.is_lowercase() && last.is_uppercase() {
        return Certainty::Certain;
    }
    // `SÅ“ur`: no quotation opens between a word's letters.
    if between.upper_before()
        && between.lower_after()
        && decoded.is_lowercase()
        && matches!(last, '“' | '”' | '»' | '®')
    {
        return Certainty::Certain;
    }
    // `OÙ`: no word ends in `OÃ`.
    if between.before == Some('O') && last == '™' {
        return Certainty::Certain;
    }
    if reading == Reading::Western && last == '\u{a0}' && lead == 'Ã' && !between.letter_before() {
        return Certainty::Certain;
    }
    if closes(last)
        || last_is_letter && !(lead == 'Ã' && matches!(last, 'ƒ' | 'š' | 'ž' | 'Ž' | 'Š' | 'œ' | 'Ÿ'))
    {
        return Certainty::Likely;
    }
    match lead {
        'Ã' => Certainty::Certain,
        _ => either(between.letter_before() || between.letter_after()),
    }
}

/// Words that speak of a letter: what follows them may be one.
const SPEAKS_OF_LETTERS: &[&str] = &[
    "lettre",
    "lettres",
    "letra",
    "letter",
    "voyelle",
    "vogal",
    "tilde",
    "signe",
    "caractère",
    "son",
];

/// Whether `Ã` at `at` is the preposition: a word of its own behind a small word and before another.
pub(super) fn is_lone_a_grave(chars: &[char], at: usize) -> bool {
    let before: String = chars
        .get(..at)
        .unwrap_or_default()
        .iter()
        .rev()
        .skip_while(|c| **c == ' ')
        .take_while(|c| c.is_alphabetic())
        .collect();
    let stands_alone = at
        .checked_sub(1)
        .and_then(|at| chars.get(at))
        .is_some_and(|c| *c == ' ');
    let word: String = before.chars().rev().collect();
    let after = chars
        .get(at + 1..)
        .unwrap_or_default()
        .iter()
        .find(|c| **c != ' ');
    stands_alone
        && before.starts_with(char::is_lowercase)
        && after.is_some_and(|c| c.is_alphanumeric())
        && !SPEAKS_OF_LETTERS.contains(&word.to_lowercase().as_str())
}
