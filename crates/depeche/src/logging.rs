//! The log: on standard error, for people on a terminal, as JSON lines otherwise.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Color, Command, LogFormat};

/// Starts the log. Standard is warnings, for the daemon what it begins and ends too; `-q` leaves errors, each `-v`
/// adds a level.
pub(crate) fn start(cli: &Cli) {
    let global = &cli.global;
    let standard = u8::from(matches!(cli.command, Command::Run { once: false }));
    let level = match (global.quiet, standard + global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, 2) => "debug",
        (false, _) => "trace",
    };
    // Libraries below speak up only when all is asked for.
    let directives = match level {
        "trace" => "trace".to_owned(),
        level => format!(
            "warn,depeche={level},{}",
            STAGES.map(|stage| format!("{stage}={level}")).join(",")
        ),
    };
    let json = match global.log_format {
        LogFormat::Auto => !stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_writer(stderr)
        .with_ansi(use_color(global.color, stderr().is_terminal()));
    if json {
        builder.json().init();
    } else {
        builder.with_target(false).init();
    }
}

const STAGES: [&str; 6] = [
    "depeche_model",
    "depeche_journal",
    "depeche_fetcher",
    "depeche_normalizer",
    "depeche_deduplicator",
    "depeche_store",
];

/// Whether to colour; `NO_COLOR` (no-color.org) counts where nothing was said.
fn use_color(choice: Color, terminal: bool) -> bool {
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}
