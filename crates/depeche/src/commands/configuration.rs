//! `depeche check` and `depeche config show`.

use std::io::{Write as _, stdout};

use crate::config::{Config, Layers, load};
use crate::exit::Exit;
use crate::feeds::subscriptions;

pub(super) fn check(layers: &Layers) -> anyhow::Result<Exit> {
    let (config, file) = load(layers)?;
    let (feeds, problems) = subscriptions(&config);
    for problem in &problems {
        eprintln!("error: {problem}");
    }
    let place = file.map_or_else(
        || "the built-in defaults".to_owned(),
        |file| file.display().to_string(),
    );
    if problems.is_empty() {
        writeln!(stdout().lock(), "{place}: no problem, {} feeds", feeds.len())?;
        return Ok(Exit::Done);
    }
    Ok(Exit::Config)
}

pub(super) fn show(config: &Config) -> anyhow::Result<Exit> {
    stdout().lock().write_all(toml::to_string(config)?.as_bytes())?;
    Ok(Exit::Done)
}
