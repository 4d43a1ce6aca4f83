//! 200,000 feeds on one box, in virtual time: what a decision costs, what an idle feed takes, how late polls begin.
//!
//! ```sh
//! cargo run --release -p depeche-fetcher --example scale               # 200,000 feeds, 24 hours
//! cargo run --release -p depeche-fetcher --example scale -- 200000 24
//! ```
//!
//! Agenda and schedule are the real ones; the network is a model: as many places as `fetch.concurrency`, requests to one
//! host two seconds apart, answers in 0.3 s in the middle and 0.41 s in the mean (log-normal). Feeds bring 1.5 items a day in
//! the middle and 7.6 in the mean (log-normal), three times as lively by day as by night; three feeds in ten stand on a host
//! with three hundred others, the rest have hosts of their own. Every tenth feed is dead.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use depeche_fetcher::agenda::{Agenda, Job, Slot};
use depeche_fetcher::schedule::{Dice, FailureClass, Finding, Item, first_due, plan};
use depeche_fetcher::{FeedMemory, FeedState, FeedTarget, FetchOptions};
use depeche_model::{PagePolicy, Validators};
use jiff::{SignedDuration, Timestamp};

/// Items that a feed shows.
const WINDOW: u64 = 30;

/// What the model knows of a feed.
struct Model {
    /// Items an hour in the mean.
    rate: f64,
    published: u64,
    polled: Timestamp,
    dead: bool,
    due: Timestamp,
}

