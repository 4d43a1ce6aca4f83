//! What the fuzz targets call: any bytes in; a panic, a hang or a broken promise is the finding.

use crate::feed_list;

/// Reads a feed list; what an export of it gives must read back to the byte.
pub fn opml(bytes: &[u8]) {
    let list = feed_list::parse("list", bytes);
    let once = feed_list::write("title", &list.feeds);
    let again = feed_list::parse("list", once.as_bytes());
    assert_eq!(
        feed_list::write("title", &again.feeds),
        once,
        "an export reads back"
    );
    assert_eq!(again.feeds.len(), list.feeds.len(), "no feed is lost");
}
