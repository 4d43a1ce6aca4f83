//! The choice between what a feed's entry says of an article and what its page says.
//!
//! In: both. Out: one draft, each field from the side that is to be believed, with a warning where the two were weighed. The
//! text is the page's, unless the feed has it in full and the page lost some of it, keeps it behind a paywall or shows
//! another; a page that shares neither words nor title with its entry is another article's and gives nothing.

use depeche_feed::{is_plausible, of_timestamp};
use depeche_model::{ContentFrom, PageOrder, Precision, Published, Warning, WarningCode};
use jiff::Timestamp;
use rustc_hash::FxHashSet;

use super::byline::Credit;
use super::metadata::Metadata;
use super::words::Shingles;
use super::{MIN_PAGE_WORDS, Page};
use crate::article::Draft;
use crate::entries::{self, EntryText};
use crate::teaser::breaks_off;
use crate::text::{Repairs, clean_line, fold, markup_to_text, shorten, word_count};

/// The feed's text is the better one when the page's has less than this share of its words: extraction lost something.
const FEED_PREFERRED_SHARE: f32 = 0.9;

/// A feed's full text of which the page's has less than this share of shingles is another text: what was extracted is not
/// the article.
const SAME_TEXT_SHARE: f32 = 0.3;

/// A page that has less than this share of an entry's telling words is another article's. Titles and teasers that were written
/// anew for the page keep more than half of them: the names, the place, the matter.
const SAME_ARTICLE_SHARE: f32 = 0.2;

/// An entry with fewer telling words than these may share none with its page by chance.
const MIN_TELLING_WORDS: usize = 3;

/// Letters of a telling word in a title, where articles, pronouns and auxiliaries are shorter.
const TITLE_LETTERS: usize = 6;

/// Letters of a name; shorter ones are titles and initials.
const NAME_LETTERS: usize = 4;

/// Dates of feed and page that lie further apart do not mean the same moment; a page's time of day is often its feed's
/// time of the last change.
const SAME_DATE_HOURS: i64 = 24;

/// Characters of a title that was not taken.
const MAX_DETAIL_CHARS: usize = 120;

/// What a feed's warnings say of the date of an entry.
const OF_DATE: &[WarningCode] = &[
    WarningCode::DateImpossible,
    WarningCode::DateGuessed,
    WarningCode::DateFromUpdate,
];

/// What they say of the bytes that its text was read from.
const OF_BYTES: &[WarningCode] = &[
    WarningCode::CharsetGuessed,
    WarningCode::CharsetDamaged,
    WarningCode::CharsetMixed,
];

/// The words by which an entry is known again: the long ones of its title, the names in its text.
fn telling_words(title: &str, texts: &[&str]) -> FxHashSet<String> {
    let letters = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count();
    let mut telling: FxHashSet<String> = fold(title)
        .split(' ')
        .filter(|word| letters(word) >= TITLE_LETTERS)
        .map(str::to_owned)
        .collect();
    for text in texts {
        let mut begins = true;
        for word in text.split_whitespace() {
            // "l’Assemblée", "« Lorient »"
            let name = word.rsplit(['’', '\'']).next().unwrap_or(word);
            let name = name.trim_matches(|c: char| !c.is_alphanumeric());
            if !begins && letters(name) >= NAME_LETTERS && name.starts_with(char::is_uppercase) {
                telling.extend(fold(name).split(' ').map(str::to_owned));
            }
            begins = word.ends_with(['.', '!', '?', '…', ':', '«', '»', '"', '–', '—']);
        }
    }
    telling
}

/// Why a page cannot be an entry's, for people. A page that shows little, behind a paywall for one, cannot tell.
pub(super) fn is_another(page: &Page, order: &PageOrder, own: &EntryText) -> Option<String> {
    if word_count(&page.text) < MIN_PAGE_WORDS {
        return None;
    }
    let title = markup_to_text(order.entry.title.as_deref().unwrap_or_default());
    let telling = telling_words(&title, &[own.summary.as_deref().unwrap_or_default(), &own.text]);
    if telling.len() < MIN_TELLING_WORDS {
        return None;
    }
    let metadata = &page.metadata;
    let shown = fold(
        &[
            metadata.title.as_deref().unwrap_or(""),
            metadata.description.as_deref().unwrap_or(""),
            &page.text,
        ]
        .join(" "),
    );
    let shown: FxHashSet<&str> = shown.split(' ').collect();
    let found = telling
        .iter()
        .filter(|word| shown.contains(word.as_str()))
        .count();
    ((found as f32) < telling.len() as f32 * SAME_ARTICLE_SHARE).then(|| {
        let title = shorten(
            metadata.title.as_deref().unwrap_or("without a title"),
            MAX_DETAIL_CHARS,
        );
        format!("another article stands in its place ({title})")
    })
}

