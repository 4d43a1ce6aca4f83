//! What must hold, checked while the daemon is down.
//!
//! | promise | checked |
//! |---|---|
//! | conservation | an answer whose validator came back stands in the journal |
//! | | after draining, every item of every answer in the journal is stored, and no page is owed |
//! | uniqueness | no capture has the number of another |
//! | | no article has the same text twice, no guid two first revisions |
//! | integrity | a kept body is the served one, byte for byte, under its digest; a stored text is the published one |
//! | order | the journal's numbers and the change log's go from 1 without a gap |

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::Value;

use super::agency::Agency;
use super::archive::{self, Kept};
use super::press::{PAPERS, Paper, Version};
use super::program::Program;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub kind: Broken,
    /// What was found.
    pub what: String,
}

/// Which promise was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// Something that was acknowledged is gone.
    Lost,
    /// Something is there more than once.
    Twice,
    /// Something is not what was served.
    Damaged,
    /// Numbers with a gap, or out of order.
    OutOfOrder,
    /// The program did not start, or not to the end.
    FailedToOpen,
    /// The program did not go on.
    Stuck,
    /// The program asked for what it must not.
    Misbehaved,
    /// A fault point was not reached.
    NotReached,
}

impl Violation {
    pub(super) fn new(kind: Broken, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
        }
    }
}

/// The journal, read on from round to round.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// By segment: how far it was whole.
    segments: BTreeMap<u32, usize>,
    /// Segments up to this one were followed by another when they were read: they do not grow any more.
    read_up_to: u32,
    /// The answers of each paper that stand in the journal, by how many items were out.
    answers: BTreeMap<&'static str, BTreeSet<u64>>,
    last_ordinal: u64,
}

impl Watched {
    /// Reads what was added since the last time and compares it with what was served.
    pub(super) fn look(&mut self, program: &Program, agency: &Agency) -> io::Result<Vec<Violation>> {
        let mut found = Vec::new();
        let segments = archive::segments(&program.journal())?;
        let newest = segments.keys().next_back().copied();
        for (number, path) in segments {
            // All of them are read again at the end, sealed or not.
            if number <= self.read_up_to {
                continue;
            }
            let from = self.segments.get(&number).copied().unwrap_or(0);
            let reading = archive::read(&path, from)?;
            if let Some(why) = reading.torn {
                // Only the newest can be torn, and only behind what was whole before.
                if Some(number) != newest || reading.good_end < from || why.contains("was whole") {
                    found.push(Violation::new(
                        Broken::Damaged,
                        format!("{}: {why}", path.display()),
                    ));
                }
            }
            for kept in reading.kept {
                self.take(kept, agency, &mut found);
            }
            self.segments.insert(number, reading.good_end);
            if Some(number) != newest {
                self.read_up_to = number;
            }
        }
        Ok(found)
    }

    fn take(&mut self, kept: Kept, agency: &Agency, found: &mut Vec<Violation>) {
        if kept.ordinal != self.last_ordinal + 1 {
            found.push(Violation::new(
                Broken::OutOfOrder,
                format!(
                    "capture {} of the journal follows capture {}",
                    kept.ordinal, self.last_ordinal
                ),
            ));
        }
        self.last_ordinal = kept.ordinal;
        let path = kept.uri.strip_prefix(agency.base()).unwrap_or(&kept.uri);
        let paper = PAPERS
            .into_iter()
            .find(|paper| path.starts_with(&format!("/{}/", paper.name)));
        let (Some(paper), Some(body)) = (paper, kept.body) else {
            // A page that could not be had: the article has the feed's own text, which the last look finds.
            return;
        };
        let served = if kept.kind == "feed" {
            let published = kept.etag.and_then(|etag| paper.published_of(&etag));
            published.map(|published| {
                self.answers.entry(paper.name).or_default().insert(published);
                agency.body(paper, published)
            })
        } else {
            paper.number_of(path).map(|n| paper.page(n, agency.base()))
        };
        if served.is_none_or(|served| served.as_bytes() != body) {
            found.push(Violation::new(
                Broken::Damaged,
                format!(
                    "capture {} of the journal ({}) is not what was served",
                    kept.ordinal, kept.uri
                ),
            ));
        }
    }

