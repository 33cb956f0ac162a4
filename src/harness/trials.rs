//! Cases as libtest-mimic's trials: which there are, and what each does when it is run.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, io};

use libtest_mimic::{Arguments, ColorSetting, Completion, Failed, Trial};
use tokio::runtime::{Handle, Runtime};

use super::Harness;
use crate::cli::Exit;
use crate::diagnostic::{self, Diagnostics, Sources};
use crate::plan::PlannedEntry;
use crate::report::{
    ColourChoice, FailureStyle, JUnit, Output, Reporter as _, SharedCause, render_failure, shared_cause,
};
use crate::runner::{
    CaseError, CaseResult, Event, InProcessServers, Interrupt, Job, Outcome, Prepared, Session, Subject, SuiteRun,
    Summary, case_runtime, fresh_seed, not_run, panic_message, run_case,
};
use crate::select::Choice;
use crate::spec::{self, CaseId, Loaded, LoadedFile};

/// What Rust's own harness ends with when a test fails.
const FAILED: u8 = 101;
/// How long what still blocks at the end is waited for.
const END_WITHIN: Duration = Duration::from_millis(500);

pub(super) fn run(harness: Harness, arguments: &Arguments) -> ExitCode {
    let sources = Arc::new(Sources::new());
    let loaded = match (&arguments.filter, arguments.exact) {
        (Some(id), true) => spec::load_for_id(&harness.path, id, &harness.overrides, &sources),
        _ => spec::load(std::slice::from_ref(&harness.path), &harness.overrides, &sources),
    };
    let tests = list_tests(&loaded, &sources);
    if arguments.list {
        let trials = tests.iter().map(|test| test.trial(|| Ok(Completion::Completed))).collect();
        let _ = libtest_mimic::run(arguments, trials);
        return ExitCode::SUCCESS;
    }
    let ran = if loaded.diagnostics.has_errors() {
        let text = diagnostic::render_all(&loaded.diagnostics, &sources, ColourChoice::Auto.for_stderr());
        Output::stderr(&sources).block(&format!("{text}\n")).map(|()| Exit::Invalid.into())
    } else if tests.is_empty() {
        let text = format!("error: there are no cases at `{}`\n", harness.path.display());
        Output::stderr(&sources).block(&text).map(|()| Exit::NothingSelected.into())
    } else {
        run_tests(harness, arguments, &loaded, &tests, &sources)
    };
    ran.unwrap_or_else(|error| {
        let _ = Output::stderr(&sources).block(&format!("error: {error}\n"));
        Exit::Invalid.into()
    })
}

/// One test: a case, or a file that could not be loaded.
struct Test {
    /// The subject's id, without secrets: libtest-mimic prints it.
    name: String,
    subject: Subject,
    /// `skip:`, with its reason.
    skip: Option<String>,
    what: What,
}

enum What {
    Case { suite: usize, id: CaseId },
    Invalid(Diagnostics),
}

impl Test {
    fn new(subject: Subject, skip: Option<String>, what: What, sources: &Sources) -> Self {
        Self { name: sources.masker().mask(&subject.id).into_owned(), subject, skip, what }
    }

    fn trial(&self, runner: impl FnOnce() -> Result<Completion, Failed> + Send + 'static) -> Trial {
        Trial::ignorable_test(&self.name, runner).with_ignored_flag(self.skip.is_some())
    }

    /// Whether the arguments leave it out of the list.
    fn is_filtered_out(&self, arguments: &Arguments) -> bool {
        arguments.is_filtered_out(&self.trial(|| Ok(Completion::Completed)))
    }

    /// Whether the arguments have it run.
    fn is_meant(&self, arguments: &Arguments) -> bool {
        !self.is_filtered_out(arguments) && !arguments.is_ignored(&self.trial(|| Ok(Completion::Completed)))
    }
}

fn list_tests(loaded: &Loaded, sources: &Sources) -> Vec<Test> {
    let mut tests = Vec::new();
    for (suite, files) in loaded.suites.iter().map(|suite| &suite.files).enumerate() {
        for file in files {
            match file {
                LoadedFile::Invalid(failure) => {
                    let what = What::Invalid(failure.diagnostics.clone());
                    tests.push(Test::new(Subject::of_failure(failure), None, what, sources));
                }
                LoadedFile::Valid(file) => tests.extend(file.cases.iter().map(|case| {
                    let what = What::Case { suite, id: case.id.clone() };
                    Test::new(Subject::of_case(file, case, sources), case.skip.clone(), what, sources)
                })),
            }
        }
    }
    tests
}

