use std::time::Duration;

use depeche_model::PagePolicy;

use super::*;
use crate::politeness::Hosts;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A host is a lane.
fn lane(target: &FeedTarget, _: &FeedState) -> (u32, usize) {
    Hosts::new(1, Duration::ZERO, &[]).lane_number(&target.url)
}

fn feed(url: &str) -> (FeedTarget, FeedState) {
    let target = FeedTarget {
        url: url.to_owned(),
        name: None,
        page: PagePolicy::Auto,
        timezone: None,
        tags: Vec::new(),
    };
    (target, FeedState::default())
}

/// Feeds of as many hosts, each due at the second that its number says.
fn agenda(feeds: &[(&str, i64)]) -> Agenda {
    let mut agenda = Agenda::new(1, 100);
    let list = feeds.iter().map(|(url, _)| feed(url)).collect();
    agenda.take_list(list, lane, |target, _| {
        let (_, second) = feeds.iter().find(|(url, _)| *url == target.url).unwrap();
        at(*second)
    });
    agenda
}

fn begun(agenda: &mut Agenda, now: i64) -> Vec<(String, Slot)> {
    std::iter::from_fn(|| agenda.begin(at(now)))
        .map(|job| (job.target.url.clone(), job.slot))
        .collect()
}

fn urls(begun: &[(String, Slot)]) -> Vec<&str> {
    begun.iter().map(|(url, _)| url.as_str()).collect()
}

#[test]
fn feeds_begin_in_the_order_of_their_due_times_and_not_before() {
    let mut agenda = agenda(&[("http://a.fr/", 30), ("http://b.fr/", 10), ("http://c.fr/", 20)]);
    assert_eq!(begun(&mut agenda, 9), []);
    assert_eq!(agenda.next_due(), Some(at(10)));
    assert_eq!(urls(&begun(&mut agenda, 20)), ["http://b.fr/", "http://c.fr/"]);
    assert_eq!(agenda.next_due(), Some(at(30)));
}

#[test]
fn a_busy_host_holds_its_own_feeds_and_no_other() {
    let mut agenda = agenda(&[
        ("http://a.fr/1", 1),
        ("http://a.fr/2", 1),
        ("http://a.fr/3", 2),
        ("http://b.fr/", 3),
    ]);
    let first = begun(&mut agenda, 5);
    assert_eq!(urls(&first), ["http://a.fr/1", "http://b.fr/"]);
    agenda.end(first[0].1, None, Some(at(100)));
    let second = begun(&mut agenda, 6);
    assert_eq!(urls(&second), ["http://a.fr/2"]);
    agenda.end(second[0].1, None, Some(at(100)));
    assert_eq!(urls(&begun(&mut agenda, 6)), ["http://a.fr/3"]);
    assert_eq!(agenda.next_due(), Some(at(100)));
}

#[test]
fn no_more_polls_run_than_may() {
    let mut agenda = Agenda::new(1, 3);
    let list = (0..10).map(|n| feed(&format!("http://{n}.fr/"))).collect();
    agenda.take_list(list, lane, |_, _| at(0));
    let first = begun(&mut agenda, 1);
    assert_eq!(first.len(), 3);
    agenda.end(first[0].1, None, None);
    assert_eq!(begun(&mut agenda, 1).len(), 1);
}

#[test]
fn what_is_known_is_given_back_byte_for_byte() {
    let mut agenda = agenda(&[("http://a.fr/", 0)]);
    for validators in [
        Validators::default(),
        Validators {
            etag: Some(b"W/\"\xe9\"".to_vec()),
            last_modified: None,
        },
        Validators {
            etag: None,
            last_modified: Some(Vec::new()),
        },
        Validators {
            etag: Some(b"\"a\"".to_vec()),
            last_modified: Some(b"Mon".to_vec()),
        },
    ] {
        let job = agenda.begin(at(1)).unwrap();
        agenda.end(job.slot, Some((&validators, b"memory")), Some(at(1)));
        assert_eq!(agenda.known(job.slot), Some((validators, b"memory".to_vec())));
    }
}

#[test]
fn a_feed_that_stays_keeps_what_is_known_and_one_that_goes_is_forgotten() {
    let mut agenda = agenda(&[("http://a.fr/", 10), ("http://b.fr/", 10)]);
    let job = agenda.begin(at(10)).unwrap();
    assert_eq!(job.target.url, "http://a.fr/");
    agenda.end(job.slot, Some((&Validators::default(), b"a")), Some(at(50)));
    let taken = agenda.take_list(
        vec![feed("http://a.fr/"), feed("http://c.fr/"), feed("http://a.fr/")],
        lane,
        |_, _| at(20),
    );
    assert_eq!(taken.twice, ["http://a.fr/"]);
    assert_eq!(taken.gone[0].url, "http://b.fr/");
    assert_eq!(agenda.known(job.slot).unwrap().1, b"a");
    let both = begun(&mut agenda, 60);
    assert_eq!(urls(&both), ["http://c.fr/", "http://a.fr/"]);
}

