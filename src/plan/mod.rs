//! spec + schemas → [`PlannedFile`]: methods looked up, requests encoded once, expectations compiled once. Pure: calls
//! nothing, starts nothing. What is planned cannot hold a typo.

mod call;
mod metadata;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use call::{PlannedCall, RequestMessage};
pub(crate) use metadata::MetadataTemplate;

use crate::diagnostic::{Diagnostics, Sources};
use crate::expr::{Binding, Env, Scope, Value};
use crate::matcher::Across;
use crate::message::Context;
use crate::schema::Schema;
use crate::spec::{Case, CaseFile, Config};

/// One case file, resolved against its schema.
#[derive(Debug)]
pub(crate) struct PlannedFile {
    pub(crate) cases: Vec<PlannedEntry>,
}

/// A selected case of a file: ready to run, or why it cannot be.
#[derive(Debug)]
pub(crate) struct PlannedEntry {
    pub(crate) case: Arc<Case>,
    pub(crate) plan: Result<Arc<PlannedCase>, Diagnostics>,
}

/// A case that can run.
#[derive(Debug)]
pub(crate) struct PlannedCase {
    pub(crate) case: Arc<Case>,
    /// Names of the servers it calls, each once.
    pub(crate) servers: Vec<String>,
    /// What its templates see.
    pub(crate) scope: Arc<Scope>,
    pub(crate) steps: Vec<PlannedCall>,
    pub(crate) across: Option<Across>,
}

/// What planning reads from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlanInput<'a> {
    pub(crate) config: &'a Config,
    pub(crate) schema: &'a Schema,
    pub(crate) sources: &'a Sources,
    /// Names that are bound around the whole suite.
    pub(crate) env: &'a Arc<Env>,
    pub(crate) scope: &'a Arc<Scope>,
}

/// Plans the cases of `file` that `selected` names. Warnings go to `out`; errors stay with their case.
pub(crate) fn plan_file(
    file: &CaseFile,
    input: PlanInput<'_>,
    selected: impl Fn(&Case) -> bool,
    out: &mut Diagnostics,
) -> PlannedFile {
    let cases = file.cases.iter().filter(|case| selected(case)).map(|case| plan_entry(case, input, out)).collect();
    PlannedFile { cases }
}

fn plan_entry(case: &Arc<Case>, input: PlanInput<'_>, out: &mut Diagnostics) -> PlannedEntry {
    let mut found = Diagnostics::new();
    let planned = plan_case(case, input, &mut found);
    let plan = match planned {
        Some(planned) if !found.has_errors() => {
            out.append(found);
            Ok(Arc::new(planned))
        }
        _ => Err(found),
    };
    PlannedEntry { case: Arc::clone(case), plan }
}

fn plan_case(case: &Arc<Case>, input: PlanInput<'_>, out: &mut Diagnostics) -> Option<PlannedCase> {
    let known = |(name, node): &(crate::diagnostic::Spanned<Arc<str>>, crate::yaml::Node)| {
        (Arc::clone(&name.value), Value::Yaml(node.clone()))
    };
    let values: BTreeMap<Arc<str>, Value> = case.vars.iter().map(known).collect();
    let bindings = values.iter().map(|(name, value)| (Arc::clone(name), Binding::Known(value.clone()))).collect();
    let env = input.env.child(bindings);
    let context = Context { sources: input.sources, env: &env, read_files: true };

    let steps: Vec<_> = case.steps.iter().map(|step| call::plan_call(step, input, &context, out)).collect();
    let steps: Vec<PlannedCall> = steps.into_iter().collect::<Option<_>>()?;
    let across = match (&case.across, steps.last()) {
        (Some(node), Some(last)) => Some(Across::compile(node, &last.method.output(), &context, out)?),
        _ => None,
    };
    let mut servers: Vec<String> = steps.iter().map(|step| step.server.clone()).collect();
    servers.sort();
    servers.dedup();
    Some(PlannedCase { case: Arc::clone(case), servers, scope: input.scope.child(values), steps, across })
}
