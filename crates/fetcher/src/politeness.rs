//! Taking turns at a host: how many requests at once, how far apart, and when not at all.
//!
//! A turn is waited for without holding a place among the process's requests in flight, so a slow or busy host
//! delays itself alone. Turns are given first come, first served.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

/// Hosts remembered before those at rest are forgotten: pages may link anywhere, so the number has no natural end.
/// At some 200 bytes a host this is under 1 MiB.
const HOSTS_KEPT: usize = 4096;

/// The hosts that were asked lately.
#[derive(Debug)]
pub(crate) struct Hosts {
    per_host: usize,
    spacing: Duration,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
}

/// One host's turns.
#[derive(Debug)]
pub(crate) struct Gate {
    permits: Arc<Semaphore>,
    times: Mutex<Times>,
}

#[derive(Debug)]
struct Times {
    /// The earliest start of the next request.
    next: Instant,
    /// The host asked for quiet until then (`Retry-After`).
    quiet_until: Option<Timestamp>,
}

/// A turn at a host, given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

/// The name that requests to one server share: host, and port where it is not the scheme's own.
pub(crate) fn host_key(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

impl Hosts {
    pub(crate) fn new(per_host: usize, spacing: Duration) -> Self {
        Self {
            per_host,
            spacing,
            gates: Mutex::default(),
        }
    }

    fn gate(&self, host: &str, clock: Timestamp) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(host) {
            return Arc::clone(gate);
        }
        let now = Instant::now();
        if gates.len() >= HOSTS_KEPT {
            // A gate that nobody holds, whose spacing is over and which asked for no quiet from now on says nothing.
            gates.retain(|_, gate| Arc::strong_count(gate) > 1 || !gate.is_at_rest(now, clock));
        }
        let gate = Arc::new(Gate {
            permits: Arc::new(Semaphore::new(self.per_host)),
            times: Mutex::new(Times {
                next: now,
                quiet_until: None,
            }),
        });
        gates.insert(host.to_owned(), Arc::clone(&gate));
        gate
    }

    /// Until when `host` asked not to be asked, where that is after `now`.
    pub(crate) fn quiet_until(&self, host: &str, now: Timestamp) -> Option<Timestamp> {
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.get(host)?.times().quiet_until.filter(|until| *until > now)
    }

    /// Remembers that `host` asked, at `now`, for quiet; the later of two such times counts.
    pub(crate) fn keep_quiet(&self, host: &str, until: Timestamp, now: Timestamp) {
        let gate = self.gate(host, now);
        let mut times = gate.times();
        times.quiet_until = times.quiet_until.max(Some(until));
    }

    /// Waits for a turn at `host`, from `now` on.
    pub(crate) async fn turn(&self, host: &str, now: Timestamp) -> Turn {
        let gate = self.gate(host, now);
        // The semaphore is never closed; were it, going on without a permit is the lesser harm.
        let permit = Arc::clone(&gate.permits).acquire_owned().await.ok();
        let start = {
            let mut times = gate.times();
            let start = times.next.max(Instant::now());
            times.next = start + self.spacing;
            start
        };
        tokio::time::sleep_until(start).await;
        Turn { _permit: permit }
    }
}

impl Gate {
    fn times(&self) -> std::sync::MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_at_rest(&self, now: Instant, clock: Timestamp) -> bool {
        let times = self.times();
        times.next <= now && times.quiet_until.is_none_or(|until| until <= clock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn both_schemes_of_a_host_take_turns_together_and_ports_apart() {
        let key = |url| host_key(&Url::parse(url).unwrap());
        assert_eq!(key("http://A.fr/x"), key("https://a.fr/"));
        assert_ne!(key("http://a.fr:8080/"), key("http://a.fr/"));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_to_one_host_start_the_interval_apart_and_others_do_not_wait() {
        let hosts = Hosts::new(1, Duration::from_secs(2));
        let begin = Instant::now();
        let mut starts = Vec::new();
        for host in ["a", "a", "b", "a"] {
            drop(hosts.turn(host, NOW).await);
            starts.push((host, begin.elapsed().as_secs()));
        }
        assert_eq!(starts, [("a", 0), ("a", 2), ("b", 2), ("a", 4)]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_requests_at_once_than_the_host_allows() {
        let hosts = Hosts::new(2, Duration::ZERO);
        let (one, two) = (hosts.turn("a", NOW).await, hosts.turn("a", NOW).await);
        let third = hosts.turn("a", NOW);
        tokio::pin!(third);
        assert!(
            tokio::time::timeout(Duration::from_hours(1), &mut third)
                .await
                .is_err()
        );
        drop(one);
        third.await;
        drop(two);
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_at_rest_are_forgotten_and_quiet_ones_are_not() {
        let hosts = Hosts::new(1, Duration::from_secs(2));
        let until: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        hosts.keep_quiet("quiet", until, NOW);
        for n in 0..HOSTS_KEPT + 10 {
            drop(hosts.turn(&format!("h{n}"), NOW).await);
            tokio::time::advance(Duration::from_secs(3)).await;
        }
        assert!(hosts.gates.lock().unwrap().len() <= HOSTS_KEPT);
        assert_eq!(hosts.quiet_until("quiet", NOW), Some(until));
        assert_eq!(hosts.quiet_until("quiet", until), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_whose_quiet_is_over_is_forgotten_like_any_other() {
        let hosts = Hosts::new(1, Duration::ZERO);
        let until: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for n in 0..HOSTS_KEPT {
            hosts.keep_quiet(&format!("h{n}"), until, NOW);
        }
        drop(hosts.turn("early", NOW).await);
        assert_eq!(hosts.gates.lock().unwrap().len(), HOSTS_KEPT + 1);
        drop(hosts.turn("late", until).await);
        assert_eq!(hosts.gates.lock().unwrap().len(), 1);
    }
}
