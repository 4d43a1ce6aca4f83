//! Extraction engines on the labelled pages of `tests/data/pages`, side by side.
//!
//! Prints a table: the F1 of each engine on templates that the rules were written on and on those held out, on French
//! pages and on others, and pages a second of processor time. F1 is the one of the public article-extraction benchmark: a
//! text is the bag of its shingles of four words, precision and recall are taken page by page and averaged, and F1 is of
//! the averages; beside it the same of single words, which forgives what is torn apart. `--pages` adds a line a page,
//! `--worst` what our engine missed and added; a word selects pages by name; `--dump DIR` writes our texts.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dom_smoothie::{CandidateSelectMode, Config, Readability, TextMode};
use serde_json::Value;

/// How long each engine is timed.
const TIMED: Duration = Duration::from_secs(3);

struct Page {
    name: String,
    url: String,
    html: String,
    text: String,
    held_out: bool,
    french: bool,
}

type Engine = (&'static str, fn(&Page) -> String);

const ENGINES: &[Engine] = &[
    ("depeche", depeche),
    ("trafilatura 0.6.0, precision", trafilatura_precision),
    ("trafilatura 0.6.0", trafilatura_plain),
    ("dom_smoothie 0.19.0", dom_smoothie),
    ("legible 0.5.1", legible_engine),
];

fn depeche(page: &Page) -> String {
    depeche_normalizer::read_page(&page.html, &page.url).map_or_else(|_| String::new(), |page| page.text)
}

fn trafilatura(page: &Page, focus: trafilatura::ExtractionFocus) -> String {
    let options = trafilatura::Options::default().with_focus(focus);
    trafilatura::extract(&page.html, &options).map_or_else(|_| String::new(), |result| result.content_text)
}

fn trafilatura_precision(page: &Page) -> String {
    trafilatura(page, trafilatura::ExtractionFocus::FavorPrecision)
}

fn trafilatura_plain(page: &Page) -> String {
    trafilatura(page, trafilatura::ExtractionFocus::Balanced)
}

fn dom_smoothie(page: &Page) -> String {
    let config = Config {
        candidate_select_mode: CandidateSelectMode::DomSmoothie,
        text_mode: TextMode::Formatted,
        ..Config::default()
    };
    Readability::new(page.html.as_str(), None, Some(config))
        .and_then(|mut readability| readability.parse())
        .map_or_else(|_| String::new(), |article| article.text_content.to_string())
}

fn legible_engine(page: &Page) -> String {
    legible::parse(&page.html, Some(&page.url), None)
        .map_or_else(|_| String::new(), |article| article.text_content)
}

/// Words of a shingle, as the public benchmark has it.
const SHINGLE: usize = 4;

fn shingles(text: &str, length: usize) -> HashMap<Vec<String>, usize> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let mut bag = HashMap::new();
    for window in words.windows(length.min(words.len()).max(1)) {
        *bag.entry(window.to_vec()).or_insert(0) += 1;
    }
    bag
}

/// Precision and recall on the bags of shingles of some words.
fn score(expected: &str, found: &str, length: usize) -> (f64, f64) {
    let (expected, found) = (shingles(expected, length), shingles(found, length));
    let common: usize = expected
        .iter()
        .map(|(shingle, count)| (*count).min(found.get(shingle).copied().unwrap_or(0)))
        .sum();
    let total = |bag: &HashMap<Vec<String>, usize>| bag.values().sum::<usize>();
    let share = |of: usize| {
        if of == 0 {
            f64::from(u8::from(common == 0))
        } else {
            common as f64 / of as f64
        }
    };
    (share(total(&found)), share(total(&expected)))
}

fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall == 0.0 {
        0.0
    } else {
        2.0 * precision * recall / (precision + recall)
    }
}

fn average(scores: &[(f64, f64)]) -> f64 {
    let count = scores.len().max(1) as f64;
    let precision = scores.iter().map(|score| score.0).sum::<f64>() / count;
    let recall = scores.iter().map(|score| score.1).sum::<f64>() / count;
    f1(precision, recall)
}

fn pages(filter: Option<&str>) -> Vec<Page> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/pages");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("tests/data/pages is beside this crate")
        .map(|entry| entry.expect("an entry of tests/data/pages").path())
        .collect();
    folders.sort();
    folders
        .into_iter()
        .map(|folder| {
            let read =
                |name: &str| std::fs::read_to_string(folder.join(name)).expect("page.html and expect.json");
            let expect: Value = serde_json::from_str(&read("expect.json")).expect("expect.json is JSON");
            let string = |name: &str| expect[name].as_str().unwrap_or("").to_owned();
            Page {
                name: folder
                    .file_name()
                    .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
                url: string("url"),
                html: read("page.html"),
                text: string("text"),
                held_out: expect["held_out"] == Value::Bool(true),
                french: string("language") == "fr",
            }
        })
        .filter(|page| filter.is_none_or(|filter| page.name.contains(filter)))
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

