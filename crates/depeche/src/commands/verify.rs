//! `depeche verify`: whether the journal, the store, and the two together are sound.

use std::collections::HashSet;
use std::fmt::Display;

use depeche_deduplicator::Sketches;
use depeche_journal::{Flaw, list_segments};
use depeche_store::{Numbers, Store, StoreError, backed_up_up_to};
use serde_json::json;

use crate::cli::Rows;
use crate::config::Config;
use crate::exit::Exit;
use crate::output::{Row, print_rows, row, write_to};

const COLUMNS: [&str; 4] = ["part", "row", "fault", "why"];

/// What is wrong, as it is printed.
#[derive(Default)]
struct Findings(Vec<Row>);

impl Findings {
    fn add(&mut self, part: &str, name: &dyn Display, fault: &str, why: &dyn Display) {
        self.0.push(row([
            ("part", json!(part)),
            ("row", json!(name.to_string())),
            ("fault", json!(fault)),
            ("why", json!(why.to_string())),
        ]));
    }
}

pub(super) fn verify(config: &Config, rows: &Rows, quiet: bool) -> anyhow::Result<Exit> {
    let mut findings = Findings::default();
    // The store first: while it is locked, nobody writes the journal either.
    let store = match Store::open_existing(&config.store_dir(), config.store_options()) {
        Ok(store) => Some(store),
        Err(StoreError::Damaged { why, .. }) => {
            findings.add("store", &"all of it", "unreadable", &why);
            None
        }
        Err(error) => return Err(error.into()),
    };
    let in_journal = verify_journal(config, &mut findings)?;
    let mut in_store = String::new();
    if let Some(store) = store {
        in_store = verify_store(&store, &mut findings);
        compare(config, &store, &mut findings)?;
    }
    let exit = if findings.0.is_empty() {
        Exit::Done
    } else {
        Exit::Damaged
    };
    if !quiet {
        let verdict = match findings.0.len() {
            0 => "sound".to_owned(),
            1 => "1 finding".to_owned(),
            findings => format!("{findings} findings"),
        };
        eprintln!("journal: {in_journal}\nstore: {in_store}\n{verdict}");
    }
    if exit == Exit::Damaged {
        write_to(rows.to.output.as_ref(), |out| {
            print_rows(out, rows.format, &COLUMNS, findings.0.into_iter().map(Ok))
        })?;
    }
    Ok(exit)
}

/// Every record of every segment; gives what was looked at, for people.
fn verify_journal(config: &Config, findings: &mut Findings) -> anyhow::Result<String> {
    let verified = depeche_journal::verify(&config.journal_dir())?;
    for finding in &verified.findings {
        let name = finding.segment.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{name}, byte {}", finding.offset);
        if finding.what.is_damage() {
            findings.add("journal", &name, flaw(&finding.what), &finding.what);
        } else {
            tracing::warn!("{name}: {}", finding.what);
        }
    }
    Ok(format!(
        "{} captures in {} segments, {} bytes",
        verified.captures, verified.segments, verified.bytes
    ))
}

/// A flaw in the words of the store's faults.
fn flaw(flaw: &Flaw) -> &'static str {
    match flaw {
        Flaw::Missing { .. } => "missing",
        Flaw::Payload | Flaw::Identity | Flaw::NotRising { .. } => "differs",
        Flaw::TornEnd { .. } | Flaw::Damaged { .. } | Flaw::Undecodable { .. } | Flaw::Unreadable { .. } => {
            "unreadable"
        }
    }
}

/// Every row of the store; gives what was looked at, for people.
fn verify_store(store: &Store, findings: &mut Findings) -> String {
    let sketch = |text: &str| {
        let Sketches { whole, lead } = depeche_deduplicator::sketch(text);
        (whole, lead)
    };
    let checked = store.verify(&sketch, &mut |finding| {
        findings.add("store", &finding.row, finding.fault.code(), &finding.fault);
    });
    format!(
        "{} articles, {} sightings, {} rejections of {} captures; {} pages owed, {} feeds",
        checked.articles,
        checked.sightings,
        checked.rejections,
        checked.captures,
        checked.orders,
        checked.feeds
    )
}

/// Journal against store: what is settled is committed, and what is committed is what the journal holds under that
/// number. Captures that the journal holds no more, or not yet, cannot be compared. What cannot be read was found
/// before.
fn compare(config: &Config, store: &Store, findings: &mut Findings) -> anyhow::Result<()> {
    let Ok((settled_up_to, beyond)) = store.settled() else {
        return Ok(());
    };
    let beyond: HashSet<u64> = beyond.into_iter().collect();
    let is_settled = |ordinal: u64| ordinal <= settled_up_to || beyond.contains(&ordinal);
    let mut agreed = Numbers::default();
    let mut held: Option<(u64, u64)> = None;
    for segment in list_segments(&config.journal_dir())? {
        let Ok(captures) = segment.captures() else {
            continue;
        };
        for journaled in captures.flatten() {
            let ordinal = journaled.position.ordinal;
            held = Some(held.map_or((ordinal, ordinal), |(first, last)| {
                (first.min(ordinal), last.max(ordinal))
            }));
            let id = journaled.capture.id();
            match store.ordinal_of(&id) {
                Ok(Some(committed)) if committed == ordinal => {
                    agreed.insert(ordinal);
                }
                Ok(None) if is_settled(ordinal) => findings.add(
                    "both",
                    &format_args!("capture {ordinal} of the journal"),
                    "missing",
                    &format_args!("it is settled, and the store has no capture {id}"),
                ),
                // Not settled yet, unreadable, or met before under another number.
                _ => {}
            }
        }
    }
    let highest_settled = beyond.iter().copied().max().unwrap_or(0).max(settled_up_to);
    let Some((first, last)) = held else {
        if highest_settled > 0 {
            tracing::warn!(
                "the journal has no captures, and the store has settled {highest_settled}: it was left out of the backup \
                 that was restored, or it is lost; only a backup brings the store back now"
            );
        }
        return Ok(());
    };
    if last < highest_settled {
        findings.add(
            "both",
            &format_args!("captures {} to {highest_settled}", last + 1),
            "missing",
            &"the store has settled them, and the journal ends before: it lost its end; restore it from a backup",
        );
    }
    // Retention removes only what a backup has.
    let backed_up = backed_up_up_to(&config.data_dir);
    if first > backed_up + 1 {
        tracing::warn!(
            "the journal begins with capture {first}, and no backup that is known of has the captures {} to {}: only \
             the store has them; make a backup",
            backed_up + 1,
            first - 1
        );
    }
    for (id, ordinal) in store.captures().flatten() {
        if (first..=last).contains(&ordinal) && !agreed.contains(ordinal) {
            findings.add(
                "both",
                &format_args!("capture {ordinal} of the store"),
                "missing",
                &format_args!("the journal does not hold {id} under that number, or it is damaged there"),
            );
        }
    }
    Ok(())
}
