//! What can go wrong while asking, told so that a user knows what to do next, and so that the schedule knows how
//! much it weighs.

use std::time::Duration;

use jiff::Timestamp;

use crate::schedule::FailureClass;

/// Why the fetcher cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// An option has a value that cannot work.
    #[error("`{setting}` is {found}: give {expected}")]
    Option {
        /// The setting as configuration names it.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A file of certificates could not be used.
    #[error("`fetch.extra_roots`: {path}: {why}; give PEM files of certificate authorities")]
    Roots {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built; check that the system's certificate store can be read")]
    Client(#[source] reqwest::Error),
}

/// Why an exchange gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ExchangeError {
    #[error("`{url}` is not an address that can be asked: {why}")]
    Address { url: String, why: String },
    #[error(
        "{host} is at {address}, {kind}: not asked; name it in `fetch.allow_addresses` or set \
         `fetch.allow_private_addresses = true` if this is meant"
    )]
    Refused {
        host: String,
        address: std::net::IpAddr,
        kind: &'static str,
    },
    #[error("the name {host} could not be resolved: {why}")]
    Dns { host: String, why: String },
    #[error("connecting to {host} failed: {why}")]
    Connect { host: String, why: String },
    #[error("TLS with {host} failed: {why}")]
    Tls { host: String, why: String },
    #[error("no complete answer from {host} within {}: time-out (`fetch.timeout`)", seconds(*.limit))]
    Timeout { host: String, limit: Duration },
    #[error("{host} sent nothing for {} inside its answer (`fetch.idle_timeout`)", seconds(*.limit))]
    Idle { host: String, limit: Duration },
    #[error("{host} sent its answer at less than {limit} bytes a second (`fetch.min_rate`)")]
    TooSlow { host: String, limit: u64 },
    #[error("the answer of {host} is larger than {limit} bytes; raise `fetch.max_body` to accept it")]
    TooLarge { host: String, limit: u64 },
    #[error("the answer of {host} grows more than {limit} times as large in decoding (`fetch.max_ratio`)")]
    TooDense { host: String, limit: u32 },
    #[error("the head of the answer of {host} is too large: {why}")]
    TooManyHeaders { host: String, why: String },
    #[error("the answer of {host} cannot be used: {why}")]
    Broken { host: String, why: String },
    #[error("{host} wants a person before the screen and not this program: {evidence}")]
    Blocked { host: String, evidence: String },
    #[error("redirected from {from} to {to}: {why}")]
    Redirect { from: String, to: String, why: String },
    #[error("robots.txt of {host} disallows {path} for this program")]
    Disallowed { host: String, path: String },
    #[error("robots.txt of {host} could not be read ({why}), which counts as disallowed until it can be")]
    RobotsUnreadable { host: String, why: String },
    #[error("{host} asked not to be asked before {until}")]
    Quiet { host: String, until: Timestamp },
    #[error("too many feeds that are redirected to {host} wait there; this one comes again at {until}")]
    Crowded { host: String, until: Timestamp },
}

impl ExchangeError {
    /// Whether no server could be reached at all.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Dns { .. } | Self::Connect { .. } | Self::Tls { .. })
    }

    /// How lasting the failure looks. A wish for quiet is none, nor is a crowd: nothing was asked.
    pub(crate) fn class(&self) -> FailureClass {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Idle { .. }
            | Self::Quiet { .. }
            | Self::Crowded { .. } => FailureClass::Transient,
            Self::Dns { .. }
            | Self::Tls { .. }
            | Self::TooSlow { .. }
            | Self::TooLarge { .. }
            | Self::TooDense { .. }
            | Self::TooManyHeaders { .. }
            | Self::Broken { .. }
            | Self::Blocked { .. }
            | Self::RobotsUnreadable { .. } => FailureClass::Soft,
            Self::Address { .. } | Self::Refused { .. } | Self::Redirect { .. } | Self::Disallowed { .. } => {
                FailureClass::Hard
            }
        }
    }

    /// One word for listings and counters.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Address { .. } => "address",
            Self::Refused { .. } => "refused",
            Self::Dns { .. } => "dns",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::Idle { .. } => "idle",
            Self::TooSlow { .. } => "too_slow",
            Self::TooLarge { .. } => "too_large",
            Self::TooDense { .. } => "too_dense",
            Self::TooManyHeaders { .. } => "headers",
            Self::Broken { .. } => "broken",
            Self::Blocked { .. } => "blocked",
            Self::Redirect { .. } => "redirect",
            Self::Disallowed { .. } => "disallowed",
            Self::RobotsUnreadable { .. } => "robots",
            Self::Quiet { .. } => "quiet",
            Self::Crowded { .. } => "crowded",
        }
    }

    /// Whether asking again soon may help.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Dns { .. }
                | Self::Connect { .. }
                | Self::Tls { .. }
                | Self::Timeout { .. }
                | Self::Idle { .. }
                | Self::Broken { .. }
                | Self::RobotsUnreadable { .. }
        )
    }
}

/// A duration as people write it.
fn seconds(limit: Duration) -> String {
    if limit.subsec_nanos() == 0 {
        format!("{} s", limit.as_secs())
    } else {
        format!("{} ms", limit.as_millis())
    }
}
