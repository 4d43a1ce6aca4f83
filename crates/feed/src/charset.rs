//! Bytes of the wire to text.
//!
//! The ladder: binary told apart; byte order mark; UTF-16 and UTF-32 by where their NULs stand; valid UTF-8; the label of
//! the HTTP header; that of the XML prolog or the `meta` element; a guess from the bytes, helped by the country of the host.
//! Labels are read as the Encoding Standard does, so `iso-8859-1` means windows-1252. Valid UTF-8 goes before labels:
//! text of several lines is valid UTF-8 by accident with negligible likelihood, while wrong labels are common. Where both
//! stand in one document, each run is read in its own charset ([`mixed`]).

mod mixed;
mod wide;

use bytes::Bytes;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use depeche_model::{DecodeError, Warning, WarningCode, decode_body};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use url::Url;

use crate::refused::{Found, NotAFeed};

/// A body as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text, without byte order mark.
    pub text: String,
    /// How its charset was found.
    pub evidence: CharsetEvidence,
    /// What had to be guessed or could not be read.
    pub warnings: Vec<Warning>,
    /// Where in the text a byte could not be read as the rest, by place.
    pub mended: Vec<Mend>,
}

/// A place in a text that was decoded otherwise than the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mend {
    /// The place, in bytes of the text.
    pub at: usize,
    /// What was done: [`WarningCode::CharsetMixed`] or [`WarningCode::CharsetDamaged`].
    pub code: WarningCode,
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
    let country = country(base);
    if body.starts_with(&[0x1f, 0x8b]) {
        let unpacked = decode_body(body, Some("gzip"), limit_bytes).map_err(|error| match error {
            DecodeError::TooLarge { limit } => NoText::TooLarge(limit),
            DecodeError::TooDense { .. } | DecodeError::Unknown(_) => NoText::Binary("gzip data"),
        })?;
        let mut text = decode_text(&unpacked.bytes, content_type, &country)?;
        if unpacked.truncated {
            text.warnings.insert(0, WarningCode::BodyTruncated.into());
        }
        return Ok(text);
    }
    decode_text(body, content_type, &country)
}

/// Top-level domains that say nothing of a language; what is polled there is French, or it would not be polled.
const GENERIC: &[&str] = &[
    "com", "org", "net", "info", "eu", "news", "media", "press", "africa", "int",
];

/// The top-level domain of an address, for the detector: `fr` where it says nothing.
fn country(base: &str) -> String {
    let domain = Url::parse(base).ok().and_then(|url| {
        let last = url
            .domain()?
            .trim_end_matches('.')
            .rsplit('.')
            .next()?
            .to_ascii_lowercase();
        // The detector panics on anything else.
        let plain = !last.is_empty()
            && last
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        plain.then_some(last)
    });
    match domain {
        Some(domain) if !GENERIC.contains(&domain.as_str()) && domain.len() == 2 => domain,
        Some(domain) if domain.starts_with("xn--") => domain,
        _ => "fr".to_owned(),
    }
}

fn decode_text(bytes: &[u8], content_type: Option<&str>, country: &str) -> Result<Text, NoText> {
    if let Some((_, found)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(NoText::Binary(found));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(NoText::Empty);
    }
    let text = if let Some((wide, mark)) = wide::by_mark(bytes) {
        wide::read(
            wide,
            bytes.get(mark..).unwrap_or_default(),
            CharsetEvidence::ByteOrderMark,
        )
    } else if let Some(wide) = wide::without_mark(bytes) {
        let mut text = wide::read(wide, bytes, CharsetEvidence::Guess);
        text.warnings
            .insert(0, Warning::new(WarningCode::CharsetGuessed, wide.name()));
        text
    } else if holds_more_than_stray_nuls(bytes) {
        return Err(NoText::Binary("bytes with NUL among them"));
    } else {
        let (bytes, marked) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(behind) => (behind, true),
            None => (bytes, false),
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => Text {
                text: text.to_owned(),
                evidence: if marked {
                    CharsetEvidence::ByteOrderMark
                } else {
                    CharsetEvidence::Utf8
                },
                warnings: Vec::new(),
                mended: Vec::new(),
            },
            Err(_) => read_labelled(bytes, content_type, country),
        }
    };
    if text.text.chars().all(|c| c.is_whitespace() || c == '\u{feff}') {
        return Err(NoText::Empty);
    }
    Ok(text)
}

