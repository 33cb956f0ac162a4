//! Expressions, for the conformance files of CEL.

use std::sync::Arc;

use prost_reflect::{DynamicMessage, ReflectMessage as _};

use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::expr::{Binding, Env, Expression, Key, Scope, Ty, Value};
use crate::yaml;

/// A value of an expression; typed exactly, so that an int is no uint.
#[derive(Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are CEL's")]
pub enum CelValue {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
    Timestamp {
        seconds: i64,
        nanos: i32,
    },
    Duration {
        seconds: i64,
        nanos: i32,
    },
    Message(DynamicMessage),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    /// By its name.
    Type(String),
}

/// Checks an expression, with names that have their values only when it runs, and evaluates it.
///
/// # Errors
/// What is wrong with it, or with what it came to, in one line.
pub fn evaluate(source: &str, bindings: &[(String, CelValue)]) -> Result<CelValue, String> {
    let sources = Sources::new();
    let mut out = Diagnostics::new();
    let text = quoted(source);
    let node = yaml::parse(sources.add("expression", text.as_str()), &text, &mut out);
    let expression = node.and_then(|node| Expression::parse(&node, &sources, &mut out));
    let expression = expression.ok_or_else(|| said(&out))?;
    let names = bindings.iter().map(|(name, value)| (Arc::from(name.as_str()), Binding::Later(type_of(value))));
    expression.check(&Arc::new(Env::new()).child(names.collect()), &mut out).ok_or_else(|| said(&out))?;
    let values = bindings.iter().map(|(name, value)| Ok((Arc::from(name.as_str()), into_value(value)?)));
    let scope = Arc::new(Scope::new()).child(values.collect::<Result<_, String>>()?);
    expression.evaluate(&scope).map_err(|problem| line(&problem)).and_then(|value| from_value(&value))
}

/// As YAML has any text.
fn quoted(source: &str) -> String {
    let letter = |letter: char| match letter {
        '"' | '\\' => format!("\\{letter}"),
        ' '..='~' => letter.to_string(),
        other => format!("\\U{:08x}", u32::from(other)),
    };
    format!("\"{}\"", source.chars().map(letter).collect::<String>())
}

fn said(out: &Diagnostics) -> String {
    out.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn line(problem: &Diagnostic) -> String {
    let label = problem.primary.as_ref().map_or("", |label| &label.text);
    format!("{} ({label})", problem.headline)
}

fn type_of(value: &CelValue) -> Ty {
    match value {
        CelValue::Null => Ty::Null,
        CelValue::Bool(_) => Ty::Bool,
        CelValue::Int(_) => Ty::Int,
        CelValue::Uint(_) => Ty::Uint,
        CelValue::Double(_) => Ty::Double,
        CelValue::String(_) => Ty::String,
        CelValue::Bytes(_) => Ty::Bytes,
        CelValue::Timestamp { .. } => Ty::Timestamp,
        CelValue::Duration { .. } => Ty::Duration,
        CelValue::Message(message) => Ty::of_message(&message.descriptor()),
        CelValue::List(_) => Ty::list(Ty::Any),
        CelValue::Map(_) => Ty::map(Ty::Any, Ty::Any),
        CelValue::Type(_) => Ty::Any,
    }
}

fn into_value(value: &CelValue) -> Result<Value, String> {
    Ok(match value {
        CelValue::Null => Value::Null,
        CelValue::Bool(value) => Value::Bool(*value),
        CelValue::Int(number) => Value::Int(*number),
        CelValue::Uint(number) => Value::Uint(*number),
        CelValue::Double(number) => Value::Double(*number),
        CelValue::String(text) => Value::text(text.as_str()),
        CelValue::Bytes(bytes) => Value::Bytes(bytes.clone().into()),
        CelValue::Timestamp { seconds, nanos } => Value::Timestamp { seconds: *seconds, nanos: *nanos },
        CelValue::Duration { seconds, nanos } => Value::Duration { seconds: *seconds, nanos: *nanos },
        CelValue::Message(message) => Value::of_message(&Arc::new(message.clone())),
        CelValue::List(items) => Value::list(items.iter().map(into_value).collect::<Result<Vec<_>, _>>()?),
        CelValue::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Ok((into_key(key)?, into_value(value)?)));
            Value::Map(Arc::new(entries.collect::<Result<_, String>>()?))
        }
        CelValue::Type(name) => Value::Type(name.as_str().into()),
    })
}

fn into_key(key: &CelValue) -> Result<Key, String> {
    Ok(match key {
        CelValue::Bool(key) => Key::Bool(*key),
        CelValue::Int(key) => Key::Int(*key),
        CelValue::Uint(key) => Key::Uint(*key),
        CelValue::String(key) => Key::Text(key.as_str().into()),
        _ => return Err("a map's key is a bool, a whole number or a string".to_owned()),
    })
}

fn from_value(value: &Value) -> Result<CelValue, String> {
    Ok(match value {
        Value::Null => CelValue::Null,
        Value::Bool(value) => CelValue::Bool(*value),
        Value::Int(number) => CelValue::Int(*number),
        Value::Uint(number) => CelValue::Uint(*number),
        Value::Double(number) => CelValue::Double(*number),
        Value::Text(text) => CelValue::String(text.to_string()),
        Value::Bytes(bytes) => CelValue::Bytes(bytes.to_vec()),
        Value::Timestamp { seconds, nanos } => CelValue::Timestamp { seconds: *seconds, nanos: *nanos },
        Value::Duration { seconds, nanos } => CelValue::Duration { seconds: *seconds, nanos: *nanos },
        Value::Enum(_, number) => CelValue::Int(i64::from(*number)),
        Value::Message(message) => CelValue::Message(message.as_ref().clone()),
        Value::List(items) => CelValue::List(items.iter().map(from_value).collect::<Result<_, _>>()?),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Ok((from_key(key), from_value(value)?)));
            CelValue::Map(entries.collect::<Result<_, String>>()?)
        }
        Value::Type(name) => CelValue::Type(name.to_string()),
        Value::Yaml(_) | Value::Record(_) | Value::Optional(_) => return Err("not a value of CEL".to_owned()),
    })
}

fn from_key(key: &Key) -> CelValue {
    match key {
        Key::Bool(key) => CelValue::Bool(*key),
        Key::Int(key) => CelValue::Int(*key),
        Key::Uint(key) => CelValue::Uint(*key),
        Key::Text(key) => CelValue::String(key.to_string()),
    }
}
