//! What kind of failure it was, read off the client's errors, and what is a wall against programs, read off the answer.

use std::error::Error;
use std::io;

use depeche_model::HttpAnswer;

use super::Wanted;
use crate::error::ExchangeError;

/// How hyper tells that an answer's head passes a limit; it has no other way to.
const HEAD_TOO_LARGE: &str = "message head is too large";

/// Tells what kind of failure the client met.
pub(crate) fn classify(error: &reqwest::Error, host: &str) -> ExchangeError {
    let host = host.to_owned();
    if let Some(own) = causes(error).find_map(|cause| cause.downcast_ref::<ExchangeError>()) {
        return own.clone();
    }
    let why = root_cause(error);
    if error.is_connect() {
        let is_tls = causes(error)
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(is_failed_handshake);
        return if is_tls {
            ExchangeError::Tls { host, why }
        } else if error.is_timeout() {
            ExchangeError::Connect {
                host,
                why: "no answer to the attempt: time-out".to_owned(),
            }
        } else {
            ExchangeError::Connect { host, why }
        };
    }
    if why == HEAD_TOO_LARGE {
        return ExchangeError::TooManyHeaders {
            host,
            why: "too many fields (`fetch.max_headers`) or bytes".to_owned(),
        };
    }
    ExchangeError::Broken { host, why }
}

/// rustls reports a failed handshake as invalid data, or as an end of file where the server hung up inside it; the
/// connector wraps that in an error of its own. Neither can come of connecting alone.
fn is_failed_handshake(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    ) || error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<io::Error>())
        .is_some_and(is_failed_handshake)
}

/// An error and what caused it, outermost first.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        next = this.source();
        Some(this)
    })
}

/// The innermost message: the outer ones repeat the address and say little.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Header fields by which guards say that they answered in place of the publisher: name, and how the value begins.
const GUARD_FIELDS: &[(&str, &str)] = &[
    ("cf-mitigated", "challenge"),
    ("x-amzn-waf-action", "captcha"),
    ("x-amzn-waf-action", "challenge"),
    ("x-vercel-mitigated", "challenge"),
];

/// Fields that guards put on every answer of a site they stand before; with a refusal they tell whose it is.
const REFUSING_FIELDS: &[(&str, &str)] = &[
    ("x-datadome", ""),
    ("x-dd-b", ""),
    ("x-px-block", ""),
    ("x-sucuri-block", ""),
    ("x-iinfo", ""),
    ("server", "datadome"),
    ("server", "ddos-guard"),
];

/// Marks of challenge pages, in lower case, with whose they are.
const PAGE_MARKS: &[(&str, &str)] = &[
    ("_cf_chl_opt", "a Cloudflare challenge"),
    ("/cdn-cgi/challenge-platform/", "a Cloudflare challenge"),
    ("<title>just a moment...</title>", "a Cloudflare challenge"),
    ("attention required! | cloudflare", "a Cloudflare block"),
    ("captcha-delivery.com", "a DataDome challenge"),
    ("_incapsula_resource", "an Imperva challenge"),
    ("incapsula incident id", "an Imperva block"),
    ("pardon our interruption", "an Imperva block"),
    ("px-captcha", "a HUMAN challenge"),
    ("awswafintegration", "an AWS challenge"),
    ("sucuri_cloudproxy_js", "a Sucuri challenge"),
    ("sucuri website firewall - access denied", "a Sucuri block"),
    ("<title>ddos-guard</title>", "a DDoS-Guard challenge"),
    ("vercel security checkpoint", "a Vercel challenge"),
    ("/.within.website/x/cmd/anubis/", "an Anubis challenge"),
    ("/tspd/", "an F5 challenge"),
];

/// Bytes of a document in which marks are looked for: challenge pages say what they are at the top.
const SEARCHED_BYTES: usize = 64 * 1024;

/// A page longer than this is an article whose site carries a guard's script, not the guard's own page.
const LONGEST_WALL: usize = 32 * 1024;

