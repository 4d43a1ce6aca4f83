//! The journal as the breaker reads it: with a WARC reader of its own, so that a fault of the program's reader cannot
//! hide what its writer did.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use data_encoding::BASE32;
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use sha1::{Digest as _, Sha1};

/// A capture that stands in the journal.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) ordinal: u64,
    /// `feed`, `page` or `file`.
    pub(super) kind: String,
    pub(super) uri: String,
    pub(super) etag: Option<String>,
    /// `None` where the answer could not be had.
    pub(super) body: Option<Vec<u8>>,
}

/// One segment, as far as it is whole.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) kept: Vec<Kept>,
    /// Where the last whole record ends.
    pub(super) good_end: usize,
    /// What is wrong behind that.
    pub(super) torn: Option<String>,
}

/// The segments of a journal folder by number: the sealed form where there is one.
pub(super) fn segments(folder: &Path) -> io::Result<BTreeMap<u32, PathBuf>> {
    let mut found = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Some((number, form)) = name
            .strip_prefix("depeche-")
            .and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        if let (Ok(number), "warc" | "warc.gz") = (number.parse(), form) {
            // Both forms stand side by side for a moment of sealing, with the same content.
            if form == "warc" || !found.contains_key(&number) {
                found.insert(number, path);
            }
        }
    }
    Ok(found)
}

/// Reads a segment from byte `from` (of the plain form) on.
pub(super) fn read(path: &Path, from: usize) -> io::Result<Reading> {
    let mut bytes = std::fs::read(path)?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut plain = Vec::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)?;
        bytes = plain;
    }
    let mut reading = Reading {
        good_end: from,
        ..Reading::default()
    };
    if bytes.len() < from {
        reading.torn = Some(format!(
            "it was whole up to byte {from} and has only {} bytes",
            bytes.len()
        ));
        return Ok(reading);
    }
    while reading.good_end < bytes.len() {
        match record(bytes.get(reading.good_end..).unwrap_or_default()) {
            Ok((length, kept)) => {
                reading.good_end += length;
                reading.kept.extend(kept);
            }
            Err(why) => {
                reading.torn = Some(format!("at byte {}: {why}", reading.good_end));
                break;
            }
        }
    }
    Ok(reading)
}

/// The record at the beginning of `bytes`: its length, and the capture it keeps.
fn record(bytes: &[u8]) -> Result<(usize, Option<Kept>), String> {
    let head_end = find(bytes, b"\r\n\r\n").ok_or("a head without an end")?;
    let head = std::str::from_utf8(bytes.get(..head_end).unwrap_or_default()).map_err(|e| e.to_string())?;
    if !head.starts_with("WARC/1.1\r\n") {
        return Err("no record begins here".to_owned());
    }
    let field = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    let length: usize = field("Content-Length")
        .and_then(|value| value.parse().ok())
        .ok_or("no Content-Length")?;
    let start = head_end + 4;
    let block = bytes.get(start..start + length).ok_or("its block is cut off")?;
    if bytes.get(start + length..start + length + 4) != Some(b"\r\n\r\n") {
        return Err("its end is missing".to_owned());
    }
    let digest = |bytes: &[u8]| format!("sha1:{}", BASE32.encode(&Sha1::digest(bytes)));
    if field("WARC-Block-Digest") != Some(digest(block).as_str()) {
        return Err("its block has another digest".to_owned());
    }
    let whole = start + length + 4;
    let Some(extension) = field("Depeche-Capture") else {
        return Ok((whole, None));
    };
    let extension: Value = serde_json::from_str(extension).map_err(|e| e.to_string())?;
    let text = |name: &str| extension[name].as_str().unwrap_or_default().to_owned();
    let (mut etag, mut body) = (None, None);
    if field("WARC-Type") == Some("response") {
        let head_end = find(block, b"\r\n\r\n").ok_or("an answer without a body")?;
        let payload = block.get(head_end + 4..).unwrap_or_default();
        if field("WARC-Payload-Digest") != Some(digest(payload).as_str()) {
            return Err("its payload has another digest".to_owned());
        }
        let head = String::from_utf8_lossy(block.get(..head_end).unwrap_or_default()).into_owned();
        etag = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("etag"))
            .map(|(_, value)| value.to_owned());
        body = Some(payload.to_vec());
    }
    let kept = Kept {
        ordinal: extension["ordinal"].as_u64().ok_or("it has no number")?,
        kind: text("kind"),
        uri: text("uri"),
        etag,
        body,
    };
    Ok((whole, Some(kept)))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
