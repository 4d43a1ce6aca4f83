//! A leader with its copies as they stand now, told from the log of its copies.

use depeche_deduplicator::{Copied, display};
use depeche_model::{ArticleId, Regrouped, Regrouping, Seq};
use depeche_store::{Reader, Record};
use serde_json::{Value, json};

/// How a copy stands to its leader now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It resembles the leader's latest text.
    Copy,
    /// It repeats an earlier version of its leader.
    LeftBehind,
    /// A later version of it is another text: it is an article of its own.
    Left,
}

impl Standing {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::LeftBehind => "left_behind",
            Self::Left => "left",
        }
    }
}

/// A copy: the record by which it joined, and its latest.
pub(super) struct CopyNow {
    pub(super) joined: Record,
    pub(super) latest: Record,
    pub(super) standing: Standing,
}

/// The copies of a leader.
pub(super) struct Cluster {
    /// All that ever joined it, in that order.
    pub(super) copies: Vec<CopyNow>,
    /// Each change, with the record that told it.
    pub(super) log: Vec<(Seq, Regrouping)>,
    /// The copy whose text stands for all of them; `None` where the leader's own does.
    display: Option<usize>,
}

impl Cluster {
    /// The copies of the article that a record is the latest of.
    pub(super) fn of(reader: &Reader, leader: &Record) -> anyhow::Result<Self> {
        let log = reader.regroupings(leader.id)?;
        let mut found: Vec<(ArticleId, Seq, Standing)> = Vec::new();
        for (seq, line) in &log {
            if line.what == Regrouped::Joined {
                found.push((line.copy, *seq, Standing::Copy));
            } else if let Some((_, _, standing)) = found.iter_mut().find(|(copy, ..)| *copy == line.copy) {
                *standing = match line.what {
                    Regrouped::Joined | Regrouped::Returned => Standing::Copy,
                    Regrouped::LeftBehind => Standing::LeftBehind,
                    Regrouped::Left => Standing::Left,
                };
            }
        }
        let mut copies = Vec::with_capacity(found.len());
        for (copy, seq, standing) in found {
            // Both are there in a sound store; of another one `verify` tells.
            let Some(latest) = reader.latest(copy)? else {
                continue;
            };
            let joined = if latest.seq == seq {
                Some(latest.clone())
            } else {
                reader.record(seq)?
            };
            if let Some(joined) = joined {
                // A copy whose leader was forgotten before its later version came left it without a word.
                let standing = if latest.duplicate_of == Some(leader.id) {
                    standing
                } else {
                    Standing::Left
                };
                copies.push(CopyNow {
                    joined,
                    latest,
                    standing,
                });
            }
        }
        let candidates = copies.iter().map(|copy| Copied {
            words: copy.latest.article.word_count,
            verdict: copy.joined.verdict,
            evidence: &copy.joined.evidence,
            is_current: copy.standing == Standing::Copy,
        });
        let display = display(leader.article.word_count, candidates);
        Ok(Self { copies, log, display })
    }

    /// The copy whose text stands for all of them, if it is not the leader's own.
    pub(super) fn display(&self) -> Option<&Record> {
        Some(&self.copies.get(self.display?)?.latest)
    }
}

/// The text that stands for an article, where it is a copy's, as `export` and `show` write it.
pub(super) fn displayed(reader: &Reader, record: &Record) -> anyhow::Result<Value> {
    if record.duplicate_of.is_some() {
        return Ok(Value::Null);
    }
    let cluster = Cluster::of(reader, record)?;
    if cluster.display().is_none() {
        return Ok(Value::Null);
    }
    // Of earlier versions it is the latest one that says it.
    match (cluster.display(), reader.latest(record.id)?) {
        (Some(copy), Some(latest)) if latest.seq == record.seq => Ok(display_value(copy)),
        _ => Ok(Value::Null),
    }
}

/// A text that stands for another article's.
pub(super) fn display_value(copy: &Record) -> Value {
    json!({
        "id": copy.id.to_string(),
        "source": copy.article.source,
        "url": copy.article.url,
        "title": copy.article.title,
        "word_count": copy.article.word_count,
        "text": copy.article.text,
    })
}
