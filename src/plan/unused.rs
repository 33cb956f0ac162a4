//! Variables that nothing uses: warnings of `grpc-spec check`.

use std::collections::HashSet;
use std::sync::Arc;

use super::names::{Variable, Variables};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::expr::{Expression, names_in};
use crate::select::Chosen;
use crate::spec::{Config, Step};
use crate::yaml::Node;

/// Warns of each variable of the suite, its files, cases and rows that no expression names. `chosen` must be all there
/// are; `elsewhere` are names used outside of cases, such as by servers.
pub(crate) fn unused_variables(
    config: &Config,
    chosen: &[Chosen],
    elsewhere: impl IntoIterator<Item = String>,
    sources: &Sources,
) -> Diagnostics {
    let mut unused = Diagnostics::new();
    let mut used_in_suite = Used { names: elsewhere.into_iter().collect(), sources };
    for Chosen { file, cases } in chosen {
        let mut used_in_file = Used { names: HashSet::new(), sources };
        let mut steps_before: Option<&Arc<[Step]>> = None;
        for case in cases {
            // the rows of a case differ in their values alone
            if steps_before.is_some_and(|before| Arc::ptr_eq(before, &case.steps)) {
                used_in_file.values(case.row.iter().flat_map(|row| &*row.vars));
                continue;
            }
            steps_before = Some(&case.steps);
            let mut used = Used { names: HashSet::new(), sources };
            used.steps(case.all_steps());
            used.nodes(case.across.iter());
            if let Some(row) = &case.row {
                used.values(&*row.vars);
                used.warn(&row.vars, &mut unused);
            }
            used.values(&*case.vars);
            used.warn(&case.vars, &mut unused);
            used_in_file.names.extend(used.names);
        }
        used_in_file.steps(file.setup.iter().chain(&*file.teardown));
        used_in_file.values(&file.vars);
        used_in_file.warn(&file.vars, &mut unused);
        used_in_suite.names.extend(used_in_file.names);
    }
    used_in_suite.steps(config.setup.iter().chain(&*config.teardown));
    used_in_suite.values(&config.vars);
    used_in_suite.warn(&config.vars, &mut unused);
    unused
}

/// Names that are used.
struct Used<'a> {
    names: HashSet<String>,
    sources: &'a Sources,
}

impl Used<'_> {
    fn steps<'s>(&mut self, steps: impl Iterator<Item = &'s Step>) {
        for step in steps {
            self.nodes(step.nodes());
            for node in step.expressions() {
                // what is wrong with it has been said
                if let Some(expression) = Expression::parse(node, self.sources, &mut Diagnostics::new()) {
                    self.names.extend(expression.names().map(|name| first(&name.path)));
                }
            }
        }
    }

    fn values<'v>(&mut self, vars: impl IntoIterator<Item = &'v Variable>) {
        self.nodes(vars.into_iter().map(|(_, node)| node));
    }

    fn nodes<'n>(&mut self, nodes: impl Iterator<Item = &'n Node>) {
        let names = nodes.flat_map(|node| names_in(node, self.sources));
        self.names.extend(names.map(|name| first(&name.path)));
    }

    fn warn(&self, vars: &Variables, out: &mut Diagnostics) {
        let unused = vars.iter().filter(|(name, _)| !self.names.contains(&*name.value));
        out.extend(unused.map(|(name, _)| {
            Diagnostic::warning(format!("the variable `{}` is never used", name.value))
                .at(name.span, "")
                .hint(format!("use it as `${{{}}}`, or remove it", name.value))
        }));
    }
}

/// Of `who.name`: `who`.
fn first(path: &str) -> String {
    path.split('.').next().unwrap_or(path).to_owned()
}
