//! Cases whose schema only a server has: which they are, and what to ask it for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Sources};
use crate::expr::{Env, Scope};
use crate::grpc::Metadata;
use crate::message::Context;
use crate::schema::{MethodName, Schema, Wanted};
use crate::spec::{Call, Case, CaseFile, Config, ServerSpec};
use crate::yaml::{Node, NodeKind};

use super::MetadataTemplate;

/// Whether a case names what `local` does not know. One that names no method at all is wrong whatever a server says.
pub(super) fn is_needed(case: &Case, local: &Schema) -> bool {
    let mut wrong = Diagnostics::new();
    for call in case.calls() {
        let _ = method_name(call, &mut wrong);
    }
    if wrong.has_errors() {
        return false;
    }
    !services(case.calls()).iter().all(|service| local.knows_service(service))
        || !symbols(nodes_of_case(case)).iter().all(|symbol| local.knows_symbol(symbol))
}

/// Adds what a case wants of each of its servers.
pub(super) fn add_wanted(config: &Config, file: &CaseFile, case: &Case, wanted: &mut BTreeMap<String, Wanted>) {
    let vars = config.vars.iter().chain(&file.vars).map(|(_, node)| node);
    let symbols = symbols(nodes_of_case(case).chain(vars));
    for server in case.servers() {
        let of_server = wanted.entry(server.to_owned()).or_default();
        let calls = case.calls().filter(|call| call.server.value == server);
        of_server.services.extend(services(calls));
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

fn nodes_of_case(case: &Case) -> impl Iterator<Item = &Node> {
    case.nodes().chain(case.vars.iter().map(|(_, node)| node))
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
