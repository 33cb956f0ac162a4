//! Node and type → matcher. Here: names that stand for YAML, and the choice between literals and operators, which have
//! files of their own. Main type: [`Compiler`].

use std::sync::Arc;

use prost_reflect::{Kind, Value};

use super::check::{Check, Test};
use super::json;
use super::operator::is_operator_key;
use super::rule::{Deferred, Matcher, Rule};
use super::value_type::{JsonForm, Shape, ValueType, well_known};
use super::view::View;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::expr::{Env, Text, Value as Bound};
use crate::message::{Context, FieldPath, FieldType, ValueTemplate, build_value};
use crate::yaml::{Entry, Node, NodeKind, Scalar, Style};

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
    Compiler::new(context, context.env, out).value(node, &ValueType::Field(ty.clone()), path, false)
}

/// Compiles one expectation.
pub(super) struct Compiler<'a> {
    pub(super) context: &'a Context<'a>,
    /// What bare expressions see: also what comes back.
    pub(super) outcome_env: &'a Arc<Env>,
    pub(super) out: &'a mut Diagnostics,
    pub(super) depth: usize,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(context: &'a Context<'a>, outcome_env: &'a Arc<Env>, out: &'a mut Diagnostics) -> Self {
        Self { context, outcome_env, out, depth: 0 }
    }
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
            Some(Bound::Null) => {
                let null = Scalar { text: "null".into(), style: Style::Plain };
                Some(Node { span: node.span, kind: NodeKind::Scalar(null) })
            }
            Some(_) => Some(node.clone()),
            None => template.check(self.context.env, self.context.sources, self.out).then(|| node.clone()),
        }
    }

    /// Whether a scalar waits for an expression.
    pub(super) fn is_template(&self, node: &Node) -> bool {
        matches!(Text::of(node, self.context.sources, &mut Diagnostics::new()), Some(Text::Template(_)))
    }

    /// As [`Self::resolve`], without a word.
    pub(super) fn peek(&self, node: &Node) -> Option<Node> {
        let mut ignored = Diagnostics::new();
        Compiler::new(self.context, self.outcome_env, &mut ignored).resolve(node)
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
        let typed = matches!(shape, Shape::Any | Shape::Scalar(Kind::Bytes)) && (has("$type") || has("@type"));
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
            Shape::Any | Shape::Scalar(Kind::Bytes) if typed => self.typed(node.span, entries, ty, path, exact),
            _ => self.literal(node, ty, shape, path, exact),
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
            ValueType::Hex => FieldType::Single(Kind::Bytes),
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

    /// A text that must be known before any call.
    pub(super) fn text(&mut self, node: &Node, name: &str) -> Option<String> {
        let text = self.operand(node, &ValueType::STRING, &FieldPath::new().field(name))?;
        if let ValueTemplate::Constant(Value::String(text)) = text {
            return Some(text);
        }
        self.out.push(
            Diagnostic::error(format!("`{name}` must be known before any call"))
                .at(node.span, "known only when the case runs"),
        );
        None
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

pub(super) fn known(span: Span, ty: &ValueType, check: Check) -> Matcher {
    Matcher::new(span, ty, Rule::Check(check))
}

pub(super) fn seen(span: Span, ty: &ValueType, view: View, inner: Matcher) -> Matcher {
    Matcher::new(span, ty, Rule::Seen(view, Box::new(inner)))
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
