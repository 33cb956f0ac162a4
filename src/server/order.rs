//! Which servers must run before which: what a server's `start` and `address` say of `${servers.NAME.address}`.

use std::sync::Arc;

use super::launch::{check_names, names, nodes};
use super::reach::channel_options;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use crate::expr::{Env, Scope};
use crate::spec::{ServerScope, ServerSource, ServerSpec};

/// Reports what is wrong with servers before any of them starts: unknown names, circles, and a server that refers to
/// one that does not live as long. `env` knows the suite's names.
pub(crate) fn check(servers: &[Arc<ServerSpec>], env: &Arc<Env>, sources: &Sources, out: &mut Diagnostics) {
    check_names(servers, env, sources, out);
    let all = servers.iter().map(|server| server.name.value.as_str());
    out.extend(start_order(servers, all, sources).err().map(|problem| *problem));
    for server in servers {
        for (other, span) in references(server, sources) {
            let Some(other) = servers.iter().find(|candidate| candidate.name.value == other) else { continue };
            if lifetime(other) < lifetime(server) {
                out.push(outlives(server, other, span));
            }
        }
    }
}

/// Reports what is not there of what the `called` servers, and those they refer to, need: files that say how they are
/// reached, variables of the environment. `scope` knows the suite's names.
pub(crate) fn check_called<'a>(
    servers: &[Arc<ServerSpec>],
    called: impl IntoIterator<Item = &'a str>,
    scope: &Scope,
    sources: &Sources,
    out: &mut Diagnostics,
) {
    // A circle has been reported.
    for server in start_order(servers, called, sources).unwrap_or_default() {
        out.extend(channel_options(&server).err().map(|problem| *problem));
        for node in nodes(&server) {
            scope.check_environment(node, sources, out);
        }
    }
}

/// The servers named in `wanted` and all they refer to, each after those it refers to. A circle is an error.
pub(crate) fn start_order<'a>(
    servers: &[Arc<ServerSpec>],
    wanted: impl IntoIterator<Item = &'a str>,
    sources: &Sources,
) -> Result<Vec<Arc<ServerSpec>>, Box<Diagnostic>> {
    let mut walk = Walk { servers, sources, path: Vec::new(), order: Vec::new() };
    for name in wanted {
        if let Some(server) = servers.iter().find(|server| server.name.value == name) {
            walk.visit(server)?;
        }
    }
    Ok(walk.order)
}

/// The servers that `server` refers to, with the place of each `${servers.NAME.address}`.
pub(crate) fn references(server: &ServerSpec, sources: &Sources) -> Vec<(String, Span)> {
    let names = names(server, sources).into_iter();
    names
        .filter_map(|name| {
            let server = name.path.strip_prefix("servers.")?.strip_suffix(".address")?;
            Some((server.to_owned(), name.span))
        })
        .collect()
}

struct Walk<'a> {
    servers: &'a [Arc<ServerSpec>],
    sources: &'a Sources,
    /// From the first server to the one being visited: each with the place that refers to the next.
    path: Vec<(&'a str, Span)>,
    order: Vec<Arc<ServerSpec>>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, server: &'a Arc<ServerSpec>) -> Result<(), Box<Diagnostic>> {
        let name = server.name.value.as_str();
        if self.order.iter().any(|done| Arc::ptr_eq(done, server)) {
            return Ok(());
        }
        if let Some(at) = self.path.iter().position(|(visited, _)| *visited == name) {
            return Err(Box::new(circle(&self.path[at..])));
        }
        for (other, span) in references(server, self.sources) {
            // One that does not exist is reported where names are checked.
            if let Some(other) = self.servers.iter().find(|candidate| candidate.name.value == other) {
                self.path.push((name, span));
                self.visit(other)?;
                self.path.pop();
            }
        }
        self.order.push(Arc::clone(server));
        Ok(())
    }
}

fn circle(path: &[(&str, Span)]) -> Diagnostic {
    let [(first, span), rest @ ..] = path else { return Diagnostic::error("a server refers to itself") };
    if rest.is_empty() {
        return Diagnostic::error(format!("the server `{first}` refers to itself"))
            .at(*span, "its own address is not known before it is started")
            .hint("its port is `${port}`");
    }
    let names: Vec<String> = path.iter().chain(&path[..1]).map(|(name, _)| format!("`{name}`")).collect();
    let problem = Diagnostic::error(format!("servers refer to each other in a circle: {}", names.join(" → ")))
        .at(*span, format!("`{first}` can only start after {}", names[1]));
    rest.iter().zip(&names[2..]).fold(problem, |problem, ((name, span), next)| {
        problem.also(*span, format!("`{name}` can only start after {next}"))
    })
}

