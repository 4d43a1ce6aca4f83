//! One article as one line: the export's fields, in their frozen order (additions at the end only).

use depeche_model::{Article, Evidence, Place, Precision, Table, Verdict, Warning};
use depeche_store::Record;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::rows::{counted, short};

/// A line of the export.
#[derive(Serialize)]
pub(crate) struct ArticleLine {
    id: String,
    seq: u64,
    #[serde(flatten)]
    head: Head,
    first_seen_at: Timestamp,
    #[serde(flatten)]
    body: Body,
    verdict: &'static str,
    duplicate_of: Option<String>,
    similarity: Option<f64>,
    evidence: Value,
    story: String,
    revision: u32,
    sightings: Vec<Value>,
    #[serde(flatten)]
    tail: Tail,
    display: Value,
}

#[derive(Serialize)]
struct Head {
    url: Option<String>,
    canonical_url: Option<String>,
    title: String,
    summary: Option<String>,
    text: String,
    published_at: Option<Timestamp>,
    published_precision: &'static str,
    updated_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Body {
    source: String,
    feed_url: Option<String>,
    guid: Option<String>,
    language: String,
    language_confidence: f64,
    authors: Vec<String>,
    categories: Vec<String>,
    image: Option<String>,
    word_count: u32,
    content_from: &'static str,
}

/// What stands behind the verdict, and at the end of a line that has none.
#[derive(Serialize)]
struct Tail {
    warnings: Vec<String>,
    captions: Vec<String>,
    tables: Vec<Table>,
}

fn split(article: Article) -> (Head, Body, Tail) {
    let head = Head {
        url: article.url,
        canonical_url: article.canonical_url,
        title: article.title,
        summary: article.summary,
        text: article.text,
        published_at: article.published.map(|published| published.at),
        published_precision: article
            .published
            .map_or(Precision::None, |published| published.precision)
            .as_str(),
        updated_at: article.updated_at,
    };
    let body = Body {
        source: article.source,
        feed_url: article.feed_url,
        guid: article.guid,
        language: article.language,
        language_confidence: rounded(article.language_confidence),
        authors: article.authors,
        categories: article.categories,
        image: article.image,
        word_count: article.word_count,
        content_from: article.content_from.as_str(),
    };
    let tail = Tail {
        warnings: article.warnings.iter().map(Warning::to_string).collect(),
        captions: article.captions,
        tables: article.tables,
    };
    (head, body, tail)
}

impl ArticleLine {
    /// The columns, in order.
    pub(crate) const FIELDS: [&'static str; 32] = [
        "id",
        "seq",
        "url",
        "canonical_url",
        "title",
        "summary",
        "text",
        "published_at",
        "published_precision",
        "updated_at",
        "first_seen_at",
        "source",
        "feed_url",
        "guid",
        "language",
        "language_confidence",
        "authors",
        "categories",
        "image",
        "word_count",
        "content_from",
        "verdict",
        "duplicate_of",
        "similarity",
        "evidence",
        "story",
        "revision",
        "sightings",
        "warnings",
        "captions",
        "tables",
        "display",
    ];

    /// A record with where it was seen, and the text that stands for it where that is a copy's.
    pub(crate) fn new(record: Record, places: &[(Place, Option<Verdict>)], display: Value) -> Self {
        let (head, body, tail) = split(record.article);
        Self {
            id: record.id.to_string(),
            seq: record.seq.0,
            head,
            first_seen_at: record.first_seen_at,
            body,
            verdict: record.verdict.as_str(),
            duplicate_of: record.duplicate_of.map(|id| id.to_string()),
            similarity: record.similarity.map(rounded),
            evidence: evidence(&record.evidence),
            story: record.story.to_string(),
            revision: record.revision,
            sightings: places
                .iter()
                .map(|(place, verdict)| sighting(place, *verdict))
                .collect(),
            tail,
            display,
        }
    }

    /// The line as named values.
    pub(crate) fn into_row(self) -> anyhow::Result<Map<String, Value>> {
        match serde_json::to_value(self)? {
            Value::Object(row) => Ok(row),
            _ => anyhow::bail!("an article line is no object"),
        }
    }
}

/// The line of an article that is in no store: the fields normalising gives.
pub(crate) fn parsed_line(article: Article) -> anyhow::Result<Map<String, Value>> {
    let (head, body, tail) = split(article);
    let mut line = Map::new();
    for part in [
        serde_json::to_value(head)?,
        serde_json::to_value(body)?,
        serde_json::to_value(tail)?,
    ] {
        if let Value::Object(fields) = part {
            line.extend(fields);
        }
    }
    // An entry of a feed may be a link and nothing else.
    if line.get("title").and_then(Value::as_str) == Some("") {
        line.insert("title".to_owned(), Value::Null);
    }
    Ok(line)
}

/// Evidence as `export` and `show` write it.
pub(crate) fn evidence(evidence: &Evidence) -> Value {
    json!({
        "rule": evidence.rule.as_str(),
        "against": evidence.against.map(|id| id.to_string()),
        "jaccard": evidence.jaccard.map(rounded),
        "containment": evidence.containment.map(rounded),
        "lead_containment": evidence.lead_containment.map(rounded),
        "shared_fingerprints": evidence.shared_fingerprints,
        "on_full_texts": evidence.on_full_texts,
    })
}

/// Evidence in a line, for people: the rule, and what it looked at.
pub(crate) fn similarity(evidence: &Evidence) -> String {
    let values = [
        ("J", evidence.jaccard),
        ("C", evidence.containment),
        ("lead C", evidence.lead_containment),
    ];
    let mut looked_at: Vec<String> = values
        .iter()
        .filter_map(|(name, value)| Some(format!("{name} {:.3}", (*value)?)))
        .collect();
    if evidence.jaccard.is_some() && !evidence.on_full_texts {
        looked_at.push("estimated".to_owned());
    }
    if let Some(shared) = evidence.shared_fingerprints {
        looked_at.push(counted(shared as usize, "shared fingerprint"));
    }
    if let Some(against) = evidence.against {
        looked_at.push(format!("against {}", short(against)));
    }
    let rule = format!("rule {}", evidence.rule.as_str());
    if looked_at.is_empty() {
        rule
    } else {
        format!("{rule}: {}", looked_at.join(", "))
    }
}

fn sighting(place: &Place, verdict: Option<Verdict>) -> Value {
    json!({
        "source": place.source,
        "feed_url": place.feed_url,
        "url": place.url,
        "seen_at": place.seen_at,
        "verdict": verdict.map(Verdict::as_str),
    })
}

/// Four decimals: more would print the noise of 32-bit floats.
pub(crate) fn rounded(value: f32) -> f64 {
    (f64::from(value) * 10_000.0).round() / 10_000.0
}
