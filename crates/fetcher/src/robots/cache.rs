//! What each server's `robots.txt` said, and for how long that is believed.
//!
//! RFC 9309 §2.3.1 and §2.4: a copy is believed for a day at most; what does not exist (4xx) allows all; what cannot
//! be reached (5xx, no answer) forbids all, unless there is a copy from before, and allows all again once it could not
//! be reached for a month. Whoever comes first asks, the others wait for that one answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use depeche_model::HttpAnswer;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::Robots;
use crate::error::ExchangeError;
use crate::exchange::{Ask, Exchanged, Wanted};
use crate::fetcher::Fetcher;
use crate::politeness::host_key;
use crate::schedule;

/// How long a copy is believed (§2.4: at most a day, less where `Cache-Control` says so).
const FRESH: Duration = Duration::from_hours(24);

/// The shortest time a copy is believed, whatever `Cache-Control` says: a page more would cost two requests.
const SHORTEST_FRESH: Duration = Duration::from_mins(10);

/// How long a `robots.txt` that could not be read is not asked for again.
const UNREADABLE: Duration = Duration::from_mins(10);

/// How long one must be out of reach to count as not existing (§2.3.1.4).
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Servers whose `robots.txt` is remembered. Parsed it is some kilobytes.
const KEPT: usize = 16 * 1024;

/// The servers' rules.
#[derive(Debug, Default)]
pub(crate) struct RobotsCache {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// One server's `robots.txt`, fetched by whoever comes first while the others wait.
type Slot = tokio::sync::Mutex<Option<Known>>;

/// What is known of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    /// When it is asked for again.
    until: Timestamp,
    /// The latest copy that could be read.
    copy: Option<Arc<Robots>>,
    /// Since when it cannot be, and why.
    unreachable: Option<(Timestamp, String)>,
}

/// What asking for it came to.
enum Read {
    Copy(Robots, Duration),
    Unreachable(String),
}

impl Known {
    /// What is known after asking `now`, when `before` was known.
    fn after(before: Option<Self>, read: Read, now: Timestamp) -> Self {
        match read {
            Read::Copy(robots, fresh) => Self {
                until: schedule::after(now, fresh),
                copy: Some(Arc::new(robots)),
                unreachable: None,
            },
            Read::Unreachable(why) => {
                let (copy, since) = match before {
                    Some(known) => (known.copy, known.unreachable.map(|(since, _)| since)),
                    None => (None, None),
                };
                Self {
                    until: schedule::after(now, UNREADABLE),
                    copy,
                    unreachable: Some((since.unwrap_or(now), why)),
                }
            }
        }
    }

    /// The rules in force; why there are none, when all is forbidden.
    fn rules(&self, now: Timestamp) -> Result<Arc<Robots>, String> {
        match (&self.copy, &self.unreachable) {
            (Some(copy), _) => Ok(Arc::clone(copy)),
            (None, Some((since, why))) if now.duration_since(*since) < GIVEN_UP => Err(why.clone()),
            (None, _) => Ok(Arc::default()),
        }
    }
}

impl RobotsCache {
    fn slot(&self, server: &str, now: Timestamp) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= KEPT && !slots.contains_key(server) {
            forget(&mut slots, now);
        }
        Arc::clone(slots.entry(server.to_owned()).or_default())
    }
}

/// Forgets what is out of date, and if that is not a quarter, what goes out of date first up to a quarter.
fn forget(slots: &mut HashMap<String, Arc<Slot>>, now: Timestamp) {
    // A slot that somebody holds is being read or waited for.
    let mut ages: Vec<(Timestamp, String)> = slots
        .iter()
        .filter(|(_, slot)| Arc::strong_count(slot) == 1)
        .filter_map(|(server, slot)| {
            let known = slot.try_lock().ok()?;
            let until = known.as_ref().map_or(Timestamp::MIN, |known| known.until);
            Some((until, server.clone()))
        })
        .collect();
    ages.sort_unstable();
    let over = ages.partition_point(|(until, _)| *until <= now);
    for (_, server) in ages.iter().take(over.max(slots.len() / 4)) {
        slots.remove(server);
    }
}

