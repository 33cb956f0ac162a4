//! `JUnit` XML, in the shape that Jenkins and its kin read: a suite for each file, `<failure>` against `<error>`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::failure::render_outcome;
use super::{FailureStyle, Output, Reporter, render_failure};
use crate::diagnostic::Sources;
use crate::runner::{CaseResult, Event, Outcome, Summary};

/// Gathers results, and writes the file when the run has finished: whole, or not at all.
pub(crate) struct JUnit {
    path: PathBuf,
    sources: Arc<Sources>,
    style: FailureStyle,
    results: Vec<Arc<CaseResult>>,
}

impl JUnit {
    pub(crate) fn new(path: &Path, sources: Arc<Sources>, full: bool) -> Self {
        Self { path: path.to_owned(), sources, style: FailureStyle { colour: false, full }, results: Vec::new() }
    }

    fn write(&self, summary: &Summary) -> io::Result<()> {
        let xml = self.report(summary).to_string().map_err(io::Error::other)?;
        Output::file(&self.path, &self.sources).block(&conforming(&xml)).map_err(|error| {
            let text = format!("the JUnit report `{}` cannot be written: {error}", self.path.display());
            io::Error::new(error.kind(), text)
        })
    }

    fn report(&self, summary: &Summary) -> Report {
        let mut files: BTreeMap<(&str, &Path), Vec<&CaseResult>> = BTreeMap::new();
        for result in &self.results {
            files.entry((&result.subject.file, &result.subject.path)).or_default().push(result);
        }
        let mut report = Report::new("grpc-spec");
        report.set_time(summary.elapsed);
        for ((id, path), results) in &files {
            // files of two suites may have the same id: then where they are tells them apart
            let of_the_id = files.keys().filter(|(other, _)| other == id).count();
            let name = if of_the_id == 1 { (*id).to_owned() } else { path.display().to_string() };
            let name = self.masked(&name);
            let mut suite = TestSuite::new(&name);
            suite.set_time(results.iter().map(|result| result.elapsed).sum());
            suite.add_test_cases(results.iter().map(|result| self.test_case(&name, result)));
            report.add_test_suite(suite);
        }
        report
    }

    fn masked(&self, text: &str) -> String {
        self.sources.masker().mask(text).into_owned()
    }

    fn test_case(&self, suite: &str, result: &CaseResult) -> TestCase {
        let subject = &result.subject;
        let mut text = None;
        let mut non_success = |kind, what: &str| {
            // before XML escapes and leaves out what it must
            let rendered = self.masked(&render_failure(result, &self.sources, self.style));
            let mut status = TestCaseStatus::non_success(kind);
            status.set_type(what).set_message(headline(&rendered)).set_description(&rendered);
            text = Some(rendered);
            status
        };
        let status = match &result.outcome {
            Outcome::Passed | Outcome::Flaky { .. } => TestCaseStatus::success(),
            Outcome::ExpectedFailure(reason) => {
                let mut status = skipped(&format!("failed as expected: {}", self.masked(reason)));
                status.set_type("xfail");
                status
            }
            Outcome::Failed(_) => non_success(NonSuccessKind::Failure, "mismatch"),
            Outcome::Errored(_) => non_success(NonSuccessKind::Error, "error"),
            Outcome::Bug(_) => non_success(NonSuccessKind::Error, "bug"),
            Outcome::Skipped(reason) => skipped(&self.masked(reason)),
            Outcome::NotRun(reason) => skipped(&format!("not run: {reason}")),
        };
        let status = self.with_reruns(status, result);
        let mut case = TestCase::new(self.masked(&subject.id), status);
        case.set_classname(suite).set_time(result.elapsed);
        case.extra.insert("file".into(), self.masked(&subject.path.display().to_string()).into());
        case.extra.insert("line".into(), subject.line.to_string().into());
        if let Some(text) = text {
            case.set_system_out(text);
        }
        case
    }

    /// The attempts before the last: of a case that passed late these make it flaky.
    fn with_reruns(&self, mut status: TestCaseStatus, result: &CaseResult) -> TestCaseStatus {
        // what failed as expected is skipped here, and has none
        let retried = if matches!(status, TestCaseStatus::Skipped { .. }) { &[][..] } else { &result.retried };
        for outcome in retried {
            let rendered = self.masked(&render_outcome(outcome, &self.sources, self.style));
            let mut rerun = TestRerun::new(NonSuccessKind::Failure);
            rerun.set_type("mismatch").set_message(headline(&rendered)).set_description(&rendered);
            status.add_rerun(rerun);
        }
        status
    }
}

impl Reporter for JUnit {
    fn events(&mut self, events: &[Event]) -> io::Result<()> {
        for event in events {
            match event {
                Event::RunStarted { .. } | Event::Warned(_) => {}
                Event::CaseFinished(result) => self.results.push(Arc::clone(result)),
                Event::RunFinished(summary) => self.write(summary)?,
            }
        }
        Ok(())
    }
}

/// What quick-junit writes, as the schemas of Jenkins and Ant and XML 1.0 have it: `<testsuites>` has no `skipped`, and two
/// noncharacters are not legal.
fn conforming(xml: &str) -> String {
    let xml = xml.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    let skipped = xml.find("<testsuites ").and_then(|root| {
        let tag = &xml[root..root + xml[root..].find('>')?];
        let start = root + tag.find(" skipped=\"")?;
        Some(start..start + xml[start..].match_indices('"').nth(1)?.0 + 1)
    });
    match skipped {
        Some(skipped) => [&xml[..skipped.start], &xml[skipped.end..]].concat(),
        None => xml,
    }
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(reason);
    status
}

/// The first line of a rendered failure, without `error: `.
fn headline(rendered: &str) -> &str {
    let line = rendered.lines().find(|line| !line.is_empty()).unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line)
}
