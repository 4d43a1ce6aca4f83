//! `--expect FILE`: the store against the verdicts that a file expects, as `seeds/README.md` describes them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use depeche_model::{Seq, StoryId};
use depeche_store::{Reader, Record};
use serde::Deserialize;

/// One line of the file.
#[derive(Deserialize)]
struct Expected {
    /// The path below the replayed folder.
    file: String,
    /// A verdict, or `rejected`.
    verdict: String,
    /// The file of the leader or of the replaced revision.
    #[serde(default)]
    of: Option<String>,
    /// Equal for all files of one story.
    #[serde(default)]
    story: Option<String>,
    /// Why it is rejected.
    #[serde(default)]
    reason: Option<String>,
    /// The language it is rejected for.
    #[serde(default)]
    language: Option<String>,
}

/// What became of a file.
struct Actual {
    verdict: String,
    of: Option<String>,
    story: Option<StoryId>,
    reason: Option<String>,
    language: Option<String>,
}

/// What a file expects.
pub(super) struct Expectations {
    path: PathBuf,
    lines: Vec<Expected>,
}

/// Reads the file.
pub(super) fn read(path: &Path) -> anyhow::Result<Expectations> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut expected = Vec::new();
    for (n, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let line: Expected = serde_json::from_str(line)
            .with_context(|| format!("{}:{}: no expectation", path.display(), n + 1))?;
        expected.push(line);
    }
    Ok(Expectations {
        path: path.to_owned(),
        lines: expected,
    })
}

/// Compares; tells each difference on standard error. True when there is none.
pub(super) fn compare(reader: &Reader, expectations: &Expectations) -> anyhow::Result<bool> {
    let Expectations {
        path,
        lines: expected,
    } = expectations;
    let mut actual = actual(reader)?;
    let mut differences = Vec::new();
    let mut stories: Vec<(String, StoryId)> = Vec::new();
    for line in expected {
        let Some(found) = take(&mut actual, &line.file) else {
            differences.push(format!(
                "{}: expected {}, nothing is stored of it",
                line.file, line.verdict
            ));
            continue;
        };
        differences.extend(line.differences(&found));
        if let (Some(label), Some(story)) = (&line.story, found.story) {
            let same_label = stories.iter().find(|(l, _)| l == label).map(|(_, s)| *s);
            let same_story = stories.iter().find(|(_, s)| *s == story).map(|(l, _)| l.clone());
            match (same_label, same_story) {
                (None, None) => stories.push((label.clone(), story)),
                (Some(other), _) if other != story => {
                    differences.push(format!("{}: not in the story of `{label}`", line.file));
                }
                (None, Some(other)) => {
                    differences.push(format!(
                        "{}: in the story of `{other}`, expected `{label}`",
                        line.file
                    ));
                }
                _ => {}
            }
        }
    }
    for (file, others) in actual {
        differences.extend(
            others
                .iter()
                .map(|other| format!("{file}: {}, not expected", other.verdict)),
        );
    }
    differences.sort();
    for difference in &differences {
        eprintln!("differs: {difference}");
    }
    eprintln!(
        "{} expectations of {}, {} differences",
        expected.len(),
        path.display(),
        differences.len()
    );
    Ok(differences.is_empty())
}

impl Expected {
    fn differences(&self, found: &Actual) -> Vec<String> {
        let mut differences = Vec::new();
        let mut same = |what: &str, expected: Option<&str>, found: Option<&str>| {
            if expected != found {
                let word = |value: Option<&str>| value.unwrap_or("nothing").to_owned();
                let (expected, found) = (word(expected), word(found));
                differences.push(format!("{}: {what} is {found}, expected {expected}", self.file));
            }
        };
        same("the verdict", Some(&self.verdict), Some(&found.verdict));
        same("the leader", self.of.as_deref().map(name), found.of.as_deref());
        if self.reason.is_some() {
            same("the reason", self.reason.as_deref(), found.reason.as_deref());
        }
        if self.language.is_some() {
            same(
                "the language",
                self.language.as_deref(),
                found.language.as_deref(),
            );
        }
        differences
    }
}

/// What became of each file name, in order of commit: a name that comes twice is an article and its revision.
fn actual(reader: &Reader) -> anyhow::Result<HashMap<String, Vec<Actual>>> {
    let mut found: HashMap<String, Vec<Actual>> = HashMap::new();
    let mut files: HashMap<Seq, String> = HashMap::new();
    for record in reader.records(Seq(0)) {
        let record = record?;
        let file = record.article.guid.clone().unwrap_or_default();
        files.insert(record.seq, file.clone());
        let of = match record.of {
            Some(seq) => Some(file_of(reader, &files, seq)?),
            None => None,
        };
        let Record { verdict, story, .. } = record;
        let actual = Actual {
            verdict: verdict.as_str().to_owned(),
            of,
            story: Some(story),
            reason: None,
            language: None,
        };
        found.entry(file).or_default().push(actual);
    }
    for dead in reader.dead() {
        let dead = dead?;
        let language = match &dead.rejection.reason {
            depeche_model::RejectionReason::Language { detected, .. } => Some(detected.clone()),
            _ => None,
        };
        let actual = Actual {
            verdict: "rejected".to_owned(),
            of: None,
            story: None,
            reason: Some(dead.rejection.reason.code().to_owned()),
            language,
        };
        found
            .entry(name(&dead.capture_uri).to_owned())
            .or_default()
            .push(actual);
    }
    Ok(found)
}

fn file_of(reader: &Reader, files: &HashMap<Seq, String>, seq: Seq) -> anyhow::Result<String> {
    match files.get(&seq) {
        Some(file) => Ok(file.clone()),
        None => Ok(reader
            .record(seq)?
            .and_then(|record| record.article.guid)
            .unwrap_or_default()),
    }
}

fn take(actual: &mut HashMap<String, Vec<Actual>>, file: &str) -> Option<Actual> {
    let found = actual.get_mut(name(file))?;
    let first = (!found.is_empty()).then(|| found.remove(0));
    if found.is_empty() {
        actual.remove(name(file));
    }
    first
}

/// The file name is the guid; folders above it do not matter.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
