//! Captures for this crate's tests.

use bytes::Bytes;
use depeche_model::{Capture, CaptureKind, PagePolicy, Payload};
use jiff::Timestamp;

/// A small file, another one for each number.
pub(crate) fn capture(n: u32) -> Capture {
    Capture {
        kind: CaptureKind::File,
        uri: format!("{n:03}.txt"),
        final_uri: None,
        captured_at: Timestamp::UNIX_EPOCH,
        source: "essai".to_owned(),
        page_policy: PagePolicy::Never,
        timezone: None,
        order: None,
        payload: Payload::File {
            content_type: None,
            body: Bytes::from(format!("Texte numéro {n}.")),
        },
    }
}
