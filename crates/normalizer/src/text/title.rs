//! Titles: one line, without the site's name, derived where none is given.

use super::{Repairs, clean_line, first_sentence, fold};

/// A derived title is at most this many characters long: two lines on a screen, and longer than most headlines.
const MAX_DERIVED: usize = 120;

/// A title from the first sentence of a text, cut at a word.
pub(crate) fn derive_title(text: &str) -> String {
    let sentence = first_sentence(text);
    let sentence = sentence.strip_suffix('.').unwrap_or(sentence);
    // What stands at a cut may read otherwise without what followed.
    clean_line(&shorten(sentence, MAX_DERIVED), &mut Repairs::default())
}

/// At most `limit` characters, cut at a word and marked with an ellipsis when something is missing.
pub(crate) fn shorten(line: &str, limit: usize) -> String {
    if line.chars().count() <= limit {
        return line.to_owned();
    }
    let mut cut = String::new();
    let mut length = 0;
    for word in line.split_whitespace() {
        let more = word.chars().count() + usize::from(!cut.is_empty());
        // One character is the ellipsis'.
        if length + more >= limit {
            break;
        }
        if !cut.is_empty() {
            cut.push(' ');
        }
        cut.push_str(word);
        length += more;
    }
    if cut.is_empty() {
        cut = line.chars().take(limit - 1).collect();
    }
    let trimmed = cut.trim_end_matches([',', ';', ':', ' ', '\u{a0}', '«', '-', '–']);
    format!("{trimmed}…")
}

/// The title without a trailing ` - Site`, ` | Site` or the like that names the site or the source.
pub(crate) fn without_site_name(title: &str, names: &[&str]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| fold(name))
        .filter(|name| !name.is_empty())
        .collect();
    for separator in [" - ", " | ", " – ", " — ", " • ", " · ", " : "] {
        if let Some((head, tail)) = title.rsplit_once(separator) {
            let tail = fold(tail);
            if !head.trim().is_empty() && names.contains(&tail) {
                return head.trim().to_owned();
            }
        }
    }
    title.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_title_is_cut_at_a_word() {
        let text = "mot ".repeat(60);
        let title = derive_title(text.trim());
        assert!(title.chars().count() <= 120 && title.ends_with("mot…"), "{title}");
        assert_eq!(
            derive_title("Kiev et Moscou échangent. Suite."),
            "Kiev et Moscou échangent"
        );
        assert!(derive_title(&"a".repeat(500)).chars().count() <= 120);
    }

    #[test]
    fn only_the_site_s_own_name_is_cut() {
        let names = ["Le Monde", "lemonde.fr"];
        for (title, expected) in [
            ("Budget : le vote - Le Monde", "Budget : le vote"),
            ("Budget | LeMonde.fr", "Budget"),
            ("Paris - Lyon", "Paris - Lyon"),
            ("Le Monde", "Le Monde"),
        ] {
            assert_eq!(without_site_name(title, &names), expected);
        }
    }
}
