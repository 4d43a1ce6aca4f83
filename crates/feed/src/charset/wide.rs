//! UTF-16 and UTF-32, with their byte order marks and without.

use depeche_model::{Warning, WarningCode};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::{CharsetEvidence, Text, told};

/// Charsets of two or four bytes a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wide {
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
}

impl Wide {
    /// The charset's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Utf32Le => "UTF-32LE",
            Self::Utf32Be => "UTF-32BE",
        }
    }
}

/// By byte order mark. That of UTF-32LE begins with that of UTF-16LE.
pub(super) fn by_mark(bytes: &[u8]) -> Option<(Wide, usize)> {
    [
        (&b"\xff\xfe\0\0"[..], Wide::Utf32Le),
        (b"\0\0\xfe\xff", Wide::Utf32Be),
        (b"\xff\xfe", Wide::Utf16Le),
        (b"\xfe\xff", Wide::Utf16Be),
    ]
    .into_iter()
    .find(|(mark, _)| bytes.starts_with(mark))
    .map(|(mark, wide)| (wide, mark.len()))
}

/// By where the NULs stand: Latin text has one letter's byte among two or four.
pub(super) fn without_mark(bytes: &[u8]) -> Option<Wide> {
    let head = bytes.get(..512).unwrap_or(bytes);
    let quads = head.len() / 4;
    if quads < 2 {
        return None;
    }
    let nuls = |place: usize| head.iter().skip(place).step_by(4).filter(|b| **b == 0).count();
    let all = |count: usize| count * 10 >= quads * 6;
    match [nuls(0), nuls(1), nuls(2), nuls(3)].map(|count| (count == 0, all(count))) {
        [(true, _), (_, true), (_, true), (_, true)] => Some(Wide::Utf32Le),
        [(_, true), (_, true), (_, true), (true, _)] => Some(Wide::Utf32Be),
        [(true, _), (_, true), (true, _), (_, true)] => Some(Wide::Utf16Le),
        [(_, true), (true, _), (_, true), (true, _)] => Some(Wide::Utf16Be),
        _ => None,
    }
}

/// Reads bytes whose mark is off.
pub(super) fn read(wide: Wide, bytes: &[u8], evidence: CharsetEvidence) -> Text {
    let narrow = |encoding: &'static Encoding| {
        // Half a letter at the end is where the document breaks off.
        let whole = bytes.get(..bytes.len() & !1).unwrap_or(bytes);
        let (text, damaged) = encoding.decode_without_bom_handling(whole);
        (text.into_owned(), damaged)
    };
    let quads = |number: fn([u8; 4]) -> u32| {
        let mut damaged = false;
        let text: String = bytes
            .chunks_exact(4)
            .filter_map(|quad| quad.try_into().ok())
            .map(|quad| {
                char::from_u32(number(quad)).unwrap_or_else(|| {
                    damaged = true;
                    char::REPLACEMENT_CHARACTER
                })
            })
            .collect();
        (text, damaged)
    };
    let (text, damaged) = match wide {
        Wide::Utf16Le => narrow(UTF_16LE),
        Wide::Utf16Be => narrow(UTF_16BE),
        Wide::Utf32Le => quads(u32::from_le_bytes),
        Wide::Utf32Be => quads(u32::from_be_bytes),
    };
    let mut text = told(text, evidence, None);
    if damaged {
        text.warnings
            .push(Warning::new(WarningCode::CharsetDamaged, wide.name()));
    }
    text
}
