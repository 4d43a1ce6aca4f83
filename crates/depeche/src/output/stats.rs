//! What a store holds, counted: for `depeche stats` and for the daemon's API alike.

use std::io::Write;
use std::path::Path;

use depeche_journal::list_segments;
use depeche_model::Verdict;
use depeche_store::Reader;
use serde_json::{Value, json};

use super::rows::{Row, flat, row};

/// The counts of a data folder, in the order in which they are told.
pub(crate) fn stats(reader: &Reader, journal_dir: &Path) -> anyhow::Result<Row> {
    let tally = reader.tally()?;
    let opening = reader.opening();
    let (mut segments, mut journal_bytes) = (0_u64, 0_u64);
    for segment in list_segments(journal_dir)? {
        segments += 1;
        // One that is sealed meanwhile has another name; the next look counts it.
        journal_bytes += std::fs::metadata(&segment.path).map_or(0, |file| file.len());
    }
    let stories = reader.count_stories()?;
    let verdict = |verdict: &Verdict| {
        (
            verdict.as_str().to_owned(),
            json!(tally.verdicts.get(verdict).copied().unwrap_or(0)),
        )
    };
    Ok(row([
        ("captures", json!(tally.captures)),
        ("journal_settled_up_to", json!(reader.settled_up_to()?)),
        ("records", json!(tally.articles())),
        (
            "verdicts",
            Value::Object(Verdict::ALL.iter().map(verdict).collect()),
        ),
        ("stories", json!(stories.stories)),
        ("stories_of_several", json!(stories.of_several)),
        ("largest_story", json!(stories.largest)),
        ("unchanged", json!(tally.unchanged)),
        ("further_sightings", json!(tally.sightings)),
        ("rejected", json!(tally.rejected)),
        ("pages_owed", json!(reader.owed_digests().count())),
        ("feeds_polled", json!(reader.feeds().count())),
        ("store_bytes", json!(reader.size_on_disk()?)),
        ("store_opened_in_ms", json!(opening.took.as_millis() as u64)),
        ("store_blobs", json!(reader.blobs()?)),
        ("journal_segments", json!(segments)),
        ("journal_bytes", json!(journal_bytes)),
    ]))
}

/// Prints counts for people, one a line.
pub(crate) fn print_stats(out: &mut dyn Write, stats: &Row) -> anyhow::Result<()> {
    for (name, value) in stats {
        match value.as_object() {
            None => writeln!(out, "{:<24} {:>12}", name.replace('_', " "), flat(value))?,
            Some(parts) => {
                writeln!(out, "{}", name.replace('_', " "))?;
                for (part, count) in parts {
                    writeln!(out, "  {:<22} {:>12}", part.replace('_', " "), flat(count))?;
                }
            }
        }
    }
    Ok(())
}
