//! What came of a case. Failure, error and bug are different things, here and in every report.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use prost_reflect::{DynamicMessage, MethodDescriptor};

use super::{StartFailure, Timeline};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::grpc::{CallOutcome, ConnectError, Metadata};
use crate::spec::{Case, CaseFile, LoadFailure, Tls};

/// The end of one case, or of a file that could not be loaded.
#[derive(Debug)]
pub(crate) struct CaseResult {
    pub(crate) subject: Subject,
    pub(crate) outcome: Outcome,
    pub(crate) elapsed: Duration,
}

/// What a result speaks of. Ordered as things stand in the files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    /// The file as the user would name it.
    pub(crate) path: PathBuf,
    /// From 1.
    pub(crate) line: usize,
    /// The id of its file: a path below the suite's folder.
    pub(crate) file: String,
    /// The case's id, or the path of a file that could not be loaded.
    pub(crate) id: String,
}

impl Subject {
    pub(crate) fn of_case(file: &CaseFile, case: &Case, sources: &Sources) -> Self {
        let line = sources.get(case.span.file).line_column(case.span.start as usize).0;
        Self { id: case.id.to_string(), file: file.id.clone(), path: file.path.clone(), line }
    }

    /// What is wrong with the run, and not with one of its cases or files. It stands where the first of it does.
    pub(crate) fn of_run(first: &Diagnostic, sources: &Sources) -> Self {
        let name = "grpc-spec".to_owned();
        let (path, line) = match &first.primary {
            Some(place) => {
                let file = sources.get(place.span.file);
                (file.path().to_owned(), file.line_column(place.span.start as usize).0)
            }
            None => (PathBuf::from(&name), 1),
        };
        Self { id: name.clone(), file: name, path, line }
    }

    pub(crate) fn of_failure(failure: &LoadFailure) -> Self {
        Self { id: failure.id.clone(), file: failure.id.clone(), path: failure.path.clone(), line: 1 }
    }
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// An expectation was not met.
    Failed(Box<Failure>),
    /// It could not run, or not to its end.
    Errored(Box<CaseError>),
    /// A panic of ours.
    Bug(String),
    /// `skip:`, with its reason.
    Skipped(String),
    /// Not run: the run ended before.
    NotRun(&'static str),
}

impl Outcome {
    /// Whether a run with it can be green.
    pub(crate) fn is_green(&self) -> bool {
        matches!(self, Self::Passed | Self::Skipped(_))
    }
}

/// Expectations that were not met.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) mismatches: Vec<Diagnostic>,
    /// What the case says of itself.
    pub(crate) description: Option<String>,
    /// Which of how many repeats failed, from 1.
    pub(crate) repeat: Option<(u32, u32)>,
    /// The call that failed; none where all repeats together did.
    pub(crate) exchange: Option<Exchange>,
}

/// Why a case could not run.
#[derive(Debug)]
pub(crate) enum CaseError {
    /// What is written is wrong, or a value it needs is not there.
    Invalid(Diagnostics),
    /// A server it calls did not start.
    NotStarted(Arc<StartFailure>),
    /// A server it calls cannot be reached, or has ended.
    Unreachable { diagnostic: Diagnostic, log: Option<ServerLog> },
}

/// One call: what was sent and what came back.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) server: String,
    pub(crate) target: String,
    /// The `:authority` that was sent, where it is not the target's own.
    pub(crate) authority: Option<String>,
    pub(crate) tls: Option<Tls>,
    pub(crate) method: MethodDescriptor,
    pub(crate) metadata: Metadata,
    pub(crate) timeout: Duration,
    /// Where the protos were found: (import path, file below it).
    pub(crate) protos: Option<(PathBuf, String)>,
    pub(crate) requests: Vec<Arc<DynamicMessage>>,
    pub(crate) reply: Reply,
    /// Of a script.
    pub(crate) timeline: Option<Timeline>,
    /// The call within its script that failed.
    pub(crate) nested: Option<Box<Exchange>>,
    /// What the server wrote since the case began.
    pub(crate) log: Option<ServerLog>,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Reply {
    Outcome { outcome: Box<CallOutcome>, messages: Vec<DynamicMessage> },
    Unreachable(ConnectError),
}

/// Part of a started server's output.
#[derive(Debug, Clone)]
pub(crate) struct ServerLog {
    pub(crate) server: String,
    pub(crate) text: String,
    /// How many lines before it are no longer kept.
    pub(crate) dropped: u64,
}

/// A run in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) errored: usize,
    pub(crate) bugs: usize,
    pub(crate) skipped: usize,
    pub(crate) not_run: usize,
    /// Of the errors, those of a server that was not there.
    pub(crate) unreachable: usize,
    /// Of the errors, those of what is written.
    pub(crate) invalid: usize,
    pub(crate) elapsed: Duration,
}

impl Summary {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Errored(error) => {
                self.errored += 1;
                match **error {
                    CaseError::Invalid(_) => self.invalid += 1,
                    CaseError::NotStarted(_) | CaseError::Unreachable { .. } => self.unreachable += 1,
                }
            }
            Outcome::Bug(_) => self.bugs += 1,
            Outcome::Skipped(_) => self.skipped += 1,
            Outcome::NotRun(_) => self.not_run += 1,
        }
    }

    pub(crate) fn is_green(&self) -> bool {
        self.failed + self.errored + self.bugs == 0
    }
}
