//! depeche: deduplicator.
