//! `grpc-spec run`: load → plan → run → report → exit code.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::args::RunArguments;
use super::record::Record;
use super::{Exit, progress, tell, unknown_variables};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::report::{ColourChoice, Console, FailureStyle, JUnit, Output, Reporter};
use crate::runner::{
    CaseError, CaseResult, Event, InProcessServers, Interrupt, Outcome, Prepared, Schedule, Session, Subject, SuiteRun,
    Summary, case_runtime, default_jobs, fresh_seed, not_run,
};
use crate::select::{Selection, shuffle};
use crate::spec::{self, Loaded};

pub(super) fn run(arguments: &RunArguments, sources: &Arc<Sources>) -> io::Result<Exit> {
    let colour = ColourChoice::from(arguments.color);
    let loaded = spec::load(&arguments.selection.paths, &arguments.overlay.overrides(), sources);
    let selection = arguments.selection.selection();
    let choice = selection.choose(&loaded.suites, sources);
    let prepared = Prepared::new(&loaded, sources, &choice);
    let before = loaded.all_diagnostics().chain(choice.diagnostics.iter());
    let mut found: Diagnostics = before.chain(prepared.diagnostics.iter()).cloned().collect();
    if !found.has_errors() {
        found.append(unknown_variables(&loaded, sources));
    }
    let ended = tell(found.clone(), &choice, sources, colour)?;
    let mut junit = arguments.junit.as_ref().map(|path| JUnit::new(path, Arc::clone(sources), arguments.full));
    if let Some(exit) = ended {
        match &mut junit {
            Some(junit) if found.has_errors() => {
                report_invalid(junit, &found, &loaded, &selection, &prepared, sources)?;
            }
            Some(junit) => junit.events(&[Event::RunFinished(Summary::default())])?,
            None => {}
        }
        return Ok(exit);
    }
    let mut cases = prepared.jobs();
    let record = Record::new(&loaded.suites, &cases, sources);
    let shuffled = arguments.shuffle.map(|seed| seed.unwrap_or_else(fresh_seed));
    if let Some(seed) = shuffled {
        cases = shuffle(cases, seed, |job| job.file.serial.then(|| (job.suite, job.file.id.clone())));
    }

    let style = FailureStyle { colour: colour.for_stdout(), full: arguments.full };
    let mut reporters: Vec<Box<dyn Reporter>> =
        vec![Box::new(Console::new(Output::stdout(sources), Arc::clone(sources), style))];
    if let Some(junit) = junit {
        reporters.push(Box::new(junit));
    }
    reporters.push(Box::new(record));
    let schedule = Schedule {
        jobs: arguments.jobs.map_or_else(default_jobs, NonZeroUsize::get),
        fail_fast: arguments.fail_fast,
        filtered_out: loaded.case_count() - cases.len(),
        shuffled,
        cases,
    };
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    drive(schedule, seed, prepared.suite_runs(), Arc::clone(sources), reporters)
}

/// Runs the schedule on a runtime of its own, reporters listening.
fn drive(
    schedule: Schedule,
    seed: u64,
    suites: Vec<SuiteRun>,
    sources: Arc<Sources>,
    mut reporters: Vec<Box<dyn Reporter>>,
) -> io::Result<Exit> {
    let runtime = case_runtime()?;
    let interrupt = Interrupt::new();
    let progress = progress(&sources);
    let run = {
        let interrupt = interrupt.clone();
        async move {
            interrupt.listen();
            let in_process = InProcessServers::default();
            let session = Arc::new(Session::new(sources, suites, in_process, interrupt.clone(), progress, seed));
            let mut reported = Ok(());
            let summary = schedule.run(session, |events| {
                for reporter in &mut reporters {
                    if let Err(error) = reporter.events(&events) {
                        // nobody reads any more: end in good order, servers stopped
                        interrupt.raise();
                        reported = Err(error);
                    }
                }
            });
            (summary.await, reported)
        }
    };
    // on a worker, beside the cases it waits for, rather than on this thread
    let (summary, reported) = runtime.block_on(runtime.spawn(run))?;
    // What is still blocking here holds nothing that matters.
    runtime.shutdown_timeout(Duration::from_millis(500));
    reported?;
    Ok(if interrupt.is_raised() { Exit::Interrupted } else { Exit::of(&summary) })
}

/// Reports are written whatever happened: what is invalid is an error in them, and nothing else ran.
fn report_invalid(
    junit: &mut JUnit,
    found: &Diagnostics,
    loaded: &Loaded,
    selection: &Selection,
    prepared: &Prepared,
    sources: &Sources,
) -> io::Result<()> {
    let invalid = |diagnostics: &Diagnostics| Outcome::Errored(Box::new(CaseError::Invalid(diagnostics.clone())));
    let mut results: Vec<CaseResult> = Vec::new();
    let mut told: Vec<&Diagnostic> = Vec::new();
    for failure in loaded.suites.iter().flat_map(|suite| selection.failures(suite)) {
        let outcome =
            if failure.blocked { Outcome::NotRun("its suite is invalid") } else { invalid(&failure.diagnostics) };
        told.extend(failure.diagnostics.iter());
        results.push(not_run(Subject::of_failure(failure), outcome));
    }
    for (_, entry) in prepared.entries() {
        let problems = entry.plan.problems();
        let outcome = problems.map_or(Outcome::NotRun("something else is invalid"), invalid);
        told.extend(problems.into_iter().flat_map(Diagnostics::iter));
        results.push(not_run(Subject::of_case(&entry.file, &entry.case, sources), outcome));
    }
    // an unknown profile, a server's description, a file that was not selected
    let untold = |found: &&Diagnostic| found.severity == Severity::Error && !told.contains(found);
    let rest: Diagnostics = found.iter().filter(untold).cloned().collect();
    if let Some(first) = rest.iter().next() {
        results.push(not_run(Subject::of_run(first, sources), invalid(&rest)));
    }
    let mut summary = Summary::default();
    let mut events = Vec::new();
    for result in results {
        summary.add(&result.outcome);
        events.push(Event::CaseFinished(Arc::new(result)));
    }
    events.push(Event::RunFinished(summary));
    junit.events(&events)
}
