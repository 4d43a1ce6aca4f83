//! Taking over a changed configuration and changed lists of feeds while the daemon runs.
//!
//! SIGHUP has the whole configuration read again, as at the start. Where anything is wrong with it, each problem is told
//! with its place and what runs goes on as it was. Otherwise the difference is told: the feeds with their names, tags and
//! page policies are taken over at once; what was built with its settings goes on with them, and is named. The file of
//! feeds that were added from the command line is also looked at every second.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use depeche_deduplicator::Aliases;
use depeche_fetcher::{FeedState, FeedTarget, Fetcher};
use depeche_model::SystemClock;
use depeche_store::Reader;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::config::{Config, Layers, load};
use crate::feeds::{ListProblem, Subscription, subscriptions, with_state};

/// How often the list of added feeds is looked at: a feed added from the command line is polled this soon.
const LOOK_AT_LIST: Duration = Duration::from_secs(1);

/// Feeds named one by one in the log; beyond, their number says more.
const MAX_NAMED: usize = 20;

/// Feeds with what the store keeps of them.
type States = Vec<(FeedTarget, FeedState)>;

/// What is needed to take over changes.
pub(super) struct Reload {
    layers: Layers,
    /// What runs: the configuration of the start with what was taken over since.
    running: Config,
    /// Shows it to those who serve it.
    shown: watch::Sender<Config>,
    asked: Signal,
}

impl Reload {
    /// Listens for SIGHUP from now on.
    pub(super) fn listen(layers: &Layers, config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            layers: layers.clone(),
            running: config.clone(),
            shown: watch::Sender::new(config.clone()),
            asked: signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?,
        })
    }

    /// What runs, as it changes.
    pub(super) fn running(&self) -> watch::Receiver<Config> {
        self.shown.subscribe()
    }

    /// Follows changes of the configuration, when asked, and of the added feeds; `feeds` are those that `list` was sent.
    pub(super) async fn follow(
        mut self,
        mut feeds: Vec<Subscription>,
        reader: Reader,
        list: mpsc::Sender<States>,
        aliases: watch::Sender<Aliases>,
    ) {
        let path = self.running.added_feeds_path();
        let mut seen = changed_at(&path);
        loop {
            let asked = tokio::select! {
                asked = self.asked.recv() => asked.is_some(),
                () = tokio::time::sleep(LOOK_AT_LIST) => false,
            };
            let now = changed_at(&path);
            if !asked && now == seen {
                continue;
            }
            seen = now;
            // Files are read and states looked up: no work for an async thread.
            let taken = tokio::task::block_in_place(|| {
                if asked {
                    self.reload(&aliases);
                }
                self.read_feeds(&feeds, &reader)
            });
            match taken {
                Ok((now, states)) => {
                    if list.send(states).await.is_err() {
                        return;
                    }
                    feeds = now;
                }
                Err(error) => tracing::error!("{error:#}; the feeds stay as they were"),
            }
        }
    }

    /// Reads the configuration again and takes over what can be.
    fn reload(&mut self, aliases: &watch::Sender<Aliases>) {
        let read = load(&self.layers);
        let loaded = match &read {
            Ok((loaded, _)) => check(loaded).map(|spellings| (loaded, spellings)),
            Err(error) => Err(error.0.iter().map(ToString::to_string).collect()),
        };
        let loaded = match loaded {
            Ok((loaded, spellings)) => {
                aliases.send_if_modified(|running| {
                    let is_new = *running != spellings;
                    if is_new {
                        *running = spellings;
                        tracing::info!("spellings of names changed");
                    }
                    is_new
                });
                loaded
            }
            Err(problems) => {
                for problem in &problems {
                    tracing::error!("{problem}");
                }
                tracing::error!(
                    problems = problems.len(),
                    "the configuration is not taken over: the one before stays in force"
                );
                return;
            }
        };
        let mut later = Vec::new();
        for (key, before, after) in changes(&self.running, loaded) {
            if key == "fetch.page" || key == "dedup.aliases" {
                tracing::info!(key, before, after, "setting changed");
            } else {
                tracing::warn!(key, before, after, "setting changed: it takes a restart");
                later.push(key);
            }
        }
        self.running.fetch.page = loaded.fetch.page;
        self.running.dedup.aliases.clone_from(&loaded.dedup.aliases);
        self.running.feed.clone_from(&loaded.feed);
        self.running.feed_list.clone_from(&loaded.feed_list);
        self.shown.send_replace(self.running.clone());
        tracing::info!(waiting_for_restart = later.join(" "), "configuration read again");
    }

    /// The feeds that configuration and lists name now, with their states; tells the difference to `before`.
    ///
    /// # Errors
    ///
    /// A list cannot be read at all, or the store cannot.
    fn read_feeds(
        &self,
        before: &[Subscription],
        reader: &Reader,
    ) -> anyhow::Result<(Vec<Subscription>, States)> {
        let (feeds, problems) = subscriptions(&self.running);
        for problem in problems {
            match problem {
                // Its feeds would be taken for removed.
                ListProblem::List(error) => return Err(error.into()),
                problem @ (ListProblem::Line(_) | ListProblem::Twice { .. }) => tracing::warn!("{problem}"),
            }
        }
        let states = with_state(&feeds, reader).context("the feeds' state cannot be read")?;
        tell_difference(before, &feeds);
        Ok((feeds, states))
    }
}

