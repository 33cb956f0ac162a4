//! Names and what they stand for, from far to near: a chain, shared between all who extend it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Value;

/// What planning knows of a name.
#[derive(Debug, Clone)]
pub(crate) enum Binding {
    /// Its value: a template of such names only is a constant, and is checked and encoded once.
    Known(Value),
    /// That it will have a value when the case runs (the environment, a captured value).
    Later,
}

/// The names planning may use. `env.NAME` is always there, as [`Binding::Later`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Env {
    parent: Option<Arc<Env>>,
    names: BTreeMap<Arc<str>, Binding>,
}

/// The values of names while a case runs. `env.NAME` is read from the process's environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    parent: Option<Arc<Scope>>,
    values: BTreeMap<Arc<str>, Value>,
}

impl Env {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An environment in which `names` stand before those of `self`.
    pub(crate) fn child(self: &Arc<Self>, names: BTreeMap<Arc<str>, Binding>) -> Arc<Self> {
        Arc::new(Self { parent: Some(Arc::clone(self)), names })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Binding> {
        self.names.get(name).or_else(|| self.parent.as_ref()?.get(name))
    }
}

impl Scope {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A scope in which `values` stand before those of `self`.
    pub(crate) fn child(self: &Arc<Self>, values: BTreeMap<Arc<str>, Value>) -> Arc<Self> {
        Arc::new(Self { parent: Some(Arc::clone(self)), values })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).or_else(|| self.parent.as_ref()?.get(name))
    }
}
