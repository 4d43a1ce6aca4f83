//! The feeds to poll: those of the configuration, of its lists, and those added from the command line.
//!
//! What the command line adds stands in `feeds.opml` in the data folder. A running daemon sees a change there,
//! so `feeds add` needs no lock and no restart.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use depeche_disk::durable::write_whole;
use depeche_fetcher::feed_list::{self, FeedList, FeedListError, FeedListProblem, ListedFeed};
use depeche_fetcher::{FeedState, FeedTarget};
use depeche_model::PagePolicy;
use depeche_store::Reader;

use crate::config::Config;

/// Where a feed is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `[[feed]]` of the configuration.
    Configuration,
    /// A list the configuration names.
    List(String),
    /// Added from the command line.
    Added,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Configuration => f.write_str("configuration"),
            Self::List(path) => f.write_str(path),
            Self::Added => f.write_str("added"),
        }
    }
}

/// A feed with where it is written down.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subscription {
    pub(crate) target: FeedTarget,
    pub(crate) origin: Origin,
    /// What a list says of it beyond what polling needs; kept for `feeds list` and `feeds export`.
    pub(crate) folder: Option<String>,
    pub(crate) site: Option<String>,
    pub(crate) language: Option<String>,
}

impl From<Subscription> for ListedFeed {
    fn from(subscription: Subscription) -> Self {
        let FeedTarget { url, name, tags, .. } = subscription.target;
        Self {
            url,
            name,
            tags,
            folder: subscription.folder,
            site: subscription.site,
            language: subscription.language,
        }
    }
}

/// What is wrong with a list.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListProblem {
    /// All its feeds are missing.
    #[error(transparent)]
    List(#[from] FeedListError),
    /// A line of it cannot be used.
    #[error(transparent)]
    Line(#[from] FeedListProblem),
    /// A feed of the configuration stands there twice.
    #[error(
        "feed.{number}.url: {url} is the address of feed.{first} already, which counts; remove one of the two [[feed]]"
    )]
    Twice {
        /// Which of the feeds, counted from 0.
        number: usize,
        /// The one before with that address.
        first: usize,
        /// The address as it is known.
        url: String,
    },
}

/// All feeds, each address once (the first place counts), and what was wrong with the lists.
pub(crate) fn subscriptions(config: &Config) -> (Vec<Subscription>, Vec<ListProblem>) {
    let mut found: Vec<Subscription> = Vec::new();
    let mut known = std::collections::HashSet::new();
    let mut problems = twice(config);
    let mut add = |feed: ListedFeed, page: Option<PagePolicy>, timezone: Option<String>, origin: Origin| {
        if known.insert(feed.url.clone()) {
            found.push(Subscription {
                target: FeedTarget {
                    url: feed.url,
                    name: feed.name,
                    page: page.unwrap_or(config.fetch.page),
                    timezone,
                    tags: feed.tags,
                },
                origin,
                folder: feed.folder,
                site: feed.site,
                language: feed.language,
            });
        }
    };
    for feed in &config.feed {
        let listed = ListedFeed {
            // Reading the configuration refused those that are none.
            url: feed_list::address(&feed.url).unwrap_or_else(|_| feed.url.clone()),
            name: feed.name.clone(),
            tags: feed.tags.clone(),
            ..ListedFeed::default()
        };
        add(listed, feed.page, feed.timezone.clone(), Origin::Configuration);
    }
    let mut add_list = |path: &Path, origin: &Origin| match feed_list::read(path) {
        Ok(FeedList {
            feeds,
            problems: wrong,
            ..
        }) => {
            problems.extend(wrong.into_iter().map(ListProblem::from));
            for feed in feeds {
                add(feed, None, None, origin.clone());
            }
        }
        Err(error) => problems.push(error.into()),
    };
    for list in &config.feed_list {
        add_list(&list.path, &Origin::List(list.path.display().to_string()));
    }
    let added = config.added_feeds_path();
    if added.exists() {
        add_list(&added, &Origin::Added);
    }
    (found, problems)
}

