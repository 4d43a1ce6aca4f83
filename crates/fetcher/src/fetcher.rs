//! The fetcher itself: one HTTP client, the hosts' turns, and what `robots.txt` said.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use depeche_model::Clock;
use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use url::{Host, Url};

use crate::address::AddressRules;
use crate::counters::{Counters, Tally};
use crate::error::FetchError;
use crate::exchange::{Budget, MAX_HEADER_BYTES, MeasureConnecting};
use crate::options::{FeedState, FeedTarget, FetchOptions, HostRule};
use crate::politeness::{Hosts, Said};
use crate::resolver::{GuardedResolver, Resolver, SystemResolver};
use crate::robots::RobotsCache;
use crate::websub::Subscriptions;

/// The longest time spent on connecting alone, so that an address that swallows packets is told from a slow server.
const MAX_CONNECT: Duration = Duration::from_secs(10);

/// An idle connection is of use until the next turn at its host, not until the next poll.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);

/// Asks: holds the client and what is known of the hosts. One a process; shared by [`crate::poll()`] and
/// [`crate::fetch_pages`] so that a host's turns count for both.
pub struct Fetcher {
    pub(crate) options: FetchOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) client: reqwest::Client,
    pub(crate) hosts: Hosts,
    pub(crate) addresses: Arc<AddressRules>,
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) budget: Budget,
    pub(crate) robots_token: String,
    pub(crate) robots: RobotsCache,
    pub(crate) tally: Tally,
    pub(crate) subscriptions: Option<Arc<Subscriptions>>,
    paused: Option<watch::Receiver<bool>>,
    /// The zones of feeds that have one of their own, by address: their pages are written in the same.
    timezones: RwLock<HashMap<String, String>>,
    /// Where the dice of the schedule begin.
    pub(crate) seed: u64,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Sets up the client, with the system's resolver.
    ///
    /// # Errors
    ///
    /// [`FetchError::Option`] when an option cannot work, [`FetchError::Roots`] when a file of certificates cannot be
    /// used, [`FetchError::Client`] when the client cannot be built.
    pub fn new(options: FetchOptions, clock: Arc<dyn Clock>) -> Result<Self, FetchError> {
        Self::with_resolver(options, clock, Arc::new(SystemResolver))
    }

    /// As [`Self::new`], with another resolver. The address rule holds for what it finds as for what the system finds.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn with_resolver(
        options: FetchOptions,
        clock: Arc<dyn Clock>,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, FetchError> {
        check(&options)?;
        let addresses = Arc::new(AddressRules {
            allow_private: options.allow_private_addresses,
            allowed: options.allow_addresses.clone(),
        });
        let most_at_once = options
            .hosts
            .iter()
            .filter_map(|rule| rule.concurrency)
            .fold(options.per_host_concurrency, usize::max);
        let mut roots = Vec::new();
        for path in &options.extra_roots {
            roots.extend(read_roots(path)?);
        }
        let client = reqwest::Client::builder()
            .user_agent(options.user_agent.as_str())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(Arc::new(GuardedResolver {
                rules: Arc::clone(&addresses),
                inner: resolver,
            }))
            .connector_layer(MeasureConnecting)
            .connect_timeout(MAX_CONNECT.min(options.timeout.mul_f64(0.7)))
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_max_idle_per_host(most_at_once)
            .http1_max_headers(options.max_headers)
            .http1_ignore_invalid_headers_in_responses(true)
            // HTTP/2 counts 32 bytes more a field (RFC 9113 §6.5.2); the exact limit is the exchange's own.
            .http2_max_header_list_size((MAX_HEADER_BYTES + 32 * options.max_headers.min(1 << 20)) as u32)
            .tls_certs_merge(roots)
            .build()
            .map_err(FetchError::Client)?;
        let robots_token = options
            .user_agent
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
            .next()
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            hosts: Hosts::new(
                options.per_host_concurrency,
                options.per_host_interval,
                &options.hosts,
            ),
            addresses,
            in_flight: Arc::new(Semaphore::new(options.concurrency)),
            // A body counts as on the wire and as decoded.
            budget: Budget::new(options.in_flight_bytes, options.max_body_bytes.saturating_mul(2)),
            subscriptions: None,
            paused: None,
            timezones: RwLock::default(),
            seed: RandomState::new().build_hasher().finish(),
            robots_token,
            robots: RobotsCache::default(),
            tally: Tally::default(),
            client,
            clock,
            options,
        })
    }

    /// Takes note of the zones of a list's feeds, for the pages that they order. [`crate::poll()`] does so with every list that
    /// it takes; where pages may be ordered before, this has to come first.
    pub fn learn_timezones(&self, list: &[(FeedTarget, FeedState)]) {
        let own = list
            .iter()
            .filter_map(|(target, _)| Some((target.url.clone(), target.timezone.clone()?)))
            .collect();
        *self.timezones.write().unwrap_or_else(PoisonError::into_inner) = own;
    }

    /// The zone of a feed that has one of its own.
    pub(crate) fn timezone(&self, feed_url: &str) -> Option<String> {
        let known = self.timezones.read().unwrap_or_else(PoisonError::into_inner);
        known.get(feed_url).cloned()
    }

    /// Asks nothing of the host of `url` before `until`: for what is known of it from an earlier run.
    pub fn keep_quiet(&self, url: &Url, until: Timestamp) {
        self.hosts.keep_quiet(url, until, Said::ForHost, self.clock.now());
    }

    /// Until when `url` is not asked, because it, its host or its domain asked for quiet; `None` when it may be asked.
    #[must_use]
    pub fn quiet_until(&self, url: &Url) -> Option<Timestamp> {
        self.hosts.quiet_until(url, self.clock.now())
    }

    /// Sends no request while `paused` holds `true`: what would be fetched could not be kept.
    #[must_use]
    pub fn pause_while(mut self, paused: watch::Receiver<bool>) -> Self {
        self.paused = Some(paused);
        self
    }

    /// Lets the dice of the schedule fall the same way each time.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
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

    /// How many requests are in flight, those included whose answer the journal has not taken yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.options
            .concurrency
            .saturating_sub(self.in_flight.available_permits())
    }

    /// What was done since the start, and how the feeds stand.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.tally.read(self.in_flight() as u64)
    }

    /// The options in force.
    #[must_use]
    pub fn options(&self) -> &FetchOptions {
        &self.options
    }
}

