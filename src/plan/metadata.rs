//! Request metadata: text, or bytes for keys that end in `-bin`; values repeat in order.

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{Kind, Value};

use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::expr::Scope;
use crate::grpc::Metadata;
use crate::message::{self, Context, FieldPath, FieldType, ValueTemplate};
use crate::yaml::Node;

/// Metadata as planned: each value a constant, or a template that is filled when the case runs.
#[derive(Debug, Default)]
pub(crate) struct MetadataTemplate {
    entries: Vec<MetadataEntry>,
}

#[derive(Debug)]
struct MetadataEntry {
    key: Arc<str>,
    value: Spanned<ValueTemplate>,
}

impl MetadataTemplate {
    /// Reads metadata, everything inherited resolved: (key in lower case, text or list or operator).
    pub(super) fn build(
        metadata: &[(Spanned<String>, Node)],
        context: &Context<'_>,
        out: &mut Diagnostics,
    ) -> Option<Self> {
        let mut entries = Vec::new();
        let mut whole = true;
        for (key, node) in metadata {
            for value in node.as_sequence().unwrap_or(std::slice::from_ref(node)) {
                match read_value(&key.value, value, context, out) {
                    Some(template) => entries.push(MetadataEntry {
                        key: key.value.as_str().into(),
                        value: Spanned::new(template, value.span),
                    }),
                    None => whole = false,
                }
            }
        }
        whole.then_some(Self { entries })
    }

    /// The metadata to send, holes filled from `scope`.
    pub(crate) fn fill(&self, scope: &Scope) -> Result<Metadata, Vec<Diagnostic>> {
        let mut metadata = Metadata::default();
        let mut wrong = Vec::new();
        for entry in &self.entries {
            match entry.value.value.fill(scope) {
                Ok(Value::String(text)) if is_sendable(&text) => metadata.push(&entry.key, Bytes::from(text)),
                Ok(Value::String(text)) => wrong.push(unsendable(&entry.key, &text, entry.value.span)),
                Ok(Value::Bytes(bytes)) => metadata.push(&entry.key, bytes),
                Ok(_) => {}
                Err(errors) => wrong.extend(errors),
            }
        }
        if wrong.is_empty() { Ok(metadata) } else { Err(wrong) }
    }
}

fn read_value(key: &str, node: &Node, context: &Context<'_>, out: &mut Diagnostics) -> Option<ValueTemplate> {
    let kind = if key.ends_with("-bin") { Kind::Bytes } else { Kind::String };
    let path = FieldPath::new().field("metadata").key(key);
    let template = message::build_value(node, &FieldType::Single(kind), &path, context, out)?;
    if let ValueTemplate::Constant(Value::String(text)) = &template
        && !is_sendable(text)
    {
        out.push(unsendable(key, text, node.span));
        return None;
    }
    Some(template)
}

/// Printable ASCII and spaces, none of them at an end: what the gRPC specification calls `ASCII-Value`.
fn is_sendable(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) && text.trim_matches(' ') == text
}

fn unsendable(key: &str, text: &str, span: crate::diagnostic::Span) -> Diagnostic {
    let (label, hint) = if text.trim_matches(' ') == text {
        ("only printable ASCII can be sent as text", format!("send it as bytes under a key that ends in `-bin`: `{key}-bin: {{ $utf8: … }}`"))
    } else {
        ("a space at an end is lost on the way", "trim it".to_owned())
    };
    Diagnostic::error(format!("metadata `{key}` cannot be sent")).at(span, label).hint(hint)
}
