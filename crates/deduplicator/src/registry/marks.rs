//! Stand-ins for what is only ever compared: half a digest, and a place.

use std::num::NonZeroU64;

use depeche_model::{Digest, Key, comparing_form};

use crate::fold::{ODD, hash_bytes, mix};

/// The first half of a digest, for what is compared with one digest alone that a key has led to: whether this entry, or this
/// content, is the one last met there. Of ten million changed entries in ninety days (20,000 articles a day, each
/// changed five times) one is taken for unchanged with a probability of 10⁷ / 2⁶⁴ = 5 · 10⁻¹³, and is then told with the next change;
/// nothing is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Half(NonZeroU64);

impl Half {
    /// The half of a digest.
    pub(crate) fn of(digest: Digest) -> Self {
        Self::from_bits((u128::from_be_bytes(digest.0) >> 64) as u64)
    }

    /// The half that is this number.
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(NonZeroU64::new(bits).unwrap_or(NonZeroU64::MIN))
    }

    /// The half as a number.
    pub(crate) fn bits(self) -> u64 {
        self.0.get()
    }
}

impl PartialEq<Digest> for Half {
    fn eq(&self, digest: &Digest) -> bool {
        *self == Self::of(*digest)
    }
}

/// A place as far as telling places apart needs it: source, feed and canonical address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PlaceMark {
    whole: u64,
    feed: Option<NonZeroU64>,
}

impl PlaceMark {
    /// The mark of a source and the keys under which an article is known there.
    pub(crate) fn of(source: &str, keys: &[Key]) -> Self {
        let feed = keys.iter().find_map(|key| match key {
            Key::Guid { feed, .. } => Some(hash_bytes(feed.as_bytes())),
            _ => None,
        });
        let url = keys.iter().find_map(|key| match key {
            Key::Url(url) => Some(hash_bytes(comparing_form(url).as_bytes())),
            _ => None,
        });
        let whole = [Some(hash_bytes(source.as_bytes())), feed, url]
            .into_iter()
            .fold(0, |hash: u64, part| {
                mix(hash.wrapping_mul(ODD) ^ part.unwrap_or(1))
            });
        Self {
            whole,
            feed: feed.map(|feed| NonZeroU64::new(feed).unwrap_or(NonZeroU64::MIN)),
        }
    }

    /// The mark that has these hashes.
    pub(crate) fn from_hashes((whole, feed): (u64, Option<u64>)) -> Self {
        let feed = feed.map(|feed| NonZeroU64::new(feed).unwrap_or(NonZeroU64::MIN));
        Self { whole, feed }
    }

    /// The hashes of the mark.
    pub(crate) fn hashes(self) -> (u64, Option<u64>) {
        (self.whole, self.feed.map(NonZeroU64::get))
    }

    /// Whether it is a place in a feed.
    pub(crate) fn is_in_feed(self) -> bool {
        self.feed.is_some()
    }

    /// Whether it is in the same feed as another, or both are in none.
    pub(crate) fn is_in_feed_of(self, other: Self) -> bool {
        self.feed == other.feed
    }
}