    /// The answers whose validator came back and that are not in the journal; and what the reader did wrong.
    pub(super) fn missing(&self, agency: &Agency) -> Vec<Violation> {
        let books = agency.books();
        let mut found: Vec<_> = books
            .offences
            .iter()
            .map(|offence| Violation::new(Broken::Misbehaved, offence))
            .collect();
        let none = BTreeSet::new();
        for (name, paper) in &books.papers {
            let kept = self.answers.get(name).unwrap_or(&none);
            for published in paper.acknowledged.difference(kept) {
                found.push(Violation::new(
                    Broken::Lost,
                    format!(
                        "the validator \"{name}-{published}\" came back and its answer is not in the journal"
                    ),
                ));
            }
        }
        found
    }

    /// The texts that must be stored, and those that may be.
    fn texts(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut versions: BTreeSet<(&str, u64, Version)> = BTreeSet::new();
        for (name, answers) in &self.answers {
            let Some(paper) = Paper::named(name) else { continue };
            for published in answers {
                versions.extend(
                    paper
                        .shown(*published)
                        .map(|n| (*name, n, paper.version(n, *published))),
                );
            }
        }
        let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, n, version) in versions {
            if let Some(paper) = Paper::named(name) {
                texts
                    .entry(paper.guid(n))
                    .or_default()
                    .insert(paper.prose(n, version).text());
            }
        }
        texts
    }
}

/// What the store held at the last look.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// Lines of `export --all`.
    pub(super) records: u64,
    /// Records by verdict.
    pub(super) verdicts: BTreeMap<String, u64>,
    /// Texts that must be there and are.
    pub(super) stored: u64,
}

/// Looks at everything, after the daemon drained: the journal from its beginning, and the store through the program.
/// `undeliverable` captures may have been given up.
pub(super) fn examine(
    program: &Program,
    agency: &Agency,
    undeliverable: u64,
) -> io::Result<(Held, Vec<Violation>)> {
    let mut journal = Watched::default();
    let mut found = journal.look(program, agency)?;
    found.extend(journal.missing(agency));
    let mut held = Held::default();

    let lines = rows(program, &["export", "--all"], &mut found)?;
    let mut stored: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut first_revisions = BTreeSet::new();
    let mut last_seq = 0;
    for line in &lines {
        let text = |name: &str| line[name].as_str().unwrap_or_default();
        let guid = text("guid");
        held.records += 1;
        *held.verdicts.entry(text("verdict").to_owned()).or_default() += 1;
        stored.entry(guid).or_default().push(text("text"));
        if line["revision"] == 1 && !first_revisions.insert(guid) {
            found.push(Violation::new(Broken::Twice, format!("{guid} is new twice")));
        }
        let seq = line["seq"].as_u64().unwrap_or_default();
        if seq <= last_seq {
            found.push(Violation::new(
                Broken::OutOfOrder,
                format!("record {seq} follows record {last_seq}"),
            ));
        }
        last_seq = seq;
    }
    let dead = rows(program, &["dead", "list", "--format", "jsonl"], &mut found)?;
    held.stored = compare(&journal.texts(), &stored, &addresses(&dead), &mut found);
    look_at_dead(&dead, undeliverable, &mut found);
    look_at_the_rest(program, held.records, &mut found)?;
    Ok((held, found))
}

/// The addresses of captures that were given up.
fn addresses(dead: &[Value]) -> Vec<&str> {
    dead.iter().filter_map(|dead| dead["capture"].as_str()).collect()
}

