//! depeche: normalizer.
