//! The single-byte encodings that UTF-8 is wrongly read as, taken backwards: from a character to its byte.

use std::sync::LazyLock;

use encoding_rs::{
    Encoding, ISO_8859_2, ISO_8859_15, MACINTOSH, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253,
    WINDOWS_1254, WINDOWS_1257,
};
use rustc_hash::FxHashMap;

/// An encoding by its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Windows' and the web's Western European; Latin-1 where that has a control character.
    Western,
    Latin9,
    Central,
    Cyrillic,
    Greek,
    Turkish,
    Baltic,
    Latin2,
    Macintosh,
    /// The console of American Windows.
    Dos437,
    /// The console of Western European Windows.
    Dos850,
}

impl Reading {
    /// The commonest first: what more than one explains is explained by the first.
    pub(super) const ALL: [Self; COUNT] = [
        Self::Western,
        Self::Latin9,
        Self::Central,
        Self::Cyrillic,
        Self::Greek,
        Self::Turkish,
        Self::Baltic,
        Self::Latin2,
        Self::Macintosh,
        Self::Dos437,
        Self::Dos850,
    ];

    /// The byte that is read as `c`, when it is none of ASCII.
    pub(super) fn byte(self, c: char) -> Option<u8> {
        if self == Self::Western && ('\u{80}'..='\u{ff}').contains(&c) {
            return u8::try_from(u32::from(c)).ok();
        }
        let bytes = TABLE.get(&c)?;
        bytes.get(self as usize).copied().filter(|byte| *byte >= 0x80)
    }

    fn characters(self) -> Vec<char> {
        let encoding: &'static Encoding = match self {
            Self::Western => WINDOWS_1252,
            Self::Latin9 => ISO_8859_15,
            Self::Central => WINDOWS_1250,
            Self::Cyrillic => WINDOWS_1251,
            Self::Greek => WINDOWS_1253,
            Self::Turkish => WINDOWS_1254,
            Self::Baltic => WINDOWS_1257,
            Self::Latin2 => ISO_8859_2,
            Self::Macintosh => MACINTOSH,
            Self::Dos437 => return DOS_437.chars().collect(),
            Self::Dos850 => return DOS_850.chars().collect(),
        };
        (0x80..=0xff_u8)
            .map(|byte| {
                let (read, _) = encoding.decode_without_bom_handling(std::slice::from_ref(&byte));
                // A byte without a character comes through as the control character of its number.
                read.chars()
                    .next()
                    .filter(|c| *c != char::REPLACEMENT_CHARACTER)
                    .unwrap_or(char::from(byte))
            })
            .collect()
    }
}

const COUNT: usize = 11;

/// For every character that some reading gives, its byte in each; 0 where there is none.
static TABLE: LazyLock<FxHashMap<char, [u8; COUNT]>> = LazyLock::new(|| {
    let mut table: FxHashMap<char, [u8; COUNT]> = FxHashMap::default();
    for reading in Reading::ALL {
        for (byte, c) in (0x80..=0xff_u8).zip(reading.characters()) {
            if let Some(slot) = table.entry(c).or_default().get_mut(reading as usize) {
                *slot = byte;
            }
        }
    }
    table
});

/// Code page 437 from 0x80 on, as its vendor publishes it.
const DOS_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
    áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// Code page 850 from 0x80 on, as its vendor publishes it.
const DOS_850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reading_has_a_character_for_each_byte() {
        for reading in Reading::ALL {
            let characters = reading.characters();
            assert_eq!(characters.len(), 128, "{reading:?}");
            for (byte, c) in (0x80..=0xff_u8).zip(characters) {
                assert_eq!(reading.byte(c), Some(byte), "{reading:?} {c:?}");
            }
        }
    }
}
