//! Any `robots.txt` has one answer to each question, within its limits.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| depeche_fetcher::fuzzing::robots(bytes));
