//! Lists: in full length and order, in any order, element by element, sorted, without duplicates.

use std::borrow::Cow;
use std::collections::HashMap;

use prost_reflect::{DynamicMessage, MapKey, Value};

use super::assignment::assign;
use super::compare::{Found, Judge};
use super::mismatch::{Actual, Expected, Fault, Mismatch};
use super::order::{equal, number, order};
use super::place::Place;
use super::rule::{Matcher, Member, Rule};
use super::value_type::ValueType;
use super::words::{elements, shorten};

/// Most elements that one mismatch lists.
const LISTED: usize = 5;

impl Judge<'_> {
    pub(super) fn judge_list(&mut self, matcher: &Matcher, items: &[Value], place: &Place<'_>) {
        match &matcher.rule {
            Rule::Items(expected) => self.judge_items(matcher, expected, items, place),
            Rule::Each(inner) => {
                if items.is_empty() {
                    self.fail(|_| Mismatch {
                        path: place.to_string(),
                        span: matcher.span,
                        expected: said(Fault::Empty, "at least one element"),
                        actual: Actual::Words("no elements".to_owned()),
                        notes: Vec::new(),
                    });
                }
                for (index, item) in items.iter().enumerate() {
                    if self.is_settled() {
                        return;
                    }
                    self.judge(inner, Found::set(item), &place.index(index));
                }
            }
            Rule::Containing(expected) => self.judge_assignment(matcher, expected, items, false, place),
            Rule::Unordered(expected) => self.judge_assignment(matcher, expected, items, true, place),
            Rule::Sorted { by, descending } => self.judge_sorted(matcher, by.as_ref(), *descending, items, place),
            Rule::Unique { by } => self.judge_unique(matcher, by.as_ref(), items, place),
            _ => {
                let list = Value::List(items.to_vec());
                self.fail_rule(matcher, Fault::OtherType, Found::set(&list), place);
            }
        }
    }

    fn judge_items(&mut self, matcher: &Matcher, expected: &[Matcher], items: &[Value], place: &Place<'_>) {
        for (index, inner) in expected.iter().enumerate() {
            if self.is_settled() {
                return;
            }
            let place = place.index(index);
            match items.get(index) {
                Some(item) => self.judge(inner, Found::set(item), &place),
                None => self.fail(|scope| Mismatch {
                    path: place.to_string(),
                    span: inner.span,
                    expected: said(Fault::Missing, inner.statement(&place.to_string(), scope)),
                    actual: Actual::Words(elements(items.len())),
                    notes: Vec::new(),
                }),
            }
        }
        if items.len() > expected.len() {
            let extra: Vec<usize> = (expected.len()..items.len()).collect();
            self.fail_too_many(matcher, expected.len(), items, &extra, place);
        }
    }

    fn judge_assignment(
        &mut self,
        matcher: &Matcher,
        expected: &[Matcher],
        items: &[Value],
        all: bool,
        place: &Place<'_>,
    ) {
        let found = assign(expected.len(), items.len(), |row, column| {
            self.matches(&expected[row], Found::set(&items[column]), &place.index(column))
        });
        let mut nobody = true;
        for (inner, partner) in expected.iter().zip(&found.partners) {
            if partner.is_none() {
                nobody = false;
                self.fail_no_partner(matcher, inner, items, &found.left_over, place);
            }
        }
        if all && nobody && !found.left_over.is_empty() {
            self.fail_too_many(matcher, expected.len(), items, &found.left_over, place);
        }
    }

    fn fail_no_partner(
        &mut self,
        matcher: &Matcher,
        inner: &Matcher,
        items: &[Value],
        left_over: &[usize],
        place: &Place<'_>,
    ) {
        if self.is_settled() {
            return;
        }
        let nearest = self.nearest(inner, items, left_over, place);
        self.fail(|scope| {
            let ty = matcher.ty.element().unwrap_or(ValueType::JSON);
            let actual = match left_over {
                [] if items.is_empty() => "no elements".to_owned(),
                [] => format!("{}, each with a partner", elements(items.len())),
                left_over => format!("without a partner: {}", list(&ty, items, left_over, place)),
            };
            Mismatch {
                path: place.to_string(),
                span: inner.span,
                expected: said(Fault::LacksElement, inner.statement("element", scope)),
                actual: Actual::Words(actual),
                notes: nearest.into_iter().map(|note| (Cow::Borrowed("nearest"), note)).collect(),
            }
        });
    }

    /// Of the elements left over the one with the fewest mismatches, and what they are; none for scalars, where
    /// nothing is nearer than another.
    fn nearest(&self, inner: &Matcher, items: &[Value], left_over: &[usize], place: &Place<'_>) -> Option<String> {
        const TRIED: usize = 50;
        let (index, mismatches) = left_over
            .iter()
            .take(TRIED)
            .filter(|index| matches!(items[**index], Value::Message(_) | Value::Map(_) | Value::List(_)))
            .map(|&index| (index, self.mismatches(inner, Found::set(&items[index]), &place.index(index))))
            .min_by_key(|(_, mismatches)| mismatches.len())?;
        let reasons: Vec<_> = mismatches
            .iter()
            .take(LISTED)
            .map(|mismatch| {
                let headline = mismatch.expected.fault.headline(&mismatch.path);
                let actual = mismatch.actual.describe().map(|actual| format!(": {actual}")).unwrap_or_default();
                format!("{headline}{actual}")
            })
            .collect();
        Some(shorten(&format!("{place}[{index}], where {}", reasons.join("; ")), 400))
    }

    fn fail_too_many(&mut self, matcher: &Matcher, wanted: usize, items: &[Value], extra: &[usize], place: &Place<'_>) {
        self.fail(|_| {
            let ty = matcher.ty.element().unwrap_or(ValueType::JSON);
            Mismatch {
                path: place.to_string(),
                span: matcher.span,
                expected: said(Fault::TooMany(extra.len()), elements(wanted)),
                actual: Actual::Words(format!("{}; {}", elements(items.len()), list(&ty, items, extra, place))),
                notes: Vec::new(),
            }
        });
    }

    fn judge_sorted(
        &mut self,
        matcher: &Matcher,
        by: Option<&Member>,
        descending: bool,
        items: &[Value],
        place: &Place<'_>,
    ) {
        let Some(keys) = self.keys(matcher, by, items, place) else { return };
        let in_order = |left: &Value, right: &Value| {
            let ordering = if descending { order(right, left) } else { order(left, right) };
            ordering.is_some_and(std::cmp::Ordering::is_le)
        };
        let Some(at) = keys.windows(2).position(|pair| !in_order(&pair[0], &pair[1])) else { return };
        self.fail(|_| {
            let suffix = by.map(|member| format!(".{}", member.name())).unwrap_or_default();
            let (left, right) = (format!("{place}[{at}]{suffix}"), format!("{place}[{}]{suffix}", at + 1));
            let ty = key_type(matcher, by);
            let relation = if descending { "≥" } else { "≤" };
            Mismatch {
                path: place.to_string(),
                span: matcher.span,
                expected: said(Fault::NotSorted, format!("{left} {relation} {right}")),
                actual: Actual::Words(format!(
                    "{left} = {}, {right} = {}",
                    ty.render(&keys[at]),
                    ty.render(&keys[at + 1])
                )),
                notes: Vec::new(),
            }
        });
    }

    fn judge_unique(&mut self, matcher: &Matcher, by: Option<&Member>, items: &[Value], place: &Place<'_>) {
        let Some(keys) = self.keys(matcher, by, items, place) else { return };
        let mut repeated = Vec::new();
        each_value(&keys, |index, first| {
            if first != index {
                repeated.push((first, index));
            }
        });
        if repeated.is_empty() {
            return;
        }
        self.fail(|scope| {
            let suffix = by.map(|member| format!(".{}", member.name())).unwrap_or_default();
            let ty = key_type(matcher, by);
            let pairs: Vec<_> = repeated
                .iter()
                .take(LISTED)
                .map(|(earlier, index)| {
                    format!("{place}[{earlier}]{suffix} = {place}[{index}]{suffix} = {}", ty.render(&keys[*index]))
                })
                .collect();
            let more =
                if repeated.len() > LISTED { format!(", and {} more", repeated.len() - LISTED) } else { String::new() };
            Mismatch {
                path: place.to_string(),
                span: matcher.span,
                expected: said(Fault::Repeated, matcher.statement(&place.to_string(), scope)),
                actual: Actual::Words(format!("{}{more}", pairs.join(", "))),
                notes: Vec::new(),
            }
        });
    }

    /// What the elements are compared by; an element without it is a mismatch.
    fn keys<'v>(
        &mut self,
        matcher: &Matcher,
        by: Option<&Member>,
        items: &'v [Value],
        place: &Place<'_>,
    ) -> Option<Vec<Cow<'v, Value>>> {
        let Some(member) = by else { return Some(items.iter().map(Cow::Borrowed).collect()) };
        let mut keys = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let key = match (member, item) {
                (Member::Field(field, _), Value::Message(message)) => {
                    (field.is_set(message) || !field.supports_presence()).then(|| field.get(message))
                }
                (Member::Key(key), Value::Map(map)) => map.get(&MapKey::String(key.clone())).map(Cow::Borrowed),
                _ => None,
            };
            let Some(key) = key else {
                let name = member.name();
                self.fail(|_| Mismatch {
                    path: place.index(index).name(&name).to_string(),
                    span: matcher.span,
                    expected: said(Fault::NotSet, format!("{} to be set", place.index(index).name(&name))),
                    actual: Actual::Unset,
                    notes: Vec::new(),
                });
                return None;
            };
            keys.push(key);
        }
        Some(keys)
    }
}

