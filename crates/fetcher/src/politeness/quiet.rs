//! Who asked for quiet, and for whom that speaks: a state machine without a clock or a network.
//!
//! `Retry-After` is about the address that was asked (RFC 9110 §10.2.3). That a publisher means more than it is
//! believed on evidence alone, and no longer than the evidence lasts:
//!
//! - a **host** is quiet while its `robots.txt` asks for quiet, or at least two of its addresses do;
//! - a **registrable domain** is quiet while at least two of its hosts are.
//!
//! So one busy feed of a platform does not silence its neighbours, and a program that is told to slow down everywhere
//! slows down everywhere. Nothing is stored but what was said; the wider scopes are read off it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::domain::{host_key, registrable};

/// Addresses of one host whose wishes are remembered, answers and redirects apart. Two are enough to quieten the host.
const ADDRESSES_KEPT: usize = 64;

/// For so long at least, and for as long as the wait itself was, a wait that was served keeps its place against others:
/// the poll that follows the redirect is planned for its end, and comes a little later.
const SERVED_SAFE: SignedDuration = SignedDuration::from_hours(1);

/// Domains remembered before those whose quiet is over are forgotten.
const DOMAINS_KEPT: usize = 4096;

/// How long it is remembered that the wait of a redirect was served. Longer than the longest poll interval by default.
const SERVED_KEPT: SignedDuration = SignedDuration::from_hours(48);

/// What carried a wish for quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// An answer (429, 503) of the address.
    ByAnswer,
    /// A redirect: the wait before following it.
    ByRedirect,
    /// The answer to `robots.txt`, which speaks for its host.
    ByRobots,
    /// Somebody who knows it from an earlier run: for the whole host.
    ForHost,
}

/// Everything asked for and not yet over.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    domains: HashMap<String, HashMap<String, Host>>,
    /// The number of domains at which those at rest are looked for next.
    sweep_at: usize,
}

#[derive(Debug, Default)]
struct Host {
    whole: Option<Timestamp>,
    addresses: HashMap<String, Wish>,
}

#[derive(Debug, Clone, Copy)]
struct Wish {
    /// When it was told last.
    told: Timestamp,
    until: Timestamp,
    said: Said,
}

impl Wish {
    /// Whether its wait was served so long ago that nobody seems to come back for it.
    fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.until) > self.until.duration_since(self.told).max(SERVED_SAFE)
    }
}

impl Host {
    /// Until when the whole host is quiet.
    fn until(&self) -> Option<Timestamp> {
        self.whole
            .max(second(self.addresses.values().map(|wish| wish.until)))
    }

    /// Takes note of the wish of an address, where there is room for it.
    ///
    /// Of answers, those that ask for quiet the longest are kept. A redirect is put off until its wait was served, so a
    /// served one must be found when it is asked again: one that nobody came back for makes room, else the one that is
    /// to be served last, be it the new one. What has no room is still planned by its feed's own schedule.
    fn note(&mut self, address: String, wish: Wish) {
        let now = wish.told;
        let by_redirect = wish.said == Said::ByRedirect;
        if !self.addresses.contains_key(&address) {
            let kin = || {
                self.addresses
                    .iter()
                    .filter(|(_, other)| (other.said == Said::ByRedirect) == by_redirect)
            };
            if kin().count() >= ADDRESSES_KEPT {
                let gives_way = if by_redirect {
                    kin()
                        .filter(|(_, other)| other.is_stale(now))
                        .min_by_key(|(_, other)| other.until)
                        .or_else(|| {
                            kin()
                                .filter(|(_, other)| other.until > wish.until)
                                .max_by_key(|(_, other)| other.until)
                        })
                } else {
                    kin().min_by_key(|(_, other)| other.until)
                };
                let Some((gives_way, _)) = gives_way else {
                    return;
                };
                let gives_way = gives_way.clone();
                self.addresses.remove(&gives_way);
            }
        }
        let kept = self.addresses.entry(address).or_insert(wish);
        *kept = Wish {
            until: kept.until.max(wish.until),
            ..wish
        };
    }

    fn forget(&mut self, now: Timestamp) {
        self.whole = self.whole.filter(|until| *until > now);
        self.addresses.retain(|_, wish| match wish.said {
            Said::ByRedirect => now.duration_since(wish.until) < SERVED_KEPT,
            Said::ByAnswer | Said::ByRobots | Said::ForHost => wish.until > now,
        });
    }
}

/// The second latest: until then at least two of them hold.
fn second(times: impl Iterator<Item = Timestamp>) -> Option<Timestamp> {
    let (mut latest, mut second) = (None, None);
    for time in times {
        if Some(time) > latest {
            second = latest.replace(time);
        } else {
            second = second.max(Some(time));
        }
    }
    second
}

