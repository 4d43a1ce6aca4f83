//! Reading a body: kept as on the wire, decoded while it comes, and given up where it passes a limit.
//!
//! The limits: bytes on the wire and decoded, their ratio, the deadline of the exchange, the time without a byte, the
//! rate on the average, and the process's budget of bytes. A body that breaks off is kept as far as it came; so is one
//! of a feed whose rest does not come in time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use depeche_model::{BodyDecoder, DecodeError, DecodeLimits, HttpAnswer};
use tokio::time::Instant;

use super::budget::{Budget, Held};
use super::classify::{classify, root_cause};
use crate::error::ExchangeError;

/// The time after which a rate says something: a slow start is none of the server's malice, and the time without a
/// byte is watched from the beginning.
const RATE_GRACE: Duration = Duration::from_secs(15);

/// Encoded bytes decoded at a time, so that the budget is asked before much more comes out of them.
const PIECE_BYTES: usize = 4 * 1024;

/// Decoded bytes after which other tasks of the thread get their turn: some 100 µs of work.
const YIELD_BYTES: u64 = 128 * 1024;

/// What a body may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Of the whole exchange, for the message; the deadline itself is the exchange's.
    pub(super) timeout: Duration,
    pub(super) idle: Duration,
    /// Bytes a second; 0 for any number.
    pub(super) min_rate: u64,
    pub(super) max_bytes: u64,
    pub(super) max_ratio: u32,
    /// Where the reading ends, with whatever came by then.
    pub(super) cut: Option<u64>,
    /// Whether what came is kept when the rest does not come in time: half a feed has articles, half a page is none.
    pub(super) keeps_part: bool,
}

/// A body as read, beside its bytes on the wire.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) decoded: Bytes,
    pub(super) truncated: bool,
    /// Which limit of time ended it.
    pub(super) overdue: Option<ExchangeError>,
    pub(super) held: Option<Held>,
}

/// One body being read.
pub(super) struct Reading<'a> {
    pub(super) host: &'a str,
    pub(super) limits: Limits,
    pub(super) deadline: Instant,
    /// Time spent waiting for the budget, which no limit counts.
    pub(super) waited: &'a mut Duration,
    pub(super) budget: &'a Budget,
}

/// Why a wait for the next bytes ended without any.
#[derive(Debug, Clone, Copy)]
enum Overdue {
    Whole,
    Idle,
    Rate,
}