#[test]
fn a_feed_taken_off_during_its_poll_and_put_back_is_polled_once() {
    let mut agenda = agenda(&[("http://a.fr/", 1)]);
    let job = agenda.begin(at(1)).unwrap();
    agenda.take_list(vec![], lane, |_, _| at(2));
    agenda.take_list(vec![feed("http://a.fr/")], lane, |_, _| at(2));
    assert_eq!(begun(&mut agenda, 100), []);
    agenda.end(job.slot, None, Some(at(50)));
    assert_eq!(begun(&mut agenda, 100).len(), 1);
    assert_eq!(begun(&mut agenda, 100).len(), 0);
}

#[test]
fn a_feed_taken_off_while_it_waits_for_its_host_is_not_polled() {
    let mut agenda = agenda(&[("http://a.fr/1", 1), ("http://a.fr/2", 1)]);
    let first = begun(&mut agenda, 1);
    agenda.take_list(vec![feed("http://a.fr/1")], lane, |_, _| at(2));
    agenda.end(first[0].1, None, Some(at(9)));
    assert_eq!(urls(&begun(&mut agenda, 9)), ["http://a.fr/1"]);
    assert!(agenda.find("http://a.fr/2").is_none());
}

#[test]
fn a_feed_taken_off_while_it_waits_leaves_its_room_to_the_next() {
    let mut agenda = agenda(&[("http://a.fr/1", 1), ("http://a.fr/2", 1), ("http://a.fr/3", 1)]);
    let first = begun(&mut agenda, 1);
    assert_eq!(urls(&first), ["http://a.fr/1"]);
    agenda.take_list(vec![feed("http://a.fr/3")], lane, |_, _| at(2));
    agenda.end(first[0].1, None, Some(at(9)));
    let third = begun(&mut agenda, 9);
    assert_eq!(urls(&third), ["http://a.fr/3"]);
    agenda.end(third[0].1, None, None);
    assert!(agenda.hosts.is_empty());
    // So when nobody is left to take it.
    agenda.take_list(
        vec![feed("http://a.fr/1"), feed("http://a.fr/2")],
        lane,
        |_, _| at(10),
    );
    let one = begun(&mut agenda, 10);
    agenda.take_list(vec![], lane, |_, _| at(11));
    agenda.end(one[0].1, None, None);
    assert_eq!(begun(&mut agenda, 11), []);
    assert!(agenda.hosts.is_empty());
}

#[test]
fn a_feed_that_has_moved_waits_for_the_lane_that_it_asks() {
    let mut agenda = agenda(&[("http://a.fr/", 1), ("http://b.fr/", 2)]);
    let first = begun(&mut agenda, 5);
    let (b, _) = feed("http://b.fr/");
    // Not while it is under way: its room is where it was taken.
    agenda.move_to(first[0].1, lane(&b, &FeedState::default()));
    for (_, slot) in &first {
        agenda.end(*slot, None, Some(at(9)));
    }
    agenda.move_to(first[0].1, lane(&b, &FeedState::default()));
    let second = begun(&mut agenda, 9);
    assert_eq!(urls(&second), ["http://a.fr/"]);
    agenda.end(second[0].1, None, None);
    let third = begun(&mut agenda, 9);
    assert_eq!(urls(&third), ["http://b.fr/"]);
    agenda.end(third[0].1, None, None);
    assert!(agenda.hosts.is_empty());
}

#[test]
fn overdue_feeds_are_moved_and_the_others_are_not() {
    let mut agenda = agenda(&[("http://a.fr/", 1), ("http://b.fr/", 2), ("http://c.fr/", 90)]);
    assert_eq!(agenda.overdue(at(50)), 2);
    let mut next = 60;
    agenda.put_off_overdue(at(50), || {
        next += 1;
        at(next)
    });
    assert_eq!(begun(&mut agenda, 60), []);
    assert_eq!(begun(&mut agenda, 62).len(), 2);
    assert_eq!(agenda.next_due(), Some(at(90)));
}

/// Against a list that does everything by looking at all of it.
#[test]
fn many_random_steps_begin_what_a_plain_list_would() {
    let mut dice = crate::schedule::Dice::seeded(5);
    let mut agenda = Agenda::new(1, 1000);
    let list = (0..200).map(|n| feed(&format!("http://{n}.fr/"))).collect();
    agenda.take_list(list, lane, |_, _| at(0));
    let mut plain: Vec<(Timestamp, String)> = (0..200).map(|n| (at(0), format!("http://{n}.fr/"))).collect();
    for step in 0..2000 {
        let now = at(step * 7);
        let mut expected: Vec<String> = plain
            .iter()
            .filter(|(due, _)| *due <= now)
            .map(|(_, url)| url.clone())
            .collect();
        plain.retain(|(due, _)| *due > now);
        let mut got = Vec::new();
        while let Some(job) = agenda.begin(now) {
            got.push(job.target.url.clone());
            let due = now + Duration::from_secs(1 + dice.below(3000));
            agenda.end(job.slot, None, Some(due));
            plain.push((due, job.target.url.clone()));
        }
        expected.sort();
        got.sort();
        assert_eq!(got, expected);
    }
}
