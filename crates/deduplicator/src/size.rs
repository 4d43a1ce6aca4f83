//! How much the deduplicator holds: numbers and bytes of memory by part, for whoever watches a process.
//!
//! Bytes are counted from what is allocated, room for more included; what an allocator adds to each piece is not.

/// What one part holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Things: texts, articles or records.
    pub count: usize,
    /// Bytes of memory.
    pub bytes: usize,
}

/// What the whole deduplicator holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Texts that copies are recognised by.
    pub texts: Held,
    /// Articles known by their keys.
    pub keys: Held,
    /// Articles that later ones are compared with for their story, with the counts that say how rare terms are.
    pub stories: Held,
    /// Records whose texts are kept.
    pub recent: Held,
}

impl Size {
    /// The parts with the names under which they are told.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, Held); 4] {
        [
            ("texts", self.texts),
            ("keys", self.keys),
            ("stories", self.stories),
            ("recent", self.recent),
        ]
    }

    /// Bytes of all parts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.parts().iter().map(|(_, part)| part.bytes).sum()
    }
}

/// Bytes of a hash table with room for so many entries of this size: an eighth of the places stay free, and each has
/// a byte of control.
pub(crate) fn table_bytes(capacity: usize, entry: usize) -> usize {
    capacity * 8 / 7 * (entry + 1)
}
