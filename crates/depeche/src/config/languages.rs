//! The languages that are wanted: which names are none, and what to write in their place.

use depeche_normalizer::{is_known_language, known_languages};

/// Names under which the languages around French are asked for.
const NAMES: [(&str, &[&str]); 9] = [
    ("fr", &["french", "français", "francais", "fra", "fre"]),
    ("en", &["english", "anglais", "eng"]),
    ("de", &["german", "allemand", "deutsch", "deu", "ger"]),
    ("nl", &["dutch", "néerlandais", "nederlands", "nld", "dut"]),
    ("es", &["spanish", "espagnol", "español", "spa"]),
    ("it", &["italian", "italien", "italiano", "ita"]),
    ("pt", &["portuguese", "portugais", "português", "por"]),
    ("ca", &["catalan", "català", "cat"]),
    ("br", &["breton", "brezhoneg", "bre"]),
];

/// What is wrong with the languages to keep, by key.
pub(super) fn contradictions(languages: &[String]) -> Vec<(String, String)> {
    let none = languages
        .is_empty()
        .then(|| "name at least one, such as [\"fr\"]".to_owned());
    let unknown = languages
        .iter()
        .filter(|code| !is_known_language(code))
        .map(|code| unknown(code));
    none.into_iter()
        .chain(unknown)
        .map(|why| ("normalize.languages".to_owned(), why))
        .collect()
}

/// What is wrong with a language that is not known, and what to write in its place.
fn unknown(written: &str) -> String {
    let lower = written.trim().to_lowercase();
    let primary = lower.split(['-', '_']).next().unwrap_or_default();
    let named = NAMES
        .iter()
        .find(|(_, names)| names.contains(&primary))
        .map(|(code, _)| *code);
    match named.or_else(|| is_known_language(primary).then_some(primary)) {
        Some(code) => format!("`{written}` is no language code; write `{code}`"),
        None => format!(
            "`{written}` is no language that is told apart; known are {}",
            known_languages().join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_meant_is_named() {
        for written in ["french", "Français", "fr-FR", "FR", " fr_CA", "fra"] {
            assert_eq!(
                unknown(written),
                format!("`{written}` is no language code; write `fr`")
            );
        }
        let told = unknown("xx");
        assert!(
            told.starts_with("`xx` is no language") && told.contains(", fr, "),
            "{told}"
        );
    }
}
