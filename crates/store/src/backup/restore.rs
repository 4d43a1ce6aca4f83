//! Reading a backup: to see whether it is whole, or to make a data folder of it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use depeche_disk::durable;

use super::container::Unpacker;
use super::rows::Loader;
use super::unfinished::{self, Made, PARTS, RESTORING, STORE};
use super::{BackupError, FEEDS, FORMAT, HEAD, Head, JOURNAL, MANIFEST, Manifest, ROWS};
use crate::StoreError;
use crate::compact::wait_until_closed;
use crate::database::StoreOptions;
use crate::folder;
use crate::rows::SCHEMA;

/// Members that are read into memory: the largest chunk of rows is 8 MiB, a manifest of 100,000 members 15 MB.
const MEMBER_BYTES: u64 = 64 << 20;
/// Rows of one chunk, decompressed. Above what is written, so that a larger chunk is no reason to refuse a backup.
const CHUNK_BYTES: usize = 64 << 20;

/// Where the members of a backup go.
trait Target {
    /// Rows of the store.
    fn rows(&mut self, rows: &[u8], member: &str) -> Result<(), BackupError>;
    /// A file.
    fn file(&mut self, name: &str) -> Result<Box<dyn Sink>, BackupError>;
}

/// A file that is written.
trait Sink: Write {
    /// Makes it durable.
    fn close(self: Box<Self>) -> io::Result<()>;
}

