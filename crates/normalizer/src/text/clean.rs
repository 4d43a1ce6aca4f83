//! Characters set right and white space in order: the last step of every text field.
//!
//! In: text without markup. Out: NFC, character references undone, mojibake repaired, invisible characters gone, one
//! paragraph a line, paragraphs joined by one blank line. No-break spaces are French typography and stay. Cleaning
//! what is clean changes nothing.

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use super::mojibake::repair_mojibake;
use depeche_feed::decode_entities;

/// Each pass may uncover work for the next (an entity that was itself escaped); real text is done after one.
const MAX_PASSES: usize = 6;

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
    let mut current = pass(text, joint, repairs);
    if current == text {
        return current;
    }
    for _ in 1..MAX_PASSES {
        let next = pass(&current, joint, repairs);
        if next == current {
            break;
        }
        current = next;
    }
    current
}

fn pass(text: &str, joint: &str, repairs: &mut Repairs) -> String {
    let decoded = decode_entities(text);
    let mended = repair_mojibake(&decoded);
    repairs.mojibake |= matches!(mended, std::borrow::Cow::Owned(_));
    let visible = without_invisible(&mended, repairs);
    let composed = match is_nfc_quick(visible.chars()) {
        IsNormalized::Yes => visible,
        _ => visible.nfc().collect(),
    };
    in_order(&composed, joint)
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

/// One space between words (a no-break one where any was), one `joint` between lines, none at the ends.
fn in_order(text: &str, joint: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split('\n').map(str::trim).filter(|line| !line.is_empty()) {
        if !out.is_empty() {
            out.push_str(joint);
        }
        let mut space = None;
        for c in line.chars() {
            if c.is_whitespace() {
                space = Some(match (space, c) {
                    (_, '\u{202f}') | (Some('\u{202f}'), _) => '\u{202f}',
                    (_, '\u{a0}') | (Some('\u{a0}'), _) => '\u{a0}',
                    _ => ' ',
                });
            } else {
                out.extend(space.take());
                out.push(c);
            }
        }
    }
    out
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
        fn any_text_can_be_cleaned(text in any::<String>()) {
            let once = cleaned(&text).0;
            prop_assert!(!once.contains("\n\n\n"));
        }
    }
}
