//! Characters set right and white space in order: the last step of every text field.
//!
//! In: text without markup. Out: NFC, character references undone, mojibake repaired, invisible characters gone, ligatures of
//! print split, words that a line's end broke put together, one paragraph a line, paragraphs joined by one blank line.
//! No-break spaces are French typography and stay; all other spaces are plain ones. Cleaning what is clean changes nothing,
//! and copies it once.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use super::hyphen::is_broken_word;
use super::mojibake::repair_mojibake;
use depeche_feed::decode_entities;

/// Each pass may uncover work for the next (a soft hyphen inside a reference); real text is done after two.
const MAX_PASSES: usize = 64;

/// What cleaning had to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Control, zero-width or soft-hyphen characters were taken out.
    pub characters_removed: bool,
    /// Wrongly decoded text was set right.
    pub mojibake: bool,
}

/// Text in paragraphs. Every line break separates paragraphs.
pub fn clean_text(text: &str, repairs: &mut Repairs) -> String {
    clean(text, "\n\n", repairs)
}

/// Text on one line.
pub fn clean_line(text: &str, repairs: &mut Repairs) -> String {
    clean(text, " ", repairs)
}

fn clean(text: &str, joint: &str, repairs: &mut Repairs) -> String {
    let mut current = match pass(text, joint, repairs) {
        Cow::Borrowed(clean) => return clean.to_owned(),
        Cow::Owned(cleaned) => cleaned,
    };
    for _ in 1..MAX_PASSES {
        match pass(&current, joint, repairs) {
            Cow::Borrowed(_) => break,
            Cow::Owned(next) => current = next,
        }
    }
    current
}

/// The text after one pass; `Borrowed`, and the same, when there was nothing to do.
fn pass<'a>(text: &'a str, joint: &str, repairs: &mut Repairs) -> Cow<'a, str> {
    if is_clean(text, joint) {
        return Cow::Borrowed(text);
    }
    let decoded = decode_entities(text);
    let mended = repair_mojibake(&decoded);
    repairs.mojibake |= matches!(mended, Cow::Owned(_));
    let visible = without_invisible(&mended, repairs);
    let composed = match is_nfc_quick(visible.chars()) {
        IsNormalized::Yes => visible,
        _ => visible.nfc().collect(),
    };
    let ordered = in_order(&composed, joint);
    if ordered == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(ordered)
    }
}

/// Whether a pass certainly has nothing to do, as for most text: ASCII, French letters and punctuation, in order already.
/// What is rarer takes the long way, and may come out the same.
fn is_clean(text: &str, joint: &str) -> bool {
    let mut chars = text.chars().peekable();
    let (mut before, mut earlier) = ('\n', '\n');
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let fits = match c {
            // Of a reference the long way decides.
            '&' => !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '#'),
            '!'..='~' => true,
            ' ' | '\u{a0}' | '\u{202f}' => !before.is_whitespace() && is_harmless(c, before, earlier),
            // Both of a blank line, or none.
            '\n' if joint == "\n\n" => match before {
                '\n' => !earlier.is_whitespace(),
                _ => next == Some('\n') && !before.is_whitespace(),
            },
            _ => (is_french(c) || is_mark(c)) && is_harmless(c, before, earlier),
        };
        if !fits {
            return false;
        }
        (earlier, before) = (before, c);
    }
    text.is_empty() || !before.is_whitespace()
}

/// Whether `c` behind these two can be no part of a sequence that was wrongly read. Marks begin none; small letters begin
/// those of three characters, capitals also those of two, none of which goes on with a letter.
fn is_harmless(c: char, before: char, earlier: char) -> bool {
    if c.is_ascii() {
        return true;
    }
    if !is_french(before) {
        return before.is_ascii() || !is_french(earlier);
    }
    let pair = if is_french(c) {
        !matches!(c, 'œ' | 'Œ')
    } else {
        before.is_lowercase() && c != '€'
    };
    pair && !is_french(earlier)
}

/// The letters of French beyond ASCII, but `Â`, which is mojibake as often.
fn is_french(c: char) -> bool {
    matches!(c,
        'À' | 'Ä' | 'Ç'..='Ë' | 'Î' | 'Ï' | 'Ô' | 'Ö' | 'Ù' | 'Û' | 'Ü' | 'Œ'
        | 'à' | 'â' | 'ä' | 'ç'..='ë' | 'î' | 'ï' | 'ô' | 'ö' | 'ù' | 'û' | 'ü' | 'œ')
}

