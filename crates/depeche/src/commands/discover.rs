//! `depeche feeds discover`: the feeds of a site, the best first.

use std::io::{Write as _, stdout};
use std::sync::Arc;

use anyhow::bail;
use depeche_fetcher::Fetcher;
use depeche_fetcher::discover::{DiscoveredFeed, discover as look_for};
use depeche_fetcher::feed_list::ListedFeed;
use depeche_model::Clock;
use serde_json::json;

use crate::cli::{Format, Rows};
use crate::config::Config;
use crate::exit::Exit;
use crate::feeds;
use crate::output::{Row, print_rows, row, time, write_to};
use crate::runtime::block_on;

pub(super) fn discover(
    config: &Config,
    clock: &Arc<dyn Clock>,
    address: &str,
    add: bool,
    rows: &Rows,
) -> anyhow::Result<Exit> {
    let fetcher = Fetcher::new(config.fetch_options(), Arc::clone(clock))?;
    let found = block_on(async { Ok(look_for(&fetcher, address).await?) })?;
    for note in &found.notes {
        eprintln!("note: {note}");
    }
    let mut columns = vec![
        "rank", "url", "title", "kind", "items", "newest", "language", "content", "found_by",
    ];
    if rows.format != Format::Table {
        columns.extend(["site", "comments", "also_at"]);
    }
    let lines = (1..)
        .zip(&found.feeds)
        .map(|(rank, feed)| Ok(line(rank, feed, rows.format)));
    write_to(rows.to.output.as_ref(), |out| {
        print_rows(out, rows.format, &columns, lines)
    })?;
    let is_table = rows.format == Format::Table && rows.to.output.is_none();
    for refusal in &found.refusals {
        if is_table {
            writeln!(stdout().lock(), "{refusal}")?;
        } else {
            eprintln!("note: {refusal}");
        }
    }
    let Some(best) = found.feeds.into_iter().next() else {
        if found.is_unreachable {
            eprintln!("error: nothing answers at {address}");
            return Ok(Exit::Unreachable);
        }
        let why = found.refusals.first().map(|refusal| format!(": {refusal}"));
        eprintln!("error: no feed was found at {address}{}", why.unwrap_or_default());
        return Ok(Exit::Failed);
    };
    if add {
        if best.is_comments {
            bail!("only feeds of comments were found; add one with `depeche feeds add URL` if it is meant");
        }
        let url = best.url.clone();
        let listed = ListedFeed {
            url: best.url,
            name: best.title,
            site: best.site,
            language: best.language,
            ..ListedFeed::default()
        };
        let said = match feeds::add(config, vec![listed])? {
            0 => "is there already",
            _ => "added",
        };
        eprintln!("{url}: {said}");
    }
    Ok(Exit::Done)
}

fn line(rank: usize, feed: &DiscoveredFeed, format: Format) -> Row {
    let newest = match format {
        Format::Table => json!(feed.newest.map(time)),
        _ => json!(feed.newest),
    };
    let content = if feed.is_full_text { "full" } else { "teaser" };
    let mut line = row([
        ("rank", json!(rank)),
        ("url", json!(feed.url)),
        ("title", json!(feed.title)),
        ("kind", json!(feed.kind.as_str())),
        ("items", json!(feed.items)),
        ("newest", newest),
        ("language", json!(feed.language)),
        ("content", json!(content)),
        ("found_by", json!(feed.found_by.as_str())),
    ]);
    if format != Format::Table {
        line.extend(row([
            ("site", json!(feed.site)),
            ("comments", json!(feed.is_comments)),
            ("also_at", json!(feed.also_at)),
        ]));
    }
    line
}
