use super::{Matcher, Mismatch, compile};
use crate::diagnostic::{Diagnostics, Span};
use crate::expr::Scope;
use crate::grpc::{CallOutcome, ConnectError};
use crate::message::{Context, FieldPath, FieldType};
use crate::spec::Expect;
use crate::yaml::Node;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
#[derive(Debug)]
pub(crate) struct Expectation(Option<Matcher>);
#[derive(Debug)]
pub(crate) struct Across;
pub(crate) struct Observed<'a> {
    pub(crate) outcome: &'a CallOutcome,
    pub(crate) messages: &'a [DynamicMessage],
}
impl Expectation {
    pub(crate) fn compile(e: Option<&Expect>, _at: Span, m: &MethodDescriptor, c: &Context<'_>, out: &mut Diagnostics) -> Option<Self> {
        let Some(node) = e.and_then(|e| e.response.as_ref()) else { return Some(Self(None)) };
        Some(Self(Some(compile(node, &FieldType::message(m.output()), &FieldPath::new(), c, out)?)))
    }
    pub(crate) fn expects_unreachable(&self) -> bool { false }
    pub(crate) fn check_unreachable(&self, _: &ConnectError, _: &Scope) -> Vec<Mismatch> { Vec::new() }
    pub(crate) fn check(&self, o: &Observed<'_>, s: &Scope) -> Vec<Mismatch> {
        let Some(m) = &self.0 else { return Vec::new() };
        let v = o.messages.first().map(|m| Value::Message(m.clone()));
        m.compare(v.as_ref(), "response", s)
    }
}
impl Across {
    pub(crate) fn compile(_: &Node, _: &MethodDescriptor, _: &Context<'_>, _: &mut Diagnostics) -> Option<Self> { Some(Self) }
    pub(crate) fn check(&self, _: &[crate::runner::Observation], _: &Scope) -> Vec<Mismatch> { Vec::new() }
}
