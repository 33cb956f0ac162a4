//! `$oneof`: which member of a oneof is set; and what fields and `$oneof` together say of one.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, MessageDescriptor, OneofDescriptor};

use super::compile::Compiler;
use super::rule::{Matcher, Rule};
use super::value_type::ValueType;
use crate::diagnostic::{Diagnostic, Span, did_you_mean, one_of};
use crate::message::{Field, FieldType};
use crate::yaml::Node;

impl Compiler<'_> {
    /// `{ contact: email }`: oneof → member, or `null`.
    pub(super) fn oneofs(&mut self, operand: &Node, descriptor: &MessageDescriptor) -> Option<Vec<Matcher>> {
        let operand = self.resolve(operand)?;
        let entries = operand.as_mapping().filter(|entries| !entries.is_empty());
        let Some(entries) = entries else {
            self.out.push(
                Diagnostic::error("`$oneof` takes `{ oneof: member }`")
                    .at(operand.span, format!("expected a mapping, found {}", operand.describe())),
            );
            return None;
        };
        let oneofs: Vec<OneofDescriptor> = descriptor.oneofs().filter(|oneof| !oneof.is_synthetic()).collect();
        let ty = ValueType::Field(FieldType::message(descriptor.clone()));
        let mut matchers = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = &*entry.key.value;
            let Some(oneof) = oneofs.iter().find(|oneof| oneof.name() == name) else {
                let names = oneofs.iter().map(OneofDescriptor::name);
                self.out.push(
                    Diagnostic::error(format!("unknown oneof `{name}`"))
                        .at(entry.key.span, format!("not a oneof of `{}`", descriptor.full_name()))
                        .hints(did_you_mean(name, names.clone()))
                        .hint(format!("its oneofs are {}", one_of(names))),
                );
                continue;
            };
            if let Some(member) = self.oneof_member(oneof, &entry.value) {
                matchers.push(Matcher::new(entry.value.span, &ty, Rule::Oneof(oneof.clone(), member)));
            }
        }
        (matchers.len() == entries.len()).then_some(matchers)
    }

    /// The outer `None` after an error, the inner one for `null`.
    #[expect(clippy::option_option, reason = "the rule itself holds an optional member")]
    fn oneof_member(&mut self, oneof: &OneofDescriptor, node: &Node) -> Option<Option<FieldDescriptor>> {
        let node = self.resolve(node)?;
        if node.is_null() {
            return Some(None);
        }
        let written = node.as_scalar().map(|scalar| scalar.text.to_string()).unwrap_or_default();
        let found = oneof.fields().find(|field| field.name() == written || field.json_name() == written);
        if found.is_none() {
            let members: Vec<FieldDescriptor> = oneof.fields().collect();
            let names = members.iter().map(FieldDescriptor::name);
            self.out.push(
                Diagnostic::error(format!("unknown member of the oneof `{}`", oneof.name()))
                    .at(node.span, "not a member")
                    .hints(did_you_mean(&written, names.clone()))
                    .hint(format!("its members are {}", one_of(names))),
            );
        }
        found.map(Some)
    }
}

/// Under `$exact`, the members that `$oneof` asks for may be set.
pub(super) fn permit_members(fields: &mut Vec<(Field, Matcher)>, oneofs: &[Matcher]) {
    for matcher in oneofs {
        let Rule::Oneof(_, Some(member)) = &matcher.rule else { continue };
        let field = Field::Declared(member.clone());
        if !fields.iter().any(|(known, _)| *known == field) {
            let ty = ValueType::Field(field.ty());
            fields.push((field, Matcher::new(matcher.span, &ty, Rule::All(Vec::new()))));
        }
    }
}

/// Of fields of one message: members of one oneof that must all be set.
pub(super) fn two_members(
    fields: &[(Field, Matcher)],
    oneofs: &[Matcher],
    spans: &BTreeMap<u32, Span>,
) -> Option<Diagnostic> {
    let mut members: Vec<(String, String, Span)> = Vec::new();
    for matcher in oneofs {
        if let Rule::Oneof(oneof, member) = &matcher.rule {
            let member = member.as_ref().map_or_else(|| "null".to_owned(), |member| member.name().to_owned());
            members.push((oneof.name().to_owned(), member, matcher.span));
        }
    }
    for (field, matcher) in fields {
        let Some(oneof) = field.containing_oneof() else { continue };
        let name = field.name().into_owned();
        let span = spans.get(&field.number()).copied().unwrap_or(matcher.span);
        let asked = members.iter().find(|(other, _, _)| other == oneof.name());
        match asked {
            Some((_, member, first)) if *member != name && matcher.needs_value() => {
                return Some(
                    Diagnostic::error(format!("two members of the oneof `{}` are expected", oneof.name()))
                        .at(span, format!("`{name}` would have to be set"))
                        .also(*first, format!("`{member}` is expected here"))
                        .hint("only one member of a oneof is ever set"),
                );
            }
            Some((_, member, first))
                if *member == name && matches!(matcher.rule, Rule::Unset | Rule::Present(false)) =>
            {
                return Some(
                    Diagnostic::error(format!("`{name}` is expected to be set and unset"))
                        .at(span, "unset here")
                        .also(*first, "set here"),
                );
            }
            None if matcher.needs_value() => members.push((oneof.name().to_owned(), name, span)),
            _ => {}
        }
    }
    None
}
