//! The labelled texts as files, and what ours and the baselines of this crate take for them, so that programs in other
//! languages are measured on the same texts in the same run.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Error, Write};
use std::path::Path;
use std::time::Instant;

use depeche_deduplicator::sketch;
use depeche_testkit::copydesk::{Edit, Press, Stream, Text};
use serde_json::json;

use crate::detectors::all;
use crate::minhash::Signature;
use crate::simhash::simhash;

/// Articles of the stream that speed is measured on: enough that Python's share takes a minute and not ten.
const STREAM: u64 = 5_000;

/// Writes `copies.jsonl` (base texts, then their copies with the number of the base), `stream.jsonl` (texts whose time is taken)
/// and `speed.json` (microseconds a text).
pub(crate) fn write(press: &Press, bases: &[Text], folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder)?;
    let mut copies = BufWriter::new(File::create(folder.join("copies.jsonl"))?);
    for base in bases {
        writeln!(copies, "{}", json!({ "edit": null, "text": base.body }))?;
    }
    for edit in Edit::ALL {
        for (number, base) in bases.iter().enumerate() {
            let copy = edit.apply(press, base, number as u64);
            let line = json!({ "edit": edit.name(), "of": number, "text": copy.body });
            writeln!(copies, "{line}")?;
        }
    }
    copies.flush()?;

    let stream = Stream::new(press, 20_000);
    let texts: Vec<Text> = (0..STREAM).map(|number| stream.item(number).text).collect();
    let mut lines = BufWriter::new(File::create(folder.join("stream.jsonl"))?);
    for text in &texts {
        writeln!(lines, "{}", json!({ "text": text.body }))?;
    }
    lines.flush()?;
    std::fs::write(folder.join("speed.json"), speed(&texts).to_string())
}

/// Microseconds a text: to sketch it, and for the whole of sketching, asking and taking in.
fn speed(texts: &[Text]) -> serde_json::Value {
    let rows: Vec<serde_json::Value> = all()
        .iter_mut()
        // The same signatures under three thresholds are one.
        .filter(|detector| !detector.name().starts_with("J ≥"))
        .map(|detector| {
            let name = detector.name();
            let sketched = time(texts, |text| match name {
                "depeche" => drop(black_box(sketch(&text.body))),
                "SimHash-64" => {
                    black_box(simhash(&text.body));
                }
                _ => {
                    black_box(Signature::of(&text.body));
                }
            });
            let whole = time(texts, |text| {
                detector.add(text, "journal");
            });
            json!({ "name": name, "sketch": sketched, "whole": whole })
        })
        .collect();
    json!(rows)
}

/// Microseconds of processor time for each text: other work on the machine takes no part in a ratio.
fn time(texts: &[Text], mut each: impl FnMut(&Text)) -> f64 {
    let start = (Instant::now(), on_processor());
    for text in texts {
        each(text);
    }
    let nanos = match (start.1, on_processor()) {
        (Some(before), Some(after)) => (after - before) as f64,
        _ => start.0.elapsed().as_nanos() as f64,
    };
    nanos / 1e3 / texts.len() as f64
}

/// The nanoseconds that this thread has run for, where Linux tells them.
fn on_processor() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    status.split_whitespace().next()?.parse().ok()
}
