//! One content hash for every id and every exact comparison: the first 128 bits of BLAKE3 over
//! length-prefixed parts.
//!
//! 128 bits make an accidental collision among 10⁹ texts less likely than 10⁻²⁰; the length prefix keeps
//! `("ab", "c")` and `("a", "bc")` apart. The function is published and frozen, so an id computed today
//! equals the one computed by a later version.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 128 bits of BLAKE3, shown as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// The digest of a sequence of parts, each preceded by its length.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Hasher::default();
        for part in parts {
            hasher.part(part);
        }
        hasher.finish()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Computes a [`Digest`] part by part.
#[derive(Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// Adds one part.
    pub fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds an optional part; `None` differs from an empty one.
    pub fn maybe(&mut self, bytes: Option<&[u8]>) -> &mut Self {
        match bytes {
            Some(bytes) => self.part(&[1]).part(bytes),
            None => self.part(&[0]),
        }
    }

    /// The digest of the parts so far.
    #[must_use]
    pub fn finish(&self) -> Digest {
        let mut out = [0; 16];
        self.0.finalize_xof().fill(&mut out);
        Digest(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_stays_the_same_across_versions() {
        let digest = Digest::of([b"le".as_slice(), "début".as_bytes()]);
        assert_eq!(digest.to_string(), "118a6cbe755954471fce2e8ed513fce8");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(
            Digest::of([b"ab".as_slice(), b"c"]),
            Digest::of([b"a".as_slice(), b"bc"])
        );
        assert_ne!(
            Hasher::default().maybe(None).finish(),
            Hasher::default().maybe(Some(b"")).finish()
        );
    }
}
