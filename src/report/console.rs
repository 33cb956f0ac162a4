//! Lines that read like those of `cargo test`: one a case, with its time; failures once, at the end; then their names
//! and the counts.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use super::failure::shared_cause;
use super::style::{Palette, duration, indent, paint};
use super::{FailureStyle, Output, Reporter, plural, render_failure};
use crate::diagnostic::{self, Sources};
use crate::runner::{CaseResult, Event, Outcome, Summary};

/// Of the reason for a skip, in characters.
const LONGEST_REASON: usize = 1_000;

/// The console of `grpc-spec run`.
pub(crate) struct Console {
    output: Output,
    palette: Palette,
    style: FailureStyle,
    sources: Arc<Sources>,
    filtered_out: usize,
    red: Vec<Arc<CaseResult>>,
    flaky: Vec<Arc<CaseResult>>,
}

impl Console {
    pub(crate) fn new(output: Output, sources: Arc<Sources>, style: FailureStyle) -> Self {
        Self {
            output,
            palette: Palette::new(style.colour),
            style,
            sources,
            filtered_out: 0,
            red: Vec::new(),
            flaky: Vec::new(),
        }
    }

    fn text(&mut self, event: &Event) -> String {
        match event {
            Event::RunStarted { cases, filtered_out, shuffled } => {
                self.filtered_out = *filtered_out;
                let order = shuffled.map(|seed| format!(", shuffled by --shuffle={seed}")).unwrap_or_default();
                format!("\nrunning {}{order}\n", plural(*cases, "case"))
            }
            Event::CaseFinished(result) => {
                if matches!(result.outcome, Outcome::Flaky { .. }) {
                    self.flaky.push(Arc::clone(result));
                }
                if !result.outcome.is_green() && !matches!(result.outcome, Outcome::NotRun(_)) {
                    self.red.push(Arc::clone(result));
                }
                self.line(result)
            }
            Event::Warned(warning) => {
                format!("\n{}\n", diagnostic::render(warning, &self.sources, self.style.colour))
            }
            Event::RunFinished(summary) => {
                // as they stand in the files, whichever ended first
                self.flaky.sort_by(|a, b| a.subject.cmp(&b.subject));
                self.red.sort_by(|a, b| a.subject.cmp(&b.subject));
                self.closing(summary)
            }
        }
    }

    fn line(&self, result: &CaseResult) -> String {
        let id = &result.subject.id;
        let (style, word) = match &result.outcome {
            Outcome::Passed => (self.palette.good, "ok"),
            Outcome::Failed(_) => (self.palette.bad, "FAILED"),
            Outcome::Errored(_) => (self.palette.bad, "ERROR"),
            Outcome::Bug(_) => (self.palette.bad, "BUG"),
            Outcome::Flaky { attempt, attempts } => {
                let time = paint(self.palette.faint, &format!("({})", duration(result.elapsed)));
                let word = paint(self.palette.warning, "flaky");
                return format!("test {id} ... {word} {time}, passed at attempt {attempt} of {attempts}\n");
            }
            Outcome::ExpectedFailure(reason) => {
                let reason = diagnostic::neutralise_line(reason, LONGEST_REASON);
                let time = paint(self.palette.faint, &format!("({})", duration(result.elapsed)));
                return format!("test {id} ... {} {time}, {reason}\n", paint(self.palette.good, "failed as expected"));
            }
            Outcome::Skipped(reason) => {
                let reason = diagnostic::neutralise_line(reason, LONGEST_REASON);
                return format!("test {id} ... {}, {reason}\n", paint(self.palette.warning, "ignored"));
            }
            Outcome::NotRun(reason) => {
                return format!("test {id} ... {}, {reason}\n", paint(self.palette.warning, "not run"));
            }
        };
        let time = paint(self.palette.faint, &format!("({})", duration(result.elapsed)));
        format!("test {id} ... {} {time}\n", paint(style, word))
    }

    fn closing(&self, summary: &Summary) -> String {
        let mut text = String::new();
        if !self.flaky.is_empty() {
            text.push_str("\nflaky:\n");
            for result in &self.flaky {
                let headline = format!("---- {} ----", result.subject.id);
                let _ = write!(text, "\n{}\n", paint(self.palette.strong, &headline));
                text.push_str(&render_failure(result, &self.sources, self.style));
            }
        }
        if !self.red.is_empty() {
            text.push_str("\nfailures:\n");
            let mut shown = HashSet::new();
            for result in &self.red {
                let headline = format!("---- {} ----", result.subject.id);
                let _ = write!(text, "\n{}\n", paint(self.palette.strong, &headline));
                match shared_cause(result) {
                    // what many cases wait for is explained once
                    Some(cause) if !shown.insert(cause.address) => {
                        let _ = writeln!(text, "error: {}, as shown above", cause.headline);
                    }
                    _ => text.push_str(&render_failure(result, &self.sources, self.style)),
                }
            }
            text.push_str("\n\nfailures:\n");
            for result in &self.red {
                text.push_str(&indent(&result.subject.id, "    "));
            }
        }
        let _ = write!(text, "\ntest result: {}. ", self.verdict(summary));
        let flaky = if summary.flaky > 0 { format!(" ({} flaky)", summary.flaky) } else { String::new() };
        let mut counts = vec![format!("{} passed{flaky}", summary.passed), format!("{} failed", summary.failed)];
        let optional = [
            (summary.expected_failures, "failed as expected"),
            (summary.errored, if summary.errored == 1 { "error" } else { "errors" }),
            (summary.bugs, if summary.bugs == 1 { "bug of grpc-spec" } else { "bugs of grpc-spec" }),
            (summary.skipped, "ignored"),
            (summary.not_run, "not run"),
            (self.filtered_out, "filtered out"),
        ];
        counts.extend(optional.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")));
        let _ = writeln!(text, "{}; finished in {}", counts.join("; "), duration(summary.elapsed));
        text
    }

    fn verdict(&self, summary: &Summary) -> String {
        if summary.is_green() && summary.not_run == 0 {
            paint(self.palette.good, "ok")
        } else if summary.is_green() {
            paint(self.palette.warning, "INTERRUPTED")
        } else {
            paint(self.palette.bad, "FAILED")
        }
    }
}

impl Reporter for Console {
    fn events(&mut self, events: &[Event]) -> io::Result<()> {
        let text: String = events.iter().map(|event| self.text(event)).collect();
        if text.is_empty() { Ok(()) } else { self.output.block(&text) }
    }
}
