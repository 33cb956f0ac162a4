//! Values as the suite writes them, `cel.expr.Value`, and when two are the same: of one type, and equal.

use grpc_spec::internal::CelValue;
use prost_reflect::{DynamicMessage, MapKey, MessageDescriptor, ReflectMessage as _, Value};

/// What a `cel.expr.Value` says; the error names what cannot be said here.
pub(super) fn read(value: &DynamicMessage) -> Result<CelValue, String> {
    let Some((field, kind)) = value.fields().next() else { return Err("a value of no kind".to_owned()) };
    Ok(match (field.name(), kind) {
        ("null_value", _) => CelValue::Null,
        ("bool_value", Value::Bool(value)) => CelValue::Bool(*value),
        ("int64_value", Value::I64(value)) => CelValue::Int(*value),
        ("uint64_value", Value::U64(value)) => CelValue::Uint(*value),
        ("double_value", Value::F64(value)) => CelValue::Double(*value),
        ("string_value", Value::String(value)) => CelValue::String(value.clone()),
        ("bytes_value", Value::Bytes(value)) => CelValue::Bytes(value.to_vec()),
        // an enum is an int, unless enums are strong types
        ("enum_value", Value::Message(value)) => match value.get_field_by_name("value").as_deref() {
            Some(Value::I32(number)) => CelValue::Int(i64::from(*number)),
            _ => return Err("an enum without a number".to_owned()),
        },
        ("type_value", Value::String(name)) => CelValue::Type(name.clone()),
        ("object_value", Value::Message(any)) => of_message(&unpacked(any)?)?,
        ("list_value", Value::Message(list)) => {
            CelValue::List(messages(list, "values").iter().map(read).collect::<Result<_, _>>()?)
        }
        ("map_value", Value::Message(map)) => {
            let pair = |entry: &DynamicMessage| Ok::<_, String>((part(entry, "key")?, part(entry, "value")?));
            CelValue::Map(messages(map, "entries").iter().map(pair).collect::<Result<_, _>>()?)
        }
        (name, _) => return Err(format!("a value of kind `{name}`")),
    })
}

