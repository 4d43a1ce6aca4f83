//! An entry while it is read: every field with the rank of where it came from.

use depeche_model::{Entry, Warning, WarningCode};

use super::elements::Field;
use super::flaws::Flaws;
use crate::address::absolute;
use crate::dates::{DateContext, DateReading, EntryDates, read_date};
use crate::entities::decode_entities;
use crate::feed::Item;

/// A value and what it is worth; a better one takes its place, an equal one does not.
#[derive(Debug)]
pub(super) struct Ranked<T>(Option<(u8, T)>);

impl<T> Default for Ranked<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Ranked<T> {
    /// Offers a value.
    pub(super) fn offer(&mut self, rank: u8, value: T) {
        if self.0.as_ref().is_none_or(|(known, _)| rank > *known) {
            self.0 = Some((rank, value));
        }
    }

    /// The best value offered.
    pub(super) fn into_value(self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }

    /// The best value that was offered up to now.
    pub(super) fn value(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    /// Whether nothing was offered.
    pub(super) fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

/// Links by what they are worth.
pub(super) mod link {
    /// What `FeedBurner` replaced.
    pub(crate) const ORIGINAL: u8 = 6;
    /// A link to a page.
    pub(crate) const PAGE: u8 = 5;
    /// The other form of an entry that is no HTML.
    pub(crate) const OTHER_FORM: u8 = 4;
    /// An identifier that is an address.
    pub(crate) const IDENTIFIER: u8 = 3;
    /// A page about the entry.
    pub(crate) const RELATED: u8 = 2;
    /// Where the text is kept.
    pub(crate) const CONTENT: u8 = 1;
    /// A sound or picture that is all there is.
    pub(crate) const ENCLOSURE: u8 = 0;
}

/// An entry while it is read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    guid: Ranked<String>,
    link: Ranked<String>,
    title: Ranked<String>,
    summary: Ranked<String>,
    content: Ranked<String>,
    published: Ranked<(DateReading, String)>,
    updated: Ranked<(DateReading, String)>,
    unreadable_date: Option<String>,
    authors: Vec<String>,
    lesser_authors: Vec<String>,
    categories: Vec<String>,
    image: Ranked<String>,
    pub(super) language: Ranked<String>,
    /// What was repaired inside it.
    pub(super) flaws: Flaws,
    /// A guid that says it is no address (`isPermaLink="false"`).
    pub(super) guid_is_no_link: bool,
}

/// Authors and categories of one entry; more are a list of something else.
const MAX_LIST: usize = 256;

impl Draft {
    /// Takes the text of a field.
    pub(super) fn take(
        &mut self,
        field: Field,
        rank: u8,
        text: &str,
        base: Option<&str>,
        dates: &DateContext,
    ) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let value = || text.to_owned();
        match field {
            Field::Title => self.title.offer(rank, value()),
            Field::Link => self.take_link(link::PAGE, text, base),
            Field::OriginalLink => self.take_link(link::ORIGINAL, text, base),
            Field::Guid => {
                self.guid.offer(rank, value());
                if let Some(address) = absolute(text, None) {
                    self.link.offer(link::IDENTIFIER, address);
                } else if !self.guid_is_no_link && rank >= 4 && text.starts_with('/') {
                    self.take_link(link::IDENTIFIER, text, base);
                }
            }
            Field::Summary => self.summary.offer(rank, value()),
            Field::Content => self.content.offer(rank, value()),
            Field::Published | Field::Updated => {
                let slot = if field == Field::Published {
                    &mut self.published
                } else {
                    &mut self.updated
                };
                match read_date(text, dates) {
                    Some(date) => slot.offer(rank, (date, value())),
                    None => {
                        self.unreadable_date.get_or_insert_with(value);
                    }
                }
            }
            Field::Author if rank < 4 => push(&mut self.lesser_authors, person(text)),
            Field::Author | Field::PersonName => push(&mut self.authors, person(text)),
            Field::PersonMail => push(&mut self.lesser_authors, value()),
            Field::Category => push(&mut self.categories, value()),
            Field::Keywords => {
                for word in text.split([',', ';']) {
                    push(&mut self.categories, word.trim().to_owned());
                }
            }
            Field::Language => self.language.offer(rank, value()),
            Field::ImageAddress => self.take_image(rank, text, base),
            Field::Ttl
            | Field::SkippedHour
            | Field::SkippedDay
            | Field::UpdatePeriod
            | Field::UpdateFrequency
            | Field::Ignored => {}
        }
    }