/// Reads the certificates of a PEM file.
fn read_roots(path: &Path) -> Result<Vec<reqwest::Certificate>, FetchError> {
    let refused = |why: String| FetchError::Roots {
        path: path.display().to_string(),
        why,
    };
    let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    let roots = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| refused(error.to_string()))?;
    if roots.is_empty() {
        return Err(refused("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

/// Whether the rule's name is one that a host can have.
fn names_a_host(rule: &HostRule) -> bool {
    Host::parse(&rule.name).is_ok_and(|host| host.to_string().eq_ignore_ascii_case(&rule.name))
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
    for rule in &options.hosts {
        if !names_a_host(rule) {
            return wrong("host.name", &rule.name, "a host's name, such as \"lemonde.fr\"");
        }
        if rule
            .concurrency
            .is_some_and(|at_once| at_once == 0 || at_once > Semaphore::MAX_PERMITS)
        {
            return wrong("host.concurrency", &rule.concurrency, "a number from 1 on");
        }
    }
    if options.idle_timeout.is_zero() {
        return wrong(
            "fetch.idle_timeout",
            &options.idle_timeout,
            "a time longer than zero, such as \"15s\"",
        );
    }
    if options.max_headers == 0 {
        return wrong("fetch.max_headers", &options.max_headers, "a number from 1 on");
    }
    if options.max_ratio == 0 {
        return wrong("fetch.max_ratio", &options.max_ratio, "a number from 1 on");
    }
    if options.in_flight_bytes / 4 < options.max_body_bytes {
        return wrong(
            "fetch.in_flight",
            &options.in_flight_bytes,
            "at least four times `fetch.max_body`",
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

    fn rule(name: &str, concurrency: Option<usize>) -> HostRule {
        HostRule {
            name: name.to_owned(),
            interval: None,
            concurrency,
        }
    }

    #[test]
    fn an_option_that_cannot_work_is_named_at_once() {
        type Spoil = fn(&mut FetchOptions);
        let cases: [(&str, Spoil); 13] = [
            ("fetch.concurrency", |o| o.concurrency = 0),
            ("fetch.per_host_concurrency", |o| o.per_host_concurrency = 0),
            ("fetch.timeout", |o| o.timeout = Duration::ZERO),
            ("fetch.max_body", |o| o.max_body_bytes = 0),
            ("fetch.idle_timeout", |o| o.idle_timeout = Duration::ZERO),
            ("fetch.max_headers", |o| o.max_headers = 0),
            ("fetch.max_ratio", |o| o.max_ratio = 0),
            ("fetch.in_flight", |o| {
                o.in_flight_bytes = 4 * o.max_body_bytes - 1;
            }),
            ("host.name", |o| o.hosts = vec![rule("http://a.fr/", None)]),
            ("host.concurrency", |o| o.hosts = vec![rule("a.fr", Some(0))]),
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
