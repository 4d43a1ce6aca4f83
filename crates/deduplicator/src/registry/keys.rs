//! Keys: which article a digest leads to.
//!
//! In: digests of guids, addresses and folded bodies, each with the slot of its article. Out: the slot behind a digest, and the
//! digests that lead to a slot. All 128 bits of a digest are kept: what one leads to is merged without a look at the text, and a
//! publisher could search for one of millions of keys by 64 bits of it.
//!
//! Digests are hashes, so some of their bits number a bucket and spread them evenly. A bucket is two plain arrays that are read
//! from end to end: of 1.2 million digests (two weeks) it holds 73, of nine million (ninety days of 20,000 articles) 550, which
//! takes less than comparing two texts. A hash table beside an array of entries took 30 bytes a digest; this takes 21.5.

use depeche_model::Digest;

use crate::registry::articles::Slot;

/// Buckets: with nine million digests, 550 in each.
const BUCKETS: usize = 1 << 14;
/// A bucket grows by an eighth: all grow at the same pace, and room for as much again would be half of what is held.
const GROWTH: usize = 8;
/// The bit of an owner that says its digest is of a folded body.
const BODY: u32 = 1 << 31;

/// What a digest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A guid, an address or what else names an article.
    Name,
    /// A folded body.
    Body,
}

/// The number of a bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place(u16);

/// All keys.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    buckets: Vec<Bucket>,
    len: usize,
    /// Places for entries that are allocated.
    room: usize,
}

/// Entry by entry the first half of the digest, and the rest with the owner.
#[derive(Debug, Clone, Default)]
struct Bucket {
    heads: Vec<u64>,
    tails: Vec<[u32; 3]>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            buckets: vec![Bucket::default(); BUCKETS],
            len: 0,
            room: 0,
        }
    }
}

impl Keys {
    /// Where a digest stands if it stands anywhere.
    pub(crate) fn place(digest: Digest) -> Place {
        let [.., a, b] = digest.0;
        Place(u16::from_be_bytes([a, b]) % BUCKETS as u16)
    }

    /// The slot that a digest leads to.
    pub(crate) fn get(&self, digest: Digest, kind: Kind) -> Option<Slot> {
        let bucket = self.bucket(Self::place(digest))?;
        let (at, _) = bucket.find(digest, kind)?;
        bucket.tails.get(at).map(|tail| Slot(tail[2] & !BODY))
    }

    /// Lets a digest lead to a slot, wherever it led before.
    pub(crate) fn set(&mut self, digest: Digest, kind: Kind, slot: Slot) {
        let Some(bucket) = self.buckets.get_mut(usize::from(Self::place(digest).0)) else {
            return;
        };
        if let Some((at, tail)) = bucket.find(digest, kind) {
            bucket.tails[at] = [tail[0], tail[1], owner(kind, slot)];
            return;
        }
        let before = bucket.heads.capacity();
        if bucket.heads.len() == before {
            bucket.heads.reserve_exact(before / GROWTH + 1);
            bucket.tails.reserve_exact(before / GROWTH + 1);
            self.room += bucket.heads.capacity() - before;
        }
        let (head, tail) = halves(digest);
        bucket.heads.push(head);
        bucket.tails.push([tail[0], tail[1], owner(kind, slot)]);
        self.len += 1;
    }

    /// The digests in a bucket that lead to a slot.
    pub(crate) fn of(&self, place: Place, slot: Slot) -> impl Iterator<Item = (Digest, Kind)> {
        let bucket = self.bucket(place);
        bucket.into_iter().flat_map(move |bucket| {
            let entries = bucket.heads.iter().zip(&bucket.tails);
            entries
                .filter(move |(_, tail)| tail[2] & !BODY == slot.0)
                .map(|(head, tail)| (whole(*head, *tail), kind(tail[2])))
        })
    }

    /// Removes the digests in a bucket that lead to a slot.
    pub(crate) fn remove_of(&mut self, place: Place, slot: Slot) {
        let Some(bucket) = self.buckets.get_mut(usize::from(place.0)) else {
            return;
        };
        for at in (0..bucket.tails.len()).rev() {
            if bucket.tails[at][2] & !BODY == slot.0 {
                bucket.heads.swap_remove(at);
                bucket.tails.swap_remove(at);
                self.len -= 1;
            }
        }
    }

