//! The command line, as clap reads it; no logic.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// When to colour; `auto` minds `NO_COLOR`
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

/// Which cases.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Case files, and folders of them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only cases whose id contains this text; may be repeated, any of them then
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) filter: Vec<String>,
    /// Only the case with this id; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) exact: Vec<String>,
    /// Only cases with this tag; may be repeated, any of them then
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// No case with this tag; may be repeated
    #[arg(long, value_name = "TAG")]
    pub(crate) skip_tag: Vec<String>,
}

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
