//! Literals of every type: messages and maps in part, lists in full, scalars as they are.

use std::collections::BTreeMap;

use prost_reflect::{Kind, MapKey, MessageDescriptor};

use super::check::Check;
use super::compile::{Compiler, known, seen};
use super::json;
use super::oneof::{permit_members, two_members};
use super::place::key_text;
use super::rule::{Matcher, Rule};
use super::value_type::{JsonForm, Shape, ValueType};
use super::view::View;
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::Text;
use crate::message::{FieldPath, FieldType, WellKnown, find_field, map_key, resolve_any};
use crate::yaml::{Entry, Node, NodeKind};

impl Compiler<'_> {
    pub(super) fn literal(
        &mut self,
        node: &Node,
        ty: &ValueType,
        shape: &Shape,
        path: &FieldPath,
        exact: bool,
    ) -> Option<Matcher> {
        match (shape, &node.kind) {
            (Shape::Json(form), _) => self.json(node, *form, path, exact),
            (Shape::Message(descriptor), NodeKind::Mapping(entries)) => {
                self.fields(node.span, entries, descriptor, path, exact)
            }
            (Shape::Any, NodeKind::Mapping(entries)) if entries.is_empty() => {
                Some(Matcher::new(node.span, ty, Rule::Fields { fields: Vec::new(), exact }))
            }
            (Shape::Any, NodeKind::Mapping(_)) => {
                self.out.push(
                    Diagnostic::error("an `Any` without `$type`")
                        .at(node.span, "which message it holds is not said")
                        .hint("write `{ $type: pkg.Message, field: … }`"),
                );
                None
            }
            (Shape::List(kind), NodeKind::Sequence(items)) => {
                let items = self.elements(items, &ValueType::single(kind.clone()), path, exact)?;
                Some(Matcher::new(node.span, ty, Rule::Items(items)))
            }
            (Shape::Map { key, value }, NodeKind::Mapping(entries)) => {
                let value = ValueType::single(value.clone());
                let entries = self.entries(entries, key, &value, path, exact)?;
                Some(Matcher::new(node.span, ty, Rule::Entries { entries, exact }))
            }
            _ => self.constant(node, ty, path),
        }
    }

    fn fields(
        &mut self,
        span: Span,
        entries: &[Entry],
        descriptor: &MessageDescriptor,
        path: &FieldPath,
        exact: bool,
    ) -> Option<Matcher> {
        let ty = ValueType::Field(FieldType::message(descriptor.clone()));
        let mut fields: Vec<(_, Matcher)> = Vec::new();
        let mut spans = BTreeMap::new();
        let mut oneofs = Vec::new();
        let mut sound = true;
        for entry in entries {
            if matches!(&*entry.key.value, "$type" | "@type") {
                continue;
            }
            if &*entry.key.value == "$oneof" {
                match self.oneofs(&entry.value, descriptor) {
                    Some(mut members) => oneofs.append(&mut members),
                    None => sound = false,
                }
                continue;
            }
            let Some(field) = find_field(descriptor, &entry.key, path, self.out) else {
                sound = false;
                continue;
            };
            if let Some(first) = spans.insert(field.number(), entry.key.span) {
                sound = false;
                self.out.push(
                    Diagnostic::error(format!("`{}` is expected twice", field.name()))
                        .at(entry.key.span, "the same field")
                        .also(first, "first here")
                        .hint(
                            "remove one of the two; what must hold together goes into one value: `{ $gte: 1, $lt: 5 }`",
                        ),
                );
                continue;
            }
            match self.value(&entry.value, &ValueType::Field(field.ty()), &path.field(&field.name()), exact) {
                Some(matcher) => fields.push((field, matcher)),
                None => sound = false,
            }
        }
        if let Some(problem) = two_members(&fields, &oneofs, &spans) {
            self.out.push(problem);
            return None;
        }
        if !sound {
            return None;
        }
        if exact {
            permit_members(&mut fields, &oneofs);
        }
        let fields = Matcher::new(span, &ty, Rule::Fields { fields, exact });
        if oneofs.is_empty() {
            return Some(fields);
        }
        Some(Matcher::new(span, &ty, Rule::All(std::iter::once(fields).chain(oneofs).collect())))
    }

    /// A message in an `Any` or in bytes: `{ $type: pkg.Message, field: … }`.
    pub(super) fn typed(
        &mut self,
        span: Span,
        entries: &[Entry],
        ty: &ValueType,
        path: &FieldPath,
        exact: bool,
    ) -> Option<Matcher> {
        let is_type = |entry: &&Entry| matches!(&*entry.key.value, "$type" | "@type");
        let named = entries.iter().find(is_type)?;
        let name = self.text(&named.value, "$type")?;
        let descriptor = resolve_any(&name, self.context.pool, named.value.span, self.out)?;
        let held = ValueType::Field(FieldType::message(descriptor.clone()));
        let rest: Vec<Entry> = entries.iter().filter(|entry| !is_type(entry)).cloned().collect();
        let has_own_form = !matches!(WellKnown::of(&descriptor), None | Some(WellKnown::Empty));
        let inner = match rest.as_slice() {
            [] => Matcher::new(named.value.span, &held, Rule::Fields { fields: Vec::new(), exact }),
            [only] if has_own_form && &*only.key.value == "value" => self.value(&only.value, &held, path, exact)?,
            [first, ..] if has_own_form => {
                self.out.push(
                    Diagnostic::error(format!("`{}` has a form of its own", descriptor.full_name()))
                        .at(first.key.span, "only `value` may stand beside its `$type`")
                        .hint("write `{ $type: …, value: … }`"),
                );
                return None;
            }
            rest => self.fields(span, rest, &descriptor, path, exact)?,
        };
        Some(seen(span, ty, View::Message(descriptor), inner))
    }

    /// The elements of a list, each of a type.
    pub(super) fn elements(
        &mut self,
        items: &[Node],
        element: &ValueType,
        path: &FieldPath,
        exact: bool,
    ) -> Option<Vec<Matcher>> {
        let takes_null = matches!(element.shape(), Shape::Json(_) | Shape::Tree(JsonForm::Any));
        let mut matchers = Vec::with_capacity(items.len());
        let mut sound = true;
        for (index, item) in items.iter().enumerate() {
            if !takes_null && self.peek(item).is_some_and(|item| item.is_null()) {
                sound = false;
                self.out.push(
                    Diagnostic::error("`null` is no element of a list")
                        .at(item.span, format!("`{}` is always set", path.index(index)))
                        .hint("leave it out, or write the value"),
                );
                continue;
            }
            match self.value(item, element, &path.index(index), exact) {
                Some(matcher) => matchers.push(matcher),
                None => sound = false,
            }
        }
        sound.then_some(matchers)
    }

    fn entries(
        &mut self,
        entries: &[Entry],
        key: &Kind,
        value: &ValueType,
        path: &FieldPath,
        exact: bool,
    ) -> Option<Vec<(MapKey, Matcher)>> {
        let mut matchers: Vec<(MapKey, Matcher)> = Vec::with_capacity(entries.len());
        let mut spans = BTreeMap::new();
        let mut sound = true;
        for entry in entries {
            let Some(key) = map_key(entry, key, path, self.out) else {
                sound = false;
                continue;
            };
            if let Some(first) = spans.insert(key.clone(), entry.key.span) {
                sound = false;
                self.out.push(
                    Diagnostic::error(format!("the key {} is expected twice", key_text(&key)))
                        .at(entry.key.span, "the same key")
                        .also(first, "first here")
                        .hint(
                            "remove one of the two; what must hold together goes into one value: `{ $gte: 1, $lt: 5 }`",
                        ),
                );
                continue;
            }
            match self.value(&entry.value, value, &path.key(&key_text(&key)), exact) {
                Some(matcher) => matchers.push((key, matcher)),
                None => sound = false,
            }
        }
        sound.then_some(matchers)
    }

    fn json(&mut self, node: &Node, form: JsonForm, path: &FieldPath, exact: bool) -> Option<Matcher> {
        let ty = ValueType::Json(form);
        match (&node.kind, form) {
            (NodeKind::Sequence(items), JsonForm::Any | JsonForm::Array) => {
                let items = self.elements(items, &ValueType::JSON, path, exact)?;
                Some(Matcher::new(node.span, &ty, Rule::Items(items)))
            }
            (NodeKind::Mapping(entries), JsonForm::Any | JsonForm::Object) => {
                let entries = self.entries(entries, &Kind::String, &ValueType::JSON, path, exact)?;
                Some(Matcher::new(node.span, &ty, Rule::Entries { entries, exact }))
            }
            (NodeKind::Scalar(scalar), JsonForm::Any) => match Text::of(node, self.context.sources, self.out)? {
                Text::Literal(text) => Some(known(node.span, &ty, Check::Equal(json::scalar(scalar, &text)))),
                Text::Template(_) => self.constant(node, &ty, path),
            },
            (NodeKind::Scalar(_), _) if self.is_template(node) => self.constant(node, &ty, path),
            _ => {
                let wanted = if form == JsonForm::Object { "a mapping" } else { "a list" };
                self.out.push(
                    Diagnostic::error(format!("{} is not {wanted}", path.subject()))
                        .at(node.span, format!("expected {wanted}, found {}", node.describe())),
                );
                None
            }
        }
    }
}
