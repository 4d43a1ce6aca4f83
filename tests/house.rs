//! The house's own rules.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::support::repository;

/// Who may depend on whom: `model`, `disk` and `feed` ← `journal` ← stages ← `depeche`; stages never on each other.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("depeche-model", &[]),
    ("depeche-disk", &[]),
    ("depeche-feed", &["depeche-model"]),
    ("depeche-journal", &["depeche-model", "depeche-disk"]),
    (
        "depeche-fetcher",
        &["depeche-model", "depeche-feed", "depeche-journal"],
    ),
    (
        "depeche-normalizer",
        &["depeche-model", "depeche-feed", "depeche-journal"],
    ),
    ("depeche-deduplicator", &["depeche-model", "depeche-journal"]),
    (
        "depeche-store",
        &["depeche-model", "depeche-disk", "depeche-journal"],
    ),
    (
        "depeche",
        &[
            "depeche-model",
            "depeche-disk",
            "depeche-feed",
            "depeche-journal",
            "depeche-fetcher",
            "depeche-normalizer",
            "depeche-deduplicator",
            "depeche-store",
        ],
    ),
    ("depeche-testkit", &["depeche-model"]),
];

#[test]
fn stages_depend_on_the_words_and_the_journal_and_never_on_each_other() {
    let metadata = MetadataCommand::new()
        .manifest_path(repository().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .expect("cargo metadata");
    let ours: BTreeSet<&str> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(
        ours,
        ALLOWED.iter().map(|(name, _)| *name).collect(),
        "a crate without a rule"
    );
    for package in &metadata.packages {
        let (_, allowed) = ALLOWED
            .iter()
            .find(|(name, _)| *name == package.name.as_str())
            .expect("checked above");
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            if !ours.contains(name) {
                continue;
            }
            let testkit_for_tests =
                name == "depeche-testkit" && dependency.kind == DependencyKind::Development;
            assert!(
                testkit_for_tests || allowed.contains(&name),
                "{} must not depend on {name}",
                package.name
            );
        }
    }
}

#[test]
fn the_list_of_feeds_is_a_list_of_the_french_language_press() {
    let text = std::fs::read_to_string(repository().join("config/feeds.opml")).expect("config/feeds.opml");
    let list = depeche_fetcher::feed_list::parse("config/feeds.opml", text.as_bytes());
    assert_eq!(list.problems, []);
    assert!(list.feeds.len() >= 60, "{} feeds", list.feeds.len());
    let groups: BTreeSet<&str> = list
        .feeds
        .iter()
        .filter_map(|feed| feed.tags.first().map(String::as_str))
        .collect();
    for group in ["France", "Belgique", "Suisse", "Québec", "Afrique", "Maghreb"] {
        assert!(
            groups.iter().any(|found| found.contains(group)),
            "no group for {group} in {groups:?}"
        );
    }
}
