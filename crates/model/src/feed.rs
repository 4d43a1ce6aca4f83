//! A feed as the flow sees it: whether pages are fetched, what each poll reported, and its line in the fetch log.

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
    /// 200 with the answer before once more, but for what changes at every request: nothing went to the journal.
    Repeated {
        /// Body bytes on the wire.
        bytes: u64,
        /// The validators to send from now on.
        validators: Validators,
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
    /// Something between the program and the feed answered in its place: a wall against robots.
    Blocked {
        /// What gave it away, for people.
        evidence: String,
    },
    /// No usable answer: DNS, connection, TLS, time-out, size or address refused.
    Failed {
        /// The reason, for people.
        error: String,
        /// Whether no server could be reached at all.
        unreachable: bool,
    },
    /// Not asked: its host had asked for quiet. Nothing is known of the feed itself.
    PutOff {
        /// When asking is welcome again.
        until: Timestamp,
    },
}

impl PollOutcome {
    /// The outcome in one word, as listings and the fetch log write it: a status code where there was one.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Fetched { .. } | Self::Repeated { .. } => "200".to_owned(),
            Self::NotModified { .. } => "304".to_owned(),
            Self::Refused { status } => status.to_string(),
            Self::Blocked { .. } => "blocked".to_owned(),
            Self::Failed { .. } => "failed".to_owned(),
            Self::PutOff { .. } => "put off".to_owned(),
        }
    }

    /// What was wrong, for people; `None` where nothing was.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        match self {
            Self::Fetched { .. } | Self::Repeated { .. } | Self::NotModified { .. } | Self::PutOff { .. } => {
                None
            }
            Self::Refused { status } => Some(format!("the server answered {status}")),
            Self::Blocked { evidence } => Some(format!("a wall against robots answered: {evidence}")),
            Self::Failed { error, .. } => Some(error.clone()),
        }
    }
}

/// How long the parts of an exchange took, in milliseconds. A part that did not take place is `None`: nothing is resolved
/// or connected on a connection that is used again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Resolving the name.
    pub resolve: Option<u32>,
    /// Connecting, the TLS handshake included: the client gives no place to part them.
    pub connect: Option<u32>,
    /// From the request to the head of the answer.
    pub first_byte: Option<u32>,
    /// From the beginning of the exchange to the last byte, redirects included, waiting for the host's turn not.
    pub total: Option<u32>,
}

/// A line of a feed's fetch log: one poll.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchRecord {
    /// Which poll of the feed it was, from 1.
    pub number: u64,
    /// When it ended.
    pub at: Timestamp,
    /// How it ended, in one word: see [`PollOutcome::word`].
    pub outcome: String,
    /// What was wrong, for people.
    pub error: Option<String>,
    /// Body bytes on the wire.
    pub wire_bytes: u64,
    /// Body bytes with the content coding off.
    pub decoded_bytes: u64,
    /// How long its parts took.
    pub timings: Timings,
    /// How the charset was told, for people; `None` without a body.
    pub charset: Option<String>,
    /// Items that no earlier answer held; `None` where no feed was read.
    pub new_items: Option<u32>,
    /// Items of the answer.
    pub items: Option<u32>,
    /// When the next poll is due.
    pub next_due: Option<Timestamp>,
    /// Why then, for people.
    pub rule: String,
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
    /// What the fetcher remembers of the feed, in a form of its own that nobody else reads.
    pub memory: Option<Vec<u8>>,
    /// The poll's line in the feed's fetch log; `None` for one that sent no request.
    pub record: Option<Box<FetchRecord>>,
}
