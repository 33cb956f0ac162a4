//! What operators do with values: numbers of all types mix, exactly or not at all; an enum is its number, and equal to
//! its name.

use std::cmp::Ordering;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, ReflectMessage};

use super::term::Operator;
use super::{Key, Value};

/// A number, whatever its type.
#[derive(Debug, Clone, Copy)]
enum Number {
    Whole(i128),
    Double(f64),
}

impl Value {
    fn number(&self) -> Option<Number> {
        Some(match self {
            Self::Int(number) => Number::Whole(i128::from(*number)),
            Self::Uint(number) => Number::Whole(i128::from(*number)),
            Self::Enum(_, number) => Number::Whole(i128::from(*number)),
            Self::Double(number) => Number::Double(*number),
            _ => return None,
        })
    }

    /// What it is, in words: `an int`, `a list`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(_) => "a string".to_owned(),
            Self::Yaml(node) => node.describe().to_owned(),
            Self::Null => "null".to_owned(),
            Self::Bool(_) => "a bool".to_owned(),
            Self::Int(_) => "an int".to_owned(),
            Self::Uint(_) => "a uint".to_owned(),
            Self::Double(_) => "a double".to_owned(),
            Self::Bytes(_) => "bytes".to_owned(),
            Self::Timestamp { .. } => "a timestamp".to_owned(),
            Self::Duration { .. } => "a duration".to_owned(),
            Self::Enum(descriptor, _) => format!("a value of the enum `{}`", descriptor.full_name()),
            Self::Message(message) => format!("a message `{}`", message.descriptor().full_name()),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a map".to_owned(),
            Self::Record(_) => "a group of values".to_owned(),
            Self::Optional(_) => "an optional".to_owned(),
            Self::Type(_) => "a type".to_owned(),
        }
    }
}

/// Seconds and nanoseconds as one number.
pub(super) fn nanoseconds(seconds: i64, nanos: i32) -> i128 {
    i128::from(seconds) * NANOS + i128::from(nanos)
}

const NANOS: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z, from timestamp.proto.
const TIMESTAMPS: std::ops::Range<i128> = -62_135_596_800 * NANOS..253_402_300_800 * NANOS;
/// 10,000 years, from duration.proto.
const LONGEST: i128 = 315_576_000_000 * NANOS;

pub(super) fn timestamp(nanoseconds: i128) -> Option<Value> {
    let at = TIMESTAMPS.contains(&nanoseconds).then_some(nanoseconds)?;
    let seconds = i64::try_from(at.div_euclid(NANOS)).ok()?;
    Some(Value::Timestamp { seconds, nanos: i32::try_from(at.rem_euclid(NANOS)).ok()? })
}

pub(super) fn duration(nanoseconds: i128) -> Option<Value> {
    let length = (-LONGEST..=LONGEST).contains(&nanoseconds).then_some(nanoseconds)?;
    Some(Value::Duration { seconds: i64::try_from(length / NANOS).ok()?, nanos: i32::try_from(length % NANOS).ok()? })
}

/// Whether two values are equal; values of types that have nothing in common are not.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Enum(descriptor, number), Value::Text(name)) | (Value::Text(name), Value::Enum(descriptor, number)) => {
            descriptor.get_value_by_name(name).is_some_and(|value| value.number() == *number)
        }
        (Value::Text(left), Value::Text(right)) | (Value::Type(left), Value::Type(right)) => left == right,
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::Timestamp { .. }, Value::Timestamp { .. }) | (Value::Duration { .. }, Value::Duration { .. }) => {
            matches!(compare(left, right), Some(Ordering::Equal))
        }
        (Value::Message(left), Value::Message(right)) => same_message(left, right),
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| equal(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        (Value::Record(left), Value::Record(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| equal(value, other)))
        }
        (Value::Optional(left), Value::Optional(right)) => match (left, right) {
            (Some(left), Some(right)) => equal(left, right),
            (left, right) => left.is_none() && right.is_none(),
        },
        _ => match (left.number(), right.number()) {
            (Some(left), Some(right)) => compare_numbers(left, right) == Some(Ordering::Equal),
            _ => false,
        },
    }
}

