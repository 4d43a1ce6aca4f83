//! How well copies are told from new texts: ours beside `MinHash` and `SimHash` on labelled, invented news, as tables.
//!
//! ```sh
//! cargo run --release -p depeche-deduplicator --example copies                  # 332 base texts, 100 pairs of a kind
//! cargo run --release -p depeche-deduplicator --example copies -- --bases 60    # quicker
//! cargo run --release -p depeche-deduplicator --example copies -- --ours        # without the baselines
//! cargo run --release -p depeche-deduplicator --example copies -- --export DIR  # the texts, for scripts in other languages
//! cargo run --release -p depeche-deduplicator --example copies -- --reasons     # where each kind of edit is met
//! cargo run --release -p depeche-deduplicator --example copies -- --stories     # stories alone
//! ```
//!
//! Ends with 1 when a kind of copy is below its bar, too many texts are taken for copies or stories are not the events. `scripts/quality --copies` runs it,
//! and Python's baselines on the exported texts.

mod detectors;
mod export;
mod labelled;
#[path = "../../benches/baselines/minhash.rs"]
mod minhash;
#[cfg(test)]
mod promises;
mod reader;
#[path = "../../benches/baselines/simhash.rs"]
mod simhash;
mod trials;

use std::path::PathBuf;
use std::process::ExitCode;

use depeche_testkit::copydesk::{Chain, Edit, Press, Text};

use crate::detectors::{Detector, Ours, all};
use crate::trials::{
    Apart, SECOND_HAND, Score, WRONG_HITS, apart, bar, chain, copies, fillings, lowest, reach, second_hand,
    stories,
};

/// Fillings of each template.
const FILLINGS: u64 = 20;
/// Events of the invented stream that stories are measured on.
const DAYS_EVENTS: u64 = 300;
/// Chains of each kind.
const CHAINS: u64 = 20;

/// What the command line asks for.
struct Wanted {
    bases: usize,
    pairs: u64,
    ours_alone: bool,
    export: Option<PathBuf>,
    reasons: bool,
    stories: bool,
}

impl Wanted {
    fn read() -> Result<Self, String> {
        let mut wanted = Self {
            bases: 332,
            pairs: 100,
            ours_alone: false,
            export: None,
            reasons: false,
            stories: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--bases" => wanted.bases = value()?.parse().map_err(|_| "--bases takes a number")?,
                "--pairs" => wanted.pairs = value()?.parse().map_err(|_| "--pairs takes a number")?,
                "--export" => wanted.export = Some(value()?.into()),
                "--ours" => wanted.ours_alone = true,
                "--reasons" => wanted.reasons = true,
                "--stories" => wanted.stories = true,
                _ => {
                    return Err(format!(
                        "{argument} is not known: --bases, --pairs, --ours, --export, --reasons, --stories"
                    ));
                }
            }
        }
        Ok(wanted)
    }

    fn detectors(&self) -> Vec<Box<dyn Detector>> {
        let mut detectors = all();
        if self.ours_alone {
            detectors.truncate(1);
        }
        detectors
    }
}

