//! Opening journal and store, and putting right what a crash or damage left.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use depeche_deduplicator::{Deduplicator, KeptRows};
use depeche_journal::{Journal, Owed, first_ordinal};
use depeche_model::{
    Clock, Keeping, KnownArticle, PostedText, RefusedEntry, Rejection, Remembered, Seq, Sighting, StoryPart,
};
use depeche_store::{
    Change, ChangeRef, KeptReader, Reader, Store, StoreError, never_held_anything, set_aside,
};

use crate::config::Config;

/// The store and the deduplicator restored from it. A store whose data is damaged is set aside, never erased, and made
/// again from the journal.
pub(super) fn open_store(
    config: &Config,
    dir: &Path,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<(Store, Deduplicator)> {
    let is_there = dir.exists();
    let first = first_ordinal(&config.journal_dir())?;
    match open_and_restore(config, dir) {
        Err(error) if is_damage(&error) => {
            match first {
                Some(1) => {}
                // A crash while it was made: there is nothing to rebuild.
                None if never_held_anything(dir) => {}
                Some(first) => {
                    return Err(error.context(format!(
                        "the store cannot be rebuilt whole, since the journal begins with capture {first}: restore a \
                         backup, or move {} away to go on with what the journal has",
                        dir.display()
                    )));
                }
                None => {
                    return Err(error.context(format!(
                        "there is no journal to rebuild the store from: restore a backup, or move {} away to begin anew",
                        dir.display()
                    )));
                }
            }
            let aside = aside(dir, "broken", clock);
            tracing::error!(
                store = %dir.display(), why = %error, kept_in = %aside.display(),
                "the store is damaged: set aside, and rebuilt from the journal"
            );
            set_aside(dir, &aside)?;
            take_over_polling(config, &aside, dir);
            open_and_restore(config, dir)
        }
        Ok(opened) if !is_there => {
            match first {
                None => {}
                Some(1) => {
                    tracing::warn!(store = %dir.display(), "there is no store: it is made from the journal");
                }
                Some(first) => tracing::error!(
                    store = %dir.display(), captures = first - 1,
                    "there is no store, and the journal's oldest segments are gone: their articles come back only from a \
                     backup"
                ),
            }
            Ok(opened)
        }
        opened => opened,
    }
}

/// Takes over into a store that is made again what the one before knew of how feeds are polled. Without it feeds are asked
/// anew, at once, which is no reason to be without a store.
pub(crate) fn take_over_polling(config: &Config, from: &Path, into: &Path) {
    if !from.exists() {
        tracing::warn!(store = %from.display(), "there is no store to take the feeds' waits from: all feeds are asked anew");
        return;
    }
    match depeche_store::take_over_polling(from, into, config.store_options()) {
        Ok(taken) => {
            tracing::info!(feeds = taken.feeds, "how feeds are polled was taken over");
            if taken.unreadable > 0 {
                tracing::warn!(
                    rows = taken.unreadable,
                    "of how feeds are polled not all could be read: some feeds are asked anew"
                );
            }
        }
        Err(why) => tracing::warn!(
            store = %from.display(), %why,
            "how feeds are polled could not be taken over from the store before: feeds are asked anew, also those whose \
             servers asked for a wait"
        ),
    }
}

fn open_and_restore(config: &Config, dir: &Path) -> anyhow::Result<(Store, Deduplicator)> {
    let store = Store::open(dir, config.store_options())?;
    // sled reads a page when it is first asked for; damage is to be found while the journal can make up for it.
    let (readable, restored) = std::thread::scope(|scope| {
        let checking = scope.spawn(|| store.check_readable());
        let restored = match store.lacks_kept_rows() {
            Ok(true) => None,
            Ok(false) => Some(restore(config, &Reader::from(store.clone()))),
            Err(error) => Some(Err(error.into())),
        };
        let readable = checking
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (readable, restored)
    });
    readable?;
    let deduplicator = match restored {
        Some(restored) => restored?,
        None => keep_anew(config, &store)?,
    };
    Ok((store, deduplicator))
}

fn is_damage(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(StoreError::Damaged { .. } | StoreError::Row { .. })
    )
}

/// The journal, numbered on from where the store stands.
pub(super) fn open_journal(
    config: &Config,
    clock: &Arc<dyn Clock>,
    reader: &Reader,
) -> anyhow::Result<Journal> {
    let dir = config.journal_dir();
    let highest_settled = reader.highest_settled()?;
    let (mut journal, recovery) =
        Journal::open(&dir, config.journal_options(), highest_settled, Arc::clone(clock))?;
    if let Some(recovery) = recovery {
        tracing::warn!(
            segment = %recovery.segment.display(), bytes = recovery.torn_bytes, why = recovery.why,
            kept_in = %recovery.set_aside.display(), "the journal's torn end was set aside"
        );
    }
    if journal.last_ordinal() < highest_settled {
        tracing::warn!(
            journal = journal.last_ordinal(),
            store = highest_settled,
            "the journal ends before the store's checkpoint: it lost its end, or was left out of the backup that was \
             restored; the store has what it can no longer give back"
        );
        journal.continue_after(highest_settled);
    }
    Ok(journal)
}

