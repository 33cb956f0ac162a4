//! Where the steps of a case, a `setup` or a `teardown` are made, one after the other: what was captured and what came
//! of the steps before is there for those after. Main type: [`Stage`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call::{CallEnd, Made, Surroundings};
use super::catch::catch;
use super::kept::Kept;
use super::lasting::{Last, make_lasting, sleep};
use super::leases::{Leases, LogMarks};
use super::result::{CaseError, Failure, Outcome, Part, StepReport};
use super::{Exchange, Interrupt};
use crate::diagnostic::Diagnostic;
use crate::expr::{Scope, Value};
use crate::matcher::Named;
use crate::plan::{PlannedStep, StepAction};
use crate::spec::Config;

/// How long a teardown may take once the run is interrupted, all its steps together. Else its steps have the limits that
/// steps have everywhere.
pub(super) const TEARDOWN_WITHIN: Duration = Duration::from_secs(10);

/// What steps are made in.
pub(super) struct Stage {
    config: Arc<Config>,
    leases: Leases,
    marks: LogMarks,
    /// What the next step sees.
    scope: Arc<Scope>,
    /// What came of the steps that have an id.
    ids: Named<Value>,
    /// In the order captured; a name may come again.
    captured: Vec<(Arc<str>, Value)>,
    /// What has been made, and how long it took.
    made: Vec<(String, Duration)>,
}

/// Why a step is not made to its end.
enum StepEnd {
    Call(CallEnd),
    Bug(String),
}

/// When steps must end early.
#[derive(Clone, Copy)]
struct Bounds<'a> {
    interrupt: &'a Interrupt,
    until: Option<Instant>,
}

impl Stage {
    pub(super) fn new(config: &Arc<Config>, leases: Leases, scope: Arc<Scope>) -> Self {
        let marks = leases.log_marks();
        let config = Arc::clone(config);
        Self { config, leases, marks, scope, ids: Named::new(), captured: Vec::new(), made: Vec::new() }
    }

    /// What has been captured on it is there too.
    pub(super) fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// Makes the steps up to the first that does not pass; what is known once the last call is over.
    pub(super) async fn make(
        &mut self,
        part: Part,
        steps: &[PlannedStep],
        interrupt: &Interrupt,
    ) -> Result<Arc<Scope>, Outcome> {
        let mut scope = Arc::clone(&self.scope);
        for (at, step) in steps.iter().enumerate() {
            let bounds = Bounds { interrupt, until: None };
            scope = self.step(part, (at, steps.len()), step, bounds).await?.unwrap_or(scope);
        }
        Ok(scope)
    }

    /// Makes all steps that can be made, whatever came of the others, and of the interrupt that may have ended those
    /// before; returns those that did not pass.
    pub(super) async fn tear_down(&mut self, steps: &[PlannedStep], interrupt: &Interrupt) -> Vec<Outcome> {
        let mut failed = Vec::new();
        let never = Interrupt::new();
        let mut hurried = None;
        self.made.clear();
        for (at, step) in steps.iter().enumerate() {
            if !step.needs.iter().all(|name| self.has(name)) {
                continue;
            }
            let until = interrupt.is_raised().then(|| *hurried.get_or_insert_with(|| Instant::now() + TEARDOWN_WITHIN));
            let bounds = Bounds { interrupt: &never, until };
            failed.extend(self.step(Part::Teardown, (at, steps.len()), step, bounds).await.err());
        }
        failed
    }

    /// Whether a variable was captured, or a step of that id was made.
    fn has(&self, name: &str) -> bool {
        self.ids.contains_key(name) || self.captured.iter().any(|(captured, _)| **captured == *name)
    }

    async fn step(
        &mut self,
        part: Part,
        (at, of): (usize, usize),
        step: &PlannedStep,
        bounds: Bounds<'_>,
    ) -> Result<Option<Arc<Scope>>, Outcome> {
        let started = Instant::now();
        let kept = Kept::default();
        let (end, attempts) = match catch(self.act(step, bounds, &kept)).await {
            Ok(Last { end: CallEnd::Passed(made), .. }) => {
                let scope = self.keep(step, *made);
                self.made.push((step.name.clone(), started.elapsed()));
                return Ok(step.call().map(|_| scope));
            }
            Ok(Last { end, attempts }) => (StepEnd::Call(end), attempts),
            Err(panic) => (StepEnd::Bug(panic), None),
        };
        let report = StepReport {
            part,
            number: at + 1,
            of,
            name: step.name.clone(),
            before: self.made.clone(),
            captured: self.captured.clone(),
            attempts,
        };
        self.keep_of_what_failed(step, &end, kept);
        Err(self.outcome(end, step, report))
    }

