//! Any string is a date or none, and the same one again.

#![no_main]

use depeche_feed::{DEFAULT_ZONE, DateContext, parse_date, parse_partial, read_date, zone};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|written: &str| {
    if let Some(date) = parse_date(written) {
        let again = parse_date(&date.at.to_string()).expect("a moment as this program writes it");
        assert_eq!(again.at, date.at, "{written}");
    }
    parse_partial(written);
    // A place whose clocks change, and a capture in that hour: nothing of it overflows.
    for captured_at in [
        "2026-10-25T00:30:00Z",
        "9999-12-30T22:00:00Z",
        "-009999-01-02T01:59:59Z",
    ] {
        let captured_at = captured_at.parse().expect("a moment");
        let context = DateContext::new(zone(DEFAULT_ZONE).expect("a zone"), captured_at);
        let reading = read_date(written, &context);
        assert_eq!(reading, read_date(written, &context), "{written}");
    }
});
