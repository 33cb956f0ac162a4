//! A whole `expect:`, for one method: compiled once, checked against each outcome. Main type: [`Expectation`].

use std::sync::Arc;
use std::time::Duration;

use prost_reflect::{DynamicMessage, Kind, MethodDescriptor, Value};

use super::assertion::Assertion;
use super::compile::Compiler;
use super::metadata::{MetadataMatcher, Section};
use super::mismatch::{Actual, Expected, Fault, Mismatch};
use super::names::{Named, types_of_reply, types_of_sent, values_of_sent};
use super::operator::is_operator_key;
use super::place::RESPONSE;
use super::rule::Matcher;
use super::status::StatusMatcher;
use super::value_type::{ValueType, duration_value, well_known};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::expr::{Binding, Env, Scope, Ty};
use crate::grpc::{CallOutcome, Code, ConnectError, Received};
use crate::message::{Context, FieldPath, FieldType};
use crate::spec::Expect;
use crate::yaml::Node;

/// What must be true of a call's outcome.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    status: StatusMatcher,
    response: Option<Matcher>,
    responses: Option<Matcher>,
    metadata: Vec<MetadataMatcher>,
    elapsed: Option<Matcher>,
    compressed: Option<Spanned<bool>>,
    assertions: Vec<Assertion>,
    /// Of why no connection could be made.
    unreachable: Option<Matcher>,
    /// Of the call, where nothing more precise is written.
    span: Span,
}

/// The call that an expectation is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// Where the method is named: an outcome that nothing is said of is reported there.
    pub(crate) span: Span,
    /// Where the client ends the call by itself.
    pub(crate) cancel: Option<Span>,
    pub(crate) method: &'a MethodDescriptor,
    /// What is sent, if nothing in it waits for the run.
    pub(crate) requests: Option<&'a [Arc<DynamicMessage>]>,
}

/// What came of a call that reached its server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed<'a> {
    pub(crate) outcome: &'a CallOutcome,
    /// Those of the outcome, decoded, as many as could be.
    pub(crate) messages: &'a [DynamicMessage],
    /// Those of the status, each in a pool that knows its type, where one does.
    pub(crate) details: &'a [DynamicMessage],
}

impl Expectation {
    /// Templates in it see what `context` knows and what is sent; `$cel` and `assert` also what comes back.
    pub(crate) fn compile(
        expect: Option<&Expect>,
        subject: &Subject<'_>,
        context: &Context<'_>,
        out: &mut Diagnostics,
    ) -> Option<Self> {
        let Subject { span: call, cancel, method, requests } = *subject;
        let nothing = Expect::default();
        let expect = expect.unwrap_or(&nothing);
        let sent = requests.map(|requests| values_of_sent(method, requests));
        let env = match sent {
            Some(values) => {
                context.env.child(values.into_iter().map(|(name, value)| (name, Binding::Known(value))).collect())
            }
            None => later(context.env, types_of_sent(method)),
        };
        let context = &Context { env: &env, ..*context };
        let outcome_env = later(&env, types_of_reply(method));
        let mut compiler = Compiler::new(context, &outcome_env, out);
        let sound = compiler.fits(expect, method);
        let status = match &expect.status {
            Some(node) => StatusMatcher::compile(node, &mut compiler),
            None => Some(match cancel {
                Some(cancel) => StatusMatcher::only(Code::Cancelled, cancel),
                None => StatusMatcher::only(Code::Ok, call),
            }),
        };
        if let (Some(status), Some(cancel)) = (&status, cancel)
            && !status.allows(Code::Cancelled)
        {
            compiler.out.push(
                Diagnostic::error("this status can never be: the script cancels the call")
                    .at(status.span(), "this excludes CANCELLED")
                    .also(cancel, "cancelled here")
                    .hint("leave `status` out, or let the server end the call"),
            );
            return None;
        }
        if let (Some(status), Some(response)) = (&status, &expect.response)
            && !status.allows(Code::Ok)
        {
            compiler.out.push(
                Diagnostic::error("a response is expected of a call that must fail")
                    .at(response.span, "never received")
                    .also(status.span(), "this excludes OK")
                    .hint("drop one of them"),
            );
            return None;
        }
        let output = method.output();
        let single = FieldType::message(output.clone());
        let list = FieldType::List(Kind::Message(output));
        let root = FieldPath::new();
        let response = compiler.written(expect.response.as_ref().filter(|_| sound), &single, &root);
        let responses = compiler.written(expect.responses.as_ref().filter(|_| sound), &list, &root.field("responses"));
        let elapsed = compiler.elapsed(expect.elapsed.as_ref());
        let assertions = compiler.assertions(&expect.assert, status.as_ref());
        let unreachable =
            compiler.written(expect.unreachable.as_ref(), &FieldType::Single(Kind::String), &root.field("unreachable"));
        let sections = [
            (&expect.headers, Section::Headers),
            (&expect.trailers, Section::Trailers),
            (&expect.metadata, Section::Both),
        ];
        let sections = sections.into_iter().filter_map(|(node, section)| Some((node.as_ref()?, section)));
        let metadata: Vec<_> =
            sections.map(|(node, section)| MetadataMatcher::compile(node, section, &mut compiler)).collect();
        if !sound {
            return None;
        }
        Some(Self {
            status: status?,
            response: response?,
            responses: responses?,
            metadata: metadata.into_iter().collect::<Option<_>>()?,
            elapsed: elapsed?,
            compressed: expect.compressed.clone(),
            assertions: assertions?,
            unreachable: unreachable?,
            span: call,
        })
    }