fn is_mark(c: char) -> bool {
    matches!(c, '«' | '»' | '’' | '‘' | '“' | '”' | '…' | '–' | '—' | '°' | '€')
}

/// Drops what no reader sees; separators become line breaks or spaces.
fn without_invisible(text: &str, repairs: &mut Repairs) -> String {
    let mut out = String::with_capacity(text.len());
    let mut previous = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let kept = match c {
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    continue;
                }
                Some('\n')
            }
            '\t' => Some(' '),
            // A word that a line's end broke, and says so.
            '\u{ad}' if matches!(chars.peek(), Some('\n' | '\r')) => {
                while chars.next_if(|c| matches!(c, '\n' | '\r' | ' ')).is_some() {}
                None
            }
            '\u{fb00}'..='\u{fb06}' => {
                out.extend(c.nfkd());
                previous = 'f';
                continue;
            }
            '\n' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}' => Some('\n'),
            // Joins the parts of an emoji; between letters it is rubbish.
            '\u{200d}' if !previous.is_alphanumeric() && !previous.is_whitespace() => Some(c),
            // Bytes 128–159 that were windows-1252 and came through as they were.
            '\u{80}'..='\u{9f}' => {
                repairs.mojibake = true;
                windows_1252(c)
            }
            _ if is_invisible(c) => None,
            _ => Some(c),
        };
        if let Some(kept) = kept {
            out.push(kept);
            previous = kept;
        } else {
            repairs.characters_removed = true;
        }
    }
    out
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{fffe}' | '\u{ffff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e007f}')
}

fn windows_1252(c: char) -> Option<char> {
    let byte = [u8::try_from(u32::from(c)).ok()?];
    let (decoded, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
    decoded.chars().next().filter(|c| !c.is_control())
}

/// One space between words (a no-break one where any was, and wherever typography wants it), one `joint` between lines, none
/// at the ends.
fn in_order(text: &str, joint: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split('\n').map(str::trim).peekable();
    let mut broken = false;
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        if !out.is_empty() && !broken {
            out.push_str(joint);
        }
        let whole = line
            .strip_suffix('-')
            .filter(|begun| lines.peek().is_some_and(|next| is_broken_word(begun, next)));
        broken = whole.is_some();
        push_line(&mut out, whole.unwrap_or(line));
    }
    out
}

fn push_line(out: &mut String, line: &str) {
    let mut spaces = Spaces::default();
    let mut before = '\n';
    for c in line.chars() {
        match c {
            '\u{202f}' => spaces.narrow = true,
            '\u{a0}' => spaces.no_break = true,
            _ if c.is_whitespace() => spaces.plain = true,
            _ => {
                out.extend(spaces.between(before, c));
                spaces = Spaces::default();
                out.push(c);
                before = c;
            }
        }
    }
}

/// The spaces of a run.
#[derive(Debug, Clone, Copy, Default)]
struct Spaces {
    plain: bool,
    no_break: bool,
    narrow: bool,
}

