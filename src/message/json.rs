//! Plain YAML as JSON: for `google.protobuf.Value` and its like, and as compact text for `$json`.

use std::collections::HashMap;

use prost_reflect::{Kind, MapKey, MessageDescriptor, Value};

use super::build::{Builder, Built, Content, Known};
use super::key::{is_operator_key, literal_text};
use super::number::is_number;
use super::quote::double_quoted;
use super::scalar::Written;
use super::well_known::{set, wrap};
use super::{FieldPath, FieldType};
use crate::diagnostic::Diagnostic;
use crate::yaml::{Entry, Node, NodeKind};

/// The null of a `google.protobuf.Value`.
pub(super) fn null(descriptor: &MessageDescriptor) -> Value {
    set(descriptor, 1, Value::EnumNumber(0))
}

impl Builder<'_> {
    /// A list or mapping as a `google.protobuf.Value`.
    pub(super) fn json_container(
        &mut self,
        node: &Node,
        descriptor: &MessageDescriptor,
        path: &FieldPath,
    ) -> Option<Built> {
        let inner = |number: u32| descriptor.get_field(number).map(|field| field.kind());
        let (number, built) = match (&node.kind, inner(5), inner(6)) {
            (NodeKind::Mapping(entries), Some(Kind::Message(object)), _) => {
                (5, self.json_object(entries, &object, path)?)
            }
            (NodeKind::Sequence(items), _, Some(Kind::Message(list))) => (6, self.json_list(items, &list, path)?),
            _ => return None,
        };
        Some(match built {
            Built::Value(value) => Built::Value(set(descriptor, number, value)),
            other => other,
        })
    }

    /// A mapping as a `google.protobuf.Struct`.
    pub(super) fn json_object(
        &mut self,
        entries: &[Entry],
        descriptor: &MessageDescriptor,
        path: &FieldPath,
    ) -> Option<Built> {
        let Some(FieldType::Map { value, .. }) = descriptor.get_field(1).map(|field| FieldType::of(&field)) else {
            return None;
        };
        let ty = FieldType::Single(value);
        let mut values = HashMap::with_capacity(entries.len());
        let (mut sound, mut later) = (true, false);
        for entry in entries {
            let Some(key) = self.json_key(entry, path) else {
                sound = false;
                continue;
            };
            match self.required(&entry.value, &ty, &path.key(&double_quoted(key))) {
                Some(Built::Value(value)) => {
                    values.insert(MapKey::String(key.to_owned()), value);
                }
                Some(_) => later = true,
                None => sound = false,
            }
        }
        sound.then(|| if later { Built::Later } else { Built::Value(wrap(descriptor, Value::Map(values))) })
    }

    /// A list as a `google.protobuf.ListValue`.
    pub(super) fn json_list(
        &mut self,
        items: &[Node],
        descriptor: &MessageDescriptor,
        path: &FieldPath,
    ) -> Option<Built> {
        let ty = FieldType::Single(descriptor.get_field(1)?.kind());
        let mut values = Vec::with_capacity(items.len());
        let (mut sound, mut later) = (true, false);
        for (index, item) in items.iter().enumerate() {
            match self.required(item, &ty, &path.index(index)) {
                Some(Built::Value(value)) => values.push(value),
                Some(_) => later = true,
                None => sound = false,
            }
        }
        sound.then(|| if later { Built::Later } else { Built::Value(wrap(descriptor, Value::List(values))) })
    }

    fn json_key<'n>(&mut self, entry: &'n Entry, path: &FieldPath) -> Option<&'n str> {
        if self.literal {
            return Some(&entry.key.value);
        }
        if is_operator_key(&entry.key.value) {
            self.mixed_key(entry, path);
            return None;
        }
        Some(literal_text(&entry.key.value))
    }

    /// The YAML written as compact JSON, keys in the order written, numbers digit for digit.
    pub(super) fn json_text(&mut self, node: &Node, path: &FieldPath) -> Option<Known<String>> {
        let mut text = String::new();
        let known = self.write_json(node, path, &mut text)?;
        Some(if known { Known::Now(text) } else { Known::Later })
    }

    /// Whether all of it is known.
    fn write_json(&mut self, node: &Node, path: &FieldPath, text: &mut String) -> Option<bool> {
        self.spend_node(node.span, path)?;
        match self.content(node)? {
            Content::Later(_) => return Some(false),
            Content::Value(value) => {
                let Some(stands_for) = value.to_node(node.span) else {
                    let problem = Diagnostic::error(format!("{} is no JSON", value.describe()));
                    self.out.push(problem.at(node.span, "computed here"));
                    return None;
                };
                return self.deeper(node.span, path, |this| this.write_json(&stands_for, path, text));
            }
            Content::Node(stands_for) => {
                return self.deeper(node.span, path, |this| this.write_json(&stands_for, path, text));
            }
            Content::Text(scalar, written) => {
                let is_json = matches!(&*scalar, "true" | "false" | "null") || is_number(&scalar);
                match (&*scalar, written) {
                    ("~", Written::Plain) => text.push_str("null"),
                    (scalar, Written::Plain) if is_json => text.push_str(scalar),
                    (scalar, _) => text.push_str(&double_quoted(scalar)),
                }
                return Some(true);
            }
            Content::Container => {}
        }
        self.deeper(node.span, path, |this| this.write_json_container(node, path, text))
    }

    fn write_json_container(&mut self, node: &Node, path: &FieldPath, text: &mut String) -> Option<bool> {
        let (mut sound, mut known) = (true, true);
        let mut take_in = |part: Option<bool>| match part {
            Some(part) => known &= part,
            None => sound = false,
        };
        match &node.kind {
            NodeKind::Sequence(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    take_in(self.write_json(item, &path.index(index), text));
                }
                text.push(']');
            }
            NodeKind::Mapping(entries) => {
                text.push('{');
                for (index, entry) in entries.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    let Some(key) = self.json_key(entry, path) else {
                        take_in(None);
                        continue;
                    };
                    let key = double_quoted(key);
                    text.push_str(&key);
                    text.push(':');
                    take_in(self.write_json(&entry.value, &path.key(&key), text));
                }
                text.push('}');
            }
            NodeKind::Scalar(_) => {}
        }
        sound.then_some(known)
    }
}
