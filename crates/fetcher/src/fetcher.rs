//! The fetcher itself: one HTTP client, the hosts' turns, and what `robots.txt` said.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use depeche_model::{Clock, decode_body};
use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use url::Url;

use crate::address::GuardedResolver;
use crate::error::{ExchangeError, FetchError};
use crate::exchange::{Ask, Exchanged, Wanted};
use crate::options::FetchOptions;
use crate::politeness::{Hosts, host_key};
use crate::robots::{self, Robots};
use crate::schedule;
use crate::websub::Subscriptions;

/// Response header fields accepted; hyper's own limit of 100 refuses real answers of content delivery networks.
const MAX_RESPONSE_HEADERS: usize = 1000;

/// Header bytes accepted over HTTP/2; what hyper's buffer gives HTTP/1.
const MAX_HEADER_BYTES: u32 = 400 * 1024;

/// The longest time spent on connecting alone, so that an address that swallows packets is told from a slow server.
const MAX_CONNECT: Duration = Duration::from_secs(10);

/// An idle connection is of use until the next turn at its host, not until the next poll.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);

/// How long `robots.txt` is believed (RFC 9309 §2.4: at most a day).
const ROBOTS_FRESH: Duration = Duration::from_hours(24);

/// How long a `robots.txt` that could not be read is not asked for again.
const ROBOTS_UNREADABLE: Duration = Duration::from_mins(10);

/// Servers whose `robots.txt` is remembered.
const ROBOTS_KEPT: usize = 4096;

/// Asks: holds the client and what is known of the hosts. One a process; shared by [`crate::poll()`] and
/// [`crate::fetch_pages`] so that a host's turns count for both.
pub struct Fetcher {
    pub(crate) options: FetchOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) client: reqwest::Client,
    pub(crate) hosts: Hosts,
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) subscriptions: Option<Arc<Subscriptions>>,
    paused: Option<watch::Receiver<bool>>,
    robots_token: String,
    robots: Mutex<HashMap<String, Arc<RobotsSlot>>>,
}

/// One server's `robots.txt`, fetched by whoever comes first while the others wait.
type RobotsSlot = tokio::sync::Mutex<Option<KnownRobots>>;

struct KnownRobots {
    until: Timestamp,
    rules: Result<Robots, String>,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Sets up the client.
    ///
    /// # Errors
    ///
    /// [`FetchError::Option`] when an option cannot work, [`FetchError::Client`] when the client cannot be built.
    pub fn new(options: FetchOptions, clock: Arc<dyn Clock>) -> Result<Self, FetchError> {
        check(&options)?;
        let client = reqwest::Client::builder()
            .user_agent(options.user_agent.as_str())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(Arc::new(GuardedResolver {
                allow_private: options.allow_private_addresses,
            }))
            .connect_timeout(MAX_CONNECT.min(options.timeout.mul_f64(0.7)))
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_max_idle_per_host(options.per_host_concurrency)
            .http1_max_headers(MAX_RESPONSE_HEADERS)
            .http1_ignore_invalid_headers_in_responses(true)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .build()
            .map_err(FetchError::Client)?;
        let robots_token = options
            .user_agent
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
            .next()
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            hosts: Hosts::new(options.per_host_concurrency, options.per_host_interval),
            in_flight: Arc::new(Semaphore::new(options.concurrency)),
            subscriptions: None,
            paused: None,
            robots_token,
            robots: Mutex::default(),
            client,
            clock,
            options,
        })
    }

    /// Sends no request while `paused` holds `true`: what would be fetched could not be kept.
    #[must_use]
    pub fn pause_while(mut self, paused: watch::Receiver<bool>) -> Self {
        self.paused = Some(paused);
        self
    }

    /// Tells `subscriptions` of hubs that feeds name, of what polls find, and of feeds that are polled no longer.
    #[must_use]
    pub fn subscribe_with(mut self, subscriptions: Arc<Subscriptions>) -> Self {
        self.subscriptions = Some(subscriptions);
        self
    }

    /// Returns when requests may be sent.
    pub(crate) async fn unpaused(&self) {
        if let Some(paused) = &self.paused
            && paused.clone().wait_for(|paused| !*paused).await.is_err()
        {
            tracing::debug!("nobody pauses requests any more");
        }
    }

    /// The options in force.
    #[must_use]
    pub fn options(&self) -> &FetchOptions {
        &self.options
    }

    /// Asks `robots.txt` of the server for leave to ask for `url`.
    pub(crate) async fn ask_leave(&self, url: &Url) -> Result<(), ExchangeError> {
        let slot = self.robots_slot(&url.origin().ascii_serialization());
        let mut slot = slot.lock().await;
        let now = self.clock.now();
        let known = match slot.take().filter(|known| known.until > now) {
            Some(known) => slot.insert(known),
            None => slot.insert(self.read_robots(url).await?),
        };
        let host = host_key(url);
        match &known.rules {
            Ok(rules) => {
                let path = url.query().map_or_else(
                    || url.path().to_owned(),
                    |query| format!("{}?{query}", url.path()),
                );
                if rules.allows(&path) {
                    Ok(())
                } else {
                    Err(ExchangeError::Disallowed { host, path })
                }
            }
            Err(why) => Err(ExchangeError::RobotsUnreadable {
                host,
                why: why.clone(),
            }),
        }
    }

    async fn read_robots(&self, url: &Url) -> Result<KnownRobots, ExchangeError> {
        let mut address = url.clone();
        address.set_path("/robots.txt");
        address.set_query(None);
        let ask = Ask {
            url: address.as_str(),
            wanted: Wanted::Robots,
            validators: None,
            needs_leave: false,
        };
        let rules = match self.get_boxed(&ask).await {
            Ok(exchanged) => {
                let answer = &exchanged.answer;
                match answer.status {
                    200..=299 => {
                        let coding = answer.header("content-encoding");
                        match decode_body(&answer.body, coding, self.options.max_body_bytes) {
                            Ok(decoded) => {
                                let kept = decoded.bytes.len().min(robots::MAX_BYTES as usize);
                                Ok(Robots::parse(&decoded.bytes.slice(..kept), &self.robots_token))
                            }
                            Err(error) => Err(error.to_string()),
                        }
                    }
                    // RFC 9309 §2.3.1.4 counts server errors as a closed door; being told to slow down is one.
                    status @ (429 | 500..) => Err(format!("status {status}")),
                    // §2.3.1.3: there is none, so there is no rule.
                    _ => Ok(Robots::default()),
                }
            }
            // §2.3.1.2 counts too many redirects as there being none.
            Err(ExchangeError::Redirect { .. }) => Ok(Robots::default()),
            Err(error @ (ExchangeError::Refused { .. } | ExchangeError::Quiet { .. })) => return Err(error),
            Err(error) => Err(error.to_string()),
        };
        let fresh = if rules.is_ok() {
            ROBOTS_FRESH
        } else {
            ROBOTS_UNREADABLE
        };
        Ok(KnownRobots {
            until: schedule::after(self.clock.now(), fresh),
            rules,
        })
    }

    /// Asking, boxed: asking for leave is a part of asking, and asking is how leave is asked for.
    fn get_boxed<'a>(
        &'a self,
        ask: &'a Ask<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Exchanged, ExchangeError>> + Send + 'a>> {
        Box::pin(self.get(ask))
    }

    fn robots_slot(&self, server: &str) -> Arc<RobotsSlot> {
        let mut known = self.robots.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ROBOTS_KEPT && !known.contains_key(server) {
            known.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(known.entry(server.to_owned()).or_default())
    }
}

