//! The canonical form: RFC 3986 §6.2.2 and the URL Standard applied (lower-case scheme and host, default port, dot segments,
//! percent-encoding), then what only counts visits, names a visitor or chooses a rendering taken out: trackers, sessions,
//! redirectors, user names, fragments, AMP, mobile and print variants, index files, trailing slashes, the order of parameters.

use std::borrow::Cow;

use url::Url;

use super::rules::RULES;

/// Each pass may uncover work for the next (`/amp/amp`, a redirector behind a redirector); real addresses are done after two.
const MAX_PASSES: usize = 64;

/// The canonical form of an address; one that is no HTTP address comes back as it is.
#[must_use]
pub fn canonical(written: &str) -> String {
    let mut current = written.trim().to_owned();
    for _ in 0..MAX_PASSES {
        let Some(next) = pass(&current) else {
            return current;
        };
        if next == current {
            break;
        }
        current = next;
    }
    current
}

fn pass(written: &str) -> Option<String> {
    let mut url = parse(written)?;
    if let Some(target) = RULES.target(&url) {
        // A redirector's parameter may end in a blank; what comes from elsewhere is trimmed too.
        return Some(target.trim().to_owned());
    }
    let host = url.host_str()?.trim_end_matches('.').to_owned();
    if host.is_empty() {
        return None;
    }
    // A site moves to HTTPS as a whole; an explicit port is another server.
    if url.scheme() == "http" && url.port().is_none() && url.domain().is_some_and(|name| name.contains('.')) {
        url.set_scheme("https").ok()?;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let shorter = RULES
        .host_starts
        .iter()
        .find_map(|start| host.strip_prefix(start.as_str()))
        .filter(|rest| rest.contains('.'));
    url.set_host(Some(shorter.unwrap_or(&host))).ok()?;
    let moved = RULES.moved(&host, url.path());
    let path = canonical_path(moved.as_deref().unwrap_or(url.path()));
    url.set_path(&path);
    let query = url.query().map(canonical_query).filter(|query| !query.is_empty());
    url.set_query(query.as_deref());
    let fragment = url.fragment().and_then(canonical_fragment);
    url.set_fragment(fragment.as_deref());
    Some(url.to_string())
}

/// An HTTP address, also one without its scheme, as people write them.
fn parse(written: &str) -> Option<Url> {
    let url = match Url::parse(written) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            let rest = written.strip_prefix("//").unwrap_or(written);
            let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
            if !is_host(host) {
                return None;
            }
            Url::parse(&format!("https://{rest}")).ok()?
        }
        Err(_) => return None,
    };
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Whether a name without a scheme is a host's, not a file's: `lemonde.fr`, not `article.html`.
fn is_host(name: &str) -> bool {
    const FILES: &[&str] = &[
        "asp", "aspx", "css", "gif", "htm", "html", "jpeg", "jpg", "js", "json", "jsp", "pdf", "php", "png",
        "rss", "shtml", "svg", "txt", "webp", "xhtml", "xml",
    ];
    let Some((before, last)) = name.rsplit_once('.') else {
        return false;
    };
    last.chars().count() >= 2
        && last.chars().all(char::is_alphabetic)
        && !FILES.contains(&last.to_ascii_lowercase().as_str())
        && before
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'))
}

/// A fragment chooses an article only in sites that route by it: `#/route`, `#!/route`. Its parameters are parameters.
fn canonical_fragment(fragment: &str) -> Option<String> {
    let (route, query) = fragment.split_once('?').unwrap_or((fragment, ""));
    let name = route.trim_start_matches(['!', '/']);
    if name.is_empty() || name.len() == route.len() {
        return None;
    }
    let query = canonical_query(query);
    if query.is_empty() {
        Some(route.to_owned())
    } else {
        Some(format!("{route}?{query}"))
    }
}

fn canonical_path(path: &str) -> String {
    let mut path = without_parameters(&without_empty(&normal_escapes(path)));
    trim_slashes(&mut path);
    if let Some((folder, last)) = path.rsplit_once('/') {
        let last = last.to_ascii_lowercase();
        if RULES.indexes.contains(&last) {
            let length = folder.len().max(1);
            path.truncate(length);
            trim_slashes(&mut path);
        }
    }
    for start in &RULES.path_starts {
        // Only what has a path of an article behind it: `/amp/fender` may be about an amplifier.
        if let Some(rest) = path.strip_prefix(start.as_str())
            && rest.contains('/')
        {
            path = format!("/{rest}");
        }
    }
    for end in &RULES.path_ends {
        if let Some(rest) = path.strip_suffix(end.as_str()) {
            // Only what has a path left: `/amp` may be an article about amplifiers.
            if rest.len() > 1 && !rest.ends_with('/') {
                path.truncate(rest.len());
                path.push_str(kept_extension(end));
            }
        }
    }
    path
}

fn trim_slashes(path: &mut String) {
    while path.ends_with('/') && path.len() > 1 {
        path.pop();
    }
}

/// The path without empty segments, but for those of an address inside it (`/web/2024/https://…`).
fn without_empty(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if c == '/' && out.ends_with('/') && !out.ends_with(":/") {
            continue;
        }
        out.push(c);
    }
    out
}

/// The path without the sessions that servers write into it.
fn without_parameters(path: &str) -> String {
    const SESSIONS: &[&str] = &[";jsessionid=", ";phpsessid=", ";sid="];
    let lower = path.to_ascii_lowercase();
    let Some(at) = SESSIONS.iter().filter_map(|session| lower.find(session)).min() else {
        return path.to_owned();
    };
    let (before, after) = path.split_at_checked(at).unwrap_or((path, ""));
    let end = after
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '/' | ';'))
        .map_or(after.len(), |(end, _)| end);
    format!("{before}{}", after.get(end..).unwrap_or_default())
}

/// What a path end leaves in place: `.amp.html` is a rendering of `.html`.
fn kept_extension(end: &str) -> &str {
    end.rsplit_once('.')
        .filter(|(before, _)| !before.is_empty())
        .map_or("", |(before, _)| end.strip_prefix(before).unwrap_or(""))
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<Cow<'_, str>> = query
        .split('&')
        // `&amp;` between parameters, as it stands in HTML.
        .map(|pair| pair.trim_start_matches("amp;"))
        .filter(|pair| !pair.is_empty())
        .map(normal_escapes)
        .filter(|pair| !RULES.drops(pair))
        .collect();
    // By name only: the order of repeated parameters may mean something.
    pairs.sort_by(|a, b| a.split('=').next().cmp(&b.split('=').next()));
    pairs.join("&")
}

/// Percent-encoding in upper case, and none around unreserved characters (RFC 3986 §6.2.2.1–2).
fn normal_escapes(part: &str) -> Cow<'_, str> {
    if !part.contains('%') {
        return Cow::Borrowed(part);
    }
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let byte = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') => {
                out.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
            }
            Some(byte) => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    out.extend(
                        char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()),
                    );
                }
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}
