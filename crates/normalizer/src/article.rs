//! The last step of every path: a draft becomes an article, or is rejected.
//!
//! In: what a feed entry, page or file said of an article. Out: an [`Output`]: fields cleaned, title and date
//! filled in where they are missing (each with its warning), language told. A draft without title and text is
//! empty; one in a language that is not wanted is rejected with the key it would be known under.

use std::borrow::Cow;

use depeche_model::{
    Article, ContentFrom, Digest, Key, Output, Precision, Published, Rejection, RejectionReason, Table,
    Warning, WarningCode,
};
use jiff::Timestamp;

use crate::dateline;
use crate::language::Detector;
use crate::normalizer::Unwanted;
use crate::page::{self, Beside, Credit, agency_of_text};
use crate::text::{
    Repairs, clean_line, clean_text, derive_title, markup_to_text, shorten, without_site_name, word_count,
};
use crate::urls;
use depeche_feed::is_plausible;

/// Fewer words are too few for the word shingles that tell copies apart.
const SHORT_TEXT_WORDS: usize = 20;

/// A text of this many words tells its language alone; a shorter one is helped by title and summary.
const LANGUAGE_WORDS: usize = 40;

/// First words of a rejected text, to recognise it by.
const RECOGNISE_CHARS: usize = 120;

/// What is known of an article before the common last step.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The address as published, absolute.
    pub(crate) url: Option<String>,
    /// The addresses that the page itself prefers, the most telling first.
    pub(crate) preferred_urls: Vec<String>,
    /// The address that answered, when redirects led away from `url`.
    pub(crate) landed_url: Option<String>,
    /// The title, possibly with markup.
    pub(crate) title: Option<String>,
    /// The summary, possibly with markup.
    pub(crate) summary: Option<String>,
    /// The text, clean.
    pub(crate) text: String,
    /// When it says it was published.
    pub(crate) published: Option<Published>,
    /// When it says it was changed.
    pub(crate) updated_at: Option<Timestamp>,
    /// The name of the source.
    pub(crate) source: String,
    /// The name of the site as the page gives it.
    pub(crate) site_name: Option<String>,
    /// The feed it came from.
    pub(crate) feed_url: Option<String>,
    /// Its identifier.
    pub(crate) guid: Option<String>,
    /// The language it says it is in.
    pub(crate) declared_language: Option<String>,
    /// Authors' names.
    pub(crate) authors: Vec<String>,
    /// Who signs below the text, as far as that was read already.
    pub(crate) signed: Credit,
    /// Category labels.
    pub(crate) categories: Vec<String>,
    /// The address of the lead image.
    pub(crate) image: Option<String>,
    /// Where the text was taken from.
    pub(crate) content_from: ContentFrom,
    /// The digest of the entry behind it.
    pub(crate) entry_digest: Option<Digest>,
    /// What cleaning the text had to do.
    pub(crate) repairs: Repairs,
    /// What happened on the way here.
    pub(crate) warnings: Vec<Warning>,
    /// The captions of its pictures, clean.
    pub(crate) captions: Vec<String>,
    /// Its tables, clean.
    pub(crate) tables: Vec<Table>,
    /// What becomes of it when it is not wanted.
    pub(crate) unwanted: Unwanted,
}

impl Draft {
    /// A draft that holds nothing but its source.
    pub(crate) fn new(source: &str, content_from: ContentFrom) -> Self {
        Self {
            url: None,
            preferred_urls: Vec::new(),
            landed_url: None,
            title: None,
            summary: None,
            text: String::new(),
            published: None,
            updated_at: None,
            source: source.to_owned(),
            site_name: None,
            feed_url: None,
            guid: None,
            declared_language: None,
            authors: Vec::new(),
            signed: Credit::default(),
            categories: Vec::new(),
            image: None,
            content_from,
            entry_digest: None,
            repairs: Repairs::default(),
            warnings: Vec::new(),
            captions: Vec::new(),
            tables: Vec::new(),
            unwanted: Unwanted::Reject,
        }
    }