fn per_second(engine: fn(&Page) -> String, pages: &[Page]) -> f64 {
    let clock = Instant::now();
    let (start, mut count) = (processor_nanos(clock), 0_u32);
    while clock.elapsed() < TIMED || count < pages.len() as u32 {
        black_box(engine(black_box(&pages[count as usize % pages.len()])));
        count += 1;
    }
    f64::from(count) * 1e9 / (processor_nanos(clock) - start)
}

/// A page as heavy as those of the French press: links, styles and scripts around it, 361 kB in all.
fn heavy(page: &Page) -> Page {
    let links: String = (0..700)
        .map(|n| format!("<li class=\"river__item\"><a href=\"/actualite/article-{n}.html\" class=\"river__link\"><span class=\"river__title\">Un autre titre du jour, numéro {n}</span></a></li>\n"))
        .collect();
    let style = ".article__title{font-family:serif;line-height:1.2}\n".repeat(900);
    let missing = 361_000_usize.saturating_sub(page.html.len() + links.len() + style.len());
    let script = "window.__state.push({\"id\":12345,\"html\":\"<div class=x>\"});\n".repeat(missing / 55);
    let html = page
        .html
        .replacen(
            "</head>",
            &format!("<style>{style}</style><script>{script}</script></head>"),
            1,
        )
        .replacen(
            "</body>",
            &format!("<div class=\"river\"><ul>{links}</ul></div></body>"),
            1,
        );
    Page {
        html,
        name: page.name.clone(),
        url: page.url.clone(),
        text: page.text.clone(),
        held_out: page.held_out,
        french: page.french,
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let dump = arguments
        .iter()
        .position(|a| a == "--dump")
        .and_then(|at| arguments.get(at + 1));
    let filter = arguments
        .iter()
        .find(|a| !a.starts_with('-') && Some(*a) != dump)
        .map(String::as_str);
    let pages = pages(filter);
    let heavy: Vec<Page> = pages.iter().filter(|page| page.french).map(heavy).collect();
    println!(
        "{} pages, {} of them held out",
        pages.len(),
        pages.iter().filter(|page| page.held_out).count()
    );
    println!("| engine | F1, written on | F1, held out | F1, French | F1, other | F1, all | single words, all | pages/s | pages/s of 361 kB |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let engines: Vec<&Engine> = ENGINES
        .iter()
        .filter(|(name, _)| !has("--own") || *name == "depeche")
        .collect();
    for (name, engine) in engines {
        let texts: Vec<String> = pages.iter().map(engine).collect();
        let scored = |length: usize| -> Vec<(f64, f64)> {
            let both = pages.iter().zip(&texts);
            both.map(|(page, text)| score(&page.text, text, length)).collect()
        };
        let (scores, single) = (scored(SHINGLE), scored(1));
        let of = |wanted: &dyn Fn(&Page) -> bool| {
            let chosen: Vec<(f64, f64)> = pages
                .iter()
                .zip(&scores)
                .filter(|(page, _)| wanted(page))
                .map(|(_, score)| *score)
                .collect();
            average(&chosen)
        };
        let (small, large) = if has("--quick") {
            (0.0, 0.0)
        } else {
            (per_second(*engine, &pages), per_second(*engine, &heavy))
        };
        println!(
            "| {name} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {small:.0} | {large:.0} |",
            of(&|page| !page.held_out),
            of(&|page| page.held_out),
            of(&|page| page.french),
            of(&|page| !page.french),
            of(&|_| true),
            average(&single),
        );
        if has("--pages") {
            for (page, (precision, recall)) in pages.iter().zip(&scores) {
                if *precision < 0.9999 || *recall < 0.9999 {
                    println!(
                        "  {} {:.3} p {precision:.3} r {recall:.3}{}",
                        page.name,
                        f1(*precision, *recall),
                        if page.held_out { " *" } else { "" }
                    );
                }
            }
        }
    }
    for page in &pages {
        let found = depeche(page);
        if has("--worst") && !page.held_out {
            let lines = |text: &str| -> Vec<String> {
                text.lines()
                    .filter(|l| !l.is_empty())
                    .map(str::to_owned)
                    .collect()
            };
            let (expected, found) = (lines(&page.text), lines(&found));
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
        if let Some(folder) = dump {
            std::fs::write(Path::new(folder).join(format!("{}.txt", page.name)), &found)
                .expect("a folder to write to");
        }
    }
}
