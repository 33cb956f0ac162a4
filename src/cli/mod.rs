//! The command line: arguments in, exit code out. One file a subcommand.

mod args;
mod channel;
mod check;
mod exit;
mod explain;
mod health;
mod list;
mod record;
mod run;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use args::{Arguments, Command};
use clap::Parser as _;
pub(crate) use exit::Exit;

use crate::diagnostic::{self, Diagnostics, Sources};
use crate::plan::unknown_overrides;
use crate::report::{ColourChoice, Output};
use crate::runner::Progress;
use crate::select::{Choice, Selection};
use crate::server::names;
use crate::spec::{Loaded, Overrides};

/// What the `grpc-spec` binary does: reads the process's arguments, runs the command, returns its exit code (0 all
/// passed, 1 something failed, 2 invalid usage, case file or proto, 3 a server could not be started or reached,
/// 4 nothing was selected, 130 interrupted).
pub fn main() -> ExitCode {
    let sources = Arc::new(Sources::new());
    Output::stderr(&sources).tell_panics();
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

/// Warns of a `--var` that nobody knows. What does not load may know it.
fn unknown_variables(loaded: &Loaded, sources: &Sources) -> Diagnostics {
    let servers = loaded.suites.iter().flat_map(|suite| &suite.config.servers);
    let of_servers = servers.flat_map(|server| names(server, sources)).map(|name| name.path.to_string());
    unknown_overrides(&loaded.suites, of_servers, sources)
}

/// Writes what was found, and that nothing was selected. Where the command ends with it, how.
fn tell(mut found: Diagnostics, choice: &Choice, sources: &Sources, colour: ColourChoice) -> io::Result<Option<Exit>> {
    let end = match &choice.nothing {
        _ if found.has_errors() => Some(Exit::Invalid),
        Some(why) => {
            found.push(why.clone());
            Some(Exit::NothingSelected)
        }
        None => None,
    };
    print_diagnostics(&found, sources, colour)?;
    Ok(end)
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
