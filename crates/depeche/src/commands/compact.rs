//! `depeche compact`: the store without the room that superseded rows take.

use depeche_store::Compacted;

use crate::config::Config;
use crate::exit::Exit;

pub(super) fn compact(config: &Config) -> anyhow::Result<Exit> {
    let Compacted {
        before_bytes,
        after_bytes,
        rows,
    } = depeche_store::compact(&config.store_dir(), config.store_options())?;
    println!("{rows} rows, {before_bytes} bytes before, {after_bytes} bytes after");
    Ok(Exit::Done)
}
