//! Reading the store: `export`, `list`, `tail`, `dead list`.

use std::io::stdout;

use depeche_model::{Precision, Published, Regrouped, Regrouping, Seq, Verdict};
use depeche_store::{Change, ChangeRef, DeadLetter, Reader, Record};
use serde_json::{Value, json};

use super::cluster::displayed;
use crate::cli::{ArticleFormat, ExportFormat, Format, Rows, To};
use crate::exit::Exit;
use crate::output::{ArticleLine, Row, print_rows, row, short, time, write_to};

/// Titles in tables are cut at this many characters.
const TITLE_CHARS: usize = 72;

pub(super) fn export(reader: &Reader, format: ExportFormat, all: bool, to: &To) -> anyhow::Result<Exit> {
    let records: Box<dyn Iterator<Item = _>> = if all {
        Box::new(reader.records(Seq(0)))
    } else {
        Box::new(reader.articles())
    };
    let lines = records.map(|record| {
        let record = record?;
        let places = reader.places(record.id)?;
        let display = displayed(reader, &record)?;
        Ok(ArticleLine::new(record, &places, display))
    });
    write_to(to.output.as_ref(), |out| match format {
        ExportFormat::Jsonl => {
            for line in lines {
                let line: anyhow::Result<ArticleLine> = line;
                serde_json::to_writer(&mut *out, &line?)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        }
        ExportFormat::Csv => {
            let rows = lines.map(|line: anyhow::Result<ArticleLine>| line?.into_row());
            print_rows(out, Format::Csv, &ArticleLine::FIELDS, rows)
        }
    })?;
    Ok(Exit::Done)
}

pub(super) const LISTED: [&str; 8] = [
    "id",
    "published_at",
    "source",
    "verdict",
    "similarity",
    "duplicate_of",
    "story",
    "title",
];

pub(super) fn listed(record: &Record, format: Format) -> Row {
    let table = format == Format::Table;
    let id = |id: String| if table { short(id) } else { id };
    let published = record.article.published.map(|published| published.at);
    let title = &record.article.title;
    row([
        ("id", json!(id(record.id.to_string()))),
        (
            "published_at",
            if table {
                json!(record.article.published.and_then(dated))
            } else {
                json!(published)
            },
        ),
        ("source", json!(record.article.source)),
        ("verdict", json!(record.verdict.as_str())),
        ("similarity", json!(record.similarity.map(|s| format!("{s:.2}")))),
        (
            "duplicate_of",
            json!(record.duplicate_of.map(|of| id(of.to_string()))),
        ),
        ("story", json!(id(record.story.to_string()))),
        ("title", if table { json!(cut(title)) } else { json!(title) }),
    ])
}

/// A publication time, as far as it is known.
fn dated(published: Published) -> Option<String> {
    let form = match published.precision {
        Precision::Second | Precision::Minute => "%Y-%m-%d %H:%M",
        Precision::Day => "%Y-%m-%d",
        Precision::Month => "%Y-%m",
        Precision::Year => "%Y",
        Precision::None => return None,
    };
    Some(published.at.strftime(form).to_string())
}

fn cut(title: &str) -> String {
    let mut cut: String = title.chars().take(TITLE_CHARS).collect();
    if cut.len() < title.len() {
        cut.push('…');
    }
    cut
}

pub(super) fn list(
    reader: &Reader,
    limit: usize,
    source: Option<&str>,
    verdict: Option<Verdict>,
    rows: &Rows,
) -> anyhow::Result<Exit> {
    let wanted = |record: &Record| {
        source.is_none_or(|source| record.article.source == source)
            && verdict.is_none_or(|verdict| record.verdict == verdict)
    };
    let found = reader
        .records(Seq(0))
        .rev()
        .filter(|record| record.as_ref().map_or(true, wanted))
        .take(limit)
        .map(|record| Ok(listed(&record?, rows.format)));
    write_to(rows.to.output.as_ref(), |out| {
        print_rows(out, rows.format, &LISTED, found)
    })?;
    Ok(Exit::Done)
}

pub(super) fn tail(reader: &Reader, lines: usize, format: ArticleFormat) -> anyhow::Result<Exit> {
    let mut last: Vec<ChangeRef> = reader
        .changes(Seq(0))
        .rev()
        .take(lines)
        .collect::<Result<_, _>>()?;
    last.reverse();
    let table = format == ArticleFormat::Table;
    let changes = last.into_iter().map(|change| described(reader, change, table));
    let format = match format {
        ArticleFormat::Table => Format::Table,
        ArticleFormat::Json | ArticleFormat::Jsonl => Format::Jsonl,
    };
    print_rows(
        &mut stdout().lock(),
        format,
        &["seq", "at", "change", "source", "id", "title", "copies"],
        changes,
    )?;
    Ok(Exit::Done)
}

fn described(reader: &Reader, ChangeRef { seq, change }: ChangeRef, table: bool) -> anyhow::Result<Row> {
    let mut regroupings = Vec::new();
    let (at, what, source, id, title) = match change {
        Change::Article => match reader.record(seq)? {
            Some(record) => {
                if let Some(leader) = record.regrouped {
                    regroupings = reader.regroupings_by(leader, seq)?;
                }
                let id = record.id.to_string();
                (
                    Some(record.captured_at),
                    record.verdict.as_str(),
                    record.article.source,
                    Some(id),
                    record.article.title,
                )
            }
            None => (None, "article", String::new(), None, String::new()),
        },
        Change::Sighting => match reader.sighting(seq)? {
            Some(sighting) => {
                let title = reader
                    .record(sighting.of)?
                    .map(|record| record.article.title)
                    .unwrap_or_default();
                let (at, source) = sighting
                    .place
                    .map_or((None, String::new()), |place| (Some(place.seen_at), place.source));
                (at, "seen", source, Some(sighting.article.to_string()), title)
            }
            None => (None, "seen", String::new(), None, String::new()),
        },
        Change::Rejection => match reader.dead_letter(seq)? {
            Some(dead) => {
                let title = dead.rejection.title.unwrap_or(dead.capture_uri);
                (Some(dead.captured_at), "rejected", dead.source, None, title)
            }
            None => (None, "rejected", String::new(), None, String::new()),
        },
    };
    Ok(row([
        ("seq", json!(seq.0)),
        ("at", if table { json!(at.map(time)) } else { json!(at) }),
        ("change", json!(what)),
        ("source", json!(source)),
        ("id", if table { json!(id.map(short)) } else { json!(id) }),
        ("title", if table { json!(cut(&title)) } else { json!(title) }),
        ("copies", regrouped(&regroupings, table)),
    ]))
}

/// What a record changed between copies and their leader.
fn regrouped(lines: &[Regrouping], table: bool) -> Value {
    let word = |line: &Regrouping| match line.what {
        Regrouped::Joined => format!("joins {}", short(line.leader)),
        Regrouped::Left => format!("leaves {}", short(line.leader)),
        Regrouped::LeftBehind => format!("leaves {} behind", short(line.copy)),
        Regrouped::Returned => format!("is again as {}", short(line.copy)),
    };
    if table {
        return json!(lines.iter().map(word).collect::<Vec<_>>().join(", "));
    }
    let line = |line: &Regrouping| {
        json!({
            "what": line.what.as_str(),
            "copy": line.copy.to_string(),
            "leader": line.leader.to_string(),
            "before": line.before.map(|seq| seq.0),
            "after": line.after.map(|seq| seq.0),
        })
    };
    lines.iter().map(line).collect()
}

const DEAD: [&str; 7] = ["seq", "at", "source", "reason", "why", "title", "capture"];

pub(super) fn dead(reader: &Reader, reason: Option<&str>, rows: &Rows) -> anyhow::Result<Exit> {
    let table = rows.format == Format::Table;
    let line = |dead: DeadLetter| {
        let title = dead.rejection.title.unwrap_or_default();
        row([
            ("seq", json!(dead.seq.0)),
            (
                "at",
                if table {
                    json!(time(dead.captured_at))
                } else {
                    json!(dead.captured_at)
                },
            ),
            ("source", json!(dead.source)),
            ("reason", json!(dead.rejection.reason.code())),
            ("why", json!(dead.rejection.reason.to_string())),
            ("title", if table { json!(cut(&title)) } else { json!(title) }),
            ("capture", json!(dead.rejection.url.unwrap_or(dead.capture_uri))),
        ])
    };
    let found = reader
        .dead()
        .filter(|dead| {
            dead.as_ref().map_or(true, |dead| {
                reason.is_none_or(|reason| dead.rejection.reason.code() == reason)
            })
        })
        .map(|dead| Ok(line(dead?)));
    write_to(rows.to.output.as_ref(), |out| {
        print_rows(out, rows.format, &DEAD, found)
    })?;
    Ok(Exit::Done)
}
