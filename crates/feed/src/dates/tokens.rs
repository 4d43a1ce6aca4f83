//! A written date in pieces: numbers, words, signs.
//!
//! In: a string as published. Out: the string folded (lower case, no accents, plain spaces and dashes) and its tokens.
//! What charsets, markup and text direction leave in dates is undone here: `f&eacute;vrier`, `fÃ©vrier`, `f\u{fffd}vrier`,
//! `<time>`, marks that cannot be seen.

use std::borrow::Cow;
use std::ops::Range;

use crate::entities::decode_entities;

/// Stands for one letter that was lost to a wrong charset.
const LOST: char = char::REPLACEMENT_CHARACTER;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Word,
    Sign(char),
}

#[derive(Debug, Clone)]
struct Token {
    kind: Kind,
    place: Range<usize>,
    /// Nothing stands between it and the token before.
    glued: bool,
}

/// A number as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: u32,
    pub(super) digits: usize,
}

impl Number {
    pub(super) fn small(self) -> Option<i8> {
        i8::try_from(self.value).ok()
    }

    pub(super) fn is_short(self) -> bool {
        self.digits <= 2
    }
}

/// The tokens of a string.
#[derive(Debug)]
pub(super) struct Tokens {
    text: String,
    tokens: Vec<Token>,
}

impl Tokens {
    pub(super) fn of(written: &str) -> Self {
        let text = folded(written);
        let mut tokens: Vec<Token> = Vec::with_capacity(16);
        let mut glued = false;
        for (at, c) in text.char_indices() {
            if c == ' ' {
                glued = false;
                continue;
            }
            let kind = if c.is_ascii_digit() {
                Kind::Number
            } else if c.is_alphabetic() || c == LOST {
                Kind::Word
            } else {
                Kind::Sign(c)
            };
            let end = at + c.len_utf8();
            match tokens.last_mut() {
                Some(last) if glued && last.kind == kind && !matches!(kind, Kind::Sign(_)) => {
                    last.place.end = end;
                }
                _ => tokens.push(Token {
                    kind,
                    place: at..end,
                    glued,
                }),
            }
            glued = true;
        }
        Self { text, tokens }
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn word(&self, at: usize) -> Option<&str> {
        let token = self.tokens.get(at)?;
        (token.kind == Kind::Word)
            .then(|| self.text.get(token.place.clone()))
            .flatten()
    }

    /// The digits of a number.
    pub(super) fn digits(&self, at: usize) -> Option<&str> {
        let token = self.tokens.get(at)?;
        (token.kind == Kind::Number)
            .then(|| self.text.get(token.place.clone()))
            .flatten()
    }

    /// A number of nine digits at the most.
    pub(super) fn number(&self, at: usize) -> Option<Number> {
        let digits = self.digits(at).filter(|digits| digits.len() <= 9)?;
        Some(Number {
            value: digits.parse().ok()?,
            digits: digits.len(),
        })
    }

    pub(super) fn sign(&self, at: usize) -> Option<char> {
        match self.tokens.get(at)?.kind {
            Kind::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    /// Whether the token stands right behind the one before.
    pub(super) fn is_glued(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.glued)
    }

    /// The first place from `at` on that holds none of these signs.
    pub(super) fn behind_signs(&self, mut at: usize, signs: &[char]) -> usize {
        while self.sign(at).is_some_and(|sign| signs.contains(&sign)) {
            at += 1;
        }
        at
    }

    /// From the token to the next space, bracket or comma.
    pub(super) fn run(&self, at: usize) -> (&str, usize) {
        let mut end = at + 1;
        while self.is_glued(end)
            && !self
                .sign(end)
                .is_some_and(|sign| matches!(sign, ']' | ')' | ',' | ';' | '|'))
        {
            end += 1;
        }
        let place = self.tokens.get(at).zip(self.tokens.get(end - 1));
        let text = place.and_then(|(first, last)| self.text.get(first.place.start..last.place.end));
        (text.unwrap_or_default(), end)
    }
}

fn folded(written: &str) -> String {
    let written = if written.contains('&') {
        Cow::Owned(decode_entities(written).into_owned())
    } else {
        Cow::Borrowed(written)
    };
    let mut text = String::with_capacity(written.len());
    let mut in_tag = false;
    let mut characters = written.chars().peekable();
    while let Some(c) = characters.next() {
        // A tag is a space.
        if in_tag {
            in_tag = c != '>';
            continue;
        }
        if c == '<' {
            in_tag = true;
            text.push(' ');
            continue;
        }
        // The first byte of an accented letter that was read as Windows-1252.
        if c == 'Ã' {
            let meant = match characters.peek() {
                Some('©' | '¨' | 'ª' | '‰') => Some('e'),
                Some('»' | '¹' | '¼') => Some('u'),
                Some('\u{a0}' | '¢' | '¡' | '¤' | ' ') => Some('a'),
                Some('§') => Some('c'),
                _ => None,
            };
            if let Some(meant) = meant {
                characters.next();
                text.push(meant);
                if characters.peek().is_some_and(char::is_ascii_digit) {
                    text.push(' ');
                }
                continue;
            }
        }
        if is_unseen(c) {
            continue;
        }
        for c in c.to_lowercase() {
            text.push(plain(c));
        }
    }
    text
}

/// Marks of direction, joiners, soft hyphens, and accents that stand by themselves.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{300}'..='\u{36f}' | '\0')
}

fn plain(c: char) -> char {
    match c {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'à' | 'á' | 'â' | 'ä' | 'ã' => 'a',
        'û' | 'ù' | 'ú' | 'ü' => 'u',
        'î' | 'ï' | 'í' | 'ì' => 'i',
        'ô' | 'ö' | 'ó' | 'ò' => 'o',
        'ç' => 'c',
        'º' | '°' | 'ª' => 'º',
        '’' | '‘' | '´' | '`' | 'ʼ' => '\'',
        // A dash between two things is no minus.
        '–' | '—' => '|',
        '−' | '‐' | '‑' => '-',
        '：' => ':',
        '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10).unwrap_or(c),
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_charsets_and_markup_leave_in_a_date_is_undone() {
        for written in [
            "5 F\u{c9}VRIER",
            "5\u{a0}février",
            "5\u{202f}fe\u{301}vrier",
            "5 fÃ©vrier",
            "5 f&eacute;vrier",
            "<time>5</time> \u{200e}février",
        ] {
            let tokens = Tokens::of(written);
            assert_eq!(tokens.number(0).map(|n| n.value), Some(5), "{written}");
            assert_eq!(tokens.word(1), Some("fevrier"), "{written}");
        }
    }
}
