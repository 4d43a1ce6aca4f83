//! Feed lists: OPML or one address a line in, OPML 2.0 out.
//!
//! Readers of all ages wrote the OPML that people bring, so reading is tolerant: attribute names in any case,
//! unescaped ampersands, unclosed tags and quotes, old charsets. Folders are kept as a path and become tags, and so do
//! `category` attributes. What cannot be used is a problem with its file and line; the rest of the list is read.
//!
//! Source: the OPML 1.0, 1.1 and 2.0 specifications (`outline`, `xmlUrl`, `text`, `title`, `htmlUrl`, `category`,
//! `type`), and what readers write.

mod opml;
mod write;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use url::Url;

pub use write::write;

/// The largest list that is read, in bytes: a hundred thousand feeds.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// Characters of a folder's name that are kept, since every feed inside repeats it.
const MAX_FOLDER_NAME: usize = 200;

/// Problems told by themselves; of a file that is no list, every line would be one.
const MAX_PROBLEMS: usize = 1000;

/// Brings the address of a feed to the one spelling under which it is known: as the URL standard writes it, without the
/// blanks around it and without a fragment, which no server ever sees.
///
/// # Errors
///
/// What is wrong with it, for people.
pub fn address(written: &str) -> Result<String, String> {
    let written = written.trim();
    // The old `feed:` scheme stands before a whole address or in place of `http:`.
    let whole = match written.strip_prefix("feed:") {
        Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
        Some(rest) => rest.to_owned(),
        None => written.to_owned(),
    };
    let named = |why: String| Err(format!("`{whole}` is not an address: {why}"));
    match Url::parse(&whole) {
        Ok(mut url) if matches!(url.scheme(), "http" | "https") => {
            url.set_fragment(None);
            Ok(url.into())
        }
        parsed => {
            if let Some(meant) = with_scheme(&whole) {
                return named(format!("it has no scheme; `{meant}` may be meant"));
            }
            match parsed {
                Ok(_) => Err(format!("`{whole}` is not an http or https address")),
                Err(error) => named(error.to_string()),
            }
        }
    }
}

/// The https address that is meant where somebody left out the scheme: `example.org/rss`, `example.org:8080`.
fn with_scheme(written: &str) -> Option<String> {
    let host = written.split(['/', '?', '#', ':']).next()?;
    let is_name = host.contains('.') && !host.contains(char::is_whitespace);
    let meant = format!("https://{written}");
    (is_name && !written.contains("://") && Url::parse(&meant).is_ok()).then_some(meant)
}

/// A feed as a list names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedFeed {
    /// The address, in the spelling of [`address`].
    pub url: String,
    /// The title, where one is given.
    pub name: Option<String>,
    /// Folders, outermost first, then categories.
    pub tags: Vec<String>,
    /// The folders it stands in, outermost first, joined by `/`: `Presse nationale/Quotidiens`. A slash or backslash
    /// inside a folder's name has a backslash before it.
    pub folder: Option<String>,
    /// The address of the site it is the feed of.
    pub site: Option<String>,
    /// The language that the list declares (BCP 47).
    pub language: Option<String>,
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
    /// It only names a feed that is listed before, so nothing is lost where it is left out.
    pub is_repeat: bool,
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

impl FeedListError {
    /// The file.
    #[must_use]
    pub fn file(&self) -> &str {
        match self {
            Self::Unreadable { file, .. } | Self::TooLarge { file, .. } => file,
        }
    }
}

/// What a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedList {
    /// The title that the list gives itself.
    pub title: Option<String>,
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
        untold: 0,
    };
    if text.trim_start().starts_with('<') {
        lister.read_opml(&text);
    } else {
        lister.read_lines(&text);
    }
    lister.finish()
}

/// The names of the folders in a path such as [`ListedFeed::folder`] holds, outermost first; nameless ones are left out.
#[must_use]
pub fn folder_names(path: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        match character {
            '/' => names.push(std::mem::take(&mut name)),
            '\\' => name.extend(characters.next()),
            character => name.push(character),
        }
    }
    names.push(name);
    names.iter().filter_map(|name| folder_name(name)).collect()
}

