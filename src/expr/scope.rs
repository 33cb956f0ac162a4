//! Names and what they stand for, from far to near: a chain, shared between all who extend it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::random::Random;
use super::{Secrets, Ty, Value};

/// What planning knows of a name.
#[derive(Debug, Clone)]
pub(crate) enum Binding {
    /// Its value: a template of such names only is a constant, and is checked and encoded once.
    Known(Value),
    /// That it will have a value of this type when the case runs (the environment, a captured value).
    Later(Ty),
}

/// The names planning may use. `env.NAME` is always there, as [`Binding::Later`].
///
/// Names are paths as written: `who`, `port`, `servers.greeter.address`. A value that holds `${…}` itself sees the
/// names of its own level and farther ones: it is what it was where it was written, whoever uses it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Env {
    parent: Option<Arc<Env>>,
    names: BTreeMap<Arc<str>, Slot<Binding>>,
}

/// The values of names while a case runs; as in [`Env`], names are paths as written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    parent: Option<Arc<Scope>>,
    values: BTreeMap<Arc<str>, Slot<Value>>,
    environment: Environment,
    until: Option<Instant>,
    random: Random,
    secrets: Option<Arc<Secrets>>,
    ports: Option<FreePorts>,
}

/// What a level holds of a name.
#[derive(Debug, Clone)]
struct Slot<T> {
    holds: T,
    /// What it comes to if `${…}` stands in it: computed once, whoever asks first.
    computed: OnceLock<Value>,
}

impl<T> Slot<T> {
    fn level(names: BTreeMap<Arc<str>, T>) -> BTreeMap<Arc<str>, Self> {
        names.into_iter().map(|(name, holds)| (name, Self { holds, computed: OnceLock::new() })).collect()
    }

    /// Of two who compute it at a time, what the first has kept is right for both.
    fn keep(&self, value: Value) -> Value {
        self.computed.get_or_init(|| value).clone()
    }
}

/// Where `free_port()` takes its ports from; the error says why there is none.
#[derive(Clone)]
pub(crate) struct FreePorts(Arc<dyn Fn() -> Result<u16, String> + Send + Sync>);

impl FreePorts {
    pub(crate) fn new(take: impl Fn() -> Result<u16, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }
}

impl fmt::Debug for FreePorts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FreePorts")
    }
}

/// What `env.NAME` reads.
#[derive(Debug, Clone, Default)]
enum Environment {
    /// The process's own.
    #[default]
    Process,
    #[cfg(test)]
    Snapshot(Arc<BTreeMap<OsString, OsString>>),
}

impl Env {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An environment in which `names` stand before those of `self`.
    pub(crate) fn child(self: &Arc<Self>, names: BTreeMap<Arc<str>, Binding>) -> Arc<Self> {
        Arc::new(Self { parent: Some(Arc::clone(self)), names: Slot::level(names) })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Binding> {
        self.find(name).map(|(binding, _)| binding)
    }

    /// A name's binding and the level it stands at.
    pub(super) fn find(&self, name: &str) -> Option<(&Binding, &Self)> {
        self.levels().find_map(|level| level.names.get(name).map(|slot| (&slot.holds, level)))
    }

    /// What the templates in a value of this level have come to.
    pub(super) fn computed(&self, name: &str) -> Option<Value> {
        self.names.get(name)?.computed.get().cloned()
    }

    pub(super) fn keep(&self, name: &str, value: Value) -> Value {
        match self.names.get(name) {
            Some(slot) => slot.keep(value),
            None => value,
        }
    }

    /// The names of this level alone, not its parents'.
    pub(crate) fn own(&self) -> impl Iterator<Item = (&str, &Binding)> {
        self.names.iter().map(|(name, slot)| (&**name, &slot.holds))
    }

    /// Every name, from near to far; one that is hidden comes twice.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.levels().flat_map(|level| level.names.keys().map(|name| &**name))
    }

    fn levels(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |level| level.parent.as_deref())
    }
}

