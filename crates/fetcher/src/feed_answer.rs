//! One poll: asks a feed, hands the answer to the journal, and tells what it means for the feed.
//!
//! The order of things is the promise (P1): the capture goes out, its receipt comes back, and only then do the
//! answer's validators become the feed's.

use std::time::Duration;

use bytes::Bytes;
use depeche_feed::Child;
use depeche_journal::Intake;
use depeche_model::{
    Capture, CaptureKind, FetchRecord, HttpAnswer, Payload, PollOutcome, Timings, Validators,
};
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::error::ExchangeError;
use crate::exchange::{Ask, Exchanged, RedirectHop, Trace, Wanted};
use crate::fetcher::Fetcher;
use crate::memory::FeedMemory;
use crate::options::{FeedTarget, RobotsPolicy};
use crate::reading::{self, NoFeed, ReadFeed, Reading};
use crate::schedule::{self, FailureClass, Finding, Item, Rule};
use crate::sitemap_index::{self, Index};
use crate::websub::Told;

/// The part of an answer's items that must be known for it to be the same feed at another address.
const SAME_FEED: f64 = 0.5;

/// What a poll found; the next one is not planned yet.
#[derive(Debug)]
pub(crate) struct Polled {
    pub(crate) at: Timestamp,
    pub(crate) outcome: PollOutcome,
    pub(crate) found: Found,
    /// The wait that the server asked for.
    pub(crate) asked: Option<Duration>,
    /// The feed's validators from now on.
    pub(crate) validators: Validators,
    pub(crate) memory: FeedMemory,
    /// Its line in the fetch log as far as it is known; `None` when no request was sent.
    pub(crate) record: Option<FetchRecord>,
}

/// What a poll found, as far as the schedule is concerned.
#[derive(Debug)]
pub(crate) enum Found {
    Feed {
        items: Vec<Item>,
        /// The same items, as hubs know them.
        fingerprints: Vec<u64>,
    },
    Unchanged,
    Failed {
        class: FailureClass,
        /// No connection came about.
        unreachable: bool,
    },
    Gone,
    NotAsked(Rule),
}

impl Found {
    /// For the schedule.
    pub(crate) fn finding(&self) -> Finding<'_> {
        match self {
            Self::Feed { items, .. } => Finding::Feed(items),
            Self::Unchanged => Finding::Unchanged,
            Self::Failed { class, .. } => Finding::Failed(*class),
            Self::Gone => Finding::Gone,
            Self::NotAsked(rule) => Finding::NotAsked(*rule),
        }
    }
}

/// Polls one feed. `None` when its answer could not be kept: nothing was settled.
pub(crate) async fn poll_feed(
    fetcher: &Fetcher,
    target: &FeedTarget,
    validators: &Validators,
    memory: FeedMemory,
    outlet: &mpsc::Sender<Intake>,
) -> Option<Polled> {
    let mut poll = Poll {
        fetcher,
        target,
        outlet,
        asked_at: memory.moved.learnt().unwrap_or(&target.url).to_owned(),
        sent: validators.clone(),
        memory,
        record: FetchRecord::default(),
    };
    let begun = fetcher.clock.now();
    let doubts = poll.memory.doubts(begun);
    if doubts {
        tracing::info!(
            feed = target.url,
            "feed has been silent for long: asked without a condition"
        );
        poll.sent = Validators::default();
    }
    let ask = Ask {
        url: &poll.asked_at,
        wanted: Wanted::Feed,
        validators: Some(&poll.sent),
        needs_leave: fetcher.options.robots == RobotsPolicy::Always,
    };
    let (exchanged, trace) = fetcher.exchange(&ask).await;
    poll.note(&trace);
    let now = fetcher.clock.now();
    if doubts && exchanged.is_ok() {
        poll.memory.silence.probed = Some(begun.as_second());
    }
    match exchanged {
        Ok(exchanged) => poll.answered(exchanged, validators, now).await,
        Err(ref error @ (ExchangeError::Quiet { until, .. } | ExchangeError::Crowded { until, .. })) => {
            Some(Polled {
                at: now,
                outcome: PollOutcome::PutOff { until },
                found: Found::NotAsked(match error {
                    ExchangeError::Crowded { .. } => Rule::Crowded,
                    _ => Rule::PutOff,
                }),
                asked: Some(schedule::until(until, now)),
                validators: validators.clone(),
                memory: poll.memory,
                record: None,
            })
        }
        Err(error) => Some(poll.failed(&error, validators, now)),
    }
}

