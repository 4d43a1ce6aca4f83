//! A feed as the flow sees it: whether pages are fetched, and what each poll reported.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Validators;

/// Whether the page behind an entry is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PagePolicy {
    /// The feed's own text is all that is wanted.
    Never,
    /// Where the feed carries only a teaser.
    #[default]
    Auto,
    /// For every entry with a link.
    Always,
}

impl PagePolicy {
    /// The policy as configuration and journal write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Auto => "auto",
            Self::Always => "always",
        }
    }

    /// The policy from its written form.
    #[must_use]
    pub fn parse(written: &str) -> Option<Self> {
        [Self::Never, Self::Auto, Self::Always]
            .into_iter()
            .find(|policy| policy.as_str() == written)
    }
}

/// How a poll ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PollOutcome {
    /// 200: the answer went to the journal.
    Fetched {
        /// Body bytes on the wire.
        bytes: u64,
    },
    /// 304: nothing new. New validators may come with it; no body is at stake.
    NotModified {
        /// The validators to send from now on.
        validators: Validators,
    },
    /// The server answered with an error status.
    Refused {
        /// Status code.
        status: u16,
    },
    /// No usable answer: DNS, connection, TLS, time-out, size or address refused.
    Failed {
        /// The reason, for people.
        error: String,
        /// Whether no server could be reached at all.
        unreachable: bool,
    },
}

/// What one poll says of its feed, beside the capture. Losing a report loses no article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollReport {
    /// The address of the feed.
    pub feed_url: String,
    /// When the poll ended.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: PollOutcome,
    /// When the next poll is due, where one is planned.
    pub next_due: Option<Timestamp>,
}