impl Sink for io::Sink {
    fn close(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for File {
    fn close(self: Box<Self>) -> io::Result<()> {
        self.sync_all()
    }
}

/// Reads a backup and checks every digest.
///
/// # Errors
///
/// [`BackupError::Damaged`] names the member that is damaged or missing.
pub fn check_backup(input: &mut dyn Read) -> Result<Manifest, BackupError> {
    struct Nowhere;
    impl Target for Nowhere {
        fn rows(&mut self, _rows: &[u8], _member: &str) -> Result<(), BackupError> {
            Ok(())
        }

        fn file(&mut self, _name: &str) -> Result<Box<dyn Sink>, BackupError> {
            Ok(Box::new(io::sink()))
        }
    }
    unpack(input, &mut Nowhere)
}

/// Makes a data folder of a backup: whole, or not at all. The folder is empty or missing, or holds what an earlier restore
/// that was killed has left: that is removed first.
///
/// # Errors
///
/// [`BackupError::NotEmpty`] when there is something in the folder; [`BackupError::Damaged`] when the backup is not what
/// was written. Nothing is left behind then.
pub fn restore(
    input: &mut dyn Read,
    data_dir: &Path,
    options: StoreOptions,
) -> Result<Manifest, BackupError> {
    let mut made = Made::default();
    let restored = restore_into(input, data_dir, options, &mut made);
    if restored.is_err() {
        let store = data_dir.join(RESTORING).join(STORE);
        // What sled's threads still write would stand in the way of removing it.
        if let Err(error) = wait_until_closed(&store) {
            tracing::warn!(%error, "the half-made store is still open");
        }
        made.undo();
    }
    restored
}

fn restore_into(
    input: &mut dyn Read,
    data_dir: &Path,
    options: StoreOptions,
    made: &mut Made,
) -> Result<Manifest, BackupError> {
    let cannot = |action: &str, path: &Path| BackupError::io(format!("{action} {}", path.display()));
    if !data_dir.exists() {
        std::fs::create_dir_all(data_dir).map_err(cannot("create", data_dir))?;
        made.0.push(data_dir.to_owned());
    }
    // No daemon begins a store here meanwhile.
    let store = data_dir.join(STORE);
    let lock = store.with_extension("lock");
    if !lock.exists() {
        made.0.push(lock);
    }
    let _lock = folder::lock(&store)?;
    unfinished::clear(data_dir)?;
    let aside = data_dir.join(RESTORING);
    std::fs::create_dir(&aside).map_err(cannot("create", &aside))?;
    made.0.push(aside.clone());

    let mut folder = Folder {
        loader: Loader::new(&aside.join(STORE), options)?,
        dir: aside.clone(),
    };
    let manifest = unpack(input, &mut folder)?;
    let loaded = folder.loader.finish()?;
    if loaded != manifest.rows {
        return Err(BackupError::damaged(
            MANIFEST,
            format!("it counts {} rows, and there are {loaded}", manifest.rows),
        ));
    }
    let journal = aside.join("journal");
    if journal.exists() {
        durable::sync_dir(&journal).map_err(cannot("sync", &journal))?;
    }
    move_out(&aside, data_dir, made)?;
    std::fs::remove_dir_all(&aside).map_err(cannot("remove", &aside))?;
    durable::sync_dir(data_dir).map_err(cannot("sync", data_dir))?;
    durable::sync_name(data_dir).map_err(cannot("sync the folder of", data_dir))?;
    Ok(manifest)
}

/// Gives the parts their names, the store last.
fn move_out(aside: &Path, data_dir: &Path, made: &mut Made) -> Result<(), BackupError> {
    let parts: Vec<&str> = PARTS
        .into_iter()
        .filter(|part| aside.join(part).exists())
        .collect();
    if let Some(part) = parts.iter().find(|part| data_dir.join(part).exists()) {
        return Err(not_empty(data_dir, part));
    }
    unfinished::note_moves(aside, &parts)?;
    for part in parts {
        let place = data_dir.join(part);
        made.0.push(place.clone());
        durable::rename(&aside.join(part), &place)
            .map_err(BackupError::io(format!("name {}", place.display())))?;
    }
    Ok(())
}

pub(super) fn not_empty(dir: &Path, found: &str) -> BackupError {
    BackupError::NotEmpty {
        dir: dir.to_owned(),
        found: found.to_owned(),
    }
}

/// A data folder in the making.
struct Folder {
    loader: Loader,
    dir: PathBuf,
}

impl Target for Folder {
    fn rows(&mut self, rows: &[u8], member: &str) -> Result<(), BackupError> {
        self.loader.load(rows, member)
    }

    fn file(&mut self, name: &str) -> Result<Box<dyn Sink>, BackupError> {
        let path = self.dir.join(name);
        let parent = path.parent().unwrap_or(&self.dir);
        let file = std::fs::create_dir_all(parent).and_then(|()| File::create_new(&path));
        Ok(Box::new(file.map_err(BackupError::io(format!(
            "create {}",
            path.display()
        )))?))
    }
}

/// Reads every member, in order, and checks every digest.
fn unpack(input: &mut dyn Read, target: &mut dyn Target) -> Result<Manifest, BackupError> {
    let mut unpacker = Unpacker::new(input);
    let head: Head = {
        let (name, bytes) = unpacker.next()?;
        if name != HEAD {
            return Err(BackupError::damaged(&name, "this is no backup of depeche"));
        }
        described(&in_memory(&mut unpacker, &name, bytes)?, &name)?
    };
    if head.format > FORMAT {
        return Err(BackupError::Newer {
            found: head.format,
            known: FORMAT,
            program: head.program,
        });
    }
    loop {
        let (name, bytes) = unpacker.next()?;
        if name == MANIFEST {
            let read = unpacker.members().to_vec();
            let manifest: Manifest = described(&in_memory(&mut unpacker, &name, bytes)?, &name)?;
            compare(&manifest, &read)?;
            unpacker.finish(manifest.at)?;
            return Ok(manifest);
        }
        if name.starts_with(ROWS) {
            let packed = in_memory(&mut unpacker, &name, bytes)?;
            let rows = zstd::bulk::decompress(&packed, CHUNK_BYTES)
                .map_err(|error| BackupError::damaged(&name, error.to_string()))?;
            target.rows(&rows, &name)?;
        } else if name == FEEDS || name.strip_prefix(JOURNAL).is_some_and(is_plain) {
            let mut file = target.file(&name)?;
            unpacker.content(bytes, &mut file)?;
            file.close().map_err(BackupError::io(format!("sync {name}")))?;
        } else {
            return Err(BackupError::damaged(&name, "no backup has such a member"));
        }
    }
}

/// Whether a file of this name stands where it is put.
fn is_plain(name: &str) -> bool {
    !name.starts_with('.')
        && !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

fn in_memory(unpacker: &mut Unpacker<'_>, name: &str, bytes: u64) -> Result<Vec<u8>, BackupError> {
    if bytes > MEMBER_BYTES {
        return Err(BackupError::damaged(
            name,
            format!("no such member has {bytes} bytes"),
        ));
    }
    let mut content = Vec::new();
    unpacker.content(bytes, &mut content)?;
    Ok(content)
}

fn described<T: serde::de::DeserializeOwned>(json: &[u8], name: &str) -> Result<T, BackupError> {
    serde_json::from_slice(json).map_err(|error| BackupError::damaged(name, error.to_string()))
}

/// Whether the members that were read are those that the manifest names.
fn compare(manifest: &Manifest, read: &[super::Member]) -> Result<(), BackupError> {
    for (n, expected) in manifest.members.iter().enumerate() {
        match read.get(n) {
            Some(found) if found == expected => {}
            Some(found) if found.name == expected.name => {
                return Err(BackupError::damaged(
                    &found.name,
                    "its digest is not that of the manifest",
                ));
            }
            _ => return Err(BackupError::damaged(&expected.name, "it is not in its place")),
        }
    }
    if let Some(more) = read.get(manifest.members.len()) {
        return Err(BackupError::damaged(&more.name, "the manifest does not name it"));
    }
    if manifest.schema > SCHEMA {
        return Err(StoreError::Newer {
            dir: PathBuf::from(MANIFEST),
            found: manifest.schema,
            known: SCHEMA,
        }
        .into());
    }
    Ok(())
}
