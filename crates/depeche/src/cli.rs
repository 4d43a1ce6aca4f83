//! The command line: every command and flag, once; help, completions and the manual page come from here.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

/// Reads the French-language press from its feeds and keeps one clean, deduplicated, durable record of every
/// article.
#[derive(Debug, Parser)]
#[command(name = "depeche", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 usage, 3 partly done, 4 comparison differs, 10 no store, 11 store locked, \
12 damaged, 69 unreachable, 78 bad configuration.";

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Configuration file [default: depeche.toml where there is one]
    #[arg(short, long, global = true, value_name = "FILE", env = "DEPECHE_CONFIG", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the journal and the store [default: data]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Say more; twice for more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// How the log on standard error is written
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Auto, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON otherwise
    Auto,
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    Always,
    Never,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line
    Jsonl,
    /// RFC 4180, with a header line
    Csv,
}

/// Where and how a command prints rows.
#[derive(Debug, Args)]
pub(crate) struct Rows {
    /// How rows are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) to: To,
}

#[derive(Debug, Args)]
pub(crate) struct To {
    /// Write to this file, whole or not at all, instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Poll the configured feeds, for ever or once
    Run {
        /// Poll every feed once, due or not, fetch the pages wanted, and end; feeds whose servers asked for a wait are left
        /// alone until it is over
        #[arg(long)]
        once: bool,
    },
    /// Take in folders and files as a test stream: .txt, .html, feeds, .jsonl, .warc, .warc.gz
    Replay {
        /// Folders and files, in this order; inside a folder by path
        #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
        /// As fast as possible, or N times as fast as the files' own times
        #[arg(long, default_value = "max", value_name = "max|N")]
        speed: Speed,
        /// Compare the verdicts with this file; exit 4 when they differ
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        expect: Option<PathBuf>,
    },
    /// Show what normalising makes of a file; touches no store
    Parse {
        /// The file, or - for standard input
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// The address it came from
        #[arg(long, value_parser = address)]
        url: Option<String>,
        /// Its media type, such as `text/html; charset=windows-1252`
        #[arg(long, value_name = "TYPE")]
        content_type: Option<String>,
        /// What it is, where its name and content do not tell
        #[arg(long = "as", value_enum, value_name = "KIND")]
        kind: Option<ParseAs>,
    },
    /// Print every article, with all fields
    Export {
        /// How articles are printed
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
        /// One line a verdict: duplicates and earlier revisions too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        to: To,
    },
    /// List articles, the latest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: usize,
        /// Only of this source
        #[arg(long)]
        source: Option<String>,
        /// Only with this verdict (`new`, `revision`, `exact`, `near`, `contains`, `contained_in`, `teaser`)
        #[arg(long, value_parser = parse_verdict)]
        verdict: Option<depeche_model::Verdict>,
        #[command(flatten)]
        rows: Rows,
    },
    /// Show an article: fields, text, versions with the words they changed, copies, places, story
    Show {
        /// Its id, or the first digits of it
        id: String,
        /// How it is printed
        #[arg(long, value_enum, default_value_t = ArticleFormat::Table)]
        format: ArticleFormat,
    },
    /// Show a story: what it is called, its time, sources and size, and its articles
    Story {
        /// The id of the story or of one of its articles, or the first digits of it
        id: String,
        #[command(flatten)]
        rows: Rows,
    },
    /// Say why an article got its verdict, or how two articles compare
    Explain {
        /// Its id, or the first digits of it
        id: String,
        /// The article to compare with
        other: Option<String>,
        /// How it is printed
        #[arg(long, value_enum, default_value_t = ArticleFormat::Table)]
        format: ArticleFormat,
    },
    /// Print the last lines of the change log
    Tail {
        /// How many
        #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
        lines: usize,
        /// How changes are printed
        #[arg(long, value_enum, default_value_t = ArticleFormat::Table)]
        format: ArticleFormat,
    },
    /// Count what the store holds
    Stats {
        /// How it is printed
        #[arg(long, value_enum, default_value_t = ShowFormat::Table)]
        format: ShowFormat,
    },
    /// The feeds that are polled
    #[command(subcommand)]
    Feeds(Feeds),
    /// Make the store again from the journal, and put it in the old one's place, which is kept; the daemon stopped
    Rebuild,
    /// Write the store anew without the room that superseded rows take; the daemon stopped
    Compact,
    /// Check the configuration and the feed lists it names
    Check,
    /// The effective configuration
    #[command(subcommand)]
    Config(Config),
    /// What was rejected, and why
    #[command(subcommand)]
    Dead(Dead),
    /// Write the whole data folder to one file: store, journal, added feeds; while a daemon runs too
    Backup {
        /// The file; it appears only when it is complete and was read back
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Leave the journal out: what comes from it can then not be made again
        #[arg(long)]
        no_journal: bool,
    },
    /// Make the data folder, which must be empty or missing, from a backup
    Restore {
        /// The backup
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Check journal and store: every digest, every row against the others; exit 12 and a list when something is wrong
    Verify {
        #[command(flatten)]
        rows: Rows,
    },
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff
    Man,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Feeds {
    /// List them with their state
    List {
        #[command(flatten)]
        rows: Rows,
    },
    /// Add a feed
    Add {
        /// Its address
        url: String,
        /// The source's name
        #[arg(long)]
        name: Option<String>,
        /// A label; may be given again
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
    },
    /// Remove a feed that was added or imported; its articles stay
    Remove {
        /// Its address
        url: String,
    },
    /// Add the feeds of a list: OPML, or one address a line
    Import {
        /// The list
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Print all feeds as OPML
    Export {
        #[command(flatten)]
        to: To,
    },
    /// Say why the next poll of a feed is when it is, and how the last polls went
    Explain {
        /// Its address
        url: String,
        /// How it is printed
        #[arg(long, value_enum, default_value_t = ShowFormat::Table)]
        format: ShowFormat,
    },
    /// Show how the last polls of a feed went, the newest first
    Log {
        /// Its address
        url: String,
        #[command(flatten)]
        rows: Rows,
    },
    /// Look for the feeds of a site, and rank them; exit 1 when there is none, 69 when nothing answers
    Discover {
        /// The address of the site or of one of its sections; without a scheme https is tried first
        url: String,
        /// Add the best of them
        #[arg(long)]
        add: bool,
        #[command(flatten)]
        rows: Rows,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print it as TOML
    Show,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dead {
    /// List what was rejected
    List {
        /// Only with this reason
        #[arg(long, value_parser = depeche_model::RejectionReason::CODES)]
        reason: Option<String>,
        #[command(flatten)]
        rows: Rows,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ParseAs {
    Feed,
    Page,
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Jsonl,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// For people
    Table,
    Json,
}

/// How one article, or a line of the change log, is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArticleFormat {
    /// For people
    Table,
    Json,
    /// JSON in one line
    Jsonl,
}

/// An http or https address, as it was given.
fn address(given: &str) -> Result<String, String> {
    depeche_fetcher::feed_list::address(given).map(|_| given.trim().to_owned())
}

/// How fast a replay is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Speed {
    Max,
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        match written {
            "max" => Ok(Self::Max),
            _ => written
                .parse()
                .ok()
                .filter(|times: &f64| times.is_finite() && *times > 0.0)
                .map(Self::Times)
                .ok_or_else(|| "write `max`, or a number above 0 such as `60`".to_owned()),
        }
    }
}

fn parse_verdict(written: &str) -> Result<depeche_model::Verdict, String> {
    depeche_model::Verdict::parse(written).ok_or_else(|| {
        format!(
            "known are {}",
            depeche_model::Verdict::ALL
                .map(depeche_model::Verdict::as_str)
                .join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
