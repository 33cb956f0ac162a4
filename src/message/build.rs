//! Node → value: the [`Builder`] walks a node along its type, and reports everything that is wrong on the way. The same
//! walk runs when planning, where some names have no value yet, and again for such values when the case runs.

use std::sync::Arc;

use prost_reflect::{DescriptorPool, Kind, Value};

use super::computed::never_fits;
use super::field::single_name;
use super::file::Files;
use super::key::is_operator_key;
use super::scalar::{Raw, Written, read_scalar, with_article};
use super::well_known::is_null_value;
use super::{FieldPath, FieldType, ValueTemplate, WellKnown};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources, Span};
use crate::expr::{self, Env, Scope, Ty};
use crate::yaml::{Entry, Node, NodeKind, Style};

/// What is known while nodes are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Shared, because a value with holes keeps them until the case runs.
    pub(crate) sources: &'a Arc<Sources>,
    pub(crate) env: &'a Arc<Env>,
    /// Where `$type` finds its message.
    pub(crate) pool: &'a DescriptorPool,
    /// Whether `$file` operands are read: `check` reads only those of selected cases.
    pub(crate) read_files: bool,
}

/// A value of any type: a field's, an element's (`FieldType::Single`), a whole message. Operators that make values
/// (`$hex`, `$file`, …) are read; those that only expect (`$between`) are errors, as is a plain `null` where nothing
/// but a value will do.
pub(crate) fn build_value(
    node: &Node,
    ty: &FieldType,
    path: &FieldPath,
    context: &Context<'_>,
    out: &mut Diagnostics,
) -> Option<ValueTemplate> {
    let mut files = Files::default();
    let names = Names::Planning(context.env);
    let built = Builder::new(context.sources, context.pool, names, &mut files, context.read_files, out)
        .required(node, ty, path)?;
    Some(match built {
        Built::Value(value) => ValueTemplate::Constant(value),
        Built::Later | Built::Null => ValueTemplate::deferred(node, ty, path, context),
    })
}

/// Where names get their values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names<'a> {
    Planning(&'a Env),
    Running(&'a Scope),
}

/// What became of a node.
#[derive(Debug)]
pub(super) enum Built {
    Value(Value),
    /// A plain `null`: the field stays unset.
    Null,
    /// It depends on what is known when the case runs.
    Later,
}

/// A part of a value, or that it depends on what is known when the case runs.
#[derive(Debug)]
pub(super) enum Known<T> {
    Now(T),
    Later,
}

/// What a node holds once templates are resolved.
pub(super) enum Content {
    Container,
    Text(Arc<str>, Written),
    /// The YAML that a whole `${name}` stands for.
    Node(Node),
    /// What a whole `${…}` comes to.
    Value(expr::Value),
    /// Known when the case runs, and of this type.
    Later(Ty),
}

/// Messages, lists and mappings of JSON, values of variables and files: how deep they may nest. The receiver's limit, too.
const MAX_DEPTH: usize = 100;
/// Nodes read for one value: variables within variables may come to more than anyone wrote.
const MAX_NODES: usize = 1_000_000;
/// Bytes that `$zeros` and `$file` may bring into one value.
const MAX_BYTES: usize = 256 << 20;

pub(super) struct Builder<'a> {
    pub(super) sources: &'a Arc<Sources>,
    pub(super) pool: &'a DescriptorPool,
    names: Names<'a>,
    pub(super) files: &'a mut Files,
    pub(super) read_files: bool,
    pub(super) out: &'a mut Diagnostics,
    /// Inside a JSON file: no operators, no templates.
    pub(super) literal: bool,
    depth: usize,
    /// `None` once there were too many.
    nodes_left: Option<usize>,
    bytes_left: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        sources: &'a Arc<Sources>,
        pool: &'a DescriptorPool,
        names: Names<'a>,
        files: &'a mut Files,
        read_files: bool,
        out: &'a mut Diagnostics,
    ) -> Self {
        let (nodes_left, bytes_left) = (Some(MAX_NODES), MAX_BYTES);
        Self { sources, pool, names, files, read_files, out, literal: false, depth: 0, nodes_left, bytes_left }
    }
}

