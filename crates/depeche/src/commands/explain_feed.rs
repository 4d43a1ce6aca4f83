//! `depeche feeds explain` and `depeche feeds log`: why the next poll of a feed is when it is, and how the last ones went.

use std::io::{Write, stdout};

use super::feed_store;
use crate::cli::{Rows, ShowFormat};
use crate::config::Config;
use crate::daemon;
use crate::exit::Exit;
use crate::feeds;
use crate::output::{self, table_width, write_to};

pub(super) fn explain_feed(config: &Config, url: &str, format: ShowFormat) -> anyhow::Result<Exit> {
    let url = feeds::address(url)?;
    let mut said = Vec::new();
    match feed_store(config) {
        Ok(reader) => output::explain_feed(&mut said, config, reader.as_ref(), &url, format, table_width())?,
        Err(locked) if daemon::is_locked(&locked) => {
            let path = daemon::feeds_path("/explain", Some(&url), &format, table_width());
            daemon::ask(&config.data_dir, &path, locked, &mut said)?;
        }
        Err(error) => return Err(error),
    }
    stdout().lock().write_all(&said)?;
    Ok(Exit::Done)
}

pub(super) fn log(config: &Config, url: &str, rows: &Rows) -> anyhow::Result<Exit> {
    let url = feeds::address(url)?;
    let mut said = Vec::new();
    match feed_store(config) {
        Ok(reader) => {
            output::feed_log(
                &mut said,
                config,
                reader.as_ref(),
                &url,
                rows.format,
                table_width(),
            )?;
        }
        Err(locked) if daemon::is_locked(&locked) => {
            let path = daemon::feeds_path("/log", Some(&url), &rows.format, table_width());
            daemon::ask(&config.data_dir, &path, locked, &mut said)?;
        }
        Err(error) => return Err(error),
    }
    write_to(rows.to.output.as_ref(), |out| Ok(out.write_all(&said)?))?;
    Ok(Exit::Done)
}
