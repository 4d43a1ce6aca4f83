//! Bad input: a message that names it, the documented exit code, and nothing else lost.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;

use depeche_testkit::{Newsroom, Origin, Reply};

use crate::support::{Depeche, GOOD, Ran, ran, with_good};

#[track_caller]
fn assert_says(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.stderr.contains(word), "`{word}` is not in\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[track_caller]
fn assert_kept(depeche: &Depeche, articles: usize) {
    assert_eq!(depeche.export(&[]).len(), articles);
}

#[test]
fn a_missing_path_is_named_and_the_rest_is_taken_in() {
    let depeche = with_good();
    assert_says(
        &depeche.run(["replay", "nowhere"]).expect_code(1),
        &["nowhere", "no such file or folder"],
    );
    assert_says(
        &depeche.run(["replay", "nowhere", "good"]).expect_code(3),
        &["nowhere"],
    );
    assert_kept(&depeche, 1);
}

#[test]
fn an_unreadable_file_is_named_and_the_rest_is_taken_in() {
    let depeche = with_good();
    // A link to itself cannot be opened by anyone, root included.
    std::os::unix::fs::symlink("loop.txt", depeche.path().join("good/loop.txt")).expect("a link");
    assert_says(&depeche.run(["replay", "good"]).expect_code(3), &["loop.txt"]);
    let locked = depeche.write("good/locked.txt", GOOD);
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).expect("locked");
    if File::open(&locked).is_err() {
        assert_says(
            &depeche.run(["replay", "good"]).expect_code(3),
            &["locked.txt", "cannot be read"],
        );
    } else {
        eprintln!("not run: this user may read every file, so none can be made unreadable by its mode");
    }
    assert_kept(&depeche, 1);
}

#[test]
fn a_folder_without_a_usable_file_is_named() {
    let depeche = with_good();
    depeche.write("pictures/a.png", [0x89, b'P', b'N', b'G']);
    std::fs::create_dir(depeche.path().join("empty")).expect("a folder");
    for folder in ["pictures", "empty"] {
        assert_says(
            &depeche.run(["replay", folder]).expect_code(1),
            &[folder, "no file to replay"],
        );
    }
    assert_says(
        &depeche.run(["replay", "empty", "good"]).expect_code(3),
        &["empty"],
    );
    assert_kept(&depeche, 1);
}

#[test]
fn a_binary_file_is_rejected_with_its_reason() {
    let depeche = with_good();
    depeche.write("good/b.txt", [0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0]);
    let ran = depeche.run(["replay", "good"]).expect_code(0);
    assert_eq!((ran.count("articles"), ran.count("rejected")), (1, 1));
    let dead = depeche
        .run(["dead", "list", "--reason", "binary", "--format", "jsonl"])
        .expect_code(0)
        .stdout;
    assert!(dead.contains("b.txt"), "{dead}");
    assert_says(
        &depeche.run(["parse", "good/b.txt"]).expect_code(3),
        &["rejected: not text"],
    );
}

#[test]
fn a_broken_line_of_json_is_named_and_harms_no_other() {
    let depeche = with_good();
    let good = |text: &str| serde_json::json!({ "text": text }).to_string();
    let lines = [
        good(GOOD),
        "{\"title\": \"coupé".to_owned(),
        String::new(),
        "rien de tel".to_owned(),
        good(&GOOD.replace("jeudi", "vendredi")),
    ];
    depeche.write("flux.jsonl", lines.join("\n"));
    let parsed = depeche.run(["parse", "flux.jsonl"]).expect_code(0);
    assert_eq!(parsed.stdout.lines().count(), 2, "{}", parsed.stdout);
    assert_says(&parsed, &["flux.jsonl#2", "flux.jsonl#4", "no article in JSON"]);
    let first: serde_json::Value =
        serde_json::from_str(parsed.stdout.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["guid"], "flux.jsonl#1", "as a replay names it");
    let replayed = depeche.run(["replay", "flux.jsonl"]).expect_code(3);
    assert_eq!((replayed.count("articles"), replayed.count("rejected")), (2, 2));
    assert_says(&replayed, &["flux.jsonl#2", "flux.jsonl#4", "no article in JSON"]);
    // Known by now: nothing more fails.
    depeche.run(["replay", "flux.jsonl"]).expect_code(0);
    depeche.write("broken.jsonl", "{");
    depeche.run(["parse", "broken.jsonl"]).expect_code(3);
    let mut command = depeche.command(["parse", "-", "--content-type", "application/x-ndjson"]);
    command.stdin(File::open(depeche.path().join("flux.jsonl")).expect("a file"));
    assert_eq!(ran(command).stdout.lines().count(), 2);
}

