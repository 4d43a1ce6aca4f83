//! The page behind an entry: its main text and what it says of itself, weighed against the entry's own text.
//!
//! In: decoded HTML, and the order it answers. Out: one [`Output`]. A page that cannot be used (an error status, markup
//! beyond the caps, a consent page or a wall in its place, no article in it) leaves the entry's own text, with a warning
//! that says which; it never loses the entry. Of a page behind a paywall the longer of the entry's text and the free
//! part is kept, and said to end there.

mod guard;

mod classes;
mod reader;
mod skim;

mod json_ld;
mod state;

mod address_date;
mod byline;
mod closing;
mod date_evidence;
mod date_lines;
mod dates;
mod metadata;
mod places;
mod signature;
mod title;

mod asides;
mod beside;
mod caption;
mod filter;
mod main_text;
mod score;
mod words;

mod barrier;
mod error_page;
mod paywall;

mod choice;

use std::panic::{AssertUnwindSafe, catch_unwind};

use depeche_feed::{DateContext, Wall};
use depeche_model::{
    Capture, CaptureKind, ContentFrom, Output, PageOrder, Payload, Published, Rejection, RejectionReason,
    Table, Warning, WarningCode,
};
use jiff::Timestamp;

use crate::article::{Draft, prose, recleaned};
use crate::entries;
use crate::file::file_name;
use crate::language::Detector;
use crate::normalizer::Unwanted;
use crate::text::{Repairs, clean_line, clean_text, fold, markup_to_text, strip_boilerplate, word_count};
use crate::urls;
use barrier::{Barrier, Content};
pub(crate) use beside::Beside;
pub(crate) use byline::{Credit, agency_of_text};
use choice::{fill, merged};
use classes::Hints;
pub(crate) use closing::{of_text as closing_of, sign};
use date_lines::unglued;
use main_text::Clues;
use metadata::Metadata;
use skim::{Element, Kind, Skim, Tag};

/// A page with fewer words of main text is a shell that scripts fill, a consent wall or an error message.
const MIN_PAGE_WORDS: usize = 40;

/// Characters of what a page shows in which notices and buttons are looked for: articles of the press stay under 60,000.
const MAX_SHOWN_CHARS: usize = 100_000;

/// Words on a button: "Accepter tous les cookies et continuer".
const MAX_BUTTON_WORDS: usize = 6;

/// Bytes on it.
const MAX_BUTTON_BYTES: usize = 60;

/// What was read of a page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The main text, clean; may be empty.
    text: String,
    /// The text is JSON-LD's, of which the page shows little.
    from_body: bool,
    repairs: Repairs,
    /// Captions and tables, clean.
    beside: Beside,
    metadata: Metadata,
    /// What it shows instead of an article.
    barrier: Option<Barrier>,
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
            Err(match answer.header("cf-mitigated") {
                Some(_) => format!("status {}, {}", answer.status, Barrier::Robots(Wall::Cloudflare)),
                None => format!("status {}", answer.status),
            })
        }
        Payload::Http(answer) if answer.header("cf-mitigated").is_some() => {
            Err(Barrier::Robots(Wall::Cloudflare).to_string())
        }
        Payload::Http(_) | Payload::File { .. } => match &capture.final_uri {
            Some(landed) => {
                barrier::of_redirect(&capture.uri, landed).map_or(Ok(()), |barrier| Err(barrier.to_string()))
            }
            None => Ok(()),
        },
    }
}

