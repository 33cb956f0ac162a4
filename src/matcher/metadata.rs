//! `headers`, `trailers`, `metadata`: what must be true of the values of keys. Main type: [`MetadataMatcher`].

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{Kind, Value};

use super::compile::Compiler;
use super::mismatch::{Actual, Expected, Fault, Mismatch};
use super::operator::is_operator_key;
use super::rule::{Matcher, Rule};
use super::value_type::ValueType;
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::Scope;
use crate::grpc::{Metadata, MetadataValue};
use crate::message::{FieldPath, FieldType};
use crate::yaml::{Node, NodeKind};

/// Where metadata is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Headers,
    Trailers,
    /// Either of them.
    Both,
}

impl Section {
    /// The key in a case.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::Trailers => "trailers",
            Self::Both => "metadata",
        }
    }

    fn singular(self) -> &'static str {
        match self {
            Self::Headers => "header",
            Self::Trailers => "trailer",
            Self::Both => "metadata",
        }
    }
}

/// What must be true of one section.
#[derive(Debug, Clone)]
pub(super) struct MetadataMatcher {
    section: Section,
    entries: Vec<EntryMatcher>,
}

#[derive(Debug, Clone)]
struct EntryMatcher {
    /// In lower case.
    key: String,
    matcher: Matcher,
    /// Whether it speaks of the list of all values, not of the one value.
    of_all: bool,
}

impl MetadataMatcher {
    pub(super) fn compile(node: &Node, section: Section, compiler: &mut Compiler<'_>) -> Option<Self> {
        let node = compiler.resolve(node)?;
        let Some(entries) = node.as_mapping() else {
            compiler.out.push(
                Diagnostic::error(format!("`{}` is not a mapping", section.key()))
                    .at(node.span, format!("expected keys with their values, found {}", node.describe())),
            );
            return None;
        };
        let mut matchers: Vec<EntryMatcher> = Vec::with_capacity(entries.len());
        let mut spans: Vec<(String, Span)> = Vec::new();
        let mut sound = true;
        for entry in entries {
            let key = entry.key.value.to_ascii_lowercase();
            if let Some(problem) = wrong_key(&entry.key.value, entry.key.span) {
                compiler.out.push(problem);
                sound = false;
                continue;
            }
            if let Some((_, first)) = spans.iter().find(|(known, _)| *known == key) {
                compiler.out.push(
                    Diagnostic::error(format!("`{key}` is written twice"))
                        .at(entry.key.span, "the same key: case does not matter")
                        .also(*first, "first here")
                        .hint(format!("expect several values as a list: `{key}: [a, b]`")),
                );
                sound = false;
                continue;
            }
            spans.push((key.clone(), entry.key.span));
            let kind = if key.ends_with("-bin") { Kind::Bytes } else { Kind::String };
            let of_all = speaks_of_all(&entry.value, compiler);
            let ty = if of_all { FieldType::List(kind) } else { FieldType::Single(kind) };
            let path = FieldPath::new().field(section.key()).field(&key);
            match compiler.value(&entry.value, &ValueType::Field(ty), &path, false) {
                Some(matcher) => matchers.push(EntryMatcher { key, matcher, of_all }),
                None => sound = false,
            }
        }
        sound.then_some(Self { section, entries: matchers })
    }

    pub(super) fn compare(&self, headers: &Metadata, trailers: &Metadata, scope: &Arc<Scope>, out: &mut Vec<Mismatch>) {
        for entry in &self.entries {
            let values = |metadata: &Metadata| metadata.get_all(&entry.key).map(value).collect::<Vec<_>>();
            let (in_headers, in_trailers) = (values(headers), values(trailers));
            match self.section {
                Section::Headers => {
                    out.extend(entry.compare_here(in_headers, &in_trailers, self.section, Section::Trailers, scope));
                }
                Section::Trailers => {
                    out.extend(entry.compare_here(in_trailers, &in_headers, self.section, Section::Headers, scope));
                }
                Section::Both if in_headers.is_empty() => out.extend(entry.compare(in_trailers, self.section, scope)),
                Section::Both if in_trailers.is_empty() => out.extend(entry.compare(in_headers, self.section, scope)),
                Section::Both => {
                    let found = entry.compare(in_headers, self.section, scope);
                    if !found.is_empty() && !entry.compare(in_trailers, self.section, scope).is_empty() {
                        out.extend(found);
                    }
                }
            }
        }
    }
}