/// A folder's name as it is kept, the same however often it is written and read; `None` for a nameless one. A cut may
/// leave a blank at the end, which no reader gives back.
fn folder_name(name: &str) -> Option<String> {
    let cut: String = name.trim().chars().take(MAX_FOLDER_NAME).collect();
    let name = cut.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The path of these folders; `None` without any.
fn folder_path<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let escaped: Vec<String> = names
        .map(|name| name.replace('\\', "\\\\").replace('/', "\\/"))
        .collect();
    (!escaped.is_empty()).then(|| escaped.join("/"))
}

/// Decodes by byte order mark, else UTF-8 where it is valid, else by the XML declaration, else line by line: lines that
/// are valid UTF-8 as such, the others as Windows-1252.
fn decode(bytes: &[u8]) -> String {
    let with = |encoding: &'static encoding_rs::Encoding, bytes: &[u8]| {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        text.into_owned()
    };
    if let Some((encoding, length)) = encoding_rs::Encoding::for_bom(bytes) {
        return with(encoding, bytes.get(length..).unwrap_or_default());
    }
    // An XML declaration in UTF-16 that forgot its mark (XML 1.0 appendix F).
    match bytes {
        [b'<', 0, ..] => return with(encoding_rs::UTF_16LE, bytes),
        [0, b'<', ..] => return with(encoding_rs::UTF_16BE, bytes),
        _ => {}
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
    let named =
        encoding_rs::Encoding::for_label(label.as_bytes()).filter(|named| *named != encoding_rs::UTF_8);
    match named {
        Some(encoding) => with(encoding, bytes),
        None => bytes
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| match std::str::from_utf8(line) {
                Ok(line) => line.to_owned(),
                Err(_) => with(encoding_rs::WINDOWS_1252, line),
            })
            .collect(),
    }
}

/// A list while it is read.
struct Lister<'a> {
    file: &'a str,
    list: FeedList,
    /// The line each address was first listed on.
    lines: HashMap<String, u64>,
    /// Problems beyond those that are told.
    untold: u64,
}

impl Lister<'_> {
    fn problem(&mut self, line: u64, error: String) {
        self.tell(line, error, false);
    }

    fn tell(&mut self, line: u64, error: String, is_repeat: bool) {
        if self.list.problems.len() == MAX_PROBLEMS {
            self.untold += 1;
            return;
        }
        self.list.problems.push(FeedListProblem {
            file: self.file.to_owned(),
            line,
            error,
            is_repeat,
        });
    }

    /// Takes a feed whose address is as it was written.
    fn add(&mut self, line: u64, feed: ListedFeed) {
        let url = match address(&feed.url) {
            Ok(url) => url,
            Err(error) => return self.problem(line, error),
        };
        // Spellings of one address are one feed.
        if let Some(first) = self.lines.get(&url) {
            let error = format!(
                "`{}` is listed already on line {first}; the first counts",
                feed.url.trim()
            );
            return self.tell(line, error, true);
        }
        self.lines.insert(url.clone(), line);
        // A name that only repeats the address is what an export writes for none.
        let name = feed
            .name
            .filter(|name| name.trim() != feed.url.trim() && *name != url);
        self.list.feeds.push(ListedFeed { url, name, ..feed });
    }

    /// One feed a line: its address, then, after a blank, its name. What follows a `#` after a blank is a comment.
    fn read_lines(&mut self, text: &str) {
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let comment = line.match_indices('#').find(|(at, _)| {
                line.get(..*at)
                    .is_some_and(|before| before.ends_with(char::is_whitespace))
            });
            let kept = comment.map_or(line, |(at, _)| line.get(..at).unwrap_or(line));
            let (address, name) = kept.split_once(char::is_whitespace).unwrap_or((kept, ""));
            let name = name.trim();
            self.add(
                number,
                ListedFeed {
                    url: address.to_owned(),
                    name: (!name.is_empty()).then(|| name.to_owned()),
                    ..ListedFeed::default()
                },
            );
        }
    }

    fn finish(mut self) -> FeedList {
        if self.untold > 0 {
            let last = self.list.problems.last().map_or(1, |problem| problem.line);
            self.list.problems.push(FeedListProblem {
                file: self.file.to_owned(),
                line: last,
                error: format!("and {} problems more from here on", self.untold),
                is_repeat: false,
            });
        }
        self.list
    }
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

    fn line_of(&mut self, position: usize) -> u64 {
        let passed = self.text.get(self.at..position).unwrap_or_default();
        self.line += passed.split(|byte| *byte == b'\n').skip(1).count() as u64;
        self.at = self.at.max(position);
        self.line
    }
}

#[cfg(test)]
mod tests;
