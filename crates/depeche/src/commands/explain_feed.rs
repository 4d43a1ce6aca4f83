//! `depeche feeds explain` and `depeche feeds log`: why the next poll of a feed is when it is, and how the last ones went.

use std::io::{Write, stdout};
use std::time::Duration;

use anyhow::bail;
use depeche_fetcher::schedule::words;
use depeche_fetcher::{FeedMemory, explain};
use depeche_model::{Clock as _, FetchRecord, SystemClock};
use depeche_store::{FeedRow, Reader};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::reader;
use crate::cli::{Format, Rows, ShowFormat};
use crate::config::Config;
use crate::exit::Exit;
use crate::feeds::subscriptions;
use crate::output::{Row, print_rows, row, time, write_to};

/// Polls that the explanation ends with.
const POLLS_SHOWN: usize = 5;

/// What the store has of a feed.
struct Known {
    row: FeedRow,
    memory: FeedMemory,
    log: Vec<FetchRecord>,
}

fn known(config: &Config, reader: &Reader, url: &str) -> anyhow::Result<Known> {
    let row = reader.feed(url)?;
    let listed = || {
        subscriptions(config)
            .0
            .iter()
            .any(|subscription| subscription.target.url == url)
    };
    if row.is_none() && !listed() {
        bail!("{url} is not among the feeds; `depeche feeds list` shows them");
    }
    Ok(Known {
        row: row.unwrap_or_default(),
        memory: reader
            .fetcher_memory(url)?
            .as_deref()
            .and_then(FeedMemory::open)
            .unwrap_or_default(),
        log: reader.fetch_log(url)?,
    })
}

pub(super) fn explain_feed(config: &Config, url: &str, format: ShowFormat) -> anyhow::Result<Exit> {
    let reader = reader(config)?;
    let Known { row, memory, log } = known(config, &reader, url)?;
    let sentences = explain(&memory, &config.fetch_options().interval);
    let decision = &memory.decision;
    let mut out = stdout().lock();
    match format {
        ShowFormat::Json => {
            let hints: Vec<Value> = memory
                .standing
                .waits()
                .map(|(hint, wait)| json!({"hint": hint.as_str(), "seconds": wait.as_secs()}))
                .collect();
            let explained = json!({
                "url": url,
                "next_due": row.next_due,
                "rule": decision.rule.as_str(),
                "wait_seconds": f64::from(decision.wait_ms) / 1000.0,
                "interval_seconds": f64::from(decision.interval_ms) / 1000.0,
                "expected_items": decision.expected,
                "items_per_day": memory.arrivals.mean() * 24.0,
                "liveliness": memory.arrivals.liveliness(),
                "hints": hints,
                "failures": memory.failures,
                "failure_score": f64::from(memory.score) / 4.0,
                "moved_to": memory.moved.learnt(),
                "hub": memory.hub.as_ref().map(ToString::to_string),
                "because": sentences,
                "polls": log.iter().take(POLLS_SHOWN).collect::<Vec<_>>(),
            });
            serde_json::to_writer_pretty(&mut out, &explained)?;
            writeln!(out)?;
        }
        ShowFormat::Table => {
            writeln!(out, "{url}")?;
            match row.next_due {
                Some(due) => writeln!(out, "  next poll {}, {}", time(due), from_now(due))?,
                None => writeln!(out, "  next poll as soon as the daemon runs")?,
            }
            for sentence in sentences {
                writeln!(out, "  {sentence}")?;
            }
            if !log.is_empty() {
                writeln!(out)?;
                print_rows(
                    &mut out,
                    Format::Table,
                    &[
                        "at",
                        "outcome",
                        "new_items",
                        "items",
                        "wire_bytes",
                        "total_ms",
                        "rule",
                    ],
                    log.iter()
                        .take(POLLS_SHOWN)
                        .map(|record| Ok(line(record, Format::Table))),
                )?;
            }
        }
    }
    Ok(Exit::Done)
}

/// When that is, as seen from now.
fn from_now(due: Timestamp) -> String {
    let left = due.duration_since(SystemClock.now());
    match Duration::try_from(left) {
        Ok(left) => format!("in {}", words(left)),
        Err(_) => format!("overdue by {}", words(left.unsigned_abs())),
    }
}

pub(super) fn log(config: &Config, url: &str, rows: &Rows) -> anyhow::Result<Exit> {
    let reader = reader(config)?;
    let Known { log, .. } = known(config, &reader, url)?;
    let mut columns = vec![
        "number",
        "at",
        "outcome",
        "new_items",
        "items",
        "wire_bytes",
        "decoded_bytes",
        "first_byte_ms",
        "total_ms",
        "charset",
        "rule",
        "error",
    ];
    if rows.format != Format::Table {
        columns.extend(["resolve_ms", "connect_ms", "next_due"]);
    }
    write_to(rows.to.output.as_ref(), |out| {
        let lines = log.iter().map(|record| Ok(line(record, rows.format)));
        print_rows(out, rows.format, &columns, lines)
    })?;
    Ok(Exit::Done)
}

fn line(record: &FetchRecord, format: Format) -> Row {
    let at = |at: Timestamp| match format {
        Format::Table => json!(time(at)),
        _ => json!(at),
    };
    let mut line = row([
        ("number", json!(record.number)),
        ("at", at(record.at)),
        ("outcome", json!(record.outcome)),
        ("new_items", json!(record.new_items)),
        ("items", json!(record.items)),
        ("wire_bytes", json!(record.wire_bytes)),
        ("decoded_bytes", json!(record.decoded_bytes)),
        ("first_byte_ms", json!(record.timings.first_byte)),
        ("total_ms", json!(record.timings.total)),
        ("charset", json!(record.charset)),
        ("rule", json!(record.rule)),
        ("error", json!(record.error)),
    ]);
    if format != Format::Table {
        line.extend(row([
            ("resolve_ms", json!(record.timings.resolve)),
            ("connect_ms", json!(record.timings.connect)),
            ("next_due", json!(record.next_due)),
        ]));
    }
    line
}
