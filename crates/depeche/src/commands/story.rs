//! `depeche story`: the articles of one event, and what the story is called by.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use depeche_deduplicator::{Aliases, Outline, outline};
use depeche_model::ArticleId;
use depeche_store::{Reader, Record};
use serde_json::{Value, json};

use super::one;
use super::read::{LISTED, listed};
use crate::cli::{Format, Rows};
use crate::exit::Exit;
use crate::output::{counted, print_rows, time, write_to};

pub(super) fn story(reader: &Reader, digits: &str, rows: &Rows, aliases: &Aliases) -> anyhow::Result<Exit> {
    let digits = digits.to_ascii_lowercase();
    // The digits may begin a story's id, and an article's.
    let mut found = reader.find_story(&digits)?;
    for id in reader.find(&digits)? {
        let Some(latest) = reader.latest(id)? else {
            anyhow::bail!("the article {id} has no record; the store is damaged: run `depeche verify`");
        };
        if !found.contains(&latest.story) {
            found.push(latest.story);
        }
    }
    let story = one(&found, &digits, "story or article")?;
    let articles = articles(reader.story(story)?);
    let outline = outlined(&articles, aliases);
    write_to(rows.to.output.as_ref(), |out| {
        let mut lines = articles.iter().map(|record| listed(record, rows.format));
        match (rows.format, outline) {
            (Format::Json, Some(outline)) => {
                let told = json!({
                    "id": story.to_string(),
                    "title": outline.title,
                    "first": outline.first,
                    "last": outline.last,
                    "sources": outline.sources,
                    "size": outline.articles,
                    "articles": lines.map(Value::Object).collect::<Vec<_>>(),
                });
                serde_json::to_writer_pretty(&mut *out, &told)?;
                Ok(writeln!(out)?)
            }
            (Format::Table, Some(outline)) => {
                writeln!(out, "{}\n{}\n", outline.title, sentence(&outline))?;
                print_rows(out, rows.format, &LISTED, lines.by_ref().map(Ok))
            }
            (format, _) => print_rows(out, format, &LISTED, lines.by_ref().map(Ok)),
        }
    })?;
    Ok(Exit::Done)
}

/// The articles behind the records of a story: the latest of each, in the order in which they came to it.
pub(super) fn articles(records: Vec<Record>) -> Vec<Record> {
    let mut latest: Vec<Record> = Vec::with_capacity(records.len());
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
    latest
}

/// The outline of a story of these articles.
pub(super) fn outlined(articles: &[Record], aliases: &Aliases) -> Option<Outline> {
    let articles: Vec<_> = articles
        .iter()
        .map(|record| (&record.article, record.captured_at))
        .collect();
    outline(&articles, aliases)
}

/// Size, sources and time of a story.
pub(super) fn sentence(outline: &Outline) -> String {
    let size = format!(
        "{} from {}",
        counted(outline.articles, "article"),
        counted(outline.sources.len(), "source")
    );
    let (first, last) = (time(outline.first), time(outline.last));
    let sources = outline.sources.join(", ");
    if first == last {
        format!("{size}, {first}: {sources}")
    } else {
        format!("{size}, {first} to {last}: {sources}")
    }
}
