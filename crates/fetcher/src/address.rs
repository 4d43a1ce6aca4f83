//! Which addresses may be asked: public ones, unless configured otherwise.
//!
//! The rules are asked three times. Before each hop for its port, and for its host where that is written as an address
//! ([`AddressRules::check_url`]), since such a host never reaches a resolver. For every address that a name resolves to
//! ([`AddressRules::admit`]); the connection is made to exactly those that passed, so a name that answers differently
//! a second time (DNS rebinding) gains nothing. And for the address at the other end of the connection, once it is
//! made, so that nothing slips through in between.
//!
//! Source: the IANA special-purpose address registries (RFC 6890 and its updates).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

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

/// A range of addresses, as `10.1.0.0/16` or as one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    network: IpAddr,
    prefix: u32,
}

/// A text that is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address and no range of addresses; write `127.0.0.1` or `10.1.0.0/16`")]
pub struct NoAddressRange(String);

impl AddressRange {
    /// Whether the address lies in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |address| match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let ((network, width), (address, address_width)) = (bits(self.network), bits(address.to_canonical()));
        let host_bits = width - self.prefix;
        // Shifting out every bit of 128 is shifting by more than the type has: then any address of the family will do.
        width == address_width && (network ^ address).checked_shr(host_bits).unwrap_or(0) == 0
    }
}

impl FromStr for AddressRange {
    type Err = NoAddressRange;

    fn from_str(text: &str) -> Result<Self, NoAddressRange> {
        let wrong = || NoAddressRange(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let network: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let width = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().map_err(|_| wrong())?,
            None => width,
        };
        if prefix > width {
            return Err(wrong());
        }
        Ok(Self { network, prefix })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

/// What may be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct AddressRules {
    pub(crate) allow_private: bool,
    pub(crate) allowed: Vec<AddressRange>,
}

impl AddressRules {
    /// Why this address is not asked.
    fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        if self.allow_private || self.allowed.iter().any(|range| range.contains(address)) {
            return None;
        }
        non_public(address)
    }

    /// Checks one address that `host` is at, or was found to be at.
    pub(crate) fn check(&self, host: &str, address: IpAddr) -> Result<(), ExchangeError> {
        match self.refusal(address) {
            Some(kind) => Err(ExchangeError::Refused {
                host: host.to_owned(),
                address,
                kind,
            }),
            None => Ok(()),
        }
    }

    /// Checks the port of `url`, and its host where that is written as an address.
    pub(crate) fn check_url(&self, url: &Url) -> Result<(), ExchangeError> {
        if let Some(port) = url.port().filter(|port| BAD_PORTS.contains(port)) {
            return Err(ExchangeError::Address {
                url: url.to_string(),
                why: format!("port {port} belongs to another protocol than HTTP"),
            });
        }
        let host = url.host_str().unwrap_or_default();
        match url.host() {
            Some(Host::Ipv4(v4)) => self.check(host, IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => self.check(host, IpAddr::V6(v6)),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    /// The addresses of `found` that may be asked; an error when there are none.
    pub(crate) fn admit(&self, host: &str, found: &[IpAddr]) -> Result<Vec<IpAddr>, ExchangeError> {
        let allowed: Vec<IpAddr> = found
            .iter()
            .copied()
            .filter(|address| self.refusal(*address).is_none())
            .collect();
        match found.first() {
            None => Err(ExchangeError::Dns {
                host: host.to_owned(),
                why: "it has no address".to_owned(),
            }),
            Some(first) if allowed.is_empty() => self.check(host, *first).map(|()| allowed),
            Some(_) => Ok(allowed),
        }
    }
}

/// Ports at which another protocol than HTTP is at home, so that a request there may be read as its commands: the
/// list of the Fetch standard (§2.9, "bad port").
const BAD_PORTS: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

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

    fn rules(allowed: &[&str]) -> AddressRules {
        AddressRules {
            allow_private: false,
            allowed: allowed.iter().map(|range| range.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn a_disguised_inner_address_is_seen_through() {
        for url in [
            "http://127.0.0.1/",
            "http://127.0.0.1./",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.1/",
            "http://①②⑦.⓪.⓪.①/",
            "http://１２７。０。０。１/",
            "http://%31%32%37.0.0.1/",
            "http://[::1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[64:ff9b::127.0.0.1]/",
            "http://user:pass@127.0.0.1/",
        ] {
            let url = Url::parse(url).unwrap();
            let error = rules(&[]).check_url(&url).unwrap_err().to_string();
            assert!(
                error.contains("loopback") && error.contains("allow_private_addresses"),
                "{url}: {error}"
            );
            let open = AddressRules {
                allow_private: true,
                ..AddressRules::default()
            };
            assert!(open.check_url(&url).is_ok());
        }
        for url in ["http://[::ffff:10.0.0.1]/", "http://0xa9fea9fe/", "http://0/"] {
            let url = Url::parse(url).unwrap();
            assert!(rules(&[]).check_url(&url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_port_of_another_protocol_is_not_asked_even_where_private_addresses_are() {
        let open = AddressRules {
            allow_private: true,
            ..AddressRules::default()
        };
        for (url, asked) in [
            ("http://a.fr:25/", false),
            ("https://a.fr:6667/", false),
            ("http://127.0.0.1:22/", false),
            ("http://a.fr:80/", true),
            ("http://a.fr:443/", true),
            ("http://a.fr:8080/", true),
            ("http://a.fr:10081/", true),
        ] {
            assert_eq!(open.check_url(&Url::parse(url).unwrap()).is_ok(), asked, "{url}");
        }
        assert!(BAD_PORTS.is_sorted());
    }

    #[test]
    fn a_range_holds_its_addresses_and_no_neighbour() {
        for (range, address, inside) in [
            ("10.1.0.0/16", "10.1.255.255", true),
            ("10.1.0.0/16", "10.2.0.0", false),
            ("10.1.2.3/16", "10.1.0.0", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("0.0.0.0/0", "10.0.0.1", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "fd00::1", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::1", "::1", true),
        ] {
            let read: AddressRange = range.parse().unwrap();
            assert_eq!(
                read.contains(address.parse().unwrap()),
                inside,
                "{range} {address}"
            );
            assert_eq!(read.to_string().parse(), Ok(read));
        }
        for wrong in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "localhost",
            "10.0.0.0/-1",
            "1.2.3.4/",
        ] {
            assert!(wrong.parse::<AddressRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_allowed_range_opens_itself_alone() {
        let rules = rules(&["10.1.0.0/16"]);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(rules.check("h", address("10.1.2.3")).is_ok());
        assert!(rules.check("h", address("10.2.0.1")).is_err());
        assert!(rules.check("h", address("127.0.0.1")).is_err());
        assert!(rules.check("h", address("9.9.9.9")).is_ok());
    }

    #[test]
    fn a_name_with_inner_and_public_addresses_is_asked_at_the_public_ones() {
        let found: Vec<IpAddr> = ["10.0.0.1", "1.1.1.1"]
            .iter()
            .map(|a| a.parse().unwrap())
            .collect();
        assert_eq!(rules(&[]).admit("h", &found).unwrap(), found[1..]);
        assert_eq!(rules(&["10.0.0.0/8"]).admit("h", &found).unwrap(), found);
        assert!(matches!(
            rules(&[]).admit("h", &found[..1]),
            Err(ExchangeError::Refused { .. })
        ));
        assert!(matches!(
            rules(&[]).admit("h", &[]),
            Err(ExchangeError::Dns { .. })
        ));
    }
}
