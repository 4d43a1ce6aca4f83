//! What `feeds list`, `feeds explain` and `feeds log` print: by the command itself, or by the daemon that has the store open.

use std::io::Write;
use std::time::Duration;

use depeche_fetcher::schedule::words;
use depeche_fetcher::{FeedMemory, Moved, explain as reasons};
use depeche_model::{Clock as _, FetchRecord, SystemClock};
use depeche_store::{FeedRow, Reader};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Row, print_rows_within, row, time};
use crate::cli::{Format, ShowFormat};
use crate::config::Config;
use crate::feeds::{Subscription, subscriptions};

/// Polls that the explanation ends with.
const POLLS_SHOWN: usize = 5;

/// A feed was asked for that no list names.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not among the feeds; `depeche feeds list` shows them")]
pub(crate) struct NotListed(String);

/// Prints the feeds, with their state where there is a store; a table is at most `width` columns wide.
pub(crate) fn list_feeds(
    out: &mut dyn Write,
    feeds: Vec<Subscription>,
    reader: Option<&Reader>,
    format: Format,
    width: Option<u16>,
) -> anyhow::Result<()> {
    let mut columns = vec![
        "source",
        "status",
        "polled_at",
        "next_due",
        "failures",
        "articles",
        "error",
        "url",
    ];
    if format != Format::Table {
        columns.extend([
            "answered_at",
            "moved_to",
            "entries",
            "tags",
            "page",
            "origin",
            "folder",
            "site",
        ]);
    }
    let line = |feed: Subscription| {
        let Subscription {
            target,
            origin,
            folder,
            site,
            ..
        } = feed;
        let state = match reader {
            Some(reader) => reader.feed(&target.url)?.unwrap_or_default(),
            None => FeedRow::default(),
        };
        let at = |at: Option<Timestamp>| match format {
            Format::Table => json!(at.map(time)),
            _ => json!(at),
        };
        let mut line = row([
            ("source", json!(target.source())),
            ("status", json!(state.status)),
            ("polled_at", at(state.polled_at)),
            ("next_due", at(state.next_due)),
            ("failures", json!(state.failures)),
            ("articles", json!(state.articles)),
            ("error", json!(state.error)),
            ("url", json!(target.url)),
        ]);
        if format != Format::Table {
            let memory = match reader {
                Some(reader) => reader.fetcher_memory(&target.url)?,
                None => None,
            };
            let memory = memory.as_deref().and_then(FeedMemory::open).unwrap_or_default();
            let moved_to = memory.moved.learnt();
            line.extend(row([
                ("answered_at", at(state.answered_at)),
                ("moved_to", json!(moved_to)),
                ("entries", json!(state.entries)),
                ("tags", json!(target.tags)),
                ("page", json!(target.page.as_str())),
                ("origin", json!(origin.to_string())),
                ("folder", json!(folder)),
                ("site", json!(site)),
            ]));
        }
        Ok(line)
    };
    print_rows_within(out, format, width, &columns, feeds.into_iter().map(line))
}

/// What the store has of a feed.
#[derive(Default)]
struct Known {
    row: FeedRow,
    memory: FeedMemory,
    log: Vec<FetchRecord>,
}

/// # Errors
///
/// [`NotListed`], or the store cannot be read.
fn known(config: &Config, reader: Option<&Reader>, url: &str) -> anyhow::Result<Known> {
    let (feeds, _) = subscriptions(config);
    if !feeds.iter().any(|feed| feed.target.url == url) {
        return Err(NotListed(url.to_owned()).into());
    }
    let Some(reader) = reader else {
        return Ok(Known::default());
    };
    Ok(Known {
        row: reader.feed(url)?.unwrap_or_default(),
        memory: reader
            .fetcher_memory(url)?
            .as_deref()
            .and_then(FeedMemory::open)
            .unwrap_or_default(),
        log: reader.fetch_log(url)?,
    })
}

/// Prints why the next poll of a feed is when it is.
///
/// # Errors
///
/// [`NotListed`], or the store cannot be read.
pub(crate) fn explain_feed(
    out: &mut dyn Write,
    config: &Config,
    reader: Option<&Reader>,
    url: &str,
    format: ShowFormat,
    width: Option<u16>,
) -> anyhow::Result<()> {
    let Known { row, memory, log } = known(config, reader, url)?;
    let sentences = reasons(&memory, &config.fetch_options().interval);
    let decision = &memory.decision;
    if let ShowFormat::Json = format {
        let hints: Vec<Value> = memory
            .standing
            .waits()
            .map(|(hint, wait)| json!({"hint": hint.as_str(), "seconds": wait.as_secs()}))
            .collect();
        let moving_to = match &memory.moved {
            Moved::Maybe { to, days, .. } => json!({"url": to, "day": days}),
            _ => Value::Null,
        };
        let explained = json!({
            "url": url,
            "status": row.status,
            "error": row.error,
            "next_due": row.next_due,
            "rule": decision.rule.as_str(),
            "wait_seconds": f64::from(decision.wait_ms) / 1000.0,
            "interval_seconds": f64::from(decision.interval_ms) / 1000.0,
            "expected_items": decision.expected,
            "items_per_day": memory.arrivals.mean() * 24.0,
            "is_assumed": memory.arrivals.is_assumed(),
            "liveliness": memory.arrivals.liveliness(),
            "hints": hints,
            "failures": memory.failures,
            "failure_score": f64::from(memory.score) / 4.0,
            "moved_to": memory.moved.learnt(),
            "moving_to": moving_to,
            "hub": memory.hub.as_ref().map(ToString::to_string),
            "because": sentences,
            "polls": log.iter().take(POLLS_SHOWN).collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut *out, &explained)?;
        return Ok(writeln!(out)?);
    }
    writeln!(out, "{url}")?;
    match row.next_due {
        Some(due) => writeln!(out, "  next poll {}, {}", time(due), from_now(due))?,
        None => writeln!(out, "  next poll as soon as the daemon runs")?,
    }
    if let (Some(error), Some(polled_at)) = (&row.error, row.polled_at) {
        let status = match row.status.as_str() {
            "failed" => String::new(),
            status => format!(" ({status})"),
        };
        let polled_at = time(polled_at);
        writeln!(out, "  The last poll, {polled_at}, failed{status}: {error}.")?;
    }
    for sentence in sentences {
        writeln!(out, "  {sentence}")?;
    }
    if !log.is_empty() {
        writeln!(out)?;
        print_rows_within(
            out,
            Format::Table,
            width,
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
    Ok(())
}

/// When that is, as seen from now.
fn from_now(due: Timestamp) -> String {
    let left = due.duration_since(SystemClock.now());
    match Duration::try_from(left) {
        Ok(left) => format!("in {}", words(left)),
        Err(_) => format!("overdue by {}", words(left.unsigned_abs())),
    }
}

/// Prints how the last polls of a feed went.
///
/// # Errors
///
/// [`NotListed`], or the store cannot be read.
pub(crate) fn feed_log(
    out: &mut dyn Write,
    config: &Config,
    reader: Option<&Reader>,
    url: &str,
    format: Format,
    width: Option<u16>,
) -> anyhow::Result<()> {
    let Known { log, .. } = known(config, reader, url)?;
    if log.is_empty() && format == Format::Table {
        return Ok(writeln!(out, "{url} was never polled")?);
    }
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
    if format != Format::Table {
        columns.extend(["resolve_ms", "connect_ms", "next_due"]);
    }
    let lines = log.iter().map(|record| Ok(line(record, format)));
    print_rows_within(out, format, width, &columns, lines)
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
