//! Words that tell a headline's language where its names tell another.
//!
//! In: a short text. Out: what its small words speak for. A headline of eight words is half names, and names travel: "Tour de France:
//! Pogacar wins stage 12 in Hautacam" has five French ones and two English words, "NBA : Wembanyama et les Spurs s’inclinent à Oklahoma
//! City" is the other way round. The table (`table`) sees letters; this sees the words that stand between the names, of which
//! French and English have none in common.

/// Words of a text that is looked at so: titles. The table is right on longer ones.
const MAX_WORDS: usize = 16;

/// Words of English that it takes, where there is none of French.
const MIN_ENGLISH: usize = 2;

/// Different words of French that it takes, and their share of all.
const MIN_FRENCH: usize = 3;
const MIN_FRENCH_SHARE: f32 = 0.3;

/// What the small words of a text speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tale {
    French,
    English,
    Nothing,
}

/// Small words of French that English headlines do not have, elided ones with their apostrophe.
const FRENCH: &[&str] = &[
    "à", "au", "aux", "avec", "c'", "ce", "ces", "cette", "chez", "contre", "d'", "dans", "de", "depuis",
    "des", "du", "elle", "en", "entre", "est", "et", "être", "face", "il", "ils", "j'", "jusqu'", "l'", "la",
    "le", "les", "leur", "leurs", "m'", "mais", "n'", "ne", "nous", "où", "ou", "par", "pas", "plus", "pour",
    "qu'", "que", "qui", "s'", "sa", "sans", "se", "ses", "son", "sont", "sous", "sur", "très", "un", "une",
    "vers", "vous", "y",
];

/// Small words of English, and those that its headlines live by, that French ones do not have.
const ENGLISH: &[&str] = &[
    "about", "after", "again", "against", "ahead", "aged", "amid", "an", "and", "are", "at", "award", "back",
    "be", "beat", "beats", "been", "before", "behind", "between", "but", "by", "can", "could", "dead",
    "deal", "dies", "down", "first", "for", "from", "gets", "has", "have", "he", "help", "her", "here",
    "his", "how", "if", "in", "inside", "into", "is", "it", "its", "killed", "last", "law", "makes", "man",
    "may", "meet", "meets", "more", "most", "near", "new", "next", "not", "of", "off", "old", "our", "out",
    "over", "past", "people", "row", "said", "say", "says", "set", "seeks", "she", "should", "talks", "than",
    "that", "the", "their", "they", "this", "to", "twice", "two", "under", "until", "up", "wants", "warns",
    "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "win", "wins", "with",
    "woman", "won", "would", "years", "you",
];

/// Words of English that titles of works have between capitals, in French headlines too: "House of the Dragon".
const OF_TITLES: &[&str] = &["and", "at", "by", "for", "in", "of", "the", "to", "with"];

/// What the small words of a text speak for; nothing where it is no title.
pub(super) fn of(text: &str) -> Tale {
    let words = words(text);
    if words.is_empty() || words.len() > MAX_WORDS {
        return Tale::Nothing;
    }
    // What stands in a name is capitals, and the small words of titles.
    let is_of_title = |at: Option<usize>| {
        at.and_then(|at| words.get(at))
            .is_some_and(|word| word.starts_with(char::is_uppercase) || OF_TITLES.contains(&word.as_str()))
    };
    let mut french: Vec<&str> = Vec::new();
    let (mut french_words, mut english_words) = (0, 0);
    for (at, word) in words.iter().enumerate() {
        let is_between = is_of_title(at.checked_sub(1)) && is_of_title(Some(at + 1));
        // "Charles de Gaulle", "Tour de France" are names, in any language.
        let is_of_name = is_between
            && matches!(
                word.as_str(),
                "de" | "du" | "des" | "la" | "le" | "d'" | "l'" | "en"
            );
        if FRENCH.contains(&word.as_str()) && !is_of_name {
            french_words += 1;
            if !french.contains(&word.as_str()) {
                french.push(word);
            }
        } else if ENGLISH.contains(&word.as_str())
            && !(is_between && OF_TITLES.contains(&word.as_str()) && word != "in")
        {
            english_words += 1;
        }
    }
    if french_words == 0 && english_words >= MIN_ENGLISH {
        Tale::English
    } else if english_words == 0
        && french.len() >= MIN_FRENCH
        && french_words as f32 >= words.len() as f32 * MIN_FRENCH_SHARE
    {
        Tale::French
    } else {
        Tale::Nothing
    }
}

/// The words as they are written; what is elided is one of its own, with a plain apostrophe.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for chunk in text.split_whitespace() {
        let bare = chunk.trim_matches(|c: char| !c.is_alphanumeric());
        let mut rest = bare;
        while let Some((at, mark)) = rest.char_indices().find(|(_, c)| matches!(c, '\'' | '’')) {
            let (elided, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
            words.push(format!("{elided}'"));
            rest = behind.get(mark.len_utf8()..).unwrap_or_default();
        }
        if !rest.is_empty() {
            words.push(rest.to_owned());
        }
        if words.len() > MAX_WORDS {
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_words_tell_what_names_do_not() {
        for (text, tale) in [
            ("Tour de France: Pogacar wins stage 12 in Hautacam", Tale::English),
            ("Le Pen verdict: what happens next", Tale::English),
            (
                "Mbappé scores twice as Les Bleus cruise past Luxembourg",
                Tale::English,
            ),
            (
                "NBA : Wembanyama et les Spurs s’inclinent à Oklahoma City",
                Tale::French,
            ),
            ("Made in France : Saint James embauche", Tale::Nothing),
            ("Game of Thrones : House of the Dragon dévoilé", Tale::Nothing),
            (
                "Star Wars, The Mandalorian and Grogu : la bande-annonce dévoilée",
                Tale::Nothing,
            ),
            ("Macron visita Madrid", Tale::Nothing),
            ("", Tale::Nothing),
        ] {
            assert_eq!(of(text), tale, "{text}");
        }
        assert_eq!(of(&"the ".repeat(40)), Tale::Nothing);
    }
}
