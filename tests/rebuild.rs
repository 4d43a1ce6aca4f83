//! The store made again, made small, and the journal beneath it sealed; the same articles each time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

use depeche_testkit::{Newsroom, Origin, Reply};

use crate::support::{Depeche, PATIENCE, ask, names, seeds, wait_until};

/// A folder with the project's corpus taken in.
fn with_seeds(configuration: &str) -> Depeche {
    let depeche = Depeche::configured(configuration);
    depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    depeche
}

/// The same, over several segments: a group of captures is never parted, so each run takes in a few.
fn with_segments(configuration: &str) -> Depeche {
    let depeche = Depeche::configured(&format!("[journal]\nsegment = \"8KiB\"\n{configuration}"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(seeds())
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    for some in files.chunks(8) {
        let paths = some.iter().map(|path| path.as_os_str());
        depeche
            .run(std::iter::once("replay".as_ref()).chain(paths))
            .expect_code(0);
    }
    depeche
}

#[test]
fn a_rebuilt_store_is_the_same_and_the_old_one_is_kept() {
    let depeche = with_seeds("");
    let before = depeche.run(["export", "--all"]).expect_code(0).stdout;
    let ran = depeche.run(["rebuild"]).expect_code(0);
    assert!(ran.stdout.contains("captures/s"), "{}", ran.stdout);
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, before);
    depeche.run(["verify"]).expect_code(0);
    let kept = names(&depeche.path().join("data"));
    assert!(
        kept.iter().any(|name| name.starts_with("store.replaced-")),
        "{kept:?}"
    );
    assert!(!kept.iter().any(|name| name.contains("rebuilding")), "{kept:?}");
    // What comes next is numbered on.
    depeche.write("more/a.txt", crate::support::GOOD);
    depeche.run(["replay", "more"]).expect_code(0);
    depeche.run(["verify"]).expect_code(0);
}

#[test]
fn a_rebuild_that_broke_off_is_begun_anew() {
    let depeche = with_seeds("");
    let before = depeche.run(["export", "--all"]).expect_code(0).stdout;
    depeche.write("data/store.rebuilding/db", "half a store");
    depeche.write("data/store.rebuilding/depeche.unfinished", "");
    depeche.run(["rebuild"]).expect_code(0);
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, before);
    let replaced = |depeche: &Depeche| {
        let names = names(&depeche.path().join("data"));
        names.iter().filter(|name| name.contains(".replaced-")).count()
    };
    assert_eq!(replaced(&depeche), 1, "the unfinished one is gone");
    // One that is not marked so is the old store of a rebuild that was killed behind the exchange.
    depeche.write("data/store.rebuilding/db", "an old store");
    depeche.run(["rebuild"]).expect_code(0);
    assert_eq!(
        replaced(&depeche),
        3,
        "it is kept, and so is the one replaced now"
    );
}

#[test]
fn a_journal_without_its_beginning_does_not_replace_the_store() {
    let depeche = with_segments("");
    let journal = depeche.path().join("data/journal");
    let segments = names(&journal);
    assert!(segments.len() > 2, "{segments:?}");
    std::fs::remove_file(journal.join(&segments[0])).expect("removed");
    let ran = depeche.run(["rebuild"]).expect_code(1);
    assert!(ran.stderr.contains("restore a backup"), "{}", ran.stderr);
    let none = Depeche::configured("");
    let ran = none.run(["rebuild"]).expect_code(1);
    assert!(ran.stderr.contains("no journal"), "{}", ran.stderr);
}

#[test]
fn a_compacted_store_is_the_same() {
    let depeche = with_seeds("");
    let before = depeche.run(["export", "--all"]).expect_code(0).stdout;
    let ran = depeche.run(["compact"]).expect_code(0);
    assert!(ran.stdout.contains("rows"), "{}", ran.stdout);
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, before);
    depeche.run(["verify"]).expect_code(0);
    Depeche::configured("").run(["compact"]).expect_code(10);
}

