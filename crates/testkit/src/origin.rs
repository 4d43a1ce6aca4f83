//! A programmable HTTP/1.1 server on the loopback interface.
//!
//! It answers requests with what was set for their path, keeps connections alive after well-behaved answers, and
//! logs what came. It is written by hand on a socket because half of what it is for (a wrong length, a connection
//! closed inside the body, a head that drips) is what a proper HTTP library refuses to do. It runs on a thread of its
//! own, so it serves tests that have no runtime, or pause theirs.

mod connection;
mod reply;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

pub use reply::Reply;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, as a rule.
    pub method: String,
    /// Path and query as in the request line.
    pub target: String,
    /// Header fields in order of arrival, names as sent.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body, by its `Content-Length`; empty without one.
    pub body: Vec<u8>,
    /// When it was complete.
    pub at: Instant,
    /// Who asked; the same address means the same connection.
    pub remote: SocketAddr,
}

impl Request {
    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The first field of that name, compared without case, byte for byte.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The first field of that name as text; damaged bytes are replaced.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.header(name)
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

type Handler = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// What the server's connections share.
#[derive(Default)]
struct State {
    routes: BTreeMap<String, Handler>,
    prefixes: BTreeMap<String, Handler>,
    log: Vec<Request>,
    in_flight: usize,
    peak: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    logged: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs a request and finds its answer: an exact path first, then the longest prefix, then 404.
    fn answer(&self, request: &Request) -> Reply {
        let handler = {
            let mut state = self.lock();
            state.log.push(request.clone());
            self.logged.notify_all();
            let path = request.path();
            state.routes.get(path).cloned().or_else(|| {
                state
                    .prefixes
                    .iter()
                    .rev()
                    .find(|(prefix, _)| path.starts_with(prefix.as_str()))
                    .map(|(_, handler)| Arc::clone(handler))
            })
        };
        handler.map_or_else(|| Reply::status(404), |handler| handler(request))
    }
}

/// A running server; it ends when dropped.
pub struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Origin {
    /// Starts a server on `127.0.0.1`, on a free port.
    ///
    /// # Panics
    ///
    /// When the system gives no port or thread.
    #[must_use]
    pub fn start() -> Self {
        Self::start_on(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Starts a server on another loopback address, such as `127.0.0.2`: another host to whoever asks.
    ///
    /// # Panics
    ///
    /// When the system gives no port or thread.
    #[must_use]
    pub fn start_on(ip: IpAddr) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("a free port on a loopback address");
        listener
            .set_nonblocking(true)
            .expect("a socket that does not block");
        let address = listener.local_addr().expect("the address of a bound socket");
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = watch::channel(false);
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("origin".to_owned())
            .spawn(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime")
                    .block_on(connection::serve(listener, served, stopped));
            })
            .expect("a thread");
        Self {
            address,
            shared,
            stop,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path on this server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers `path` (exactly, whatever the query) with this reply from now on.
    pub fn set(&self, path: &str, reply: Reply) {
        self.on(path, move |_| reply.clone());
    }

    /// Answers `path` (exactly, whatever the query) with what `handler` says from now on.
    pub fn on(&self, path: &str, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        self.shared
            .lock()
            .routes
            .insert(path.to_owned(), Arc::new(handler));
    }

    /// Answers every path that begins so, unless it is set exactly; the longest such prefix counts.
    pub fn on_prefix(&self, prefix: &str, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        self.shared
            .lock()
            .prefixes
            .insert(prefix.to_owned(), Arc::new(handler));
    }

    /// Answers `path` with each reply in turn, and with the last one for ever after.
    pub fn script(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let mut replies: Vec<Reply> = replies.into_iter().collect();
        replies.reverse();
        let replies = Mutex::new(replies);
        self.on(path, move |_| {
            let mut replies = replies.lock().unwrap_or_else(PoisonError::into_inner);
            match replies.as_slice() {
                [] => Reply::status(404),
                [last] => last.clone(),
                _ => replies.pop().unwrap_or_else(|| Reply::status(404)),
            }
        });
    }

    /// Sets up `hops` redirects in a row: from `path` by `path/1`, `path/2` … to `to`.
    pub fn redirects(&self, path: &str, hops: usize, status: u16, to: &str) {
        for hop in 0..hops {
            let here = if hop == 0 {
                path.to_owned()
            } else {
                format!("{path}/{hop}")
            };
            let next = if hop + 1 == hops {
                to.to_owned()
            } else {
                format!("{path}/{}", hop + 1)
            };
            self.set(&here, Reply::redirect(status, &next));
        }
    }

    /// Every request so far, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().log.clone()
    }

    /// The requests for `path`, whatever their query.
    #[must_use]
    pub fn requests_to(&self, path: &str) -> Vec<Request> {
        let state = self.shared.lock();
        state
            .log
            .iter()
            .filter(|request| request.path() == path)
            .cloned()
            .collect()
    }

    /// How many requests came for `path`, whatever their query.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.requests_to(path).len()
    }

    /// The most requests that were being answered at one time.
    #[must_use]
    pub fn peak_in_flight(&self) -> usize {
        self.shared.lock().peak
    }

    /// Forgets the requests and the peak.
    pub fn clear_log(&self) {
        let mut state = self.shared.lock();
        state.log.clear();
        state.peak = state.in_flight;
    }

    /// Waits until `path` was asked for `count` times, for at most `limit`; whether it was. Blocks the thread.
    #[must_use]
    pub fn wait_for(&self, path: &str, count: usize, limit: Duration) -> bool {
        let enough =
            |state: &State| state.log.iter().filter(|request| request.path() == path).count() >= count;
        let (_state, waited) = self
            .shared
            .logged
            .wait_timeout_while(self.shared.lock(), limit, |state| !enough(state))
            .unwrap_or_else(PoisonError::into_inner);
        !waited.timed_out()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in the server is printed by its own thread; panicking in a drop would hide the test's own.
            drop(thread.join());
        }
    }
}
