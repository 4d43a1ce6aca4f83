//! Asking a hub: a POST under the same rules as every other request of the fetcher.
//!
//! The address rule holds for every hop, the hub's host gets one request at a time and its spacing, and the whole has
//! the time of one exchange. Only 307 and 308 are followed, with the same form, as WebSub §5.1.2 says: any other
//! redirect would turn the request into a GET.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::Serializer;

use super::subscription::{Intent, WANTED_LEASE};
use crate::error::ExchangeError;
use crate::fetcher::Fetcher;
use crate::politeness::{Said, host_key, retry_after};
use crate::{redirects, schedule};

/// Bytes read of what a hub answers to a refused request: enough for its reason.
const MAX_REASON: usize = 512;

/// A request to a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HubRequest {
    pub(super) feed: String,
    pub(super) hub: String,
    pub(super) intent: Intent,
    pub(super) topic: String,
    pub(super) callback: String,
    pub(super) secret: String,
}

impl HubRequest {
    /// The form of WebSub §5.1. `hub.verify` is what hubs of PubSubHubbub 0.3 want; the others pass it over.
    fn form(&self) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("hub.callback", &self.callback)
            .append_pair("hub.mode", self.intent.as_str())
            .append_pair("hub.topic", &self.topic)
            .append_pair("hub.verify", "async");
        if self.intent == Intent::Subscribe {
            form.append_pair("hub.lease_seconds", &WANTED_LEASE.as_secs().to_string())
                .append_pair("hub.secret", &self.secret);
        }
        form.finish()
    }
}

/// Why a hub did not take a request.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error("the hub answered {status}{}", reason(.said))]
    Refused { status: u16, said: String },
    #[error("the request broke off")]
    BrokenOff,
}

fn reason(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

/// One hop's result.
enum Hop {
    Taken,
    Elsewhere(Option<Vec<u8>>),
    Refused {
        status: u16,
        said: String,
        wait: Option<Duration>,
    },
}

impl Fetcher {
    /// Sends a request to its hub. That it was taken says nothing yet: the hub verifies it by asking back.
    pub(super) async fn ask_hub(&self, request: &HubRequest) -> Result<(), RequestError> {
        let wrong = |why: &str| ExchangeError::Address {
            url: request.hub.clone(),
            why: why.to_owned(),
        };
        let mut url = Url::parse(&request.hub).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("only http and https are asked").into());
        }
        let form = request.form();
        let mut visited = vec![url.clone()];
        let mut budget = self.options.timeout;
        loop {
            self.addresses.check_url(&url)?;
            self.unpaused().await;
            let host = host_key(&url);
            let turn = self.hosts.turn(&url).await;
            if let Some(until) = self.hosts.quiet_until(&url, self.clock.now()) {
                return Err(ExchangeError::Quiet { host, until }.into());
            }
            let place = self.in_flight.clone().acquire_owned().await.ok();
            let begun = Instant::now();
            let hop = tokio::time::timeout(budget, self.post_form(&url, &form, &host)).await;
            budget = budget.saturating_sub(begun.elapsed());
            drop((turn, place));
            let timeout = |_| ExchangeError::Timeout {
                host: host.clone(),
                limit: self.options.timeout,
            };
            match hop.map_err(timeout)?? {
                Hop::Taken => return Ok(()),
                Hop::Elsewhere(location) => {
                    url = redirects::next_hop(&visited, &url, location.as_deref(), redirects::MAX_HOPS)?;
                    visited.push(url.clone());
                }
                Hop::Refused { status, said, wait } => {
                    if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
                        let now = self.clock.now();
                        self.hosts
                            .keep_quiet(&url, schedule::after(now, wait), Said::ByAnswer, now);
                    }
                    return Err(RequestError::Refused { status, said });
                }
            }
        }
    }

    async fn post_form(&self, url: &Url, form: &str, host: &str) -> Result<Hop, ExchangeError> {
        let failed = |error: &reqwest::Error| crate::exchange::classify(error, host);
        let mut response = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.to_owned())
            .send()
            .await
            .map_err(|error| failed(&error))?;
        if let Some(remote) = response.remote_addr() {
            self.addresses.check(host, remote.ip())?;
        }
        let status = response.status().as_u16();
        let field = |name| {
            response
                .headers()
                .get(name)
                .map(|value| value.as_bytes().to_vec())
        };
        match status {
            200..=299 => return Ok(Hop::Taken),
            307 | 308 => return Ok(Hop::Elsewhere(field(LOCATION))),
            _ => {}
        }
        let wait = field(RETRY_AFTER)
            .filter(|_| matches!(status, 429 | 503))
            .and_then(|value| retry_after(&String::from_utf8_lossy(&value), self.clock.now()));
        let mut said = Vec::new();
        while said.len() < MAX_REASON {
            // What breaks off here is a reason cut short.
            let Ok(Some(chunk)) = response.chunk().await else {
                break;
            };
            said.extend_from_slice(&chunk);
        }
        said.truncate(MAX_REASON);
        Ok(Hop::Refused {
            status,
            said: String::from_utf8_lossy(&said).trim().to_owned(),
            wait,
        })
    }
}