#[test]
fn full_segments_are_sealed_while_the_daemon_runs_and_rebuild_to_the_same_store() {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", 20);
    let depeche = Depeche::configured(&format!(
        "[journal]\nsegment = \"8KiB\"\n[[feed]]\nurl = \"{}\"\n",
        newsroom.feed_url()
    ));
    let daemon = depeche.spawn(["run", "-v"]);
    // What comes at once goes into one segment, however much: on a slow machine that is all of the first poll's pages.
    for articles in 20..=26 {
        if articles > 20 {
            newsroom.publish(1);
        }
        let stored = format!("depeche_articles_total{{verdict=\"new\"}} {articles}\n");
        wait_until("all is stored", || {
            ask(&depeche.path().join("data"), "/metrics").contains(&stored)
        });
    }
    let journal = depeche.path().join("data/journal");
    wait_until("segments are sealed", || {
        names(&journal)
            .iter()
            .filter(|name| name.ends_with(".warc.gz"))
            .count()
            >= 2
    });
    assert_eq!(daemon.terminate(), Some(0));
    let before = depeche.run(["export", "--all"]).expect_code(0).stdout;
    depeche.run(["verify"]).expect_code(0);
    depeche.run(["rebuild"]).expect_code(0);
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, before);
}

#[test]
fn old_segments_go_when_they_are_settled_and_backed_up_and_not_before() {
    let depeche = with_segments("keep_bytes = \"1KiB\"\n");
    let journal = depeche.path().join("data/journal");
    let before = names(&journal).len();
    assert!(before > 2);
    depeche.write("empty.txt", "");
    let ran = depeche.run(["replay", "empty.txt"]).expect_code(0);
    assert!(ran.stderr.contains("make a backup"), "{}", ran.stderr);
    assert!(names(&journal).len() >= before);
    depeche.run(["backup", "all.tar"]).expect_code(0);
    depeche.write("another.txt", " ");
    depeche.run(["replay", "another.txt"]).expect_code(0);
    assert!(names(&journal).len() <= 2, "{:?}", names(&journal));
    depeche.run(["verify"]).expect_code(0);
}

#[test]
fn a_backup_is_had_of_a_running_daemon_and_restores_to_what_it_then_held() {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", 20);
    let depeche = Depeche::configured(&format!("[[feed]]\nurl = \"{}\"\n", newsroom.feed_url()));
    let daemon = depeche.spawn(["run", "-v"]);
    let data = depeche.path().join("data");
    wait_until("it listens", || data.join("daemon.address").exists());
    // While articles are coming in, and once more when all are there.
    depeche.run(["backup", "early.tar"]).expect_code(0);
    wait_until("all is stored", || {
        ask(&data, "/metrics").contains("depeche_articles_total{verdict=\"new\"} 20\n")
    });
    depeche.run(["backup", "late.tar"]).expect_code(0);
    newsroom.publish(1);
    let page = newsroom.story(21).path;
    assert!(origin.wait_for(&page, 1, PATIENCE), "the daemon goes on");
    assert_eq!(daemon.terminate(), Some(0));
    for (backup, articles) in [("early.tar", None), ("late.tar", Some(20))] {
        let folder = format!("restored-{backup}");
        depeche
            .run(["--data-dir", &folder, "restore", backup])
            .expect_code(0);
        depeche.run(["--data-dir", &folder, "verify"]).expect_code(0);
        let exported = depeche.run(["--data-dir", &folder, "export"]).expect_code(0);
        if let Some(articles) = articles {
            assert_eq!(exported.stdout.lines().count(), articles);
        }
    }
}

