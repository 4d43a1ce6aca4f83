//! From captures to clean articles.
//!
//! A [`Normalizer`] takes one journaled capture (a feed answer, a page, a replayed file) and gives what came of it:
//! articles, orders for pages worth fetching, and rejections with their reasons. It is pure: no clock, no network, no
//! disk; the same capture gives the same output. [`run`] drives it over worker threads and keeps the order.
//!
//! What the outside wrote is never trusted: bytes are capped before they are decoded, markup before it is parsed,
//! and a parser that panics rejects one capture.
//!
//! # The flow
//!
//! ```text
//! capture ─► decode ─┬─► seed, file ───────────────────────────────┐
//!                    ├─► feed ─► entries ─┬────────────────────────┼─► article ─► articles, rejections
//!                    │                    └─► orders for pages     │   (title, date, language, address)
//!                    └─► page ─► guard ─► skim ─┬─► main_text ─┬───┘
//!                                               ├─► beside     ├─► choice (with the entry that ordered it)
//!                                               ├─► metadata ──┘
//!                                               └─► barrier, paywall
//! ```
//!
//! A page is parsed once, under caps; its tree is walked once into flat arrays (`page::skim`), and text, captions, tables,
//! fields, notices and walls are read off these. What an entry and its page both say is weighed in `page::choice`. Every path
//! ends in `article`, where a draft is completed. Each step that repairs, guesses, derives or chooses leaves a
//! [`depeche_model::Warning`]; `docs/warnings.md` lists the codes.
//!
//! Modules are listed in the order of the flow.
//!
//! # Languages
//!
//! Whether a text is French is told by a table of our own (`language`).
//!
//! French called French / other text called French, both in per cent, on sentences, headings and lines of programs in
//! 60 languages and some 300 more from the Universal Declaration of Human Rights, cut to so many words; the table was
//! trained on the other half of the lines (`scripts/language/corpus` names the sources). Each window counts once: 1,628,
//! 1,397, 432 and 951 of French, drawn from 513 sentences, and about 16,000 of others, without any hint. The settings of
//! the training and the limits below were chosen on the same windows, so the figures of this module are a little too
//! good; the others were not tuned. At 8 words 6 of 1,397 and 12 of 16,706 are a small number to count by. The time is
//! the bench's (`--bench language`) for 40 words and for 400, or that of the windows of 40 for the two it does not run.
//!
//! | | 4 words | 8 words | 16 words | 40 words | µs | table |
//! |---|---|---|---|---|---|---|
//! | this module | 96.3 / .21 | 99.6 / .07 | 100 / .01 | 100 / 0 | 4.7, 10 | 2.1 MB |
//! | langid-rs 1.1, 25 languages | 92.1 / 3.5 | 99.4 / 1.4 | 100 / .85 | 100 / .32 | 112, 132 | 7.7 MB |
//! | the same, `und` below 12 nats or 8 words | 0 / 0 | 80.2 / 1.2 | 100 / .85 | 100 / .32 | 112, 132 | 7.7 MB |
//! | whatlang 0.18 | 81.8 / 4.5 | 95.6 / 4.5 | 99.5 / 4.7 | 100 / 4.6 | 113 | – |
//! | whichlang 0.1 | 90.1 / 7.5 | 98.7 / 7.8 | 99.5 / 8.1 | 100 / 8.6 | 3.1 | – |
//!
//! lingua was left out: with 75 languages it makes a program of 291 MB that tells 300 texts a second.
//!
//! Of the 6 French windows, five were `und` and one rejected, which is English in a French list of sentences. What it
//! cannot do: Picard, Walloon and Occitan, as far as they are spelled like French, may pass for French in a few words; a
//! headline of two names and a verb is `und`.
//!
//! The labelled snippets of `tests/data/language/` are mostly headlines and close neighbours, on purpose: on their
//! held-out half `tests` prints the same figures and asserts floors. There 1.7 % of the foreign pieces of 8 words are
//! called French (four: two Picard, two French quotes in English). The table in the repository has learnt the whole of
//! those other sentences (`--all`) and the snippets' development half; nothing but the snippets measures it.

mod stage;

mod normalizer;

mod decode;

mod entries;
mod file;
mod page;
mod seed;
mod teaser;

mod language;
mod text;
mod urls;

mod article;
mod dateline;

pub use language::{Detected, Detector as LanguageDetector, is_known_language, known_languages};
pub use normalizer::{Normalizer, Options, Unwanted};
pub use page::{PageArticle, barrier_to, read_page};
pub use stage::run;
pub use text::{Repairs, clean_line, clean_text, fold, markup_to_text, repair_mojibake};
pub use urls::{canonical as canonical_url, key as url_key};