/// Some NULs among markup are dirt; many are another format.
fn holds_more_than_stray_nuls(bytes: &[u8]) -> bool {
    let nuls = memchr::memchr_iter(0, bytes).count();
    if nuls == 0 {
        return false;
    }
    let markup = bytes
        .iter()
        .find(|b| !b.is_ascii_whitespace() && **b != 0)
        .is_some_and(|b| matches!(b, b'<' | b'{' | b'[' | 0xef));
    !(markup && nuls * 20 < bytes.len())
}

/// Not valid UTF-8: by label, by label and run, else by guess.
fn read_labelled(bytes: &[u8], content_type: Option<&str>, country: &str) -> Text {
    let usable = |encoding: &&'static Encoding| ![UTF_16LE, UTF_16BE, X_USER_DEFINED].contains(encoding);
    let header = content_type.and_then(charset_parameter).filter(usable);
    let document = label_inside(bytes).filter(usable);
    // A label that says UTF-8 is wrong in part at least.
    let (labelled, evidence) = match (header, document) {
        (Some(header), _) if header != UTF_8 => (Some(header), CharsetEvidence::Header),
        (_, Some(document)) if document != UTF_8 => (Some(document), CharsetEvidence::Document),
        _ => (None, CharsetEvidence::Guess),
    };
    let runs = mixed::Runs::count(bytes);
    match labelled {
        // A charset of several bytes a letter is believed when the bytes are its.
        Some(encoding) if !encoding.is_single_byte() => {
            let (text, damaged) = encoding.decode_without_bom_handling(bytes);
            if !damaged || !runs.are_mixed() {
                return told(text.into_owned(), evidence, damaged.then_some(encoding));
            }
            mixed::read(bytes, WINDOWS_1252, &runs)
        }
        Some(encoding) if runs.are_mixed() => mixed::read(bytes, encoding, &runs),
        Some(encoding) => {
            let (text, damaged) = encoding.decode_without_bom_handling(bytes);
            told(text.into_owned(), evidence, damaged.then_some(encoding))
        }
        None if runs.are_mixed() => mixed::read(bytes, WINDOWS_1252, &runs),
        None => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
            detector.feed(bytes.get(..GUESS_BYTES).unwrap_or(bytes), true);
            let guessed = detector.guess(Some(country.as_bytes()), Utf8Detection::Deny);
            let (text, damaged) = guessed.decode_without_bom_handling(bytes);
            let mut text = told(
                text.into_owned(),
                CharsetEvidence::Guess,
                damaged.then_some(guessed),
            );
            text.warnings
                .insert(0, Warning::new(WarningCode::CharsetGuessed, guessed.name()));
            text
        }
    }
}

/// A text with a warning where some of its bytes could not be read.
fn told(text: String, evidence: CharsetEvidence, damaged: Option<&'static Encoding>) -> Text {
    Text {
        text,
        evidence,
        warnings: damaged
            .map(|encoding| Warning::new(WarningCode::CharsetDamaged, encoding.name()))
            .into_iter()
            .collect(),
        mended: Vec::new(),
    }
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
        "iso-8859-1-windows-1252"
        | "cp-1252"
        | "windows1252"
        | "ansi"
        | "iso8859-01"
        | "iso-8859"
        | "iso-latin-1"
        | "latin-1"
        | "iso_8859_1"
        | "iso-8859-1-1"
        | "iso-88591"
        | "iso-8859-1."
        | "windows-1252."
        | "iso" => Some(WINDOWS_1252),
        "iso-8859-15-1" | "latin-9" | "iso8859-015" => Some(encoding_rs::ISO_8859_15),
        "utf" | "utf_8" | "utf-8-1" | "utf-8." | "utf8mb4" | "utf-8n" => Some(UTF_8),
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

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCE: &str = "L’été à Bœrsch coûte 5 €, déclare l’élu d’Évreux.";

    fn text_of(bytes: &[u8], content_type: Option<&str>) -> (String, Vec<WarningCode>) {
        let text = decode_text(bytes, content_type, "fr").unwrap();
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
            let reason = decode_text(body, None, "fr").unwrap_err();
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
            drop(decode_text(&bytes, None, "fr"));
        }
    }
}
