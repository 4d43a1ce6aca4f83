//! Text: markup off, characters set right, sentences found.

mod boilerplate;
mod clean;
mod hyphen;
mod markup;
mod mojibake;
mod sentence;
mod title;

pub(crate) use boilerplate::{Line, line_kind, line_kind_of, strip_boilerplate};
pub use clean::{Repairs, clean_line, clean_text};
pub use markup::markup_to_text;
pub use mojibake::repair_mojibake;
pub(crate) use sentence::first_sentence;
pub(crate) use title::{derive_title, shorten, without_site_name};

/// Words as everywhere in the program: runs between white space.
pub(crate) fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// A form for comparing: letters and digits in lower case without accents, `œ`, `æ` and ligatures as two letters, all else
/// (quotes, apostrophes, any spaces) as single spaces.
#[must_use]
pub fn fold(text: &str) -> String {
    use unicode_normalization::char::{decompose_compatible, is_combining_mark};
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            folded.push(c.to_ascii_lowercase());
        } else if c.is_ascii() {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else {
            // What decomposes changes its case alike; what changes its case may decompose (`İ`).
            for c in c.to_lowercase() {
                decompose_compatible(c, |c| {
                    if is_combining_mark(c) {
                        return;
                    }
                    match c {
                        'œ' => folded.push_str("oe"),
                        'æ' => folded.push_str("ae"),
                        'ß' => folded.push_str("ss"),
                        _ if c.is_alphanumeric() => folded.extend(c.to_lowercase()),
                        _ if !folded.is_empty() && !folded.ends_with(' ') => folded.push(' '),
                        _ => {}
                    }
                });
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_differs_in_writing_alone_folds_to_the_same() {
        for (one, other) in [
            ("« L’œuvre »", "\"l'OEUVRE\""),
            ("Cœur", "coeur"),
            ("Ex æquo", "ex aequo"),
            ("12\u{202f}000\u{a0}€", "12 000"),
            ("ﬁn du ﬂux", "fin du flux"),
            ("1ᵉʳ", "1er"),
            ("État", "e\u{301}tat"),
            ("Strauß", "STRAUSS"),
        ] {
            assert_eq!(fold(one), fold(other), "{one}");
        }
    }

    proptest! {
        #[test]
        fn what_is_folded_stays(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
