//! What publishers ask for: how long an answer stays fresh, how often a feed changes, when it never does.
//!
//! All of it is a lower bound for the next wait, none of it beyond `fetch.interval.max_hint`: a rule of a cache that was
//! meant for images must not put a newspaper off by a year.
//!
//! | hint | where | source |
//! |---|---|---|
//! | `max-age`, else `s-maxage`, less `Age` | `Cache-Control` | RFC 9111 §4.2.1, §5.2.2 |
//! | `Expires` − `Date` | head, where there is no `max-age` | RFC 9111 §5.3 |
//! | `ttl`, minutes | RSS | RSS 2.0 specification |
//! | `sy:updatePeriod` ÷ `sy:updateFrequency` | RSS, RDF | RSS 1.0 syndication module |
//! | `skipHours`, `skipDays`, in UTC | RSS | RSS 2.0 specification |
//!
//! Of `max-age` and `s-maxage` the first counts where both stand: the second is for caches that are told when something
//! changes, as this program is not.

use std::time::Duration;

use depeche_model::HttpAnswer;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Which hint it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hint {
    /// `Cache-Control: max-age` or `s-maxage`.
    CacheControl,
    /// `Expires`, relative to `Date`.
    Expires,
    /// `ttl` of RSS.
    Ttl,
    /// `sy:updatePeriod` and `sy:updateFrequency`.
    UpdatePeriod,
    /// `skipHours` of RSS.
    SkipHours,
    /// `skipDays` of RSS.
    SkipDays,
}

impl Hint {
    /// The hint as the publisher writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CacheControl => "Cache-Control",
            Self::Expires => "Expires",
            Self::Ttl => "ttl",
            Self::UpdatePeriod => "sy:updatePeriod",
            Self::SkipHours => "skipHours",
            Self::SkipDays => "skipDays",
        }
    }
}

/// What the feed says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FeedHints {
    /// `ttl`, in seconds; 0 is none.
    pub ttl: u32,
    /// The update period divided by its frequency, in seconds; 0 is none.
    pub update_every: u32,
    /// The hours to skip, in UTC: bit 0 is midnight.
    pub skip_hours: u32,
    /// The days to skip, in UTC: bit 0 is Monday.
    pub skip_days: u8,
}

/// The hints in force for a feed: those of its last whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Standing {
    /// How long an answer stays fresh, by which header field, in seconds.
    pub freshness: Option<(Hint, u32)>,
    /// What the feed says of itself.
    pub feed: FeedHints,
}

impl Standing {
    /// After a whole answer: its header counts, whatever was before.
    pub fn answered(&mut self, answer: &HttpAnswer) {
        self.freshness = freshness(answer).map(|(hint, fresh)| (hint, seconds(fresh)));
    }

    /// After a 304: it may shorten what the answer it confirms asked for, and not lengthen it.
    pub fn confirmed(&mut self, answer: &HttpAnswer) {
        if let (Some((_, before)), Some((hint, now))) = (self.freshness, freshness(answer))
            && seconds(now) < before
        {
            self.freshness = Some((hint, seconds(now)));
        }
    }

    /// The longest wait that is asked for, and by which hint; hours and days to skip apart.
    #[must_use]
    pub fn floor(&self, max_hint: Duration) -> Option<(Hint, Duration)> {
        self.waits()
            .map(|(hint, wait)| (hint, wait.min(max_hint)))
            .max_by_key(|(_, wait)| *wait)
    }

    /// Every wait that is asked for, as it was asked.
    pub fn waits(&self) -> impl Iterator<Item = (Hint, Duration)> {
        let wait = |hint, seconds: u32| (seconds > 0).then(|| (hint, Duration::from_secs(seconds.into())));
        [
            self.freshness.and_then(|(hint, fresh)| wait(hint, fresh)),
            wait(Hint::Ttl, self.feed.ttl),
            wait(Hint::UpdatePeriod, self.feed.update_every),
        ]
        .into_iter()
        .flatten()
    }

