//! `assert:`: what must be true of a call as a whole. Main type: [`Assertion`].

use std::sync::Arc;

use super::compile::Compiler;
use super::condition::{Verdict, is_condition, judge, not_judged};
use super::mismatch::{Actual, Expected, Fault, Mismatch};
use super::place::{RESPONSE, STATUS};
use super::status::StatusMatcher;
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expression, Scope};
use crate::grpc::Code;
use crate::yaml::Node;

/// An expression that must be true of every outcome.
#[derive(Debug, Clone)]
pub(super) struct Assertion {
    expression: Expression,
    /// Where it reads `response`, which only a call that ended with OK has.
    reads_response: Option<Span>,
}

impl Compiler<'_> {
    /// `status`: which outcomes there can be.
    pub(super) fn assertions(&mut self, nodes: &[Node], status: Option<&StatusMatcher>) -> Option<Vec<Assertion>> {
        let assertions: Vec<_> = nodes.iter().map(|node| self.assertion(node, status)).collect();
        assertions.into_iter().collect()
    }

    fn assertion(&mut self, node: &Node, status: Option<&StatusMatcher>) -> Option<Assertion> {
        let expression = Expression::parse(node, self.context.sources, self.out)?;
        let ty = expression.check(self.outcome_env, self.out)?;
        if !is_condition(&expression, &ty, "an assertion", self.out) {
            return None;
        }
        let reads =
            |root| expression.names().find(|name| name.path.split('.').next() == Some(root)).map(|name| name.span);
        let reads_response = reads(RESPONSE);
        // one that asks for the status may well ask for the response only where there is one
        if let (Some(read), Some(status), None) = (reads_response, status, reads(STATUS))
            && !status.allows(Code::Ok)
        {
            self.out.push(
                Diagnostic::error("an assertion reads the response of a call that must fail")
                    .at(read, "never received")
                    .also(status.span(), "this excludes OK")
                    .hint("speak of `status`, `headers` or `trailers`, or let `status` include OK"),
            );
            return None;
        }
        Some(Assertion { expression, reads_response })
    }
}

impl Assertion {
    /// What is wrong, in a scope that knows the whole call, which ended with `code`.
    pub(super) fn check(&self, code: Code, scope: &Arc<Scope>) -> Option<Mismatch> {
        let (span, fault, notes) = match judge(&self.expression, scope) {
            Verdict::True => return None,
            Verdict::False(span, parts) => (span, Fault::False("does not hold"), parts),
            Verdict::NotJudged(problem) => match self.reads_response {
                Some(read) if scope.get(RESPONSE).is_none() => {
                    let cause = "there is no response".to_owned();
                    let label = format!("the call ended with {} and without a message", code.name());
                    (read, Fault::NotEvaluated { cause, label }, Vec::new())
                }
                _ => not_judged(*problem, self.expression.span()),
            },
        };
        Some(Mismatch {
            path: "assertion".to_owned(),
            span,
            expected: Expected { fault, statement: String::new(), literal: None },
            actual: Actual::Nothing,
            notes,
        })
    }
}
