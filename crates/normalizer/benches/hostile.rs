//! What pages made to cost do cost: a table of processor time and memory, each page beside plain prose of its size.
//!
//! Not criterion's: a page that takes seconds is what this looks for, and one sample tells. A word selects pages by name.

use std::fmt::Write as _;
use std::hint::black_box;

use bytes::Bytes;
use depeche_model::{Capture, CaptureKind, Journaled, Payload};
use depeche_normalizer::{Normalizer, Options, read_page};
use depeche_testkit::parcels;

mod processor;

#[path = "../tests/hostile/mod.rs"]
#[expect(dead_code, reason = "the pieces of pages of any shape are for tests")]
mod hostile;

const URL: &str = "https://www.example.org/a";

/// What a page may cost, and what is marked in the table.
const MOST_MILLIS: f64 = 200.0;

/// A line of what Linux says of this process, in MB; 0 elsewhere.
fn megabytes(line: &str) -> f64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|found| found.starts_with(line))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        })
        .map_or(0.0, |kilobytes| kilobytes / 1024.0)
}

fn file(body: &str) -> Journaled {
    let payload = Payload::File {
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body: Bytes::from(body.to_owned()),
    };
    let capture = Capture {
        payload,
        ..parcels::capture(CaptureKind::File, "a.html", "")
    };
    parcels::journaled(1, capture)
}

/// Plain prose in paragraphs, as many bytes as asked for.
fn plain(bytes: usize) -> String {
    let paragraph = "<p>Le conseil a voté mardi soir, après six heures de débats, un budget en légère baisse, et la \
        maire a promis de ne pas toucher aux écoles ni aux crèches.</p>\n";
    let mut html = "<html><body><h1>Le budget est voté</h1>".to_owned();
    while html.len() < bytes {
        html.push_str(paragraph);
    }
    html
}

fn main() {
    let chosen = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let normalizer = Normalizer::new(Options::default());
    black_box(read_page(&plain(10_000), URL)).ok();
    let mut out = String::from(
        "| page | kB | read_page, ms | to prose of its size | whole normalizer, ms | MB more | |\n|---|---|---|---|---|---|---|\n",
    );
    let timed = |work: &mut dyn FnMut()| {
        let start = processor::time();
        work();
        processor::time().saturating_sub(start).as_secs_f64() * 1e3
    };
    let (mut dearest, mut over) = (0.0_f64, 0);
    print!("{out}");
    for (name, html) in hostile::pages().into_iter().chain(hostile::floods()) {
        if chosen
            .as_ref()
            .is_some_and(|chosen| !name.contains(chosen.as_str()))
        {
            continue;
        }
        // Above five megabytes nothing is parsed, prose neither.
        let prose = plain(html.len().min(5_000_000));
        let base = timed(&mut || drop(black_box(read_page(&prose, URL))));
        let journaled = file(&html);
        // Sets the highest mark back (proc(5)); where that is forbidden the column tells of all pages before too.
        drop(std::fs::write("/proc/self/clear_refs", "5"));
        let before = megabytes("VmRSS:");
        let mut refused = String::new();
        let page = timed(&mut || {
            if let Err(why) = black_box(read_page(&html, URL)) {
                refused = why;
            }
        });
        let whole = timed(&mut || drop(black_box(normalizer.normalize(&journaled))));
        let more = megabytes("VmHWM:") - before;
        out.clear();
        writeln!(
            out,
            "| {name} | {} | {page:.1} | {:.1} | {whole:.1} | {more:.0} | {refused}{} |",
            html.len() / 1000,
            page / base,
            if page.max(whole) > MOST_MILLIS {
                " **over**"
            } else {
                ""
            }
        )
        .expect("a string takes everything");
        print!("{out}");
        dearest = dearest.max(page);
        over += u32::from(page.max(whole) > MOST_MILLIS);
    }
    println!("\ndearest: {dearest:.0} ms; over {MOST_MILLIS} ms: {over}");
}
