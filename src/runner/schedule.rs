//! The run's own scheduler: so many cases at a time, in the order listed, results as they come.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::{Id, JoinError, JoinSet};

use super::queue::Queue;
use super::{CaseResult, Event, Outcome, Session, Subject, Summary, panic_message, run_case};
use crate::diagnostic::Diagnostics;
use crate::plan::{Plan, PlannedCase, PlannedEntry, PlannedLevel};
use crate::spec::{Case, CaseFile};

/// What to run, and how much of it at a time.
pub(crate) struct Schedule {
    pub(crate) jobs: usize,
    /// Start nothing after the first result that is not green.
    pub(crate) fail_fast: bool,
    pub(crate) cases: Vec<Job>,
    pub(crate) filtered_out: usize,
    /// The seed of the order of `cases`, where that is random.
    pub(crate) shuffled: Option<u64>,
}

/// A case to run.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// The index of its suite in the session.
    pub(crate) suite: usize,
    pub(crate) file: Arc<CaseFile>,
    pub(crate) case: Arc<Case>,
    /// What surrounds the cases of its file; `None` if servers have to be asked for their protos first.
    pub(crate) around: Option<Arc<PlannedLevel>>,
    /// `None` if its servers have to be asked for their protos first.
    pub(crate) plan: Option<Arc<PlannedCase>>,
}

impl Job {
    /// A case that can run, or may; or else what is wrong with it.
    pub(crate) fn new(suite: usize, entry: &PlannedEntry) -> Result<Self, Diagnostics> {
        let plan = match &entry.plan {
            Plan::Ready(plan) => Some(Arc::clone(plan)),
            Plan::Waiting => None,
            Plan::Invalid(problems) => return Err(problems.clone()),
        };
        let PlannedEntry { file, case, around, .. } = entry;
        Ok(Self { suite, file: Arc::clone(file), case: Arc::clone(case), around: around.clone(), plan })
    }
}

impl Schedule {
    /// Runs everything, tells `report` of it as it happens, and stops what the session started. Events come in batches,
    /// as many as there are at the time.
    pub(crate) async fn run(self, session: Arc<Session>, mut report: impl FnMut(Vec<Event>)) -> Summary {
        let started = Instant::now();
        session.expect_cases(&self.cases);
        let (cases, filtered_out, shuffled) = (self.cases.len(), self.filtered_out, self.shuffled);
        report(vec![Event::RunStarted { cases, filtered_out, shuffled }]);
        let mut summary = Summary::default();
        let mut running = RunningCases::new(Arc::clone(&session));
        let mut queue = Queue::new(self.cases);
        let mut stopped: Option<&'static str> = None;
        loop {
            if stopped.is_none() && session.interrupt().is_raised() {
                stopped = Some("interrupted");
            }
            if stopped.is_none() {
                running.start(&mut queue, self.jobs).await;
            }
            let mut ended = running.next_ended(&mut queue).await;
            if ended.is_empty() {
                break;
            }
            ended.extend(session.teardowns());
            if self.fail_fast && ended.iter().any(|result| !result.outcome.is_green()) {
                stopped = stopped.or(Some("a case before it did not pass"));
            }
            report(ended.into_iter().map(|result| finished(result, &mut summary)).collect());
        }
        let reason = stopped.unwrap_or("interrupted");
        let left = queue.into_rest().map(|job| not_run(session.subject(&job), Outcome::NotRun(reason)));
        report(left.map(|result| finished(result, &mut summary)).collect());
        session.finish().await;
        let mut closing: Vec<Event> = session.warnings().into_iter().map(Event::Warned).collect();
        closing.extend(session.teardowns().into_iter().map(|result| finished(result, &mut summary)));
        summary.elapsed = started.elapsed();
        closing.push(Event::RunFinished(summary));
        report(closing);
        summary
    }
}

/// Cases that run at the same time.
struct RunningCases {
    session: Arc<Session>,
    tasks: JoinSet<CaseResult>,
    /// Of each task.
    jobs: HashMap<Id, Job>,
    /// Those that do not run at all.
    skipped: Vec<CaseResult>,
}

impl RunningCases {
    fn new(session: Arc<Session>) -> Self {
        Self { session, tasks: JoinSet::new(), jobs: HashMap::new(), skipped: Vec::new() }
    }

    /// Starts what may start, so that no more than so many run.
    async fn start(&mut self, queue: &mut Queue, at_a_time: usize) {
        while self.tasks.len() < at_a_time
            && let Some(job) = queue.next()
        {
            if let Some(reason) = &job.case.skip {
                queue.ended(&job);
                self.session.case_ended(&job).await;
                self.skipped.push(not_run(self.session.subject(&job), Outcome::Skipped(reason.clone())));
            } else {
                let task = self.tasks.spawn(run_case(Arc::clone(&self.session), job.clone()));
                self.jobs.insert(task.id(), job);
            }
        }
    }

    /// Waits until a case has ended, and takes all that have. None at all: nothing runs.
    async fn next_ended(&mut self, queue: &mut Queue) -> Vec<CaseResult> {
        let mut ended = std::mem::take(&mut self.skipped);
        if ended.is_empty()
            && let Some(joined) = self.tasks.join_next_with_id().await
        {
            ended.extend(self.result(joined, queue));
        }
        while let Some(joined) = self.tasks.try_join_next_with_id() {
            ended.extend(self.result(joined, queue));
        }
        ended
    }

    fn result(&mut self, joined: Result<(Id, CaseResult), JoinError>, queue: &mut Queue) -> Option<CaseResult> {
        let id = joined.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let job = self.jobs.remove(&id)?;
        queue.ended(&job);
        Some(match joined {
            Ok((_, result)) => result,
            Err(panic) => not_run(self.session.subject(&job), Outcome::Bug(panic_message(panic))),
        })
    }
}

fn finished(result: CaseResult, summary: &mut Summary) -> Event {
    summary.add(&result.outcome);
    Event::CaseFinished(Arc::new(result))
}

/// A result without a run.
pub(crate) fn not_run(subject: Subject, outcome: Outcome) -> CaseResult {
    let elapsed = std::time::Duration::ZERO;
    CaseResult { subject, outcome, elapsed, retried: Vec::new(), teardown: Vec::new() }
}

/// Concurrency is for waiting, not for cores: four cases a core, at least eight.
pub(crate) fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(8, |cores| (4 * cores.get()).max(8))
}