/// What an address is remembered by: the scheme makes no other place of it.
fn address_key(url: &Url) -> String {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", url.path())
}

impl Quiet {
    /// Remembers that `url` was told at `now` to be quiet until then; the later of two such times counts.
    pub(crate) fn note(&mut self, url: &Url, until: Timestamp, said: Said, now: Timestamp) {
        self.sweep(now);
        let host = self
            .domains
            .entry(registrable(url))
            .or_default()
            .entry(host_key(url))
            .or_default();
        host.forget(now);
        if matches!(said, Said::ByRobots | Said::ForHost) {
            host.whole = host.whole.max(Some(until));
            return;
        }
        let told = now;
        host.note(address_key(url), Wish { told, until, said });
    }

    /// Until when `url` must not be asked, where that is after `now`.
    pub(crate) fn until(&self, url: &Url, now: Timestamp) -> Option<Timestamp> {
        let hosts = self.domains.get(&registrable(url))?;
        let of_domain = second(hosts.values().filter_map(Host::until));
        let host = hosts.get(&host_key(url));
        let of_host = host.and_then(Host::until);
        let own = host
            .and_then(|host| host.addresses.get(&address_key(url)))
            .map(|wish| wish.until);
        own.max(of_host).max(of_domain).filter(|until| *until > now)
    }

    /// Whether the wait that a redirect of `url` asked for was served, so that the redirect may be followed although
    /// it asks again. Told once for each wait.
    pub(crate) fn redirect_served(&mut self, url: &Url, now: Timestamp) -> bool {
        let Some(host) = self
            .domains
            .get_mut(&registrable(url))
            .and_then(|hosts| hosts.get_mut(&host_key(url)))
        else {
            return false;
        };
        let key = address_key(url);
        let served = host
            .addresses
            .get(&key)
            .is_some_and(|wish| wish.said == Said::ByRedirect && wish.until <= now);
        if served {
            host.addresses.remove(&key);
        }
        served
    }

