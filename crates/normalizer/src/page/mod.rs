//! The page behind an entry: its main text and what it says of itself, weighed against the entry's own text.
//!
//! In: decoded HTML, and the order it answers. Out: one [`Output`]. A page that cannot be used (an error status, markup
//! beyond the caps, no article in it) leaves the entry's own text, with a warning; it never loses the entry.

mod guard;
mod main_text;
mod metadata;

use depeche_model::{
    Capture, CaptureKind, ContentFrom, Output, PageOrder, Payload, Rejection, RejectionReason, Warning,
    WarningCode,
};

use crate::article::{Draft, prose};
use crate::entries::{self, EntryText};
use crate::file::file_name;
use crate::language::Detector;
use crate::text::{Repairs, clean_line, clean_text, fold, markup_to_text, strip_boilerplate, word_count};
use crate::urls;
use depeche_feed::of_timestamp;
use metadata::Metadata;

/// A page with fewer words of main text is a shell that scripts fill, a consent wall or an error message.
const MIN_PAGE_WORDS: usize = 40;

/// The feed's text is the better one when the page's has less than this share of its words: extraction lost something.
const FEED_PREFERRED_SHARE: f64 = 0.9;

/// A structured `articleBody` replaces an extraction that found less than this share of its words.
const EXTRACTION_SHARE: f64 = 0.6;

/// What was read of a page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The main text, clean; may be empty.
    text: String,
    repairs: Repairs,
    metadata: Metadata,
}

/// Whether a capture holds a page at all.
///
/// # Errors
///
/// Why not, for people.
pub(crate) fn answer(capture: &Capture) -> Result<(), String> {
    match &capture.payload {
        Payload::Failure { error } => Err(error.clone()),
        // 203 is a 200 that a proxy rewrote (RFC 9110 §15.3.4).
        Payload::Http(answer) if !matches!(answer.status, 200 | 203) => {
            Err(format!("status {}", answer.status))
        }
        Payload::Http(_) | Payload::File { .. } => Ok(()),
    }
}

/// Reads a page.
///
/// # Errors
///
/// Why it is not parsed, for people.
pub(crate) fn read(html: &str, url: &str) -> Result<Page, String> {
    let document = guard::parse(html).map_err(|refused| refused.to_string())?;
    let metadata = metadata::read(&document, url);
    let mut repairs = Repairs::default();
    let extracted = main_text::extract(document);
    let extracted = strip_boilerplate(&clean_text(&extracted, &mut repairs));
    let body = metadata
        .article_body
        .as_deref()
        .map(|body| prose(body, &mut repairs))
        .unwrap_or_default();
    let text = if (word_count(&extracted) as f64) < word_count(&body) as f64 * EXTRACTION_SHARE {
        strip_boilerplate(&body)
    } else {
        extracted
    };
    let text = without_heading(&text, metadata.title.as_deref());
    Ok(Page {
        text,
        repairs,
        metadata,
    })
}

/// The article of a page that an entry ordered.
pub(crate) fn with_order(
    page: Result<Page, String>,
    order: &PageOrder,
    capture: &Capture,
    detector: &Detector,
) -> Output {
    let entry = &order.entry;
    let own = entries::entry_text(entry);
    let page = page.and_then(|page| {
        let words = word_count(&page.text);
        // A short item may be all there is; then it says at least what the feed says.
        if words >= MIN_PAGE_WORDS
            || (words > 0 && words >= word_count(&own.text) && page.metadata.is_article)
        {
            Ok(page)
        } else {
            Err(format!("{words} words of text"))
        }
    });
    let mut draft = match page {
        Ok(page) => merged(page, order, own),
        Err(why) => {
            if own.text.is_empty() && entry.title.as_deref().is_none_or(|title| title.trim().is_empty()) {
                return no_article(capture, order);
            }
            let mut draft = entries::draft(entry, own, &order.source, ContentFrom::Feed);
            draft.warnings.push(Warning::new(WarningCode::PageUnusable, why));
            draft
        }
    };
    draft.feed_url = Some(order.feed_url.clone());
    draft.entry_digest = Some(entry.digest());
    draft.finish(capture.captured_at, detector)
}

