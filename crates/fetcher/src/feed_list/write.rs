//! Writing OPML 2.0.

use std::collections::HashMap;

use quick_xml::escape::escape;

use super::{ListedFeed, folder_names};

/// What stands in a folder.
enum Member<'a> {
    Feed(&'a ListedFeed),
    /// Its place among all folders.
    Folder(usize),
}

#[derive(Default)]
struct Folder<'a> {
    name: String,
    members: Vec<Member<'a>>,
}

/// Writes a list as OPML 2.0: folders where the first of their feeds stands, inside them feeds and folders in their
/// order. Tags that are no folder of the feed become its `category`. What is written reads back as the same list, but
/// that folders stand among the tags, before the others, and that a comma parts a tag in two.
#[must_use]
pub fn write(title: &str, feeds: &[ListedFeed]) -> String {
    let mut folders = vec![Folder::default()];
    let mut known: HashMap<(usize, String), usize> = HashMap::new();
    for feed in feeds {
        let mut place = 0;
        for name in names(feed) {
            place = *known.entry((place, name.clone())).or_insert_with(|| {
                let inner = folders.len();
                if let Some(outer) = folders.get_mut(place) {
                    outer.members.push(Member::Folder(inner));
                }
                folders.push(Folder {
                    name,
                    members: Vec::new(),
                });
                inner
            });
        }
        if let Some(folder) = folders.get_mut(place) {
            folder.members.push(Member::Feed(feed));
        }
    }
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head>\n    <title>{}</title>\n  \
         </head>\n  <body>\n",
        escape(title.trim())
    );
    // The folders being written, outermost first, each with what is left of it.
    let mut open: Vec<std::slice::Iter<'_, Member<'_>>> = folders
        .first()
        .map(|top| top.members.iter())
        .into_iter()
        .collect();
    while let Some(members) = open.last_mut() {
        let next = members.next();
        let depth = open.len();
        match next {
            Some(Member::Feed(feed)) => line(&mut out, depth, &outline(feed)),
            Some(Member::Folder(place)) => {
                if let Some(folder) = folders.get(*place) {
                    let name = attribute(&folder.name);
                    line(
                        &mut out,
                        depth,
                        &format!("<outline text=\"{name}\" title=\"{name}\">"),
                    );
                    open.push(folder.members.iter());
                }
            }
            None => {
                open.pop();
                if !open.is_empty() {
                    line(&mut out, depth - 1, "</outline>");
                }
            }
        }
    }
    out.push_str("  </body>\n</opml>\n");
    out
}

fn names(feed: &ListedFeed) -> Vec<String> {
    feed.folder.as_deref().map(folder_names).unwrap_or_default()
}

fn outline(feed: &ListedFeed) -> String {
    let name = attribute(feed.name.as_deref().unwrap_or(&feed.url));
    let mut written = format!(
        "<outline text=\"{name}\" title=\"{name}\" type=\"rss\" xmlUrl=\"{}\"",
        attribute(&feed.url)
    );
    let folders = names(feed);
    let categories: Vec<&str> = feed
        .tags
        .iter()
        .filter(|tag| !folders.contains(tag))
        .map(String::as_str)
        .collect();
    let categories = (!categories.is_empty()).then(|| categories.join(","));
    for (name, value) in [
        ("htmlUrl", &feed.site),
        ("language", &feed.language),
        ("category", &categories),
    ] {
        if let Some(value) = value {
            for part in [" ", name, "=\"", &attribute(value), "\""] {
                written.push_str(part);
            }
        }
    }
    written.push_str("/>");
    written
}

/// A line `depth` folders deep, of which the body is the first.
fn line(out: &mut String, depth: usize, text: &str) {
    // What nobody reads is not indented without end.
    for _ in 0..=depth.min(40) {
        out.push_str("  ");
    }
    out.push_str(text);
    out.push('\n');
}

/// Escapes an attribute's value, line ends included, which a reader would else turn into blanks.
fn attribute(value: &str) -> String {
    escape(value)
        .replace('\n', "&#10;")
        .replace('\r', "&#13;")
        .replace('\t', "&#9;")
}
