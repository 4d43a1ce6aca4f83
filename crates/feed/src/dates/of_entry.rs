//! The dates of a feed's entry, from its fields.
//!
//! In: what was read of the field of the publication and of that of the last change, each with its words. Out: the entry's
//! dates, and warnings: which field it was, what was a guess, what could not be read.

use depeche_model::{Precision, Published, Warning, WarningCode};
use jiff::Timestamp;

use super::{DateReading, Doubt, of_timestamp};

/// The dates of an entry.
#[derive(Debug, Default)]
pub(crate) struct EntryDates {
    /// When it was published, as exactly as it says so.
    pub(crate) published: Option<Published>,
    /// The same for those who keep a moment only: nothing where that would be a day or more of a guess, or another one at the next
    /// poll. An entry is known again by it.
    pub(crate) published_at: Option<Timestamp>,
    /// When it was last changed; nothing where that would be another moment at the next poll.
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
            .filter(|(date, _)| stays(date))
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
            // What stands in the publication's place has been read by nobody else.
            let detail = unreadable.filter(|_| is_update).unwrap_or_default();
            warnings.push(Warning::new(WarningCode::DateFromUpdate, detail));
        }
        let stays = stays(&date);
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
            published_at: (stays && published.precision <= Precision::Day).then_some(published.at),
            updated_at,
            warnings,
        }
    }
}

/// Whether a date is the same at every capture: one that is told from the time of the capture moves with it.
fn stays(date: &DateReading) -> bool {
    !matches!(date.doubt, Some(Doubt::Relative | Doubt::Day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dates::{DateContext, read_date};

    fn of(written: &str, captured_at: &str) -> EntryDates {
        let context = DateContext {
            captured_at: Some(captured_at.parse().unwrap()),
            ..DateContext::default()
        };
        let read = read_date(written, &context).map(|date| (date, written.to_owned()));
        EntryDates::of(read.clone(), read, None)
    }

    #[test]
    fn what_an_entry_is_known_by_does_not_move_with_the_capture() {
        for written in ["il y a 2 heures", "18h30", "5 février 2026 à 18h30", "hier"] {
            let (first, next) = (
                of(written, "2026-02-06T20:00:00Z"),
                of(written, "2026-02-06T20:07:00Z"),
            );
            assert_eq!(first.published_at, next.published_at, "{written}");
            assert_eq!(first.updated_at, next.updated_at, "{written}");
            assert!(first.published.is_some(), "{written}");
        }
        assert_eq!(of("il y a 2 heures", "2026-02-06T20:00:00Z").published_at, None);
    }
}