/// What the journal owes the store.
pub(super) fn count_owed(journal: &Journal, reader: &Reader) -> anyhow::Result<Owed> {
    let is_committed = |id: &_| {
        reader.is_committed(id).unwrap_or_else(|error| {
            tracing::error!(%error, "the store cannot be asked; the capture is delivered again");
            false
        })
    };
    let owed = Owed::count(journal, reader.settled_up_to()?, is_committed)?;
    if !owed.ordinals.is_empty() {
        tracing::info!(
            captures = owed.ordinals.len(),
            "the journal owes the store captures; they are delivered first"
        );
    }
    Ok(owed)
}

/// A name beside the store that says what became of it, and when.
pub(crate) fn aside(dir: &Path, what: &str, clock: &Arc<dyn Clock>) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(format!(".{what}-{}", clock.now().strftime("%Y%m%dT%H%M%S%.3fZ")));
    PathBuf::from(name)
}

/// The rows that were kept, as the deduplicator asks for them.
struct Kept(KeptReader);

impl KeptRows for Kept {
    type Error = StoreError;

    fn known(&self) -> impl Iterator<Item = Result<KnownArticle, StoreError>> {
        self.0.known()
    }

    fn refused(&self) -> impl Iterator<Item = Result<RefusedEntry, StoreError>> {
        self.0.refused()
    }

    fn posted(&self) -> impl Iterator<Item = Result<PostedText, StoreError>> {
        self.0.posted()
    }

    fn parts(&self) -> impl Iterator<Item = Result<StoryPart, StoreError>> {
        self.0.parts()
    }
}

/// The deduplicator as it was when the last group was committed.
pub(super) fn restore(config: &Config, reader: &Reader) -> anyhow::Result<Deduplicator> {
    let Some(kept) = reader.kept()? else {
        return remember_all(config, reader, |_| Ok(()));
    };
    let options = config.dedup_options(config.aliases()?);
    let (next, stream) = (kept.next(), kept.stream());
    Ok(Deduplicator::restore(options, next, stream, &Kept(kept))?)
}

/// Brings a store of an older schema to this one: all its records are remembered once more, and what a start needs of them is
/// kept from then on. Gives back the deduplicator that remembers them.
fn keep_anew(config: &Config, store: &Store) -> anyhow::Result<Deduplicator> {
    tracing::info!(
        store = %store.dir().display(),
        "the store is of an older schema: all its records are read once, and later starts read only what still matters"
    );
    let mut keeper = store.keeper()?;
    let deduplicator = remember_all(config, &Reader::from(store.clone()), |keeping| {
        keeper.keep(keeping)
    })?;
    keeper.finish()?;
    Ok(deduplicator)
}

/// Rows that are handed on at once, so that handing on costs nothing beside reading; some 2 kB each.
const ROWS: usize = 256;

/// A row of the change log, as the deduplicator takes it in.
enum Row {
    Article(Box<Remembered>),
    Sighting(Sighting),
    Rejection(Seq, Rejection),
}

/// A deduplicator that remembers every record of a store of an older schema; `keep` is given what is to be kept of each. Rows
/// are read and unpacked on a thread of their own while others are remembered: each takes about as long.
fn remember_all(
    config: &Config,
    reader: &Reader,
    mut keep: impl FnMut(&Keeping) -> Result<(), StoreError>,
) -> anyhow::Result<Deduplicator> {
    let mut deduplicator = Deduplicator::new(config.dedup_options(config.aliases()?));
    std::thread::scope(|scope| {
        let (send, receive) = std::sync::mpsc::sync_channel(4);
        scope.spawn(move || {
            let mut rows = reader
                .changes(Seq(0))
                .map(|change| read(reader, change?))
                .peekable();
            while rows.peek().is_some() {
                let batch: Result<Vec<Row>, StoreError> = rows.by_ref().take(ROWS).collect();
                let failed = batch.is_err();
                if send.send(batch).is_err() || failed {
                    break;
                }
            }
        });
        for batch in receive {
            for row in batch? {
                keep(&match row {
                    Row::Article(record) => deduplicator.remember(&record),
                    Row::Sighting(sighting) => deduplicator.remember_sighting(&sighting),
                    Row::Rejection(seq, rejection) => deduplicator.remember_rejection(seq, &rejection),
                })?;
            }
        }
        Ok(deduplicator)
    })
}

/// The row that a line of the change log names.
fn read(reader: &Reader, change: ChangeRef) -> Result<Row, StoreError> {
    let missing = || StoreError::Row {
        why: format!("change {} of the store has no row", change.seq),
    };
    Ok(match change.change {
        Change::Article => Row::Article(Box::new(reader.memory(change.seq)?.ok_or_else(missing)?)),
        Change::Sighting => Row::Sighting(reader.sighting(change.seq)?.ok_or_else(missing)?),
        Change::Rejection => {
            let dead = reader.dead_letter(change.seq)?.ok_or_else(missing)?;
            Row::Rejection(change.seq, dead.rejection)
        }
    })
}
