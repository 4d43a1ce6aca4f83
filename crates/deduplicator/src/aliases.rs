//! Names with several spellings: `Kiev` and `Kyiv` are one place.
//!
//! In: a text of one group a line, its forms separated by `|`, the preferred one first; `#` begins a comment.
//! Out: a table from the folded words of each form to those of the preferred one, and the lines that could not
//! be used.

use std::fmt;

use rustc_hash::FxHashMap;

use crate::fold::fold_to_string;

/// The table of spellings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases {
    /// Folded form to folded preferred form; words are separated by single spaces.
    preferred: FxHashMap<String, String>,
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
            self.longest = self.longest.max(other.split(' ').count());
            self.preferred.insert(other.clone(), preferred.clone());
        }
        Ok(())
    }

    /// A run of folded words with every known form in it replaced, the longest first.
    pub(crate) fn apply(&self, words: &[String]) -> Vec<String> {
        let mut out = Vec::with_capacity(words.len());
        let mut at = 0;
        while at < words.len() {
            let found = (1..=self.longest.min(words.len() - at)).rev().find_map(|length| {
                let form = words[at..at + length].join(" ");
                self.preferred.get(&form).map(|preferred| (length, preferred))
            });
            let (length, preferred) = found.unwrap_or((1, &words[at]));
            out.extend(preferred.split(' ').map(str::to_owned));
            at += length;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn every_spelling_becomes_the_preferred_one() {
        let (aliases, problems) =
            Aliases::parse("# lieux\nKiev | Kyiv\nAbou Dabi | Abu Dhabi | Abu Dabi # ville\n");
        assert_eq!(problems, []);
        assert_eq!(aliases.apply(&words("kyiv")), words("kiev"));
        assert_eq!(
            aliases.apply(&words("forum abu dabi kyiv")),
            words("forum abou dabi kiev")
        );
    }

    #[test]
    fn a_bad_line_is_told_and_the_others_are_kept() {
        let (aliases, problems) = Aliases::parse("Kiev | Kyiv\nSeul\nA | | B\nOdessa | Kyiv\n");
        assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(problems[0].to_string().starts_with("line 2: `seul` stands alone"));
        assert_eq!(aliases.apply(&words("kyiv")), words("kiev"));
    }

    #[test]
    fn the_table_that_comes_with_the_program_is_sound() {
        let (_, problems) = Aliases::parse(include_str!("../../../config/aliases.txt"));
        assert_eq!(problems, []);
    }
}