#[expect(clippy::too_many_lines, reason = "a script, read from top to bottom")]
fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse::<u64>().expect("a number"));
    let feeds = arguments.next().unwrap_or(200_000);
    let hours = arguments.next().unwrap_or(24);
    let options = FetchOptions::default();
    let mut dice = Dice::seeded(1);
    let begin: Timestamp = "2026-02-02T23:00:00Z".parse().expect("a time");

    // The addresses and the model are not the scheduler's: they are made before it is measured.
    let mut models: Vec<Model> = (0..feeds)
        .map(|_| Model {
            rate: 1.5 / 24.0 * (1.8 * normal(&mut dice)).exp(),
            published: WINDOW,
            polled: begin,
            dead: dice.below(10) == 0,
            due: begin,
        })
        .collect();
    let before = resident();
    let mut agenda = Agenda::new(options.per_host_concurrency, options.concurrency * 16);
    let list: Vec<(FeedTarget, FeedState)> = (0..feeds).map(|n| (target(n), FeedState::default())).collect();
    let addresses: u64 = list.iter().map(|(target, _)| target.url.len() as u64).sum();
    let over = depeche_fetcher::schedule::crowd_spread(list.len(), options.concurrency);
    let taking = Instant::now();
    agenda.take_list(
        list,
        |target, _| (host(&target.url), options.per_host_concurrency),
        |target, _| first_due(&target.url, None, over, &options.interval, begin),
    );
    println!(
        "{feeds} feeds, {hours} hours; list taken in {:.1} s",
        taking.elapsed().as_secs_f64()
    );
    // Slots are given in the order of the list.
    for (slot, model) in (0..).zip(&mut models) {
        model.due = first_due(&target(slot).url, None, over, &options.interval, begin);
    }

    let mut network = Network::new(options.concurrency, options.per_host_interval);
    let mut decisions = Vec::new();
    let mut bytes = 0;
    let mut late: Vec<Vec<f64>> = vec![Vec::new(); hours as usize];
    let mut now = begin;
    let end = begin + Duration::from_hours(hours);
    while now < end {
        let mut begun = Vec::new();
        loop {
            let deciding = Instant::now();
            let Some(job) = agenda.begin(now) else { break };
            begun.push((job, deciding.elapsed()));
        }
        for (job, deciding) in begun {
            let slot = job.slot;
            network.begin(job, deciding, host(&target(slot.into()).url), now, &mut dice);
        }
        let next = agenda.next_due().filter(|due| *due > now);
        let Some((at, ended)) = network.next(next) else {
            now = next.unwrap_or(end);
            continue;
        };
        now = at;
        let Some((job, began, mut deciding)) = ended else {
            continue;
        };
        let model = &mut models[job.slot as usize];
        let hour = usize::try_from(now.duration_since(begin).as_hours()).unwrap_or_default();
        if let Some(late) = late.get_mut(hour) {
            late.push(began.duration_since(model.due).as_secs_f64().max(0.0));
        }
        let items = model.poll(now, &mut dice);
        let finding = match &items {
            None => Finding::Failed(FailureClass::Hard),
            Some(items) if items.is_empty() => Finding::Unchanged,
            Some(items) => Finding::Feed(items),
        };
        let start = Instant::now();
        let mut memory = FeedMemory::open(&job.memory).unwrap_or_default();
        plan(
            &mut memory,
            &job.target.url,
            &finding,
            &[],
            &options.interval,
            now,
            &mut dice,
        );
        let due = Timestamp::from_millisecond(memory.decision.due_ms).expect("a time");
        let closed = memory.close();
        let validators = Validators {
            etag: Some(b"W/\"5f3a9c21-1d4e7\"".to_vec()),
            last_modified: Some(b"Mon, 02 Feb 2026 10:11:12 GMT".to_vec()),
        };
        bytes += closed.len() as u64;
        agenda.end(job.slot, Some((&validators, &closed)), Some(due));
        deciding += start.elapsed();
        decisions.push(deciding.as_secs_f64() * 1e6);
        models[job.slot as usize].due = due;
    }
    let taken = resident().saturating_sub(before);
    let notes = (decisions.capacity() + late.iter().map(Vec::capacity).sum::<usize>()) as u64 * 8;
    println!("| what | figure |\n|---|---|");
    println!(
        "| polls | {} ({:.0} a second in the mean) |",
        decisions.len(),
        decisions.len() as f64 / hours as f64 / 3600.0
    );
    println!(
        "| a decision (begin, open, plan, close, end) | mean {:.1} µs, p50 {:.1} µs, p99 {:.1} µs |",
        decisions.iter().sum::<f64>() / decisions.len() as f64,
        part(&mut decisions, 0.5),
        part(&mut decisions, 0.99)
    );
    println!(
        "| an idle feed: resident, without its address of {} bytes | {} bytes |",
        addresses / feeds,
        taken.saturating_sub(addresses + notes) / feeds
    );
    println!(
        "| of which what is remembered of it, closed | {} bytes |",
        bytes / decisions.len() as u64
    );
    let warm: Vec<f64> = late.iter().skip(2).flatten().copied().collect();
    let busiest = late.iter().skip(2).map(Vec::len).max().unwrap_or_default();
    for (what, mut late) in [
        ("after the first two hours", warm),
        (
            "in the first two hours",
            late.into_iter().take(2).flatten().collect(),
        ),
    ] {
        println!(
            "| late, {what} | p50 {:.1} s, p99 {:.1} s, most {:.0} s |",
            part(&mut late, 0.5),
            part(&mut late, 0.99),
            part(&mut late, 1.0)
        );
    }
    println!(
        "| the busiest hour | {:.0} polls a second |",
        busiest as f64 / 3600.0
    );
}

impl Model {
    /// What a poll shows: `None` for a dead feed, nothing where nothing is new.
    fn poll(&mut self, now: Timestamp, dice: &mut Dice) -> Option<Vec<Item>> {
        if self.dead {
            return None;
        }
        let hours = now.duration_since(self.polled).as_secs_f64() / 3600.0;
        let hour = (now.as_second() + 3600).rem_euclid(86_400) / 3600;
        // Two thirds of the day three times as lively as the rest.
        let level = if (7..23).contains(&hour) { 1.28 } else { 0.43 };
        let new = poisson(self.rate * hours * level, dice);
        let first = self.polled.as_second() == now.as_second() || self.published == WINDOW && new == 0;
        self.polled = now;
        self.published += new;
        if new == 0 && !first {
            return Some(Vec::new());
        }
        let items = self.published - WINDOW..self.published;
        Some(
            items
                .map(|n| Item {
                    fingerprint: Dice::seeded(n).bits() as u32,
                    published: None,
                    delivered: false,
                })
                .collect(),
        )
    }
}

/// A job, when it was begun, and what deciding about it took so far.
type Ended = (Job, Timestamp, Duration);

