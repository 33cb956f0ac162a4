//! The run's own scheduler: so many cases at a time, in the order listed, results as they come.

use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use super::{CaseResult, Event, Outcome, Session, Summary, panic_message, run_case};
use crate::plan::PlannedCase;

/// What to run, and how much of it at a time.
pub(crate) struct Schedule {
    pub(crate) jobs: usize,
    /// Start nothing after the first result that is not green.
    pub(crate) fail_fast: bool,
    pub(crate) cases: Vec<Job>,
    pub(crate) filtered_out: usize,
}

/// A case to run.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// The index of its suite in the session.
    pub(crate) suite: usize,
    pub(crate) case: Arc<PlannedCase>,
}

impl Schedule {
    /// Runs everything, tells `report` of it as it happens, and stops what the session started.
    pub(crate) async fn run(self, session: Arc<Session>, mut report: impl FnMut(Event)) -> Summary {
        let started = Instant::now();
        let mut summary = Summary::default();
        session.expect_cases(&self.cases);
        report(Event::RunStarted { cases: self.cases.len(), filtered_out: self.filtered_out });
        let mut finish = |result: CaseResult, summary: &mut Summary| {
            summary.add(&result.outcome);
            report(Event::CaseFinished(Arc::new(result)));
        };
        let mut waiting = self.cases.into_iter();
        let mut running = JoinSet::new();
        let mut subjects = std::collections::HashMap::new();
        let mut stopped: Option<&'static str> = None;
        loop {
            if stopped.is_none() && session.interrupt().is_raised() {
                stopped = Some("interrupted");
            }
            while running.len() < self.jobs && stopped.is_none() {
                let Some(job) = waiting.next() else { break };
                let subject = session.subject(&job.case);
                if let Some(reason) = &job.case.case.skip {
                    session.case_ended(job.suite, &job.case).await;
                    finish(not_run(subject, Outcome::Skipped(reason.clone())), &mut summary);
                    continue;
                }
                let task = running.spawn(run_case(Arc::clone(&session), job));
                subjects.insert(task.id(), subject);
            }
            let result = match running.join_next_with_id().await {
                None => break,
                Some(Ok((id, result))) => {
                    subjects.remove(&id);
                    result
                }
                Some(Err(panic)) => {
                    let Some(subject) = subjects.remove(&panic.id()) else { continue };
                    not_run(subject, Outcome::Bug(panic_message(panic)))
                }
            };
            if self.fail_fast && !result.outcome.is_green() {
                stopped = stopped.or(Some("a case before it did not pass"));
            }
            finish(result, &mut summary);
        }
        for Job { case, .. } in waiting {
            let outcome = Outcome::NotRun(stopped.unwrap_or("interrupted"));
            finish(not_run(session.subject(&case), outcome), &mut summary);
        }
        session.finish().await;
        for warning in session.warnings() {
            report(Event::Warned(warning));
        }
        summary.elapsed = started.elapsed();
        report(Event::RunFinished(summary));
        summary
    }
}

/// A result without a run.
pub(crate) fn not_run(subject: super::Subject, outcome: Outcome) -> CaseResult {
    CaseResult { subject, outcome, elapsed: std::time::Duration::ZERO }
}

/// Concurrency is for waiting, not for cores: four cases a core, at least eight.
pub(crate) fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(8, |cores| (4 * cores.get()).max(8))
}
