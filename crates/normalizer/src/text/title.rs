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

/// What stands between a title and the site's name.
const SEPARATORS: &[&str] = &[" - ", " | ", " – ", " — ", " • ", " · ", " :: ", " » ", " : "];

/// Words behind the site's name that belong to it: `Le Monde - Actualités et infos`.
const MAX_SITE_WORDS: usize = 6;

/// Words that a title has when the name in front of it is cut off; fewer may be what the name is part of.
const MIN_TITLE_WORDS: usize = 3;

/// Ends of hosts that sites write behind their names, folded.
const DOMAINS: &[&str] = &[
    "fr", "com", "be", "ch", "ca", "org", "net", "info", "eu", "lu", "re", "nc", "pf", "ma", "tn", "dz",
    "sn", "ci", "cm",
];

/// The title without ` - Site`, ` | Site` or the like behind it, or `Site - ` in front, that names the site or the source; the
/// whole name or its telling part. `names` are those of site, source and host.
pub(crate) fn without_site_name(title: &str, names: &[&str]) -> String {
    let names: Vec<Name> = names.iter().filter_map(|name| Name::of(name)).collect();
    if names.is_empty() {
        return title.to_owned();
    }
    let mut places: Vec<(usize, usize)> = SEPARATORS
        .iter()
        .flat_map(|separator| title.match_indices(separator))
        .map(|(at, separator)| (at, at + separator.len()))
        .collect();
    places.sort_unstable();
    // The longest name first: one may have a dash in it.
    for (end, start) in &places {
        let (head, tail) = (title.get(..*end), title.get(*start..));
        if let (Some(head), Some(tail)) = (head.map(str::trim), tail)
            && !head.is_empty()
            && names
                .iter()
                .any(|name| name.is_told_by(tail) && (name.is_whole(tail) || !is_pair(head, tail)))
        {
            return head.to_owned();
        }
    }
    // `Le Monde : le quotidien fête ses 80 ans` is about the paper.
    let first = places.first().filter(|(end, start)| {
        title
            .get(*end..*start)
            .is_some_and(|separator| separator != " : ")
    });
    if let Some((end, start)) = first
        && let (Some(head), Some(tail)) = (title.get(..*end), title.get(*start..))
        && tail.split_whitespace().count() >= MIN_TITLE_WORDS
        && names.iter().any(|name| name.is(head))
    {
        return tail.trim().to_owned();
    }
    title.to_owned()
}

/// Whether a title ends with two names that a dash joins: "Ligue 1 : Lens - Rennes", in the feed of Rennes.
fn is_pair(head: &str, tail: &str) -> bool {
    let before = head.rsplit(" : ").next().unwrap_or(head);
    tail.split_whitespace().count() == 1 && before.split_whitespace().count() < MIN_TITLE_WORDS
}

/// A name of a site.
struct Name {
    /// Its words, folded, without the end of its host.
    whole: String,
    /// The parts that dashes divide: `Libération – À la une`.
    parts: Vec<String>,
}

impl Name {
    fn of(name: &str) -> Option<Self> {
        let whole = bare(name);
        let mut parts = vec![name];
        for separator in SEPARATORS {
            parts = parts.into_iter().flat_map(|part| part.split(separator)).collect();
        }
        let parts = parts
            .into_iter()
            .map(bare)
            .filter(|part| !part.is_empty())
            .collect();
        (!whole.is_empty()).then_some(Self { whole, parts })
    }

    /// Whether a text is the name: as it is written, as its host is (`ouestfrance`), or one of its parts.
    fn is(&self, text: &str) -> bool {
        let text = bare(text);
        let squashed = text.replace(' ', "");
        !text.is_empty() && (squashed == self.whole.replace(' ', "") || self.parts.contains(&text))
    }

    /// Whether a text is the name and not only a part of it.
    fn is_whole(&self, text: &str) -> bool {
        bare(text).replace(' ', "") == self.whole.replace(' ', "")
    }

    /// Whether a text behind a title is the name, the beginning of it, or begins with it. One word could be a place or a matter,
    /// so that it must be all of a part.
    fn is_told_by(&self, text: &str) -> bool {
        let bare = bare(text);
        let words = bare.split(' ').count();
        self.is(text)
            || self.parts.iter().any(|part| {
                let begins = |long: &str, short: &str| {
                    short.contains(' ') && long.strip_prefix(short).is_some_and(|rest| rest.starts_with(' '))
                };
                begins(part, &bare) || (words <= MAX_SITE_WORDS && begins(&bare, part))
            })
    }
}

/// A name folded, without `www` and the end of a host.
fn bare(name: &str) -> String {
    let folded = fold(name);
    let folded = folded.strip_prefix("www ").unwrap_or(&folded);
    let rest = folded
        .rsplit_once(' ')
        .filter(|(_, end)| DOMAINS.contains(end) && name.contains('.'))
        .map_or(folded, |(rest, _)| rest);
    rest.to_owned()
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
            ("Budget - Le Monde.fr", "Budget"),
            (
                "Le Monde : le quotidien a 80 ans",
                "Le Monde : le quotidien a 80 ans",
            ),
            ("Le Monde | Le Sénat vote le budget", "Le Sénat vote le budget"),
            (
                "Le Sénat vote le budget - Le Monde Afrique",
                "Le Sénat vote le budget",
            ),
            ("Le tour du monde - Le", "Le tour du monde - Le"),
        ] {
            assert_eq!(without_site_name(title, &names), expected);
        }
    }

    #[test]
    fn a_part_of_the_site_s_name_is_cut_where_it_is_no_other_word() {
        for (title, name, expected) in [
            (
                "Un pont rouvre - Libération",
                "Libération – À la une",
                "Un pont rouvre",
            ),
            (
                "Un pont rouvre - Ouest-France",
                "ouest-france.fr",
                "Un pont rouvre",
            ),
            (
                "Un pont rouvre - Ouest France",
                "Ouest-France Rennes",
                "Un pont rouvre",
            ),
            (
                "Un pont rouvre | L’actualité en direct | Le Courrier",
                "L’actualité en direct | Le Courrier",
                "Un pont rouvre",
            ),
            (
                "Un pont rouvre - Le Courrier - Infos locales",
                "Le Courrier",
                "Un pont rouvre",
            ),
            (
                "Ligue 1 : Lens - Rennes",
                "Rennes : toute l’actualité",
                "Ligue 1 : Lens - Rennes",
            ),
            ("Un pont rouvre - Lyon", "Lyon Capitale", "Un pont rouvre - Lyon"),
            ("Paris - Saint-Germain", "Le Courrier", "Paris - Saint-Germain"),
            ("Un pont rouvre - RTS", "rts.ch", "Un pont rouvre"),
        ] {
            assert_eq!(without_site_name(title, &[name]), expected, "{name}");
        }
    }
}
