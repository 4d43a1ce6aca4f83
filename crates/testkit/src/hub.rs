//! A WebSub hub on the loopback interface: takes subscriptions, verifies them by asking back, signs and delivers, and
//! misbehaves as told.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::{Url, form_urlencoded};

use crate::origin::{Origin, Reply, Request};

/// What hubs answer is short, and a subscriber that says nothing is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a hub behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// It answers 202 and verifies at once.
    Good,
    /// It verifies before it answers, as hubs of old did, with 204.
    VerifiesFirst,
    /// It answers 202 and verifies nothing.
    Forgets,
    /// It answers this status to everything.
    Refuses(u16),
    /// It answers 202 and then says no.
    Denies,
}

/// A request of a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `subscribe` or `unsubscribe`.
    pub mode: String,
    /// Where to deliver.
    pub callback: String,
    /// What is subscribed to.
    pub topic: String,
    /// The key to sign with.
    pub secret: Option<String>,
    /// The lease asked for, in seconds.
    pub lease_secs: Option<u64>,
}

/// A subscription that its subscriber confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Where to deliver.
    pub callback: String,
    /// What is subscribed to.
    pub topic: String,
    /// The key to sign with.
    pub secret: String,
}

/// How a delivery is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// With the subscriber's secret.
    Right,
    /// With another.
    Forged,
    /// Not at all.
    Missing,
}

struct State {
    behaviour: Behaviour,
    lease: Duration,
    asked: Vec<Asked>,
    /// What each verification was answered: status and whether the challenge came back.
    verified: Vec<(u16, bool)>,
    subscribers: Vec<Subscriber>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A hub on an [`Origin`].
#[derive(Clone)]
pub struct Hub {
    url: String,
    shared: Arc<Shared>,
}

impl Hub {
    /// Opens a hub at this path of an origin. It is [`Behaviour::Good`] and gives leases of ten days.
    #[must_use]
    pub fn open(origin: &Origin, path: &str) -> Self {
        let hub = Self {
            url: origin.url(path),
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    behaviour: Behaviour::Good,
                    lease: Duration::from_hours(240),
                    asked: Vec::new(),
                    verified: Vec::new(),
                    subscribers: Vec::new(),
                }),
                changed: Condvar::new(),
            }),
        };
        let answering = hub.clone();
        origin.on(path, move |request| answering.answer(request));
        hub
    }

    /// The hub's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Behaves so from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.lock().behaviour = behaviour;
    }

    /// Gives leases of this length from now on.
    pub fn give_leases_of(&self, lease: Duration) {
        self.shared.lock().lease = lease;
    }

    /// Every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.lock().asked.clone()
    }

    /// What subscribers answered to verifications: status, and whether the challenge came back.
    #[must_use]
    pub fn verified(&self) -> Vec<(u16, bool)> {
        self.shared.lock().verified.clone()
    }

    /// Who is subscribed.
    #[must_use]
    pub fn subscribers(&self) -> Vec<Subscriber> {
        self.shared.lock().subscribers.clone()
    }

    /// Waits until `enough` verifications were answered; whether they were. Blocks the thread.
    #[must_use]
    pub fn wait_for_verifications(&self, enough: usize, limit: Duration) -> bool {
        self.wait(limit, |state| state.verified.len() >= enough)
    }

    /// Waits until it was asked so often; whether it was. Blocks the thread.
    #[must_use]
    pub fn wait_for_requests(&self, enough: usize, limit: Duration) -> bool {
        self.wait(limit, |state| state.asked.len() >= enough)
    }

    fn wait(&self, limit: Duration, done: impl Fn(&State) -> bool) -> bool {
        let (_state, waited) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), limit, |state| !done(state))
            .unwrap_or_else(PoisonError::into_inner);
        !waited.timed_out()
    }

    /// Delivers a document to everyone subscribed to `topic`; gives back the statuses answered, 0 for a subscriber that
    /// could not be reached.
    #[must_use]
    pub fn deliver(&self, topic: &str, body: &str, signature: Signature) -> Vec<u16> {
        let subscribers = self.subscribers();
        let subscribed = subscribers.iter().filter(|subscriber| subscriber.topic == topic);
        subscribed
            .map(|subscriber| {
                let mut headers = vec![("Content-Type", "application/rss+xml; charset=utf-8".to_owned())];
                match signature {
                    Signature::Right => {
                        headers.push(("X-Hub-Signature", sign(&subscriber.secret, body.as_bytes())));
                    }
                    Signature::Forged => headers.push(("X-Hub-Signature", sign("forged", body.as_bytes()))),
                    Signature::Missing => {}
                }
                ask("POST", &subscriber.callback, &headers, body).map_or(0, |(status, _)| status)
            })
            .collect()
    }

    fn answer(&self, request: &Request) -> Reply {
        let mut asked = Asked {
            mode: String::new(),
            callback: String::new(),
            topic: String::new(),
            secret: None,
            lease_secs: None,
        };
        for (name, value) in form_urlencoded::parse(&request.body) {
            match name.as_ref() {
                "hub.mode" => asked.mode = value.into_owned(),
                "hub.callback" => asked.callback = value.into_owned(),
                "hub.topic" => asked.topic = value.into_owned(),
                "hub.secret" => asked.secret = Some(value.into_owned()),
                "hub.lease_seconds" => asked.lease_secs = value.parse().ok(),
                _ => {}
            }
        }
        let behaviour = {
            let mut state = self.shared.lock();
            state.asked.push(asked.clone());
            self.shared.changed.notify_all();
            state.behaviour
        };
        if request.method != "POST" || asked.callback.is_empty() {
            return Reply::status(400).body("a subscription is a POST with a form");
        }
        let hub = self.clone();
        let verifying = std::thread::spawn(move || match behaviour {
            Behaviour::Good | Behaviour::VerifiesFirst => hub.verify(&asked),
            Behaviour::Denies => hub.deny(&asked),
            Behaviour::Forgets | Behaviour::Refuses(_) => {}
        });
        match behaviour {
            Behaviour::Refuses(status) => Reply::status(status).body("not today"),
            Behaviour::VerifiesFirst => {
                verifying.join().expect("verified");
                Reply::status(204)
            }
            _ => Reply::status(202),
        }
    }

    fn verify(&self, asked: &Asked) {
        let (lease, challenge) = {
            let state = self.shared.lock();
            (
                state.lease.as_secs().to_string(),
                format!("défi {}", state.asked.len()),
            )
        };
        let query = [
            ("hub.mode", asked.mode.as_str()),
            ("hub.topic", &asked.topic),
            ("hub.challenge", &challenge),
            ("hub.lease_seconds", &lease),
        ];
        let (status, body) = ask_back(&asked.callback, &query);
        let is_confirmed = status == 200 && body == challenge;
        let mut state = self.shared.lock();
        state.verified.push((status, body == challenge));
        if is_confirmed {
            state.subscribers.retain(|known| known.callback != asked.callback);
            if asked.mode == "subscribe" {
                state.subscribers.push(Subscriber {
                    callback: asked.callback.clone(),
                    topic: asked.topic.clone(),
                    secret: asked.secret.clone().unwrap_or_default(),
                });
            }
        }
        self.shared.changed.notify_all();
    }

    fn deny(&self, asked: &Asked) {
        let query = [
            ("hub.mode", "denied"),
            ("hub.topic", &asked.topic),
            ("hub.reason", "pas vous"),
        ];
        let (status, body) = ask_back(&asked.callback, &query);
        self.shared.lock().verified.push((status, body.is_empty()));
        self.shared.changed.notify_all();
    }
}

