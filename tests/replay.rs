//! Replaying folders: verdicts, stories, idempotence.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Depeche, seeds, shared_seeds};

#[test]
fn the_corpus_gets_the_verdicts_it_expects() {
    let depeche = Depeche::new();
    let expected = seeds().join("expected.jsonl");
    let ran = depeche
        .run([
            "replay".as_ref(),
            seeds().as_os_str(),
            "--expect".as_ref(),
            expected.as_os_str(),
        ])
        .expect_code(0);
    assert!(ran.stderr.contains("0 differences"), "{}", ran.stderr);
    assert_eq!(
        (
            ran.count("captures"),
            ran.count("articles"),
            ran.count("rejected")
        ),
        (40, 36, 4)
    );
}

#[test]
fn a_different_expectation_is_exit_4() {
    let depeche = Depeche::new();
    depeche.write(
        "articles/000_00.txt",
        "Le préfet a présenté lundi le plan de prévention des crues. ".repeat(9),
    );
    let expected = depeche.write(
        "expected.jsonl",
        "{\"file\":\"000_00.txt\",\"verdict\":\"near\",\"of\":\"001_00.txt\"}\n{\"file\":\"002_00.txt\",\"verdict\":\"new\"}\n",
    );
    let ran = depeche
        .run([
            "replay".as_ref(),
            "articles".as_ref(),
            "--expect".as_ref(),
            expected.as_os_str(),
        ])
        .expect_code(4);
    assert!(
        ran.stderr
            .contains("000_00.txt: the verdict is new, expected near"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("002_00.txt: expected new, nothing is stored of it"),
        "{}",
        ran.stderr
    );
}

#[test]
fn replaying_twice_adds_nothing() {
    let depeche = Depeche::new();
    depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    let first = depeche.run(["export", "--all"]).expect_code(0).stdout;
    let again = depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    assert_eq!((again.count("known"), again.count("articles")), (40, 0));
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, first);
}

#[test]
fn the_real_articles_are_five_texts_and_one_story_of_two() {
    let Some(folder) = shared_seeds() else { return };
    let depeche = Depeche::new();
    let ran = depeche
        .run(["replay".as_ref(), folder.as_os_str()])
        .expect_code(0);
    assert_eq!(
        (ran.count("captures"), ran.count("articles"), ran.count("new")),
        (5, 5, 5)
    );
    let first = depeche.run(["export"]).expect_code(0).stdout;
    let lines = depeche.export(&[]);
    let text = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
    let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in &lines {
        assert_eq!(
            (text(line, "language").as_str(), text(line, "verdict").as_str()),
            ("fr", "new")
        );
        let number = text(line, "guid").chars().take(3).collect();
        stories.entry(text(line, "story")).or_default().push(number);
    }
    let mut groups: Vec<Vec<String>> = stories.into_values().collect();
    groups.sort();
    assert_eq!(
        groups,
        [vec!["000", "004"], vec!["001"], vec!["002"], vec!["003"]]
    );
    let dated = lines
        .iter()
        .find(|line| text(line, "guid").starts_with("001"))
        .expect("001");
    assert_eq!(text(dated, "published_precision"), "month");
    assert!(text(dated, "published_at").starts_with("2025-06"), "{dated}");
    assert!(!text(dated, "text").contains("date 2025-06"));

    let again = depeche
        .run(["replay".as_ref(), folder.as_os_str()])
        .expect_code(0);
    assert_eq!((again.count("known"), again.count("articles")), (5, 0));
    assert_eq!(depeche.run(["export"]).expect_code(0).stdout, first);
}

#[test]
fn every_kind_of_file_is_taken_in() {
    let depeche = Depeche::new();
    let text = |n: u32| {
        let place = ["Redon", "Vannes", "Pontivy", "Lorient", "Auray"][n as usize];
        format!(
            "À {place}, la médiathèque numéro {n} rouvre samedi après dix-huit mois de travaux, avec une salle \
             de lecture agrandie et un atelier de reliure confié à {n} artisans de {place}, selon la mairie."
        )
    };
    depeche.write("f/a.txt", text(0));
    depeche.write(
        "f/b.jsonl",
        format!(
            "{{\"text\":\"{}\",\"title\":\"Un\",\"url\":\"https://exemple.fr/un\"}}\n\n{{\"text\":\"{}\"}}\n",
            text(1),
            text(2)
        ),
    );
    depeche.write(
        "f/c.xml",
        format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title><item><title>Trois</title>\
             <guid>3</guid><description>{}</description></item></channel></rss>",
            text(3)
        ),
    );
    let paragraphs = format!("<p>{}</p>", text(4)).repeat(1);
    depeche.write(
        "f/d.html",
        format!("<html lang=\"fr\"><head><title>Quatre</title></head><body><article><h1>Quatre</h1>{paragraphs}</article></body></html>"),
    );
    depeche.write("f/e.bin", [0, 1, 2]);
    let ran = depeche.run(["replay", "f"]).expect_code(0);
    assert_eq!(
        (ran.count("captures"), ran.count("articles")),
        (5, 5),
        "{}",
        ran.stdout
    );
    let lines = depeche.export(&[]);
    assert_eq!(lines[1]["canonical_url"], "https://exemple.fr/un");
    assert_eq!(lines[3]["title"], "Trois");
}

#[test]
fn a_slower_replay_gives_the_same_store() {
    let depeche = Depeche::new();
    depeche.write(
        "f/a.txt",
        "Le conseil communal de Namur a voté mardi la rénovation du théâtre. ".repeat(6),
    );
    depeche.write(
        "f/b.txt",
        "La récolte de mirabelles s’annonce précoce en Lorraine cette année. ".repeat(6),
    );
    let ran = depeche.run(["replay", "f", "--speed", "1000000"]).expect_code(0);
    assert_eq!(ran.count("articles"), 2);
    depeche.run(["replay", "f", "--speed", "fast"]).expect_code(2);
}
