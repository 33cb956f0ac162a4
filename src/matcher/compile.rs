//! Node and type → matcher. Here: names that stand for YAML, and literals of every type; operators are in
//! `operation`. Main type: [`Compiler`].

use std::collections::BTreeMap;

use prost_reflect::{Kind, MapKey, MessageDescriptor, Value};

use super::check::{Check, Test};
use super::contradiction::two_members;
use super::json;
use super::operator::is_operator_key;
use super::rule::{Deferred, Matcher, Rule};
use super::value_type::{JsonForm, Shape, ValueType, well_known};
use super::view::View;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::expr::{Text, Value as Bound};
use crate::message::{
    Context, Field, FieldPath, FieldType, ValueTemplate, WellKnown, build_value, find_field, map_key, resolve_any,
};
use crate::yaml::{Entry, Node, NodeKind};

/// Deepest nesting of an expectation; names that stand for YAML may bring in more than a file's own limit.
const MAX_DEPTH: usize = 200;

/// What a response's field, or a whole message, must be. `path` is the place of the node in its message.
pub(crate) fn compile(
    node: &Node,
    ty: &FieldType,
    path: &FieldPath,
    context: &Context<'_>,
    out: &mut Diagnostics,
) -> Option<Matcher> {
    Compiler { context, out, depth: 0 }.value(node, &ValueType::Field(ty.clone()), path, false)
}

/// Compiles one expectation.
pub(super) struct Compiler<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) out: &'a mut Diagnostics,
    pub(super) depth: usize,
}

