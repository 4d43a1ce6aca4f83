//! Exit codes: stable, scripts depend on them; codes are only ever added.

use std::io;
use std::process::ExitCode;

use depeche_fetcher::FetchError;
use depeche_journal::JournalError;
use depeche_store::{BackupError, StoreError};

use crate::config::ConfigError;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// Partly done; what failed is on standard error.
    Partly = 3,
    /// The comparison asked for found a difference.
    Differs = 4,
    /// There is no store to read.
    NoStore = 10,
    /// Another process has the store.
    Locked = 11,
    /// The store or the journal is damaged.
    Damaged = 12,
    /// No server could be reached.
    Unreachable = 69,
    /// The configuration is wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Tells an error on standard error, with its causes, and gives its exit code.
pub(crate) fn report(error: &anyhow::Error) -> Exit {
    if is_closed_pipe(error) {
        // Whoever read had enough.
        return Exit::Done;
    }
    eprintln!("error: {error:#}");
    let option_refused = matches!(error.downcast_ref(), Some(FetchError::Option { .. }));
    if option_refused || error.downcast_ref::<ConfigError>().is_some() {
        return Exit::Config;
    }
    if let Some(JournalError::Damaged { .. }) = error.downcast_ref() {
        return Exit::Damaged;
    }
    if let Some(BackupError::Damaged { .. }) = error.downcast_ref() {
        return Exit::Damaged;
    }
    let store = match error.downcast_ref() {
        Some(BackupError::Store(error)) => Some(error),
        _ => error.downcast_ref::<StoreError>(),
    };
    match store {
        Some(StoreError::Missing { .. }) => Exit::NoStore,
        Some(StoreError::Locked { .. }) => Exit::Locked,
        Some(StoreError::Damaged { .. } | StoreError::Row { .. }) => Exit::Damaged,
        _ => Exit::Failed,
    }
}

/// Whether an error says that whoever read standard output is gone.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(names_closed_pipe)
}

/// Writers of JSON and CSV wrap the system's error in their own.
fn names_closed_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    let kind = if let Some(error) = cause.downcast_ref::<io::Error>() {
        Some(error.kind())
    } else if let Some(error) = cause.downcast_ref::<serde_json::Error>() {
        error.io_error_kind()
    } else if let Some(csv::ErrorKind::Io(error)) = cause.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(error.kind())
    } else {
        None
    };
    kind == Some(io::ErrorKind::BrokenPipe)
}
