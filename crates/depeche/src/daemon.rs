//! The running daemon, as other commands find it: sled allows one process, so what a command wants of a store that the
//! daemon has open it asks of the daemon. The daemon's address stands in the data folder while it runs.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use depeche_disk::durable;
use depeche_store::StoreError;

use crate::runtime::block_on;

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
    let file = address_path(data_dir);
    let address = match std::fs::read_to_string(&file) {
        Ok(address) => address,
        Err(error) => {
            return Err(locked.context(format!(
                "no daemon can be asked: cannot read {}: {error}",
                file.display()
            )));
        }
    };
    let address = address.trim();
    block_on(async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .build()?;
        let mut response = match client.get(format!("http://{address}{path}")).send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => {
                bail!(
                    "the daemon at {address} does not answer in time; it may be waiting for room: see its /readyz"
                )
            }
            Err(error) => return Err(locked.context(format!("no daemon answers at {address}: {error}"))),
        };
        if !response.status().is_success() {
            let status = response.status();
            let why = response.chunk().await?.unwrap_or_default();
            let why = String::from_utf8_lossy(&why);
            match why.trim() {
                // What was asked for does not exist: said as the command itself would say it.
                why if status == reqwest::StatusCode::NOT_FOUND && !why.is_empty() => bail!("{why}"),
                why => bail!("the daemon at {address} answered {status}: {why}"),
            }
        }
        while let Some(chunk) = response.chunk().await.context("the daemon's answer broke off")? {
            out.write_all(&chunk)?;
        }
        Ok(())
    })
}

/// The path under which the daemon prints of its feeds: of all, or, with `/explain` or `/log`, of the one at `url`.
pub(crate) fn feeds_path(
    which: &str,
    url: Option<&str>,
    format: &impl ValueEnum,
    width: Option<u16>,
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(url) = url {
        query.append_pair("url", url);
    }
    if let Some(format) = format.to_possible_value() {
        query.append_pair("format", format.get_name());
    }
    if let Some(width) = width {
        query.append_pair("width", &width.to_string());
    }
    format!("/api/v1/feeds{which}?{}", query.finish())
}

/// Whether an error says that another process has the store.
pub(crate) fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Locked { .. }))
}

fn address_path(data_dir: &Path) -> PathBuf {
    data_dir.join("daemon.address")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;

    fn ask_at(address: &str, out: &mut dyn Write) -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::write(address_path(dir.path()), address)?;
        let locked = StoreError::Locked {
            dir: dir.path().to_owned(),
        };
        ask(dir.path(), "/api/v1/stats", locked.into(), out)
    }

    /// A daemon that answers one request with these bytes, of a body said to have `length`.
    fn daemon(head: &str, body: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let head = head.to_owned();
        std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            let read = connection.read(&mut asked).unwrap();
            assert!(asked[..read].starts_with(b"GET /api/v1/stats HTTP/1.1\r\n"));
            connection.write_all(head.as_bytes()).unwrap();
            connection.write_all(&body).unwrap();
        });
        address
    }

    #[test]
    fn what_the_daemon_sends_arrives_to_the_byte() {
        let body = vec![7; 300_000];
        let address = daemon("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", body.clone());
        let mut out = Vec::new();
        ask_at(&address, &mut out).unwrap();
        assert_eq!(out, body);
    }

    #[test]
    fn a_connection_that_breaks_off_is_told() {
        let address = daemon("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", vec![7; 5]);
        let error = ask_at(&address, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("broke off"), "{error:#}");
    }

    #[test]
    fn a_daemon_that_refuses_or_is_gone_is_told() {
        let address = daemon("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", vec![]);
        let error = ask_at(&address, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("503"), "{error:#}");
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = ask_at(&gone.to_string(), &mut Vec::new()).unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(StoreError::Locked { .. })),
            "{error:#}"
        );
    }
}