impl Builder<'_> {
    /// As [`Self::value`], where leaving it out is not possible.
    pub(super) fn required(&mut self, node: &Node, ty: &FieldType, path: &FieldPath) -> Option<Built> {
        let built = self.value(node, ty, path)?;
        if matches!(built, Built::Null) {
            let error = Diagnostic::error(format!("{} is null", path.subject()));
            let error = error.at(node.span, format!("expected {}", describe(ty)));
            self.out.push(match ty {
                FieldType::Single(Kind::Message(_)) => error.hint("write `{}` for an empty message"),
                _ => error,
            });
            return None;
        }
        Some(built)
    }

    /// Reads a node by type. `None` after an error.
    pub(super) fn value(&mut self, node: &Node, ty: &FieldType, path: &FieldPath) -> Option<Built> {
        self.spend_node(node.span, path)?;
        match self.content(node)? {
            Content::Container => self.container(node, ty, path),
            Content::Text(text, written) => self.scalar(Raw { text: &text, written, span: node.span }, ty, path),
            Content::Node(stands_for) => {
                let before = std::mem::take(self.out);
                let built = self.deeper(node.span, path, |this| this.value(&stands_for, ty, path));
                let found = std::mem::replace(self.out, before);
                // what is a warning has been said where the value is written
                let errors = found.into_iter().filter(|problem| problem.severity == Severity::Error);
                self.out.extend(errors.map(|problem| problem.also(node.span, "used here")));
                built
            }
            Content::Value(value) => self.computed(&value, ty, path, node.span),
            Content::Later(found) => match never_fits(&found, ty, path, node.span) {
                Some(problem) => {
                    self.out.push(problem);
                    None
                }
                None => Some(Built::Later),
            },
        }
    }

    /// Resolves the templates of a scalar.
    pub(super) fn content(&mut self, node: &Node) -> Option<Content> {
        let Some(scalar) = node.as_scalar() else { return Some(Content::Container) };
        let written = if scalar.style == Style::Plain { Written::Plain } else { Written::Quoted };
        if self.literal || !(scalar.text.contains("${") || scalar.text.contains("{{")) {
            return Some(Content::Text(Arc::clone(&scalar.text), written));
        }
        let template = match expr::Text::of(node, self.sources, self.out)? {
            expr::Text::Literal(text) => return Some(Content::Text(text.into(), written)),
            expr::Text::Template(template) => template,
        };
        let mut later = Ty::Any;
        let value = match self.names {
            Names::Planning(env) => {
                if !template.check(env, self.sources, self.out) {
                    return None;
                }
                let value = template.fold(env);
                if value.is_none() && template.is_whole() {
                    later = template.ty(env);
                }
                value
            }
            Names::Running(scope) => match template.evaluate(scope) {
                Ok(value) => Some(value),
                Err(problem) => {
                    self.out.push(problem);
                    return None;
                }
            },
        };
        Some(match value {
            Some(expr::Value::Text(text)) => Content::Text(text, Written::Computed),
            Some(expr::Value::Yaml(node)) => Content::Node(node),
            Some(value) => Content::Value(value),
            None => Content::Later(later),
        })
    }

    pub(super) fn scalar(&mut self, raw: Raw<'_>, ty: &FieldType, path: &FieldPath) -> Option<Built> {
        if raw.written == Written::Plain && matches!(raw.text, "null" | "~") {
            return Some(match ty {
                FieldType::Single(Kind::Enum(descriptor)) if is_null_value(descriptor) => {
                    Built::Value(Value::EnumNumber(0))
                }
                FieldType::Single(Kind::Message(descriptor)) => match WellKnown::of(descriptor) {
                    Some(WellKnown::Value) => Built::Value(super::json::null(descriptor)),
                    _ => Built::Null,
                },
                _ => Built::Null,
            });
        }
        let read = match ty {
            FieldType::Single(Kind::Message(descriptor)) => {
                WellKnown::of(descriptor).map(|known| known.read_scalar(raw, descriptor))
            }
            FieldType::Single(kind) => Some(read_scalar(raw, kind)),
            FieldType::List(_) | FieldType::Map { .. } => None,
        };
        let Some(read) = read else {
            self.out.push(mismatch(raw.span, "a single value", ty, path));
            return None;
        };
        read.map_err(|problem| self.out.push(problem.at(raw.span, path))).ok().map(Built::Value)
    }

    /// A list or a mapping.
    fn container(&mut self, node: &Node, ty: &FieldType, path: &FieldPath) -> Option<Built> {
        if let FieldType::Single(Kind::Message(descriptor)) = ty {
            return self.deeper(node.span, path, |this| this.message(node, descriptor, path));
        }
        if let Some(entries) = self.operators(node) {
            return self.operator(node, entries, ty, path);
        }
        match (ty, &node.kind) {
            (FieldType::List(kind), NodeKind::Sequence(items)) => self.list(items, kind, path),
            (FieldType::Map { key, value }, NodeKind::Mapping(entries)) => self.map(entries, key, value, path),
            (FieldType::Single(Kind::Bytes), NodeKind::Mapping(entries))
                if super::any::type_entry(entries).is_some() =>
            {
                self.typed_bytes(node, entries, path)
            }
            _ => {
                self.out.push(mismatch(node.span, node.describe(), ty, path));
                None
            }
        }
    }

    /// The entries of a mapping that is an operator.
    pub(super) fn operators<'n>(&self, node: &'n Node) -> Option<&'n [Entry]> {
        let entries = node.as_mapping()?;
        let is_operator = !entries.is_empty() && entries.iter().all(|entry| is_operator_key(&entry.key.value));
        (is_operator && !self.literal).then_some(entries)
    }

    /// Goes one level down, if that is not too deep.
    pub(super) fn deeper<T>(
        &mut self,
        span: Span,
        path: &FieldPath,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.depth == MAX_DEPTH {
            return self.too_much(span, path, &format!("nested more than {MAX_DEPTH} levels deep"));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// Takes one node from what one value may come to; once there is none left, that is said once.
    pub(super) fn spend_node(&mut self, span: Span, path: &FieldPath) -> Option<()> {
        self.nodes_left = self.nodes_left?.checked_sub(1);
        match self.nodes_left {
            Some(_) => Some(()),
            None => self.too_much(span, path, &format!("more than {MAX_NODES} values")),
        }
    }

    /// Takes bytes from what one value may hold.
    pub(super) fn spend_bytes(&mut self, bytes: usize, span: Span, path: &FieldPath) -> Option<()> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.bytes_left = left;
                Some(())
            }
            None => self.too_much(span, path, &format!("more than {} MiB of `$zeros` and `$file`", MAX_BYTES >> 20)),
        }
    }

    fn too_much<T>(&mut self, span: Span, path: &FieldPath, label: &str) -> Option<T> {
        self.out.push(Diagnostic::error(format!("{} is too large", path.subject())).at(span, label));
        None
    }
}

