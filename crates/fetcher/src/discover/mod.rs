//! Finding the feeds of a site: an address in, its feeds out, the best first.
//!
//! Leads come from the address itself (it may be a feed), from what its page declares (`link` elements, the HTTP `Link`
//! header), from links that look like feeds, from the sitemaps that `robots.txt` names, and, where all that gives no
//! feed of the whole site, from paths at which feeds are usually found. Each lead is fetched as politely as everything
//! (turns, `robots.txt`, limits), read as a feed, and ranked by what it holds; feeds of comments come last. At most
//! `MAX_REQUESTS` leads are followed, so a page that names a thousand costs no more than others. A host that asks for quiet
//! (429 or 503 with `Retry-After`) or shows a wall against robots is asked nothing more.
//!
//! Sources: RSS Advisory Board, *RSS Autodiscovery*; RFC 8288 (`Link`); the Sitemaps protocol; paths of the systems that
//! the French-language press runs on (`WordPress`, SPIP, Arc, Drupal, Blogger).

mod found;
mod links;
mod rank;

use std::collections::{BTreeMap, HashSet, VecDeque};

use bytes::Bytes;
use depeche_feed::{Feed, FeedKind, Found, NotAFeed, Wall};
use jiff::Timestamp;
use url::Url;

use crate::error::ExchangeError;
use crate::exchange::{Ask, Exchanged, Wanted};
use crate::fetcher::Fetcher;
use crate::options::RobotsPolicy;
use crate::politeness::host_key;
pub use found::{DiscoverError, DiscoveredFeed, Discovery, FoundBy};
use links::{Link, Page};
use rank::Judged;

/// The most leads followed, the address itself among them: a minute and a half at two seconds between requests.
const MAX_REQUESTS: usize = 40;

/// Pages that list feeds (`/rss`, "Nos flux RSS") which are read for links in turn.
const MAX_DIRECTORIES: usize = 2;

/// Sitemaps that are looked at; only those of news are worth a poll.
const MAX_SITEMAPS: usize = 8;

/// Notes that are kept; what is wrong with further leads says nothing new.
const MAX_NOTES: usize = 50;

/// What is said of a host behind a bot wall.
const A_WALL: &str = "a wall against robots";

/// Where feeds are usually found, the most usual first.
const KNOWN_PATHS: &[&str] = &[
    "/feed",
    "/rss.xml",
    "/rss",
    "/feed.xml",
    "/atom.xml",
    "/index.xml",
    "/feeds",
    "/arc/outboundfeeds/rss/",
    "/?feed=rss2",
    "/spip.php?page=backend",
    "/rss/une.xml",
    "/feeds/posts/default",
    "/index.rdf",
    "/feed.json",
    "/flux-rss",
];

/// The same below an address that is itself a part of a site.
const KNOWN_PATHS_BELOW: &[&str] = &["feed", "rss.xml", "rss"];

/// An address that may be a feed.
#[derive(Debug, Clone)]
struct Lead {
    url: Url,
    title: Option<String>,
    by: FoundBy,
}

/// What an address turned out to be.
enum Seen {
    Feed(Box<Feed>),
    Page(Page),
    Nothing,
}

/// Looks for the feeds of the site at `address`, which may lack its scheme.
///
/// # Errors
///
/// [`DiscoverError`] when `address` is none.
pub async fn discover(fetcher: &Fetcher, address: &str) -> Result<Discovery, DiscoverError> {
    let homes = homes(address)?;
    let mut search = Search::new(fetcher, &homes[0]);
    for home in &homes {
        search.home = home.clone();
        search.begin(home.clone()).await;
        if search.reached {
            break;
        }
    }
    // What the address itself is, is what was asked for.
    if search.reached && !search.found.iter().any(|found| found.lead.by == FoundBy::Address) {
        search.follow_leads().await;
        search.follow_sitemaps().await;
        search.follow_known_paths().await;
    }
    Ok(search.finish())
}

/// The addresses to begin with: as given, or with either scheme put before.
fn homes(address: &str) -> Result<Vec<Url>, DiscoverError> {
    let address = address.trim();
    let wrong = |why: String| DiscoverError::Address {
        address: address.to_owned(),
        why,
    };
    let parse = |text: &str| Url::parse(text).map_err(|error| wrong(error.to_string()));
    let homes = if address.contains("://") {
        vec![parse(address)?]
    } else {
        vec![
            parse(&format!("https://{address}"))?,
            parse(&format!("http://{address}"))?,
        ]
    };
    if homes
        .iter()
        .any(|home| !matches!(home.scheme(), "http" | "https"))
    {
        return Err(wrong("only http and https are asked".to_owned()));
    }
    Ok(homes)
}