#[test]
fn a_text_in_another_language_is_refused_by_parse_and_by_replay() {
    let depeche = with_good();
    depeche.write(
        "good/en.txt",
        "The fishermen blocked the harbour on Wednesday to protest against the new quotas. ".repeat(3),
    );
    let told = ["language is `en`"];
    assert_says(&depeche.run(["parse", "good/en.txt"]).expect_code(3), &told);
    let ran = depeche.run(["replay", "good"]).expect_code(0);
    assert_eq!((ran.count("articles"), ran.count("language")), (1, 1));
    let dead = depeche.run(["dead", "list"]).expect_code(0).stdout;
    assert!(dead.contains(told[0]), "{dead}");
}

#[test]
fn everything_wrong_with_feeds_and_languages_is_named_in_one_run() {
    let depeche = Depeche::new();
    depeche.write(
        "depeche.toml",
        "[normalize]\nlanguages = [\"french\", \"xx\"]\n[[feed]]\nurl = \"https://a.example/rss\"\n[[feed]]\n\
         url = \"HTTPS://A.example:443/rss\"\n[[feed_list]]\npath = \"nulle-part.opml\"\n",
    );
    let checked = depeche.run(["check"]).expect_code(78);
    assert_says(
        &checked,
        &[
            "depeche.toml:2: normalize.languages: `french` is no language code; write `fr`",
            "depeche.toml:2: normalize.languages: `xx` is no language",
            "depeche.toml:6: feed.1.url: https://a.example/rss is the address of feed.0 already",
            "depeche.toml:8: feed_list.0.path: nulle-part.opml",
        ],
    );
    assert_eq!(checked.stderr.lines().count(), 4, "{}", checked.stderr);
    depeche.write(
        "depeche.toml",
        "[[feed]]\nurl = \"https://a.example/rss\"\n[[feed]]\nurl = \"https://a.example/rss\"\n",
    );
    let listed = depeche.run(["feeds", "list", "--format", "jsonl"]).expect_code(0);
    assert_eq!(listed.stdout.lines().count(), 1);
    assert_says(&listed, &["warning: feed.1.url", "remove one of the two"]);
    let mut command = depeche.command(["config", "show"]);
    command.env("DEPECHE_NORMALIZE__LANGUAGES", "[\"french\"]");
    assert_says(
        &ran(command).expect_code(78),
        &["environment variable DEPECHE_NORMALIZE__LANGUAGES: normalize.languages"],
    );
}

#[test]
fn a_file_of_100_mib_is_named_with_the_setting_that_would_admit_it() {
    let depeche = with_good();
    let huge = File::create(depeche.path().join("good/huge.txt")).expect("a file");
    huge.set_len(100 << 20).expect("a long file");
    let ran = depeche.run(["replay", "good"]).expect_code(3);
    assert_says(&ran, &["huge.txt", "104857600", "fetch.max_body"]);
    assert_says(
        &depeche.run(["parse", "good/huge.txt"]).expect_code(1),
        &["huge.txt", "fetch.max_body"],
    );
    assert_kept(&depeche, 1);
}

