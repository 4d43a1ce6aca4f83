//! Feed lists: OPML or one address a line in, OPML 2.0 out.
//!
//! Readers of all ages wrote the OPML that people bring, so reading is tolerant: attribute names in any case,
//! unescaped ampersands, unclosed tags, old charsets. Folders become tags, and so do `category` attributes. What
//! cannot be used is a problem with its file and line; the rest of the list is read.
//!
//! Source: the OPML 2.0 specification (`outline`, `xmlUrl`, `text`, `category`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesStart, Event};
use url::Url;

/// The largest list that is read, in bytes: a hundred thousand feeds.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// A feed as a list names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFeed {
    /// The address.
    pub url: String,
    /// The title, where one is given.
    pub name: Option<String>,
    /// Folders, outermost first, then categories.
    pub tags: Vec<String>,
}

/// A line of a list that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {error}")]
pub struct FeedListProblem {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub error: String,
}

/// Why a list cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FeedListError {
    /// The file cannot be read.
    #[error("{file}: the feed list cannot be read: {error}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is larger than any feed list.
    #[error("{file}: {size} bytes are too many for a feed list (at most {MAX_BYTES}); check the path")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size in bytes.
        size: u64,
    },
}

/// What a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedList {
    /// The feeds in their order, each address once.
    pub feeds: Vec<ListedFeed>,
    /// What could not be used.
    pub problems: Vec<FeedListProblem>,
}

/// Reads the list at `path`.
///
/// # Errors
///
/// [`FeedListError`] when there is no file to read, or one that is no list by its size.
pub fn read(path: &Path) -> Result<FeedList, FeedListError> {
    let file = path.display().to_string();
    let unreadable = |error| FeedListError::Unreadable {
        file: file.clone(),
        error,
    };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_BYTES {
        return Err(FeedListError::TooLarge { file, size });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    Ok(parse(&file, &bytes))
}

/// Reads a list from its bytes: OPML when the first character is `<`, one address a line otherwise. `file` names it
/// in problems.
#[must_use]
pub fn parse(file: &str, bytes: &[u8]) -> FeedList {
    let text = decode(bytes);
    let mut lister = Lister {
        file,
        list: FeedList::default(),
        lines: HashMap::new(),
    };
    if text.trim_start().starts_with('<') {
        lister.read_opml(&text);
    } else {
        lister.read_lines(&text);
    }
    lister.list
}

/// Writes a list as OPML 2.0, grouped by first tag; groups and feeds keep their order, feeds without a tag come
/// first. Tags after the first become the `category`.
#[must_use]
pub fn write(title: &str, feeds: &[ListedFeed]) -> String {
    let mut groups: Vec<(Option<&str>, Vec<&ListedFeed>)> = vec![(None, Vec::new())];
    for feed in feeds {
        let tag = feed.tags.first().map(String::as_str);
        match groups.iter_mut().find(|(group, _)| *group == tag) {
            Some((_, members)) => members.push(feed),
            None => groups.push((tag, vec![feed])),
        }
    }
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head>\n    <title>{}</title>\n  \
         </head>\n  <body>\n",
        escape(title)
    );
    for (tag, members) in &groups {
        let indent = if let Some(tag) = tag {
            line(
                &mut out,
                "    ",
                &format!("<outline text=\"{}\">", attribute(tag)),
            );
            "      "
        } else {
            "    "
        };
        for feed in members {
            let name = attribute(feed.name.as_deref().unwrap_or(&feed.url));
            let category = match feed.tags.get(1..) {
                Some(more @ [_, ..]) => format!(" category=\"{}\"", attribute(&more.join(","))),
                _ => String::new(),
            };
            let outline = format!(
                "<outline type=\"rss\" text=\"{name}\" title=\"{name}\" xmlUrl=\"{}\"{category}/>",
                attribute(&feed.url)
            );
            line(&mut out, indent, &outline);
        }
        if tag.is_some() {
            line(&mut out, "    ", "</outline>");
        }
    }
    out.push_str("  </body>\n</opml>\n");
    out
}

fn line(out: &mut String, indent: &str, text: &str) {
    for part in [indent, text, "\n"] {
        out.push_str(part);
    }
}

/// Escapes an attribute's value, line ends included, which a reader would else turn into blanks.
fn attribute(value: &str) -> String {
    escape(value)
        .replace('\n', "&#10;")
        .replace('\r', "&#13;")
        .replace('\t', "&#9;")
}

