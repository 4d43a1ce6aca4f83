//! The daemon against a newsroom on loopback.

use std::collections::BTreeSet;

use depeche_testkit::{Newsroom, Origin, Reply};

use crate::support::{Depeche, PATIENCE, ask, ask_as, seeds, wait_until};

/// A newsroom with as many entries, and a folder configured to poll it.
fn newsroom(entries: u64) -> (Origin, Newsroom, Depeche) {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", entries);
    let depeche = Depeche::configured(&format!("[[feed]]\nurl = \"{}\"\n", newsroom.feed_url()));
    (origin, newsroom, depeche)
}

/// Every entry is stored once, with the text of its page, and journal and store agree.
#[track_caller]
fn assert_complete(depeche: &Depeche, newsroom: &Newsroom) {
    depeche.run(["verify"]).expect_code(0);
    let lines = depeche.export(&["--all"]);
    let guids: Vec<&str> = lines.iter().filter_map(|line| line["guid"].as_str()).collect();
    let distinct: BTreeSet<&str> = guids.iter().copied().collect();
    let expected: BTreeSet<String> = (1..=newsroom.published())
        .map(|n| newsroom.story(n).guid)
        .collect();
    assert_eq!(
        distinct,
        expected.iter().map(String::as_str).collect(),
        "what is stored"
    );
    assert_eq!(guids.len(), expected.len(), "nothing twice");
    for line in &lines {
        let n = line["guid"]
            .as_str()
            .and_then(|guid| guid.rsplit('-').next()?.parse().ok())
            .expect("a number");
        let last = newsroom.story(n).prose.paragraphs.pop().expect("paragraphs");
        assert!(
            line["text"].as_str().is_some_and(|text| text.contains(&last)),
            "{line:#}\nlacks {last}"
        );
        assert_eq!(line["content_from"], "page");
    }
}

#[test]
fn a_feed_of_20_entries_becomes_20_articles_then_304_then_21() {
    let (origin, newsroom, depeche) = newsroom(20);
    let ran = depeche.run(["run", "--once"]).expect_code(0);
    assert_eq!(ran.count("articles"), 20);
    assert_complete(&depeche, &newsroom);
    let listed = depeche
        .run(["feeds", "list", "--format", "jsonl"])
        .expect_code(0)
        .stdout;
    assert!(listed.contains("\"articles\":20"), "{listed}");

    origin.clear_log();
    let ran = depeche.run(["run", "--once"]).expect_code(0);
    assert_eq!(ran.count("articles"), 0);
    let polls = origin.requests_to(&newsroom.feed_path());
    assert_eq!(polls.len(), 1);
    assert!(polls[0].header("if-none-match").is_some() && polls[0].header("if-modified-since").is_some());
    assert_eq!(origin.requests().len(), 1, "no page is fetched again");
    let listed = depeche
        .run(["feeds", "list", "--format", "jsonl"])
        .expect_code(0)
        .stdout;
    assert!(listed.contains("\"status\":\"304\""), "{listed}");

    newsroom.publish(1);
    let ran = depeche.run(["run", "--once"]).expect_code(0);
    assert_eq!(ran.count("articles"), 1);
    assert_complete(&depeche, &newsroom);
}

#[test]
fn the_daemon_polls_again_and_sigterm_drains_it() {
    let (origin, newsroom, depeche) = newsroom(20);
    let daemon = depeche.spawn(["run", "-v"]);
    assert!(origin.wait_for(&newsroom.feed_path(), 3, PATIENCE));
    newsroom.publish(1);
    let page = newsroom.story(21).path;
    assert!(origin.wait_for(&page, 1, PATIENCE));
    assert_eq!(daemon.terminate(), Some(0));
    // What was on its way when the signal came is committed, or owed and fetched now.
    depeche.run(["run", "--once"]).expect_code(0);
    assert_complete(&depeche, &newsroom);
}

#[test]
fn kill_9_at_any_moment_of_the_first_poll_loses_and_repeats_nothing() {
    for pages_before_the_kill in [0, 1, 7, 19] {
        let (origin, newsroom, depeche) = newsroom(20);
        let daemon = depeche.spawn(["run", "-v"]);
        assert!(origin.wait_for(&newsroom.feed_path(), 1, PATIENCE));
        let fetched = || {
            origin
                .requests()
                .iter()
                .filter(|r| r.path().contains("/article-"))
                .count()
        };
        wait_until("pages are fetched", || fetched() >= pages_before_the_kill);
        daemon.kill();
        newsroom.publish(1);
        depeche.run(["run", "--once"]).expect_code(0);
        assert_complete(&depeche, &newsroom);
    }
}

