//! A grammar of news sentences, read from lists of words and of sentences with slots.
//!
//! In: the lines of `tests/data/copydesk`. Out: lists whose entries are compiled into parts, so that writing a sentence
//! costs a draw and a copy for each slot: tens of thousands of articles a second.
//!
//! A slot is `{form list}`, with `+` behind the list's name where an adjective follows a noun. The forms of a noun are
//! its definite article when no form is named, `de` and `à` with that article, `un`, `nu` (bare) and `d` (`de` and the
//! bare noun); those of a verb the participle, `er`, `der` (`de` and the infinitive), `e`, `ait`, `era`, `erait`, `ant`;
//! names of places know `de`. `{n 2 28}` is a number; `grand`, `pct`, `somme`, `fait`, `qui`, `présenté`, `lieu` and `ville` are made
//! up by the writer.

use std::collections::HashMap;

/// What a grammar's text breaks its rules with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake(pub(super) String);

/// The gender that articles, adjectives and roles agree with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gender {
    Masculine,
    Feminine,
}

/// A noun in every form that a slot can ask for.
#[derive(Debug)]
pub(super) struct Noun {
    pub(super) gender: Gender,
    forms: [Box<str>; 6],
}

/// The form that a slot asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    De,
    A,
    Un,
    Bare,
    D,
    Verb(usize),
}

/// A piece of a compiled sentence.
#[derive(Debug)]
pub(super) enum Part {
    Text(Box<str>),
    List {
        list: usize,
        form: Form,
        adjective: bool,
    },
    Number(i64, i64),
    /// With whether an adjective follows.
    Made(Made, Form, bool),
}

/// What the writer makes up from the event that an article is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Large,
    Percent,
    Sum,
    Fact,
    Person,
    Presented,
    Place,
    Town,
    Body,
    Thing,
}

/// One entry of a list.
#[derive(Debug)]
pub(super) enum Entry {
    Parts(Vec<Part>),
    Noun(Noun),
    Verb([Box<str>; 8]),
    /// Masculine and feminine.
    Pair(Box<str>, Box<str>),
}

/// Compiled lists, found by name once and by number from then on.
#[derive(Debug)]
pub(super) struct Grammar {
    pub(super) lists: Vec<Vec<Entry>>,
    names: HashMap<String, usize>,
}

/// The endings of a regular verb, in the order of its forms.
const ENDINGS: [&str; 7] = ["é", "er", "e", "ait", "era", "erait", "ant"];
const VERB_FORMS: [&str; 8] = ["", "er", "e", "ait", "era", "erait", "ant", "der"];

impl Grammar {
    /// Compiles lists; one that a later text opens again goes on there.
    pub(super) fn new(texts: &[&str]) -> Result<Self, Mistake> {
        let mut names = HashMap::new();
        let mut raw: Vec<(&str, Vec<&str>)> = Vec::new();
        for text in texts {
            let mut open: Option<usize> = None;
            for line in text.lines().map(str::trim) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                if let Some((kind, name)) = line.strip_suffix(':').and_then(|head| head.split_once(' '))
                    && ["mots", "noms", "verbes", "phrases"].contains(&kind)
                {
                    let place = *names.entry(name.to_owned()).or_insert(raw.len());
                    if place == raw.len() {
                        raw.push((kind, Vec::new()));
                    }
                    open = Some(place);
                    continue;
                }
                let (kind, lines) = open
                    .and_then(|place| raw.get_mut(place))
                    .ok_or_else(|| Mistake(format!("a line before any list: {line}")))?;
                if *kind == "phrases" {
                    lines.push(line);
                } else {
                    lines.extend(line.split('|').map(str::trim));
                }
            }
        }
        let mut grammar = Self {
            lists: Vec::new(),
            names,
        };
        for (kind, lines) in raw {
            let entries: Result<Vec<Entry>, Mistake> =
                lines.into_iter().map(|line| grammar.entry(kind, line)).collect();
            grammar.lists.push(entries?);
        }
        Ok(grammar)
    }

    /// The number of a list.
    pub(super) fn list(&self, name: &str) -> Result<usize, Mistake> {
        self.names
            .get(name)
            .copied()
            .ok_or_else(|| Mistake(format!("no list is named {name}: write it or correct the slot")))
    }

    fn entry(&self, kind: &str, line: &str) -> Result<Entry, Mistake> {
        match kind {
            "noms" => noun(line).map(Entry::Noun),
            "verbes" => Ok(Entry::Verb(verb(line))),
            _ => match line.split_once('/') {
                Some((masculine, feminine)) if !line.contains('{') => {
                    Ok(Entry::Pair(masculine.into(), feminine.into()))
                }
                _ => self.parts(line).map(Entry::Parts),
            },
        }
    }

    /// Compiles a line with slots.
    pub(super) fn parts(&self, line: &str) -> Result<Vec<Part>, Mistake> {
        let mut parts = Vec::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after
                .split_once('}')
                .ok_or_else(|| Mistake(format!("a slot without its end: {line}")))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.into()));
            }
            parts.push(self.slot(slot)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(parts)
    }

    fn slot(&self, slot: &str) -> Result<Part, Mistake> {
        let wrong = || Mistake(format!("a slot that means nothing: {slot}"));
        if let Some(range) = slot.strip_prefix("n ") {
            let (low, high) = range.split_once(' ').ok_or_else(wrong)?;
            let (low, high) = (
                low.parse().map_err(|_| wrong())?,
                high.parse().map_err(|_| wrong())?,
            );
            return Ok(Part::Number(low, high));
        }
        let (form, name) = match slot.split_once(' ') {
            None => (Form::Plain, slot),
            Some(("de", name)) => (Form::De, name),
            Some(("à", name)) => (Form::A, name),
            Some(("un", name)) => (Form::Un, name),
            Some(("nu", name)) => (Form::Bare, name),
            Some(("d", name)) => (Form::D, name),
            Some((ending, name)) => {
                let form = VERB_FORMS
                    .iter()
                    .position(|known| *known == ending)
                    .ok_or_else(wrong)?;
                (Form::Verb(form), name)
            }
        };
        let (name, adjective) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
        let made = match name {
            "grand" => Made::Large,
            "pct" => Made::Percent,
            "somme" => Made::Sum,
            "fait" => Made::Fact,
            "qui" => Made::Person,
            "présenté" => Made::Presented,
            "lieu" => Made::Place,
            "ville" => Made::Town,
            "corps" => Made::Body,
            "chose" => Made::Thing,
            _ => {
                let list = self.list(name)?;
                return Ok(Part::List {
                    list,
                    form,
                    adjective,
                });
            }
        };
        Ok(Part::Made(made, form, adjective))
    }
}

