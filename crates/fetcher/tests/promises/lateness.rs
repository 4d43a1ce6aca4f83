//! Lateness against requests, small: the simulator of `examples/lateness`, on fewer feeds and days.

#[path = "../../examples/lateness/race.rs"]
mod race;
#[path = "../../examples/lateness/traces.rs"]
mod traces;

use race::{Fixed, MediaCloud, Miniflux, Outcome, StormCrawler, ours_at, run};

#[test]
fn at_equal_lateness_fewer_requests_are_needed_than_by_other_rules() {
    let length = 4.0 * traces::DAY;
    let traces = traces::draw(40, 14.0 * traces::DAY, length, 3);
    let others: [(&str, Outcome); 5] = [
        ("fixed", run(&traces, length, |_| Fixed(15.0 * 60.0))),
        ("miniflux", run(&traces, length, |_| Miniflux::default())),
        ("media cloud", run(&traces, length, |_| MediaCloud::default())),
        (
            "stormcrawler, its bounds",
            run(&traces, length, |_| StormCrawler::own()),
        ),
        (
            "stormcrawler, our bounds",
            run(&traces, length, |_| StormCrawler::ours()),
        ),
    ];
    for (name, theirs) in others {
        let (ours, _) = ours_at(&traces, length, theirs.mean, 8);
        assert!(
            ours.requests > 0 && ours.mean <= theirs.mean && ours.requests < theirs.requests,
            "{name}: {theirs:?}, ours {ours:?}"
        );
    }
}
