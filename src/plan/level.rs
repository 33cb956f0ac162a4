//! A suite or a file as its cases stand in it: its variables, and its `setup` and `teardown`. Main type:
//! [`PlannedLevel`].

use super::capture::of_any_type;
use super::step::{PlannedStep, StepPlanner};
use super::{Names, Planner};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expr::Value;
use crate::matcher::Named;
use crate::spec::{Call, ServerScope, ServerSource, Step};

/// What surrounds cases.
#[derive(Debug)]
pub(crate) struct PlannedLevel {
    /// What is known within: of its own variables, and of what its `setup` captures.
    pub(crate) names: Names,
    /// Of its variables.
    pub(crate) values: Named<Value>,
    pub(crate) setup: Vec<PlannedStep>,
    pub(crate) teardown: Vec<PlannedStep>,
}

impl PlannedLevel {
    /// One whose steps are not known yet.
    pub(super) fn without_steps((names, values): (Names, Named<Value>), steps: &[Step]) -> Self {
        let types = of_any_type(steps.iter().flat_map(Step::captures));
        Self { names: names.with_later(&types), values, setup: Vec::new(), teardown: Vec::new() }
    }
}

/// How long what lives in a level may use a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Suite,
    File,
}

impl Planner<'_> {
    /// Plans what surrounds cases.
    pub(super) fn level(
        &self,
        (names, values): (Names, Named<Value>),
        (setup, teardown): (&[Step], &[Step]),
        extent: Extent,
        out: &mut Diagnostics,
    ) -> PlannedLevel {
        for call in setup.iter().chain(teardown).flat_map(Step::calls) {
            out.extend(self.check_lifetime(call, extent));
        }
        let mut planner = StepPlanner::new(self, &names);
        let planned_setup = planner.plan(setup, out);
        let within = names.with_later(planner.captured());
        let planned_teardown = planner.plan(teardown, out);
        PlannedLevel {
            names: within,
            values,
            setup: planned_setup.unwrap_or_default(),
            teardown: planned_teardown.unwrap_or_default(),
        }
    }

    /// A server that ends before the level does cannot be called by it.
    fn check_lifetime(&self, call: &Call, extent: Extent) -> Option<Diagnostic> {
        let name = &call.server;
        let server = self.config.servers.iter().find(|server| server.name.value == name.value)?;
        let ServerSource::Start(start) = &server.source else { return None };
        let (level, fits, longer) = match (extent, start.scope) {
            (_, ServerScope::Run) | (Extent::File, ServerScope::File) => return None,
            (Extent::Suite, _) => ("suite", "`scope: run`", "the run"),
            (Extent::File, ServerScope::Case) => ("file", "`scope: run` or `scope: file`", "its file"),
        };
        let scope = if start.scope == ServerScope::Case { "case" } else { "file" };
        let wrong = Diagnostic::error(format!("the steps around a {level} cannot call `{}`", name.value));
        let wrong = wrong.at(call.call.span, format!("this server has `scope: {scope}`: one lives for each {scope}"));
        let wrong = wrong.also(server.name.span, format!("it would have to live as long as {longer}"));
        Some(wrong.hint(format!("give the server {fits}, or call it in the steps of the cases")))
    }
}