/// Asks a callback with a query, a hub's or a forger's: the status and body of the answer, 0 without one.
#[must_use]
pub fn ask_back(callback: &str, query: &[(&str, &str)]) -> (u16, String) {
    let Ok(mut url) = Url::parse(callback) else {
        return (0, String::new());
    };
    url.query_pairs_mut().extend_pairs(query);
    ask("GET", url.as_str(), &[], "").unwrap_or_default()
}

/// The value of `X-Hub-Signature` over a body.
///
/// # Panics
///
/// Never: a key may have any length.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    let signature = mac.chain_update(body).finalize().into_bytes();
    format!("sha256={}", HEXLOWER.encode(&signature))
}

/// Sends one request to a loopback address and reads the whole answer: its status and body.
///
/// # Errors
///
/// What the connection says, or that the answer is no HTTP.
pub fn ask(method: &str, url: &str, headers: &[(&str, String)], body: &str) -> io::Result<(u16, String)> {
    let no_http = || io::Error::other("no HTTP");
    let url = Url::parse(url).map_err(io::Error::other)?;
    let (host, port) = url
        .host_str()
        .zip(url.port_or_known_default())
        .ok_or_else(no_http)?;
    let mut connection = TcpStream::connect((host, port))?;
    connection.set_read_timeout(Some(PATIENCE))?;
    let target = url.query().map_or_else(
        || url.path().to_owned(),
        |query| format!("{}?{query}", url.path()),
    );
    // A public name, as a proxy would pass it on.
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nHost: depeche.example.org\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").map_err(io::Error::other)?;
    }
    write!(head, "Content-Length: {}\r\n\r\n", body.len()).map_err(io::Error::other)?;
    connection.write_all(head.as_bytes())?;
    connection.write_all(body.as_bytes())?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    status.zip(body).ok_or_else(no_http)
}