impl EntryMatcher {
    /// As [`Self::compare`]; what is missing may be in the `other` section.
    fn compare_here(
        &self,
        values: Vec<Value>,
        elsewhere: &[Value],
        section: Section,
        other: Section,
        scope: &Arc<Scope>,
    ) -> Vec<Mismatch> {
        let is_elsewhere = values.is_empty() && !elsewhere.is_empty();
        let mut found = self.compare(values, section, scope);
        if let Some(first) = found.first_mut().filter(|_| is_elsewhere) {
            let other = other.key();
            first.notes.push(("note".into(), format!("the server sent `{}` in the {other}", self.key)));
            first
                .notes
                .push(("hint".into(), format!("expect it under `{other}`, or in either place under `metadata`")));
        }
        found
    }

    fn compare(&self, mut values: Vec<Value>, section: Section, scope: &Arc<Scope>) -> Vec<Mismatch> {
        let root = format!("{} {}", section.singular(), self.key);
        if self.of_all {
            let present = !values.is_empty();
            return self.matcher.compare_implicit(&Value::List(values), present, &root, scope);
        }
        let asks_presence = matches!(self.matcher.rule, Rule::Unset | Rule::Present(_));
        if values.len() > 1 && !asks_presence {
            let ValueType::Field(FieldType::Single(kind)) = &self.matcher.ty else { return Vec::new() };
            let count = values.len();
            return vec![Mismatch {
                span: self.matcher.span(),
                expected: Expected {
                    fault: Fault::Said(format!("{root} has {count} values")),
                    statement: format!("exactly one: {}", self.matcher.statement(&root, scope)),
                    literal: None,
                },
                actual: Actual::Value(Value::List(values), ValueType::Field(FieldType::List(kind.clone()))),
                notes: vec![("hint".into(), "for all of them write a list, `$each` or `$unordered`".to_owned())],
                path: root,
            }];
        }
        let first = if values.is_empty() { None } else { Some(values.remove(0)) };
        self.matcher.compare(first.as_ref(), &root, scope)
    }
}

/// What is no base64 under a `-bin` key stays text, which equals no bytes.
fn value(value: &MetadataValue) -> Value {
    match value {
        MetadataValue::Text(text) => Value::String(text.clone()),
        MetadataValue::Binary(bytes) => Value::Bytes(Bytes::clone(bytes)),
    }
}

/// Whether an expectation is of the list of all values: it is a list, or has operators for lists only.
fn speaks_of_all(node: &Node, compiler: &Compiler<'_>) -> bool {
    // what is wrong with the node is said when it is compiled
    let Some(node) = compiler.peek(node) else { return false };
    match &node.kind {
        NodeKind::Scalar(_) => false,
        NodeKind::Sequence(_) => true,
        NodeKind::Mapping(entries) => entries.iter().any(|entry| match &*entry.key.value {
            "$each" | "$unordered" | "$sorted" | "$unique" => true,
            "$not" => speaks_of_all(&entry.value, compiler),
            "$in" => match compiler.peek(&entry.value).map(|operand| operand.kind) {
                Some(NodeKind::Sequence(items)) => items.iter().any(|item| speaks_of_all(item, compiler)),
                _ => false,
            },
            _ => false,
        }),
    }
}

fn wrong_key(key: &str, span: Span) -> Option<Diagnostic> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if is_operator_key(key) {
        return Some(
            Diagnostic::error(format!("`{key}` does not fit all metadata"))
                .at(span, "operators go below a key")
                .hint(format!("write `{{ some-key: {{ {key}: … }} }}`")),
        );
    }
    if key.is_empty() || !key.bytes().all(legal) {
        return Some(
            Diagnostic::error(format!("`{key}` cannot be a metadata key"))
                .at(span, "a key is letters, digits, `_`, `-` and `.`"),
        );
    }
    let lower = key.to_ascii_lowercase();
    matches!(&*lower, "grpc-status" | "grpc-message" | "grpc-status-details-bin").then(|| {
        Diagnostic::error(format!("`{key}` is part of the status"))
            .at(span, "not metadata")
            .hint("write `status: { code: …, message: …, details: […] }`")
    })
}
