//! One capture as one WARC record, and back.
//!
//! | capture | WARC-Type | block |
//! |---|---|---|
//! | HTTP answer | `response` | status line, header fields, body as on the wire |
//! | file | `resource` | the file's bytes |
//! | page that could not be fetched | `metadata` | the reason, as plain text |
//!
//! The record id is the capture's content-derived id written as a UUID, so the same capture has the same
//! record id in every journal. The last field of the header, `Depeche-Header-Digest`, is the digest of all before
//! it. `Transfer-Encoding` was undone by the HTTP client; its field is kept under
//! `X-Archive-Orig-Transfer-Encoding`, as web archives do, so that no reader undoes it twice.

use bytes::Bytes;
use depeche_model::{Capture, CaptureKind, Digest, Header, HttpAnswer, PageOrder, PagePolicy, Payload};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::head::HEADER_DIGEST;
use crate::warc::{Record, digest};

const ORIGINAL_TRANSFER_ENCODING: &str = "X-Archive-Orig-Transfer-Encoding";

/// Since this version, every header ends in its own digest.
const WITH_HEADER_DIGEST: u32 = 2;

/// What WARC has no field for.
#[derive(Serialize, Deserialize)]
struct Extension {
    /// Absent in what was written before there were versions.
    #[serde(default)]
    version: u32,
    ordinal: u64,
    kind: String,
    uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    final_uri: Option<String>,
    source: String,
    page_policy: PagePolicy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<Box<PageOrder>>,
}

/// The bytes of the record that keeps `capture` as number `ordinal`.
pub(crate) fn encode(capture: &Capture, ordinal: u64) -> Vec<u8> {
    let extension = Extension {
        version: WITH_HEADER_DIGEST,
        ordinal,
        kind: capture.kind.as_str().to_owned(),
        uri: capture.uri.clone(),
        final_uri: capture.final_uri.clone(),
        source: capture.source.clone(),
        page_policy: capture.page_policy,
        timezone: capture.timezone.clone(),
        order: capture.order.clone(),
    };
    let (warc_type, content_type, block, payload_start) = match &capture.payload {
        Payload::Http(answer) => {
            let mut block = http_head(answer);
            let payload_start = block.len();
            block.extend_from_slice(&answer.body);
            (
                "response",
                Some("application/http;msgtype=response"),
                block,
                Some(payload_start),
            )
        }
        Payload::File { content_type, body } => ("resource", content_type.as_deref(), body.to_vec(), None),
        Payload::Failure { error } => ("metadata", Some("text/plain"), error.clone().into_bytes(), None),
    };
    let mut head = format!(
        "WARC/1.1\r\nWARC-Type: {warc_type}\r\nWARC-Record-ID: {}\r\nWARC-Date: {}\r\nWARC-Target-URI: {}\r\n",
        record_id(capture.id().0),
        warc_date(capture.captured_at),
        target_uri(capture),
    );
    let mut field = |name: &str, value: &str| {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    };
    field("WARC-Block-Digest", &digest(&block));
    if let Some(payload) = payload_start.and_then(|start| block.get(start..)) {
        field("WARC-Payload-Digest", &digest(payload));
    }
    if let Some(content_type) = content_type {
        field("Content-Type", content_type);
    }
    // JSON escapes every control character, so the field stays on one line.
    field(
        "Depeche-Capture",
        &serde_json::to_string(&extension).unwrap_or_default(),
    );
    field("Content-Length", &block.len().to_string());
    let proof = digest(head.as_bytes());
    let mut record = head.into_bytes();
    record.extend_from_slice(format!("{HEADER_DIGEST}: {proof}\r\n").as_bytes());
    record.extend_from_slice(b"\r\n");
    record.extend_from_slice(&block);
    record.extend_from_slice(b"\r\n\r\n");
    record
}

/// The bytes of the `warcinfo` record that opens a segment.
pub(crate) fn encode_warcinfo(file_name: &str, at: Timestamp) -> Vec<u8> {
    let block = concat!(
        "software: depeche/",
        env!("CARGO_PKG_VERSION"),
        "\r\nformat: WARC File Format 1.1\r\n",
        "conformsTo: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
    );
    let date = warc_date(at);
    let id = record_id(Digest::of([file_name.as_bytes(), date.as_bytes()]));
    format!(
        "WARC/1.1\r\nWARC-Type: warcinfo\r\nWARC-Record-ID: {id}\r\nWARC-Date: {date}\r\n\
         WARC-Filename: {file_name}\r\nWARC-Block-Digest: {}\r\nContent-Type: application/warc-fields\r\n\
         Content-Length: {}\r\n\r\n{block}\r\n\r\n",
        digest(block.as_bytes()),
        block.len(),
    )
    .into_bytes()
}

