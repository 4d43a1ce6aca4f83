//! How many attributes a tag has, before the tokenizer reads it.
//!
//! The tokenizer compares each attribute of a tag with all before it, so they are counted in its source.

use super::{MAX_ATTRIBUTES, Refused};

/// What the tokenizer is in the middle of between two pieces.
#[derive(Debug, Clone, Copy)]
pub(super) enum Within {
    /// Text; a `<` may begin a tag.
    Text,
    /// A tag, with the attributes counted so far.
    Tag { part: Part, attributes: usize },
    /// A comment or a declaration.
    Comment,
}

/// Where in a tag (HTML §13.2.5.8 and 13.2.5.32 to 39).
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    TagName,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
}

impl Within {
    /// What the tokenizer is in the middle of once it has read the piece, unless it says by a token that it is done.
    pub(super) fn before(self, piece: &str, raw: bool) -> Result<Self, Refused> {
        let bytes = piece.as_bytes();
        match self {
            Self::Comment => Ok(Self::Comment),
            Self::Tag { part, attributes } => count_attributes(bytes, part, attributes),
            Self::Text => match bytes {
                // In raw text too, for it may be the tag that ends it.
                [b'<', b'/', name @ ..] if name.first().is_some_and(u8::is_ascii_alphabetic) => {
                    count_attributes(name, Part::TagName, 0)
                }
                [b'<', name @ ..] if !raw && name.first().is_some_and(u8::is_ascii_alphabetic) => {
                    count_attributes(name, Part::TagName, 0)
                }
                // A CDATA section ends without a token when it is empty.
                [b'<', b'!', b'[', ..] => Ok(Self::Text),
                [b'<', b'!' | b'?', ..] if !raw => Ok(Self::Comment),
                _ => Ok(Self::Text),
            },
        }
    }
}

fn count_attributes(bytes: &[u8], mut part: Part, mut attributes: usize) -> Result<Within, Refused> {
    for byte in bytes {
        let space = byte.is_ascii_whitespace();
        part = match (part, byte) {
            (Part::Quoted(quote), _) if quote == *byte => Part::BeforeName,
            (Part::Quoted(_), _) => part,
            (_, b'>') => return Ok(Within::Text),
            (Part::BeforeValue, _) if space => part,
            (Part::BeforeValue, b'"' | b'\'') => Part::Quoted(*byte),
            (Part::Unquoted, _) if space => Part::BeforeName,
            (Part::BeforeValue | Part::Unquoted, _) => Part::Unquoted,
            (Part::Name | Part::AfterName, b'=') => Part::BeforeValue,
            (_, b'/') => Part::BeforeName,
            (Part::Name | Part::AfterName, _) if space => Part::AfterName,
            (_, _) if space => Part::BeforeName,
            (Part::TagName | Part::Name, _) => part,
            (Part::BeforeName | Part::AfterName, _) => {
                attributes += 1;
                if attributes > MAX_ATTRIBUTES {
                    return Err(Refused::Attributes);
                }
                Part::Name
            }
        };
    }
    Ok(Within::Tag { part, attributes })
}
