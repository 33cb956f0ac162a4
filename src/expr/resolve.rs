//! From names to values, for planning and running alike: names inside values are resolved in turn, without end neither
//! in depth nor in size.

use std::sync::Arc;
use std::time::Instant;

use super::budget::Budget;
use super::evaluate::Evaluation;
use super::random::Random;
use super::template::{Part, Template, Text, shortened};
use super::yaml_value::node_of;
use super::{Binding, Env, Expression, Name, Scope, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Span, did_you_mean, one_of};
use crate::yaml::{Entry, Node, NodeKind};

/// How many variables may stand one within the other.
const MAX_DEPTH: usize = 100;
/// How many names one template may come to, those inside values included.
const MAX_NAMES: usize = 100_000;
/// How long joined text may become, in bytes.
const MAX_TEXT: usize = 16 << 20;

/// Why there is no value.
#[derive(Debug)]
pub(super) enum Failure {
    /// A name's value is known when the case runs.
    Later,
    Wrong(Box<Diagnostic>),
}

impl Failure {
    pub(super) fn wrong(self) -> Option<Diagnostic> {
        match self {
            Self::Wrong(problem) => Some(*problem),
            Self::Later => None,
        }
    }

    /// What to say of it at run time. A scope has its values or has them not, so the first is for completeness.
    pub(super) fn said(self, span: Span) -> Diagnostic {
        match self {
            Self::Wrong(problem) => *problem,
            Self::Later => Diagnostic::error("a name has no value yet").at(span, ""),
        }
    }
}

impl From<Diagnostic> for Failure {
    fn from(problem: Diagnostic) -> Self {
        Self::Wrong(Box::new(problem))
    }
}

/// Where names are looked up: what planning knows, or the values of a run.
pub(super) trait Names: Sized {
    /// Whether a name has a value, now or later. Of the environment nothing is known.
    fn knows(&self, path: &str) -> bool;
    /// A value, and the level it stands at, from where the names inside it are looked up.
    fn look_up(&self, name: &Name) -> Result<(Value, &Self), Failure>;
    fn has_environment(&self, variable: &str) -> Result<bool, Failure>;
    /// What the templates in a value of this level have come to before.
    fn computed(&self, path: &str) -> Option<Value>;
    fn keep(&self, path: &str, value: Value) -> Value;
    /// Where random functions draw from; while planning they do not.
    fn random(&self) -> Option<&Random>;
    fn ends(&self) -> Option<Instant>;
    /// `None` while planning.
    fn free_port(&self) -> Option<Result<u16, String>>;
}

impl Names for Env {
    fn knows(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    fn look_up(&self, name: &Name) -> Result<(Value, &Self), Failure> {
        match self.find(&name.path) {
            Some((Binding::Known(value), level)) => Ok((value.clone(), level)),
            Some((Binding::Later(_), _)) => Err(Failure::Later),
            None if name.environment().is_some() => Err(Failure::Later),
            None => Err(undefined(name, self).into()),
        }
    }

    fn has_environment(&self, _variable: &str) -> Result<bool, Failure> {
        Err(Failure::Later)
    }

    fn computed(&self, path: &str) -> Option<Value> {
        self.computed(path)
    }

    fn keep(&self, path: &str, value: Value) -> Value {
        self.keep(path, value)
    }

    fn random(&self) -> Option<&Random> {
        None
    }

    fn ends(&self) -> Option<Instant> {
        None
    }

    fn free_port(&self) -> Option<Result<u16, String>> {
        None
    }
}

impl Names for Scope {
    fn knows(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    fn has_environment(&self, variable: &str) -> Result<bool, Failure> {
        Ok(self.environment(variable).is_some())
    }

    fn computed(&self, path: &str) -> Option<Value> {
        self.computed(path)
    }

    fn keep(&self, path: &str, value: Value) -> Value {
        self.keep(path, value)
    }

    fn random(&self) -> Option<&Random> {
        Some(self.random())
    }

    fn ends(&self) -> Option<Instant> {
        self.ends()
    }

    fn free_port(&self) -> Option<Result<u16, String>> {
        Some(self.free_port().unwrap_or_else(|| Err("only the `start` and `address` of a server have it".to_owned())))
    }

    fn look_up(&self, name: &Name) -> Result<(Value, &Self), Failure> {
        if let Some((value, level)) = self.find(&name.path) {
            return Ok((value.clone(), level));
        }
        let Some(variable) = name.environment() else {
            let known = did_you_mean(&name.path, self.names());
            let problem = Diagnostic::error(format!("`{}` has no value", name.path));
            return Err(problem.at(name.span, "nothing has set it so far").hints(known).into());
        };
        match self.environment(variable).map(std::ffi::OsString::into_string) {
            Some(Ok(text)) => Ok((Value::Text(text.into()), self)),
            Some(Err(_)) => Err(Diagnostic::error(format!("the environment variable `{variable}` is not UTF-8"))
                .at(name.span, "its value cannot be used as text")
                .into()),
            None => Err(Diagnostic::error(format!("the environment variable `{variable}` is not set"))
                .at(name.span, "not set")
                .hint(format!("set `{variable}` where the run is started"))
                .into()),
        }
    }
}

/// One evaluation: what it is in the middle of, and what it may still do.
pub(super) struct Walk<'a, N> {
    /// The variables being resolved, each with the level it stands at.
    trail: Vec<(&'a N, Arc<str>)>,
    names_left: usize,
    pub(super) budget: Budget,
    /// Of the variable being resolved, or where the evaluation began.
    random: Option<Random>,
}

impl<'a, N: Names> Walk<'a, N> {
    pub(super) fn new(names: &N) -> Self {
        let (budget, random) = (Budget::new(names.ends()), names.random().cloned());
        Self { trail: Vec::new(), names_left: MAX_NAMES, budget, random }
    }

