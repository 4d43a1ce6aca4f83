//! `depeche show`: one article with all that is known of it: its fields, versions, copies, places and story.

use std::io::{Write, stdout};

use depeche_deduplicator::Aliases;
use depeche_model::{Article, Evidence, Place, Regrouping, Rewording, Seq, Verdict};
use depeche_store::{Reader, Record};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::article;
use super::cluster::{Cluster, Standing, display_value};
use super::story::{articles, outlined, sentence};
use crate::cli::ArticleFormat;
use crate::exit::Exit;
use crate::output::{ArticleLine, counted, evidence, flat, print_json, rounded, short, similarity, time};

/// Changes of a version, articles of a story and lines of a log that are printed for people; `--format json` has all.
const SHOWN: usize = 20;
/// Characters that are printed of either side of a change.
const CHANGE_CHARS: usize = 240;
/// The width of the names before values.
const NAMES: usize = 20;

/// All that is shown of an article.
struct Shown<'a> {
    reader: &'a Reader,
    latest: Record,
    revisions: Vec<(Record, Option<Rewording>)>,
    places: Vec<(Place, Option<Verdict>)>,
    /// Its own copies, and the log of them.
    cluster: Cluster,
    /// What it has to do with the leader that it repeats or repeated.
    joined: Vec<(Seq, Regrouping)>,
    leader: Option<Record>,
    story: Vec<Record>,
    aliases: &'a Aliases,
}