#[test]
fn a_client_that_takes_nothing_of_a_backup_holds_up_neither_the_store_nor_the_end() {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", 3);
    // More than what sockets and channels hold.
    let filler = "Un mot après l'autre, la rivière descend vers la mer. ".repeat(200_000);
    let depeche = Depeche::configured(&format!("[[feed]]\nurl = \"{}\"\n", newsroom.feed_url()));
    depeche.write("many/long.txt", filler);
    depeche.run(["replay", "many"]).expect_code(0);
    let data = depeche.path().join("data");
    let daemon = depeche.spawn(["run", "-v"]);
    wait_until("all is stored", || {
        ask(&data, "/metrics").contains("depeche_articles_total{verdict=\"new\"} 3\n")
    });
    let address = std::fs::read_to_string(data.join("daemon.address")).expect("an address");
    let mut client = TcpStream::connect(address.trim()).expect("it listens");
    client
        .write_all(b"GET /api/v1/backup HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("asked");
    client.read_exact(&mut [0; 1]).expect("the answer begins");
    newsroom.publish(1);
    wait_until("the daemon goes on", || {
        ask(&data, "/metrics").contains("depeche_articles_total{verdict=\"new\"} 4\n")
    });
    assert_eq!(daemon.terminate(), Some(0));
    drop(client);
}

#[test]
fn a_damaged_store_that_the_journal_cannot_replace_is_left_where_it_is() {
    let depeche = with_seeds("");
    let data = depeche.path().join("data");
    std::fs::remove_dir_all(data.join("journal")).expect("removed");
    let db = std::fs::File::options()
        .write(true)
        .open(data.join("store/db"))
        .expect("sled's file");
    db.set_len(1000).expect("cut");
    for entry in names(&data.join("store")) {
        if entry.starts_with("snap.") {
            std::fs::remove_file(data.join("store").join(entry)).expect("removed");
        }
    }
    depeche.write("more/a.txt", crate::support::GOOD);
    let ran = depeche.run(["replay", "more"]).expect_code(12);
    assert!(ran.stderr.contains("restore a backup"), "{}", ran.stderr);
    assert!(!names(&data).iter().any(|name| name.contains("broken")));
}

#[test]
fn a_journal_that_lost_its_end_is_found_and_replaces_and_backs_up_nothing() {
    let depeche = with_segments("");
    let before = depeche.run(["export", "--all"]).expect_code(0).stdout;
    depeche.run(["backup", "good.tar"]).expect_code(0);
    let good = std::fs::read(depeche.path().join("good.tar")).expect("a backup");
    let journal = depeche.path().join("data/journal");
    let newest = names(&journal).pop().expect("segments");
    std::fs::remove_file(journal.join(newest)).expect("removed");
    let ran = depeche.run(["verify"]).expect_code(12);
    assert!(ran.stdout.contains("lost its end"), "{}", ran.stdout);
    let ran = depeche.run(["rebuild"]).expect_code(12);
    assert!(ran.stderr.contains("the store stays as it is"), "{}", ran.stderr);
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, before);
    let ran = depeche.run(["backup", "good.tar"]).expect_code(12);
    assert!(ran.stderr.contains("--no-journal"), "{}", ran.stderr);
    assert_eq!(
        std::fs::read(depeche.path().join("good.tar")).expect("still there"),
        good
    );
}

#[test]
fn a_feed_whose_server_asked_for_a_wait_is_not_asked_after_a_rebuild() {
    let origin = Origin::start();
    origin.set("/busy", Reply::status(503).header("Retry-After", "7200"));
    origin.set("/gone", Reply::status(410));
    let newsroom = Newsroom::open(&origin, "gazette", 2);
    let feeds = [origin.url("/busy"), origin.url("/gone"), newsroom.feed_url()]
        .map(|url| format!("[[feed]]\nurl = \"{url}\"\n"))
        .concat();
    let depeche = Depeche::configured(&feeds);
    let ran = depeche.run(["run", "--once"]).expect_code(3);
    assert!(ran.stderr.contains("the server answered 410"), "{}", ran.stderr);
    let log = depeche
        .run(["feeds", "log", &origin.url("/gone")])
        .expect_code(0)
        .stdout;
    depeche.run(["rebuild"]).expect_code(0);
    let after = depeche
        .run(["feeds", "log", &origin.url("/gone")])
        .expect_code(0)
        .stdout;
    assert_eq!(after, log);
    origin.clear_log();
    let ran = depeche.run(["run", "--once"]).expect_code(0);
    assert_eq!(
        (origin.count("/busy"), origin.count("/gone")),
        (0, 0),
        "{}",
        ran.stderr
    );
    assert_eq!(origin.count(&newsroom.feed_path()), 1);
    assert_eq!(ran.count("feeds put off"), 2);
    for said in [
        format!(
            "feed {}: not asked, its host asked for quiet until ",
            origin.url("/busy")
        ),
        format!(
            "feed {}: not asked, it is gone (410) and asked again after ",
            origin.url("/gone")
        ),
    ] {
        assert!(ran.stderr.contains(&said), "{said}\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("error:"), "{}", ran.stderr);
    depeche.run(["verify"]).expect_code(0);
}
