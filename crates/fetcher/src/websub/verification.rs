//! What a hub says when it asks whether a request was meant, or that it denies one (WebSub §5.2 and §5.3).

use std::time::Duration;

use url::form_urlencoded;

/// The query of a verification.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) mode: String,
    pub(super) topic: String,
    pub(super) challenge: String,
    pub(super) reason: String,
    pub(super) lease: Option<Duration>,
}

impl Asked {
    pub(super) fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "hub.mode" => asked.mode = value.into_owned(),
                "hub.topic" => asked.topic = value.into_owned(),
                "hub.challenge" => asked.challenge = value.into_owned(),
                "hub.reason" => asked.reason = value.into_owned(),
                // More digits than fit are a long lease, not none.
                "hub.lease_seconds"
                    if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() =>
                {
                    asked.lease = Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
                }
                _ => {}
            }
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_whatever_stands_in_it() {
        let asked = Asked::read(
            "x=1&hub.mode=subscribe&hub.topic=https%3A%2F%2Fa.fr%2F%C3%A9%3Fb%3D1&hub.challenge=d+%C3%A9fi%26&hub.lease_seconds=60",
        );
        assert_eq!(
            (asked.mode.as_str(), asked.topic.as_str()),
            ("subscribe", "https://a.fr/é?b=1")
        );
        assert_eq!(
            (asked.challenge.as_str(), asked.lease),
            ("d éfi&", Some(Duration::from_mins(1)))
        );
        for (lease, read) in [
            ("", None),
            ("-1", None),
            ("dix", None),
            ("1.5", None),
            ("99999999999999999999999", Some(Duration::from_secs(u64::MAX))),
        ] {
            assert_eq!(
                Asked::read(&format!("hub.lease_seconds={lease}")).lease,
                read,
                "{lease}"
            );
        }
        let nothing = Asked::read("%%%&=&hub.mode");
        assert!(nothing.mode.is_empty() && nothing.topic.is_empty() && nothing.lease.is_none());
    }
}