    pub(super) fn random(&self) -> Option<&Random> {
        self.random.as_ref()
    }

    pub(super) fn template(&mut self, template: &Template, names: &'a N) -> Result<Value, Failure> {
        if let [Part::Expression(expression)] = template.parts.as_slice() {
            return self.expression(expression, names);
        }
        let mut joined = String::new();
        for part in &template.parts {
            match part {
                Part::Text(text) => joined.push_str(text),
                Part::Expression(expression) => {
                    let value = self.expression(expression, names)?;
                    joined.push_str(&written(&value, expression.source(), expression.place())?);
                }
            }
            if joined.len() > MAX_TEXT {
                let problem = Diagnostic::error(format!("the text grows beyond {} MiB", MAX_TEXT >> 20));
                return Err(problem.at(template.span, "joined here").into());
            }
        }
        Ok(Value::Text(joined.into()))
    }

    pub(super) fn expression(&mut self, expression: &Expression, names: &'a N) -> Result<Value, Failure> {
        let mut evaluation = Evaluation::new(self, names, expression);
        evaluation.whole(expression.term()).map_err(|stop| expression.failure(stop))
    }

    /// What a name stands for, the names inside it resolved.
    pub(super) fn name(&mut self, name: &Name, names: &'a N) -> Result<Value, Failure> {
        let too_much = |label: String| Diagnostic::error(format!("`{}` goes too far", name.path)).at(name.span, label);
        self.names_left = match self.names_left.checked_sub(1) {
            Some(left) => left,
            None => return Err(too_much(format!("it comes to more than {MAX_NAMES} names")).into()),
        };
        let (value, level) = names.look_up(name)?;
        let Value::Yaml(node) = value else { return Ok(value) };
        if let Some(computed) = level.computed(&name.path) {
            return Ok(computed);
        }
        if self.trail.iter().any(|(seen, path)| std::ptr::eq(*seen, level) && *path == name.path) {
            let problem = Diagnostic::error(format!("`{}` refers to itself", name.path));
            return Err(problem.at(name.span, "comes back to itself").into());
        }
        if self.trail.len() == MAX_DEPTH {
            return Err(too_much(format!("more than {MAX_DEPTH} variables stand one within the other")).into());
        }
        self.trail.push((level, name.path.clone()));
        let random = level.random().map(|random| random.named(&name.path));
        let before = std::mem::replace(&mut self.random, random);
        let value = self.value(&node, level);
        self.random = before;
        self.trail.pop();
        Ok(level.keep(&name.path, value?))
    }

    /// A variable's value: what it says, or what its own template comes to.
    fn value(&mut self, node: &Node, names: &'a N) -> Result<Value, Failure> {
        if node.as_scalar().is_none() {
            let resolved = self.container(node, names)?;
            return Ok(Value::Yaml(resolved.unwrap_or_else(|| node.clone())));
        }
        match read(node)? {
            Text::Literal(_) => Ok(Value::Yaml(node.clone())),
            Text::Template(template) => self.template(&template, names),
        }
    }

