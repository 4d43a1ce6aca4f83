//! Is it them, or is it us? When most hosts fail at once, it is our own network.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

/// How long a host's answer counts. Long enough to see several hosts, short enough that hosts which happen to be down do
/// not add up.
const WINDOW: Duration = Duration::from_mins(5);

/// The least number of hosts that say anything.
const HOSTS: usize = 5;

/// The part of them that must fail, in percent, and then more.
const PERCENT: usize = 70;

/// So many hosts that fail one after the other, none answering between them, are enough by themselves: those that answered
/// minutes ago say nothing of now. Where every tenth host is dead, that is chance once in a hundred million.
const IN_A_ROW: usize = 8;

/// How far apart feeds are tried while the network seems to be away: enough to notice its return at once, at no cost to
/// anyone.
pub const PROBE_EVERY: Duration = Duration::from_secs(20);

/// What the latest exchanges say of our own network: a window over time, of each host the latest exchange.
#[derive(Debug, Default)]
pub struct Network {
    /// The exchanges, oldest first: when, which host, which of its exchanges.
    order: VecDeque<(Timestamp, u32, u64)>,
    /// Of each host the latest exchange and whether it failed.
    hosts: HashMap<u32, (u64, bool)>,
    failing: usize,
    /// Hosts that failed since the last one that answered.
    in_a_row: Vec<u32>,
    count: u64,
    away: bool,
}

/// What an exchange changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// The network seems to be away from now on.
    Lost,
    /// It is back.
    Back,
}

impl Network {
    /// Takes note of an exchange with a host: `reached` unless no connection came about.
    pub fn note(&mut self, host: u32, reached: bool, now: Timestamp) -> Change {
        if reached && self.away {
            *self = Self::default();
            self.put(host, reached, now);
            return Change::Back;
        }
        self.put(host, reached, now);
        while let Some((at, host, count)) = self.order.front().copied() {
            let old = now.duration_since(at).unsigned_abs() > WINDOW;
            if !old {
                break;
            }
            self.order.pop_front();
            if self.hosts.get(&host).is_some_and(|(latest, _)| *latest == count) {
                self.forget(host);
            }
        }
        if reached {
            self.in_a_row.clear();
        } else if !self.away && !self.in_a_row.contains(&host) && self.in_a_row.len() < IN_A_ROW {
            self.in_a_row.push(host);
        }
        let most = self.hosts.len() >= HOSTS && self.failing * 100 > self.hosts.len() * PERCENT;
        let lost = most || (self.in_a_row.len() >= IN_A_ROW && self.failing >= IN_A_ROW);
        if lost && !self.away {
            self.away = true;
            self.in_a_row.clear();
            return Change::Lost;
        }
        Change::None
    }

    /// Whether the network seems to be away. It stays so until something answers.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away
    }

    fn put(&mut self, host: u32, reached: bool, now: Timestamp) {
        self.forget(host);
        self.count += 1;
        self.order.push_back((now, host, self.count));
        self.hosts.insert(host, (self.count, !reached));
        self.failing += usize::from(!reached);
    }

    fn forget(&mut self, host: u32) {
        if let Some((_, true)) = self.hosts.remove(&host) {
            self.failing -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + second).unwrap()
    }

    #[test]
    fn most_of_five_hosts_failing_is_our_own_network_and_one_answer_ends_it() {
        let mut network = Network::default();
        for host in 0..4 {
            assert_eq!(network.note(host, false, at(1)), Change::None);
        }
        assert_eq!(network.note(4, false, at(2)), Change::Lost);
        assert_eq!(network.note(5, false, at(9000)), Change::None);
        assert!(network.is_away());
        assert_eq!(network.note(6, true, at(9001)), Change::Back);
        assert!(!network.is_away());
        assert_eq!(network.note(1, false, at(9002)), Change::None);
    }

    #[test]
    fn one_host_that_fails_often_is_one_host() {
        let mut network = Network::default();
        for n in 0..100 {
            assert_eq!(network.note(1, false, at(n)), Change::None);
        }
    }

    #[test]
    fn seven_of_ten_are_not_enough_and_eight_are() {
        let mut network = Network::default();
        for host in 0..3 {
            network.note(host, true, at(0));
        }
        for host in 3..10 {
            assert_eq!(network.note(host, false, at(1)), Change::None);
        }
        assert_eq!(network.note(2, false, at(2)), Change::Lost);
    }

    #[test]
    fn failures_that_are_minutes_apart_do_not_add_up() {
        let mut network = Network::default();
        for host in 0..50 {
            assert_eq!(network.note(host, false, at(i64::from(host) * 120)), Change::None);
        }
        assert!(network.hosts.len() < HOSTS && network.order.len() < HOSTS);
    }

    #[test]
    fn eight_hosts_in_a_row_are_enough_whoever_answered_before() {
        let mut network = Network::default();
        for host in 0..100 {
            network.note(host, true, at(0));
        }
        for host in 100..107 {
            assert_eq!(network.note(host, false, at(1)), Change::None);
        }
        assert_eq!(network.note(106, false, at(1)), Change::None);
        assert_eq!(network.note(107, false, at(1)), Change::Lost);
    }
}
