//! One call as written: what is called, what is sent, what is expected.

use std::time::Duration;

use crate::diagnostic::{Span, Spanned};
use crate::yaml::Node;

/// A call.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) span: Span,
    /// What stands nearest wins.
    pub(crate) inherited: Inherited,
    /// `pkg.Service/Method`, or `Method` where a `service` is inherited.
    pub(crate) call: Spanned<String>,
    pub(crate) payload: Payload,
    pub(crate) expect: Option<Expect>,
}

/// What a call takes from the case, file, suite (in this order) when it does not say it itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inherited {
    pub(crate) server: Option<Spanned<String>>,
    pub(crate) service: Option<Spanned<String>>,
    pub(crate) timeout: Option<Spanned<Duration>>,
    /// Merged by key (in lower case); `null` drops what is inherited. Values: a scalar, a list, or an operator mapping.
    pub(crate) metadata: Vec<(Spanned<String>, Node)>,
}

/// What is sent.
#[derive(Debug)]
pub(crate) enum Payload {
    /// `request:`, default empty.
    One(Option<Node>),
    /// `requests:`: a list's items.
    Many { span: Span, items: Vec<Node> },
}

/// `expect:`, as written.
#[derive(Debug, Default)]
pub(crate) struct Expect {
    pub(crate) response: Option<Node>,
    pub(crate) responses: Option<Node>,
    pub(crate) status: Option<Node>,
    pub(crate) headers: Option<Node>,
    pub(crate) trailers: Option<Node>,
    pub(crate) metadata: Option<Node>,
    pub(crate) elapsed: Option<Node>,
    pub(crate) unreachable: Option<Node>,
}
