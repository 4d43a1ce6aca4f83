//! What a feed's answer says.
//!
//! In: the bytes of an answer, its media type, the address it came from. Out: a [`Feed`]: entries in document order,
//! each with what had to be repaired in it, and what the feed says of itself (title, language, hints for polling,
//! hubs, the sitemaps below a sitemap index); or [`NotAFeed`] with what was found instead. Pure: no clock, no network,
//! no disk; the same bytes give the same answer. Nothing here fails on bad input, and nothing panics.
//!
//! The normalizer makes articles of the entries; the fetcher tells new entries from known ones, reads the hints, and
//! ranks what it discovers. Modules are listed in the order of the flow.
//!
//! # One reader
//!
//! Every XML document, well-formed or not, goes through one reader of our own (`xml`). A strict parser behind a repair, with
//! a salvage for what it refuses, reads a broken document three times, and each pass has its own idea of what an entry is.
//! Measured on the corpus in `tests/data/feeds` (395 documents, 645 entries; `cargo test -p depeche-feed --test corpus`):
//!
//! | reader | entries lost | entries with a wrong title, link or text | panics |
//! |---|---|---|---|
//! | `feed-rs` 3.0 alone | 281 (44 %) | 62 of the rest have another title | 5 |
//! | repair, `feed-rs`, salvage where that falls short | 55 (8.5 %) | 65 | 0 |
//! | this one | 0 | 0 | 0 |
//!
//! It is also the faster one (`cargo bench -p depeche-feed`, `benches/README.md`). `feed-rs` remains as the second opinion: the
//! tests hold that whatever it reads of a document, this reader reads as well.

mod charset;
mod sniff;

mod feed;
mod refused;

mod json;
mod xml;

mod address;
mod dates;
mod entities;
mod steady;

pub use address::absolute;
pub use charset::{CharsetEvidence, Mend, NoText, Text, decode};
pub use dates::{
    DEFAULT_ZONE, DateContext, DateReading, Doubt, is_plausible, of_timestamp, parse_date, parse_partial,
    read_date, zone,
};
pub use entities::decode_entities;
pub use feed::{Child, Feed, FeedKind, Hints, Item, read, read_text};
pub use refused::{Found, NotAFeed, Wall, wall};
pub use sniff::{Format, sniff};
pub use steady::steady_digest;
