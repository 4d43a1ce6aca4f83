//! `depeche backup` and `depeche restore`: the whole data folder in one file, and back.
//!
//! Where a daemon has the store, the backup is asked of it: only who writes the store can hold still while its rows are
//! read. It says where it listens in a file of the data folder. What arrives is read back and checked before it gets its
//! name, whoever made it.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use anyhow::Context as _;
use depeche_disk::durable;
use depeche_journal::JournalError;
use depeche_model::Clock;
use depeche_store::{Manifest, Reader, Segments, Store, check_backup, note_backup, write_backup};

use crate::backup::{DurableEnd, contents, segments};
use crate::config::Config;
use crate::daemon;
use crate::exit::Exit;

pub(super) fn backup(
    config: &Config,
    clock: &dyn Clock,
    file: &Path,
    with_journal: bool,
    quiet: bool,
) -> anyhow::Result<Exit> {
    let cannot = || format!("cannot write {}", file.display());
    anyhow::ensure!(
        durable::replaceable(file),
        "{} is not a file: a backup is read back after it is written; name a file",
        file.display()
    );
    let mut manifest = None;
    let store = match super::store(config) {
        Err(error) if !daemon::is_locked(&error) => return Err(error),
        opened => opened,
    };
    durable::write_whole(file, |out| {
        match store {
            Ok(store) => {
                if with_journal {
                    check_journal(config, &store)?;
                }
                let journal = with_journal.then(|| journal(config)).transpose()?;
                write_backup(out, contents(config, clock, &store, journal)?, || {})?;
            }
            Err(locked) => {
                let path = format!("/api/v1/backup?journal={with_journal}");
                daemon::ask(&config.data_dir, &path, locked, out)?;
            }
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
    // What was restored is in a backup: in this one.
    let path = file.canonicalize().with_context(cannot)?;
    note_backup(&config.data_dir, &manifest, &path).context("cannot note the backup in the data folder")?;
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

/// A backup is for what is sound: one that lacks captures must not take the place of one that has them.
fn check_journal(config: &Config, store: &Store) -> anyhow::Result<()> {
    let path = config.journal_dir();
    let verified = depeche_journal::verify(&path)?;
    let settled = Reader::from(store.clone()).highest_settled()?;
    let why = if verified.is_sound() && verified.last_ordinal.unwrap_or(0) >= settled {
        return Ok(());
    } else if verified.is_sound() {
        format!("it ends before capture {settled}, which the store has")
    } else {
        "records in it are unreadable".to_owned()
    };
    let why = format!("{why}: `depeche verify` names them; --no-journal backs up the store alone");
    Err(JournalError::Damaged { path, why }.into())
}

/// The journal while nobody writes it.
fn journal(config: &Config) -> anyhow::Result<Segments> {
    let dir = config.journal_dir();
    let end = DurableEnd::find(&dir)?;
    segments(&dir, end)
}