/// Whose text is taken, and why.
enum Text {
    Feed(String),
    /// The feed's, since the page is about something else.
    FeedAlone(String),
    Page(Option<String>),
}

fn text(page: &Page, own: &EntryText) -> Text {
    let (page_words, own_words) = (word_count(&page.text), word_count(&own.text));
    let counted = format!("{page_words} words on the page, {own_words} in the feed");
    let own_is_teaser = own.is_teaser();
    if page.metadata.paywalled && page_words < own_words {
        return Text::Feed(format!(
            "{page_words} words of the page are free, the feed has {own_words}"
        ));
    }
    if own_words == 0 {
        return Text::Page(None);
    }
    // What says more than its page is no teaser of it, however short it is.
    let says_more = (page_words as f32) < own_words as f32 * FEED_PREFERRED_SHARE;
    if own_words >= MIN_PAGE_WORDS && says_more && !page.metadata.paywalled {
        return Text::Feed(counted);
    }
    if !own_is_teaser && !page.metadata.paywalled {
        if Shingles::of(&page.text).cover(&own.text) < SAME_TEXT_SHARE {
            return Text::FeedAlone("the page's text is another".to_owned());
        }
        if page_words <= own_words && breaks_off(&page.text) {
            return Text::Feed(format!("the page's text breaks off, {counted}"));
        }
    }
    Text::Page(Some(if own_is_teaser {
        format!("the feed has a teaser, {counted}")
    } else {
        counted
    }))
}

/// The page's fields, completed by the entry's; the better of both texts.
pub(super) fn merged(mut page: Page, order: &PageOrder, own: EntryText, captured_at: Timestamp) -> Draft {
    let own_is_teaser = own.is_teaser();
    let choice = text(&page, &own);
    let teaser = match &choice {
        Text::Page(_) => Some(own.text.clone()).filter(|text| !text.is_empty()),
        Text::Feed(_) | Text::FeedAlone(_) => None,
    };
    let summary = own.summary.clone().or(teaser);
    let mut draft = entries::ordered_draft(order, own);
    let taken_from_page = match choice {
        Text::FeedAlone(why) => {
            draft.note(WarningCode::FeedTextPreferred, why);
            return draft;
        }
        Text::Feed(why) => {
            draft.note(WarningCode::FeedTextPreferred, why);
            false
        }
        Text::Page(why) => {
            // What was done to the feed's text is nothing to this one.
            draft.forget(WarningCode::BoilerplateRemoved);
            draft.forget(WarningCode::TextCut);
            for code in OF_BYTES {
                draft.forget(*code);
            }
            if let Some(why) = why {
                draft.note(WarningCode::PageTextPreferred, why);
            }
            true
        }
    };
    // A feed may carry in full what the page keeps behind its paywall.
    if page.metadata.paywalled && (taken_from_page || own_is_teaser) {
        draft.warn(WarningCode::Paywalled);
    }
    // A picture is the article's whichever text is taken.
    draft.put_beside(std::mem::take(&mut page.beside));
    if taken_from_page {
        // The page's own signature is among its authors.
        draft.signed = Credit::default();
        draft.text = page.text;
        draft.repairs = page.repairs;
        draft.content_from = ContentFrom::Page;
        if page.from_body {
            draft.warn(WarningCode::TextFromLinkedData);
        }
    }
    let of_feed = Fields::take(&mut draft, summary);
    fill(&mut draft, page.metadata);
    of_feed.weigh(&mut draft, captured_at);
    draft
}

/// What an entry says of its article besides the text.
struct Fields {
    title: Option<String>,
    summary: Option<String>,
    published: Option<Published>,
    /// What was doubtful about it.
    of_date: Vec<Warning>,
    updated_at: Option<Timestamp>,
    authors: Vec<String>,
    categories: Vec<String>,
    image: Option<String>,
    from_byline: bool,
}

