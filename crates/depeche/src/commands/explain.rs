//! `depeche explain`: why an article got its verdict, and how two articles compare.

use std::io::{Write, stdout};

use anyhow::Context as _;
use depeche_deduplicator::{Comparison, NEAR_JACCARD, PART_CONTAINMENT, explain as compare};
use depeche_model::{Judged, Key, Seq};
use depeche_store::{Reader, Record};
use serde_json::{Value, json};

use super::article;
use super::show::{changed, print_changes};
use crate::cli::ArticleFormat;
use crate::config::Config;
use crate::exit::Exit;
use crate::output::{evidence, print_json, short, similarity, time};

/// The width of the names before values.
const NAMES: usize = 28;

pub(super) fn explain(
    config: &Config,
    reader: &Reader,
    digits: &str,
    other: Option<&str>,
    format: ArticleFormat,
) -> anyhow::Result<Exit> {
    let record = latest(reader, digits)?;
    // Without another article, the one that the verdict compared with.
    let against = match other {
        Some(other) => Some(latest(reader, other)?),
        None => compared_with(reader, &record)?,
    };
    let compared = match &against {
        Some(against) => {
            let (a, b) = (judged(reader, record.seq)?, judged(reader, against.seq)?);
            let comparison = compare(&a, &b, &config.aliases()?);
            Some((against, keys(&a, &b), comparison))
        }
        None => None,
    };
    let mut out = stdout().lock();
    if format == ArticleFormat::Table {
        print_record(&mut out, &record)?;
        match compared {
            Some((against, keys, comparison)) => {
                print_record(&mut out, against)?;
                if record.seq == against.seq {
                    writeln!(out, "  these are one and the same record")?;
                }
                print_keys(&mut out, &keys)?;
                print_comparison(&mut out, &comparison)?;
            }
            None => writeln!(out, "  nothing known resembled it when it came")?,
        }
        return Ok(Exit::Done);
    }
    let (keys, comparison) = match &compared {
        Some((_, keys, comparison)) => (keys.iter().map(KeyPair::value).collect(), Some(comparison)),
        None => (Value::Null, None),
    };
    let explained = json!({
        "id": record.id.to_string(),
        "verdict": record.verdict.as_str(),
        "rule": record.evidence.rule.as_str(),
        "evidence": evidence(&record.evidence),
        "against": against.as_ref().map(|against| against.id.to_string()),
        "comparison": comparison,
        "keys": keys,
    });
    print_json(&mut out, format, &explained)?;
    Ok(Exit::Done)
}

/// The keys of one kind under which either of two articles is known.
struct KeyPair {
    kind: &'static str,
    a: Option<String>,
    b: Option<String>,
}

impl KeyPair {
    fn is_shared(&self) -> bool {
        self.a.is_some() && self.a == self.b
    }

    fn value(&self) -> Value {
        json!({ "kind": self.kind, "a": self.a, "b": self.b, "is_shared": self.is_shared() })
    }
}