fn outlives(server: &ServerSpec, other: &ServerSpec, span: Span) -> Diagnostic {
    let (name, other_name) = (&server.name.value, &other.name.value);
    let of = |server: &ServerSpec| match lifetime(server) {
        Lifetime::Case => "a case",
        Lifetime::File => "a file",
        Lifetime::Run => "the run",
    };
    Diagnostic::error(format!("the server `{name}` lives longer than `{other_name}`, which it refers to"))
        .at(span, format!("`{name}` is one for {}, `{other_name}` one for {}", of(server), of(other)))
        .hint(format!("give both the same `scope`, or `{other_name}` the wider one"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lifetime {
    Case,
    File,
    Run,
}

fn lifetime(server: &ServerSpec) -> Lifetime {
    match &server.source {
        ServerSource::Start(start) => match start.scope {
            ServerScope::Case => Lifetime::Case,
            ServerScope::File => Lifetime::File,
            ServerScope::Run => Lifetime::Run,
        },
        ServerSource::Address(_) | ServerSource::Override(_) | ServerSource::InProcess => Lifetime::Run,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::testing::suite;
    use super::*;

    fn order(yaml: &str, wanted: &str) -> Result<Vec<String>, String> {
        let suite = suite(yaml);
        let order = start_order(&suite.servers, [wanted], &suite.sources).map_err(|problem| problem.headline)?;
        Ok(order.iter().map(|server| server.name.value.clone()).collect())
    }

    /// Each problem: its headline, and what stands in the source at its place, quotes apart.
    fn problems(yaml: &str) -> Vec<(String, String)> {
        let suite = suite(yaml);
        let mut out = Diagnostics::new();
        check(&suite.servers, &Arc::new(Env::new()), &suite.sources, &mut out);
        let place = |problem: &Diagnostic| {
            let span = problem.primary.as_ref().expect("a place").span;
            yaml[span.range()].trim_matches('\'').to_owned()
        };
        out.iter().map(|problem| (problem.headline.clone(), place(problem))).collect()
    }

    #[test]
    fn the_environment_of_called_servers_and_of_those_they_refer_to_is_there() {
        let suite = suite(
            "
            front: { start: { command: [x, '${port}', '${env.FRONT}'], env: { BACK: '${servers.back.address}' } } }
            back: { address: 'http://${env.BACK}' }
            other: { address: 'http://${env.OTHER}' }
            ",
        );
        let scope = Scope::with_environment(BTreeMap::new());
        let mut out = Diagnostics::new();
        check_called(&suite.servers, ["front"], &scope, &suite.sources, &mut out);
        let missing = ["BACK", "FRONT"].map(|name| format!("the environment variable `{name}` is not set"));
        assert_eq!(out.iter().map(|problem| problem.headline.clone()).collect::<Vec<_>>(), missing);
    }

    #[test]
    fn a_server_comes_after_those_it_refers_to() {
        let yaml = "
            front: { start: { command: [front], env: { BACK: '${servers.back.address}', DB: '${servers.db.address}' } } }
            back: { start: { command: [back, '--db=${servers.db.address}'] } }
            db: { start: { command: [db, '${port}'] } }
            other: { start: { command: [other] } }
        ";
        assert_eq!(order(yaml, "front"), Ok(vec!["db".to_owned(), "back".to_owned(), "front".to_owned()]));
        assert_eq!(order(yaml, "db"), Ok(vec!["db".to_owned()]));
        assert_eq!(problems(yaml), []);
    }

    #[test]
    fn a_circle_is_an_error_at_its_reference() {
        let yaml = "
            a: { start: { command: [a, '${servers.b.address}'] } }
            b: { start: { command: [b] }, address: 'http://${servers.a.address}' }
        ";
        let headline = "servers refer to each other in a circle: `a` → `b` → `a`".to_owned();
        assert_eq!(order(yaml, "a"), Err(headline.clone()));
        assert_eq!(problems(yaml), [(headline, "${servers.b.address}".to_owned())]);
        let own = "a: { start: { command: [a, '${servers.a.address}'] } }";
        assert_eq!(order(own, "a"), Err("the server `a` refers to itself".to_owned()));
    }

    #[test]
    fn unknown_names_are_reported_all_of_them() {
        let yaml = "
            api: { start: { command: [api, '${prot}', '${servers.dbx.address}'], env: { A: '${dir}', B: '${who}' } } }
            db: { address: '${port}' }
        ";
        let places: Vec<String> = problems(yaml).into_iter().map(|(_, place)| place).collect();
        assert_eq!(places, ["${prot}", "${servers.dbx.address}", "${who}", "${port}"]);
    }

    #[test]
    fn a_server_may_not_outlive_one_it_refers_to() {
        let yaml = "
            api: { start: { command: [api, '${servers.db.address}'], scope: file } }
            db: { start: { command: [db], scope: case } }
        ";
        let headline = "the server `api` lives longer than `db`, which it refers to".to_owned();
        assert_eq!(problems(yaml), [(headline, "${servers.db.address}".to_owned())]);
        assert_eq!(problems(&yaml.replace("scope: file", "scope: case")), []);
    }
}