impl Fields {
    fn take(draft: &mut Draft, summary: Option<String>) -> Self {
        let from_byline = draft.has(WarningCode::AuthorsFromByline);
        draft.forget(WarningCode::AuthorsFromByline);
        let of_date = draft
            .warnings
            .extract_if(.., |warning| OF_DATE.contains(&warning.code))
            .collect();
        Self {
            of_date,
            title: draft.title.take(),
            summary,
            published: draft.published.take(),
            updated_at: draft.updated_at.take(),
            authors: std::mem::take(&mut draft.authors),
            categories: std::mem::take(&mut draft.categories),
            image: draft.image.take(),
            from_byline,
        }
    }

    /// Puts them beside the page's fields, which are in the draft: of each the one to be believed stays.
    fn weigh(self, draft: &mut Draft, captured_at: Timestamp) {
        draft.title = title(draft, self.title);
        draft.summary = summary(draft, self.summary);
        let (of_page, of_feed) = (draft.published, self.published);
        draft.published = published(draft, of_feed, captured_at);
        // What was a guess in the feed is one where the feed's date was taken, or where there is none.
        if of_page.is_none() || (draft.published == of_feed && of_page != of_feed) {
            for warning in self.of_date {
                draft.note(warning.code, warning.detail);
            }
        }
        draft.updated_at = draft.updated_at.or(self.updated_at);
        draft.image = draft.image.take().or(self.image);
        let site = draft.site_name.as_deref().map(fold);
        let source = fold(&draft.source);
        let is_site = |name: &String| {
            let name = fold(name);
            name == source || Some(&name) == site.as_ref()
        };
        if draft.authors.iter().all(is_site) && !self.authors.iter().all(is_site) {
            draft.authors = self.authors;
            draft.forget(WarningCode::AuthorsFromByline);
            draft.forget(WarningCode::AgencyFromText);
            draft.warn(WarningCode::AuthorsFromFeed);
            if self.from_byline {
                draft.warn(WarningCode::AuthorsFromByline);
            }
        } else if !self.authors.iter().all(is_site) {
            let of_page: Vec<String> = draft.authors.iter().map(|name| fold(name)).collect();
            if !self.authors.iter().any(|name| of_page.contains(&fold(name))) {
                let names = shorten(&self.authors.join(", "), MAX_DETAIL_CHARS);
                draft.note(WarningCode::AuthorsDiffer, format!("the feed says `{names}`"));
            }
        }
        if draft.categories.is_empty() {
            draft.categories = self.categories;
        }
    }
}

/// The page's title, unless it is none of an article's.
fn title(draft: &mut Draft, of_feed: Option<String>) -> Option<String> {
    let line = |raw: &str| clean_line(&markup_to_text(raw), &mut Repairs::default());
    let of_feed = of_feed.filter(|title| !line(title).is_empty());
    let (of_page, of_feed) = match (draft.title.take(), of_feed) {
        (Some(page), Some(feed)) => (page, feed),
        (None, Some(feed)) => {
            draft.note(WarningCode::TitleFromFeed, "the page gives none");
            return Some(feed);
        }
        (page, None) => return page,
    };
    let (page_line, feed_line) = (line(&of_page), line(&of_feed));
    let (page_folded, feed_folded) = (fold(&page_line), fold(&feed_line));
    let names = [Some(draft.source.as_str()), draft.site_name.as_deref()];
    let is_site = names.into_iter().flatten().any(|name| fold(name) == page_folded);
    let is_cut = breaks_off(&page_line) && feed_folded.starts_with(&page_folded);
    if page_folded.is_empty() || is_site || is_cut {
        draft.note(
            WarningCode::TitleFromFeed,
            format!("the page says `{}`", shorten(&page_line, MAX_DETAIL_CHARS)),
        );
        draft.forget(WarningCode::TitleCleaned);
        return Some(of_feed);
    }
    // A feed's title with the site's name behind it is the same.
    let same = feed_folded.starts_with(&page_folded) || feed_folded.ends_with(&page_folded);
    if !same {
        draft.note(
            WarningCode::TitleDiffers,
            format!("the feed says `{}`", shorten(&feed_line, MAX_DETAIL_CHARS)),
        );
    }
    Some(of_page)
}