/// The article of a page that came by itself: a replayed file, or a page of a foreign archive.
pub(crate) fn without_order(html: &str, capture: &Capture, detector: &Detector) -> Output {
    let from = match capture.kind {
        CaptureKind::Page => ContentFrom::Page,
        _ => ContentFrom::File,
    };
    let address = urls::absolute(capture.base_uri(), None);
    let base = address.clone().unwrap_or_default();
    let mut draft = Draft::new(&capture.source, from);
    match answer(capture).and_then(|()| read(html, &base)) {
        Ok(page) => {
            draft.text = page.text;
            draft.repairs = page.repairs;
            fill(&mut draft, page.metadata);
        }
        // The tree is what is refused; the words are still there.
        Err(why) => {
            draft.text = strip_boilerplate(&prose(html, &mut draft.repairs));
            draft.warnings.push(Warning::new(WarningCode::PageUnusable, why));
        }
    }
    match &address {
        Some(_) => draft.url = address,
        None => draft.guid = Some(file_name(&capture.uri).to_owned()),
    }
    if draft.url.is_none() {
        draft.url.clone_from(&draft.preferred_url);
    }
    draft.finish(capture.captured_at, detector)
}

/// The page's fields, completed by the entry's; the better of both texts.
fn merged(page: Page, order: &PageOrder, own: EntryText) -> Draft {
    let entry = &order.entry;
    let feed_preferred = (word_count(&page.text) as f64)
        < word_count(&own.text) as f64 * FEED_PREFERRED_SHARE
        && !entries::is_teaser(&own.text);
    let standfirst = own
        .summary
        .clone()
        .or_else(|| (!feed_preferred).then(|| own.text.clone()))
        .filter(|s| !s.is_empty());
    let mut draft = entries::draft(entry, own, &order.source, ContentFrom::Feed);
    if feed_preferred {
        draft.warn(WarningCode::FeedTextPreferred);
    } else {
        draft.text = page.text;
        draft.repairs = page.repairs;
        draft.content_from = ContentFrom::Page;
    }
    let (authors, categories) = (
        std::mem::take(&mut draft.authors),
        std::mem::take(&mut draft.categories),
    );
    let (title, published, image) = (draft.title.take(), draft.published.take(), draft.image.take());
    let updated_at = draft.updated_at;
    fill(&mut draft, page.metadata);
    draft.summary = standfirst.or(draft.summary);
    draft.title = draft.title.or(title);
    // The feed's time is the more exact one where the page gives a day only.
    draft.published = match (draft.published, published) {
        (Some(page), Some(feed)) if feed.precision < page.precision => Some(feed),
        (page, feed) => page.or(feed),
    };
    draft.updated_at = draft.updated_at.or(updated_at);
    draft.image = draft.image.or(image);
    if draft.authors.is_empty() {
        draft.authors = authors;
    }
    if draft.categories.is_empty() {
        draft.categories = categories;
    }
    draft
}

/// Puts what the page says of itself into a draft.
fn fill(draft: &mut Draft, metadata: Metadata) {
    draft.title = metadata.title;
    draft.summary = metadata.description;
    draft.published = metadata.published.map(|date| match date.precision {
        depeche_model::Precision::Second => of_timestamp(date.at),
        _ => date,
    });
    draft.updated_at = metadata.modified.or(draft.updated_at);
    draft.preferred_url = metadata.canonical;
    draft.site_name = metadata.site_name;
    draft.authors = metadata.authors;
    draft.categories = metadata.sections;
    draft.image = metadata.image;
    draft.declared_language = metadata.language.or(draft.declared_language.take());
    if metadata.paywalled && draft.content_from != ContentFrom::Feed {
        draft.warn(WarningCode::Paywalled);
    }
}

/// The title is a field of its own; a text that opens with it repeats it.
fn without_heading(text: &str, title: Option<&str>) -> String {
    let Some((first, rest)) = text.split_once("\n\n") else {
        return text.to_owned();
    };
    let title = clean_line(&markup_to_text(title.unwrap_or("")), &mut Repairs::default());
    let (first, title) = (fold(first), fold(&title));
    if !first.is_empty()
        && (first == title || title.starts_with(&format!("{first} ")))
        && word_count(&first) > 2
    {
        return rest.to_owned();
    }
    text.to_owned()
}

fn no_article(capture: &Capture, order: &PageOrder) -> Output {
    let key = order.entry.guid.clone().map(|guid| depeche_model::Key::Guid {
        feed: order.feed_url.clone(),
        guid,
    });
    Output::Rejected(Rejection {
        reason: RejectionReason::NoArticle,
        title: None,
        url: order.entry.link.clone().or_else(|| Some(capture.uri.clone())),
        key,
        digest: order.entry.digest(),
    })
}
