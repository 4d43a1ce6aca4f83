//! Bytes of the wire to text.
//!
//! The ladder: content coding off, under a cap; binary told apart; byte order mark; valid UTF-8; the label of the
//! HTTP header, the XML prolog or the `meta` element; a guess from the bytes. Labels are read as the Encoding
//! Standard does, so `iso-8859-1` means windows-1252. Valid UTF-8 goes before labels: text of several lines is valid
//! UTF-8 by accident with negligible likelihood, while wrong labels are common.

use crate::refused::{Found, NotAFeed};
use bytes::Bytes;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use depeche_model::{DecodeError, Warning, WarningCode, decode_body};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

/// A body as text.
#[derive(Debug)]
pub struct Text {
    /// The text, without byte order mark.
    pub text: String,
    /// How its charset was found.
    pub evidence: CharsetEvidence,
    /// What had to be guessed or could not be read.
    pub warnings: Vec<Warning>,
}

/// Where a label inside the document is looked for (HTML §13.2.3.2).
const PRESCAN_BYTES: usize = 1024;

/// The detector needs no more than this, and costs about 10 ns a byte.
const GUESS_BYTES: usize = 256 * 1024;

/// Bodies that are no text, by their first bytes.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x7fELF", "an ELF program"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"RIFF", "a RIFF file"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
];

/// Which rung of the ladder told the charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CharsetEvidence {
    /// A byte order mark.
    ByteOrderMark,
    /// The bytes are valid UTF-8.
    Utf8,
    /// The `charset` of the media type.
    Header,
    /// The label inside the document.
    Document,
    /// A guess from the bytes.
    Guess,
    /// UTF-8 and a charset of one byte a letter, run by run.
    Mixed,
}

impl CharsetEvidence {
    /// The rung's name in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "byte_order_mark",
            Self::Utf8 => "utf_8",
            Self::Header => "header",
            Self::Document => "document",
            Self::Guess => "guess",
            Self::Mixed => "mixed",
        }
    }
}

/// Why bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoText {
    /// Nothing but white space.
    Empty,
    /// What they look like.
    Binary(&'static str),
    /// Unpacked, they are larger than this many bytes.
    TooLarge(u64),
}

impl From<NoText> for NotAFeed {
    fn from(why: NoText) -> Self {
        match why {
            NoText::Empty => Self::new(Found::Empty, ""),
            NoText::Binary(found) => Self::new(Found::Binary, found),
            NoText::TooLarge(limit) => {
                Self::new(Found::Binary, format!("more than {limit} bytes when unpacked"))
            }
        }
    }
}

/// The text of a body whose content coding is off. `base` is the address it came from, for its country; empty when there
/// is none. gzip inside the body is undone into at most `limit_bytes`.
///
/// # Errors
///
/// Why there is no text.
pub fn decode(
    body: &Bytes,
    content_type: Option<&str>,
    base: &str,
    limit_bytes: u64,
) -> Result<Text, NoText> {
    let _ = base;
    if body.starts_with(&[0x1f, 0x8b]) {
        let unpacked = decode_body(body, Some("gzip"), limit_bytes).map_err(|error| match error {
            DecodeError::TooLarge { limit } => NoText::TooLarge(limit),
            DecodeError::Unknown(_) => NoText::Binary("gzip data"),
        })?;
        let mut text = decode_text(&unpacked.bytes, content_type)?;
        if unpacked.truncated {
            text.warnings.insert(0, WarningCode::BodyTruncated.into());
        }
        return Ok(text);
    }
    decode_text(body, content_type)
}

