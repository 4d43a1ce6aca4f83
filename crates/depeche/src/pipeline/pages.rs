//! Pages that are owed, on their way to the fetcher.
//!
//! They are read from the store, never sent by it: the stage that commits cannot wait for the stage that fetches, so the
//! circle cannot lock up.

use std::collections::HashSet;

use depeche_model::PageOrder;
use depeche_store::{Progress, Reader};
use tokio::sync::{mpsc, watch};

/// Hands owed pages to the fetcher as they come up, each once while it is owed. Ends when `orders` closes or the
/// store stage ends.
pub(crate) async fn order_pages(
    reader: Reader,
    mut progress: watch::Receiver<Progress>,
    orders: mpsc::Sender<PageOrder>,
) -> anyhow::Result<()> {
    let mut ordered = HashSet::new();
    let mut is_first = true;
    loop {
        let owed = {
            let reader = reader.clone();
            tokio::task::spawn_blocking(move || reader.owed_digests().collect::<Result<HashSet<_>, _>>())
                .await??
        };
        if std::mem::take(&mut is_first) && !owed.is_empty() {
            tracing::info!(
                pages = owed.len(),
                "an earlier run left pages owed; they are ordered again"
            );
        }
        ordered.retain(|digest| owed.contains(digest));
        for digest in owed {
            // Gone when its page was committed since; an order that is owed is sent once.
            if !ordered.contains(&digest)
                && let Some(order) = reader.order(digest)?
            {
                if orders.send(order).await.is_err() {
                    return Ok(());
                }
                ordered.insert(digest);
            }
        }
        tokio::select! {
            changed = progress.changed() => if changed.is_err() { return Ok(()) },
            () = orders.closed() => return Ok(()),
        }
    }
}
