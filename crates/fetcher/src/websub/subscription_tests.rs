use super::*;

const HUB: &str = "https://hub.fr/";
const TOPIC: &str = "https://a.fr/rss";
const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// A moment, in seconds since the first.
fn at(seconds: u64) -> Timestamp {
    let first: Timestamp = "2026-02-01T12:00:00Z".parse().unwrap();
    after(first, Duration::from_secs(seconds))
}

fn wanted() -> HubState {
    HubState::new(HUB.to_owned(), TOPIC.to_owned(), "https://d.fr/websub/0", at(0))
}

fn verify(lease: u64) -> Event<'static> {
    Event::Verify {
        intent: Intent::Subscribe,
        topic: TOPIC,
        lease: Some(Duration::from_secs(lease)),
    }
}

fn asked() -> HubState {
    let mut state = wanted();
    assert_eq!(state.on(Event::Due, at(0)), Action::Ask(Intent::Subscribe));
    state
}

fn active(lease: u64) -> HubState {
    let mut state = asked();
    assert_eq!(state.on(verify(lease), at(1)), Action::Confirm);
    state
}

/// Active, and has delivered.
fn proved() -> HubState {
    let mut state = active(10 * DAY);
    state.on(Event::Delivered, at(2));
    state
}

#[test]
fn a_subscription_is_asked_for_verified_and_renewed_at_two_thirds_of_its_lease() {
    let mut state = active(9 * DAY);
    assert_eq!(state.due(), at(1 + 6 * DAY));
    assert_eq!(state.on(Event::Due, at(6 * DAY)), Action::Nothing);
    assert_eq!(
        state.on(Event::Due, at(1 + 6 * DAY)),
        Action::Ask(Intent::Subscribe)
    );
    assert!(state.is_active(at(7 * DAY)), "the old lease holds meanwhile");
    assert_eq!(state.on(verify(3 * DAY), at(2 + 6 * DAY)), Action::Confirm);
    assert_eq!(state.due(), at(2 + 8 * DAY));
}

#[test]
fn a_hub_may_verify_before_it_has_answered_the_request_or_once_more() {
    let mut state = asked();
    assert_eq!(state.on(verify(DAY), at(1)), Action::Confirm);
    assert_eq!(state.on(verify(DAY), at(5)), Action::Confirm);
    let before = state.clone();
    assert_eq!(state.on(Event::Failed("time-out"), at(30)), Action::Nothing);
    assert_eq!(state, before);
}

#[test]
fn a_hub_that_makes_sure_of_a_subscription_is_told_that_it_is_meant() {
    let mut state = active(10 * DAY);
    assert_eq!(state.on(verify(10 * DAY), at(5 * DAY)), Action::Confirm);
    assert!(state.is_active(at(14 * DAY)));
}

#[test]
fn what_was_not_asked_for_lately_is_not_confirmed() {
    let unasked: [(HubState, Event, Timestamp); 6] = [
        (wanted(), verify(DAY), at(1)),
        (asked(), verify(DAY), at(1 + HOUR)),
        (
            asked(),
            Event::Verify {
                intent: Intent::Subscribe,
                topic: "https://a.fr/rss/",
                lease: None,
            },
            at(1),
        ),
        (
            asked(),
            Event::Verify {
                intent: Intent::Unsubscribe,
                topic: TOPIC,
                lease: None,
            },
            at(1),
        ),
        (
            {
                let mut denied = asked();
                denied.on(
                    Event::Denied {
                        topic: TOPIC,
                        why: "",
                    },
                    at(1),
                );
                denied
            },
            verify(DAY),
            at(2),
        ),
        (
            {
                let mut leaving = active(DAY);
                leaving.on(Event::Removed, at(2));
                leaving
            },
            verify(DAY),
            at(3),
        ),
    ];
    for (mut state, event, now) in unasked {
        let before = state.clone();
        assert_eq!(state.on(event, now), Action::Nothing, "{before}");
        assert_eq!(state, before);
    }
}

#[test]
fn a_lease_is_believed_between_five_minutes_and_thirty_days() {
    for (told, believed) in [
        (Some(0), 5 * MINUTE),
        (Some(299), 5 * MINUTE),
        (Some(300), 5 * MINUTE),
        (Some(30 * DAY), 30 * DAY),
        (Some(u64::MAX), 30 * DAY),
        (None, 5 * DAY),
    ] {
        let mut state = asked();
        state.on(
            Event::Verify {
                intent: Intent::Subscribe,
                topic: TOPIC,
                lease: told.map(Duration::from_secs),
            },
            at(0),
        );
        assert!(
            state.is_active(at(believed - 1)) && !state.is_active(at(believed)),
            "{told:?}"
        );
    }
}

