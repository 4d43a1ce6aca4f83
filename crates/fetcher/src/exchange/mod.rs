//! One exchange: an address in, an answer out, byte for byte as on the wire and within every limit.
//!
//! Each hop waits for its host's turn first and for a place among the requests in flight second, then spends from
//! the one time budget of the exchange. The place is kept until the answer is handed on, and with it the bytes that
//! its body takes of the process's budget: a full journal channel stops the asking.
//!
//! - [`request`]: what is sent.
//! - [`body`]: reading and decoding what comes, under the limits.
//! - [`budget`]: the bytes of all bodies together.
//! - [`mod@classify`]: what kind of failure it was, and what is a wall against programs.
//! - [`trace`]: how long it took.

mod body;
mod budget;
mod classify;
mod request;
mod trace;

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use depeche_model::{Header, HttpAnswer, Validators};
use reqwest::header::LOCATION;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use url::Url;

use crate::error::ExchangeError;
use crate::fetcher::Fetcher;
use crate::politeness::{Guest, Said, host_key, retry_after};
use crate::{redirects, robots, schedule};
use body::{Body, Limits, Reading};
pub(crate) use budget::Budget;
use budget::Held;
pub(crate) use classify::classify;
use request::request_headers;
pub use trace::Trace;
pub(crate) use trace::{ConnectClock, MeasureConnecting};

/// Header bytes accepted in one answer: names, values, and four for each line's separators. Browsers and servers stop
/// between 8 and 256 KiB; hyper's own buffer, which no option of the client reaches, at 408.
pub(crate) const MAX_HEADER_BYTES: usize = 256 * 1024;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Feed,
    Page,
    Robots,
}

/// A request to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) url: &'a str,
    pub(crate) wanted: Wanted,
    /// Sent back byte for byte.
    pub(crate) validators: Option<&'a Validators>,
    /// Whether `robots.txt` is asked before each hop.
    pub(crate) needs_leave: bool,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Exchanged {
    /// The answer as on the wire; the body of anything but 200 and 203 is not kept.
    pub(crate) answer: HttpAnswer,
    /// The same body, its content codings undone.
    pub(crate) decoded: Bytes,
    /// The address that answered, when it is not the one asked.
    pub(crate) final_uri: Option<String>,
    /// The redirects that were followed, first to last; empty when there was none.
    pub(crate) hops: Vec<RedirectHop>,
    /// The body broke off or is damaged; `answer` has what came, `decoded` what could be read of it.
    pub(crate) truncated: bool,
    /// The limit of time at which the rest of a feed was given up; a failure where nothing can be read of what came.
    pub(crate) overdue: Option<ExchangeError>,
    /// The wait that the answer asked for with `Retry-After` (429, 503 and 3xx), at most 48 hours. The fetcher itself
    /// keeps from asking the same address sooner, and the host or domain where there is evidence; the schedule plans
    /// by it.
    pub(crate) retry_after: Option<Duration>,
    /// What is held while the body is in memory: dropped once its capture was taken.
    pub(crate) place: Option<Place>,
}

/// A redirect that was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedirectHop {
    /// 301, 302, 303, 307 or 308.
    pub(crate) status: u16,
    pub(crate) from: Url,
    pub(crate) to: Url,
}

impl RedirectHop {
    /// Whether the server says that it holds for good.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self.status, 301 | 308)
    }
}

/// A place among the requests in flight, and the bytes of a body.
#[derive(Debug)]
pub(crate) struct Place {
    _request: Option<OwnedSemaphorePermit>,
    _bytes: Option<Held>,
}

/// One hop's result.
enum Hop {
    Answer(Box<Answered>),
    Redirect {
        status: u16,
        location: Option<Vec<u8>>,
        wait: Option<Duration>,
    },
}

struct Answered {
    answer: HttpAnswer,
    body: Body,
    retry_after: Option<Duration>,
}

impl Fetcher {
    /// Asks for an address and follows where it leads.
    pub(crate) async fn get(&self, ask: &Ask<'_>) -> Result<Exchanged, ExchangeError> {
        self.exchange(ask).await.0
    }

    /// As [`Self::get`], with how it went, be it well or not.
    pub(crate) async fn exchange(&self, ask: &Ask<'_>) -> (Result<Exchanged, ExchangeError>, Trace) {
        let mut trace = Trace::default();
        let result = self.follow(ask, &mut trace).await;
        self.tally.exchanged(&trace);
        (result, trace)
    }

