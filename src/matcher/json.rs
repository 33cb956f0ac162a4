//! JSON as values: what a `google.protobuf.Struct` holds and what a text under `$json` says, in one form that the
//! matchers compare. Null is the number of `google.protobuf.NullValue`; whole numbers of a text stay exact.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, MapKey, ReflectMessage, Value};

use crate::expr;
use crate::yaml::{Scalar, Style};

pub(super) const NULL: Value = Value::EnumNumber(0);

/// Longest rendering of a value, in characters.
const SHOWN: usize = 240;

/// Reads a text; the error is the parser's.
pub(super) fn parse(text: &[u8]) -> Result<Value, String> {
    serde_json::from_slice::<serde_json::Value>(text).map(from_parsed).map_err(|error| error.to_string())
}

/// A scalar of YAML where JSON is expected: a plain one is what JSON says, else text.
pub(super) fn scalar(scalar: &Scalar, text: &str) -> Value {
    let plain = (scalar.style == Style::Plain).then(|| match text {
        "~" => Some(NULL),
        _ => serde_json::from_str::<serde_json::Value>(text)
            .ok()
            .filter(|value| !value.is_string() && !value.is_array() && !value.is_object())
            .map(from_parsed),
    });
    plain.flatten().unwrap_or_else(|| Value::String(text.to_owned()))
}

fn from_parsed(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => NULL,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => number
            .as_i64()
            .map(Value::I64)
            .or_else(|| number.as_u64().map(Value::U64))
            .unwrap_or_else(|| Value::F64(number.as_f64().unwrap_or(f64::NAN))),
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(from_parsed).collect()),
        serde_json::Value::Object(members) => {
            Value::Map(members.into_iter().map(|(key, value)| (MapKey::String(key), from_parsed(value))).collect())
        }
    }
}

/// What a message of `google.protobuf.Struct`, `Value` or `ListValue` holds. A `Value` with nothing set is null.
pub(super) fn from_message(message: &DynamicMessage) -> Value {
    match message.descriptor().name() {
        "Struct" => match message.get_field_by_number(1).as_deref() {
            Some(Value::Map(members)) => {
                Value::Map(members.iter().map(|(key, value)| (key.clone(), from_member(value))).collect())
            }
            _ => Value::Map(HashMap::new()),
        },
        "ListValue" => match message.get_field_by_number(1).as_deref() {
            Some(Value::List(items)) => Value::List(items.iter().map(from_member).collect()),
            _ => Value::List(Vec::new()),
        },
        _ => match message.fields().next() {
            Some((_, Value::Message(inner))) => from_message(inner),
            Some((_, Value::EnumNumber(_))) | None => NULL,
            Some((_, value)) => value.clone(),
        },
    }
}

fn from_member(value: &Value) -> Value {
    match value {
        Value::Message(message) => from_message(message),
        other => other.clone(),
    }
}

/// As expressions have it.
pub(super) fn to_expressions(value: &Value) -> expr::Value {
    match value {
        Value::Bool(value) => expr::Value::Bool(*value),
        Value::String(text) => expr::Value::text(text.as_str()),
        Value::I64(number) => expr::Value::Int(*number),
        Value::U64(number) => expr::Value::Uint(*number),
        Value::F64(number) => expr::Value::Double(*number),
        Value::List(items) => expr::Value::list(items.iter().map(to_expressions)),
        Value::Map(members) => {
            let members = members.iter().map(|(key, value)| {
                let key = key.as_str().unwrap_or_default();
                (expr::Key::Text(key.into()), to_expressions(value))
            });
            expr::Value::Map(Arc::new(members.collect()))
        }
        Value::Message(message) => to_expressions(&from_message(message)),
        // null, and nothing that JSON has
        _ => expr::Value::Null,
    }
}

/// What JSON calls the type of a value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::EnumNumber(_) => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) | Value::Message(_) => "object",
        _ => "number",
    }
}

/// JSON on one line, members sorted by name, shortened.
pub(super) fn render(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    super::words::shorten(&text, SHOWN)
}

fn write(value: &Value, out: &mut String) {
    if out.len() > SHOWN * 4 {
        return;
    }
    match value {
        Value::EnumNumber(_) => out.push_str("null"),
        Value::String(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Value::Map(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (at, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write(&Value::from(key.clone()), out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::I64(number) => out.push_str(&number.to_string()),
        Value::U64(number) => out.push_str(&number.to_string()),
        Value::F64(number) => out.push_str(&number.to_string()),
        // no JSON value is of another kind
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_text_reads_and_renders_as_it_was() {
        let text = r#"{"a": [1, 18446744073709551615, 1.5, "x\n", null, true], "b": {}}"#;
        assert_eq!(render(&parse(text.as_bytes()).expect("it is JSON")), text);
        assert!(parse(b"{a: 1}").is_err());
    }

    #[test]
    fn a_plain_scalar_is_what_json_says_else_text() {
        let read = |text: &str, style| scalar(&Scalar { text: Arc::from(text), style }, text);
        assert_eq!(read("1", Style::Plain), Value::I64(1));
        assert_eq!(read("1.50", Style::Plain), Value::F64(1.5));
        assert_eq!(read("null", Style::Plain), NULL);
        assert_eq!(read("true", Style::Plain), Value::Bool(true));
        assert_eq!(read("no", Style::Plain), Value::String("no".to_owned()));
        assert_eq!(read("0123", Style::Plain), Value::String("0123".to_owned()));
        assert_eq!(read("1", Style::DoubleQuoted), Value::String("1".to_owned()));
    }
}
