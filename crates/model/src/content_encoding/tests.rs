//! Every coding, whole and in pieces, good and broken, up to its limits.

use std::io::Write;

use super::*;

fn gzip(text: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap().into()
}

fn zlib(text: &[u8]) -> Bytes {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap().into()
}

fn raw_deflate(text: &[u8]) -> Bytes {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap().into()
}

fn brotli(text: &[u8]) -> Bytes {
    let mut body = Vec::new();
    brotli::CompressorWriter::new(&mut body, 4096, 5, 20)
        .write_all(text)
        .unwrap();
    body.into()
}

fn zstd(text: &[u8]) -> Bytes {
    zstd::stream::encode_all(text, 3).unwrap().into()
}

fn text() -> String {
    "Les délégations se sont séparées sans accord. ".repeat(2000)
}

fn limits(max_bytes: u64) -> DecodeLimits {
    DecodeLimits {
        max_bytes,
        max_ratio: None,
    }
}

/// Decodes the body handed over so many bytes at a time.
fn in_pieces(body: &[u8], coding: &str, piece: usize, limits: DecodeLimits) -> Result<Decoded, DecodeError> {
    let mut decoder = BodyDecoder::new(Some(coding), limits);
    for piece in body.chunks(piece) {
        decoder.push(piece)?;
    }
    decoder.finish()
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what decoding gives")]
fn whole(bytes: impl Into<Bytes>) -> Result<Decoded, DecodeError> {
    Ok(Decoded {
        bytes: bytes.into(),
        truncated: false,
    })
}

#[test]
fn each_coding_is_undone_in_pieces_of_any_size() {
    let text = text();
    let bytes = text.as_bytes();
    for (coding, body) in [
        ("gzip", gzip(bytes)),
        ("x-gzip", gzip(bytes)),
        ("GZIP", gzip(bytes)),
        ("deflate", zlib(bytes)),
        ("deflate", raw_deflate(bytes)),
        ("br", brotli(bytes)),
        ("zstd", zstd(bytes)),
        ("identity", Bytes::from(text.clone())),
        ("", Bytes::from(text.clone())),
        ("gzip, br", brotli(&gzip(bytes))),
        ("br,gzip", gzip(&brotli(bytes))),
        ("gzip, identity, gzip, zstd", zstd(&gzip(&gzip(bytes)))),
    ] {
        assert_eq!(
            decode_body(&body, Some(coding), 1 << 20),
            whole(text.clone()),
            "{coding}"
        );
        for piece in [1, 2, 3, 7, 1000, 1 << 20] {
            assert_eq!(
                in_pieces(&body, coding, piece, limits(1 << 20)),
                whole(text.clone()),
                "{coding} by {piece}"
            );
        }
    }
}

#[test]
fn the_limit_is_exact() {
    for (coding, body) in [
        ("gzip", gzip(&[b'a'; 1000])),
        ("deflate", zlib(&[b'a'; 1000])),
        ("br", brotli(&[b'a'; 1000])),
        ("zstd", zstd(&[b'a'; 1000])),
        ("", Bytes::from(vec![b'a'; 1000])),
    ] {
        for piece in [1, 1000] {
            let decoded = in_pieces(&body, coding, piece, limits(1000)).unwrap();
            assert_eq!(decoded.bytes.len(), 1000, "{coding}");
            assert_eq!(
                in_pieces(&body, coding, piece, limits(999)),
                Err(DecodeError::TooLarge { limit: 999 })
            );
        }
        assert_eq!(decode_body(&body, Some(coding), 1000).unwrap().bytes.len(), 1000);
        assert_eq!(
            decode_body(&body, Some(coding), 999),
            Err(DecodeError::TooLarge { limit: 999 })
        );
    }
    // What lies between two codings is under the limit too.
    let inner = gzip(&gzip(&vec![0; 1 << 20]));
    assert!(inner.len() < 500);
    assert!(matches!(
        decode_body(&inner, Some("gzip"), 900),
        Err(DecodeError::TooLarge { .. }) | Ok(_)
    ));
    assert_eq!(
        decode_body(&gzip(&zstd(&vec![0; 1 << 20])), Some("zstd, gzip"), 1 << 19),
        Err(DecodeError::TooLarge { limit: 1 << 19 })
    );
}

#[test]
fn a_bomb_is_stopped_by_its_ratio_and_holds_no_more() {
    let blank = vec![b' '; 8 << 20];
    for (coding, body) in [
        ("gzip", gzip(&blank)),
        ("deflate", zlib(&blank)),
        ("br", brotli(&blank)),
        ("zstd", zstd(&blank)),
    ] {
        let under = |max_ratio| DecodeLimits {
            max_bytes: 64 << 20,
            max_ratio: Some(max_ratio),
        };
        let mut decoder = BodyDecoder::new(Some(coding), under(200));
        assert_eq!(
            decoder.push(&body),
            Err(DecodeError::TooDense { limit: 200 }),
            "{coding}"
        );
        let most = (200 * body.len() as u64).max(RATIO_FREE_BYTES);
        assert!(decoder.decoded_bytes() <= most, "{coding}");
        let ratio = (8_u32 << 20).div_ceil(body.len() as u32);
        assert!(
            in_pieces(&body, coding, body.len(), under(ratio)).is_ok(),
            "{coding}"
        );
        assert!(
            in_pieces(&body, coding, body.len(), under(ratio - 1)).is_err(),
            "{coding}"
        );
    }
    // Beneath a mebibyte any ratio will do.
    let small = gzip(&vec![b' '; 1 << 20]);
    let tight = DecodeLimits {
        max_bytes: 64 << 20,
        max_ratio: Some(1),
    };
    assert!(in_pieces(&small, "gzip", 100, tight).is_ok());
    let one_more = gzip(&vec![b' '; (1 << 20) + 1]);
    assert!(in_pieces(&one_more, "gzip", 100, tight).is_err());
}

#[test]
fn a_body_that_breaks_off_gives_all_that_came_of_it() {
    let text = text();
    let bytes = text.as_bytes();
    for (coding, body) in [
        ("gzip", gzip(bytes)),
        ("deflate", zlib(bytes)),
        ("deflate", raw_deflate(bytes)),
        ("br", brotli(bytes)),
        ("zstd", zstd(bytes)),
    ] {
        let half = body.slice(..body.len() - 5);
        let decoded = decode_body(&half, Some(coding), 1 << 20).unwrap();
        assert!(decoded.truncated, "{coding}");
        assert!(text.as_bytes().starts_with(&decoded.bytes), "{coding}");
        for piece in [1, 100] {
            let again = in_pieces(&half, coding, piece, limits(1 << 20)).unwrap();
            assert_eq!(again, decoded, "{coding}");
        }
    }
    // Deflate gives up to the last byte that came: most of the text.
    let body = gzip(bytes);
    let decoded = decode_body(&body.slice(..body.len() * 9 / 10), Some("gzip"), 1 << 20).unwrap();
    assert!(decoded.bytes.len() > bytes.len() / 2);
}

#[test]
fn a_byte_gone_wrong_costs_what_comes_after_it() {
    // Bytes with nothing to compress, so that the place of the damage is the place in the text.
    let text: Vec<u8> = (0..40_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut body = gzip(&text).to_vec();
    let last = body.len() - 8;
    body[last] ^= 1;
    let decoded = decode_body(&body.into(), Some("gzip"), 1 << 20).unwrap();
    // The checksum alone was hit.
    assert!(decoded.truncated && decoded.bytes == text);
}

#[test]
fn members_count_together_and_garbage_behind_them_not_at_all() {
    let one = gzip(b"un ");
    let two = gzip("deux".as_bytes());
    let joined = |parts: &[&[u8]]| Bytes::from(parts.concat());
    for garbage in [
        &b""[..],
        b"\0\0\0\0",
        b"\r\n",
        b"<!-- page en 0,1 s -->",
        b"\x1f",
        b"\x1f\x8b\x08\xff",
    ] {
        let body = joined(&[&one, &two, garbage]);
        for piece in [1, 1000] {
            let decoded = in_pieces(&body, "gzip", piece, limits(100)).unwrap();
            assert_eq!(
                (decoded.bytes.as_ref(), decoded.truncated),
                (&b"un deux"[..], false),
                "{garbage:?}"
            );
        }
    }
    let frames = joined(&[&zstd(b"un "), &zstd(b"deux")]);
    assert_eq!(decode_body(&frames, Some("zstd"), 100), whole("un deux"));
    for (coding, body) in [
        ("deflate", zlib(b"un deux")),
        ("br", brotli(b"un deux")),
        ("zstd", zstd(b"un deux")),
    ] {
        let body = joined(&[&body, b"\0\0garbage"]);
        assert_eq!(
            decode_body(&body, Some(coding), 100),
            whole("un deux"),
            "{coding}"
        );
    }
}

#[test]
fn every_field_of_a_gzip_header_is_passed_over() {
    let mut encoder = flate2::GzBuilder::new()
        .filename("fil.xml")
        .comment("un commentaire")
        .extra(vec![7; 300])
        .mtime(1)
        .write(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"<rss/>").unwrap();
    let mut body = encoder.finish().unwrap();
    assert_eq!(in_pieces(&body, "gzip", 1, limits(100)), whole("<rss/>"));
    // A reserved flag is no gzip of ours.
    body[3] |= 0x80;
    assert!(decode_body(&body.into(), Some("gzip"), 100).unwrap().truncated);
}

#[test]
fn a_plain_body_under_a_coding_s_label_is_taken_as_it_is() {
    for plain in [
        "<?xml version=\"1.0\"?><rss/>",
        "\u{feff}<rss/>",
        "{\"version\":\"https://jsonfeed.org/version/1.1\"}",
        "\n\n<feed/>",
        "<a",
    ] {
        let body = Bytes::from(plain.to_owned());
        for coding in [
            "gzip", "zstd", "br", "deflate", "gzip, br", "utf-8", "none", "compress",
        ] {
            for piece in [1, 1000] {
                assert_eq!(
                    in_pieces(&body, coding, piece, limits(1000)),
                    whole(plain),
                    "{coding} {plain}"
                );
            }
        }
    }
    // Undone already by somebody in between: one of two codings is off.
    assert_eq!(
        decode_body(&gzip(b"<rss/>"), Some("gzip, gzip"), 100),
        whole("<rss/>")
    );
}

#[test]
fn an_empty_body_is_in_no_coding() {
    for coding in ["gzip", "br", "deflate", "zstd", "identity", "rot13", ""] {
        assert_eq!(in_pieces(b"", coding, 1, limits(10)), whole(""), "{coding}");
    }
}

#[test]
fn an_unknown_coding_of_what_is_not_plain_is_told() {
    for (coding, named) in [
        ("rot13", "rot13"),
        ("gzip, rot13", "gzip, rot13"),
        ("gzip, gzip, gzip, gzip", "gzip, gzip, gzip, gzip"),
    ] {
        assert_eq!(
            in_pieces(b"\x01\x02", coding, 1, limits(10)),
            Err(DecodeError::Unknown(named.to_owned()))
        );
    }
}

#[test]
fn a_zstd_window_beyond_eight_mebibytes_is_refused() {
    let frame = |window_log: u32| {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        encoder
            .set_parameter(zstd::stream::raw::CParameter::WindowLog(window_log))
            .unwrap();
        encoder.write_all(&[b'a'; 1000]).unwrap();
        // What was sent before the end was known names its window.
        encoder.flush().unwrap();
        Bytes::from(encoder.finish().unwrap())
    };
    assert_eq!(
        decode_body(&frame(23), Some("zstd"), 1000).unwrap().bytes.len(),
        1000
    );
    let refused = decode_body(&frame(24), Some("zstd"), 1000).unwrap();
    assert!(refused.truncated && refused.bytes.is_empty());
}

#[test]
fn gzip_files_are_told_by_their_first_bytes() {
    assert!(is_gzip(&gzip(b"x")) && !is_gzip(b"<rss/>") && !is_gzip(b"\x1f\x8b"));
}
