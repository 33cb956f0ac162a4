//! Running what was planned: a [`Session`] owns servers and connections, [`run_case`] takes one case to its verdict,
//! [`schedule`] runs many. The harness and the command line drive the same pieces.

mod call;
mod event;
mod interrupt;
mod online;
mod prepare;
mod reflect;
mod result;
mod running;
mod runtime;
mod schedule;
mod script;
mod session;
mod shortfall;
mod timeline;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use event::Event;
pub(crate) use interrupt::Interrupt;
pub(crate) use online::plan_online;
pub(crate) use prepare::Prepared;
pub(crate) use result::{CaseError, CaseResult, Exchange, Failure, Outcome, Reply, ServerLog, Subject, Summary};
pub(crate) use running::StartFailure;
pub(crate) use runtime::case_runtime;
pub(crate) use schedule::{Job, Schedule, default_jobs, not_run};
pub(crate) use session::{InProcessServers, Progress, Session, SuiteRun};
pub(crate) use timeline::{Fate, Happening, Moment, Timeline};

use crate::matcher::Sample;
use crate::plan::PlannedCase;
use call::{CallEnd, Surroundings, make_call};
use session::{Leases, LogMarks};

/// Takes one case to its verdict: leases its servers, makes its calls as often as it says, judges them.
pub(crate) async fn run_case(session: Arc<Session>, job: Job) -> CaseResult {
    let subject = session.subject(&job);
    let ready = tokio::select! {
        biased;
        () = session.interrupt().raised() => Err(Outcome::NotRun("interrupted")),
        ready = make_ready(&session, &job) => ready.map_err(|error| Outcome::Errored(Box::new(error))),
    };
    // a case's time is its own, not that of the servers it waited for
    let started = Instant::now();
    let outcome = match ready {
        Ok((leases, case)) => repeat_case(&session, &case, &leases).await,
        Err(outcome) => outcome,
    };
    session.case_ended(&job).await;
    CaseResult { subject, outcome, elapsed: started.elapsed() }
}

/// The servers of a case, and its plan, for which they may have to be asked.
async fn make_ready(session: &Session, job: &Job) -> Result<(Leases, Arc<PlannedCase>), CaseError> {
    let leases = session.lease(job).await.map_err(CaseError::NotStarted)?;
    let planned = session.plan(job, &leases).await?;
    Ok((leases, planned))
}

/// Runs the case as often as it says. The first repeat that does not pass ends it.
async fn repeat_case(session: &Arc<Session>, case: &Arc<PlannedCase>, leases: &Leases) -> Outcome {
    let Some(repeat) = case.case.repeat else {
        return match run_once(session, case, leases, None).await {
            Ok(_) => Outcome::Passed,
            Err(outcome) => outcome,
        };
    };
    let mut samples = Vec::new();
    let mut next = 1..=repeat.times;
    let mut running = tokio::task::JoinSet::new();
    let mut ended: Option<Outcome> = None;
    loop {
        while ended.is_none() && running.len() < repeat.parallel as usize {
            let Some(at) = next.next() else { break };
            let (session, case, leases) = (Arc::clone(session), Arc::clone(case), leases.clone());
            running.spawn(async move { run_once(&session, &case, &leases, Some((at, repeat.times))).await });
        }
        match running.join_next().await {
            None => break,
            Some(Ok(Ok(sample))) => samples.extend(sample),
            Some(Ok(Err(outcome))) => ended = ended.or(Some(outcome)),
            Some(Err(panic)) => ended = ended.or(Some(Outcome::Bug(panic_message(panic)))),
        }
    }
    ended.unwrap_or_else(|| judge_across(case, &samples))
}

/// One run of a case's steps: what the last one brought for the figures over all, or why the case ends here.
async fn run_once(
    session: &Arc<Session>,
    case: &PlannedCase,
    leases: &Leases,
    repeat: Option<(u32, u32)>,
) -> Result<Option<Sample>, Outcome> {
    let marks = leases.log_marks();
    let mut last = Arc::clone(&case.scope);
    for step in &case.steps {
        let surroundings = Surroundings { case, leases, interrupt: session.interrupt() };
        match make_call(step, surroundings).await {
            CallEnd::Passed(scope) => last = scope,
            CallEnd::Failed { found, mut exchange } => {
                add_logs(&mut exchange, leases, &marks);
                let description = case.case.description.clone();
                return Err(Outcome::Failed(Box::new(Failure {
                    mismatches: found,
                    description,
                    repeat,
                    exchange: Some(*exchange),
                })));
            }
            CallEnd::Unreachable(diagnostic) => {
                let log = leases.log_since(&step.server, &marks);
                return Err(Outcome::Errored(Box::new(CaseError::Unreachable { diagnostic: *diagnostic, log })));
            }
            CallEnd::Invalid(diagnostics) => {
                return Err(Outcome::Errored(Box::new(CaseError::Invalid(diagnostics))));
            }
            CallEnd::Interrupted => return Err(Outcome::NotRun("interrupted")),
        }
    }
    Ok(case.across.as_ref().map(|across| across.sample(&last)))
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

fn judge_across(case: &PlannedCase, samples: &[Sample]) -> Outcome {
    let Some(across) = &case.across else { return Outcome::Passed };
    let mismatches = across.check(samples, &case.scope);
    if mismatches.is_empty() {
        return Outcome::Passed;
    }
    let mismatches = mismatches.iter().map(crate::matcher::Mismatch::to_diagnostic).collect();
    let description = case.case.description.clone();
    Outcome::Failed(Box::new(Failure { mismatches, description, repeat: None, exchange: None }))
}

/// What a panicked task said.
pub(crate) fn panic_message(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(payload) => {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
        }
        Err(_) => "the task was cancelled".to_owned(),
    }
}

/// How long what a run started may take to stop.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(10);