/// Reads a page. `dates` is where and when it was captured.
///
/// # Errors
///
/// Why it is not parsed, for people.
pub(crate) fn read(html: &str, url: &str, dates: DateContext) -> Result<Page, String> {
    let document = guard::parse(html).map_err(|refused| refused.to_string())?;
    let mut skim = Skim::of(&document);
    skim.dates = dates;
    drop(document);
    let mut metadata = metadata::read(html, &skim, url);
    let mut repairs = Repairs::default();
    let body = metadata
        .article_body
        .as_deref()
        .map(|body| prose(body, &mut Repairs::default()));
    let extracted = main_text::extract(
        &skim,
        Clues {
            title: metadata.title.as_deref(),
            description: metadata.description.as_deref(),
            body: body.as_deref(),
            authors: &metadata.authors,
        },
    );
    let clean = clean_text(&extracted.text, &mut repairs);
    let (text, has_notice) = paywall::without_notices(&clean);
    let text = if extracted.from_body {
        strip_boilerplate(&text)
    } else {
        text
    };
    // A site that says of a page that all may read it knows better than a notice, which may be another article's.
    metadata.paywalled |= metadata.free != Some(true) && (has_notice || names_paywall(&skim));
    let text = recleaned(
        without_heading(&text, metadata.title.as_deref()),
        clean.len(),
        &mut repairs,
    );
    if let Some(agency) = agency_of_text(&text)
        && !metadata.authors.iter().any(|author| author == agency)
    {
        metadata.authors.push(agency.to_owned());
        metadata
            .notes
            .push(Warning::new(WarningCode::AgencyFromText, agency));
    }
    let own = [metadata.site_name.as_deref().unwrap_or_default()];
    let signed = closing::of_page(&skim, extracted.around.clone(), &text, &own);
    metadata.notes.extend(sign(&mut metadata.authors, signed, &own));
    let words = word_count(&text);
    let is_error = words <= error_page::MAX_WORDS && {
        let heading = title::heading(&skim);
        let titles = [
            metadata.title.as_deref(),
            heading.as_deref(),
            skim.head.title.as_deref(),
        ];
        let site = metadata.site_name.as_deref();
        error_page::is_error(&titles, site, &fold(&text), metadata.is_article)
    };
    let barrier = if is_error {
        Some(Barrier::Error)
    } else if words > barrier::MAX_CONSENT_WORDS
        || (words >= MIN_PAGE_WORDS && !barrier::may_be_consent(spanned(&skim, &extracted.around)))
    {
        None
    } else {
        barrier::of_content(Content {
            html,
            main: &fold(&text),
            around: &shown(&skim, extracted.around.clone()),
            shown: &shown(&skim, 0..skim.blocks.len()),
            buttons: buttons(&skim, 0..skim.blocks.len()),
            buttons_of_text: buttons(
                &skim,
                if metadata.is_article || is_in_article(&skim, &extracted.around) {
                    extracted.around.clone()
                } else {
                    0..skim.blocks.len()
                },
            ),
            is_article: metadata.is_article,
            asks_password: metadata.asks_password,
        })
    };
    Ok(Page {
        text,
        from_body: extracted.from_body,
        repairs,
        beside: extracted.beside,
        metadata,
        barrier,
    })
}

/// What a page shows in place of an article, for people: a page that asks for consent, a wall against robots, a login.
#[must_use]
pub fn barrier_to(html: &str, url: &str) -> Option<String> {
    let page = read(html, url, DateContext::default()).ok()?;
    page.barrier.map(|barrier| barrier.to_string())
}

/// What a page shows in some of its blocks, folded.
fn shown(skim: &Skim, blocks: std::ops::Range<usize>) -> String {
    let text = skim.lines(blocks);
    let end = text
        .char_indices()
        .nth(MAX_SHOWN_CHARS)
        .map_or(text.len(), |(at, _)| at);
    fold(text.get(..end).unwrap_or_default())
}

/// The text of several blocks as it stands, one behind the other.
fn spanned<'a>(skim: &'a Skim, blocks: &std::ops::Range<usize>) -> &'a str {
    let blocks = skim.blocks.get(blocks.clone()).unwrap_or_default();
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return "";
    };
    skim.text.get(first.text.start..last.text.end).unwrap_or_default()
}

/// The lines among some blocks that say what buttons of consent pages say. Every site has such a link among those at its foot,
/// and what stands as a heading is no button: guides explain them one by one.
fn buttons(skim: &Skim, blocks: std::ops::Range<usize>) -> usize {
    let at_foot = |element| {
        skim.around(element)
            .any(|element| matches!(skim.elements[element].tag, Tag::Footer | Tag::Nav))
    };
    skim.blocks
        .get(blocks)
        .unwrap_or_default()
        .iter()
        .filter(|block| block.words <= MAX_BUTTON_WORDS && block.bytes() <= MAX_BUTTON_BYTES)
        .filter(|block| !matches!(block.kind, Kind::Heading(_)))
        .filter(|block| barrier::is_button(&fold(&unglued(skim.text(block)))) && !at_foot(block.element))
        .count()
}