/// Messages of one type; those of another pool are first read as ours.
fn same_message(left: &Arc<DynamicMessage>, right: &Arc<DynamicMessage>) -> bool {
    use prost_reflect::prost::Message as _;

    if left.descriptor() == right.descriptor() {
        return left == right;
    }
    left.descriptor().full_name() == right.descriptor().full_name()
        && DynamicMessage::decode(left.descriptor(), right.encode_to_vec().as_slice())
            .is_ok_and(|right| **left == right)
}

/// The order of two values, `None` if they have none: of types that are not ordered with each other, or NaN.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (
            Value::Timestamp { seconds: left, nanos: left_nanos },
            Value::Timestamp { seconds: right, nanos: right_nanos },
        )
        | (
            Value::Duration { seconds: left, nanos: left_nanos },
            Value::Duration { seconds: right, nanos: right_nanos },
        ) => Some(nanoseconds(*left, *left_nanos).cmp(&nanoseconds(*right, *right_nanos))),
        _ => compare_numbers(left.number()?, right.number()?),
    }
}

/// An order of all values that have one with each other: as [`compare`], NaN before any number.
pub(super) fn sorting(left: &Value, right: &Value) -> Ordering {
    let is_nan = |value: &Value| matches!(value, Value::Double(number) if number.is_nan());
    compare(left, right).unwrap_or_else(|| is_nan(right).cmp(&is_nan(left)))
}

/// Whether values of these types have an order with each other.
pub(super) fn are_ordered(left: &Value, right: &Value) -> bool {
    match (left.number(), right.number()) {
        (Some(_), Some(_)) => true,
        _ => compare(left, right).is_some(),
    }
}

fn compare_numbers(left: Number, right: Number) -> Option<Ordering> {
    match (left, right) {
        (Number::Whole(left), Number::Whole(right)) => Some(left.cmp(&right)),
        (Number::Double(left), Number::Double(right)) => left.partial_cmp(&right),
        (Number::Whole(left), Number::Double(right)) => compare_exactly(left, right),
        (Number::Double(left), Number::Whole(right)) => compare_exactly(right, left).map(Ordering::reverse),
    }
}

/// Of a whole number and a double, without rounding either.
fn compare_exactly(whole: i128, double: f64) -> Option<Ordering> {
    /// Beyond any whole number of 64 bits.
    const FAR: f64 = 1e20;
    if double.is_nan() {
        return None;
    }
    if double.abs() > FAR {
        return Some(if double > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds of an i128")]
    let floor = double.floor() as i128;
    Some(whole.cmp(&floor).then(if double.fract() == 0.0 { Ordering::Equal } else { Ordering::Less }))
}

/// Why an operator has no result.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoResult {
    /// It does not take such operands.
    Types,
    /// What is wrong: `the result does not fit into 64 bits`.
    Because(&'static str),
}

const OVERFLOW: NoResult = NoResult::Because("the result is out of range");

/// `+ - * / %`.
pub(super) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, NoResult> {
    if let (Some(first), Some(second)) = (left.number(), right.number()) {
        let both_unsigned = matches!((left, right), (Value::Uint(_), Value::Uint(_)));
        let any_unsigned = matches!(left, Value::Uint(_)) || matches!(right, Value::Uint(_));
        return match (first, second) {
            (Number::Whole(left), Number::Whole(right)) => {
                fit(whole(operator, left, right)?, any_unsigned, both_unsigned)
            }
            (left, right) => double(operator, left.rounded(), right.rounded()),
        };
    }
    match (operator, left, right) {
        (Operator::Add, Value::Text(left), Value::Text(right)) => Ok(Value::text([&**left, &**right].concat())),
        (Operator::Add, Value::Bytes(left), Value::Bytes(right)) => {
            Ok(Value::Bytes([&left[..], &right[..]].concat().into()))
        }
        (Operator::Add, Value::List(left), Value::List(right)) => {
            Ok(Value::list(left.iter().chain(right.iter()).cloned()))
        }
        _ => time(operator, left, right),
    }
}

impl Number {
    fn rounded(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "what doubles do: a whole number beside one is rounded")]
            Self::Whole(number) => number as f64,
            Self::Double(number) => number,
        }
    }
}

fn whole(operator: Operator, left: i128, right: i128) -> Result<i128, NoResult> {
    let by_zero = NoResult::Because("division by zero");
    match operator {
        Operator::Add => Ok(left + right),
        Operator::Subtract => Ok(left - right),
        // 64 bits times 64 bits fit, but for the largest uints
        Operator::Multiply => left.checked_mul(right).ok_or(OVERFLOW),
        Operator::Divide => left.checked_div(right).ok_or(by_zero),
        Operator::Remainder => left.checked_rem(right).ok_or(by_zero),
        _ => Err(NoResult::Types),
    }
}

