//! The journal's inlet: a capture on its way to become durable.

use depeche_model::{Capture, Position};
use tokio::sync::oneshot;

/// A capture, and whoever waits for it to be durable.
#[derive(Debug)]
pub struct Intake {
    /// The capture.
    pub capture: Capture,
    /// Told where the capture is kept, once it is durable. Dropped unsent when it could not be journaled.
    pub receipt: Option<oneshot::Sender<Position>>,
}

impl Intake {
    /// A capture with the receipt that tells when it is durable.
    #[must_use]
    pub fn with_receipt(capture: Capture) -> (Self, oneshot::Receiver<Position>) {
        let (sender, receipt) = oneshot::channel();
        (
            Self {
                capture,
                receipt: Some(sender),
            },
            receipt,
        )
    }
}

impl From<Capture> for Intake {
    fn from(capture: Capture) -> Self {
        Self {
            capture,
            receipt: None,
        }
    }
}