/// Decodes by byte order mark, else UTF-8 where it is valid, else by the XML declaration, else Windows-1252.
fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, length)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes.get(length..).unwrap_or_default());
        return text.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let declaration = bytes.split(|byte| *byte == b'>').next().unwrap_or_default();
    let declaration = String::from_utf8_lossy(declaration);
    let label = declaration
        .split_once("encoding=")
        .and_then(|(_, rest)| rest.split(['"', '\'']).nth(1))
        .unwrap_or_default();
    let encoding =
        encoding_rs::Encoding::for_label(label.as_bytes()).filter(|named| *named != encoding_rs::UTF_8);
    let (text, _) = encoding
        .unwrap_or(encoding_rs::WINDOWS_1252)
        .decode_without_bom_handling(bytes);
    text.into_owned()
}

struct Lister<'a> {
    file: &'a str,
    list: FeedList,
    /// The line each address was first listed on.
    lines: HashMap<String, u64>,
}

impl Lister<'_> {
    fn problem(&mut self, line: u64, error: String) {
        self.list.problems.push(FeedListProblem {
            file: self.file.to_owned(),
            line,
            error,
        });
    }

    fn add(&mut self, line: u64, address: &str, name: Option<String>, tags: Vec<String>) {
        let address = address.trim();
        // The old `feed:` scheme stands before a whole address or in place of `http:`.
        let address = match address.strip_prefix("feed:") {
            Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
            Some(rest) => rest.to_owned(),
            None => address.to_owned(),
        };
        match Url::parse(&address) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {}
            Ok(_) => return self.problem(line, format!("`{address}` is not an http or https address")),
            Err(error) => return self.problem(line, format!("`{address}` is not an address: {error}")),
        }
        if let Some(first) = self.lines.get(&address) {
            let error = format!("`{address}` is listed already on line {first}; the first counts");
            return self.problem(line, error);
        }
        self.lines.insert(address.clone(), line);
        self.list.feeds.push(ListedFeed {
            url: address,
            name,
            tags,
        });
    }

    fn read_lines(&mut self, text: &str) {
        for (line, number) in text.lines().zip(1..) {
            let address = line.trim();
            if !address.is_empty() && !address.starts_with('#') {
                self.add(number, address, None, Vec::new());
            }
        }
    }

    fn read_opml(&mut self, text: &str) {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        // The folders that are open; `None` for an outline that is none.
        let mut folders: Vec<Option<String>> = Vec::new();
        let mut lines = LineCounter::new(text);
        let mut outlines = 0_u64;
        loop {
            let line = lines.line_of(reader.buffer_position());
            match reader.read_event() {
                Ok(Event::Start(tag)) if is_outline(&tag) => {
                    outlines += 1;
                    let folder = self.outline(line, &tag, &folders);
                    folders.push(folder);
                }
                Ok(Event::Empty(tag)) if is_outline(&tag) => {
                    outlines += 1;
                    self.outline(line, &tag, &folders);
                }
                Ok(Event::End(tag)) if tag.name().as_ref().eq_ignore_ascii_case("outline") => {
                    folders.pop();
                }
                Ok(Event::Eof) => break,
                Ok(_) => {}
                Err(error) => {
                    let line = lines.line_of(reader.error_position());
                    self.problem(line, format!("not well-formed from here on: {error}"));
                    break;
                }
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
    fn outline(&mut self, line: u64, tag: &BytesStart<'_>, folders: &[Option<String>]) -> Option<String> {
        let mut found: HashMap<String, String> = HashMap::new();
        for attribute in tag.html_attributes().with_checks(false).flatten() {
            let name = attribute.key.as_ref().to_ascii_lowercase();
            let raw = &attribute.value;
            // A value with a bare ampersand is taken as it is written.
            let value = unescape(raw).unwrap_or(Cow::Borrowed(raw)).trim().to_owned();
            if !value.is_empty() {
                found.entry(name).or_insert(value);
            }
        }
        let name = found.get("title").or_else(|| found.get("text")).cloned();
        let Some(address) = found.get("xmlurl") else {
            return name;
        };
        let mut tags: Vec<String> = Vec::new();
        let categories = found.get("category").map(String::as_str).unwrap_or_default();
        let categories = categories
            .split(',')
            .map(|tag| tag.trim().trim_start_matches('/').to_owned());
        for tag in folders.iter().flatten().cloned().chain(categories) {
            if !tag.is_empty() && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        self.add(line, address, name.filter(|name| name != address), tags);
        None
    }
}

fn is_outline(tag: &BytesStart<'_>) -> bool {
    tag.name().as_ref().eq_ignore_ascii_case("outline")
}

/// Tells the line of a byte position; positions come in ascending order.
struct LineCounter<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> LineCounter<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line on which the next thing after `position` begins.
    fn line_of(&mut self, position: u64) -> u64 {
        let end = usize::try_from(position)
            .unwrap_or(usize::MAX)
            .min(self.text.len());
        let passed = self.text.get(self.at..end).unwrap_or_default();
        self.line += passed.split(|byte| *byte == b'\n').skip(1).count() as u64;
        self.at = self.at.max(end);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(url: &str, name: Option<&str>, tags: &[&str]) -> ListedFeed {
        ListedFeed {
            url: url.to_owned(),
            name: name.map(str::to_owned),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let feeds = [
            feed(
                "https://a.fr/rss?a=1&b=2",
                Some("L’« Écho » <du> \"Val\" & d'ailleurs"),
                &["régional", "ouest", "a/b"],
            ),
            feed("https://b.fr/", None, &[]),
            feed("https://c.fr/", Some("deux\nlignes"), &["national"]),
            feed("https://d.fr/", Some("D"), &["régional"]),
        ];
        let list = parse("x", write("Mes flux & co", &feeds).as_bytes());
        assert_eq!(list.problems, []);
        let mut read = list.feeds;
        read.sort_by(|a, b| a.url.cmp(&b.url));
        assert_eq!(read, feeds);
    }

    #[test]
    fn an_old_and_careless_list_is_read() {
        let opml = b"<?xml version='1.0' encoding='ISO-8859-1'?><opml><body>\n<outline text='Presse r\xe9gionale'>\n\
            <OUTLINE TEXT='A' xmlurl='http://a.fr/?x=1&y=2' category='/une,/une/deux'/>\n\
            <outline text='B' title='' xmlUrl='feed://b.fr/rss'>\n</outline></outline>\n\
            <outline text='C' xmlUrl='feed:https://c.fr/'/></body>";
        let list = parse("x", opml);
        assert_eq!(list.problems, []);
        assert_eq!(
            list.feeds,
            [
                feed(
                    "http://a.fr/?x=1&y=2",
                    Some("A"),
                    &["Presse régionale", "une", "une/deux"]
                ),
                feed("http://b.fr/rss", Some("B"), &["Presse régionale"]),
                feed("https://c.fr/", Some("C"), &[]),
            ]
        );
    }

    #[test]
    fn one_address_a_line_with_comments() {
        let list = parse(
            "flux.txt",
            "\u{feff}# presse\nhttps://a.fr/ \r\n\n  https://b.fr/\n".as_bytes(),
        );
        assert_eq!(list.problems, []);
        assert_eq!(
            list.feeds,
            [feed("https://a.fr/", None, &[]), feed("https://b.fr/", None, &[])]
        );
    }

    #[test]
    fn a_bad_line_is_named_and_costs_only_itself() {
        let lines = parse(
            "flux.txt",
            b"https://a.fr/\nn'importe quoi\nftp://x.fr/\nhttps://a.fr/\n",
        );
        let opml = parse(
            "flux.opml",
            b"<opml><body>\n<outline xmlUrl='https://a.fr/'/>\n<outline\n xmlUrl='rien'/>\n<outline xmlUrl='https://a.fr/'/></body></opml>",
        );
        assert_eq!(lines.feeds.len(), 1);
        let shown: Vec<String> = lines
            .problems
            .iter()
            .chain(&opml.problems)
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            shown,
            [
                "flux.txt:2: `n'importe quoi` is not an address: relative URL without a base",
                "flux.txt:3: `ftp://x.fr/` is not an http or https address",
                "flux.txt:4: `https://a.fr/` is listed already on line 1; the first counts",
                "flux.opml:3: `rien` is not an address: relative URL without a base",
                "flux.opml:5: `https://a.fr/` is listed already on line 2; the first counts",
            ]
        );
    }

    #[test]
    fn what_is_no_list_says_so() {
        assert!(
            parse("x", b"<html></html>").problems[0]
                .to_string()
                .contains("no `outline`")
        );
        assert_eq!(parse("x", b""), FeedList::default());
    }
}