    /// The first moment from `due` on that is in no hour or day to skip, and which hint moved it; at the latest `latest`.
    #[must_use]
    pub fn skip(&self, due: Timestamp, latest: Timestamp) -> Option<(Hint, Timestamp)> {
        let mut at = due;
        let mut moved = None;
        // Eight days of hours: a week that is skipped whole is a mistake, and `latest` ends the search.
        for _ in 0..8 * 24 {
            let utc = at.to_zoned(TimeZone::UTC);
            let day = utc.weekday().to_monday_zero_offset();
            let hint = if self.feed.skip_days >> day & 1 == 1 {
                Hint::SkipDays
            } else if self.feed.skip_hours >> utc.hour() & 1 == 1 {
                Hint::SkipHours
            } else {
                return moved.map(|hint| (hint, at));
            };
            moved = Some(hint);
            let into_hour = at.as_second().rem_euclid(3600);
            at = at
                .saturating_add(SignedDuration::from_secs(3600 - into_hour))
                .unwrap_or(at);
            if at >= latest {
                return (latest > due).then_some((hint, latest));
            }
        }
        None
    }
}

fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)
}

/// How long an answer stays fresh by its header; `None` where it does not say or is not to be kept.
#[must_use]
pub fn freshness(answer: &HttpAnswer) -> Option<(Hint, Duration)> {
    let directives: Vec<(String, Option<String>)> = answer
        .headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("cache-control"))
        .filter_map(|header| std::str::from_utf8(&header.value).ok())
        .flat_map(|value| value.split(','))
        .map(|directive| match directive.split_once('=') {
            Some((name, value)) => (
                name.trim().to_ascii_lowercase(),
                Some(value.trim().trim_matches('"').to_owned()),
            ),
            None => (directive.trim().to_ascii_lowercase(), None),
        })
        .collect();
    if directives
        .iter()
        .any(|(name, _)| name == "no-cache" || name == "no-store")
    {
        return None;
    }
    let given = |wanted: &str| {
        directives
            .iter()
            .find(|(name, _)| name == wanted)
            .and_then(|(_, value)| delta_seconds(value.as_deref()?))
    };
    if let Some(lifetime) = given("max-age").or_else(|| given("s-maxage")) {
        let age = answer.header("age").and_then(delta_seconds).unwrap_or_default();
        let left = lifetime.saturating_sub(age);
        return (!left.is_zero()).then_some((Hint::CacheControl, left));
    }
    let date = |name| {
        let written = answer.header(name)?;
        Timestamp::try_from(httpdate::parse_http_date(written.trim()).ok()?).ok()
    };
    let left = Duration::try_from(date("expires")?.duration_since(date("date")?)).ok()?;
    (!left.is_zero()).then_some((Hint::Expires, left))
}

