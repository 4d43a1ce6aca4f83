//! Languages that are told by their letters alone.

/// Letters of a script and its largest language.
const SCRIPTS: &[(&str, std::ops::RangeInclusive<char>)] = &[
    ("ja", '\u{3040}'..='\u{30ff}'),
    ("zh", '\u{4e00}'..='\u{9fff}'),
    ("ru", '\u{400}'..='\u{4ff}'),
    ("ar", '\u{600}'..='\u{6ff}'),
    ("el", '\u{370}'..='\u{3ff}'),
    ("he", '\u{590}'..='\u{5ff}'),
    ("ko", '\u{ac00}'..='\u{d7a3}'),
    ("hy", '\u{530}'..='\u{58f}'),
    ("ka", '\u{10a0}'..='\u{10ff}'),
    ("th", '\u{e00}'..='\u{e7f}'),
    ("hi", '\u{900}'..='\u{97f}'),
];

/// The languages that are told by their letters.
pub(super) const LANGUAGES: [&str; SCRIPTS.len()] = {
    let mut languages = [""; SCRIPTS.len()];
    let mut at = 0;
    while at < SCRIPTS.len() {
        languages[at] = SCRIPTS[at].0;
        at += 1;
    }
    languages
};

/// With fewer letters than this nothing is said.
const MIN_LETTERS: usize = 8;

/// The language of a text that is not in Latin letters, by its script's largest language, and the script's share.
pub(super) fn language(windows: &[&str]) -> Option<(&'static str, f32)> {
    if windows.iter().all(|window| window.is_ascii()) {
        return None;
    }
    let mut counts = [0_usize; SCRIPTS.len()];
    let mut letters = 0_usize;
    for c in windows.iter().flat_map(|window| window.chars()) {
        if c <= '\u{24f}' {
            letters += usize::from(c.is_ascii_alphabetic() || (!c.is_ascii() && c.is_alphabetic()));
        } else if c.is_alphabetic() {
            letters += 1;
            let script = SCRIPTS.iter().position(|(_, range)| range.contains(&c));
            if let Some(count) = script.and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
        }
    }
    let foreign: usize = counts.iter().sum();
    // A quoted name in Cyrillic does not make a French headline Russian.
    if letters < MIN_LETTERS || foreign * 2 <= letters {
        return None;
    }
    // Japanese mixes kana into Han letters.
    let kana = counts.first().copied().unwrap_or(0);
    let largest = if kana * 10 > foreign {
        0
    } else {
        (0..counts.len()).max_by_key(|at| (counts.get(*at), SCRIPTS.len() - at))?
    };
    let (language, _) = SCRIPTS.get(largest)?;
    Some((language, foreign as f32 / letters as f32))
}
