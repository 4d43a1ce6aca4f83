//! The words of a text, as the language table counts them.
//!
//! A word is a run of letters, in small letters; what is elided keeps its apostrophe (`l'`, `qu'`, `c'`), for it tells
//! more than the word behind it. Runs with a digit, addresses and handles are no words. A word with a capital inside a
//! sentence is taken for a name. `scripts/language/train` cuts words the same way: change both or neither.

/// Marks the border of a word among its letters.
const BORDER: u16 = 1;

/// Letters of a word that make n-grams; what is longer is a compound whose end says little more.
const MAX_LETTERS: usize = 24;

/// A word as the table needs it.
#[derive(Debug)]
pub(super) struct Word {
    letters: [u16; MAX_LETTERS + 2],
    kept: usize,
    /// Characters of the whole word, the apostrophe included.
    pub(super) length: usize,
    /// FNV-1a of the whole word.
    pub(super) hash: u64,
    /// Whether it has a capital without opening a sentence.
    pub(super) is_name: bool,
    /// Whether it is in capitals throughout.
    pub(super) is_capitals: bool,
}

impl Word {
    fn new() -> Self {
        Self {
            letters: [BORDER; MAX_LETTERS + 2],
            kept: 0,
            length: 0,
            hash: 0xcbf2_9ce4_8422_2325,
            is_name: false,
            is_capitals: false,
        }
    }

    fn push(&mut self, c: char) {
        // Letters beyond the first plane are of no script that is counted here.
        let code = u16::try_from(u32::from(fold(c)) & 0xffff).unwrap_or(u16::MAX);
        if let Some(place) = self.letters.get_mut(self.kept + 1)
            && self.kept < MAX_LETTERS
        {
            *place = code;
            self.kept += 1;
        }
        self.length += 1;
        self.hash = (self.hash ^ u64::from(code)).wrapping_mul(0x100_0000_01b3);
    }

    /// The word's letters between its borders.
    pub(super) fn bordered(&self) -> &[u16] {
        self.letters.get(..self.kept + 2).unwrap_or(&[])
    }
}

/// Romanian is written with a comma below or, on old keyboards, a cedilla; the apostrophe has many shapes.
fn fold(c: char) -> char {
    match c {
        'ș' => 'ş',
        'ț' => 'ţ',
        '’' | 'ʼ' => '\'',
        _ => c,
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ')
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Whether `c` begins or continues a word; Catalan writes `l·l`.
fn continues(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || (!c.is_ascii() && (c.is_alphanumeric() || c == '·' || is_accent(c)) && c != 'ʼ')
}

/// Hands each word of `text` to `take`.
pub(super) fn each(text: &str, mut take: impl FnMut(&Word)) {
    let mut opening = true;
    for chunk in text.split_whitespace() {
        if chunk.contains('@') || chunk.contains("://") || chunk.starts_with("www.") {
            continue;
        }
        let mut rest = chunk.chars().peekable();
        while let Some(c) = rest.next() {
            if !continues(c) || c == '·' || is_accent(c) {
                opening |= matches!(c, '.' | '!' | '?' | ':' | '…' | '"' | '«' | '»' | '“' | '”');
                continue;
            }
            let mut word = Word::new();
            word.is_name = c.is_uppercase() && !opening;
            word.is_capitals = c.is_uppercase();
            let mut only_letters = !c.is_numeric();
            push_small(&mut word, c);
            while let Some(c) = rest.next_if(|c| continues(*c)) {
                only_letters &= !c.is_numeric();
                word.is_capitals &= !c.is_lowercase();
                push_small(&mut word, c);
            }
            let mut elided = false;
            if rest.peek().copied().is_some_and(is_apostrophe) {
                let mut after = rest.clone();
                after.next();
                if after.next().is_some_and(char::is_alphabetic) {
                    word.push('\'');
                    rest.next();
                    elided = true;
                }
            }
            if only_letters {
                take(&word);
            }
            opening &= elided;
        }
    }
}

fn push_small(word: &mut Word, c: char) {
    if c.is_ascii() {
        word.push(c.to_ascii_lowercase());
    } else {
        for c in c.to_lowercase() {
            word.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(String, bool)> {
        let mut found = Vec::new();
        each(text, |word| {
            let letters: String = word
                .bordered()
                .iter()
                .filter(|code| **code != BORDER)
                .filter_map(|code| char::from_u32(u32::from(*code)))
                .collect();
            assert_eq!(letters.chars().count(), word.length.min(MAX_LETTERS));
            found.push((letters, word.is_name));
        });
        found
    }

    #[test]
    fn elisions_are_words_and_capitals_inside_a_sentence_are_names() {
        let expected = [
            ("l'", false),
            ("été", false),
            ("d'", false),
            ("albert", true),
            ("camus", true),
            ("il", false),
            ("rit", false),
        ];
        let found = words("L’été d'Albert Camus. Il rit");
        assert_eq!(found, expected.map(|(word, name)| (word.to_owned(), name)));
    }

    #[test]
    fn addresses_numbers_and_handles_are_no_words() {
        assert_eq!(
            words("https://www.example.org @moi 12h30 A7 2026 www.example.org"),
            []
        );
        assert_eq!(
            words("pel·lícula 'a'"),
            [("pel·lícula".to_owned(), false), ("a".to_owned(), false)]
        );
    }

    #[test]
    fn a_word_without_end_is_cut() {
        assert_eq!(words(&"a".repeat(1000)).len(), 1);
    }
}
