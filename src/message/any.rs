//! Messages that say their type: `google.protobuf.Any`, and bytes that hold a message.

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};

use super::build::{Builder, Built, Known, describe};
use super::key::is_operator_key;
use super::{FieldPath, FieldType, WellKnown};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::yaml::{Entry, Node};

pub(super) const PREFIX: &str = "type.googleapis.com/";

/// The entry that says the type.
pub(super) fn type_entry(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().find(|entry| is_type_key(&entry.key.value))
}

fn is_type_key(key: &str) -> bool {
    matches!(key, "$type" | "@type")
}

/// The message type an `Any` or `$type` names, with or without `type.googleapis.com/`.
pub(crate) fn resolve_any(
    name: &str,
    pool: &DescriptorPool,
    span: Span,
    out: &mut Diagnostics,
) -> Option<MessageDescriptor> {
    let found = find_type(name, pool);
    if found.is_none() {
        let name = short(name);
        let known: Vec<_> = pool.all_messages().filter(|message| !message.is_map_entry()).collect();
        let last = name.rsplit('.').next().unwrap_or(name);
        let elsewhere = || {
            let same_name = known.iter().find(|message| message.name() == last)?;
            Some(format!("did you mean `{}`?", same_name.full_name()))
        };
        out.push(
            Diagnostic::error(format!("unknown message type `{name}`"))
                .at(span, "not in the schema")
                .hints(elsewhere().or_else(|| did_you_mean(name, known.iter().map(MessageDescriptor::full_name))))
                .hint("name the file that declares it under `protos: { files: […] }`"),
        );
    }
    found
}

/// As [`resolve_any`], for a type URL a server sent.
pub(super) fn find_type(name: &str, pool: &DescriptorPool) -> Option<MessageDescriptor> {
    pool.get_message_by_name(short(name)).filter(|message| !message.is_map_entry())
}

/// A type URL as it is written: bare where it has the usual prefix.
pub(super) fn written_type(url: &str) -> &str {
    url.strip_prefix(PREFIX).filter(|name| !name.contains('/')).unwrap_or(url)
}

fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A message and the type URL it was named by.
struct Typed {
    url: String,
    message: DynamicMessage,
}

impl Builder<'_> {
    /// An `Any` that says its type.
    pub(super) fn any(
        &mut self,
        node: &Node,
        entries: &[Entry],
        descriptor: &MessageDescriptor,
        path: &FieldPath,
    ) -> Option<Built> {
        let Known::Now(typed) = self.typed(node, entries, path)? else { return Some(Built::Later) };
        let mut any = DynamicMessage::new(descriptor.clone());
        any.set_field_by_number(1, Value::String(typed.url));
        let bytes = typed.message.encode_to_vec();
        if !bytes.is_empty() {
            any.set_field_by_number(2, Value::Bytes(bytes.into()));
        }
        Some(Built::Value(Value::Message(any)))
    }

    /// `{ $type: pkg.Msg, … }` in a `bytes` field.
    pub(super) fn typed_bytes(&mut self, node: &Node, entries: &[Entry], path: &FieldPath) -> Option<Built> {
        let Known::Now(typed) = self.typed(node, entries, path)? else { return Some(Built::Later) };
        Some(Built::Value(Value::Bytes(typed.message.encode_to_vec().into())))
    }

    /// An `Any` that says no type: an empty one, or one by its raw fields, for types that no schema knows.
    pub(super) fn untyped_any(
        &mut self,
        node: &Node,
        entries: &[Entry],
        descriptor: &MessageDescriptor,
        path: &FieldPath,
    ) -> Option<Built> {
        let is_raw = |entry: &Entry| matches!(&*entry.key.value, "type_url" | "typeUrl" | "value");
        let says_url = entries.iter().any(|entry| is_raw(entry) && &*entry.key.value != "value");
        if entries.is_empty() || (says_url && entries.iter().all(is_raw)) {
            return self.fields(entries.iter(), node.span, descriptor, path);
        }
        let error = Diagnostic::error(format!("{} does not say its type", path.subject()));
        self.out.push(
            error
                .at(node.span, "an `Any` needs `$type`")
                .hint("write `{ $type: pkg.Msg, … }`, with the fields of that message beside it"),
        );
        None
    }

    fn typed(&mut self, node: &Node, entries: &[Entry], path: &FieldPath) -> Option<Known<Typed>> {
        let mut said = entries.iter().filter(|entry| is_type_key(&entry.key.value));
        let (first, second) = (said.next()?, said.next());
        if let Some(second) = second {
            self.out.push(
                Diagnostic::error(format!("{} says its type twice", path.subject()))
                    .at(second.key.span, "again here")
                    .also(first.key.span, "first here"),
            );
            return None;
        }
        let name = match self.operand(&first.value, &path.field(&first.key.value))? {
            Known::Now(name) => name,
            Known::Later => return Some(Known::Later),
        };
        let descriptor = resolve_any(&name, self.pool, first.value.span, self.out)?;
        let rest = entries.iter().filter(|entry| !is_type_key(&entry.key.value));
        let built = match WellKnown::of(&descriptor) {
            Some(known) if known.stands_under_value() => self.under_value(node, rest, &descriptor, path)?,
            Some(_) => match entries {
                [_, value] | [value, _] if &*value.key.value == "value" => {
                    self.required(&value.value, &FieldType::message(descriptor), &path.field("value"))?
                }
                _ => self.fields(rest, node.span, &descriptor, path)?,
            },
            None => self.fields(rest, node.span, &descriptor, path)?,
        };
        let Built::Value(Value::Message(message)) = built else { return Some(Known::Later) };
        let url = if name.contains('/') { name } else { format!("{PREFIX}{name}") };
        Some(Known::Now(Typed { url, message }))
    }

    /// A type that is no mapping of fields: `{ $type: google.protobuf.Duration, value: 1.5s }`.
    fn under_value<'n>(
        &mut self,
        node: &Node,
        rest: impl Iterator<Item = &'n Entry>,
        descriptor: &MessageDescriptor,
        path: &FieldPath,
    ) -> Option<Built> {
        let (mut value, mut sound) = (None, true);
        for entry in rest {
            if &*entry.key.value == "value" {
                value = Some(&entry.value);
            } else if is_operator_key(&entry.key.value) && !self.literal {
                self.mixed_key(entry, path);
                sound = false;
            } else {
                let known = format!("a `{}` stands under `value`", descriptor.full_name());
                let error = Diagnostic::error(format!("unknown field `{}`", path.field(&entry.key.value)));
                self.out.push(error.at(entry.key.span, known));
                sound = false;
            }
        }
        let ty = FieldType::message(descriptor.clone());
        match value {
            Some(value) if sound => self.required(value, &ty, &path.field("value")),
            Some(_) => None,
            None => {
                if sound {
                    let error = Diagnostic::error(format!("`{}` is missing", path.field("value")));
                    let label = format!("a `{}` stands under `value`", descriptor.full_name());
                    self.out.push(error.at(node.span, label).hint(format!("add `value`, {}", describe(&ty))));
                }
                None
            }
        }
    }
}