/// A search under way.
struct Search<'a> {
    fetcher: &'a Fetcher,
    home: Url,
    /// The title of the home page.
    site_title: Option<String>,
    leads: VecDeque<Lead>,
    /// Addresses that are or were leads.
    known: HashSet<String>,
    found: Vec<Judged>,
    notes: Vec<String>,
    /// Hosts that turned this program away: what they said, and the leads dropped for it.
    refusing: BTreeMap<String, (String, usize)>,
    requests: usize,
    /// Leads that were left for want of requests.
    left: usize,
    directories: usize,
    /// A server answered, whatever it said.
    reached: bool,
    /// No request so far met anything but silence.
    unreachable: bool,
}

impl<'a> Search<'a> {
    fn new(fetcher: &'a Fetcher, home: &Url) -> Self {
        Self {
            fetcher,
            home: home.clone(),
            site_title: None,
            leads: VecDeque::new(),
            known: HashSet::new(),
            found: Vec::new(),
            notes: Vec::new(),
            refusing: BTreeMap::new(),
            requests: 0,
            left: 0,
            directories: 0,
            reached: false,
            unreachable: true,
        }
    }

    /// Looks at the address that was given.
    async fn begin(&mut self, home: Url) {
        let lead = Lead {
            url: home,
            title: None,
            by: FoundBy::Address,
        };
        self.known.insert(key(&lead.url));
        match self.look(&lead, Wanted::Page).await {
            Seen::Feed(feed) => self.judge(lead, &feed),
            Seen::Page(page) => {
                // Where the site is, if the address only leads there.
                self.home = page.base.clone();
                self.site_title = links::title(&page.html);
                self.take_links(&page);
            }
            Seen::Nothing => {}
        }
    }

    async fn follow_leads(&mut self) {
        while let Some(lead) = self.leads.pop_front() {
            match self.look(&lead, Wanted::Feed).await {
                Seen::Feed(feed) => self.judge(lead, &feed),
                Seen::Page(page) => {
                    let is_listing = matches!(lead.by, FoundBy::Anchor | FoundBy::KnownPath);
                    if is_listing && self.directories < MAX_DIRECTORIES {
                        self.directories += 1;
                        self.take_links(&page);
                    } else {
                        self.note(&lead.url, "an HTML page");
                    }
                }
                Seen::Nothing => {}
            }
        }
    }

    /// Sitemaps of news, where `robots.txt` or an index names any.
    async fn follow_sitemaps(&mut self) {
        if self.refusing.contains_key(&host_key(&self.home)) {
            return;
        }
        let mut sitemaps = self.fetcher.sitemaps_of(&self.home).await;
        sitemaps.sort_by_key(|url| !names_news(url));
        for url in sitemaps.into_iter().take(MAX_SITEMAPS) {
            self.lead(url, None, FoundBy::Robots);
        }
        let mut looked_at = 0;
        while let Some(lead) = self.leads.pop_front() {
            if looked_at == MAX_SITEMAPS {
                self.left += 1;
                continue;
            }
            looked_at += 1;
            if let Seen::Feed(feed) = self.look(&lead, Wanted::Feed).await {
                if feed.kind == FeedKind::SitemapIndex {
                    let children = feed
                        .children
                        .iter()
                        .filter_map(|child| Url::parse(&child.loc).ok());
                    for child in children.filter(names_news).take(MAX_SITEMAPS) {
                        self.lead(child, None, FoundBy::SitemapIndex);
                    }
                } else {
                    self.judge(lead, &feed);
                }
            }
        }
    }

    /// Usual paths, one after the other until one is a feed of the whole site; none where there is one already.
    async fn follow_known_paths(&mut self) {
        let below = match self.home.path().trim_end_matches('/') {
            "" => Vec::new(),
            path => KNOWN_PATHS_BELOW
                .iter()
                .map(|known| format!("{path}/{known}"))
                .collect(),
        };
        let all = below
            .iter()
            .map(String::as_str)
            .chain(KNOWN_PATHS.iter().copied());
        for path in all {
            if self.found.iter().any(|found| found.is_whole_site(&self.home)) {
                return;
            }
            if self.refusing.contains_key(&host_key(&self.home)) {
                return;
            }
            if let Ok(url) = self.home.join(path) {
                self.lead(url, None, FoundBy::KnownPath);
            }
            self.follow_leads().await;
        }
    }

