//! Folding: a text as it is compared, without what typography, case and accents add to it.
//!
//! In: any text. Out: its tokens, each as a 64-bit hash, and the folded bytes between single spaces. Two
//! texts that differ in case, accents (composed or not), quotation marks, apostrophes, ligatures, spaces
//! or punctuation alone fold to the same bytes. Nothing is allocated for a single token.

use depeche_model::{Digest, Hasher};

/// A text, folded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folded {
    bytes: Vec<u8>,
    tokens: Vec<u64>,
}

impl Folded {
    /// Folds a text.
    pub(crate) fn of(text: &str) -> Self {
        let written = text.as_bytes();
        let mut folded = Self {
            // Folding makes nothing longer but a few capitals of other scripts.
            bytes: vec![0; written.len() + WORD + MARGIN],
            // French averages six bytes a word with its space.
            tokens: Vec::with_capacity(written.len() / 5 + 1),
        };
        let (mut at, mut length, mut start) = (0, 0, 0);
        while let Some(byte) = written.get(at) {
            match BYTES[*byte as usize] {
                GAP => {
                    (length, start) = folded.end_token(start, length);
                    at += 1;
                }
                WIDE => {
                    let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else {
                        break;
                    };
                    at += c.len_utf8();
                    folded.make_room(length, written.len() - at);
                    match fold_wide(c) {
                        Fold::Gap => (length, start) = folded.end_token(start, length),
                        Fold::Nothing => {}
                        Fold::Letters(letters) => length = folded.put(length, letters.as_bytes()),
                        Fold::Other(c) => {
                            for lower in c.to_lowercase() {
                                length = folded.put(length, lower.encode_utf8(&mut [0; 4]).as_bytes());
                            }
                        }
                    }
                }
                letter => {
                    folded.bytes[length] = letter;
                    length += 1;
                    at += 1;
                }
            }
        }
        (length, _) = folded.end_token(start, length);
        folded.bytes.truncate(length);
        folded
    }

    /// Room for what one character folds to and for what is left of the text.
    fn make_room(&mut self, length: usize, left: usize) {
        let needed = length + left + WORD + MARGIN;
        if self.bytes.len() < needed {
            self.bytes.resize(needed + left / 8, 0);
        }
    }

    fn put(&mut self, length: usize, letters: &[u8]) -> usize {
        let end = length + letters.len();
        self.bytes[length..end].copy_from_slice(letters);
        end
    }

    /// Closes the token between `start` and `end`, if it has bytes, and tells where the bytes end and the next begins.
    fn end_token(&mut self, start: usize, end: usize) -> (usize, usize) {
        if end == start {
            return (end, end);
        }
        // A short token is read as one word, whatever stands behind it.
        let hash = match self.bytes[start..].first_chunk::<WORD>() {
            Some(word) if end - start < WORD => {
                let mask = (1_u64 << (8 * (end - start))) - 1;
                hash_word(end - start, u64::from_le_bytes(*word) & mask)
            }
            _ => hash_bytes(&self.bytes[start..end]),
        };
        self.tokens.push(hash);
        self.bytes[end] = b' ';
        (end + 1, end + 1)
    }

    /// The hash of each token, in order.
    pub(crate) fn tokens(&self) -> &[u64] {
        &self.tokens
    }

    /// The digest of the whole folded text.
    pub(crate) fn digest(&self) -> Digest {
        Hasher::default().part(&self.bytes).finish()
    }
}

/// The folded form of one word or name, its tokens separated by single spaces.
pub(crate) fn fold_to_string(text: &str) -> String {
    let mut bytes = Folded::of(text).bytes;
    bytes.pop();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A 64-bit hash of a byte string, the same on every machine and in every version: state is derived from it.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = (bytes.len() as u64).wrapping_mul(ODD);
    let (words, rest) = bytes.as_chunks::<WORD>();
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word))
            .wrapping_mul(ODD)
            .rotate_left(31);
    }
    let rest = rest
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte));
    mix((hash ^ rest).wrapping_mul(ODD))
}

/// [`hash_bytes`] of fewer bytes than a word has, read as one.
fn hash_word(length: usize, word: u64) -> u64 {
    mix(((length as u64).wrapping_mul(ODD) ^ word).wrapping_mul(ODD))
}

