//! `depeche check` and `depeche config show`.

use std::io::{Write as _, stdout};

use crate::config::{Config, Layers, Loaded, read};
use crate::exit::Exit;
use crate::feeds::{ListProblem, subscriptions};

/// Tells all that is wrong, in the configuration and in the lists that it names, in one run.
pub(super) fn check(layers: &Layers) -> anyhow::Result<Exit> {
    let loaded = read(layers)?;
    let (feeds, lists) = subscriptions(&loaded.config);
    let mut problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    problems.extend(lists.iter().map(|problem| placed(&loaded, problem)));
    for problem in &problems {
        eprintln!("error: {problem}");
    }
    let place = loaded.file.map_or_else(
        || "the built-in defaults".to_owned(),
        |file| file.display().to_string(),
    );
    if problems.is_empty() {
        writeln!(stdout().lock(), "{place}: no problem, {} feeds", feeds.len())?;
        return Ok(Exit::Done);
    }
    Ok(Exit::Config)
}

/// What is wrong with a list or with a feed, with the place in the configuration that names it.
fn placed(loaded: &Loaded, problem: &ListProblem) -> String {
    match problem {
        // Its own file and line are in it.
        ListProblem::Line(problem) => problem.to_string(),
        ListProblem::List(error) => {
            let lists = &loaded.config.feed_list;
            let number = lists
                .iter()
                .position(|list| list.path.display().to_string() == error.file());
            match number {
                Some(number) => {
                    let key = format!("feed_list.{number}.path");
                    let place = loaded.place_of(&key);
                    format!("{place}: {key}: {error}; correct the path or remove the [[feed_list]]")
                }
                None => error.to_string(),
            }
        }
        ListProblem::Twice { number, .. } => {
            format!("{}: {problem}", loaded.place_of(&format!("feed.{number}.url")))
        }
    }
}

pub(super) fn show(config: &Config) -> anyhow::Result<Exit> {
    stdout().lock().write_all(toml::to_string(config)?.as_bytes())?;
    Ok(Exit::Done)
}
