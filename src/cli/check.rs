//! `grpc-spec check`: everything but the calls.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use super::args::CheckArguments;
use super::{Exit, nothing_selected, print_diagnostics};
use crate::diagnostic::{Diagnostics, Sources};
use crate::plan::unused_variables;
use crate::report::{ColourChoice, Output, plural};
use crate::runner::Prepared;
use crate::server::names;
use crate::spec;

pub(super) fn check(arguments: &CheckArguments) -> io::Result<Exit> {
    let colour = ColourChoice::from(arguments.color);
    let sources = Arc::new(Sources::new());
    let loaded = spec::load(&arguments.selection.paths, &arguments.overlay.overrides(), &sources);
    let selection = arguments.selection.selection();
    let prepared = Prepared::new(&loaded, &sources, |suite| selection.choose(suite));
    let mut found: Diagnostics = loaded.all_diagnostics().chain(prepared.diagnostics.iter()).cloned().collect();
    // What an error hides may well use a variable.
    if selection.is_everything() && !found.has_errors() {
        for suite in &loaded.suites {
            let of_servers = suite.config.servers.iter().flat_map(|server| names(server, &sources));
            let of_servers = of_servers.map(|name| name.path.to_string());
            found.append(unused_variables(&suite.config, &selection.choose(suite), of_servers, &sources));
        }
    }
    print_diagnostics(&found, &sources, colour)?;
    if found.has_errors() {
        return Ok(Exit::Invalid);
    }
    let cases = prepared.entries().count();
    if cases == 0 {
        return nothing_selected(loaded.case_count());
    }
    let mut text = String::new();
    for (_, entry) in prepared.entries().filter(|(_, entry)| entry.case.checks_only_ok()) {
        let _ = writeln!(text, "note: {} checks only that the call ends with OK", entry.case.id);
    }
    let _ = writeln!(text, "checked {}: no errors", plural(cases, "case"));
    Output::stdout().block(&text)?;
    Ok(Exit::Passed)
}