/// The network: hosts that are asked two seconds apart, and so many places.
struct Network {
    spacing: Duration,
    hosts: HashMap<u32, Timestamp>,
    free: usize,
    queue: VecDeque<usize>,
    /// What happens when: a job reaches its host's turn (false), or its answer has come (true).
    events: BinaryHeap<Reverse<(Timestamp, bool, usize)>>,
    jobs: Vec<Option<(Job, Timestamp, Duration, Duration)>>,
    unused: Vec<usize>,
}

impl Network {
    fn new(places: usize, spacing: Duration) -> Self {
        Self {
            spacing,
            hosts: HashMap::new(),
            free: places,
            queue: VecDeque::new(),
            events: BinaryHeap::new(),
            jobs: Vec::new(),
            unused: Vec::new(),
        }
    }

    fn begin(&mut self, job: Job, deciding: Duration, host: u32, now: Timestamp, dice: &mut Dice) {
        let turn = self.hosts.get(&host).copied().unwrap_or(now).max(now);
        self.hosts.insert(host, turn + self.spacing);
        let takes = Duration::from_secs_f64(0.3 * (0.8 * normal(dice)).exp());
        let number = self.unused.pop().unwrap_or_else(|| {
            self.jobs.push(None);
            self.jobs.len() - 1
        });
        self.jobs[number] = Some((job, turn, takes, deciding));
        self.events.push(Reverse((turn, false, number)));
    }

    /// The next answer, or nothing at the time until which nothing happens. `None` when nothing is under way and nothing is
    /// to be waited for.
    fn next(&mut self, until: Option<Timestamp>) -> Option<(Timestamp, Option<Ended>)> {
        loop {
            let Reverse((at, _, _)) = self.events.peek()?;
            if let Some(until) = until.filter(|until| until < at) {
                return Some((until, None));
            }
            let Reverse((at, answered, number)) = self.events.pop()?;
            if answered {
                self.free += 1;
                if let Some(next) = self.queue.pop_front() {
                    self.ask(next, at);
                }
                let (job, began, _, deciding) = self.jobs[number].take()?;
                self.unused.push(number);
                return Some((at, Some((job, began, deciding))));
            }
            if self.free > 0 {
                self.ask(number, at);
            } else {
                self.queue.push_back(number);
            }
        }
    }

    fn ask(&mut self, number: usize, at: Timestamp) {
        self.free -= 1;
        if let Some((_, began, takes, _)) = &mut self.jobs[number] {
            *began = at;
            let end = at + SignedDuration::try_from(*takes).unwrap_or_default();
            self.events.push(Reverse((end, true, number)));
        }
    }
}

fn target(n: u64) -> FeedTarget {
    let url = if n % 10 < 3 {
        format!("https://blogs-{:03}.example.fr/{n:06}/feed/", n / 1000)
    } else {
        format!("https://www.journal-{n:06}.example.fr/rss.xml")
    };
    FeedTarget {
        url,
        name: None,
        page: PagePolicy::Auto,
        timezone: None,
        tags: Vec::new(),
    }
}

/// A host's number.
fn host(url: &str) -> u32 {
    let host = url.split('/').nth(2).unwrap_or_default();
    let seed = host.bytes().fold(7_u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    Dice::seeded(seed).bits() as u32
}

fn normal(dice: &mut Dice) -> f64 {
    let (one, two) = (1.0 - dice.part(), dice.part());
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * two).cos()
}

fn poisson(mean: f64, dice: &mut Dice) -> u64 {
    let (limit, mut product, mut count) = ((-mean.min(500.0)).exp(), 1.0, 0);
    loop {
        product *= dice.part();
        if product <= limit {
            return count;
        }
        count += 1;
    }
}

fn part(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values
        .iter()
        .copied()
        .nth(
            (0..last)
                .take_while(|n| *n as f64 + 0.5 < last as f64 * part)
                .count(),
        )
        .unwrap_or_default()
}

/// Resident memory of this process, in bytes: the second field of its `statm` (proc(5)), in pages of 4 KiB.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("a Linux");
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|field| field.parse().ok())
        .expect("a number");
    pages * 4096
}

/// Numbers of feeds and slots are the same.
const _: () = assert!(size_of::<Slot>() == 4);
