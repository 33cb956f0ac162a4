//! Keeps what came of a run, for `--failed` of the next. Main type: [`Record`].

use std::collections::HashMap;
use std::io;

use crate::report::{Output, Reporter};
use crate::runner::{Event, Job, Outcome};
use crate::select::LastRun;
use crate::spec::{LoadedFile, Suite};

/// Listens to a run, and writes at its end.
pub(super) struct Record {
    suites: Vec<SuiteRecord>,
    /// By the ids that are shown: the index of the suite, and the id within it.
    cases: HashMap<String, (usize, String)>,
}

struct SuiteRecord {
    kept: Option<LastRun>,
    /// Of the files that load: each with the ids of its cases, all of them within the suite.
    files: HashMap<String, Vec<String>>,
    /// Ids within the suite, and whether they passed.
    came: Vec<(String, bool)>,
}

impl Record {
    pub(super) fn new(suites: &[Suite], jobs: &[Job]) -> Self {
        let case = |job: &Job| (job.case.id.to_string(), (job.suite, job.file.id_in_suite(&job.case)));
        Self { suites: suites.iter().map(SuiteRecord::new).collect(), cases: jobs.iter().map(case).collect() }
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

    fn write(&self) -> io::Result<()> {
        // of a file that is not part of this run nothing is known
        let gone = |id: &str| {
            let ids = id.split_once("::").and_then(|(file, _)| self.files.get(file));
            ids.is_some_and(|ids| !ids.iter().any(|known| known == id))
        };
        let came = self.came.iter().map(|(id, passed)| (id.as_str(), *passed));
        self.kept.as_ref().map_or(Ok(()), |kept| kept.update(came, gone))
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
                        if let Err(error) = suite.write() {
                            Output::stderr().block(&format!("warning: {error}\n"))?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
