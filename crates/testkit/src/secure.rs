//! An HTTPS server on the loopback interface, with a certificate authority of its own.
//!
//! It speaks HTTP/1.1 and HTTP/2 properly, answers every path with one feed, and logs which protocol and which
//! connection each request came by. Its certificate is good or bad as told. What is to be wrong with HTTP itself is
//! the business of [`crate::origin`].

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A certificate authority made for one test.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What is wrong with a server's certificate, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    Good,
    /// It was good until 2020.
    Expired,
    /// It is for another host.
    OtherHost,
    /// Nobody vouches for it.
    SelfSigned,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecureRequest {
    /// The path and query.
    pub target: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// Who asked; the same address means the same connection.
    pub remote: SocketAddr,
    /// Names of the header fields, in lower case.
    pub fields: Vec<String>,
}

impl Authority {
    /// Makes one.
    ///
    /// # Panics
    ///
    /// When the system gives no random numbers.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).expect("an authority"),
        }
    }

    /// Its certificate, for whoever is to trust it.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    fn config(&self, host: &str, credentials: Credentials, protocols: &[&str]) -> ServerConfig {
        let name = match credentials {
            Credentials::OtherHost => "another.test",
            Credentials::Good | Credentials::Expired | Credentials::SelfSigned => host,
        };
        let mut params =
            CertificateParams::new(vec![name.to_owned(), "127.0.0.1".to_owned()]).expect("a name");
        if credentials == Credentials::OtherHost {
            params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        }
        if credentials == Credentials::Expired {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = match credentials {
            Credentials::SelfSigned => params.self_signed(&key),
            Credentials::Good | Credentials::Expired | Credentials::OtherHost => {
                params.signed_by(&key, &self.issuer)
            }
        }
        .expect("a certificate");
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .expect("a key that fits its certificate");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A running server; it ends when dropped.
pub struct SecureOrigin {
    address: SocketAddr,
    log: Arc<Mutex<Vec<SecureRequest>>>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl SecureOrigin {
    /// Starts a server on `127.0.0.1` that calls itself `host`, offers `protocols` (`h2`, `http/1.1`) in order of
    /// preference, and answers every path with `feed`.
    ///
    /// # Panics
    ///
    /// When the system gives no port or thread.
    #[must_use]
    pub fn start(
        authority: &Authority,
        host: &str,
        credentials: Credentials,
        protocols: &[&str],
        feed: impl Into<Bytes>,
    ) -> Self {
        let config = authority.config(host, credentials, protocols);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        listener
            .set_nonblocking(true)
            .expect("a socket that does not block");
        let address = listener.local_addr().expect("the address of a bound socket");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = watch::channel(false);
        let (kept, feed) = (Arc::clone(&log), feed.into());
        let thread = std::thread::Builder::new()
            .name("secure-origin".to_owned())
            .spawn(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime")
                    .block_on(serve(
                        listener,
                        TlsAcceptor::from(Arc::new(config)),
                        kept,
                        feed,
                        stopped,
                    ));
            })
            .expect("a thread");
        Self {
            address,
            log,
            stop,
            thread: Some(thread),
        }
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<SecureRequest> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for SecureOrigin {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in the server is printed by its own thread.
            drop(thread.join());
        }
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    log: Arc<Mutex<Vec<SecureRequest>>>,
    feed: Bytes,
    mut stopped: watch::Receiver<bool>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => if let Ok((stream, remote)) = accepted {
                connections.spawn(converse(stream, remote, acceptor.clone(), Arc::clone(&log), feed.clone()));
            },
        }
    }
}

async fn converse(
    stream: TcpStream,
    remote: SocketAddr,
    acceptor: TlsAcceptor,
    log: Arc<Mutex<Vec<SecureRequest>>>,
    feed: Bytes,
) {
    // A client that does not trust the certificate hangs up.
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let speaks_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let target = request
            .uri()
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default();
        log.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(SecureRequest {
                target,
                version: format!("{:?}", request.version()),
                remote,
                fields: request.headers().keys().map(ToString::to_string).collect(),
            });
        let feed = feed.clone();
        async move {
            let mut response = hyper::Response::new(Full::new(feed));
            response.headers_mut().insert(
                hyper::header::CONTENT_TYPE,
                hyper::header::HeaderValue::from_static("application/rss+xml"),
            );
            Ok::<_, Infallible>(response)
        }
    });
    let stream = TokioIo::new(stream);
    // A connection that ends badly is what some tests are about.
    if speaks_h2 {
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(stream, answer)
            .await
            .ok();
    } else {
        hyper::server::conn::http1::Builder::new()
            .serve_connection(stream, answer)
            .await
            .ok();
    }
}