/// Unsigned where an operand was, unless the result is negative and a signed one took part.
fn fit(number: i128, any_unsigned: bool, both_unsigned: bool) -> Result<Value, NoResult> {
    let unsigned = any_unsigned.then(|| u64::try_from(number).ok()).flatten();
    match (unsigned, i64::try_from(number)) {
        (Some(number), _) => Ok(Value::Uint(number)),
        (None, Ok(number)) if !both_unsigned => Ok(Value::Int(number)),
        _ => Err(OVERFLOW),
    }
}

fn double(operator: Operator, left: f64, right: f64) -> Result<Value, NoResult> {
    Ok(Value::Double(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        _ => return Err(NoResult::Types),
    }))
}

fn time(operator: Operator, left: &Value, right: &Value) -> Result<Value, NoResult> {
    let length = |value: &Value| match value {
        Value::Duration { seconds, nanos } => Some(nanoseconds(*seconds, *nanos)),
        _ => None,
    };
    let moment = |value: &Value| match value {
        Value::Timestamp { seconds, nanos } => Some(nanoseconds(*seconds, *nanos)),
        _ => None,
    };
    let result = match (operator, moment(left), length(left), moment(right), length(right)) {
        (Operator::Add, Some(at), None, None, Some(by)) | (Operator::Add, None, Some(by), Some(at), None) => {
            timestamp(at + by)
        }
        (Operator::Subtract, Some(at), None, None, Some(by)) => timestamp(at - by),
        (Operator::Subtract, Some(later), None, Some(earlier), None) => duration(later - earlier),
        (Operator::Add, None, Some(left), None, Some(right)) => duration(left + right),
        (Operator::Subtract, None, Some(left), None, Some(right)) => duration(left - right),
        _ => return Err(NoResult::Types),
    };
    result.ok_or(OVERFLOW)
}

/// `-value`.
pub(super) fn negate(value: &Value) -> Result<Value, NoResult> {
    match value {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or(OVERFLOW),
        Value::Uint(number) => i64::try_from(-i128::from(*number)).map(Value::Int).map_err(|_| OVERFLOW),
        Value::Enum(_, number) => Ok(Value::Int(-i64::from(*number))),
        Value::Double(number) => Ok(Value::Double(-number)),
        Value::Duration { seconds, nanos } => duration(-nanoseconds(*seconds, *nanos)).ok_or(OVERFLOW),
        _ => Err(NoResult::Types),
    }
}

/// `value in container`; `None` if that is none.
pub(super) fn contains(container: &Value, value: &Value) -> Option<bool> {
    Some(match container {
        Value::List(items) => items.iter().any(|item| equal(item, value)),
        Value::Map(entries) => key_of(value).is_some_and(|key| entries.contains_key(&key)),
        Value::Record(members) => matches!(value, Value::Text(name) if members.contains_key(name)),
        _ => return None,
    })
}

/// A value as a key of a map; `None` if it can be none.
pub(super) fn key_of(value: &Value) -> Option<Key> {
    Some(match value {
        Value::Text(text) => Key::Text(Arc::clone(text)),
        Value::Bool(value) => Key::Bool(*value),
        _ => match value.number()? {
            Number::Whole(number) => whole_key(number)?,
            Number::Double(number) if number.fract() == 0.0 && number.abs() < 2e19 => {
                #[expect(clippy::cast_possible_truncation, reason = "whole, and within the bounds of an i128")]
                let number = number as i128;
                whole_key(number)?
            }
            Number::Double(_) => return None,
        },
    })
}

fn whole_key(number: i128) -> Option<Key> {
    let signed = i64::try_from(number).ok().map(Key::Int);
    signed.or_else(|| u64::try_from(number).ok().map(Key::Uint))
}

impl From<&Key> for Value {
    fn from(key: &Key) -> Self {
        match key {
            Key::Bool(key) => Self::Bool(*key),
            Key::Int(key) => Self::Int(*key),
            Key::Uint(key) => Self::Uint(*key),
            Key::Text(key) => Self::Text(Arc::clone(key)),
        }
    }
}
