//! Undoing `Content-Encoding` (RFC 9110 §8.4) under a cap.
//!
//! The journal keeps the bytes of the wire; whoever reads them decodes here. A broken or truncated coding
//! gives what could be read, and says so; a body that is plainly not in its labelled coding is taken as it is.

use std::io::Read;

use bytes::Bytes;

/// A decoded body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The bytes.
    pub bytes: Bytes,
    /// The coding broke off or was damaged: `bytes` is what could be read before that.
    pub truncated: bool,
}

/// Why a body cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than allowed came out.
    #[error("the decoded body is larger than {limit} bytes; raise `fetch.max_body` to accept it")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A coding this program did not ask for.
    #[error("content coding `{0}` is not one of gzip, deflate, br, zstd")]
    Unknown(String),
}

/// Codings stacked on one body beyond this number are an attack: no server of the press sends two.
const MAX_CODINGS: usize = 3;

/// Decodes `body` from the codings named in `content_encoding`, in reverse order of application, into at most
/// `limit` bytes.
///
/// # Errors
///
/// [`DecodeError`] when more than `limit` bytes come out or a coding is unknown.
pub fn decode_body(body: &Bytes, content_encoding: Option<&str>, limit: u64) -> Result<Decoded, DecodeError> {
    let codings: Vec<String> = content_encoding
        .unwrap_or_default()
        .split(',')
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    if codings.len() > MAX_CODINGS {
        return Err(DecodeError::Unknown(codings.join(", ")));
    }
    let mut decoded = Decoded {
        bytes: body.clone(),
        truncated: false,
    };
    for coding in codings.iter().rev() {
        let step = undo(coding, &decoded.bytes, limit)?;
        decoded = Decoded {
            bytes: step.bytes,
            truncated: decoded.truncated || step.truncated,
        };
    }
    if decoded.bytes.len() as u64 > limit {
        return Err(DecodeError::TooLarge { limit });
    }
    Ok(decoded)
}

fn undo(coding: &str, body: &Bytes, limit: u64) -> Result<Decoded, DecodeError> {
    let input: &[u8] = body;
    let labelled_wrongly = Decoded {
        bytes: body.clone(),
        truncated: false,
    };
    match coding {
        "gzip" | "x-gzip" if input.starts_with(&[0x1f, 0x8b]) => {
            read_capped(flate2::read::MultiGzDecoder::new(input), limit)
        }
        // RFC 9110 §8.4.1.2 means zlib; some servers send a raw deflate stream.
        "deflate" if input.first().is_some_and(|first| first & 0x0f == 8) => {
            read_capped(flate2::read::ZlibDecoder::new(input), limit)
        }
        "deflate" => read_capped(flate2::read::DeflateDecoder::new(input), limit),
        "br" => {
            let decoded = read_capped(brotli::Decompressor::new(input, 4096), limit)?;
            // Brotli has no magic number: nothing came out, so it was not brotli.
            if decoded.truncated && decoded.bytes.is_empty() {
                Ok(labelled_wrongly)
            } else {
                Ok(decoded)
            }
        }
        "zstd" if input.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => {
            match zstd::stream::read::Decoder::new(input) {
                Ok(decoder) => read_capped(decoder, limit),
                Err(_) => Ok(labelled_wrongly),
            }
        }
        "gzip" | "x-gzip" | "zstd" => Ok(labelled_wrongly),
        other => Err(DecodeError::Unknown(other.to_owned())),
    }
}

fn read_capped(decoder: impl Read, limit: u64) -> Result<Decoded, DecodeError> {
    let mut bytes = Vec::new();
    let truncated = decoder
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .is_err();
    if bytes.len() as u64 > limit {
        return Err(DecodeError::TooLarge { limit });
    }
    Ok(Decoded {
        bytes: bytes.into(),
        truncated,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn each_coding_is_undone() {
        let text = "Les délégations se sont séparées sans accord.".repeat(20);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(text.as_bytes()).unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        raw.write_all(text.as_bytes()).unwrap();
        let mut br = Vec::new();
        brotli::CompressorWriter::new(&mut br, 4096, 5, 20)
            .write_all(text.as_bytes())
            .unwrap();
        let zstd = zstd::stream::encode_all(text.as_bytes(), 3).unwrap();
        for (coding, body) in [
            ("gzip", gzip(text.as_bytes())),
            ("deflate", zlib.finish().unwrap().into()),
            ("deflate", raw.finish().unwrap().into()),
            ("br", br.into()),
            ("zstd", zstd.into()),
            ("identity", Bytes::from(text.clone())),
        ] {
            let decoded = decode_body(&body, Some(coding), 1 << 20).unwrap();
            assert_eq!(
                decoded,
                Decoded {
                    bytes: Bytes::from(text.clone()),
                    truncated: false
                },
                "{coding}"
            );
        }
    }

    #[test]
    fn the_limit_is_exact() {
        let body = gzip(&[b'a'; 1000]);
        assert_eq!(decode_body(&body, Some("gzip"), 1000).unwrap().bytes.len(), 1000);
        assert_eq!(
            decode_body(&body, Some("gzip"), 999),
            Err(DecodeError::TooLarge { limit: 999 })
        );
        let plain = Bytes::from_static(&[b'a'; 10]);
        assert_eq!(
            decode_body(&plain, None, 9),
            Err(DecodeError::TooLarge { limit: 9 })
        );
    }

    #[test]
    fn a_broken_gzip_gives_what_it_holds() {
        let whole = gzip("mot après mot ".repeat(5000).as_bytes());
        let decoded = decode_body(&whole.slice(..whole.len() - 20), Some("gzip"), 1 << 20).unwrap();
        assert!(decoded.truncated && decoded.bytes.starts_with("mot après".as_bytes()));
    }

    #[test]
    fn a_plain_body_labelled_gzip_is_taken_as_it_is() {
        let plain = Bytes::from_static(b"<rss/>");
        for coding in ["gzip", "zstd"] {
            assert_eq!(decode_body(&plain, Some(coding), 100).unwrap().bytes, plain);
        }
    }
}