/// Whether two values are of one type and equal; NaN is NaN, and a map's entries have no order.
#[expect(clippy::float_cmp, reason = "the suite says exactly what comes out")]
pub(super) fn same(left: &CelValue, right: &CelValue) -> bool {
    match (left, right) {
        (CelValue::Double(left), CelValue::Double(right)) => left == right || (left.is_nan() && right.is_nan()),
        (CelValue::List(left), CelValue::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (CelValue::Map(left), CelValue::Map(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.iter().any(|(other, member)| same(key, other) && same(value, member)))
        }
        (left, right) => left == right,
    }
}

/// On one line, with what tells types apart. (A message's own `Debug` walks through its descriptors without end.)
pub(super) fn show(value: &CelValue) -> String {
    match value {
        CelValue::Null => "null".to_owned(),
        CelValue::Bool(value) => value.to_string(),
        CelValue::Int(value) => value.to_string(),
        CelValue::Uint(value) => format!("{value}u"),
        CelValue::Double(value) => format!("{value:?}"),
        CelValue::String(text) => format!("{text:?}"),
        CelValue::Bytes(bytes) => format!("b\"{}\"", bytes.escape_ascii()),
        CelValue::Timestamp { seconds, nanos } => format!("timestamp {seconds}s {nanos}ns"),
        CelValue::Duration { seconds, nanos } => format!("duration {seconds}s {nanos}ns"),
        CelValue::Message(message) => {
            format!("{}{{{}}}", message.descriptor().full_name(), message.to_text_format())
        }
        CelValue::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        CelValue::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", show(key), show(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        CelValue::Type(name) => format!("the type {name}"),
    }
}

fn part(message: &DynamicMessage, name: &str) -> Result<CelValue, String> {
    match message.get_field_by_name(name).as_deref() {
        Some(Value::Message(value)) => read(value),
        _ => Err(format!("an entry without its {name}")),
    }
}

fn messages(message: &DynamicMessage, name: &str) -> Vec<DynamicMessage> {
    let field = message.get_field_by_name(name);
    let items = field.as_deref().and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(Value::as_message).cloned().collect()
}

/// A message as CEL sees it: well-known types are values of their own.
pub(super) fn of_message(message: &DynamicMessage) -> Result<CelValue, String> {
    let descriptor = message.descriptor();
    let number = |name| message.get_field_by_name(name).as_deref().and_then(Value::as_i64).unwrap_or_default();
    let nanos = || message.get_field_by_name("nanos").as_deref().and_then(Value::as_i32).unwrap_or_default();
    let name = descriptor.full_name();
    Ok(match name.strip_prefix("google.protobuf.").unwrap_or_default() {
        "Timestamp" => CelValue::Timestamp { seconds: number("seconds"), nanos: nanos() },
        "Duration" => CelValue::Duration { seconds: number("seconds"), nanos: nanos() },
        "Any" => of_message(&unpacked(message)?)?,
        "Struct" => {
            let fields = message.get_field_by_name("fields");
            let entries = fields.as_deref().and_then(Value::as_map).into_iter().flatten();
            let pair = |(key, value): (&MapKey, &Value)| match (key, value) {
                (MapKey::String(key), Value::Message(value)) => Ok((CelValue::String(key.clone()), of_message(value)?)),
                _ => Err("a Struct that is none".to_owned()),
            };
            CelValue::Map(entries.map(pair).collect::<Result<_, _>>()?)
        }
        "ListValue" => CelValue::List(messages(message, "values").iter().map(of_message).collect::<Result<_, _>>()?),
        "Value" => match message.fields().next() {
            None => CelValue::Null,
            Some((_, value)) => of_scalar(value)?,
        },
        wrapper if wrapper.ends_with("Value") && is_wrapper(&descriptor) => {
            let value = message.get_field_by_name("value");
            value.as_deref().map_or(Ok(CelValue::Null), of_scalar)?
        }
        _ => CelValue::Message(message.clone()),
    })
}

fn of_scalar(value: &Value) -> Result<CelValue, String> {
    Ok(match value {
        Value::Bool(value) => CelValue::Bool(*value),
        Value::I32(value) => CelValue::Int(i64::from(*value)),
        Value::I64(value) => CelValue::Int(*value),
        Value::U32(value) => CelValue::Uint(u64::from(*value)),
        Value::U64(value) => CelValue::Uint(*value),
        Value::F32(value) => CelValue::Double(f64::from(*value)),
        Value::F64(value) => CelValue::Double(*value),
        Value::String(value) => CelValue::String(value.clone()),
        Value::Bytes(value) => CelValue::Bytes(value.to_vec()),
        // the only enum among them is `NullValue`
        Value::EnumNumber(_) => CelValue::Null,
        Value::Message(message) => of_message(message)?,
        Value::List(_) | Value::Map(_) => return Err("a list within a wrapper".to_owned()),
    })
}

fn is_wrapper(descriptor: &MessageDescriptor) -> bool {
    descriptor.fields().len() == 1 && descriptor.get_field_by_name("value").is_some()
}

fn unpacked(any: &DynamicMessage) -> Result<DynamicMessage, String> {
    let url = any.get_field_by_name("type_url");
    let name = url.as_deref().and_then(Value::as_str).unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let pool = any.descriptor().parent_pool().clone();
    let descriptor = pool.get_message_by_name(name).ok_or_else(|| format!("no type `{name}`"))?;
    let bytes = any.get_field_by_name("value");
    let bytes = bytes.as_deref().and_then(Value::as_bytes).cloned().unwrap_or_default();
    DynamicMessage::decode(descriptor, bytes).map_err(|error| format!("not a `{name}`: {error}"))
}
