//! `[websub]`: whether hubs deliver, and where.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Websub {
    pub(crate) enabled: bool,
    /// Empty for none.
    pub(crate) callback: String,
}

impl Websub {
    /// What is well-formed and cannot be meant, by key.
    pub(super) fn contradictions(&self, listens: bool, allow_private: bool) -> Vec<(String, String)> {
        let deaf = (self.enabled && !listens).then_some((
            "websub.enabled",
            "hubs deliver over http.listen: write an address there",
        ));
        let callback = self
            .wrong_callback(allow_private)
            .map(|why| ("websub.callback", why));
        let found = deaf.into_iter().chain(callback);
        found.map(|(key, why)| (key.to_owned(), why.to_owned())).collect()
    }

    /// What is wrong with the callback, if anything.
    fn wrong_callback(&self, allow_private: bool) -> Option<&'static str> {
        if self.callback.is_empty() {
            return self.enabled.then_some(
                "hubs must be able to reach this daemon: write the public address that leads to its /websub, such as \
                 \"https://depeche.example.org/websub\"",
            );
        }
        let Ok(callback) = url::Url::parse(&self.callback) else {
            return Some("write an address, such as \"https://depeche.example.org/websub\"");
        };
        let is_loopback = match callback.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => return Some("an address with a host is needed"),
        };
        match callback.scheme() {
            _ if callback.query().is_some() || callback.fragment().is_some() => {
                Some("an address without a query is needed: a name is put behind it for each feed")
            }
            "https" => None,
            // What is delivered is signed and not secret; but who may deliver is known by the path.
            "http" if is_loopback || allow_private => None,
            _ => Some("an https address is needed, or whoever listens on the way learns where to deliver"),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_callback_that_no_hub_could_reach_in_private_is_a_contradiction() {
        let wrong = |text: &str| {
            let config: crate::config::Config = toml::from_str(text).unwrap();
            let found = config.contradictions();
            found.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        };
        for (websub, keys) in [
            ("enabled = false", vec![]),
            ("enabled = true", vec!["websub.callback"]),
            (
                "enabled = true\ncallback = \"https://d.example.org/websub\"",
                vec![],
            ),
            (
                "enabled = true\ncallback = \"http://127.0.0.1:8750/websub\"",
                vec![],
            ),
            ("enabled = true\ncallback = \"http://[::1]/websub\"", vec![]),
            (
                "callback = \"http://d.example.org/websub\"",
                vec!["websub.callback"],
            ),
            ("callback = \"http://10.0.0.1/websub\"", vec!["websub.callback"]),
            (
                "callback = \"https://d.example.org/websub?x=1\"",
                vec!["websub.callback"],
            ),
            ("callback = \"ftp://d.example.org/\"", vec!["websub.callback"]),
            ("callback = \"depeche\"", vec!["websub.callback"]),
            ("callback = \"data:x\"", vec!["websub.callback"]),
        ] {
            assert_eq!(wrong(&format!("[websub]\n{websub}\n")), keys, "{websub}");
        }
        let private =
            "[fetch]\nallow_private_addresses = true\n[websub]\ncallback = \"http://10.0.0.1/websub\"\n";
        assert_eq!(wrong(private), Vec::<String>::new());
        let deaf =
            "[http]\nlisten = \"\"\n[websub]\nenabled = true\ncallback = \"https://d.example.org/websub\"\n";
        assert_eq!(wrong(deaf), ["websub.enabled"]);
    }
}
