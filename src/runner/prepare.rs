//! Everything before the first call: the chosen cases planned, their servers' descriptions checked, and all that is
//! wrong with any of them. Starts and calls nothing. Main type: [`Prepared`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Job, SuiteRun};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::plan::{PlannedEntry, PlannedSuite, plan_suite};
use crate::select::{Choice, Chosen};
use crate::server;
use crate::spec::{LoadFailure, Loaded, LoadedFile, Step, Suite};

/// Cases that were chosen, planned suite by suite.
pub(crate) struct Prepared {
    suites: Vec<PlannedSuite>,
    /// Errors of cases and suites, and warnings, in the order of suites; one that concerns many cases is there many
    /// times.
    pub(crate) diagnostics: Diagnostics,
}

impl Prepared {
    /// Plans what was chosen of each suite.
    pub(crate) fn new(loaded: &Loaded, sources: &Arc<Sources>, choice: &Choice) -> Self {
        let mut prepared = Self { suites: Vec::new(), diagnostics: Diagnostics::new() };
        for (suite, chosen) in loaded.suites.iter().zip(&choice.suites) {
            let planned = plan_suite(&suite.config, chosen, sources);
            if !chosen.is_empty() {
                let servers = &suite.config.servers;
                server::check(servers, &planned.names.env, sources, &mut prepared.diagnostics);
                let called = called(&planned);
                server::check_called(servers, called, &planned.names.scope, sources, &mut prepared.diagnostics);
            }
            prepared.diagnostics.append(planned.warnings.clone());
            for problems in planned.entries.iter().filter_map(|entry| entry.plan.problems()) {
                prepared.diagnostics.append(problems.clone());
            }
            prepared.diagnostics.extend(further_errors(suite, sources));
            prepared.suites.push(planned);
        }
        prepared
    }

    /// Chosen cases, with the index of their suite.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, &PlannedEntry)> {
        self.suites
            .iter()
            .enumerate()
            .flat_map(|(suite, planned)| planned.entries.iter().map(move |entry| (suite, entry)))
    }

    /// The cases that can run.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.entries().filter_map(|(suite, entry)| Job::new(suite, entry).ok()).collect()
    }

    /// What a session needs to know of the suites.
    pub(crate) fn suite_runs(&self) -> Vec<SuiteRun> {
        let run = |suite: &PlannedSuite| SuiteRun {
            config: Arc::clone(&suite.config),
            names: suite.names.clone(),
            values: suite.values.clone(),
            level: suite.level.clone(),
            files: suite.files.clone(),
            wanted: suite.wanted.clone(),
        };
        self.suites.iter().map(run).collect()
    }
}

/// What planning finds in the readable cases of files that do not load; not where something is wrong already, which may
/// be its cause.
fn further_errors(suite: &Suite, sources: &Arc<Sources>) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for file in &suite.files {
        let LoadedFile::Invalid(LoadFailure { diagnostics: known, rest: Some(file), .. }) = file else { continue };
        let chosen = Chosen { file: Arc::clone(file), cases: file.cases.clone() };
        let planned = plan_suite(&suite.config, &[chosen], sources);
        let found =
            planned.entries.iter().filter_map(|entry| entry.plan.problems()).flat_map(Diagnostics::iter).cloned();
        errors.extend(found.filter(|found| !known.iter().any(|known| known.overlaps(found))));
    }
    errors
}

/// The servers that are called by the cases which can run, and around them.
fn called(suite: &PlannedSuite) -> BTreeSet<&str> {
    let cases = suite.entries.iter().filter(|entry| entry.plan.problems().is_none());
    let config = &suite.config;
    let around = suite.files.iter().flat_map(|file| file.setup.iter().chain(&*file.teardown));
    let around = around.chain(config.setup.iter().chain(&*config.teardown)).flat_map(Step::calls);
    cases.flat_map(|entry| entry.case.servers()).chain(around.map(|call| call.server.value.as_str())).collect()
}
