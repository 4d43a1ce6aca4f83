//! What goes into a backup: the store's rows, the journal up to its durable end, and the feeds added from the command line.
//! The same for the command and for the daemon.

use std::cmp::Ordering;
use std::path::Path;

use anyhow::Context as _;
use depeche_journal::{JournalError, list_segments};
use depeche_model::{Clock, Position};
use depeche_store::{Attachment, Contents, Segments, Store};

use crate::config::Config;

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

impl From<Position> for DurableEnd {
    fn from(position: Position) -> Self {
        Self {
            segment: position.segment,
            bytes: position.offset + position.length,
            last_ordinal: position.ordinal,
        }
    }
}

impl DurableEnd {
    /// The end of the last whole capture: what a crash left behind it is no part of the journal.
    pub(crate) fn find(journal_dir: &Path) -> anyhow::Result<Self> {
        for segment in list_segments(journal_dir)?.iter().rev() {
            let mut end = None;
            for item in segment.captures()? {
                match item {
                    Ok(journaled) => end = Some(journaled.position),
                    // Damage inside is `verify`'s to tell; a backup keeps what there is.
                    Err(JournalError::Damaged { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if let Some(end) = end {
                return Ok(end.into());
            }
        }
        Ok(Self {
            segment: 0,
            bytes: 0,
            last_ordinal: 0,
        })
    }
}

/// The journal's segments, open, up to its durable end.
pub(crate) fn segments(journal_dir: &Path, end: DurableEnd) -> anyhow::Result<Segments> {
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

fn open_segments(journal_dir: &Path, end: DurableEnd) -> anyhow::Result<Segments> {
    let listed = list_segments(journal_dir)?;
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