    async fn act(&self, step: &PlannedStep, bounds: Bounds<'_>, kept: &Kept) -> Last {
        if bounds.until.is_some_and(|until| Instant::now() >= until) {
            let headline = format!("the teardown of an interrupted run has taken longer than {TEARDOWN_WITHIN:?}");
            let late = Diagnostic::error(headline).at(step.span, "this step was not made");
            return Last { end: CallEnd::Invalid([late].into_iter().collect()), attempts: None };
        }
        match &step.action {
            StepAction::Sleep(duration) => {
                let slept = Made { scope: Arc::clone(&self.scope), captured: Named::new(), values: Named::new() };
                let whole = sleep(*duration, bounds.interrupt, bounds.until).await;
                let end = if whole { CallEnd::Passed(Box::new(slept)) } else { CallEnd::Interrupted };
                Last { end, attempts: None }
            }
            StepAction::Call(call) => {
                let Bounds { interrupt, until } = bounds;
                let Self { config, leases, scope, .. } = self;
                make_lasting(call, Surroundings { config, leases, scope, kept, interrupt, until }).await
            }
        }
    }

    /// Keeps what a step that passed leaves.
    fn keep(&mut self, step: &PlannedStep, made: Made) -> Arc<Scope> {
        let Made { scope, captured, values } = made;
        self.keep_values(step, values);
        self.keep_captured(captured);
        scope
    }

    /// Keeps what a step leaves though it did not pass: the teardown is what sees it.
    fn keep_of_what_failed(&mut self, step: &PlannedStep, end: &StepEnd, kept: Kept) {
        if let StepEnd::Call(CallEnd::Failed { values: Some(values), .. }) = end {
            self.keep_values(step, values.clone());
        }
        self.keep_captured(kept.into_captured());
    }

    fn keep_values(&mut self, step: &PlannedStep, values: Named<Value>) {
        if let Some(id) = &step.id {
            self.ids.insert(Arc::clone(id), Value::Record(Arc::new(values)));
            let steps = Value::Record(Arc::new(self.ids.clone()));
            self.scope = self.scope.child(Named::from([("steps".into(), steps)]));
        }
    }

    fn keep_captured(&mut self, captured: Named<Value>) {
        if !captured.is_empty() {
            self.captured.extend(captured.iter().map(|(name, value)| (Arc::clone(name), value.clone())));
            self.scope = self.scope.child(captured);
        }
    }

    fn outcome(&self, end: StepEnd, planned: &PlannedStep, step: StepReport) -> Outcome {
        let error = match end {
            StepEnd::Bug(panic) => return Outcome::Bug(panic),
            StepEnd::Call(CallEnd::Interrupted | CallEnd::Passed(_)) => return Outcome::NotRun("interrupted"),
            StepEnd::Call(CallEnd::Failed { found, mut exchange, .. }) => {
                add_logs(&mut exchange, &self.leases, &self.marks);
                let failure = Failure { step: Some(step), exchange: Some(*exchange), ..Failure::of_case(found) };
                return Outcome::Failed(Box::new(failure));
            }
            StepEnd::Call(CallEnd::Unreachable(diagnostic)) => {
                let server = planned.call().map_or("", |call| &call.server);
                let log = self.leases.log_since(server, &self.marks);
                CaseError::Unreachable { diagnostic: *diagnostic, log }
            }
            StepEnd::Call(CallEnd::Invalid(diagnostics)) => CaseError::Invalid(diagnostics),
        };
        let is_all = step.of == 1 && step.part == Part::Steps && step.attempts.is_none();
        let error = if is_all { error } else { CaseError::Step { error: Box::new(error), step } };
        Outcome::Errored(Box::new(error))
    }
}

/// The log of each server that a failed call speaks of, once.
fn add_logs(exchange: &mut Exchange, leases: &Leases, marks: &LogMarks) {
    exchange.log = leases.log_since(&exchange.server, marks);
    if let Some(nested) = &mut exchange.nested {
        add_logs(nested, leases, marks);
        if nested.server == exchange.server {
            nested.log = None;
        }
    }
}
