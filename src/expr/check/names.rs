//! Names: of macros' variables, of what planning knows, of the environment, of types.

use std::sync::Arc;

use super::{Checker, optional};
use crate::diagnostic::did_you_mean;
use crate::expr::fault::Fault;
use crate::expr::resolve::{Failure, Walk, undefined};
use crate::expr::signature::{NAMESPACES, is_type, macro_of, signatures};
use crate::expr::term::{Index, Term, TermKind, paths};
use crate::expr::{Binding, Name, Ty, Value};

/// What other languages call what is written otherwise here.
const FOREIGN: &[(&str, &str)] = &[
    ("True", "write `true`"),
    ("TRUE", "write `true`"),
    ("False", "write `false`"),
    ("FALSE", "write `false`"),
    ("None", "write `null`, or ask `has(…)` whether a field is set"),
    ("nil", "write `null`, or ask `has(…)` whether a field is set"),
    ("NULL", "write `null`, or ask `has(…)` whether a field is set"),
    ("undefined", "write `null`, or ask `has(…)` whether a field is set"),
    ("self", "the value itself is `this`, in `$cel`"),
    ("it", "the value itself is `this`, in `$cel`"),
];

impl Checker<'_> {
    /// The type of a name, and how many of the steps after it are part of it.
    pub(super) fn root(&mut self, name: &Arc<str>, base: &Term, chain: &[&Term]) -> (Ty, usize) {
        if let Some((_, ty)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return (ty.clone(), 0);
        }
        if &**name == "env" {
            return self.environment(base, chain);
        }
        let paths = paths(name, chain);
        let known = std::iter::once(0).chain((1..paths.len()).rev()).find(|used| self.env.get(&paths[*used]).is_some());
        let span = |used: usize| {
            let end = used.checked_sub(1).map_or(base, |last| chain[last]).range.end;
            self.expression.place_of_name(base.range.start..end)
        };
        if let Some(used) = known {
            let name = Name { path: paths[used].as_str().into(), span: span(used) };
            return (self.bound_type(&name), used);
        }
        if let Some(used) = paths.iter().position(|path| is_type(path)) {
            return (Ty::Any, used);
        }
        // names of several parts are not told apart from fields: say all of what may have been meant as one
        let first = format!("{name}.");
        let is_longer = &**name == "servers" || self.env.names().any(|known| known.starts_with(&first));
        let used = if is_longer { paths.len() - 1 } else { 0 };
        let name = Name { path: paths[used].as_str().into(), span: span(used) };
        let problem = self.unknown(&name, base);
        self.problems.push(problem);
        (Ty::Any, chain.len())
    }

    fn unknown(&self, name: &Name, base: &Term) -> crate::diagnostic::Diagnostic {
        let path = &*name.path;
        if let Some((_, hint)) = FOREIGN.iter().find(|(foreign, _)| *foreign == path)
            && self.env.get(path).is_none()
        {
            let fault = Fault::new(base.range.clone(), format!("`{path}` is not defined"), "no such name");
            return self.expression.problem(fault.hint(*hint));
        }
        if let Some(hint) = did_you_mean(path, self.bound.iter().map(|(bound, _)| &**bound)) {
            let fault = Fault::new(base.range.clone(), format!("`{path}` is not defined"), "no such name");
            return self.expression.problem(fault.hint(hint));
        }
        let is_function = signatures(path, false).next().is_some() || macro_of(path, false).is_some();
        if is_function || NAMESPACES.contains(&path) {
            let fault = Fault::new(base.range.clone(), format!("`{path}` is a function"), "not a value");
            return self.expression.problem(fault.hints(is_function.then(|| format!("call it: `{path}(…)`"))));
        }
        undefined(name, self.env)
    }

    /// Of a name that planning knows.
    fn bound_type(&self, name: &Name) -> Ty {
        match self.env.get(&name.path) {
            Some(Binding::Later(ty)) => ty.clone(),
            Some(Binding::Known(Value::Yaml(_))) => match Walk::new(self.env).name(name, self.env) {
                Ok(value) => Ty::of_value(&value),
                // the place where it is defined has said what is wrong
                Err(Failure::Later | Failure::Wrong(_)) => Ty::Any,
            },
            Some(Binding::Known(value)) => Ty::of_value(value),
            None => Ty::Any,
        }
    }

    fn environment(&mut self, base: &Term, chain: &[&Term]) -> (Ty, usize) {
        let is_optional = match chain.first().map(|first| &first.kind) {
            Some(TermKind::Select(select)) => select.optional,
            Some(TermKind::Index(index)) => {
                let Index { by: index, optional, .. } = &**index;
                let optional = *optional;
                if !matches!(self.term(index), Ty::String | Ty::Any) {
                    let fault =
                        Fault::new(index.range.clone(), "a variable of the environment has a name", "not a text");
                    self.wrong(fault.hint("write `env.NAME`, as in `env.HOME`"));
                }
                optional
            }
            _ => {
                let fault = Fault::new(base.range.clone(), "`env` is no value", "it holds the environment's variables");
                return (self.wrong(fault.hint("write `env.NAME`, as in `env.HOME`")), 0);
            }
        };
        (optional(Ty::String, is_optional), 1)
    }
}
