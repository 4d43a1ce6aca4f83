//! From a capture to its outputs: what kind it is, which path it takes, and the fence around each path.

use std::panic::{AssertUnwindSafe, catch_unwind};

use depeche_model::{
    Capture, CaptureKind, Digest, Journaled, Key, Normalized, Output, Rejection, RejectionReason, Warning,
    WarningCode, panic_message,
};

use crate::file::{self, Reading};
use crate::language::Detector;
use crate::{decode, entries, page, seed};
use depeche_feed::{DEFAULT_ZONE, DateContext, Feed, FeedKind, Format, Item, sniff, zone};
use jiff::tz::TimeZone;

/// What normalising may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Languages to keep, ISO 639-1.
    pub languages: Vec<String>,
    /// The zone of dates that name none, where the capture carries no other: a name of the IANA database. An unknown one counts as
    /// UTC.
    pub timezone: String,
    /// A body larger than this after decoding is rejected, in bytes.
    pub max_body_bytes: u64,
    /// What becomes of entries and pages that are not wanted.
    pub unwanted: Unwanted,
}

/// What becomes of a feed's entries in a language that is not wanted, and of those that say nothing; and of a page that
/// came by itself, in such a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwanted {
    /// They are rejected with their reason.
    Reject,
    /// They become articles with a warning: for looking at what is in a feed or page.
    Tell,
}

impl Default for Options {
    /// French, and the 15 MiB at which fetching stops too.
    fn default() -> Self {
        Self {
            languages: vec!["fr".to_owned()],
            timezone: DEFAULT_ZONE.to_owned(),
            max_body_bytes: 15 * 1024 * 1024,
            unwanted: Unwanted::Reject,
        }
    }
}

/// Makes articles of captures. Holds nothing that changes: the same capture gives the same output.
pub struct Normalizer {
    options: Options,
    zone: TimeZone,
    detector: Detector,
}

impl Normalizer {
    /// A normalizer with these options. Costs two microseconds: the language table is read in place.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let detector = Detector::new(&options.languages);
        let zone = zone(&options.timezone).unwrap_or(TimeZone::UTC);
        Self {
            options,
            zone,
            detector,
        }
    }

    /// What came of a capture: articles, orders for pages, rejections, in the publisher's order.
    ///
    /// Never panics: a parser that does rejects the capture as [`RejectionReason::Panicked`]. Recursion over hostile
    /// markup is capped to fit into the 2 MiB stack of a plain thread.
    #[must_use]
    pub fn normalize(&self, journaled: &Journaled) -> Normalized {
        let capture = &journaled.capture;
        let (outputs, warnings) = if journaled.given_up.is_empty() {
            fenced(capture, || self.outputs(capture))
        } else {
            let errors = journaled.given_up.clone();
            let given_up = rejected(capture, RejectionReason::Undeliverable { errors });
            (vec![given_up], Vec::new())
        };
        Normalized {
            capture: capture.reference(journaled.position),
            outputs,
            warnings,
        }
    }

    fn outputs(&self, capture: &Capture) -> (Vec<Output>, Vec<Warning>) {
        let (mut outputs, warnings) = self.read(capture);
        for output in &mut outputs {
            match output {
                Output::Article(article) => tell(&mut article.warnings, &warnings, capture.kind),
                Output::PageWanted(order) => tell(&mut order.warnings, &warnings, capture.kind),
                Output::Rejected(_) => {}
            }
        }
        (outputs, warnings)
    }

    fn read(&self, capture: &Capture) -> (Vec<Output>, Vec<Warning>) {
        if capture.kind == CaptureKind::Page && capture.order.is_some() {
            return self.ordered_page(capture);
        }
        let decoded = match decode::decode(capture, self.options.max_body_bytes) {
            Ok(decoded) => decoded,
            Err(reason) => return (vec![rejected(capture, reason)], Vec::new()),
        };
        let format = sniff(&decoded.text);
        let mut warnings = decoded.warnings.clone();
        let reading = match capture.kind {
            CaptureKind::Feed => Reading::Feed,
            CaptureKind::Page => Reading::Page,
            CaptureKind::File => file::reading(format, capture),
        };
        let outputs = match reading {
            Reading::Feed => match depeche_feed::read_text(decoded, capture.base_uri(), &self.dates(capture))
            {
                Ok(mut read) => {
                    warnings = std::mem::take(&mut read.warnings);
                    let site = read.title.take();
                    match self.items(read) {
                        Ok(items) => entries::outputs(
                            items,
                            site.as_deref(),
                            capture,
                            &self.detector,
                            self.options.unwanted,
                        ),
                        Err(found) => vec![rejected(capture, RejectionReason::NotAFeed { found })],
                    }
                }
                Err(why) => {
                    let found = why.to_string();
                    vec![rejected(capture, RejectionReason::NotAFeed { found })]
                }
            },
            Reading::Seed => {
                let name = file::file_name(&capture.uri);
                vec![
                    seed::read(&decoded.text, name, &capture.source)
                        .finish(capture.captured_at, &self.detector),
                ]
            }
            Reading::Json => file::read_json(&decoded.text, capture, &self.dates(capture), &self.detector),
            Reading::Page => vec![page::without_order(
                &decoded.text,
                capture,
                self.dates(capture),
                &self.detector,
                self.options.unwanted,
            )],
        };
        (outputs, warnings)
    }

    /// Where and when a capture's dates were read.
    fn dates(&self, capture: &Capture) -> DateContext {
        let own = capture.timezone.as_deref().and_then(zone);
        DateContext::new(own.unwrap_or_else(|| self.zone.clone()), capture.captured_at)
    }

    /// The items of a feed that articles can be made of.
    ///
    /// # Errors
    ///
    /// What was found that is no feed.
    fn items(&self, feed: Feed) -> Result<Vec<Item>, String> {
        let mut items = feed.items;
        match feed.kind {
            _ if self.options.unwanted == Unwanted::Tell => {}
            // Addresses without a headline are no news; those of a whole site would be pages by the ten thousand.
            FeedKind::NewsSitemap => items.retain(|item| item.entry.title.is_some()),
            FeedKind::Sitemap => return Err("a sitemap without news".to_owned()),
            _ => {}
        }
        Ok(items)
    }

    /// A page that an entry ordered: whatever is wrong with it, the entry's own text remains.
    fn ordered_page(&self, capture: &Capture) -> (Vec<Output>, Vec<Warning>) {
        let Some(order) = capture.order.as_deref() else {
            return (Vec::new(), Vec::new());
        };
        let (page, warnings) = match page::answer(capture) {
            Err(why) => (Err(why), Vec::new()),
            Ok(()) => match decode::decode(capture, self.options.max_body_bytes) {
                Ok(decoded) if sniff(&decoded.text) != Format::Prose => {
                    // The fence is around the page alone, so that a parser's panic leaves the entry's text.
                    let read = catch_unwind(AssertUnwindSafe(|| {
                        page::read(&decoded.text, capture.base_uri(), self.dates(capture))
                    }));
                    let read = read.unwrap_or_else(|panic| {
                        Err(format!("the parser failed on it: {}", panic_message(&*panic)))
                    });
                    (read, decoded.warnings)
                }
                Ok(decoded) => (Err("plain text".to_owned()), decoded.warnings),
                Err(reason) => (Err(reason.to_string()), Vec::new()),
            },
        };
        (
            vec![page::with_order(page, order, capture, &self.detector)],
            warnings,
        )
    }
}

