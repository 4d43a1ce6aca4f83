//! The secret that subscriptions at `WebSub` hubs are made with: 32 bytes in the data folder, for nobody else to read.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use depeche_disk::durable::write_whole;
use depeche_fetcher::websub::{Keys, SECRET_BYTES, Subscriptions};
use depeche_model::Clock;

use crate::config::Config;

/// Nobody's subscriptions yet; `None` where hubs are not wanted.
pub(crate) fn subscriptions(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<Arc<Subscriptions>>> {
    if !config.websub.enabled {
        return Ok(None);
    }
    let keys = Keys::new(secret(&config.data_dir.join("websub.key"))?);
    let subscriptions = Subscriptions::new(keys, &config.websub.callback, Arc::clone(clock));
    Ok(Some(Arc::new(subscriptions)))
}

/// The secret of a data folder, made when there is none.
fn secret(path: &Path) -> anyhow::Result<[u8; SECRET_BYTES]> {
    match std::fs::read(path) {
        Ok(bytes) => <[u8; SECRET_BYTES]>::try_from(bytes.as_slice()).map_err(|_| {
            anyhow!(
                "{} holds {} bytes, not {SECRET_BYTES}: remove it, and feeds subscribe anew",
                path.display(),
                bytes.len()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut secret = [0; SECRET_BYTES];
            getrandom::fill(&mut secret)
                .map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
            write_whole(path, |out| {
                // Before a byte of it is written.
                out.get_ref().set_permissions(Permissions::from_mode(0o600))?;
                out.write_all(&secret)
            })
            .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(secret)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_made_once_and_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("websub.key");
        let made = secret(&path).unwrap();
        assert_eq!(secret(&path).unwrap(), made);
        assert_ne!(secret(&dir.path().join("other.key")).unwrap(), made);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_secret_is_told_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("websub.key");
        std::fs::write(&path, b"short").unwrap();
        let error = secret(&path).unwrap_err().to_string();
        assert!(
            error.contains("5 bytes") && error.contains("remove it"),
            "{error}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
    }
}
