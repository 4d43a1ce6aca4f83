//! Lateness against requests: the schedule of this program and four others on the same invented traces.
//!
//! ```sh
//! cargo run --release -p depeche-fetcher --example lateness            # 400 feeds, 14 days, seed 1
//! cargo run --release -p depeche-fetcher --example lateness -- 400 14 2
//! ```

mod race;
mod traces;

use race::{Depeche, Fixed, MediaCloud, Miniflux, Outcome, StormCrawler, ours_at, run};
use std::time::Duration;

/// Halvings of the search for equal lateness.
const TRIES: u32 = 14;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse::<u64>().expect("a number"));
    let feeds = arguments.next().unwrap_or(400) as usize;
    let days = arguments.next().unwrap_or(14) as f64;
    let seed = arguments.next().unwrap_or(1);
    let length = days * traces::DAY;
    let traces = traces::draw(feeds, 30.0 * traces::DAY, length, seed);
    let items: usize = traces
        .iter()
        .map(|trace| trace.published.iter().filter(|at| **at >= 0.0).count())
        .sum();
    println!("{feeds} feeds, {days} days, {items} items, seed {seed}\n");
    println!(
        "| rule | requests | mean late (min) | p90 late (min) | missed | ours at that mean: requests | p90 | missed | saved |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let rows: [(&str, Outcome); 5] = [
        ("fixed, 15 min", run(&traces, length, |_| Fixed(15.0 * 60.0))),
        (
            "Miniflux `entry_frequency`",
            run(&traces, length, |_| Miniflux::default()),
        ),
        (
            "Media Cloud, part known",
            run(&traces, length, |_| MediaCloud::default()),
        ),
        (
            "StormCrawler ±, its bounds",
            run(&traces, length, |_| StormCrawler::own()),
        ),
        (
            "StormCrawler ±, our bounds",
            run(&traces, length, |_| StormCrawler::ours()),
        ),
    ];
    for (name, theirs) in rows {
        let (ours, _) = ours_at(&traces, length, theirs.mean, TRIES);
        println!(
            "| {name} | {} | {:.1} | {:.1} | {} | {} | {:.1} | {} | {:.0} % |",
            theirs.requests,
            theirs.mean,
            theirs.p90,
            theirs.missed,
            ours.requests,
            ours.p90,
            ours.missed,
            100.0 - 100.0 * ours.requests as f64 / theirs.requests as f64,
        );
    }
    let default = run(&traces, length, |n| Depeche::new(n, Duration::from_mins(15)));
    println!(
        "| depeche, `interval.default = \"15m\"` | {} | {:.1} | {:.1} | {} | | | | |",
        default.requests, default.mean, default.p90, default.missed
    );
}