/// The spellings of names, or what reading a configuration does not find out and a start would.
fn check(config: &Config) -> Result<Aliases, Vec<String>> {
    let mut problems = Vec::new();
    let (_, lists) = subscriptions(config);
    problems.extend(
        lists
            .iter()
            .filter(|problem| matches!(problem, ListProblem::List(_)))
            .map(ToString::to_string),
    );
    if let Err(error) = Fetcher::new(config.fetch_options(), Arc::new(SystemClock)) {
        problems.push(error.to_string());
    }
    match config.aliases() {
        Ok(aliases) if problems.is_empty() => return Ok(aliases),
        Ok(_) => {}
        Err(error) => problems.push(format!("{error:#}")),
    }
    Err(problems)
}

/// The settings that differ, with their values; feeds and lists are told by themselves.
fn changes(before: &Config, after: &Config) -> Vec<(String, String, String)> {
    let (before, after) = (settings(before), settings(after));
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let value = |settings: &HashMap<String, String>, key: &String| {
        settings.get(key).cloned().unwrap_or_else(|| "none".to_owned())
    };
    keys.into_iter()
        .map(|key| (key.clone(), value(&before, key), value(&after, key)))
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// Every setting by its dotted key.
fn settings(config: &Config) -> HashMap<String, String> {
    fn flatten(prefix: &str, value: &toml::Value, into: &mut HashMap<String, String>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let key = if prefix.is_empty() {
                        key.clone()
                    } else {
                        format!("{prefix}.{key}")
                    };
                    flatten(&key, value, into);
                }
            }
            other => {
                into.insert(prefix.to_owned(), other.to_string());
            }
        }
    }
    let mut found = HashMap::new();
    match toml::Value::try_from(config) {
        Ok(value) => flatten("", &value, &mut found),
        Err(error) => tracing::error!(%error, "the configuration cannot be compared"),
    }
    found.remove("feed");
    found.remove("feed_list");
    found
}

fn tell_difference(before: &[Subscription], after: &[Subscription]) {
    let by_url = |feeds: &[Subscription]| -> HashMap<String, Subscription> {
        feeds
            .iter()
            .map(|feed| (feed.target.url.clone(), feed.clone()))
            .collect()
    };
    let (old, new) = (by_url(before), by_url(after));
    let urls = |feeds: &[Subscription], wanted: &dyn Fn(&Subscription) -> bool| -> Vec<String> {
        feeds
            .iter()
            .filter(|feed| wanted(feed))
            .map(|feed| feed.target.url.clone())
            .collect()
    };
    let added = urls(after, &|feed| !old.contains_key(&feed.target.url));
    let removed = urls(before, &|feed| !new.contains_key(&feed.target.url));
    let changed = urls(after, &|feed| {
        old.get(&feed.target.url)
            .is_some_and(|before| before.target != feed.target)
    });
    for (what, feeds) in [
        ("feed added", &added),
        ("feed removed", &removed),
        ("feed changed", &changed),
    ] {
        for feed in feeds.iter().take(MAX_NAMED) {
            tracing::info!(feed, "{what}");
        }
    }
    tracing::info!(
        feeds = after.len(),
        added = added.len(),
        removed = removed.len(),
        changed = changed.len(),
        "the list of feeds was read again"
    );
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_changed_setting_is_named_with_both_values() {
        let before = Config::default();
        let mut after = before.clone();
        after.fetch.concurrency = 3;
        after.fetch.interval.adaptive = false;
        after.dedup.aliases = Some("a.txt".into());
        after.feed_list.push(crate::config::FeedList { path: "f".into() });
        let told: Vec<String> = changes(&before, &after)
            .into_iter()
            .map(|(key, before, after)| format!("{key}: {before} -> {after}"))
            .collect();
        assert_eq!(
            told,
            [
                "dedup.aliases: none -> \"a.txt\"",
                "fetch.concurrency: 64 -> 3",
                "fetch.interval.adaptive: true -> false",
            ]
        );
        assert_eq!(changes(&before, &before), []);
    }
}