pub(super) fn show(
    reader: &Reader,
    digits: &str,
    format: ArticleFormat,
    aliases: &Aliases,
) -> anyhow::Result<Exit> {
    let id = article(reader, digits)?;
    let revisions = reader
        .revisions(id)?
        .into_iter()
        .map(|record| {
            let rewording = reader.rewording(record.seq)?;
            Ok((record, rewording))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let (Some((first, _)), Some((latest, _))) = (revisions.first(), revisions.last()) else {
        anyhow::bail!("the article {id} has no record; the store is damaged: run `depeche verify`");
    };
    let leader = match first.duplicate_of {
        Some(leader) => reader.latest(leader)?,
        None => None,
    };
    let mut joined = Vec::new();
    if let Some(leader) = &leader {
        joined = reader.regroupings(leader.id)?;
        joined.retain(|(_, line)| line.copy == id);
    }
    let shown = Shown {
        reader,
        places: reader.places(id)?,
        cluster: Cluster::of(reader, latest)?,
        joined,
        leader,
        story: articles(reader.story(latest.story)?),
        latest: latest.clone(),
        revisions,
        aliases,
    };
    let mut out = stdout().lock();
    let mut line = ArticleLine::new(
        shown.latest.clone(),
        &shown.places,
        shown.cluster.display().map_or(Value::Null, display_value),
    )
    .into_row()?;
    if format == ArticleFormat::Table {
        shown.print(&mut out, &line)?;
    } else {
        shown.complete(&mut line)?;
        print_json(&mut out, format, &line)?;
    }
    Ok(Exit::Done)
}

impl Shown<'_> {
    /// Adds to an article's line what `show` alone has.
    fn complete(&self, line: &mut Map<String, Value>) -> anyhow::Result<()> {
        let revisions = self.revisions.iter().map(|(record, rewording)| {
            json!({
                "revision": record.revision,
                "seq": record.seq.0,
                "captured_at": record.captured_at,
                "title": record.article.title,
                "verdict": record.verdict.as_str(),
                "evidence": evidence(&record.evidence),
                "rewording": rewording,
            })
        });
        let duplicates = self.cluster.copies.iter().map(|copy| {
            let record = &copy.joined;
            json!({
                "id": record.id.to_string(),
                "verdict": record.verdict.as_str(),
                "similarity": record.similarity.map(rounded),
                "source": record.article.source,
                "url": record.article.url,
                "captured_at": record.captured_at,
                "title": copy.latest.article.title,
                "word_count": copy.latest.article.word_count,
                "revision": copy.latest.revision,
                "standing": copy.standing.as_str(),
            })
        });
        let story = self
            .story
            .iter()
            .filter(|record| record.id != self.latest.id)
            .map(|r| {
                json!({
                    "id": r.id.to_string(),
                    "verdict": r.verdict.as_str(),
                    "source": r.article.source,
                    "title": r.article.title,
                })
            });
        line.insert("revisions".to_owned(), revisions.collect());
        line.insert("duplicates".to_owned(), duplicates.collect());
        line.insert("regroupings".to_owned(), Value::Array(self.log()?));
        line.insert("story_articles".to_owned(), story.collect());
        line.insert(
            "story_outline".to_owned(),
            serde_json::to_value(outlined(&self.story, self.aliases))?,
        );
        Ok(())
    }

    /// The lines of both logs: what happened between it and its copies, and between it and its leader.
    fn log(&self) -> anyhow::Result<Vec<Value>> {
        self.lines()
            .map(|(seq, line)| {
                Ok(json!({
                    "seq": seq.0,
                    "at": self.told_at(*seq)?,
                    "what": line.what.as_str(),
                    "copy": line.copy.to_string(),
                    "leader": line.leader.to_string(),
                    "version": line.version.0,
                    "before": line.before.map(|seq| seq.0),
                    "after": line.after.map(|seq| seq.0),
                    "evidence": evidence(&line.evidence),
                }))
            })
            .collect()
    }

    fn lines(&self) -> impl Iterator<Item = &(Seq, Regrouping)> {
        self.joined.iter().chain(&self.cluster.log)
    }

    /// When the record that tells something was captured.
    fn told_at(&self, seq: Seq) -> anyhow::Result<Option<Timestamp>> {
        Ok(self.reader.record(seq)?.map(|record| record.captured_at))
    }

    fn print(&self, out: &mut impl Write, line: &Map<String, Value>) -> anyhow::Result<()> {
        writeln!(out, "{}\n", self.latest.article.title)?;
        // Told below, in words.
        let aside = [
            "title",
            "text",
            "sightings",
            "evidence",
            "captions",
            "tables",
            "duplicate_of",
            "similarity",
            "story",
            "display",
            "revision",
        ];
        for (name, value) in line {
            let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if !aside.contains(&name.as_str()) && !is_empty {
                writeln!(out, "{:<NAMES$} {}", name.replace('_', " "), flat(value))?;
            }
        }
        // A version is compared with the one before it, which has the same id.
        let latest = &self.latest;
        let evidence = Evidence {
            against: latest.evidence.against.filter(|against| *against != latest.id),
            ..latest.evidence.clone()
        };
        writeln!(out, "{:<NAMES$} {}", "evidence", similarity(&evidence))?;
        if let Some(leader) = self.latest.duplicate_of {
            let title = match &self.leader {
                Some(leader) => format!(", {}: {}", leader.article.source, leader.article.title),
                None => String::new(),
            };
            writeln!(out, "{:<NAMES$} {}{title}", "duplicate of", short(leader))?;
        }
        if let Some(copy) = self.cluster.display() {
            writeln!(
                out,
                "{:<NAMES$} {}, {} of {}: the fullest text of its copies",
                "display",
                short(copy.id),
                counted(copy.article.word_count as usize, "word"),
                copy.article.source
            )?;
        }
        self.print_revisions(out)?;
        self.print_copies(out)?;
        self.print_log(out)?;
        heading(out, "seen", self.places.len(), "place")?;
        for (place, verdict) in &self.places {
            let address = place.url.as_deref().or(place.feed_url.as_deref());
            let told = format!(
                "  {}  {:<12}  {}  {}",
                time(place.seen_at),
                verdict.map_or("seen", Verdict::as_str),
                place.source,
                address.unwrap_or_default()
            );
            tell(out, &told)?;
        }
        self.print_story(out)?;
        writeln!(out, "\n{}", self.latest.article.text)?;
        Ok(beside(out, &self.latest.article)?)
    }

    /// The chain of versions, each with what it changed.
    fn print_revisions(&self, out: &mut impl Write) -> anyhow::Result<()> {
        heading(out, "revisions", self.revisions.len(), "version")?;
        // The latest one's stands at the top.
        let mut title = match self.revisions.as_slice() {
            [_] => &self.latest.article.title,
            _ => "",
        };
        for (record, rewording) in &self.revisions {
            let told = if record.article.title == title {
                ""
            } else {
                &record.article.title
            };
            let number = record.revision;
            tell(out, &format!("  {}  {number}  {told}", time(record.captured_at)))?;
            if number > 1 {
                // Against the version before it, which stands above.
                let evidence = Evidence {
                    against: None,
                    ..record.evidence.clone()
                };
                tell(out, &format!("    {}", similarity(&evidence)))?;
            }
            if let Some(rewording) = rewording {
                writeln!(out, "    {}", changed(rewording))?;
                print_changes(out, rewording)?;
            }
            title = &record.article.title;
        }
        Ok(())
    }

    fn print_copies(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let copies = &self.cluster.copies;
        if copies.is_empty() {
            return Ok(());
        }
        heading(out, "duplicates", copies.len(), "copy")?;
        for copy in copies {
            let record = &copy.joined;
            let verdict = match record.similarity {
                Some(similarity) => format!("{} {similarity:.2}", record.verdict.as_str()),
                None => record.verdict.as_str().to_owned(),
            };
            let standing = match copy.standing {
                Standing::Copy => "",
                Standing::LeftBehind => "  (of an earlier version)",
                Standing::Left => "  (no longer: its text is another now)",
            };
            let address = record.article.url.as_deref().unwrap_or_default();
            let told = format!(
                "  {}  {}  {verdict:<17}  {}  {address}{standing}",
                time(record.captured_at),
                short(record.id),
                record.article.source,
            );
            tell(out, &told)?;
        }
        Ok(())
    }

    fn print_log(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let count = self.lines().count();
        if count == 0 {
            return Ok(());
        }
        heading(out, "log of copies", count, "line")?;
        for (seq, line) in self.lines().take(SHOWN) {
            let at = self.told_at(*seq)?.map(time).unwrap_or_default();
            let of = |record: Option<Seq>| match record {
                Some(seq) => format!("a copy of record {seq}"),
                None => "none".to_owned(),
            };
            writeln!(
                out,
                "  {at}  {}  {:<11}  {} → {}  {}",
                short(line.copy),
                line.what.as_str().replace('_', " "),
                of(line.before),
                of(line.after),
                similarity(&line.evidence)
            )?;
        }
        more(out, count)
    }

    fn print_story(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let Some(outline) = outlined(&self.story, self.aliases) else {
            return Ok(());
        };
        let id = short(self.latest.story);
        if outline.articles < 2 {
            writeln!(out, "{:<NAMES$} {id}, of this article alone", "story")?;
            return Ok(());
        }
        writeln!(out, "{:<NAMES$} {id}: {}", "story", outline.title)?;
        writeln!(out, "  {}", sentence(&outline))?;
        let others = || self.story.iter().filter(|record| record.id != self.latest.id);
        for record in others().take(SHOWN) {
            writeln!(
                out,
                "  {}  {:<12}  {}: {}",
                short(record.id),
                record.verdict.as_str(),
                record.article.source,
                record.article.title
            )?;
        }
        more(out, others().count())
    }
}

/// A line without the spaces that stand before what is not there.
fn tell(out: &mut impl Write, told: &str) -> anyhow::Result<()> {
    Ok(writeln!(out, "{}", told.trim_end())?)
}

/// A name with how many lines follow.
fn heading(out: &mut impl Write, name: &str, count: usize, what: &str) -> anyhow::Result<()> {
    Ok(writeln!(out, "{name:<NAMES$} {}", counted(count, what))?)
}

/// Says how much is not printed.
fn more(out: &mut impl Write, count: usize) -> anyhow::Result<()> {
    if count > SHOWN {
        writeln!(out, "  and {} more; `--format json` has all", count - SHOWN)?;
    }
    Ok(())
}

/// How much a version changed.
pub(super) fn changed(rewording: &Rewording) -> String {
    match (rewording.words_removed as usize, rewording.words_added as usize) {
        (0, 0) => "no word of the text changed".to_owned(),
        (removed, added) => format!("{} out, {} in", counted(removed, "word"), counted(added, "word")),
    }
}

/// What a version changed, as people read it.
pub(super) fn print_changes(out: &mut dyn Write, rewording: &Rewording) -> anyhow::Result<()> {
    for change in rewording.changes.iter().take(SHOWN) {
        let (removed, added) = (shortened(&change.removed), shortened(&change.added));
        match (removed.as_str(), added.as_str()) {
            ("", added) => writeln!(out, "    + « {added} »")?,
            (removed, "") => writeln!(out, "    - « {removed} »")?,
            (removed, added) => writeln!(out, "    « {removed} » → « {added} »")?,
        }
    }
    let stretches = rewording.changes.len() + rewording.left_out as usize;
    if stretches > SHOWN {
        writeln!(out, "    and {} more stretches", stretches - SHOWN)?;
    }
    Ok(())
}

fn shortened(words: &str) -> String {
    let mut shortened: String = words.chars().take(CHANGE_CHARS).collect();
    if shortened.len() < words.len() && !shortened.ends_with('…') {
        shortened.push('…');
    }
    shortened
}

/// What stands beside an article's text: its captions, and its tables a row a line.
fn beside(out: &mut impl Write, article: &Article) -> std::io::Result<()> {
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
