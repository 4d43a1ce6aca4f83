use super::*;

const URL: &str = "https://a.fr/rss";

fn now() -> Timestamp {
    // A Monday, ten o'clock in Paris.
    "2026-02-02T09:00:00Z".parse().unwrap()
}

fn items(numbers: std::ops::Range<u64>) -> Vec<Item> {
    numbers
        .map(|n| Item {
            fingerprint: Dice::seeded(n).bits() as u32,
            published: None,
            delivered: false,
        })
        .collect()
}

/// A feed that is watched: what is remembered, and when it is.
struct Watched {
    memory: FeedMemory,
    now: Timestamp,
    dice: Dice,
    options: Interval,
}

impl Watched {
    fn new() -> Self {
        Self {
            memory: FeedMemory::default(),
            now: now(),
            dice: Dice::seeded(1),
            options: Interval::default(),
        }
    }

    /// Polls, and waits until the next poll is due; gives back the wait.
    fn poll(&mut self, finding: &Finding<'_>) -> Duration {
        self.poll_asked(finding, &[])
    }

    fn poll_asked(&mut self, finding: &Finding<'_>, asked: &[(Rule, Duration)]) -> Duration {
        // What is remembered goes through the store each time.
        let mut memory = FeedMemory::open(&self.memory.close()).unwrap();
        assert_eq!(memory, self.memory);
        plan(
            &mut memory,
            URL,
            finding,
            asked,
            &self.options,
            self.now,
            &mut self.dice,
        );
        self.memory = memory;
        let due = Timestamp::from_millisecond(self.memory.decision.due_ms).unwrap();
        let wait = until(due, self.now);
        self.now = due;
        wait
    }

    fn rule(&self) -> Rule {
        self.memory.decision.rule
    }
}

fn minutes(wait: Duration) -> u64 {
    wait.as_secs() / 60
}

#[test]
fn a_new_feed_is_polled_again_after_about_the_default() {
    let mut feed = Watched::new();
    let wait = feed.poll(&Finding::Feed(&items(0..20)));
    assert!((8..=18).contains(&minutes(wait)), "{wait:?}");
    assert_eq!(feed.rule(), Rule::Arrivals);
}

#[test]
fn a_lively_feed_is_polled_often_and_a_silent_one_seldom() {
    let mut lively = Watched::new();
    let mut silent = Watched::new();
    for n in 0..60 {
        lively.poll(&Finding::Feed(&items(n * 6..n * 6 + 20)));
        silent.poll(&Finding::Unchanged);
    }
    assert_eq!(lively.rule(), Rule::Shortest);
    assert!(
        silent.memory.interval_ms > 3 * 3_600_000,
        "{:?}",
        silent.memory.decision
    );
    let day = Duration::from_hours(24);
    loop {
        let wait = silent.poll(&Finding::Unchanged);
        assert!(wait <= day + Duration::from_mins(15), "{wait:?}");
        if silent.rule() == Rule::Longest {
            break;
        }
        assert!(silent.now < "2027-02-02T09:00:00Z".parse().unwrap());
    }
    // When it wakes up, it is asked often again within days.
    for n in 0..30 {
        silent.poll(&Finding::Feed(&items(n * 3..n * 3 + 20)));
    }
    assert!(
        silent.memory.interval_ms < 3_600_000,
        "{:?}",
        silent.memory.decision
    );
}

