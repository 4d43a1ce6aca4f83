//! Development only: what tests of the other crates, and of the whole program, stand on.
//!
//! - [`origin`]: an HTTP/1.1 server on the loopback interface that behaves as told, however badly.
//! - [`secure`]: an HTTPS server that behaves, with a certificate that may not.
//! - [`hub`]: a WebSub hub that takes subscriptions, verifies, signs and delivers.
//! - [`newsroom`]: feeds and pages of invented French articles, each a pure function of feed and number.
//! - [`prose`]: the generator behind them.
//! - [`copydesk`]: news at length and what copying makes of it: edits, templates, stories, revisions, streams.
//! - [`weeks`]: weeks of that news as the answers of feeds, in one WARC.
//! - [`witness`]: a server that watches how it is asked, and judges it.
//! - [`breaker`]: kills the daemon again and again, and compares what it keeps with what was served.

pub mod breaker;
pub mod copydesk;
pub mod hub;
pub mod newsroom;
pub mod origin;
pub mod prose;
pub mod secure;
pub mod weeks;
pub mod witness;

pub use hub::Hub;
pub use newsroom::Newsroom;
pub use origin::{Origin, Reply, Request};
pub use secure::{Authority, Credentials, SecureOrigin};
pub use witness::{HandClock, Score, Visit, Witness};
