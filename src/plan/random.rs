//! Whether a case has random values, so that its failure tells the seed that repeats them.

use crate::spec::{Case, CaseFile, Config, Step};
use crate::yaml::{Node, NodeKind};

/// Functions whose values differ from run to run.
const RANDOM: [&str; 3] = ["uuid(", "random_int(", "random_string("];

/// Whether a case, or what surrounds it, calls a random function.
pub(crate) fn is_random(config: &Config, file: &CaseFile, case: &Case) -> bool {
    let around = config.setup.iter().chain(&*file.setup);
    let of_row = case.row.iter().flat_map(|row| &*row.vars);
    let vars = config.vars.iter().chain(&file.vars).chain(&*case.vars).chain(of_row);
    around.chain(case.all_steps()).flat_map(nodes).chain(vars.map(|(_, node)| node)).any(calls_random)
}

fn nodes(step: &Step) -> impl Iterator<Item = &Node> {
    step.nodes().chain(step.expressions())
}

fn calls_random(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar(scalar) => RANDOM.iter().any(|function| scalar.text.contains(function)),
        NodeKind::Sequence(items) => items.iter().any(calls_random),
        NodeKind::Mapping(entries) => entries.iter().any(|entry| calls_random(&entry.value)),
    }
}
