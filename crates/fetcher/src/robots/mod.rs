//! `robots.txt`: what a host asks of programs (RFC 9309).
//!
//! Groups are matched by product token without case, all groups of one token count together, and the longest
//! matching rule decides, `Allow` before `Disallow` at equal length (§2.2.2). `*` and a closing `$` are understood
//! (§2.2.3). `Sitemap` lines (sitemaps.org) belong to no group, `Crawl-delay` to the one it stands in. Unknown lines
//! are skipped.
//!
//! - [`cache`]: what each server said, and for how long that is believed.

mod cache;

use std::time::Duration;

pub(crate) use cache::RobotsCache;

/// Bytes of a `robots.txt` that are read; §2.5 asks for at least 500 KiB.
pub(crate) const MAX_BYTES: u64 = 500 * 1024;

/// Redirects followed (§2.3.1.2: at least five).
pub(crate) const MAX_HOPS: usize = 5;

/// The longest `Crawl-delay` that is honoured: at a page a minute a newspaper's day is still read.
const MAX_CRAWL_DELAY: Duration = Duration::from_mins(1);

/// `Sitemap` lines that are kept.
const MAX_SITEMAPS: usize = 1000;

/// The rules that address this program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Robots {
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
    sitemaps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// Path pattern, percent-encoding normalised.
    pattern: Vec<u8>,
}

/// The groups of one token.
#[derive(Debug, Default)]
struct Group {
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

fn crawl_delay(value: &[u8]) -> Option<Duration> {
    let seconds: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    if seconds.is_nan() {
        return None;
    }
    let delay = Duration::try_from_secs_f64(seconds.min(MAX_CRAWL_DELAY.as_secs_f64())).ok()?;
    (!delay.is_zero()).then_some(delay)
}

fn within_limit(text: &[u8]) -> &[u8] {
    let Some((read, rest)) = text.split_at_checked(MAX_BYTES as usize) else {
        return text;
    };
    if rest.first().is_none_or(|next| matches!(next, b'\n' | b'\r')) {
        return read;
    }
    let end = read.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    read.get(..end.unwrap_or(0)).unwrap_or_default()
}

impl Robots {
    /// The rules of `text` for the program whose product token is `token`. What lies beyond [`MAX_BYTES`] is not read,
    /// nor the line that lies across.
    pub(crate) fn parse(text: &[u8], token: &str) -> Self {
        let text = within_limit(text);
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut own = Group::default();
        let mut anyone = Group::default();
        let mut sitemaps = Vec::new();
        let mut has_own_group = false;
        // The group being read: whether its names are still being listed, and whom it addresses.
        let (mut listing, mut for_own, mut for_anyone) = (false, false, false);
        for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let (field, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            match field.trim_ascii().to_ascii_lowercase().as_slice() {
                b"user-agent" => {
                    if !listing {
                        (listing, for_own, for_anyone) = (true, false, false);
                    }
                    for_anyone |= value == b"*";
                    // A token ends where its letters end: `depeche/1.0` names `depeche`.
                    let named = value
                        .split(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
                        .next()
                        .unwrap_or_default();
                    if !named.is_empty() && named.eq_ignore_ascii_case(token.as_bytes()) {
                        for_own = true;
                        has_own_group = true;
                    }
                }
                verb @ (b"allow" | b"disallow") => {
                    listing = false;
                    // An empty pattern matches nothing: `Disallow:` allows all.
                    if value.is_empty() {
                        continue;
                    }
                    let rule = Rule {
                        allow: verb == b"allow",
                        pattern: normalise(value),
                    };
                    if for_own {
                        own.rules.push(rule.clone());
                    }
                    if for_anyone {
                        anyone.rules.push(rule);
                    }
                }
                b"crawl-delay" => {
                    let delay = crawl_delay(value);
                    if for_own {
                        own.crawl_delay = own.crawl_delay.max(delay);
                    }
                    if for_anyone {
                        anyone.crawl_delay = anyone.crawl_delay.max(delay);
                    }
                }
                b"sitemap" if sitemaps.len() < MAX_SITEMAPS => {
                    sitemaps.push(String::from_utf8_lossy(value).into_owned());
                }
                _ => {}
            }
        }
        let group = if has_own_group { own } else { anyone };
        Self {
            rules: group.rules,
            crawl_delay: group.crawl_delay,
            sitemaps,
        }
    }

    /// The wait between two requests that the group asks for, at most a minute.
    pub(crate) fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }

