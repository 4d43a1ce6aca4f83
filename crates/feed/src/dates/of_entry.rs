//! The dates of a feed's entry, from its fields.
//!
//! In: what was read of the field of the publication and of that of the last change, each with its words. Out: the entry's
//! dates, and warnings: which field it was, what was a guess, what could not be read.

use depeche_model::{Precision, Published, Warning, WarningCode};
use jiff::Timestamp;

use super::{DateReading, of_timestamp};

/// The dates of an entry.
#[derive(Debug, Default)]
pub(crate) struct EntryDates {
    /// When it was published, as exactly as it says so.
    pub(crate) published: Option<Published>,
    /// The same for those who keep a moment only: nothing where that would be a day or more of a guess.
    pub(crate) published_at: Option<Timestamp>,
    /// When it was last changed.
    pub(crate) updated_at: Option<Timestamp>,
    pub(crate) warnings: Vec<Warning>,
}

impl EntryDates {
    /// Of what the fields say, and of the words of one that could not be read.
    pub(crate) fn of(
        published: Option<(DateReading, String)>,
        updated: Option<(DateReading, String)>,
        unreadable: Option<String>,
    ) -> Self {
        let mut warnings = Vec::new();
        let updated_at = updated
            .as_ref()
            .map(|(date, _)| date.published)
            .or_else(|| published.as_ref().and_then(|(date, _)| date.updated))
            .map(|date| date.at);
        let is_update = published.is_none();
        // An entry that only tells its last change was published then, for all that is known.
        let Some((date, written)) = published.or(updated) else {
            warnings.extend(unreadable.map(|written| Warning::new(WarningCode::DateImpossible, written)));
            return Self {
                warnings,
                ..Self::default()
            };
        };
        if is_update || date.is_update {
            warnings.push(WarningCode::DateFromUpdate.into());
        }
        if let Some(doubt) = date.doubt {
            let detail = format!("{written}: {}", doubt.as_str());
            warnings.push(Warning::new(WarningCode::DateGuessed, detail));
        }
        let published = match date.published {
            // Midnight to the second is what servers add to a day.
            Published {
                at,
                precision: Precision::Second,
            } => of_timestamp(at),
            published => published,
        };
        Self {
            published: Some(published),
            published_at: (published.precision <= Precision::Day).then_some(published.at),
            updated_at,
            warnings,
        }
    }
}
