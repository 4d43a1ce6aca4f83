//! Any string is a date or none, and the same one again.

#![no_main]

use depeche_feed::{parse_date, parse_partial};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|written: &str| {
    if let Some(date) = parse_date(written) {
        let again = parse_date(&date.at.to_string()).expect("a moment as this program writes it");
        assert_eq!(again.at.as_second(), date.at.as_second(), "{written}");
    }
    parse_partial(written);
});