impl std::fmt::Debug for Normalizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Normalizer")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Runs the work on a capture; a panic in it becomes the capture's rejection.
fn fenced(
    capture: &Capture,
    work: impl FnOnce() -> (Vec<Output>, Vec<Warning>),
) -> (Vec<Output>, Vec<Warning>) {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let reason = RejectionReason::Panicked {
            message: panic_message(&*panic),
        };
        (vec![rejected(capture, reason)], Vec::new())
    })
}

/// Tells an article, or the order for its page, what was done to the bytes that it was read from. A feed that was cut off is whole in its entries.
fn tell(told: &mut Vec<Warning>, of_capture: &[Warning], kind: CaptureKind) {
    let concerns = |code| match code {
        WarningCode::CharsetGuessed | WarningCode::CharsetDamaged | WarningCode::CharsetMixed => true,
        WarningCode::BodyTruncated => kind == CaptureKind::Page,
        _ => false,
    };
    for warning in of_capture.iter().filter(|warning| concerns(warning.code)) {
        if !told.iter().any(|known| known.code == warning.code) {
            told.push(warning.clone());
        }
    }
}

/// The rejection of a capture as a whole.
fn rejected(capture: &Capture, reason: RejectionReason) -> Output {
    Output::Rejected(Rejection {
        reason,
        title: None,
        url: crate::urls::absolute(&capture.uri, None),
        key: Some(Key::Capture(capture.uri.clone())),
        digest: Digest::of([capture.body().as_ref()]),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use depeche_model::{PagePolicy, Payload};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_parser_that_panics_rejects_its_capture() {
        let capture = Capture {
            kind: CaptureKind::Feed,
            uri: "https://example.org/rss".to_owned(),
            final_uri: None,
            captured_at: Timestamp::UNIX_EPOCH,
            source: "example".to_owned(),
            page_policy: PagePolicy::Never,
            timezone: None,
            order: None,
            payload: Payload::File {
                content_type: None,
                body: Bytes::new(),
            },
        };
        let (outputs, _) = fenced(&capture, || panic!("offset {} of 3", 4));
        let [Output::Rejected(rejection)] = &outputs[..] else {
            panic!("{outputs:?}");
        };
        assert_eq!(
            rejection.reason,
            RejectionReason::Panicked {
                message: "offset 4 of 3".to_owned()
            }
        );
        assert_eq!(
            rejection.key,
            Some(Key::Capture("https://example.org/rss".to_owned()))
        );
    }
}
