//! depeche: fetcher.
