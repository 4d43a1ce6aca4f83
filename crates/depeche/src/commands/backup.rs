//! `depeche backup` and `depeche restore`: the whole data folder in one file, and back.
//!
//! Where a daemon has the store, the backup is asked of it: only who writes the store can hold still while its rows are
//! read. It says where it listens in a file of the data folder. What arrives is read back and checked before it gets its
//! name, whoever made it.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use depeche_disk::durable;
use depeche_journal::{JournalError, Segment, list_segments};
use depeche_model::Clock;
use depeche_store::{
    Attachment, BackupError, Contents, Manifest, Segments, Store, StoreError, check_backup, note_backup,
    write_backup,
};

use super::block_on;
use crate::config::Config;
use crate::exit::Exit;

/// Where the daemon writes the address it listens on, in the data folder: one line, such as `127.0.0.1:8750`.
const ADDRESS: &str = "daemon.address";

pub(super) fn backup(
    config: &Config,
    clock: &dyn Clock,
    file: &Path,
    with_journal: bool,
    quiet: bool,
) -> anyhow::Result<Exit> {
    let cannot = || format!("cannot write {}", file.display());
    let mut manifest = None;
    let store = match Store::open_existing(&config.store_dir(), config.store_options()) {
        Ok(store) => Some(store),
        Err(StoreError::Locked { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let address = match &store {
        Some(_) => None,
        None => Some(daemon_address(config)?),
    };
    durable::write_whole(file, |out| {
        match (&store, &address) {
            (Some(store), _) => {
                let journal = with_journal
                    .then(|| segments(&config.journal_dir(), None))
                    .transpose()?;
                let contents = contents(config, clock, store, journal)?;
                write_backup(out, contents, || {})?;
            }
            (None, Some(address)) => from_daemon(address, with_journal, out)?,
            (None, None) => bail!("there is neither a store nor a daemon"),
        }
        out.flush()?;
        let written = File::open(durable::aside(file))?;
        manifest = Some(check_backup(&mut BufReader::new(written))?);
        anyhow::Ok(())
    })
    .with_context(cannot)?;
    let manifest = manifest.with_context(cannot)?;
    let path = file.canonicalize().with_context(cannot)?;
    note_backup(&config.data_dir, &manifest, &path).context("cannot note the backup in the data folder")?;
    if !quiet {
        tell("backed up", &manifest);
    }
    Ok(Exit::Done)
}

pub(super) fn restore(config: &Config, file: &Path, quiet: bool) -> anyhow::Result<Exit> {
    let cannot = || format!("cannot restore {}", file.display());
    let input = File::open(file).with_context(cannot)?;
    let restored = depeche_store::restore(
        &mut BufReader::new(input),
        &config.data_dir,
        config.store_options(),
    );
    let manifest = restored.with_context(cannot)?;
    if !quiet {
        tell("restored", &manifest);
    }
    Ok(Exit::Done)
}

fn tell(done: &str, manifest: &Manifest) {
    let journal = match manifest.last_ordinal {
        Some(last) => format!("the journal up to capture {last}"),
        None => "no journal".to_owned(),
    };
    eprintln!(
        "{done}: {} articles of {} captures in {} rows; {journal}",
        manifest.articles, manifest.captures, manifest.rows
    );
}

/// What goes into a backup of this data folder.
pub(crate) fn contents<'a>(
    config: &Config,
    clock: &dyn Clock,
    store: &'a Store,
    journal: Option<Segments>,
) -> anyhow::Result<Contents<'a>> {
    let path = config.added_feeds_path();
    let feeds = match Attachment::open(&path, None) {
        Ok(feeds) => Some(feeds),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    Ok(Contents {
        store,
        journal,
        feeds,
        program: env!("CARGO_PKG_VERSION"),
        at: clock.now(),
    })
}

/// Where a journal's durable part ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DurableEnd {
    /// The newest segment.
    pub(crate) segment: u32,
    /// How much of it is durable.
    pub(crate) bytes: u64,
    /// The last capture.
    pub(crate) last_ordinal: u64,
}

/// The journal's segments, open, up to its durable end; where that is not known, up to the last whole capture.
pub(crate) fn segments(journal_dir: &Path, end: Option<DurableEnd>) -> anyhow::Result<Segments> {
    let mut tries = 1..;
    loop {
        match open_segments(journal_dir, end) {
            // Sealed, and gone under its old name, since it was listed.
            Err(error) if is_missing(&error) && tries.next() < Some(LIST_TRIES) => {}
            opened => return opened,
        }
    }
}

/// Sealing changes the name of one segment at a time, each once; a gibibyte takes far longer than listing.
const LIST_TRIES: u32 = 5;

fn is_missing(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn open_segments(journal_dir: &Path, end: Option<DurableEnd>) -> anyhow::Result<Segments> {
    let listed = list_segments(journal_dir)?;
    let end = match end {
        Some(end) => end,
        None => durable_end(&listed)?,
    };
    let mut files = Vec::new();
    for segment in listed {
        let end_bytes = match segment.number.cmp(&end.segment) {
            Ordering::Less => None,
            // A sealed segment is whole, and its positions are those before compressing.
            Ordering::Equal => (!segment.is_sealed()).then_some(end.bytes),
            Ordering::Greater => continue,
        };
        let file = Attachment::open(&segment.path, end_bytes)
            .with_context(|| format!("cannot read {}", segment.path.display()))?;
        files.push(file);
    }
    Ok(Segments {
        files,
        last_ordinal: end.last_ordinal,
    })
}

/// The end of the last whole capture: what a crash left behind it is no part of the journal.
fn durable_end(segments: &[Segment]) -> anyhow::Result<DurableEnd> {
    for segment in segments.iter().rev() {
        let mut end = None;
        for item in segment.captures()? {
            match item {
                Ok(journaled) => {
                    let position = journaled.position;
                    end = Some(DurableEnd {
                        segment: segment.number,
                        bytes: position.offset + position.length,
                        last_ordinal: position.ordinal,
                    });
                }
                // Damage inside is `verify`'s to tell; a backup keeps what there is.
                Err(JournalError::Damaged { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(end) = end {
            return Ok(end);
        }
    }
    Ok(DurableEnd {
        segment: 0,
        bytes: 0,
        last_ordinal: 0,
    })
}

/// Where the daemon that has the store listens.
fn daemon_address(config: &Config) -> anyhow::Result<String> {
    let path = config.data_dir.join(ADDRESS);
    let locked = StoreError::Locked {
        dir: config.store_dir(),
    };
    match std::fs::read_to_string(&path) {
        Ok(line) => Ok(line.trim().to_owned()),
        Err(error) => Err(anyhow::Error::from(locked).context(format!(
            "no daemon can be asked for the backup: cannot read {}: {error}",
            path.display()
        ))),
    }
}

/// Fetches a backup from the daemon and writes it as it comes.
fn from_daemon(address: &str, with_journal: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let url = format!("http://{address}/api/v1/backup?journal={with_journal}");
    let unreachable = || {
        anyhow::Error::from(StoreError::Locked {
            dir: PathBuf::from(format!("the daemon at {address}")),
        })
    };
    block_on(async {
        // The daemon is on this machine: no proxy leads there.
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut answer = client
            .get(&url)
            .send()
            .await
            .map_err(|error| unreachable().context(format!("the daemon does not answer: {error}")))?;
        if !answer.status().is_success() {
            bail!("the daemon answered {} to GET {url}", answer.status());
        }
        while let Some(piece) = answer.chunk().await.map_err(|error| BackupError::Damaged {
            member: "the connection to the daemon".to_owned(),
            why: error.to_string(),
        })? {
            out.write_all(&piece)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;

    /// A daemon that answers one request with these bytes, of a body said to have `length`.
    fn daemon(head: &str, body: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let head = head.to_owned();
        std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            let read = connection.read(&mut asked).unwrap();
            assert!(asked[..read].starts_with(b"GET /api/v1/backup?journal=true HTTP/1.1\r\n"));
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
        from_daemon(&address, true, &mut out).unwrap();
        assert_eq!(out, body);
    }

    #[test]
    fn a_connection_that_breaks_off_is_damage() {
        let address = daemon("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", vec![7; 5]);
        let error = from_daemon(&address, true, &mut Vec::new()).unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(BackupError::Damaged { .. })),
            "{error:#}"
        );
    }

    #[test]
    fn a_daemon_that_refuses_or_is_gone_is_told() {
        let address = daemon("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", vec![]);
        let error = from_daemon(&address, true, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("503"), "{error:#}");
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = from_daemon(&gone.to_string(), true, &mut Vec::new()).unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(StoreError::Locked { .. })),
            "{error:#}"
        );
    }
}
