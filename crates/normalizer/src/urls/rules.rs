//! The rules of `rules/urls.txt`, one a line.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use url::Url;

/// The file's rules; it is part of the program, and a test reads every line of it.
pub(super) static RULES: LazyLock<Rules> =
    LazyLock::new(|| Rules::parse(include_str!("../../rules/urls.txt")));

#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Parameters that are dropped, by their names in lower case.
    named: FxHashSet<String>,
    /// Those that are dropped by how their name begins.
    starting: Vec<String>,
    /// Those that are dropped with this value only.
    with: FxHashSet<String>,
    /// Last path segments that are dropped.
    pub(super) path_ends: Vec<String>,
    /// First path segments that are dropped.
    pub(super) path_starts: Vec<String>,
    /// Last path segments that are the folder's own page.
    pub(super) indexes: Vec<String>,
    /// First host labels that are dropped.
    pub(super) host_starts: Vec<String>,
    /// Addresses that carry another: host, path, and the parameter that has it.
    redirectors: Vec<(String, String, String)>,
    /// Sites that write a path otherwise in another rendering: the end of the host, and the beginning or the end of the path in
    /// both forms.
    moved: Vec<(String, String, String)>,
    /// Addresses that show a copy of another: the end of the host and the beginning of the path.
    mirrors: Vec<(String, String)>,
}

impl Rules {
    fn parse(written: &str) -> Self {
        let mut rules = Self::default();
        for line in written.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let (Some(kind), Some(pattern)) = (words.next(), words.next()) else {
                continue;
            };
            let owned = pattern.to_owned();
            match kind {
                "parameter" => rules.push_parameter(&pattern.to_ascii_lowercase()),
                "path-end" => rules.path_ends.push(owned),
                "path-start" => rules.path_starts.push(owned),
                "index" => rules.indexes.push(owned),
                "host-start" => rules.host_starts.push(owned),
                "redirector" => {
                    let (place, parameter) = pattern.split_once('?').unwrap_or((pattern, ""));
                    let (host, path) = place.split_once('/').unwrap_or((place, ""));
                    rules
                        .redirectors
                        .push((host.to_owned(), format!("/{path}"), parameter.to_owned()));
                }
                "at" => {
                    let (host, forms) = pattern.split_once('|').unwrap_or((pattern, ""));
                    let (from, to) = forms.split_once('=').unwrap_or((forms, ""));
                    if !from.is_empty() {
                        rules
                            .moved
                            .push((host.to_owned(), from.to_owned(), to.to_owned()));
                    }
                }
                "mirror" => {
                    let (host, path) = pattern.split_once('/').unwrap_or((pattern, ""));
                    rules.mirrors.push((host.to_owned(), format!("/{path}")));
                }
                _ => {}
            }
        }
        rules
    }

    /// Whether a parameter, as `name` or `name=value`, says nothing of the article.
    pub(super) fn drops(&self, pair: &str) -> bool {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.to_ascii_lowercase();
        is_session(&name, value)
            || is_time_of_request(&name, value)
            || self.named.contains(&name)
            || self.starting.iter().any(|start| name.starts_with(start.as_str()))
            || self.with.contains(&pair.to_ascii_lowercase())
    }

    /// A path as its site writes it elsewhere, where it has two forms.
    pub(super) fn moved(&self, host: &str, path: &str) -> Option<String> {
        self.moved.iter().find_map(|(site, from, to)| {
            if !is_at(host, site) {
                return None;
            }
            if from.starts_with('/') {
                let rest = path.strip_prefix(from.as_str())?;
                return rest
                    .starts_with(|c: char| c.is_ascii_digit())
                    .then(|| format!("{to}{rest}"));
            }
            let rest = path.trim_end_matches('/').strip_suffix(from.as_str())?;
            (!rest.ends_with('/')).then(|| format!("{rest}{to}"))
        })
    }

    fn push_parameter(&mut self, pattern: &str) {
        if let Some(start) = pattern.strip_suffix('*') {
            self.starting.push(start.to_owned());
        } else if pattern.contains('=') {
            self.with.insert(pattern.to_owned());
        } else {
            self.named.insert(pattern.to_owned());
        }
    }

    /// The address that another only leads to or shows a copy of.
    pub(super) fn target(&self, url: &Url) -> Option<String> {
        let host = url.host_str()?.trim_end_matches('.');
        let path = url.path();
        let at = |known: &str| is_at(host, known);
        for (known, start, parameter) in &self.redirectors {
            if at(known) && path == start {
                let target = url.query_pairs().find(|(name, _)| name == parameter);
                if let Some((_, target)) = target.filter(|(_, target)| is_address(target)) {
                    return Some(target.into_owned());
                }
            }
        }
        for (known, start) in &self.mirrors {
            if let Some(rest) = path.strip_prefix(start.as_str()).filter(|_| at(known)) {
                // `s/` says that the copied page is secure.
                let rest = rest.strip_prefix("s/").unwrap_or(rest);
                let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
                let target = format!("https://{rest}{query}");
                return is_address(&target).then_some(target);
            }
        }
        None
    }
}

/// Whether a host is a site's, or one below it.
fn is_at(host: &str, site: &str) -> bool {
    host == site || host.strip_suffix(site).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether a parameter is the time of the request, which keeps caches from answering: no article has so long a number there.
fn is_time_of_request(name: &str, value: &str) -> bool {
    matches!(name, "ts" | "_" | "cb" | "timestamp" | "nocache")
        && (10..=16).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a parameter is a visitor's session under a name that others use for an article's number.
fn is_session(name: &str, value: &str) -> bool {
    matches!(name, "sid" | "s" | "session" | "sessid")
        && value.len() >= 32
        && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_address(target: &str) -> bool {
    Url::parse(target).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.domain().is_some_and(|name| name.contains('.'))
    })
}
