//! What is run once before servers start: each distinct build of a run once, whoever needs it. Main type: [`Builds`].

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::log::LogTail;
use super::process::{Exit, GRACE, Launch, Process};

/// Lines shown of a build that failed.
const SHOWN_LINES: usize = 60;

/// The builds of a run.
#[derive(Debug, Default)]
pub(crate) struct Builds(Mutex<HashMap<Launch, Arc<OnceCell<Built>>>>);

type Built = Result<(), Arc<BuildFailure>>;

/// Why a build came to nothing, and the last of its output.
#[derive(Debug)]
pub(super) struct BuildFailure {
    pub(super) reason: BuildReason,
    pub(super) log: LogTail,
}

#[derive(Debug)]
pub(super) enum BuildReason {
    NotStarted(io::Error),
    Ended(Exit),
    TookLonger,
}

impl Builds {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Runs `launch`, unless it was run before; who comes while it runs waits for the same end. If the one that runs it
    /// is dropped, it is ended, and the next runs it anew.
    pub(super) async fn run(&self, launch: &Launch, within: Duration) -> Built {
        let cell = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(launch.clone()).or_default());
        cell.get_or_init(|| build(launch, within)).await.clone()
    }
}

async fn build(launch: &Launch, within: Duration) -> Built {
    let failure = |reason, log| Err(Arc::new(BuildFailure { reason, log }));
    let mut process = match Process::spawn(launch) {
        Ok(process) => process,
        Err(error) => return failure(BuildReason::NotStarted(error), LogTail::default()),
    };
    let ended = timeout(within, process.exited()).await;
    let log = process.log().tail(SHOWN_LINES);
    process.stop(GRACE).await;
    match ended {
        Ok(exit) if exit.success() => Ok(()),
        Ok(exit) => failure(BuildReason::Ended(exit), log),
        Err(_) => failure(BuildReason::TookLonger, log),
    }
}
