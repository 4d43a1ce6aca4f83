//! Trains the dictionary that rows are compressed with, and measures one on texts it has not seen.
//!
//! ```sh
//! cargo run -p depeche-store --example train_dictionary -- OUT BYTES PATH…
//! cargo run -p depeche-store --example train_dictionary -- --measure DICTIONARY PATH…
//! ```
//!
//! Dictionary 1 was made from the repository's own texts alone, in the folder of the workspace:
//!
//! ```sh
//! cargo run -p depeche-store --example train_dictionary -- crates/store/dictionaries/0001.zdict 32768 \
//!     seeds crates/deduplicator/tests/data/base crates/normalizer/tests/data/{pages,seed,files}
//! ```

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The level that rows are compressed with.
const LEVEL: i32 = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [measure, dictionary, paths @ ..] if measure == "--measure" => {
            measure_on(&fs::read(dictionary)?, &texts(paths)?)
        }
        [out, bytes, paths @ ..] => {
            let texts = texts(paths)?;
            let samples = samples(&texts);
            let dictionary = zstd::dict::from_samples(&samples, bytes.parse()?)?;
            println!(
                "{} texts, {} bytes, in {} samples: a dictionary of {} bytes",
                texts.len(),
                texts.iter().map(String::len).sum::<usize>(),
                samples.len(),
                dictionary.len()
            );
            fs::write(out, dictionary)?;
            Ok(())
        }
        _ => Err("train_dictionary OUT BYTES PATH… | --measure DICTIONARY PATH…".into()),
    }
}

/// Paragraphs: the trainer keeps what several samples share, and one text shares little with itself.
fn samples(texts: &[String]) -> Vec<&[u8]> {
    texts
        .iter()
        .flat_map(|text| text.split("\n\n"))
        .filter(|paragraph| paragraph.len() > 40)
        .map(str::as_bytes)
        .collect()
}

fn measure_on(dictionary: &[u8], texts: &[String]) -> Result<(), Box<dyn Error>> {
    let mut plain = zstd::bulk::Compressor::new(LEVEL)?;
    let mut with = zstd::bulk::Compressor::with_dictionary(LEVEL, dictionary)?;
    let (mut bytes, mut without_bytes, mut with_bytes) = (0, 0, 0);
    for text in texts {
        bytes += text.len();
        without_bytes += plain.compress(text.as_bytes())?.len();
        with_bytes += with.compress(text.as_bytes())?.len();
    }
    let ratio = |compressed: usize| bytes as f64 / compressed as f64;
    println!(
        "{} texts of {bytes} bytes: {without_bytes} without ({:.2}), {with_bytes} with ({:.2})",
        texts.len(),
        ratio(without_bytes),
        ratio(with_bytes)
    );
    Ok(())
}

/// What can be read as text below these paths, each once, in the order of its path.
fn texts(paths: &[String]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut files = Vec::new();
    for path in paths {
        find(Path::new(path), &mut files)?;
    }
    files.sort();
    let mut texts: Vec<String> = Vec::new();
    for file in files {
        if let Ok(text) = fs::read_to_string(&file) {
            let text = without_markup(&text);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    Ok(texts)
}

fn find(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            find(&entry?.path(), files)?;
        }
    } else if path
        .extension()
        .is_some_and(|extension| ["txt", "html"].iter().any(|known| extension == *known))
    {
        files.push(path.to_owned());
    }
    Ok(())
}

fn without_markup(text: &str) -> String {
    let mut inside = false;
    text.chars()
        .filter(|c| match c {
            '<' => {
                inside = true;
                false
            }
            '>' => !std::mem::replace(&mut inside, false),
            _ => !inside,
        })
        .collect()
}
