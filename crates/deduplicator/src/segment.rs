//! Segments: the posted texts of a stretch of the stream, and the index over them.
//!
//! In: posted texts in order, each with its fingerprints. Out: which of them hold a fingerprint. A segment is open
//! while texts are added to it, then sealed into sorted arrays; two sealed neighbours are merged by walking both once.
//! A sealed segment is only ever read, and is forgotten as a whole.
//!
//! Three channels are kept apart. Fingerprints of the *whole* are what any two texts are compared by. Those of the
//! *opening* count only where one of the two texts is short, so they stand in two tables, those of short texts and
//! those of long ones: a long text asks the first alone.

use jiff::SignedDuration;
use rustc_hash::FxHashMap;

use crate::leaders::{Moment, Posted, SHORT_TOKENS};
use crate::table::{Entry, Table};

/// The fingerprints of a text that are posted and looked up: those of its sketches, none twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posting<'a> {
    /// Of the whole text.
    pub(crate) whole: &'a [u32],
    /// Of the opening, without those that are of the whole too.
    pub(crate) lead: &'a [u32],
}

/// Which texts hold a fingerprint in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// Anywhere in the text.
    Whole,
    /// In the opening of a short text.
    ShortLead,
    /// In the opening of a long text.
    LongLead,
}

impl Channel {
    /// The channel of a text's opening.
    fn of_lead(tokens: u32) -> Self {
        if tokens <= SHORT_TOKENS {
            Self::ShortLead
        } else {
            Self::LongLead
        }
    }
}

/// Texts that one segment holds, at most: they are numbered with two bytes.
pub(crate) const MOST_TEXTS: usize = 1 << 16;

/// A segment that is not changed any more.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// The day of the stream, counted from 1970, on which its texts were posted.
    pub(crate) day: i64,
    /// How many texts were posted before its first.
    pub(crate) first: u64,
    /// The texts, in the order of the stream.
    pub(crate) texts: Box<[Posted]>,
    tables: [Table; 3],
}

impl Segment {
    /// Tells the texts that hold each of these fingerprints, as [`Table::look_up`] does.
    pub(crate) fn look_up<'a>(
        &'a self,
        channel: Channel,
        fingerprints: &[u32],
        tell: impl FnMut(usize, &'a [u16]),
    ) {
        self.tables[channel as usize].look_up(fingerprints, tell);
    }

    /// The texts that hold a fingerprint, by their places, ascending.
    pub(crate) fn holders(&self, channel: Channel, fingerprint: u32) -> &[u16] {
        self.tables[channel as usize].holders(fingerprint)
    }

    /// This segment and the one behind it as one. Both are of one day, and together not too many.
    pub(crate) fn merge(self, next: Self) -> Self {
        let offset = self.texts.len() as u16;
        let tables = [Channel::Whole, Channel::ShortLead, Channel::LongLead].map(|channel| {
            let (a, b) = (&self.tables[channel as usize], &next.tables[channel as usize]);
            let behind = b
                .entries()
                .map(|(fingerprint, holder)| (fingerprint, holder + offset));
            Table::of(Merged::new(a.entries(), behind), a.len() + b.len())
        });
        Self {
            day: self.day,
            first: self.first,
            texts: [self.texts, next.texts].concat().into(),
            tables,
        }
    }

    /// Whether all of it was posted more than the window before `now`.
    pub(crate) fn is_past(&self, now: Moment, window: SignedDuration) -> bool {
        self.texts
            .last()
            .is_none_or(|newest| newest.since.is_past(now, window))
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.texts) + self.tables.iter().map(Table::bytes).sum::<usize>()
    }
}

/// Two ascending sequences as one.
pub(crate) struct Merged<A: Iterator, B: Iterator> {
    a: std::iter::Peekable<A>,
    b: std::iter::Peekable<B>,
}

impl<A: Iterator<Item = Entry>, B: Iterator<Item = Entry>> Merged<A, B> {
    /// Both, of which neither has to end first.
    pub(crate) fn new(a: A, b: B) -> Self {
        Self {
            a: a.peekable(),
            b: b.peekable(),
        }
    }
}

