//! Keeps what came of a run, for `--failed` of the next. Main type: [`Record`].

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use crate::diagnostic::Sources;
use crate::report::{Output, Reporter};
use crate::runner::{Event, Job, Outcome};
use crate::select::LastRun;
use crate::spec::{LoadedFile, Suite};

/// Listens to a run, and writes at its end.
pub(super) struct Record {
    suites: Vec<SuiteRecord>,
    /// By the ids that are shown: the index of the suite, and the id within it.
    cases: HashMap<String, (usize, String)>,
    sources: Arc<Sources>,
}

struct SuiteRecord {
    kept: Option<LastRun>,
    /// Of the files that load: each with the ids of its cases, all of them within the suite.
    files: HashMap<String, Vec<String>>,
    /// Ids within the suite, and whether they passed.
    came: Vec<(String, bool)>,
}

impl Record {
    pub(super) fn new(suites: &[Suite], jobs: &[Job], sources: &Arc<Sources>) -> Self {
        let case = |job: &Job| (job.case.id.to_string(), (job.suite, job.file.id_in_suite(&job.case)));
        let suites = suites.iter().map(SuiteRecord::new).collect();
        Self { suites, cases: jobs.iter().map(case).collect(), sources: Arc::clone(sources) }
    }

    fn case_finished(&mut self, id: &str, outcome: &Outcome) {
        let is_known = !matches!(outcome, Outcome::NotRun(_));
        if let Some((suite, id)) = self.cases.get(id).filter(|_| is_known) {
            self.suites[*suite].came.push((id.clone(), outcome.is_green()));
        }
    }
}

impl SuiteRecord {
    fn new(suite: &Suite) -> Self {
        let files = suite.files.iter().filter_map(|file| match file {
            LoadedFile::Valid(file) => {
                let ids = file.cases.iter().map(|case| file.id_in_suite(case)).collect();
                Some((file.id_in_suite.clone(), ids))
            }
            LoadedFile::Invalid(_) => None,
        });
        Self { kept: LastRun::of(suite), files: files.collect(), came: Vec::new() }
    }

    /// Whole, or not at all.
    fn write(&self, sources: &Sources) -> io::Result<()> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let mask = |id: &str| sources.masker().mask(id).into_owned();
        // of a file that is not part of this run nothing is known
        let gone = |id: &str| {
            let ids = id.split_once("::").and_then(|(file, _)| self.files.get(file));
            ids.is_some_and(|ids| !ids.iter().any(|known| mask(known) == id))
        };
        let text = kept.updated(self.came.iter().map(|(id, passed)| (mask(id), *passed)), gone);
        Output::file(kept.path(), sources).block(&text).map_err(|error| {
            let path = kept.path().display();
            io::Error::other(format!("what came of this run cannot be kept for `--failed` in `{path}`: {error}"))
        })
    }
}

impl Reporter for Record {
    fn events(&mut self, events: &[Event]) -> io::Result<()> {
        for event in events {
            match event {
                Event::RunStarted { .. } | Event::Warned(_) => {}
                Event::CaseFinished(result) => self.case_finished(&result.subject.id, &result.outcome),
                Event::RunFinished(_) => {
                    for suite in self.suites.iter().filter(|suite| !suite.came.is_empty()) {
                        // what is missing is missed by the next `--failed`, which says so: nothing is wrong with this run
                        if let Err(error) = suite.write(&self.sources) {
                            Output::stderr(&self.sources).block(&format!("warning: {error}\n"))?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
