//! spec + schemas → [`PlannedCase`]: methods looked up, requests encoded once, expectations compiled once. Pure: calls
//! nothing, starts nothing. What is planned cannot hold a typo.

mod call;
mod metadata;
mod reflected;
mod script;
mod script_order;
mod unused;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use call::{PlannedCall, PlannedPayload, RequestMessage};
pub(crate) use metadata::MetadataTemplate;
pub(crate) use reflected::reflection_metadata;
pub(crate) use script::{PlannedAction, PlannedReceive, PlannedScript};
pub(crate) use unused::unused_variables;

use call::Planning;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Spanned};
use crate::expr::{Binding, Env, Scope, Value};
use crate::matcher::Across;
use crate::message::Context;
use crate::schema::{Schema, Wanted};
use crate::select::Chosen;
use crate::spec::{Action, Case, CaseFile, Config, Step};
use crate::yaml::Node;

/// The selected cases of one suite, resolved against its schema.
#[derive(Debug)]
pub(crate) struct PlannedSuite {
    pub(crate) config: Arc<Config>,
    /// The suite's variables, for planning and for running.
    pub(crate) env: Arc<Env>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) entries: Vec<PlannedEntry>,
    /// What is to be asked of servers before the cases that wait for it can be planned.
    pub(crate) wanted: BTreeMap<String, Wanted>,
    /// Warnings about what is valid.
    pub(crate) warnings: Diagnostics,
}

/// A selected case.
#[derive(Debug)]
pub(crate) struct PlannedEntry {
    pub(crate) file: Arc<CaseFile>,
    pub(crate) case: Arc<Case>,
    pub(crate) plan: Plan,
}

/// What planning came to.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    Ready(Arc<PlannedCase>),
    /// Its schema comes from the reflection of its servers: see [`plan_reflected`].
    Waiting,
    Invalid(Diagnostics),
}

impl Plan {
    /// Why it cannot run.
    pub(crate) fn problems(&self) -> Option<&Diagnostics> {
        match self {
            Self::Invalid(problems) => Some(problems),
            Self::Ready(_) | Self::Waiting => None,
        }
    }
}

/// A case that can run.
#[derive(Debug)]
pub(crate) struct PlannedCase {
    pub(crate) config: Arc<Config>,
    pub(crate) case: Arc<Case>,
    /// What its templates see.
    pub(crate) scope: Arc<Scope>,
    pub(crate) steps: Vec<PlannedCall>,
    pub(crate) across: Option<Across>,
}

/// Plans the chosen cases of a suite. An error in its protos is one of every case: nothing runs against half a schema.
pub(crate) fn plan_suite(config: &Arc<Config>, chosen: &[Chosen], sources: &Arc<Sources>) -> PlannedSuite {
    let mut found = Diagnostics::new();
    let names = Names::of_suite(config, sources, &mut found);
    let services = reflected::services(chosen.iter().flat_map(|file| &file.cases).flat_map(|case| case.calls()));
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let schema = Schema::load(&config.protos, &services, sources, &mut found);
    let planner = Planner { config, schemas: Schemas::Local(&schema), sources };
    let mut suite = PlannedSuite {
        config: Arc::clone(config),
        env: Arc::clone(&names.env),
        scope: Arc::clone(&names.scope),
        entries: Vec::new(),
        wanted: BTreeMap::new(),
        warnings: Diagnostics::new(),
    };
    for Chosen { file, cases } in chosen {
        let mut found = found.clone();
        let names = names.with(&file.vars, sources, &mut found);
        for case in cases {
            let is_waiting = config.protos.reflects() && !found.has_errors() && reflected::is_needed(case, &schema);
            let plan = if is_waiting {
                reflected::add_wanted(config, file, case, &mut suite.wanted);
                Plan::Waiting
            } else {
                planner.plan(case, &names, &found, &mut suite.warnings).map_or_else(Plan::Invalid, Plan::Ready)
            };
            suite.entries.push(PlannedEntry { file: Arc::clone(file), case: Arc::clone(case), plan });
        }
    }
    if !found.has_errors() {
        suite.warnings.append(found);
    }
    suite
}

