//! Which hub carries a feed's news, and under which name: told by header fields or by the feed itself.

use url::Url;

use crate::link_field;

/// What links, of header fields or of a feed, say of hubs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HubLinks {
    /// Addresses of hubs, in the order given.
    pub(crate) hubs: Vec<String>,
    /// The address under which hubs know the feed.
    pub(crate) topic: Option<String>,
}

impl HubLinks {
    /// What the `Link` fields of the answer from `base` say.
    pub(crate) fn of_fields<'a>(fields: impl IntoIterator<Item = &'a [u8]>, base: &Url) -> Self {
        let mut found = Self::default();
        for field in fields {
            for link in link_field::read(&String::from_utf8_lossy(field)) {
                let Some(target) = absolute(&link.target, base) else {
                    continue;
                };
                let is = |relation: &str| link.relations.iter().any(|known| known == relation);
                if is("self") && found.topic.is_none() {
                    found.topic = Some(as_written(&link.target, target.clone()));
                }
                if is("hub") && !found.hubs.contains(&target) {
                    found.hubs.push(target);
                }
            }
        }
        found
    }

    /// What the feed's document says, its addresses relative to `base`.
    pub(crate) fn of_document(hubs: &[String], topic: Option<&str>, base: &Url) -> Self {
        Self {
            hubs: hubs.iter().filter_map(|hub| absolute(hub, base)).collect(),
            topic: topic.and_then(|topic| Some(as_written(topic, absolute(topic, base)?))),
        }
    }

    /// These links, and what they leave open from `others` (WebSub §4: header fields go before the document).
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            hubs: if self.hubs.is_empty() {
                others.hubs
            } else {
                self.hubs
            },
            topic: self.topic.or(others.topic),
        }
    }

    /// The hub to ask: the first that is asked in private, since the secret is told to it; else the first.
    pub(crate) fn hub(&self) -> Option<&String> {
        let private = self.hubs.iter().find(|hub| hub.starts_with("https:"));
        private.or(self.hubs.first())
    }
}

/// An `http` or `https` address without its fragment.
fn absolute(target: &str, base: &Url) -> Option<String> {
    let mut url = base.join(target.trim()).ok()?;
    url.set_fragment(None);
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// A topic is a name that hubs compare letter by letter: one that is written whole is kept as it is written.
fn as_written(target: &str, absolute: String) -> String {
    let target = target.trim();
    match Url::parse(target) {
        Ok(_) => target.split('#').next().unwrap_or(target).to_owned(),
        Err(_) => absolute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(fields: &[&str]) -> HubLinks {
        let base = Url::parse("https://a.fr/une/rss.xml").unwrap();
        HubLinks::of_fields(fields.iter().map(|field| field.as_bytes()), &base)
    }

    #[test]
    fn hub_and_topic_are_read_however_the_fields_are_written() {
        let expected = HubLinks {
            hubs: vec!["https://hub.fr/".to_owned()],
            topic: Some("https://a.fr/rss".to_owned()),
        };
        for fields in [
            vec![
                "<https://hub.fr/>; rel=\"hub\"",
                "<https://a.fr/rss>; rel=\"self\"",
            ],
            vec!["<https://hub.fr/>; rel=hub, <https://a.fr/rss>; rel=self"],
            vec!["<https://hub.fr/>;rel=HUB,</rss>;REL=\"Self\""],
            vec![
                "<https://a.fr/x>; rel=next; title=\"a, <b>; rel=hub\", <//hub.fr>; rel=\"x hub\", <../rss>; rel=self",
            ],
            vec![
                "<https://hub.fr/>; title=\"\\\"\"; rel=hub; rel=next,, <https://a.fr/rss#une> ; rel = self",
            ],
            vec![
                "<https://other.fr/>; rel=hub; anchor=\"/autre\", <https://hub.fr/>;rel=hub,</rss>;rel=self",
            ],
        ] {
            assert_eq!(links(&fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn what_is_no_link_is_passed_over() {
        for field in [
            "",
            ",",
            "https://hub.fr/; rel=hub",
            "<https://hub.fr/",
            "<https://hub.fr/>",
            "<https://hub.fr/>; rel",
            "<https://hub.fr/>; rel=\"",
            "<https://hub.fr/> rel=hub",
            "<mailto:hub@a.fr>; rel=hub",
            "<http://[/>; rel=hub",
            "<é",
            "<https://hub.fr/>; rel=\"h\\",
        ] {
            assert_eq!(links(&[field]), HubLinks::default(), "{field}");
        }
        assert_eq!(links(&["<\u{fffd}>; rel=self"]).hubs, Vec::<String>::new());
        assert_eq!(
            links(&["<HTTPS://A.fr>; rel=self"]).topic.unwrap(),
            "HTTPS://A.fr"
        );
    }

    #[test]
    fn header_fields_go_before_the_document_and_https_before_http() {
        let base = Url::parse("https://a.fr/rss").unwrap();
        let document = HubLinks::of_document(
            &["http://doc.fr/hub".to_owned(), "ftp://doc.fr/".to_owned()],
            Some("/topic"),
            &base,
        );
        assert_eq!(document.hubs, ["http://doc.fr/hub"]);
        let header = links(&["<http://b.fr/>; rel=hub, <https://c.fr/>; rel=hub"]);
        assert_eq!(header.hub().unwrap(), "https://c.fr/");
        let both = header.or(document.clone());
        assert_eq!(
            (both.hubs.len(), both.topic.as_deref()),
            (2, Some("https://a.fr/topic"))
        );
        assert_eq!(HubLinks::default().or(document.clone()), document);
        assert_eq!(document.hub().unwrap(), "http://doc.fr/hub");
        assert_eq!(HubLinks::default().hub(), None);
    }
}
