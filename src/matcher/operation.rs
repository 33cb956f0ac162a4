//! Operators → rules: what fits the type, what each takes, and what several in one mapping say together.

use std::sync::Arc;

use prost_reflect::{Kind, Value};

use super::check::{Relation, Test};
use super::compile::{Compiler, seen};
use super::contradiction::contradiction;
use super::format::Format;
use super::from_value::from_value;
use super::json;
use super::misfit::{misfit, unknown};
use super::operator::{Op, Operator};
use super::rule::{Matcher, Rule};
use super::sequence::text_type;
use super::value_type::{JsonForm, Shape, ValueType, well_known};
use super::view::View;
use crate::diagnostic::{Diagnostic, did_you_mean, one_of};
use crate::message::{FieldPath, FieldType, ValueTemplate};
use crate::yaml::{Entry, Node, NodeKind};

/// An operator in its place.
#[derive(Clone, Copy)]
pub(super) struct Use<'a> {
    pub(super) operator: &'static Operator,
    pub(super) entry: &'a Entry,
    /// The mapping it stands in.
    pub(super) node: &'a Node,
    pub(super) ty: &'a ValueType,
    pub(super) shape: &'a Shape,
    pub(super) path: &'a FieldPath,
}

impl Compiler<'_> {
    /// A mapping of operators, all of which must hold.
    pub(super) fn operators(
        &mut self,
        node: &Node,
        entries: &[Entry],
        ty: &ValueType,
        shape: &Shape,
        path: &FieldPath,
        exact: bool,
    ) -> Option<Matcher> {
        let classes = shape.classes();
        let mut all = Vec::with_capacity(entries.len());
        let mut sound = true;
        for entry in entries {
            let matcher = match Operator::by_name(&entry.key.value) {
                None => {
                    self.out.push(unknown(entry, ty, classes, path));
                    None
                }
                Some(operator) if !operator.fits.meets(classes) => {
                    self.out.push(misfit(operator, entry, ty, classes, path));
                    None
                }
                Some(operator) => self.operation(Use { operator, entry, node, ty, shape, path }, exact),
            };
            match matcher {
                Some(matcher) => all.push(matcher),
                None => sound = false,
            }
        }
        if !sound {
            return None;
        }
        if let Some(problem) = contradiction(&all, ty, path) {
            self.out.push(problem);
            return None;
        }
        if all.len() == 1 {
            // alone in its mapping, it is the mapping that a mismatch points at
            return all.pop().map(|matcher| Matcher { span: node.span, ..matcher });
        }
        Some(Matcher::new(node.span, ty, Rule::All(all)))
    }

    fn operation(&mut self, used: Use<'_>, exact: bool) -> Option<Matcher> {
        let Use { operator, entry, node, ty, path, .. } = used;
        let operand = &entry.value;
        let within = path.field(operator.name);
        let rule = |rule| Some(Matcher::new(operand.span, ty, rule));
        match operator.op {
            Op::In => {
                let items = self.several(used)?;
                // each is read, so that every error is reported
                let alternatives: Vec<_> = items.iter().map(|item| self.value(item, ty, path, false)).collect();
                rule(Rule::AnyOf(alternatives.into_iter().collect::<Option<_>>()?))
            }
            Op::Not => {
                let inner = self.value(operand, ty, path, false)?;
                rule(Rule::Not(Box::new(inner)))
            }
            Op::Present => {
                let bool = ValueType::single(Kind::Bool);
                match self.operand(operand, &bool, &within)? {
                    ValueTemplate::Constant(Value::Bool(present)) => rule(Rule::Present(present)),
                    _ => self.refuse(used, "known only when the case runs"),
                }
            }
            Op::Cel => self.condition(operand, ty).and_then(|expression| rule(Rule::Condition(expression))),
            Op::Gt => self.compared(used, Test::Order(Relation::Greater)),
            Op::Gte => self.compared(used, Test::Order(Relation::GreaterOrEqual)),
            Op::Lt => self.compared(used, Test::Order(Relation::Less)),
            Op::Lte => self.compared(used, Test::Order(Relation::LessOrEqual)),
            Op::Between => {
                let resolved = self.resolve(operand)?;
                let Some([low, high]) = resolved.as_sequence() else { return self.refuse(used, "not two values") };
                let low = self.operand(low, &bound_type(ty), &within);
                let high = self.operand(high, &bound_type(ty), &within);
                self.check(Test::Between, vec![low?, high?], operand.span, ty, operator.name)
            }
            Op::Approx => self.approximately(used),
            Op::Within => {
                let distance = self.operand(operand, &duration()?, &within)?;
                self.check(Test::Within, vec![distance], operand.span, ty, operator.name)
            }
            Op::Regex => self.part(used, Test::Regex),
            Op::StartsWith => self.part(used, Test::StartsWith),
            Op::EndsWith => self.part(used, Test::EndsWith),
            Op::Sha256 => {
                let digits = self.operand(operand, &ValueType::STRING, &within)?;
                self.check(Test::Sha256, vec![digits], operand.span, ty, operator.name)
            }
            Op::Format => self.format(used),
            Op::Contains => self.contains(used),
            Op::Len => {
                let inner = self.value(operand, &ValueType::Count, &within, false)?;
                Some(seen(operand.span, ty, View::Length, inner))
            }
            Op::Json => {
                let inner = self.value(operand, &ValueType::JSON, &within, exact)?;
                Some(seen(operand.span, ty, View::Json, inner))
            }
            Op::Utf8 => {
                let inner = self.value(operand, &ValueType::STRING, &within, false)?;
                Some(seen(operand.span, ty, View::Utf8, inner))
            }
            Op::Type => self.typed(node.span, std::slice::from_ref(entry), ty, path, exact),
            Op::Hex | Op::Zeros | Op::File => self.made(used, exact),
            Op::Each => {
                let inner = self.value(operand, &ty.element()?, &within, false)?;
                rule(Rule::Each(Box::new(inner)))
            }
            Op::Unordered => {
                let resolved = self.resolve(operand)?;
                let Some(items) = resolved.as_sequence() else { return self.refuse(used, "not a list") };
                let items = self.elements(items, &ty.element()?, path, exact)?;
                rule(Rule::Unordered(items))
            }
            Op::Sorted => self.sorted(used),
            Op::Unique => self.unique(used),
            Op::Keys => {
                let keys = match ty {
                    ValueType::Field(FieldType::Map { key, .. }) => FieldType::List(key.clone()),
                    _ => FieldType::List(Kind::String),
                };
                let inner = self.value(operand, &ValueType::Field(keys), &within, false)?;
                Some(seen(operand.span, ty, View::Keys, inner))
            }
            Op::Values => {
                let values = match ty {
                    ValueType::Field(FieldType::Map { value, .. }) => ValueType::Field(FieldType::List(value.clone())),
                    _ => ValueType::Json(JsonForm::Array),
                };
                let inner = self.value(operand, &values, &within, exact)?;
                Some(seen(operand.span, ty, View::Values, inner))
            }
            Op::Exact => self.value(operand, ty, path, true),
            Op::Oneof => {
                let Shape::Message(descriptor) = used.shape else { return None };
                let mut members = self.oneofs(operand, descriptor)?;
                match members.len() {
                    1 => members.pop(),
                    _ => rule(Rule::All(members)),
                }
            }
        }
    }

    /// Reports an operand of the wrong form.
    pub(super) fn refuse<T>(&mut self, used: Use<'_>, label: &str) -> Option<T> {
        let name = used.operator.name;
        let headline = format!("`{name}` takes {}", used.operator.takes);
        self.out.push(Diagnostic::error(headline).at(used.entry.value.span, label));
        None
    }

    /// An operand that is a list of at least one.
    pub(super) fn several(&mut self, used: Use<'_>) -> Option<Arc<[Node]>> {
        let resolved = self.resolve(&used.entry.value)?;
        match resolved.kind {
            NodeKind::Sequence(items) if items.is_empty() => {
                self.refuse(used, "an empty list: nothing is asked, or nothing can hold")
            }
            NodeKind::Sequence(items) => Some(items),
            NodeKind::Scalar(_) | NodeKind::Mapping(_) => {
                self.refuse(used, &format!("expected a list, found {}", resolved.describe()))
            }
        }
    }

    fn compared(&mut self, used: Use<'_>, test: Test) -> Option<Matcher> {
        let within = used.path.field(used.operator.name);
        let bound = self.operand(&used.entry.value, &bound_type(used.ty), &within)?;
        self.check(test, vec![bound], used.entry.value.span, used.ty, used.operator.name)
    }

    fn approximately(&mut self, used: Use<'_>) -> Option<Matcher> {
        let resolved = self.resolve(&used.entry.value)?;
        let (Some(value), Some(within), Some(2)) =
            (resolved.get("value"), resolved.get("within"), resolved.as_mapping().map(<[Entry]>::len))
        else {
            return self.refuse(used, "expected `value` and `within`, nothing else");
        };
        let distance = match used.shape {
            Shape::Timestamp | Shape::Duration => duration()?,
            _ => ValueType::single(Kind::Double),
        };
        let path = used.path.field(used.operator.name);
        let value = self.operand(value, &bound_type(used.ty), &path.field("value"));
        let within = self.operand(within, &distance, &path.field("within"));
        self.check(Test::Approx, vec![value?, within?], used.entry.value.span, used.ty, used.operator.name)
    }

    /// A test of a text or bytes by a part, or by a pattern.
    fn part(&mut self, used: Use<'_>, test: Test) -> Option<Matcher> {
        let within = used.path.field(used.operator.name);
        let part = self.operand(&used.entry.value, &text_type(used.ty), &within)?;
        self.check(test, vec![part], used.entry.value.span, used.ty, used.operator.name)
    }

    fn format(&mut self, used: Use<'_>) -> Option<Matcher> {
        let operand = &used.entry.value;
        let within = used.path.field(used.operator.name);
        let name = self.operand(operand, &ValueType::STRING, &within)?;
        if let ValueTemplate::Constant(Value::String(name)) = &name
            && Format::by_name(name).is_none()
        {
            let known = Format::ALL.map(Format::name);
            self.out.push(
                Diagnostic::error(format!("unknown format `{name}`"))
                    .at(operand.span, "not a format")
                    .hints(did_you_mean(name, known))
                    .hint(format!("the formats are {}", one_of(known))),
            );
            return None;
        }
        self.check(Test::Format, vec![name], operand.span, used.ty, used.operator.name)
    }

    /// `$hex`, `$zeros`, `$file`: values as they are made for a request.
    fn made(&mut self, used: Use<'_>, exact: bool) -> Option<Matcher> {
        let alone = Node { span: used.node.span, kind: NodeKind::Mapping(Arc::from([used.entry.clone()])) };
        let value = self.operand(&alone, used.ty, used.path)?;
        match value {
            ValueTemplate::Constant(value) => {
                let value = match (used.ty, value) {
                    (ValueType::Json(_), Value::Message(message)) => json::from_message(&message),
                    (_, value) => value,
                };
                let ty = if used.operator.name == "$hex" { &ValueType::Hex } else { used.ty };
                Some(from_value(value, ty, used.entry.value.span, exact))
            }
            deferred @ ValueTemplate::Deferred(_) => {
                self.check(Test::Equal, vec![deferred], used.entry.value.span, used.ty, used.operator.name)
            }
        }
    }
}

fn duration() -> Option<ValueType> {
    well_known("Duration").map(|descriptor| ValueType::Field(FieldType::message(descriptor)))
}

/// Of what a value is compared with: JSON has doubles only.
fn bound_type(ty: &ValueType) -> ValueType {
    match ty {
        ValueType::Json(_) => ValueType::single(Kind::Double),
        other => other.clone(),
    }
}