    /// The article, or why there is none. `captured_at` stands in for a missing date.
    pub(crate) fn finish(mut self, captured_at: Timestamp, detector: &Detector) -> Output {
        let title = self.clean_title();
        let summary = self
            .summary
            .take()
            .map(|raw| prose(&raw, &mut self.repairs))
            .filter(|s| !s.is_empty());
        // A flood of signs, a rule of dashes: nobody wrote an article of these.
        let says_nothing = |text: &str| !text.contains(char::is_alphanumeric);
        if says_nothing(&title) && says_nothing(&self.text) && self.unwanted == Unwanted::Reject {
            return self.rejected(RejectionReason::Empty, None);
        }
        let title = if title.is_empty() {
            self.warn(WarningCode::TitleDerived);
            derive_title(&self.text)
        } else {
            title
        };
        let words = word_count(&self.text);
        if words == 0 {
            self.warn(WarningCode::HeadlineOnly);
        }
        if words < SHORT_TEXT_WORDS {
            self.warn(WarningCode::ShortText);
        }
        let sample = if words >= LANGUAGE_WORDS {
            Cow::Borrowed(self.text.as_str())
        } else {
            Cow::Owned([title.as_str(), summary.as_deref().unwrap_or(""), &self.text].join("\n"))
        };
        let detected = detector.detect(&sample, self.declared_language.as_deref());
        if detected.language == "und" {
            self.warn(WarningCode::LanguageUncertain);
        } else if !detected.wanted && self.unwanted == Unwanted::Tell {
            self.note(WarningCode::LanguageUnwanted, detected.language.clone());
        } else if !detected.wanted {
            let reason = RejectionReason::Language {
                detected: detected.language,
                confidence: detected.confidence,
            };
            return self.rejected(reason, Some(title));
        }
        if let Some(declared) = self.contradicted(&detected.language) {
            self.note(WarningCode::LanguageContradicted, declared);
        }
        let published = self.published_or(captured_at);
        if self.repairs.mojibake {
            self.warn(WarningCode::MojibakeRepaired);
        }
        if self.repairs.characters_removed {
            self.warn(WarningCode::CharactersRemoved);
        }
        self.sign();
        let canonical_url = self.canonical_url();
        Output::Article(Box::new(Article {
            canonical_url,
            url: self.url,
            title,
            summary,
            text: self.text,
            published: Some(published),
            updated_at: self
                .updated_at
                .filter(|at| *at != published.at && *at > published.at),
            source: self.source,
            feed_url: self.feed_url,
            guid: self.guid,
            language: detected.language,
            language_confidence: detected.confidence,
            authors: clean_list(self.authors),
            categories: clean_list(self.categories),
            image: self.image,
            word_count: words as u32,
            content_from: self.content_from,
            entry_digest: self.entry_digest,
            warnings: self.warnings,
            captions: self.captions,
            tables: self.tables,
        }))
    }

    /// Sets when an entry was published, as exactly as its feed says, and puts first what reading it had to do.
    pub(crate) fn date(&mut self, published: Option<Published>, warnings: &[Warning]) {
        // An entry keeps a moment only; this knows how exact it is.
        self.published = published;
        self.warnings.splice(..0, warnings.iter().cloned());
    }

    /// Notes a warning, once.
    pub(crate) fn warn(&mut self, code: WarningCode) {
        self.note(code, "");
    }

    /// Notes a warning with what it is about, once.
    pub(crate) fn note(&mut self, code: WarningCode, detail: impl Into<String>) {
        if !self.has(code) {
            self.warnings.push(Warning::new(code, detail));
        }
    }

    /// Puts captions and tables beside the text, where there are any.
    pub(crate) fn put_beside(&mut self, beside: Beside) {
        if !beside.captions.is_empty() {
            self.captions = beside.captions;
        }
        if !beside.tables.is_empty() {
            self.tables = beside.tables;
        }
        if beside.cut {
            self.warn(WarningCode::CaptionsOrTablesCut);
        }
    }

    /// Whether a warning was noted.
    pub(crate) fn has(&self, code: WarningCode) -> bool {
        self.warnings.iter().any(|warning| warning.code == code)
    }

    /// Takes a warning back: what it was about is not in the article.
    pub(crate) fn forget(&mut self, code: WarningCode) {
        self.warnings.retain(|warning| warning.code != code);
    }

    fn clean_title(&mut self) -> String {
        let raw = self.title.take().unwrap_or_default();
        let line = clean_line(&markup_to_text(&raw), &mut self.repairs);
        let host = self.url.as_deref().and_then(urls::host);
        let host = host
            .as_deref()
            .map_or("", |host| host.strip_prefix("www.").unwrap_or(host));
        let title = without_site_name(
            &line,
            &[self.site_name.as_deref().unwrap_or(""), &self.source, host],
        );
        if title != line {
            self.note(WarningCode::TitleCleaned, line);
        }
        title
    }

    /// Adds who signs below the text.
    fn sign(&mut self) {
        let site = self.site_name.take().unwrap_or_default();
        let own = [site.as_str(), self.source.as_str()];
        let mut signed = std::mem::take(&mut self.signed);
        if signed.is_empty() {
            signed = page::closing_of(&self.text, &own);
        }
        let note = page::sign(&mut self.authors, signed, &own);
        if let Some(note) = note {
            self.note(note.code, note.detail);
        }
        // "PARIS, 19 nov 2026 (AFP) -": of a page's text it is known already.
        if let Some(agency) = agency_of_text(&self.text)
            && !self.authors.iter().any(|author| author == agency)
        {
            self.authors.push(agency.to_owned());
            self.note(WarningCode::AgencyFromText, agency);
        }
    }

