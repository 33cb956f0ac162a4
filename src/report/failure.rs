//! The one renderer of a case that did not pass: every mismatch at its line, then the call, what came back, the
//! server's log and a line that reproduces the call.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use prost_reflect::DynamicMessage;

use super::reproduce;
use super::style::{Palette, duration, indent, paint, plural};
use super::timeline::TimelineWriter;
use crate::diagnostic::{self, Sources};
use crate::grpc::{CallOutcome, Metadata};
use crate::matcher::describe;
use crate::message::{Limits, render, render_all};
use crate::runner::{
    CaseError, CaseResult, Exchange, Failure, Outcome, Part, Reply, ServerLog, SetupFailure, StartFailure, StepReport,
    Timeline,
};

/// Of many messages those shown unless all is asked for: the first ones and the last ones.
const FIRST_MESSAGES: usize = 8;
const LAST_MESSAGES: usize = 4;

/// Longest name of a step, in characters.
const LONGEST_NAME: usize = 200;
/// Of many steps that passed before, those named unless all is asked for.
const STEPS_BEFORE: usize = 8;

/// How a failure is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FailureStyle {
    pub(crate) colour: bool,
    /// Everything, however long.
    pub(crate) full: bool,
}

/// Why a case has no verdict, where others may have none for the same reason.
pub(crate) struct SharedCause {
    /// Tells it from others.
    pub(crate) address: usize,
    pub(crate) headline: String,
}

/// What a case shares with others that wait for the same server or the same setup.
pub(crate) fn shared_cause(result: &CaseResult) -> Option<SharedCause> {
    let Outcome::Errored(error) = &result.outcome else { return None };
    let (address, headline) = match &**error {
        CaseError::NotStarted(failure) => {
            (Arc::as_ptr(failure).addr(), format!("the server `{}` did not start", failure.server))
        }
        CaseError::Setup(failure) => (Arc::as_ptr(failure).addr(), not_set_up(failure)),
        CaseError::Unreflected(why) => {
            let headline = why.diagnostics().next().map(|first| diagnostic::neutralise(&first.headline).into_owned());
            (Arc::as_ptr(why).addr(), headline.unwrap_or_default())
        }
        _ => return None,
    };
    Some(SharedCause { address, headline })
}

fn not_set_up(failure: &SetupFailure) -> String {
    format!("`{}` did not pass, and this case needs it", failure.id)
}

/// Lines of a server's log shown unless all is asked for.
const LOG_LINES: usize = 30;

/// The text of a result that is not green, or was not at first; empty for any other. Ends with a line break.
pub(crate) fn render_failure(result: &CaseResult, sources: &Sources, style: FailureStyle) -> String {
    let writer = Writer { sources, style, palette: Palette::new(style.colour) };
    let mut text = writer.outcome(&result.outcome);
    match &result.outcome {
        Outcome::Flaky { attempts, .. } => {
            for (at, outcome) in result.retried.iter().enumerate() {
                let headline = format!("attempt {} of {attempts}:", at + 1);
                let gap = if at > 0 { "\n" } else { "" };
                let _ = write!(text, "{gap}{}\n{}", paint(writer.palette.strong, &headline), writer.outcome(outcome));
            }
        }
        _ => writer.retried(&result.retried, &mut text),
    }
    if !result.teardown.is_empty() {
        let _ = writeln!(text, "\n{}", paint(writer.palette.strong, "its teardown failed as well:"));
        writer.outcomes(&result.teardown, &mut text);
    }
    text
}

/// The text of what came of one attempt.
pub(super) fn render_outcome(outcome: &Outcome, sources: &Sources, style: FailureStyle) -> String {
    Writer { sources, style, palette: Palette::new(style.colour) }.outcome(outcome)
}

struct Writer<'a> {
    sources: &'a Sources,
    style: FailureStyle,
    palette: Palette,
}

