//! Names and bytes that survive a power cut.
//!
//! `fsync` of a file makes its bytes durable and says nothing of its name: a new, renamed or removed name is durable
//! when its folder is synced (`fsync(2)`, notes).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Makes the names in a folder durable. The empty path is the current folder.
///
/// # Errors
///
/// What the system says.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    let dir = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    File::open(dir)?.sync_all()
}

/// Makes the name of a file or folder durable: syncs the folder it stands in.
///
/// # Errors
///
/// What the system says.
pub fn sync_name(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync_dir)
}

/// Renames durably.
///
/// # Errors
///
/// What the system says; after an error of the sync, either name may be the one that a power cut leaves.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    sync_name(to)?;
    if from.parent() != to.parent() {
        sync_name(from)?;
    }
    Ok(())
}

/// Where a file is written before it gets its name: beside its place, so that the rename stays on one disk.
#[must_use]
pub fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Whether a file can be put in this place: nothing is there, or a file.
#[must_use]
pub fn replaceable(path: &Path) -> bool {
    path.metadata().map_or(true, |there| there.is_file())
}

/// Writes a file whole or not at all: aside, synced, then renamed into its place. What stood there before stays until
/// then. What is there and is no file, such as a pipe or `/dev/null`, is written to as it stands: renaming onto it
/// would take the device away from everybody.
///
/// # Errors
///
/// Those of `write`, and what the system says; the half-written file is removed.
pub fn write_whole<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    if !replaceable(path) {
        let mut out = BufWriter::new(File::options().write(true).open(path)?);
        write(&mut out)?;
        return Ok(out.flush()?);
    }
    let part = aside(path);
    let mut out = BufWriter::new(File::create(&part)?);
    let written = write(&mut out).and_then(|()| {
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(rename(&part, path)?)
    });
    if written.is_err()
        && let Err(error) = std::fs::remove_file(&part)
    {
        tracing::warn!(file = %part.display(), %error, "a half-written file could not be removed");
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("liste.txt");
        write_whole(&path, |out| out.write_all(b"premier")).unwrap();
        let failed = write_whole(&path, |out| {
            out.write_all(b"sec")?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(std::fs::read(&path).unwrap(), b"premier");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_pipe_is_written_to_and_stays_a_pipe() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("tube");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        write_whole(&pipe, |out| out.write_all(b"en passant")).unwrap();
        assert_eq!(reader.join().unwrap(), b"en passant");
        assert!(!pipe.metadata().unwrap().is_file());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
