//! Which addresses may be asked: public ones, unless configured otherwise.
//!
//! A name is resolved here and the connection is made to exactly the addresses that passed, so a name that
//! answers differently a second time (DNS rebinding) gains nothing. Hosts written as addresses never reach a
//! resolver, so they are checked before each hop ([`check_host`]).
//!
//! Source: the IANA special-purpose address registries (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::error::ExchangeError;

/// What kind of non-public address this is; `None` for a public one.
pub(crate) fn non_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => non_public_v4(v4),
        IpAddr::V6(v6) => non_public_v6(v6),
    }
}

fn non_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, ..] => "an address of this network",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private address",
        [127, ..] => "a loopback address",
        // Cloud metadata services answer here.
        [169, 254, ..] => "a link-local address",
        [100, 64..=127, ..] => "an address behind a carrier's translation",
        [192, 0, 0, _] | [192, 88, 99, _] => "a protocol address",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "a documentation address",
        [198, 18 | 19, ..] => "a benchmarking address",
        [224..=239, ..] => "a multicast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    })
}

fn non_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    let [first, second, third, ..] = segments;
    let middle_is = |expected: [u16; 4]| segments[2..6] == expected;
    let embedded = |high: u16, low: u16| {
        let [one, two] = high.to_be_bytes();
        let [three, four] = low.to_be_bytes();
        non_public_v4(Ipv4Addr::new(one, two, three, four))
    };
    Some(match (first, second) {
        (0, 0) if address == Ipv6Addr::LOCALHOST => "a loopback address",
        // IPv4-mapped: what counts is the address inside.
        (0, 0) if middle_is([0, 0, 0, 0xffff]) => return embedded(segments[6], segments[7]),
        (0, 0) => "a reserved address",
        // NAT64 (RFC 6052): on an IPv6-only network every IPv4 host is seen through this prefix.
        (0x64, 0xff9b) if middle_is([0; 4]) => return embedded(segments[6], segments[7]),
        (0x64, 0xff9b) => "an address of local translation",
        (0x100, 0) => "a discard address",
        (0x2001, 0) => "a Teredo address",
        (0x2001, 0x1..=0x1ff) => "a protocol address",
        (0x2001, 0xdb8) | (0x3fff, 0..=0xfff) => "a documentation address",
        // 6to4 carries an IPv4 address.
        (0x2002, _) => return embedded(second, third),
        (0x5f00, _) => "a segment-routing address",
        (0xfc00..=0xfdff, _) => "a private address",
        (0xfe80..=0xfebf, _) => "a link-local address",
        (0xfec0..=0xfeff, _) => "a site-local address",
        (0xff00..=0xffff, _) => "a multicast address",
        _ => return None,
    })
}

/// Checks the host of `url` where it is written as an address.
pub(crate) fn check_host(url: &Url, allow_private: bool) -> Result<(), ExchangeError> {
    let address = match url.host() {
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    match non_public(address) {
        Some(kind) if !allow_private => Err(ExchangeError::Refused {
            host: url.host_str().unwrap_or_default().to_owned(),
            address,
            kind,
        }),
        _ => Ok(()),
    }
}

/// Resolves names by the system and lets through only addresses that may be asked.
#[derive(Debug)]
pub(crate) struct GuardedResolver {
    pub(crate) allow_private: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0))
                .await
                .map_err(|error| ExchangeError::Dns {
                    host: host.clone(),
                    why: error.to_string(),
                })?
                .collect();
            let allowed = admit(&host, &found, allow_private)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses of `found` that may be asked; an error when there are none.
fn admit(host: &str, found: &[SocketAddr], allow_private: bool) -> Result<Vec<SocketAddr>, ExchangeError> {
    let mut refused = None;
    let mut allowed = Vec::new();
    for address in found {
        match non_public(address.ip()) {
            Some(kind) if !allow_private => refused = refused.or(Some((address.ip(), kind))),
            _ => allowed.push(*address),
        }
    }
    match refused {
        Some((address, kind)) if allowed.is_empty() => Err(ExchangeError::Refused {
            host: host.to_owned(),
            address,
            kind,
        }),
        _ if allowed.is_empty() => Err(ExchangeError::Dns {
            host: host.to_owned(),
            why: "it has no address".to_owned(),
        }),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_inner_address_is_told_from_a_public_one() {
        for inner in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(non_public(inner.parse().unwrap()).is_some(), "{inner}");
        }
        for outer in [
            "1.1.1.1",
            "9.9.9.9",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "193.0.0.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2606:4700::1111",
            "2a01:e0a::1",
            "2001:41d0::1",
        ] {
            assert_eq!(non_public(outer.parse().unwrap()), None, "{outer}");
        }
    }

    #[test]
    fn a_disguised_loopback_address_is_seen_through() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            let url = Url::parse(url).unwrap();
            let error = check_host(&url, false).unwrap_err().to_string();
            assert!(
                error.contains("loopback") && error.contains("allow_private_addresses"),
                "{url}: {error}"
            );
            assert!(check_host(&url, true).is_ok());
        }
    }

    #[test]
    fn a_name_with_inner_and_public_addresses_is_asked_at_the_public_ones() {
        let found: Vec<SocketAddr> = ["10.0.0.1:0", "1.1.1.1:0"]
            .iter()
            .map(|a| a.parse().unwrap())
            .collect();
        assert_eq!(admit("h", &found, false).unwrap(), found[1..]);
        assert_eq!(admit("h", &found, true).unwrap(), found);
        assert!(matches!(
            admit("h", &found[..1], false),
            Err(ExchangeError::Refused { .. })
        ));
        assert!(matches!(admit("h", &[], true), Err(ExchangeError::Dns { .. })));
    }
}
