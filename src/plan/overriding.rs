//! Variables of `--var` that nobody knows: most likely misspelt.

use std::collections::HashSet;
use std::sync::Arc;

use super::unused::Uses;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Spanned, did_you_mean};
use crate::spec::{LoadedFile, Suite};
use crate::yaml::Node;

type Variables = [(Spanned<Arc<str>>, Node)];

/// Warns of each `--var` that no suite, file, case or row declares and no expression names. `elsewhere` are names used
/// outside of cases, such as by servers. Everything must have been read: what is not may name it.
pub(crate) fn unknown_overrides(
    suites: &[Suite],
    elsewhere: impl IntoIterator<Item = String>,
    sources: &Sources,
) -> Diagnostics {
    let given = suites.first().map(|suite| &*suite.config.overriding_vars).filter(|given| !given.is_empty());
    let Some(given) = given else { return Diagnostics::new() };
    let mut known = Known { uses: Uses { names: elsewhere.into_iter().collect(), sources }, declared: HashSet::new() };
    for suite in suites {
        known.add(suite);
    }
    let unknown = given.iter().filter(|(name, _)| !known.names().any(|known| known == &*name.value));
    unknown
        .map(|(name, _)| {
            let headline = format!("no case uses a variable `{}`", name.value);
            let warning = Diagnostic::warning(headline).at(name.span, "it changes nothing");
            warning.hints(did_you_mean(&name.value, known.names()))
        })
        .collect()
}

struct Known<'a> {
    uses: Uses<'a>,
    declared: HashSet<String>,
}

impl Known<'_> {
    fn add(&mut self, suite: &Suite) {
        let config = &suite.config;
        self.add_variables(&config.vars);
        self.uses.of_steps(config.setup.iter().chain(&*config.teardown));
        for file in &suite.files {
            let LoadedFile::Valid(file) = file else { continue };
            self.add_variables(&file.vars);
            self.uses.of_steps(file.setup.iter().chain(&*file.teardown));
            // the cases of one table differ in their rows alone
            for table in file.cases.chunk_by(|one, other| Arc::ptr_eq(&one.steps, &other.steps)) {
                self.uses.of_case(table);
                let rows = table.iter().filter_map(|case| case.row.as_ref()).flat_map(|row| &*row.vars);
                let vars = table.iter().take(1).flat_map(|case| &*case.vars);
                self.declared.extend(vars.chain(rows).map(|(name, _)| name.value.to_string()));
            }
        }
    }

    fn add_variables(&mut self, variables: &Variables) {
        self.declared.extend(variables.iter().map(|(name, _)| name.value.to_string()));
        self.uses.of_vars(variables);
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.iter().chain(&self.uses.names).map(String::as_str)
    }
}
