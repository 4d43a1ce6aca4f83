//! Is it them, or is it us? When hosts fail that always answered, and none answers meanwhile, it is our own network.
//!
//! Failures are no independent events: hosts that died long ago fail at every poll, and those that were asked together run
//! into their time-outs together, long after the others answered. So a failure says something of our network only where
//!
//! - its host answered before ([`Before`]), and
//! - the poll began after the last answer of any host had come: what answered meanwhile shows that the network was there.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

/// How long a host's answer counts. Long enough to see several hosts, short enough that hosts which happen to be down do
/// not add up.
const WINDOW: Duration = Duration::from_mins(5);

/// The least number of hosts that say anything.
const HOSTS: usize = 5;

/// The part of them that must fail, in percent, and then more.
const PERCENT: usize = 70;

/// So many hosts that fail one after the other, none answering between them, are enough where at least half of those heard
/// of [lately](LATELY) fail: quicker than the window fills, and few enough that little is held against feeds until then.
/// Hosts may well fail together for a cause of their own; that as many answered is what tells.
const IN_A_ROW: usize = 8;

/// A short list of feeds never has five hosts within the window. There, so many in a row are enough where they are more
/// than [`PERCENT`] of all hosts that are asked and were not failing before.
const LEAST_OF_ALL: usize = 3;

/// What lately is: answers of minutes ago say nothing of now, and every poll until an outage is recognised is a failure that
/// is held against its feed.
const LATELY: Duration = Duration::from_mins(1);

/// How far apart feeds are tried while the network seems to be away: enough to notice its return at once, at no cost to
/// anyone.
pub const PROBE_EVERY: Duration = Duration::from_secs(20);

/// What is known of a host, or of a feed of it, from before an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// It answered when it was last asked.
    Answered,
    /// It failed when it was last asked: that it fails again says nothing.
    Failed,
    /// It was never asked: its failure says something while nothing at all has answered.
    Unknown,
}

/// What the latest exchanges say of our own network: a window over time, of each host the latest exchange that says
/// something.
#[derive(Debug, Default)]
pub struct Network {
    /// The exchanges, oldest first: when, which host, which of its exchanges.
    order: VecDeque<(Timestamp, u32, u64)>,
    /// Of each host the latest exchange and whether it failed.
    hosts: HashMap<u32, (u64, bool)>,
    failing: usize,
    /// Hosts that failed since the last one that answered, however long that is ago; [`IN_A_ROW`] at most.
    in_a_row: Vec<u32>,
    /// Hosts that go on failing while others answer.
    dead: HashSet<u32>,
    /// How many hosts are asked at all.
    asked: usize,
    /// When a host last answered.
    answered: Option<Timestamp>,
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
    /// Takes note of how many hosts are asked at all from now on.
    pub fn ask(&mut self, hosts: usize) {
        self.asked = hosts;
        self.dead.clear();
    }

    /// Takes note of an exchange with a host that answered, at `now`.
    pub fn reached(&mut self, host: u32, now: Timestamp) -> Change {
        let was_away = std::mem::take(&mut self.away);
        if was_away {
            *self = Self {
                asked: self.asked,
                ..Self::default()
            };
        }
        self.answered = Some(now);
        self.in_a_row.clear();
        self.dead.remove(&host);
        self.put(host, false, now);
        self.age(now);
        if was_away { Change::Back } else { Change::None }
    }

    /// Takes note of an exchange that began at `begun` and in which no connection came about until `now`. `before` is
    /// what is known from before, for the case that the window does not tell.
    pub fn failed(&mut self, host: u32, before: Before, begun: Timestamp, now: Timestamp) -> Change {
        self.age(now);
        if self.away {
            return Change::None;
        }
        // It answered within the window, or its failure counted already.
        let is_heard = self.hosts.contains_key(&host) || self.in_a_row.contains(&host);
        let counts = is_heard
            || match before {
                Before::Answered => true,
                Before::Failed => false,
                Before::Unknown => self.answered.is_none(),
            };
        if !counts {
            self.dead.insert(host);
        }
        if !counts || self.answered.is_some_and(|answered| begun < answered) {
            self.forget(host);
            return Change::None;
        }
        self.put(host, true, now);
        if !self.in_a_row.contains(&host) && self.in_a_row.len() < IN_A_ROW {
            self.in_a_row.push(host);
        }
        let most = self.hosts.len() >= HOSTS && self.failing * 100 > self.hosts.len() * PERCENT;
        let row = self.in_a_row.len() >= IN_A_ROW && self.half_fail_lately(now);
        let alive = self.asked.saturating_sub(self.dead.len());
        let all = self.in_a_row.len() >= LEAST_OF_ALL && self.in_a_row.len() * 100 > alive * PERCENT;
        if most || row || (self.asked > 0 && all) {
            self.away = true;
            return Change::Lost;
        }
        Change::None
    }