impl Fetcher {
    /// Asks `robots.txt` of the server for leave to ask for `url`; the `Crawl-delay` it wishes between two requests.
    pub(crate) async fn ask_leave(&self, url: &Url) -> Result<Option<Duration>, ExchangeError> {
        let host = host_key(url);
        let rules = self
            .rules_of(url)
            .await?
            .map_err(|why| ExchangeError::RobotsUnreadable {
                host: host.clone(),
                why,
            })?;
        let path = url.query().map_or_else(
            || url.path().to_owned(),
            |query| format!("{}?{query}", url.path()),
        );
        if rules.allows(&path) {
            Ok(rules.crawl_delay())
        } else {
            Err(ExchangeError::Disallowed { host, path })
        }
    }

    /// The sitemaps that `robots.txt` of the server of `url` names; none when it cannot be read.
    pub async fn sitemaps_of(&self, url: &Url) -> Vec<Url> {
        let robots = robots_address(url);
        match self.rules_of(url).await {
            Ok(Ok(rules)) => rules
                .sitemaps()
                .iter()
                .filter_map(|address| robots.join(address).ok())
                .filter(|address| matches!(address.scheme(), "http" | "https"))
                .collect(),
            Ok(Err(why)) => {
                tracing::debug!(
                    url = url.as_str(),
                    why,
                    "robots.txt names no sitemap: not readable"
                );
                Vec::new()
            }
            Err(error) => {
                tracing::debug!(url = url.as_str(), %error, "robots.txt names no sitemap: not asked");
                Vec::new()
            }
        }
    }

    /// The rules of the server of `url`. The outer error is one of asking at all, which is not remembered.
    async fn rules_of(&self, url: &Url) -> Result<Result<Arc<Robots>, String>, ExchangeError> {
        let server = url.origin().ascii_serialization();
        let slot = self.robots.slot(&server, self.clock.now());
        let mut slot = slot.lock().await;
        let fresh = slot.as_ref().is_some_and(|known| known.until > self.clock.now());
        if !fresh {
            let read = self.read_robots(url).await?;
            let before = slot.take();
            *slot = Some(Known::after(before, read, self.clock.now()));
        }
        Ok(match slot.as_ref() {
            Some(known) => known.rules(self.clock.now()),
            None => Ok(Arc::default()),
        })
    }

    async fn read_robots(&self, url: &Url) -> Result<Read, ExchangeError> {
        let address = robots_address(url);
        let ask = Ask {
            url: address.as_str(),
            wanted: Wanted::Robots,
            validators: None,
            needs_leave: false,
        };
        Ok(match self.get_boxed(&ask).await {
            Ok(exchanged) => self.read_answer(&exchanged.answer, &exchanged.decoded),
            // §2.3.1.2 counts too many redirects as there being none.
            Err(ExchangeError::Redirect { .. }) => Read::Copy(Robots::default(), FRESH),
            Err(error @ (ExchangeError::Refused { .. } | ExchangeError::Quiet { .. })) => return Err(error),
            Err(error) => Read::Unreachable(error.to_string()),
        })
    }

    fn read_answer(&self, answer: &HttpAnswer, decoded: &[u8]) -> Read {
        match answer.status {
            200..=299 => {
                // Only 200 and 203 bring a body; the others say that there is no rule.
                Read::Copy(Robots::parse(decoded, &self.robots_token), freshness(answer))
            }
            // §2.3.1.4 counts server errors as a closed door; being told to slow down is one.
            status @ (429 | 500..) => Read::Unreachable(format!("status {status}")),
            // §2.3.1.3: there is none, so there is no rule.
            _ => Read::Copy(Robots::default(), FRESH),
        }
    }

    /// Asking, boxed: asking for leave is a part of asking, and asking is how leave is asked for.
    fn get_boxed<'a>(
        &'a self,
        ask: &'a Ask<'a>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Exchanged, ExchangeError>> + Send + 'a>> {
        Box::pin(self.get(ask))
    }
}

