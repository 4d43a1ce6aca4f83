//! Room: whether a disk has enough left to write to it.
//!
//! A full disk is the one fault that passes by itself, when somebody makes room. sled's errors stick, so it must not
//! meet one: room is looked for before each write, and missing room is waited for or said, as the caller chose.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// How often a full disk is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Why nothing is to be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "only {free_bytes} bytes are free under {}, fewer than the {needed_bytes} of `store.min_free`; make room or \
     lower it",
    dir.display()
)]
pub struct NoRoom {
    /// The folder.
    pub dir: PathBuf,
    /// Bytes free.
    pub free_bytes: u64,
    /// Bytes that must be free.
    pub needed_bytes: u64,
}

/// What a writer does when there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// Wait until there is: for a daemon.
    Wait,
    /// End with an error: for a command that somebody waits for.
    End,
}

/// A folder whose disk must keep some bytes free. Clones tell of the same room.
#[derive(Debug, Clone)]
pub struct Room {
    dir: PathBuf,
    needed_bytes: u64,
    on_full: OnFull,
    short: Arc<watch::Sender<Option<NoRoom>>>,
}

impl Room {
    /// The room under `dir`, of which `needed_bytes` must stay free.
    #[must_use]
    pub fn new(dir: &Path, needed_bytes: u64, on_full: OnFull) -> Self {
        Self {
            dir: dir.to_owned(),
            needed_bytes,
            on_full,
            short: Arc::new(watch::Sender::new(None)),
        }
    }

    /// Looks whether there is room.
    ///
    /// # Errors
    ///
    /// What the system says when it cannot tell.
    pub fn look(&self) -> io::Result<Result<(), NoRoom>> {
        let stat = rustix::fs::statvfs(&self.dir)?;
        let free_bytes = stat.f_bavail.saturating_mul(stat.f_frsize);
        Ok(if free_bytes < self.needed_bytes {
            Err(NoRoom {
                dir: self.dir.clone(),
                free_bytes,
                needed_bytes: self.needed_bytes,
            })
        } else {
            Ok(())
        })
    }

    /// Returns when there is room. Whoever watches sees that it is waited for.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where it is not to be waited for, and when `stop` comes while it is.
    pub async fn wait(&self, stop: impl Future<Output = ()>) -> Result<(), NoRoom> {
        let mut stop = std::pin::pin!(stop);
        loop {
            let looked = self.look().unwrap_or_else(|error| {
                // Whoever writes next meets the same error and says so.
                tracing::warn!(dir = %self.dir.display(), %error, "cannot tell how much room is left");
                Ok(())
            });
            let none = match looked {
                Ok(()) => {
                    if self.short.send_replace(None).is_some() {
                        tracing::info!(dir = %self.dir.display(), "there is room again: going on");
                    }
                    return Ok(());
                }
                Err(none) if self.on_full == OnFull::End => return Err(none),
                Err(none) => none,
            };
            if self.short.borrow().is_none() {
                tracing::error!("{none}: nothing is fetched or stored until then; nothing is lost");
            }
            self.short.send_replace(Some(none.clone()));
            tokio::select! {
                () = self.pause() => {}
                () = &mut stop => return Err(none),
            }
        }
    }

    /// Waits as long as a full disk is not looked at again: for a disk that was full although it did not look so.
    pub async fn pause(&self) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }

    /// What a writer does when there is no room.
    #[must_use]
    pub fn on_full(&self) -> OnFull {
        self.on_full
    }

    /// What is missing, while a writer waits for room.
    #[must_use]
    pub fn missing(&self) -> watch::Receiver<Option<NoRoom>> {
        self.short.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn missing_room_is_said_with_both_figures() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room::new(dir.path(), u64::MAX, OnFull::End);
        let none = room.wait(pending()).await.unwrap_err();
        assert_eq!(none.needed_bytes, u64::MAX);
        assert!(none.to_string().contains("store.min_free"), "{none}");
        Room::new(dir.path(), 0, OnFull::End)
            .wait(pending())
            .await
            .unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_daemon_waits_and_says_that_it_does() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room::new(dir.path(), u64::MAX, OnFull::Wait);
        let mut missing = room.missing();
        let waiting = tokio::spawn({
            let room = room.clone();
            async move { room.wait(pending()).await }
        });
        missing.wait_for(Option::is_some).await.unwrap();
        assert!(!waiting.is_finished());
        waiting.abort();
        assert!(room.wait(ready(())).await.is_err(), "told to stop");
    }
}
