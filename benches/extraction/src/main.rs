//! Extraction engines on the labelled pages of `tests/data/pages`, side by side in one run.
//!
//! Prints a table: the F1 of each engine on templates that the rules were written on and on those held out, by shingles
//! of four words and by words; then one of pages and megabytes a second of processor time for pages of several sizes,
//! with how many times the engine's time ours is. Ends with 1 when ours is below what [`LEAST`] asks for.
//!
//! `--own` reads with our engine alone, `--quick` times nothing, `--python FILE` adds the engine in Python by that
//! interpreter, `--pages` adds a line a page, `--worst` what our engine missed and added; a word selects pages by name;
//! `--dump DIR` writes our texts.

mod engines;
mod pages;
mod score;
mod speed;

use std::path::Path;
use std::process::ExitCode;

use engines::{ENGINES, Engine, depeche};
use pages::Page;
use score::{Score, average, f1, score};

/// Words of a shingle, as the benchmark has them.
const SHINGLE: usize = 4;

/// The least F1 of ours on shingles, of pages that rules were written on and of held-out ones: half a point less than
/// was measured, which is some page gone wrong.
const LEAST: [f64; 2] = [0.995, 0.990];

struct Row {
    name: String,
    texts: Vec<String>,
    /// Pages a second, by set.
    rates: Vec<f64>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let valued = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1)
    };
    let (dump, interpreter) = (valued("--dump"), valued("--python"));
    let filter = arguments
        .iter()
        .find(|a| !a.starts_with('-') && ![dump, interpreter].contains(&Some(*a)))
        .map(String::as_str);
    let pages = pages::labelled(filter);
    let sets = if has("--quick") {
        Vec::new()
    } else {
        speed::sets(&pages)
    };
    let engines: Vec<&Engine> = ENGINES
        .iter()
        .take(if has("--own") { 1 } else { ENGINES.len() })
        .collect();
    let rates = speed::of_all(&engines, &sets);
    let mut rows: Vec<Row> = engines
        .iter()
        .zip(rates)
        .map(|(engine, rates)| Row {
            name: engine.name.to_owned(),
            texts: pages.iter().map(engine.read).collect(),
            rates,
        })
        .collect();
    if let Some(interpreter) = interpreter {
        let python = speed::python(interpreter, &pages, &sets);
        let row = Row {
            name: format!("Python trafilatura {}, with metadata", python.version),
            texts: python.texts,
            rates: python.rates,
        };
        rows.insert(1, row);
    }
    let ours = quality(&rows, &pages, has("--pages"));
    if !sets.is_empty() {
        speeds(&rows, &sets);
    }
    for page in &pages {
        let found = depeche(page);
        if has("--worst") && !page.held_out {
            differences(page, &found);
        }
        if let Some(folder) = dump {
            std::fs::write(Path::new(folder).join(format!("{}.txt", page.name)), &found)
                .expect("a folder to write to");
        }
    }
    if filter.is_none() && ours.iter().zip(LEAST).any(|(is, least)| *is < least) {
        eprintln!("the F1 of depeche is {ours:.4?} and has to be {LEAST:?}: see --pages and --worst");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Prints the table of F1; that of the first row on shingles.
fn quality(rows: &[Row], pages: &[Page], each: bool) -> [f64; 2] {
    println!(
        "{} pages, {} of them held out",
        pages.len(),
        pages.iter().filter(|page| page.held_out).count()
    );
    println!(
        "| engine | F1, written on | F1, held out | F1, French | F1, other | F1, all | F1 of words, all |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut first = None;
    for row in rows {
        let by = |size: usize| -> Vec<Score> {
            pages
                .iter()
                .zip(&row.texts)
                .map(|(page, text)| score(&page.text, text, size))
                .collect()
        };
        let (shingles, words) = (by(SHINGLE), by(1));
        let of = |wanted: &dyn Fn(&Page) -> bool| {
            let chosen = pages.iter().zip(&shingles);
            average(chosen.filter(|(page, _)| wanted(page)).map(|(_, score)| *score))
        };
        let parts = [of(&|page| !page.held_out), of(&|page| page.held_out)];
        println!(
            "| {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
            row.name,
            parts[0],
            parts[1],
            of(&|page| page.french),
            of(&|page| !page.french),
            average(shingles.iter().copied()),
            average(words.iter().copied()),
        );
        first.get_or_insert(parts);
        if each {
            for (page, (precision, recall)) in pages.iter().zip(&shingles) {
                if *precision < 0.9999 || *recall < 0.9999 {
                    println!(
                        "  {} {:.3} p {precision:.3} r {recall:.3}{}",
                        page.name,
                        f1((*precision, *recall)),
                        if page.held_out { " *" } else { "" }
                    );
                }
            }
        }
    }
    first.unwrap_or_default()
}

/// Prints the table of pages and megabytes a second.
fn speeds(rows: &[Row], sets: &[speed::Set]) {
    let heads: Vec<String> = sets
        .iter()
        .map(|set| format!("{} ({:.0} kB)", set.name, set.megabytes() * 1e3))
        .collect();
    println!(
        "\nPages/s, MB/s and how many times faster ours is\n\n| engine | {} |",
        heads.join(" | ")
    );
    println!("|---|{}", "---|".repeat(sets.len()));
    for row in rows {
        let cells: Vec<String> = row
            .rates
            .iter()
            .zip(&rows[0].rates)
            .zip(sets)
            .map(|((rate, ours), set)| {
                format!("{rate:.0}, {:.0}, {:.1}", rate * set.megabytes(), ours / rate)
            })
            .collect();
        println!("| {} | {} |", row.name, cells.join(" | "));
    }
}

/// Prints the lines that our engine missed and added.
fn differences(page: &Page, found: &str) {
    let lines = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (expected, found) = (lines(&page.text), lines(found));
    let tell = |sign: &str, these: &[String], those: &[String]| {
        for line in these.iter().filter(|line| !those.contains(line)) {
            println!(
                "{} {sign} {}",
                page.name,
                line.chars().take(110).collect::<String>()
            );
        }
    };
    tell("-", &expected, &found);
    tell("+", &found, &expected);
}