impl Compiler<'_> {
    /// A value of a type, literal or operators. `exact`: whether literals forbid what they do not name.
    pub(super) fn value(&mut self, node: &Node, ty: &ValueType, path: &FieldPath, exact: bool) -> Option<Matcher> {
        if self.depth >= MAX_DEPTH {
            self.out.push(
                Diagnostic::error("an expectation is nested too deep")
                    .at(node.span, format!("deeper than {MAX_DEPTH} levels")),
            );
            return None;
        }
        self.depth += 1;
        let node = self.resolve(node);
        let matcher = node.and_then(|node| self.resolved(&node, ty, path, exact));
        self.depth -= 1;
        matcher
    }

    /// The node itself or, where it is a whole `${name}` whose YAML is known, that YAML in the node's place.
    pub(super) fn resolve(&mut self, node: &Node) -> Option<Node> {
        let has_expression = |node: &Node| node.as_scalar().is_some_and(|scalar| scalar.text.contains("${"));
        if !has_expression(node) {
            return Some(node.clone());
        }
        // what is no error here is said by the one who reads the scalar
        let mut found = Diagnostics::new();
        let text = Text::of(node, self.context.sources, &mut found);
        let Some(text) = text else {
            self.out.append(found);
            return None;
        };
        let Text::Template(template) = text else { return Some(node.clone()) };
        if !template.is_whole() {
            return Some(node.clone());
        }
        match template.fold(self.context.env) {
            Some(Bound::Yaml(bound)) => Some(Node { span: node.span, kind: bound.kind }),
            Some(Bound::Text(_)) => Some(node.clone()),
            None => template.check(self.context.env, self.context.sources, self.out).then(|| node.clone()),
        }
    }

    /// As [`Self::resolve`], without a word.
    pub(super) fn peek(&self, node: &Node) -> Option<Node> {
        let mut ignored = Diagnostics::new();
        Compiler { context: self.context, out: &mut ignored, depth: self.depth }.resolve(node)
    }

    fn resolved(&mut self, node: &Node, ty: &ValueType, path: &FieldPath, exact: bool) -> Option<Matcher> {
        let shape = ty.shape();
        if node.is_null() {
            return Some(match shape {
                Shape::Json(_) => known(node.span, ty, Check::Equal(json::NULL)),
                Shape::Tree(JsonForm::Any) => {
                    let inner = known(node.span, &ValueType::JSON, Check::Equal(json::NULL));
                    seen(node.span, ty, View::Tree, inner)
                }
                _ => Matcher::new(node.span, ty, Rule::Unset),
            });
        }
        // types that are read as what they hold
        let (view, held) = match &shape {
            Shape::Wrapper(kind) => (View::Wrapped, ValueType::single(kind.clone())),
            Shape::Tree(form) => (View::Tree, ValueType::Json(*form)),
            Shape::FieldMask if node.as_scalar().is_none() => {
                (View::Paths, ValueType::Field(FieldType::List(Kind::String)))
            }
            _ => return self.plain(node, ty, &shape, path, exact),
        };
        let inner = self.resolved(node, &held, path, exact)?;
        Some(seen(node.span, ty, view, inner))
    }

    fn plain(&mut self, node: &Node, ty: &ValueType, shape: &Shape, path: &FieldPath, exact: bool) -> Option<Matcher> {
        let Some(entries) = node.as_mapping() else { return self.literal(node, ty, shape, path, exact) };
        let operators = entries.iter().filter(|entry| is_operator_key(&entry.key.value)).count();
        let has = |name: &str| entries.iter().any(|entry| &*entry.key.value == name);
        let typed = matches!(shape, Shape::Any(_) | Shape::Scalar(Kind::Bytes)) && (has("$type") || has("@type"));
        let only_operators = operators > 0 && operators == entries.len();
        if only_operators && !(typed && has("$oneof")) {
            return self.operators(node, entries, ty, shape, path, exact);
        }
        let mut sound = true;
        for entry in entries.iter().filter(|entry| is_operator_key(&entry.key.value)) {
            let may_stand = match &*entry.key.value {
                "$type" => typed,
                "$oneof" => typed || matches!(shape, Shape::Message(_)),
                _ => false,
            };
            if !may_stand {
                sound = false;
                self.out.push(mixed(entry, entries));
            }
        }
        if !sound {
            return None;
        }
        match shape {
            Shape::Any(_) | Shape::Scalar(Kind::Bytes) if typed => self.typed(node.span, entries, ty, path, exact),
            _ => self.literal(node, ty, shape, path, exact),
        }
    }

    fn literal(
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
            (Shape::Any(_), NodeKind::Mapping(entries)) if entries.is_empty() => {
                Some(Matcher::new(node.span, ty, Rule::Fields { fields: Vec::new(), exact }))
            }
            (Shape::Any(_), NodeKind::Mapping(_)) => {
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

    /// A value that is read whole by its type, and must be equal.
    pub(super) fn constant(&mut self, node: &Node, ty: &ValueType, path: &FieldPath) -> Option<Matcher> {
        let value = self.operand(node, ty, path)?;
        self.check(Test::Equal, vec![value], node.span, ty, "")
    }

    /// A value of a type, as in a request; a JSON one as a `google.protobuf.Value`.
    pub(super) fn operand(&mut self, node: &Node, ty: &ValueType, path: &FieldPath) -> Option<ValueTemplate> {
        let node = self.resolve(node)?;
        let ty = match ty {
            ValueType::Field(ty) => ty.clone(),
            ValueType::Count => FieldType::Single(Kind::Uint64),
            ValueType::Json(_) => FieldType::message(well_known("Value")?),
        };
        build_value(&node, &ty, path, self.context, self.out)
    }

    /// A test of operands: made at once if they are known, else when the case runs. `name` is the operator's, empty
    /// for a literal.
    pub(super) fn check(
        &mut self,
        test: Test,
        operands: Vec<ValueTemplate>,
        span: Span,
        ty: &ValueType,
        name: &str,
    ) -> Option<Matcher> {
        let values: Option<Vec<Value>> = operands
            .iter()
            .map(|operand| match operand {
                ValueTemplate::Constant(value) => Some(value.clone()),
                ValueTemplate::Deferred(_) => None,
            })
            .collect();
        let Some(values) = values else {
            return Some(Matcher::new(span, ty, Rule::Deferred(Deferred { test, operands })));
        };
        match Check::of(test, values, ty) {
            Ok(check) => Some(known(span, ty, check)),
            Err(problem) => {
                let headline = match test {
                    Test::Regex => format!("`{name}` is not a regular expression"),
                    Test::Sha256 => format!("`{name}` is not a digest"),
                    _ => format!("`{name}` can never hold"),
                };
                self.out.push(Diagnostic::error(headline).at(span, problem));
                None
            }
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
                        .also(first, "first here"),
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
                    Diagnostic::error(format!("the key {} is expected twice", super::place::key_text(&key)))
                        .at(entry.key.span, "the same key")
                        .also(first, "first here"),
                );
                continue;
            }
            match self.value(&entry.value, value, &path.key(&super::place::key_text(&key)), exact) {
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

    /// A text that must be known before any call.
    pub(super) fn text(&mut self, node: &Node, name: &str) -> Option<String> {
        match self.operand(node, &ValueType::STRING, &FieldPath::new().field(name))? {
            ValueTemplate::Constant(Value::String(text)) => Some(text),
            _ => {
                self.out.push(
                    Diagnostic::error(format!("`{name}` must be known before any call"))
                        .at(node.span, "known only when the case runs"),
                );
                None
            }
        }
    }
}

impl Check {
    /// As [`Self::new`], for operands of a type: those for JSON come as `google.protobuf.Value`.
    pub(super) fn of(test: Test, operands: Vec<Value>, ty: &ValueType) -> Result<Self, String> {
        let convert = |value| match value {
            Value::Message(message) if matches!(ty, ValueType::Json(_)) => json::from_message(&message),
            other => other,
        };
        Self::new(test, operands.into_iter().map(convert).collect())
    }
}

fn known(span: Span, ty: &ValueType, check: Check) -> Matcher {
    Matcher::new(span, ty, Rule::Check(check))
}

pub(super) fn seen(span: Span, ty: &ValueType, view: View, inner: Matcher) -> Matcher {
    Matcher::new(span, ty, Rule::Seen(view, Box::new(inner)))
}

/// Under `$exact`, the members that `$oneof` asks for may be set.
fn permit_members(fields: &mut Vec<(Field, Matcher)>, oneofs: &[Matcher]) {
    for matcher in oneofs {
        let Rule::Oneof(_, Some(member)) = &matcher.rule else { continue };
        let field = Field::Declared(member.clone());
        if !fields.iter().any(|(known, _)| *known == field) {
            let ty = ValueType::Field(field.ty());
            fields.push((field, Matcher::new(matcher.span, &ty, Rule::All(Vec::new()))));
        }
    }
}

fn mixed(operator: &Entry, entries: &[Entry]) -> Diagnostic {
    let field = entries.iter().find(|entry| !is_operator_key(&entry.key.value));
    let error = Diagnostic::error(format!("`{}` is mixed with fields", operator.key.value))
        .at(operator.key.span, "an operator")
        .hint("a mapping holds either operators or fields; a key that starts with `$` is written with `$$`");
    match field {
        Some(field) => error.also(field.key.span, "a field"),
        None => error,
    }
}