/// The 64-bit finaliser of `MurmurHash3`: every bit of the input reaches every bit of the output.
pub(crate) fn mix(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

/// 2⁶⁴ over the golden ratio, made odd: the multiplier of Fibonacci hashing.
pub(crate) const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Bytes that are hashed at once.
const WORD: usize = 8;
/// More than any one character folds to, and the space behind it.
const MARGIN: usize = 16;

const GAP: u8 = 0;
const WIDE: u8 = 1;

/// The folded form of each byte: `GAP` ends a token, `WIDE` begins a character beyond ASCII.
const BYTES: [u8; 256] = {
    let mut table = [WIDE; 256];
    let mut code = 0_u8;
    while code < 128 {
        table[code as usize] = if code.is_ascii_alphanumeric() {
            code.to_ascii_lowercase()
        } else {
            GAP
        };
        code += 1;
    }
    table
};

enum Fold {
    Gap,
    Nothing,
    Letters(&'static str),
    Other(char),
}

/// Whether a character that is neither letter nor digit stands inside a token without ending it.
pub(crate) fn is_inside_token(c: char) -> bool {
    matches!(fold_wide(c), Fold::Nothing)
}

/// Beyond ASCII: French and its neighbours letter by letter, other scripts by lower case alone.
fn fold_wide(c: char) -> Fold {
    let letters = match c {
        // Combining marks, soft hyphen, zero-width characters, variation selectors.
        '\u{300}'..='\u{36f}'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'
        | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' => return Fold::Nothing,
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => "a",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ď'..='đ' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ĝ'..='ģ' => "g",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ň' => "n",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' => "o",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' | 'Ș' | 'ș' => "s",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "t",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ý' | 'ý' | 'ÿ' | 'Ÿ' => "y",
        'Ź'..='ž' => "z",
        'Œ' | 'œ' => "oe",
        'Æ' | 'æ' => "ae",
        'ß' => "ss",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        '²' => "2",
        '³' => "3",
        // The ordinal signs and the modifier apostrophe count as letters in Unicode and as punctuation here.
        'º' | 'ª' | 'ʼ' => return Fold::Gap,
        _ if c.is_alphanumeric() => return Fold::Other(c),
        _ => return Fold::Gap,
    };
    Fold::Letters(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typography_case_and_accents_fold_away() {
        let plain = Folded::of("L'oeuvre d'art a ete jugee a Noel");
        for written in [
            "L’œuvre d’art a été jugée à Noël.",
            "  L'ŒUVRE   D'ART… « a été\u{a0}jugée » à NOËL !",
            "L\u{2019}œuvre d'art a e\u{301}te\u{301} juge\u{301}e a\u{300} Noe\u{308}l",
            "L'œu\u{ad}vre d'art a été ju\u{200b}gée, à Noël",
        ] {
            let folded = Folded::of(written);
            assert_eq!(folded.digest(), plain.digest(), "{written}");
            assert_eq!(folded.tokens(), plain.tokens(), "{written}");
        }
    }

    #[test]
    fn other_scripts_and_digits_are_kept_apart() {
        assert_eq!(Folded::of("Київ 2024").tokens().len(), 2);
        assert_ne!(Folded::of("Київ").digest(), Folded::of("Харків").digest());
        assert_ne!(Folded::of("12 morts").digest(), Folded::of("13 morts").digest());
    }

    #[test]
    fn a_body_hash_stays_the_same_across_versions() {
        let body = Folded::of("« L’œuvre d’art » a été jugée à Noël : 1\u{202f}250 €, en 2026.").digest();
        assert_eq!(body.to_string(), "114d11be9214d44c5d0decc6d0be89d8");
        // What is hashed, as any other program can make it.
        let folded = b"l oeuvre d art a ete jugee a noel 1 250 en 2026 ";
        assert_eq!(body, Digest::of([folded.as_slice()]));
    }

    #[test]
    fn a_token_hash_stays_the_same_across_versions() {
        // Stored sketches are compared with new ones: changing the function forgets every text.
        assert_eq!(
            [hash_bytes(b"depeche"), hash_bytes(b"gouvernement")],
            [hash_bytes_expected().0, hash_bytes_expected().1]
        );
    }

    fn hash_bytes_expected() -> (u64, u64) {
        (4_572_689_854_295_466_194, 16_695_064_404_721_050_125)
    }

    #[test]
    fn a_token_in_a_text_hashes_as_it_does_alone_whatever_its_length() {
        for length in 1..40 {
            let token = "abcdefghij".repeat(4).split_off(40 - length);
            let folded = Folded::of(&format!("un {token}, {token} deux {token}"));
            assert_eq!(folded.tokens()[1], hash_bytes(token.as_bytes()), "{length}");
            assert_eq!(folded.tokens()[1], folded.tokens()[2], "{length}");
            assert_eq!(folded.tokens()[1], folded.tokens()[4], "{length}");
        }
    }

    #[test]
    fn what_folds_to_more_bytes_than_it_is_written_with_finds_room() {
        // In lower case this letter is three bytes of two.
        let text = "\u{23a}".repeat(10_000);
        assert_eq!(Folded::of(&text).tokens().len(), 1);
        assert_eq!(Folded::of(&text).bytes.len(), 30_001);
    }

    #[test]
    fn no_text_has_no_tokens() {
        for empty in ["", " ", "…", "\u{301}"] {
            assert_eq!(Folded::of(empty).tokens().len(), 0, "{empty:?}");
        }
    }
}