    /// The written date where it can be true; else the capture's time, with a warning.
    fn published_or(&mut self, captured_at: Timestamp) -> Published {
        let stand_in = Published {
            at: captured_at,
            precision: Precision::None,
        };
        if self.published.is_none()
            && let Some((published, words)) = dateline::of(&self.text, captured_at)
        {
            let words = words.to_owned();
            self.published = Some(published);
            self.forget(WarningCode::DateImpossible);
            self.note(WarningCode::DateFromText, words);
        }
        match self.published {
            None => {
                // A date that was there and could not be read has its own warning already.
                if !self.has(WarningCode::DateImpossible) {
                    self.warn(WarningCode::DateMissing);
                }
                stand_in
            }
            Some(published) if is_plausible(&published, captured_at) => published,
            Some(published) => {
                self.note(WarningCode::DateImpossible, published.at.to_string());
                stand_in
            }
        }
    }

    /// The declared language, where the text is in another.
    fn contradicted(&self, detected: &str) -> Option<String> {
        let declared = self.declared_language.as_deref()?.trim();
        let subtag = declared.split(['-', '_']).next().unwrap_or_default();
        let is_language = (2..=3).contains(&subtag.len()) && subtag.chars().all(|c| c.is_ascii_alphabetic());
        (is_language && detected != "und" && !subtag.eq_ignore_ascii_case(detected))
            .then(|| declared.to_owned())
    }

    /// The canonical form of the first of the page's own preferences that can be believed; else of the address.
    fn canonical_url(&mut self) -> Option<String> {
        let own: Vec<&str> = [&self.url, &self.landed_url]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let of_link = self.url.as_deref().map(urls::canonical);
        let is_believable = |preferred: &&String| {
            if own.is_empty() {
                return !urls::is_front_page(&urls::canonical(preferred));
            }
            own.iter().any(|own| urls::is_believable(preferred, own))
        };
        let believed = self.preferred_urls.iter().position(|url| is_believable(&url));
        let preferred = believed
            .and_then(|at| self.preferred_urls.get(at))
            .map(|preferred| urls::canonical(preferred))
            .filter(|preferred| !urls::is_front_page(preferred));
        // Behind one that is believed, the others are not asked.
        let refused = self
            .preferred_urls
            .first()
            .filter(|_| believed != Some(0))
            .cloned();
        if let Some(refused) = refused {
            self.note(WarningCode::CanonicalRefused, refused);
        }
        match (preferred, of_link) {
            (Some(preferred), Some(of_link)) => {
                if preferred != of_link {
                    self.note(WarningCode::CanonicalFromPage, of_link);
                }
                Some(preferred)
            }
            (preferred, of_link) => preferred.or(of_link),
        }
    }

    /// Nothing of it becomes an article.
    pub(crate) fn rejected(self, reason: RejectionReason, title: Option<String>) -> Output {
        let title = title
            .filter(|title| !title.is_empty())
            .or_else(|| (!self.text.is_empty()).then(|| shorten(&self.text, RECOGNISE_CHARS)));
        let digest = self
            .entry_digest
            .unwrap_or_else(|| Digest::of([title.as_deref().unwrap_or("").as_bytes(), self.text.as_bytes()]));
        let guid = |guid| Key::Guid {
            feed: self.feed_url.clone().unwrap_or_else(|| self.source.clone()),
            guid,
        };
        let key = match (&self.guid, &self.url) {
            (Some(written), _) => guid(written.clone()),
            (None, Some(url)) => Key::Url(urls::canonical(url)),
            // Known by all that it says, so that it is not told again whenever its feed is read.
            (None, None) => guid(digest.to_string()),
        };
        Output::Rejected(Rejection {
            reason,
            title,
            url: self.url,
            key: Some(key),
            digest,
        })
    }
}

/// Clean text of which lines were taken out, clean: what is left may read otherwise without them. `before` is how long it was.
pub(crate) fn recleaned(text: String, before: usize, repairs: &mut Repairs) -> String {
    if text.len() == before {
        text
    } else {
        clean_text(&text, repairs)
    }
}

/// Markup off, characters set right: paragraphs of clean text.
pub(crate) fn prose(raw: &str, repairs: &mut Repairs) -> String {
    clean_text(&markup_to_text(raw), repairs)
}

/// Names or labels on one line each, without empty ones and repetitions.
fn clean_list(raw: Vec<String>) -> Vec<String> {
    let mut list: Vec<String> = Vec::with_capacity(raw.len());
    for item in raw {
        let item = clean_line(&markup_to_text(&item), &mut Repairs::default());
        if !item.is_empty() && !list.contains(&item) {
            list.push(item);
        }
    }
    list
}
