//! Whole folders of texts with what is to be decided about each.

use std::collections::BTreeMap;
use std::path::Path;

use depeche_deduplicator::{Aliases, explain};
use depeche_model::{Article, Judged, Verdict};
use jiff::SignedDuration;

use crate::support::{Desk, file_article, root, start, text_files};

/// Real articles lie beside the checkout, where there are any: they are not the project's to carry.
fn real_samples() -> Option<Vec<(String, Article)>> {
    let folder = root().join("../shared/seeds");
    if !folder.is_dir() {
        println!("no real samples beside the checkout: nothing compared");
        return None;
    }
    Some(articles(&folder))
}

fn articles(folder: &Path) -> Vec<(String, Article)> {
    text_files(folder)
        .into_iter()
        .map(|(path, bytes)| {
            let name = Path::new(&path)
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let article = file_article("seeds", &name, &bytes);
            (path, article)
        })
        .collect()
}

fn judge_all<'a>(articles: impl IntoIterator<Item = &'a (String, Article)>) -> Vec<(&'a str, Judged)> {
    let mut desk = Desk::new();
    articles
        .into_iter()
        .zip(0..)
        .map(|((name, article), index)| {
            let at = start().checked_add(SignedDuration::from_millis(index)).unwrap();
            (name.as_str(), desk.judge(at, article.clone()))
        })
        .collect()
}

fn assert_one_story_of_two(judged: &[(&str, Judged)], case: &str) {
    let mut stories: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (name, judged) in judged {
        assert_eq!(
            judged.record.verdict,
            Verdict::New,
            "{case}: {name}: {:?}",
            judged.evidence
        );
        stories
            .entry(judged.record.story)
            .or_default()
            .push(name.get(..3).unwrap());
    }
    let mut members: Vec<Vec<&str>> = stories.into_values().collect();
    for names in &mut members {
        names.sort_unstable();
    }
    members.sort();
    assert_eq!(
        members,
        [vec!["000", "004"], vec!["001"], vec!["002"], vec!["003"]],
        "{case}"
    );
}

/// Every order of five things.
fn orders() -> Vec<[usize; 5]> {
    let mut all = Vec::new();
    for code in 0..120 {
        let (mut rest, mut left) = (code, vec![0, 1, 2, 3, 4]);
        let order = [5, 4, 3, 2, 1].map(|n| {
            let pick = left.remove(rest % n);
            rest /= n;
            pick
        });
        all.push(order);
    }
    all
}

#[test]
fn real_articles_on_one_subject_stay_apart_and_those_of_one_event_come_together_in_any_order() {
    let Some(samples) = real_samples() else { return };
    for dated in [true, false] {
        let samples: Vec<(String, Article)> = samples
            .iter()
            .cloned()
            .map(|(name, mut article)| {
                article.published = article.published.filter(|_| dated);
                (name, article)
            })
            .collect();
        for order in orders() {
            let judged = judge_all(order.iter().map(|&index| &samples[index]));
            assert_one_story_of_two(&judged, &format!("order {order:?}, dated {dated}"));
        }
    }
}

#[test]
fn the_margins_of_the_real_articles_are_wide() {
    let Some(samples) = real_samples() else { return };
    let judged = judge_all(&samples);
    let (mut same, mut other) = (1.0_f64, 0.0_f64);
    for (at, (name, b)) in judged.iter().enumerate() {
        for (known, a) in &judged[..at] {
            let comparison = explain(a, b, &Aliases::built_in());
            let story = comparison.story;
            println!(
                "{} {}: words {:.3} names {:.3} combined {:.3}; J {:.3}; apart {} h",
                known.get(..3).unwrap(),
                name.get(..3).unwrap(),
                story.words,
                story.names,
                story.combined,
                comparison.jaccard,
                comparison.apart_secs / 3600
            );
            assert!(comparison.jaccard < 0.05, "{known} {name}");
            if known.starts_with("000") && name.starts_with("004") {
                same = same.min(story.combined);
            } else {
                other = other.max(story.combined);
            }
        }
    }
    println!("one event {same:.3}, others at most {other:.3}");
    assert!(
        same > other + 0.1,
        "one event {same:.3}, others at most {other:.3}"
    );
}

#[derive(serde::Deserialize)]
struct Expected {
    file: String,
    verdict: String,
    of: Option<String>,
    story: Option<String>,
}

#[test]
fn the_projects_own_corpus_is_decided_as_it_says() {
    let folder = root().join("seeds");
    let expected: Vec<Expected> = std::fs::read_to_string(folder.join("expected.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let articles: BTreeMap<String, Article> = articles(&folder).into_iter().collect();
    let wanted: Vec<(String, Article)> = expected
        .iter()
        .filter(|line| line.verdict != "rejected")
        .map(|line| (line.file.clone(), articles[&line.file].clone()))
        .collect();
    let judged: BTreeMap<&str, Judged> = judge_all(&wanted).into_iter().collect();
    let mut problems = Vec::new();
    let mut stories = BTreeMap::new();
    let mut labels = BTreeMap::new();
    for line in expected.iter().filter(|line| line.verdict != "rejected") {
        let found = &judged[line.file.as_str()];
        if found.record.verdict.as_str() != line.verdict {
            problems.push(format!(
                "{}: {} {:?}",
                line.file,
                found.record.verdict.as_str(),
                found.evidence
            ));
        }
        if found.record.of != line.of.as_ref().map(|of| judged[of.as_str()].record.seq) {
            problems.push(format!(
                "{}: of {:?} instead of {:?}",
                line.file, found.record.of, line.of
            ));
        }
        let label = line.story.clone().unwrap_or_default();
        let story = *stories.entry(label.clone()).or_insert(found.record.story);
        if story != found.record.story || *labels.entry(story).or_insert(label.clone()) != label {
            problems.push(format!("{}: not in the story {label}", line.file));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