/// Plans a case that waited for the schemas of its servers, here by the servers' names.
pub(crate) fn plan_reflected(
    config: &Arc<Config>,
    file: &Arc<CaseFile>,
    case: &Arc<Case>,
    schemas: &BTreeMap<String, Arc<Schema>>,
    sources: &Arc<Sources>,
    warnings: &mut Diagnostics,
) -> Result<Arc<PlannedCase>, Diagnostics> {
    let mut found = Diagnostics::new();
    let names = Names::of_suite(config, sources, &mut found).with(&file.vars, sources, &mut found);
    let planner = Planner { config, schemas: Schemas::OfServers(schemas), sources };
    planner.plan(case, &names, &found, warnings)
}

/// What planning reads from.
struct Planner<'a> {
    config: &'a Arc<Config>,
    schemas: Schemas<'a>,
    sources: &'a Arc<Sources>,
}

/// Descriptors to plan with. Messages of two pools never fit each other.
enum Schemas<'a> {
    Local(&'a Schema),
    /// By the servers' names.
    OfServers(&'a BTreeMap<String, Arc<Schema>>),
}

impl Schemas<'_> {
    fn of(&self, server: &str) -> Option<&Schema> {
        match self {
            Self::Local(schema) => Some(schema),
            Self::OfServers(schemas) => schemas.get(server).map(|schema| &**schema),
        }
    }
}

impl Planner<'_> {
    /// Plans a case; what was `found` in its file and suite counts.
    fn plan(
        &self,
        case: &Arc<Case>,
        names: &Names<'_>,
        found: &Diagnostics,
        warnings: &mut Diagnostics,
    ) -> Result<Arc<PlannedCase>, Diagnostics> {
        let mut own = Diagnostics::new();
        let case = self.plan_case(case, names, &mut own).filter(|_| !own.has_errors());
        match case {
            Some(case) if !found.has_errors() => {
                warnings.append(own);
                Ok(Arc::new(case))
            }
            // its warnings are for when it is valid
            Some(_) => Err(found.clone()),
            None => Err(found.iter().chain(own.iter()).cloned().collect()),
        }
    }

    fn context<'c>(&'c self, schema: &'c Schema, names: &'c Names<'_>) -> Context<'c> {
        Context { sources: self.sources, env: &names.env, pool: schema.pool(), read_files: true }
    }

    fn plan_case(&self, case: &Arc<Case>, names: &Names<'_>, out: &mut Diagnostics) -> Option<PlannedCase> {
        let names = names.with(&case.vars, self.sources, out);
        for node in case.nodes() {
            names.scope.check_environment(node, self.sources, out);
        }
        let planning = Planning { planner: self, names: &names };
        let plan_step = |step: &Step| match &step.action {
            Action::Call(call) => planning.call(call, out),
            Action::Sleep(_) => {
                let unsupported = Diagnostic::error("a `sleep` among the steps of a case is not supported yet");
                out.push(unsupported.at(step.span, "").hint("leave it out"));
                None
            }
        };
        let steps: Vec<_> = case.steps.iter().map(plan_step).collect();
        let steps: Vec<PlannedCall> = steps.into_iter().collect::<Option<_>>()?;
        let across = match (&case.across, steps.last()) {
            (Some(node), Some(last)) => {
                let schema = self.schemas.of(&last.server)?;
                Some(Across::compile(node, &last.method, &self.context(schema, &names), out)?)
            }
            _ => None,
        };
        Some(PlannedCase { config: Arc::clone(self.config), case: Arc::clone(case), scope: names.scope, steps, across })
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
        let scope = Arc::new(Scope::new()).hiding(config.hidden(sources));
        let none = Self { env: Arc::new(Env::new()), scope, overriding };
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