    async fn follow(&self, ask: &Ask<'_>, trace: &mut Trace) -> Result<Exchanged, ExchangeError> {
        let mut url = parse(ask.url)?;
        let mut hops: Vec<RedirectHop> = Vec::new();
        let mut visited = vec![url.clone()];
        let mut budget = self.options.timeout;
        loop {
            self.addresses.check_url(&url)?;
            let guest = match ask.wanted {
                // The poll keeps its room in the lane of the address that was asked first.
                Wanted::Feed => self.admit(&url, &visited[0])?,
                Wanted::Page | Wanted::Robots => None,
            };
            let crawl_delay = if ask.needs_leave {
                self.ask_leave(&url).await?
            } else {
                None
            };
            self.unpaused().await;
            let host = host_key(&url);
            let turn = match ask.wanted {
                Wanted::Page => self.hosts.page_turn(&url, crawl_delay).await,
                Wanted::Feed | Wanted::Robots => self.hosts.turn(&url).await,
            };
            drop(guest);
            // Asked after the wait: an earlier answer may have told to stay away.
            if let Some(until) = self.hosts.quiet_until(&url, self.clock.now()) {
                return Err(ExchangeError::Quiet { host, until });
            }
            let request = self.in_flight.clone().acquire_owned().await.ok();
            let begun = Instant::now();
            let mut waited = Duration::ZERO;
            let hop = self.hop(ask, &url, begun + budget, &mut waited, trace).await;
            let spent = begun.elapsed().saturating_sub(waited);
            budget = budget.saturating_sub(spent);
            trace.total += spent;
            drop(turn);
            match hop? {
                Hop::Redirect {
                    status,
                    location,
                    wait,
                } => {
                    self.wait_for_redirect(&url, wait)?;
                    let most = match ask.wanted {
                        Wanted::Feed | Wanted::Page => redirects::MAX_HOPS,
                        Wanted::Robots => robots::MAX_HOPS,
                    };
                    let to = redirects::next_hop(&visited, &url, location.as_deref(), most)?;
                    visited.push(to.clone());
                    hops.push(RedirectHop {
                        status,
                        from: std::mem::replace(&mut url, to.clone()),
                        to,
                    });
                    trace.redirects = hops.len() as u8;
                }
                Hop::Answer(answered) => {
                    let Answered {
                        answer,
                        body,
                        retry_after,
                    } = *answered;
                    return Ok(Exchanged {
                        answer,
                        decoded: body.decoded,
                        final_uri: (!hops.is_empty()).then(|| url.to_string()),
                        hops,
                        truncated: body.truncated,
                        overdue: body.overdue,
                        retry_after,
                        place: Some(Place {
                            _request: request,
                            _bytes: body.held,
                        }),
                    });
                }
            }
        }
    }

    /// Leave for a feed to wait at the host of `url`, where its poll has no room of its own.
    fn admit(&self, url: &Url, home: &Url) -> Result<Option<Guest>, ExchangeError> {
        self.hosts
            .admit(url, home)
            .map_err(|wait| ExchangeError::Crowded {
                host: host_key(url),
                until: schedule::after(self.clock.now(), wait),
            })
    }

    /// Asks once. What is waited for within this process, and so not the server's fault, is added to `waited`.
    async fn hop(
        &self,
        ask: &Ask<'_>,
        url: &Url,
        deadline: Instant,
        waited: &mut Duration,
        trace: &mut Trace,
    ) -> Result<Hop, ExchangeError> {
        let host = &host_key(url);
        let begun = Instant::now();
        let clock = ConnectClock::default();
        let request = self.client.get(url.clone()).headers(request_headers(ask));
        let response = tokio::time::timeout_at(deadline, clock.measure(request.send())).await;
        trace.add_head(clock.times(), begun.elapsed());
        let response = response
            .map_err(|_| self.timed_out(host))?
            .map_err(|error| classify(&error, host))?;
        trace.http_version = protocol(response.version());
        trace.remote = response.remote_addr().map(|remote| remote.ip());
        if let Some(remote) = trace.remote {
            self.addresses.check(host, remote)?;
        }
        let status = response.status().as_u16();
        let mut answer = HttpAnswer {
            status,
            headers: self.headers(&response, host)?,
            body: Bytes::new(),
        };
        let wait = self.asked_wait(&answer);
        if redirects::is_redirect(status) {
            let location = response
                .headers()
                .get(LOCATION)
                .map(|value| value.as_bytes().to_vec());
            return Ok(Hop::Redirect {
                status,
                location,
                wait,
            });
        }
        if let (429 | 503, Some(wait)) = (status, wait) {
            let said = match ask.wanted {
                Wanted::Robots => Said::ByRobots,
                Wanted::Feed | Wanted::Page => Said::ByAnswer,
            };
            self.keep_quiet_for(url, wait, said);
        }
        let mut reading = Reading {
            host,
            limits: self.limits(ask.wanted),
            deadline,
            waited,
            budget: &self.budget,
        };
        let body = match status {
            200 | 203 => {
                let (wire, body) = reading.read(response, &answer).await?;
                answer.body = wire;
                body
            }
            _ => Body::default(),
        };
        trace.wire_bytes = answer.body.len() as u64;
        trace.decoded_bytes = body.decoded.len() as u64;
        if ask.wanted != Wanted::Robots
            && let Some(evidence) = classify::wall(ask.wanted, &answer, &body.decoded)
        {
            return Err(ExchangeError::Blocked {
                host: host.clone(),
                evidence,
            });
        }
        Ok(Hop::Answer(Box::new(Answered {
            answer,
            body,
            retry_after: wait,
        })))
    }