/// Why this answer is a wall against programs and not what was asked for.
pub(super) fn wall(wanted: Wanted, answer: &HttpAnswer, decoded: &[u8]) -> Option<String> {
    let field = |fields: &[(&str, &str)]| {
        fields.iter().find_map(|(name, begins)| {
            let value = answer.header(name)?;
            value
                .to_ascii_lowercase()
                .starts_with(begins)
                .then(|| format!("`{name}: {value}`"))
        })
    };
    if let Some(evidence) = field(GUARD_FIELDS) {
        return Some(evidence);
    }
    if matches!(answer.status, 401 | 403 | 405 | 429 | 503)
        && let Some(evidence) = field(REFUSING_FIELDS)
    {
        return Some(format!("{evidence} with status {}", answer.status));
    }
    if wanted == Wanted::Page && decoded.len() > LONGEST_WALL || !is_html(decoded) {
        return None;
    }
    let searched = decoded
        .get(..decoded.len().min(SEARCHED_BYTES))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let holds = |mark: &str| {
        searched
            .windows(mark.len())
            .any(|window| window == mark.as_bytes())
    };
    PAGE_MARKS
        .iter()
        .find(|(mark, _)| holds(mark))
        .map(|(mark, whose)| format!("{whose} (`{mark}`) in place of the answer"))
}

/// Whether a document begins as HTML does; what a feed begins with (`<?xml`, `<rss`, `{`) is none, whatever it quotes.
fn is_html(document: &[u8]) -> bool {
    let text = document
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(document)
        .trim_ascii_start();
    ["<!doctype html", "<html", "<head", "<script", "<!--[if"]
        .iter()
        .any(|begin| {
            text.get(..begin.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(begin.as_bytes()))
        })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use depeche_model::Header;

    use super::*;

    fn found(wanted: Wanted, status: u16, fields: &[(&str, &str)], document: &str) -> Option<String> {
        let answer = HttpAnswer {
            status,
            headers: fields
                .iter()
                .map(|(name, value)| Header {
                    name: (*name).to_owned(),
                    value: value.as_bytes().to_vec(),
                })
                .collect(),
            body: Bytes::new(),
        };
        wall(wanted, &answer, document.as_bytes())
    }

    #[test]
    fn a_wall_is_told_by_its_field_or_by_its_page() {
        let challenge = "<!DOCTYPE html><html><head><title>Just a moment...</title>";
        for (status, fields, document) in [
            (200, &[("cf-mitigated", "challenge")][..], ""),
            (403, &[("CF-Mitigated", "challenge")], ""),
            (403, &[("x-datadome", "protected")], ""),
            (202, &[("x-amzn-waf-action", "challenge")], ""),
            (200, &[], challenge),
            (
                200,
                &[],
                "\u{feff}\n<html><script src=\"https://ct.captcha-delivery.com/c.js\">",
            ),
        ] {
            assert!(
                found(Wanted::Feed, status, fields, document).is_some(),
                "{fields:?}"
            );
        }
    }

    #[test]
    fn what_only_carries_or_quotes_a_guard_is_no_wall() {
        let article = format!(
            "<html><script src=\"https://js.captcha-delivery.com/tags.js\">{}",
            "<p>texte".repeat(8000)
        );
        for (wanted, status, fields, document) in [
            (
                Wanted::Feed,
                200,
                &[("x-datadome", "protected")][..],
                "<rss>Just a moment...</rss>",
            ),
            (
                Wanted::Feed,
                200,
                &[],
                "<?xml version='1.0'?><rss>_cf_chl_opt</rss>",
            ),
            (Wanted::Feed, 200, &[], "<html><title>Erreur</title>"),
            (Wanted::Feed, 403, &[("server", "nginx")], ""),
            (Wanted::Page, 200, &[], article.as_str()),
        ] {
            assert_eq!(found(wanted, status, fields, document), None, "{fields:?}");
        }
    }
}