#[test]
fn a_feed_added_while_the_daemon_runs_is_polled() {
    let (origin, newsroom, depeche) = newsroom(3);
    let other = Newsroom::open(&origin, "courrier", 2);
    let daemon = depeche.spawn(["run", "-v"]);
    assert!(origin.wait_for(&newsroom.feed_path(), 1, PATIENCE));
    depeche
        .run(["feeds", "add", &other.feed_url(), "--name", "Le Courrier"])
        .expect_code(0);
    assert!(origin.wait_for(&other.feed_path(), 1, PATIENCE));
    assert_eq!(daemon.terminate(), Some(0));
    depeche.run(["run", "--once"]).expect_code(0);
    assert_eq!(depeche.export(&[]).len(), 5);
}

/// The configuration of these feeds.
fn feeds(newsrooms: &[&Newsroom]) -> String {
    let tables: Vec<String> = newsrooms
        .iter()
        .map(|newsroom| format!("[[feed]]\nurl = \"{}\"\n", newsroom.feed_url()))
        .collect();
    tables.concat()
}

#[test]
fn sighup_takes_over_feeds_of_configuration_and_lists() {
    let (origin, newsroom, depeche) = newsroom(2);
    let (added, listed) = (
        Newsroom::open(&origin, "courrier", 2),
        Newsroom::open(&origin, "echo", 1),
    );
    let list = "[[feed_list]]\npath = \"liste.txt\"\n";
    depeche.write("liste.txt", "");
    depeche.configure(&format!("{}{list}", feeds(&[&newsroom])));
    let daemon = depeche.spawn(["run", "-v"]);
    assert!(origin.wait_for(&newsroom.feed_path(), 1, PATIENCE));
    depeche.write("liste.txt", listed.feed_url());
    depeche.write("noms.txt", "Brelov | Brélove | Bryelow\n");
    let rest = format!(
        "[store]\ngroup = 7\n[dedup]\naliases = \"noms.txt\"\n{}{list}",
        feeds(&[&newsroom, &added])
    );
    depeche.configure(&rest);
    daemon.hang_up();
    for feed in [&added, &listed] {
        assert!(origin.wait_for(&feed.feed_path(), 1, PATIENCE));
    }
    let log = depeche.log();
    for told in [
        "store.group",
        "it takes a restart",
        "spellings of names changed",
        "feed added",
        &added.feed_url(),
    ] {
        assert!(log.contains(told), "{told} is not in\n{log}");
    }
    assert_eq!(daemon.terminate(), Some(0));
    depeche.run(["run", "--once"]).expect_code(0);
    assert_eq!(depeche.export(&[]).len(), 5);
}

#[test]
fn a_broken_configuration_is_told_and_the_one_before_stays() {
    let (origin, newsroom, depeche) = newsroom(2);
    let missing = format!(
        "{}[[feed_list]]\npath = \"nulle-part.opml\"\n",
        feeds(&[&newsroom])
    );
    let daemon = depeche.spawn(["run", "-v"]);
    assert!(origin.wait_for(&newsroom.feed_path(), 1, PATIENCE));
    for (rest, told) in [
        ("[fetch]\n", "depeche.toml:"),
        (
            "[normalize]\nlanguage = \"fr\"\n",
            "normalize.language: unknown key",
        ),
        (&missing, "nulle-part.opml"),
    ] {
        depeche.configure(rest);
        daemon.hang_up();
        wait_until("the problem is told", || {
            let log = depeche.log();
            log.contains(told) && log.contains("is not taken over")
        });
        let polls = origin.requests_to(&newsroom.feed_path()).len();
        assert!(origin.wait_for(&newsroom.feed_path(), polls + 2, PATIENCE));
    }
    assert_eq!(daemon.terminate(), Some(0));
}

#[test]
fn a_removed_feed_is_polled_no_more() {
    let (origin, newsroom, depeche) = newsroom(2);
    let other = Newsroom::open(&origin, "courrier", 1);
    depeche.configure(&feeds(&[&newsroom, &other]));
    depeche
        .run(["feeds", "add", &origin.url("/silent.xml")])
        .expect_code(0);
    origin.set("/silent.xml", Reply::never());
    let daemon = depeche.spawn(["run", "-v"]);
    for path in [&newsroom.feed_path(), &other.feed_path(), "/silent.xml"] {
        assert!(origin.wait_for(path, 1, PATIENCE));
    }
    depeche
        .run(["feeds", "remove", &origin.url("/silent.xml")])
        .expect_code(0);
    depeche.configure(&feeds(&[&newsroom]));
    daemon.hang_up();
    let removed = |url: &str| {
        let log = depeche.log();
        log.lines()
            .any(|line| line.contains("feed removed") && line.contains(url))
    };
    wait_until("both are removed", || {
        removed(&other.feed_url()) && removed("/silent.xml")
    });
    // One may have been on its way.
    let polls = origin.requests_to(&newsroom.feed_path()).len();
    assert!(origin.wait_for(&newsroom.feed_path(), polls + 2, PATIENCE));
    let before = origin.requests_to(&other.feed_path()).len();
    assert!(origin.wait_for(&newsroom.feed_path(), polls + 6, PATIENCE));
    assert_eq!(origin.requests_to(&other.feed_path()).len(), before);
    assert_eq!(daemon.terminate(), Some(0));
}

