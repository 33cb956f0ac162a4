//! `across:`: figures over all repeats of a case, such as the least value of a field. Main type: [`Across`].

use std::sync::Arc;
use std::time::Duration;

use prost_reflect::{DynamicMessage, Kind, MethodDescriptor, Value};

use super::compile::Compiler;
use super::list::distinct;
use super::mismatch::{Actual, Expected, Fault, Mismatch};
use super::operator::Classes;
use super::order::{nanoseconds, number, order};
use super::rule::Matcher;
use super::value_type::{Shape, ValueType, duration_value, well_known};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned, did_you_mean, one_of};
use crate::expr::Scope;
use crate::message::{Context, Field, FieldPath, FieldType, find_field};
use crate::yaml::Node;

/// What must be true of all repeats together.
#[derive(Debug, Clone)]
pub(crate) struct Across {
    series: Vec<Series>,
}

/// What one repeat brought.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observation {
    pub(crate) messages: Vec<DynamicMessage>,
    pub(crate) elapsed: Duration,
}

/// One value of every repeat, and what its figures must be.
#[derive(Debug, Clone)]
struct Series {
    /// As written: `response.random`.
    name: String,
    source: Source,
    figures: Vec<(Figure, Matcher)>,
}

#[derive(Debug, Clone)]
enum Source {
    Elapsed,
    /// Fields from the response downwards.
    Field(Vec<Field>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Min,
    Max,
    Mean,
    /// By nearest rank.
    Percentile(usize),
    /// All, in the order of the repeats.
    Values,
    /// How many different ones.
    Distinct,
}

impl Figure {
    const NAMED: [(&'static str, Self); 8] = [
        ("min", Self::Min),
        ("max", Self::Max),
        ("mean", Self::Mean),
        ("p50", Self::Percentile(50)),
        ("p90", Self::Percentile(90)),
        ("p99", Self::Percentile(99)),
        ("values", Self::Values),
        ("distinct", Self::Distinct),
    ];

    fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, figure)| *figure == self).map_or("", |(name, _)| name)
    }

    /// The type of the figure over values of a type, or which types it is for.
    fn of(self, ty: &ValueType) -> Result<ValueType, &'static str> {
        let classes = ty.shape().classes();
        let is_number = classes.meets(Classes::NUMBER) && !matches!(ty.shape(), Shape::Json(_) | Shape::Tree(_));
        let is_duration = classes.meets(Classes::DURATION);
        match self {
            Self::Distinct => Ok(ValueType::Count),
            Self::Values => match ty {
                ValueType::Field(FieldType::Single(kind)) => Ok(ValueType::Field(FieldType::List(kind.clone()))),
                other => Ok(other.clone()),
            },
            Self::Mean if is_number => Ok(ValueType::single(Kind::Double)),
            Self::Mean if is_duration => Ok(ty.clone()),
            Self::Mean => Err("numbers and durations"),
            _ if is_number || is_duration || classes.meets(Classes::TIMESTAMP) => Ok(ty.clone()),
            _ => Err("numbers, timestamps and durations"),
        }
    }
}

impl Across {
    pub(crate) fn compile(
        node: &Node,
        method: &MethodDescriptor,
        context: &Context<'_>,
        out: &mut Diagnostics,
    ) -> Option<Self> {
        let mut compiler = Compiler { context, out, depth: 0 };
        let Some(entries) = node.as_mapping() else {
            compiler.out.push(
                Diagnostic::error("`across` is not a mapping")
                    .at(node.span, format!("expected field paths with their figures, found {}", node.describe()))
                    .hint("write `response.random: { min: 10, max: 20 }`"),
            );
            return None;
        };
        let series: Vec<_> =
            entries.iter().map(|entry| series(&entry.key, &entry.value, method, &mut compiler)).collect();
        Some(Self { series: series.into_iter().collect::<Option<_>>()? })
    }

    /// Every figure that is not as expected.
    pub(crate) fn check(&self, observations: &[Observation], scope: &Scope) -> Vec<Mismatch> {
        let mut found = Vec::new();
        for series in &self.series {
            let values: Vec<Value> =
                observations.iter().filter_map(|observation| series.source.value(observation)).collect();
            for (figure, matcher) in &series.figures {
                let root = format!("{}({})", figure.name(), series.name);
                let mut mismatches = match figure.measure(&values) {
                    Some(value) => matcher.compare(Some(&value), &root, scope),
                    None => vec![nothing_to_measure(matcher, &root, &series.name, scope)],
                };
                for mismatch in &mut mismatches {
                    let repeats = observations.len();
                    mismatch.notes.push(("note".into(), format!("{} values in {repeats} repeats", values.len())));
                }
                found.append(&mut mismatches);
            }
        }
        found
    }
}

impl Source {
    /// `None` where a repeat has no such value: it has no response, or the field is not set.
    fn value(&self, observation: &Observation) -> Option<Value> {
        match self {
            Self::Elapsed => duration_value(i128::try_from(observation.elapsed.as_nanos()).ok()?),
            Self::Field(fields) => {
                let mut value = Value::Message(observation.messages.first()?.clone());
                for field in fields {
                    let Value::Message(message) = &value else { return None };
                    let is_there = field.is_set(message) || !field.supports_presence();
                    let next = is_there.then(|| field.get(message).into_owned())?;
                    value = next;
                }
                Some(value)
            }
        }
    }
}

