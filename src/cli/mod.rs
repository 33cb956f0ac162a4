//! The command line: arguments in, exit code out. One file a subcommand.

mod args;
mod channel;
mod check;
mod exit;
mod explain;
mod health;
mod list;
mod run;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use args::{Arguments, Command};
use clap::Parser as _;
pub(crate) use exit::Exit;

use crate::diagnostic::{self, Diagnostics, Sources};
use crate::report::{ColourChoice, Output};
use crate::runner::Progress;
use crate::select::{Filter, Selection};
use crate::spec::Overrides;

/// What the `grpc-spec` binary does: reads the process's arguments, runs the command, returns its exit code (0 all
/// passed, 1 something failed, 2 invalid usage, case file or proto, 3 a server could not be started or reached,
/// 4 nothing was selected, 130 interrupted).
pub fn main() -> ExitCode {
    let sources = Arc::new(Sources::new());
    let done = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments, &sources),
        Command::List(arguments) => list::list(&arguments, &sources),
        Command::Check(arguments) => check::check(&arguments, &sources),
        Command::Explain(arguments) => explain::explain(&arguments, &sources),
        Command::Health(arguments) => health::health(&arguments, &sources),
    };
    match done {
        Ok(exit) => exit.into(),
        // Whoever reads our output has closed it, as `head` does: nothing is wrong, but nothing is known to be right.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Interrupted.into(),
        Err(error) => {
            let _ = Output::stderr(&sources).block(&format!("error: {error}\n"));
            Exit::Invalid.into()
        }
    }
}

impl args::Overlay {
    fn overrides(&self) -> Overrides {
        Overrides {
            profile: self.profile.clone(),
            servers: self.server.clone(),
            vars: self.var.clone(),
            in_process: Vec::new(),
        }
    }
}

impl args::Selection {
    fn selection(&self) -> Selection {
        let parts = self.filter.iter().cloned().map(Filter::Contains);
        let whole = self.exact.iter().cloned().map(Filter::Exact);
        Selection { filters: parts.chain(whole).collect(), tags: self.tag.clone(), skip_tags: self.skip_tag.clone() }
    }
}

impl From<args::Color> for ColourChoice {
    fn from(color: args::Color) -> Self {
        match color {
            args::Color::Auto => Self::Auto,
            args::Color::Always => Self::Always,
            args::Color::Never => Self::Never,
        }
    }
}

/// Writes diagnostics to standard error, with a blank line between them.
fn print_diagnostics(diagnostics: &Diagnostics, sources: &Sources, colour: ColourChoice) -> io::Result<()> {
    let text = diagnostic::render_all(diagnostics, sources, colour.for_stderr());
    if text.is_empty() { Ok(()) } else { Output::stderr(sources).block(&format!("{text}\n")) }
}

/// What takes a while, on standard error, where somebody watches it.
fn progress(sources: &Sources) -> Progress {
    let output = Output::stderr(sources);
    let watched = output.is_terminal();
    Box::new(move |text| {
        if watched {
            // who cannot be told of it does not miss it
            let _ = output.block(&format!("{text}\n"));
        }
    })
}

/// Says that nothing was selected, and what there is.
fn nothing_selected(known: usize, sources: &Sources) -> io::Result<Exit> {
    let text = if known == 0 {
        "error: there are no cases\n   = hint: case files are `*.yaml` files with a list of `cases:`\n".to_owned()
    } else {
        format!(
            "error: no case is selected, of {known}\n   = hint: `grpc-spec list PATH` shows the ids that `--filter` looks in, of files that load\n"
        )
    };
    Output::stderr(sources).block(&text)?;
    Ok(Exit::NothingSelected)
}
