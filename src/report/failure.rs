//! The one renderer of a case that did not pass: every mismatch at its line, then the call, what came back, the
//! server's log and a line that reproduces the call.

use std::fmt::Write as _;
use std::sync::Arc;

use prost_reflect::DynamicMessage;

use super::reproduce;
use super::style::{Palette, duration, indent, paint, plural};
use super::timeline::TimelineWriter;
use crate::diagnostic::{self, Sources};
use crate::grpc::{CallOutcome, Metadata, MetadataValue};
use crate::message::{Limits, render};
use crate::runner::{CaseError, CaseResult, Exchange, Failure, Outcome, Reply, ServerLog, StartFailure, Timeline};

/// Of many messages those shown unless all is asked for: the first ones and the last ones.
const FIRST_MESSAGES: usize = 8;
const LAST_MESSAGES: usize = 4;

/// How a failure is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FailureStyle {
    pub(crate) colour: bool,
    /// Everything, however long.
    pub(crate) full: bool,
}

/// The server whose start failed, if that is why there is no verdict; with what tells that failure from others.
pub(super) fn start_failure(result: &CaseResult) -> Option<&Arc<StartFailure>> {
    match &result.outcome {
        Outcome::Errored(error) => match &**error {
            CaseError::NotStarted(failure) => Some(failure),
            CaseError::Invalid(_) | CaseError::Unreachable { .. } => None,
        },
        _ => None,
    }
}

/// Lines of a server's log shown unless all is asked for.
const LOG_LINES: usize = 30;

/// The text of a result that is not green; empty for one that is. Ends with a line break.
pub(crate) fn render_failure(result: &CaseResult, sources: &Sources, style: FailureStyle) -> String {
    let writer = Writer { sources, style, palette: Palette::new(style.colour) };
    match &result.outcome {
        Outcome::Failed(failure) => writer.failure(failure),
        Outcome::Errored(error) => writer.error(error),
        Outcome::Bug(message) => format!(
            "{}: grpc-spec panicked while it ran this case: {}\n   = hint: this is a bug of grpc-spec, not of the case: please report it\n",
            paint(writer.palette.bad, "bug"),
            diagnostic::neutralise(message)
        ),
        Outcome::Passed | Outcome::Skipped(_) | Outcome::NotRun(_) => String::new(),
    }
}

struct Writer<'a> {
    sources: &'a Sources,
    style: FailureStyle,
    palette: Palette,
}

impl Writer<'_> {
    fn failure(&self, failure: &Failure) -> String {
        let mut text = self.diagnostics(&failure.mismatches);
        text.push('\n');
        if let Some(description) = &failure.description {
            let _ = writeln!(text, "{}", self.field("description", &diagnostic::neutralise(description)));
        }
        if let Some((at, times)) = failure.repeat {
            let _ = writeln!(text, "{}", self.field("repeat", &format!("{at} of {times}")));
        }
        if let Some(exchange) = &failure.exchange {
            self.exchange(exchange, &mut text);
        }
        text
    }

    fn error(&self, error: &CaseError) -> String {
        match error {
            CaseError::Invalid(diagnostics) => self.diagnostics(diagnostics.iter()),
            CaseError::NotStarted(failure) => self.start_failure(failure),
            CaseError::Unreachable { diagnostic, log } => {
                let mut text = self.diagnostics([diagnostic]);
                self.log(log.as_ref(), &mut text);
                text
            }
        }
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
        if let Some(line) = reproduce::grpcurl(exchange) {
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
            let shown = match value {
                _ if reproduce::is_secret(key.as_str()) => "***".to_owned(),
                MetadataValue::Text(text) => diagnostic::neutralise(text).into_owned(),
                MetadataValue::Binary(_) => value.to_string(),
            };
            let _ = writeln!(lines, "{key}: {shown}");
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
