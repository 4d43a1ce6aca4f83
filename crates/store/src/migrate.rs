//! What a folder turned out to hold: a new store, one of an older schema, a good one, or one that lost its data.

use std::path::Path;

use crate::canary::{self, Canary};
use crate::database::{commit_error, make_durable};
use crate::rows::{SCHEMA, SCHEMA_OF_WHOLE_MEMORIES, decode, encode, encode_for_all};
use crate::{StoreError, dictionary, keys};

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
        // What the deduplicator needs of the rows of schema 2 is the deduplicator's to say: see `kept`.
        (Some(SCHEMA | SCHEMA_OF_WHOLE_MEMORIES), Some(canary)) => {
            canary::compare(canary, found.mark).map_err(damaged)?;
            check_dictionaries(db).map_err(damaged)?;
            Ok((canary, None))
        }
        (_, Some(_)) | (Some(SCHEMA | SCHEMA_OF_WHOLE_MEMORIES), None) => {
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
        (None, None) => Ok((describe(dir, db, found.mark, SCHEMA)?, None)),
        (Some(older), None) => {
            let to = SCHEMA_OF_WHOLE_MEMORIES;
            let canary = describe(dir, db, found.mark, to)?;
            tracing::info!(store = %dir.display(), from = older, to, "the store was brought to a new schema");
            Ok((canary, Some(older)))
        }
    }
}

/// Writes what every store from schema 2 on holds beside its data: one batch, so that a crash leaves the old store or the
/// new one. Rows of schema 1 stay as they are: each says its own version.
fn describe(dir: &Path, db: &sled::Db, mark: Option<Canary>, schema: u32) -> Result<Canary, StoreError> {
    let canary = mark.map_or_else(Canary::unmade, Ok)?.next();
    let mut batch = sled::Batch::default();
    batch.insert(keys::SCHEMA_KEY, encode_for_all(&schema)?);
    for (id, bytes) in dictionary::ALL {
        batch.insert(keys::dictionary(id), encode_for_all(&bytes)?);
    }
    batch.insert(keys::CANARY_KEY, encode(&canary)?);
    db.apply_batch(batch).map_err(|error| commit_error(dir, &error))?;
    make_durable(dir, db)?;
    Ok(canary)
}

/// A row opens with the dictionary it was written with, and with no other of that id.
fn check_dictionaries(db: &sled::Db) -> Result<(), String> {
    for (id, bytes) in dictionary::ALL {
        match read::<Vec<u8>>(db, &keys::dictionary(id)) {
            Ok(Some(kept)) if kept == bytes => {}
            Ok(_) => return Err(format!("its dictionary {id} is missing, or another one")),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(db: &sled::Db, key: &[u8]) -> Result<Option<T>, StoreError> {
    db.get(key)?.map(|bytes| decode(key, &bytes)).transpose()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Store, StoreOptions, rows};

    type Raw = BTreeMap<Vec<u8>, Vec<u8>>;

    fn raw(db: &sled::Db) -> Raw {
        db.iter()
            .map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap())
            .collect()
    }

    /// The store that the first version made.
    fn unpack(dir: &Path) {
        let fixture = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/store-1"));
        std::fs::create_dir_all(dir).unwrap();
        for name in ["conf", "snap.0000000000043F6C"] {
            std::fs::copy(fixture.join(name), dir.join(name)).unwrap();
        }
        let packed = std::fs::read(fixture.join("db.zst")).unwrap();
        std::fs::write(dir.join("db"), zstd::bulk::decompress(&packed, 16 << 20).unwrap()).unwrap();
    }

    #[test]
    fn migrating_adds_what_is_new_and_touches_no_other_row() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("store");
        unpack(&dir);
        let before = raw(&crate::database::open_sled(&dir, 1 << 20).unwrap());
        let options = StoreOptions {
            cache_bytes: 1 << 20,
            min_free_bytes: 0,
        };
        let mut after = raw(&Store::open(&dir, options).unwrap().db);
        assert_eq!(
            after.remove(keys::SCHEMA_KEY),
            Some(vec![1, 0, 2]),
            "readable for the first version"
        );
        assert!(after.remove(keys::CANARY_KEY).is_some());
        assert!(after.remove(&keys::dictionary(1)).is_some());
        let mut expected = before;
        assert_eq!(expected.remove(keys::SCHEMA_KEY), Some(vec![1, 0, 1]));
        assert!(expected.len() > 200, "{}", expected.len());
        assert!(after == expected);
        for (key, value) in &after {
            rows::check(key, value).unwrap();
        }
    }
}