impl Writer<'_> {
    fn outcome(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Failed(failure) => self.failure(failure),
            Outcome::Errored(error) => self.error(error),
            Outcome::Bug(message) => format!(
                "{}: grpc-spec panicked while it ran this case: {}\n   = hint: this is a bug of grpc-spec, not of the case: please report it\n",
                paint(self.palette.bad, "bug"),
                diagnostic::neutralise(message)
            ),
            Outcome::Passed
            | Outcome::Flaky { .. }
            | Outcome::ExpectedFailure(_)
            | Outcome::Skipped(_)
            | Outcome::NotRun(_) => String::new(),
        }
    }

    fn outcomes(&self, outcomes: &[Outcome], text: &mut String) {
        let rendered: Vec<String> = outcomes.iter().map(|outcome| self.outcome(outcome)).collect();
        text.push_str(&rendered.join("\n"));
    }

    /// What came of the attempts before, a line each.
    fn retried(&self, retried: &[Outcome], text: &mut String) {
        if retried.is_empty() {
            return;
        }
        let mut lines = String::new();
        for (at, outcome) in retried.iter().enumerate() {
            let headline = match outcome {
                Outcome::Failed(failure) => failure.mismatches.first().map(|mismatch| &mismatch.headline),
                _ => None,
            };
            let headline = headline.map(|headline| diagnostic::neutralise(headline)).unwrap_or_default();
            let _ = writeln!(lines, "{}: {headline}", at + 1);
        }
        self.block("attempts before", &lines, text);
    }

    fn failure(&self, failure: &Failure) -> String {
        let mut text = self.diagnostics(&failure.mismatches);
        text.push('\n');
        if let Some(description) = &failure.description {
            let _ = writeln!(text, "{}", self.field("description", &diagnostic::neutralise(description)));
        }
        if let Some((at, times)) = failure.repeat {
            let _ = writeln!(text, "{}", self.field("repeat", &format!("{at} of {times}")));
        }
        if let Some(step) = &failure.step {
            self.step(step, &mut text);
        }
        if let Some(seed) = failure.seed {
            let _ = writeln!(text, "{}", self.field("seed", &format!("{seed} (--seed {seed} repeats it)")));
        }
        if let Some(exchange) = &failure.exchange {
            self.exchange(exchange, &mut text);
        }
        text
    }

    /// Which step it is of several, and what was before it.
    fn step(&self, step: &StepReport, text: &mut String) {
        let StepReport { part, number, of, name, before, captured, attempts } = step;
        if *of > 1 || *part != Part::Steps {
            let part = match part {
                Part::Setup => "setup",
                Part::Steps => "step",
                Part::Teardown => "teardown",
            };
            let line = format!("{number} of {of}, `{}`", diagnostic::neutralise_line(name, LONGEST_NAME));
            let _ = writeln!(text, "{}", self.field(part, &line));
        }
        if !before.is_empty() {
            let passed = |(name, time): &(String, Duration)| {
                format!("`{}` ({})", diagnostic::neutralise_line(name, LONGEST_NAME), duration(*time))
            };
            let hidden = if self.style.full { 0 } else { before.len().saturating_sub(STEPS_BEFORE) };
            let more = if hidden > 0 { format!("… {hidden} more, ") } else { String::new() };
            let passed: Vec<String> = before[hidden..].iter().map(passed).collect();
            let _ = writeln!(text, "{}", self.field("passed before", &format!("{more}{}", passed.join(", "))));
        }
        if !captured.is_empty() {
            let mut lines = String::new();
            for (name, value) in captured {
                let _ = writeln!(lines, "{name}: {}", describe(value));
            }
            self.block("captured", &lines, text);
        }
        if let Some((count, time)) = attempts {
            let line = format!("{} in {}, the last is shown", plural(*count as usize, "attempt"), duration(*time));
            let _ = writeln!(text, "{}", self.field("eventually", &line));
        }
    }

    fn error(&self, error: &CaseError) -> String {
        let mut text = String::new();
        match error {
            CaseError::Invalid(diagnostics) => text = self.diagnostics(diagnostics.iter()),
            CaseError::Unreflected(why) => text = self.diagnostics(why.diagnostics()),
            CaseError::NotStarted(failure) => text = self.start_failure(failure),
            CaseError::Unreachable { diagnostic, log } => {
                text = self.diagnostics([diagnostic]);
                self.log(log.as_ref(), &mut text);
            }
            CaseError::Step { error, step } => {
                text = self.error(error);
                text.push('\n');
                self.step(step, &mut text);
            }
            CaseError::Setup(failure) => {
                let headline = paint(self.palette.bad, "error");
                let _ = write!(text, "{headline}: {}\n\n{}", not_set_up(failure), self.outcome(&failure.outcome));
            }
            CaseError::Teardown(outcomes) => {
                let headline = paint(self.palette.bad, "error");
                let _ = write!(text, "{headline}: the steps passed, but the teardown did not\n\n");
                self.outcomes(outcomes, &mut text);
            }
        }
        text
    }

    fn start_failure(&self, failure: &StartFailure) -> String {
        let mut text = self.diagnostics(failure.diagnostics.iter());
        self.log(failure.log.as_ref(), &mut text);
        text
    }

    fn diagnostics<'d>(&self, diagnostics: impl IntoIterator<Item = &'d diagnostic::Diagnostic>) -> String {
        let rendered: Vec<String> = diagnostics
            .into_iter()
            .map(|diagnostic| diagnostic::render(diagnostic, self.sources, self.style.colour))
            .map(|text| text.trim_end().to_owned() + "\n")
            .collect();
        rendered.join("\n")
    }

    fn exchange(&self, exchange: &Exchange, text: &mut String) {
        if let Some(nested) = &exchange.nested {
            self.exchange(nested, text);
            let _ = writeln!(text, "\n{}", self.field("within", ""));
        }
        let call = format!(
            "{}/{} on `{}` at {}, timeout {}",
            exchange.method.parent_service().full_name(),
            exchange.method.name(),
            exchange.server,
            exchange.target,
            duration(exchange.timeout),
        );
        let _ = writeln!(text, "{}", self.field("call", &call));
        self.metadata("metadata", &exchange.metadata, text);
        match (&exchange.timeline, &exchange.reply) {
            (Some(timeline), Reply::Outcome { outcome, messages }) => self.timeline(timeline, outcome, messages, text),
            _ => self.messages("request", exchange.requests.iter().map(|message| &**message), text),
        }
        match &exchange.reply {
            Reply::Outcome { outcome, messages } => {
                self.status(exchange, outcome, text);
                if exchange.timeline.is_none() {
                    self.messages("response", messages, text);
                }
                self.metadata("headers", &outcome.headers, text);
                self.metadata("trailers", &outcome.trailers, text);
            }
            Reply::Unreachable(error) => {
                let _ = writeln!(text, "{}", self.field("unreachable", &diagnostic::neutralise(&error.to_string())));
            }
        }
        self.log(exchange.log.as_ref(), text);
        if let Some(line) = reproduce::grpcurl(exchange, self.sources.masker()) {
            let _ = writeln!(text, "{}", self.field("reproduce", &line));
        }
    }

    /// What a script did and what came of it, in place of the messages.
    fn timeline(&self, timeline: &Timeline, outcome: &CallOutcome, messages: &[DynamicMessage], text: &mut String) {
        let Self { sources, style: FailureStyle { full, .. }, palette } = *self;
        let moments = TimelineWriter { sources, palette, full, outcome, messages }.write(timeline);
        self.block("timeline", &moments, text);
    }

    fn status(&self, exchange: &Exchange, outcome: &CallOutcome, text: &mut String) {
        let status = &outcome.status;
        if exchange.timeline.as_ref().is_some_and(|timeline| timeline.cut) {
            let line = format!("none, cancelled after {}: the case had failed", duration(outcome.elapsed));
            let _ = writeln!(text, "{}", self.field("status", &line));
            return;
        }
        let mut line = format!("{}, after {}", status.code, duration(outcome.elapsed));
        if outcome.trailers_only {
            line.push_str(", trailers only");
        }
        if let Some(http) = outcome.http_status.filter(|http| *http != 200) {
            let _ = write!(line, ", HTTP {http}");
        }
        let _ = writeln!(text, "{}", self.field("status", &line));
        if self.style.full {
            let (sent, received) = (outcome.bytes_sent, outcome.bytes_received);
            let _ = writeln!(text, "{}", self.field("bytes", &format!("{sent} sent, {received} received")));
            if let Some(phase) = outcome.stopped_in {
                let _ = writeln!(text, "{}", self.field("stopped", &phase.to_string()));
            }
        }
        if !status.message.is_empty() {
            self.block("message", &diagnostic::neutralise(&status.message), text);
        }
        if !exchange.details.is_empty() {
            let limit = if self.style.full { Limits::NONE } else { Limits::REPORT };
            self.block("details", &render_all(&exchange.details, limit), text);
        }
        if outcome.unsent > 0 && exchange.timeline.is_none() {
            let line = format!("{} of {}", outcome.unsent, plural(exchange.requests.len(), "message"));
            let _ = writeln!(text, "{}", self.field("unsent", &format!("{line}: the call had ended")));
        }
        for warning in &outcome.warnings {
            let _ = writeln!(text, "{}", self.field("warning", &diagnostic::neutralise(warning)));
        }
    }

    fn messages<'m>(&self, name: &str, messages: impl IntoIterator<Item = &'m DynamicMessage>, text: &mut String) {
        let limit = if self.style.full { Limits::NONE } else { Limits::REPORT };
        let messages: Vec<&DynamicMessage> = messages.into_iter().collect();
        match messages.as_slice() {
            [] => {}
            [only] => self.block(name, &render(only, limit), text),
            many => {
                let hidden =
                    if self.style.full { 0..0 } else { FIRST_MESSAGES..many.len().saturating_sub(LAST_MESSAGES) };
                for (at, one) in many.iter().enumerate() {
                    if hidden.len() < 2 || !hidden.contains(&at) {
                        self.block(&format!("{name} {} of {}", at + 1, many.len()), &render(one, limit), text);
                    } else if at == hidden.start {
                        let _ = writeln!(text, "… {} messages, shown with --full", hidden.len());
                    }
                }
            }
        }
    }

    fn metadata(&self, name: &str, metadata: &Metadata, text: &mut String) {
        if metadata.is_empty() {
            return;
        }
        let mut lines = String::new();
        for (key, value) in metadata.iter() {
            let value = reproduce::shown_value(key.as_str(), value, self.sources.masker());
            let _ = writeln!(lines, "{key}: {}", diagnostic::neutralise(&value));
        }
        self.block(name, &lines, text);
    }

    fn log(&self, log: Option<&ServerLog>, text: &mut String) {
        let Some(log) = log.filter(|log| !log.text.trim().is_empty()) else { return };
        let lines: Vec<&str> = log.text.lines().collect();
        let hidden = if self.style.full { 0 } else { lines.len().saturating_sub(LOG_LINES) };
        let mut shown = String::new();
        if log.dropped > 0 {
            let _ = writeln!(shown, "… {} lines before, no longer kept", log.dropped);
        }
        if hidden > 0 {
            let _ = writeln!(shown, "… {hidden} lines before, shown with --full");
        }
        for line in &lines[hidden..] {
            let _ = writeln!(shown, "{}", diagnostic::neutralise(line));
        }
        self.block(&format!("log of `{}`", log.server), &shown, text);
    }

    fn block(&self, name: &str, content: &str, text: &mut String) {
        if content.trim().is_empty() {
            let _ = writeln!(text, "{}", self.field(name, "empty"));
        } else {
            let _ = writeln!(text, "{}", self.field(name, ""));
            text.push_str(&indent(content.trim_end(), "    "));
        }
    }

    fn field(&self, name: &str, value: &str) -> String {
        let name = paint(self.palette.strong, &format!("{name}:"));
        if value.is_empty() { name } else { format!("{name} {value}") }
    }
}
