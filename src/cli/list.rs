//! `grpc-spec list`: the ids of cases, one a line.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use serde_json::json;

use super::args::{ListArguments, ListFormat};
use super::{Exit, tell};
use crate::diagnostic::Sources;
use crate::report::{ColourChoice, Output};
use crate::runner::Subject;
use crate::spec::{self, Case, CaseFile};

pub(super) fn list(arguments: &ListArguments, sources: &Arc<Sources>) -> io::Result<Exit> {
    let colour = ColourChoice::from(arguments.color);
    let loaded = spec::load(&arguments.selection.paths, &arguments.overlay.overrides(), sources);
    let choice = arguments.selection.selection().choose(&loaded.suites, sources);
    let mut text = String::new();
    for (file, case) in choice.cases() {
        let _ = match arguments.format {
            ListFormat::Ids => writeln!(text, "{}", case.id),
            ListFormat::Json => writeln!(text, "{}", described(file, case, sources)),
        };
    }
    Output::stdout(sources).block(&text)?;
    let found = loaded.all_diagnostics().chain(choice.diagnostics.iter()).cloned().collect();
    Ok(tell(found, &choice, sources, colour)?.unwrap_or(Exit::Passed))
}

/// One line of JSON.
fn described(file: &CaseFile, case: &Case, sources: &Sources) -> serde_json::Value {
    let Subject { id, path, line, .. } = Subject::of_case(file, case, sources);
    json!({ "id": id, "file": path.display().to_string(), "line": line, "tags": *case.tags, "skip": case.skip })
}
