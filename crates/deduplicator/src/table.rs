//! A sealed inverted index: from 32-bit fingerprints to holders, in sorted arrays that are never changed.
//!
//! In: every fingerprint with its holder, sorted. Out: the holders of one fingerprint as a slice. Fingerprints are
//! hashes and so spread evenly: their upper bits number a bucket, a directory says where each bucket begins, and a
//! bucket of some sixteen entries is searched. In a large table the upper half of a fingerprint is its bucket's number
//! and is not kept again, so an entry takes four bytes: two of the fingerprint, two of the holder. The directory counts from
//! blocks of neighbouring buckets on, so that two bytes a bucket are enough.

/// Entries a bucket holds on average in a table that keeps whole fingerprints: one line of a processor's cache.
const BUCKET_ENTRIES: usize = 16;
/// From this many entries on, a directory of 2¹⁶ places is smaller than two bytes an entry.
const NARROW_FROM: usize = 1 << 17;
/// Buckets of a block.
const BLOCK: usize = 64;

/// Fingerprints that are looked up together: those of one article.
const TOGETHER: usize = 64;

/// One fingerprint and one of its holders, which the owner of the table numbers.
pub(crate) type Entry = (u32, u16);

/// The sorted arrays.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    starts: Starts,
    /// How many upper bits of a fingerprint number its bucket.
    bits: u32,
    rests: Rests,
    holders: Box<[u16]>,
}

/// Where each bucket begins, and where the last one ends.
#[derive(Debug, Clone)]
enum Starts {
    /// Counted from where the block begins that the bucket is of.
    Near { blocks: Box<[u32]>, places: Box<[u16]> },
    /// Counted from the first entry, where so many texts share a fingerprint that two bytes do not count a block.
    Far(Box<[u32]>),
}

impl Starts {
    fn of(starts: Vec<u32>) -> Self {
        let blocks: Box<[u32]> = starts.iter().step_by(BLOCK).copied().collect();
        let places: Option<Box<[u16]>> = starts
            .chunks(BLOCK)
            .zip(&blocks)
            .flat_map(|(block, first)| block.iter().map(move |start| u16::try_from(start - first).ok()))
            .collect();
        match places {
            Some(places) => Self::Near { blocks, places },
            None => Self::Far(starts.into()),
        }
    }

    fn get(&self, bucket: usize) -> usize {
        match self {
            Self::Near { blocks, places } => {
                blocks.get(bucket / BLOCK).map_or(0, |block| *block as usize)
                    + places.get(bucket).map_or(0, |place| usize::from(*place))
            }
            Self::Far(starts) => starts.get(bucket).map_or(0, |start| *start as usize),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Near { blocks, places } => size_of_val(&**blocks) + size_of_val(&**places),
            Self::Far(starts) => size_of_val(&**starts),
        }
    }
}

/// What is kept of each fingerprint, ascending inside a bucket.
#[derive(Debug, Clone)]
enum Rests {
    /// The lower half; the bucket's number is the upper one.
    Narrow(Box<[u16]>),
    /// All of it.
    Wide(Box<[u32]>),
}

impl Table {
    /// The table of these entries, which ascend; there are `count` of them.
    pub(crate) fn of(entries: impl Iterator<Item = Entry>, count: usize) -> Self {
        let is_narrow = count >= NARROW_FROM;
        let bits = if is_narrow {
            16
        } else {
            (count / BUCKET_ENTRIES).checked_ilog2().unwrap_or(0)
        };
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        let mut holders = Vec::with_capacity(count);
        let (mut narrow, mut wide) = (Vec::new(), Vec::new());
        if is_narrow {
            narrow.reserve_exact(count);
        } else {
            wide.reserve_exact(count);
        }
        for (fingerprint, holder) in entries {
            let bucket = bucket(fingerprint, bits);
            while starts.len() <= bucket {
                starts.push(holders.len() as u32);
            }
            if is_narrow {
                narrow.push(fingerprint as u16);
            } else {
                wide.push(fingerprint);
            }
            holders.push(holder);
        }
        starts.resize((1 << bits) + 1, holders.len() as u32);
        Self {
            starts: Starts::of(starts),
            bits,
            rests: if is_narrow {
                Rests::Narrow(narrow.into())
            } else {
                Rests::Wide(wide.into())
            },
            holders: holders.into(),
        }
    }

    /// The holders of a fingerprint, ascending.
    pub(crate) fn holders(&self, fingerprint: u32) -> &[u16] {
        let mut found: &[u16] = &[];
        self.look_up(&[fingerprint], |_, holders| found = holders);
        found
    }

