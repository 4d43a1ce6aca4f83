//! What subscriptions did, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// What subscriptions did since the start, and how many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HubCounts {
    /// Feeds with a hub.
    pub feeds: u64,
    /// Those whose hub is bound to deliver.
    pub active: u64,
    /// Requests to hubs.
    pub requests: u64,
    /// Requests that no hub took.
    pub requests_failed: u64,
    /// Requests that hubs verified.
    pub verified: u64,
    /// Verifications of what had not been requested.
    pub not_meant: u64,
    /// Deliveries that became captures.
    pub deliveries: u64,
    /// Deliveries that were those before once more.
    pub repeated: u64,
    /// Deliveries without a right signature.
    pub unsigned: u64,
    /// Hubs dropped because they missed what they should have delivered.
    pub dropped: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) requests: AtomicU64,
    pub(super) requests_failed: AtomicU64,
    pub(super) verified: AtomicU64,
    pub(super) not_meant: AtomicU64,
    pub(super) deliveries: AtomicU64,
    pub(super) repeated: AtomicU64,
    pub(super) unsigned: AtomicU64,
    pub(super) dropped: AtomicU64,
}

/// Counts one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    /// The counts so far, with how many feeds have a hub and how many of those hubs are bound to deliver.
    pub(super) fn read(&self, feeds: u64, active: u64) -> HubCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HubCounts {
            feeds,
            active,
            requests: read(&self.requests),
            requests_failed: read(&self.requests_failed),
            verified: read(&self.verified),
            not_meant: read(&self.not_meant),
            deliveries: read(&self.deliveries),
            repeated: read(&self.repeated),
            unsigned: read(&self.unsigned),
            dropped: read(&self.dropped),
        }
    }
}