/// A poll under way.
struct Poll<'a> {
    fetcher: &'a Fetcher,
    target: &'a FeedTarget,
    outlet: &'a mpsc::Sender<Intake>,
    /// The configured address, or the one the feed has moved to.
    asked_at: String,
    /// The condition that was sent.
    sent: Validators,
    memory: FeedMemory,
    record: FetchRecord,
}

impl Poll<'_> {
    async fn answered(mut self, exchanged: Exchanged, before: &Validators, now: Timestamp) -> Option<Polled> {
        let asked = exchanged.retry_after;
        match exchanged.answer.status {
            200 | 203 => self.body(exchanged, before, now).await,
            304 if has_any(&self.sent) => {
                self.memory.standing.confirmed(&exchanged.answer);
                self.place(&exchanged, Some(true), now);
                let validators = confirmed(&self.sent, &exchanged.answer);
                let outcome = PollOutcome::NotModified {
                    validators: validators.clone(),
                };
                Some(self.end(outcome, Found::Unchanged, None, validators, now))
            }
            status => {
                let found = match status {
                    // Gone where it had moved to: it may still be where it was.
                    410 if self.memory.moved.learnt().is_none() => Found::Gone,
                    _ => Found::Failed {
                        class: FailureClass::of_status(status),
                        unreachable: false,
                    },
                };
                Some(self.end(PollOutcome::Refused { status }, found, asked, before.clone(), now))
            }
        }
    }

    /// No answer came, or nothing that can be read.
    fn failed(self, error: &ExchangeError, before: &Validators, now: Timestamp) -> Polled {
        tracing::debug!(feed = self.target.url, kind = error.word(), "feed failed");
        let outcome = match error {
            ExchangeError::Blocked { evidence, .. } => PollOutcome::Blocked {
                evidence: evidence.clone(),
            },
            _ => PollOutcome::Failed {
                error: error.to_string(),
                unreachable: error.is_unreachable(),
            },
        };
        let found = Found::Failed {
            class: error.class(),
            unreachable: error.is_unreachable(),
        };
        self.end(outcome, found, None, before.clone(), now)
    }

    /// An answer with a body: a feed, the one before once more, or something else.
    async fn body(mut self, mut exchanged: Exchanged, before: &Validators, now: Timestamp) -> Option<Polled> {
        let base = exchanged.final_uri.as_deref().unwrap_or(&self.asked_at);
        let base = base.to_owned();
        let Reading { steady, feed } =
            reading::read(&exchanged, &base, self.fetcher.options.max_body_bytes).await;
        let bytes = exchanged.answer.body.len() as u64;
        if let Some(error) = exchanged.overdue.take()
            && !feed.as_ref().is_ok_and(|feed| feed.has_content)
        {
            return Some(self.failed(&error, before, now));
        }
        match feed {
            Ok(feed) => {
                let ReadFeed {
                    items,
                    fingerprints,
                    hints,
                    self_url,
                    self_address,
                    hubs,
                    charset,
                    is_complete,
                    has_content: _,
                    sitemaps,
                } = feed;
                // Where the connection's end is the body's, only the document tells that the rest is missing.
                exchanged.truncated |= !is_complete;
                let has_all_below = self.sitemaps(&mut exchanged, &base, sitemaps).await?;
                self.record.charset = charset;
                self.record.items = Some(items.len() as u32);
                self.record.new_items = Some(0);
                self.memory.standing.answered(&exchanged.answer);
                self.memory.standing.feed = hints;
                let same_name = self_url.is_some() && self_url == self.memory.self_url;
                let alike = self.memory.known.likeness(&items).map(|part| part >= SAME_FEED);
                let same_feed = if same_name { Some(true) } else { alike };
                self.place(&exchanged, same_feed, now);
                self.memory.self_url = self_url.or(self.memory.self_url);
                // With the validators of a body that broke off, the next poll would be told that nothing changed, and
                // the entries that did not come would never come; so with an index whose sitemaps did not all come.
                let validators = if exchanged.truncated || !has_all_below {
                    Validators::default()
                } else {
                    Validators::of(&exchanged.answer)
                };
                if let Some(subscriptions) = &self.fetcher.subscriptions {
                    let told = Told {
                        answer: &exchanged.answer,
                        base: &base,
                        hubs: &hubs,
                        topic: self_address.as_deref(),
                        is_whole: !exchanged.truncated,
                    };
                    subscriptions.heard(self.target, &told);
                }
                let truncated = exchanged.truncated;
                let journaled = if truncated {
                    self.memory.part
                } else {
                    self.memory.answer
                };
                if journaled == Some(steady) {
                    let outcome = PollOutcome::Repeated {
                        bytes,
                        validators: validators.clone(),
                    };
                    return Some(self.end(outcome, Found::Unchanged, None, validators, now));
                }
                self.keep(exchanged, has_all_below, now).await?;
                // A body that broke off is not the whole answer: the whole one is journaled when it comes.
                self.memory.answer = (!truncated).then_some(steady);
                if truncated {
                    self.memory.part = Some(steady);
                }
                self.memory.no_feed = None;
                let found = Found::Feed { items, fingerprints };
                Some(self.end(PollOutcome::Fetched { bytes }, found, None, validators, now))
            }
            Err(NoFeed { found, wall }) => {
                let known = self.memory.no_feed == Some(steady);
                if !known {
                    self.keep(exchanged, true, now).await?;
                    self.memory.no_feed = Some(steady);
                }
                let outcome = match (wall, known) {
                    (true, _) => PollOutcome::Blocked { evidence: found },
                    (false, true) => PollOutcome::Failed {
                        error: format!("not a feed but {found}"),
                        unreachable: false,
                    },
                    // What came of it is said by the commit that has it.
                    (false, false) => PollOutcome::Fetched { bytes },
                };
                let found = Found::Failed {
                    class: FailureClass::Soft,
                    unreachable: false,
                };
                Some(self.end(outcome, found, None, before.clone(), now))
            }
        }
    }

    /// Takes the sitemaps of an index that changed; true when none is left over for the next poll. `None` when the journal
    /// takes no more.
    async fn sitemaps(
        &mut self,
        exchanged: &mut Exchanged,
        base: &str,
        sitemaps: Vec<Child>,
    ) -> Option<bool> {
        if sitemaps.is_empty() {
            return Some(true);
        }
        // Its sitemaps need places of their own: with this one held, indexes could wait for each other. What no place
        // accounts for any more is let go of, but for the bytes that are journaled.
        exchanged.place = None;
        exchanged.decoded = Bytes::new();
        let mut memory = self.memory.index.take().unwrap_or_default();
        let taken = sitemap_index::fetch_children(
            self.fetcher,
            self.target,
            base,
            Index {
                children: sitemaps,
                is_whole: !exchanged.truncated,
            },
            &mut memory,
            self.outlet,
        )
        .await?;
        self.memory.index = Some(memory);
        self.record.wire_bytes += taken.wire_bytes;
        tracing::debug!(
            feed = self.target.url,
            sitemaps = taken.captures,
            is_complete = taken.is_complete,
            "sitemaps of an index taken"
        );
        Some(taken.is_complete)
    }

    /// Hands the answer to the journal and waits for its receipt; without its validators where it is not all there is.
    /// `None` when it is not durable: the next poll asks as this one did.
    async fn keep(&self, exchanged: Exchanged, is_all: bool, now: Timestamp) -> Option<()> {
        let Exchanged {
            mut answer,
            final_uri,
            truncated,
            place,
            ..
        } = exchanged;
        if truncated || !is_all {
            answer.headers.retain(|header| {
                !["etag", "last-modified"]
                    .iter()
                    .any(|name| header.name.eq_ignore_ascii_case(name))
            });
        }
        let moved = self.memory.moved.learnt().map(str::to_owned);
        let capture = Capture {
            kind: CaptureKind::Feed,
            uri: self.target.url.clone(),
            final_uri: final_uri.or(moved),
            captured_at: now,
            source: self.target.source(),
            page_policy: self.target.page,
            timezone: self.target.timezone.clone(),
            order: None,
            payload: Payload::Http(answer),
        };
        let (intake, receipt) = Intake::with_receipt(capture);
        self.outlet.send(intake).await.ok()?;
        drop(place);
        receipt.await.ok().map(drop)
    }

    /// Takes note of how the exchange went.
    fn note(&mut self, trace: &Trace) {
        // What took no time did not take place.
        let part = |span: Duration| (!span.is_zero()).then_some(span.as_millis() as u32);
        self.record.wire_bytes = trace.wire_bytes;
        self.record.decoded_bytes = trace.decoded_bytes;
        self.record.timings = Timings {
            resolve: part(trace.resolve),
            connect: part(trace.connect),
            first_byte: part(trace.first_byte),
            total: part(trace.total),
        };
    }

    /// Takes note of where the answer came from.
    fn place(&mut self, exchanged: &Exchanged, same_feed: Option<bool>, now: Timestamp) {
        let to = exchanged
            .final_uri
            .as_deref()
            .filter(|_| exchanged.hops.iter().all(RedirectHop::is_permanent));
        self.memory.note_place(to, same_feed, now);
    }

    fn end(
        mut self,
        outcome: PollOutcome,
        found: Found,
        asked: Option<Duration>,
        validators: Validators,
        now: Timestamp,
    ) -> Polled {
        let failed_there = matches!(
            found,
            Found::Failed {
                class: FailureClass::Hard,
                ..
            }
        );
        if failed_there && let Some(to) = self.memory.moved.learnt() {
            tracing::info!(
                feed = self.target.url,
                to,
                "feed is asked at its configured address again: it failed where it had moved to"
            );
            self.memory.moved = crate::memory::Moved::No;
        }
        self.memory.polls += 1;
        self.record.number = self.memory.polls;
        self.record.at = now;
        self.record.outcome = outcome.word();
        self.record.error = outcome.error();
        Polled {
            at: now,
            outcome,
            found,
            asked,
            validators,
            memory: self.memory,
            record: Some(self.record),
        }
    }
}

fn has_any(validators: &Validators) -> bool {
    validators.etag.is_some() || validators.last_modified.is_some()
}

/// The validators after a 304.
///
/// A 304 may bring a changed `Last-Modified` or another spelling of the same `ETag` (weak for strong). One that names
/// another `ETag` than was sent speaks of a body that never came (seen with caches that mix up variants): then those
/// of the durable answer stay.
fn confirmed(sent: &Validators, answer: &HttpAnswer) -> Validators {
    let opaque = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_vec();
    let came = Validators::of(answer);
    match (&sent.etag, &came.etag) {
        (Some(sent_tag), Some(came_tag)) if opaque(sent_tag) != opaque(came_tag) => sent.clone(),
        (None, Some(_)) => sent.clone(),
        _ => Validators {
            etag: came.etag.or_else(|| sent.etag.clone()),
            last_modified: came.last_modified.or_else(|| sent.last_modified.clone()),
        },
    }
}

#[cfg(test)]
mod tests;