/// Whether blocks stand in an element that is marked as an article.
fn is_in_article(skim: &Skim, blocks: &std::ops::Range<usize>) -> bool {
    let first = skim.blocks.get(blocks.start);
    first.is_some_and(|block| {
        skim.around(block.element)
            .any(|element| skim.elements[element].tag == Tag::Article)
    })
}

/// Whether the part that holds the article, where the page marks it, speaks of a paywall.
fn names_paywall(skim: &Skim) -> bool {
    let first = |found: fn(&Element) -> bool| skim.elements.iter().find(|element| found(element));
    let marked = first(|element| element.hints.contains(Hints::PROPERTY))
        .or_else(|| first(|element| element.tag == Tag::Article))
        .or_else(|| first(|element| element.tag == Tag::Main));
    let blocks = marked.map_or(0..skim.blocks.len(), |element| element.blocks.clone());
    // What such a notice cannot do without, in either case.
    let speaks = |text: &str| {
        ["bonn", "reste", "payant", "serv"]
            .iter()
            .any(|stem| text.contains(stem))
    };
    let mut lines = String::new();
    for block in skim.blocks.get(blocks).unwrap_or_default() {
        if block.words > 2 && speaks(skim.text(block)) {
            lines.push_str(skim.text(block));
            lines.push('\n');
        }
    }
    paywall::is_named_in(&fold(&lines))
}

/// The captions and tables in markup that is no page of its own, the content of a feed's entry. Nothing where there can be
/// none, and nothing where it is refused: an entry is its text.
pub(crate) fn beside(markup: &str) -> Beside {
    if !["<figcaption", "<table", "wp-caption"]
        .iter()
        .any(|name| markup.contains(name))
    {
        return Beside::default();
    }
    // The fence is around the tree alone, so that a parser's panic leaves the entry and its feed.
    let read = catch_unwind(AssertUnwindSafe(|| read(markup, "", DateContext::default())));
    match read {
        Ok(Ok(page)) => page.beside,
        Ok(Err(_)) | Err(_) => Beside::default(),
    }
}

/// What one page says of its article, read by itself: no feed's entry is weighed against it, no language asked.
#[derive(Debug, Clone, PartialEq)]
pub struct PageArticle {
    /// The title, without the site's name.
    pub title: Option<String>,
    /// The text: paragraphs separated by one blank line, no markup; empty where there is none.
    pub text: String,
    /// The standfirst as the page's metadata have it.
    pub description: Option<String>,
    /// Names, agencies behind the people.
    pub authors: Vec<String>,
    /// When it was published.
    pub published: Option<Published>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// The sections of the site it stands in.
    pub sections: Vec<String>,
    /// Its labels.
    pub tags: Vec<String>,
    /// The address of the lead image.
    pub image: Option<String>,
    /// What the page says its address is, the most telling first.
    pub canonical: Vec<String>,
    /// The name of the site.
    pub site_name: Option<String>,
    /// Not everybody may read all of it.
    pub paywalled: bool,
    /// The captions of its pictures.
    pub captions: Vec<String>,
    /// Its tables of data.
    pub tables: Vec<Table>,
    /// What was guessed, cut off or doubtful about these.
    pub warnings: Vec<Warning>,
}

