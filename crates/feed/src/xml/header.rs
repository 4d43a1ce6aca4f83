//! What a feed says of itself, around its entries.

use std::time::Duration;

use crate::address::absolute;
use crate::dates::parse_date;
use crate::feed::{Child, Hints};

use super::draft::Ranked;
use super::elements::Field;

/// A feed's own fields while they are read.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) title: Ranked<String>,
    pub(super) language: Option<String>,
    pub(super) site_url: Ranked<String>,
    pub(super) self_url: Option<String>,
    pub(super) hubs: Vec<String>,
    pub(super) children: Vec<Child>,
    ttl: Option<Duration>,
    period: Option<Duration>,
    frequency: Option<u32>,
    skip_hours: u32,
    skip_days: u8,
    loc: Option<String>,
    lastmod: Option<String>,
}

/// A feed has one or two hubs; more are ignored.
const MAX_HUBS: usize = 8;

/// An index names at most 50,000 sitemaps (sitemaps.org).
const MAX_CHILDREN: usize = 50_000;

/// Days in the order of the bits of [`Hints::skip_days`], by the first letters of their English and French names.
const DAYS: [[&str; 2]; 7] = [
    ["mon", "lun"],
    ["tue", "mar"],
    ["wed", "mer"],
    ["thu", "jeu"],
    ["fri", "ven"],
    ["sat", "sam"],
    ["sun", "dim"],
];

impl Header {
    /// Takes the text of a field of the feed.
    pub(super) fn take(&mut self, field: Field, rank: u8, text: &str, base: Option<&str>) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match field {
            Field::Title => self.title.offer(rank, text.to_owned()),
            Field::Link => {
                if let Some(address) = absolute(text, base) {
                    self.site_url.offer(rank, address);
                }
            }
            Field::Language => {
                self.language.get_or_insert_with(|| text.to_owned());
            }
            Field::Ttl => {
                self.ttl = number(text).map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
            }
            Field::SkippedHour => {
                if let Some(hour) = number(text).filter(|hour| *hour <= 24) {
                    self.skip_hours |= 1 << (hour % 24);
                }
            }
            Field::SkippedDay => {
                let lower = text.to_ascii_lowercase();
                if let Some(day) = DAYS
                    .iter()
                    .position(|names| names.iter().any(|name| lower.starts_with(name)))
                {
                    self.skip_days |= 1 << day;
                }
            }
            Field::UpdatePeriod => self.period = period(text),
            Field::UpdateFrequency => self.frequency = number(text).filter(|times| *times > 0),
            _ => {}
        }
    }

    /// Takes a link of the feed with its relation.
    pub(super) fn take_link(&mut self, rel: &str, kind: &str, href: &str, base: Option<&str>) {
        let Some(address) = absolute(href, base) else {
            return;
        };
        match rel {
            "hub" if self.hubs.len() < MAX_HUBS && !self.hubs.contains(&address) => {
                self.hubs.push(address);
            }
            "self" => {
                self.self_url.get_or_insert(address);
            }
            "alternate" | "" => {
                let rank = if kind.is_empty() || kind.contains("html") {
                    4
                } else {
                    1
                };
                self.site_url.offer(rank, address);
            }
            _ => {}
        }
    }

    /// Takes a field of a sitemap of an index.
    pub(super) fn take_of_child(&mut self, field: Field, text: &str) {
        match field {
            Field::Link => {
                self.loc.get_or_insert_with(|| text.trim().to_owned());
            }
            Field::Updated => {
                self.lastmod.get_or_insert_with(|| text.trim().to_owned());
            }
            _ => {}
        }
    }

    /// Ends a sitemap of an index.
    pub(super) fn end_child(&mut self, base: Option<&str>) {
        let lastmod = self.lastmod.take();
        if let Some(loc) = self.loc.take().and_then(|loc| absolute(&loc, base))
            && self.children.len() < MAX_CHILDREN
        {
            self.children.push(Child {
                loc,
                lastmod: lastmod.as_deref().and_then(parse_date).map(|date| date.at),
            });
        }
    }

    /// The hints among the fields.
    pub(super) fn hints(&self) -> Hints {
        Hints {
            ttl: self.ttl,
            // The frequency is 1 where it is not given (RSS 1.0, syndication module).
            update_every: self
                .period
                .map(|period| period / self.frequency.unwrap_or(1).max(1)),
            skip_hours: self.skip_hours,
            skip_days: self.skip_days,
        }
    }
}

/// A year: the longest wait that a feed can ask for.
const MOST_MINUTES: u32 = 366 * 24 * 60;

/// A number that may be followed by something (`60 minutes`, `60.0`).
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let value: u32 = text.get(..digits)?.parse().ok()?;
    Some(value.min(MOST_MINUTES))
}

/// A period of RSS 1.0's syndication module.
fn period(text: &str) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60;
    let secs = match text.to_ascii_lowercase().as_str() {
        "hourly" => 60 * 60,
        "daily" => DAY,
        "weekly" => 7 * DAY,
        "monthly" => 30 * DAY,
        "yearly" => 365 * DAY,
        _ => return None,
    };
    Some(Duration::from_secs(secs))
}
