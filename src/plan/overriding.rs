//! Variables of `--var` that nobody knows: most likely misspelt.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Spanned, did_you_mean};
use crate::expr::names_in;
use crate::spec::{LoadedFile, Step, Suite};
use crate::yaml::Node;

/// Warns of each `--var` that no suite, file, case or row declares and no expression names. `elsewhere` are names used
/// outside of cases, such as by servers. Everything must have been read: what is not may name it.
pub(crate) fn unknown_overrides(
    suites: &[Suite],
    elsewhere: impl IntoIterator<Item = String>,
    sources: &Sources,
) -> Diagnostics {
    let Some(first) = suites.first() else { return Diagnostics::new() };
    if first.config.overriding_vars.is_empty() {
        return Diagnostics::new();
    }
    let mut known = Known { names: elsewhere.into_iter().collect(), expressions: Vec::new(), sources };
    for suite in suites {
        known.add_suite(suite);
    }
    let unknown = first.config.overriding_vars.iter().filter(|(name, _)| !known.has(&name.value));
    let warn = |name: &str, span| {
        let warning = Diagnostic::warning(format!("no case uses a variable `{name}`")).at(span, "given for nothing");
        warning.hints(did_you_mean(name, known.names.iter().map(String::as_str)))
    };
    unknown.map(|(name, _)| warn(&name.value, name.span)).collect()
}

struct Known<'a> {
    names: BTreeSet<String>,
    /// Bare CEL, as written.
    expressions: Vec<String>,
    sources: &'a Sources,
}

impl Known<'_> {
    fn add_suite(&mut self, suite: &Suite) {
        let config = &suite.config;
        self.add_declared(&config.vars);
        self.add_steps(config.setup.iter().chain(&*config.teardown));
        for file in &suite.files {
            let LoadedFile::Valid(file) = file else { continue };
            self.add_declared(&file.vars);
            self.add_steps(file.setup.iter().chain(&*file.teardown));
            for case in &file.cases {
                self.add_declared(&case.vars);
                self.add_declared(case.row.as_ref().map_or(&[], |row| &row.vars));
                self.add_used(case.across.iter());
                self.add_steps(case.all_steps());
            }
        }
    }

    fn add_declared<N: AsRef<str>>(&mut self, vars: &[(Spanned<N>, Node)]) {
        self.names.extend(vars.iter().map(|(name, _)| name.value.as_ref().to_owned()));
        self.add_used(vars.iter().map(|(_, node)| node));
    }

    fn add_steps<'s>(&mut self, steps: impl Iterator<Item = &'s Step>) {
        for step in steps {
            self.add_used(step.nodes());
            self.expressions.extend(step.expressions().filter_map(|node| Some(node.as_scalar()?.text.to_string())));
            self.names.extend(step.captures().map(|capture| capture.name.value.to_string()));
        }
    }

    fn add_used<'n>(&mut self, nodes: impl Iterator<Item = &'n Node>) {
        for node in nodes {
            self.names.extend(names_in(node, self.sources).into_iter().map(|name| name.path.to_string()));
        }
    }

    fn has(&self, name: &str) -> bool {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let names_it = |text: &String| text.split(|letter| !is_word(letter)).any(|word| word == name);
        self.names.contains(name) || self.expressions.iter().any(names_it)
    }
}