    fn sweep(&mut self, now: Timestamp) {
        if self.domains.len() < self.sweep_at.max(DOMAINS_KEPT) {
            return;
        }
        self.domains.retain(|_, hosts| {
            hosts.retain(|_, host| {
                host.forget(now);
                host.whole.is_some() || !host.addresses.is_empty()
            });
            !hosts.is_empty()
        });
        // Twice what is left, so that sweeping costs a constant for each wish.
        self.sweep_at = self.domains.len() * 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn minutes(quiet: &Quiet, address: &str, now: i64) -> Option<i64> {
        quiet
            .until(&url(address), at(now))
            .map(|until| until.as_second() / 60)
    }

    #[test]
    fn one_address_that_asks_for_quiet_speaks_for_itself() {
        let mut quiet = Quiet::default();
        quiet.note(&url("https://a.fr/une"), at(60), Said::ByAnswer, at(0));
        assert_eq!(minutes(&quiet, "https://a.fr/une", 0), Some(60));
        assert_eq!(minutes(&quiet, "http://a.fr/une", 0), Some(60));
        assert_eq!(minutes(&quiet, "https://a.fr/une?page=2", 0), None);
        assert_eq!(minutes(&quiet, "https://a.fr/sport", 0), None);
        assert_eq!(minutes(&quiet, "https://a.fr/une", 60), None);
    }

    #[test]
    fn two_addresses_speak_for_their_host_while_both_ask() {
        let mut quiet = Quiet::default();
        quiet.note(&url("https://a.fr/une"), at(60), Said::ByAnswer, at(0));
        quiet.note(&url("https://a.fr/sport"), at(20), Said::ByAnswer, at(1));
        assert_eq!(minutes(&quiet, "https://a.fr/monde", 1), Some(20));
        assert_eq!(minutes(&quiet, "https://a.fr/monde", 20), None);
        assert_eq!(minutes(&quiet, "https://a.fr/une", 20), Some(60));
        // One whose quiet is over is no evidence.
        quiet.note(&url("https://a.fr/monde"), at(50), Said::ByAnswer, at(70));
        assert_eq!(minutes(&quiet, "https://a.fr/x", 70), None);
        // The same address twice is one.
        let mut quiet = Quiet::default();
        for until in [10, 30, 20] {
            quiet.note(&url("https://a.fr/une"), at(until), Said::ByAnswer, at(0));
        }
        assert_eq!(minutes(&quiet, "https://a.fr/une", 0), Some(30));
        assert_eq!(minutes(&quiet, "https://a.fr/x", 0), None);
    }

    #[test]
    fn robots_speak_for_their_host_at_once() {
        let mut quiet = Quiet::default();
        quiet.note(&url("https://a.fr/robots.txt"), at(9), Said::ByRobots, at(0));
        assert_eq!(minutes(&quiet, "https://a.fr/une", 0), Some(9));
        assert_eq!(minutes(&quiet, "https://www.a.fr/une", 0), None);
    }

    #[test]
    fn two_hosts_speak_for_their_domain_and_no_further() {
        let mut quiet = Quiet::default();
        for (host, until) in [("www.a.fr", 60), ("rss.a.fr", 40)] {
            quiet.note(
                &url(&format!("https://{host}/x")),
                at(until),
                Said::ForHost,
                at(0),
            );
        }
        assert_eq!(minutes(&quiet, "https://blog.a.fr/y", 0), Some(40));
        assert_eq!(minutes(&quiet, "https://www.a.fr/y", 0), Some(60));
        assert_eq!(minutes(&quiet, "https://b.fr/y", 0), None);
        // Each under a public suffix is a domain of its own.
        let mut quiet = Quiet::default();
        for blog in ["un", "deux"] {
            quiet.note(
                &url(&format!("https://{blog}.blogspot.com/")),
                at(60),
                Said::ForHost,
                at(0),
            );
        }
        assert_eq!(minutes(&quiet, "https://trois.blogspot.com/", 0), None);
    }

    #[test]
    fn the_wait_of_a_redirect_is_served_once() {
        let mut quiet = Quiet::default();
        let feed = url("https://a.fr/une");
        assert!(!quiet.redirect_served(&feed, at(0)));
        quiet.note(&feed, at(5), Said::ByRedirect, at(0));
        assert_eq!(minutes(&quiet, "https://a.fr/une", 0), Some(5));
        assert!(!quiet.redirect_served(&feed, at(4)));
        quiet.note(&url("https://a.fr/sport"), at(9), Said::ByAnswer, at(6));
        assert!(quiet.redirect_served(&feed, at(6)));
        assert!(!quiet.redirect_served(&feed, at(6)));
    }

    #[test]
    fn a_served_wait_is_found_whatever_other_redirects_of_its_host_ask_for() {
        let feed = |n: usize| url(&format!("https://a.fr/{n}"));
        let mut quiet = Quiet::default();
        for n in 0..ADDRESSES_KEPT {
            quiet.note(&feed(n), at(5), Said::ByRedirect, at(0));
        }
        // Others ask for a wait when it is over.
        for n in ADDRESSES_KEPT..2 * ADDRESSES_KEPT {
            quiet.note(&feed(n), at(11), Said::ByRedirect, at(6));
        }
        quiet.note(&url("https://a.fr/busy"), at(30), Said::ByAnswer, at(6));
        assert_eq!(minutes(&quiet, "https://a.fr/busy", 6), Some(30));
        for n in 0..ADDRESSES_KEPT {
            assert!(quiet.redirect_served(&feed(n), at(7)), "{n}");
        }
        // With the room that this makes, it is their turn.
        for n in ADDRESSES_KEPT..2 * ADDRESSES_KEPT {
            quiet.note(&feed(n), at(17), Said::ByRedirect, at(12));
        }
        for n in ADDRESSES_KEPT..2 * ADDRESSES_KEPT {
            assert!(quiet.redirect_served(&feed(n), at(18)), "{n}");
        }
    }

    #[test]
    fn waits_that_nobody_came_back_for_make_room_and_then_the_last_to_be_served() {
        let feed = |n: usize| url(&format!("https://a.fr/{n}"));
        let mut quiet = Quiet::default();
        for n in 0..ADDRESSES_KEPT {
            quiet.note(&feed(n), at(if n == 3 { 1 } else { 5 }), Said::ByRedirect, at(0));
        }
        quiet.note(&feed(100), at(64), Said::ByRedirect, at(63));
        assert!(!quiet.redirect_served(&feed(3), at(64)));
        assert!(quiet.redirect_served(&feed(100), at(64)));
        quiet.note(&feed(101), at(74), Said::ByRedirect, at(64));
        quiet.note(&feed(102), at(70), Said::ByRedirect, at(64));
        assert!(!quiet.redirect_served(&feed(101), at(75)));
        assert!(quiet.redirect_served(&feed(102), at(75)));
    }

    #[test]
    fn what_is_over_is_forgotten_and_the_number_of_addresses_bounded() {
        let mut quiet = Quiet::default();
        for n in 0..i64::try_from(DOMAINS_KEPT).unwrap() + 100 {
            let feed = url(&format!("https://h{n}.fr/"));
            quiet.note(&feed, at(n + 1), Said::ByAnswer, at(n));
        }
        assert!(quiet.domains.len() <= DOMAINS_KEPT);
        for n in 0..1000 {
            let feed = url(&format!("https://a.fr/{n}"));
            quiet.note(&feed, at(1_000_000 + n), Said::ByAnswer, at(1));
        }
        assert_eq!(quiet.domains["a.fr"]["a.fr"].addresses.len(), ADDRESSES_KEPT);
    }
}
