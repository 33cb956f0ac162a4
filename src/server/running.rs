//! A server that a run has started, whatever way. Main type: [`RunningServer`].

use std::sync::Arc;

use tokio::runtime::Handle;

use super::error::StartError;
use super::in_process::{InProcess, Serve};
use super::log::Log;
use super::started::{StartContext, Started};
use crate::diagnostic::Diagnostic;
use crate::grpc::Target;
use crate::spec::Start;

/// A server that runs, or did. To drop it ends it at once; [`Self::stop`] does so in good order.
#[derive(Debug)]
pub(crate) struct RunningServer(Kind);

#[derive(Debug)]
enum Kind {
    Program(Box<Started>),
    InProcess(InProcess),
}

impl RunningServer {
    /// Builds and starts a program, and waits until it is ready. To drop the future leaves nothing behind.
    pub(crate) async fn start(name: &str, start: &Start, context: StartContext<'_>) -> Result<Self, StartError> {
        Ok(Self(Kind::Program(Box::new(Started::start(name, start, context).await?))))
    }

    /// Serves a free port of 127.0.0.1 from this process, on `runtime`: not the one that makes the calls, whose timers a
    /// handler that blocks would stop.
    pub(crate) fn serve(name: &str, serve: &Serve, runtime: &Handle) -> Result<Self, StartError> {
        Ok(Self(Kind::InProcess(InProcess::start(name, serve, runtime)?)))
    }

    /// Where it listens.
    pub(crate) fn target(&self) -> &Target {
        match &self.0 {
            Kind::Program(server) => server.target(),
            Kind::InProcess(server) => server.target(),
        }
    }

    /// What it writes.
    pub(crate) fn log(&self) -> &Arc<Log> {
        match &self.0 {
            Kind::Program(server) => server.log(),
            Kind::InProcess(server) => server.log(),
        }
    }

    /// What the user should know though it was started.
    pub(crate) fn warning(&self) -> Option<&Diagnostic> {
        match &self.0 {
            Kind::Program(server) => server.warning(),
            Kind::InProcess(_) => None,
        }
    }

    /// How it ended by itself, if it has: `exit code 1`, `signal 9 (SIGKILL)`, `what serves it failed: …`.
    pub(crate) fn exited(&self) -> Option<String> {
        match &self.0 {
            Kind::Program(server) => server.exited(),
            Kind::InProcess(server) => server.exited(),
        }
    }

    /// Ends it, and returns when nothing of it is left.
    pub(crate) async fn stop(self) {
        match self.0 {
            Kind::Program(server) => server.stop().await,
            Kind::InProcess(server) => server.stop().await,
        }
    }
}
