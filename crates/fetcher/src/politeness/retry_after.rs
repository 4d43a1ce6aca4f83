//! Reading `Retry-After` (RFC 9110 §10.2.3): seconds, or any of the three forms of a date (§5.6.7).

use std::time::Duration;

use jiff::Timestamp;

/// The longest `Retry-After` that is honoured: a server that asks for more is misconfigured, and a day's news is
/// lost after two.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_hours(48);

/// The wait that `value` asks for, at most [`MAX_RETRY_AFTER`]; zero for a date that is past.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let digits = value.split('.').next().unwrap_or_default();
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let wait = if is_number && !digits.is_empty() {
        // More digits than fit are a long wait, not none; a fraction, which some servers send, is rounded up.
        let whole = digits.parse().unwrap_or(u64::MAX);
        Duration::from_secs(whole.saturating_add(u64::from(digits != value)))
    } else {
        let date = Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()?;
        Duration::try_from(date.duration_since(now)).unwrap_or_default()
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_all_three_forms_of_a_date_are_read() {
        let now: Timestamp = "2026-02-01T12:00:00Z".parse().unwrap();
        let two_days = Some(48 * 3600);
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("1.5", Some(2)),
            ("172800", two_days),
            ("172801", two_days),
            ("99999999999999999999999", two_days),
            ("Sun, 01 Feb 2026 12:02:00 GMT", Some(120)),
            ("Sunday, 01-Feb-26 12:02:00 GMT", Some(120)),
            ("Sun Feb  1 12:02:00 2026", Some(120)),
            ("Sun, 01 Feb 2026 11:00:00 GMT", Some(0)),
            ("Fri, 01 Feb 2036 11:00:00 GMT", two_days),
            ("-5", None),
            (".5", None),
            ("bientôt", None),
            ("", None),
        ] {
            let read = retry_after(value, now).map(|wait| wait.as_secs());
            assert_eq!(read, seconds, "{value}");
        }
    }
}
