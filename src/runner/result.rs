//! What came of a case. Failure, error and bug are different things, here and in every report.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use prost_reflect::{DynamicMessage, MethodDescriptor};

use super::{StartFailure, Timeline, Unreflected};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use crate::expr::Value;
use crate::grpc::{CallOutcome, ConnectError, Metadata};
use crate::spec::{Case, CaseFile, LoadFailure, Tls};

/// The end of one case, of a teardown that failed, or of a file that could not be loaded.
#[derive(Debug)]
pub(crate) struct CaseResult {
    pub(crate) subject: Subject,
    pub(crate) outcome: Outcome,
    pub(crate) elapsed: Duration,
    /// What came of the attempts before the last, with `retry`.
    pub(crate) retried: Vec<Outcome>,
    /// Steps of its teardown that failed, beside a case that did not pass either.
    pub(crate) teardown: Vec<Outcome>,
}

/// What a result speaks of. Ordered as things stand in the files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    /// The file as the user would name it.
    pub(crate) path: PathBuf,
    /// Whether it comes after all cases of its file.
    pub(crate) is_teardown: bool,
    /// From 1.
    pub(crate) line: usize,
    /// The id of its file: a path below the suite's folder.
    pub(crate) file: String,
    /// The case's id, or the path of a file that could not be loaded.
    pub(crate) id: String,
}

impl Subject {
    pub(crate) fn of_case(file: &CaseFile, case: &Case, sources: &Sources) -> Self {
        // a row written in the case, not one from a file of its own
        let row = case.row.as_ref().map(|row| row.span).filter(|row| row.file == case.span.file);
        let span = row.unwrap_or(case.span);
        let line = sources.get(span.file).line_column(span.start as usize).0;
        Self { id: case.id.to_string(), file: file.id.clone(), path: file.path.clone(), is_teardown: false, line }
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
        Self { id: name.clone(), file: name, path, is_teardown: false, line }
    }

    /// The steps after all cases of a file or a suite; `id` is that of the file.
    pub(crate) fn of_teardown(id: &str, path: &Path, first: Span, sources: &Sources) -> Self {
        let line = sources.get(first.file).line_column(first.start as usize).0;
        Self { id: format!("{id}::teardown"), file: id.to_owned(), path: path.to_owned(), is_teardown: true, line }
    }

    pub(crate) fn of_failure(failure: &LoadFailure) -> Self {
        Self {
            id: failure.id.clone(),
            file: failure.id.clone(),
            path: failure.path.clone(),
            is_teardown: false,
            line: 1,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// Passed, but not at first: at which of how many attempts.
    Flaky {
        attempt: u32,
        attempts: u32,
    },
    /// Failed, as `xfail:` says it must, with its reason.
    ExpectedFailure(String),
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
        matches!(self, Self::Passed | Self::Flaky { .. } | Self::ExpectedFailure(_) | Self::Skipped(_))
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
    /// Which of its steps failed; none where all repeats together did.
    pub(crate) step: Option<StepReport>,
    /// What its random values were drawn by, if it has any.
    pub(crate) seed: Option<u64>,
    /// The call that failed; none where all repeats together did.
    pub(crate) exchange: Option<Exchange>,
}

impl Failure {
    /// One that is about no call.
    pub(super) fn of_case(mismatches: Vec<Diagnostic>) -> Self {
        Self { mismatches, description: None, repeat: None, step: None, seed: None, exchange: None }
    }
}

/// Of a step that did not come to its end as it should: which it is, and what was before it.
#[derive(Debug)]
pub(crate) struct StepReport {
    pub(crate) part: Part,
    /// From 1.
    pub(crate) number: usize,
    /// How many steps there are.
    pub(crate) of: usize,
    /// What it is called, or what it does.
    pub(crate) name: String,
    /// The steps before it, and how long each took.
    pub(crate) before: Vec<(String, Duration)>,
    /// What was captured so far.
    pub(crate) captured: Vec<(Arc<str>, Value)>,
    /// With `eventually`: how often the call was made, in what time.
    pub(crate) attempts: Option<(u32, Duration)>,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Setup,
    Steps,
    Teardown,
}

/// The `setup` of a suite or file that did not pass. Every case that needs it shows it.
#[derive(Debug)]
pub(crate) struct SetupFailure {
    /// `users.yaml::setup`
    pub(crate) id: String,
    pub(crate) outcome: Outcome,
}

/// Why a case could not run.
#[derive(Debug)]
pub(crate) enum CaseError {
    /// What is written is wrong, or a value it needs is not there.
    Invalid(Diagnostics),
    /// A server it calls did not start.
    NotStarted(Arc<StartFailure>),
    /// A server it calls does not say what it serves.
    Unreflected(Arc<Unreflected>),
    /// A server it calls cannot be reached, or has ended.
    Unreachable { diagnostic: Diagnostic, log: Option<ServerLog> },
    /// One of several steps could not be made.
    Step { error: Box<CaseError>, step: StepReport },
    /// The `setup` of its file or suite did not pass.
    Setup(Arc<SetupFailure>),
    /// It passed, but steps of its teardown did not.
    Teardown(Vec<Outcome>),
}

/// What an error is, where that decides how a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Invalid,
    Unreachable,
    Other,
}

impl CaseError {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) => Kind::Invalid,
            Self::Unreflected(why) => match **why {
                Unreflected::Unreachable(_) => Kind::Unreachable,
                Unreflected::Invalid(_) => Kind::Invalid,
            },
            Self::NotStarted(_) | Self::Unreachable { .. } => Kind::Unreachable,
            Self::Step { error, .. } => error.kind(),
            Self::Setup(failure) => failure.outcome.kind(),
            Self::Teardown(outcomes) => {
                let unreachable = outcomes.iter().any(|outcome| outcome.kind() == Kind::Unreachable);
                if unreachable { Kind::Unreachable } else { Kind::Other }
            }
        }
    }
}

impl Outcome {
    fn kind(&self) -> Kind {
        match self {
            Self::Errored(error) => error.kind(),
            _ => Kind::Other,
        }
    }
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
    /// Where the protos were found.
    pub(crate) protos: ProtosFound,
    pub(crate) requests: Vec<Arc<DynamicMessage>>,
    pub(crate) reply: Reply,
    /// Those of the status that came, each in a pool that knows its type, where one does.
    pub(crate) details: Vec<DynamicMessage>,
    /// Of a script.
    pub(crate) timeline: Option<Timeline>,
    /// The call within its script that failed.
    pub(crate) nested: Option<Box<Exchange>>,
    /// What the server wrote since the case began.
    pub(crate) log: Option<ServerLog>,
}

/// Where the protos of a call were found.
#[derive(Debug)]
pub(crate) enum ProtosFound {
    /// A file below an import path.
    File { import_path: PathBuf, file: String },
    /// In one of these descriptor sets.
    DescriptorSets(Vec<PathBuf>),
    /// The server said what they are.
    Reflected,
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
    /// Of the passed, those that did not pass at first.
    pub(crate) flaky: usize,
    /// Those that failed as they must.
    pub(crate) expected_failures: usize,
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
            Outcome::Flaky { .. } => {
                self.passed += 1;
                self.flaky += 1;
            }
            Outcome::ExpectedFailure(_) => self.expected_failures += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Errored(error) => {
                self.errored += 1;
                match error.kind() {
                    Kind::Invalid => self.invalid += 1,
                    Kind::Unreachable => self.unreachable += 1,
                    Kind::Other => {}
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
