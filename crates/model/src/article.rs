//! An article: an entry, page or file after normalising.

use jiff::{Span, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{Digest, Warning};

/// How exactly a publication time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// To the second.
    Second,
    /// To the minute.
    Minute,
    /// To the day; the time is the day's start, UTC, or a moment of it that is too doubtful to be told.
    Day,
    /// To the month; the time is the month's start, UTC.
    Month,
    /// To the year; the time is the year's start, UTC.
    Year,
    /// Not known: the capture's time stands in.
    None,
}

impl Precision {
    /// The precision as `export` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
            Self::None => "none",
        }
    }
}

/// A publication time with its precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The earliest moment that the date as written allows.
    pub at: Timestamp,
    /// How exactly it is known.
    pub precision: Precision,
}

impl Published {
    /// The first and the last moment that the date as written allows.
    #[must_use]
    pub fn range(&self) -> (Timestamp, Timestamp) {
        let length = match self.precision {
            Precision::Second | Precision::None => Span::new(),
            Precision::Minute => Span::new().minutes(1),
            Precision::Day => Span::new().days(1),
            Precision::Month => Span::new().months(1),
            Precision::Year => Span::new().years(1),
        };
        let end = self
            .at
            .to_zoned(TimeZone::UTC)
            .checked_add(length)
            .map_or(self.at, |end| end.timestamp());
        (self.at, end)
    }
}

/// Where an article's text was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContentFrom {
    /// The feed's own summary or content.
    Feed,
    /// The page the entry links to.
    Page,
    /// A replayed file.
    File,
}

impl ContentFrom {
    /// The origin as `export` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Page => "page",
            Self::File => "file",
        }
    }
}

/// A table of data: its rows, each its cells, as lines of clean text. A cell may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Table(pub Vec<Vec<String>>);

/// Clean French text with dated, sourced fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// The address as the publisher gave it.
    pub url: Option<String>,
    /// The address in its canonical form: the same article, the same string.
    pub canonical_url: Option<String>,
    /// The title, one line.
    pub title: String,
    /// The publisher's summary or standfirst, without markup.
    pub summary: Option<String>,
    /// The text: paragraphs separated by one blank line, no markup. Empty for a bare headline.
    pub text: String,
    /// When it was published.
    pub published: Option<Published>,
    /// When the publisher last changed it.
    pub updated_at: Option<Timestamp>,
    /// The name of the source.
    pub source: String,
    /// The feed it came from.
    pub feed_url: Option<String>,
    /// The publisher's identifier, or the file name.
    pub guid: Option<String>,
    /// Detected language, ISO 639-1 where there is one; `und` when it could not be told.
    pub language: String,
    /// Confidence of the detection, 0–1.
    pub language_confidence: f32,
    /// Authors' names.
    pub authors: Vec<String>,
    /// Category labels.
    pub categories: Vec<String>,
    /// The address of the lead image.
    pub image: Option<String>,
    /// Words in `text`.
    pub word_count: u32,
    /// Where the text was taken from.
    pub content_from: ContentFrom,
    /// The digest of the feed entry behind it; equal means unchanged at the publisher.
    pub entry_digest: Option<Digest>,
    /// What was repaired, guessed or derived.
    pub warnings: Vec<Warning>,
    /// The captions of its pictures, in the page's order, none twice. They are no part of `text`.
    pub captions: Vec<String>,
    /// Its tables of data, in the page's order. They are no part of `text`.
    pub tables: Vec<Table>,
}

impl Article {
    /// A digest of what makes it this text: title and text. Captions and tables are shown beside it and may come and go.
    #[must_use]
    pub fn content_digest(&self) -> Digest {
        Digest::of([self.title.as_bytes(), self.text.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_lasts_a_month() {
        let published = Published {
            at: "2025-06-01T00:00:00Z".parse().unwrap(),
            precision: Precision::Month,
        };
        assert_eq!(published.range().1.to_string(), "2025-07-01T00:00:00Z");
    }
}
