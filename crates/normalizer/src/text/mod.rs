//! Text: markup off, characters set right, sentences found.

mod boilerplate;
mod clean;
mod markup;
mod mojibake;
mod sentence;
mod title;

pub(crate) use boilerplate::{Line, line_kind, strip_boilerplate};
pub use clean::{Repairs, clean_line, clean_text};
pub use markup::markup_to_text;
pub use mojibake::repair_mojibake;
pub(crate) use sentence::first_sentence;
pub(crate) use title::{derive_title, shorten, without_site_name};

/// Words as everywhere in the program: runs between white space.
pub(crate) fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Letters and digits in lower case without the common French accents, all else as single spaces: for comparing short
/// phrases with a rule.
pub fn fold(text: &str) -> String {
    use unicode_normalization::char::{decompose_canonical, is_combining_mark};
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            folded.push(c.to_ascii_lowercase());
        } else if c.is_ascii() {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else {
            decompose_canonical(c, |c| {
                if is_combining_mark(c) {
                    return;
                }
                if c.is_alphanumeric() {
                    folded.extend(c.to_lowercase());
                } else if !folded.is_empty() && !folded.ends_with(' ') {
                    folded.push(' ');
                }
            });
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}
