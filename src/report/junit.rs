//! `JUnit` XML, in the shape that Jenkins and its kin read: a suite for each file, `<failure>` against `<error>`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{FailureStyle, Reporter, render_failure};
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
        write_whole(&self.path, xml.as_bytes()).map_err(|error| {
            let text = format!("the JUnit report `{}` cannot be written: {error}", self.path.display());
            io::Error::new(error.kind(), text)
        })
    }

    fn report(&self, summary: &Summary) -> Report {
        let mut files: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
        for result in &self.results {
            files.entry(&result.subject.file).or_default().push(result);
        }
        let mut report = Report::new("grpc-spec");
        report.set_time(summary.elapsed);
        for (file, results) in files {
            let mut suite = TestSuite::new(file);
            suite.set_time(results.iter().map(|result| result.elapsed).sum());
            suite.add_test_cases(results.iter().map(|result| self.test_case(result)));
            report.add_test_suite(suite);
        }
        report
    }

    fn test_case(&self, result: &CaseResult) -> TestCase {
        let subject = &result.subject;
        let mut text = None;
        let mut non_success = |kind, what: &str| {
            let rendered = render_failure(result, &self.sources, self.style);
            let mut status = TestCaseStatus::non_success(kind);
            status.set_type(what).set_message(headline(&rendered)).set_description(&rendered);
            text = Some(rendered);
            status
        };
        let status = match &result.outcome {
            Outcome::Passed => TestCaseStatus::success(),
            Outcome::Failed(_) => non_success(NonSuccessKind::Failure, "mismatch"),
            Outcome::Errored(_) => non_success(NonSuccessKind::Error, "error"),
            Outcome::Bug(_) => non_success(NonSuccessKind::Error, "bug"),
            Outcome::Skipped(reason) => skipped(reason),
            Outcome::NotRun(reason) => skipped(&format!("not run: {reason}")),
        };
        let mut case = TestCase::new(subject.id.as_str(), status);
        case.set_classname(subject.file.as_str()).set_time(result.elapsed);
        case.extra.insert("file".into(), subject.path.display().to_string().into());
        case.extra.insert("line".into(), subject.line.to_string().into());
        if let Some(text) = text {
            case.set_system_out(text);
        }
        case
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

/// Writes beside the place and renames, so that nobody reads half a file; folders are made as needed.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
