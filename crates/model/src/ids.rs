//! Names for things, derived from their content, so that the same input gets the same name on every run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// What is wrong with a written id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id: expected 32 hexadecimal digits as `list` and `export` print them")]
pub struct ParseIdError(String);

macro_rules! content_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub Digest);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(written: &str) -> Result<Self, ParseIdError> {
                parse_hex(written).map(Self).ok_or_else(|| ParseIdError(written.to_owned()))
            }
        }
    };
}

content_id!(
    /// Names one capture: its kind, address, time and body. The journal writes it as the WARC record id.
    CaptureId
);
content_id!(
    /// Names one article, from its first revision on: its identity (feed and guid, URL or file) and first text.
    ArticleId
);
content_id!(
    /// Names one story: derived from the article that opened it.
    StoryId
);

/// The place of a record in commit order, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Seq(pub u64);

impl Seq {
    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn parse_hex(written: &str) -> Option<Digest> {
    let digits: Vec<u8> = written
        .chars()
        .map(|c| c.to_digit(16).map(|d| d as u8))
        .collect::<Option<Vec<u8>>>()?;
    if digits.len() != 32 {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Some(Digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_is_written() {
        let id = ArticleId(Digest::of([b"x".as_slice()]));
        assert_eq!(id.to_string().parse::<ArticleId>(), Ok(id));
    }

    #[test]
    fn a_wrong_id_says_what_was_expected() {
        for wrong in ["", "12", "zz", "é"] {
            assert!(
                wrong
                    .parse::<ArticleId>()
                    .unwrap_err()
                    .to_string()
                    .contains("32 hexadecimal digits")
            );
        }
    }
}
