//! Any list is read, and what an export of it gives reads back to the byte.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| depeche_fetcher::fuzzing::opml(bytes));