    /// Whether the call must not reach its server.
    pub(crate) fn expects_unreachable(&self) -> bool {
        self.unreachable.is_some()
    }

    /// Everything that is not as expected, in a scope that knows the whole call.
    pub(crate) fn check(&self, observed: &Observed<'_>, scope: &Arc<Scope>) -> Vec<Mismatch> {
        let Observed { outcome, messages, .. } = observed;
        if let Some(unreachable) = &self.unreachable {
            return vec![reached(unreachable, outcome)];
        }
        let mut found = Vec::new();
        self.status.compare(outcome, scope, &mut found);
        if let (Some(matcher), Code::Ok) = (&self.response, outcome.status.code) {
            let message = messages.first().cloned().map(Value::Message);
            found.extend(matcher.compare(message.as_ref(), RESPONSE, scope));
        }
        if outcome.unrecorded > 0 {
            let span = self.responses.as_ref().map_or(self.span, Matcher::span);
            found.push(not_all_kept(span, outcome));
        } else if let Some(matcher) = &self.responses {
            found.extend(matcher.compare_all(messages, "responses", scope));
        }
        if let Some(expected) = &self.compressed {
            found.extend(compression_mismatch(expected, &outcome.messages));
        }
        for metadata in &self.metadata {
            metadata.compare(&outcome.headers, &outcome.trailers, scope, &mut found);
        }
        if let Some(matcher) = &self.elapsed {
            found.extend(matcher.compare(elapsed(outcome.elapsed).as_ref(), "elapsed", scope));
        }
        found.extend(self.assertions.iter().filter_map(|assertion| assertion.check(outcome.status.code, scope)));
        found
    }

    /// As [`Self::check`], of a call that could not reach its server.
    pub(crate) fn check_unreachable(&self, error: &ConnectError, scope: &Arc<Scope>) -> Vec<Mismatch> {
        let causes: Vec<&str> = std::iter::once(&error.headline).chain(&error.causes).map(String::as_str).collect();
        let text = causes.join(": ");
        match &self.unreachable {
            Some(matcher) => matcher.compare(Some(&Value::String(text)), "unreachable", scope),
            None => vec![Mismatch {
                path: "status".to_owned(),
                span: self.span,
                expected: Expected {
                    fault: Fault::Said(error.headline.clone()),
                    statement: "the server to be reached".to_owned(),
                    literal: None,
                },
                actual: Actual::Nothing,
                notes: error.causes.iter().map(|cause| ("cause".into(), cause.clone())).collect(),
            }],
        }
    }
}