/// The number of the capture that a record keeps, whether or not the rest of it can be read.
pub(crate) fn ordinal(record: &Record) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        ordinal: u64,
    }
    let numbered: Numbered = serde_json::from_str(record.field("Depeche-Capture")?).ok()?;
    Some(numbered.ordinal)
}

/// Whether the record says that it keeps this capture.
pub(crate) fn is_of(record: &Record, capture: &Capture) -> bool {
    record.field("WARC-Record-ID") == Some(record_id(capture.id().0).as_str())
}

/// Whether the body of an answer is the one that the record tells of.
pub(crate) fn has_its_payload(record: &Record) -> bool {
    let Some(written) = record.field("WARC-Payload-Digest") else {
        return true;
    };
    let end = record.block.windows(4).position(|window| window == b"\r\n\r\n");
    end.and_then(|end| record.block.get(end + 4..))
        .is_some_and(|payload| written == digest(payload))
}

/// The capture a record keeps, with its number when this program wrote it. `None` for records that keep none
/// (`warcinfo`, requests, answers that are neither a page nor a feed).
pub(crate) fn decode(record: &Record) -> Result<Option<(Capture, Option<u64>)>, String> {
    match record.field("Depeche-Capture") {
        Some(extension) => {
            let extension: Extension = serde_json::from_str(extension)
                .map_err(|error| format!("its Depeche-Capture field is damaged: {error}"))?;
            own(record, extension).map(Some)
        }
        None => foreign(record).map(|capture| capture.map(|capture| (capture, None))),
    }
}

fn own(record: &Record, extension: Extension) -> Result<(Capture, Option<u64>), String> {
    if extension.version >= WITH_HEADER_DIGEST && record.field(HEADER_DIGEST).is_none() {
        return Err("the digest of its header is missing: damaged".to_owned());
    }
    let payload = match record.field("WARC-Type") {
        Some("response") => Payload::Http(http_answer(&record.block)?),
        Some("resource") => Payload::File {
            content_type: record.field("Content-Type").map(ToOwned::to_owned),
            body: record.block.clone(),
        },
        Some("metadata") => Payload::Failure {
            error: String::from_utf8_lossy(&record.block).into_owned(),
        },
        other => {
            return Err(format!(
                "a capture cannot be of WARC-Type `{}`",
                other.unwrap_or("(none)")
            ));
        }
    };
    let capture = Capture {
        kind: CaptureKind::parse(&extension.kind)
            .ok_or_else(|| format!("capture kind `{}` is unknown", extension.kind))?,
        uri: extension.uri,
        final_uri: extension.final_uri,
        captured_at: record.date()?,
        source: extension.source,
        page_policy: extension.page_policy,
        timezone: extension.timezone,
        order: extension.order,
        payload,
    };
    Ok((capture, Some(extension.ordinal)))
}

/// An answer archived by another tool: pages and feeds that came with 200 are captures, the rest is not ours.
fn foreign(record: &Record) -> Result<Option<Capture>, String> {
    let is_http = record
        .field("Content-Type")
        .is_some_and(|t| t.starts_with("application/http"));
    let (Some("response"), true, Some(uri)) = (
        record.field("WARC-Type"),
        is_http,
        record.field("WARC-Target-URI"),
    ) else {
        return Ok(None);
    };
    let answer = http_answer(&record.block)?;
    let kind = match answer.header("content-type").map(media_type).as_deref() {
        Some("text/html" | "application/xhtml+xml") => CaptureKind::Page,
        Some(
            "application/rss+xml"
            | "application/atom+xml"
            | "application/rdf+xml"
            | "application/xml"
            | "text/xml"
            | "application/feed+json",
        ) => CaptureKind::Feed,
        _ => return Ok(None),
    };
    if answer.status != 200 {
        return Ok(None);
    }
    // Some archives write the address between angle brackets.
    let uri = uri.trim_start_matches('<').trim_end_matches('>').to_owned();
    Ok(Some(Capture {
        kind,
        source: host(&uri).unwrap_or("warc").to_owned(),
        uri,
        final_uri: None,
        captured_at: record.date()?,
        page_policy: PagePolicy::Never,
        timezone: None,
        order: None,
        payload: Payload::Http(answer),
    }))
}

