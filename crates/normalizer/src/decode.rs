//! A capture's body as text: its content coding off under a cap, then its charset told.

use depeche_feed::{NoText, Text};
use depeche_model::{Capture, DecodeError, RejectionReason, WarningCode, decode_body};

/// The text of a capture's body, decoded to at most `limit` bytes.
///
/// # Errors
///
/// The reason why there is none.
pub(crate) fn decode(capture: &Capture, limit: u64) -> Result<Text, RejectionReason> {
    let decoded = decode_body(capture.body(), capture.content_encoding().as_deref(), limit).map_err(
        |error| match error {
            DecodeError::TooLarge { limit } => RejectionReason::TooLarge { limit },
            DecodeError::TooDense { .. } | DecodeError::Unknown(_) => RejectionReason::Unreadable {
                error: error.to_string(),
            },
        },
    )?;
    let text = depeche_feed::decode(&decoded.bytes, capture.content_type(), capture.base_uri(), limit);
    let mut text = text.map_err(|why| match why {
        NoText::Empty => RejectionReason::Empty,
        NoText::Binary(found) => RejectionReason::Binary {
            found: found.to_owned(),
        },
        NoText::TooLarge(limit) => RejectionReason::TooLarge { limit },
    })?;
    if decoded.truncated {
        text.warnings.insert(0, WarningCode::BodyTruncated.into());
    }
    Ok(text)
}