    fn timed_out(&self, host: &str) -> ExchangeError {
        ExchangeError::Timeout {
            host: host.to_owned(),
            limit: self.options.timeout,
        }
    }

    fn limits(&self, wanted: Wanted) -> Limits {
        Limits {
            timeout: self.options.timeout,
            idle: self.options.idle_timeout,
            min_rate: self.options.min_rate,
            max_bytes: self.options.max_body_bytes,
            max_ratio: self.options.max_ratio,
            cut: match wanted {
                // One more than is parsed tells that there is more.
                Wanted::Robots => Some(robots::MAX_BYTES + 1),
                Wanted::Feed | Wanted::Page => None,
            },
            keeps_part: wanted == Wanted::Feed,
        }
    }

    /// The header fields of an answer, under their limits.
    fn headers(&self, response: &reqwest::Response, host: &str) -> Result<Vec<Header>, ExchangeError> {
        let fields = response.headers();
        let bytes: usize = fields
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        let refused = |why: String| ExchangeError::TooManyHeaders {
            host: host.to_owned(),
            why,
        };
        // HTTP/2 counts no fields of its own accord.
        if fields.len() > self.options.max_headers {
            let limit = self.options.max_headers;
            return Err(refused(format!("more than {limit} fields (`fetch.max_headers`)")));
        }
        if bytes > MAX_HEADER_BYTES {
            return Err(refused(format!("more than {MAX_HEADER_BYTES} bytes")));
        }
        Ok(fields
            .iter()
            .map(|(name, value)| Header {
                name: name.as_str().to_owned(),
                value: value.as_bytes().to_vec(),
            })
            .collect())
    }

    /// The wait that an answer asks for; RFC 9110 §10.2.3 names 503 and the redirects, RFC 6585 §4 adds 429.
    fn asked_wait(&self, answer: &HttpAnswer) -> Option<Duration> {
        if !matches!(answer.status, 300..=399 | 429 | 503) {
            return None;
        }
        retry_after(answer.header("retry-after")?, self.clock.now())
    }

    fn keep_quiet_for(&self, url: &Url, wait: Duration, said: Said) {
        if !wait.is_zero() {
            let now = self.clock.now();
            self.hosts.keep_quiet(url, schedule::after(now, wait), said, now);
        }
    }

    /// Puts a redirect off that asks for a wait, the first time: it is followed once that was served.
    fn wait_for_redirect(&self, url: &Url, wait: Option<Duration>) -> Result<(), ExchangeError> {
        let Some(wait) = wait.filter(|wait| !wait.is_zero()) else {
            return Ok(());
        };
        let now = self.clock.now();
        if self.hosts.redirect_served(url, now) {
            return Ok(());
        }
        self.keep_quiet_for(url, wait, Said::ByRedirect);
        Err(ExchangeError::Quiet {
            host: host_key(url),
            until: schedule::after(now, wait),
        })
    }
}

/// Reads an address to ask.
fn parse(address: &str) -> Result<Url, ExchangeError> {
    let wrong = |why: String| ExchangeError::Address {
        url: address.to_owned(),
        why,
    };
    let mut url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("only http and https are asked".to_owned()));
    }
    url.set_fragment(None);
    Ok(url)
}

fn protocol(version: reqwest::Version) -> &'static str {
    match version {
        reqwest::Version::HTTP_09 => "HTTP/0.9",
        reqwest::Version::HTTP_10 => "HTTP/1.0",
        reqwest::Version::HTTP_11 => "HTTP/1.1",
        reqwest::Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/3.0",
    }
}

/// The time that waits between two tries grow from `spacing`: a host's interval is the measure of its patience.
pub(crate) fn backoff(spacing: Duration, tries: u32) -> Duration {
    spacing.saturating_mul(1 << tries.min(10))
}