    /// How many digests there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.buckets.len() * size_of::<Bucket>() + self.room * (size_of::<u64>() + size_of::<[u32; 3]>())
    }

    fn bucket(&self, place: Place) -> Option<&Bucket> {
        self.buckets.get(usize::from(place.0))
    }
}

impl Bucket {
    fn find(&self, digest: Digest, of: Kind) -> Option<(usize, [u32; 3])> {
        let (head, tail) = halves(digest);
        let mut heads = self.heads.iter().zip(&self.tails).enumerate();
        heads
            .find(|(_, (other, rest))| **other == head && rest[..2] == tail && kind(rest[2]) == of)
            .map(|(at, (_, rest))| (at, *rest))
    }
}

fn owner(kind: Kind, slot: Slot) -> u32 {
    match kind {
        Kind::Name => slot.0,
        Kind::Body => slot.0 | BODY,
    }
}

fn kind(owner: u32) -> Kind {
    if owner & BODY == 0 { Kind::Name } else { Kind::Body }
}

fn halves(digest: Digest) -> (u64, [u32; 2]) {
    let bits = u128::from_be_bytes(digest.0);
    ((bits >> 64) as u64, [(bits >> 32) as u32, bits as u32])
}

fn whole(head: u64, tail: [u32; 3]) -> Digest {
    let bits = u128::from(head) << 64 | u128::from(tail[0]) << 32 | u128::from(tail[1]);
    Digest(bits.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: u32) -> Digest {
        Digest::of([number.to_be_bytes().as_slice()])
    }

    #[test]
    fn every_digest_leads_to_the_last_slot_it_was_given_as_each_kind() {
        let mut keys = Keys::default();
        for number in 0..100_000 {
            keys.set(digest(number), Kind::Name, Slot(number));
        }
        for number in 0..100 {
            keys.set(digest(number), Kind::Body, Slot(7));
            keys.set(digest(number), Kind::Name, Slot(number + 1));
        }
        assert_eq!(keys.len(), 100_100);
        for number in 0..100_000 {
            let slot = if number < 100 { number + 1 } else { number };
            assert_eq!(keys.get(digest(number), Kind::Name), Some(Slot(slot)));
            let body = (number < 100).then_some(Slot(7));
            assert_eq!(keys.get(digest(number), Kind::Body), body);
        }
        assert_eq!(keys.get(digest(100_000), Kind::Name), None);
    }

    #[test]
    fn what_leads_to_a_slot_is_told_and_removed_and_nothing_else() {
        let mut keys = Keys::default();
        let near: Vec<Digest> = (0..400_000)
            .map(digest)
            .filter(|other| Keys::place(*other) == Keys::place(digest(0)))
            .collect();
        assert!(near.len() > 3);
        for (number, digest) in near.iter().enumerate() {
            keys.set(*digest, Kind::Name, Slot(number as u32 % 2));
        }
        keys.set(near[0], Kind::Body, Slot(1));
        let place = Keys::place(near[0]);
        let mut of: Vec<(Digest, Kind)> = keys.of(place, Slot(1)).collect();
        assert_eq!(of.len(), near.len() / 2 + 1);
        assert_eq!(of.pop(), Some((near[0], Kind::Body)));
        assert_eq!(of[0], (near[1], Kind::Name));
        keys.remove_of(place, Slot(1));
        assert_eq!(keys.len(), near.len().div_ceil(2));
        assert_eq!(keys.get(near[0], Kind::Body), None);
        assert_eq!(keys.get(near[0], Kind::Name), Some(Slot(0)));
        assert_eq!(keys.get(near[1], Kind::Name), None);
    }

    #[test]
    fn a_digest_takes_little_more_than_itself_and_its_slot() {
        let mut keys = Keys::default();
        for number in 0..400_000 {
            keys.set(digest(number), Kind::Name, Slot(number));
        }
        let fixed = Keys::default().bytes();
        assert!((keys.bytes() - fixed) / keys.len() < 22, "{}", keys.bytes());
    }
}
