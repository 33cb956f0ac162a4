//! What happened on a stream, a line for each moment: `+12.3ms ← recv { text: hi }`.

use std::fmt::Write as _;

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::style::{Palette, duration, indent, paint};
use crate::diagnostic::{self, Sources};
use crate::grpc::CallOutcome;
use crate::message::{FieldType, Limits, render, render_value};
use crate::runner::{Fate, Happening, Moment, Timeline};

/// Moments shown unless all is asked for: the first ones and the last ones.
const FIRST: usize = 8;
const LAST: usize = 24;

/// Of `+12.3ms`, in characters.
const TIME_WIDTH: usize = 7;

/// Draws a timeline.
pub(super) struct TimelineWriter<'a> {
    pub(super) sources: &'a Sources,
    pub(super) palette: Palette,
    /// Everything, however long.
    pub(super) full: bool,
    pub(super) outcome: &'a CallOutcome,
    /// Those of the outcome, as many as could be decoded.
    pub(super) messages: &'a [DynamicMessage],
}

impl TimelineWriter<'_> {
    /// Lines that end with a line break.
    pub(super) fn write(&self, timeline: &Timeline) -> String {
        let moments = &timeline.moments;
        let hidden = if self.full { 0 } else { moments.len().saturating_sub(FIRST + LAST) };
        let hidden = if hidden == 1 { FIRST..FIRST } else { FIRST..FIRST + hidden };
        let shown = |at: &usize| !hidden.contains(at);
        let mut text = String::new();
        for (at, moment) in moments.iter().enumerate() {
            if at == hidden.start && !hidden.is_empty() {
                let _ = writeln!(text, "… {} moments, shown with --full", hidden.len());
            }
            if shown(&at) {
                let time = format!("{:<TIME_WIDTH$}", format!("+{}", duration(moment.at)));
                let _ = write!(text, "{} ", paint(self.palette.faint, &time));
                self.moment(moment, &mut text);
            }
        }
        text
    }

    fn moment(&self, moment: &Moment, text: &mut String) {
        let (arrow, words, message) = match &moment.what {
            Happening::Sent { message, compressed } => ("→", format!("send{}", flag(*compressed)), Some(&**message)),
            Happening::NotSent => ("·", "send, passed over: the stream had ended".to_owned(), None),
            Happening::Closed => ("→", "close".to_owned(), None),
            Happening::Received { index, fate } => {
                let compressed = self.outcome.messages.get(*index).is_some_and(|received| received.compressed);
                let fate = match fate {
                    Fate::Received => "",
                    Fate::PassedOver => " (passed over)",
                    Fate::Unwanted => " (no step receives it)",
                };
                ("←", format!("recv{}{fate}", flag(compressed)), self.messages.get(*index))
            }
            Happening::Silent(time) => ("·", format!("silent_for {time:?}"), None),
            Happening::Slept(time) => ("·", format!("sleep {time:?}"), None),
            Happening::Called { method, elapsed, passed } => {
                let how = if *passed { "passed" } else { "failed" };
                (if *passed { "·" } else { "×" }, format!("call {method}: {how} after {}", duration(*elapsed)), None)
            }
            Happening::Cancelled => ("→", "cancel".to_owned(), None),
            Happening::Ended => ("←", format!("end: {}", self.outcome.status.code), None),
            Happening::Unmet { word, headline } => ("×", format!("{word}: {}", diagnostic::neutralise(headline)), None),
        };
        let style = if arrow == "×" { self.palette.bad } else { self.palette.strong };
        let _ = write!(text, "{} {words}", paint(style, arrow));
        let shown = message.map(|message| self.message(message)).unwrap_or_default();
        if !shown.is_empty() && !shown.contains('\n') {
            let _ = write!(text, " {shown}");
        }
        if let Some(step) = moment.step {
            let line = self.sources.get(step.file).line_column(step.start as usize).0;
            text.push_str(&paint(self.palette.faint, &format!("  (line {line})")));
        }
        text.push('\n');
        if shown.contains('\n') {
            text.push_str(&indent(&shown, "    "));
        }
    }

    /// On one line, shortened; where everything is asked for, on as many as it takes.
    fn message(&self, message: &DynamicMessage) -> String {
        if self.full {
            let block = render(message, Limits::NONE);
            if block.lines().count() > 1 {
                return block;
            }
        }
        render_value(&Value::Message(message.clone()), &FieldType::message(message.descriptor()))
    }
}

fn flag(compressed: bool) -> &'static str {
    if compressed { " (compressed)" } else { "" }
}

#[cfg(test)]
mod tests;
