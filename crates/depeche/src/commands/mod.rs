//! The commands, one module a family.

mod backup;
mod cluster;
mod compact;
mod configuration;
mod discover;
mod expect;
mod explain;
mod explain_feed;
mod feeds;
mod parse;
mod read;
mod rebuild;
mod reload;
mod replay;
mod run;
mod shell;
mod show;
mod shutdown;
mod stats;
mod story;
mod summary;
mod verify;

use std::fmt::Display;
use std::sync::Arc;

use anyhow::bail;
use depeche_model::{ArticleId, Clock, SystemClock};
use depeche_store::{Reader, Store, StoreError, look_for_unfinished_restore};

use crate::cli::{Cli, Command, Dead, Global};
use crate::config::{Config, Layers, load};
use crate::exit::Exit;
use crate::output::short;

/// Does the command.
pub(crate) fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let Cli { global, command } = cli;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let layers = layers(&global);
    let config = || load(&layers).map(|(config, _)| config);
    match command {
        Command::Run { once } => run::run(&config()?, &layers, &clock, once, global.quiet),
        Command::Replay { paths, speed, expect } => {
            replay::replay(&config()?, &clock, paths, speed, expect.as_deref(), global.quiet)
        }
        Command::Parse {
            file,
            url,
            content_type,
            kind,
        } => parse::parse(&config()?, clock.as_ref(), &file, url, content_type, kind),
        Command::Export { format, all, to } => read::export(&reader(&config()?)?, format, all, &to),
        Command::List {
            limit,
            source,
            verdict,
            rows,
        } => read::list(&reader(&config()?)?, limit, source.as_deref(), verdict, &rows),
        Command::Show { id, format } => {
            let config = config()?;
            show::show(&reader(&config)?, &id, format, &config.aliases()?)
        }
        Command::Story { id, rows } => {
            let config = config()?;
            story::story(&reader(&config)?, &id, &rows, &config.aliases()?)
        }
        Command::Explain { id, other, format } => {
            let config = config()?;
            explain::explain(&config, &reader(&config)?, &id, other.as_deref(), format)
        }
        Command::Tail { lines, format } => read::tail(&reader(&config()?)?, lines, format),
        Command::Stats { format } => stats::print(&config()?, format),
        Command::Feeds(command) => feeds::feeds(&config()?, &clock, command),
        Command::Rebuild => rebuild::rebuild(&config()?, &clock, global.quiet),
        Command::Compact => compact::compact(&config()?),
        Command::Check => configuration::check(&layers),
        Command::Config(_show) => configuration::show(&config()?),
        Command::Dead(Dead::List { reason, rows }) => {
            read::dead(&reader(&config()?)?, reason.as_deref(), &rows)
        }
        Command::Backup { file, no_journal } => {
            backup::backup(&config()?, clock.as_ref(), &file, !no_journal, global.quiet)
        }
        Command::Restore { file } => backup::restore(&config()?, &file, global.quiet),
        Command::Verify { rows } => verify::verify(&config()?, &rows, global.quiet),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man => shell::man(),
    }
}

fn layers(global: &Global) -> Layers {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    Layers {
        file: global.config.clone(),
        environment: std::env::vars_os()
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
        data_dir: global.data_dir.clone(),
    }
}

/// The store, for reading.
fn store(config: &Config) -> anyhow::Result<Store> {
    look_for_unfinished_restore(&config.data_dir)?;
    Ok(Store::open_existing(&config.store_dir(), config.store_options())?)
}

/// Reads the store.
fn reader(config: &Config) -> anyhow::Result<Reader> {
    Ok(store(config)?.into())
}

/// Reads the store for what it has of the feeds; `None` while there is no store.
fn feed_store(config: &Config) -> anyhow::Result<Option<Reader>> {
    match reader(config) {
        Err(error) if matches!(error.downcast_ref(), Some(StoreError::Missing { .. })) => Ok(None),
        read => read.map(Some),
    }
}

/// The article that the digits name.
fn article(reader: &Reader, digits: &str) -> anyhow::Result<ArticleId> {
    one(&reader.find(&digits.to_ascii_lowercase())?, digits, "article")
}

fn one<T: Copy + Display>(found: &[T], digits: &str, what: &str) -> anyhow::Result<T> {
    match found {
        _ if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) => bail!(
            "`{digits}` is no id: ids are hexadecimal digits, of which the first will do; `depeche list` shows them"
        ),
        [found] => Ok(*found),
        [] => bail!("no {what} has an id that starts with `{digits}`; `depeche list` shows ids"),
        [one, other, ..] => bail!(
            "`{digits}` begins more than one {what}, such as {} and {}: give more digits",
            short(one),
            short(other)
        ),
    }
}