    async fn ask_robots(&self) -> Result<Exchanged, ExchangeError> {
        let mut address = self.home.clone();
        address.set_path("/robots.txt");
        address.set_query(None);
        let ask = Ask {
            url: address.as_str(),
            wanted: Wanted::Robots,
            validators: None,
            needs_leave: false,
        };
        self.fetcher.get(&ask).await
    }

    /// Notes what an exchange failed on.
    async fn fail(&mut self, url: &Url, error: &ExchangeError) {
        let is_silent =
            |error: &ExchangeError| error.is_unreachable() || matches!(error, ExchangeError::Timeout { .. });
        let mut cause = None;
        let (has_spoken, silent) = match error {
            ExchangeError::Quiet { host, until } => {
                self.refuse(host.clone(), quiet_until(*until));
                (true, false)
            }
            ExchangeError::Blocked { host, .. } => {
                self.refuse(host.clone(), A_WALL.to_owned());
                (true, false)
            }
            ExchangeError::Address { .. } | ExchangeError::Refused { .. } => (false, false),
            // Nothing may be asked of the server; whether there is one, its `robots.txt` tells.
            ExchangeError::RobotsUnreadable { .. } => match self.ask_robots().await {
                Err(ExchangeError::Quiet { host, until }) => {
                    self.refuse(host, quiet_until(until));
                    (true, false)
                }
                Err(error) => {
                    let silent = is_silent(&error);
                    cause = Some(format!("{error}; so its robots.txt could not be read"));
                    (false, silent)
                }
                Ok(_) => (false, false),
            },
            error if is_silent(error) => (false, true),
            _ => (true, false),
        };
        self.reached |= has_spoken;
        self.unreachable &= silent;
        self.note(url, &cause.unwrap_or_else(|| error.to_string()));
    }

    /// Takes note that a host turned this program away.
    fn refuse(&mut self, host: String, said: String) {
        self.refusing.entry(host).or_insert((said, 0));
    }

    fn take_links(&mut self, page: &Page) {
        for Link { url, title, by } in links::of(page) {
            self.lead(url, title, by);
        }
    }

    fn lead(&mut self, mut url: Url, title: Option<String>, by: FoundBy) {
        url.set_fragment(None);
        if matches!(url.scheme(), "http" | "https") && self.known.insert(key(&url)) {
            self.leads.push_back(Lead { url, title, by });
        }
    }

    /// Fetches a lead and reads what came.
    async fn look(&mut self, lead: &Lead, wanted: Wanted) -> Seen {
        if let Some((_, dropped)) = self.refusing.get_mut(&host_key(&lead.url)) {
            *dropped += 1;
            return Seen::Nothing;
        }
        if self.requests >= MAX_REQUESTS {
            self.left += 1;
            return Seen::Nothing;
        }
        self.requests += 1;
        tracing::info!(
            url = lead.url.as_str(),
            by = lead.by.as_str(),
            "looking for a feed"
        );
        let ask = Ask {
            url: lead.url.as_str(),
            wanted,
            validators: None,
            needs_leave: self.fetcher.options.robots != RobotsPolicy::Never,
        };
        let exchanged = match self.fetcher.get(&ask).await {
            Ok(exchanged) => exchanged,
            Err(error) => {
                self.fail(&lead.url, &error).await;
                return Seen::Nothing;
            }
        };
        self.reached = true;
        self.unreachable = false;
        let answer = &exchanged.answer;
        let landed = exchanged
            .final_uri
            .as_deref()
            .and_then(|landed| Url::parse(landed).ok())
            .unwrap_or_else(|| lead.url.clone());
        if let (429 | 503, Some(until)) = (answer.status, self.fetcher.quiet_until(&landed)) {
            // The search is many requests within a minute: here the wish is taken to be the whole host's.
            self.fetcher.keep_quiet(&landed, until);
            self.refuse(host_key(&landed), quiet_until(until));
        }
        if !matches!(answer.status, 200 | 203) {
            // That a guess is wrong is no news.
            if lead.by != FoundBy::KnownPath {
                self.note(&lead.url, &format!("the server answered {}", answer.status));
            }
            return Seen::Nothing;
        }
        let base = landed;
        let limit = self.fetcher.options.max_body_bytes;
        let content_type = answer.header("content-type").map(str::to_owned);
        let header_links = answer
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case("link"))
            .map(|header| String::from_utf8_lossy(&header.value).into_owned())
            .collect();
        let body = exchanged.decoded.clone();
        // Reading is work for the processor.
        let address = base.clone();
        let read = tokio::task::spawn_blocking(move || {
            read(&body, content_type.as_deref(), &address, header_links, limit)
        });
        match read.await {
            Ok(Ok(seen)) => seen,
            Ok(Err(why)) => {
                let is_wall = matches!(why.found, Found::Wall(wall) if wall != Wall::Consent);
                if is_wall {
                    self.refuse(host_key(&base), A_WALL.to_owned());
                }
                self.note(&lead.url, &why.to_string());
                Seen::Nothing
            }
            Err(error) => {
                self.note(&lead.url, &format!("reading it failed: {error}"));
                Seen::Nothing
            }
        }
    }

    fn judge(&mut self, lead: Lead, feed: &Feed) {
        let is_bare = matches!(feed.kind, FeedKind::Sitemap | FeedKind::SitemapIndex);
        if is_bare && lead.by != FoundBy::Address {
            return;
        }
        let judged = Judged::new(lead, feed, self.fetcher.clock.now());
        self.found.push(judged);
    }

    fn note(&mut self, url: &Url, what: &str) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(format!("{url}: {what}"));
        }
    }

    fn finish(mut self) -> Discovery {
        self.left += self.leads.len();
        if self.left > 0 {
            self.notes.push(format!(
                "{} leads more were not followed (at most {MAX_REQUESTS} are)",
                self.left
            ));
        }
        let refusals = self.refusing.into_iter().map(|(host, (said, dropped))| {
            let dropped = match dropped {
                0 => String::new(),
                1 => "; one lead was dropped".to_owned(),
                many => format!("; {many} leads were dropped"),
            };
            format!("{host}: {said}, so it was asked nothing more{dropped}")
        });
        Discovery {
            refusals: refusals.collect(),
            is_unreachable: self.unreachable,
            feeds: rank::rank(
                self.found,
                &self.home,
                self.site_title.as_deref(),
                self.fetcher.clock.now(),
            ),
            notes: self.notes,
        }
    }
}