/// Reads one page, within 2 MiB of stack. What it costs is bounded by the caps on a page, not by time: the worst known,
/// floods of 4 MB that stay below each of them, take a third of a second.
///
/// # Errors
///
/// Why it is not parsed, for people: it exceeds a cap on bytes, depth, elements or attributes.
pub fn read_page(html: &str, url: &str) -> Result<PageArticle, String> {
    let Page {
        text,
        metadata,
        beside,
        ..
    } = read(html, url, DateContext::default())?;
    let line = |raw: String| clean_line(&markup_to_text(&raw), &mut Repairs::default());
    Ok(PageArticle {
        title: metadata.title.map(line),
        text,
        description: metadata.description.map(line),
        authors: metadata.authors,
        published: metadata.published,
        updated_at: metadata.modified,
        sections: metadata.sections,
        tags: metadata.tags,
        image: metadata.image,
        canonical: metadata.canonical,
        site_name: metadata.site_name,
        paywalled: metadata.paywalled,
        captions: beside.captions,
        tables: beside.tables,
        warnings: metadata.notes,
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
        if let Some(barrier) = page.barrier {
            return Err(barrier.to_string());
        }
        let words = word_count(&page.text);
        // A short item may be all there is; then it says at least what the feed says. A paywall leaves what it leaves.
        if words >= MIN_PAGE_WORDS
            || (words > 0 && words >= word_count(&own.text) && page.metadata.is_article)
            || (page.metadata.paywalled && (words > 0 || page.metadata.is_article))
        {
            match choice::is_another(&page, order, &own) {
                Some(why) => Err(why),
                None => Ok(page),
            }
        } else {
            Err(format!("{words} words of text"))
        }
    });
    let mut draft = match page {
        Ok(page) => {
            let mut draft = merged(page, order, own, capture.captured_at);
            draft.landed_url.clone_from(&capture.final_uri);
            draft
        }
        Err(why) => {
            if own.text.is_empty() && entry.title.as_deref().is_none_or(|title| title.trim().is_empty()) {
                return no_article(capture, order);
            }
            let mut draft = entries::ordered_draft(order, own);
            draft.note(WarningCode::PageUnusable, why);
            draft
        }
    };
    draft.feed_url = Some(order.feed_url.clone());
    draft.entry_digest = Some(entry.digest());
    draft.finish(capture.captured_at, detector)
}

/// The article of a page that came by itself: a replayed file, or a page of a foreign archive.
pub(crate) fn without_order(
    html: &str,
    capture: &Capture,
    dates: DateContext,
    detector: &Detector,
    unwanted: Unwanted,
) -> Output {
    let from = match capture.kind {
        CaptureKind::Page => ContentFrom::Page,
        _ => ContentFrom::File,
    };
    let address = urls::absolute(capture.base_uri(), None);
    let base = address.clone().unwrap_or_default();
    let mut draft = Draft::new(&capture.source, from);
    match answer(capture).and_then(|()| read(html, &base, dates)) {
        // What stands in an article's place is none, whatever it says.
        Ok(page) if page.barrier.is_some() => {
            draft.url = address;
            if draft.url.is_none() {
                draft.guid = Some(file_name(&capture.uri).to_owned());
            }
            return draft.rejected(RejectionReason::NoArticle, page.metadata.title);
        }
        Ok(page) => {
            draft.text = page.text;
            draft.repairs = page.repairs;
            draft.put_beside(page.beside);
            if page.from_body {
                draft.warn(WarningCode::TextFromLinkedData);
            }
            if page.metadata.paywalled {
                draft.warn(WarningCode::Paywalled);
            }
            fill(&mut draft, page.metadata);
        }
        // The tree is what is refused; the words are still there, unless there are none.
        Err(why) => {
            let whole = prose(html, &mut draft.repairs);
            draft.text = recleaned(strip_boilerplate(&whole), whole.len(), &mut draft.repairs);
            let words = draft.text.split_whitespace();
            let said = words.filter(|word| word.contains(char::is_alphabetic));
            if said.take(MIN_PAGE_WORDS).count() < MIN_PAGE_WORDS {
                draft.text.clear();
            }
            draft.note(WarningCode::PageUnusable, why);
        }
    }
    match &address {
        Some(_) => draft.url = address,
        None => draft.guid = Some(file_name(&capture.uri).to_owned()),
    }
    if draft.url.is_none() {
        // The front page is every article's, so it is none's.
        let mut own = draft.preferred_urls.iter();
        draft.url = own
            .find(|url| !urls::is_front_page(&urls::canonical(url)))
            .cloned();
    }
    // A page without words is no article to show.
    if !draft.text.is_empty() {
        draft.unwanted = unwanted;
    }
    draft.finish(capture.captured_at, detector)
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
