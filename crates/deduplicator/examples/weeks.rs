//! Weeks of invented news, streamed through deciding: how long a decision takes and how much memory is held, day by day.
//!
//! ```sh
//! cargo run --release -p depeche-deduplicator --example weeks                              # 300,000 articles in 14 days
//! cargo run --release -p depeche-deduplicator --example weeks -- --days 60 --per-day 20000 # sixty days: does it grow?
//! cargo run --release -p depeche-deduplicator --example weeks -- --records FILE            # and start again from records
//! cargo run --release -p depeche-deduplicator --example weeks -- --new                     # every text one of its own
//! cargo run --release -p depeche-deduplicator --example weeks -- --generate                # the generator alone
//! ```
//!
//! Two thirds of the articles copy one of the two days before; with `--new` none does. Nothing is kept beside the deduplicator:
//! whoever asks for the text of a record gets it written again, at about what reading it from a store costs.
//!
//! Decisions are timed by the processor time of their thread, so that other work on the machine does not count. The last line
//! is a digest of all records: two versions of the program that decide alike print the same.

use std::cell::Cell;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use depeche_deduplicator::{Deduplicator, Options, Recall, Size};
use depeche_model::{
    Article, Decision, Hasher, Normalized, Output, Precision, Published, Remembered, Seq, Verdict,
};
use depeche_testkit::copydesk::{Edit, Item, Press, Stream};
use depeche_testkit::parcels;
use jiff::{SignedDuration, Timestamp};

/// What the command line asks for.
struct Wanted {
    days: u64,
    per_day: u64,
    records: Option<PathBuf>,
    new: bool,
    generate: bool,
}

impl Wanted {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut wanted = Self {
            days: 14,
            per_day: 300_000 / 14,
            records: None,
            new: false,
            generate: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--days" => wanted.days = value()?.parse().map_err(|_| "--days takes a number")?,
                "--per-day" => wanted.per_day = value()?.parse().map_err(|_| "--per-day takes a number")?,
                "--records" => wanted.records = Some(value()?.into()),
                "--new" => wanted.new = true,
                "--generate" => wanted.generate = true,
                _ => {
                    return Err(format!(
                        "{argument} is not known: --days, --per-day, --records, --new, --generate"
                    )
                    .into());
                }
            }
        }
        Ok(wanted)
    }
}

/// A store that holds nothing: each record's text is written again from its number.
struct Rewriting<'a> {
    stream: Stream<'a>,
    asked: Cell<u64>,
}

impl Recall for Rewriting<'_> {
    fn text(&self, seq: Seq) -> Option<String> {
        self.asked.set(self.asked.get() + 1);
        Some(self.stream.item(seq.0.checked_sub(1)?).text.body)
    }
}

/// What one day brought.
#[derive(Default)]
struct Day {
    nanos: Vec<u64>,
    new: u64,
    revisions: u64,
    duplicates: u64,
    /// Copies that were taken for news.
    missed: u64,
    /// Texts of their own that were taken for copies.
    wrong: u64,
}

