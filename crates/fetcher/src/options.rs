//! What the fetcher is told: the limits and manners of asking, and the feeds with their restored state.

use std::path::PathBuf;
use std::time::Duration;

use depeche_model::{PagePolicy, Validators};
use jiff::Timestamp;

use crate::address::AddressRange;

/// When `robots.txt` (RFC 9309) is asked for leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RobotsPolicy {
    /// Never.
    Never,
    /// Before fetching a page. A feed is published for programs to poll, so polling it needs no leave.
    #[default]
    Pages,
    /// Before fetching a page and before polling a feed.
    Always,
}

/// How often a feed is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Where every feed begins.
    pub default: Duration,
    /// The shortest interval that `adaptive` goes down to.
    pub min: Duration,
    /// The longest interval, also between attempts at a feed that fails.
    pub max: Duration,
    /// Whether a feed is polled the more often the more often it brings something new.
    pub adaptive: bool,
    /// The longest wait that a publisher's hint (`Cache-Control`, `ttl` and the like) is honoured up to.
    pub max_hint: Duration,
}

impl Default for Interval {
    fn default() -> Self {
        Self {
            default: Duration::from_mins(15),
            min: Duration::from_mins(5),
            max: Duration::from_hours(24),
            adaptive: true,
            max_hint: Duration::from_hours(24),
        }
    }
}

/// The pace at one host, where it is another than the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    /// The host's name; its sub-domains are meant too, unless a rule with a longer name matches them.
    pub name: String,
    /// The least time from one request's start to the next one's; the default when absent.
    pub interval: Option<Duration>,
    /// Requests in flight at once; the default when absent. At least 1.
    pub concurrency: Option<usize>,
}

/// The limits and manners of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// Sent as `User-Agent`; its first product token (before `/`) is the name that `robots.txt` groups address.
    pub user_agent: String,
    /// Requests in flight, whole process; also answers held in memory. At least 1.
    pub concurrency: usize,
    /// Requests in flight to the hosts of one registrable domain. At least 1.
    pub per_host_concurrency: usize,
    /// The least time from one request's start to the next one's at the hosts of one registrable domain.
    pub per_host_interval: Duration,
    /// Hosts with a pace of their own.
    pub hosts: Vec<HostRule>,
    /// The time an exchange may spend on the network: connecting, headers, body and redirects together. Waiting for
    /// the host's turn does not count.
    pub timeout: Duration,
    /// The longest time in which no byte of a body comes.
    pub idle_timeout: Duration,
    /// Bytes of a body that must come in a second, on the average since its beginning, after a grace of fifteen seconds;
    /// 0 for any number.
    pub min_rate: u64,
    /// The largest body, in bytes, as on the wire and after decoding.
    pub max_body_bytes: u64,
    /// Header fields accepted in one answer. At least 1.
    pub max_headers: usize,
    /// Decoded bytes accepted for one byte on the wire, beyond the first mebibyte. At least 1.
    pub max_ratio: u32,
    /// Bytes of bodies held at once, on the wire and decoded, whole process. At least four times `max_body_bytes`.
    pub in_flight_bytes: u64,
    /// How often a feed is polled.
    pub interval: Interval,
    /// When `robots.txt` is asked for leave.
    pub robots: RobotsPolicy,
    /// Whether loopback, private and other non-public addresses may be asked.
    pub allow_private_addresses: bool,
    /// Non-public addresses that may be asked all the same.
    pub allow_addresses: Vec<AddressRange>,
    /// PEM files of certificate authorities that are trusted beside the system's.
    pub extra_roots: Vec<PathBuf>,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            user_agent: "depeche/0.1 (+https://example.org/robot)".to_owned(),
            concurrency: 64,
            per_host_concurrency: 1,
            per_host_interval: Duration::from_secs(2),
            hosts: Vec::new(),
            timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(15),
            min_rate: 1024,
            max_body_bytes: 15 * 1024 * 1024,
            // hyper's own limit of 100 refuses real answers: lexpress.fr sends more.
            max_headers: 1000,
            // Deflate reaches 1,032; feeds of the press stay below 30.
            max_ratio: 200,
            in_flight_bytes: 256 * 1024 * 1024,
            interval: Interval::default(),
            robots: RobotsPolicy::default(),
            allow_private_addresses: false,
            allow_addresses: Vec::new(),
            extra_roots: Vec::new(),
        }
    }
}

/// A feed to poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedTarget {
    /// The address, `http` or `https`.
    pub url: String,
    /// The source's name; the address's host when absent.
    pub name: Option<String>,
    /// Whether the pages behind its entries are fetched.
    pub page: PagePolicy,
    /// The zone of dates that name none (`America/Toronto`), where it has one of its own.
    pub timezone: Option<String>,
    /// Labels given by the configuration.
    pub tags: Vec<String>,
}

impl FeedTarget {
    /// The name its captures carry: the configured one, or the host of the address.
    #[must_use]
    pub fn source(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            url::Url::parse(&self.url)
                .ok()
                .and_then(|url| url.host_str().map(str::to_owned))
                .unwrap_or_else(|| self.url.clone())
        })
    }
}

/// What is known of a feed from earlier polls, restored by the wiring at start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedState {
    /// Validators of the latest durable answer, sent back byte for byte.
    pub validators: Validators,
    /// When the next poll is due; `None` means at once.
    pub next_due: Option<Timestamp>,
    /// What [`depeche_model::PollReport::memory`] last said; empty for a feed that was never polled.
    pub memory: Box<[u8]>,
}
