//! UTF-8 that a publisher once read as windows-1252 (`Ã©` for `é`), set right where that is certain.
//!
//! A run of characters is taken back to its bytes and read as UTF-8. Only results that French text is made of count
//! (Latin letters, general punctuation), and only lead characters that French text does not put before such symbols:
//! `café\u{a0}»` is also valid UTF-8 when taken back, of a Chinese character, and must stay.

use std::borrow::Cow;

/// Text with its mojibake undone, `Borrowed` when there was none.
pub(crate) fn repair_mojibake(text: &str) -> Cow<'_, str> {
    if !text.contains(['Ã', 'Â', 'â', 'Å']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut certain, mut likely) = (0_usize, 0_usize);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((repaired, taken)) = run(rest) {
            // `Â»` alone may be a quoted letter; any other lead never stands before such symbols.
            if c == 'Â' {
                likely += 1;
            } else {
                certain += 1;
            }
            out.push(repaired);
            rest = rest.get(taken..).unwrap_or_default();
        } else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    if certain == 0 && likely < 2 {
        return Cow::Borrowed(text);
    }
    // `à` became `Ã` and a no-break space, which somebody then made a plain one.
    Cow::Owned(out.replace(" Ã  ", " à ").replace(" Ã ", " à "))
}

/// The character that the run at the start of `rest` stands for, and the run's length in bytes.
fn run(rest: &str) -> Option<(char, usize)> {
    let mut bytes = [0_u8; 3];
    let mut chars = rest.char_indices();
    let (_, lead) = chars.next()?;
    let length = match lead {
        'Â' | 'Ã' | 'Å' => 2,
        'â' => 3,
        _ => return None,
    };
    bytes[0] = byte_of(lead)?;
    let mut taken = lead.len_utf8();
    for slot in bytes.get_mut(1..length)? {
        let (_, c) = chars.next()?;
        *slot = byte_of(c).filter(|byte| (0x80..=0xbf).contains(byte))?;
        taken += c.len_utf8();
    }
    let repaired = std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next()?;
    matches!(repaired,
        '\u{a0}'..='\u{ff}' | 'Œ' | 'œ' | 'Ÿ' | '\u{2010}'..='\u{203a}' | '€' | '™' | '\u{2190}'..='\u{2193}')
    .then_some((repaired, taken))
}

/// The byte that windows-1252 (or Latin-1, for its holes) reads as this character.
fn byte_of(c: char) -> Option<u8> {
    if ('\u{80}'..='\u{ff}').contains(&c) {
        return u8::try_from(u32::from(c)).ok();
    }
    let mut buffer = [0; 4];
    let (bytes, _, unmappable) = encoding_rs::WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
    match (bytes.as_ref(), unmappable) {
        ([byte], false) => Some(*byte),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mojibake_is_undone() {
        for (written, expected) in [
            ("Les dÃ©putÃ©s ont votÃ©", "Les députés ont voté"),
            ("lâ€™Assemblée", "l’Assemblée"),
            ("Ã\u{89}tats-Unis et Å“uvre", "États-Unis et œuvre"),
            ("il a Ã  peine Ã©tÃ©", "il a à peine été"),
            ("Â« Oui Â», dit-elle", "« Oui », dit-elle"),
            ("100 â‚¬", "100 €"),
        ] {
            assert_eq!(repair_mojibake(written), expected, "{written}");
        }
    }

    #[test]
    fn what_may_be_meant_stays() {
        for written in [
            "un «\u{a0}café\u{a0}»",
            "la lettre «Â»",
            "SÃO PAULO, Âge, pâte, Åland",
            "« âge »…",
            "très « né\u{a0}» à l’été",
        ] {
            assert!(matches!(repair_mojibake(written), Cow::Borrowed(_)), "{written}");
        }
    }
}
