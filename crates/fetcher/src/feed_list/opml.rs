//! Reading OPML.

use super::{LineCounter, ListedFeed, Lister, folder_name, folder_path};
use crate::markup::{Dialect, Kind, Tag, tags};

/// Folders inside folders that are told apart; people use two or three.
const MAX_DEPTH: usize = 32;

/// The outlines that are open.
#[derive(Default)]
struct Open {
    /// Their names; `None` for an outline that is no folder.
    folders: Vec<Option<String>>,
    /// Outlines open beyond [`MAX_DEPTH`].
    deeper: usize,
}

impl Open {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().flatten().map(String::as_str)
    }

    /// Opens an outline; false when it is too deep to be a folder.
    fn enter(&mut self, folder: Option<String>) -> bool {
        let fits = self.folders.len() < MAX_DEPTH;
        if fits {
            self.folders.push(folder);
        } else {
            self.deeper += 1;
        }
        fits
    }

    fn leave(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else {
            self.folders.pop();
        }
    }
}

impl Lister<'_> {
    pub(super) fn read_opml(&mut self, text: &str) {
        let mut open = Open::default();
        let mut lines = LineCounter::new(text);
        let (mut outlines, mut in_head, mut told_depth) = (0_u64, false, false);
        for tag in tags(text, Dialect::Opml) {
            match tag.name.as_str() {
                "head" => in_head = tag.kind == Kind::Opening,
                "body" => in_head = false,
                "title" if in_head && tag.kind == Kind::Opening => {
                    let title = text.get(tag.end..).unwrap_or_default();
                    let title = title.split('<').next().unwrap_or_default();
                    let title = html_escape::decode_html_entities(title).trim().to_owned();
                    self.list.title = self
                        .list
                        .title
                        .take()
                        .or_else(|| Some(title).filter(|title| !title.is_empty()));
                }
                "outline" if tag.kind == Kind::Closing => open.leave(),
                "outline" => {
                    outlines += 1;
                    let line = lines.line_of(tag.at);
                    if let Some(damage) = tag.damage {
                        self.problem(
                            line,
                            format!("{damage}; what could be read of the outline is kept"),
                        );
                    }
                    let folder = self.outline(line, &tag, &open);
                    if tag.kind == Kind::Opening && !open.enter(folder) && !told_depth {
                        told_depth = true;
                        let error = format!(
                            "more than {MAX_DEPTH} folders inside each other; deeper ones are not kept"
                        );
                        self.problem(line, error);
                    }
                }
                _ => {}
            }
        }
        if outlines == 0 {
            self.problem(
                1,
                "no `outline` found; a feed list is OPML, or one address a line".to_owned(),
            );
        }
    }

    /// Takes one outline; returns its name when it is a folder.
    fn outline(&mut self, line: u64, tag: &Tag<'_>, open: &Open) -> Option<String> {
        let owned = |name: &str| tag.attribute(name).map(str::to_owned);
        let kind = tag.attribute("type").unwrap_or_default().to_ascii_lowercase();
        let link = tag.attribute("url");
        let is_feed = matches!(kind.as_str(), "rss" | "atom" | "rdf" | "feed" | "json");
        // Some lists of OPML 1.0 give the feed as `url`, which later is the address of a link or an included list.
        let address = tag.attribute("xmlurl").or_else(|| link.filter(|_| is_feed));
        let name = owned("title").or_else(|| owned("text"));
        let Some(address) = address else {
            match (link, tag.attribute("htmlurl")) {
                (Some(link), _) if kind == "include" || names_opml(link) => {
                    let error = format!("includes the list `{link}`, which is not read; import it by itself");
                    self.problem(line, error);
                }
                (Some(link), _) => self.problem(line, format!("`{link}` is a link and no feed")),
                (None, Some(site)) if tag.kind == Kind::Empty => {
                    let error = format!(
                        "has no `xmlUrl`; `depeche feeds discover {site}` looks for the site's feeds"
                    );
                    self.problem(line, error);
                }
                (None, _) if is_feed && tag.kind == Kind::Empty => {
                    self.problem(line, "has no `xmlUrl`, so there is nothing to poll".to_owned());
                }
                _ => {}
            }
            return name.as_deref().and_then(folder_name);
        };
        let mut tags: Vec<String> = Vec::new();
        let categories = tag.attribute("category").unwrap_or_default();
        let categories = categories
            .split(',')
            // A category is a path from the root (OPML 2.0); blanks may stand on both sides of its slash.
            .map(|tag| {
                let tag = tag.trim_start_matches(|c: char| c == '/' || c.is_whitespace());
                tag.trim_end().to_owned()
            });
        for tag in open.names().map(str::to_owned).chain(categories) {
            if !tag.is_empty() && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let feed = ListedFeed {
            url: address.to_owned(),
            name,
            tags,
            folder: folder_path(open.names()),
            site: owned("htmlurl"),
            language: owned("language"),
        };
        self.add(line, feed);
        None
    }
}

/// Whether a link leads to a list, which OPML 2.0 has readers include.
fn names_opml(link: &str) -> bool {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    path.get(path.len().saturating_sub(5)..)
        .is_some_and(|end| end.eq_ignore_ascii_case(".opml"))
}
