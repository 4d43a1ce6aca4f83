//! depeche: reads the French-language press from its feeds and keeps one clean, deduplicated, durable record of
//! every article.
//!
//! `main` is a table of contents: read the command line, the configuration, set up the log, do the command, end
//! with its exit code.

mod cli;
mod exit;

mod config;
mod logging;

mod runtime;

mod feeds;
mod pipeline;

mod backup;
mod daemon;
mod http;
mod websub;

mod commands;
mod output;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    let _faults = depeche_disk::fault::switch_on();
    let cli = Cli::parse();
    logging::start(&cli);
    match commands::dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(error) => exit::report(&error).into(),
    }
}