/// Polls a good newsroom and one bad address; gives back what was said.
#[track_caller]
fn poll_beside_a_good_one(bad: &str, origin: &Origin, words: &[&str]) {
    let newsroom = Newsroom::open(origin, "gazette", 3);
    let rest = format!(
        "[[feed]]\nurl = \"{bad}\"\n[[feed]]\nurl = \"{}\"\n",
        newsroom.feed_url()
    );
    let depeche = Depeche::configured(&rest);
    let ran = depeche.run(["run", "--once"]).expect_code(3);
    assert_says(&ran, &[bad]);
    assert_says(&ran, words);
    assert_kept(&depeche, 3);
    let listed = depeche
        .run(["feeds", "list", "--format", "jsonl"])
        .expect_code(0)
        .stdout;
    assert!(
        listed
            .lines()
            .any(|line| line.contains(bad) && !line.contains("\"error\":null")),
        "{listed}"
    );
}

#[test]
fn a_feed_that_answers_html_is_named() {
    let origin = Origin::start();
    origin.set(
        "/bad",
        Reply::page("<!DOCTYPE html><html><body><p>Bienvenue sur notre site.</p></body></html>"),
    );
    poll_beside_a_good_one(&origin.url("/bad"), &origin, &["not a feed", "HTML"]);
}

#[test]
fn a_feed_that_answers_404_is_named() {
    let origin = Origin::start();
    origin.set("/bad", Reply::status(404));
    poll_beside_a_good_one(&origin.url("/bad"), &origin, &["404"]);
}

#[test]
fn a_feed_that_answers_500_is_named() {
    let origin = Origin::start();
    origin.set("/bad", Reply::status(500));
    poll_beside_a_good_one(&origin.url("/bad"), &origin, &["500"]);
}

#[test]
fn a_feed_that_answers_nothing_is_named() {
    let origin = Origin::start();
    origin.set("/bad", Reply::hang_up());
    poll_beside_a_good_one(&origin.url("/bad"), &origin, &["error: feed"]);
    let empty = Origin::start();
    empty.set("/bad", Reply::ok(""));
    poll_beside_a_good_one(&empty.url("/bad"), &empty, &["error: feed"]);
}

#[test]
fn when_no_server_can_be_reached_the_exit_code_says_so() {
    let origin = Origin::start();
    let address = origin.url("/feed.xml");
    drop(origin);
    let depeche = Depeche::configured(&format!("[[feed]]\nurl = \"{address}\"\n"));
    assert_says(&depeche.run(["run", "--once"]).expect_code(69), &[&address]);
}

