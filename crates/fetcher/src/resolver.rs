//! Names to addresses: whoever resolves them, only addresses that may be asked come out.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::Instant;

use crate::address::AddressRules;
use crate::error::ExchangeError;
use crate::exchange::ConnectClock;

/// The longest time spent on one name: glibc asks each server twice, five seconds apart.
const MAX_RESOLVE: Duration = Duration::from_secs(8);

/// The addresses of a name, to come.
pub type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Who is asked for the addresses of a name.
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of `host`, in the order in which they are to be tried.
    fn resolve(&self, host: &str) -> Addresses;
}

/// The system's resolver. Names below `localhost` are this machine (RFC 6761 §6.3) without asking it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str) -> Addresses {
        let host = host.to_owned();
        Box::pin(async move {
            let name = host.strip_suffix('.').unwrap_or(&host).to_ascii_lowercase();
            if name == "localhost" || name.ends_with(".localhost") {
                return Ok(vec![
                    IpAddr::V4(Ipv4Addr::LOCALHOST),
                    IpAddr::V6(Ipv6Addr::LOCALHOST),
                ]);
            }
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Lets through only addresses that may be asked.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    pub(crate) rules: Arc<AddressRules>,
    pub(crate) inner: Arc<dyn Resolver>,
}

impl fmt::Debug for GuardedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedResolver")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (rules, asked) = (Arc::clone(&self.rules), self.inner.resolve(&host));
        Box::pin(async move {
            let failed = |why: String| ExchangeError::Dns {
                host: host.clone(),
                why,
            };
            let begun = Instant::now();
            let found = tokio::time::timeout(MAX_RESOLVE, asked).await;
            ConnectClock::resolved(begun.elapsed());
            let found = found
                .map_err(|_| failed(format!("no answer within {} s", MAX_RESOLVE.as_secs())))?
                .map_err(|error| failed(error.to_string()))?;
            let allowed = rules.admit(&host, &found)?;
            Ok(Box::new(allowed.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Silent;

    impl Resolver for Silent {
        fn resolve(&self, _: &str) -> Addresses {
            Box::pin(std::future::pending())
        }
    }

    fn guarded(inner: impl Resolver) -> GuardedResolver {
        GuardedResolver {
            rules: Arc::default(),
            inner: Arc::new(inner),
        }
    }

    async fn failure(resolver: &GuardedResolver, host: &str) -> String {
        match resolver.resolve(host.parse().unwrap()).await {
            Ok(found) => panic!("{host}: {:?}", found.collect::<Vec<_>>()),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_resolver_that_is_silent_is_given_up() {
        let begun = Instant::now();
        let error = failure(&guarded(Silent), "muet.test").await;
        assert!(error.contains("no answer within 8 s"), "{error}");
        assert_eq!(begun.elapsed(), MAX_RESOLVE);
    }

    #[tokio::test]
    async fn every_name_below_localhost_is_this_machine() {
        for host in [
            "localhost",
            "localhost.",
            "LOCALHOST",
            "a.b.localhost",
            "x.localhost.",
        ] {
            let error = failure(&guarded(SystemResolver), host).await;
            assert!(error.contains("loopback"), "{host}: {error}");
        }
    }
}
