//! Why a server did not start, in words. Main type: [`StartError`].

use std::io;
use std::path::Path;
use std::time::Duration;

use super::build::{BuildFailure, BuildReason};
use super::launch::command_uses;
use super::log::{Log, LogTail};
use super::process::{Exit, Launch};
use super::ready::NotReady;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use crate::grpc::{Target, TargetError};
use crate::spec::Start;

/// Lines shown of the log of a server that did not start.
const SHOWN_LINES: usize = 40;

/// Why a server did not start, and the last of what it (or its build) wrote.
#[derive(Debug, Clone, Default)]
pub(crate) struct StartError {
    pub(crate) diagnostics: Diagnostics,
    pub(crate) log: LogTail,
}

impl From<Diagnostic> for StartError {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(diagnostic);
        Self { diagnostics, log: LogTail::default() }
    }
}

impl From<Diagnostics> for StartError {
    fn from(diagnostics: Diagnostics) -> Self {
        Self { diagnostics, log: LogTail::default() }
    }
}

/// The server that errors speak of.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    name: &'a str,
    /// The place of its program, the first word of `command`.
    program: Span,
    /// The place of `ready.log`.
    pattern: Option<Span>,
    /// Whether its command or environment holds the port that was picked for it.
    pub(super) tells_port: bool,
    address: Option<Span>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(name: &'a str, start: &Start, sources: &Sources) -> Self {
        Self {
            name,
            program: start.command.first().map_or(start.span, |program| program.span),
            pattern: start.ready.log.as_ref().map(|pattern| pattern.span),
            tells_port: command_uses(start, "port", sources),
            address: start.address.as_ref().map(|address| address.span),
        }
    }

    pub(super) fn not_spawned(&self, launch: &Launch, error: &io::Error) -> StartError {
        let headline = format!("the server `{}` cannot be started", self.name);
        not_spawned(headline, self.program, launch, error).into()
    }

    pub(super) fn not_built(
        &self,
        place: Span,
        launch: &Launch,
        within: Duration,
        failure: &BuildFailure,
    ) -> StartError {
        let headline = format!("the build of the server `{}` ", self.name);
        let diagnostic = match &failure.reason {
            BuildReason::NotStarted(error) => not_spawned(headline + "cannot be started", place, launch, error),
            BuildReason::Ended(exit) => {
                Diagnostic::error(format!("{headline}failed: {exit}")).at(place, "this command")
            }
            BuildReason::TookLonger => Diagnostic::error(format!("{headline}took longer than {within:?}"))
                .at(place, "this command was ended")
                .hint("raise `build_within`"),
        };
        StartError { log: failure.log.clone(), ..diagnostic.into() }
    }

    pub(super) fn not_ready(&self, why: &NotReady, within: Duration, log: &Log) -> StartError {
        let name = self.name;
        let late = || Diagnostic::error(format!("the server `{name}` was not ready within {within:?}"));
        let pattern = self.pattern.unwrap_or(self.program);
        let diagnostic = match why {
            NotReady::Ended(exit) => ended(name, *exit).at(self.program, "this program"),
            NotReady::NoAnswer { target, last } => late()
                .at(self.program, "it runs, but no gRPC server answers")
                .named_note("awaited", format!("grpc.health.v1, reflection or an HTTP/2 connection at {target}"))
                .named_note("last answer", last.as_str())
                .hint(if self.tells_port || self.address.is_some() {
                    "if it only needs more time, raise `ready: { within: … }`"
                } else {
                    "the command is not told its port: pass `${port}` to it, or say in `address` where it listens"
                }),
            NotReady::NoLine => late().at(pattern, "no line of its log matches").hints(not_looked_at(log)).hint(
                "programs may hold back what they write to no terminal: for Python, say `env: { PYTHONUNBUFFERED: \"1\" }`",
            ),
            NotReady::NoPort { line, port } => {
                Diagnostic::error(format!("the port of the server `{name}` cannot be read from its log"))
                    .at(pattern, format!("the group `port` holds `{port}`, which is no port"))
                    .named_note("line", line.as_str())
            }
        };
        StartError { log: log.tail(SHOWN_LINES), ..diagnostic.into() }
    }

    pub(super) fn no_target(&self, error: &TargetError) -> StartError {
        Diagnostic::error(format!("the server `{}` has no address: {}", self.name, error.headline))
            .at(self.address.unwrap_or(self.program), "")
            .hint(error.help)
            .into()
    }

    pub(super) fn taken(&self, target: &Target) -> StartError {
        Diagnostic::error(format!("the server `{}` is not started: its address is taken", self.name))
            .at(self.address.unwrap_or(self.program), format!("before this runs, somebody answers at `{target}`"))
            .hint("end what listens there; or have a free port picked: pass `${port}` and leave `address` out")
            .into()
    }

    /// `what`: `port`.
    pub(super) fn nothing_free(&self, what: &str, error: &io::Error) -> StartError {
        Diagnostic::error(format!("the server `{}` cannot be started: no {what} for it", self.name))
            .at(self.program, error.to_string())
            .into()
    }
}

fn ended(name: &str, exit: Exit) -> Diagnostic {
    let problem = Diagnostic::error(format!("the server `{name}` ended before it was ready: {exit}"));
    if exit.success() {
        return problem.hint("a program that goes on in the background cannot be watched: run it in the foreground");
    }
    problem
}

/// A line that would match may still lack its end.
fn not_looked_at(log: &Log) -> Option<String> {
    log.open_line().map(|line| format!("the last line has no end yet, and is not looked at: `{line}`"))
}

fn not_spawned(headline: String, place: Span, launch: &Launch, error: &io::Error) -> Diagnostic {
    let Launch { program, cwd, .. } = launch;
    let problem = Diagnostic::error(headline);
    if !cwd.is_dir() {
        let what = if cwd.exists() { "not a folder" } else { "no such folder" };
        return problem
            .at(place, format!("its `cwd` is {what}"))
            .named_note("cwd", cwd.display().to_string())
            .hint("`cwd` is relative to the file that holds it");
    }
    let is_path = program.contains('/');
    let path = cwd.join(program.trim_start_matches("./"));
    match error.kind() {
        io::ErrorKind::NotFound if !is_path => problem
            .at(place, format!("no program `{program}` is in `PATH`"))
            .hints(path.exists().then(|| format!("to run the file in `cwd`, write `./{program}`")))
            .hint("install it, or name it by its path"),
        io::ErrorKind::NotFound if path.exists() => problem
            .at(place, format!("`{program}` is there, but what would run it is not"))
            .hint("look at the interpreter on its first line (`#!`), or whether it is built for this system"),
        io::ErrorKind::NotFound => problem
            .at(place, format!("no file `{program}`"))
            .named_note("path", path.display().to_string())
            .hint("a program's path is relative to its `cwd`; if it must be built first, say how under `build`"),
        io::ErrorKind::PermissionDenied => problem
            .at(place, not_executable(&path, program))
            .hints((is_path && path.is_file()).then(|| format!("make it executable: `chmod +x {program}`"))),
        _ => problem.at(place, error.to_string()),
    }
}

fn not_executable(path: &Path, program: &str) -> String {
    let what = if path.is_dir() { "is a folder" } else { "is not executable" };
    format!("`{program}` {what}")
}
