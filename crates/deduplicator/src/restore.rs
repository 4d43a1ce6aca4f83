//! Starting again: the state from the rows that were kept of it.
//!
//! In: the rows of the days that still matter. Out: a deduplicator that decides like the one that kept them. Each part of the
//! state is made of its own kind of rows and of nothing else: what is known by key, the index of texts, the stories. So the
//! three are made side by side, and none of what left its window is read.

use depeche_model::{Horizon, KnownArticle, PostedText, RefusedEntry, Seq, StoryPart, StreamDay};
use jiff::Timestamp;

use crate::decide::Deduplicator;
use crate::options::{KEY_WINDOW, Options};
use crate::registry::Registry;

/// Reads the rows back that were kept of decisions, from a day on or from an earlier one.
///
/// Rows come by their days; those of one day in the order of their numbers, but for those of articles, which come in any.
pub trait KeptRows: Sync {
    /// Why a row cannot be read.
    type Error: Send;

    /// What is known of articles.
    fn known(&self) -> impl Iterator<Item = Result<KnownArticle, Self::Error>>;
    /// What was refused.
    fn refused(&self) -> impl Iterator<Item = Result<RefusedEntry, Self::Error>>;
    /// Texts that others are compared with.
    fn posted(&self) -> impl Iterator<Item = Result<PostedText, Self::Error>>;
    /// What stories were added.
    fn parts(&self) -> impl Iterator<Item = Result<StoryPart, Self::Error>>;
}

impl Deduplicator {
    /// The deduplicator as it was at this time of the stream, when `next` was the number of its next decision.
    ///
    /// # Errors
    ///
    /// The first row that cannot be read.
    pub fn restore<R: KeptRows>(
        options: Options,
        next: Seq,
        stream: Timestamp,
        rows: &R,
    ) -> Result<Self, R::Error> {
        let mut restored = Self::new(options);
        let Self {
            registry,
            leaders,
            stories,
            ..
        } = &mut restored;
        std::thread::scope(|scope| {
            let stories = scope.spawn(move || {
                rows.parts().try_for_each(|part| {
                    stories.take_in(&part?, stream);
                    Ok(())
                })
            });
            let texts = scope.spawn(move || {
                rows.posted().try_for_each(|text| {
                    leaders.take_in(&text?);
                    Ok(())
                })
            });
            let keys = take_in_known(registry, rows);
            let joined = [stories, texts].map(|work| {
                work.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.into_iter().fold(keys, Result::and)
        })?;
        restored.next = next;
        restored.stream = stream;
        restored.forget();
        Ok(restored)
    }

    /// The first days whose rows still decide something.
    pub(crate) fn horizon(&self) -> Horizon {
        Horizon {
            known: StreamDay::back(self.stream, KEY_WINDOW),
            posted: StreamDay::back(self.stream, self.leaders.window()),
            parts: self.stories.horizon(self.stream),
        }
    }
}

/// Takes articles in day by day, those of one day in the order in which they were last met: a key leads to the later one.
fn take_in_known<R: KeptRows>(registry: &mut Registry, rows: &R) -> Result<(), R::Error> {
    let mut day: Vec<KnownArticle> = Vec::new();
    let mut take_in = |day: &mut Vec<KnownArticle>| {
        day.sort_unstable_by_key(|row| row.seq);
        for row in day.drain(..) {
            registry.take_in(row);
        }
    };
    for row in rows.known() {
        let row = row?;
        if day
            .last()
            .is_some_and(|last| StreamDay::from(last.met) != StreamDay::from(row.met))
        {
            take_in(&mut day);
        }
        day.push(row);
    }
    take_in(&mut day);
    for row in rows.refused() {
        registry.take_in_refused(&row?);
    }
    Ok(())
}