    /// Whether the network seems to be away. It stays so until something answers.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// Whether half of the hosts heard of lately fail.
    fn half_fail_lately(&self, now: Timestamp) -> bool {
        let (mut heard, mut failing) = (0_usize, 0_usize);
        for (at, host, count) in self.order.iter().rev() {
            if now.duration_since(*at).unsigned_abs() > LATELY {
                break;
            }
            if let Some((latest, failed)) = self.hosts.get(host)
                && latest == count
            {
                heard += 1;
                failing += usize::from(*failed);
            }
        }
        failing * 2 >= heard
    }

    fn put(&mut self, host: u32, failed: bool, now: Timestamp) {
        self.forget(host);
        self.count += 1;
        self.order.push_back((now, host, self.count));
        self.hosts.insert(host, (self.count, failed));
        self.failing += usize::from(failed);
    }

    fn age(&mut self, now: Timestamp) {
        while let Some((at, host, count)) = self.order.front().copied() {
            if now.duration_since(at).unsigned_abs() <= WINDOW {
                break;
            }
            self.order.pop_front();
            if self.hosts.get(&host).is_some_and(|(latest, _)| *latest == count) {
                self.forget(host);
            }
        }
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

    /// Hosts of which some are dead: the answers come within a second, time-outs after ten.
    struct World {
        network: Network,
        /// How each host did last.
        before: Vec<Before>,
        /// Polls under way: when they end, which host, when they began.
        running: Vec<(i64, u32, i64)>,
        lost: Vec<i64>,
        back: Vec<i64>,
    }

    impl World {
        fn new(hosts: usize, before: impl Fn(u32) -> Before) -> Self {
            Self {
                network: Network::default(),
                before: (0..hosts as u32).map(before).collect(),
                running: Vec::new(),
                lost: Vec::new(),
                back: Vec::new(),
            }
        }

        /// A second passes: these hosts are asked, those of them answer that `answers` says.
        fn second(&mut self, now: i64, asked: impl Iterator<Item = u32>, answers: impl Fn(u32) -> bool) {
            for host in asked {
                let takes = if answers(host) { 1 } else { 10 };
                self.running.push((now + takes, host, now));
            }
            let ended: Vec<_> = self.running.extract_if(.., |poll| poll.0 <= now).collect();
            for (_, host, begun) in ended {
                let is_answered = now - begun < 10;
                let before = &mut self.before[host as usize];
                let change = if is_answered {
                    self.network.reached(host, at(now))
                } else {
                    self.network.failed(host, *before, at(begun), at(now))
                };
                *before = if is_answered {
                    Before::Answered
                } else {
                    Before::Failed
                };
                match change {
                    Change::Lost => self.lost.push(now),
                    Change::Back => self.back.push(now),
                    Change::None => {}
                }
            }
        }
    }

    fn fail(network: &mut Network, host: u32, second: i64) -> Change {
        network.failed(host, Before::Answered, at(second), at(second))
    }

    #[test]
    fn most_of_five_hosts_failing_is_our_own_network_and_one_answer_ends_it() {
        let mut network = Network::default();
        let mut unknown = |host, second| network.failed(host, Before::Unknown, at(second), at(second));
        for host in 0..4 {
            assert_eq!(unknown(host, 1), Change::None);
        }
        assert_eq!(unknown(4, 2), Change::Lost);
        assert_eq!(unknown(5, 9000), Change::None);
        assert!(network.is_away());
        assert_eq!(network.reached(6, at(9001)), Change::Back);
        assert!(!network.is_away());
        // What was under way then, and what never answered, says nothing now.
        for host in 10..30 {
            let begun = if host < 20 { 9000 } else { 9002 };
            let before = if host < 20 {
                Before::Answered
            } else {
                Before::Unknown
            };
            assert_eq!(network.failed(host, before, at(begun), at(9010)), Change::None);
        }
    }

    #[test]
    fn one_host_that_fails_often_is_one_host() {
        let mut network = Network::default();
        for n in 0..100 {
            assert_eq!(fail(&mut network, 1, n), Change::None);
        }
    }

    #[test]
    fn seven_of_ten_are_not_enough_and_eight_are() {
        let mut network = Network::default();
        for host in 0..3 {
            network.reached(host, at(0));
        }
        for host in 3..10 {
            assert_eq!(fail(&mut network, host, 1), Change::None);
        }
        assert_eq!(fail(&mut network, 2, 2), Change::Lost);
    }

    #[test]
    fn failures_that_are_minutes_apart_do_not_add_up_where_others_answer_between_them() {
        let mut network = Network::default();
        network.ask(20);
        for host in 0..50 {
            let second = i64::from(host) * 120;
            assert_eq!(fail(&mut network, host, second), Change::None);
            if host % 7 == 6 {
                network.reached(100 + host, at(second + 60));
            }
        }
        assert!(network.hosts.len() < HOSTS && network.order.len() < HOSTS);
    }

    #[test]
    fn a_short_list_whose_hosts_all_fail_one_after_the_other_is_our_own_network() {
        for (asked, lost_by) in [(3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (10, 8), (30, 8)] {
            let mut network = Network::default();
            network.ask(asked);
            for host in 0..asked as u32 {
                network.reached(host, at(i64::from(host)));
            }
            let lost = (0..asked as u32).find(|host| {
                // Half an hour apart, and what failed fails again.
                let second = 1800 * (i64::from(*host) + 1);
                fail(&mut network, *host, second - 900);
                fail(&mut network, *host, second) == Change::Lost || network.is_away()
            });
            assert_eq!(lost.map(|host| host + 1), Some(lost_by), "of {asked}");
        }
    }

    #[test]
    fn hosts_that_died_before_are_not_waited_for() {
        let mut network = Network::default();
        network.ask(7);
        for host in 0..3 {
            network.reached(host, at(i64::from(host)));
        }
        for host in 3..7 {
            let second = 600 * i64::from(host);
            assert_eq!(
                network.failed(host, Before::Failed, at(second), at(second)),
                Change::None
            );
        }
        assert_eq!(fail(&mut network, 0, 9000), Change::None);
        assert_eq!(fail(&mut network, 1, 10000), Change::None);
        assert_eq!(fail(&mut network, 2, 11000), Change::Lost);
        // Two hosts are too few to tell.
        let mut network = Network::default();
        network.ask(2);
        assert_eq!(fail(&mut network, 0, 1), Change::None);
        assert_eq!(fail(&mut network, 1, 2), Change::None);
    }

    #[test]
    fn eight_hosts_in_a_row_are_enough_where_they_are_half_of_those_heard_of_lately() {
        let mut network = Network::default();
        for host in 0..100 {
            network.reached(host, at(0));
        }
        for host in 100..150 {
            assert_eq!(fail(&mut network, host, 1), Change::None);
        }
        let mut network = Network::default();
        for host in 0..100 {
            network.reached(host, at(0));
        }
        for host in 100..107 {
            assert_eq!(fail(&mut network, host, 62), Change::None);
        }
        assert_eq!(fail(&mut network, 106, 62), Change::None);
        assert_eq!(fail(&mut network, 107, 62), Change::Lost);
    }

    #[test]
    fn time_outs_that_end_together_after_the_others_answered_are_no_outage() {
        // 300 hosts answer in a second; eight that did so yesterday time out, all at once.
        for before in [Before::Answered, Before::Unknown] {
            let mut world = World::new(308, |_| before);
            world.second(0, 0..308, |host| host < 300);
            for now in 1..60 {
                world.second(now, std::iter::empty(), |_| true);
            }
            assert!(world.running.is_empty() && world.lost.is_empty(), "{before:?}");
        }
    }

    #[test]
    fn a_list_of_mostly_dead_hosts_does_not_flap() {
        for before in [Before::Answered, Before::Unknown, Before::Failed] {
            let mut world = World::new(400, |_| before);
            for now in 0..7200 {
                // Each every ten minutes, four hosts every other second on average, in no order that matters.
                let asked = (0..400).filter(|host| (i64::from(*host) * 37 + now) % 600 == 0);
                world.second(now, asked, |host| host % 4 == 0);
            }
            assert_eq!(world.lost, [] as [i64; 0], "{before:?}");
        }
    }

    #[test]
    fn a_true_outage_is_recognised_soon_and_once_and_its_end_at_once() {
        for (hosts, dead, within) in [(4000, 0, 60), (4000, 1000, 60), (400, 300, 200), (40, 0, 200)] {
            let mut world = World::new(hosts as usize, |_| Before::Answered);
            for now in 0..7200 {
                let asked = (0..hosts).filter(|host| (i64::from(*host) * 37 + now) % 600 == 0);
                let is_up = !(3600..5400).contains(&now);
                world.second(now, asked, |host| is_up && host >= dead);
            }
            assert!(
                matches!(world.lost[..], [at] if (3600..3600 + within).contains(&at)),
                "{hosts}: {:?}",
                world.lost
            );
            assert!(
                matches!(world.back[..], [at] if (5400..5450).contains(&at)),
                "{hosts}: {:?}",
                world.back
            );
        }
    }
}