fn check(options: &FetchOptions) -> Result<(), FetchError> {
    let wrong = |setting, found: &dyn fmt::Debug, expected| {
        Err(FetchError::Option {
            setting,
            found: format!("{found:?}"),
            expected,
        })
    };
    let interval = &options.interval;
    if options.concurrency == 0 || options.concurrency > Semaphore::MAX_PERMITS {
        return wrong("fetch.concurrency", &options.concurrency, "a number from 1 on");
    }
    if options.per_host_concurrency == 0 || options.per_host_concurrency > Semaphore::MAX_PERMITS {
        return wrong(
            "fetch.per_host_concurrency",
            &options.per_host_concurrency,
            "a number from 1 on",
        );
    }
    if options.timeout.is_zero() {
        return wrong(
            "fetch.timeout",
            &options.timeout,
            "a time longer than zero, such as \"30s\"",
        );
    }
    if options.max_body_bytes == 0 {
        return wrong(
            "fetch.max_body",
            &options.max_body_bytes,
            "a size of at least one byte",
        );
    }
    if interval.default.is_zero() || interval.min.is_zero() {
        return wrong("fetch.interval", interval, "times longer than zero");
    }
    if interval.min > interval.max {
        return wrong("fetch.interval", interval, "a `min` that is not above `max`");
    }
    if reqwest::header::HeaderValue::from_str(&options.user_agent).is_err()
        || options.user_agent.trim().is_empty()
    {
        return wrong(
            "fetch.user_agent",
            &options.user_agent,
            "one line of visible ASCII characters",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use depeche_model::SystemClock;

    use super::*;

    #[test]
    fn an_option_that_cannot_work_is_named_at_once() {
        type Spoil = fn(&mut FetchOptions);
        let cases: [(&str, Spoil); 7] = [
            ("fetch.concurrency", |o| o.concurrency = 0),
            ("fetch.per_host_concurrency", |o| o.per_host_concurrency = 0),
            ("fetch.timeout", |o| o.timeout = Duration::ZERO),
            ("fetch.max_body", |o| o.max_body_bytes = 0),
            ("fetch.interval", |o| o.interval.min = Duration::from_hours(48)),
            ("fetch.interval", |o| o.interval.default = Duration::ZERO),
            ("fetch.user_agent", |o| o.user_agent = "a\nb".to_owned()),
        ];
        for (setting, spoil) in cases {
            let mut options = FetchOptions::default();
            spoil(&mut options);
            let error = Fetcher::new(options, Arc::new(SystemClock))
                .unwrap_err()
                .to_string();
            assert!(error.contains(setting), "{error}");
        }
    }
}
