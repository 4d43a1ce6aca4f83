//! One exchange: an address in, an answer out, byte for byte as on the wire and within every limit.
//!
//! Each hop waits for its host's turn first and for a place among the requests in flight second, then spends from
//! the one time budget of the exchange. The place is kept until the answer is handed on, so no more bodies are in
//! memory than requests may be in flight: a full journal channel stops the asking.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use depeche_model::{DecodeError, Header, HttpAnswer, Validators, decode_body};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LOCATION,
};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use url::Url;

use crate::address::check_host;
use crate::error::ExchangeError;
use crate::fetcher::Fetcher;
use crate::politeness::host_key;
use crate::{redirects, robots, schedule};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Feed,
    Page,
    Robots,
}

/// A request to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) url: &'a str,
    pub(crate) wanted: Wanted,
    /// Sent back byte for byte.
    pub(crate) validators: Option<&'a Validators>,
    /// Whether `robots.txt` is asked before each hop.
    pub(crate) needs_leave: bool,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Exchanged {
    /// The answer; the body of anything but 200 and 203 is not read.
    pub(crate) answer: HttpAnswer,
    /// The address that answered, when it is not the one asked.
    pub(crate) final_uri: Option<String>,
    /// The body broke off; `answer` has what came.
    pub(crate) truncated: bool,
    /// The place among the requests in flight, kept while the body is in memory.
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

/// One hop's result.
enum Hop {
    Answer(HttpAnswer, bool),
    Redirect(Option<Vec<u8>>),
}

impl Fetcher {
    /// Asks for an address and follows where it leads.
    pub(crate) async fn get(&self, ask: &Ask<'_>) -> Result<Exchanged, ExchangeError> {
        let mut url = parse(ask.url)?;
        let mut visited = vec![url.clone()];
        let mut budget = self.options.timeout;
        loop {
            check_host(&url, self.options.allow_private_addresses)?;
            if ask.needs_leave {
                self.ask_leave(&url).await?;
            }
            self.unpaused().await;
            let host = host_key(&url);
            let turn = self.hosts.turn(&host, self.clock.now()).await;
            // Asked after the wait: an earlier answer may have told to stay away.
            if let Some(until) = self.hosts.quiet_until(&host, self.clock.now()) {
                return Err(ExchangeError::Quiet { host, until });
            }
            let place = self.in_flight.clone().acquire_owned().await.ok();
            let begun = Instant::now();
            let hop = tokio::time::timeout(budget, self.hop(ask, &url, &host)).await;
            budget = budget.saturating_sub(begun.elapsed());
            drop(turn);
            let hop = hop.unwrap_or_else(|_| {
                Err(ExchangeError::Timeout {
                    host: host.clone(),
                    limit: self.options.timeout,
                })
            });
            match hop? {
                Hop::Redirect(location) => {
                    url = redirects::next_hop(&visited, &url, location.as_deref())?;
                    visited.push(url.clone());
                }
                Hop::Answer(answer, broke_off) => {
                    self.heed(&host, &answer);
                    let damaged = self.check_coding(&host, &answer).await?;
                    return Ok(Exchanged {
                        answer,
                        final_uri: (visited.len() > 1).then(|| url.to_string()),
                        truncated: broke_off || damaged,
                        place,
                    });
                }
            }
        }
    }

    async fn hop(&self, ask: &Ask<'_>, url: &Url, host: &str) -> Result<Hop, ExchangeError> {
        let response = self
            .client
            .get(url.clone())
            .headers(request_headers(ask))
            .send()
            .await
            .map_err(|error| classify(&error, host))?;
        let status = response.status().as_u16();
        if redirects::is_redirect(status) {
            let location = response
                .headers()
                .get(LOCATION)
                .map(|value| value.as_bytes().to_vec());
            return Ok(Hop::Redirect(location));
        }
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| Header {
                name: name.as_str().to_owned(),
                value: value.as_bytes().to_vec(),
            })
            .collect();
        let (body, broke_off) = if matches!(status, 200 | 203) {
            self.read_body(response, ask.wanted, host).await?
        } else {
            (Bytes::new(), false)
        };
        Ok(Hop::Answer(
            HttpAnswer {
                status,
                headers,
                body,
            },
            broke_off,
        ))
    }

    /// Reads the body under the cap; the second value tells that it broke off.
    async fn read_body(
        &self,
        mut response: reqwest::Response,
        wanted: Wanted,
        host: &str,
    ) -> Result<(Bytes, bool), ExchangeError> {
        let limit = self.options.max_body_bytes;
        let too_large = || ExchangeError::TooLarge {
            host: host.to_owned(),
            limit,
        };
        let cut = match wanted {
            Wanted::Robots => Some(robots::MAX_BYTES),
            Wanted::Feed | Wanted::Page => None,
        };
        if cut.is_none() && response.content_length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok((body.freeze(), false)),
                Err(error) if body.is_empty() => return Err(classify(&error, host)),
                Err(error) => {
                    let bytes = body.len();
                    tracing::warn!(
                        host,
                        bytes,
                        why = root_cause(&error),
                        "answer broke off, keeping what came"
                    );
                    return Ok((body.freeze(), true));
                }
            }
            if cut.is_some_and(|cut| body.len() as u64 >= cut) {
                return Ok((body.freeze(), false));
            }
            if body.len() as u64 > limit {
                return Err(too_large());
            }
        }
    }

    /// Remembers a host's wish for quiet.
    fn heed(&self, host: &str, answer: &HttpAnswer) {
        let now = self.clock.now();
        if matches!(answer.status, 429 | 503)
            && let Some(wait) = schedule::asked_wait(answer, now).filter(|wait| !wait.is_zero())
        {
            self.hosts.keep_quiet(host, schedule::after(now, wait), now);
        }
    }

    /// Checks that the body decodes under the cap; true when its coding is damaged. Decoding is work for the
    /// processor, so it is done off the async threads.
    async fn check_coding(&self, host: &str, answer: &HttpAnswer) -> Result<bool, ExchangeError> {
        let Some(coding) = answer.header("content-encoding").map(str::to_owned) else {
            return Ok(false);
        };
        let (body, limit) = (answer.body.clone(), self.options.max_body_bytes);
        let decoded = tokio::task::spawn_blocking(move || {
            decode_body(&body, Some(&coding), limit).map(|decoded| decoded.truncated)
        });
        let host = host.to_owned();
        match decoded.await {
            Ok(Ok(truncated)) => Ok(truncated),
            Ok(Err(DecodeError::TooLarge { limit })) => Err(ExchangeError::TooLarge { host, limit }),
            Ok(Err(error @ DecodeError::Unknown(_))) => Err(ExchangeError::Broken {
                host,
                why: error.to_string(),
            }),
            Err(error) => Err(ExchangeError::Broken {
                host,
                why: format!("decoding it failed: {error}"),
            }),
        }
    }
}

