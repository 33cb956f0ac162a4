//! Cases whose schema only a server has: which they are, and what to ask it for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Sources};
use crate::expr::{Env, Scope};
use crate::grpc::Metadata;
use crate::message::Context;
use crate::schema::{MethodName, Schema, Wanted};
use crate::spec::{Call, ServerSpec, Step};
use crate::yaml::{Node, NodeKind};

use super::MetadataTemplate;
use super::names::Variables;

/// Whether steps name what `local` does not know. Those that name no method at all are wrong whatever a server says.
pub(super) fn is_needed(steps: &[&Step], vars: &Variables, local: &Schema) -> bool {
    let calls = || steps.iter().flat_map(|step| step.calls());
    let mut wrong = Diagnostics::new();
    for call in calls() {
        let _ = method_name(call, &mut wrong);
    }
    if wrong.has_errors() {
        return false;
    }
    let nodes = steps.iter().flat_map(|step| step.nodes()).chain(vars.iter().map(|(_, node)| node));
    !services(calls()).iter().all(|service| local.knows_service(service))
        || !symbols(nodes).iter().all(|symbol| local.knows_symbol(symbol))
}

/// Adds what steps want of each of their servers.
pub(super) fn add_wanted<'n>(
    steps: &[&Step],
    vars: impl Iterator<Item = &'n Node>,
    wanted: &mut BTreeMap<String, Wanted>,
) {
    let mut symbols = symbols(steps.iter().flat_map(|step| step.nodes()));
    symbols.extend(self::symbols(vars));
    for call in steps.iter().flat_map(|step| step.calls()) {
        let of_server = wanted.entry(call.server.value.clone()).or_default();
        of_server.services.extend(services([call]));
        of_server.symbols.extend(symbols.iter().cloned());
    }
}

/// What a question to a server carries: the server's own metadata.
pub(crate) fn reflection_metadata(
    server: &ServerSpec,
    env: &Arc<Env>,
    scope: &Scope,
    sources: &Arc<Sources>,
) -> Result<Metadata, Diagnostics> {
    let mut found = Diagnostics::new();
    let context = Context { sources, env, pool: &prost_reflect::DescriptorPool::new(), read_files: true };
    match MetadataTemplate::build(&server.metadata, &context, &mut found).map(|template| template.fill(scope)) {
        Some(Ok(metadata)) => Ok(metadata),
        Some(Err(problems)) => Err(problems.into_iter().collect()),
        None => Err(found),
    }
}

/// Names of the services that are called, as written.
pub(super) fn services<'s>(calls: impl IntoIterator<Item = &'s Call>) -> BTreeSet<String> {
    let mut ignored = Diagnostics::new();
    calls.into_iter().filter_map(|call| Some(method_name(call, &mut ignored)?.service)).collect()
}

fn method_name(call: &Call, out: &mut Diagnostics) -> Option<MethodName> {
    let service = call.service.as_ref().map(|service| service.value.as_str());
    MethodName::parse(&call.call, service, out)
}

/// Messages that `$type` names, and extensions that are set: full names.
fn symbols<'n>(nodes: impl Iterator<Item = &'n Node>) -> BTreeSet<String> {
    let mut symbols = BTreeSet::new();
    nodes.for_each(|node| collect_symbols(node, &mut symbols));
    symbols
}

fn collect_symbols(node: &Node, into: &mut BTreeSet<String>) {
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Sequence(items) => items.iter().for_each(|item| collect_symbols(item, into)),
        NodeKind::Mapping(entries) => {
            for entry in entries.iter() {
                let key = &*entry.key.value;
                if let ("$type" | "@type", Some(written)) = (key, entry.value.as_scalar()) {
                    into.extend(written.text.rsplit('/').next().filter(|name| is_name(name)).map(str::to_owned));
                } else if let Some(name) = key.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    into.extend(Some(name).filter(|name| is_name(name)).map(str::to_owned));
                }
                collect_symbols(&entry.value, into);
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_'))
}
