//! spec + schemas → [`PlannedCase`]: methods looked up, requests encoded once, expectations compiled once. Pure: calls
//! nothing, starts nothing. What is planned cannot hold a typo.

mod call;
mod metadata;
mod script;
mod script_order;
mod unused;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use call::{PlannedCall, PlannedPayload, RequestMessage};
pub(crate) use metadata::MetadataTemplate;
pub(crate) use script::{PlannedAction, PlannedReceive, PlannedScript};
pub(crate) use unused::unused_variables;

use call::Planning;

use crate::diagnostic::{Diagnostics, Sources, Spanned};
use crate::expr::{Binding, Env, Scope, Value};
use crate::matcher::Across;
use crate::message::Context;
use crate::schema::{MethodName, Schema};
use crate::select::Chosen;
use crate::spec::{Case, CaseFile, Config, Step};
use crate::yaml::Node;

/// The selected cases of one suite, resolved against its schema.
#[derive(Debug)]
pub(crate) struct PlannedSuite {
    pub(crate) config: Arc<Config>,
    /// The suite's variables, for planning and for running.
    pub(crate) env: Arc<Env>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) entries: Vec<PlannedEntry>,
    /// Warnings about what is valid.
    pub(crate) warnings: Diagnostics,
}

/// A selected case: ready to run, or why it cannot be.
#[derive(Debug)]
pub(crate) struct PlannedEntry {
    pub(crate) file: Arc<CaseFile>,
    pub(crate) case: Arc<Case>,
    pub(crate) plan: Result<Arc<PlannedCase>, Diagnostics>,
}

/// A case that can run.
#[derive(Debug)]
pub(crate) struct PlannedCase {
    pub(crate) config: Arc<Config>,
    pub(crate) file: Arc<CaseFile>,
    pub(crate) case: Arc<Case>,
    /// Names of the servers it calls, each once.
    pub(crate) servers: BTreeSet<String>,
    /// What its templates see.
    pub(crate) scope: Arc<Scope>,
    pub(crate) steps: Vec<PlannedCall>,
    pub(crate) across: Option<Across>,
}

/// Plans the chosen cases of a suite. An error in its protos is one of every case: nothing runs against half a schema.
pub(crate) fn plan_suite(config: &Arc<Config>, chosen: &[Chosen], sources: &Arc<Sources>) -> PlannedSuite {
    let mut found = Diagnostics::new();
    let names = Names::of_suite(config, sources, &mut found);
    let services = services_called(chosen);
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let schema = Schema::load(&config.protos, &services, sources, &mut found);
    let planner = Planner { config, schema: &schema, sources };
    let mut suite = PlannedSuite {
        config: Arc::clone(config),
        env: Arc::clone(&names.env),
        scope: Arc::clone(&names.scope),
        entries: Vec::new(),
        warnings: Diagnostics::new(),
    };
    for Chosen { file, cases } in chosen {
        let mut found = found.clone();
        let names = names.with(&file.vars, sources, &mut found);
        for case in cases {
            let mut plan = planner.plan(file, case, &names, &mut suite.warnings);
            if found.has_errors() {
                let mut problems = found.clone();
                problems.append(plan.err().unwrap_or_default());
                plan = Err(problems);
            }
            suite.entries.push(PlannedEntry { file: Arc::clone(file), case: Arc::clone(case), plan });
        }
    }
    if !found.has_errors() {
        suite.warnings.append(found);
    }
    suite
}

/// Names of the services that the cases call, as written.
fn services_called(chosen: &[Chosen]) -> BTreeSet<String> {
    let steps = chosen.iter().flat_map(|chosen| &chosen.cases).flat_map(|case| &case.steps).flat_map(Step::all);
    let mut ignored = Diagnostics::new();
    steps
        .filter_map(|step| {
            let service = step.service.as_ref().map(|service| service.value.as_str());
            Some(MethodName::parse(&step.call, service, &mut ignored)?.service)
        })
        .collect()
}

/// What planning reads from.
struct Planner<'a> {
    config: &'a Arc<Config>,
    schema: &'a Schema,
    sources: &'a Arc<Sources>,
}

impl Planner<'_> {
    fn plan(
        &self,
        file: &Arc<CaseFile>,
        case: &Arc<Case>,
        names: &Names<'_>,
        warnings: &mut Diagnostics,
    ) -> Result<Arc<PlannedCase>, Diagnostics> {
        let mut found = Diagnostics::new();
        match self.plan_case(file, case, names, &mut found) {
            Some(planned) if !found.has_errors() => {
                warnings.append(found);
                Ok(Arc::new(planned))
            }
            _ => Err(found),
        }
    }

    fn plan_case(
        &self,
        file: &Arc<CaseFile>,
        case: &Arc<Case>,
        names: &Names<'_>,
        out: &mut Diagnostics,
    ) -> Option<PlannedCase> {
        let names = names.with(&case.vars, self.sources, out);
        for node in case.nodes() {
            names.scope.check_environment(node, self.sources, out);
        }
        let context = Context { sources: self.sources, env: &names.env, pool: self.schema.pool(), read_files: true };
        let planning = Planning { schema: self.schema, context: &context };
        let steps: Vec<_> = case.steps.iter().map(|step| planning.call(step, out)).collect();
        let steps: Vec<PlannedCall> = steps.into_iter().collect::<Option<_>>()?;
        let across = match (&case.across, steps.last()) {
            (Some(node), Some(last)) => Some(Across::compile(node, &last.method, &context, out)?),
            _ => None,
        };
        Some(PlannedCase {
            config: Arc::clone(self.config),
            file: Arc::clone(file),
            case: Arc::clone(case),
            servers: steps.iter().flat_map(PlannedCall::all).map(|call| call.server.clone()).collect(),
            scope: names.scope,
            steps,
            across,
        })
    }
}

/// Variables, for planning and for running; `--var` goes before whatever is written.
struct Names<'a> {
    env: Arc<Env>,
    scope: Arc<Scope>,
    overriding: &'a [(Spanned<Arc<str>>, Node)],
}

impl<'a> Names<'a> {
    fn of_suite(config: &'a Config, sources: &Sources, out: &mut Diagnostics) -> Self {
        let overriding = &config.overriding_vars[..];
        let none = Self { env: Arc::new(Env::new()), scope: Arc::new(Scope::new()), overriding };
        let vars: Vec<_> = config.vars.iter().chain(overriding).cloned().collect();
        none.with(&vars, sources, out)
    }

    /// With further variables, nearer than what is there.
    fn with(&self, vars: &[(Spanned<Arc<str>>, Node)], sources: &Sources, out: &mut Diagnostics) -> Self {
        let value = |(name, node): &(Spanned<Arc<str>>, Node)| {
            let overriding = self.overriding.iter().find(|(overriding, _)| overriding.value == name.value);
            let node = overriding.map_or(node, |(_, node)| node);
            (Arc::clone(&name.value), Value::Yaml(node.clone()))
        };
        let values: BTreeMap<Arc<str>, Value> = vars.iter().map(value).collect();
        let bindings = values.iter().map(|(name, value)| (Arc::clone(name), Binding::Known(value.clone()))).collect();
        let env = self.env.child(bindings);
        env.check(sources, out);
        Self { env, scope: self.scope.child(values), overriding: self.overriding }
    }
}
