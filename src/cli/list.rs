//! `grpc-spec list`: the ids of cases, one a line.

use std::fmt::Write as _;
use std::io;

use super::args::ListArguments;
use super::{Exit, nothing_selected, print_diagnostics};
use crate::diagnostic::{Diagnostics, Sources};
use crate::report::{ColourChoice, Output};
use crate::spec;

pub(super) fn list(arguments: &ListArguments, sources: &Sources) -> io::Result<Exit> {
    let colour = ColourChoice::from(arguments.color);
    let loaded = spec::load(&arguments.selection.paths, &arguments.overlay.overrides(), sources);
    let selection = arguments.selection.selection();
    let mut text = String::new();
    for suite in &loaded.suites {
        for case in selection.choose(suite).iter().flat_map(|chosen| &chosen.cases) {
            let _ = writeln!(text, "{}", case.id);
        }
    }
    Output::stdout(sources).block(&text)?;
    let found: Diagnostics = loaded.all_diagnostics().cloned().collect();
    print_diagnostics(&found, sources, colour)?;
    if found.has_errors() {
        Ok(Exit::Invalid)
    } else if text.is_empty() {
        nothing_selected(loaded.case_count(), sources)
    } else {
        Ok(Exit::Passed)
    }
}