fn run_tests(
    harness: Harness,
    arguments: &Arguments,
    loaded: &Loaded,
    tests: &[Test],
    sources: &Arc<Sources>,
) -> io::Result<ExitCode> {
    let started = Instant::now();
    let mut plans = plan(loaded, tests, arguments, sources);
    let runtime = case_runtime()?;
    let serving = Serving::new(harness)?;
    let interrupt = Interrupt::new();
    {
        let _entered = runtime.enter();
        interrupt.listen();
    }
    let suites = std::mem::take(&mut plans.suites);
    let session = Arc::new(Session::new(
        Arc::clone(sources),
        suites,
        serving.servers(),
        interrupt.clone(),
        Box::new(|_| {}),
        seed(),
    ));
    // in the order in which they are run
    session.expect_cases(tests.iter().filter_map(|test| plans.of(test)?.as_ref().ok()));
    let shared = Arc::new(Shared {
        session: Arc::clone(&session),
        sources: Arc::clone(sources),
        style: FailureStyle { colour: colours(arguments), full: false },
        runtime: runtime.handle().clone(),
        nextest: env::var_os("NEXTEST").is_some_and(|value| value == "1"),
        results: Mutex::default(),
        shown: Mutex::default(),
    });
    for test in tests.iter().filter(|test| !test.is_filtered_out(arguments) && !test.is_meant(arguments)) {
        if let Some(reason) = &test.skip {
            shared.keep(not_run(test.subject.clone(), Outcome::Skipped(reason.clone())));
        }
    }
    let trials = tests.iter().map(|test| trial(test, &mut plans, &shared)).collect();
    let conclusion = libtest_mimic::run(arguments, trials);

    runtime.block_on(session.finish());
    let undone = shared.tell_the_rest()?;
    shared.report(started)?;
    runtime.shutdown_timeout(END_WITHIN);
    serving.end();
    Ok(match (interrupt.is_raised(), undone) {
        (true, _) => Exit::Interrupted.into(),
        (false, true) => conclusion.exit_code(),
        (false, false) => ExitCode::from(FAILED),
    })
}

