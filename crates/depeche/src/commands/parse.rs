//! `depeche parse`: what normalising makes of one file; touches no store.

use std::io::{BufReader, Read as _, Write as _, stdin, stdout};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use depeche_feed::{FeedKind, Found, NotAFeed};
use depeche_fetcher::replay::{LINE_TYPE, Line, read_lines};
use depeche_model::{
    Capture, CaptureKind, Clock, Header, HttpAnswer, Journaled, Output, PagePolicy, Payload, Position,
};
use depeche_normalizer::{Normalizer, Options, Unwanted, barrier_to};

use crate::cli::ParseAs;
use crate::config::Config;
use crate::exit::Exit;
use crate::output::parsed_line;

/// No journal holds what is parsed here.
const NOWHERE: Position = Position {
    ordinal: 0,
    segment: 0,
    offset: 0,
    length: 0,
};

pub(super) fn parse(
    config: &Config,
    clock: &dyn Clock,
    file: &Path,
    url: Option<String>,
    content_type: Option<String>,
    kind: Option<ParseAs>,
) -> anyhow::Result<Exit> {
    // Whoever looks at a feed wants to see all of it.
    let normalizer = Normalizer::new(Options {
        unwanted: Unwanted::Tell,
        ..config.normalize_options()
    });
    let limit = config.fetch.max_body.0;
    let articles = if is_of_lines(file, content_type.as_deref()) && url.is_none() && kind.is_none() {
        parse_lines(&normalizer, clock, file, limit)?
    } else {
        let body = read(file, limit)?;
        let remark = remark(
            &body,
            url.as_deref().unwrap_or_default(),
            content_type.as_deref(),
            kind,
            limit,
        );
        let articles = print(
            &normalizer,
            capture(clock, file, url, content_type, kind, body),
            "",
        )?;
        if let Some(remark) = remark {
            eprintln!("warning: {}: {remark}", file.display());
        }
        articles
    };
    Ok(if articles > 0 { Exit::Done } else { Exit::Partly })
}

