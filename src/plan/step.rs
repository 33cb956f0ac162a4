//! The steps of a case, a `setup` or a `teardown`, one after the other: what one captures, those after it know. Main
//! types: [`PlannedStep`], [`StepPlanner`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::call::{CallPlanner, PlannedCall};
use super::capture::of_any_type;
use super::names::later;
use super::{Names, Planner};
use crate::diagnostic::{Diagnostics, Span};
use crate::expr::{Env, Expression, Ty, names_in};
use crate::matcher::Named;
use crate::spec::{Action, Step};

/// A step that can be made.
#[derive(Debug)]
pub(crate) struct PlannedStep {
    pub(crate) span: Span,
    /// What expressions know it by, as `steps.ID`.
    pub(crate) id: Option<Arc<str>>,
    /// What reports call it: its name, its id, or what it does.
    pub(crate) name: String,
    /// Captured variables and ids of steps that it uses: without them it cannot be made.
    pub(crate) needs: BTreeSet<Arc<str>>,
    pub(crate) action: StepAction,
}

#[derive(Debug)]
pub(crate) enum StepAction {
    Call(Box<PlannedCall>),
    Sleep(Duration),
}

impl PlannedStep {
    pub(crate) fn call(&self) -> Option<&PlannedCall> {
        match &self.action {
            StepAction::Call(call) => Some(call),
            StepAction::Sleep(_) => None,
        }
    }

    pub(super) fn call_mut(&mut self) -> Option<&mut PlannedCall> {
        match &mut self.action {
            StepAction::Call(call) => Some(call),
            StepAction::Sleep(_) => None,
        }
    }
}

/// Plans steps in their order.
pub(super) struct StepPlanner<'a> {
    planner: &'a Planner<'a>,
    names: &'a Names,
    env: Arc<Env>,
    /// Of the steps that have an id, what is known of each.
    ids: Named<Ty>,
    /// All that was captured.
    captured: Named<Ty>,
}

impl<'a> StepPlanner<'a> {
    pub(super) fn new(planner: &'a Planner<'a>, names: &'a Names) -> Self {
        let env = Arc::clone(&names.env);
        Self { planner, names, env, ids: Named::new(), captured: Named::new() }
    }

    /// All of them, if all are sound.
    pub(super) fn plan(&mut self, steps: &[Step], out: &mut Diagnostics) -> Option<Vec<PlannedStep>> {
        let planned: Vec<_> = steps.iter().map(|step| self.step(step, out)).collect();
        planned.into_iter().collect()
    }

    /// What is known after the last step.
    pub(super) fn env(&self) -> &Arc<Env> {
        &self.env
    }

    /// What was captured so far.
    pub(super) fn captured(&self) -> &Named<Ty> {
        &self.captured
    }

    fn step(&mut self, step: &Step, out: &mut Diagnostics) -> Option<PlannedStep> {
        for node in step.nodes() {
            self.names.scope.check_environment(node, self.planner.sources, out);
        }
        let needs = self.needs(step);
        let mut name = step.name.clone().or_else(|| step.id.as_ref().map(|id| id.value.to_string()));
        let action = match &step.action {
            Action::Sleep(duration) => {
                name = name.or_else(|| Some(format!("sleep {duration:?}")));
                Some(StepAction::Sleep(*duration))
            }
            Action::Call(call) => {
                name = name.or_else(|| Some(call.call.value.clone()));
                let planned = CallPlanner { planner: self.planner, env: Arc::clone(&self.env) }.call(call, out);
                let (captured, types) = match &planned {
                    Some((call, captured)) => (captured.clone(), Ty::Record(Arc::new(call.types()))),
                    None => (of_any_type(call.captures()), Ty::Any),
                };
                if let Some(id) = &step.id {
                    self.ids.insert(Arc::clone(&id.value), types);
                    let steps = Ty::Record(Arc::new(self.ids.clone()));
                    self.env = later(&self.env, &Named::from([("steps".into(), steps)]));
                }
                self.env = later(&self.env, &captured);
                self.captured.extend(captured);
                planned.map(|(call, _)| {
                    let is_asked = call.is_asked || step.id.is_some();
                    StepAction::Call(Box::new(PlannedCall { is_asked, ..call }))
                })
            }
        };
        let id = step.id.as_ref().map(|id| Arc::clone(&id.value));
        Some(PlannedStep { span: step.span, id, name: name.unwrap_or_default(), needs, action: action? })
    }

    /// What of that which was captured, and of the steps before, a step uses.
    fn needs(&self, step: &Step) -> BTreeSet<Arc<str>> {
        let sources = self.planner.sources;
        let of_nodes = step.nodes().flat_map(|node| names_in(node, sources)).map(|name| name.path);
        let mut ignored = Diagnostics::new();
        let expressions = step.expressions().filter_map(|node| Expression::parse(node, sources, &mut ignored));
        let of_expressions: Vec<_> = expressions
            .flat_map(|expression| expression.names().map(|name| Arc::clone(&name.path)).collect::<Vec<_>>())
            .collect();
        let known = |path: Arc<str>| {
            let mut parts = path.split('.');
            let first = parts.next()?;
            let name = if first == "steps" { parts.next()? } else { first };
            let known = if first == "steps" { &self.ids } else { &self.captured };
            known.get_key_value(name).map(|(name, _)| Arc::clone(name))
        };
        of_nodes.chain(of_expressions).filter_map(known).collect()
    }
}
