//! Configuration: what can be chosen, with its defaults, and how it becomes the stages' options.
//!
//! Every key stands, with its meaning, in `config/depeche.toml`; a test keeps that file equal to the defaults
//! here. Where a stage has a default of its own, it is taken from the stage.

mod host;
mod languages;
mod load;
mod units;
mod websub;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use depeche_deduplicator::Aliases;
use depeche_fetcher::{AddressRange, FetchOptions, NoAddressRange, RobotsPolicy};
use depeche_journal::{JournalOptions, Retention};
use depeche_model::PagePolicy;
use depeche_store::{StageOptions, StoreOptions};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub(crate) use host::Host;
pub(crate) use load::{ConfigError, Layers, Loaded, load, read};
pub(crate) use units::{Period, Size};
pub(crate) use websub::Websub;

/// The configuration version this program reads.
pub(crate) const CONFIG_VERSION: u32 = 1;

/// Everything that can be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the key of the file is config_version")]
pub(crate) struct Config {
    pub(crate) config_version: u32,
    pub(crate) data_dir: PathBuf,
    pub(crate) replay: Replay,
    pub(crate) fetch: Fetch,
    pub(crate) normalize: Normalize,
    pub(crate) dedup: Dedup,
    pub(crate) journal: Journal,
    pub(crate) store: Store,
    pub(crate) http: Http,
    pub(crate) websub: Websub,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) host: Vec<Host>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) feed: Vec<Feed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) feed_list: Vec<FeedList>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Replay {
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Fetch {
    pub(crate) user_agent: String,
    pub(crate) concurrency: usize,
    pub(crate) per_host_concurrency: usize,
    pub(crate) per_host_interval: Period,
    pub(crate) timeout: Period,
    pub(crate) idle_timeout: Period,
    pub(crate) min_rate: Size,
    pub(crate) max_body: Size,
    pub(crate) max_headers: usize,
    pub(crate) max_ratio: u32,
    pub(crate) in_flight: Size,
    pub(crate) interval: Interval,
    pub(crate) robots: Robots,
    pub(crate) page: PagePolicy,
    pub(crate) allow_private_addresses: bool,
    pub(crate) allow_addresses: Vec<String>,
    pub(crate) extra_roots: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Interval {
    pub(crate) default: Period,
    pub(crate) min: Period,
    pub(crate) max: Period,
    pub(crate) adaptive: bool,
    pub(crate) max_hint: Period,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Robots {
    Never,
    Pages,
    Always,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Normalize {
    pub(crate) languages: Vec<String>,
    pub(crate) timezone: String,
    pub(crate) workers: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dedup {
    pub(crate) near_window: Period,
    pub(crate) story_window: Period,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aliases: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Journal {
    pub(crate) segment: Size,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keep_for: Option<Period>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keep_bytes: Option<Size>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Store {
    pub(crate) cache: Size,
    pub(crate) group: usize,
    pub(crate) group_delay: Period,
    pub(crate) min_free: Size,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Empty for none.
    pub(crate) listen: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feed {
    pub(crate) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<PagePolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timezone: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedList {
    pub(crate) path: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            config_version: CONFIG_VERSION,
            data_dir: PathBuf::from("data"),
            replay: Replay::default(),
            fetch: Fetch::default(),
            normalize: Normalize::default(),
            dedup: Dedup::default(),
            journal: Journal::default(),
            store: Store::default(),
            http: Http::default(),
            host: Vec::new(),
            websub: Websub::default(),
            feed: Vec::new(),
            feed_list: Vec::new(),
        }
    }
}

impl Default for Fetch {
    fn default() -> Self {
        let options = FetchOptions::default();
        Self {
            user_agent: options.user_agent,
            concurrency: options.concurrency,
            per_host_concurrency: options.per_host_concurrency,
            per_host_interval: Period(options.per_host_interval),
            timeout: Period(options.timeout),
            idle_timeout: Period(options.idle_timeout),
            min_rate: Size(options.min_rate),
            max_body: Size(options.max_body_bytes),
            max_headers: options.max_headers,
            max_ratio: options.max_ratio,
            in_flight: Size(options.in_flight_bytes),
            interval: Interval::default(),
            robots: match options.robots {
                RobotsPolicy::Never => Robots::Never,
                RobotsPolicy::Pages => Robots::Pages,
                RobotsPolicy::Always => Robots::Always,
            },
            page: PagePolicy::default(),
            allow_private_addresses: options.allow_private_addresses,
            allow_addresses: Vec::new(),
            extra_roots: Vec::new(),
        }
    }
}

impl Default for Interval {
    fn default() -> Self {
        let interval = depeche_fetcher::Interval::default();
        Self {
            default: Period(interval.default),
            min: Period(interval.min),
            max: Period(interval.max),
            adaptive: interval.adaptive,
            max_hint: Period(interval.max_hint),
        }
    }
}

impl Default for Normalize {
    fn default() -> Self {
        let options = depeche_normalizer::Options::default();
        Self {
            languages: options.languages,
            timezone: options.timezone,
            workers: 0,
        }
    }
}

impl Default for Dedup {
    fn default() -> Self {
        let options = depeche_deduplicator::Options::default();
        Self {
            near_window: Period(options.near_window.unsigned_abs()),
            story_window: Period(options.story_window.unsigned_abs()),
            aliases: None,
        }
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            segment: Size(JournalOptions::default().segment_bytes),
            keep_for: None,
            keep_bytes: None,
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8750".to_owned(),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        let options = StoreOptions::default();
        Self {
            cache: Size(options.cache_bytes),
            group: StageOptions::default().group_captures,
            group_delay: Period(StageOptions::default().group_delay),
            min_free: Size(options.min_free_bytes),
        }
    }
}

impl Fetch {
    fn address_ranges(&self) -> impl Iterator<Item = Result<AddressRange, NoAddressRange>> {
        self.allow_addresses.iter().map(|range| range.parse())
    }

    /// Limits of exchanges that cannot be meant, by key.
    fn contradicting_limits(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut refuse = |wrong: bool, key: &str, why: &str| {
            if wrong {
                found.push((key.to_owned(), why.to_owned()));
            }
        };
        refuse(
            self.idle_timeout.0.is_zero(),
            "fetch.idle_timeout",
            "no byte comes in no time; at least 1ms",
        );
        refuse(self.max_headers == 0, "fetch.max_headers", "at least 1");
        refuse(self.max_ratio == 0, "fetch.max_ratio", "at least 1");
        refuse(
            self.in_flight.0 / 4 < self.max_body.0,
            "fetch.in_flight",
            "at least four times fetch.max_body",
        );
        for wrong in self.address_ranges().filter_map(Result::err) {
            refuse(true, "fetch.allow_addresses", &wrong.to_string());
        }
        for path in self.extra_roots.iter().filter(|path| !path.is_file()) {
            refuse(
                true,
                "fetch.extra_roots",
                &format!("there is no file {}", path.display()),
            );
        }
        found
    }
}

impl Config {
    /// Where the daemon listens, if anywhere.
    pub(crate) fn listen(&self) -> Option<SocketAddr> {
        self.http.listen.parse().ok()
    }

    /// Where the journal's segments are.
    pub(crate) fn journal_dir(&self) -> PathBuf {
        self.data_dir.join("journal")
    }

    /// Where sled's files are.
    pub(crate) fn store_dir(&self) -> PathBuf {
        self.data_dir.join("store")
    }

    /// The feeds added from the command line.
    pub(crate) fn added_feeds_path(&self) -> PathBuf {
        self.data_dir.join("feeds.opml")
    }

    pub(crate) fn fetch_options(&self) -> FetchOptions {
        let Fetch { interval, .. } = &self.fetch;
        FetchOptions {
            user_agent: self.fetch.user_agent.clone(),
            concurrency: self.fetch.concurrency,
            per_host_concurrency: self.fetch.per_host_concurrency,
            per_host_interval: self.fetch.per_host_interval.0,
            hosts: self.host.iter().map(Host::rule).collect(),
            timeout: self.fetch.timeout.0,
            idle_timeout: self.fetch.idle_timeout.0,
            min_rate: self.fetch.min_rate.0,
            max_body_bytes: self.fetch.max_body.0,
            max_headers: self.fetch.max_headers,
            max_ratio: self.fetch.max_ratio,
            in_flight_bytes: self.fetch.in_flight.0,
            interval: depeche_fetcher::Interval {
                default: interval.default.0,
                min: interval.min.0,
                max: interval.max.0,
                adaptive: interval.adaptive,
                max_hint: interval.max_hint.0,
            },
            robots: match self.fetch.robots {
                Robots::Never => RobotsPolicy::Never,
                Robots::Pages => RobotsPolicy::Pages,
                Robots::Always => RobotsPolicy::Always,
            },
            allow_private_addresses: self.fetch.allow_private_addresses,
            // Those that cannot be read were told as contradictions.
            allow_addresses: self.fetch.address_ranges().filter_map(Result::ok).collect(),
            extra_roots: self.fetch.extra_roots.clone(),
        }
    }

    pub(crate) fn normalize_options(&self) -> depeche_normalizer::Options {
        depeche_normalizer::Options {
            languages: self.normalize.languages.clone(),
            timezone: self.normalize.timezone.clone(),
            max_body_bytes: self.fetch.max_body.0,
            unwanted: depeche_normalizer::Unwanted::Reject,
        }
    }

    /// The spelling variants in force: the file's, or those built in. A bad line is told and left out.
    pub(crate) fn aliases(&self) -> anyhow::Result<Aliases> {
        let Some(path) = &self.dedup.aliases else {
            return Ok(Aliases::built_in());
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("dedup.aliases: cannot read {}", path.display()))?;
        let (aliases, problems) = Aliases::parse(&text);
        for problem in problems {
            eprintln!("warning: {}: {problem}", path.display());
        }
        Ok(aliases)
    }

    pub(crate) fn dedup_options(&self, aliases: Aliases) -> depeche_deduplicator::Options {
        depeche_deduplicator::Options {
            near_window: signed(self.dedup.near_window),
            story_window: signed(self.dedup.story_window),
            aliases,
            ..depeche_deduplicator::Options::default()
        }
    }

    pub(crate) fn journal_options(&self) -> JournalOptions {
        JournalOptions {
            segment_bytes: self.journal.segment.0,
        }
    }

    /// When old segments of the journal go.
    pub(crate) fn retention(&self) -> Retention {
        Retention {
            max_age: self.journal.keep_for.map(|age| age.0),
            max_bytes: self.journal.keep_bytes.map(|size| size.0),
        }
    }

    pub(crate) fn store_options(&self) -> StoreOptions {
        StoreOptions {
            cache_bytes: self.store.cache.0,
            min_free_bytes: self.store.min_free.0,
        }
    }

    pub(crate) fn stage_options(&self) -> StageOptions {
        StageOptions {
            group_captures: self.store.group,
            group_delay: self.store.group_delay.0,
        }
    }

    /// Paths in a file are relative to it.
    fn resolve_paths(&mut self, file: Option<&Path>) {
        let Some(folder) = file.and_then(Path::parent) else {
            return;
        };
        for list in &mut self.feed_list {
            list.path = folder.join(&list.path);
        }
        for roots in &mut self.fetch.extra_roots {
            *roots = folder.join(&*roots);
        }
        if let Some(aliases) = &mut self.dedup.aliases {
            *aliases = folder.join(&*aliases);
        }
    }

    /// What is well-formed and cannot be meant, by key.
    fn contradictions(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut refuse = |wrong: bool, key: &str, why: &str| {
            if wrong {
                found.push((key.to_owned(), why.to_owned()));
            }
        };
        refuse(
            self.config_version != CONFIG_VERSION,
            "config_version",
            &format!("this program reads version {CONFIG_VERSION}"),
        );
        let fetch = &self.fetch;
        refuse(
            !fetch.user_agent.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            "fetch.user_agent",
            "a header holds plain ASCII only",
        );
        refuse(
            fetch.user_agent.trim().is_empty(),
            "fetch.user_agent",
            "publishers must be able to tell who asks",
        );
        refuse(fetch.concurrency == 0, "fetch.concurrency", "at least 1");
        refuse(
            fetch.per_host_concurrency == 0,
            "fetch.per_host_concurrency",
            "at least 1",
        );
        refuse(
            fetch.timeout.0.is_zero(),
            "fetch.timeout",
            "nothing answers in no time; at least 1ms",
        );
        refuse(fetch.max_body.0 == 0, "fetch.max_body", "at least 1B");
        for (key, why) in fetch
            .contradicting_limits()
            .into_iter()
            .chain(host::contradictions(&self.host))
            .chain(languages::contradictions(&self.normalize.languages))
        {
            refuse(true, &key, &why);
        }
        let interval = &fetch.interval;
        refuse(
            interval.min.0.is_zero(),
            "fetch.interval",
            "`min` is at least 1ms",
        );
        refuse(
            interval.min > interval.default || interval.default > interval.max,
            "fetch.interval",
            "`min` must not be above `default`, nor `default` above `max`",
        );
        let unknown = |name: &str| depeche_feed::zone(name).is_none();
        let no_zone = |name: &str| format!("there is no zone {name:?}; write one such as \"Europe/Paris\"");
        refuse(
            unknown(&self.normalize.timezone),
            "normalize.timezone",
            &no_zone(&self.normalize.timezone),
        );
        refuse(
            self.dedup.near_window.0.is_zero(),
            "dedup.near_window",
            "at least 1ms",
        );
        refuse(
            self.dedup.story_window.0.is_zero(),
            "dedup.story_window",
            "at least 1ms",
        );
        refuse(
            !self.http.listen.is_empty() && self.listen().is_none(),
            "http.listen",
            "write an address and a port, such as \"127.0.0.1:8750\", or \"\" for none",
        );
        refuse(self.store.group == 0, "store.group", "at least 1");
        for (n, feed) in self.feed.iter().enumerate() {
            let unusable = depeche_fetcher::feed_list::address(&feed.url).err();
            refuse(
                unusable.is_some(),
                &format!("feed.{n}.url"),
                &unusable.unwrap_or_default(),
            );
            let zone = feed.timezone.as_deref().unwrap_or(depeche_feed::DEFAULT_ZONE);
            refuse(unknown(zone), &format!("feed.{n}.timezone"), &no_zone(zone));
        }
        found.extend(
            self.websub
                .contradictions(self.listen().is_some(), fetch.allow_private_addresses),
        );
        found
    }
}

fn signed(period: Period) -> SignedDuration {
    SignedDuration::try_from(period.0).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_file_is_equal_to_the_defaults() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/depeche.toml");
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), Config::default());
    }

    #[test]
    fn the_documented_file_names_every_key() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/depeche.toml");
        let text = std::fs::read_to_string(path).unwrap();
        let full = Config {
            dedup: Dedup {
                aliases: Some("aliases.txt".into()),
                ..Dedup::default()
            },
            host: vec![Host {
                name: "exemple.fr".to_owned(),
                interval: Some(Period(std::time::Duration::from_secs(5))),
                concurrency: Some(2),
            }],
            feed: vec![Feed {
                url: "https://exemple.fr/rss".to_owned(),
                name: Some("Exemple".to_owned()),
                tags: vec!["national".to_owned()],
                page: Some(PagePolicy::Auto),
                timezone: Some("Europe/Paris".to_owned()),
            }],
            feed_list: vec![FeedList {
                path: "feeds.opml".into(),
            }],
            ..Config::default()
        };
        for line in toml::to_string(&full).unwrap().lines() {
            let key = line.split(" = ").next().unwrap_or_default();
            let named = text
                .lines()
                .any(|l| l.trim_start_matches(['#', ' ']).starts_with(key));
            assert!(
                named || key == "[fetch.interval]" || is_inside_interval(key),
                "{key} is not documented"
            );
        }
    }

    /// The interval is one inline table in the documented file.
    fn is_inside_interval(key: &str) -> bool {
        ["default", "min", "max", "adaptive", "max_hint"].contains(&key)
    }

    #[test]
    fn a_zone_that_does_not_exist_is_refused_by_its_key() {
        let written = "[normalize]\ntimezone = \"Europe/Pari\"\n\
            [[feed]]\nurl = \"https://a.example/rss\"\ntimezone = \"America/Toronto\"\n\
            [[feed]]\nurl = \"https://b.example/rss\"\ntimezone = \"Paris\"\n";
        let found = toml::from_str::<Config>(written).unwrap().contradictions();
        let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["normalize.timezone", "feed.1.timezone"]);
        assert!(found[0].1.contains("Europe/Pari\""), "{found:?}");
    }

    #[test]
    fn the_effective_configuration_reads_back() {
        let shown = toml::to_string(&Config::default()).unwrap();
        assert_eq!(toml::from_str::<Config>(&shown).unwrap(), Config::default());
    }
}