    /// Tells the holders of each fingerprint that has any, with the fingerprint's place among those asked for.
    ///
    /// A large table lies in no cache, so a lookup waits twice: for the directory and for the bucket. Done one after
    /// another for many fingerprints, the same step's waits overlap: a text among 300,000 took 195 µs singly and 50 µs so.
    pub(crate) fn look_up<'a>(&'a self, fingerprints: &[u32], mut tell: impl FnMut(usize, &'a [u16])) {
        let mut places = [(0_usize, 0_usize); TOGETHER];
        let mut firsts = [0_u32; TOGETHER];
        for (chunk, first) in fingerprints.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
            for (place, fingerprint) in places.iter_mut().zip(chunk) {
                let bucket = bucket(*fingerprint, self.bits);
                *place = (self.starts.get(bucket), self.starts.get(bucket + 1));
            }
            for (first, (start, _)) in firsts.iter_mut().zip(places).take(chunk.len()) {
                *first = match &self.rests {
                    Rests::Narrow(rests) => rests.get(start).map_or(0, |rest| u32::from(*rest)),
                    Rests::Wide(rests) => rests.get(start).copied().unwrap_or(0),
                };
            }
            for (at, fingerprint) in chunk.iter().enumerate() {
                let (start, end) = places[at];
                let found = match &self.rests {
                    Rests::Narrow(rests) if firsts[at] <= u32::from(*fingerprint as u16) => {
                        run(&rests[start..end], *fingerprint as u16)
                    }
                    Rests::Wide(rests) if firsts[at] <= *fingerprint => run(&rests[start..end], *fingerprint),
                    _ => continue,
                };
                if !found.is_empty() {
                    tell(first + at, &self.holders[start..end][found]);
                }
            }
        }
    }

    /// Every entry, ascending.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> {
        let (mut bucket, mut end) = (0_u32, self.starts.get(1));
        self.holders.iter().enumerate().map(move |(at, holder)| {
            let fingerprint = match &self.rests {
                Rests::Wide(rests) => rests[at],
                Rests::Narrow(rests) => {
                    while end <= at {
                        bucket += 1;
                        end = self.starts.get(bucket as usize + 1);
                    }
                    bucket << 16 | u32::from(rests[at])
                }
            };
            (fingerprint, *holder)
        })
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.holders.len()
    }

    /// Bytes held beside the struct itself.
    pub(crate) fn bytes(&self) -> usize {
        let rests = match &self.rests {
            Rests::Narrow(rests) => size_of_val(&**rests),
            Rests::Wide(rests) => size_of_val(&**rests),
        };
        self.starts.bytes() + rests + size_of_val(&*self.holders)
    }
}

fn bucket(fingerprint: u32, bits: u32) -> usize {
    (u64::from(fingerprint) << bits >> 32) as usize
}

/// Where an item stands in a sorted slice, as often as it does.
fn run<T: Ord + Copy>(sorted: &[T], item: T) -> std::ops::Range<usize> {
    let start = sorted.partition_point(|other| *other < item);
    let rest = &sorted[start..];
    // Nearly always absent; where it is a stock phrase, long.
    let length = match rest.first() {
        Some(first) if *first == item => rest.partition_point(|other| *other <= item),
        _ => 0,
    };
    start..start + length
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fold::mix;

    /// So many entries, a third of them under a fingerprint that has others.
    fn entries(count: u64) -> Vec<Entry> {
        let mut entries: Vec<Entry> = (0..count)
            .map(|n| (mix(n - n % 3 * (n % 2)) as u32, (n % 60_000) as u16))
            .collect();
        entries.extend([(0, 1), (0, 2), (u32::MAX, 3)]);
        entries.sort_unstable();
        entries.dedup();
        entries
    }

    #[test]
    fn every_fingerprint_leads_to_its_holders_and_no_other_does() {
        for count in [0, 1, 40, 1000, NARROW_FROM as u64 + 5000] {
            let entries = entries(count);
            let table = Table::of(entries.iter().copied(), entries.len());
            let mut expected: BTreeMap<u32, Vec<u16>> = BTreeMap::new();
            for (fingerprint, holder) in &entries {
                expected.entry(*fingerprint).or_default().push(*holder);
            }
            for (fingerprint, holders) in &expected {
                assert_eq!(table.holders(*fingerprint), holders, "{count} {fingerprint}");
                let next = fingerprint.wrapping_add(1);
                assert_eq!(table.holders(next).is_empty(), !expected.contains_key(&next));
            }
            assert_eq!(table.entries().collect::<Vec<_>>(), entries, "{count}");
        }
    }

    #[test]
    fn an_empty_table_has_no_holders() {
        let table = Table::of(std::iter::empty(), 0);
        assert!(table.holders(0).is_empty() && table.holders(u32::MAX).is_empty());
        assert_eq!(table.entries().count(), 0);
    }

    #[test]
    fn a_fingerprint_that_all_texts_hold_is_found_and_so_are_those_around_it() {
        let stock = u32::MAX / 3;
        let mut entries = entries(NARROW_FROM as u64);
        for fingerprint in [stock, stock + 1, stock + (1 << 16)] {
            entries.extend((0..=u16::MAX).map(|holder| (fingerprint, holder)));
        }
        entries.sort_unstable();
        entries.dedup();
        let table = Table::of(entries.iter().copied(), entries.len());
        assert!(matches!(table.starts, Starts::Far(_)));
        for fingerprint in [stock, stock + 1, stock + (1 << 16)] {
            assert_eq!(table.holders(fingerprint).len(), 1 << 16);
        }
        assert_eq!(table.holders(u32::MAX), [3]);
        assert_eq!(table.entries().collect::<Vec<_>>(), entries);
    }

    #[test]
    fn an_entry_of_a_large_table_takes_little_more_than_four_bytes() {
        let entries = entries(1 << 20);
        let table = Table::of(entries.iter().copied(), entries.len());
        assert!(table.bytes() < entries.len() * 17 / 4, "{}", table.bytes());
    }
}
