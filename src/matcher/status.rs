//! `status:`: which codes a call may end with, and what its message and details must be. Main type: [`StatusMatcher`].

use std::sync::Arc;

use prost_reflect::{Kind, MessageDescriptor, Value};

use super::compile::Compiler;
use super::mismatch::{Actual, Expected, Fault, Mismatch};
use super::operator::is_operator_key;
use super::rule::Matcher;
use super::value_type::ValueType;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean, one_of};
use crate::expr::Scope;
use crate::grpc::{CallOutcome, Code, Origin};
use crate::message::{FieldPath, FieldType, ValueTemplate, decode};
use crate::yaml::decode::{Key, Reads, Table};
use crate::yaml::{Node, NodeKind};

/// How a call must end.
#[derive(Debug, Clone)]
pub(super) struct StatusMatcher {
    codes: Codes,
    /// Of the code in the case file, or of the call where none is named.
    span: Span,
    message: Option<Matcher>,
    /// With the type of `google.rpc.Status`.
    details: Option<(Matcher, MessageDescriptor)>,
}

#[derive(Debug, Clone)]
enum Codes {
    Known(CodeSet),
    /// A name or number that only the run knows.
    Deferred(Box<ValueTemplate>),
}

/// A set of status codes: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CodeSet(u32);

impl CodeSet {
    const ALL: Self = Self((1 << Code::ALL.len()) - 1);

    fn only(code: Code) -> Self {
        Self(1 << code.number())
    }

    fn contains(self, code: Code) -> bool {
        self.0 & Self::only(code).0 != 0
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn not(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }

    fn names(self) -> Vec<&'static str> {
        Code::ALL.into_iter().filter(|code| self.contains(*code)).map(Code::name).collect()
    }

    /// `OK`, `OK or NOT_FOUND`, `any but OK`.
    fn describe(self) -> String {
        let names = self.names();
        let without = self.not().names();
        match names.as_slice() {
            [only] => (*only).to_owned(),
            _ if without.is_empty() => "any code".to_owned(),
            _ if without.len() < names.len() => format!("any but {}", without.join(" and ")),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
            [] => "no code".to_owned(),
        }
    }
}

/// `status:` with its parts.
#[derive(Default)]
struct Parts {
    code: Option<Node>,
    message: Option<Node>,
    details: Option<Node>,
}

const PARTS: Table<Parts> = Table {
    what: "a status",
    keys: &[&[
        Key::new("code", Reads::Node(|parts| &mut parts.code)),
        Key::new("message", Reads::Node(|parts| &mut parts.message)),
        Key::new("details", Reads::Node(|parts| &mut parts.details)),
    ]],
};

impl StatusMatcher {
    /// Where no `status` is written: the one code, and what asks for it.
    pub(super) fn only(code: Code, span: Span) -> Self {
        Self { codes: Codes::Known(CodeSet::only(code)), span, message: None, details: None }
    }

    pub(super) fn compile(node: &Node, compiler: &mut Compiler<'_>) -> Option<Self> {
        let node = compiler.resolve(node)?;
        let is_parts = |entries: &[crate::yaml::Entry]| entries.iter().any(|entry| !is_operator_key(&entry.key.value));
        if !node.as_mapping().is_some_and(is_parts) {
            return Some(Self { codes: codes(&node, compiler)?, span: node.span, message: None, details: None });
        }
        let mut parts = Parts::default();
        let mut found = Diagnostics::new();
        PARTS.read(&node, &mut parts, &mut found);
        let sound = !found.has_errors();
        compiler.out.append(found);
        let (codes, span) = match &parts.code {
            Some(code) => (codes(code, compiler), code.span),
            // whoever speaks of a message or of details speaks of an error
            None => (Some(Codes::Known(CodeSet::only(Code::Ok).not())), node.span),
        };
        let path = FieldPath::new().field("status");
        let message =
            parts.message.map(|node| compiler.value(&node, &ValueType::STRING, &path.field("message"), false));
        let details = parts.details.map(|node| details(&node, &path.field("details"), compiler));
        let status = Self { codes: codes?, span, message: optional(message)?, details: optional(details)? };
        sound.then_some(status)
    }

