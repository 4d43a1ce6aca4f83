//! What is sent: what is wanted, in which codings, and the validators of the answer before. No cookies, no `Referer`.

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
};

use super::{Ask, Wanted};

pub(super) fn request_headers(ask: &Ask<'_>) -> HeaderMap {
    let accept = match ask.wanted {
        Wanted::Feed => {
            "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, \
             application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
        }
        Wanted::Page => "text/html, application/xhtml+xml, */*;q=0.1",
        Wanted::Robots => "text/plain, */*;q=0.1",
    };
    let coding = match ask.wanted {
        Wanted::Feed | Wanted::Page => "gzip, br, zstd, deflate",
        Wanted::Robots => "identity",
    };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("fr, *;q=0.5"));
    if let Some(validators) = ask.validators {
        for (name, value) in [
            (IF_NONE_MATCH, &validators.etag),
            (IF_MODIFIED_SINCE, &validators.last_modified),
        ] {
            // What came in a header field can go out in one; anything else was not received by this program.
            if let Some(value) = value
                .as_deref()
                .and_then(|value| HeaderValue::from_bytes(value).ok())
            {
                headers.insert(name, value);
            }
        }
    }
    headers
}
