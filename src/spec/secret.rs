//! `secrets:`: what is never printed. Main type: [`Secret`].

use std::collections::HashSet;
use std::sync::Arc;

use super::{LoadedFile, Step, Suite};
use crate::diagnostic::{Diagnostic, did_you_mean};

/// One entry of `secrets:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    /// `env.TOKEN`: `TOKEN`.
    Environment(Arc<str>),
    /// The name of a variable, captured ones too.
    Variable(Arc<str>),
}

/// Reports secrets that name no variable of the suite, its files, cases and rows, nor anything captured: what is
/// misspelt here would be printed. `known` are the names of the suite's own variables, those of its profiles too.
pub(super) fn unknown_secrets(suite: &Suite, known: &[Arc<str>]) -> Vec<Diagnostic> {
    let config = &suite.config;
    if config.secrets.is_empty() {
        return Vec::new();
    }
    let mut names: HashSet<&str> = known.iter().map(|name| &**name).collect();
    names.extend(config.overriding_vars.iter().map(|(name, _)| &*name.value));
    names.extend(captured([&config.setup, &config.teardown]));
    for file in &suite.files {
        // what it would define cannot be known
        let LoadedFile::Valid(file) = file else { return Vec::new() };
        names.extend(file.vars.iter().map(|(name, _)| &*name.value));
        names.extend(captured([&file.setup, &file.teardown]));
        for case in &file.cases {
            let row = case.row.iter().flat_map(|row| &*row.vars);
            names.extend(case.vars.iter().chain(row).map(|(name, _)| &*name.value));
            names.extend(captured([&case.steps, &case.teardown]));
        }
    }
    let mut unknown = Vec::new();
    for secret in &config.secrets {
        if let Secret::Variable(name) = &secret.value
            && !names.contains(&**name)
        {
            let mut all: Vec<&str> = names.iter().copied().collect();
            all.sort_unstable();
            let undefined = Diagnostic::error(format!("the secret `{name}` is not defined"));
            let undefined = undefined.at(secret.span, "no variable, and nothing that is captured");
            let environment = format!("a variable of the environment is written `env.{name}`");
            unknown.push(undefined.hint(did_you_mean(name, all).unwrap_or(environment)));
        }
    }
    unknown
}

fn captured(lists: [&Arc<[Step]>; 2]) -> impl Iterator<Item = &str> {
    lists.into_iter().flat_map(|steps| steps.iter()).flat_map(Step::captures).map(|capture| &*capture.name.value)
}
