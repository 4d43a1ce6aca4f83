//! Reading the store: `export`, `list`, `show`, `story`, `tail`, `dead list`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{Write, stdout};

use depeche_deduplicator::{Aliases, Outline, outline};
use depeche_model::{Article, ArticleId, Precision, Published, Seq, Verdict};
use depeche_store::{Change, ChangeRef, DeadLetter, Reader, Record};
use serde_json::{Value, json};

use super::{article, one};
use crate::cli::{ExportFormat, Format, Rows, ShowFormat, To};
use crate::exit::Exit;
use crate::output::{ArticleLine, Row, flat, print_rows, row, short, time, write_to};

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
        Ok(ArticleLine::new(record, &places))
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

const LISTED: [&str; 8] = [
    "id",
    "published_at",
    "source",
    "verdict",
    "similarity",
    "duplicate_of",
    "story",
    "title",
];

fn listed(record: &Record, format: Format) -> Row {
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

pub(super) fn story(reader: &Reader, digits: &str, rows: &Rows, aliases: &Aliases) -> anyhow::Result<Exit> {
    let digits = digits.to_ascii_lowercase();
    let story = match reader.find_story(&digits)?.as_slice() {
        [] => match reader.find(&digits)?.as_slice() {
            [id] => reader.revisions(*id)?.last().map(|record| record.story),
            found => {
                one(found, &digits, "story or article")?;
                None
            }
        },
        found => Some(one(found, &digits, "story")?),
    };
    let records = story
        .map(|story| reader.story(story))
        .transpose()?
        .unwrap_or_default();
    let found = records.iter().map(|record| Ok(listed(record, rows.format)));
    write_to(rows.to.output.as_ref(), |out| {
        if let (Format::Table, Some(outline)) = (rows.format, outlined(&records, aliases)) {
            writeln!(out, "{}", outline.title)?;
            writeln!(
                out,
                "{} articles from {} sources, {} to {}: {}\n",
                outline.articles,
                outline.sources.len(),
                time(outline.first),
                time(outline.last),
                outline.sources.join(", ")
            )?;
        }
        print_rows(out, rows.format, &LISTED, found)
    })?;
    Ok(Exit::Done)
}

/// The outline of a story that has these records: the latest of each article.
fn outlined(records: &[Record], aliases: &Aliases) -> Option<Outline> {
    let mut latest: Vec<&Record> = Vec::with_capacity(records.len());
    let mut places: HashMap<ArticleId, usize> = HashMap::new();
    for record in records {
        match places.entry(record.id) {
            Entry::Occupied(place) => {
                if let Some(known) = latest.get_mut(*place.get()) {
                    *known = record;
                }
            }
            Entry::Vacant(place) => {
                place.insert(latest.len());
                latest.push(record);
            }
        }
    }
    let articles: Vec<_> = latest
        .iter()
        .map(|record| (&record.article, record.captured_at))
        .collect();
    outline(&articles, aliases)
}

pub(super) fn show(
    reader: &Reader,
    digits: &str,
    format: ShowFormat,
    aliases: &Aliases,
) -> anyhow::Result<Exit> {
    let id = article(reader, digits)?;
    let revisions = reader.revisions(id)?;
    let Some(latest) = revisions.last().cloned() else {
        anyhow::bail!("the article {id} has no record; the store is damaged");
    };
    let places = reader.places(id)?;
    let story = reader.story(latest.story)?;
    let mut out = stdout().lock();
    let mut line = ArticleLine::new(latest.clone(), &places).into_row()?;
    let earlier: Vec<Value> = revisions
        .iter()
        .map(|r| json!({ "revision": r.revision, "seq": r.seq.0, "captured_at": r.captured_at, "title": r.article.title }))
        .collect();
    let others: Vec<Value> = story
        .iter()
        .filter(|record| record.id != id)
        .map(|r| json!({ "id": r.id.to_string(), "verdict": r.verdict.as_str(), "source": r.article.source, "title": r.article.title }))
        .collect();
    if format == ShowFormat::Json {
        line.insert("revisions".to_owned(), Value::Array(earlier));
        line.insert("story_articles".to_owned(), Value::Array(others));
        line.insert(
            "story_outline".to_owned(),
            serde_json::to_value(outlined(&story, aliases))?,
        );
        serde_json::to_writer_pretty(&mut out, &line)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    writeln!(out, "{}\n", latest.article.title)?;
    for (name, value) in &line {
        let aside = ["title", "text", "sightings", "evidence", "captions", "tables"].contains(&name.as_str());
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !aside && !empty {
            writeln!(out, "{:<20} {}", name.replace('_', " "), flat(value))?;
        }
    }
    writeln!(out, "{:<20} {}", "evidence", latest.evidence.rule.as_str())?;
    for (place, verdict) in &places {
        let address = place
            .url
            .as_deref()
            .or(place.feed_url.as_deref())
            .unwrap_or_default();
        let verdict = verdict.map_or("seen", Verdict::as_str);
        writeln!(
            out,
            "{:<20} {} {} {verdict} {address}",
            "seen",
            time(place.seen_at),
            place.source
        )?;
    }
    for record in &revisions {
        writeln!(
            out,
            "{:<20} {} {}",
            format!("revision {}", record.revision),
            time(record.captured_at),
            record.article.title
        )?;
    }
    if let Some(outline) = outlined(&story, aliases).filter(|outline| outline.articles > 1) {
        writeln!(out, "{:<20} {}", "story title", outline.title)?;
        writeln!(
            out,
            "{:<20} {} articles from {} sources, {} to {}",
            "story size",
            outline.articles,
            outline.sources.len(),
            time(outline.first),
            time(outline.last)
        )?;
    }
    for record in story.iter().filter(|record| record.id != id) {
        writeln!(
            out,
            "{:<20} {} {} {}",
            "same story",
            short(record.id),
            record.verdict.as_str(),
            record.article.title
        )?;
    }
    writeln!(out, "\n{}", latest.article.text)?;
    beside(&mut out, &latest.article)?;
    Ok(Exit::Done)
}

/// What stands beside an article's text: its captions, and its tables a row a line.
fn beside(out: &mut impl Write, article: &Article) -> anyhow::Result<()> {
    for caption in &article.captions {
        writeln!(out, "\n[{caption}]")?;
    }
    for table in &article.tables {
        writeln!(out)?;
        for row in &table.0 {
            writeln!(out, "{}", row.join(" | "))?;
        }
    }
    Ok(())
}

pub(super) fn tail(reader: &Reader, lines: usize, format: ShowFormat) -> anyhow::Result<Exit> {
    let mut last: Vec<ChangeRef> = reader
        .changes(Seq(0))
        .rev()
        .take(lines)
        .collect::<Result<_, _>>()?;
    last.reverse();
    let table = format == ShowFormat::Table;
    let changes = last.into_iter().map(|change| described(reader, change, table));
    let format = match format {
        ShowFormat::Table => Format::Table,
        ShowFormat::Json => Format::Jsonl,
    };
    print_rows(
        &mut stdout().lock(),
        format,
        &["seq", "at", "change", "source", "id", "title"],
        changes,
    )?;
    Ok(Exit::Done)
}

fn described(reader: &Reader, ChangeRef { seq, change }: ChangeRef, table: bool) -> anyhow::Result<Row> {
    let (at, what, source, id, title) = match change {
        Change::Article => match reader.record(seq)? {
            Some(record) => {
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
        ("at", json!(at)),
        ("change", json!(what)),
        ("source", json!(source)),
        ("id", if table { json!(id.map(short)) } else { json!(id) }),
        ("title", if table { json!(cut(&title)) } else { json!(title) }),
    ]))
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