/// Every kind of key that one of them has, in the order in which keys are looked at.
fn keys(a: &Judged, b: &Judged) -> Vec<KeyPair> {
    let of = |judged: &Judged, wanted: &str| {
        let mut written = judged.record.keys.iter().map(key);
        written.find(|(kind, _)| *kind == wanted).map(|(_, key)| key)
    };
    ["guid", "address", "number", "entry", "body"]
        .into_iter()
        .map(|kind| KeyPair {
            kind,
            a: of(a, kind),
            b: of(b, kind),
        })
        .filter(|pair| pair.a.is_some() || pair.b.is_some())
        .collect()
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

/// What a record is and what was decided about it.
fn print_record(out: &mut dyn Write, record: &Record) -> anyhow::Result<()> {
    writeln!(
        out,
        "{}  {}, {}: {}",
        short(record.id),
        record.article.source,
        time(record.captured_at),
        record.article.title
    )?;
    writeln!(
        out,
        "  verdict {}, by {}",
        record.verdict.as_str(),
        similarity(&record.evidence)
    )?;
    Ok(())
}

fn print_keys(out: &mut dyn Write, keys: &[KeyPair]) -> anyhow::Result<()> {
    let none = || "none".to_owned();
    for pair in keys {
        let name = format!("{} compared", pair.kind);
        let (a, b) = (
            pair.a.clone().unwrap_or_else(none),
            pair.b.clone().unwrap_or_else(none),
        );
        if pair.is_shared() {
            writeln!(out, "  {name:<NAMES$} the same: {a}")?;
        } else {
            writeln!(out, "  {name:<NAMES$} {a}")?;
            writeln!(out, "  {:<NAMES$} {b}", "")?;
        }
    }
    Ok(())
}

fn print_comparison(out: &mut dyn Write, comparison: &Comparison) -> anyhow::Result<()> {
    let mut line = |name: &str, value: String| writeln!(out, "  {name:<NAMES$} {value}");
    line("shared fingerprints", comparison.shared_fingerprints.to_string())?;
    let near = format!("  (near from {NEAR_JACCARD:.2})");
    let part = format!("  (a part from {PART_CONTAINMENT:.2})");
    let lead = format!("  (of short texts, a teaser from {PART_CONTAINMENT:.2})");
    for (name, share, note) in [
        ("jaccard (J)", comparison.jaccard, near.as_str()),
        ("containment (C)", comparison.containment, &part),
        ("lead containment (lead C)", comparison.lead_containment, &lead),
        ("sentences in common", comparison.sentence_containment, ""),
        ("numbers in common", comparison.numeric_containment, ""),
        ("numbers and names in common", comparison.fact_containment, ""),
        ("places filled alike", comparison.place_agreement, ""),
    ] {
        line(name, format!("{share:.3}{note}"))?;
    }
    let story = &comparison.story;
    let told = if story.is_same_story() {
        "one story"
    } else {
        "two stories"
    };
    line(
        "story similarity",
        format!(
            "words {:.3}, names {:.3}, days {:.3}, combined {:.3}: {told}",
            story.words, story.names, story.days, story.combined
        ),
    )?;
    line("apart", apart(comparison.apart_secs))?;
    line(
        "these two alone",
        format!(
            "{}, by rule {}",
            comparison.verdict.as_str(),
            comparison.rule.as_str()
        ),
    )?;
    for passage in &comparison.passages {
        line("passage in common", format!("« {} »", shortened(passage)))?;
    }
    if let Some(rewording) = &comparison.rewording {
        line("changed", changed(rewording))?;
        print_changes(out, rewording)?;
    }
    Ok(())
}

/// A time between two articles.
fn apart(secs: i64) -> String {
    let (days, hours, minutes) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{secs} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// A passage as it is printed: of a long one its beginning and its length.
fn shortened(passage: &str) -> String {
    const WORDS: usize = 60;
    let count = passage.split_whitespace().count();
    if count <= WORDS {
        return passage.to_owned();
    }
    let beginning: Vec<&str> = passage.split_whitespace().take(WORDS).collect();
    format!("{} […] ({count} words)", beginning.join(" "))
}

/// A key by its kind, as people read it.
fn key(key: &Key) -> (&'static str, String) {
    match key {
        Key::Guid { feed, guid } => ("guid", format!("{guid} of {feed}")),
        Key::Url(url) => ("address", url.clone()),
        Key::Body(digest) => ("body", digest.to_string()),
        Key::Number { site, number } => ("number", format!("{number} of {site}")),
        Key::Entry(digest) => ("entry", digest.to_string()),
        Key::Capture(uri) => ("capture", uri.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_between_two_articles_is_told_in_its_two_largest_units() {
        for (secs, told) in [
            (0, "0 s"),
            (59, "59 s"),
            (3_540, "59 min"),
            (7_260, "2 h 1 min"),
            (200_000, "2 d 7 h"),
        ] {
            assert_eq!(apart(secs), told);
        }
    }

    #[test]
    fn a_long_passage_is_told_by_its_beginning_and_its_length() {
        assert_eq!(shortened("le pont est fermé"), "le pont est fermé");
        let long = shortened(&"mot ".repeat(61));
        assert!(long.ends_with("mot […] (61 words)"), "{long}");
    }
}
