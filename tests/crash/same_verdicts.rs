//! The same journal gives the same verdicts and stories: with one worker, with eight, and killed twenty times on the way.
//!
//! Weeks of invented news are replayed, of which windows pass and in which every verdict is given. Kills come at points of
//! the flow and after so many passes of them, never after so much time, so nothing here depends on how fast the machine is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use depeche_testkit::breaker::{Program, Ran, Running};
use depeche_testkit::copydesk::{Dice, Press};
use depeche_testkit::weeks::Weeks;

use crate::binary;
use crate::rounds::seed;

/// Kills while captures are taken in. They come first: the journal runs ahead of what is decided, and soon has all of it.
const EARLY: [(&str, &str, usize); 2] = [
    ("journal.append.write", "torn", 1),
    ("journal.append.synced", "kill", 1),
];
const EARLY_KILLS: u64 = 4;

/// Kills while it is decided about them, by the point and the passes at most: so few that twenty kills leave some of the weeks to
/// the run that ends by itself. A pass of the store's points is eight captures at most.
const LATER: [(&str, &str, usize); 6] = [
    ("normalizer.work", "kill", 12),
    ("deduplicator.decide", "kill", 30),
    ("store.commit.apply", "kill", 3),
    ("store.commit.applied", "kill", 3),
    ("store.commit.flushed", "kill", 3),
    ("store.settle.settled", "kill", 3),
];

/// Kills on the way.
const KILLS: u64 = 20;

/// What must be decided in these weeks, or they show nothing.
const VERDICTS: [&str; 7] = [
    "new",
    "revision",
    "exact",
    "near",
    "contains",
    "contained_in",
    "teaser",
];

/// The weeks as a file, and the programs that read it.
struct Field {
    folder: tempfile::TempDir,
    archive: PathBuf,
    answers: usize,
}

impl Field {
    fn of(weeks: Weeks) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("same-")
            .tempdir()
            .expect("a temporary folder");
        let archive = folder.path().join("weeks.warc");
        let mut file = BufWriter::new(File::create(&archive).expect("a file"));
        let answers = weeks.write(&Press::new(), &mut file).expect("written");
        file.flush().expect("written");
        Self {
            folder,
            archive,
            answers,
        }
    }

    fn program(&self, name: &str) -> Program {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        Program::new(&binary(), &folder, "").expect("a configuration")
    }
}

/// What a store holds, as far as anybody can see.
#[derive(PartialEq)]
struct Holds {
    export: String,
    dead: String,
}

impl Holds {
    fn of(program: &Program) -> Self {
        let verified = run(program, &["verify"]);
        assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
        Self {
            export: run(program, &["export", "--all"]).stdout,
            dead: run(program, &["dead", "list", "--format", "jsonl"]).stdout,
        }
    }

    /// How often each value of a field stands in the export.
    fn count(&self, field: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let needle = format!("\"{field}\":\"");
        for line in self.export.lines() {
            let value = line
                .rsplit_once(&needle)
                .and_then(|(_, rest)| rest.split_once('"'));
            let (value, _) = value.unwrap_or_default();
            *counts.entry(value.to_owned()).or_default() += 1;
        }
        counts
    }
}

fn run(program: &Program, arguments: &[&str]) -> Ran {
    program.run(arguments).expect("the binary runs")
}

/// Replays to the end, and gives the summary.
fn replay(program: &Program, archive: &Path, workers: usize) -> String {
    let mut command = program.command(&["replay"]);
    command
        .arg(archive)
        .env("DEPECHE_NORMALIZE__WORKERS", workers.to_string());
    let output = command.output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Replays and kills, again and again; the last run ends by itself.
fn replay_among_kills(program: &mut Program, archive: &Path, dice: &mut Dice) -> Vec<String> {
    let mut kills = Vec::new();
    for kill in 0..KILLS {
        let points: &[_] = if kill < EARLY_KILLS { &EARLY } else { &LATER };
        let (point, action, most) = *dice.pick(points).expect("there are points");
        let blow = format!("{point}={}*off->1*return({action})", dice.below(most));
        let workers = 1 + dice.below(8);
        let mut command = program.command(&["replay"]);
        command
            .arg(archive)
            .env("FAILPOINTS", &blow)
            .env("DEPECHE_NORMALIZE__WORKERS", workers.to_string());
        let ended = program.start_as(command).and_then(Running::wait);
        let ended = ended.expect("it ends");
        assert!(
            ended.was_killed(),
            "{blow} came after the end: the weeks are too short\n{}",
            ended.last_words()
        );
        kills.push(blow);
    }
    let summary = replay(program, archive, 1 + dice.below(8));
    let captures = summary.lines().find(|line| line.contains("captures"));
    eprintln!("behind {KILLS} kills:{}", captures.unwrap_or_default());
    kills
}

/// Asserts all of it about so many articles over so many days, and tells what was seen.
fn the_same_verdicts(articles: u64, days: u64, seed: u64) {
    let field = Field::of(Weeks::new(articles, days));
    let one = field.program("one");
    replay(&one, &field.archive, 1);
    let expected = Holds::of(&one);
    let verdicts = expected.count("verdict");
    let stories = expected.count("story");
    let of_several = stories.values().filter(|articles| **articles > 1).count();
    for verdict in VERDICTS {
        assert!(verdicts.contains_key(verdict), "no {verdict} in {verdicts:?}");
    }
    assert!(of_several > 100, "{of_several} stories of several articles");
    assert!(!expected.dead.is_empty(), "nothing was rejected");

    let eight = field.program("eight");
    replay(&eight, &field.archive, 8);
    assert!(
        Holds::of(&eight) == expected,
        "eight workers decide otherwise than one"
    );

    let mut killed = field.program("killed");
    let kills = replay_among_kills(&mut killed, &field.archive, &mut Dice::new("kills", seed));
    if Holds::of(&killed) != expected {
        let kept = field.folder.keep();
        panic!(
            "BREAKER_SEED={seed}, all is kept in {}: kills change what is decided: {kills:#?}",
            kept.display()
        );
    }
    eprintln!(
        "{} answers of feeds over {days} days, {} records, {} stories ({of_several} of several articles), {} rejected: {verdicts:?}",
        field.answers,
        expected.export.lines().count(),
        stories.len(),
        expected.dead.lines().count(),
    );
}

#[test]
fn one_worker_and_eight_and_twenty_kills_give_the_same_verdicts_and_stories() {
    the_same_verdicts(1_000, 100, seed(20_260_202));
}

/// As many articles as `SAME_ARTICLES` says, over as many days as `SAME_DAYS`; `scripts/same-verdicts` runs this.
#[test]
#[ignore = "scripts/same-verdicts runs it"]
fn the_same_at_length() {
    let given = |name: &str, default| {
        let given = std::env::var(name).ok().and_then(|value| value.parse().ok());
        given.unwrap_or(default)
    };
    the_same_verdicts(
        given("SAME_ARTICLES", 10_000),
        given("SAME_DAYS", 100),
        seed(u64::from(std::process::id())),
    );
}