impl Scope {
    /// No values; `env.NAME` reads the process's environment.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// No values; `env.NAME` reads `environment`.
    #[cfg(test)]
    pub(crate) fn with_environment(environment: BTreeMap<OsString, OsString>) -> Self {
        Self { environment: Environment::Snapshot(Arc::new(environment)), ..Self::default() }
    }

    /// A scope in which `values` stand before those of `self`.
    pub(crate) fn child(self: &Arc<Self>, values: BTreeMap<Arc<str>, Value>) -> Arc<Self> {
        let child = Arc::new(Self { values: Slot::level(values), ..self.inner() });
        if let Some(secrets) = &child.secrets {
            secrets.hide_level(&child);
        }
        child
    }

    /// The same scope, in which these variables are hidden as soon as a level has them.
    pub(crate) fn hiding(self: &Arc<Self>, secrets: Arc<Secrets>) -> Arc<Self> {
        Arc::new(Self { secrets: Some(secrets), ..self.inner() })
    }

    pub(super) fn secrets(&self) -> Option<&Secrets> {
        self.secrets.as_deref()
    }

    /// The values of this level alone, not its parents'.
    pub(super) fn own(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, slot)| (&**name, &slot.holds))
    }

    /// The same scope, in which every evaluation ends at that moment with an error.
    pub(crate) fn until(self: &Arc<Self>, moment: Instant) -> Arc<Self> {
        let until = self.until.map_or(moment, |until| until.min(moment));
        Arc::new(Self { until: Some(until), ..self.inner() })
    }

    /// The same scope, in which random functions draw from a generator of its own: the same seed, the same values. Each
    /// variable of the levels within draws from a generator derived from this seed and its name, so the order in which
    /// variables are computed does not matter; levels whose variables are to differ need seeds that differ.
    pub(crate) fn with_random(self: &Arc<Self>, seed: u64) -> Arc<Self> {
        Arc::new(Self { random: Random::new(seed), ..self.inner() })
    }

    /// The same scope, in which `free_port()` is known.
    pub(crate) fn with_free_ports(self: &Arc<Self>, ports: FreePorts) -> Arc<Self> {
        Arc::new(Self { ports: Some(ports), ..self.inner() })
    }

    /// A level within, so far without values.
    fn inner(self: &Arc<Self>) -> Self {
        Self {
            parent: Some(Arc::clone(self)),
            values: BTreeMap::new(),
            environment: self.environment.clone(),
            until: self.until,
            random: self.random.clone(),
            secrets: self.secrets.clone(),
            ports: self.ports.clone(),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.find(name).map(|(value, _)| value)
    }

    /// A name's value and the level it stands at.
    pub(super) fn find(&self, name: &str) -> Option<(&Value, &Self)> {
        self.levels().find_map(|level| level.values.get(name).map(|slot| (&slot.holds, level)))
    }

    /// What the templates in a value of this level have come to.
    pub(super) fn computed(&self, name: &str) -> Option<Value> {
        self.values.get(name)?.computed.get().cloned()
    }

    pub(super) fn keep(&self, name: &str, value: Value) -> Value {
        match self.values.get(name) {
            Some(slot) => slot.keep(value),
            None => value,
        }
    }

    pub(super) fn random(&self) -> &Random {
        &self.random
    }

    pub(super) fn ends(&self) -> Option<Instant> {
        self.until
    }

    pub(super) fn free_port(&self) -> Option<Result<u16, String>> {
        self.ports.as_ref().map(|ports| ports.0())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.levels().flat_map(|level| level.values.keys().map(|name| &**name))
    }

    /// A variable of the environment; not necessarily UTF-8.
    pub(super) fn environment(&self, name: &str) -> Option<OsString> {
        match &self.environment {
            Environment::Process => std::env::var_os(name),
            #[cfg(test)]
            Environment::Snapshot(variables) => variables.get(std::ffi::OsStr::new(name)).cloned(),
        }
    }

    fn levels(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |level| level.parent.as_deref())
    }
}