    /// A list or mapping with the templates in it resolved, but for what is known later; `None` if nothing changes.
    fn container(&mut self, node: &Node, names: &'a N) -> Result<Option<Node>, Failure> {
        let kind = match &node.kind {
            NodeKind::Scalar(scalar) if !scalar.text.contains("${") => return Ok(None),
            NodeKind::Scalar(_) => {
                return match self.value(node, names) {
                    Ok(value) => match node_of(&value, node.span) {
                        Some(resolved) => Ok(Some(resolved)),
                        None => Err(unwritable(&value, node.span).into()),
                    },
                    Err(Failure::Later) => Ok(None),
                    Err(failure) => Err(failure),
                };
            }
            NodeKind::Sequence(items) => {
                let resolved: Vec<_> =
                    items.iter().map(|item| self.container(item, names)).collect::<Result<_, _>>()?;
                if resolved.iter().all(Option::is_none) {
                    return Ok(None);
                }
                let items = resolved.into_iter().zip(items.iter());
                NodeKind::Sequence(items.map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect())
            }
            NodeKind::Mapping(entries) => {
                let resolved: Vec<_> =
                    entries.iter().map(|entry| self.container(&entry.value, names)).collect::<Result<_, _>>()?;
                if resolved.iter().all(Option::is_none) {
                    return Ok(None);
                }
                let entries = resolved.into_iter().zip(entries.iter()).map(|(new, old)| match new {
                    Some(value) => Entry { value, ..old.clone() },
                    None => old.clone(),
                });
                NodeKind::Mapping(entries.collect())
            }
        };
        Ok(Some(Node { span: node.span, kind }))
    }
}

fn read(node: &Node) -> Result<Text, Failure> {
    let mut problems = Diagnostics::new();
    Text::read(node, None, &mut problems).ok_or_else(|| {
        let problem = problems.into_iter().find(|problem| problem.severity == Severity::Error);
        problem.unwrap_or_else(|| Diagnostic::error("unreadable template").at(node.span, "")).into()
    })
}

/// A value as text: what was written, for a YAML scalar; an error for what no text can hold.
#[expect(clippy::result_large_err, reason = "an error ends the case; the way to it is not hot")]
pub(super) fn written(value: &Value, source: &str, used_at: Span) -> Result<String, Diagnostic> {
    if let Some(text) = value.to_text() {
        return Ok(text);
    }
    if let Value::Yaml(node) = value
        && let Some(Text::Literal(text)) = Text::read(node, None, &mut Diagnostics::new())
        && node.as_scalar().is_some()
        && !node.is_null()
    {
        return Ok(text);
    }
    let problem = unjoinable(source, &value.describe(), used_at);
    Err(match value {
        Value::Yaml(node) => problem.also(node.span, format!("`{}` is defined here", shortened(source))),
        Value::Bytes(_) => problem.hint(format!("as base64: `${{base64.encode({source})}}`")),
        Value::Null => problem.hint("say what to write then, as in `${has(a.b) ? a.b : 'none'}`"),
        _ => problem,
    })
}

/// What cannot be part of a longer text.
pub(super) fn unjoinable(source: &str, what: &str, used_at: Span) -> Diagnostic {
    Diagnostic::error(format!("`{}` is {what}, which no text can hold", shortened(source)))
        .at(used_at, "a text is wanted here")
}

fn unwritable(value: &Value, span: Span) -> Diagnostic {
    Diagnostic::error(format!("{} cannot stand within a list or a mapping of `vars`", value.describe()))
        .at(span, "computed here")
        .hint("give it a variable of its own")
}

/// A name that planning does not know.
pub(super) fn undefined(name: &Name, env: &Env) -> Diagnostic {
    let path = &*name.path;
    let first = path.split('.').next().unwrap_or(path);
    let is_dotted = first.len() < path.len();
    let problem = |label: &str| Diagnostic::error(format!("`{path}` is not defined")).at(name.span, label);
    let near = did_you_mean(path, env.names());
    if first == "env" {
        return problem("not a variable of the environment").hint("write `${env.NAME}`, as in `${env.HOME}`");
    }
    if near.is_some() {
        return problem("no such name").hints(near);
    }
    if is_dotted && env.get(first).is_some() {
        return problem(&format!("`{first}` is a variable, and stands for its whole value"))
            .hint(format!("write `${{{first}}}`, and give what you need of it a variable of its own"));
    }
    // names that no variable can have
    match first {
        "request" | "requests" => return problem("known once it is sent: in `expect`, `capture` and `across`"),
        "response" | "responses" | "status" | "headers" | "trailers" | "elapsed" => {
            return problem("known once the call is over: in `assert`, `capture`, `across` and `$cel`");
        }
        "this" => return problem("only `$cel` knows it: the value it stands at"),
        "steps" => return problem("no step before this one has an `id`"),
        _ => {}
    }
    let label = match first {
        "port" | "dir" => "only the `start` and `address` of a server know it",
        "servers" => "no such server is known here",
        _ => "no such name",
    };
    let looks_like_environment = path.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let mut known: Vec<&str> = env.names().collect();
    known.sort_unstable();
    known.dedup();
    let way_out = if looks_like_environment {
        format!("a variable of the environment is written `${{env.{path}}}`")
    } else if known.is_empty() {
        "define it under `vars:`".to_owned()
    } else {
        format!("known here: {}", one_of(known))
    };
    problem(label).hint(way_out)
}
