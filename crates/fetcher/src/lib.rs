//! The fetcher: when to poll, how to ask politely and safely, what is new.
//!
//! In flow the feeds to poll, the pages that entries ask for, and folders to replay. Out flow captures, byte for
//! byte as on the wire, into the journal's bounded channel, and one report a poll. Nothing is parsed here but
//! what asking needs: addresses, header fields, `robots.txt`, feed lists.
//!
//! Promised: validators are sent only once the capture that carried them is durable (P1); every wait, size and
//! number of hops has a limit (P6); a bad host delays itself alone (P8); no request leaves for a private address
//! unless configured (P9).
//!
//! *Deliberately absent:* disk state (the wiring restores [`FeedState`]), parsing of feeds and pages, cookies,
//! proxies (a proxy would resolve names itself, out of reach of the address rule).
//!
//! Modules are listed from decisions (plain functions) to the loops that act on them.

mod error;
mod options;

mod address;
mod politeness;
mod redirects;
mod resolver;
mod robots;
pub mod schedule;

mod explain;
mod memory;

mod counters;
mod exchange;
mod fetcher;

pub mod agenda;
mod reading;

mod feed_answer;
mod poll;

mod pages;

mod link_field;
mod markup;

mod sitemap_index;

pub mod discover;
pub mod feed_list;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod replay;
pub mod websub;

pub use address::{AddressRange, NoAddressRange};
pub use counters::{Counters, Feeds, Pages, PollSummary, Polls};
pub use error::FetchError;
pub use exchange::Trace;
pub use explain::explain;
pub use fetcher::Fetcher;
pub use memory::{FeedMemory, Moved, Silence};
pub use options::{FeedState, FeedTarget, FetchOptions, HostRule, Interval, RobotsPolicy};
pub use pages::{PagesSummary, fetch_pages};
pub use poll::{Mode, poll};
pub use resolver::{Addresses, Resolver, SystemResolver};