impl Compiler<'_> {
    /// The outer `None` after an error, the inner one where nothing is written.
    #[expect(clippy::option_option, reason = "an error is not the same as nothing written")]
    fn written(&mut self, node: Option<&Node>, ty: &FieldType, path: &FieldPath) -> Option<Option<Matcher>> {
        match node {
            None => Some(None),
            Some(node) => self.value(node, &ValueType::Field(ty.clone()), path, false).map(Some),
        }
    }

    #[expect(clippy::option_option, reason = "as for `written`")]
    fn elapsed(&mut self, node: Option<&Node>) -> Option<Option<Matcher>> {
        let Some(node) = node else { return Some(None) };
        let resolved = self.resolve(node)?;
        let is_operator = resolved.as_mapping().is_some_and(|entries| {
            !entries.is_empty() && entries.iter().all(|entry| is_operator_key(&entry.key.value))
        });
        if !is_operator {
            self.out.push(
                Diagnostic::error("`elapsed` takes operators")
                    .at(node.span, "no call takes exactly this long")
                    .hint("write `{ $lt: 200ms }` or `{ $between: [10ms, 200ms] }`"),
            );
            return None;
        }
        let ty = ValueType::Field(FieldType::message(well_known("Duration")?));
        self.value(&resolved, &ty, &FieldPath::new().field("elapsed"), false).map(Some)
    }

    /// Whether the keys fit the method and each other.
    fn fits(&mut self, expect: &Expect, method: &MethodDescriptor) -> bool {
        let streams = method.is_server_streaming();
        let problem = match (&expect.response, &expect.responses) {
            (Some(response), Some(responses)) => Some(
                Diagnostic::error("`response` and `responses` exclude each other")
                    .at(responses.span, "a list of messages")
                    .also(response.span, "one message"),
            ),
            (Some(node), None) if streams => Some(
                Diagnostic::error(format!("`{}` returns a stream of messages", method.name()))
                    .at(node.span, "one message")
                    .hint("write `responses:` with a list of messages, or list operators"),
            ),
            (None, Some(node)) if !streams => Some(
                Diagnostic::error(format!("`{}` returns one message", method.name()))
                    .at(node.span, "a list of messages")
                    .hint("write `response:` with one message"),
            ),
            _ => None,
        };
        let beside_unreachable = expect.unreachable.as_ref().and_then(|unreachable| {
            let others = [
                (&expect.status, "status"),
                (&expect.response, "response"),
                (&expect.responses, "responses"),
                (&expect.headers, "headers"),
                (&expect.trailers, "trailers"),
                (&expect.metadata, "metadata"),
                (&expect.elapsed, "elapsed"),
            ];
            let compressed = expect.compressed.as_ref().map(|flag| (flag.span, "compressed"));
            let mut others = others.into_iter().filter_map(|(node, key)| Some((node.as_ref()?.span, key)));
            let (other, key) = others.next().or(compressed)?;
            Some(
                Diagnostic::error(format!("`unreachable` and `{key}` exclude each other"))
                    .at(other, "a call that reaches no server has nothing of this")
                    .also(unreachable.span, "no connection is expected"),
            )
        });
        let sound = problem.is_none() && beside_unreachable.is_none();
        self.out.extend(problem);
        self.out.extend(beside_unreachable);
        sound
    }
}

/// With names that have their values only when the case runs.
pub(super) fn later(env: &Arc<Env>, types: Named<Ty>) -> Arc<Env> {
    env.child(types.into_iter().map(|(name, ty)| (name, Binding::Later(ty))).collect())
}

fn elapsed(elapsed: Duration) -> Option<Value> {
    duration_value(i128::try_from(elapsed.as_nanos()).ok()?)
}

fn reached(unreachable: &Matcher, outcome: &CallOutcome) -> Mismatch {
    Mismatch {
        path: "unreachable".to_owned(),
        span: unreachable.span(),
        expected: Expected {
            fault: Fault::Said("the server was reached".to_owned()),
            statement: "no connection".to_owned(),
            literal: None,
        },
        actual: Actual::Words(format!("a call with status {}", outcome.status.code.name())),
        notes: Vec::new(),
    }
}

/// Whether messages came compressed, as expected of each; where there is none, nothing has shown it.
pub(crate) fn compression_mismatch(expected: &Spanned<bool>, messages: &[Received]) -> Option<Mismatch> {
    let word = |compressed| if compressed { "compressed" } else { "uncompressed" };
    let headline = match messages.iter().position(|message| message.compressed != expected.value) {
        Some(_) if messages.len() == 1 => format!("the message came {}", word(!expected.value)),
        Some(at) => format!("message {} of {} came {}", at + 1, messages.len(), word(!expected.value)),
        None if messages.is_empty() => "no message came that could be compressed or not".to_owned(),
        None => return None,
    };
    Some(Mismatch {
        path: "compressed".to_owned(),
        span: expected.span,
        expected: Expected {
            fault: Fault::Said(headline),
            statement: format!("each message to come {}", word(expected.value)),
            literal: None,
        },
        actual: Actual::Nothing,
        notes: Vec::new(),
    })
}

fn not_all_kept(span: Span, outcome: &CallOutcome) -> Mismatch {
    let (kept, more) = (outcome.messages.len(), outcome.unrecorded);
    Mismatch {
        path: "responses".to_owned(),
        span,
        expected: Expected {
            fault: Fault::NotJudged(format!("only the first {kept} of {} messages were kept", kept + more)),
            statement: String::new(),
            literal: None,
        },
        actual: Actual::Nothing,
        notes: vec![("hint".into(), "raise `limits: { recorded: … }` of the server".to_owned())],
    }
}
