//! depeche: store.