fn main() -> ExitCode {
    match Wanted::read().and_then(|wanted| run(&wanted)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(wanted: &Wanted) -> Result<(), Box<dyn Error>> {
    let press = Press::new();
    let stream = if wanted.new {
        Stream::of_originals(&press, wanted.per_day)
    } else {
        Stream::new(&press, wanted.per_day)
    };
    if wanted.generate {
        generate(stream, wanted);
        return Ok(());
    }
    let mut records = match &wanted.records {
        Some(path) => {
            Some(BufWriter::new(File::create(path).map_err(|problem| {
                format!("cannot write {}: {problem}", path.display())
            })?))
        }
        None => None,
    };
    let recall = Rewriting {
        stream,
        asked: Cell::new(0),
    };
    let mut deduplicator = Deduplicator::new(Options::default());
    println!(
        "{} articles a day, {} days; {} before the first.\n",
        wanted.per_day,
        wanted.days,
        resident()
    );
    println!(
        "| day | articles/s | p50 µs | p99 µs | max µs | texts asked | new | revision | duplicate | missed | wrong | texts | keys | stories | recent | resident |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let mut decisions = Hasher::default();
    for day in 0..wanted.days {
        recall.asked.set(0);
        let mut today = Day::default();
        for number in day * wanted.per_day..(day + 1) * wanted.per_day {
            let item = stream.item(number);
            let copied = item.copy_of;
            let normalized = normalized(item);
            let start = processor_time();
            let decided = deduplicator.decide(normalized, &recall);
            today
                .nanos
                .push(processor_time().saturating_sub(start).as_nanos() as u64);
            let [Decision::Judged(judged)] = decided.decisions.as_slice() else {
                return Err(format!("article {number} has keys of its own and was not judged: texts cannot be told by their number any more").into());
            };
            if judged.record.seq.0 != number + 1 {
                return Err(format!(
                    "article {number} became record {}: texts cannot be told by their number",
                    judged.record.seq.0
                )
                .into());
            }
            today.count(judged.record.verdict, copied);
            let bytes = postcard::to_stdvec(&judged.record)?;
            decisions.part(&bytes);
            if let Some(records) = &mut records {
                records.write_all(&(bytes.len() as u32).to_le_bytes())?;
                records.write_all(&bytes)?;
            }
        }
        today.print(day + 1, recall.asked.get(), &deduplicator.size());
    }
    let size = deduplicator.size();
    println!("\nHeld at the end, {} bytes counted:", size.bytes());
    for (part, held) in size.parts() {
        println!(
            "- {part}: {} at {} bytes",
            held.count,
            held.bytes / held.count.max(1)
        );
    }
    println!("Digest of all records: {}", decisions.finish());
    drop(deduplicator);
    if let (Some(mut writer), Some(path)) = (records, &wanted.records) {
        writer.flush()?;
        start_again(path)?;
    }
    Ok(())
}

/// Rebuilds the state from records, as a start does.
fn start_again(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut bytes = Vec::new();
    BufReader::new(File::open(path)?).read_to_end(&mut bytes)?;
    let before = resident();
    let start = Instant::now();
    let mut deduplicator = Deduplicator::new(Options::default());
    let (mut rest, mut count) = (bytes.as_slice(), 0_u64);
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (record, after) = after
            .split_at_checked(u32::from_le_bytes(*length) as usize)
            .ok_or("the file of records is cut off: write it again")?;
        let record: Remembered = postcard::from_bytes(record)?;
        deduplicator.remember(&record);
        rest = after;
        count += 1;
    }
    println!(
        "\n{count} records remembered in {:.2} s ({} MB read); resident {before} before, {} after; next is {}.",
        start.elapsed().as_secs_f64(),
        bytes.len() / 1_000_000,
        resident(),
        deduplicator.next_seq().0,
    );
    Ok(())
}

fn generate(stream: Stream<'_>, wanted: &Wanted) {
    let start = Instant::now();
    let (mut bytes, mut copies) = (0, 0);
    let count = wanted.days * wanted.per_day;
    for number in 0..count {
        let item = stream.item(number);
        bytes += item.text.body.len();
        copies += u64::from(item.copy_of.is_some());
    }
    let secs = start.elapsed().as_secs_f64();
    println!(
        "{count} texts, {copies} of them copies, {} MB, in {secs:.1} s: {:.0} texts/s",
        bytes / 1_000_000,
        count as f64 / secs,
    );
}

impl Day {
    fn count(&mut self, verdict: Verdict, copied: Option<(u64, Edit)>) {
        if verdict == Verdict::New {
            self.new += 1;
            self.missed += u64::from(copied.is_some());
            return;
        }
        // A source that publishes its own text again within two days revises it.
        if verdict == Verdict::Revision {
            self.revisions += 1;
        } else {
            self.duplicates += 1;
        }
        self.wrong += u64::from(copied.is_none());
    }

    fn print(&mut self, day: u64, asked: u64, size: &Size) {
        self.nanos.sort_unstable();
        let sum: u64 = self.nanos.iter().sum();
        let at = |hundredths: usize| {
            let place = (self.nanos.len().saturating_sub(1)) * hundredths / 100;
            self.nanos.get(place).copied().unwrap_or_default() / 1000
        };
        println!(
            "| {day} | {:.0} | {} | {} | {} | {asked} | {} | {} | {} | {} | {} | {} | {} |",
            self.nanos.len() as f64 * 1e9 / sum.max(1) as f64,
            at(50),
            at(99),
            at(100),
            self.new,
            self.revisions,
            self.duplicates,
            self.missed,
            self.wrong,
            size.parts()
                .map(|(_, held)| format!("{:.1} MB", held.bytes as f64 / 1e6))
                .join(" | "),
            resident(),
        );
    }
}

/// What this thread has used of a processor.
fn processor_time() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), used.tv_nsec.unsigned_abs() as u32)
}

/// Resident memory of this process, where the system tells it.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    match line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()) {
        Some(kilobytes) => format!("{} MB", kilobytes / 1024),
        None => "unknown".to_owned(),
    }
}

fn normalized(item: Item) -> Normalized {
    let at = Timestamp::from_second(1_770_000_000)
        .and_then(|start| start.checked_add(SignedDuration::from_secs(item.secs)))
        .unwrap_or(Timestamp::MAX);
    let source = format!("source {}", item.source);
    let url = format!("https://source-{}.example/{}", item.source, item.number);
    let article = Article {
        url: Some(url.clone()),
        canonical_url: Some(url),
        title: item.text.title,
        published: Some(Published {
            at,
            precision: Precision::Second,
        }),
        feed_url: Some(format!("https://source-{}.example/rss", item.source)),
        guid: Some(item.number.to_string()),
        ..parcels::article(&source, item.text.body)
    };
    parcels::normalized(item.number + 1, at, vec![Output::Article(Box::new(article))])
}
