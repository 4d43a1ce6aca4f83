//! A long stream through the index of texts: what it costs to look a text up and to add it, and what it keeps.
//!
//! `cargo bench -p depeche-deduplicator --bench stream -- [ARTICLES] [DAYS]`, 300,000 articles in 14 days where nothing
//! is said; `1200000 60` shows that memory and latency stay flat when texts are forgotten as they come. Every article is
//! one of its own, so all are posted: the most an index of so many articles can be asked to hold.

use std::time::{Duration, Instant};

use depeche_deduplicator::{Leaders, Options, Sketches, Standing, sketch};
use depeche_model::{ArticleId, Digest, Remembered, Seq, StoryId, TermVector, Verdict};
use jiff::{SignedDuration, Timestamp};

mod press;

const WORDS: usize = 384;

fn record(number: u64, text: &str, sketches: Sketches, captured_at: Timestamp) -> Remembered {
    Remembered {
        seq: Seq(number + 1),
        article: ArticleId(Digest(u128::from(number).to_be_bytes())),
        revision: 1,
        verdict: Verdict::New,
        of: None,
        captured_at,
        event: (captured_at, captured_at),
        source: format!("source {}", number % 300),
        keys: Vec::new(),
        content: Digest([0; 16]),
        entry_digest: None,
        tokens: text.split_whitespace().count() as u32,
        sketch: sketches.whole,
        lead: sketches.lead,
        story: StoryId(Digest([0; 16])),
        terms: TermVector::default(),
    }
}

fn moment(number: u64, all: u64, days: u64) -> Timestamp {
    let span = i128::from(days) * SignedDuration::from_hours(24).as_millis();
    let offset = SignedDuration::from_millis((span * i128::from(number) / i128::from(all)) as i64);
    Timestamp::UNIX_EPOCH.checked_add(offset).unwrap_or_default()
}

/// The value below which so many thousandths of the durations lie.
fn quantile(sorted: &[Duration], thousandths: usize) -> Duration {
    let at = (sorted.len() * thousandths / 1000).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok());
    let all: u64 = numbers.next().unwrap_or(300_000);
    let days: u64 = numbers.next().unwrap_or(14);
    let options = Options::default();
    let mut leaders = Leaders::new(options.near_window, options.max_texts.max(1_000_000));
    let mut dice = press::Dice(11);
    let mut found = 0;
    println!(
        "| posted | held | segments | bytes a text | median | 99 % | 99.9 % | longest |\n|---|---|---|---|---|---|---|---|"
    );
    let step = (all / 15).max(1);
    let mut durations = Vec::with_capacity(step as usize);
    let mut sketched = Vec::with_capacity(all as usize);
    for number in 0..all {
        // Three in ten are short, as in feeds that give a summary alone.
        let words = if dice.below(10) < 3 { 48 } else { WORDS };
        let stream = moment(number, all, days);
        let text = dice.article(words);
        let begun = Instant::now();
        let sketches = sketch(&text);
        if words > 48 {
            sketched.push(begun.elapsed());
        }
        let record = record(number, &text, sketches.clone(), stream);
        let begun = Instant::now();
        found += leaders
            .candidates(&sketches, record.tokens, stream)
            .candidates
            .len();
        leaders.post(&record, Standing::Leader, stream);
        leaders.forget(stream);
        durations.push(begun.elapsed());
        if (number + 1) % step == 0 {
            durations.sort_unstable();
            let size = leaders.size();
            println!(
                "| {} | {} | {} | {} | {:.1?} | {:.1?} | {:.1?} | {:.1?} |",
                number + 1,
                size.texts,
                size.segments,
                size.bytes / size.texts.max(1),
                quantile(&durations, 500),
                quantile(&durations, 990),
                quantile(&durations, 999),
                quantile(&durations, 1000),
            );
            durations.clear();
        }
    }
    sketched.sort_unstable();
    println!(
        "\n{:.2} candidates a text; a sketch of {} words takes {:.1?} in the middle, {:.1?} at best",
        found as f64 / all as f64,
        WORDS + 16,
        quantile(&sketched, 500),
        quantile(&sketched, 0),
    );
}
