//! One case to its verdict: as often as it says, and again after a failure if it says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::catch::catch;
use super::leases::Leases;
use super::locks::Held;
use super::panic_message;
use super::result::{CaseError, CaseResult, Failure, Outcome, Part};
use super::schedule::Job;
use super::session::{Session, Tenant};
use super::stage::Stage;
use crate::diagnostic::Diagnostic;
use crate::expr::{Scope, derive_seed};
use crate::matcher::{Mismatch, Sample};
use crate::plan::PlannedCase;
use crate::spec::Retry;

/// Takes one case to its verdict: leases its servers, makes its steps as often as it says, judges them, and undoes what
/// is to be undone, whatever happened.
pub(crate) async fn run_case(session: Arc<Session>, job: Job) -> CaseResult {
    let subject = session.subject(&job);
    let (end, held) = match Box::pin(catch(admitted(&session, &job))).await {
        Ok(end) => end,
        Err(panic) => (Outcome::Bug(panic).into(), None),
    };
    session.case_ended(&job).await;
    drop(held);
    let CaseEnd { outcome, retried, teardown, elapsed } = end;
    CaseResult { subject, outcome, elapsed, retried, teardown }
}

/// What came of a case.
struct CaseEnd {
    outcome: Outcome,
    retried: Vec<Outcome>,
    teardown: Vec<Outcome>,
    elapsed: Duration,
}

impl From<Outcome> for CaseEnd {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, retried: Vec::new(), teardown: Vec::new(), elapsed: Duration::ZERO }
    }
}

/// Runs the case once it may, and returns the locks that it holds.
async fn admitted(session: &Arc<Session>, job: &Job) -> (CaseEnd, Option<Held>) {
    let admission = tokio::select! {
        biased;
        () = session.interrupt().raised() => Err(Outcome::NotRun("interrupted")),
        admission = session.admit(job) => {
            admission.map_err(invalid)
        }
    };
    match admission {
        Ok(held) => (run(session, job).await, Some(held)),
        Err(outcome) => (outcome.into(), None),
    }
}

async fn run(session: &Arc<Session>, job: &Job) -> CaseEnd {
    let ready = match make_ready(session, job).await {
        // not under the interrupt: it ends the steps around cases by itself
        Ok((leases, planned)) => match session.surroundings(job).await {
            Ok(scope) => Ok(Ready { session: Arc::clone(session), job: job.clone(), planned, leases, scope }),
            Err(blocked) => Err(blocked.into_outcome()),
        },
        Err(outcome) => Err(outcome),
    };
    // a case's time is its own, not that of what it waited for
    let started = Instant::now();
    match ready {
        Ok(ready) => {
            let mut end = ready.run().await;
            end.elapsed = started.elapsed();
            end
        }
        Err(outcome) => outcome.into(),
    }
}

/// The servers of a case, and its plan, for which they may have to be asked.
pub(super) async fn make_ready(session: &Session, job: &Job) -> Result<(Leases, Arc<PlannedCase>), Outcome> {
    let ready = async {
        let leases = session.lease(job.into(), job.case.servers()).await.map_err(CaseError::NotStarted);
        let leases = leases.map_err(|error| Outcome::Errored(Box::new(error)))?;
        let planned = session.plan(job, &leases).await;
        Ok((leases, planned.map_err(super::level::Blocked::into_outcome)?))
    };
    tokio::select! {
        biased;
        () = session.interrupt().raised() => Err(Outcome::NotRun("interrupted")),
        ready = ready => ready,
    }
}

fn invalid(problem: Diagnostic) -> Outcome {
    Outcome::Errored(Box::new(CaseError::Invalid([problem].into_iter().collect())))
}

/// A case with all that it needs.
#[derive(Clone)]
struct Ready {
    session: Arc<Session>,
    job: Job,
    planned: Arc<PlannedCase>,
    leases: Leases,
    /// What surrounds it.
    scope: Arc<Scope>,
}

/// What came of the steps of a case, made once.
struct Attempt {
    made: Result<Option<Sample>, Outcome>,
    /// Steps of its teardown that failed, where its own did not pass either.
    teardown: Vec<Outcome>,
}

impl Ready {
    async fn run(mut self) -> CaseEnd {
        let case = Arc::clone(&self.planned.case);
        let mut end = CaseEnd::from(Outcome::Passed);
        if let Some(retry) = case.retry {
            self.retry(retry, &mut end).await;
        } else if case.repeat.is_some() {
            (end.outcome, end.teardown) = self.repeat().await;
        } else {
            let attempt = self.attempt(1, None).await;
            end.teardown = attempt.teardown;
            end.outcome = attempt.made.err().unwrap_or(Outcome::Passed);
        }
        if let Some(reason) = &case.xfail {
            end.outcome = match end.outcome {
                Outcome::Passed | Outcome::Flaky { .. } => passed_unexpectedly(&self.planned, reason),
                Outcome::Failed(_) if !end.teardown.is_empty() => {
                    Outcome::Errored(Box::new(CaseError::Teardown(std::mem::take(&mut end.teardown))))
                }
                Outcome::Failed(_) => Outcome::ExpectedFailure(reason.clone()),
                other => other,
            };
        }
        end
    }

