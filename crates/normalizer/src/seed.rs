//! The seed text format: one article a file, no title promised.
//!
//! In: the text of a file and its name. Out: a draft. A leading `date 2025-06` is taken out of the text and into the
//! publication date; every line is a paragraph; a lone short line without a full stop is a headline.

use depeche_model::{ContentFrom, Published, WarningCode};

use crate::article::Draft;
use crate::text::{Repairs, clean_text, first_sentence, word_count};
use depeche_feed::parse_partial;

/// A longer line is prose, whatever it ends with: headlines of the French press stay under 25 words.
const MAX_HEADLINE_WORDS: usize = 25;

/// The draft of a seed file; `name` is its last path component.
pub(crate) fn read(text: &str, name: &str, source: &str) -> Draft {
    let (published, body) = leading_date(text);
    let mut repairs = Repairs::default();
    let text = clean_text(body, &mut repairs);
    let mut draft = Draft::new(source, ContentFrom::File);
    draft.guid = Some(name.to_owned());
    draft.repairs = repairs;
    if published.is_some() {
        draft.published = published;
        draft.warn(WarningCode::DateFromText);
    }
    if is_headline(&text) {
        draft.title = Some(text);
    } else {
        draft.text = text;
    }
    draft
}

/// The date before the first word, and the text after it.
fn leading_date(text: &str) -> (Option<Published>, &str) {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let found = start
        .split_once(char::is_whitespace)
        .filter(|(word, _)| word.eq_ignore_ascii_case("date"))
        .and_then(|(_, after)| {
            let after = after.trim_start();
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            let (date, body) = after.split_at_checked(end)?;
            Some((parse_partial(date)?, body))
        });
    match found {
        Some((published, body)) => (Some(published), body),
        None => (None, text),
    }
}

fn is_headline(text: &str) -> bool {
    let bare = text.trim_end_matches(['"', '»', '”', ')', ' ', '\u{a0}', '\u{202f}']);
    !text.is_empty()
        && !text.contains('\n')
        && word_count(text) <= MAX_HEADLINE_WORDS
        && !bare.ends_with(['.', '…'])
        && first_sentence(text) == text
}
