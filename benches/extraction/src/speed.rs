//! How many pages a second of processor time an engine reads.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::engines::Engine;
use crate::pages::{Page, heavy};

/// How long an engine is timed on a set in one round.
const TIMED: Duration = Duration::from_millis(1000);

/// Rounds; the engines take turns, and of each the best round counts, so that what else the machine does falls on all.
const ROUNDS: usize = 3;

/// Names and sizes of the sets, and how many pages are in one: a small page, the weight of a page of the French press,
/// a live page of a day. The first has the labelled pages as they are.
const SETS: [(&str, usize, usize); 4] = [
    ("as labelled", 0, usize::MAX),
    ("30 kB", 30_000, usize::MAX),
    ("361 kB", 361_000, 24),
    ("2 MB", 2_000_000, 6),
];

/// Pages of one size.
pub struct Set {
    /// As the table names it.
    pub name: &'static str,
    pages: Vec<Page>,
}

impl Set {
    /// Megabytes of a page, on average.
    pub fn megabytes(&self) -> f64 {
        let bytes: usize = self.pages.iter().map(|page| page.html.len()).sum();
        bytes as f64 / 1e6 / self.pages.len().max(1) as f64
    }
}

/// The sets; all but the first of French pages.
pub fn sets(pages: &[Page]) -> Vec<Set> {
    SETS.iter()
        .map(|(name, bytes, most)| Set {
            name,
            pages: pages
                .iter()
                .filter(|page| *bytes == 0 || page.french)
                .take(*most)
                .map(|page| heavy(page, *bytes))
                .collect(),
        })
        .filter(|set| !set.pages.is_empty())
        .collect()
}

/// Nanoseconds that this thread was on a processor, so that other work on the machine does not count. Linux only;
/// elsewhere the clock stands in.
fn processor_nanos(clock: Instant) -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|line| line.split(' ').next()?.parse::<f64>().ok())
        .unwrap_or_else(|| clock.elapsed().as_nanos() as f64)
}

fn per_second(engine: &Engine, set: &Set) -> f64 {
    let clock = Instant::now();
    let (start, mut count) = (processor_nanos(clock), 0_u32);
    // Whole turns, so that every page counts the same.
    while clock.elapsed() < TIMED {
        for page in &set.pages {
            black_box((engine.read)(black_box(page)));
            count += 1;
        }
    }
    f64::from(count) * 1e9 / (processor_nanos(clock) - start)
}

/// Pages a second, by engine and set.
pub fn of_all(engines: &[&Engine], sets: &[Set]) -> Vec<Vec<f64>> {
    let mut best = vec![vec![0.0_f64; sets.len()]; engines.len()];
    for _ in 0..ROUNDS {
        for (set, rates) in sets.iter().enumerate() {
            for (engine, best) in engines.iter().zip(&mut best) {
                best[set] = best[set].max(per_second(engine, rates));
            }
        }
    }
    best
}

/// What the engine in Python makes of the same pages.
pub struct Python {
    /// Its release.
    pub version: String,
    /// The text of each labelled page.
    pub texts: Vec<String>,
    /// Pages a second, by set.
    pub rates: Vec<f64>,
}

/// Runs `trafilatura_python.py` on the labelled pages and the sets.
pub fn python(interpreter: &str, pages: &[Page], sets: &[Set]) -> Python {
    let html = |pages: &[Page]| pages.iter().map(|page| page.html.clone()).collect::<Vec<_>>();
    let input = json!({
        "pages": html(pages),
        "sets": sets.iter().map(|set| html(&set.pages)).collect::<Vec<_>>(),
        "rounds": ROUNDS,
        "seconds": TIMED.as_secs_f64(),
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("trafilatura_python.py");
    let file = std::env::temp_dir().join(format!("depeche-extraction-{}.json", std::process::id()));
    std::fs::write(&file, input.to_string()).expect("a temporary folder to write to");
    let run = Command::new(interpreter).arg(script).arg(&file).output();
    std::fs::remove_file(&file).expect("the file that was just written");
    let run = run.expect("the interpreter that was given starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let output: Value = serde_json::from_slice(&run.stdout).expect("the script prints JSON");
    let list = |name: &str| output[name].as_array().cloned().unwrap_or_default();
    Python {
        version: output["version"].as_str().unwrap_or("").to_owned(),
        texts: list("texts")
            .iter()
            .map(|text| text.as_str().unwrap_or("").to_owned())
            .collect(),
        rates: list("rates")
            .iter()
            .map(|rate| rate.as_f64().unwrap_or(0.0))
            .collect(),
    }
}
