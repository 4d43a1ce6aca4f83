//! `depeche explain`: why an article got its verdict, and how two articles compare.

use std::io::{Write, stdout};

use anyhow::Context as _;
use depeche_deduplicator::{Comparison, explain as compare};
use depeche_model::{Judged, Key, Seq};
use depeche_store::{Reader, Record};
use serde_json::json;

use super::article;
use crate::cli::ShowFormat;
use crate::config::Config;
use crate::exit::Exit;
use crate::output::short;

pub(super) fn explain(
    config: &Config,
    reader: &Reader,
    digits: &str,
    other: Option<&str>,
    format: ShowFormat,
) -> anyhow::Result<Exit> {
    let record = latest(reader, digits)?;
    // Without another article, the one that the verdict compared with.
    let against = match other {
        Some(other) => Some(latest(reader, other)?),
        None => compared_with(reader, &record)?,
    };
    let comparison = match &against {
        Some(against) => Some(compare(
            &judged(reader, record.seq)?,
            &judged(reader, against.seq)?,
            &config.aliases()?,
        )),
        None => None,
    };
    let mut out = stdout().lock();
    match format {
        ShowFormat::Json => {
            let explained = json!({
                "id": record.id.to_string(),
                "verdict": record.verdict.as_str(),
                "rule": record.evidence.rule.as_str(),
                "evidence": record.evidence,
                "against": against.as_ref().map(|against| against.id.to_string()),
                "comparison": comparison,
            });
            serde_json::to_writer_pretty(&mut out, &explained)?;
            writeln!(out)?;
        }
        ShowFormat::Table => {
            writeln!(out, "{}  {}", short(record.id), record.article.title)?;
            writeln!(
                out,
                "  verdict {}, by rule {}",
                record.verdict.as_str(),
                record.evidence.rule.as_str()
            )?;
            match (&against, &comparison) {
                (Some(against), Some(comparison)) => {
                    writeln!(out, "{}  {}", short(against.id), against.article.title)?;
                    print_comparison(&mut out, comparison)?;
                }
                _ => writeln!(out, "  nothing known resembled it when it came")?,
            }
        }
    }
    Ok(Exit::Done)
}

fn latest(reader: &Reader, digits: &str) -> anyhow::Result<Record> {
    let id = article(reader, digits)?;
    reader
        .revisions(id)?
        .pop()
        .with_context(|| format!("the article {id} has no record"))
}

fn compared_with(reader: &Reader, record: &Record) -> anyhow::Result<Option<Record>> {
    if let Some(of) = record.of {
        return Ok(reader.record(of)?);
    }
    match record.evidence.against {
        Some(against) => Ok(reader.revisions(against)?.pop()),
        None => Ok(None),
    }
}

fn judged(reader: &Reader, seq: Seq) -> anyhow::Result<Judged> {
    reader
        .judged(seq)?
        .with_context(|| format!("record {seq} is gone"))
}

fn print_comparison(out: &mut dyn Write, comparison: &Comparison) -> anyhow::Result<()> {
    let mut line = |name: &str, value: String| writeln!(out, "  {name:<24} {value}");
    let keys: Vec<String> = comparison.shared_keys.iter().map(key).collect();
    line(
        "shared keys",
        if keys.is_empty() {
            "none".to_owned()
        } else {
            keys.join(", ")
        },
    )?;
    line("shared fingerprints", comparison.shared_fingerprints.to_string())?;
    line("jaccard", format!("{:.3}", comparison.jaccard))?;
    line("containment", format!("{:.3}", comparison.containment))?;
    line("lead containment", format!("{:.3}", comparison.lead_containment))?;
    line(
        "sentences in common",
        format!("{:.3}", comparison.sentence_containment),
    )?;
    line(
        "numbers in common",
        format!("{:.3}", comparison.numeric_containment),
    )?;
    line(
        "numbers and names in common",
        format!("{:.3}", comparison.fact_containment),
    )?;
    let story = &comparison.story;
    let words = format!(
        "words {:.3}, names {:.3}, days {:.3}, combined {:.3}: {}",
        story.words,
        story.names,
        story.days,
        story.combined,
        if story.is_same_story() {
            "one story"
        } else {
            "two stories"
        }
    );
    line("story similarity", words)?;
    line("apart", format!("{} s", comparison.apart_secs))?;
    let decided = format!(
        "{}, by rule {}",
        comparison.verdict.as_str(),
        comparison.rule.as_str()
    );
    line("these two alone", decided)?;
    for passage in &comparison.passages {
        line("passage in common", format!("« {passage} »"))?;
    }
    for change in comparison
        .rewording
        .iter()
        .flat_map(|rewording| &rewording.changes)
    {
        line(
            "changed",
            format!("« {} » → « {} »", change.removed, change.added),
        )?;
    }
    Ok(())
}

fn key(key: &Key) -> String {
    match key {
        Key::Guid { feed, guid } => format!("guid {guid} of {feed}"),
        Key::Url(url) => url.clone(),
        Key::Body(digest) => format!("body {digest}"),
        Key::Number { site, number } => format!("number {number} of {site}"),
        Key::Entry(digest) => format!("feed, date, title and text {digest}"),
        Key::Capture(uri) => format!("capture {uri}"),
    }
}
