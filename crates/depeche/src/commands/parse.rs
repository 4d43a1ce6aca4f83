//! `depeche parse`: what normalising makes of one file; touches no store.

use std::io::{Read as _, Write as _, stdin, stdout};
use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use depeche_feed::{FeedKind, Found, NotAFeed};
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
    let limit = config.fetch.max_body.0;
    let body = read(file, limit)?;
    let remark = remark(
        &body,
        url.as_deref().unwrap_or_default(),
        content_type.as_deref(),
        kind,
        limit,
    );
    let capture = capture(clock, file, url, content_type, kind, body);
    // Whoever looks at a feed wants to see all of it.
    let options = Options {
        unwanted: Unwanted::Tell,
        ..config.normalize_options()
    };
    let normalized = Normalizer::new(options).normalize(&Journaled {
        capture,
        position: NOWHERE,
        given_up: Vec::new(),
    });
    for warning in &normalized.warnings {
        eprintln!("warning: {warning}");
    }
    if let Some(remark) = remark {
        eprintln!("warning: {}: {remark}", file.display());
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
            Output::Rejected(rejection) => eprintln!("rejected: {}", rejection.reason),
            Output::PageWanted(order) => {
                eprintln!("page wanted: {}", order.entry.link.as_deref().unwrap_or_default());
            }
        }
    }
    Ok(if articles > 0 { Exit::Done } else { Exit::Partly })
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
