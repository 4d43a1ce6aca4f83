//! Any answer is a feed or none, and every entry of it has a name.

#![no_main]

use bytes::Bytes;
use depeche_feed::{Found, read, steady_digest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    assert_eq!(steady_digest(body), steady_digest(body));
    let body = Bytes::copy_from_slice(body);
    let base = "https://www.example.fr/rss.xml";
    match read(&body, None, base, 1 << 20) {
        Ok(feed) => {
            let again = read(&body, None, base, 1 << 20).expect("it was a feed");
            assert_eq!(again, feed);
            for item in &feed.items {
                item.fingerprint();
            }
        }
        Err(why) => assert_ne!(why.found, Found::Unreadable, "{}", why.detail),
    }
});
