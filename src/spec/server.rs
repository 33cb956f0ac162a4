//! A server as the format says it: where it is, or how it is started.

use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;

use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::grpc::{Target, TargetError};
use crate::yaml::Node;

/// A server by name.
#[derive(Debug)]
pub(crate) struct ServerSpec {
    pub(crate) name: Spanned<String>,
    pub(crate) source: ServerSource,
    /// Already part of each call's metadata: under what file and case say, over what the suite says.
    pub(crate) metadata: Vec<(Spanned<String>, Node)>,
    /// The `:authority` to send.
    pub(crate) authority: Option<Spanned<String>>,
    pub(crate) tls: Option<Tls>,
    /// A PING after so long a silence while calls are in flight.
    pub(crate) keepalive: Option<Spanned<Duration>>,
    pub(crate) limits: Limits,
}

impl ServerSpec {
    pub(super) fn new(name: Spanned<String>, source: ServerSource) -> Self {
        let (metadata, limits) = (Vec::new(), Limits::default());
        Self { name, source, metadata, authority: None, tls: None, keepalive: None, limits }
    }

    /// The same server in another place.
    pub(super) fn at(&self, source: ServerSource) -> Self {
        let Self { name, source: _, metadata, authority, tls, keepalive, limits } = self;
        Self {
            name: name.clone(),
            source,
            metadata: metadata.clone(),
            authority: authority.clone(),
            tls: tls.clone(),
            keepalive: keepalive.clone(),
            limits: limits.clone(),
        }
    }
}

/// `tls:`. The files are read when a server is needed; their paths are relative to where we run, as those given to us.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) span: Span,
    /// Whose authorities to trust, instead of the system's.
    pub(crate) ca: Option<Spanned<PathBuf>>,
    /// Our certificate: there with its key, or not at all.
    pub(crate) cert: Option<Spanned<PathBuf>>,
    pub(crate) key: Option<Spanned<PathBuf>>,
    /// The name that the server's certificate must have, if not the address's host.
    pub(crate) server_name: Option<Spanned<String>>,
    /// Any certificate will do.
    pub(crate) skip_verify: bool,
}

/// `limits:`, in bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    /// Of one message received.
    pub(crate) message: Option<Spanned<u64>>,
    /// Of the headers or trailers received.
    pub(crate) metadata: Option<Spanned<u64>>,
    /// Of all that is kept of one call.
    pub(crate) recorded: Option<Spanned<u64>>,
}

/// What is wrong with an address, or nothing if it holds `${…}`: that is known only when the server is needed.
pub(super) fn check_address(address: &str) -> Option<Diagnostic> {
    if address.contains("${") {
        return None;
    }
    Target::parse(address).err().map(refused)
}

/// As [`check_address`], of what is sent as `:authority`.
pub(super) fn check_authority(authority: &str) -> Option<Diagnostic> {
    Target::parse("127.0.0.1:1").and_then(|anywhere| anywhere.with_authority(authority)).err().map(refused)
}

/// `tls:` of a server whose address is reached without it; `instead` is an address that is not.
pub(crate) fn tls_in_plaintext(tls: Span, instead: Option<&str>) -> Diagnostic {
    let said = Diagnostic::error("`tls` of a server that is reached in plaintext").at(tls, "TLS is not used here");
    match instead {
        Some(address) => said.hint(format!("write `address: \"{address}\"`, or leave `tls` out")),
        None => said.hint("a unix socket has no TLS: leave `tls` out, or write an `https://` address"),
    }
}

fn refused(error: TargetError) -> Diagnostic {
    Diagnostic::error(error.headline).hint(error.help)
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
    /// Absolute; the folder of the file that holds it, unless said.
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
