//! Generated articles for measuring: words of a made-up vocabulary, as often as a language uses its words, with stock
//! sentences that many articles share.

const SYLLABLES: [&str; 24] = [
    "mar", "ti", "ron", "be", "lo", "van", "cré", "sou", "pli", "gar", "mon", "té", "cha", "ri", "dou",
    "fer", "nel", "ba", "qui", "ser", "lan", "vou", "ge", "pa",
];

/// Stock sentences: each stands in one article of a hundred, half of them in one of two hundred.
const STOCK: u64 = 100;

/// A small deterministic generator (xorshift).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// A word of a vocabulary of 20,000 in which, as in a language, some words are frequent and most are rare.
    pub(crate) fn word(&mut self) -> String {
        let share = self.below(1 << 20) as f64 / f64::from(1 << 20);
        let rank = (20_000.0_f64.powf(share) as i64).unsigned_abs();
        let mut rest = rank * 2_654_435_761 % (1 << 32);
        let mut word = String::new();
        for _ in 0..=(rank % 3 + 1) {
            word.push_str(SYLLABLES[(rest % 24) as usize]);
            rest /= 24;
        }
        word
    }

    /// So many words in sentences of sixteen, with a name in each.
    pub(crate) fn text(&mut self, words: usize) -> String {
        let mut text = String::new();
        for place in 0..words {
            let word = self.word();
            match place % 16 {
                0 | 9 => text.extend(
                    word.chars()
                        .take(1)
                        .flat_map(char::to_uppercase)
                        .chain(word.chars().skip(1)),
                ),
                _ => text.push_str(&word),
            }
            text.push_str(if place % 16 == 15 { ". " } else { " " });
        }
        text
    }

    /// A text in which one of the stock sentences stands.
    pub(crate) fn article(&mut self, words: usize) -> String {
        let text = self.text(words);
        let which = self.below(STOCK) * self.below(2);
        format!("{text}{}", Dice(which * 7919 + 1).text(16))
    }
}