impl<A: Iterator<Item = Entry>, B: Iterator<Item = Entry>> Iterator for Merged<A, B> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        match (self.a.peek(), self.b.peek()) {
            (Some(a), Some(b)) if a > b => self.b.next(),
            (None, _) => self.b.next(),
            _ => self.a.next(),
        }
    }
}

/// The segment that texts are added to.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenSegment {
    /// The day of the stream of its texts.
    pub(crate) day: i64,
    /// How many texts were posted before its first.
    pub(crate) first: u64,
    /// The texts, in the order of the stream.
    pub(crate) texts: Vec<Posted>,
    channels: [FxHashMap<u32, Holders>; 3],
}

/// Who holds a fingerprint: nearly always one text, which takes no memory of its own.
#[derive(Debug, Clone)]
pub(crate) enum Holders {
    /// One.
    One(u16),
    /// Several, ascending.
    Many(Vec<u16>),
}

impl Holders {
    /// All of them, ascending.
    pub(crate) fn as_slice(&self) -> &[u16] {
        match self {
            Self::One(holder) => std::slice::from_ref(holder),
            Self::Many(holders) => holders,
        }
    }

    /// Adds one behind the others.
    pub(crate) fn push(&mut self, holder: u16) {
        match self {
            Self::One(first) => *self = Self::Many(vec![*first, holder]),
            Self::Many(holders) => holders.push(holder),
        }
    }
}

impl OpenSegment {
    /// An empty segment of this day, behind so many texts.
    pub(crate) fn new(day: i64, first: u64) -> Self {
        Self {
            day,
            first,
            ..Self::default()
        }
    }

    /// Adds a text.
    pub(crate) fn post(&mut self, posted: Posted, fingerprints: Posting<'_>) {
        let holder = self.texts.len() as u16;
        for (channel, fingerprints) in [
            (Channel::Whole, fingerprints.whole),
            (Channel::of_lead(posted.tokens), fingerprints.lead),
        ] {
            let lists = &mut self.channels[channel as usize];
            for fingerprint in fingerprints {
                lists
                    .entry(*fingerprint)
                    .and_modify(|holders| holders.push(holder))
                    .or_insert(Holders::One(holder));
            }
        }
        self.texts.push(posted);
    }

    /// Tells the texts that hold each of these fingerprints, with its place among those asked for.
    pub(crate) fn look_up<'a>(
        &'a self,
        channel: Channel,
        fingerprints: &[u32],
        mut tell: impl FnMut(usize, &'a [u16]),
    ) {
        let lists = &self.channels[channel as usize];
        for (at, fingerprint) in fingerprints.iter().enumerate() {
            if let Some(holders) = lists.get(fingerprint) {
                tell(at, holders.as_slice());
            }
        }
    }

    /// The texts that hold a fingerprint, by their places, ascending.
    pub(crate) fn holders(&self, channel: Channel, fingerprint: u32) -> &[u16] {
        self.channels[channel as usize]
            .get(&fingerprint)
            .map_or(&[], Holders::as_slice)
    }

    /// What was added, in sorted arrays.
    pub(crate) fn seal(self) -> Segment {
        let tables = self.channels.map(|lists| {
            let mut entries: Vec<Entry> = Vec::with_capacity(lists.len());
            for (fingerprint, holders) in lists {
                entries.extend(holders.as_slice().iter().map(|holder| (fingerprint, *holder)));
            }
            entries.sort_unstable();
            Table::of(entries.iter().copied(), entries.len())
        });
        Segment {
            day: self.day,
            first: self.first,
            texts: self.texts.into(),
            tables,
        }
    }

    /// Bytes held, as far as counting them costs nothing.
    pub(crate) fn bytes(&self) -> usize {
        let texts = self.texts.capacity() * size_of::<Posted>();
        let lists: usize = self.channels.iter().map(FxHashMap::capacity).sum();
        // A control byte and an eighth of free places come with every place of a table.
        texts + lists * (size_of::<(u32, Holders)>() + 1) * 8 / 7
    }
}
