//! Names with several spellings: `Kiev` and `Kyiv` are one place.
//!
//! In: a text of one group a line, its forms separated by `|`, the preferred one first; `#` begins a comment.
//! Out: a table from the folded words of each form to those of the preferred one, and the lines that could not
//! be used.

use std::fmt;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::fold::fold_to_string;

/// The table of spellings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases {
    /// Folded form to folded preferred form; words are separated by single spaces.
    preferred: FxHashMap<String, String>,
    /// The first word of each form.
    beginnings: FxHashSet<String>,
    /// Words in the longest form.
    longest: usize,
}

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasProblem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it and what to do, for people.
    pub problem: String,
}

impl fmt::Display for AliasProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl Aliases {
    /// The table that comes with the program.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse(include_str!("../../../config/aliases.txt")).0
    }

    /// Reads a table; lines that cannot be used are told and left out.
    #[must_use]
    pub fn parse(text: &str) -> (Self, Vec<AliasProblem>) {
        let mut aliases = Self::default();
        let mut problems = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let content = line.split('#').next().unwrap_or_default().trim();
            if content.is_empty() {
                continue;
            }
            if let Err(problem) = aliases.add_group(content) {
                problems.push(AliasProblem {
                    line: index + 1,
                    problem,
                });
            }
        }
        (aliases, problems)
    }

    fn add_group(&mut self, group: &str) -> Result<(), String> {
        let forms: Vec<String> = group.split('|').map(fold_to_string).collect();
        if forms.iter().any(String::is_empty) {
            return Err("a form is empty; write `Preferred | Other`".to_owned());
        }
        let [preferred, others @ ..] = forms.as_slice() else {
            return Err("the line is empty; write `Preferred | Other`".to_owned());
        };
        if others.is_empty() {
            return Err(format!("`{preferred}` stands alone; write `Preferred | Other`"));
        }
        for other in others {
            if other == preferred {
                continue;
            }
            if let Some(known) = self.preferred.get(other)
                && known != preferred
            {
                return Err(format!(
                    "`{other}` already stands for `{known}`; keep one of them"
                ));
            }
            self.add(other, preferred);
        }
        // Preferred forms are names too, wherever they stand.
        if !self.preferred.contains_key(preferred) {
            self.add(preferred, preferred);
        }
        Ok(())
    }

    fn add(&mut self, form: &str, preferred: &str) {
        self.longest = self.longest.max(form.split(' ').count());
        self.beginnings.extend(form.split(' ').next().map(str::to_owned));
        self.preferred.insert(form.to_owned(), preferred.to_owned());
    }

    /// Words in the longest form.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Whether a form begins with this folded word.
    pub(crate) fn begins_with(&self, word: &str) -> bool {
        self.beginnings.contains(word)
    }

    /// The longest form at the beginning of these folded words: how many of them it is, and the preferred one.
    pub(crate) fn find(&self, words: &[&str]) -> Option<(usize, &str)> {
        (1..=self.longest.min(words.len())).rev().find_map(|length| {
            let form = words.get(..length)?.join(" ");
            Some((length, self.preferred.get(&form)?.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred(aliases: &Aliases, words: &str) -> Option<(usize, String)> {
        let words: Vec<&str> = words.split(' ').collect();
        aliases
            .find(&words)
            .map(|(length, preferred)| (length, preferred.to_owned()))
    }

    #[test]
    fn every_spelling_becomes_the_preferred_one() {
        let (aliases, problems) =
            Aliases::parse("# lieux\nKiev | Kyiv\nAbou Dabi | Abu Dhabi | Abu Dabi # ville\n");
        assert_eq!(problems, []);
        assert_eq!(preferred(&aliases, "kyiv"), Some((1, "kiev".to_owned())));
        assert_eq!(preferred(&aliases, "kiev"), Some((1, "kiev".to_owned())));
        assert_eq!(
            preferred(&aliases, "abu dabi kyiv"),
            Some((2, "abou dabi".to_owned()))
        );
        assert_eq!(preferred(&aliases, "forum abu dabi"), None);
        assert!(aliases.begins_with("abu") && !aliases.begins_with("dabi"));
    }

    #[test]
    fn a_bad_line_is_told_and_the_others_are_kept() {
        let (aliases, problems) = Aliases::parse("Kiev | Kyiv\nSeul\nA | | B\nOdessa | Kyiv\n");
        assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(problems[0].to_string().starts_with("line 2: `seul` stands alone"));
        assert_eq!(preferred(&aliases, "kyiv"), Some((1, "kiev".to_owned())));
    }

    #[test]
    fn the_table_that_comes_with_the_program_is_sound() {
        let text = include_str!("../../../config/aliases.txt");
        let (_, problems) = Aliases::parse(text);
        assert_eq!(problems, []);
        let groups = text
            .lines()
            .filter(|line| line.contains('|') && !line.starts_with('#'));
        assert!(groups.count() >= 300);
    }
}
