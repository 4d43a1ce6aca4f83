//! `depeche rebuild`: the store made again from the journal, beside the old one, then put in its place in one step.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use depeche_disk::OnFull;
use depeche_journal::{JournalError, first_ordinal};
use depeche_model::Clock;
use depeche_store::{Reader, Store, StoreError};
use indicatif::ProgressBar;

use super::replay::{caught_up, progress_bar};
use super::shutdown;
use crate::config::Config;
use crate::exit::Exit;
use crate::pipeline::{Pipeline, aside, take_over_polling};
use crate::runtime::block_on;

/// How often the progress is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(super) fn rebuild(config: &Config, clock: &Arc<dyn Clock>, quiet: bool) -> anyhow::Result<Exit> {
    // First of all, since it is locked while somebody is at work.
    let before = captures_now(config)?;
    match first_ordinal(&config.journal_dir())? {
        None => bail!(
            "there is no journal in {} to make a store from",
            config.journal_dir().display()
        ),
        Some(1) => {}
        Some(first) => bail!(
            "the journal begins with capture {first}, its older segments were taken away: a rebuilt store would lack \
             what only the present one holds; restore a backup instead"
        ),
    }
    let store = config.store_dir();
    let fresh = depeche_store::rebuilding_path(&store);
    // A rebuild that broke off leaves an unfinished store there, or, after the exchange, the old one.
    let kept = aside(&store, "replaced", clock);
    if depeche_store::prepare(&fresh, &kept)? {
        println!(
            "a store that an earlier rebuild had left is kept in {}",
            kept.display()
        );
    }
    let begun = Instant::now();
    let rebuilt = block_on(async {
        let stop = shutdown::token()?;
        let pipeline = Pipeline::start(config, &fresh, clock, OnFull::End, &stop)?;
        let showing = tokio::spawn(show(
            pipeline.ledger.clone(),
            pipeline.owed,
            progress_bar(quiet, "captures"),
        ));
        caught_up(&pipeline, &stop).await;
        let stopped = stop.is_cancelled();
        let progress = pipeline.finish().await;
        showing.abort();
        let progress = progress?;
        Ok((!stopped).then_some(progress))
    })?;
    let Some(progress) = rebuilt else {
        depeche_store::discard(&fresh, &aside(&store, "replaced", clock))?;
        bail!("stopped before the end: the store is as it was");
    };
    let took = begun.elapsed();
    if progress.tally.captures < before {
        depeche_store::discard(&fresh, &aside(&store, "replaced", clock))?;
        return Err(JournalError::Damaged {
            path: config.journal_dir(),
            why: format!(
                "it gives back {} captures, and the store has {before}: the store stays as it is; see `depeche verify`",
                progress.tally.captures
            ),
        }
        .into());
    }
    let kept = aside(&store, "replaced", clock);
    let there_was_one = store.exists();
    take_over_polling(config, &store, &fresh);
    depeche_store::replace(&store, &fresh, &kept)?;
    println!(
        "{} captures, {} articles in {:.1} s: {:.0} captures/s",
        progress.settled,
        progress.tally.articles(),
        took.as_secs_f64(),
        progress.settled as f64 / took.as_secs_f64()
    );
    if there_was_one {
        println!("the store before is kept in {}", kept.display());
    }
    Ok(Exit::Done)
}

/// How many captures the present store has: no fewer may come of it. None that is readable has none.
fn captures_now(config: &Config) -> anyhow::Result<u64> {
    match Store::open_existing(&config.store_dir(), config.store_options()) {
        Ok(store) => Ok(Reader::from(store).tally().map_or(0, |tally| tally.captures)),
        Err(StoreError::Missing { .. } | StoreError::Damaged { .. } | StoreError::Row { .. }) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

async fn show(ledger: depeche_journal::Ledger, owed: u64, bar: ProgressBar) {
    bar.set_length(owed);
    loop {
        bar.set_position(ledger.settled());
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