#[test]
fn a_page_that_cannot_be_had_leaves_the_feeds_own_text() {
    let (origin, newsroom, depeche) = newsroom(3);
    origin.set(&newsroom.story(2).path, Reply::status(404));
    depeche.run(["run", "--once"]).expect_code(0);
    let lines = depeche.export(&[]);
    assert_eq!(lines.len(), 3);
    let second = lines
        .iter()
        .find(|line| line["guid"] == newsroom.story(2).guid)
        .expect("stored");
    assert_eq!(second["content_from"], "feed");
    assert!(
        second["warnings"].to_string().contains("page_unusable"),
        "{second:#}"
    );
}

#[test]
fn one_bad_feed_does_not_hold_up_the_others() {
    let (origin, newsroom, depeche) = newsroom(4);
    origin.set("/silent.xml", Reply::never());
    let rest = format!(
        "[[feed]]\nurl = \"{}\"\n[[feed]]\nurl = \"{}\"\n",
        origin.url("/silent.xml"),
        newsroom.feed_url()
    );
    let depeche_with_both = Depeche::configured(&rest);
    drop(depeche);
    let ran = depeche_with_both.run(["run", "--once"]).expect_code(3);
    assert!(
        ran.stderr.contains("/silent.xml") && ran.stderr.contains("time-out"),
        "{}",
        ran.stderr
    );
    assert_complete(&depeche_with_both, &newsroom);
}

#[test]
fn a_second_process_is_told_that_the_store_is_locked() {
    let (origin, newsroom, depeche) = newsroom(2);
    let daemon = depeche.spawn(["run"]);
    assert!(origin.wait_for(&newsroom.feed_path(), 1, PATIENCE));
    for arguments in [vec!["export"], vec!["run", "--once"]] {
        let ran = depeche.run(arguments).expect_code(11);
        assert!(ran.stderr.contains("open in another process"), "{}", ran.stderr);
    }
    depeche.run(["feeds", "list"]).expect_code(0);
    assert_eq!(daemon.terminate(), Some(0));
}

#[test]
fn the_daemon_says_how_it_is_doing() {
    let (origin, newsroom, depeche) = newsroom(3);
    let data = depeche.path().join("data");
    let daemon = depeche.spawn(["run", "-v"]);
    assert!(origin.wait_for(&newsroom.feed_path(), 2, PATIENCE));
    wait_until("it listens", || data.join("daemon.address").exists());
    let ask = |path: &str| ask(&data, path);
    assert!(ask("/healthz").starts_with("HTTP/1.1 200"));
    wait_until("it is ready", || ask("/readyz").starts_with("HTTP/1.1 200"));
    wait_until("articles are counted", || {
        ask("/metrics").contains("depeche_articles_total{verdict=\"new\"} 3\n")
    });
    let metrics = ask("/metrics");
    for counted in [
        "depeche_polls_total{outcome=\"fetched\"} 1\n",
        "depeche_pages_total{outcome=\"fetched\"} 3\n",
        "depeche_feeds{state=\"ok\"} 1\n",
        "depeche_index_entries{part=\"texts\"} 3\n",
        "depeche_deciding_seconds_bucket{le=\"+Inf\"} ",
    ] {
        assert!(metrics.contains(counted), "{counted} is not in\n{metrics}");
    }
    assert!(ask("/api/v1/stats").contains("\"index_entries\":{\"texts\":3,"));
    // A page in a browser that had its own name resolve to this machine.
    let address = std::fs::read_to_string(data.join("daemon.address")).expect("an address");
    assert!(ask_as(address.trim(), "evil.example", "/api/v1/stats").starts_with("HTTP/1.1 421"));
    // The command asks the daemon, since the store is the daemon's.
    let stats = depeche.run(["stats", "--format", "json"]).expect_code(0).stdout;
    let stats: serde_json::Value = serde_json::from_str(&stats).expect("JSON");
    assert_eq!(
        (&stats["records"], &stats["waiting_for_room"]),
        (&3.into(), &().into())
    );
    assert_eq!(daemon.terminate(), Some(0));
}

