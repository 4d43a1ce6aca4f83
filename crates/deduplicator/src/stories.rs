//! Stories: the articles of one event. Every article opens its own for now.
use crate::aliases::Aliases;
use depeche_model::{Article, Remembered, StoryId, TermVector};
use jiff::{SignedDuration, Timestamp};
pub(crate) struct Stories;
impl Stories {
    pub(crate) fn new(_: SignedDuration, _: Aliases) -> Self {
        Self
    }
    pub(crate) fn remember(&mut self, _: &Remembered, _: Timestamp) {}
    pub(crate) fn forget(&mut self, _: Timestamp) {}
    pub(crate) fn terms(&self, _: &Article) -> TermVector {
        TermVector::default()
    }
    pub(crate) fn find(&self, _: &TermVector, _: (Timestamp, Timestamp), _: Timestamp) -> Option<StoryId> {
        None
    }
}
