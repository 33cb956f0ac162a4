//! Between YAML and values: what a plain scalar of `vars` is inside an expression, and a computed value as the YAML that
//! would have said it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage};

use super::braces::{Piece, escape, pieces};
use super::resolve::Failure;
use super::{Key, Ty, Value};
use crate::diagnostic::{Span, Spanned};
use crate::yaml::{Entry, Node, NodeKind, Scalar, Style};

/// YAML as JSON reads it: a plain scalar that is none of JSON's is text.
pub(super) fn plain(node: &Node) -> Result<Value, Failure> {
    Ok(match &node.kind {
        NodeKind::Scalar(_) if node.is_null() => Value::Null,
        NodeKind::Scalar(scalar) => {
            let text = literal(&scalar.text).ok_or(Failure::Later)?;
            match (scalar.style, &*text) {
                (Style::Plain, "true") => Value::Bool(true),
                (Style::Plain, "false") => Value::Bool(false),
                (Style::Plain, text) => number(text).unwrap_or_else(|| Value::text(text)),
                _ => Value::text(text),
            }
        }
        NodeKind::Sequence(items) => items.iter().map(plain).collect::<Result<Vec<_>, _>>()?.into(),
        NodeKind::Mapping(entries) => {
            let entries = entries.iter().map(|entry| Ok((Key::Text(entry.key.value.clone()), plain(&entry.value)?)));
            Value::Map(Arc::new(entries.collect::<Result<_, Failure>>()?))
        }
    })
}

/// The type of YAML as JSON reads it; `Any` where templates stand in it.
pub(super) fn type_of(node: &Node) -> Ty {
    match &node.kind {
        NodeKind::Scalar(_) => match plain(node) {
            Ok(Value::Null) => Ty::Null,
            Ok(Value::Bool(_)) => Ty::Bool,
            Ok(Value::Int(_)) => Ty::Int,
            Ok(Value::Uint(_)) => Ty::Uint,
            Ok(Value::Double(_)) => Ty::Double,
            Ok(Value::Text(_)) => Ty::String,
            _ => Ty::Any,
        },
        NodeKind::Sequence(items) => {
            let mut types = items.iter().map(type_of);
            let first = types.next().unwrap_or(Ty::Any);
            Ty::list(if types.all(|ty| ty == first) { first } else { Ty::Any })
        }
        NodeKind::Mapping(entries) => {
            let members = entries.iter().map(|entry| (Arc::clone(&entry.key.value), type_of(&entry.value)));
            Ty::Record(Arc::new(members.collect()))
        }
    }
}

/// A number by JSON's grammar.
fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return None;
    }
    let double: f64 = serde_json::from_str(text).ok()?;
    if text.contains(['.', 'e', 'E']) {
        return Some(Value::Double(double));
    }
    let signed = text.parse().ok().map(Value::Int);
    Some(signed.or_else(|| text.parse().ok().map(Value::Uint)).unwrap_or(Value::Double(double)))
}

/// A text without templates, `$${` as `${`.
fn literal(text: &str) -> Option<String> {
    if !text.contains("${") {
        return Some(text.to_owned());
    }
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Expression { .. } | Piece::Unclosed(_) => None,
        })
        .collect()
}

impl Value {
    /// The YAML that says the same, in place of what stands at `span`; `None` for what YAML cannot say.
    pub(crate) fn to_node(&self, span: Span) -> Option<Node> {
        node_of(self, span)
    }
}

/// The YAML that says the same; `None` for what YAML cannot say. In place of what stands at `span`.
pub(super) fn node_of(value: &Value, span: Span) -> Option<Node> {
    let scalar = |text: &str, style| Node { span, kind: NodeKind::Scalar(Scalar { text: escape(text).into(), style }) };
    Some(match value {
        Value::Yaml(node) => node.clone(),
        Value::Text(text) => scalar(text, Style::DoubleQuoted),
        Value::Null => scalar("null", Style::Plain),
        Value::Bytes(bytes) => scalar(&STANDARD.encode(bytes), Style::DoubleQuoted),
        Value::Timestamp { .. } | Value::Duration { .. } => scalar(&value.to_text()?, Style::DoubleQuoted),
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Enum(..) => {
            scalar(&value.to_text()?, Style::Plain)
        }
        Value::List(items) => {
            let items = items.iter().map(|item| node_of(item, span)).collect::<Option<_>>()?;
            Node { span, kind: NodeKind::Sequence(items) }
        }
        Value::Map(entries) => {
            mapping(entries.iter().map(|(key, value)| (Value::from(key).to_text(), value.clone())), span)?
        }
        Value::Record(members) => {
            mapping(members.iter().map(|(name, value)| (Some(name.to_string()), value.clone())), span)?
        }
        Value::Message(message) => return message_node(message, span),
        Value::Optional(_) | Value::Type(_) => return None,
    })
}

fn message_node(message: &DynamicMessage, span: Span) -> Option<Node> {
    let any = message.descriptor().full_name() == "google.protobuf.Any";
    if any || message.unknown_fields().next().is_some() || message.extensions().next().is_some() {
        return None;
    }
    let member = |(field, held): (FieldDescriptor, &prost_reflect::Value)| {
        let is_any = field.kind().as_message().is_some_and(|held| held.full_name() == "google.protobuf.Any");
        let name = (!is_any).then(|| field.name().to_owned());
        (name, Value::of_field(held, &field.kind()))
    };
    mapping(message.fields().map(member), span)
}

/// Of text keys; `None` if one of them is none.
fn mapping(entries: impl Iterator<Item = (Option<String>, Value)>, span: Span) -> Option<Node> {
    let entries = entries.map(|(key, value)| {
        let key = key?;
        // a key that begins with `$` would be an operator
        let key = if key.starts_with('$') { format!("${key}") } else { key };
        let key = Spanned::new(Arc::from(key), span);
        Some(Entry { key, key_style: Style::DoubleQuoted, value: node_of(&value, span)? })
    });
    Some(Node { span, kind: NodeKind::Mapping(entries.collect::<Option<_>>()?) })
}
