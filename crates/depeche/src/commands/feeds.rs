//! `depeche feeds`: the feeds that are polled, and their state.

use std::io::{Write as _, stdout};
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use depeche_fetcher::FeedMemory;
use depeche_fetcher::feed_list::{self, ListedFeed};
use depeche_model::Clock;
use depeche_store::{FeedRow, StoreError};
use serde_json::json;

use super::discover::discover;
use super::explain_feed;
use super::reader;
use crate::cli::{Feeds, Format, Rows};
use crate::config::Config;
use crate::exit::Exit;
use crate::feeds::{self, Subscription, subscriptions};
use crate::output::{print_rows, row, time, write_to};

pub(super) fn feeds(config: &Config, clock: &Arc<dyn Clock>, command: Feeds) -> anyhow::Result<Exit> {
    match command {
        Feeds::List { rows } => list(config, &rows),
        Feeds::Add { url, name, tags } => {
            let added = feeds::add(
                config,
                vec![ListedFeed {
                    url: url.clone(),
                    name,
                    tags,
                    ..ListedFeed::default()
                }],
            )?;
            let said = if added == 0 { "is there already" } else { "added" };
            writeln!(stdout().lock(), "{url}: {said}")?;
            Ok(Exit::Done)
        }
        Feeds::Remove { url } => {
            feeds::remove(config, &url)?;
            writeln!(stdout().lock(), "{url}: removed")?;
            Ok(Exit::Done)
        }
        Feeds::Explain { url, format } => explain_feed::explain_feed(config, &url, format),
        Feeds::Log { url, rows } => explain_feed::log(config, &url, &rows),
        Feeds::Import { file } => import(config, &file),
        Feeds::Discover { url, add, rows } => discover(config, clock, &url, add, &rows),
        Feeds::Export { to } => {
            let listed: Vec<ListedFeed> = all(config).into_iter().map(ListedFeed::from).collect();
            let text = feed_list::write("depeche", &listed);
            write_to(to.output.as_ref(), |out| Ok(out.write_all(text.as_bytes())?))?;
            Ok(Exit::Done)
        }
    }
}

fn all(config: &Config) -> Vec<Subscription> {
    let (feeds, problems) = subscriptions(config);
    for problem in problems {
        eprintln!("warning: {problem}");
    }
    feeds
}

fn list(config: &Config, rows: &Rows) -> anyhow::Result<Exit> {
    let feeds = all(config);
    // The list is worth showing without the state too.
    let reader = match reader(config) {
        Ok(reader) => Some(reader),
        Err(error) => match error.downcast_ref::<StoreError>() {
            Some(StoreError::Missing { .. }) => None,
            Some(StoreError::Locked { .. }) => {
                eprintln!("warning: {error}; the list comes without the feeds' state");
                None
            }
            _ => return Err(error),
        },
    };
    let mut columns = vec![
        "source",
        "status",
        "polled_at",
        "next_due",
        "failures",
        "articles",
        "error",
        "url",
    ];
    if rows.format != Format::Table {
        columns.extend([
            "answered_at",
            "moved_to",
            "entries",
            "tags",
            "page",
            "origin",
            "folder",
            "site",
        ]);
    }
    let line = |feed: Subscription| {
        let Subscription {
            target,
            origin,
            folder,
            site,
            ..
        } = feed;
        let state = match &reader {
            Some(reader) => reader.feed(&target.url)?.unwrap_or_default(),
            None => FeedRow::default(),
        };
        let at = |at: Option<jiff::Timestamp>| match rows.format {
            Format::Table => json!(at.map(time)),
            _ => json!(at),
        };
        let mut line = row([
            ("source", json!(target.source())),
            ("status", json!(state.status)),
            ("polled_at", at(state.polled_at)),
            ("next_due", at(state.next_due)),
            ("failures", json!(state.failures)),
            ("articles", json!(state.articles)),
            ("error", json!(state.error)),
            ("url", json!(target.url)),
        ]);
        if rows.format != Format::Table {
            let memory = match &reader {
                Some(reader) => reader.fetcher_memory(&target.url)?,
                None => None,
            };
            let memory = memory.as_deref().and_then(FeedMemory::open).unwrap_or_default();
            let moved_to = memory.moved.learnt();
            line.extend(row([
                ("answered_at", at(state.answered_at)),
                ("moved_to", json!(moved_to)),
                ("entries", json!(state.entries)),
                ("tags", json!(target.tags)),
                ("page", json!(target.page.as_str())),
                ("origin", json!(origin.to_string())),
                ("folder", json!(folder)),
                ("site", json!(site)),
            ]));
        }
        Ok(line)
    };
    write_to(rows.to.output.as_ref(), |out| {
        print_rows(out, rows.format, &columns, feeds.into_iter().map(line))
    })?;
    Ok(Exit::Done)
}

fn import(config: &Config, file: &Path) -> anyhow::Result<Exit> {
    let list = feed_list::read(file)?;
    for problem in &list.problems {
        eprintln!("error: {problem}");
    }
    if list.feeds.is_empty() {
        bail!("{} names no feed", file.display());
    }
    let named = list.feeds.len();
    let added = feeds::add(config, list.feeds)?;
    writeln!(
        stdout().lock(),
        "{}: {named} feeds, {added} of them new",
        file.display()
    )?;
    Ok(if list.problems.is_empty() {
        Exit::Done
    } else {
        Exit::Partly
    })
}
