//! `depeche feeds`: the feeds that are polled, and their state.

use std::io::{Write as _, stdout};
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use depeche_fetcher::feed_list::{self, ListedFeed};
use depeche_model::Clock;

use super::discover::discover;
use super::explain_feed;
use super::feed_store;
use crate::cli::{Feeds, Rows};
use crate::config::Config;
use crate::daemon;
use crate::exit::Exit;
use crate::feeds::{self, Subscription, subscriptions};
use crate::output::{list_feeds, table_width, write_to};

pub(super) fn feeds(config: &Config, clock: &Arc<dyn Clock>, command: Feeds) -> anyhow::Result<Exit> {
    match command {
        Feeds::List { rows } => list(config, &rows),
        Feeds::Add { url, name, tags } => {
            let url = feeds::address(&url)?;
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
            let url = feeds::address(&url)?;
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
    let reader = match feed_store(config) {
        Ok(reader) => reader,
        Err(locked) if daemon::is_locked(&locked) => {
            let path = daemon::feeds_path("", None, &rows.format, table_width());
            let mut said = Vec::new();
            match daemon::ask(&config.data_dir, &path, locked, &mut said) {
                Ok(()) => {
                    write_to(rows.to.output.as_ref(), |out| Ok(out.write_all(&said)?))?;
                    return Ok(Exit::Done);
                }
                // The list is worth showing without the state too.
                Err(error) if daemon::is_locked(&error) => {
                    eprintln!("warning: {error:#}; the list comes without the feeds' state");
                    None
                }
                Err(error) => return Err(error),
            }
        }
        Err(error) => return Err(error),
    };
    write_to(rows.to.output.as_ref(), |out| {
        list_feeds(out, feeds, reader.as_ref(), rows.format, table_width())
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
