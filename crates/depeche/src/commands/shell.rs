//! What a shell wants: completions and the manual page.

use std::io::{Write as _, stdout};

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::exit::Exit;

pub(super) fn completions(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "depeche", &mut script);
    stdout().lock().write_all(&script)?;
    Ok(Exit::Done)
}

pub(super) fn man() -> anyhow::Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    stdout().lock().write_all(&page)?;
    Ok(Exit::Done)
}
