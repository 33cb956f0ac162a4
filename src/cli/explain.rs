//! `grpc-spec explain`: one case as it is meant, and the place each value comes from.

use std::io;
use std::sync::Arc;

use super::args::ExplainArguments;
use super::{Exit, print_diagnostics};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, did_you_mean};
use crate::explain;
use crate::plan::plan_suite;
use crate::report::{ColourChoice, Output};
use crate::select::Chosen;
use crate::spec::{self, Case, CaseFile, Loaded, LoadedFile, Suite};

pub(super) fn explain(arguments: &ExplainArguments, sources: &Arc<Sources>) -> io::Result<Exit> {
    let colour = ColourChoice::from(arguments.color);
    let id = arguments.id.as_str();
    let loaded = spec::load_for_id(&arguments.path, id, &arguments.overlay.overrides(), sources);
    let mut found: Diagnostics = loaded.diagnostics.iter().cloned().collect();
    let mut pages = Vec::new();
    for suite in &loaded.suites {
        for (file, case) in cases(suite).filter(|(_, case)| case.id.as_str() == id) {
            pages.push(explain::explain(&suite.config, file, case, sources));
            let chosen = Chosen { file: Arc::clone(file), cases: vec![Arc::clone(case)] };
            let planned = plan_suite(&suite.config, &[chosen], sources);
            found.append(planned.warnings);
            found.extend(
                planned.entries.iter().filter_map(|entry| entry.plan.problems()).flat_map(Diagnostics::iter).cloned(),
            );
        }
    }
    if pages.is_empty() {
        found.extend(errors_of_its_file(&loaded, id));
        if !found.has_errors() {
            found.push(not_found(&loaded, id));
            print_diagnostics(&found, sources, colour)?;
            return Ok(Exit::NothingSelected);
        }
    }
    Output::stdout(sources).block(&pages.join("---\n"))?;
    print_diagnostics(&found, sources, colour)?;
    Ok(if found.has_errors() { Exit::Invalid } else { Exit::Passed })
}

/// The cases of the files that load.
fn cases(suite: &Suite) -> impl Iterator<Item = (&Arc<CaseFile>, &Arc<Case>)> {
    let valid = suite.files.iter().filter_map(|file| match file {
        LoadedFile::Valid(file) => Some(file),
        LoadedFile::Invalid(_) => None,
    });
    valid.flat_map(|file| file.cases.iter().map(move |case| (file, case)))
}

/// What is wrong with the file that an id is of, or with its suite.
fn errors_of_its_file(loaded: &Loaded, id: &str) -> Vec<Diagnostic> {
    let file = id.split("::").next();
    let mut errors = Vec::new();
    for suite in &loaded.suites {
        let failures = suite.files.iter().filter_map(|file| match file {
            LoadedFile::Valid(_) => None,
            LoadedFile::Invalid(failure) => Some(failure),
        });
        let of_suite = |id: &str| id.starts_with("grpc-spec.y");
        let told = failures.filter(|failure| Some(failure.id.as_str()) == file || of_suite(&failure.id));
        errors.extend(told.flat_map(|failure| failure.diagnostics.iter()).cloned());
    }
    errors
}

fn not_found(loaded: &Loaded, id: &str) -> Diagnostic {
    let ids: Vec<&str> = loaded.suites.iter().flat_map(cases).map(|(_, case)| case.id.as_str()).collect();
    let unknown = Diagnostic::error(format!("no case has the id `{id}`"));
    unknown.hints(did_you_mean(id, ids)).hint("`grpc-spec list PATH` shows the ids")
}
