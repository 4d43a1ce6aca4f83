//! The table that ends a replay or a single run: captures, articles, and a count a verdict.

use std::io::{Write, stdout};

use depeche_model::Verdict;
use depeche_store::Tally;
use serde_json::json;

use crate::cli::Format;
use crate::exit::is_closed_pipe;
use crate::output::{Row, print_rows, row};

/// What a run came to.
pub(super) struct Summary<'a> {
    /// Captures recognised as known before they were journaled.
    pub(super) known: u64,
    /// What could not be taken in.
    pub(super) failed: u64,
    /// Feeds that were not asked, since a wait that their publisher asked for is not over.
    pub(super) put_off: u64,
    pub(super) tally: &'a Tally,
}

impl Summary<'_> {
    /// Prints the table on standard output. That nobody reads it changes nothing about what was done.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        match self.write(&mut stdout().lock()) {
            Err(error) if is_closed_pipe(&error) => Ok(()),
            printed => printed,
        }
    }

    fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let tally = self.tally;
        let mut rows: Vec<Row> = Vec::new();
        let mut count =
            |what: &str, count: u64| rows.push(row([("what", json!(what)), ("count", json!(count))]));
        count("captures", tally.captures + self.known);
        count("  known", self.known);
        count("  failed", self.failed);
        if self.put_off > 0 {
            count("feeds put off", self.put_off);
        }
        count("articles", tally.articles());
        for verdict in Verdict::ALL {
            count(
                &format!("  {}", verdict.as_str()),
                tally.verdicts.get(&verdict).copied().unwrap_or(0),
            );
        }
        count("unchanged", tally.unchanged);
        count("further sightings", tally.sightings);
        count("pages ordered", tally.pages_owed);
        count("rejected", tally.rejections());
        for (reason, number) in &tally.rejected {
            count(&format!("  {reason}"), *number);
        }
        print_rows(out, Format::Table, &["what", "count"], rows.into_iter().map(Ok))
    }
}
