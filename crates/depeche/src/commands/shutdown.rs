//! Ending cleanly: the first SIGTERM or SIGINT drains, the second ends at once.

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Ending at once is safe: what is not committed is owed by the journal.
const AT_ONCE: i32 = 1;

/// A token that is cancelled by the first signal.
pub(super) fn token() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        for second in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if second {
                tracing::warn!("ending at once");
                std::process::exit(AT_ONCE);
            }
            tracing::info!("ending: what is on its way is committed first; a second signal ends at once");
            stop.cancel();
        }
    });
    Ok(token)
}
