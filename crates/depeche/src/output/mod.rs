//! Printing: rows as a table, JSON, JSON lines or CSV; to standard output or a file that is whole or absent.

mod article;
mod feeds;
mod rows;
mod stats;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use depeche_disk::durable::write_whole;

pub(crate) use article::{ArticleLine, evidence, parsed_line, rounded, similarity};
pub(crate) use feeds::{NotListed, explain_feed, feed_log, list_feeds};
pub(crate) use rows::{
    Row, counted, flat, print_json, print_rows, print_rows_within, row, short, table_width, time,
};
pub(crate) use stats::{print_stats, stats};

/// Writes through a buffer to standard output, or to a file that appears only when it is complete.
pub(crate) fn write_to(
    file: Option<&PathBuf>,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if let Some(path) = file {
        return write_whole(path, |out| write(out))
            .with_context(|| format!("cannot write {}", path.display()));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out)?;
    Ok(out.flush()?)
}
