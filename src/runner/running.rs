//! A server that can be called: its channel, and what was started for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ServerLog;
use super::details::DetailTypes;
use super::session::InProcessServers;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::expr::{Scope, Text, Value};
use crate::grpc::Channel;
use crate::server::{
    self, Builds, InProcess, Log, LogPosition, LogTail, RunningServer, StartContext, StartError, Started,
};
use crate::spec::{ServerSpec, Start, Tls};
use crate::yaml::Node;

/// How long a program that does not listen any more is given to have ended.
const ENDING_WITHIN: Duration = Duration::from_secs(1);
/// How long the last of its output may take then.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);
/// How often it is looked at meanwhile.
const ENDING_LOOKS: u32 = 20;

/// A server that can be called.
pub(crate) struct Running {
    pub(super) name: String,
    pub(super) channel: Channel,
    pub(super) authority: Option<String>,
    pub(super) tls: Option<Tls>,
    /// Where it may be asked for what it does not declare at first.
    pub(super) details: Option<DetailTypes>,
    log: Option<Arc<Log>>,
    /// What was started; none where the server was there already, or is stopped.
    started: Mutex<Option<RunningServer>>,
}

/// Why a server cannot be called. Every case that needs it shows it.
#[derive(Debug)]
pub(crate) struct StartFailure {
    pub(crate) server: String,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) log: Option<ServerLog>,
}

/// Starts a program.
pub(super) async fn start(
    spec: &ServerSpec,
    command: &Start,
    scope: &Arc<Scope>,
    addresses: &BTreeMap<String, String>,
    sources: &Sources,
    builds: &Builds,
) -> Result<Running, StartFailure> {
    let bind = |(name, address): (&String, &String)| {
        (format!("servers.{name}.address").into(), Value::Text(address.as_str().into()))
    };
    let scope = scope.child(addresses.iter().map(bind).collect());
    let context = StartContext { scope: &scope, sources, builds };
    match Started::start(spec, command, context).await {
        Ok(started) => Running::started(spec, RunningServer::Program(started)),
        Err(error) => Err(StartFailure::new(spec, error)),
    }
}

/// A server that is there already, at an address that may hold `${…}`.
pub(super) fn reach(
    spec: &ServerSpec,
    address: &Node,
    scope: &Scope,
    sources: &Sources,
) -> Result<Running, StartFailure> {
    let mut problems = Diagnostics::new();
    let text = match Text::of(address, sources, &mut problems) {
        Some(Text::Literal(text)) => Some(text),
        Some(Text::Template(template)) => template.text(scope).map_err(|error| problems.push(error)).ok(),
        None => None,
    };
    match text {
        Some(text) => Running::at(spec, &text, Some(address)),
        None => Err(StartFailure { server: spec.name.value.clone(), diagnostics: problems, log: None }),
    }
}

impl InProcessServers {
    pub(super) fn start(&self, spec: &ServerSpec) -> Result<Running, StartFailure> {
        let name = &spec.name.value;
        let (Some(serve), Some(runtime)) = (self.serve.get(name), &self.runtime) else {
            return Err(StartFailure::unknown(name));
        };
        let server = InProcess::start(name, serve, runtime).map_err(|error| StartFailure::new(spec, error))?;
        Running::started(spec, RunningServer::InProcess(server))
    }
}

impl Running {
    fn started(spec: &ServerSpec, server: RunningServer) -> Result<Self, StartFailure> {
        let mut running = Self::at(spec, server.address(), None)?;
        running.log = Some(Arc::clone(server.log()));
        running.started = Mutex::new(Some(server));
        Ok(running)
    }

    /// A server at `address`, written at `place`.
    pub(super) fn at(spec: &ServerSpec, address: &str, place: Option<&Node>) -> Result<Self, StartFailure> {
        let target = server::target(spec, address).map_err(|error| {
            let invalid = server::not_an_address(spec, &error);
            let invalid = match place {
                Some(node) => invalid.at(node.span, format!("`{address}`")),
                None => invalid.note(format!("it is `{address}`")),
            };
            StartFailure::new(spec, invalid.into())
        })?;
        let problem = |problem: Box<Diagnostic>| StartFailure::new(spec, (*problem).into());
        server::check_plaintext(spec, &target).map_err(problem)?;
        let channel = Channel::new(target, server::channel_options(spec).map_err(problem)?);
        Ok(Self {
            name: spec.name.value.clone(),
            channel,
            authority: spec.authority.as_ref().map(|authority| authority.value.clone()),
            tls: spec.tls.clone(),
            details: None,
            log: None,
            started: Mutex::new(None),
        })
    }

    /// As shown, and as a call of `grpcurl` understands it.
    pub(super) fn target(&self) -> String {
        self.channel.target().to_string()
    }

    /// What `${servers.NAME.address}` stands for: `host:port`.
    pub(super) fn address(&self) -> String {
        let target = self.target();
        target.split_once("://").map_or(target.clone(), |(_, address)| address.to_owned())
    }

    pub(super) fn log_position(&self) -> Option<LogPosition> {
        self.log.as_ref().map(|log| log.position())
    }

    pub(super) fn log_since(&self, position: LogPosition) -> Option<ServerLog> {
        Some(ServerLog::new(&self.name, self.log.as_ref()?.since(position)))
    }

    /// Waits a moment for what a server wrote last, after a connection to it was lost: it may have ended. Not for one
    /// that we have not started, whose log is not ours.
    pub(super) async fn log_drained(&self) {
        if let Some(log) = &self.log {
            log.drained(LAST_WORDS_WITHIN).await;
        }
    }

    /// As [`Self::exited`], of a server that is not there any more: that its program has ended is known a moment later
    /// than that nobody listens.
    pub(super) async fn ending(&self) -> Option<String> {
        let is_started = self.started.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let mut looks = if is_started { ENDING_LOOKS } else { 0 };
        loop {
            let exit = self.exited();
            if exit.is_some() || looks == 0 {
                return exit;
            }
            looks -= 1;
            tokio::time::sleep(ENDING_WITHIN / ENDING_LOOKS).await;
        }
    }

    /// How a started server ended by itself, if it has.
    pub(super) fn exited(&self) -> Option<String> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.exited()
    }

    pub(super) fn warning(&self) -> Option<Diagnostic> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.warning().cloned()
    }

    pub(super) async fn stop(&self) {
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(started) = started {
            started.stop().await;
        }
    }
}

impl StartFailure {
    fn new(spec: &ServerSpec, error: StartError) -> Self {
        let server = spec.name.value.clone();
        let log = ServerLog::new(&server, error.log);
        Self { server, diagnostics: error.diagnostics, log: Some(log) }
    }

    /// Planning lets no such name through.
    pub(super) fn unknown(name: &str) -> Self {
        let unknown = Diagnostic::error(format!("unknown server `{name}`")).hint("declare it under `servers:`");
        Self { server: name.to_owned(), diagnostics: [unknown].into_iter().collect(), log: None }
    }
}

impl ServerLog {
    fn new(server: &str, tail: LogTail) -> Self {
        Self { server: server.to_owned(), text: tail.text, dropped: tail.dropped }
    }
}