    /// Whether a call that ends with `code` may pass; what only the run knows may.
    pub(super) fn allows(&self, code: Code) -> bool {
        match &self.codes {
            Codes::Known(set) => set.contains(code),
            Codes::Deferred(_) => true,
        }
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }

    pub(super) fn compare(&self, outcome: &CallOutcome, scope: &Arc<Scope>, out: &mut Vec<Mismatch>) {
        let actual = &outcome.status;
        let expected = match &self.codes {
            Codes::Known(set) => *set,
            Codes::Deferred(template) => match fill(template, scope) {
                Ok(set) => set,
                Err(problem) => {
                    out.push(mismatch(self.span, Fault::NotJudged(problem), String::new(), outcome));
                    return;
                }
            },
        };
        if !expected.contains(actual.code) {
            let headline = format!("status is {}, expected {}", actual.code.name(), expected.describe());
            out.push(mismatch(self.span, Fault::Said(headline), expected.describe(), outcome));
            return;
        }
        if let Some(message) = &self.message {
            out.extend(message.compare(Some(&Value::String(actual.message.clone())), "status.message", scope));
        }
        if let Some((matcher, descriptor)) = &self.details {
            match decode(&actual.details, descriptor) {
                Ok(status) => {
                    let details = status.get_field_by_name("details");
                    out.extend(matcher.compare(details.as_deref(), "status.details", scope));
                }
                Err(error) => {
                    let fault = Fault::NotJudged(format!("they are no google.rpc.Status: {error}"));
                    let mut found = mismatch(matcher.span(), fault, String::new(), outcome);
                    "status.details".clone_into(&mut found.path);
                    out.push(found);
                }
            }
        }
    }
}

/// `None` after an error, `Some(None)` where nothing is written.
#[expect(clippy::option_option, reason = "an error is not the same as nothing written")]
fn optional<T>(compiled: Option<Option<T>>) -> Option<Option<T>> {
    match compiled {
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
        None => Some(None),
    }
}

fn details(node: &Node, path: &FieldPath, compiler: &mut Compiler<'_>) -> Option<(Matcher, MessageDescriptor)> {
    let found = compiler.context.pool.get_message_by_name("google.rpc.Status").and_then(|descriptor| {
        let Kind::Message(any) = descriptor.get_field_by_name("details")?.kind() else { return None };
        Some((FieldType::List(Kind::Message(any)), descriptor))
    });
    let Some((ty, descriptor)) = found else {
        compiler.out.push(
            Diagnostic::error("the schema has no `google.rpc.Status`")
                .at(node.span, "its details cannot be read")
                .hint("add `google/rpc/status.proto` under `protos: { files: […] }`"),
        );
        return None;
    };
    let matcher = compiler.value(node, &ValueType::Field(ty), path, false)?;
    Some((matcher, descriptor))
}

/// With what the call says of its end: why, and the ways out.
fn mismatch(span: Span, fault: Fault, statement: String, outcome: &CallOutcome) -> Mismatch {
    let actual = &outcome.status;
    let mut notes = Vec::new();
    if !actual.message.is_empty() {
        let who = match actual.origin {
            Origin::Server => "message",
            Origin::Client => "cause",
        };
        notes.push((who.into(), super::words::shorten(&actual.message, 1_000)));
    }
    notes.extend(outcome.causes.iter().map(|cause| ("cause".into(), super::words::shorten(cause, 1_000))));
    if let Some(raw) = actual.raw.as_ref().filter(|raw| *raw != &actual.code.number().to_string()) {
        notes.push(("note".into(), format!("the server sent `grpc-status: {}`", super::words::shorten(raw, 100))));
    }
    notes.extend(outcome.hints.iter().map(|hint| ("hint".into(), hint.clone())));
    Mismatch {
        path: "status".to_owned(),
        span,
        expected: Expected { fault, statement, literal: None },
        actual: Actual::Nothing,
        notes,
    }
}