fn decode_text(bytes: &Bytes, content_type: Option<&str>) -> Result<Text, NoText> {
    if let Some((_, found)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(NoText::Binary(found));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(NoText::Empty);
    }
    let mut warnings = Vec::new();
    let text = if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        read(encoding, bytes.get(mark..).unwrap_or_default(), &mut warnings)
    } else if let Some(encoding) = utf_16_without_mark(bytes) {
        warnings.push(Warning::new(WarningCode::CharsetGuessed, encoding.name()));
        read(encoding, bytes, &mut warnings)
    } else if bytes.contains(&0) {
        return Err(NoText::Binary("bytes with NUL among them"));
    } else if let Ok(text) = std::str::from_utf8(bytes) {
        text.to_owned()
    } else {
        read_labelled(bytes, content_type, &mut warnings)
    };
    if text.chars().all(|c| c.is_whitespace() || c == '\u{feff}') {
        return Err(NoText::Empty);
    }
    Ok(Text {
        text,
        warnings,
        evidence: CharsetEvidence::Utf8,
    })
}

/// Not valid UTF-8: by label, else by guess.
fn read_labelled(bytes: &[u8], content_type: Option<&str>, warnings: &mut Vec<Warning>) -> String {
    let labelled = content_type
        .and_then(charset_parameter)
        .or_else(|| label_inside(bytes))
        .filter(|encoding| ![UTF_16LE, UTF_16BE, X_USER_DEFINED].contains(encoding));
    if labelled == Some(UTF_8) {
        // Labelled UTF-8 with a few broken bytes (a cut in the middle of a letter) is UTF-8 still.
        let text = String::from_utf8_lossy(bytes);
        let damaged = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
        let letters = text.chars().filter(|c| !c.is_ascii()).count();
        if damaged * 4 <= letters {
            warnings.push(Warning::new(
                WarningCode::CharsetDamaged,
                format!("{damaged} places"),
            ));
            return text.into_owned();
        }
    } else if let Some(encoding) = labelled {
        return read(encoding, bytes, warnings);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes.get(..GUESS_BYTES).unwrap_or(bytes), true);
    // The hint of a French address: windows-1252 is told from its neighbours by it.
    let guessed = detector.guess(Some(b"fr"), Utf8Detection::Deny);
    warnings.push(Warning::new(WarningCode::CharsetGuessed, guessed.name()));
    read(guessed, bytes, warnings)
}

fn read(encoding: &'static Encoding, bytes: &[u8], warnings: &mut Vec<Warning>) -> String {
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    if damaged {
        warnings.push(Warning::new(WarningCode::CharsetDamaged, encoding.name()));
    }
    text.into_owned()
}

fn charset_parameter(content_type: &str) -> Option<&'static Encoding> {
    let lower = content_type.to_ascii_lowercase();
    let (_, after) = lower.split_once("charset=")?;
    label(after)
}

fn label(written: &str) -> Option<&'static Encoding> {
    let name: String = written
        .trim_start_matches([' ', '"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
        .collect();
    // Common misspellings that the Encoding Standard does not list.
    match name.as_str() {
        "iso-8859-1-windows-1252" | "cp-1252" | "windows1252" | "ansi" => Some(WINDOWS_1252),
        _ => Encoding::for_label(name.as_bytes()),
    }
}

/// The label of an XML prolog or of a `meta` element among the first bytes.
fn label_inside(bytes: &[u8]) -> Option<&'static Encoding> {
    let head: String = bytes
        .iter()
        .take(PRESCAN_BYTES)
        .map(|b| {
            if b.is_ascii() {
                char::from(b.to_ascii_lowercase())
            } else {
                '?'
            }
        })
        .collect();
    let prolog = head
        .trim_start()
        .strip_prefix("<?xml")
        .and_then(|prolog| prolog.split_once("?>"))
        .and_then(|(prolog, _)| prolog.split_once("encoding"))
        .and_then(|(_, value)| label(value.trim_start_matches([' ', '='])));
    prolog.or_else(|| {
        let (_, after) = head
            .split_once("<meta")
            .and_then(|(_, metas)| metas.split_once("charset"))?;
        label(after.trim_start_matches([' ', '=']))
    })
}

