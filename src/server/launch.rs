//! What a `start:` says once its `${…}` have values: the programs to run and the address to reach. The names known there
//! beside the suite's are `port`, `dir` and `servers.NAME.address`. Main type: [`Evaluation`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::process::Launch;
use super::reach::{not_an_address, target};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::expr::{Binding, Env, Name, Scope, Text, Ty, Value, names_in};
use crate::spec::{ServerSource, ServerSpec, Start};
use crate::yaml::Node;

/// Reads templates with the values of `scope`; what has no value is gathered.
#[derive(Debug)]
pub(super) struct Evaluation<'a> {
    scope: Arc<Scope>,
    sources: &'a Sources,
    pub(super) problems: Diagnostics,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(scope: &Arc<Scope>, sources: &'a Sources) -> Self {
        Self { scope: Arc::clone(scope), sources, problems: Diagnostics::new() }
    }

    /// The program of `command`.
    pub(super) fn launch(&mut self, start: &Start) -> Option<Launch> {
        let command = self.texts(&start.command);
        let env = start.env.iter().map(|(name, value)| Some((name.value.clone(), self.text(value)?)));
        // All of them before the first that has none ends it, so that each is reported.
        let env: Vec<_> = env.collect();
        program(command?, env.into_iter().collect::<Option<_>>()?, start)
    }

    /// The program of `build`, which sees our environment as it is; `None` if there is none, too.
    pub(super) fn build(&mut self, start: &Start) -> Option<Launch> {
        let command = self.texts(start.build.as_ref()?)?;
        program(command, Vec::new(), start)
    }

    /// Where the server listens.
    pub(super) fn address(&mut self, start: &Start) -> Option<String> {
        match &start.address {
            Some(address) => self.text(address),
            None => match self.scope.get("port") {
                Some(Value::Text(port)) => Some(format!("http://127.0.0.1:{port}")),
                _ => None,
            },
        }
    }

    fn texts(&mut self, nodes: &[Node]) -> Option<Vec<String>> {
        let texts: Vec<_> = nodes.iter().map(|node| self.text(node)).collect();
        texts.into_iter().collect()
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        match Text::of(node, self.sources, &mut self.problems)? {
            Text::Literal(text) => Some(text),
            Text::Template(template) => template.text(&self.scope).map_err(|problem| self.problems.push(problem)).ok(),
        }
    }
}

fn program(command: Vec<String>, env: Vec<(String, String)>, start: &Start) -> Option<Launch> {
    let mut words = command.into_iter();
    Some(Launch { program: words.next()?, arguments: words.collect(), env, cwd: start.cwd.clone() })
}

/// Reports each name that the servers' `start` and `address` use and that nothing defines. `env` knows the suite's names.
pub(super) fn check_names(servers: &[Arc<ServerSpec>], env: &Arc<Env>, sources: &Sources, out: &mut Diagnostics) {
    let addresses = servers.iter().map(|server| format!("servers.{}.address", server.name.value));
    let names = addresses.chain(["port".to_owned(), "dir".to_owned()]);
    let known: BTreeMap<Arc<str>, Binding> = names.map(|name| (name.into(), Binding::Later(Ty::String))).collect();
    let for_started = env.child(known.clone());
    let for_running = env.child(known.into_iter().filter(|(name, _)| name.starts_with("servers.")).collect());
    for server in servers {
        let env = if matches!(server.source, ServerSource::Start(_)) { &for_started } else { &for_running };
        for node in nodes(server) {
            if let Some(Text::Template(template)) = Text::of(node, sources, out)
                && template.check(env, sources, out)
                && let ServerSource::Address(_) = server.source
                && let Some(address) = template.fold(env).as_ref().and_then(text_of)
            {
                out.extend(check_address(server, &address, node));
            }
        }
    }
}

/// Reports an address that is none, as its variables have it.
fn check_address(server: &ServerSpec, address: &str, node: &Node) -> Option<Diagnostic> {
    let error = target(server, address).err()?;
    Some(not_an_address(server, &error).at(node.span, format!("`{address}`")))
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Yaml(node) => node.as_scalar().map(|scalar| scalar.text.to_string()),
        _ => None,
    }
}

/// The names a server's `start` and `address` use.
pub(crate) fn names(server: &ServerSpec, sources: &Sources) -> Vec<Name> {
    nodes(server).into_iter().flat_map(|node| names_in(node, sources)).collect()
}

/// Whether anything of `start` uses `name`.
pub(super) fn uses(start: &Start, name: &str, sources: &Sources) -> bool {
    scalars(start).into_iter().any(|node| node_uses(node, name, sources))
}

/// Whether the program is told `name`: in its words or its environment.
pub(super) fn command_uses(start: &Start, name: &str, sources: &Sources) -> bool {
    let env = start.env.iter().map(|(_, value)| value);
    start.command.iter().chain(env).any(|node| node_uses(node, name, sources))
}

fn node_uses(node: &Node, name: &str, sources: &Sources) -> bool {
    names_in(node, sources).iter().any(|used| &*used.path == name)
}

/// What of a server's `start` and `address` may hold `${…}`.
pub(super) fn nodes(server: &ServerSpec) -> Vec<&Node> {
    match &server.source {
        ServerSource::Start(start) => scalars(start),
        ServerSource::Address(address) => vec![address],
        ServerSource::Override(_) | ServerSource::InProcess => Vec::new(),
    }
}

/// Every scalar of a `start`, and the address beside it.
fn scalars(start: &Start) -> Vec<&Node> {
    let env = start.env.iter().map(|(_, value)| value);
    start.build.iter().flatten().chain(&start.command).chain(env).chain(&start.address).collect()
}
