//! Values against values: order, equality in every field, nearness. NaN equals NaN, `-0.0` equals `0`.

use std::cmp::Ordering;

use prost_reflect::{DynamicMessage, MapKey, ReflectMessage, UnknownField, Value};

use super::view::{any_type, unpack};

/// The order of two values of one type (any two numbers); `None` where there is none, such as beside NaN.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::EnumNumber(left), Value::EnumNumber(right)) => Some(left.cmp(right)),
        (Value::Message(left), Value::Message(right)) => Some(nanoseconds(left)?.cmp(&nanoseconds(right)?)),
        _ => match (integer(left), integer(right)) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => number(left)?.partial_cmp(&number(right)?),
        },
    }
}

/// Whether two values of one type are the same, messages in every field, unknown ones too.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| equal(left, right)))
        }
        (Value::Message(left), Value::Message(right)) => equal_messages(left, right),
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::EnumNumber(left), Value::EnumNumber(right)) => left == right,
        _ => match (number(left), number(right)) {
            (Some(a), Some(b)) if a.is_nan() && b.is_nan() => true,
            _ => order(left, right) == Some(Ordering::Equal) && number(left).is_some(),
        },
    }
}

fn equal_messages(left: &DynamicMessage, right: &DynamicMessage) -> bool {
    if let (Some(left), Some(right)) = (unpacked(left), unpacked(right)) {
        return equal_messages(&left, &right);
    }
    let covers = |left: &DynamicMessage, right: &DynamicMessage| {
        left.fields().all(|(field, value)| {
            (right.has_field(&field) || !field.supports_presence()) && equal(value, &right.get_field(&field))
        }) && left
            .extensions()
            .all(|(extension, value)| right.has_extension(&extension) && equal(value, &right.get_extension(&extension)))
    };
    left.descriptor().full_name() == right.descriptor().full_name()
        && left.unknown_fields().eq(right.unknown_fields())
        && covers(left, right)
        && covers(right, left)
}

/// The message in an `Any`, if it can be read.
fn unpacked(any: &DynamicMessage) -> Option<DynamicMessage> {
    let descriptor = any.descriptor();
    if descriptor.full_name() != "google.protobuf.Any" {
        return None;
    }
    let held = descriptor.parent_pool().get_message_by_name(&any_type(any)?)?;
    unpack(any, &held).ok()
}

/// Whether two numbers, times or durations are no further apart than `within` (a number, or a duration). What only
/// rounding puts outside is inside: 1.15 is within 0.01 of 1.14.
pub(super) fn near(left: &Value, right: &Value, within: &Value) -> bool {
    if let (Value::Message(left), Value::Message(right), Value::Message(within)) = (left, right, within) {
        let apart = nanoseconds(left).zip(nanoseconds(right)).map(|(left, right)| (left - right).abs());
        return apart.zip(nanoseconds(within)).is_some_and(|(apart, within)| apart <= within);
    }
    if equal(left, right) {
        return true;
    }
    let Some(within) = number(within) else { return false };
    if let (Some(left), Some(right)) = (integer(left), integer(right)) {
        return as_double((left - right).abs()) <= within;
    }
    let Some((a, b)) = number(left).zip(number(right)) else { return false };
    if a.is_infinite() || b.is_infinite() {
        return false;
    }
    let precision = if matches!(left, Value::F32(_)) { f64::from(f32::EPSILON) } else { f64::EPSILON };
    (a - b).abs() <= within + 2.0 * precision * a.abs().max(b.abs())
}

/// The seconds and nanoseconds of a `google.protobuf.Timestamp` or `Duration`, as nanoseconds.
pub(super) fn nanoseconds(message: &DynamicMessage) -> Option<i128> {
    let seconds = message.get_field_by_number(1)?.as_i64()?;
    let nanos = message.get_field_by_number(2)?.as_i32()?;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

pub(super) fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::I32(value) => Some((*value).into()),
        Value::I64(value) => Some((*value).into()),
        Value::U32(value) => Some((*value).into()),
        Value::U64(value) => Some((*value).into()),
        _ => None,
    }
}

/// Any number as a double, whole ones rounded to the nearest.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::F32(value) => Some((*value).into()),
        Value::F64(value) => Some(*value),
        other => integer(other).map(as_double),
    }
}

#[expect(clippy::cast_precision_loss, reason = "to the nearest double is what is asked for")]
fn as_double(value: i128) -> f64 {
    value as f64
}

/// A map's keys in order.
pub(super) fn sorted_keys(map: &std::collections::HashMap<MapKey, Value>) -> Vec<&MapKey> {
    let mut keys: Vec<&MapKey> = map.keys().collect();
    keys.sort();
    keys
}

/// The numbers of a message's unknown fields, each once.
pub(super) fn unknown_numbers(message: &DynamicMessage) -> Vec<u32> {
    let mut numbers: Vec<u32> = message.unknown_fields().map(UnknownField::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_across_kinds_and_exactly() {
        assert_eq!(order(&Value::I64(i64::MAX), &Value::U64(u64::MAX)), Some(Ordering::Less));
        assert!(!equal(&Value::U64(9_007_199_254_740_993), &Value::I64(9_007_199_254_740_992)));
        assert!(equal(&Value::F64(2.0), &Value::I64(2)));
        assert!(equal(&Value::F64(f64::NAN), &Value::F64(f64::NAN)));
        assert!(equal(&Value::F64(-0.0), &Value::F64(0.0)));
        assert_eq!(order(&Value::F64(f64::NAN), &Value::F64(1.0)), None);
        assert!(!equal(&Value::String("1".to_owned()), &Value::I64(1)));
    }

    #[test]
    fn what_only_rounding_puts_outside_is_near() {
        let near = |left: f64, right: f64, within: f64| {
            super::near(&Value::F64(left), &Value::F64(right), &Value::F64(within))
        };
        assert!(near(1.15, 1.14, 0.01));
        assert!(near(0.1 + 0.2, 0.3, 0.0));
        assert!(!near(1.151, 1.14, 0.01));
        assert!(near(f64::INFINITY, f64::INFINITY, 0.0));
        assert!(!near(f64::INFINITY, 1.0, 1e300));
        assert!(!near(f64::NAN, 1.0, 1.0));
    }
}
