//! Replayed files: a seed text, a page, a feed, or articles as JSON lines in the field names of the export.
//!
//! The content decides, then the media type and the name: see [`depeche_feed::sniff`]. JSON that cannot be read is rejected
//! with the line and column of the error.

use depeche_model::{
    Capture, ContentFrom, Digest, Key, Output, Precision, Published, Rejection, RejectionReason, Table,
    WarningCode,
};
use serde::Deserialize;

use crate::article::Draft;
use crate::language::Detector;
use crate::text::{Repairs, clean_line, clean_text, shorten};
use crate::urls;
use depeche_feed::Format;
use depeche_feed::{DateContext, of_timestamp, read_date};

/// Characters of a date that cannot be read.
const MAX_DETAIL_CHARS: usize = 120;

/// What a replayed file is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The seed text format.
    Seed,
    /// An HTML page.
    Page,
    /// A feed of any kind.
    Feed,
    /// One article a line, or one JSON document.
    Json,
}

/// How to read a file that looks like `format`.
pub(crate) fn reading(format: Format, capture: &Capture) -> Reading {
    let labelled = capture
        .content_type()
        .map(|label| label.split(';').next().unwrap_or("").trim().to_ascii_lowercase())
        .unwrap_or_default();
    let extension = file_name(&capture.uri)
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .unwrap_or_default();
    let is_text = labelled == "text/plain" || (labelled.is_empty() && extension == "txt");
    match format {
        // An article about HTML may begin with a tag; its label says that it is prose.
        Format::XmlFeed | Format::JsonFeed => Reading::Feed,
        _ if is_text => Reading::Seed,
        Format::Html | Format::OtherXml => Reading::Page,
        Format::Json => Reading::Json,
        Format::Prose
            if labelled.ends_with("json") || ["json", "jsonl", "ndjson"].contains(&extension.as_str()) =>
        {
            Reading::Json
        }
        Format::Prose
            if labelled == "text/html" || ["html", "htm", "xhtml"].contains(&extension.as_str()) =>
        {
            Reading::Page
        }
        Format::Prose => Reading::Seed,
    }
}

/// The last path component.
pub(crate) fn file_name(uri: &str) -> &str {
    uri.rsplit(['/', '\\'])
        .find(|part| !part.is_empty())
        .unwrap_or(uri)
}

/// An article in the field names of the export. Unknown fields are left alone.
#[derive(Debug, Deserialize)]
struct Line {
    text: Option<String>,
    url: Option<String>,
    title: Option<String>,
    summary: Option<String>,
    published_at: Option<String>,
    published_precision: Option<Precision>,
    updated_at: Option<String>,
    source: Option<String>,
    feed_url: Option<String>,
    guid: Option<String>,
    #[serde(default)]
    authors: Option<Vec<String>>,
    #[serde(default)]
    categories: Option<Vec<String>>,
    image: Option<String>,
    language: Option<String>,
    captions: Option<Vec<String>>,
    tables: Option<Vec<Table>>,
}

/// The articles of a JSON document or of JSON lines. A line that cannot be read harms itself alone.
pub(crate) fn read_json(
    text: &str,
    capture: &Capture,
    dates: &DateContext,
    detector: &Detector,
) -> Vec<Output> {
    let whole = match serde_json::from_str::<Line>(text) {
        Ok(line) => return vec![line.into_output(capture, dates, detector)],
        Err(error) => error,
    };
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .collect();
    let one_each = lines.len() > 1 && lines.iter().all(|(_, line)| line.trim_start().starts_with('{'));
    if !one_each {
        return vec![unreadable(&whole.to_string(), text, &capture.uri)];
    }
    lines
        .into_iter()
        .map(|(number, line)| match serde_json::from_str::<Line>(line) {
            Ok(line) => line.into_output(capture, dates, detector),
            Err(error) => {
                let told = error.to_string().replace(
                    &format!("line {}", error.line()),
                    &format!("line {}", number + error.line()),
                );
                unreadable(&told, line, &format!("{}#{}", capture.uri, number + 1))
            }
        })
        .collect()
}

fn unreadable(error: &str, content: &str, uri: &str) -> Output {
    Output::Rejected(Rejection {
        reason: RejectionReason::Unreadable {
            error: format!("no article in JSON: {error}"),
        },
        title: None,
        url: None,
        key: Some(Key::Capture(uri.to_owned())),
        digest: Digest::of([content.as_bytes()]),
    })
}

impl Line {
    fn into_output(self, capture: &Capture, dates: &DateContext, detector: &Detector) -> Output {
        let source = self
            .source
            .as_deref()
            .filter(|s| !s.trim().is_empty())
            .unwrap_or(&capture.source);
        let mut draft = Draft::new(source, ContentFrom::File);
        draft.text = clean_text(self.text.as_deref().unwrap_or(""), &mut draft.repairs);
        draft.url = self.url.as_deref().and_then(|url| urls::absolute(url, None));
        draft.guid = self
            .guid
            .or_else(|| draft.url.is_none().then(|| file_name(&capture.uri).to_owned()));
        draft.published = published(self.published_at.as_deref(), self.published_precision, dates);
        let written = self.published_at.filter(|written| !written.trim().is_empty());
        if let Some(written) = written.filter(|written| read_date(written, dates).is_none()) {
            draft.note(WarningCode::DateImpossible, shorten(&written, MAX_DETAIL_CHARS));
        }
        draft.updated_at = self
            .updated_at
            .as_deref()
            .and_then(|written| read_date(written, dates))
            .map(|date| date.published.at);
        draft.title = self.title;
        draft.summary = self.summary;
        draft.feed_url = self.feed_url;
        draft.declared_language = self.language;
        draft.authors = self.authors.unwrap_or_default();
        draft.categories = self.categories.unwrap_or_default();
        draft.image = self.image;
        let line = |text: &String| clean_line(text, &mut Repairs::default());
        draft.captions = self.captions.unwrap_or_default().iter().map(line).collect();
        draft.tables = self.tables.unwrap_or_default();
        for cell in draft.tables.iter_mut().flat_map(|table| &mut table.0).flatten() {
            *cell = line(cell);
        }
        draft.finish(capture.captured_at, detector)
    }
}

/// A date with the precision that its neighbour field gives; `none` means that there was no date.
fn published(written: Option<&str>, precision: Option<Precision>, dates: &DateContext) -> Option<Published> {
    let read = read_date(written?, dates)?.published;
    match precision {
        Some(Precision::None) => None,
        Some(precision) => Some(Published {
            at: read.at,
            precision,
        }),
        None if read.precision == Precision::Second => Some(of_timestamp(read.at)),
        None => Some(read),
    }
}