fn http_head(answer: &HttpAnswer) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status)).into_bytes();
    for Header { name, value } in &answer.headers {
        let name = if name.eq_ignore_ascii_case("transfer-encoding") {
            ORIGINAL_TRANSFER_ENCODING
        } else {
            name
        };
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn http_answer(block: &Bytes) -> Result<HttpAnswer, String> {
    let end = block
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or("its HTTP header block does not end")?;
    let mut lines = block.get(..end).unwrap_or_default().split(|byte| *byte == b'\n');
    let status = lines
        .next()
        .and_then(|line| std::str::from_utf8(line).ok())
        .and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok())
        .ok_or("its HTTP status line cannot be read")?;
    let mut headers: Vec<Header> = Vec::new();
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let (Some(b' ' | b'\t'), Some(last)) = (line.first(), headers.last_mut()) {
            // Obsolete line folding (RFC 9112 §5.2).
            last.value.push(b' ');
            last.value.extend_from_slice(line.trim_ascii());
        } else if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            let (name, value) = line.split_at(colon);
            let name = String::from_utf8_lossy(name).into_owned();
            let name = if name == ORIGINAL_TRANSFER_ENCODING {
                "transfer-encoding".to_owned()
            } else {
                name
            };
            headers.push(Header {
                name,
                value: value.get(1..).unwrap_or_default().trim_ascii().to_vec(),
            });
        }
    }
    Ok(HttpAnswer {
        status,
        headers,
        body: block.slice(end + 4..),
    })
}

/// The standard reason phrase, for readers; HTTP/2 sends none.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        203 => "Non-Authoritative Information",
        206 => "Partial Content",
        404 => "Not Found",
        410 => "Gone",
        _ => "Other",
    }
}

/// A file has no address that means anything elsewhere: its name stands under a URN.
fn target_uri(capture: &Capture) -> String {
    if !matches!(capture.payload, Payload::File { .. }) {
        return capture.uri.clone();
    }
    let mut uri = String::from("urn:depeche:file:");
    for byte in format!("{}/{}", capture.source, capture.uri).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte as char);
            }
            _ => {
                uri.push('%');
                uri.extend(
                    [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
                );
            }
        }
    }
    uri
}

fn record_id(Digest(b): Digest) -> String {
    let hex = Digest(b).to_string();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    format!(
        "<urn:uuid:{}-{}-{}-{}-{}>",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    )
}