fn main() -> ExitCode {
    let wanted = match Wanted::read() {
        Ok(wanted) => wanted,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    if wanted.reasons {
        for edit in Edit::ALL {
            println!("{}: {}", edit.name(), edit.reason());
        }
        return ExitCode::SUCCESS;
    }
    let press = Press::new();
    if wanted.stories {
        return if print_stories(&press, &wanted) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    let bases = press.base_texts(wanted.bases);
    if let Some(folder) = &wanted.export
        && let Err(problem) = export::write(&press, &bases, folder)
    {
        eprintln!("cannot export to {}: {problem}", folder.display());
        return ExitCode::FAILURE;
    }
    let mut tally = Score::default();
    let below = print_copies(&press, &bases, &wanted, &mut tally);
    print_second_hand(&press, &bases, &mut tally);
    print_apart(&press, &wanted, &mut tally);
    print_templates(&press, &wanted, &mut tally);
    let told_apart = print_stories(&press, &wanted);
    print_chains(&press);
    let wrong = tally.wrong as f64 / tally.of as f64;
    println!(
        "\nWrong hits of depeche: {} of {} texts, {wrong:.4}; at most {WRONG_HITS}. Kinds of edit below bar and reach: {below}.",
        tally.wrong, tally.of,
    );
    if below > 0 || wrong > WRONG_HITS || !told_apart {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Prints recall for each kind of edit; says in how many ours is below its bar, where that is in reach.
fn print_copies(press: &Press, bases: &[Text], wanted: &Wanted, tally: &mut Score) -> usize {
    println!(
        "Copies recognised, of {} base texts (recall). In reach: J ≥ .30 or C ≥ .60 when every 4-gram is counted.\n",
        bases.len()
    );
    let names: Vec<&str> = wanted
        .detectors()
        .iter()
        .map(|detector| detector.name())
        .collect();
    println!("| edit | bar | in reach | {} | wrong |", names.join(" | "));
    println!("|---|---|---|{}---|", "---|".repeat(names.len()));
    let mut below = 0;
    for edit in Edit::ALL {
        let scores: Vec<Score> = wanted
            .detectors()
            .iter_mut()
            .map(|detector| copies(press, bases, edit, detector.as_mut()))
            .collect();
        let cells: Vec<String> = scores
            .iter()
            .map(|score| format!("{:.3}", score.recall()))
            .collect();
        let ours = scores.first().copied().unwrap_or_default();
        add(tally, ours);
        let bar = bar(edit);
        let within = reach(press, bases, edit);
        let missed = bar.is_some_and(|bar| ours.recall() < lowest(bar, within));
        below += usize::from(missed);
        println!(
            "| {} | {}{} | {within:.3} | {} | {} |",
            edit.name(),
            bar.map_or("–".to_owned(), |bar| format!("{bar:.2}")),
            if missed { " missed" } else { "" },
            cells.join(" | "),
            ours.wrong,
        );
    }
    below
}

fn print_second_hand(press: &Press, bases: &[Text], tally: &mut Score) {
    println!(
        "\nCopies of copies, led back to what was met first:\n\n| met in this order | texts | led back | wrong |\n|---|---|---|---|"
    );
    for (name, edits) in SECOND_HAND {
        let score = second_hand(press, bases, edits);
        add(tally, score);
        println!("| {name} | {} | {} | {} |", score.of, score.right, score.wrong);
    }
}

fn print_apart(press: &Press, wanted: &Wanted, tally: &mut Score) {
    let names: Vec<&str> = wanted
        .detectors()
        .iter()
        .map(|detector| detector.name())
        .collect();
    println!("\nPairs that must stay apart, and how many texts were merged:\n");
    println!("| pair | texts | {} |", names.join(" | "));
    println!("|---|---|{}", "---|".repeat(names.len()));
    for kind in Apart::ALL {
        let pairs = kind.pairs(press, wanted.pairs);
        let scores: Vec<Score> = wanted
            .detectors()
            .iter_mut()
            .map(|detector| apart(kind, &pairs, detector.as_mut()))
            .collect();
        add(tally, scores.first().copied().unwrap_or_default());
        let cells: Vec<String> = scores.iter().map(|score| score.wrong.to_string()).collect();
        println!(
            "| {} | {} | {} |",
            kind.name(),
            pairs.len() * 2,
            cells.join(" | ")
        );
    }
}

fn print_templates(press: &Press, wanted: &Wanted, tally: &mut Score) {
    let names: Vec<&str> = wanted
        .detectors()
        .iter()
        .map(|detector| detector.name())
        .collect();
    println!("\nFillings of a template, {FILLINGS} of a family, and how many were merged:\n");
    println!("| family | {} | depeche, other sources |", names.join(" | "));
    println!("|---|{}---|", "---|".repeat(names.len()));
    for (family, name) in press.families().into_iter().enumerate() {
        let scores: Vec<Score> = wanted
            .detectors()
            .iter_mut()
            .map(|detector| fillings(press, family, FILLINGS, true, detector.as_mut()))
            .collect();
        add(tally, scores.first().copied().unwrap_or_default());
        let cells: Vec<String> = scores.iter().map(|score| score.wrong.to_string()).collect();
        let others = fillings(press, family, FILLINGS, false, &mut Ours::new());
        println!("| {name} | {} | {} |", cells.join(" | "), others.wrong);
    }
}

/// Prints how stories agree with events; says whether they do as they have to.
fn print_stories(press: &Press, wanted: &Wanted) -> bool {
    println!("\nPairs in one story:\n\n| pair | pairs | together |\n|---|---|---|");
    for kind in [Apart::SameEvent, Apart::SecondAccounts, Apart::Neighbours] {
        let score = stories(&kind.pairs(press, wanted.pairs));
        println!("| {} | {} | {} |", kind.name(), score.of, score.right);
    }
    println!(
        "\nStories of labelled streams: pairs of articles put together, and B-cubed.\n\n\
         | stream | articles | events | pair precision | pair recall | B³ precision | B³ recall | B³ F1 |\n\
         |---|---|---|---|---|---|---|---|"
    );
    let mut agree = true;
    for (name, stream) in [
        ("running subjects, by hand", labelled::sagas(press)),
        ("ten days, invented", labelled::days(press, DAYS_EVENTS)),
        ("both together", labelled::sagas_among_others(press, DAYS_EVENTS)),
    ] {
        let agreement = labelled::judge(&stream);
        agree &= agreement.is_enough();
        println!(
            "| {name} | {} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
            stream.len(),
            agreement.events,
            agreement.pair_precision,
            agreement.pair_recall,
            agreement.precision,
            agreement.recall,
            agreement.f1(),
        );
    }
    agree
}

fn print_chains(press: &Press) {
    println!(
        "\nWhat publishers do to their own articles:\n\n| chain | appearances | told right |\n|---|---|---|"
    );
    for kind in Chain::ALL {
        let score = chain(press, kind, CHAINS);
        println!("| {} | {} | {} |", kind.name(), score.of, score.right);
    }
}

fn add(tally: &mut Score, score: Score) {
    tally.of += score.of;
    tally.right += score.right;
    tally.wrong += score.wrong;
}
