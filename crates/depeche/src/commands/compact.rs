//! `depeche compact`: the store without the room that superseded rows take.

use depeche_store::{Compacted, look_for_unfinished_restore};

use crate::config::Config;
use crate::exit::Exit;

pub(super) fn compact(config: &Config) -> anyhow::Result<Exit> {
    look_for_unfinished_restore(&config.data_dir)?;
    let Compacted {
        before_bytes,
        after_bytes,
        rows,
    } = depeche_store::compact(&config.store_dir(), config.store_options())?;
    println!("{rows} rows, {before_bytes} bytes before, {after_bytes} bytes after");
    Ok(Exit::Done)
}