impl Spaces {
    /// The one space that stands for them.
    fn between(self, before: char, after: char) -> Option<char> {
        let wanted = before == '«'
            || matches!(after, ':' | ';' | '!' | '?' | '»' | '%' | '€' | '°')
            || (before.is_ascii_digit() && after.is_ascii_digit());
        if self.plain && !((self.narrow || self.no_break) && wanted) {
            Some(' ')
        } else if self.narrow {
            Some('\u{202f}')
        } else {
            self.no_break.then_some('\u{a0}')
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(text: &str) -> (String, Repairs) {
        let mut repairs = Repairs::default();
        let text = clean_text(text, &mut repairs);
        (text, repairs)
    }

    #[test]
    fn runs_of_blank_lines_become_one() {
        assert_eq!(
            cleaned("\n Un.\r\n\r\n\n\nDeux.\nTrois. \n").0,
            "Un.\n\nDeux.\n\nTrois."
        );
    }

    #[test]
    fn no_break_spaces_stay() {
        let text = "1\u{202f}000 «\u{a0}soldats\u{a0}»\u{202f}!";
        assert_eq!(cleaned(text), (text.to_owned(), Repairs::default()));
    }

    #[test]
    fn other_spaces_are_plain_ones() {
        assert_eq!(
            cleaned("un\u{2009}mot\u{3000}de\u{2003}plus\u{a0} ici\u{a0} : 12 \u{202f}000").0,
            "un mot de plus ici\u{a0}: 12\u{202f}000"
        );
    }

    #[test]
    fn ligatures_are_split() {
        assert_eq!(
            cleaned("La ﬁn d’un conﬂit eﬀroyable").0,
            "La fin d’un conflit effroyable"
        );
    }

    #[test]
    fn words_broken_at_the_end_of_a_line_are_whole_again() {
        assert_eq!(
            cleaned("Le déve-\nloppement de Saint-\nDenis, peut-\nêtre").0,
            "Le développement de Saint-\n\nDenis, peut-\n\nêtre"
        );
        assert_eq!(cleaned("Le déve\u{ad}\r\nloppement").0, "Le développement");
    }

    #[test]
    fn references_are_undone_however_often_they_were_escaped() {
        let deep = format!("l&{}eacute;t&eacute;", "amp;".repeat(40));
        assert_eq!(cleaned(&deep).0, "lété");
        assert_eq!(cleaned("d&amp;Atilde;&amp;copy;cision").0, "décision");
    }

    #[test]
    fn what_looks_clean_is_clean() {
        for text in [
            "« Été\u{a0}: l’œuvre d’Éric Noël… », créée à Évreux – 12\u{202f}000 €",
            "Un.\n\nDeux & trois.",
            "",
        ] {
            assert!(is_clean(text, "\n\n"), "{text:?}");
            assert_eq!(cleaned(text).0, text);
        }
        for text in [
            " a",
            "a ",
            "a  b",
            "a\nb",
            "a\n\n\nb",
            "&amp;",
            "a\u{a0} b",
            "Ã©",
            "né…”",
            "e\u{301}",
            "a\n\n",
            "\n\na",
        ] {
            assert!(!is_clean(text, "\n\n"), "{text:?}");
        }
        assert!(!is_clean("Un.\n\nDeux.", " "));
    }

    #[test]
    fn invisible_characters_go_and_are_told() {
        let (text, repairs) = cleaned("né\u{ad}go\u{200b}cia\u{feff}tions\u{0}");
        assert_eq!(text, "négociations");
        assert!(repairs.characters_removed && !repairs.mojibake);
    }

    #[test]
    fn letters_are_composed() {
        assert_eq!(cleaned("e\u{301}te\u{301}").0, "été");
    }

    #[test]
    fn a_windows_1252_apostrophe_is_set_right() {
        let (text, repairs) = cleaned("l\u{92}eau, 5\u{a0}\u{80}");
        assert_eq!(text, "l’eau, 5\u{a0}€");
        assert!(repairs.mojibake);
    }

    proptest! {
        #[test]
        fn cleaning_what_is_clean_changes_nothing(text in "[a-zéàçÃÂâ€©™&;#0-9 \u{a0}\u{202f}\n\t.\u{200b}\u{301}]{0,60}") {
            let once = cleaned(&text).0;
            prop_assert_eq!(cleaned(&once).0, once);
        }

        #[test]
        fn what_passes_for_clean_is_what_cleaning_gives(text in "[a-cÀÉÎâéœïÔ«»’“…–° \u{a0}\u{202f}\n&;#€-]{0,12}") {
            for joint in ["\n\n", " "] {
                if is_clean(&text, joint) {
                    let mut repairs = Repairs::default();
                    let decoded = decode_entities(&text);
                    let visible = without_invisible(&repair_mojibake(&decoded), &mut repairs);
                    prop_assert_eq!(in_order(&visible.nfc().collect::<String>(), joint), text.as_str());
                    prop_assert_eq!(repairs, Repairs::default());
                }
            }
        }

        #[test]
        fn any_text_can_be_cleaned(text in any::<String>()) {
            let once = cleaned(&text).0;
            prop_assert!(!once.contains("\n\n\n"));
        }
    }
}
