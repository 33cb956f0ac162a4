//! The chosen cases of a suite, planned: all that can be without a server. Main type: [`PlannedSuite`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::names::Variables;
use super::planner::{PlannedCase, Planner, Schemas};
use super::{Names, PlannedLevel, reflected};
use crate::diagnostic::{Diagnostics, Sources};
use crate::expr::Value;
use crate::matcher::Named;
use crate::schema::{Schema, Wanted};
use crate::select::Chosen;
use crate::spec::{Call, Case, CaseFile, Config, Step};

/// The selected cases of one suite, resolved against its schema.
#[derive(Debug)]
pub(crate) struct PlannedSuite {
    pub(crate) config: Arc<Config>,
    /// Its variables alone: what its servers know.
    pub(crate) names: Names,
    pub(crate) values: Named<Value>,
    /// What surrounds all cases; `None` if its schema comes from the reflection of its servers.
    pub(crate) level: Option<Arc<PlannedLevel>>,
    /// Those with a selected case.
    pub(crate) files: Vec<Arc<CaseFile>>,
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
    /// What surrounds the cases of the file; `None` if its schema comes from the reflection of its servers.
    pub(crate) around: Option<Arc<PlannedLevel>>,
    pub(crate) plan: Plan,
}

/// What planning came to.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    Ready(Arc<PlannedCase>),
    /// Its schema comes from the reflection of its servers, or that of what surrounds it does.
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

/// Plans the chosen cases of a suite. An error in its protos is one of every case: nothing runs against half a schema.
pub(crate) fn plan_suite(config: &Arc<Config>, chosen: &[Chosen], sources: &Arc<Sources>) -> PlannedSuite {
    let mut found = Diagnostics::new();
    let services = reflected::services(all_calls(config, chosen));
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let schema = Schema::load(&config.protos, &services, sources, &mut found);
    let planner = Planner { config, schemas: Schemas::Local(&schema), sources };
    let mut wanted = Wants { config, local: &schema, of_servers: BTreeMap::new() };
    let (names, values) = Names::of_suite(config, sources, &mut Diagnostics::new());
    let is_waiting = wanted.level(&config.setup, &config.teardown, &[]);
    let level = if is_waiting {
        PlannedLevel::without_steps((names.clone(), values.clone()), &config.setup)
    } else {
        planner.suite(&mut found)
    };
    let level = Arc::new(level);
    let mut suite = PlannedSuite {
        config: Arc::clone(config),
        names,
        values,
        level: (!is_waiting).then(|| Arc::clone(&level)),
        files: Vec::new(),
        entries: Vec::new(),
        wanted: BTreeMap::new(),
        warnings: Diagnostics::new(),
    };
    for Chosen { file, cases } in chosen {
        let mut found = found.clone();
        let is_waiting = wanted.level(&file.setup, &file.teardown, &file.vars) || is_waiting;
        let level = if is_waiting {
            PlannedLevel::without_steps(level.names.with(&file.vars, sources, &mut found), &file.setup)
        } else {
            planner.file(&level, file, &mut found)
        };
        let level = Arc::new(level);
        let around = (!is_waiting).then(|| Arc::clone(&level));
        for case in cases {
            let is_waiting = !found.has_errors() && wanted.case(case, file, is_waiting);
            let plan = if is_waiting {
                Plan::Waiting
            } else {
                planner.case(&level, case, &found, &mut suite.warnings).map_or_else(Plan::Invalid, Plan::Ready)
            };
            let around = around.clone();
            suite.entries.push(PlannedEntry { file: Arc::clone(file), case: Arc::clone(case), around, plan });
        }
        suite.files.push(Arc::clone(file));
    }
    suite.wanted = wanted.of_servers;
    if !found.has_errors() {
        suite.warnings.append(found);
    }
    suite
}

/// Every call that may be made.
fn all_calls<'a>(config: &'a Config, chosen: &'a [Chosen]) -> impl Iterator<Item = &'a Call> {
    let around = |setup: &'a [Step], teardown: &'a [Step]| setup.iter().chain(teardown).flat_map(Step::calls);
    let of_files = chosen.iter().flat_map(move |Chosen { file, cases }| {
        around(&file.setup, &file.teardown).chain(cases.iter().flat_map(|case| case.calls()))
    });
    around(&config.setup, &config.teardown).chain(of_files)
}

/// Gathers what is to be asked of servers.
struct Wants<'a> {
    config: &'a Config,
    local: &'a Schema,
    of_servers: BTreeMap<String, Wanted>,
}

impl Wants<'_> {
    /// Whether the steps around cases need what only servers know.
    fn level(&mut self, setup: &[Step], teardown: &[Step], vars: &Variables) -> bool {
        let steps: Vec<&Step> = setup.iter().chain(teardown).collect();
        self.steps(&steps, vars, false)
    }

    /// Whether a case does, or waits for what surrounds it.
    fn case(&mut self, case: &Case, file: &CaseFile, around: bool) -> bool {
        if !self.config.protos.reflects() {
            return false;
        }
        let steps: Vec<&Step> = case.all_steps().collect();
        let of_row = case.row.iter().flat_map(|row| &*row.vars);
        let vars: Vec<_> = file.vars.iter().chain(&*case.vars).chain(of_row).cloned().collect();
        self.steps(&steps, &vars, around)
    }

    fn steps(&mut self, steps: &[&Step], vars: &Variables, around: bool) -> bool {
        let is_waiting = self.config.protos.reflects() && (around || reflected::is_needed(steps, vars, self.local));
        if is_waiting {
            let vars = self.config.vars.iter().chain(vars).map(|(_, node)| node);
            reflected::add_wanted(steps, vars, &mut self.of_servers);
        }
        is_waiting
    }
}
