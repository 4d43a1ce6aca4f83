//! How an exchange went: what it waited for, and how much came.
//!
//! The client connects inside one call, so its parts are measured from within: the resolver reports the time of the
//! name, and a layer around the connector the time of the whole. What lies between them is TCP and, with `https`, TLS
//! together; the client gives no place to tell those two apart. A connection is made by the task that asks, so the
//! measurements find their exchange as a value of that task; one that is made in the background, for later, is
//! nobody's.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

/// The times and sizes of one exchange, redirects included. Waiting for a host's turn is no part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// Resolving names; zero on a connection used again and for a host written as an address.
    pub resolve: Duration,
    /// Connecting: TCP and, with `https`, TLS together. Zero on a connection used again.
    pub connect: Duration,
    /// From the request, sent on a connection that stands, to the end of the answer's head.
    pub first_byte: Duration,
    /// All of it on the network, until the last byte.
    pub total: Duration,
    /// Whether the answer came on a connection that had been used before.
    pub reused: bool,
    /// Bytes of the body as on the wire.
    pub wire_bytes: u64,
    /// Bytes of the body once decoded.
    pub decoded_bytes: u64,
    /// The protocol spoken, such as `HTTP/2.0`; empty when no answer came.
    pub http_version: &'static str,
    /// The address that answered.
    pub remote: Option<IpAddr>,
    /// Redirects followed.
    pub redirects: u8,
}

/// What connecting took, written by resolver and connector.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ConnectTimes {
    pub(super) resolve: Duration,
    /// Resolving included.
    pub(super) connect: Option<Duration>,
}

/// Where resolver and connector write down their times for the exchange that asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectClock(Arc<Mutex<ConnectTimes>>);

tokio::task_local! {
    static CLOCK: ConnectClock;
}

impl ConnectClock {
    /// Runs `asking` so that its connection is measured here.
    pub(super) async fn measure<F: Future>(&self, asking: F) -> F::Output {
        CLOCK.scope(self.clone(), asking).await
    }

    pub(super) fn times(&self) -> ConnectTimes {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that resolving a name took so long.
    pub(crate) fn resolved(took: Duration) {
        Self::note(|times| times.resolve += took);
    }

    fn note(write: impl FnOnce(&mut ConnectTimes)) {
        let noted =
            CLOCK.try_with(|clock| write(&mut clock.0.lock().unwrap_or_else(PoisonError::into_inner)));
        if noted.is_err() {
            tracing::trace!("a connection was made that no exchange waits for");
        }
    }
}

impl Trace {
    /// Adds one hop: its connecting, and the time from asking until the head was there.
    pub(super) fn add_head(&mut self, times: ConnectTimes, head: Duration) {
        let connected = times.connect.unwrap_or(times.resolve);
        self.resolve += times.resolve;
        self.connect += connected.saturating_sub(times.resolve);
        self.first_byte += head.saturating_sub(connected);
        self.reused = times.connect.is_none();
    }
}

/// Wraps the client's connector so that what it takes is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MeasureConnecting;

impl<S> Layer<S> for MeasureConnecting {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured { inner }
    }
}

/// A connector that is measured.
#[derive(Debug, Clone)]
pub(crate) struct Measured<S> {
    inner: S,
}

impl<S, R> Service<R> for Measured<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let begun = Instant::now();
        let connecting = self.inner.call(request);
        Box::pin(async move {
            let connected = connecting.await;
            ConnectClock::note(|times| times.connect = Some(begun.elapsed()));
            connected
        })
    }
}
