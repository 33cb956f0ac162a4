//! `grpc-spec.yaml`: protos, servers, profiles, and what is laid over them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use super::Inherited;
use crate::diagnostic::{FileId, Span, Spanned};
use crate::schema::SchemaSources;
use crate::yaml::Node;

/// What a suite says, profile and overrides laid over it.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// `None` where there is no `grpc-spec.yaml`.
    pub(crate) source: Option<FileId>,
    /// The suite's folder: ids are paths below it.
    pub(crate) folder: PathBuf,
    pub(crate) protos: SchemaSources,
    /// In the order written.
    pub(crate) servers: Vec<Arc<ServerSpec>>,
    pub(crate) inherited: Inherited,
    pub(crate) vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(crate) tags: Vec<String>,
}

/// What the command line, the harness or a profile lays over a suite.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) profile: Option<String>,
    /// `--server NAME=ADDRESS`: (name, address).
    pub(crate) servers: Vec<(String, String)>,
    /// `--var NAME=TEXT`.
    pub(crate) vars: Vec<(String, String)>,
    /// Servers in the test's own process, which need no entry in the suite.
    pub(crate) in_process: Vec<String>,
}

/// A server by name.
#[derive(Debug)]
pub(crate) struct ServerSpec {
    pub(crate) name: Spanned<String>,
    pub(crate) source: ServerSource,
    /// Merged under what calls say themselves.
    pub(crate) metadata: Vec<(Spanned<String>, Node)>,
    /// The `:authority` to send.
    pub(crate) authority: Option<Spanned<String>>,
}

/// Where a server is.
#[derive(Debug)]
pub(crate) enum ServerSource {
    /// A program that a run starts.
    Start(Start),
    /// One that is already running: a scalar node, `${…}` allowed.
    Address(Node),
    /// One on the command line or from the harness: a literal address.
    Override(String),
    /// In the test's own process.
    InProcess,
}

/// `start:`. Scalars that may hold `${…}` are kept as nodes.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) span: Span,
    /// Run once before it.
    pub(crate) build: Option<Vec<Node>>,
    pub(crate) build_within: Duration,
    /// Program and arguments, passed as they are; at least the program.
    pub(crate) command: Vec<Node>,
    pub(crate) env: Vec<(Spanned<String>, Node)>,
    /// The suite file's folder, unless said.
    pub(crate) cwd: PathBuf,
    pub(crate) ready: Ready,
    pub(crate) scope: ServerScope,
    /// Where it listens; default `http://127.0.0.1:${port}`.
    pub(crate) address: Option<Node>,
}

/// When a started server counts as ready.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) within: Duration,
    /// Instead of the ladder: a line of its output; a group named `port` sets the port.
    pub(crate) log: Option<Spanned<Regex>>,
}

/// How long a started server lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ServerScope {
    /// One for the run.
    #[default]
    Run,
    /// One for each file that calls it.
    File,
    /// One for each case that calls it.
    Case,
}
