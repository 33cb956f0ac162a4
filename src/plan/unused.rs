//! Variables that nothing uses: warnings of `grpc-spec check`.

use std::collections::HashSet;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Spanned};
use crate::expr::names_in;
use crate::select::Chosen;
use crate::spec::{Case, Config, Step};
use crate::yaml::Node;

type Variables = [(Spanned<Arc<str>>, Node)];

/// Warns of each variable of the suite, its files and cases that no template names. `chosen` must be all there are;
/// `elsewhere` are names used outside of cases, such as by servers.
pub(crate) fn unused_variables(
    config: &Config,
    chosen: &[Chosen],
    elsewhere: impl IntoIterator<Item = String>,
    sources: &Sources,
) -> Diagnostics {
    let mut unused = Diagnostics::new();
    let mut used_in_suite: HashSet<String> = elsewhere.into_iter().collect();
    for Chosen { file, cases } in chosen {
        let mut used_in_file = HashSet::new();
        for case in cases {
            let used = names_used(case.nodes().chain(values(&case.vars)), sources);
            warn(&case.vars, &used, &mut unused);
            used_in_file.extend(used);
        }
        used_in_file.extend(names_used(values(&file.vars), sources));
        warn(&file.vars, &used_in_file, &mut unused);
        used_in_suite.extend(used_in_file);
    }
    used_in_suite.extend(names_used(values(&config.vars), sources));
    warn(&config.vars, &used_in_suite, &mut unused);
    unused
}

fn values(vars: &Variables) -> impl Iterator<Item = &Node> {
    vars.iter().map(|(_, node)| node)
}

fn names_used<'n>(nodes: impl Iterator<Item = &'n Node>, sources: &Sources) -> HashSet<String> {
    nodes.flat_map(|node| names_in(node, sources)).map(|name| name.path.to_string()).collect()
}

fn warn(vars: &Variables, used: &HashSet<String>, out: &mut Diagnostics) {
    let unused = vars.iter().filter(|(name, _)| !used.contains(&*name.value));
    out.extend(unused.map(|(name, _)| {
        Diagnostic::warning(format!("the variable `{}` is never used", name.value))
            .at(name.span, "")
            .hint(format!("use it as `${{{}}}`, or remove it", name.value))
    }));
}

impl Case {
    /// Everything in it that may hold `${…}`, but its variables.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.across.iter().chain(self.all_steps().flat_map(Step::nodes))
    }
}
