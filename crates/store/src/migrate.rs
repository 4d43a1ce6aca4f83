//! What a folder turned out to hold: a new store, one of an older schema, a good one, or one that lost its data.

use std::path::Path;

use crate::canary::{self, Canary};
use crate::database::{commit_error, make_durable};
use crate::rows::{SCHEMA, decode, encode};
use crate::{StoreError, keys};

/// What was in the folder before sled opened it.
pub(crate) struct Found {
    /// What the mark beside sled's files said.
    pub(crate) mark: Option<Canary>,
    /// Whether sled's files held anything.
    pub(crate) held_data: bool,
}

/// Makes a new store, brings an older one to this program's schema, and tells a good one from one that lost data. Gives
/// back its canary, and the schema it had where that was older.
pub(crate) fn settle(dir: &Path, db: &sled::Db, found: &Found) -> Result<(Canary, Option<u32>), StoreError> {
    let damaged = |why: String| StoreError::Damaged {
        dir: dir.to_owned(),
        why,
    };
    let schema: Option<u32> = read(db, keys::SCHEMA_KEY)?;
    let canary: Option<Canary> = read(db, keys::CANARY_KEY)?;
    if let Some(found) = schema
        && found > SCHEMA
    {
        return Err(StoreError::Newer {
            dir: dir.to_owned(),
            found,
            known: SCHEMA,
        });
    }
    let acknowledged = found.mark.map_or(0, |mark| mark.commits);
    match (schema, canary) {
        (Some(SCHEMA), Some(canary)) => {
            canary::compare(canary, found.mark).map_err(damaged)?;
            Ok((canary, None))
        }
        (_, Some(_)) | (Some(SCHEMA), None) => {
            Err(damaged("part of its own description is missing".to_owned()))
        }
        _ if acknowledged > 0 => Err(damaged(format!(
            "it opens, but without the {acknowledged} commits that were acknowledged"
        ))),
        (None, None) if !db.is_empty() => Err(damaged("it does not say which schema it has".to_owned())),
        // A mark that counts no commits: a crash ended the making of this store.
        (None, None) if found.held_data && found.mark.is_none() => {
            Err(damaged("it opens, but empty, although there was data".to_owned()))
        }
        (None, None) => Ok((describe(dir, db, found.mark)?, None)),
        (Some(older), None) => {
            let canary = describe(dir, db, found.mark)?;
            tracing::info!(store = %dir.display(), from = older, to = SCHEMA, "the store was brought to a new schema");
            Ok((canary, Some(older)))
        }
    }
}

/// Writes what every store of this schema holds beside its data: one batch, so that a crash leaves the old store or the
/// new one. Rows of schema 1 stay as they are: each says its own version.
fn describe(dir: &Path, db: &sled::Db, mark: Option<Canary>) -> Result<Canary, StoreError> {
    let canary = mark.map_or_else(Canary::unmade, Ok)?.next();
    let mut batch = sled::Batch::default();
    batch.insert(keys::SCHEMA_KEY, encode(&SCHEMA)?);
    batch.insert(keys::CANARY_KEY, encode(&canary)?);
    db.apply_batch(batch).map_err(|error| commit_error(&error))?;
    make_durable(dir, db)?;
    Ok(canary)
}

fn read<T: serde::de::DeserializeOwned>(db: &sled::Db, key: &[u8]) -> Result<Option<T>, StoreError> {
    db.get(key)?.map(|bytes| decode(key, &bytes)).transpose()
}
