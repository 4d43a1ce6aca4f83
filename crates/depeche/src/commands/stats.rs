//! `depeche stats`: what the store holds, from the store itself or from the daemon that has it open.

use std::io::{Write, stdout};

use super::reader;
use crate::cli::ShowFormat;
use crate::config::Config;
use crate::daemon;
use crate::exit::Exit;
use crate::output::{Row, print_stats, stats};

pub(super) fn print(config: &Config, format: ShowFormat) -> anyhow::Result<Exit> {
    let stats = match reader(config) {
        Ok(reader) => stats(&reader, &config.journal_dir())?,
        Err(error) if daemon::is_locked(&error) => of_the_daemon(config, error)?,
        Err(error) => return Err(error),
    };
    let mut out = stdout().lock();
    match format {
        ShowFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &stats)?;
            writeln!(out)?;
        }
        ShowFormat::Table => print_stats(&mut out, &stats)?,
    }
    Ok(Exit::Done)
}

/// The daemon's own counts.
fn of_the_daemon(config: &Config, locked: anyhow::Error) -> anyhow::Result<Row> {
    let mut answer = Vec::new();
    daemon::ask(&config.data_dir, "/api/v1/stats", locked, &mut answer)?;
    Ok(serde_json::from_slice(&answer)?)
}