/// A container where the type wants another kind of value, or the other way round.
pub(super) fn mismatch(span: Span, found: &str, ty: &FieldType, path: &FieldPath) -> Diagnostic {
    let what = match ty {
        FieldType::List(_) => "a list",
        FieldType::Map { .. } => "a map",
        FieldType::Single(Kind::Message(_)) => "a message",
        FieldType::Single(_) => "a single value",
    };
    let headline = if path.is_root() { format!("{what} is wanted here") } else { format!("`{path}` is {what}") };
    let diagnostic = Diagnostic::error(headline);
    diagnostic.at(span, format!("expected {}, found {found}", describe(ty)))
}

/// What a type wants, in words.
pub(super) fn describe(ty: &FieldType) -> String {
    match ty {
        FieldType::List(kind) => format!("a list of `{}`", single_name(kind)),
        FieldType::Map { key, value } => {
            format!("a mapping of `{}` to `{}`", single_name(key), single_name(value))
        }
        FieldType::Single(Kind::Message(descriptor)) => match WellKnown::of(descriptor) {
            Some(known) => known.form(),
            None => format!("a mapping of fields of `{}`", descriptor.full_name()),
        },
        FieldType::Single(Kind::Enum(descriptor)) => format!("a value of the enum `{}`", descriptor.full_name()),
        FieldType::Single(Kind::String) => "a text".to_owned(),
        FieldType::Single(Kind::Bytes) => "base64 or an operator such as `$hex`".to_owned(),
        FieldType::Single(kind) => with_article(&single_name(kind)),
    }
}
