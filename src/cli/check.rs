//! `grpc-spec check`: everything but the calls.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use super::args::CheckArguments;
use super::{Exit, print_diagnostics, progress, tell, unknown_variables};
use crate::diagnostic::{Diagnostics, Sources};
use crate::plan::unused_variables;
use crate::report::{ColourChoice, FailureStyle, Output, plural, render_failure};
use crate::runner::{
    InProcessServers, Interrupt, Job, Prepared, Session, SuiteRun, Summary, case_runtime, fresh_seed, plan_online,
};
use crate::server::names;
use crate::spec;

pub(super) fn check(arguments: &CheckArguments, sources: &Arc<Sources>) -> io::Result<Exit> {
    let colour = ColourChoice::from(arguments.color);
    let loaded = spec::load(&arguments.selection.paths, &arguments.overlay.overrides(), sources);
    let selection = arguments.selection.selection();
    let choice = selection.choose(&loaded.suites, sources);
    let prepared = Prepared::new(&loaded, sources, &choice);
    let before = loaded.all_diagnostics().chain(choice.diagnostics.iter());
    let mut found: Diagnostics = before.chain(prepared.diagnostics.iter()).cloned().collect();
    if !found.has_errors() {
        found.append(unknown_variables(&loaded, sources));
    }
    // What an error hides may well use a variable.
    if selection.is_everything() && !found.has_errors() {
        for (suite, chosen) in loaded.suites.iter().zip(&choice.suites) {
            let of_servers = suite.config.servers.iter().flat_map(|server| names(server, sources));
            let of_servers = of_servers.map(|name| name.path.to_string());
            found.append(unused_variables(suite, chosen, of_servers, sources));
        }
    }
    if let Some(exit) = tell(found, &choice, sources, colour)? {
        return Ok(exit);
    }
    let cases = prepared.entries().count();
    let mut text = String::new();
    for (_, entry) in prepared.entries().filter(|(_, entry)| entry.case.checks_only_ok()) {
        let _ = writeln!(text, "note: {} checks only that the call ends with OK", entry.case.id);
    }
    let waiting: Vec<Job> = prepared.jobs().into_iter().filter(|job| job.plan.is_none()).collect();
    let checked = if arguments.online { cases } else { cases - waiting.len() };
    let mut exit = Exit::Passed;
    let mut unchecked = String::new();
    if arguments.online {
        exit = check_online(waiting, prepared.suite_runs(), sources, colour)?;
    } else if !waiting.is_empty() {
        for Job { case, .. } in &waiting {
            let servers = case.servers().into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
            let _ = writeln!(text, "note: {} is unchecked: its schema comes from reflection of {servers}", case.id);
        }
        unchecked = format!(", {} unchecked (`--online` asks their servers)", waiting.len());
    }
    if exit == Exit::Passed {
        let _ = writeln!(text, "checked {}: no errors{unchecked}", plural(checked, "case"));
    }
    Output::stdout(sources).block(&text)?;
    Ok(exit)
}

/// Plans the cases that wait for their servers, and shows what is wrong with them.
fn check_online(
    waiting: Vec<Job>,
    suites: Vec<SuiteRun>,
    sources: &Arc<Sources>,
    colour: ColourChoice,
) -> io::Result<Exit> {
    let runtime = case_runtime()?;
    let interrupt = Interrupt::new();
    let (raised, of_session, progress) = (interrupt.clone(), Arc::clone(sources), progress(sources));
    let checked = async move {
        interrupt.listen();
        let session = Session::new(of_session, suites, InProcessServers::default(), interrupt, progress, fresh_seed());
        plan_online(&session, &waiting).await
    };
    let (results, warnings) = runtime.block_on(runtime.spawn(checked))?;
    print_diagnostics(&warnings, sources, colour)?;
    let mut summary = Summary::default();
    let mut shown = HashSet::new();
    for result in &results {
        summary.add(&result.outcome);
        let style = FailureStyle { colour: colour.for_stderr(), full: false };
        let text = render_failure(result, sources, style);
        // what is wrong with a server is wrong for every case
        if !text.is_empty() && shown.insert(text.clone()) {
            Output::stderr(sources).block(&format!("{text}\n"))?;
        }
    }
    Ok(if raised.is_raised() { Exit::Interrupted } else { Exit::of(&summary) })
}