impl Reading<'_> {
    /// Reads the body of `response`: its bytes on the wire, and what is made of them.
    pub(super) async fn read(
        &mut self,
        mut response: reqwest::Response,
        answer: &HttpAnswer,
    ) -> Result<(Bytes, Body), ExchangeError> {
        let declared = response.content_length();
        if self.limits.cut.is_none() && declared.is_some_and(|length| length > self.limits.max_bytes) {
            return Err(self.too_large());
        }
        let coding = answer.content_encoding();
        // Without a coding the decoded body is the body itself, not a copy.
        let mut decoder = coding.as_deref().map(|coding| {
            let limits = DecodeLimits {
                max_bytes: self.limits.max_bytes,
                max_ratio: Some(self.limits.max_ratio),
            };
            BodyDecoder::new(Some(coding), limits)
        });
        let mut wire = BytesMut::new();
        let mut held = self.budget.hold();
        let mut begun = Instant::now();
        let mut latest = begun;
        let mut late = None;
        let broke_off = loop {
            let (due, overdue) = self.next_due(begun, latest, wire.len() as u64);
            let chunk = match tokio::time::timeout_at(due, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break false,
                Ok(Err(error)) if wire.is_empty() => return Err(classify(&error, self.host)),
                Ok(Err(error)) => {
                    let (host, bytes) = (self.host, wire.len());
                    tracing::warn!(
                        host,
                        bytes,
                        why = root_cause(&error),
                        "answer broke off, keeping what came"
                    );
                    break true;
                }
                Err(_) => {
                    let error = self.overdue(overdue);
                    if wire.is_empty() || !self.limits.keeps_part {
                        return Err(error);
                    }
                    tracing::info!(bytes = wire.len(), %error, "the rest of an answer did not come, keeping what came");
                    late = Some(error);
                    break true;
                }
            };
            latest = Instant::now();
            let room = self
                .limits
                .cut
                .map_or(usize::MAX, |cut| (cut as usize).saturating_sub(wire.len()));
            let chunk = chunk.slice(..chunk.len().min(room));
            if (wire.len() + chunk.len()) as u64 > self.limits.max_bytes && self.limits.cut.is_none() {
                return Err(self.too_large());
            }
            let waited = self.take(&chunk, &mut wire, decoder.as_mut(), &mut held).await?;
            *self.waited += waited;
            self.deadline += waited;
            begun += waited;
            latest += waited;
            if self.limits.cut.is_some_and(|cut| wire.len() as u64 >= cut) {
                break false;
            }
        };
        let wire = wire.freeze();
        let (decoded, damaged) = match decoder {
            Some(decoder) => {
                let decoded = decoder.finish().map_err(|error| self.undecodable(error))?;
                (decoded.bytes, decoded.truncated)
            }
            None => (wire.clone(), false),
        };
        let body = Body {
            decoded,
            truncated: broke_off || damaged,
            overdue: late,
            held: Some(held),
        };
        Ok((wire, body))
    }

    /// Keeps and decodes a chunk; the time spent waiting for the budget.
    async fn take(
        &self,
        chunk: &[u8],
        wire: &mut BytesMut,
        mut decoder: Option<&mut BodyDecoder>,
        held: &mut Held,
    ) -> Result<Duration, ExchangeError> {
        let mut waited = Duration::ZERO;
        let mut yielded_at = decoder.as_ref().map_or(0, |decoder| decoder.decoded_bytes());
        for piece in chunk.chunks(PIECE_BYTES) {
            wire.extend_from_slice(piece);
            let mut bytes = wire.len() as u64;
            if let Some(decoder) = &mut decoder {
                decoder.push(piece).map_err(|error| self.undecodable(error))?;
                let decoded = decoder.decoded_bytes();
                bytes += decoded;
                if decoded - yielded_at > YIELD_BYTES {
                    yielded_at = decoded;
                    tokio::task::yield_now().await;
                }
            }
            if !held.try_grow(bytes) {
                let begun = Instant::now();
                held.grow(bytes).await;
                waited += begun.elapsed();
            }
        }
        Ok(waited)
    }

    /// When the next bytes must have come, and what it is if they have not.
    fn next_due(&self, begun: Instant, latest: Instant, bytes: u64) -> (Instant, Overdue) {
        let idle = (latest + self.limits.idle, Overdue::Idle);
        let rate = bytes.checked_div(self.limits.min_rate).map(|seconds| {
            let enough = Duration::from_secs(seconds).max(RATE_GRACE);
            (begun + enough, Overdue::Rate)
        });
        let whole = (self.deadline, Overdue::Whole);
        let soonest = |a: (Instant, Overdue), b: (Instant, Overdue)| if b.0 < a.0 { b } else { a };
        soonest(soonest(whole, idle), rate.unwrap_or(whole))
    }

    fn overdue(&self, overdue: Overdue) -> ExchangeError {
        let host = self.host.to_owned();
        match overdue {
            Overdue::Whole => ExchangeError::Timeout {
                host,
                limit: self.limits.timeout,
            },
            Overdue::Idle => ExchangeError::Idle {
                host,
                limit: self.limits.idle,
            },
            Overdue::Rate => ExchangeError::TooSlow {
                host,
                limit: self.limits.min_rate,
            },
        }
    }

    fn too_large(&self) -> ExchangeError {
        ExchangeError::TooLarge {
            host: self.host.to_owned(),
            limit: self.limits.max_bytes,
        }
    }

    fn undecodable(&self, error: DecodeError) -> ExchangeError {
        let host = self.host.to_owned();
        match error {
            DecodeError::TooLarge { limit } => ExchangeError::TooLarge { host, limit },
            DecodeError::TooDense { limit } => ExchangeError::TooDense { host, limit },
            error @ DecodeError::Unknown(_) => ExchangeError::Broken {
                host,
                why: error.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_limit_to_pass_is_the_one_told() {
        let budget = Budget::new(1 << 20, 1 << 10);
        let mut waited = Duration::ZERO;
        let begun = Instant::now();
        let mut reading = Reading {
            host: "h",
            limits: Limits {
                timeout: Duration::from_secs(30),
                idle: Duration::from_secs(15),
                min_rate: 1000,
                max_bytes: 1 << 20,
                max_ratio: 200,
                cut: None,
                keeps_part: false,
            },
            deadline: begun + Duration::from_secs(30),
            waited: &mut waited,
            budget: &budget,
        };
        let after = |reading: &Reading<'_>, latest: u64, bytes: u64| {
            let (due, overdue) = reading.next_due(begun, begun + Duration::from_secs(latest), bytes);
            ((due - begun).as_secs(), reading.overdue(overdue).word())
        };
        assert_eq!(after(&reading, 0, 0), (15, "idle"));
        assert_eq!(after(&reading, 4, 0), (15, "too_slow"));
        assert_eq!(after(&reading, 4, 1_000_000), (19, "idle"));
        assert_eq!(after(&reading, 10, 16_000), (16, "too_slow"));
        assert_eq!(after(&reading, 14, 17_000), (17, "too_slow"));
        assert_eq!(after(&reading, 20, 1_000_000), (30, "timeout"));
        reading.limits.min_rate = 0;
        assert_eq!(after(&reading, 14, 0), (29, "idle"));
    }
}
