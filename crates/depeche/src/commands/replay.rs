//! `depeche replay`: folders and files as a test stream.

use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use depeche_disk::OnFull;
use depeche_fetcher::replay::{self, ReplayOptions, ReplaySummary};
use depeche_journal::read_captures;
use depeche_model::{Clock, Seq};
use depeche_store::Tally;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::expect;
use super::summary::Summary;
use super::{reader, shutdown};
use crate::cli::Speed;
use crate::config::Config;
use crate::exit::Exit;
use crate::pipeline::Pipeline;
use crate::runtime::block_on;

/// WARC blocks carry the HTTP header block too, which is no part of the body that `fetch.max_body` limits.
const HTTP_HEAD_BYTES: u64 = 1 << 20;

/// Reasons for which a capture counts as failed, and not as one that nobody wants: its bytes are broken, or too many.
const TOLD: [&str; 2] = ["unreadable", "too_large"];

/// Failures that are told one by one.
const TOLD_AT_MOST: usize = 20;

pub(super) fn replay(
    config: &Config,
    clock: &Arc<dyn Clock>,
    paths: Vec<PathBuf>,
    speed: Speed,
    expect: Option<&Path>,
    quiet: bool,
) -> anyhow::Result<Exit> {
    let expectations = expect.map(expect::read).transpose()?;
    let (summary, progress, before) = block_on(async {
        let stop = shutdown::token()?;
        let pipeline = Pipeline::start(config, &config.store_dir(), clock, OnFull::End, &stop)?;
        // What an earlier run left behind is committed first, so that it is known.
        caught_up(&pipeline, &stop).await;
        let last = pipeline.reader.changes(Seq(0)).next_back().transpose()?;
        let before = last.map_or(Seq(0), |change| change.seq);
        let summary = take_in(
            config,
            clock,
            &pipeline,
            paths,
            speed,
            progress_bar(quiet, "files"),
            stop,
        )
        .await;
        let progress = pipeline.finish().await?;
        Ok((summary, progress, before))
    })?;
    for problem in &summary.problems {
        eprintln!("error: {problem}");
    }
    let failed = summary.problems.len() as u64;
    let unreadable = tell_unreadable(config, &progress.tally, before)?;
    Summary {
        known: summary.known,
        failed,
        put_off: 0,
        tally: &progress.tally,
    }
    .print()?;
    if let Some(expectations) = expectations
        && !expect::compare(&reader(config)?, &expectations)?
    {
        return Ok(Exit::Differs);
    }
    Ok(match (failed, summary.captures + summary.known) {
        _ if !summary.complete => Exit::Partly,
        (0, _) if unreadable => Exit::Partly,
        (0, _) => Exit::Done,
        (_, 0) => Exit::Failed,
        _ => Exit::Partly,
    })
}

/// Tells what was taken in behind `before` and could not be read: broken, and not merely unwanted. True where there is any.
fn tell_unreadable(config: &Config, tally: &Tally, before: Seq) -> anyhow::Result<bool> {
    let is_told = |code: &str| TOLD.contains(&code);
    let count: u64 = tally
        .rejected
        .iter()
        .filter(|(code, _)| is_told(code))
        .map(|(_, count)| count)
        .sum();
    if count == 0 {
        return Ok(false);
    }
    let reader = reader(config)?;
    let mut dead = reader.dead().filter(|dead| {
        dead.as_ref().map_or(true, |dead| {
            dead.seq > before && is_told(dead.rejection.reason.code())
        })
    });
    for dead in dead.by_ref().take(TOLD_AT_MOST) {
        let dead = dead?;
        eprintln!("error: {}: {}", dead.capture_uri, dead.rejection.reason);
    }
    let more = dead.count();
    if more > 0 {
        eprintln!("error: and {more} more; `depeche dead list` shows them");
    }
    Ok(true)
}

/// Until what an earlier run left behind is committed, or `stop`.
pub(super) async fn caught_up(pipeline: &Pipeline, stop: &CancellationToken) {
    tokio::select! {
        () = pipeline.ledger.drained() => {}
        () = stop.cancelled() => {}
    }
}

/// Feeds the pipeline with what the paths hold.
pub(super) async fn take_in(
    config: &Config,
    clock: &Arc<dyn Clock>,
    pipeline: &Pipeline,
    paths: Vec<PathBuf>,
    speed: Speed,
    bar: ProgressBar,
    stop: CancellationToken,
) -> ReplaySummary {
    let options = ReplayOptions {
        speed: match speed {
            Speed::Max => replay::Speed::Max,
            Speed::Times(times) => replay::Speed::Factor(times),
        },
        max_body_bytes: config.fetch.max_body.0,
    };
    let committed = pipeline.reader.clone();
    let known = move |id: &_| {
        committed.is_committed(id).unwrap_or_else(|error| {
            tracing::error!(%error, "the store cannot be asked; the capture is taken in again");
            false
        })
    };
    let max_block = options.max_body_bytes.saturating_add(HTTP_HEAD_BYTES);
    let shown = bar.clone();
    let summary = replay::replay(
        paths,
        options,
        Arc::clone(clock),
        pipeline.intake.clone(),
        known,
        move |path, each| read_captures(path, max_block, each),
        move |progress| {
            shown.set_length(progress.files);
            shown.set_position(progress.files_done);
        },
        stop,
    )
    .await;
    bar.finish_and_clear();
    summary
}

/// A bar on a terminal, unless it is to be quiet.
pub(super) fn progress_bar(quiet: bool, what: &str) -> ProgressBar {
    if quiet || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    let template = format!("{{elapsed_precise}} {{bar:40}} {{pos}}/{{len}} {what} {{per_sec}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