/// Seconds in digits; more of them than fit are a long time, not none (RFC 9111 §1.2.2).
fn delta_seconds(written: &str) -> Option<Duration> {
    let digits = written.trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use depeche_model::Header;

    use super::*;

    fn answer(fields: &[(&str, &str)]) -> HttpAnswer {
        HttpAnswer {
            status: 200,
            headers: fields
                .iter()
                .map(|(name, value)| Header {
                    name: (*name).to_owned(),
                    value: value.as_bytes().to_vec(),
                })
                .collect(),
            body: bytes::Bytes::new(),
        }
    }

    #[test]
    fn freshness_is_what_is_left_of_it() {
        let day = "Sun, 01 Feb 2026 12:00:00 GMT";
        let hour_later = "Sun, 01 Feb 2026 13:00:00 GMT";
        for (fields, left) in [
            (
                &[("Cache-Control", "public, Max-Age=1200")][..],
                Some((Hint::CacheControl, 1200)),
            ),
            (
                &[("cache-control", "s-maxage=900")],
                Some((Hint::CacheControl, 900)),
            ),
            (
                &[("Cache-Control", "s-maxage=86400, max-age=60")],
                Some((Hint::CacheControl, 60)),
            ),
            (
                &[("Cache-Control", "private"), ("Cache-Control", "max-age=\"300\"")],
                Some((Hint::CacheControl, 300)),
            ),
            (
                &[("Cache-Control", "max-age=600"), ("Age", "200")],
                Some((Hint::CacheControl, 400)),
            ),
            (&[("Cache-Control", "max-age=600"), ("Age", "700")], None),
            (&[("Cache-Control", "no-cache, max-age=600")], None),
            (
                &[
                    ("Cache-Control", "max-age=0"),
                    ("Expires", hour_later),
                    ("Date", day),
                ],
                None,
            ),
            (
                &[("Expires", hour_later), ("Date", day)],
                Some((Hint::Expires, 3600)),
            ),
            (&[("Expires", day), ("Date", hour_later)], None),
            (&[("Expires", "0"), ("Date", day)], None),
            (&[("Expires", hour_later)], None),
            (&[("Cache-Control", "max-age=soon")], None),
        ] {
            let read = freshness(&answer(fields)).map(|(hint, wait)| (hint, wait.as_secs()));
            assert_eq!(read, left, "{fields:?}");
        }
    }

    #[test]
    fn a_304_may_shorten_and_not_lengthen() {
        let mut standing = Standing::default();
        standing.answered(&answer(&[("Cache-Control", "max-age=600")]));
        for (came, stands) in [
            ("max-age=3600", 600),
            ("max-age=300", 300),
            ("private", 300),
            ("max-age=600", 300),
        ] {
            standing.confirmed(&answer(&[("Cache-Control", came)]));
            assert_eq!(standing.freshness, Some((Hint::CacheControl, stands)), "{came}");
        }
        standing.answered(&answer(&[]));
        standing.confirmed(&answer(&[("Cache-Control", "max-age=3600")]));
        assert_eq!(standing.freshness, None);
    }

    #[test]
    fn the_longest_wish_counts_and_none_is_longer_than_allowed() {
        let day = Duration::from_hours(24);
        let mut standing = Standing::default();
        assert_eq!(standing.floor(day), None);
        standing.feed.ttl = 1800;
        standing.feed.update_every = 3600;
        standing.freshness = Some((Hint::CacheControl, 300));
        assert_eq!(
            standing.floor(day),
            Some((Hint::UpdatePeriod, Duration::from_hours(1)))
        );
        standing.freshness = Some((Hint::CacheControl, 31_536_000));
        assert_eq!(standing.floor(day), Some((Hint::CacheControl, day)));
    }

    #[test]
    fn hours_and_days_to_skip_are_skipped_up_to_the_longest_wait() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let skip = |hours: u32, days: u8, due: &str| {
            let standing = Standing {
                feed: FeedHints {
                    skip_hours: hours,
                    skip_days: days,
                    ..FeedHints::default()
                },
                ..Standing::default()
            };
            let latest = at(due).saturating_add(SignedDuration::from_hours(24)).unwrap();
            standing
                .skip(at(due), latest)
                .map(|(hint, at)| (hint, at.to_string()))
        };
        // 2026-02-01 is a Sunday.
        assert_eq!(skip(0b1111, 0, "2026-02-01T05:00:00Z"), None);
        assert_eq!(
            skip(0b1111, 0, "2026-02-01T01:20:00Z"),
            Some((Hint::SkipHours, "2026-02-01T04:00:00Z".to_owned()))
        );
        assert_eq!(
            skip(0, 0b100_0000, "2026-02-01T13:20:30Z"),
            Some((Hint::SkipDays, "2026-02-02T00:00:00Z".to_owned()))
        );
        assert_eq!(
            skip(1, 0b100_0000, "2026-02-01T23:59:59Z"),
            Some((Hint::SkipHours, "2026-02-02T01:00:00Z".to_owned()))
        );
        for all in [(0x00ff_ffff, 0), (0, 0x7f)] {
            let (_, moved) = skip(all.0, all.1, "2026-02-01T01:20:00Z").unwrap();
            assert_eq!(moved, "2026-02-02T01:20:00Z");
        }
    }
}
