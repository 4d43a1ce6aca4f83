//! Any chain of `Location` fields is followed only where it may be.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| depeche_fetcher::fuzzing::redirects(bytes));