/// The feed's summary, unless it has none or it breaks off where the page's does not.
fn summary(draft: &mut Draft, of_feed: Option<String>) -> Option<String> {
    let of_page = draft.summary.take().filter(|text| !text.trim().is_empty());
    match (of_feed.filter(|text| !text.trim().is_empty()), of_page) {
        (Some(feed), Some(page)) if breaks_off(&feed) && !breaks_off(&page) => {
            draft.note(WarningCode::SummaryFromPage, "the feed's breaks off");
            Some(page)
        }
        (None, Some(page)) => {
            draft.note(WarningCode::SummaryFromPage, "the feed has none");
            Some(page)
        }
        (feed, _) => feed,
    }
}

/// The page's date, unless it cannot be true or the feed's is the more exact one.
fn published(draft: &mut Draft, of_feed: Option<Published>, captured_at: Timestamp) -> Option<Published> {
    let can_be = |date: &Published| date.precision != Precision::None && is_plausible(date, captured_at);
    let (of_page, of_feed) = match (draft.published.take(), of_feed) {
        (Some(page), Some(feed)) => (page, feed),
        (None, Some(feed)) => {
            // What the page says in its date's place cannot be true.
            if can_be(&feed) && draft.has(WarningCode::DateImpossible) {
                draft.forget(WarningCode::DateImpossible);
                draft.note(WarningCode::DateFromFeed, "the page's cannot be true");
            }
            return Some(feed);
        }
        (page, None) => return page,
    };
    if !can_be(&of_feed) {
        return Some(of_page);
    }
    // A page that contradicts itself, or says its day in its address only, or only when it was changed, is the less sure one.
    let doubted = [
        WarningCode::DateContradicted,
        WarningCode::DateFromAddress,
        WarningCode::DateFromUpdate,
    ];
    let is_doubted = doubted.iter().any(|code| draft.has(*code));
    let ((page_from, page_to), (feed_from, feed_to)) = (of_page.range(), of_feed.range());
    let apart = |from: Timestamp, to: Timestamp| from.duration_since(to).as_hours() >= SAME_DATE_HOURS;
    let far = apart(page_from, feed_to) || apart(feed_from, page_to);
    let is_possible = can_be(&of_page);
    if !is_possible || of_feed.precision < of_page.precision || is_doubted {
        for code in doubted.into_iter().chain([WarningCode::DateGuessed]) {
            draft.forget(code);
        }
        if far || !is_possible {
            draft.note(WarningCode::DateFromFeed, format!("the page says {}", of_page.at));
        }
        return Some(of_feed);
    }
    if far {
        draft.note(WarningCode::DateDiffers, format!("the feed says {}", of_feed.at));
    }
    Some(of_page)
}

/// Puts what the page says of itself into a draft.
pub(super) fn fill(draft: &mut Draft, metadata: Metadata) {
    for note in metadata.notes {
        draft.note(note.code, note.detail);
    }
    draft.title = metadata.title;
    draft.summary = metadata.description;
    draft.published = metadata.published.map(|date| match date.precision {
        Precision::Second => of_timestamp(date.at),
        _ => date,
    });
    draft.updated_at = metadata.modified.or(draft.updated_at);
    draft.preferred_urls = metadata.canonical;
    draft.site_name = metadata.site_name;
    draft.authors = metadata.authors;
    draft.categories = metadata.sections;
    draft.categories.extend(metadata.tags);
    draft.image = metadata.image;
    draft.declared_language = metadata.language.or(draft.declared_language.take());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_known_again_by_its_names_and_its_title() {
        let mut telling: Vec<String> = telling_words(
            "Le bac reprend ses rotations sur la Gironde",
            &["Depuis Royan, il relie l’Aquitaine au Verdon. Une avarie l’avait immobilisé, dit M. Roy."],
        )
        .into_iter()
        .collect();
        telling.sort_unstable();
        assert_eq!(
            telling,
            ["aquitaine", "gironde", "reprend", "rotations", "royan", "verdon"]
        );
        assert!(telling_words("Titre du fil", &["Rien de plus."]).is_empty());
    }
}