#[test]
fn a_feed_that_sleeps_at_night_is_polled_less_at_night() {
    let mut feed = Watched::new();
    let (mut by_day, mut by_night) = (0, 0);
    let mut last = 0;
    // Four items an hour from eight to twenty o'clock in Paris, none at night, for two weeks.
    while feed.now < "2026-02-16T09:00:00Z".parse().unwrap() {
        let local = feed.now.as_second() + 3600;
        let (day, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let published = day * 48 + ((second - 8 * 3600).clamp(0, 12 * 3600) / 900);
        match second / 3600 {
            10..18 => by_day += 1,
            0..6 => by_night += 1,
            _ => {}
        }
        let shown = items(published.cast_unsigned() - 20..published.cast_unsigned());
        if published == last {
            feed.poll(&Finding::Unchanged);
        } else {
            feed.poll(&Finding::Feed(&shown));
        }
        last = published;
    }
    assert!(
        by_day * 6 > by_night * 8 * 3,
        "{by_day} by day, {by_night} by night"
    );
}

#[test]
fn an_answer_without_a_known_item_is_a_possible_gap_and_the_next_one_overlaps() {
    let mut feed = Watched::new();
    feed.options.default = Duration::from_hours(6);
    feed.poll(&Finding::Feed(&items(0..10)));
    let waited = feed.poll(&Finding::Feed(&items(1..11)));
    let mut memory = feed.memory.clone();
    let fresh = items(50..60);
    let planned = plan(
        &mut memory,
        URL,
        &Finding::Feed(&fresh),
        &[],
        &feed.options,
        feed.now,
        &mut feed.dice,
    );
    assert!(planned.possible_gap);
    assert!(matches!(
        memory.decision.rule,
        Rule::Gap | Rule::Window | Rule::Arrivals
    ));
    assert!(Duration::from_millis(memory.decision.interval_ms.into()) <= waited / 2 + Duration::from_secs(1));
}

/// A feed of 30 items that brings 300 a day, polled each hour for a day.
fn lively() -> (Watched, u64) {
    let mut feed = Watched::new();
    let mut first = 0;
    feed.poll(&Finding::Feed(&items(0..30)));
    for _ in 0..24 {
        feed.now = after(
            Timestamp::from_millisecond(feed.memory.decision.at_ms).unwrap(),
            Duration::from_hours(1),
        );
        first += 12;
        feed.poll(&Finding::Feed(&items(first..first + 30)));
    }
    (feed, first)
}

#[test]
fn a_hub_spares_no_poll_that_keeps_a_feed_from_running_over() {
    let hub = (Rule::Hub, Duration::from_hours(6));
    let (mut feed, first) = lively();
    let all = items(first + 12..first + 42);
    let wait = feed.poll_asked(&Finding::Feed(&all), &[hub]);
    let part = Duration::from_hours(24) * 30 / 300;
    assert!(wait < part, "{wait:?} of the {part:?} in which all 30 are new");
    // What the server asks for counts all the same, whichever is named first.
    let asked = (Rule::RetryAfter, Duration::from_hours(5));
    for asked in [[hub, asked], [asked, hub]] {
        let mut feed = lively().0;
        let wait = feed.poll_asked(&Finding::Feed(&all), &asked);
        assert_eq!((wait.as_secs() / 3600, feed.rule()), (5, Rule::RetryAfter));
    }
    // A quiet feed is left to its hub.
    let mut quiet = Watched::new();
    quiet.poll(&Finding::Feed(&items(0..30)));
    quiet.now = after(quiet.now, Duration::from_hours(30 * 24));
    quiet.options.max = Duration::from_hours(1);
    let wait = quiet.poll_asked(&Finding::Unchanged, &[hub]);
    assert_eq!((wait.as_secs() / 3600, quiet.rule()), (6, Rule::Hub));
}

#[test]
fn a_hub_does_not_lengthen_the_wait_after_a_gap() {
    let (mut feed, first) = lively();
    let all = items(first + 100..first + 130);
    let mut without = lively().0;
    let wait = without.poll(&Finding::Feed(&all));
    let with = feed.poll_asked(&Finding::Feed(&all), &[(Rule::Hub, Duration::from_hours(6))]);
    assert_eq!((with, feed.rule()), (wait, without.rule()));
    assert_eq!(feed.memory.gaps, 1);
}

#[test]
fn a_feed_that_names_its_items_anew_each_time_is_not_polled_without_end() {
    let mut feed = Watched::new();
    for n in 0..300 {
        feed.poll(&Finding::Feed(&items(n * 10..n * 10 + 10)));
    }
    assert!(feed.memory.interval_ms > 5 * 60_000, "{:?}", feed.memory.decision);
}

#[test]
fn a_fixed_interval_stays_fixed() {
    let mut feed = Watched::new();
    feed.options.default = Duration::from_mins(1);
    feed.options.adaptive = false;
    for n in 0..5 {
        let wait = feed.poll(&Finding::Feed(&items(n..n + 10)));
        assert_eq!(feed.rule(), Rule::Fixed);
        assert!(
            wait >= Duration::from_mins(1) && wait < Duration::from_secs(67),
            "{wait:?}"
        );
    }
}

#[test]
fn failures_wait_longer_and_longer_up_to_a_month_and_a_success_ends_it() {
    let mut feed = Watched::new();
    feed.poll(&Finding::Feed(&items(0..10)));
    let interval = feed.memory.interval_ms;
    let mut longest = Duration::ZERO;
    for n in 1..=60_u16 {
        let wait = feed.poll(&Finding::Failed(FailureClass::Hard));
        assert_eq!((feed.memory.score, feed.memory.failures), (4 * n, n));
        assert!(wait >= Duration::from_millis(interval.into()) && wait < Duration::from_hours(31 * 24));
        longest = longest.max(wait);
    }
    assert!(longest > Duration::from_hours(10 * 24), "{longest:?}");
    assert_eq!(feed.rule(), Rule::BackOff(FailureClass::Hard));
    feed.poll(&Finding::Unchanged);
    assert_eq!((feed.memory.score, feed.memory.failures), (0, 0));
    assert!(!matches!(feed.rule(), Rule::BackOff(_)));
}

#[test]
fn our_own_network_costs_a_feed_nothing() {
    let mut feed = Watched::new();
    feed.poll(&Finding::Feed(&items(0..10)));
    for _ in 0..20 {
        let wait = feed.poll(&Finding::OwnNetwork);
        assert!(wait < Duration::from_mins(30));
    }
    assert_eq!((feed.memory.score, feed.rule()), (0, Rule::OwnNetwork));
}

#[test]
fn what_is_gone_is_asked_again_after_a_month() {
    let mut feed = Watched::new();
    feed.poll(&Finding::Feed(&items(0..10)));
    let wait = feed.poll(&Finding::Gone);
    assert!((30..=31).contains(&(wait.as_secs() / 86_400)), "{wait:?}");
    assert_eq!(feed.rule(), Rule::Gone);
}

#[test]
fn what_the_server_asks_for_is_a_floor_of_at_most_two_days() {
    let mut feed = Watched::new();
    feed.poll(&Finding::Feed(&items(0..10)));
    for (asked, at_least) in [(7200, 7200), (u64::MAX, 48 * 3600)] {
        let wait = feed.poll_asked(
            &Finding::Failed(FailureClass::Transient),
            &[(Rule::RetryAfter, Duration::from_secs(asked))],
        );
        assert!(
            wait.as_secs() >= at_least && wait.as_secs() < at_least + 600 + 1728,
            "{wait:?}"
        );
        assert_eq!(feed.rule(), Rule::RetryAfter);
    }
    let wait = feed.poll_asked(
        &Finding::NotAsked(Rule::PutOff),
        &[(Rule::PutOff, Duration::from_hours(2))],
    );
    assert!(wait >= Duration::from_hours(2) && feed.rule() == Rule::PutOff);
}

#[test]
fn a_hint_is_a_floor_that_goes_with_the_answer() {
    let mut feed = Watched::new();
    feed.memory.standing.feed.ttl = 7200;
    let wait = feed.poll(&Finding::Feed(&items(0..10)));
    assert!(
        wait >= Duration::from_hours(2) && wait <= Duration::from_mins(133),
        "{wait:?}"
    );
    assert_eq!(feed.rule(), Rule::Hint(Hint::Ttl));
    // A failure is no answer: the feed is tried again at its own pace.
    feed.options.adaptive = false;
    let wait = feed.poll(&Finding::Failed(FailureClass::Transient));
    assert!(wait < Duration::from_hours(1), "{wait:?}");
}

#[test]
fn skipped_hours_are_not_polled_in_whatever_the_dice_say() {
    for seed in 0..200 {
        let mut feed = Watched::new();
        feed.dice = Dice::seeded(seed);
        feed.now = "2026-02-01T01:30:00Z".parse().unwrap();
        feed.memory.standing.feed.skip_hours = 0b1111;
        feed.poll(&Finding::Feed(&items(0..10)));
        let due = feed.now;
        assert!(
            due >= "2026-02-01T04:00:00Z".parse().unwrap() && due <= "2026-02-01T04:11:00Z".parse().unwrap(),
            "{due}"
        );
        assert_eq!(feed.rule(), Rule::Hint(Hint::SkipHours));
    }
}

#[test]
fn feeds_with_the_same_wait_are_moved_apart_the_same_way_on_every_run() {
    let due = |n: u32, seed: u64| {
        let mut memory = FeedMemory::default();
        let url = format!("https://a.fr/{n}");
        let options = Interval {
            adaptive: false,
            default: Duration::from_hours(1),
            ..Interval::default()
        };
        plan(
            &mut memory,
            &url,
            &Finding::Unchanged,
            &[],
            &options,
            now(),
            &mut Dice::seeded(seed),
        );
        memory.decision.due_ms
    };
    let mut seconds: Vec<i64> = (0..300).map(|n| due(n, 7) / 1000).collect();
    seconds.sort_unstable();
    assert!(seconds.chunk_by(|a, b| a == b).all(|same| same.len() < 12));
    assert_eq!(due(1, 7), due(1, 7));
    // Other dice move a feed a little, and not out of its place.
    assert!((due(1, 7) - due(1, 8)).abs() <= 180_000 && due(1, 7) != due(1, 8));
}

#[test]
fn many_new_feeds_are_not_first_polled_at_once() {
    let options = Interval::default();
    assert_eq!(crowd_spread(64, 64), Duration::ZERO);
    assert_eq!(crowd_spread(6400, 64), Duration::from_secs(100));
    assert_eq!(crowd_spread(200_000, 64), Duration::from_secs(3125));
    let over = Duration::from_secs(100);
    let mut seconds: Vec<u64> = (0..6400)
        .map(|n| {
            until(
                first_due(&format!("https://a.fr/{n}"), None, over, &options, now()),
                now(),
            )
            .as_secs()
        })
        .collect();
    seconds.sort_unstable();
    assert!(*seconds.last().unwrap() <= 100);
    assert!(seconds.chunk_by(|a, b| a == b).all(|same| same.len() < 130));
}

#[test]
fn a_restored_due_time_is_kept_unless_no_plan_reaches_so_far() {
    let options = Interval::default();
    let first = |due: &str| {
        first_due(
            URL,
            Some(due.parse().unwrap()),
            Duration::from_mins(1),
            &options,
            now(),
        )
    };
    assert_eq!(first("2026-02-02T11:00:00Z").to_string(), "2026-02-02T11:00:00Z");
    assert_eq!(first("2026-03-03T11:00:00Z").to_string(), "2026-03-03T11:00:00Z");
    assert!(until(first("2099-01-01T00:00:00Z"), now()) < Duration::from_hours(32 * 24));
    assert!(until(first("2026-02-01T00:00:00Z"), now()) <= Duration::from_mins(1));
}

#[test]
fn every_rule_has_a_sentence_and_a_line() {
    for rule in [
        Rule::New,
        Rule::Fixed,
        Rule::Arrivals,
        Rule::Window,
        Rule::Gap,
        Rule::Shortest,
        Rule::Longest,
        Rule::Hint(Hint::Ttl),
        Rule::RetryAfter,
        Rule::BackOff(FailureClass::Soft),
        Rule::Gone,
        Rule::OwnNetwork,
        Rule::PutOff,
        Rule::Crowded,
        Rule::Unsettled,
        Rule::Hub,
    ] {
        let decision = Decision {
            rule,
            wait_ms: 90_000,
            ..Decision::default()
        };
        assert!(decision.sentence().ends_with('.'), "{rule:?}");
        assert!(
            rule == Rule::New || decision.line().contains("1 min 30 s"),
            "{rule:?}"
        );
    }
}
