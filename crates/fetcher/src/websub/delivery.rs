//! What a hub delivers: checked, and handed to the journal as a capture of its feed.

use bytes::Bytes;
use depeche_journal::Intake;
use depeche_model::{Capture, CaptureKind, Digest, Payload, decode_body};
use tokio::sync::mpsc;

use super::counts::count;
use super::signature::is_signed;
use super::subscriptions::{Callback, Subscriptions};

/// A POST on a callback.
#[derive(Debug, Clone, Default)]
pub struct Post {
    /// The values of its `X-Hub-Signature` fields.
    pub signatures: Vec<Vec<u8>>,
    /// Its media type.
    pub content_type: Option<String>,
    /// Its `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// Its body, as on the wire.
    pub body: Bytes,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// It is durable.
    Kept,
    /// It was the one before once more, or was empty: nothing is lost by not keeping it.
    Nothing,
    /// It was not signed by whoever was told the secret. The hub is told that all is well (WebSub §7.1), so that whoever
    /// guesses learns nothing.
    Unsigned,
    /// The callback is nobody's.
    Unknown,
    /// Its content coding is not understood, or what comes out is larger than allowed.
    Unreadable(String),
    /// It could not be made durable: to be delivered again.
    NotKept,
}

impl Subscriptions {
    /// Takes a delivery on the callback `token` to `outlet`. Its signature is over the bytes of the wire; a capture that
    /// came by delivery has no header fields and so no validators, and its body is without its content coding, in
    /// at most `max_body_bytes`.
    pub async fn receive(
        &self,
        token: &str,
        post: Post,
        outlet: &mpsc::Sender<Intake>,
        max_body_bytes: u64,
    ) -> Received {
        let Some(Callback {
            target,
            secret,
            delivered,
        }) = self.callback(token)
        else {
            return Received::Unknown;
        };
        let feed = target.url.as_str();
        let base = target.url.clone();
        let checked = tokio::task::spawn_blocking(move || check(post, &secret, &base, max_body_bytes)).await;
        let Checked {
            body,
            content_type,
            items,
        } = match checked {
            Ok(Ok(checked)) => checked,
            Ok(Err(refused)) => {
                if refused == Received::Unsigned {
                    count(&self.counters.unsigned);
                    tracing::warn!(feed, "a delivery without a right signature was passed over");
                }
                return refused;
            }
            Err(error) => {
                tracing::error!(feed, %error, "a delivery could not be checked");
                return Received::NotKept;
            }
        };
        let digest = Digest::of([body.as_ref()]);
        if body.trim_ascii().is_empty() || delivered == Some(digest) {
            count(&self.counters.repeated);
            return Received::Nothing;
        }
        let capture = Capture {
            kind: CaptureKind::Feed,
            uri: target.url.clone(),
            final_uri: None,
            captured_at: self.clock.now(),
            source: target.source(),
            page_policy: target.page,
            timezone: target.timezone.clone(),
            order: None,
            payload: Payload::File { content_type, body },
        };
        let (intake, receipt) = Intake::with_receipt(capture);
        if outlet.send(intake).await.is_err() || receipt.await.is_err() {
            return Received::NotKept;
        }
        count(&self.counters.deliveries);
        tracing::debug!(feed, "a hub delivered");
        self.delivered(feed, digest, &items);
        Received::Kept
    }
}

/// A delivery whose signature is right.
struct Checked {
    body: Bytes,
    content_type: Option<String>,
    /// What it delivers.
    items: Vec<u64>,
}

/// Looks into a delivery. Work for the processor.
fn check(post: Post, secret: &str, base: &str, max_body_bytes: u64) -> Result<Checked, Received> {
    let is_right = post
        .signatures
        .iter()
        .any(|signature| is_signed(signature, secret.as_bytes(), &post.body));
    if !is_right {
        return Err(Received::Unsigned);
    }
    let body = decode_body(&post.body, post.content_encoding.as_deref(), max_body_bytes)
        .map_err(|error| Received::Unreadable(error.to_string()))?
        .bytes;
    // What is no feed is kept like an answer that is none: the normalizer says why nothing came of it.
    let items = depeche_feed::read(&body, post.content_type.as_deref(), base, max_body_bytes)
        .map(|feed| feed.items.iter().map(depeche_feed::Item::fingerprint).collect())
        .unwrap_or_default();
    Ok(Checked {
        body,
        content_type: post.content_type,
        items,
    })
}
