//! `across:`: figures over all repeats of a case, such as the least value of an expression. Main type: [`Across`].

use std::sync::Arc;

use prost_reflect::{DynamicMessage, Kind, MethodDescriptor, Value};

use super::compile::Compiler;
use super::condition::not_judged;
use super::expectation::later;
use super::figure::Figure;
use super::mismatch::{Actual, Expected, Fault, Mismatch};
use super::names::{types_of_reply, types_of_sent};
use super::place::RESPONSE;
use super::rule::Matcher;
use super::value_type::{ValueType, well_known};
use super::words::one_line;
use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean, one_of};
use crate::expr::{self, Expression, Key, Scope, Ty};
use crate::message::{Context, FieldPath};
use crate::yaml::{Entry, Node, NodeKind, Scalar};

/// What must be true of all repeats together.
#[derive(Debug, Clone)]
pub(crate) struct Across {
    series: Vec<Series>,
}

/// What one repeat brought: the value of each series, none where there is none.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    values: Vec<Result<Option<Value>, Box<Diagnostic>>>,
}

/// One value of every repeat, and what its figures must be.
#[derive(Debug, Clone)]
struct Series {
    expression: Expression,
    /// Whether it reads `response`, which not every outcome has.
    reads_response: bool,
    figures: Vec<(Figure, Matcher)>,
}

impl Across {
    /// `context` knows what is known when the last step, which calls `method`, is made.
    pub(crate) fn compile(
        node: &Node,
        method: &MethodDescriptor,
        context: &Context<'_>,
        out: &mut Diagnostics,
    ) -> Option<Self> {
        let env = later(&later(context.env, types_of_sent(method)), types_of_reply(method));
        let mut compiler = Compiler::new(context, &env, out);
        let Some(entries) = node.as_mapping() else {
            compiler.out.push(
                Diagnostic::error("`across` is not a mapping")
                    .at(node.span, format!("expected expressions with their figures, found {}", node.describe()))
                    .hint("write `response.random: { min: 10, max: 20 }`"),
            );
            return None;
        };
        let series: Vec<_> = entries.iter().map(|entry| compiler.series(entry)).collect();
        Some(Self { series: series.into_iter().collect::<Option<_>>()? })
    }

    /// What a repeat brought, in a scope that knows its last call.
    pub(crate) fn sample(&self, scope: &Arc<Scope>) -> Sample {
        Sample { values: self.series.iter().map(|series| series.value(scope)).collect() }
    }

    /// Every figure that is not as expected.
    pub(crate) fn check(&self, samples: &[Sample], scope: &Arc<Scope>) -> Vec<Mismatch> {
        let values = |at: usize| samples.iter().filter_map(move |sample| sample.values.get(at));
        let checked = self.series.iter().enumerate();
        checked.flat_map(|(at, series)| series.check(values(at), samples.len(), scope)).collect()
    }
}

impl Series {
    fn name(&self) -> String {
        one_line(self.expression.source())
    }

    fn value(&self, scope: &Arc<Scope>) -> Result<Option<Value>, Box<Diagnostic>> {
        if self.reads_response && scope.get(RESPONSE).is_none() {
            return Ok(None);
        }
        self.expression.evaluate(scope).map(|value| measurable(&value)).map_err(Box::new)
    }

    fn check<'v>(
        &self,
        values: impl Iterator<Item = &'v Result<Option<Value>, Box<Diagnostic>>>,
        repeats: usize,
        scope: &Arc<Scope>,
    ) -> Vec<Mismatch> {
        let name = self.name();
        let mut measured = Vec::new();
        let mut problems = Vec::new();
        for value in values {
            match value {
                Ok(value) => measured.extend(value.clone()),
                Err(problem) => problems.push(problem),
            }
        }
        if let Some(first) = problems.first() {
            let (span, fault, mut notes) = not_judged(first.as_ref().clone(), self.expression.span());
            notes.push(("note".into(), format!("so it was in {} of {repeats} repeats", problems.len())));
            let expected = Expected { fault, statement: String::new(), literal: None };
            return vec![Mismatch { path: name, span, expected, actual: Actual::Nothing, notes }];
        }
        let mut found = Vec::new();
        for (figure, matcher) in &self.figures {
            let root = format!("{}({name})", figure.name());
            let mut mismatches = match figure.measure(&measured) {
                Some(value) => matcher.compare(Some(&value), &root, scope),
                None => vec![nothing_to_measure(matcher, &root, &name, scope)],
            };
            for mismatch in &mut mismatches {
                mismatch.notes.push(("note".into(), format!("{} values in {repeats} repeats", measured.len())));
            }
            found.append(&mut mismatches);
        }
        found
    }
}

fn nothing_to_measure(matcher: &Matcher, root: &str, name: &str, scope: &Arc<Scope>) -> Mismatch {
    Mismatch {
        path: root.to_owned(),
        span: matcher.span(),
        expected: Expected {
            fault: Fault::Said(format!("{name} was never set")),
            statement: matcher.statement(root, scope),
            literal: None,
        },
        actual: Actual::Nothing,
        notes: Vec::new(),
    }
}

