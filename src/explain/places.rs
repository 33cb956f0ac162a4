//! Where a value comes from, in words: `cases/users.yaml:12, file`. Main type: [`Places`].

use std::path::Path;

use crate::diagnostic::{Sources, Span};
use crate::spec::{Case, Config};

/// Tells places of what makes up one case.
pub(super) struct Places<'a> {
    pub(super) config: &'a Config,
    pub(super) case: &'a Case,
    pub(super) sources: &'a Sources,
}

impl Places<'_> {
    /// File and line, and the level they belong to unless that is the case itself.
    pub(super) fn of(&self, span: Span) -> String {
        let source = self.sources.get(span.file);
        if source.path() == Path::new("--var") {
            return "--var".to_owned();
        }
        let (line, _) = source.line_column(span.start as usize);
        let place = format!("{}:{line}", source.path().display());
        match self.level(span) {
            Some(level) => format!("{place}, {level}"),
            None => place,
        }
    }

    fn level(&self, span: Span) -> Option<String> {
        let holds = |outer: Span| outer.file == span.file && outer.start <= span.start && span.end <= outer.end;
        if Some(span.file) == self.config.source {
            if let Some(profile) = self.config.profile.as_ref().filter(|profile| holds(profile.span)) {
                return Some(format!("profile `{}`", profile.value));
            }
            let of_server = |metadata: &[(_, crate::yaml::Node)]| metadata.iter().any(|(_, node)| holds(node.span));
            let server = self.config.servers.iter().find(|server| of_server(&server.metadata));
            return Some(server.map_or("suite".to_owned(), |server| format!("server `{}`", server.name.value)));
        }
        if let Some(row) = self.case.row.as_ref().filter(|row| holds(row.span)) {
            return Some(format!("row `{}`", row.label.value));
        }
        (span.file == self.case.span.file && !holds(self.case.span)).then(|| "file".to_owned())
    }
}
