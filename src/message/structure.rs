//! Messages by their fields, lists and maps: each part is read by its type, and what they forbid together is reported.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, Value};

use super::build::{Builder, Built, describe, mismatch};
use super::key::{is_operator_key, quoted_key};
use super::{Field, FieldPath, FieldType, WellKnown, find_field, map_key};
use crate::diagnostic::{Diagnostic, Span};
use crate::yaml::{Entry, Node, NodeKind};

impl Builder<'_> {
    pub(super) fn message(&mut self, node: &Node, descriptor: &MessageDescriptor, path: &FieldPath) -> Option<Built> {
        let known = WellKnown::of(descriptor);
        match (&known, &node.kind) {
            (Some(WellKnown::Wrapper(kind)), _) => {
                let built = self.required(node, &FieldType::Single(kind.clone()), path)?;
                return Some(match built {
                    Built::Value(value) => Built::Value(super::well_known::wrap(descriptor, value)),
                    other => other,
                });
            }
            (Some(WellKnown::Any), NodeKind::Mapping(entries)) if super::any::type_entry(entries).is_some() => {
                return self.any(node, entries, descriptor, path);
            }
            _ => {}
        }
        if let Some(entries) = self.operators(node) {
            return self.operator(node, entries, &FieldType::message(descriptor.clone()), path);
        }
        match (known, &node.kind) {
            (Some(WellKnown::Struct), NodeKind::Mapping(entries)) => self.json_object(entries, descriptor, path),
            (Some(WellKnown::ListValue), NodeKind::Sequence(items)) => self.json_list(items, descriptor, path),
            (Some(WellKnown::Value), _) => self.json_container(node, descriptor, path),
            (Some(WellKnown::FieldMask), NodeKind::Sequence(items)) => self.field_mask(items, descriptor, path),
            (Some(WellKnown::Any), NodeKind::Mapping(entries)) => self.untyped_any(node, entries, descriptor, path),
            // times and masks that have no text of their own are told by their fields
            (
                None | Some(WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask | WellKnown::Empty),
                NodeKind::Mapping(entries),
            ) => self.fields(entries.iter(), node.span, descriptor, path),
            _ => {
                let ty = FieldType::message(descriptor.clone());
                self.out.push(mismatch(node.span, node.describe(), &ty, path));
                None
            }
        }
    }

    /// A message by its fields. `span` is that of all of it.
    pub(super) fn fields<'n>(
        &mut self,
        entries: impl Iterator<Item = &'n Entry>,
        span: Span,
        descriptor: &MessageDescriptor,
        path: &FieldPath,
    ) -> Option<Built> {
        let mut message = DynamicMessage::new(descriptor.clone());
        let mut places: BTreeMap<u32, Span> = BTreeMap::new();
        let mut members: HashMap<String, (Field, Span)> = HashMap::new();
        let (mut sound, mut later) = (true, false);
        for entry in entries {
            if !self.literal && is_operator_key(&entry.key.value) {
                self.stray_operator(entry, descriptor, path);
                sound = false;
                continue;
            }
            let Some(field) = find_field(descriptor, &entry.key, path, self.out) else {
                sound = false;
                continue;
            };
            let name = field.name().into_owned();
            let field_path = path.field(&name);
            if let Some(first) = places.insert(field.number(), entry.key.span) {
                self.out.push(
                    Diagnostic::error(format!("`{field_path}` is written twice"))
                        .at(entry.key.span, "the same field again")
                        .also(first, "first here")
                        .hint("remove one of the two: `user_id` and `userId` name the same field"),
                );
                sound = false;
            }
            let Some(built) = self.value(&entry.value, &field.ty(), &field_path) else {
                sound = false;
                continue;
            };
            let value = match built {
                Built::Value(value) => value,
                Built::Null => {
                    places.remove(&field.number());
                    continue;
                }
                Built::Later => {
                    later = true;
                    continue;
                }
            };
            if let Some(oneof) = field.containing_oneof()
                && let Some((first, place)) = members
                    .insert(oneof.name().to_owned(), (field.clone(), entry.key.span))
                    .filter(|(first, _)| *first != field)
            {
                self.out.push(
                    Diagnostic::error(format!("{} has two members of the oneof `{}`", path.subject(), oneof.name()))
                        .at(entry.key.span, format!("`{name}` is set here"))
                        .also(place, format!("`{}` is set here", first.name()))
                        .hint("a oneof holds one of its members: leave the other out"),
                );
                sound = false;
            }
            if field.supports_presence() || !field.is_default(&value) {
                field.set(&mut message, value);
            }
        }
        for field in descriptor.fields().filter(|field| field.is_required() && !places.contains_key(&field.number())) {
            self.out.push(
                Diagnostic::error(format!("`{}` is missing", path.field(field.name())))
                    .at(span, format!("`{}` requires it", descriptor.full_name()))
                    .hint(format!("add `{}`, {}", field.name(), describe(&FieldType::of(&field)))),
            );
            sound = false;
        }
        sound.then(|| if later { Built::Later } else { Built::Value(Value::Message(message)) })
    }

    pub(super) fn list(&mut self, items: &[Node], kind: &Kind, path: &FieldPath) -> Option<Built> {
        let ty = FieldType::Single(kind.clone());
        let mut values = Vec::with_capacity(items.len());
        let (mut sound, mut later) = (true, false);
        for (index, item) in items.iter().enumerate() {
            match self.element(item, &ty, &path.index(index), "a list holds no null: leave it out") {
                Some(Built::Value(value)) => values.push(value),
                Some(_) => later = true,
                None => sound = false,
            }
        }
        sound.then(|| if later { Built::Later } else { Built::Value(Value::List(values)) })
    }

    pub(super) fn map(&mut self, entries: &[Entry], key: &Kind, value: &Kind, path: &FieldPath) -> Option<Built> {
        let ty = FieldType::Single(value.clone());
        let mut values = HashMap::with_capacity(entries.len());
        let mut places: HashMap<MapKey, Span> = HashMap::with_capacity(entries.len());
        let (mut sound, mut later) = (true, false);
        for entry in entries {
            let Some(key) = self.key(entry, key, path) else {
                sound = false;
                continue;
            };
            let value_path = path.key(&quoted_key(&key));
            if let Some(first) = places.insert(key.clone(), entry.key.span) {
                self.out.push(
                    Diagnostic::error(format!("`{value_path}` is written twice"))
                        .at(entry.key.span, "the same key again")
                        .also(first, "first here")
                        .hint("remove one of the two"),
                );
                sound = false;
            }
            match self.element(&entry.value, &ty, &value_path, "a map holds no null: leave the key out") {
                Some(Built::Value(value)) => {
                    values.insert(key, value);
                }
                Some(_) => later = true,
                None => sound = false,
            }
        }
        sound.then(|| if later { Built::Later } else { Built::Value(Value::Map(values)) })
    }

    fn key(&mut self, entry: &Entry, kind: &Kind, path: &FieldPath) -> Option<MapKey> {
        if self.literal {
            return super::key::literal_key(entry, &entry.key.value, kind, path, self.out);
        }
        if is_operator_key(&entry.key.value) {
            self.mixed_key(entry, path);
            return None;
        }
        map_key(entry, kind, path, self.out)
    }

    /// A value of a list or map.
    fn element(&mut self, node: &Node, ty: &FieldType, path: &FieldPath, without_null: &str) -> Option<Built> {
        let built = self.value(node, ty, path)?;
        if matches!(built, Built::Null) {
            self.out.push(Diagnostic::error(format!("`{path}` is null")).at(node.span, without_null));
            return None;
        }
        Some(built)
    }
}