/// Reads an address to ask.
fn parse(address: &str) -> Result<Url, ExchangeError> {
    let wrong = |why: String| ExchangeError::Address {
        url: address.to_owned(),
        why,
    };
    let mut url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("only http and https are asked".to_owned()));
    }
    url.set_fragment(None);
    Ok(url)
}

fn request_headers(ask: &Ask<'_>) -> HeaderMap {
    let accept = match ask.wanted {
        Wanted::Feed => {
            "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, \
             application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
        }
        Wanted::Page => "text/html, application/xhtml+xml, */*;q=0.1",
        Wanted::Robots => "text/plain, */*;q=0.1",
    };
    let coding = match ask.wanted {
        Wanted::Feed | Wanted::Page => "gzip, br, zstd, deflate",
        Wanted::Robots => "identity",
    };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("fr, *;q=0.5"));
    if let Some(validators) = ask.validators {
        for (name, value) in [
            (IF_NONE_MATCH, &validators.etag),
            (IF_MODIFIED_SINCE, &validators.last_modified),
        ] {
            // What came in a header field can go out in one; anything else was not received by this program.
            if let Some(value) = value
                .as_deref()
                .and_then(|value| HeaderValue::from_bytes(value).ok())
            {
                headers.insert(name, value);
            }
        }
    }
    headers
}

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
    ExchangeError::Broken { host, why }
}

/// rustls reports a failed handshake as invalid data, and the connector wraps that in an error of its own.
fn is_failed_handshake(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
        || error
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
fn root_cause(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The time that waits between two tries at `host` grow from: its interval is the measure of its patience.
pub(crate) fn backoff(spacing: Duration, tries: u32) -> Duration {
    spacing.saturating_mul(1 << tries.min(10))
}
