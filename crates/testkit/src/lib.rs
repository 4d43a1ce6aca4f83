//! depeche: testkit.
