//! Development only: what tests of the other crates, and of the whole program, stand on.
//!
//! Texts and what carries them ([`prose`], [`copydesk`], [`parcels`]) are always there; what opens sockets or starts processes, and `weeks`, which archives what a
//! server would have answered, are behind the feature `servers`, so that a crate without a network is tested without TLS and HTTP.
//!
//! - [`origin`]: an HTTP/1.1 server on the loopback interface that behaves as told, however badly.
//! - [`secure`]: an HTTPS server that behaves, with a certificate that may not.
//! - [`hub`]: a WebSub hub that takes subscriptions, verifies, signs and delivers.
//! - [`newsroom`]: feeds and pages of invented French articles, each a pure function of feed and number.
//! - [`prose`]: the generator behind them.
//! - [`copydesk`]: news at length and what copying makes of it: edits, templates, stories, revisions, streams.
//! - [`parcels`]: captures and articles as they travel from stage to stage, with all filled in that does not matter.
//! - [`weeks`]: weeks of that news as the answers of feeds, in one WARC.
//! - [`witness`]: a server that watches how it is asked, and judges it.
//! - [`breaker`]: kills the daemon again and again, and compares what it keeps with what was served.

#[cfg(feature = "servers")]
pub mod breaker;
pub mod copydesk;
#[cfg(feature = "servers")]
pub mod hub;
#[cfg(feature = "servers")]
pub mod newsroom;
#[cfg(feature = "servers")]
pub mod origin;
pub mod parcels;
pub mod prose;
#[cfg(feature = "servers")]
pub mod secure;
#[cfg(feature = "servers")]
pub mod weeks;
#[cfg(feature = "servers")]
pub mod witness;

#[cfg(feature = "servers")]
pub use hub::Hub;
#[cfg(feature = "servers")]
pub use newsroom::Newsroom;
#[cfg(feature = "servers")]
pub use origin::{Origin, Reply, Request};
#[cfg(feature = "servers")]
pub use secure::{Authority, Credentials, SecureOrigin};
#[cfg(feature = "servers")]
pub use witness::{HandClock, Score, Visit, Witness};
