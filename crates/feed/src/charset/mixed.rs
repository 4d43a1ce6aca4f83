//! UTF-8 and a charset of one byte a letter in one document.
//!
//! Publishers paste texts of several origins into one feed, or label one that was converted twice. Each sequence of bytes
//! that is UTF-8 and can be meant as such is read so, each other byte in the other charset. A byte that begins a
//! sequence and is not followed by the rest of it was cut and is lost.

use depeche_model::{Warning, WarningCode};
use encoding_rs::Encoding;

use super::{CharsetEvidence, Mend, Text};

/// What a document's bytes beyond ASCII are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Runs {
    /// Sequences that no Latin text in another charset holds.
    sure: usize,
    /// Sequences of two bytes that may be two letters of another charset (`É»`).
    doubtful: usize,
    /// Bytes that are no part of a sequence.
    lone: usize,
    /// Sequences that lack an end.
    cut: usize,
}

impl Runs {
    /// Counts them.
    pub(super) fn count(bytes: &[u8]) -> Self {
        let mut runs = Self::default();
        each(bytes, |_, piece| match piece {
            Piece::Plain => {}
            Piece::Sequence { sure: true } => runs.sure += 1,
            Piece::Sequence { sure: false } => runs.doubtful += 1,
            Piece::Lone => runs.lone += 1,
            Piece::Cut => runs.cut += 1,
        });
        runs
    }

    /// Whether there is UTF-8 among the bytes.
    pub(super) fn are_mixed(&self) -> bool {
        self.sure > 0 || self.utf_8_prevails()
    }

    /// Whether doubtful sequences are meant as UTF-8.
    fn utf_8_prevails(&self) -> bool {
        self.sure + self.doubtful > (self.lone + self.cut) * 2
    }
}

enum Piece {
    /// ASCII.
    Plain,
    Sequence {
        sure: bool,
    },
    Lone,
    Cut,
}

/// Calls `take` with each run of ASCII, each sequence and each other byte.
fn each(bytes: &[u8], mut take: impl FnMut(&[u8], Piece)) {
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let (length, piece) = if first.is_ascii() {
            let length = rest.iter().position(|b| !b.is_ascii()).unwrap_or(rest.len());
            (length, Piece::Plain)
        } else {
            sequence(rest)
        };
        let (here, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        take(here, piece);
        rest = behind;
    }
}

/// The sequence that begins here, and its length.
fn sequence(rest: &[u8]) -> (usize, Piece) {
    let first = rest.first().copied().unwrap_or_default();
    let wanted = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return (1, Piece::Lone),
    };
    let window = rest.get(..wanted.min(rest.len())).unwrap_or_default();
    if window.len() == wanted && std::str::from_utf8(window).is_ok() {
        // Latin letters and œ have 0xc2, 0xc3 and 0xc5 first: `Â`, `Ã` and `Å`, which French does not put before signs.
        // Three bytes that fit by accident would be `â€™` and the like, which nobody writes.
        let sure = wanted > 2 || matches!(first, 0xc2 | 0xc3 | 0xc5);
        return (wanted, Piece::Sequence { sure });
    }
    let present = window
        .iter()
        .skip(1)
        .take_while(|b| matches!(b, 0x80..=0xbf))
        .count();
    if present + 1 == window.len() && window.len() < wanted {
        // The document ends inside it.
        return (window.len(), Piece::Cut);
    }
    if present > 0 && wanted > 2 {
        return (present + 1, Piece::Cut);
    }
    (1, Piece::Lone)
}

/// Reads each run in its charset.
pub(super) fn read(bytes: &[u8], other: &'static Encoding, runs: &Runs) -> Text {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut mended: Vec<Mend> = Vec::new();
    let (mut foreign, mut lost) = (0_usize, 0_usize);
    let prevails = runs.utf_8_prevails();
    each(bytes, |here, piece| {
        let meant = match piece {
            Piece::Plain => true,
            Piece::Sequence { sure } => sure || prevails,
            Piece::Lone | Piece::Cut => false,
        };
        if let (true, Ok(run)) = (meant, std::str::from_utf8(here)) {
            text.push_str(run);
            return;
        }
        let at = text.len();
        // `Ã` and `Â` alone are what is left of a letter that was cut.
        let is_cut = matches!(piece, Piece::Cut) || prevails && matches!(here, [0xc2 | 0xc3]);
        let code = if is_cut {
            text.push(char::REPLACEMENT_CHARACTER);
            lost += 1;
            WarningCode::CharsetDamaged
        } else {
            text.push_str(&other.decode_without_bom_handling(here).0);
            foreign += 1;
            WarningCode::CharsetMixed
        };
        if mended
            .last()
            .is_none_or(|last| last.code != code || at - last.at >= MENDS_APART)
        {
            mended.push(Mend { at, code });
        }
    });
    let mut warnings = Vec::new();
    if foreign > 0 {
        warnings.push(Warning::new(
            WarningCode::CharsetMixed,
            format!("UTF-8 and {}", other.name()),
        ));
    }
    if lost > 0 {
        warnings.push(Warning::new(
            WarningCode::CharsetDamaged,
            format!("{lost} places"),
        ));
    }
    Text {
        text,
        evidence: CharsetEvidence::Mixed,
        warnings,
        mended,
    }
}

/// Mends nearer to each other are noted once, in bytes: an entry is longer than this.
const MENDS_APART: usize = 16;

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1252;

    use super::*;

    fn mixed(bytes: &[u8]) -> String {
        read(bytes, WINDOWS_1252, &Runs::count(bytes)).text
    }

    #[test]
    fn each_run_is_read_in_its_charset() {
        let mut bytes = "L’été ".as_bytes().to_vec();
        bytes.extend(b"\xe0 l'\xe9cole, \x93 caf\xe9 \x94 ");
        bytes.extend("à Évreux".as_bytes());
        assert_eq!(mixed(&bytes), "L’été à l'école, “ café ” à Évreux");
    }

    #[test]
    fn windows_1252_that_looks_like_utf_8_here_and_there_is_not_mixed() {
        // `PRIVÉ»`, `É…`
        let runs = Runs::count(b"l'\xe9t\xe9 \xe0 c\xf4t\xe9, PRIV\xc9\xbb, \xc9\x85 d\xe9j\xe0");
        assert!(!runs.are_mixed(), "{runs:?}");
    }

    #[test]
    fn a_letter_that_was_cut_is_one_lost_letter() {
        let text = "C’est l’été à Évreux : l’école a rouvert, l’église aussi. ";
        let mut bytes = text.as_bytes().to_vec();
        bytes.extend(b"l\xe2\x80eau, \xc3");
        assert_eq!(mixed(&bytes), format!("{text}l\u{fffd}eau, \u{fffd}"));
    }
}
