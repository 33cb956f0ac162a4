//! Values of expressions in a report: on one line, with their type, shortened.

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};

use super::value_type::well_known;
use super::words::{one_line, shorten};
use crate::expr::{Key, Value};
use crate::message::{FieldType, render_value};

/// Longest value, in characters.
const SHOWN: usize = 200;

/// `2 (int)`, `"ada" (string)`, `[1, 2] (list of 2)`.
pub(crate) fn describe(value: &Value) -> String {
    let ty = match value {
        Value::Null => return "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Int(_) => "int".to_owned(),
        Value::Uint(_) => "uint".to_owned(),
        Value::Double(_) => "double".to_owned(),
        Value::Text(_) => "string".to_owned(),
        Value::Bytes(_) => "bytes".to_owned(),
        Value::Timestamp { .. } => "timestamp".to_owned(),
        Value::Duration { .. } => "duration".to_owned(),
        Value::Enum(descriptor, _) => descriptor.full_name().to_owned(),
        Value::Message(message) => descriptor_of(message).full_name().to_owned(),
        Value::List(items) => format!("list of {}", items.len()),
        Value::Map(entries) => format!("map of {}", entries.len()),
        Value::Type(_) => "type".to_owned(),
        Value::Record(_) | Value::Yaml(_) | Value::Optional(_) => return shorten(&render(value), SHOWN),
    };
    format!("{} ({ty})", shorten(&render(value), SHOWN))
}

fn render(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, out: &mut String) {
    if out.len() > SHOWN * 4 {
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(&value.to_string()),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Uint(number) => out.push_str(&number.to_string()),
        Value::Double(number) => out.push_str(&scalar(&prost_reflect::Value::F64(*number), Kind::Double)),
        Value::Text(text) => out.push_str(&scalar(&prost_reflect::Value::String(text.to_string()), Kind::String)),
        Value::Bytes(bytes) => out.push_str(&scalar(&prost_reflect::Value::Bytes(bytes.clone()), Kind::Bytes)),
        Value::Timestamp { seconds, nanos } => out.push_str(&moment("Timestamp", *seconds, *nanos)),
        Value::Duration { seconds, nanos } => out.push_str(&moment("Duration", *seconds, *nanos)),
        Value::Enum(descriptor, number) => {
            out.push_str(&scalar(&prost_reflect::Value::EnumNumber(*number), Kind::Enum(descriptor.clone())));
        }
        Value::Message(message) => {
            let value = prost_reflect::Value::Message(message.as_ref().clone());
            out.push_str(&scalar(&value, Kind::Message(descriptor_of(message))));
        }
        Value::Yaml(node) => {
            out.push_str(&node.as_scalar().map_or_else(|| node.describe().to_owned(), |scalar| one_line(&scalar.text)));
        }
        Value::Type(name) => out.push_str(name),
        Value::Optional(None) => out.push_str("none"),
        Value::Optional(Some(held)) => write(held, out),
        Value::List(items) => write_all(out, ('[', ']'), items.iter(), write),
        Value::Map(entries) => write_all(out, ('{', '}'), entries.iter(), |(key, value), out| {
            match key {
                Key::Bool(key) => out.push_str(&key.to_string()),
                Key::Int(key) => out.push_str(&key.to_string()),
                Key::Uint(key) => out.push_str(&key.to_string()),
                Key::Text(key) => out.push_str(&scalar(&prost_reflect::Value::String(key.to_string()), Kind::String)),
            }
            out.push_str(": ");
            write(value, out);
        }),
        Value::Record(members) => write_all(out, ('{', '}'), members.iter(), |(name, value), out| {
            out.push_str(name);
            out.push_str(": ");
            write(value, out);
        }),
    }
}

fn write_all<T>(
    out: &mut String,
    (open, close): (char, char),
    items: impl Iterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    out.push(open);
    for (at, item) in items.enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        write(item, out);
    }
    out.push(close);
}

fn scalar(value: &prost_reflect::Value, kind: Kind) -> String {
    render_value(value, &FieldType::Single(kind))
}

/// A `Timestamp` or `Duration` as YAML writes it.
fn moment(name: &str, seconds: i64, nanos: i32) -> String {
    let Some(descriptor) = well_known(name) else { return format!("{seconds}s {nanos}ns") };
    let mut message = DynamicMessage::new(descriptor.clone());
    message.set_field_by_number(1, prost_reflect::Value::I64(seconds));
    message.set_field_by_number(2, prost_reflect::Value::I32(nanos));
    scalar(&prost_reflect::Value::Message(message), Kind::Message(descriptor))
}

fn descriptor_of(message: &DynamicMessage) -> MessageDescriptor {
    prost_reflect::ReflectMessage::descriptor(message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::message;
    use super::*;

    #[test]
    fn values_are_shown_with_their_types() {
        for (value, shown) in [
            (Value::Null, "null"),
            (Value::Bool(true), "true (bool)"),
            (Value::Uint(2), "2 (uint)"),
            (Value::Double(2.0), "2 (double)"),
            (Value::text("a\"b"), r#""a\"b" (string)"#),
            (Value::Bytes(vec![1, 2].into()), "AQI= (bytes)"),
            (Value::Duration { seconds: 1, nanos: 500_000_000 }, "1.5s (duration)"),
            (Value::Timestamp { seconds: 0, nanos: 0 }, "1970-01-01T00:00:00Z (timestamp)"),
            (Value::list([Value::Int(1), Value::text("a")]), r#"[1, "a"] (list of 2)"#),
            (Value::Map(Arc::new([(Key::Text("a".into()), Value::Int(1))].into())), r#"{"a": 1} (map of 1)"#),
            (Value::record([("code", Value::Int(5))]), "{code: 5}"),
        ] {
            assert_eq!(describe(&value), shown);
        }
        let prost_reflect::Value::Message(item) = message("{ i32: 5, s: x }") else { return };
        assert_eq!(describe(&Value::Message(Arc::new(item))), "{ i32: 5, s: x } (t.M)");
    }

    #[test]
    fn long_values_are_cut() {
        let long = Value::list((0..100_000).map(Value::Int));
        let shown = describe(&long);
        assert!(shown.starts_with("[0, 1, 2, ") && shown.ends_with("… (list of 100000)"), "{shown}");
        assert!(shown.chars().count() < 250, "{shown}");
    }
}
