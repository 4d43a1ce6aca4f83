//! The running daemon, as other commands find it: sled allows one process, so what a command wants of a store that the
//! daemon has open it asks of the daemon. The daemon's address stands in the data folder while it runs.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use depeche_disk::durable;
use depeche_store::StoreError;

/// How long the daemon may take to begin an answer: a backup begins when the commit under way has ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// Said of the daemon's address while this lives.
#[derive(Debug)]
pub(crate) struct Announced(PathBuf);

impl Drop for Announced {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::debug!(file = %self.0.display(), %error, "the daemon's address could not be removed");
        }
    }
}

/// Writes down where the daemon listens.
pub(crate) fn announce(data_dir: &Path, address: SocketAddr) -> anyhow::Result<Announced> {
    let path = address_path(data_dir);
    durable::write_whole(&path, |out| writeln!(out, "{address}"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Announced(path))
}

/// Asks the daemon that has the store open; the body of its answer goes to `out`. Without a daemon that answers the error
/// is `locked`, the one that led here.
pub(crate) fn ask(
    data_dir: &Path,
    path: &str,
    locked: anyhow::Error,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let Ok(address) = std::fs::read_to_string(address_path(data_dir)) else {
        return Err(locked);
    };
    let address = address.trim();
    super::commands::block_on(async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .build()?;
        let mut response = match client.get(format!("http://{address}{path}")).send().await {
            Ok(response) => response,
            Err(error) => return Err(locked.context(format!("no daemon answers at {address}: {error}"))),
        };
        if !response.status().is_success() {
            let status = response.status();
            let why = response.chunk().await?.unwrap_or_default();
            bail!(
                "the daemon at {address} answered {status}: {}",
                String::from_utf8_lossy(&why).trim()
            );
        }
        while let Some(chunk) = response.chunk().await? {
            out.write_all(&chunk)?;
        }
        Ok(())
    })
}

/// Whether an error says that another process has the store.
pub(crate) fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Locked { .. }))
}

fn address_path(data_dir: &Path) -> PathBuf {
    data_dir.join("daemon.address")
}