fn quiet_until(until: Timestamp) -> String {
    format!(
        "asked for quiet until {}",
        until.strftime("%Y-%m-%d %H:%M:%S UTC")
    )
}

/// Tells a feed from a page.
///
/// # Errors
///
/// What it is instead.
fn read(
    body: &Bytes,
    content_type: Option<&str>,
    base: &Url,
    header_links: Vec<String>,
    limit: u64,
) -> Result<Seen, NotAFeed> {
    match depeche_feed::read(body, content_type, base.as_str(), limit) {
        Ok(feed) => Ok(Seen::Feed(Box::new(feed))),
        Err(why) if why.found == Found::Page => {
            let html = depeche_feed::decode(body, content_type, base.as_str(), limit)
                .map(|text| text.text)
                .unwrap_or_default();
            Ok(Seen::Page(Page {
                html,
                header_links,
                base: base.clone(),
            }))
        }
        Err(why) => Err(why),
    }
}

/// Addresses that differ in nothing that a server could tell are one lead.
fn key(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Whether a sitemap's name says that it is one of news.
pub(crate) fn names_news(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    ["news", "actu", "une"].iter().any(|word| {
        path.split(|c: char| !c.is_ascii_alphabetic())
            .any(|part| part == *word || (*word != "une" && part.contains(word)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_lack_its_scheme() {
        let homes = |address: &str| {
            homes(address).map(|homes| homes.iter().map(Url::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(
            homes(" exemple.fr ").unwrap(),
            "https://exemple.fr/ http://exemple.fr/"
        );
        assert_eq!(homes("http://exemple.fr/a").unwrap(), "http://exemple.fr/a");
        assert_eq!(
            homes("localhost:81/x").unwrap(),
            "https://localhost:81/x http://localhost:81/x"
        );
        assert!(homes("ftp://exemple.fr/").is_err() && homes("").is_err() && homes("a b").is_err());
    }

    #[test]
    fn a_sitemap_of_news_is_known_by_its_name() {
        for (path, is_news) in [
            ("/sitemap_news.xml", true),
            ("/googlenews/sitemap.xml.gz", true),
            ("/sitemaps/actualites-2026.xml", true),
            ("/sitemap-une.xml", true),
            ("/sitemap-communes.xml", false),
            ("/sitemap-2025-01.xml", false),
        ] {
            let url = Url::parse("https://exemple.fr").unwrap().join(path).unwrap();
            assert_eq!(names_news(&url), is_news, "{path}");
        }
    }
}
