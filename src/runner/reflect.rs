//! The schema of a server, from its reflection: asked once, when the server is ready and before its first call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost_reflect::DescriptorPool;

use super::SuiteRun;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::expr::Scope;
use crate::grpc::{CallOutcome, Channel, Code, ConnectError, Metadata, Reflection, ReflectionError};
use crate::plan::reflection_metadata;
use crate::schema::{Answer, GIVE_PROTOS, Question, Reflecting, Schema, SchemaSources, Wanted};
use crate::spec::ServerSpec;

/// How long a server may take to say what it serves, all questions together.
const WITHIN: Duration = Duration::from_secs(30);

/// Why there is no schema. Every case that needs it shows it.
#[derive(Debug)]
pub(crate) enum Unreflected {
    /// The server is not there, or does not answer in time.
    Unreachable(Diagnostic),
    /// It does not offer reflection, or what it says is of no use.
    Invalid(Diagnostics),
}

impl Unreflected {
    /// Planning lets no such name through.
    pub(super) fn unknown(server: &str) -> Self {
        Self::invalid(Diagnostic::error(format!("unknown server `{server}`")))
    }

    fn invalid(diagnostic: Diagnostic) -> Self {
        Self::Invalid([diagnostic].into_iter().collect())
    }

    pub(crate) fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        let (one, many) = match self {
            Self::Unreachable(diagnostic) => (Some(diagnostic), None),
            Self::Invalid(diagnostics) => (None, Some(diagnostics)),
        };
        one.into_iter().chain(many.into_iter().flat_map(Diagnostics::iter))
    }
}

/// Asks a server for all that the cases of a suite want of it.
pub(super) async fn reflect(
    suite: &SuiteRun,
    spec: &ServerSpec,
    channel: &Channel,
    (scope, sources): (&Scope, &Arc<Sources>),
    warnings: &mut Diagnostics,
) -> Result<Schema, Unreflected> {
    let name = &spec.name;
    let metadata = reflection_metadata(spec, &suite.names.env, scope, sources).map_err(Unreflected::Invalid)?;
    let wanted = suite.wanted.get(&name.value).cloned().unwrap_or_default();
    let reflecting = Reflecting::new(&suite.config.protos, wanted, &name.value, name.span);
    let asked = ask_all(reflecting, Reflection::new(channel, &metadata, Instant::now() + WITHIN)).await;
    let reflecting = asked.map_err(|(question, error)| lost(spec, &question, error))?;
    let mut found = Diagnostics::new();
    let schema = reflecting.finish(sources, &mut found);
    if found.has_errors() {
        return Err(Unreflected::Invalid(found));
    }
    warnings.append(found);
    Ok(schema)
}

/// Fetches messages by their full names, into a pool with nothing else but what they need: all in a few words where that
/// fails. Some may not be in it.
pub(super) async fn fetch_types(
    spec: &ServerSpec,
    names: &BTreeSet<String>,
    channel: &Channel,
    metadata: &Metadata,
    sources: &Sources,
    deadline: Instant,
) -> Result<DescriptorPool, String> {
    let wanted = Wanted { symbols: names.clone(), ..Wanted::default() };
    let reflecting = Reflecting::new(&SchemaSources::default(), wanted, &spec.name.value, spec.name.span);
    let asked = ask_all(reflecting, Reflection::new(channel, metadata, deadline)).await;
    let reflecting = asked.map_err(|(_, error)| told(error))?;
    let mut found = Diagnostics::new();
    let schema = reflecting.finish(sources, &mut found);
    match found.into_iter().find(|problem| problem.severity == Severity::Error) {
        Some(error) => Err(error.headline),
        None => Ok(schema.pool().clone()),
    }
}

/// Asks all there is to ask; the question that is the last where there is no use in asking on.
async fn ask_all(
    mut reflecting: Reflecting,
    mut server: Reflection<'_>,
) -> Result<Reflecting, (Question, ReflectionError)> {
    while let Some(question) = reflecting.next() {
        let answer = match server.ask(&question).await {
            Ok(answer) => answer,
            // One file, or a list that a server cannot give, is not all that it can.
            Err(error) if is_lost(&error) => return Err((question, error)),
            Err(error) => Answer::Refused(told(error)),
        };
        reflecting.answer(&question, answer);
    }
    Ok(reflecting)
}

/// Whether there is no use in asking on.
fn is_lost(error: &ReflectionError) -> bool {
    match error {
        ReflectionError::Unreachable(_) | ReflectionError::NotOffered(_) => true,
        // A question that ends the call may be the only one that does.
        ReflectionError::Ended(outcome) => matches!(
            outcome.status.code,
            Code::DeadlineExceeded | Code::Unavailable | Code::Unauthenticated | Code::PermissionDenied
        ),
        ReflectionError::Malformed(_) => false,
    }
}

fn lost(spec: &ServerSpec, question: &Question, error: ReflectionError) -> Unreflected {
    let name = &spec.name.value;
    let asked = |diagnostic: Diagnostic| diagnostic.at(spec.name.span, format!("it was asked for {question}"));
    match error {
        ReflectionError::Unreachable(ConnectError { headline, causes, hints, .. }) => {
            let unreachable = Diagnostic::error(format!("the server `{name}` cannot be reached: {headline}"));
            let diagnostic = asked(unreachable);
            let diagnostic = causes.iter().fold(diagnostic, |diagnostic, cause| diagnostic.named_note("cause", cause));
            Unreflected::Unreachable(diagnostic.hints(hints))
        }
        ReflectionError::NotOffered(outcome) => {
            let invalid = Diagnostic::error(format!("the server `{name}` does not offer reflection"));
            let invalid = asked(invalid).note("neither `grpc.reflection.v1` nor `v1alpha` is implemented");
            Unreflected::invalid(with_answer(invalid, &outcome).hint(GIVE_PROTOS))
        }
        ReflectionError::Ended(outcome) => {
            let code = outcome.status.code;
            let ended = asked(Diagnostic::error(format!("the server `{name}` does not answer reflection: {code}")));
            let ended = with_answer(ended, &outcome);
            if matches!(code, Code::Unauthenticated | Code::PermissionDenied) {
                let hint = "questions carry the `metadata` of the server in `grpc-spec.yaml`";
                Unreflected::invalid(ended.hint(hint).hint(GIVE_PROTOS))
            } else {
                Unreflected::Unreachable(ended.hint(GIVE_PROTOS))
            }
        }
        ReflectionError::Malformed(why) => {
            let invalid = Diagnostic::error(format!("the server `{name}` does not answer reflection: {why}"));
            Unreflected::invalid(asked(invalid).hint(GIVE_PROTOS))
        }
    }
}

fn with_answer(diagnostic: Diagnostic, outcome: &CallOutcome) -> Diagnostic {
    let CallOutcome { status, causes, .. } = outcome;
    let diagnostic = if status.message.is_empty() {
        diagnostic
    } else {
        diagnostic.named_note("answer", format!("{}: {}", status.code, status.message))
    };
    causes.iter().fold(diagnostic, |diagnostic, cause| diagnostic.named_note("cause", cause))
}

/// In a few words, for what can be done without.
fn told(error: ReflectionError) -> String {
    match error {
        ReflectionError::Unreachable(error) => error.headline,
        ReflectionError::NotOffered(outcome) | ReflectionError::Ended(outcome) => {
            format!("the call ended: {} {}", outcome.status.code, outcome.status.message)
        }
        ReflectionError::Malformed(why) => why,
    }
}
