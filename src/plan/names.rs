//! Variables, level by level: what planning knows of them, and the values that a run makes scopes of. Main type:
//! [`Names`].

use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Sources, Spanned};
use crate::expr::{Binding, Env, Scope, Ty, Value};
use crate::matcher::Named;
use crate::spec::{Case, CaseFile, Config, Step};
use crate::yaml::Node;

/// Variables as written.
pub(super) type Variables = [Variable];
pub(super) type Variable = (Spanned<Arc<str>>, Node);

/// The names that are known at a place.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    config: Arc<Config>,
    pub(crate) env: Arc<Env>,
    /// The same with their values, as far as these are written, to look for what they read of the environment.
    pub(crate) scope: Arc<Scope>,
}

impl Names {
    /// Those of a suite, and the values of its variables. `--var` goes before whatever is written.
    pub(super) fn of_suite(config: &Arc<Config>, sources: &Sources, out: &mut Diagnostics) -> (Self, Named<Value>) {
        let none = Self {
            config: Arc::clone(config),
            env: Arc::new(Env::new()),
            scope: Arc::new(Scope::new()).hiding(config.hidden(sources)),
        };
        let vars: Vec<_> = config.vars.iter().chain(&config.overriding_vars).cloned().collect();
        none.with(&vars, sources, out)
    }

    /// Those that the steps around a suite, around a file, and of a case see before they run. What is wrong with them is
    /// said where they are planned.
    pub(crate) fn of_levels(config: &Arc<Config>, file: &CaseFile, case: &Case, sources: &Sources) -> [Self; 3] {
        let mut wrong = Diagnostics::new();
        let captured = |steps: &[Step]| -> Named<Ty> {
            steps.iter().flat_map(Step::captures).map(|capture| (capture.name.value.clone(), Ty::Any)).collect()
        };
        let suite = Self::of_suite(config, sources, &mut wrong).0.with_later(&captured(&config.setup));
        let file = suite.with(&file.vars, sources, &mut wrong).0.with_later(&captured(&file.setup));
        let own = file.with(&case.vars, sources, &mut wrong).0.with_overriding(sources, &mut wrong).0;
        let row = case.row.as_ref().map_or(&[][..], |row| &row.vars);
        let steps = captured(&case.steps).into_iter().chain(captured(&case.teardown)).collect();
        let case = own.with_exactly(row, sources, &mut wrong).0.with_later(&steps);
        [suite, file, case]
    }

    /// With the variables of a file or case, nearer than what is there.
    pub(super) fn with(&self, vars: &Variables, sources: &Sources, out: &mut Diagnostics) -> (Self, Named<Value>) {
        let value = |(name, node): &Variable| {
            let overriding = self.config.overriding_vars.iter().find(|(overriding, _)| overriding.value == name.value);
            let node = overriding.map_or(node, |(_, node)| node);
            (Arc::clone(&name.value), Value::Yaml(node.clone()))
        };
        self.with_values(vars.iter().map(value).collect(), sources, out)
    }

    /// With `--var` again, which is nearer than what a `setup` captured.
    pub(super) fn with_overriding(&self, sources: &Sources, out: &mut Diagnostics) -> (Self, Named<Value>) {
        self.with_exactly(&self.config.overriding_vars, sources, out)
    }

    /// With the variables of a row, which are nearer than `--var`.
    pub(super) fn with_exactly(
        &self,
        vars: &Variables,
        sources: &Sources,
        out: &mut Diagnostics,
    ) -> (Self, Named<Value>) {
        let value = |(name, node): &Variable| (Arc::clone(&name.value), Value::Yaml(node.clone()));
        self.with_values(vars.iter().map(value).collect(), sources, out)
    }

    fn with_values(&self, values: Named<Value>, sources: &Sources, out: &mut Diagnostics) -> (Self, Named<Value>) {
        if values.is_empty() {
            return (self.clone(), values);
        }
        let bindings = values.iter().map(|(name, value)| (Arc::clone(name), Binding::Known(value.clone()))).collect();
        let env = self.env.child(bindings);
        env.check(sources, out);
        let scope = self.scope.child(values.clone());
        (Self { config: Arc::clone(&self.config), env, scope }, values)
    }

    /// With what has its value only when the case runs.
    pub(super) fn with_later(&self, types: &Named<Ty>) -> Self {
        Self { config: Arc::clone(&self.config), env: later(&self.env, types), scope: Arc::clone(&self.scope) }
    }
}

/// `env` with names that have their values only when the case runs.
pub(super) fn later(env: &Arc<Env>, types: &Named<Ty>) -> Arc<Env> {
    if types.is_empty() {
        return Arc::clone(env);
    }
    env.child(types.iter().map(|(name, ty)| (Arc::clone(name), Binding::Later(ty.clone()))).collect())
}