#[test]
fn a_private_address_is_not_asked_unless_configured() {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", 3);
    let depeche = Depeche::new();
    depeche.write(
        "depeche.toml",
        format!("[[feed]]\nurl = \"{}\"\n", newsroom.feed_url()),
    );
    let ran = depeche.run(["run", "--once"]).expect_code(1);
    assert_says(&ran, &["fetch.allow_private_addresses"]);
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn bad_toml_is_named_with_its_line() {
    let depeche = with_good();
    depeche.write("depeche.toml", "config_version = 1\n[fetch\n");
    for arguments in [vec!["check"], vec!["replay", "good"], vec!["export"]] {
        assert_says(
            &depeche.run(arguments).expect_code(78),
            &["depeche.toml:2", "not TOML"],
        );
    }
    assert!(!depeche.path().join("data").exists());
}

#[test]
fn unknown_keys_are_all_named_with_line_and_suggestion() {
    let depeche = with_good();
    depeche.write(
        "depeche.toml",
        "[fetch]\ntimout = \"3s\"\n[normalise]\nworkers = 2\n[store]\ncache = \"1\"\n",
    );
    let checked = depeche.run(["check"]).expect_code(78);
    assert_says(
        &checked,
        &[
            "depeche.toml:2: fetch.timout: unknown key `timout`; did you mean `timeout`?",
            "depeche.toml:3: normalise: unknown key `normalise`; did you mean `normalize`?",
            "depeche.toml:6: store.cache: `1` is no size",
        ],
    );
    depeche.write(
        "depeche.toml",
        "[fetch]\ntimout = \"3s\"\n[http]\nlisten = \"here\"\n",
    );
    assert_says(
        &depeche.run(["check"]).expect_code(78),
        &["fetch.timout", "depeche.toml:4: http.listen"],
    );
    depeche.write("depeche.toml", "[fetch]\nconcurrency = 0\n");
    assert_says(
        &depeche.run(["check"]).expect_code(78),
        &["depeche.toml:2: fetch.concurrency: at least 1"],
    );
    assert_says(
        &depeche.run(["-c", "nowhere.toml", "check"]).expect_code(78),
        &["nowhere.toml"],
    );
}

#[test]
fn a_feed_list_that_cannot_be_read_is_named() {
    let depeche = Depeche::new();
    depeche.write("depeche.toml", "[[feed_list]]\npath = \"feeds.opml\"\n");
    assert_says(&depeche.run(["check"]).expect_code(78), &["feeds.opml"]);
    depeche.write("feeds.txt", "https://exemple.fr/rss\nnot an address\n");
    assert_says(
        &depeche.run(["feeds", "import", "feeds.txt"]).expect_code(3),
        &["feeds.txt:2"],
    );
    assert_says(
        &depeche
            .run(["feeds", "add", "ftp://exemple.fr/rss"])
            .expect_code(1),
        &["ftp://exemple.fr/rss"],
    );
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let depeche = with_good();
    // A file where the folder should be: nobody can write into it, root included.
    depeche.write("taken", "");
    let ran = depeche
        .run(["--data-dir", "taken/data", "replay", "good"])
        .expect_code(1);
    assert_says(&ran, &["taken/data"]);
    std::fs::create_dir(depeche.path().join("readonly")).expect("a folder");
    let readonly = std::fs::Permissions::from_mode(0o555);
    std::fs::set_permissions(depeche.path().join("readonly"), readonly).expect("locked");
    if File::create(depeche.path().join("readonly/probe")).is_err() {
        let ran = depeche
            .run(["--data-dir", "readonly/data", "replay", "good"])
            .expect_code(1);
        assert_says(&ran, &["readonly/data"]);
    } else {
        eprintln!("not run: this user may write into every folder, whatever its mode");
    }
}

#[test]
fn a_store_that_is_not_there_is_exit_10() {
    let depeche = Depeche::new();
    for arguments in [
        vec!["export"],
        vec!["list"],
        vec!["stats"],
        vec!["dead", "list"],
        vec!["show", "ab"],
    ] {
        assert_says(
            &depeche.run(arguments).expect_code(10),
            &["no store in data/store"],
        );
    }
}

#[test]
fn a_missing_expectation_is_named_before_anything_is_taken_in() {
    let depeche = with_good();
    let ran = depeche
        .run(["replay", "good", "--expect", "nowhere.jsonl"])
        .expect_code(1);
    assert_says(&ran, &["nowhere.jsonl"]);
    assert!(!depeche.path().join("data").exists());
}

#[test]
fn a_journal_damaged_before_its_end_is_exit_12_and_is_not_cut() {
    let depeche = with_good();
    depeche.run(["replay", "good"]).expect_code(0);
    let segment = depeche.path().join("data/journal/depeche-00000001.warc");
    let bytes = std::fs::read(&segment).expect("a segment");
    let cut = &bytes[..bytes.len() - 40];
    std::fs::write(&segment, cut).expect("cut");
    assert_says(
        &depeche.run(["replay", "good"]).expect_code(12),
        &["depeche-00000001.warc", "damaged"],
    );
    assert_eq!(std::fs::read(&segment).expect("a segment"), cut);
    assert_kept(&depeche, 1);
}
