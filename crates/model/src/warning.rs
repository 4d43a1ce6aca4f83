//! Warnings: what was repaired, guessed or derived on the way from a capture to an article.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! warning_codes {
    ($($(#[doc = $meaning:literal])+ $variant:ident => $written:literal,)*) => {
        /// What was repaired, guessed or derived. Codes are only ever added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum WarningCode {
            $($(#[doc = $meaning])+ $variant,)*
        }

        impl WarningCode {
            /// Every code, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as `export` and `parse` write it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $written,)* }
            }

            /// What it means, in a line for people.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),+).trim_ascii(),)* }
            }

            /// The code from its written form.
            #[must_use]
            pub fn parse(written: &str) -> Option<Self> {
                match written { $($written => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

warning_codes! {
    /// No title was given; it is the first sentence of the text.
    TitleDerived => "title_derived",
    /// No publication date was given.
    DateMissing => "date_missing",
    /// The date was found inside the text: before its first word, or in a dateline such as `PARIS, 19 nov 2026 (AFP) -`.
    DateFromText => "date_from_text",
    /// The date cannot be read or cannot be true; the detail is what is written. The capture's time stands in, with precision `none`.
    DateImpossible => "date_impossible",
    /// The language could not be told with confidence.
    LanguageUncertain => "language_uncertain",
    /// The bytes were not in the charset they were labelled with, or had no label.
    CharsetGuessed => "charset_guessed",
    /// Bytes that no charset explains became U+FFFD.
    CharsetDamaged => "charset_damaged",
    /// Text decoded with the wrong charset by the publisher was set right.
    MojibakeRepaired => "mojibake_repaired",
    /// Control, zero-width or soft-hyphen characters were taken out.
    CharactersRemoved => "characters_removed",
    /// The text has fewer words than telling copies apart needs.
    ShortText => "short_text",
    /// There is a headline and no text below it.
    HeadlineOnly => "headline_only",
    /// The feed was not well-formed and was repaired.
    FeedRepaired => "feed_repaired",
    /// The entry has no guid; its link or its title stands in.
    GuidDerived => "guid_derived",
    /// The page could not be fetched or held no article; the text is the feed's own.
    PageUnusable => "page_unusable",
    /// The page's text and the feed's were compared and the feed's was kept.
    FeedTextPreferred => "feed_text_preferred",
    /// The text ends where a paywall begins.
    Paywalled => "paywalled",
    /// The body was longer than allowed, or ended early; what there was has been read.
    BodyTruncated => "body_truncated",
    /// A guid known from a different text was used again.
    GuidReused => "guid_reused",
    /// The entry was not well-formed and was repaired.
    EntryRepaired => "entry_repaired",
    /// UTF-8 and another charset were mixed in one document; each run was read in its own.
    CharsetMixed => "charset_mixed",
    /// The language is not among those wanted.
    LanguageUnwanted => "language_unwanted",
    /// The name of the site or of a section was cut off the title; the detail is the title as it was written.
    TitleCleaned => "title_cleaned",
    /// The page gives no title, the site's name or one that breaks off; it is the feed's.
    TitleFromFeed => "title_from_feed",
    /// Feed and page give different titles; it is the page's, the detail is the feed's.
    TitleDiffers => "title_differs",
    /// The feed gives no summary, or one that breaks off; it is the page's description.
    SummaryFromPage => "summary_from_page",
    /// The feed's text and the page's were compared and the page's was taken.
    PageTextPreferred => "page_text_preferred",
    /// The text is the `articleBody` of JSON-LD, or the article in the state that scripts start from; the page shows little of it.
    TextFromLinkedData => "text_from_linked_data",
    /// The text breaks off where the feed has no more of it.
    TextCut => "text_cut",
    /// Lines that are the site's and not the article's were taken out of the feed's text.
    BoilerplateRemoved => "boilerplate_removed",
    /// Names or agencies were read out of a line such as `Par Jeanne Martin avec AFP`.
    AuthorsFromByline => "authors_from_byline",
    /// The page names nobody, or only the site; the authors are the feed's.
    AuthorsFromFeed => "authors_from_feed",
    /// The agency among the authors is the one that the text names in brackets.
    AgencyFromText => "agency_from_text",
    /// Feed and page give dates more than a day apart; it is the page's, the detail is the feed's.
    DateDiffers => "date_differs",
    /// The page's date cannot be true, or is far from the feed's and less exact; it is the feed's, the detail is the page's.
    DateFromFeed => "date_from_feed",
    /// The text is in another language than feed or page declare; the detail is the one declared.
    LanguageContradicted => "language_contradicted",
    /// The canonical address is the one that the page names; the detail is the link's own.
    CanonicalFromPage => "canonical_from_page",
    /// The page names an address that cannot be this article's; the detail is that address.
    CanonicalRefused => "canonical_refused",
    /// Captions or tables were more or longer than is kept.
    CaptionsOrTablesCut => "captions_or_tables_cut",
    /// The date as written allows several moments; the detail has its words, and what was not certain.
    DateGuessed => "date_guessed",
    /// Feed or page tells only when the article was changed last; the detail is what could not be read beside it.
    DateFromUpdate => "date_from_update",
    /// Feed and page name other authors; they are the page's, the detail is the feed's.
    AuthorsDiffer => "authors_differ",
    /// Two places of a page name different days; the more likely one was taken, to the day.
    DateContradicted => "date_contradicted",
    /// The page names its day in its address only.
    DateFromAddress => "date_from_address",
}

impl fmt::Display for WarningCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for WarningCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for WarningCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        Self::parse(&written)
            .ok_or_else(|| serde::de::Error::custom(format_args!("unknown warning code `{written}`")))
    }
}

/// One warning, with what it was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What happened.
    pub code: WarningCode,
    /// The field, feed, line or value it happened to; empty where the code says it all.
    pub detail: String,
}

impl Warning {
    /// A warning with its detail.
    #[must_use]
    pub fn new(code: WarningCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}

impl From<WarningCode> for Warning {
    fn from(code: WarningCode) -> Self {
        Self::new(code, "")
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail.as_str() {
            "" => self.code.fmt(f),
            detail => write!(f, "{}: {detail}", self.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table that users read: every code with its meaning, in the order in which they were added.
    #[test]
    fn every_code_stands_in_the_table_of_the_documentation() {
        let documented = include_str!("../../../docs/warnings.md");
        let rows: Vec<&str> = documented
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        let expected: Vec<String> = WarningCode::ALL
            .iter()
            .map(|code| format!("| `{code}` | {} |", code.meaning()))
            .collect();
        assert!(rows == expected, "the rows should be:\n{}", expected.join("\n"));
    }

    #[test]
    fn every_code_reads_back_as_it_is_written() {
        for code in WarningCode::ALL {
            assert_eq!(WarningCode::parse(code.as_str()), Some(*code));
        }
    }
}
