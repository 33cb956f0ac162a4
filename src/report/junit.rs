//! `JUnit` XML, in the shape that Jenkins and its kin read: a suite for each file, `<failure>` against `<error>`.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
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
        let mut files: BTreeMap<(&str, &Path), Vec<&CaseResult>> = BTreeMap::new();
        for result in &self.results {
            files.entry((&result.subject.file, &result.subject.path)).or_default().push(result);
        }
        let names: Vec<String> = files.keys().map(|file| suite_name(*file, files.keys())).collect();
        let mut report = Report::new("grpc-spec");
        report.set_time(summary.elapsed);
        for (name, results) in names.iter().zip(files.values()) {
            let mut suite = TestSuite::new(xml(name));
            suite.set_time(results.iter().map(|result| result.elapsed).sum());
            suite.add_test_cases(results.iter().map(|result| self.test_case(name, result)));
            report.add_test_suite(suite);
        }
        report
    }

    fn test_case(&self, suite: &str, result: &CaseResult) -> TestCase {
        let subject = &result.subject;
        let mut text = None;
        let mut non_success = |kind, what: &str| {
            let rendered = xml(&render_failure(result, &self.sources, self.style));
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
        let mut case = TestCase::new(xml(&subject.id), status);
        case.set_classname(xml(suite)).set_time(result.elapsed);
        case.extra.insert("file".into(), xml(&subject.path.display().to_string()).into());
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

/// The id of a file, or where files of several suites share it, its path: then only that tells their cases apart.
fn suite_name<'f>(file: (&str, &Path), all: impl Iterator<Item = &'f (&'f str, &'f Path)>) -> String {
    let (id, path) = file;
    if all.filter(|(other, _)| *other == id).count() == 1 { id.to_owned() } else { path.display().to_string() }
}

/// Without the two characters that XML cannot hold and `quick-junit` lets through.
fn xml(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(xml(reason));
    status
}

/// The first line of a rendered failure, without `error: `.
fn headline(rendered: &str) -> &str {
    let line = rendered.lines().find(|line| !line.is_empty()).unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line)
}

/// Writes beside the place and renames, so that nobody reads half a file; folders are made as needed. A link stays one,
/// and what is no file, such as `/dev/stdout`, is written to.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return fs::write(path, bytes);
    }
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // as any file that is made: who may read it is for the umask to say
    let mode = Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::runner::Subject;

    fn report(results: &[(&str, &str, Outcome)]) -> String {
        let mut junit = JUnit::new(Path::new("unused"), Arc::new(Sources::new()), false);
        for (path, name, outcome) in results {
            let id = format!("a.yaml::{name}");
            let subject = Subject { path: PathBuf::from(path), line: 1, file: "a.yaml".to_owned(), id };
            let outcome = match outcome {
                Outcome::Bug(text) => Outcome::Bug(text.clone()),
                _ => Outcome::Passed,
            };
            junit.results.push(Arc::new(CaseResult { subject, outcome, elapsed: Duration::ZERO }));
        }
        junit.report(&Summary::default()).to_string().expect("it is written")
    }

    #[test]
    fn files_of_two_suites_with_the_same_id_are_told_apart_by_their_paths() {
        let xml = report(&[("x/a.yaml", "one", Outcome::Passed), ("y/a.yaml", "one", Outcome::Passed)]);
        assert!(xml.contains(r#"<testsuite name="x/a.yaml""#) && xml.contains(r#"classname="y/a.yaml""#), "{xml}");
        let xml = report(&[("x/a.yaml", "one", Outcome::Passed), ("x/a.yaml", "two", Outcome::Passed)]);
        assert_eq!(xml.matches(r#"classname="a.yaml""#).count(), 2, "{xml}");
    }

    #[test]
    fn no_text_breaks_the_xml() {
        let every: String = ('\0'..=char::MAX).filter(|c| u32::from(*c) < 0x1_1000 && *c != '\u{fffd}').collect();
        let xml = report(&[("a.yaml", &every, Outcome::Bug(every.clone()))]);
        let illegal =
            |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
        assert_eq!(xml.find(illegal), None);
    }

    #[test]
    fn a_report_replaces_a_file_keeps_a_link_and_is_written_to_what_is_neither() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        write_whole(&at("new/report.xml"), b"first").expect("the folder is made");
        write_whole(&at("new/report.xml"), b"second").expect("it is replaced");
        assert_eq!(fs::read(at("new/report.xml")).expect("it is there"), b"second");
        fs::write(at("plain"), "").expect("written");
        let mode = |name: &str| fs::metadata(at(name)).expect("it is there").permissions().mode();
        assert_eq!(mode("new/report.xml"), mode("plain"), "who may read it is for the umask to say");
        std::os::unix::fs::symlink(at("new/report.xml"), at("link")).expect("linked");
        write_whole(&at("link"), b"third").expect("written through the link");
        assert_eq!(fs::read(at("new/report.xml")).expect("it is there"), b"third");
        assert!(at("link").is_symlink());
        write_whole(Path::new("/dev/null"), b"nothing").expect("written to");
        assert!(!Path::new("/dev/null").is_file(), "still a device");
    }
}
