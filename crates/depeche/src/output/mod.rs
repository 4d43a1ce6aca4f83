//! Printing: rows as a table, JSON, JSON lines or CSV; to standard output or a file that is whole or absent.

mod article;
mod rows;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

pub(crate) use article::{ArticleLine, parsed_line};
pub(crate) use rows::{Row, flat, print_rows, row, short, time};

/// Writes through a buffer to standard output, or to a file that appears only when it is complete.
pub(crate) fn write_to(
    file: Option<&PathBuf>,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if let Some(path) = file {
        return write_whole(path, write);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out)?;
    Ok(out.flush()?)
}

/// Writes a file aside, syncs it and renames it into its place.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let aside = PathBuf::from(aside);
    let cannot = || format!("cannot write {}", path.display());
    let mut out = BufWriter::new(File::create(&aside).with_context(cannot)?);
    let written = write(&mut out).and_then(|()| {
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(std::fs::rename(&aside, path)?)
    });
    if written.is_err()
        && let Err(error) = std::fs::remove_file(&aside)
    {
        tracing::warn!(file = %aside.display(), %error, "a half-written file could not be removed");
    }
    written.with_context(cannot)
}