#[test]
fn a_failed_or_unverified_request_is_repeated_later_and_later_and_at_least_daily() {
    let mut state = wanted();
    let mut now = at(0);
    let mut waits = Vec::new();
    for round in 0..20 {
        now = state.due().max(now);
        assert_eq!(state.on(Event::Due, now), Action::Ask(Intent::Subscribe));
        if round % 2 == 0 {
            state.on(Event::Failed("the hub answered 500"), now);
        } else {
            now = after(now, Duration::from_mins(15));
            assert_eq!(state.due(), now);
            assert_eq!(state.on(Event::Due, now), Action::Nothing);
        }
        waits.push(until(state.due(), now).as_secs() / MINUTE);
    }
    assert_eq!(waits[..4], [10, 20, 40, 80]);
    assert!(waits.is_sorted());
    assert_eq!(waits.last(), Some(&(24 * 60)));
    state.on(Event::Due, state.due());
    let now = after(state.due(), Duration::ZERO);
    assert_eq!(
        state.on(verify(DAY), now),
        Action::Confirm,
        "a success ends the waiting"
    );
}

#[test]
fn a_renewal_that_fails_is_repeated_until_the_lease_is_over_and_then_the_feed_is_polled() {
    let mut state = proved();
    let mut now = state.due();
    let mut requests = 0;
    while state.is_active(now) {
        assert_eq!(state.on(Event::Due, now), Action::Ask(Intent::Subscribe));
        state.on(Event::Failed("unreachable"), now);
        assert!(
            state
                .check_interval(now)
                .is_some_and(|check| after(now, check) <= at(1 + 10 * DAY))
        );
        assert!(state.due() > now);
        now = state.due();
        requests += 1;
    }
    assert!((6..20).contains(&requests), "{requests}");
    assert_eq!(now, at(1 + 10 * DAY));
    assert_eq!(state.check_interval(now), None);
    assert_eq!(state.on(Event::Due, now), Action::Ask(Intent::Subscribe));
    assert_eq!(state.on(verify(DAY), now), Action::Confirm);
    assert_eq!(state.check_interval(now), None, "to be proved anew");
}

#[test]
fn a_subscription_that_ran_out_while_nobody_looked_is_asked_for_once() {
    let mut state = active(DAY);
    assert_eq!(state.on(Event::Due, at(9 * DAY)), Action::Ask(Intent::Subscribe));
    assert!(state.due() > at(9 * DAY) && !state.is_active(at(9 * DAY)));
}

#[test]
fn a_hub_that_says_no_is_left_alone_for_a_week() {
    for mut state in [asked(), proved()] {
        let event = Event::Denied {
            topic: TOPIC,
            why: "pas\nici\u{7}",
        };
        assert_eq!(state.on(event, at(9)), Action::Nothing);
        assert!(!state.is_active(at(10)));
        assert!(state.to_string().contains("pas ici"), "{state}");
        assert_eq!(state.due(), at(9 + 7 * DAY));
        assert_eq!(state.on(Event::Due, state.due()), Action::Ask(Intent::Subscribe));
    }
    let mut other = asked();
    other.on(Event::Denied { topic: "x", why: "" }, at(1));
    assert_eq!(other, asked());
}

#[test]
fn polling_is_slow_only_while_a_hub_that_has_delivered_is_bound_to() {
    assert_eq!(wanted().check_interval(at(0)), None);
    assert_eq!(active(DAY).check_interval(at(2)), None);
    assert_eq!(proved().check_interval(at(3)), Some(Duration::from_hours(6)));
    assert_eq!(proved().check_interval(at(1 + 10 * DAY)), None);
    let mut early = asked();
    early.on(Event::Delivered, at(1));
    early.on(verify(DAY), at(2));
    assert_eq!(early.check_interval(at(3)), None, "it was not bound to then");
}

