//! One item inside a feed, as the publisher wrote it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, Hasher};

/// One item inside a feed: text fields hold the publisher's markup, undone of feed escaping only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The publisher's identifier; unique within its feed. Absent ones are filled from the link.
    pub guid: Option<String>,
    /// The address of the page, absolute.
    pub link: Option<String>,
    /// The title, possibly with markup.
    pub title: Option<String>,
    /// The summary or description, possibly with markup.
    pub summary: Option<String>,
    /// The full content (`content:encoded`, Atom `content`), possibly with markup.
    pub content: Option<String>,
    /// Publication time, as far as the feed's date could be read.
    pub published_at: Option<Timestamp>,
    /// Time of the last change.
    pub updated_at: Option<Timestamp>,
    /// Authors' names.
    pub authors: Vec<String>,
    /// Category labels.
    pub categories: Vec<String>,
    /// The address of the lead image.
    pub image: Option<String>,
    /// Language as the feed or entry declares it (BCP 47).
    pub language: Option<String>,
}

impl Entry {
    /// A digest of all that the publisher wrote: equal digests mean that the entry did not change.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::default();
        for field in [
            &self.guid,
            &self.link,
            &self.title,
            &self.summary,
            &self.content,
            &self.image,
        ] {
            hasher.maybe(field.as_deref().map(str::as_bytes));
        }
        for time in [self.published_at, self.updated_at] {
            hasher.maybe(
                time.map(|t| t.as_millisecond().to_be_bytes())
                    .as_ref()
                    .map(<[u8; 8]>::as_slice),
            );
        }
        for list in [&self.authors, &self.categories] {
            hasher.part(&(list.len() as u64).to_be_bytes());
            for item in list {
                hasher.part(item.as_bytes());
            }
        }
        hasher.maybe(self.language.as_deref().map(str::as_bytes));
        hasher.finish()
    }
}