/// Feeds of the configuration that stand there twice, however their addresses are spelt.
fn twice(config: &Config) -> Vec<ListProblem> {
    let mut known = std::collections::HashMap::new();
    let mut found = Vec::new();
    for (number, feed) in config.feed.iter().enumerate() {
        let url = feed_list::address(&feed.url).unwrap_or_else(|_| feed.url.clone());
        match known.get(&url) {
            Some(&first) => found.push(ListProblem::Twice { number, first, url }),
            None => {
                known.insert(url, number);
            }
        }
    }
    found
}

/// Each feed with the state the store keeps of it.
pub(crate) fn with_state(
    subscriptions: &[Subscription],
    reader: &Reader,
) -> anyhow::Result<Vec<(FeedTarget, FeedState)>> {
    subscriptions
        .iter()
        .map(|subscription| {
            let row = reader.feed(&subscription.target.url)?.unwrap_or_default();
            let state = FeedState {
                validators: row.validators,
                next_due: row.next_due,
                memory: reader
                    .fetcher_memory(&subscription.target.url)?
                    .unwrap_or_default()
                    .into_boxed_slice(),
            };
            Ok((subscription.target.clone(), state))
        })
        .collect()
}

/// Brings an address that was given on the command line to the spelling under which feeds are known.
pub(crate) fn address(given: &str) -> anyhow::Result<String> {
    feed_list::address(given).map_err(anyhow::Error::msg)
}

/// Adds feeds from the command line; gives back how many were not there yet.
pub(crate) fn add(config: &Config, feeds: Vec<ListedFeed>) -> anyhow::Result<usize> {
    let mut known: std::collections::HashSet<String> = subscriptions(config)
        .0
        .into_iter()
        .map(|subscription| subscription.target.url)
        .collect();
    let (mut added, is_clean) = read_added(config)?;
    let before = added.len();
    for mut feed in feeds {
        feed.url = address(&feed.url)?;
        if known.insert(feed.url.clone()) {
            added.push(feed);
        }
    }
    let new = added.len() - before;
    if new > 0 || !is_clean {
        write_added(config, &added)?;
    }
    Ok(new)
}

/// Removes a feed that was added from the command line, however its address is spelt.
pub(crate) fn remove(config: &Config, url: &str) -> anyhow::Result<()> {
    let url = &address(url)?;
    let (mut added, _) = read_added(config)?;
    let before = added.len();
    added.retain(|feed| feed.url != *url);
    if added.len() < before {
        return write_added(config, &added);
    }
    match subscriptions(config)
        .0
        .into_iter()
        .find(|subscription| subscription.target.url == *url)
    {
        Some(Subscription {
            origin: Origin::Configuration,
            ..
        }) => {
            bail!("{url} stands in the configuration: remove its [[feed]] there")
        }
        Some(Subscription {
            origin: Origin::List(path),
            ..
        }) => bail!("{url} stands in {path}: remove it there"),
        _ => bail!("{url} is not among the feeds; `depeche feeds list` shows them"),
    }
}

/// The added feeds, and whether the file says the same: it may name a feed twice.
fn read_added(config: &Config) -> anyhow::Result<(Vec<ListedFeed>, bool)> {
    let path = config.added_feeds_path();
    if !path.exists() {
        return Ok((Vec::new(), true));
    }
    let list = feed_list::read(&path)?;
    for problem in &list.problems {
        if !problem.is_repeat {
            // Writing the list again would drop the line.
            bail!("{problem}; mend the file first");
        }
        eprintln!("warning: {problem}");
    }
    Ok((list.feeds, list.problems.is_empty()))
}

fn write_added(config: &Config, feeds: &[ListedFeed]) -> anyhow::Result<()> {
    let path = config.added_feeds_path();
    if feeds.is_empty() {
        return std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()));
    }
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot create {}", config.data_dir.display()))?;
    let text = feed_list::write("depeche", feeds);
    write_whole(&path, |out| out.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