#[test]
fn a_hub_that_missed_something_spares_no_poll_until_it_delivers_again() {
    let mut state = proved();
    let check = state.check_interval(at(3));
    let missed = PollFound {
        missed: 1,
        delivered: 3,
    };
    assert!(!state.observe_poll(missed, at(HOUR)));
    assert_eq!(state.check_interval(at(HOUR)), None);
    assert!(state.to_string().contains("polled as without it"), "{state}");
    state.observe_poll(PollFound::default(), at(2 * HOUR));
    assert_eq!(
        state.check_interval(at(2 * HOUR)),
        None,
        "nothing new says nothing"
    );
    let delivered = PollFound {
        missed: 0,
        delivered: 1,
    };
    state.observe_poll(delivered, at(3 * HOUR));
    assert_eq!(state.check_interval(at(3 * HOUR)), check);
}

#[test]
fn what_is_older_than_a_quarter_of_an_hour_and_younger_than_the_subscription_should_have_come() {
    let state = active(10 * DAY);
    let now = at(5 * HOUR);
    for (published, polled_before, should) in [
        (Some(5 * HOUR - 14 * MINUTE), None, false),
        (Some(5 * HOUR - 15 * MINUTE), None, true),
        (Some(2), None, true),
        (Some(1), None, false),
        (Some(0), Some(4 * HOUR), false),
        (Some(6 * HOUR), None, false),
        (None, None, false),
        (None, Some(HOUR), true),
        (None, Some(5 * HOUR - MINUTE), false),
    ] {
        let found = state.should_have_come(published.map(at), polled_before.map(at), at(0), now);
        assert_eq!(found, should, "{published:?} {polled_before:?}");
    }
    assert!(!state.should_have_come(Some(at(HOUR)), None, at(2 * HOUR), now));
    assert!(!asked().should_have_come(Some(at(HOUR)), None, at(0), now));
}

#[test]
fn a_hub_is_dropped_at_the_third_miss_in_a_row_for_a_week() {
    let missed = PollFound {
        missed: 1,
        delivered: 4,
    };
    let delivered = PollFound {
        missed: 0,
        delivered: 1,
    };
    let mut state = proved();
    for (n, (found, dropped)) in [
        (missed, false),
        (missed, false),
        (delivered, false),
        (missed, false),
        (PollFound::default(), false),
        (missed, false),
        (missed, true),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(state.observe_poll(found, at(100)), dropped, "poll {n}");
    }
    assert_eq!(state.check_interval(at(101)), None);
    assert!(state.takes_deliveries(), "what comes all the same is welcome");
    assert_eq!(state.due(), at(100 + 7 * DAY));
    assert_eq!(state.on(Event::Due, state.due()), Action::Ask(Intent::Subscribe));
    for _ in 0..9 {
        assert!(!asked().observe_poll(missed, at(1)), "nothing was owed");
    }
}

#[test]
fn a_removed_feed_is_unsubscribed_and_forgotten_once_the_hub_had_time_to_verify() {
    for mut state in [asked(), proved()] {
        assert_eq!(state.on(Event::Removed, at(10)), Action::Ask(Intent::Unsubscribe));
        assert!(!state.takes_deliveries());
        let meant = Event::Verify {
            intent: Intent::Unsubscribe,
            topic: TOPIC,
            lease: None,
        };
        assert_eq!(state.on(meant, at(11)), Action::Confirm);
        assert_eq!(state.on(meant, at(12)), Action::Confirm);
        assert_eq!(state.on(Event::Removed, at(13)), Action::Nothing);
        assert_eq!(state.on(Event::Due, state.due()), Action::Forget);
    }
    assert_eq!(wanted().on(Event::Removed, at(1)), Action::Forget);
}

#[test]
fn every_state_is_told_in_one_line() {
    let mut failed = asked();
    failed.on(Event::Failed("the hub answered 500"), at(1));
    let mut renewing = proved();
    renewing.on(Event::Due, renewing.due());
    let mut leaving = proved();
    leaving.on(Event::Removed, at(3));
    for (state, words) in [
        (wanted(), "to be asked at 2026-02-01T12:00:00Z"),
        (asked(), "not verified yet"),
        (
            failed,
            "request 1 failed (the hub answered 500); asked again at 2026-02-01T12:10:01Z",
        ),
        (active(DAY), "has not delivered yet"),
        (proved(), "delivers until 2026-02-11T12:00:01Z"),
        (renewing, "being renewed"),
        (leaving, "left at"),
    ] {
        let told = state.to_string();
        assert!(
            told.starts_with("https://hub.fr/: ") && told.contains(words),
            "{told}"
        );
    }
}
