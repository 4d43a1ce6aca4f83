//! `depeche verify`: whether the journal, the store, and the two together are sound.

use depeche_journal::list_segments;
use depeche_model::CaptureId;
use depeche_store::{Fault, Finding, Numbers, Reader, Store, StoreError};
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
    fn add(&mut self, part: &str, name: impl ToString, fault: &str, why: impl ToString) {
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
            findings.add("store", "all of it", "unreadable", why);
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
