//! Plans a suite, a file, a case, each from what surrounds it. Main types: [`Planner`], [`PlannedCase`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::level::{Extent, PlannedLevel};
use super::step::{PlannedStep, StepPlanner};
use super::{Names, PlannedCall};
use crate::diagnostic::{Diagnostics, Sources};
use crate::expr::{Env, Value};
use crate::matcher::{Across, Named};
use crate::message::Context;
use crate::schema::Schema;
use crate::spec::{Case, CaseFile, Config};

/// A case that can run.
#[derive(Debug)]
pub(crate) struct PlannedCase {
    pub(crate) config: Arc<Config>,
    pub(crate) case: Arc<Case>,
    /// Its variables, `--var`, those of its row: from far to near.
    pub(crate) levels: Vec<Named<Value>>,
    pub(crate) steps: Vec<PlannedStep>,
    pub(crate) teardown: Vec<PlannedStep>,
    pub(crate) across: Option<Across>,
}

/// What planning reads from.
#[derive(Clone, Copy)]
pub(crate) struct Planner<'a> {
    pub(crate) config: &'a Arc<Config>,
    pub(crate) schemas: Schemas<'a>,
    pub(crate) sources: &'a Arc<Sources>,
}

/// Descriptors to plan with. Messages of two pools never fit each other.
#[derive(Clone, Copy)]
pub(crate) enum Schemas<'a> {
    Local(&'a Schema),
    /// By the servers' names.
    OfServers(&'a BTreeMap<String, Arc<Schema>>),
}

impl Schemas<'_> {
    pub(super) fn of(&self, server: &str) -> Option<&Schema> {
        match self {
            Self::Local(schema) => Some(schema),
            Self::OfServers(schemas) => schemas.get(server).map(|schema| &**schema),
        }
    }
}

impl Planner<'_> {
    /// What surrounds all cases.
    pub(crate) fn suite(&self, out: &mut Diagnostics) -> PlannedLevel {
        let names = Names::of_suite(self.config, self.sources, out);
        self.level(names, (&self.config.setup, &self.config.teardown), Extent::Suite, out)
    }

    /// What surrounds the cases of a file.
    pub(crate) fn file(&self, suite: &PlannedLevel, file: &CaseFile, out: &mut Diagnostics) -> PlannedLevel {
        let names = suite.names.with(&file.vars, self.sources, out);
        self.level(names, (&file.setup, &file.teardown), Extent::File, out)
    }

    /// A case; what was `found` in its file and suite counts.
    pub(crate) fn case(
        &self,
        file: &PlannedLevel,
        case: &Arc<Case>,
        found: &Diagnostics,
        warnings: &mut Diagnostics,
    ) -> Result<Arc<PlannedCase>, Diagnostics> {
        let mut own = Diagnostics::new();
        let case = self.plan_case(file, case, &mut own).filter(|_| !own.has_errors());
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

    fn plan_case(&self, file: &PlannedLevel, case: &Arc<Case>, out: &mut Diagnostics) -> Option<PlannedCase> {
        let (names, own) = file.names.with(&case.vars, self.sources, out);
        let (names, overriding) = names.with_overriding(self.sources, out);
        let row = case.row.as_ref().map_or(&[][..], |row| &row.vars);
        let (names, row) = names.with_exactly(row, self.sources, out);
        let levels = [own, overriding, row].into_iter().filter(|values| !values.is_empty()).collect();
        if let Some(across) = &case.across {
            names.scope.check_environment(across, self.sources, out);
        }
        let mut planner = StepPlanner::new(self, &names);
        let steps = planner.plan(&case.steps, out);
        let env = Arc::clone(planner.env());
        let teardown = planner.plan(&case.teardown, out);
        let (mut steps, teardown) = steps.zip(teardown)?;
        let last = steps.iter_mut().rev().find_map(PlannedStep::call_mut);
        let across = match (&case.across, last) {
            (Some(node), Some(PlannedCall { server, method, is_asked, .. })) => {
                *is_asked = true;
                let schema = self.schemas.of(server)?;
                Some(Across::compile(node, method, &self.context(schema, &env), out)?)
            }
            _ => None,
        };
        Some(PlannedCase { config: Arc::clone(self.config), case: Arc::clone(case), levels, steps, teardown, across })
    }

    pub(super) fn context<'c>(&'c self, schema: &'c Schema, env: &'c Arc<Env>) -> Context<'c> {
        Context { sources: self.sources, env, pool: schema.pool(), read_files: true }
    }
}