impl Noun {
    /// The form that a slot asks for; the definite one where a noun has no such form.
    pub(super) fn form(&self, form: Form) -> &str {
        let place = match form {
            Form::Plain | Form::Verb(_) => 0,
            Form::De => 1,
            Form::A => 2,
            Form::Un => 3,
            Form::Bare => 4,
            Form::D => 5,
        };
        &self.forms[place]
    }
}

/// Reads `f cour d'appel`, `m *handicap` (an aspirated h).
fn noun(line: &str) -> Result<Noun, Mistake> {
    let (gender, written) = line
        .split_once(' ')
        .ok_or_else(|| Mistake(format!("a noun without its gender: {line}")))?;
    let gender = match gender {
        "m" => Gender::Masculine,
        "f" => Gender::Feminine,
        _ => return Err(Mistake(format!("a noun is m or f: {line}"))),
    };
    let name = written.trim_start_matches('*');
    let elided = !written.starts_with('*') && begins_with_vowel(name);
    let [the, of, to, one] = match (gender, elided) {
        (Gender::Masculine, true) => ["l'", "de l'", "à l'", "un "],
        (Gender::Feminine, true) => ["l'", "de l'", "à l'", "une "],
        (Gender::Masculine, false) => ["le ", "du ", "au ", "un "],
        (Gender::Feminine, false) => ["la ", "de la ", "à la ", "une "],
    };
    let bare_of = if elided { "d'" } else { "de " };
    Ok(Noun {
        gender,
        forms: [the, of, to, one, "", bare_of].map(|article| format!("{article}{name}").into()),
    })
}

/// Every form of a regular verb in -er from its stem, with the spelling that keeps `ç` and `ge` soft.
fn verb(stem: &str) -> [Box<str>; 8] {
    let form = |ending: &str| {
        let hard = ending.starts_with('a');
        match (hard, stem.strip_suffix('c'), stem.ends_with('g')) {
            (true, Some(head), _) => format!("{head}ç{ending}"),
            (true, _, true) => format!("{stem}e{ending}"),
            _ => format!("{stem}{ending}"),
        }
    };
    let of = if begins_with_vowel(stem) { "d'" } else { "de " };
    let [
        participle,
        infinitive,
        present,
        imperfect,
        future,
        conditional,
        gerund,
    ] = ENDINGS.map(form);
    let of_infinitive = format!("{of}{infinitive}");
    [
        participle,
        infinitive,
        present,
        imperfect,
        future,
        conditional,
        gerund,
        of_infinitive,
    ]
    .map(Into::into)
}

/// Whether `le`, `de` and `que` lose their vowel before a word; an h is taken for mute.
pub(super) fn begins_with_vowel(word: &str) -> bool {
    word.chars()
        .next()
        .is_some_and(|first| "aeiouhâàéèêëîïôœAEIOUHÂÀÉÈÊÎÔŒ".contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_and_verbs_have_their_forms() {
        let forms = |line| {
            let noun = noun(line).unwrap();
            [Form::Plain, Form::De, Form::A, Form::Un, Form::D].map(|form| noun.form(form).to_owned())
        };
        assert_eq!(
            forms("m budget"),
            ["le budget", "du budget", "au budget", "un budget", "de budget"]
        );
        assert_eq!(
            forms("f école"),
            ["l'école", "de l'école", "à l'école", "une école", "d'école"]
        );
        assert_eq!(
            forms("f *haie"),
            ["la haie", "de la haie", "à la haie", "une haie", "de haie"]
        );
        assert_eq!(*verb("engag")[3], *"engageait");
        assert_eq!(*verb("dénonc")[6], *"dénonçant");
        assert_eq!(*verb("arbitr")[7], *"d'arbitrer");
    }

    #[test]
    fn a_mistake_in_the_lists_is_named() {
        let told = |text: &str| Grammar::new(&[text]).unwrap_err().0;
        assert!(told("un mot").contains("un mot"));
        assert!(told("phrases phrase:\nUn {truc}.").contains("truc"));
        assert!(told("phrases phrase:\nUn {truc.").contains("{truc."));
        assert!(told("noms chose:\nbudget").contains("budget"));
        assert!(told("phrases phrase:\nÀ {n deux 3} heures.").contains("n deux 3"));
    }
}
