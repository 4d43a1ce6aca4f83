//! Polls 2,000 feeds of 50 loopback addresses as fast as a politeness of zero allows, twice: first for their bodies, then
//! for the 304s. Prints feeds a second, processor seconds per 1,000 polls, and bytes.
//!
//! The origins run in this process, the fetcher in a child of its own, so that its processor time is its own. What would
//! be the journal acknowledges at once.
//!
//! ```sh
//! cargo run --release -p depeche-fetcher --example loopback
//! ```

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use depeche_fetcher::{FeedState, FeedTarget, FetchOptions, Fetcher, Mode, poll};
use depeche_journal::Intake;
use depeche_model::{CaptureKind, PagePolicy, Payload, Position, SystemClock, Validators};
use depeche_testkit::{Newsroom, Origin, Reply};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const ADDRESSES: u8 = 50;
const FEEDS_AN_ADDRESS: usize = 40;

/// Entries of a feed: the feeds of the French press show 20 to 50.
const ENTRIES: u64 = 30;

/// Said by the child that polls.
const CHILD: &str = "--poll-the-feeds-of-standard-input";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().any(|argument| argument == CHILD) {
        return poll_twice();
    }
    let origins: Vec<Origin> = (1..=ADDRESSES)
        .map(|n| Origin::start_on([127, 0, 1, n].into()))
        .collect();
    let template = Origin::start();
    let mut urls = String::new();
    for (n, origin) in origins.iter().enumerate() {
        let body = Newsroom::open(&template, &format!("journal-{n}"), ENTRIES).feed();
        for feed in 0..FEEDS_AN_ADDRESS {
            let path = format!("/{feed}.xml");
            let etag = format!("\"{n}-{feed}\"");
            let body = Bytes::from(body.replace("</title>", &format!(" {feed}</title>")));
            origin.on(&path, move |request| {
                let is_known = request.header("if-none-match") == Some(etag.as_bytes());
                let reply = if is_known {
                    Reply::status(304)
                } else {
                    Reply::feed(body.clone())
                };
                reply.header("ETag", etag.as_bytes())
            });
            urls.push_str(&origin.url(&path));
            urls.push('\n');
        }
    }
    let mut child = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .stdin(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .ok_or("the child takes no input")?
        .write_all(urls.as_bytes())?;
    let status = child.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the child ended with {status}").into())
    }
}

fn poll_twice() -> Result<(), Box<dyn std::error::Error>> {
    let urls: Vec<String> = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    let options = FetchOptions {
        concurrency: 64,
        per_host_interval: Duration::ZERO,
        allow_private_addresses: true,
        ..FetchOptions::default()
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let fetcher = Arc::new(Fetcher::new(options, Arc::new(SystemClock))?);
            println!("| round | polls | polls/s | CPU s per 1,000 | body bytes |");
            println!("|---|---|---|---|---|");
            let mut validators: HashMap<String, Validators> = HashMap::new();
            for round in ["bodies", "304s"] {
                let feeds = urls.iter().map(|url| feed(url, &validators)).collect();
                let (outlet, inlet) = mpsc::channel(64);
                let (reports, mut told) = mpsc::channel(64);
                let journal = tokio::spawn(acknowledge(inlet));
                let reading = tokio::spawn(async move { while told.recv().await.is_some() {} });
                let (list, watched) = mpsc::channel(1);
                list.send(feeds).await?;
                let (begun, spent) = (Instant::now(), processor_seconds()?);
                let stop = CancellationToken::new();
                let summary = poll(Arc::clone(&fetcher), watched, outlet, reports, Mode::Once, stop).await;
                let (elapsed, spent) = (begun.elapsed().as_secs_f64(), processor_seconds()? - spent);
                let (kept, bytes) = journal.await?;
                reading.await?;
                validators.extend(kept);
                let polls = urls.len() as f64;
                if summary.fetched + summary.not_modified != urls.len() as u64 {
                    return Err(format!("not every poll went well: {summary:?}").into());
                }
                println!(
                    "| {round} | {polls} | {:.0} | {:.2} | {bytes} |",
                    polls / elapsed,
                    spent * 1000.0 / polls
                );
            }
            Ok(())
        })
}

fn feed(url: &str, validators: &HashMap<String, Validators>) -> (FeedTarget, FeedState) {
    let target = FeedTarget {
        url: url.to_owned(),
        name: None,
        page: PagePolicy::Never,
        timezone: None,
        tags: Vec::new(),
    };
    let state = FeedState {
        validators: validators.get(url).cloned().unwrap_or_default(),
        ..FeedState::default()
    };
    (target, state)
}

/// Stands in for the journal: gives back the validators that came, and how many body bytes.
async fn acknowledge(mut inlet: mpsc::Receiver<Intake>) -> (HashMap<String, Validators>, usize) {
    let mut kept = HashMap::new();
    let mut bytes = 0;
    while let Some(Intake { capture, receipt }) = inlet.recv().await {
        bytes += capture.body().len();
        if let (CaptureKind::Feed, Payload::Http(answer)) = (capture.kind, &capture.payload) {
            kept.insert(capture.uri.clone(), Validators::of(answer));
        }
        let position = Position {
            ordinal: 1,
            segment: 1,
            offset: 0,
            length: 0,
        };
        if let Some(receipt) = receipt
            && receipt.send(position).is_err()
        {
            eprintln!("nobody waits for the receipt of {}", capture.uri);
        }
    }
    (kept, bytes)
}

/// What this process has spent so far, in user and system mode: the 14th and 15th field of its `stat` (proc(5)), in
/// hundredths of a second on every Linux.
fn processor_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no process name")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<_, _>>()?;
    Ok(ticks as f64 / 100.0)
}
