//! The journal: valid WARC for other tools, and the same store again from it.

use std::path::PathBuf;
use std::process::Command;

use depeche_testkit::{Newsroom, Origin};

use crate::support::{Depeche, repository, seeds};

fn journal(depeche: &Depeche) -> PathBuf {
    depeche.path().join("data/journal")
}

/// A store fed from files and from a newsroom with pages.
fn filled() -> (Depeche, Origin) {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", 12);
    let depeche = Depeche::configured(&format!("[[feed]]\nurl = \"{}\"\n", newsroom.feed_url()));
    depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    depeche.run(["run", "--once"]).expect_code(0);
    newsroom.publish(3);
    depeche.run(["run", "--once"]).expect_code(0);
    (depeche, origin)
}

#[test]
fn the_journal_replayed_into_an_empty_store_gives_the_same_export() {
    let (depeche, _origin) = filled();
    let exported = depeche.run(["export", "--all"]).expect_code(0).stdout;
    assert_eq!(exported.lines().count(), 36 + 15);
    let dead = depeche
        .run(["dead", "list", "--format", "jsonl"])
        .expect_code(0)
        .stdout;
    for workers in ["1", "4"] {
        let again = Depeche::new();
        let mut command = again.command(["replay".as_ref(), journal(&depeche).as_os_str()]);
        command.env("DEPECHE_NORMALIZE__WORKERS", workers);
        crate::support::ran(command).expect_code(0);
        assert_eq!(
            again.run(["export", "--all"]).expect_code(0).stdout,
            exported,
            "{workers} workers"
        );
        assert_eq!(
            again
                .run(["dead", "list", "--format", "jsonl"])
                .expect_code(0)
                .stdout,
            dead
        );
    }
}

#[test]
fn a_deleted_store_is_made_again_from_the_journal() {
    let (depeche, _origin) = filled();
    let exported = depeche.run(["export", "--all"]).expect_code(0).stdout;
    std::fs::remove_dir_all(depeche.path().join("data/store")).expect("removed");
    depeche.write("empty.txt", "");
    depeche.run(["replay", "empty.txt"]).expect_code(0);
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, exported);
}

#[test]
fn a_damaged_store_is_set_aside_and_made_again_from_the_journal() {
    let (depeche, _origin) = filled();
    let exported = depeche.run(["export", "--all"]).expect_code(0).stdout;
    depeche.write("data/store/conf", "no configuration of sled");
    depeche.run(["export"]).expect_code(12);
    depeche.write("empty.txt", "");
    let ran = depeche.run(["replay", "empty.txt"]).expect_code(0);
    assert!(ran.stderr.contains("set aside"), "{}", ran.stderr);
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, exported);
    let kept = std::fs::read_dir(depeche.path().join("data"))
        .expect("a folder")
        .filter_map(Result::ok);
    let kept = kept.filter(|entry| entry.file_name().to_string_lossy().starts_with("store.broken-"));
    assert_eq!(kept.count(), 1, "nothing is erased");
}

#[test]
fn other_tools_find_the_journal_valid() {
    let python = std::env::var_os("PYTHON_WITH_WARCIO")
        .map_or_else(|| repository().join(".tools/python/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "{} is missing: `./scripts/test` installs it, with the package warcio",
        python.display()
    );
    let (depeche, _origin) = filled();
    let segments: Vec<_> = std::fs::read_dir(journal(&depeche))
        .expect("a journal")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let checked = Command::new(&python)
        .args(["-m", "warcio.cli", "check", "-v"])
        .args(&segments)
        .output();
    let checked = checked.expect("warcio runs");
    let told = String::from_utf8_lossy(&checked.stdout);
    assert!(
        checked.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&checked.stderr)
    );
    assert!(told.contains("digest pass") && !told.contains("fail"), "{told}");
    let indexed = Command::new(&python)
        .args([
            "-m",
            "warcio.cli",
            "index",
            "-f",
            "warc-type,http:status,warc-target-uri",
        ])
        .args(&segments)
        .output()
        .expect("warcio runs");
    let indexed = String::from_utf8_lossy(&indexed.stdout).into_owned();
    let count = |word: &str| indexed.lines().filter(|line| line.contains(word)).count();
    assert_eq!(count("\"resource\""), 40, "{indexed}");
    assert_eq!(count("\"response\""), 2 + 15, "{indexed}");
    assert_eq!(count("\"200\""), 2 + 15, "{indexed}");
}
