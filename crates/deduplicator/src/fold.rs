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
        // French averages six bytes a word with its space.
        let mut folded = Self {
            bytes: Vec::with_capacity(text.len() + 1),
            tokens: Vec::with_capacity(text.len() / 5 + 1),
        };
        let mut start = 0;
        for c in text.chars() {
            if c.is_ascii() {
                match ASCII[c as usize] {
                    GAP => start = folded.end_token(start),
                    byte => folded.bytes.push(byte),
                }
                continue;
            }
            match fold_wide(c) {
                Fold::Gap => start = folded.end_token(start),
                Fold::Nothing => {}
                Fold::Letters(letters) => folded.bytes.extend_from_slice(letters.as_bytes()),
                Fold::Other(c) => {
                    for lower in c.to_lowercase() {
                        folded
                            .bytes
                            .extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                }
            }
        }
        folded.end_token(start);
        folded
    }

    /// Closes the token that began at `start`, if it has bytes, and tells where the next one begins.
    fn end_token(&mut self, start: usize) -> usize {
        if self.bytes.len() > start {
            self.tokens.push(hash_bytes(&self.bytes[start..]));
            self.bytes.push(b' ');
        }
        self.bytes.len()
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
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk
            .iter()
            .rev()
            .fold(0, |word, &byte| word << 8 | u64::from(byte));
        hash = (hash ^ word).wrapping_mul(ODD).rotate_left(31);
    }
    let rest = chunks
        .remainder()
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte));
    mix((hash ^ rest).wrapping_mul(ODD))
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

const GAP: u8 = 0;

/// The folded form of each ASCII character; `GAP` ends a token.
const ASCII: [u8; 128] = {
    let mut table = [GAP; 128];
    let mut code = 0_u8;
    while code < 128 {
        if code.is_ascii_alphanumeric() {
            table[code as usize] = code.to_ascii_lowercase();
        }
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
    fn no_text_has_no_tokens() {
        for empty in ["", " ", "…", "\u{301}"] {
            assert_eq!(Folded::of(empty).tokens().len(), 0, "{empty:?}");
        }
    }
}