/// Compares the texts that must be stored with those that are; counts those that are there once. What a paper showed in a
/// capture that was given up may have left its window since.
fn compare(
    expected: &BTreeMap<String, BTreeSet<String>>,
    stored: &BTreeMap<&str, Vec<&str>>,
    given_up: &[&str],
    found: &mut Vec<Violation>,
) -> u64 {
    let mut once = 0;
    for (guid, texts) in expected {
        let there = stored.get(guid.as_str()).map(Vec::as_slice).unwrap_or_default();
        let paper = guid.rsplit_once('-').map_or(guid.as_str(), |(paper, _)| paper);
        let may_be_missing = given_up.iter().any(|address| address.contains(paper));
        for text in texts {
            match there.iter().filter(|stored| *stored == text).count() {
                0 if may_be_missing => {}
                0 => found.push(Violation::new(
                    Broken::Lost,
                    format!(
                        "{guid} is in the journal, and of its {} texts one is not stored",
                        texts.len()
                    ),
                )),
                1 => once += 1,
                more => found.push(Violation::new(
                    Broken::Twice,
                    format!("{guid} has the same text {more} times"),
                )),
            }
        }
    }
    for (guid, texts) in stored {
        let known = expected.get(*guid);
        for text in texts
            .iter()
            .filter(|text| !known.is_some_and(|known| known.contains(**text)))
        {
            let beginning: String = text.chars().take(80).collect();
            found.push(Violation::new(
                Broken::Damaged,
                format!("{guid} is stored with a text that was never published: {beginning}"),
            ));
        }
    }
    once
}

/// What was rejected.
fn look_at_dead(dead: &[Value], undeliverable: u64, found: &mut Vec<Violation>) {
    let mut given_up = 0;
    for dead in dead {
        given_up += u64::from(dead["reason"] == "undeliverable");
        if dead["reason"] != "undeliverable" {
            found.push(Violation::new(Broken::Lost, format!("rejected: {dead}")));
        }
    }
    if given_up != undeliverable {
        found.push(Violation::new(
            Broken::Lost,
            format!("{given_up} captures were given up, and {undeliverable} should have been"),
        ));
    }
}

/// The change log, what is owed, and what the program finds by itself.
fn look_at_the_rest(program: &Program, records: u64, found: &mut Vec<Violation>) -> io::Result<()> {
    let changes = rows(program, &["tail", "-n", "100000000", "--format", "json"], found)?;
    if (changes.len() as u64) < records {
        found.push(Violation::new(
            Broken::Lost,
            format!("{} changes tell of {records} records", changes.len()),
        ));
    }
    for (expected, change) in (1..).zip(&changes) {
        if change["seq"] != expected {
            found.push(Violation::new(
                Broken::OutOfOrder,
                format!("change {} stands where {expected} should", change["seq"]),
            ));
            break;
        }
    }
    let stats = program.run(&["stats", "--format", "json"])?;
    let stats: Value = serde_json::from_str(&stats.stdout).unwrap_or_default();
    if stats["pages_owed"] != 0 {
        found.push(Violation::new(
            Broken::Stuck,
            format!("{} pages are owed after all", stats["pages_owed"]),
        ));
    }
    let verified = program.run(&["verify"])?;
    if verified.code != Some(0) {
        found.push(Violation::new(
            Broken::Damaged,
            format!(
                "verify: {:?} {} {}",
                verified.code, verified.stdout, verified.stderr
            ),
        ));
    }
    Ok(())
}

/// The JSON lines that a command prints.
fn rows(program: &Program, arguments: &[&str], found: &mut Vec<Violation>) -> io::Result<Vec<Value>> {
    let ran = program.run(arguments)?;
    if ran.code != Some(0) {
        found.push(Violation::new(
            Broken::FailedToOpen,
            format!("{}: exit {:?}: {}", arguments.join(" "), ran.code, ran.stderr),
        ));
    }
    let lines = ran.stdout.lines().map(|line| {
        serde_json::from_str(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    });
    lines.collect()
}
