//! From captures to clean articles.
//!
//! A [`Normalizer`] takes one journaled capture (a feed answer, a page, a replayed file) and gives what came of it:
//! articles, orders for pages worth fetching, and rejections with their reasons. It is pure: no clock, no network, no
//! disk; the same capture gives the same output. [`run`] drives it over worker threads and keeps the order.
//!
//! What the outside wrote is never trusted: bytes are capped before they are decoded, markup before it is parsed,
//! and a parser that panics rejects one capture.
//!
//! Modules are listed in the order of the flow.

mod stage;

mod normalizer;

mod decode;

mod entries;
mod file;
mod page;
mod seed;

mod language;
mod text;
mod urls;

mod article;

pub use language::{Detected, Detector as LanguageDetector};
pub use normalizer::{Normalizer, Options, Unwanted};
pub use page::{PageArticle, barrier_to, read_page};
pub use stage::run;
pub use text::{Repairs, clean_line, clean_text, fold, markup_to_text, repair_mojibake};
pub use urls::canonical as canonical_url;
