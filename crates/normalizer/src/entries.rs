//! Entries as the publisher wrote them become articles or orders for their pages.
//!
//! In: the items that `depeche_feed` read. Out: each an [`Output`], in document order.

use depeche_model::{Capture, CaptureKind, ContentFrom, Entry, Output, PageOrder, PagePolicy, WarningCode};

use crate::article::{Draft, prose, recleaned};
use crate::language::Detector;
use crate::normalizer::Unwanted;
use crate::page::{self, Credit};
use crate::teaser::{self, breaks_off, without_footer};
use crate::text::{Repairs, clean_line, fold, markup_to_text, strip_boilerplate, word_count};
use crate::urls;
use depeche_feed::{Item, of_timestamp};

/// What becomes of each entry under the capture's page policy. `site` is the feed's title, which its entries' titles may repeat.
pub(crate) fn outputs(
    items: Vec<Item>,
    site: Option<&str>,
    capture: &Capture,
    detector: &Detector,
    unwanted: Unwanted,
) -> Vec<Output> {
    let policy = match capture.kind {
        CaptureKind::File => PagePolicy::Never,
        _ => capture.page_policy,
    };
    let feed_url = match capture.kind {
        CaptureKind::File => urls::absolute(&capture.uri, None),
        _ => Some(capture.uri.clone()),
    };
    items
        .into_iter()
        .map(|item| {
            let text = entry_text(&item.entry);
            let wanted = match policy {
                PagePolicy::Never => false,
                PagePolicy::Always => true,
                PagePolicy::Auto => text.is_teaser(),
            };
            if wanted && item.entry.link.is_some() {
                return Output::PageWanted(Box::new(PageOrder {
                    source: capture.source.clone(),
                    feed_url: feed_url.clone().unwrap_or_else(|| capture.uri.clone()),
                    entry: item.entry,
                    published: item.published,
                    warnings: item.warnings,
                }));
            }
            let from = if capture.kind == CaptureKind::File {
                ContentFrom::File
            } else {
                ContentFrom::Feed
            };
            let mut draft = draft(&item.entry, text, &capture.source, from);
            draft.feed_url.clone_from(&feed_url);
            draft.site_name = site.map(|name| clean_line(&markup_to_text(name), &mut Repairs::default()));
            draft.date(item.published, &item.warnings);
            draft.unwanted = unwanted;
            draft.finish(capture.captured_at, detector)
        })
        .collect()
}

/// The text an entry carries itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct EntryText {
    /// The longer of content and summary, clean.
    pub(crate) text: String,
    /// The summary where it is not the text.
    pub(crate) summary: Option<String>,
    /// What cleaning had to do.
    pub(crate) repairs: Repairs,
    /// Lines that are the site's were taken out of the text.
    pub(crate) stripped: bool,
    /// It says of itself that the rest is elsewhere.
    pub(crate) breaks_off: bool,
    /// Who signs below it.
    pub(crate) signed: Credit,
}

impl EntryText {
    /// Whether it announces an article rather than being one.
    pub(crate) fn is_teaser(&self) -> bool {
        self.breaks_off || teaser::is_teaser(&self.text)
    }
}

/// The text of an entry: its content, or its summary where that says more.
pub(crate) fn entry_text(entry: &Entry) -> EntryText {
    let mut repairs = Repairs::default();
    let mut read = |field: &Option<String>| {
        let text = field
            .as_deref()
            .map(|raw| prose(raw, &mut repairs))
            .unwrap_or_default();
        let kept = without_footer(&strip_boilerplate(&text)).to_owned();
        let kept = recleaned(kept, text.len(), &mut repairs);
        EntryText {
            stripped: kept.len() < text.len(),
            // The line that leads to the rest is one of those that are taken out.
            breaks_off: breaks_off(&text) || breaks_off(&kept),
            // A line such as "avec AFP" is one of those that are taken out.
            signed: page::closing_of(&text, &[]),
            text: kept,
            ..EntryText::default()
        }
    };
    let (content, summary) = (read(&entry.content), read(&entry.summary));
    let mut own = if word_count(&content.text) >= word_count(&summary.text) && !content.text.is_empty() {
        let summary = Some(summary.text).filter(|summary| !summary.is_empty() && *summary != content.text);
        EntryText { summary, ..content }
    } else {
        summary
    };
    own.repairs = repairs;
    // Some feeds repeat the title for want of a text.
    let title = clean_line(
        &markup_to_text(entry.title.as_deref().unwrap_or("")),
        &mut Repairs::default(),
    );
    if own.text.len() <= title.len() * 2 && fold(&own.text) == fold(&title) {
        own.text.clear();
        own.breaks_off = false;
    }
    own
}

/// A draft of what an entry says of its article.
pub(crate) fn draft(entry: &Entry, text: EntryText, source: &str, from: ContentFrom) -> Draft {
    let mut draft = Draft::new(source, from);
    draft.url.clone_from(&entry.link);
    draft.title.clone_from(&entry.title);
    draft.summary = text.summary;
    draft.text = text.text;
    draft.repairs = text.repairs;
    if text.stripped {
        draft.warn(WarningCode::BoilerplateRemoved);
    }
    if text.breaks_off {
        draft.warn(WarningCode::TextCut);
    }
    draft.published = entry.published_at.map(of_timestamp);
    draft.updated_at = entry.updated_at;
    draft.guid.clone_from(&entry.guid);
    draft.declared_language.clone_from(&entry.language);
    let authors = authors(&entry.authors);
    if authors != entry.authors {
        draft.note(WarningCode::AuthorsFromByline, entry.authors.join(", "));
    }
    draft.authors = authors;
    draft.signed = text.signed;
    draft.categories.clone_from(&entry.categories);
    draft.image.clone_from(&entry.image);
    draft.entry_digest = Some(entry.digest());
    if let Some(content) = &entry.content {
        draft.put_beside(page::beside(content));
    }
    draft
}

/// The same of an entry that ordered its page.
pub(crate) fn ordered_draft(order: &PageOrder, text: EntryText) -> Draft {
    let mut draft = draft(&order.entry, text, &order.source, ContentFrom::Feed);
    // An order of before these were kept has the entry's moment only.
    draft.date(order.published.or(draft.published), &order.warnings);
    draft
}

/// Names, then agencies, from what a feed has as authors: some write the whole byline there.
fn authors(written: &[String]) -> Vec<String> {
    let mut all = Credit::default();
    for author in written {
        let mut credit = Credit::default();
        credit.add(author);
        // "Martin, Jeanne" is one name; so is what is no name by any rule.
        let several = credit.authors.len() > 1;
        if credit.is_empty() || (several && credit.authors.iter().any(|name| !name.contains(' '))) {
            credit = Credit::default();
            credit.authors.push(author.clone());
        }
        all.authors.append(&mut credit.authors);
        all.agencies.append(&mut credit.agencies);
    }
    all.into_names()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_s_byline_becomes_names_and_agencies() {
        for (written, names) in [
            (&["Par Jeanne Martin avec AFP"][..], "Jeanne Martin|AFP"),
            (&["Jeanne Martin", "Paul Durand"], "Jeanne Martin|Paul Durand"),
            (&["Martin, Jeanne"], "Martin, Jeanne"),
            (&["Jeanne Martin et Paul Durand"], "Jeanne Martin|Paul Durand"),
            (&["AFP"], "AFP"),
            (&["redaction@exemple.fr"], "redaction@exemple.fr"),
        ] {
            let written: Vec<String> = written.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(authors(&written).join("|"), names);
        }
    }
}