#[test]
fn sigterm_while_the_store_is_made_again_ends_cleanly_and_loses_nothing() {
    let depeche = Depeche::configured("");
    depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    let exported = depeche.run(["export", "--all"]).expect_code(0).stdout;
    std::fs::remove_dir_all(depeche.path().join("data/store")).expect("removed");
    let daemon = depeche.spawn(["run"]);
    wait_until("the store is opened", || {
        depeche.path().join("data/store/db").exists()
    });
    assert_eq!(daemon.terminate(), Some(0));
    depeche.write("empty.txt", "");
    depeche.run(["replay", "empty.txt"]).expect_code(0);
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, exported);
}

#[test]
fn a_feed_is_explained_and_its_polls_are_logged() {
    let (_origin, newsroom, depeche) = newsroom(5);
    let url = newsroom.feed_url();
    for _ in 0..2 {
        depeche.run(["run", "--once"]).expect_code(0);
    }
    let said = depeche.run(["feeds", "explain", &url]).expect_code(0).stdout;
    for part in ["next poll", "items a day in the mean", "304"] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let json = depeche
        .run(["feeds", "explain", &url, "--format", "json"])
        .expect_code(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert!(json["rule"].is_string() && json["because"].is_array(), "{json:#}");
    let log = depeche
        .run(["feeds", "log", &url, "--format", "jsonl"])
        .expect_code(0)
        .stdout;
    let log: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let told: Vec<_> = log
        .iter()
        .map(|line| (&line["number"], &line["outcome"]))
        .collect();
    assert_eq!(
        told,
        [
            (&serde_json::json!(2), &serde_json::json!("304")),
            (&serde_json::json!(1), &serde_json::json!("200"))
        ]
    );
    assert_eq!(log[1]["items"], 5);
    depeche
        .run(["feeds", "explain", "https://example.org/unknown"])
        .expect_code(1);
}

#[test]
fn feeds_are_listed_explained_and_logged_while_the_daemon_runs() {
    let (origin, newsroom, depeche) = newsroom(5);
    let url = newsroom.feed_url();
    let data = depeche.path().join("data");
    let daemon = depeche.spawn(["run", "-v"]);
    assert!(origin.wait_for(&newsroom.feed_path(), 3, PATIENCE));
    let feeds =
        |arguments: &[&str], code: i32| depeche.run(["feeds"].iter().chain(arguments)).expect_code(code);
    wait_until("two polls are kept", || {
        let log = feeds(&["log", &url, "--format", "jsonl"], 0).stdout;
        log.lines().count() >= 2 && log.contains("\"outcome\":\"304\"")
    });
    let list = feeds(&["list", "--format", "jsonl"], 0);
    assert!(
        list.stdout.contains("\"status\":\"304\"") && list.stderr.is_empty(),
        "{}{}",
        list.stdout,
        list.stderr
    );
    let said = feeds(&["explain", &url.replace("http:", "HTTP:")], 0).stdout;
    assert!(said.contains("next poll") && said.contains("304"), "{said}");
    let json = feeds(&["explain", &url, "--format", "json"], 0).stdout;
    assert!(json.contains("\"because\""), "{json}");
    let unknown = "https://example.org/unknown";
    let running = feeds(&["explain", unknown], 1).stderr;
    assert!(running.contains("is not among the feeds"), "{running}");
    assert!(ask(&data, "/api/v1/feeds?format=xml").starts_with("HTTP/1.1 400"));
    // Feeds come while it runs.
    depeche.configure(&format!(
        "[[feed]]\nurl = \"{url}\"\n[[feed]]\nurl = \"{}\"\n",
        origin.url("/neu.xml")
    ));
    daemon.hang_up();
    wait_until("the feed is known", || {
        let list = feeds(&["list", "--format", "jsonl"], 0).stdout;
        list.lines()
            .any(|line| line.contains("/neu.xml") && line.contains("\"status\":\"404\""))
    });
    assert_eq!(daemon.terminate(), Some(0));
    // The same by the command itself.
    assert_eq!(feeds(&["log", unknown], 1).stderr, running);
    assert!(
        feeds(&["explain", &origin.url("/neu.xml")], 0)
            .stdout
            .contains("failed (404)")
    );
}

#[test]
fn a_feed_that_was_never_polled_says_so_and_one_that_is_on_no_list_too() {
    let (_origin, newsroom, depeche) = newsroom(1);
    let url = newsroom.feed_url();
    let told = |arguments: &[&str], code: i32| {
        let ran = depeche.run(["feeds"].iter().chain(arguments)).expect_code(code);
        format!("{}{}", ran.stdout, ran.stderr)
    };
    for command in ["explain", "log"] {
        assert!(told(&[command, &url], 0).contains("never polled"), "{command}");
        let unknown = told(&[command, "https://example.org/unknown"], 1);
        assert!(unknown.contains("is not among the feeds"), "{unknown}");
    }
    assert_eq!(told(&["log", &url, "--format", "jsonl"], 0), "");
}
