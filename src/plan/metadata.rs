//! Request metadata: text, or bytes for keys that end in `-bin`; values repeat in order.

use std::sync::Arc;

use prost_reflect::{Kind, Value};

use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::expr::{self, Scope, Text};
use crate::grpc::{Metadata, MetadataError, MetadataValue};
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
            let node = &stands_for(node, context);
            if node.is_null() {
                // as where it is written: it is not sent
                continue;
            }
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
        let mut metadata = Metadata::new();
        let mut wrong = Vec::new();
        for MetadataEntry { key, value } in &self.entries {
            match value.value.fill(scope) {
                Ok(filled) => {
                    if let Err(error) = add(&mut metadata, key, filled) {
                        wrong.push(unsendable(&error, value.span));
                    }
                }
                Err(errors) => wrong.extend(errors),
            }
        }
        if wrong.is_empty() { Ok(metadata) } else { Err(wrong) }
    }
}

/// What a whole `${name}` of `vars` stands for, such as a list of values; any other node as it is.
fn stands_for(node: &Node, context: &Context<'_>) -> Node {
    // what is wrong with it is said where it is read
    match Text::of(node, context.sources, &mut Diagnostics::new()) {
        Some(Text::Template(template)) if template.is_whole() => match template.fold(context.env) {
            Some(expr::Value::Yaml(node)) => node,
            Some(_) | None => node.clone(),
        },
        _ => node.clone(),
    }
}

fn read_value(key: &str, node: &Node, context: &Context<'_>, out: &mut Diagnostics) -> Option<ValueTemplate> {
    let kind = if key.ends_with("-bin") { Kind::Bytes } else { Kind::String };
    let path = FieldPath::new().field("metadata").field(key);
    let template = message::build_value(node, &FieldType::Single(kind), &path, context, out)?;
    if let ValueTemplate::Constant(value) = &template
        && let Err(error) = add(&mut Metadata::new(), key, value.clone())
    {
        out.push(unsendable(&error, node.span));
        return None;
    }
    Some(template)
}

fn add(metadata: &mut Metadata, key: &str, value: Value) -> Result<(), MetadataError> {
    match value {
        Value::String(text) => metadata.push(key, MetadataValue::Text(text)),
        Value::Bytes(bytes) => metadata.push(key, MetadataValue::Binary(bytes)),
        // values are read as text or bytes, by key
        _ => Ok(()),
    }
}

fn unsendable(error: &MetadataError, span: Span) -> Diagnostic {
    Diagnostic::error(error.headline.clone()).at(span, "cannot be sent").hints(error.help.map(str::to_owned))
}
