//! `grpc-spec check`: everything but the calls.

use std::io;
use std::sync::Arc;

use super::args::CheckArguments;
use super::{Exit, nothing_selected, print_diagnostics};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::plan::plan_suite;
use crate::report::{ColourChoice, Output, plural};
use crate::spec::{self, Expect};

pub(super) fn check(arguments: CheckArguments) -> io::Result<Exit> {
    let colour = ColourChoice::from(arguments.color);
    let sources = Arc::new(Sources::new());
    let loaded = spec::load(&arguments.selection.paths, &arguments.overlay.overrides(), &sources);
    let selection = arguments.selection.selection();
    let planned: Vec<_> =
        loaded.suites.iter().map(|suite| plan_suite(&suite.config, &selection.choose(suite), &sources)).collect();
    let found: Vec<&Diagnostic> = loaded
        .all_diagnostics()
        .chain(planned.iter().flat_map(|suite| suite.diagnostics()))
        .collect();
    print_diagnostics(found.iter().copied(), &sources, colour)?;

    let errors = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let cases: usize = planned.iter().map(|suite| suite.entries.len()).sum();
    if errors > 0 {
        Output::stderr().block(&format!("\n{} in {}\n", plural(errors, "error"), plural(cases, "case")))?;
        return Ok(Exit::Invalid);
    }
    if cases == 0 {
        return nothing_selected(loaded.case_count());
    }
    let entries = planned.iter().flat_map(|suite| &suite.entries);
    let only_ok = entries.filter(|entry| entry.case.checks_only_ok());
    let mut text = String::new();
    for entry in only_ok {
        text.push_str(&format!("note: {} checks only that the call ends with OK\n", entry.case.id));
    }
    text.push_str(&format!("checked {}: no errors\n", plural(cases, "case")));
    Output::stdout().block(&text)?;
    Ok(Exit::Passed)
}