/// The indices of values that no earlier one equals.
pub(super) fn distinct(values: &[Value]) -> Vec<usize> {
    let values: Vec<_> = values.iter().map(Cow::Borrowed).collect();
    let mut distinct = Vec::new();
    each_value(&values, |index, first| {
        if first == index {
            distinct.push(index);
        }
    });
    distinct
}

/// Calls `visit` with each index and that of the first value which equals its own.
fn each_value(values: &[Cow<'_, Value>], mut visit: impl FnMut(usize, usize)) {
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::new();
    for (index, value) in values.iter().enumerate() {
        let same_hash = seen.entry(hash(value)).or_default();
        let first = same_hash.iter().copied().find(|&earlier| equal(&values[earlier], value));
        if first.is_none() {
            same_hash.push(index);
        }
        visit(index, first.unwrap_or(index));
    }
}

fn said(fault: Fault, statement: impl Into<String>) -> Expected {
    Expected { fault, statement: statement.into(), literal: None }
}

fn key_type(matcher: &Matcher, by: Option<&Member>) -> ValueType {
    match by {
        Some(Member::Field(_, ty)) => ty.clone(),
        Some(Member::Key(_)) => ValueType::JSON,
        None => matcher.ty.element().unwrap_or(ValueType::JSON),
    }
}

/// `items[1] = 5, items[3] = 7`, bounded.
fn list(ty: &ValueType, items: &[Value], indices: &[usize], place: &Place<'_>) -> String {
    let shown: Vec<_> =
        indices.iter().take(LISTED).map(|&index| format!("{place}[{index}] = {}", ty.render(&items[index]))).collect();
    let more = if indices.len() > LISTED { format!(", and {} more", indices.len() - LISTED) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Equal values have equal hashes: numbers by their nearest double, maps and messages whatever their order.
fn hash(value: &Value) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    match value {
        Value::Bool(value) => value.hash(&mut hasher),
        Value::String(text) => text.hash(&mut hasher),
        Value::Bytes(bytes) => bytes.hash(&mut hasher),
        Value::EnumNumber(number) => number.hash(&mut hasher),
        Value::List(items) => items.iter().for_each(|item| hash(item).hash(&mut hasher)),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| hash(&Value::from(key.clone())).rotate_left(1) ^ hash(value));
            entries.fold(0_u64, u64::wrapping_add).hash(&mut hasher);
        }
        Value::Message(message) => hash_message(message).hash(&mut hasher),
        other => match number(other) {
            Some(number) if number.is_nan() => f64::NAN.to_bits().hash(&mut hasher),
            Some(number) => (number + 0.0).to_bits().hash(&mut hasher),
            None => {}
        },
    }
    hasher.finish()
}

/// Over the fields that differ from their default: `-0.0` may be set where `0` is not.
fn hash_message(message: &DynamicMessage) -> u64 {
    let is_zero = |value: &Value| number(value) == Some(0.0);
    let fields = message.fields().filter(|(_, value)| !is_zero(value));
    fields.map(|(field, value)| u64::from(field.number()).rotate_left(32) ^ hash(value)).fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_hashes() {
        let pairs = [
            (Value::F64(-0.0), Value::F64(0.0)),
            (Value::I64(3), Value::F64(3.0)),
            (Value::F64(f64::NAN), Value::F64(-f64::NAN)),
            (Value::List(vec![Value::I32(1)]), Value::List(vec![Value::U64(1)])),
        ];
        for (left, right) in pairs {
            assert!(equal(&left, &right), "{left:?} equals {right:?}");
            assert_eq!(hash(&left), hash(&right), "{left:?} and {right:?}");
        }
    }
}
