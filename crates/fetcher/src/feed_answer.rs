//! One poll: asks a feed, hands the answer to the journal, and tells what it means for the feed's state.
//!
//! The order of things is the promise (P1): the capture goes out, its receipt comes back, and only then do the
//! answer's validators become the feed's.

use depeche_journal::Intake;
use depeche_model::{Capture, CaptureKind, Digest, HttpAnswer, Payload, PollOutcome, PollReport, Validators};
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::error::{ExchangeError, status_class};
use crate::exchange::{Ask, Exchanged, RedirectHop, Wanted};
use crate::fetcher::Fetcher;
use crate::options::{FeedState, FeedTarget, RobotsPolicy};
use crate::schedule::{self, Finding};
use crate::websub::Told;

/// How a poll was settled.
pub(crate) enum Settled {
    /// The feed was asked: what that said, and how the feed stands now.
    Asked(Box<(PollReport, FeedState)>),
    /// The feed was not asked, for its host asked for quiet until then. Nothing is known of the feed itself, so
    /// there is nothing to report of it, and its count of failures stands.
    Quiet(Timestamp),
}

/// Polls one feed. `None` when the journal's channel is closed: nothing was settled.
pub(crate) async fn poll_feed(
    fetcher: &Fetcher,
    target: &FeedTarget,
    state: &FeedState,
    outlet: &mpsc::Sender<Intake>,
) -> Option<Settled> {
    let ask = Ask {
        url: &target.url,
        wanted: Wanted::Feed,
        validators: Some(&state.validators),
        needs_leave: fetcher.options.robots == RobotsPolicy::Always,
    };
    let (exchanged, trace) = fetcher.exchange(&ask).await;
    tracing::debug!(feed = target.url, ?trace, "feed asked");
    let now = fetcher.clock.now();
    let mut next = state.clone();
    let mut floor = None;
    let (outcome, finding) = match exchanged {
        Ok(exchanged) => {
            floor = schedule::asked_wait(&exchanged.answer, now).max(exchanged.retry_after);
            if !exchanged.hops.is_empty() {
                let permanent = exchanged.hops.iter().all(RedirectHop::is_permanent);
                tracing::debug!(feed = target.url, permanent, hops = ?exchanged.hops, "feed redirected");
            }
            match exchanged.answer.status {
                200 | 203 => {
                    let Exchanged {
                        answer,
                        final_uri,
                        truncated,
                        place,
                        ..
                    } = exchanged;
                    let capture = capture(target, answer, final_uri, truncated, now);
                    let body = Digest::of([capture.body().as_ref()]);
                    let finding = match state.body {
                        None => Finding::First,
                        Some(before) if before == body => Finding::Unchanged,
                        Some(_) => Finding::Changed,
                    };
                    let validators = match &capture.payload {
                        Payload::Http(answer) => Validators::of(answer),
                        Payload::File { .. } | Payload::Failure { .. } => Validators::default(),
                    };
                    let bytes = capture.body().len() as u64;
                    let told = match &capture.payload {
                        Payload::Http(answer) => Some((answer.clone(), capture.base_uri().to_owned())),
                        Payload::File { .. } | Payload::Failure { .. } => None,
                    };
                    let (intake, receipt) = Intake::with_receipt(capture);
                    outlet.send(intake).await.ok()?;
                    drop(place);
                    // An answer that is not durable changes nothing: the next poll asks as this one did.
                    receipt.await.ok()?;
                    if let Some((subscriptions, (answer, base))) = fetcher.subscriptions.as_ref().zip(told) {
                        let told = Told {
                            answer: &answer,
                            base: &base,
                            hubs: &[],
                            topic: None,
                            is_whole: false,
                        };
                        subscriptions.heard(target, &told);
                    }
                    next.validators = validators;
                    next.body = Some(body);
                    (PollOutcome::Fetched { bytes }, finding)
                }
                304 if has_any(&state.validators) => {
                    next.validators = confirmed(&state.validators, &exchanged.answer);
                    let validators = next.validators.clone();
                    (PollOutcome::NotModified { validators }, Finding::Unchanged)
                }
                status => {
                    let class = status_class(status);
                    tracing::debug!(feed = target.url, status, ?class, "feed refused");
                    (PollOutcome::Refused { status }, Finding::Failed)
                }
            }
        }
        Err(ExchangeError::Quiet { until, .. }) => return Some(Settled::Quiet(until)),
        Err(error) => {
            let (kind, class) = (error.word(), error.class());
            tracing::debug!(feed = target.url, kind, ?class, "feed failed");
            (failed(&error), Finding::Failed)
        }
    };
    let check = fetcher
        .subscriptions
        .as_ref()
        .and_then(|subscriptions| subscriptions.check_interval(&target.url));
    let floor = floor.max(check.filter(|_| finding != Finding::Failed));
    let plan = schedule::plan(&target.url, state, finding, floor, &fetcher.options.interval, now);
    next.next_due = Some(plan.next_due);
    next.interval = Some(plan.interval);
    next.consecutive_failures = plan.consecutive_failures;
    let report = PollReport {
        feed_url: target.url.clone(),
        at: now,
        outcome,
        next_due: next.next_due,
        memory: None,
        record: None,
    };
    Some(Settled::Asked(Box::new((report, next))))
}

/// The capture of a feed's answer.
fn capture(
    target: &FeedTarget,
    mut answer: HttpAnswer,
    final_uri: Option<String>,
    truncated: bool,
    now: Timestamp,
) -> Capture {
    if truncated {
        // With the validators of a body that broke off, the next poll would be told that nothing changed, and the
        // entries that did not come would never come.
        answer.headers.retain(|header| {
            !["etag", "last-modified"]
                .iter()
                .any(|name| header.name.eq_ignore_ascii_case(name))
        });
    }
    Capture {
        kind: CaptureKind::Feed,
        uri: target.url.clone(),
        final_uri,
        captured_at: now,
        source: target.source(),
        page_policy: target.page,
        order: None,
        payload: Payload::Http(answer),
    }
}

fn failed(error: &ExchangeError) -> PollOutcome {
    PollOutcome::Failed {
        error: error.to_string(),
        unreachable: error.is_unreachable(),
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
mod tests {
    use super::*;

    fn validators(etag: &str, last_modified: &str) -> Validators {
        let value = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        Validators {
            etag: value(etag),
            last_modified: value(last_modified),
        }
    }

    #[test]
    fn a_304_changes_validators_only_when_it_speaks_of_the_same_answer() {
        for (sent, came, kept) in [
            (("\"a\"", "Mon"), ("", ""), ("\"a\"", "Mon")),
            (("\"a\"", "Mon"), ("W/\"a\"", "Tue"), ("W/\"a\"", "Tue")),
            (("\"a\"", "Mon"), ("\"b\"", "Tue"), ("\"a\"", "Mon")),
            (("", "Mon"), ("\"b\"", "Tue"), ("", "Mon")),
            (("", "Mon"), ("", "Tue"), ("", "Tue")),
        ] {
            let headers = [("ETag", came.0), ("Last-Modified", came.1)]
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| depeche_model::Header {
                    name: name.to_owned(),
                    value: value.as_bytes().to_vec(),
                })
                .collect();
            let answer = HttpAnswer {
                status: 304,
                headers,
                body: bytes::Bytes::new(),
            };
            assert_eq!(
                confirmed(&validators(sent.0, sent.1), &answer),
                validators(kept.0, kept.1),
                "{sent:?} {came:?}"
            );
        }
    }
}