    /// Offers an address of the entry.
    pub(super) fn take_link(&mut self, rank: u8, written: &str, base: Option<&str>) {
        // `<link><a href="https://example.org/">` holds an address all the same.
        let written = match written.find('<') {
            Some(_) => address_among_markup(written),
            None => written,
        };
        if let Some(address) = absolute(&decode_entities(written), base) {
            self.link.offer(rank, address);
        }
    }

    /// Offers an identifier.
    pub(super) fn take_guid(&mut self, rank: u8, written: &str) {
        let written = written.trim();
        if written.is_empty() {
            return;
        }
        self.guid.offer(rank, written.to_owned());
        if let Some(address) = absolute(written, None) {
            self.link.offer(link::IDENTIFIER, address);
        }
    }

    /// Offers a category.
    pub(super) fn take_category(&mut self, label: String) {
        push(&mut self.categories, label);
    }

    /// Offers a picture.
    pub(super) fn take_image(&mut self, rank: u8, written: &str, base: Option<&str>) {
        if let Some(address) = absolute(&decode_entities(written), base) {
            self.image.offer(rank, address);
        }
    }

    /// Whether there is a title: an address without one is no news.
    pub(super) fn has_title(&self) -> bool {
        !self.title.is_none()
    }

    /// The entry. `language` is what the feed says of itself.
    pub(super) fn finish(self, language: Option<&str>) -> Item {
        let dates = EntryDates::of(
            self.published.into_value(),
            self.updated.into_value(),
            self.unreadable_date,
        );
        let mut warnings = Vec::new();
        if !self.flaws.is_empty() {
            warnings.push(Warning::new(WarningCode::EntryRepaired, self.flaws.told()));
        }
        warnings.extend(dates.warnings);
        let authors = if self.authors.is_empty() {
            self.lesser_authors
        } else {
            self.authors
        };
        Item {
            entry: Entry {
                guid: self.guid.into_value(),
                link: self.link.into_value(),
                title: self.title.into_value(),
                summary: self.summary.into_value(),
                content: self.content.into_value(),
                published_at: dates.published_at,
                updated_at: dates.updated_at,
                authors,
                categories: self.categories,
                image: self.image.into_value(),
                language: self.language.into_value().or_else(|| language.map(str::to_owned)),
            },
            published: dates.published,
            warnings,
        }
    }
}

fn push(list: &mut Vec<String>, value: String) {
    if !value.is_empty() && list.len() < MAX_LIST && !list.contains(&value) {
        list.push(value);
    }
}

/// The first address in a text with tags.
fn address_among_markup(written: &str) -> &str {
    let from = written
        .find("http")
        .and_then(|at| written.get(at..))
        .unwrap_or("");
    let end = from
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'))
        .unwrap_or(from.len());
    from.get(..end).unwrap_or("")
}

/// The name in `redaction@example.org (Prénom Nom)` and in `Prénom Nom <redaction@example.org>`.
fn person(written: &str) -> String {
    let in_brackets = written
        .split_once('(')
        .filter(|(before, _)| before.contains('@'))
        .and_then(|(_, name)| name.split_once(')'))
        .map(|(name, _)| name.trim());
    let before_mail = || {
        written
            .split_once('<')
            .filter(|(_, mail)| mail.contains('@'))
            .map(|(name, _)| name.trim())
    };
    in_brackets
        .or_else(before_mail)
        .filter(|name| !name.is_empty())
        .unwrap_or(written)
        .to_owned()
}