impl Figure {
    /// `None` over no values.
    fn measure(self, values: &[Value]) -> Option<Value> {
        match self {
            Self::Values => return Some(Value::List(values.to_vec())),
            Self::Distinct => return Some(Value::U64(distinct(values).len() as u64)),
            _ if values.is_empty() => return None,
            _ => {}
        }
        if self == Self::Mean {
            return mean(values);
        }
        let mut sorted: Vec<&Value> = values.iter().collect();
        // NaN has no order; it stays where it is
        sorted.sort_by(|left, right| order(left, right).unwrap_or(std::cmp::Ordering::Equal));
        let last = sorted.len() - 1;
        let rank = match self {
            Self::Max => last,
            Self::Percentile(percent) => (sorted.len() * percent).div_ceil(100).saturating_sub(1),
            _ => 0,
        };
        sorted.get(rank.min(last)).map(|value| (*value).clone())
    }
}

fn mean(values: &[Value]) -> Option<Value> {
    if let Some(total) = values.iter().map(|value| value.as_message().and_then(nanoseconds)).sum::<Option<i128>>() {
        return duration_value(total / i128::try_from(values.len()).ok()?);
    }
    let numbers: Option<Vec<f64>> = values.iter().map(number).collect();
    let numbers = numbers?;
    #[expect(clippy::cast_precision_loss, reason = "no run repeats 2^52 times")]
    let count = numbers.len() as f64;
    Some(Value::F64(numbers.iter().sum::<f64>() / count))
}

fn nothing_to_measure(matcher: &Matcher, root: &str, name: &str, scope: &Scope) -> Mismatch {
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

fn series(
    key: &Spanned<Arc<str>>,
    node: &Node,
    method: &MethodDescriptor,
    compiler: &mut Compiler<'_>,
) -> Option<Series> {
    let (source, ty) = source(key, method, compiler)?;
    let node = compiler.resolve(node)?;
    let names = Figure::NAMED.map(|(name, _)| name);
    let Some(entries) = node.as_mapping().filter(|entries| !entries.is_empty()) else {
        compiler.out.push(
            Diagnostic::error(format!("`{}` takes figures", key.value))
                .at(node.span, format!("expected a mapping, found {}", node.describe()))
                .hint(format!("the figures are {}", one_of(names))),
        );
        return None;
    };
    let mut figures = Vec::with_capacity(entries.len());
    for entry in entries {
        let written = &*entry.key.value;
        let Some((name, figure)) = Figure::NAMED.into_iter().find(|(name, _)| *name == written) else {
            compiler.out.push(
                Diagnostic::error(format!("unknown figure `{written}`"))
                    .at(entry.key.span, "not a figure over repeats")
                    .hints(did_you_mean(written, names))
                    .hint(format!("the figures are {}", one_of(names))),
            );
            continue;
        };
        let figure_type = match figure.of(&ty) {
            Ok(figure_type) => figure_type,
            Err(fits) => {
                compiler.out.push(
                    Diagnostic::error(format!("`{name}` does not fit `{}`", key.value))
                        .at(entry.key.span, format!("`{}` is of type {}", key.value, ty.name()))
                        .note(format!("`{name}` is for {fits}"))
                        .hint("for this type there are `values` and `distinct`"),
                );
                continue;
            }
        };
        let path = FieldPath::new().field(&key.value).field(name);
        figures.extend(compiler.value(&entry.value, &figure_type, &path, false).map(|matcher| (figure, matcher)));
    }
    (figures.len() == entries.len()).then(|| Series { name: key.value.to_string(), source, figures })
}

fn source(
    key: &Spanned<Arc<str>>,
    method: &MethodDescriptor,
    compiler: &mut Compiler<'_>,
) -> Option<(Source, ValueType)> {
    let mut parts = key.value.split('.');
    match parts.next() {
        Some("elapsed") if parts.clone().next().is_none() => {
            return Some((Source::Elapsed, ValueType::Field(FieldType::message(well_known("Duration")?))));
        }
        Some("response") if parts.clone().next().is_some() && !method.is_server_streaming() => {}
        first => {
            let what = if method.is_server_streaming() { "`elapsed`" } else { "`response.FIELD` or `elapsed`" };
            compiler.out.push(
                Diagnostic::error(format!("`{}` cannot be measured across repeats", key.value))
                    .at(key.span, format!("expected {what}"))
                    .hints(did_you_mean(first.unwrap_or_default(), ["response", "elapsed"])),
            );
            return None;
        }
    }
    let mut ty = FieldType::message(method.output());
    let mut fields = Vec::new();
    let mut path = FieldPath::new();
    for part in parts {
        let FieldType::Single(Kind::Message(descriptor)) = &ty else {
            compiler.out.push(
                Diagnostic::error(format!("{} has no fields", path.subject()))
                    .at(key.span, format!("it is of type {}", ValueType::Field(ty).name())),
            );
            return None;
        };
        let name = Spanned::new(Arc::from(part), key.span);
        let field = find_field(descriptor, &name, &path, compiler.out)?;
        ty = field.ty();
        path = path.field(part);
        fields.push(field);
    }
    if !matches!(ty, FieldType::Single(_)) {
        compiler.out.push(
            Diagnostic::error(format!("{} is not one value", path.subject()))
                .at(key.span, format!("it is of type {}", ValueType::Field(ty).name()))
                .hint("name a field with a single value"),
        );
        return None;
    }
    let ty = ValueType::Field(ty);
    match ty.shape() {
        // measured as the value it holds
        Shape::Wrapper(kind) => {
            if let FieldType::Single(Kind::Message(descriptor)) = fields.last().map(Field::ty)? {
                fields.push(Field::Declared(descriptor.get_field(1)?));
            }
            Some((Source::Field(fields), ValueType::single(kind)))
        }
        _ => Some((Source::Field(fields), ty)),
    }
}