fn robots_address(url: &Url) -> Url {
    let mut address = url.clone();
    address.set_path("/robots.txt");
    address.set_query(None);
    address
}

/// How long an answer is believed: what `Cache-Control` says (RFC 9111 §5.2.2), within a day.
fn freshness(answer: &HttpAnswer) -> Duration {
    let directives = answer
        .header("cache-control")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut fresh = FRESH;
    for directive in directives.split(',') {
        match directive.trim().split_once('=') {
            Some(("max-age", seconds)) => {
                if let Ok(seconds) = seconds.trim_matches('"').parse() {
                    fresh = fresh.min(Duration::from_secs(seconds));
                }
            }
            None if matches!(directive.trim(), "no-cache" | "no-store") => fresh = Duration::ZERO,
            _ => {}
        }
    }
    fresh.max(SHORTEST_FRESH)
}

#[cfg(test)]
mod tests {
    use depeche_model::Header;

    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3600).unwrap()
    }

    fn copy(text: &str) -> Read {
        Read::Copy(Robots::parse(text.as_bytes(), "depeche"), FRESH)
    }

    fn gone() -> Read {
        Read::Unreachable("status 500".to_owned())
    }

    fn allows(known: &Known, path: &str, hours: i64) -> Option<bool> {
        known.rules(at(hours)).ok().map(|rules| rules.allows(path))
    }

    #[test]
    fn out_of_reach_forbids_all_for_a_month_and_allows_all_after_it() {
        let mut known = Known::after(None, gone(), at(0));
        assert_eq!(allows(&known, "/a", 1), None);
        for hours in [24, 200, 719] {
            known = Known::after(Some(known), gone(), at(hours));
        }
        assert_eq!(allows(&known, "/a", 719), None);
        assert_eq!(allows(&known, "/a", 720), Some(true));
        known = Known::after(Some(known), copy("User-agent: *\nDisallow: /a"), at(721));
        assert_eq!(allows(&known, "/a", 721), Some(false));
    }

    #[test]
    fn a_copy_from_before_counts_while_the_server_is_out_of_reach() {
        let mut known = Known::after(None, copy("User-agent: *\nDisallow: /a"), at(0));
        assert_eq!(known.until, at(24));
        for hours in [25, 26, 1000] {
            known = Known::after(Some(known), gone(), at(hours));
            assert_eq!(known.until, schedule::after(at(hours), UNREADABLE));
            assert_eq!(
                (allows(&known, "/a", hours), allows(&known, "/b", hours)),
                (Some(false), Some(true))
            );
        }
    }

    #[test]
    fn a_copy_is_believed_as_long_as_it_says_within_a_day() {
        for (control, minutes) in [
            ("", 24 * 60),
            ("max-age=3600", 60),
            ("public, Max-Age=\"7200\"", 120),
            ("max-age=999999", 24 * 60),
            ("max-age=1", 10),
            ("no-cache", 10),
            ("max-age=viel", 24 * 60),
        ] {
            let answer = HttpAnswer {
                status: 200,
                headers: vec![Header {
                    name: "cache-control".to_owned(),
                    value: control.as_bytes().to_vec(),
                }],
                body: bytes::Bytes::new(),
            };
            assert_eq!(freshness(&answer).as_secs() / 60, minutes, "{control}");
        }
    }

    #[test]
    fn servers_that_go_out_of_date_first_are_forgotten_first() {
        let cache = RobotsCache::default();
        for n in 0..i64::try_from(KEPT).unwrap() {
            let slot = cache.slot(&format!("https://h{n}.fr"), at(0));
            *slot.try_lock().unwrap() = Some(Known::after(None, copy(""), at(n)));
        }
        drop(cache.slot("https://another.fr", at(0)));
        let slots = cache.slots.lock().unwrap();
        assert_eq!(slots.len(), KEPT - KEPT / 4 + 1);
        assert!(!slots.contains_key("https://h0.fr"));
        assert!(slots.contains_key(&format!("https://h{}.fr", KEPT - 1)));
    }
}