fn fill(template: &ValueTemplate, scope: &Arc<Scope>) -> Result<CodeSet, String> {
    match template.fill(scope) {
        Ok(Value::String(text)) => named(&text).ok_or_else(|| format!("`{text}` is no status code")),
        Ok(_) => Err("it is no text".to_owned()),
        Err(problems) => Err(problems.into_iter().next().map_or_else(String::new, |problem| problem.headline)),
    }
}

fn named(text: &str) -> Option<CodeSet> {
    let by_number = || text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    Code::from_name(text).or_else(|| by_number().and_then(Code::from_number)).map(CodeSet::only)
}

/// A code, or operators on it.
fn codes(node: &Node, compiler: &mut Compiler<'_>) -> Option<Codes> {
    let node = compiler.resolve(node)?;
    match &node.kind {
        NodeKind::Scalar(_) if !node.is_null() => {
            match compiler.operand(&node, &ValueType::STRING, &FieldPath::new())? {
                ValueTemplate::Constant(Value::String(text)) => {
                    let set = named(&text);
                    if set.is_none() {
                        compiler.out.push(unknown(&text, node.span));
                    }
                    set.map(Codes::Known)
                }
                ValueTemplate::Constant(_) => None,
                deferred @ ValueTemplate::Deferred(_) => Some(Codes::Deferred(Box::new(deferred))),
            }
        }
        NodeKind::Mapping(entries) if !entries.is_empty() => {
            let mut all = CodeSet::ALL;
            let mut sound = true;
            for entry in &**entries {
                match operation(&entry.key.value, entry.key.span, &entry.value, compiler) {
                    Some(set) => all = all.and(set),
                    None => sound = false,
                }
            }
            if sound && all.names().is_empty() {
                compiler.out.push(Diagnostic::error("no status can be all of this").at(node.span, "no code is left"));
                return None;
            }
            sound.then_some(Codes::Known(all))
        }
        _ => {
            compiler.out.push(
                Diagnostic::error("`status` is a code")
                    .at(node.span, format!("expected a code, found {}", node.describe()))
                    .hint("write `NOT_FOUND`, `5`, `{ $in: [OK, NOT_FOUND] }` or `{ code: …, message: … }`"),
            );
            None
        }
    }
}

fn operation(name: &str, span: Span, operand: &Node, compiler: &mut Compiler<'_>) -> Option<CodeSet> {
    let known = |codes: Option<Codes>, node: &Node, compiler: &mut Compiler<'_>| match codes? {
        Codes::Known(set) => Some(set),
        Codes::Deferred(_) => {
            compiler.out.push(
                Diagnostic::error("a code among others must be known before any call")
                    .at(node.span, "known only when the case runs"),
            );
            None
        }
    };
    match name {
        "$not" => {
            let codes = codes(operand, compiler);
            known(codes, operand, compiler).map(CodeSet::not)
        }
        "$in" => {
            let operand = compiler.resolve(operand)?;
            let Some(items) = operand.as_sequence().filter(|items| !items.is_empty()) else {
                compiler.out.push(
                    Diagnostic::error("`$in` takes a list of codes")
                        .at(operand.span, format!("expected a list of at least one, found {}", operand.describe())),
                );
                return None;
            };
            let mut any = CodeSet(0);
            let mut sound = true;
            for item in items {
                let codes = codes(item, compiler);
                match known(codes, item, compiler) {
                    Some(set) => any = any.or(set),
                    None => sound = false,
                }
            }
            sound.then_some(any)
        }
        other => {
            compiler.out.push(
                Diagnostic::error(format!("`{other}` does not fit a status code"))
                    .at(span, "a code takes `$in` and `$not`")
                    .hints(super::operator::suggestion(other, super::operator::Classes::ENUM)),
            );
            None
        }
    }
}

fn unknown(text: &str, span: Span) -> Diagnostic {
    let names = Code::ALL.map(Code::name);
    let error = Diagnostic::error(format!("unknown status code `{text}`"));
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return error.at(span, "codes go from 0 to 16");
    }
    error
        .at(span, "not a code of gRPC")
        .hints(did_you_mean(text, names))
        .hint(format!("the codes are {}", one_of(names)))
}
