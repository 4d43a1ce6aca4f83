//! Starting again: what is decided does not depend on when the program was stopped, nor on which version began the store.

use std::fmt::Write as _;
use std::path::Path;

use depeche_testkit::prose;
use jiff::{SignedDuration, Timestamp};

use crate::support::{Depeche, repository, seeds};

/// Answers of feeds, so many days apart: over four months, so that every window passes.
const ANSWERS: i64 = 42;
const DAYS_APART: i64 = 3;

/// An item of a feed.
struct Item {
    guid: String,
    text: String,
}

fn item(source: &str, number: i64, edit: &str) -> Item {
    let text = prose::article("journal", number.unsigned_abs()).text();
    Item {
        guid: format!("https://{source}.example/{number}"),
        text: format!("{edit}{text}"),
    }
}

/// One answer as a WARC record: something new; copies of what came days, weeks and months before; and what a feed lists again.
fn answer(number: i64) -> String {
    let mut items = vec![item("lejour", number, "")];
    for (before, source, edit) in [
        (1, "lesoir", "Avec agence. "),
        (4, "lacote", ""),
        (6, "laplaine", "Selon nos informations. "),
        (20, "larive", ""),
        (34, "lemont", ""),
        // Listed again by its own feed, as it was or corrected.
        (9, "lejour", ""),
        (15, "lejour", "Mise à jour. "),
        (31, "lejour", ""),
        (33, "lesoir", "Avec agence. "),
    ] {
        if number >= before {
            items.push(item(source, number - before, edit));
        }
    }
    let mut records = String::new();
    for (n, item) in (0..).zip(items) {
        let start: Timestamp = "2026-01-01T06:00:00Z".parse().expect("a moment");
        let at = start + SignedDuration::from_hours(24 * DAYS_APART * number) + SignedDuration::from_secs(n);
        let source = item.guid.split('/').nth(2).expect("a host");
        let body = format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>{source}</title><language>fr</language><item>\
             <title>Une nouvelle</title><guid>{}</guid><link>{}</link><description>{}</description></item></channel></rss>",
            item.guid,
            item.guid,
            item.text.replace('&', "&amp;").replace('<', "&lt;"),
        );
        let http = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        write!(
            records,
            "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{:012}>\r\n\
             WARC-Target-URI: https://{source}/rss\r\nWARC-Date: {at}\r\n\
             Content-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n",
            100 * number + n,
            http.len(),
        )
        .expect("text");
    }
    records
}

#[test]
fn months_of_windows_pass_alike_with_a_start_before_each_capture_and_with_one() {
    let (once, often) = (Depeche::new(), Depeche::new());
    for number in 0..ANSWERS {
        let name = format!("press/{number:03}.warc");
        once.write(&name, answer(number));
        often.write(&name, answer(number));
        often.run(["replay", &name]).expect_code(0);
    }
    once.run(["replay", "press"]).expect_code(0);
    let exported = once.run(["export", "--all"]).expect_code(0).stdout;
    assert_eq!(often.run(["export", "--all"]).expect_code(0).stdout, exported);
    // The stream has what it is meant to have.
    for verdict in ["new", "near", "exact", "revision"] {
        assert!(
            exported.contains(&format!("\"verdict\":\"{verdict}\"")),
            "{verdict}"
        );
    }
    for depeche in [&once, &often] {
        depeche.run(["verify"]).expect_code(0);
        depeche.run(["compact"]).expect_code(0);
        depeche.run(["verify"]).expect_code(0);
    }
}

/// The folder of a program whose stores were of schema 2.
fn of_before(depeche: &Depeche) {
    let fixture = repository().join("crates/store/tests/data/store-2");
    let unpacked = |name: &str| {
        let packed = std::fs::read(Path::new(&fixture).join(name)).expect("the fixture");
        zstd::bulk::decompress(&packed, 16 << 20).expect("zstd")
    };
    depeche.write("data/store/db", unpacked("db.zst"));
    depeche.write(
        "data/store/conf",
        std::fs::read(fixture.join("conf")).expect("the fixture"),
    );
    depeche.write("data/journal/depeche-00000001.warc", unpacked("journal.warc.zst"));
}

#[test]
fn a_store_of_an_older_schema_is_read_once_and_goes_on() {
    let depeche = Depeche::new();
    of_before(&depeche);
    let before = depeche.run(["export", "--all"]).expect_code(0).stdout;
    depeche.run(["verify"]).expect_code(0);
    // The same files: all are known.
    let again = depeche
        .run(["-v".as_ref(), "replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    assert_eq!(again.count("articles"), 0, "{}", again.stdout);
    assert!(again.stderr.contains("older schema"), "{}", again.stderr);
    assert_eq!(depeche.run(["export", "--all"]).expect_code(0).stdout, before);
    depeche.run(["verify"]).expect_code(0);

    let text = depeche.export(&["--all"])[0]["text"]
        .as_str()
        .expect("a text")
        .to_owned();
    depeche.write("autre/copie.txt", &text);
    depeche.write("autre/presque.txt", format!("Avec agence. {text}"));
    let copies = depeche.run(["-v", "replay", "autre"]).expect_code(0);
    assert!(!copies.stderr.contains("older schema"), "{}", copies.stderr);
    let verdicts: Vec<String> = depeche.export(&["--all"])[36..]
        .iter()
        .map(|line| line["verdict"].as_str().expect("a verdict").to_owned())
        .collect();
    assert_eq!(verdicts, ["exact", "near"]);
    depeche.run(["verify"]).expect_code(0);
}
