//! `grpc-spec health`: asks one server by `grpc.health.v1`.

use std::io;
use std::time::Instant;

use super::args::HealthArguments;
use super::{Exit, print_diagnostics};
use crate::diagnostic::{Diagnostic, Sources};
use crate::grpc::{CallOutcome, Code, ConnectError, Health, Metadata, Origin, Target, check_health};
use crate::report::{ColourChoice, Output};
use crate::runner::case_runtime;

pub(super) fn health(arguments: &HealthArguments, sources: &Sources) -> io::Result<Exit> {
    let (exit, problem) = match arguments.connection.channel() {
        Err(problem) => (Exit::Invalid, *problem),
        Ok(channel) => {
            let deadline = Instant::now() + arguments.timeout;
            let metadata = Metadata::new();
            match case_runtime()?.block_on(check_health(&channel, &arguments.service, &metadata, deadline)) {
                Ok(Health::Serving) => return answer("SERVING", Exit::Passed, sources),
                Ok(Health::NotServing(status)) => return answer(&status, Exit::Failed, sources),
                Ok(Health::NoAnswer(outcome)) => no_answer(&outcome, channel.target(), &arguments.service),
                Err(error) => (Exit::Unreachable, unreachable(&error)),
            }
        }
    };
    let colour = ColourChoice::from(arguments.color);
    print_diagnostics(&[problem].into_iter().collect(), sources, colour)?;
    Ok(exit)
}

fn answer(status: &str, exit: Exit, sources: &Sources) -> io::Result<Exit> {
    Output::stdout(sources).block(&format!("{status}\n"))?;
    Ok(exit)
}

/// A call that brought no status of health: the server refused it, or never answered.
fn no_answer(outcome: &CallOutcome, target: &Target, service: &str) -> (Exit, Diagnostic) {
    let status = &outcome.status;
    let mut headline = format!("{target} does not tell its health: {}", status.code);
    if !status.message.is_empty() {
        headline = format!("{headline}: {}", status.message);
    }
    let hint = match status.code {
        Code::Unimplemented => Some("the server has no service grpc.health.v1.Health".to_owned()),
        Code::NotFound if !service.is_empty() => Some(format!("it knows nothing of a service `{service}`")),
        _ => None,
    };
    let problem = with_causes(headline, &outcome.causes).hints(outcome.hints.iter().cloned().chain(hint));
    let exit = if status.origin == Origin::Server { Exit::Failed } else { Exit::Unreachable };
    (exit, problem)
}

fn unreachable(error: &ConnectError) -> Diagnostic {
    with_causes(error.headline.clone(), &error.causes).hints(error.hints.iter().cloned())
}

fn with_causes(headline: String, causes: &[String]) -> Diagnostic {
    causes.iter().fold(Diagnostic::error(headline), |problem, cause| problem.named_note("cause", cause))
}