/// Whether a file holds one JSON document a line, as its name or its media type says.
fn is_of_lines(file: &Path, content_type: Option<&str>) -> bool {
    const TYPES: [&str; 4] = [
        "application/jsonl",
        "application/x-ndjson",
        "application/ndjson",
        "application/json-lines",
    ];
    let label = content_type.map(|label| {
        label
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    match label {
        Some(label) => TYPES.contains(&label.as_str()),
        None => file.extension().is_some_and(|extension| {
            ["jsonl", "ndjson"]
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        }),
    }
}

/// Each line by itself, as a replay takes them in; gives back how many articles came of them.
fn parse_lines(normalizer: &Normalizer, clock: &dyn Clock, file: &Path, limit: u64) -> anyhow::Result<usize> {
    let mut articles = 0;
    let mut failed = None;
    let mut each = |number: u64, line: Line<'_>| {
        let name = format!("{}#{number}", file.display());
        match line {
            Line::TooLong { size, limit } => {
                eprintln!(
                    "rejected: {name}: {size} bytes are more than the {limit} allowed; raise `fetch.max_body` to take \
                     it in"
                );
            }
            Line::Whole(body) => {
                let mut captured = capture(
                    clock,
                    file,
                    None,
                    Some(LINE_TYPE.to_owned()),
                    None,
                    Bytes::copy_from_slice(body),
                );
                captured.uri = format!("{}#{number}", captured.uri);
                match print(normalizer, captured, &format!("{name}: ")) {
                    Ok(printed) => articles += printed,
                    Err(error) => {
                        failed = Some(error);
                        return ControlFlow::Break(());
                    }
                }
            }
        }
        ControlFlow::Continue(())
    };
    let cannot = || format!("cannot read {}", file.display());
    let flow = if file.as_os_str() == "-" {
        read_lines(stdin().lock(), limit, &mut each).context("cannot read standard input")?
    } else {
        let input = std::fs::File::open(file).with_context(cannot)?;
        read_lines(BufReader::new(input), limit, &mut each).with_context(cannot)?
    };
    match failed {
        Some(error) if flow.is_break() => Err(error),
        _ => Ok(articles),
    }
}

/// Prints the articles that come of a capture, and what does not become one on standard error behind `place`; gives back
/// how many they are.
fn print(normalizer: &Normalizer, capture: Capture, place: &str) -> anyhow::Result<usize> {
    let normalized = normalizer.normalize(&Journaled {
        capture,
        position: NOWHERE,
        given_up: Vec::new(),
    });
    for warning in &normalized.warnings {
        eprintln!("warning: {place}{warning}");
    }
    let mut articles = 0;
    let mut out = stdout().lock();
    for output in normalized.outputs {
        match output {
            Output::Article(article) => {
                serde_json::to_writer(&mut out, &parsed_line(*article)?)?;
                out.write_all(b"\n")?;
                articles += 1;
            }
            Output::Rejected(rejection) => eprintln!("rejected: {place}{}", rejection.reason),
            Output::PageWanted(order) => {
                let link = order.entry.link.as_deref().unwrap_or_default();
                eprintln!("page wanted: {place}{link}");
            }
        }
    }
    Ok(articles)
}

/// What explains that few or no articles come of a file, where its content is what it is taken for.
fn remark(
    body: &Bytes,
    url: &str,
    content_type: Option<&str>,
    kind: Option<ParseAs>,
    limit: u64,
) -> Option<String> {
    match depeche_feed::read(body, content_type, url, limit) {
        _ if matches!(kind, Some(ParseAs::Text)) => None,
        Ok(_) if matches!(kind, Some(ParseAs::Page)) => None,
        Ok(feed) if feed.kind == FeedKind::SitemapIndex => Some(match feed.children.len() {
            1 => "a sitemap index of one sitemap".to_owned(),
            count => format!("a sitemap index of {count} sitemaps"),
        }),
        Ok(feed) => feed.items.is_empty().then(|| "a feed without entries".to_owned()),
        // Taken for a feed it is rejected, which says the same.
        Err(_) if matches!(kind, Some(ParseAs::Feed)) => None,
        Err(NotAFeed {
            found: Found::Page | Found::Wall(_),
            ..
        }) => {
            let html = depeche_feed::decode(body, content_type, url, limit).ok()?;
            barrier_to(&html.text, url)
        }
        Err(_) => None,
    }
}

fn read(file: &Path, limit: u64) -> anyhow::Result<Bytes> {
    let mut body = Vec::new();
    let cannot = || format!("cannot read {}", file.display());
    if file.as_os_str() == "-" {
        stdin()
            .take(limit + 1)
            .read_to_end(&mut body)
            .context("cannot read standard input")?;
    } else {
        let input = std::fs::File::open(file).with_context(cannot)?;
        input
            .take(limit + 1)
            .read_to_end(&mut body)
            .with_context(cannot)?;
    }
    if body.len() as u64 > limit {
        anyhow::bail!(
            "{} is larger than {limit} bytes; raise `fetch.max_body` to take it in",
            file.display()
        );
    }
    if body.starts_with(b"WARC/1.") {
        anyhow::bail!(
            "{} is a WARC file of many captures: `depeche replay` takes it in",
            file.display()
        );
    }
    Ok(body.into())
}

/// A file as it is, or, where an address or a kind was given, as if it had been fetched.
fn capture(
    clock: &dyn Clock,
    file: &Path,
    url: Option<String>,
    content_type: Option<String>,
    kind: Option<ParseAs>,
    body: Bytes,
) -> Capture {
    let name = file
        .file_name()
        .unwrap_or(file.as_os_str())
        .to_string_lossy()
        .into_owned();
    let by_extension = match file.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm" | "xhtml") => Some("text/html"),
        Some("xml" | "rss" | "atom" | "rdf") => Some("application/xml"),
        Some("json") => Some("application/json"),
        Some("txt") => Some("text/plain"),
        _ => None,
    };
    let by_kind = match kind {
        Some(ParseAs::Feed) => Some("application/xml"),
        Some(ParseAs::Page) => Some("text/html"),
        Some(ParseAs::Text) => Some("text/plain"),
        None => None,
    };
    let content_type = content_type.or_else(|| by_kind.or(by_extension).map(str::to_owned));
    let fetched = match kind {
        Some(ParseAs::Feed) => Some(CaptureKind::Feed),
        Some(ParseAs::Page) => Some(CaptureKind::Page),
        Some(ParseAs::Text) => None,
        None => url
            .as_ref()
            .and(content_type.as_deref())
            .and_then(|content_type| match content_type {
                html if html.contains("html") => Some(CaptureKind::Page),
                feed if feed.contains("xml") || feed.contains("json") => Some(CaptureKind::Feed),
                _ => None,
            }),
    };
    let source = url
        .as_deref()
        .and_then(|url| url::Url::parse(url).ok()?.host_str().map(str::to_owned))
        .unwrap_or_else(|| name.clone());
    let payload = match fetched {
        Some(_) => Payload::Http(HttpAnswer {
            status: 200,
            headers: content_type
                .map(|value| Header {
                    name: "content-type".to_owned(),
                    value: value.into_bytes(),
                })
                .into_iter()
                .collect(),
            body,
        }),
        None => Payload::File { content_type, body },
    };
    Capture {
        kind: fetched.unwrap_or(CaptureKind::File),
        uri: url.unwrap_or(name),
        final_uri: None,
        captured_at: clock.now(),
        source,
        page_policy: PagePolicy::Never,
        timezone: None,
        order: None,
        payload,
    }
}
