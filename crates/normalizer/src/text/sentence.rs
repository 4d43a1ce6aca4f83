//! Where the first sentence of a French text ends.

/// Words after which a full stop does not end a sentence, without the stop, in lower case.
const ABBREVIATIONS: &[&str] = &[
    "m", "mm", "mme", "mmes", "mlle", "mlles", "mr", "dr", "pr", "me", "mgr", "st", "ste", "cf", "art", "av",
    "bd", "boul", "p", "pp", "vol", "fig", "éd", "ed", "env", "min", "max", "hab", "n", "apr", "ap", "jr",
    "gén", "lt", "sgt", "adj", "tél", "ex", "réf", "chap", "op", "vs", "j.-c", "janv", "févr", "juil",
    "sept", "oct", "nov", "déc", "u.s", "ph.d", "c.-à-d",
];

/// Signs that may stand between the end mark and the space: closing quotes and brackets.
const CLOSERS: &[char] = &['"', '»', '”', '’', ')', ']', '\''];

/// The first sentence of the first paragraph, with its end mark; the whole paragraph when it has no other end.
pub(crate) fn first_sentence(text: &str) -> &str {
    let paragraph = text
        .split('\n')
        .find(|line| !line.trim().is_empty())
        .unwrap_or("")
        .trim();
    for (at, c) in paragraph.char_indices() {
        if !matches!(c, '.' | '!' | '?' | '…') {
            continue;
        }
        let before = paragraph.get(..at).unwrap_or_default();
        let after = paragraph.get(at + c.len_utf8()..).unwrap_or_default();
        if after.starts_with(['.', '!', '?', '…']) {
            continue;
        }
        let closed = skip_closers(after);
        if ends_here(closed) && !(c == '.' && is_abbreviation(before, after)) {
            let end = paragraph.len() - closed.len();
            return paragraph.get(..end).unwrap_or(paragraph).trim_end();
        }
    }
    paragraph
}

/// What follows the closing quotes and brackets after an end mark, French spacing before them included.
fn skip_closers(after: &str) -> &str {
    let mut rest = after;
    loop {
        let inner = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
        match inner.chars().next() {
            // A straight quote after a space opens the next sentence.
            Some('"' | '\'') if inner.len() != rest.len() => return rest,
            Some(c) if CLOSERS.contains(&c) => rest = inner.get(c.len_utf8()..).unwrap_or_default(),
            _ => return rest,
        }
    }
}

/// A sentence ends before white space that is not followed by a lower-case letter or a sign that goes on with it.
fn ends_here(rest: &str) -> bool {
    if rest.is_empty() {
        return true;
    }
    if !rest.starts_with(char::is_whitespace) {
        return false;
    }
    match rest.trim_start().chars().next() {
        None => true,
        Some(next) => !next.is_lowercase() && !matches!(next, ',' | ';' | ':' | '!' | '?' | '.' | '…'),
    }
}

fn is_abbreviation(before: &str, after: &str) -> bool {
    let word = before
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '«' | '"' | '’' | '\'' | '“'))
        .next()
        .unwrap_or("");
    let lower = word.to_lowercase();
    // A single capital is an initial; so is the last of `J.-C`.
    let initial = word
        .rsplit(['.', '-'])
        .next()
        .is_some_and(|last| last.chars().count() == 1 && last.chars().all(char::is_uppercase));
    // `J.-C.` may well end a sentence, and a lone initial does only at the end of everything.
    (initial || ABBREVIATIONS.contains(&lower.as_str())) && !after.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_is_found() {
        for (text, expected) in [
            ("M. Witkoff est arrivé. Il repart.", "M. Witkoff est arrivé."),
            ("Le n° 5 et le 1er mai. Suite", "Le n° 5 et le 1er mai."),
            (
                "En 52 av. J.-C. César gagne. Oui.",
                "En 52 av. J.-C. César gagne.",
            ),
            ("« Que faire ? », dit-il. Rien.", "« Que faire ? », dit-il."),
            ("« Nous partons. » Puis rien.", "« Nous partons. »"),
            ("Il coûte 3.5 millions. Cher.", "Il coûte 3.5 millions."),
            ("Et puis… rien ne vint. Fin", "Et puis… rien ne vint."),
            ("Une ligne sans point\nUne autre.", "Une ligne sans point"),
            ("Le site lemonde.fr le dit. Oui", "Le site lemonde.fr le dit."),
            ("Vraiment ?! Oui.", "Vraiment ?!"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), expected, "{text}");
        }
    }
}