    /// Makes the steps once more after a failure. Not after a teardown that failed: nobody knows what it left.
    async fn retry(&mut self, Retry { attempts, every }: Retry, end: &mut CaseEnd) {
        for attempt in 1..=attempts {
            let Attempt { made, teardown } = self.attempt(u64::from(attempt), None).await;
            match made {
                Ok(_) if attempt == 1 => return,
                Ok(_) => {
                    let late = Outcome::Flaky { attempt, attempts };
                    end.retried.push(std::mem::replace(&mut end.outcome, late));
                    return;
                }
                Err(outcome) => {
                    let again = matches!(outcome, Outcome::Failed(_)) && teardown.is_empty() && attempt < attempts;
                    let before = std::mem::replace(&mut end.outcome, outcome);
                    if attempt > 1 {
                        end.retried.push(before);
                    }
                    end.teardown = teardown;
                    if !again {
                        return;
                    }
                }
            }
            if let Err(outcome) = self.renew(every).await {
                end.retried.push(std::mem::replace(&mut end.outcome, outcome));
                return;
            }
        }
    }

    /// Waits, and has the servers that live for one attempt started again.
    async fn renew(&mut self, every: Duration) -> Result<(), Outcome> {
        let session = &self.session;
        session.attempt_ended(&self.job).await;
        let again = async {
            tokio::time::sleep(every).await;
            let leases = session.lease(Tenant::from(&self.job), self.planned.case.servers()).await;
            leases.map_err(|failure| Outcome::Errored(Box::new(CaseError::NotStarted(failure))))
        };
        self.leases = tokio::select! {
            biased;
            () = session.interrupt().raised() => return Err(Outcome::NotRun("interrupted")),
            leases = again => leases?,
        };
        Ok(())
    }

    /// Makes the steps as often as it says. The first time that they do not pass ends it.
    async fn repeat(&self) -> (Outcome, Vec<Outcome>) {
        let Some(repeat) = self.planned.case.repeat else { return (Outcome::Passed, Vec::new()) };
        let mut samples = Vec::new();
        let mut next = 1..=repeat.times;
        let mut running = tokio::task::JoinSet::new();
        let mut ended: Option<(Outcome, Vec<Outcome>)> = None;
        loop {
            while ended.is_none() && running.len() < repeat.parallel as usize {
                let Some(at) = next.next() else { break };
                let ready = self.clone();
                running.spawn(async move { ready.attempt(u64::from(at), Some((at, repeat.times))).await });
            }
            match running.join_next().await {
                None => break,
                Some(Ok(Attempt { made: Ok(sample), .. })) => samples.extend(sample),
                Some(Ok(Attempt { made: Err(outcome), teardown })) => ended = ended.or(Some((outcome, teardown))),
                Some(Err(panic)) => ended = ended.or(Some((Outcome::Bug(panic_message(panic)), Vec::new()))),
            }
        }
        ended.unwrap_or_else(|| (self.judge_across(&samples), Vec::new()))
    }

    /// Makes the steps once, and its teardown whatever came of them.
    async fn attempt(&self, number: u64, repeat: Option<(u32, u32)>) -> Attempt {
        let Self { session, planned, leases, .. } = self;
        if session.interrupt().is_raised() {
            return Attempt { made: Err(Outcome::NotRun("interrupted")), teardown: Vec::new() };
        }
        let mut stage = Stage::new(&planned.config, leases.clone(), self.own_scope(number));
        let made = stage.make(Part::Steps, &planned.steps, session.interrupt()).await;
        let mut made = made.map(|scope| planned.across.as_ref().map(|across| across.sample(&scope)));
        let mut teardown = stage.tear_down(&planned.teardown, session.interrupt()).await;
        if let Err(Outcome::Failed(failure)) = &mut made {
            failure.description.clone_from(&planned.case.description);
            failure.repeat = repeat;
            failure.seed = session.seed_to_tell(&self.job);
        }
        if !teardown.is_empty() && matches!(made, Ok(_) | Err(Outcome::NotRun(_))) {
            made = Err(Outcome::Errored(Box::new(CaseError::Teardown(std::mem::take(&mut teardown)))));
        }
        Attempt { made, teardown }
    }

    /// What it sees: what surrounds it, and its variables, computed anew for each attempt.
    fn own_scope(&self, number: u64) -> Arc<Scope> {
        let seed = derive_seed(self.session.seed(), &format!("{}#{number}", self.planned.case.id));
        let scope = self.scope.with_random(seed);
        self.planned.levels.iter().fold(scope, |scope, values| scope.child(values.clone()))
    }

    fn judge_across(&self, samples: &[Sample]) -> Outcome {
        let Some(across) = &self.planned.across else { return Outcome::Passed };
        let mismatches = across.check(samples, &self.own_scope(0));
        if mismatches.is_empty() {
            return Outcome::Passed;
        }
        let mismatches = mismatches.iter().map(Mismatch::to_diagnostic).collect();
        let description = self.planned.case.description.clone();
        let seed = self.session.seed_to_tell(&self.job);
        Outcome::Failed(Box::new(Failure { description, seed, ..Failure::of_case(mismatches) }))
    }
}

fn passed_unexpectedly(planned: &PlannedCase, reason: &str) -> Outcome {
    let passed = Diagnostic::error("the case passes, though `xfail` says that it must fail")
        .at(planned.case.span, "this passes")
        .note(format!("`xfail` says: {reason}"))
        .hint("remove `xfail`: what it waited for has come");
    let description = planned.case.description.clone();
    Outcome::Failed(Box::new(Failure { description, ..Failure::of_case(vec![passed]) }))
}