/// Milliseconds, the precision of every capture, in the form WARC 1.1 asks for.
fn warc_date(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn media_type(content_type: &str) -> String {
    content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn host(uri: &str) -> Option<&str> {
    uri.split_once("://")?
        .1
        .split(['/', '?', '#', ':'])
        .next()
        .filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use depeche_model::{Entry, Precision, Published, Warning, WarningCode};

    use super::*;
    use crate::source::Plain;
    use crate::warc::{Limits, records};

    fn page() -> Capture {
        Capture {
            kind: CaptureKind::Page,
            uri: "https://exemple.fr/a".to_owned(),
            final_uri: Some("https://exemple.fr/b".to_owned()),
            captured_at: "2026-02-05T17:30:00.120Z".parse().unwrap(),
            source: "L’Exemple".to_owned(),
            page_policy: PagePolicy::Auto,
            timezone: Some("America/Toronto".to_owned()),
            order: Some(Box::new(PageOrder {
                source: "L’Exemple".to_owned(),
                feed_url: "https://exemple.fr/rss".to_owned(),
                entry: Entry {
                    title: Some("Ligne 1\nligne 2".to_owned()),
                    link: Some("https://exemple.fr/a".to_owned()),
                    ..Entry::default()
                },
                published: Some(Published {
                    at: Timestamp::UNIX_EPOCH,
                    precision: Precision::Month,
                }),
                warnings: vec![Warning::new(WarningCode::DateGuessed, "05/03/24")],
            })),
            payload: Payload::Http(HttpAnswer {
                status: 200,
                headers: vec![
                    Header {
                        name: "content-type".to_owned(),
                        value: b"text/html".to_vec(),
                    },
                    Header {
                        name: "transfer-encoding".to_owned(),
                        value: b"chunked".to_vec(),
                    },
                    Header {
                        name: "x-octets".to_owned(),
                        value: vec![0xe9, b'a'],
                    },
                ],
                body: Bytes::from_static(b"<p>\r\n\r\n</p>"),
            }),
        }
    }

    fn failure() -> Capture {
        Capture {
            payload: Payload::Failure {
                error: "délai dépassé".to_owned(),
            },
            ..page()
        }
    }

    #[test]
    fn a_capture_reads_back_as_it_was_written() {
        let file = Capture {
            kind: CaptureKind::File,
            uri: "sous dossier/é.txt".to_owned(),
            final_uri: None,
            order: None,
            payload: Payload::File {
                content_type: None,
                body: Bytes::from_static(b"\xff\x00texte"),
            },
            ..page()
        };
        for capture in [page(), file, failure()] {
            let bytes = encode(&capture, 7);
            let record = records(Plain::new(Cursor::new(&bytes)), Limits::OWN)
                .next()
                .unwrap()
                .unwrap();
            assert_eq!(record.length, bytes.len() as u64);
            assert_eq!(decode(&record), Ok(Some((capture, Some(7)))));
        }
    }

    #[test]
    fn a_record_of_before_there_were_versions_is_read_and_a_later_one_needs_its_header_digest() {
        let text = String::from_utf8(encode(&failure(), 7)).unwrap();
        let digest = text.lines().find(|line| line.starts_with(HEADER_DIGEST)).unwrap();
        let without_digest = text.replace(&format!("{digest}\r\n"), "");
        let before_versions = without_digest.replace("\"version\":2,", "");
        let read = |text: &str| {
            let record = records(Plain::new(Cursor::new(text)), Limits::OWN)
                .next()
                .unwrap();
            decode(&record.unwrap())
        };
        assert_eq!(read(&text), Ok(Some((failure(), Some(7)))));
        assert_eq!(read(&before_versions), Ok(Some((failure(), Some(7)))));
        assert!(
            read(&without_digest)
                .unwrap_err()
                .contains("the digest of its header is missing")
        );
    }

    #[test]
    fn an_order_of_an_older_program_has_no_warnings_and_one_of_a_later_one_those_that_are_known() {
        let read = |json: &str| serde_json::from_str::<PageOrder>(json).unwrap();
        let entry = serde_json::to_string(&Entry::default()).unwrap();
        let older = read(&format!(
            r#"{{"source":"E","feed_url":"https://e.fr/rss","entry":{entry}}}"#
        ));
        assert_eq!((older.published, older.warnings), (None, Vec::new()));
        let later = read(&format!(
            r#"{{"source":"E","feed_url":"https://e.fr/rss","entry":{entry},"published":null,
            "warnings":[{{"code":"not_yet","detail":""}},{{"code":"date_guessed","detail":"05/03/24"}}]}}"#
        ));
        assert_eq!(
            later.warnings,
            [Warning::new(WarningCode::DateGuessed, "05/03/24")]
        );
    }

    #[test]
    fn the_chunked_framing_that_was_undone_is_not_announced_again() {
        let text = String::from_utf8_lossy(&encode(&page(), 1)).into_owned();
        assert!(text.contains("\r\nX-Archive-Orig-Transfer-Encoding: chunked\r\n"));
        assert!(!text.contains("\r\ntransfer-encoding:"));
    }

    #[test]
    fn a_page_archived_by_another_tool_is_a_capture() {
        let block = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Bonjour</p>";
        let bytes = format!(
            "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <https://exemple.fr/x>\r\n\
             WARC-Date: 2025-01-02T03:04:05Z\r\nContent-Type: application/http; msgtype=response\r\n\
             Content-Length: {}\r\n\r\n{block}\r\n\r\n",
            block.len()
        );
        let record = records(Plain::new(Cursor::new(&bytes)), Limits::OWN)
            .next()
            .unwrap()
            .unwrap();
        let (capture, ordinal) = decode(&record).unwrap().unwrap();
        assert_eq!((capture.kind, ordinal), (CaptureKind::Page, None));
        assert_eq!(
            (capture.uri.as_str(), capture.source.as_str()),
            ("https://exemple.fr/x", "exemple.fr")
        );
        assert_eq!(capture.body().as_ref(), b"<p>Bonjour</p>");
    }
}
