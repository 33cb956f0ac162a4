//! A server that a run has started, whatever way. Main type: [`RunningServer`].

use std::sync::Arc;

use super::in_process::InProcess;
use super::log::Log;
use super::started::Started;
use crate::diagnostic::Diagnostic;

/// A server that runs, or did. To drop it ends it at once; [`Self::stop`] does so in good order.
#[derive(Debug)]
pub(crate) enum RunningServer {
    Program(Started),
    InProcess(InProcess),
}

impl RunningServer {
    /// Where it listens: `http://127.0.0.1:40123`.
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::Program(server) => server.address(),
            Self::InProcess(server) => server.address(),
        }
    }

    /// What it writes.
    pub(crate) fn log(&self) -> &Arc<Log> {
        match self {
            Self::Program(server) => server.log(),
            Self::InProcess(server) => server.log(),
        }
    }

    /// What the user should know though it was started.
    pub(crate) fn warning(&self) -> Option<&Diagnostic> {
        match self {
            Self::Program(server) => server.warning(),
            Self::InProcess(_) => None,
        }
    }

    /// How it ended by itself, if it has: `exit code 1`, `signal 9 (SIGKILL)`, `what serves it failed: …`.
    pub(crate) fn exited(&self) -> Option<String> {
        match self {
            Self::Program(server) => server.exited(),
            Self::InProcess(server) => server.exited(),
        }
    }

    /// Ends it, and returns when nothing of it is left.
    pub(crate) async fn stop(self) {
        match self {
            Self::Program(server) => server.stop().await,
            Self::InProcess(server) => server.stop().await,
        }
    }
}
