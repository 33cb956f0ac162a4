//! The committed list of what is not as the specification has it, and why.

use std::fmt::Write as _;

use regex::Regex;

/// What the list says of a test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Exception {
    /// Its subject is not part of the dialect: it is not run.
    Absent,
    /// It comes out otherwise.
    Otherwise,
}

pub(super) struct Exceptions {
    rules: Vec<Rule>,
}

struct Rule {
    exception: Exception,
    written: String,
    pattern: Pattern,
    line: usize,
    matched: usize,
}

enum Pattern {
    /// `file/section/test`
    One,
    /// `file/*` or `file/section/*`: what comes before the star.
    All(String),
    /// `/…/`, found in the expression.
    Source(Regex),
}

impl Exceptions {
    /// Lines with tests are indented, below the reason they share.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Vec::new();
        let mut reason = None;
        for (line, at) in text.lines().zip(1..) {
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if line.starts_with(' ') {
                let exception = reason.ok_or_else(|| format!("line {at}: a test without a reason above it"))?;
                let source = content.strip_prefix('/').and_then(|content| content.strip_suffix('/'));
                let pattern = match (source, content.strip_suffix('*')) {
                    (Some(source), _) => {
                        Pattern::Source(Regex::new(source).map_err(|error| format!("line {at}: {error}"))?)
                    }
                    (None, Some(start)) => Pattern::All(start.to_owned()),
                    (None, None) => Pattern::One,
                };
                rules.push(Rule { exception, written: content.to_owned(), pattern, line: at, matched: 0 });
            } else {
                reason = Some(match content.split_once(": ") {
                    Some(("absent", _)) => Exception::Absent,
                    Some(("otherwise", _)) => Exception::Otherwise,
                    _ => return Err(format!("line {at}: a reason starts with `absent: ` or `otherwise: `")),
                });
            }
        }
        Ok(Self { rules })
    }

    /// What is said of a test; the first line that speaks of it counts.
    pub(super) fn of(&mut self, id: &str, source: &str) -> Option<Exception> {
        let rule = self.rules.iter_mut().find(|rule| match &rule.pattern {
            Pattern::One => rule.written == id,
            Pattern::All(start) => id.starts_with(start),
            Pattern::Source(found) => found.is_match(source),
        })?;
        rule.matched += 1;
        Some(rule.exception)
    }

    /// Lines that speak of no test.
    pub(super) fn idle(&self) -> String {
        self.rules.iter().filter(|rule| rule.matched == 0).fold(String::new(), |mut text, rule| {
            let _ = writeln!(text, "line {} of the exceptions: no test is `{}`", rule.line, rule.written);
            text
        })
    }
}