    /// The addresses of `Sitemap` lines, as written.
    pub(crate) fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }

    /// Whether `path` (with its query, as in the request line) may be asked.
    pub(crate) fn allows(&self, path: &str) -> bool {
        let path = normalise(path.as_bytes());
        if path == b"/robots.txt" {
            return true;
        }
        self.rules
            .iter()
            .filter(|rule| matches(&rule.pattern, &path))
            .max_by_key(|rule| (rule.pattern.len(), rule.allow))
            .is_none_or(|rule| rule.allow)
    }
}

/// Brings percent-encoding to one form (§2.2.2): what is not printable ASCII is encoded, what need not be encoded is
/// not, and the digits are upper-case.
fn normalise(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let push = |byte: u8, out: &mut Vec<u8>| out.extend(format!("%{byte:02X}").bytes());
    let mut rest = path;
    while let Some((&first, tail)) = rest.split_first() {
        let encoded = match tail {
            [high, low, ..] if first == b'%' => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        rest = match encoded {
            Some(byte) => {
                // RFC 3986 §2.3: unreserved characters mean the same encoded or not.
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                    out.push(byte);
                } else {
                    push(byte, &mut out);
                }
                tail.get(2..).unwrap_or_default()
            }
            None if first.is_ascii_graphic() => {
                out.push(first);
                tail
            }
            None => {
                push(first, &mut out);
                tail
            }
        };
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Whether `pattern` matches the beginning of `path`. `*` stands for any bytes, a closing `$` for the end. Takes time
/// in proportion to the product of both lengths at worst, with no recursion.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, anchored) = match pattern.split_last() {
        Some((b'$', pattern)) => (pattern, true),
        _ => (pattern, false),
    };
    let (mut at, mut in_pattern) = (0, 0);
    // Where the latest `*` stands, and where its next try begins.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(in_pattern), path.get(at)) {
            (None, None) => return true,
            (None, Some(_)) if !anchored => return true,
            (Some(b'*'), _) => {
                in_pattern += 1;
                retry = Some((in_pattern, at));
            }
            (Some(expected), Some(found)) if expected == found => {
                in_pattern += 1;
                at += 1;
            }
            _ => match retry {
                Some((after_star, from)) if from < path.len() => {
                    retry = Some((after_star, from + 1));
                    (in_pattern, at) = (after_star, from + 1);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(text: &str, path: &str) -> bool {
        Robots::parse(text.as_bytes(), "depeche").allows(path)
    }

    #[test]
    fn the_own_group_counts_alone_and_its_parts_together() {
        let text = "User-agent: *\nDisallow: /\n\nUSER-AGENT: Depeche/2.0\nDisallow: /a # here\n\
                    User-agent: other\nAllow: /a\nuser-agent: depeche\nDisallow:/b";
        assert!(!allows(text, "/a/1") && !allows(text, "/b") && allows(text, "/c"));
        assert!(!allows(
            "User-agent: x\nUser-agent: *\nCrawl-delay: 3\nDisallow: /",
            "/"
        ));
        // A token is compared whole, not as a prefix.
        assert!(allows("User-agent: depeche-news\nDisallow: /", "/"));
    }

    #[test]
    fn an_own_group_without_rules_allows_all() {
        assert!(allows(
            "User-agent: *\nDisallow: /\nUser-agent: depeche\nDisallow:\n",
            "/x"
        ));
        assert!(allows("", "/x"));
        assert!(allows("User-agent: *\nDisallow: /", "/robots.txt"));
    }

    #[test]
    fn the_longest_rule_decides_and_allow_wins_a_tie() {
        let text = "User-agent: *\nDisallow: /archives\nAllow: /archives/2026\nDisallow: /t\nAllow: /t";
        assert!(!allows(text, "/archives/2025") && allows(text, "/archives/2026/x") && allows(text, "/t"));
    }

    #[test]
    fn stars_and_the_closing_dollar_are_understood() {
        for (pattern, path, matched) in [
            ("/*.pdf$", "/a/b.pdf", true),
            ("/*.pdf$", "/a/b.pdf?x", false),
            ("/*.pdf", "/a.pdf/b.pdf?x", true),
            ("/*/x", "/a/b/x", true),
            ("/*/x$", "/x", false),
            ("/fish*", "/fish", true),
            ("/$", "/", true),
            ("/$", "/a", false),
            ("*", "/a", true),
            ("*x*y*$", "/xay", true),
            ("/a%3cd", "/a<d", false),
            ("/caf%c3%a9", "/caf\u{e9}", true),
            ("/caf\u{e9}", "/caf%C3%A9", true),
            ("/%7Ejo", "/~jo", true),
        ] {
            let text = format!("User-agent: *\nDisallow: {pattern}");
            assert_eq!(!allows(&text, path), matched, "{pattern} {path}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_exponential_time() {
        let text = format!("User-agent: *\nDisallow: /{}b$", "*a".repeat(500));
        assert!(allows(&text, &format!("/{}", "a".repeat(5000))));
    }

    #[test]
    fn any_line_end_and_a_byte_order_mark_are_read() {
        assert!(!allows("\u{feff}User-agent: *\rDisallow: /x\r\n", "/x"));
    }

    #[test]
    fn what_lies_beyond_the_limit_is_not_read_nor_half_a_line() {
        let rule = "\nDisallow: /a";
        let padded = |bytes: usize, after: &str| {
            let start = "User-agent: *\n#";
            let blank = "x".repeat(bytes - start.len() - rule.len());
            format!("{start}{blank}{rule}{after}")
        };
        let limit = MAX_BYTES as usize;
        assert!(!allows(&padded(limit, ""), "/abc"));
        assert!(!allows(&padded(limit, "\nAllow: /abc"), "/abc"));
        // The line goes on: half of it would forbid more than it says.
        assert!(allows(&padded(limit, "z"), "/abc"));
        assert!(allows(&padded(limit + 1, ""), "/abc"));
    }

    #[test]
    fn delays_count_for_their_group_and_sitemaps_for_all() {
        let text = "Sitemap: https://a.fr/1.xml\nUser-agent: *\nCrawl-delay: 30\nUser-agent: depeche\n\
                    Crawl-delay: 2.5\nDisallow: /x\nsitemap: /2.xml # here";
        let robots = Robots::parse(text.as_bytes(), "depeche");
        assert_eq!(robots.crawl_delay(), Some(Duration::from_millis(2500)));
        assert_eq!(robots.sitemaps(), ["https://a.fr/1.xml", "/2.xml"]);
        let robots = Robots::parse(text.as_bytes(), "another");
        assert_eq!(robots.crawl_delay(), Some(Duration::from_secs(30)));
        for (value, seconds) in [
            ("3600", Some(60)),
            ("0", None),
            ("-1", None),
            ("NaN", None),
            ("inf", Some(60)),
            ("bientôt", None),
        ] {
            let robots = Robots::parse(format!("User-agent: *\nCrawl-delay: {value}").as_bytes(), "d");
            assert_eq!(
                robots.crawl_delay().map(|delay| delay.as_secs()),
                seconds,
                "{value}"
            );
        }
    }
}
