//! The command line, as clap reads it; no logic.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::select::{Filter, Partition, TagExpression};
use crate::yaml::decode::duration_of;

/// Run gRPC test cases written in YAML.
#[derive(Debug, Parser)]
#[command(name = "grpc-spec", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 all passed, 1 something failed, 2 invalid usage, case file or proto, \
    3 a server could not be started or reached, 4 nothing was selected, 130 interrupted.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run cases: start or target their servers, make the calls, compare, report
    Run(RunArguments),
    /// List the ids of cases, one a line
    List(ListArguments),
    /// Check case files against their schemas; start and call nothing
    Check(CheckArguments),
    /// Show one case with everything inherited and substituted, and the file and line each value comes from
    Explain(ExplainArguments),
    /// Ask a server whether it serves, by grpc.health.v1: 0 SERVING, 1 anything else, 3 unreachable
    Health(HealthArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) overlay: Overlay,
    /// Cases to run at the same time [default: 4 for each core, at least 8]
    #[arg(long, short, value_name = "N", value_parser = at_least_one)]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Start cases in a random order, that of this seed if one is given; cases of a `serial` file keep theirs
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "asked for or not, with a seed or not")]
    pub(crate) shuffle: Option<Option<u64>>,
    /// Have `uuid()`, `random_int` and `random_string` repeat; a failure tells the seed it had
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Start no more cases after the first that does not pass
    #[arg(long)]
    pub(crate) fail_fast: bool,
    #[arg(long, value_name = "FILE", help = "Write a JUnit report")]
    pub(crate) junit: Option<PathBuf>,
    /// Show messages and logs of failures whole
    #[arg(long)]
    pub(crate) full: bool,
    /// When to colour; `auto` minds `NO_COLOR`
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) overlay: Overlay,
    /// How to list: ids, one a line; or JSON, one object a line, with id, file, line, tags and skip
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: ListFormat,
    /// When to colour; `auto` minds `NO_COLOR`
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) overlay: Overlay,
    /// Start or reach the servers whose reflection cases need, and ask them; still make no call
    #[arg(long)]
    pub(crate) online: bool,
    /// When to colour; `auto` minds `NO_COLOR`
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The id of the case, as `list` shows it
    pub(crate) id: String,
    /// The file it is in, or a folder of case files
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) overlay: Overlay,
    /// When to colour; `auto` minds `NO_COLOR`
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

#[derive(Debug, Args)]
pub(crate) struct HealthArguments {
    /// Ask for one service [default: the server as a whole]
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub(crate) service: String,
    /// How long to wait for the answer
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = time)]
    pub(crate) timeout: Duration,
    /// When to colour; `auto` minds `NO_COLOR`
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
    // Last: the heading of its options would be that of any after it.
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// A server, and how it is reached.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// `http://host:port`, `https://host:port`, `unix:/path`; `host:port` is plaintext on loopback, else TLS
    pub(crate) address: String,
    /// Send this as `:authority`
    #[arg(long, value_name = "NAME")]
    pub(crate) authority: Option<String>,
    #[command(flatten)]
    pub(crate) tls: TlsFiles,
}

/// As `tls:` of a server.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsFiles {
    /// Trust the authorities in this PEM file, not those of the system
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Show this certificate to the server
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's private key
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// The name the server's certificate must have [default: the host of ADDRESS]
    #[arg(long, value_name = "NAME")]
    pub(crate) server_name: Option<String>,
    /// Trust any certificate
    #[arg(long, conflicts_with = "ca")]
    pub(crate) skip_verify: bool,
}

/// Which cases: those for which all of this holds.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Case files, and folders of them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only cases whose id contains this text, or is like this glob (with `*` or `?`), or matches this /regex/; may be
    /// repeated, any of them then
    #[arg(long, short, value_name = "TEXT", value_parser = Filter::parse, help_heading = SELECTION)]
    pub(crate) filter: Vec<Filter>,
    /// Only the case with this id; may be repeated
    #[arg(long, value_name = "ID", help_heading = SELECTION)]
    pub(crate) exact: Vec<String>,
    /// Only cases with these tags, such as 'smoke and not (slow or flaky)'; may be repeated, any of them then
    #[arg(long, value_name = "TAGS", value_parser = TagExpression::parse, help_heading = SELECTION)]
    pub(crate) tag: Vec<TagExpression>,
    /// No case with these tags; may be repeated
    #[arg(long, value_name = "TAGS", value_parser = TagExpression::parse, help_heading = SELECTION)]
    pub(crate) skip_tag: Vec<TagExpression>,
    /// Only cases that did not pass when they were last run here
    #[arg(long, help_heading = SELECTION)]
    pub(crate) failed: bool,
    /// Only cases that rest on files that differ from a git revision (`HEAD` if none is given), committed or not: their
    /// own, the suite's, protos, `$file` and rows
    #[arg(long, value_name = "REV", num_args = 0..=1, require_equals = true, default_missing_value = "HEAD", help_heading = SELECTION)]
    pub(crate) changed: Option<String>,
    /// Of what the other options select, the part K of N: `hash:K/N` goes by each id alone, `count:K/N` takes turns
    #[arg(long, value_name = "BY:K/N", value_parser = Partition::parse, help_heading = SELECTION)]
    pub(crate) partition: Option<Partition>,
}

const SELECTION: &str = "Selection";

/// What is laid over the suite.
#[derive(Debug, Args)]
pub(crate) struct Overlay {
    /// Lay a profile of the suite over it
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Use a server that is already running, instead of what the suite says of NAME
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = name_and_text)]
    pub(crate) server: Vec<(String, String)>,
    /// Set a variable
    #[arg(long, value_name = "NAME=TEXT", value_parser = name_and_text)]
    pub(crate) var: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum ListFormat {
    #[default]
    Ids,
    Json,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

fn at_least_one(argument: &str) -> Result<NonZeroUsize, String> {
    argument.parse().map_err(|_| "expected a whole number, at least 1".to_owned())
}

fn name_and_text(argument: &str) -> Result<(String, String), String> {
    match argument.split_once('=') {
        Some((name, text)) if !name.is_empty() => Ok((name.to_owned(), text.to_owned())),
        _ => Err("expected NAME=…".to_owned()),
    }
}

/// A duration as in case files, longer than zero.
fn time(argument: &str) -> Result<Duration, String> {
    match duration_of(argument) {
        Ok(Duration::ZERO) => Err("a limit of zero leaves no time at all".to_owned()),
        read => read,
    }
}