/// What random functions draw from: what `GRPC_SPEC_SEED` says, or something new.
fn seed() -> u64 {
    env::var("GRPC_SPEC_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(fresh_seed)
}

/// The plans of the cases that are meant.
struct Plans {
    suites: Vec<SuiteRun>,
    cases: HashMap<(usize, CaseId), Result<Job, Diagnostics>>,
}

impl Plans {
    fn of(&self, test: &Test) -> Option<&Result<Job, Diagnostics>> {
        match &test.what {
            What::Case { suite, id } => self.cases.get(&(*suite, id.clone())),
            What::Invalid(_) => None,
        }
    }
}

fn plan(loaded: &Loaded, tests: &[Test], arguments: &Arguments, sources: &Arc<Sources>) -> Plans {
    let meant: HashSet<&CaseId> = tests
        .iter()
        .filter(|test| test.is_meant(arguments))
        .filter_map(|test| match &test.what {
            What::Case { id, .. } => Some(id),
            What::Invalid(_) => None,
        })
        .collect();
    let choice = Choice::of(&loaded.suites, |_, _, case| meant.contains(&case.id));
    let prepared = Prepared::new(loaded, sources, &choice);
    let plan = |(suite, entry): (usize, &PlannedEntry)| ((suite, entry.case.id.clone()), Job::new(suite, entry));
    Plans { suites: prepared.suite_runs(), cases: prepared.entries().map(plan).collect() }
}

/// What the trials of a run share.
struct Shared {
    session: Arc<Session>,
    sources: Arc<Sources>,
    style: FailureStyle,
    runtime: Handle,
    /// Under nextest a failure is printed by us, and nextest puts it into its own report.
    nextest: bool,
    results: Mutex<Vec<Arc<CaseResult>>>,
    /// What many cases wait for, and has been explained.
    shown: Mutex<HashSet<usize>>,
}

fn trial(test: &Test, plans: &mut Plans, shared: &Arc<Shared>) -> Trial {
    let subject = test.subject.clone();
    let plan = match &test.what {
        What::Invalid(diagnostics) => Some(Err(diagnostics.clone())),
        What::Case { suite, id } => plans.cases.remove(&(*suite, id.clone())),
    };
    let shared = Arc::clone(shared);
    test.trial(move || match plan {
        Some(Ok(job)) => shared.run(subject, job),
        Some(Err(diagnostics)) => {
            shared.end(not_run(subject, Outcome::Errored(Box::new(CaseError::Invalid(diagnostics)))))
        }
        // filtered out or ignored: libtest-mimic does not run it
        None => Ok(Completion::ignored()),
    })
}

impl Shared {
    fn run(&self, subject: Subject, job: Job) -> Result<Completion, Failed> {
        if self.session.interrupt().is_raised() {
            return self.end(not_run(subject, Outcome::NotRun("interrupted")));
        }
        let case = self.runtime.spawn(run_case(Arc::clone(&self.session), job));
        let result = self.runtime.block_on(case);
        self.end(result.unwrap_or_else(|panic| not_run(subject, Outcome::Bug(panic_message(panic)))))
    }

    fn end(&self, result: CaseResult) -> Result<Completion, Failed> {
        let result = self.keep(result);
        match result.outcome {
            Outcome::Passed | Outcome::Flaky { .. } | Outcome::ExpectedFailure(_) => return Ok(Completion::Completed),
            Outcome::Skipped(_) => return Ok(Completion::ignored()),
            Outcome::NotRun(reason) => return Ok(Completion::ignored_with(reason)),
            Outcome::Failed(_) | Outcome::Errored(_) | Outcome::Bug(_) => {}
        }
        let text = self.explain(&result);
        if self.nextest {
            let _ = Output::stderr(&self.sources).block(&format!("Error: {text}"));
            return Err(Failed::without_message());
        }
        Err(self.sources.masker().mask(&text).into_owned().into())
    }

    /// What many cases wait for is explained once.
    fn explain(&self, result: &CaseResult) -> String {
        let shown =
            |cause: &SharedCause| !self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(cause.address);
        match shared_cause(result).filter(shown) {
            Some(cause) => format!("error: {}, as another test shows\n", cause.headline),
            None => render_failure(result, &self.sources, self.style),
        }
    }

    /// Tells what libtest-mimic has no words for: which tests were flaky, and teardowns that failed. `false` if one did.
    fn tell_the_rest(&self) -> io::Result<bool> {
        let (mut text, mut undone) = (String::new(), true);
        let flaky: Vec<_> = self.results.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for result in flaky {
            if let Outcome::Flaky { attempt, attempts } = result.outcome {
                let (id, report) = (&result.subject.id, render_failure(&result, &self.sources, self.style));
                let _ = write!(text, "\nflaky: {id} passed at attempt {attempt} of {attempts}\n{report}");
            }
        }
        for result in self.session.teardowns() {
            undone = false;
            let result = self.keep(result);
            let report = render_failure(&result, &self.sources, self.style);
            let _ = write!(text, "\n---- {} ----\n{report}", result.subject.id);
        }
        if !text.is_empty() {
            Output::stderr(&self.sources).block(&text)?;
        }
        Ok(undone)
    }

    fn keep(&self, result: CaseResult) -> Arc<CaseResult> {
        let result = Arc::new(result);
        self.results.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&result));
        result
    }

    /// Writes the `JUnit` report, where one is asked for.
    fn report(&self, started: Instant) -> io::Result<()> {
        let Some(path) = env::var_os("GRPC_SPEC_JUNIT").filter(|path| !path.is_empty() && !self.nextest) else {
            return Ok(());
        };
        let mut junit = JUnit::new(path.as_ref(), Arc::clone(&self.sources), false);
        let mut summary = Summary::default();
        let mut events = Vec::new();
        for result in &*self.results.lock().unwrap_or_else(PoisonError::into_inner) {
            summary.add(&result.outcome);
            events.push(Event::CaseFinished(Arc::clone(result)));
        }
        summary.elapsed = started.elapsed();
        events.push(Event::RunFinished(summary));
        junit.events(&events)
    }
}

/// The servers in the test's own process, and their runtime.
struct Serving {
    harness: Harness,
    runtime: Option<Runtime>,
}

impl Serving {
    fn new(harness: Harness) -> io::Result<Self> {
        let runtime = if harness.serve.is_empty() { None } else { Some(case_runtime()?) };
        Ok(Self { harness, runtime })
    }

    fn servers(&self) -> InProcessServers {
        let runtime = self.runtime.as_ref().map(|runtime| runtime.handle().clone());
        InProcessServers { serve: self.harness.serve.clone(), runtime }
    }

    fn end(self) {
        if let Some(runtime) = self.runtime {
            runtime.shutdown_timeout(END_WITHIN);
        }
    }
}

fn colours(arguments: &Arguments) -> bool {
    let choice = match arguments.color {
        Some(ColorSetting::Always) => ColourChoice::Always,
        Some(ColorSetting::Never) => ColourChoice::Never,
        Some(ColorSetting::Auto) | None => ColourChoice::Auto,
    };
    choice.for_stdout()
}
