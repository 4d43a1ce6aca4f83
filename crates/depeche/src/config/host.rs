//! `[[host]]`: hosts that are asked at another pace than the rest.

use depeche_fetcher::HostRule;
use serde::{Deserialize, Serialize};

use super::Period;

/// A host with a pace of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Host {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<Period>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) concurrency: Option<usize>,
}

impl Host {
    pub(super) fn rule(&self) -> HostRule {
        HostRule {
            name: self.name.clone(),
            interval: self.interval.map(|interval| interval.0),
            concurrency: self.concurrency,
        }
    }
}

/// What is well-formed and cannot be meant, by key.
pub(super) fn contradictions(hosts: &[Host]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (n, host) in hosts.iter().enumerate() {
        let mut refuse = |wrong: bool, field: &str, why: &str| {
            if wrong {
                found.push((format!("host.{n}{field}"), why.to_owned()));
            }
        };
        let is_name =
            url::Host::parse(&host.name).is_ok_and(|name| name.to_string().eq_ignore_ascii_case(&host.name));
        refuse(
            !is_name,
            ".name",
            &format!("`{}` is no host's name, such as \"lemonde.fr\"", host.name),
        );
        let is_second = hosts
            .iter()
            .take(n)
            .any(|before| before.name.eq_ignore_ascii_case(&host.name));
        refuse(is_second, ".name", "the host has a table already");
        let is_empty = host.interval.is_none() && host.concurrency.is_none();
        refuse(is_empty, "", "give it an `interval` or a `concurrency`");
        refuse(host.concurrency == Some(0), ".concurrency", "at least 1");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn limits_and_hosts_that_cannot_be_meant_are_contradictions() {
        for (text, keys) in [
            ("[fetch]\nidle_timeout = \"0ms\"", vec!["fetch.idle_timeout"]),
            ("[fetch]\nmax_headers = 0", vec!["fetch.max_headers"]),
            ("[fetch]\nmax_ratio = 0", vec!["fetch.max_ratio"]),
            ("[fetch]\nmin_rate = \"0B\"", vec![]),
            ("[fetch]\nmax_body = \"64MiB\"", vec![]),
            ("[fetch]\nmax_body = \"65MiB\"", vec!["fetch.in_flight"]),
            (
                "[fetch]\nallow_addresses = [\"10.0.0.0/8\", \"localhost\"]",
                vec!["fetch.allow_addresses"],
            ),
            (
                "[fetch]\nextra_roots = [\"/no/such/file.pem\"]",
                vec!["fetch.extra_roots"],
            ),
            ("[[host]]\nname = \"exemple.fr\"\ninterval = \"5s\"", vec![]),
            (
                "[[host]]\nname = \"https://exemple.fr/\"\ninterval = \"5s\"",
                vec!["host.0.name"],
            ),
            ("[[host]]\nname = \"exemple.fr\"", vec!["host.0"]),
            (
                "[[host]]\nname = \"exemple.fr\"\nconcurrency = 0",
                vec!["host.0.concurrency"],
            ),
            (
                "[[host]]\nname = \"a.fr\"\nconcurrency = 1\n[[host]]\nname = \"A.fr\"\nconcurrency = 2",
                vec!["host.1.name"],
            ),
        ] {
            let config: Config = toml::from_str(text).unwrap();
            let found: Vec<String> = config.contradictions().into_iter().map(|(key, _)| key).collect();
            assert_eq!(found, keys, "{text}");
        }
    }
}
