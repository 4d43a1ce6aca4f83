//! Any sitemap gives absolute addresses.

#![no_main]

use bytes::Bytes;
use depeche_feed::{FeedKind, Found, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|inner: &str| {
    for root in ["urlset", "sitemapindex"] {
        let body = Bytes::from(format!("<{root} xmlns:news=\"http://www.google.com/schemas/sitemap-news/0.9\">{inner}"));
        match read(&body, None, "https://www.example.fr/sitemap.xml", 1 << 20) {
            Ok(feed) => {
                if feed.kind == FeedKind::NewsSitemap {
                    assert!(feed.items.iter().any(|item| item.entry.title.is_some()));
                }
                for child in &feed.children {
                    assert!(child.loc.starts_with("http"), "{}", child.loc);
                }
                for link in feed.items.iter().filter_map(|item| item.entry.link.as_ref()) {
                    assert!(link.starts_with("http"), "{link}");
                }
            }
            Err(why) => assert_ne!(why.found, Found::Unreadable, "{}", why.detail),
        }
    }
});
