//! The command line: arguments in, exit code out. One file a subcommand.

mod args;
mod channel;
mod check;
mod exit;
mod health;
mod list;
mod record;
mod run;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use args::{Arguments, Command};
use clap::Parser as _;
pub(crate) use exit::Exit;

use crate::diagnostic::{self, Diagnostic, Diagnostics, Sources};
use crate::report::{ColourChoice, Output};
use crate::runner::Progress;
use crate::select::Selection;
use crate::spec::Overrides;

/// What the `grpc-spec` binary does: reads the process's arguments, runs the command, returns its exit code (0 all
/// passed, 1 something failed, 2 invalid usage, case file or proto, 3 a server could not be started or reached,
/// 4 nothing was selected, 130 interrupted).
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::List(arguments) => list::list(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Health(arguments) => health::health(&arguments),
    };
    match done {
        Ok(exit) => exit.into(),
        // Whoever reads our output has closed it, as `head` does: nothing is wrong, but nothing is known to be right.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Interrupted.into(),
        Err(error) => {
            let _ = Output::stderr().block(&format!("error: {error}\n"));
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
        Selection {
            filters: self.filter.clone(),
            exact: self.exact.clone(),
            tags: self.tag.clone(),
            skip_tags: self.skip_tag.clone(),
            failed: self.failed,
            changed: self.changed.clone(),
            partition: self.partition,
        }
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
    if text.is_empty() { Ok(()) } else { Output::stderr().block(&format!("{text}\n")) }
}

/// What takes a while, on standard error, where somebody watches it.
fn progress() -> Progress {
    let watched = io::stderr().is_terminal();
    Box::new(move |text| {
        if watched {
            // who cannot be told of it does not miss it
            let _ = Output::stderr().block(&format!("{text}\n"));
        }
    })
}

/// Says that nothing was selected, and what there is.
fn nothing_selected(why: Diagnostic, sources: &Sources, colour: ColourChoice) -> io::Result<Exit> {
    print_diagnostics(&[why].into_iter().collect(), sources, colour)?;
    Ok(Exit::NothingSelected)
}
