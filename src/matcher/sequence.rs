//! Operators of lists, and those that lists share with texts: `$contains`, `$sorted`, `$unique`.

use std::sync::Arc;

use super::check::Test;
use super::compile::Compiler;
use super::operation::Use;
use super::operator::Classes;
use super::rule::{Matcher, Member, Rule};
use super::value_type::{JsonForm, Shape, ValueType};
use crate::diagnostic::{Diagnostic, Spanned, did_you_mean};
use crate::message::{FieldPath, find_field};
use crate::yaml::{Node, NodeKind, Style};

impl Compiler<'_> {
    pub(super) fn contains(&mut self, used: Use<'_>) -> Option<Matcher> {
        let Use { entry, ty, shape, path, operator, .. } = used;
        let operand = self.resolve(&entry.value)?;
        let within = path.field(operator.name);
        match shape {
            Shape::List(_) | Shape::Json(JsonForm::Array) => {
                let items = self.several(used)?;
                let items = self.elements(&items, &ty.element()?, path, false)?;
                Some(Matcher::new(operand.span, ty, Rule::Containing(items)))
            }
            Shape::Json(_) => {
                let items = match &operand.kind {
                    NodeKind::Sequence(_) => self.several(used)?,
                    NodeKind::Scalar(_) | NodeKind::Mapping(_) => Arc::from([operand.clone()]),
                };
                let list = self.elements(&items, &ValueType::JSON, path, false)?;
                let is_text = |item: &Node| item.as_scalar().is_some() && !item.is_null();
                let text =
                    if items.iter().all(is_text) { Some(Box::new(self.parts(&items, used, &within)?)) } else { None };
                let list = Box::new(Matcher::new(operand.span, ty, Rule::Containing(list)));
                Some(Matcher::new(operand.span, ty, Rule::TextOrList { text, list }))
            }
            _ => match &operand.kind {
                NodeKind::Sequence(_) => {
                    let items = self.several(used)?;
                    self.parts(&items, used, &within)
                }
                NodeKind::Scalar(_) | NodeKind::Mapping(_) => self.parts(std::slice::from_ref(&operand), used, &within),
            },
        }
    }

    /// Each part must be in the text or the bytes.
    fn parts(&mut self, items: &[Node], used: Use<'_>, within: &FieldPath) -> Option<Matcher> {
        let ty = text_type(used.ty);
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            if let Some(part) = self.operand(item, &ty, within) {
                parts.extend(self.check(Test::Contains, vec![part], item.span, &ty, used.operator.name));
            }
        }
        if parts.len() < items.len() {
            return None;
        }
        match parts.len() {
            1 => parts.pop(),
            _ => Some(Matcher::new(used.entry.value.span, &ty, Rule::All(parts))),
        }
    }

    pub(super) fn sorted(&mut self, used: Use<'_>) -> Option<Matcher> {
        let operand = self.resolve(&used.entry.value)?;
        let (key, direction) = match operand.as_mapping() {
            None => (None, operand.clone()),
            Some([entry]) => (Some(&entry.key), self.resolve(&entry.value)?),
            Some(_) => return self.refuse(used, "expected one field"),
        };
        let descending = match direction.as_scalar().map(|scalar| &*scalar.text) {
            Some("asc") => false,
            Some("desc") => true,
            Some(other) => {
                self.out.push(
                    Diagnostic::error(format!("`{other}` is no direction"))
                        .at(direction.span, "expected `asc` or `desc`")
                        .hints(did_you_mean(other, ["asc", "desc"])),
                );
                return None;
            }
            None => return self.refuse(used, "expected `asc` or `desc`"),
        };
        let by = match key {
            Some(key) => Some(self.member(key, used)?),
            None => None,
        };
        let ty = match &by {
            Some(Member::Field(_, ty)) => ty.clone(),
            Some(Member::Key(_)) => ValueType::JSON,
            None => used.ty.element()?,
        };
        if !is_ordered(&ty) {
            let hint = if by.is_none() { "name what to sort by: `{ field: asc }`" } else { "sort by a scalar field" };
            self.out.push(
                Diagnostic::error(format!("{} has no order", ty.name()))
                    .at(operand.span, "nothing to sort by")
                    .hint(hint),
            );
            return None;
        }
        Some(Matcher::new(operand.span, used.ty, Rule::Sorted { by, descending }))
    }

    pub(super) fn unique(&mut self, used: Use<'_>) -> Option<Matcher> {
        let operand = self.resolve(&used.entry.value)?;
        let Some(scalar) = operand.as_scalar() else { return self.refuse(used, "expected `true` or a field") };
        let by = match &*scalar.text {
            "true" if scalar.style == Style::Plain => None,
            "false" if scalar.style == Style::Plain => {
                return self.refuse(used, "asks for nothing: leave it out");
            }
            name => Some(self.member(&Spanned::new(Arc::from(name), operand.span), used)?),
        };
        Some(Matcher::new(operand.span, used.ty, Rule::Unique { by }))
    }

    /// A field of the elements of a list.
    fn member(&mut self, key: &Spanned<Arc<str>>, used: Use<'_>) -> Option<Member> {
        let element = used.ty.element()?;
        match element.shape() {
            Shape::Message(descriptor) => {
                let field = find_field(&descriptor, key, used.path, self.out)?;
                let ty = ValueType::Field(field.ty());
                Some(Member::Field(field, ty))
            }
            Shape::Json(_) => Some(Member::Key(key.value.to_string())),
            _ => {
                self.out.push(
                    Diagnostic::error(format!("the elements of {} have no fields", used.path.subject()))
                        .at(key.span, format!("each is of type {}", element.name())),
                );
                None
            }
        }
    }
}

/// Of a part of a text or of bytes.
pub(super) fn text_type(ty: &ValueType) -> ValueType {
    match ty {
        ValueType::Json(_) => ValueType::STRING,
        other => other.clone(),
    }
}

fn is_ordered(ty: &ValueType) -> bool {
    let ordered = Classes::NUMBER
        .or(Classes::BOOL)
        .or(Classes::STRING)
        .or(Classes::BYTES)
        .or(Classes::ENUM)
        .or(Classes::TIMESTAMP)
        .or(Classes::DURATION);
    // a wrapper is a message, which has no order of its own
    !matches!(ty.shape(), Shape::Wrapper(_)) && ty.shape().classes().meets(ordered)
}
