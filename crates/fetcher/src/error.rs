//! What can go wrong while asking, told so that a user knows what to do next.

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
        "{host} is at {address}, {kind}: not asked; set `fetch.allow_private_addresses = true` if this is meant"
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
    #[error("the answer of {host} is larger than {limit} bytes; raise `fetch.max_body` to accept it")]
    TooLarge { host: String, limit: u64 },
    #[error("the answer of {host} cannot be used: {why}")]
    Broken { host: String, why: String },
    #[error("redirected from {from} to {to}: {why}")]
    Redirect { from: String, to: String, why: String },
    #[error("robots.txt of {host} disallows {path} for this program")]
    Disallowed { host: String, path: String },
    #[error("robots.txt of {host} could not be read ({why}), which counts as disallowed until it can be")]
    RobotsUnreadable { host: String, why: String },
    #[error("{host} asked not to be asked before {until}")]
    Quiet { host: String, until: Timestamp },
}

impl ExchangeError {
    /// Whether no server could be reached at all.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Dns { .. } | Self::Connect { .. } | Self::Tls { .. })
    }

    /// How much the failure says of the next time.
    pub(crate) fn class(&self) -> FailureClass {
        match self {
            Self::Address { .. }
            | Self::Refused { .. }
            | Self::Dns { .. }
            | Self::Tls { .. }
            | Self::TooLarge { .. }
            | Self::Redirect { .. }
            | Self::Disallowed { .. } => FailureClass::Hard,
            Self::Connect { .. } | Self::RobotsUnreadable { .. } => FailureClass::Soft,
            Self::Timeout { .. } | Self::Broken { .. } | Self::Quiet { .. } => FailureClass::Transient,
        }
    }

    /// Whether asking again soon may help.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. }
            | Self::RobotsUnreadable { .. } => true,
            Self::Address { .. }
            | Self::Refused { .. }
            | Self::TooLarge { .. }
            | Self::Redirect { .. }
            | Self::Disallowed { .. }
            | Self::Quiet { .. } => false,
        }
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
