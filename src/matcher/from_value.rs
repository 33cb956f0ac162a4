//! A value as if it had been written as a literal: what `$file` brings is matched in part, like any other literal; and
//! where a whole message or list must be equal, what differs is found in it.

use prost_reflect::Value;

use super::check::Check;
use super::compare::{Found, Judge};
use super::json;
use super::mismatch::Fault;
use super::place::Place;
use super::rule::{Matcher, Rule};
use super::value_type::{Shape, ValueType};
use super::view::View;
use crate::diagnostic::Span;
use crate::message::{Field, FieldType};

impl Judge<'_> {
    /// Of a message, a list or a map that must be equal and is not: each part that differs. `false` if there is none to
    /// tell of.
    pub(super) fn fail_part_by_part(
        &mut self,
        matcher: &Matcher,
        check: &Check,
        found: Found<'_>,
        place: &Place<'_>,
    ) -> bool {
        let Check::Equal(expected @ (Value::Message(_) | Value::List(_) | Value::Map(_))) = check else { return false };
        let parts = from_value(expected.clone(), &matcher.ty, matcher.span, true);
        if matches!(parts.rule, Rule::Check(_)) || self.matches(&parts, found, place) {
            return false;
        }
        for mut mismatch in self.mismatches(&parts, found, place) {
            if mismatch.expected.fault == Fault::NotExpected {
                // nobody has written `$exact`
                mismatch.expected.statement = format!("{place} to be equal in every field");
            }
            self.fail(|_| mismatch);
        }
        true
    }
}

/// A matcher for what a value says: a message's set fields, a map's entries, a list's elements.
pub(super) fn from_value(value: Value, ty: &ValueType, span: Span, exact: bool) -> Matcher {
    let shape = ty.shape();
    let rule = match (value, &shape) {
        (Value::Message(message), Shape::Message(_)) => {
            let declared = message.fields().map(|(field, value)| (Field::Declared(field), value.clone()));
            let extensions = message.extensions().map(|(field, value)| (Field::Extension(field), value.clone()));
            let fields = declared.chain(extensions).map(|(field, value)| {
                let ty = ValueType::Field(field.ty());
                (field, from_value(value, &ty, span, exact))
            });
            Rule::Fields { fields: fields.collect(), exact }
        }
        (Value::Message(message), Shape::Tree(form)) => {
            let inner = from_value(json::from_message(&message), &ValueType::Json(*form), span, exact);
            Rule::Seen(View::Tree, Box::new(inner))
        }
        (Value::List(items), Shape::List(_) | Shape::Json(_)) => {
            let element = ty.element().unwrap_or(ValueType::JSON);
            Rule::Items(items.into_iter().map(|item| from_value(item, &element, span, exact)).collect())
        }
        (Value::Map(map), Shape::Map { .. } | Shape::Json(_)) => {
            let value_type = match ty {
                ValueType::Field(FieldType::Map { value, .. }) => ValueType::single(value.clone()),
                _ => ValueType::JSON,
            };
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            let entries = entries.into_iter().map(|(key, value)| (key, from_value(value, &value_type, span, exact)));
            Rule::Entries { entries: entries.collect(), exact }
        }
        (value, _) => Rule::Check(Check::Equal(value)),
    };
    Matcher::new(span, ty, rule)
}
