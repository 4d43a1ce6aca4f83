//! depeche.
fn main() {}