impl Compiler<'_> {
    fn series(&mut self, entry: &Entry) -> Option<Series> {
        let Entry { key, key_style, value } = entry;
        let scalar = Scalar { text: Arc::clone(&key.value), style: *key_style };
        let key = Node { span: key.span, kind: NodeKind::Scalar(scalar) };
        let expression = Expression::parse(&key, self.context.sources, self.out)?;
        let found = expression.check(self.outcome_env, self.out)?;
        let name = one_line(expression.source());
        let Some(ty) = measured_type(&found) else {
            self.out.push(
                Diagnostic::error(format!("`{name}` is not one value"))
                    .at(key.span, format!("it is {found}"))
                    .hint("name a single value, or make one of it, as in `size(responses)`"),
            );
            return None;
        };
        let figures = self.figures(&name, value, &ty)?;
        let reads_response = expression.names().any(|name| name.path.split('.').next() == Some(RESPONSE));
        Some(Series { expression, reads_response, figures })
    }

    fn figures(&mut self, name: &str, node: &Node, ty: &ValueType) -> Option<Vec<(Figure, Matcher)>> {
        let node = self.resolve(node)?;
        let names = Figure::NAMED.map(|(name, _)| name);
        let Some(entries) = node.as_mapping().filter(|entries| !entries.is_empty()) else {
            self.out.push(
                Diagnostic::error(format!("`{name}` takes figures"))
                    .at(node.span, format!("expected a mapping, found {}", node.describe()))
                    .hint(format!("the figures are {}", one_of(names))),
            );
            return None;
        };
        let mut figures = Vec::with_capacity(entries.len());
        for entry in entries {
            let written = &*entry.key.value;
            let Some((figure_name, figure)) = Figure::NAMED.into_iter().find(|(name, _)| *name == written) else {
                self.out.push(
                    Diagnostic::error(format!("unknown figure `{written}`"))
                        .at(entry.key.span, "not a figure over repeats")
                        .hints(did_you_mean(written, names))
                        .hint(format!("the figures are {}", one_of(names))),
                );
                continue;
            };
            let figure_type = match figure.of(ty) {
                Ok(figure_type) => figure_type,
                Err(fits) => {
                    self.out.push(
                        Diagnostic::error(format!("`{figure_name}` does not fit `{name}`"))
                            .at(entry.key.span, format!("`{name}` is of type {}", ty.name()))
                            .note(format!("`{figure_name}` is for {fits}"))
                            .hint("for this type there are `values` and `distinct`"),
                    );
                    continue;
                }
            };
            let path = FieldPath::new().field(name).field(figure_name);
            figures.extend(self.value(&entry.value, &figure_type, &path, false).map(|matcher| (figure, matcher)));
        }
        (figures.len() == entries.len()).then_some(figures)
    }
}

/// What figures over values of an expression are read by; `None` for what is not one value.
fn measured_type(ty: &Ty) -> Option<ValueType> {
    Some(match ty {
        Ty::Any => ValueType::JSON,
        Ty::Bool => ValueType::single(Kind::Bool),
        Ty::Int => ValueType::single(Kind::Int64),
        Ty::Uint => ValueType::single(Kind::Uint64),
        Ty::Double => ValueType::single(Kind::Double),
        Ty::String => ValueType::STRING,
        Ty::Bytes => ValueType::single(Kind::Bytes),
        Ty::Enum(descriptor) => ValueType::single(Kind::Enum(descriptor.clone())),
        Ty::Message(descriptor) => ValueType::single(Kind::Message(descriptor.clone())),
        Ty::Timestamp => ValueType::single(Kind::Message(well_known("Timestamp")?)),
        Ty::Duration => ValueType::single(Kind::Message(well_known("Duration")?)),
        Ty::Null | Ty::List(_) | Ty::Map(..) | Ty::Record(_) | Ty::Optional(_) => return None,
    })
}

/// As matchers have it; null is no value.
fn measurable(value: &expr::Value) -> Option<Value> {
    Some(match value {
        expr::Value::Bool(value) => Value::Bool(*value),
        expr::Value::Int(number) => Value::I64(*number),
        expr::Value::Uint(number) => Value::U64(*number),
        expr::Value::Double(number) => Value::F64(*number),
        expr::Value::Text(text) => Value::String(text.to_string()),
        expr::Value::Yaml(node) => Value::String(node.as_scalar()?.text.to_string()),
        expr::Value::Bytes(bytes) => Value::Bytes(bytes.clone()),
        expr::Value::Enum(_, number) => Value::EnumNumber(*number),
        expr::Value::Message(message) => Value::Message(message.as_ref().clone()),
        expr::Value::Timestamp { seconds, nanos } => moment("Timestamp", *seconds, *nanos)?,
        expr::Value::Duration { seconds, nanos } => moment("Duration", *seconds, *nanos)?,
        expr::Value::List(items) => Value::List(items.iter().filter_map(measurable).collect()),
        expr::Value::Map(entries) => {
            let member = |(key, value): (&Key, &expr::Value)| match key {
                Key::Text(key) => Some((prost_reflect::MapKey::String(key.to_string()), measurable(value)?)),
                _ => None,
            };
            Value::Map(entries.iter().filter_map(member).collect())
        }
        // what is not null here is not one value, which the check has seen to
        expr::Value::Null | expr::Value::Record(_) | expr::Value::Optional(_) | expr::Value::Type(_) => return None,
    })
}

fn moment(name: &str, seconds: i64, nanos: i32) -> Option<Value> {
    let mut message = DynamicMessage::new(well_known(name)?);
    message.try_set_field_by_number(1, Value::I64(seconds)).ok()?;
    message.try_set_field_by_number(2, Value::I32(nanos)).ok()?;
    Some(Value::Message(message))
}