/// UTF-16 without a byte order mark: half of the bytes of Latin text are NUL, all on one side.
fn utf_16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..512).unwrap_or(bytes);
    let pairs = head.len() / 2;
    if pairs < 4 {
        return None;
    }
    let nul = |side: usize| head.iter().skip(side).step_by(2).filter(|b| **b == 0).count();
    match (nul(0), nul(1)) {
        (0, low) if low * 10 >= pairs * 8 => Some(UTF_16LE),
        (high, 0) if high * 10 >= pairs * 8 => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCE: &str = "L’été à Bœrsch coûte 5 €, déclare l’élu d’Évreux.";

    fn text_of(bytes: &[u8], content_type: Option<&str>) -> (String, Vec<WarningCode>) {
        let text = decode_text(&Bytes::copy_from_slice(bytes), content_type).unwrap();
        (text.text, text.warnings.iter().map(|w| w.code).collect())
    }

    fn windows(text: &str) -> Vec<u8> {
        WINDOWS_1252.encode(text).0.into_owned()
    }

    fn utf_16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn each_step_of_the_ladder_reads_the_same_sentence() {
        let xml = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>{SENTENCE}</a>");
        let html = format!("<html><meta charset=latin1><p>{SENTENCE}</p>");
        let sentence = SENTENCE.to_owned();
        let mut marked = b"\xef\xbb\xbf".to_vec();
        marked.extend(SENTENCE.as_bytes());
        assert_eq!(
            text_of(&marked, Some("text/plain; charset=iso-8859-1")),
            (sentence.clone(), vec![])
        );
        assert_eq!(
            text_of(SENTENCE.as_bytes(), Some("text/plain; charset=latin1")),
            (sentence.clone(), vec![])
        );
        assert_eq!(
            text_of(&windows(SENTENCE), Some("text/xml; charset=\"ISO-8859-1\"")),
            (sentence.clone(), vec![])
        );
        assert_eq!(text_of(&windows(&xml), None), (xml.clone(), vec![]));
        assert_eq!(text_of(&windows(&html), None), (html, vec![]));
        assert_eq!(
            text_of(&windows(SENTENCE), None),
            (sentence.clone(), vec![WarningCode::CharsetGuessed])
        );
        assert_eq!(
            text_of(&windows(SENTENCE), Some("text/xml; charset=utf-8")),
            (sentence.clone(), vec![WarningCode::CharsetGuessed])
        );
        for big in [true, false] {
            let plain = utf_16(SENTENCE, big);
            assert_eq!(
                text_of(&utf_16(&format!("\u{feff}{SENTENCE}"), big), None),
                (sentence.clone(), vec![])
            );
            assert_eq!(text_of(&plain, None).0, sentence);
        }
    }

    #[test]
    fn utf_8_cut_inside_a_letter_stays_utf_8() {
        let mut cut = SENTENCE.as_bytes().to_vec();
        cut.extend(b" d\xc3");
        let (text, warnings) = text_of(&cut, Some("text/xml; charset=utf-8"));
        assert!(text.starts_with(SENTENCE));
        assert_eq!(warnings, [WarningCode::CharsetDamaged]);
    }

    #[test]
    fn bodies_that_are_no_text_are_told() {
        for (body, code) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], "binary"),
            (b"%PDF-1.7", "binary"),
            (b"PK\x03\x04", "binary"),
            (b"\x7fELF", "binary"),
            (b"abc\0def", "binary"),
            (b"", "empty"),
            (b" \r\n\t", "empty"),
            (b"\xef\xbb\xbf \n", "empty"),
        ] {
            let reason = decode_text(&Bytes::from_static(body), None).unwrap_err();
            let told = match reason {
                NoText::Empty => "empty",
                NoText::Binary(_) | NoText::TooLarge(_) => "binary",
            };
            assert_eq!(told, code, "{body:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_can_be_decoded(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            drop(decode_text(&Bytes::from(bytes), None));
        }
    }
}
