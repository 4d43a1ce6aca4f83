//! Keys and signatures: who may deliver, and where.
//!
//! One secret a data folder is all that is kept. The path of a subscription's callback and the `hub.secret` that its
//! hub signs with are HMACs of it (RFC 2104), so both outlive a restart without being written down, cannot be
//! guessed, and tell nothing of each other or of any other subscription. Feed, hub and topic all go in: a hub that was
//! left for another can neither deliver nor sign for its successor.

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// Bytes of an HMAC-SHA-256 that a callback's path shows: 128 bits cannot be guessed.
const TOKEN_BYTES: usize = 16;

/// Bytes of the secret that everything is derived from.
pub const SECRET_BYTES: usize = 32;

/// What every subscription's keys are derived from.
#[derive(Clone)]
pub struct Keys([u8; SECRET_BYTES]);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// Keys derived from this secret, which must come from the operating system's randomness.
    #[must_use]
    pub fn new(secret: [u8; SECRET_BYTES]) -> Self {
        Self(secret)
    }

    /// The last segment of a subscription's callback: 32 hexadecimal digits.
    pub(crate) fn token(&self, feed: &str, hub: &str, topic: &str) -> String {
        let derived = self.derive("callback", feed, hub, topic);
        HEXLOWER.encode(derived.get(..TOKEN_BYTES).unwrap_or(&derived))
    }

    /// The `hub.secret` of a subscription: 64 hexadecimal digits, of the 200 bytes that §5.1 allows.
    pub(crate) fn hub_secret(&self, feed: &str, hub: &str, topic: &str) -> String {
        HEXLOWER.encode(&self.derive("secret", feed, hub, topic))
    }

    fn derive(&self, purpose: &str, feed: &str, hub: &str, topic: &str) -> Vec<u8> {
        let mut message = Vec::new();
        for part in [purpose, feed, hub, topic] {
            // With its length before it, no part runs into the next.
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part.as_bytes());
        }
        sign::<Hmac<Sha256>>(&self.0, &message)
    }
}

/// Whether `header`, the value of an `X-Hub-Signature`, is a signature of `body` under `secret`: `method=digits` with
/// one of the methods of WebSub §7.1. Compared in constant time, so that nothing is learnt from how long it took.
pub(crate) fn is_signed(header: &[u8], secret: &[u8], body: &[u8]) -> bool {
    let Some((method, digits)) = std::str::from_utf8(header)
        .ok()
        .and_then(|header| header.trim().split_once('='))
    else {
        return false;
    };
    let Ok(signature) = HEXLOWER_PERMISSIVE.decode(digits.trim().as_bytes()) else {
        return false;
    };
    match method.trim().to_ascii_lowercase().as_str() {
        "sha1" => verify::<Hmac<Sha1>>(secret, body, &signature),
        "sha256" => verify::<Hmac<Sha256>>(secret, body, &signature),
        "sha384" => verify::<Hmac<Sha384>>(secret, body, &signature),
        "sha512" => verify::<Hmac<Sha512>>(secret, body, &signature),
        _ => false,
    }
}

fn verify<M: Mac + KeyInit>(secret: &[u8], body: &[u8], signature: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(secret)
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
}

/// An HMAC takes a key of any length; one that did not would give an empty signature, which verifies nothing.
fn sign<M: Mac + KeyInit>(secret: &[u8], body: &[u8]) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(secret)
        .map(|mac| mac.chain_update(body).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202 (SHA-1) and RFC 4231 (the others), test cases 2 and 3.
    const VECTORS: [(&[u8], &[u8], &str); 8] = [
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e\
             8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
        (
            &[0xaa; 20],
            &[0xdd; 50],
            "sha1=125d7342b9ac11cd91a39af48aa17b4f63f175d3",
        ),
        (
            &[0xaa; 20],
            &[0xdd; 50],
            "sha256=773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            &[0xaa; 20],
            &[0xdd; 50],
            "sha384=88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b\
             2a5ab39dc13814b94e3ab6e101a34f27",
        ),
        (
            &[0xaa; 20],
            &[0xdd; 50],
            "sha512=fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39\
             bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
        ),
    ];

    #[test]
    fn the_vectors_of_the_standards_are_signatures() {
        for (key, body, header) in VECTORS {
            assert!(is_signed(header.as_bytes(), key, body), "{header}");
            assert!(is_signed(header.to_uppercase().as_bytes(), key, body), "{header}");
        }
    }

    #[test]
    fn what_is_signed_otherwise_or_not_at_all_is_not_signed() {
        for (key, body, header) in VECTORS {
            assert!(!is_signed(header.as_bytes(), b"another", body), "{header}");
            assert!(!is_signed(header.as_bytes(), key, b"another"), "{header}");
            let cut = &header.as_bytes()[..header.len() - 2];
            assert!(!is_signed(cut, key, body), "cut: {header}");
        }
        for header in [
            "",
            "sha1",
            "sha1=",
            "=",
            "md5=00",
            "sha256=zz",
            "sha256=é",
            "sha1=effc",
        ] {
            assert!(
                !is_signed(header.as_bytes(), b"Jefe", b"what do ya want for nothing?"),
                "{header}"
            );
        }
        assert!(!is_signed(b"sha1=\xff\xfe", b"k", b""));
    }

    #[test]
    fn callbacks_and_secrets_are_the_same_after_a_restart_and_each_subscriptions_own() {
        let keys = || Keys::new([7; SECRET_BYTES]);
        let (feed, hub, topic) = ("https://a.fr/rss", "https://h.fr/", "https://a.fr/rss");
        assert_eq!(keys().token(feed, hub, topic), keys().token(feed, hub, topic));
        let others = [
            keys().token(feed, hub, topic),
            keys().token("https://b.fr/rss", hub, topic),
            keys().token(feed, "https://other.fr/", topic),
            keys().token(feed, hub, "https://a.fr/atom"),
            keys().token("https://a.fr/rssh", "ttps://h.fr/", topic),
            Keys::new([8; SECRET_BYTES]).token(feed, hub, topic),
            keys().hub_secret(feed, hub, topic),
        ];
        let distinct: std::collections::HashSet<&String> = others.iter().collect();
        assert_eq!(distinct.len(), others.len());
        assert_eq!(keys().token(feed, hub, topic).len(), 2 * TOKEN_BYTES);
        assert!(keys().hub_secret(feed, hub, topic).len() < 200);
        assert_eq!(format!("{:?}", keys()), "Keys(…)");
    }
}
