//! What a suite says for all its files: `grpc-spec.yaml` with a profile, `--server` and `--var` laid over it. Main type:
//! [`Config`].

use std::path::PathBuf;
use std::sync::Arc;

use super::frame::{StepFrame, SuiteFrame};
use super::server::check_address;
use super::{Inherited, Secret, ServerSource, ServerSpec, Step};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Sources, Span, Spanned, did_you_mean, one_of};
use crate::expr::{Secrets, check_variable_name};
use crate::schema::SchemaSources;
use crate::yaml::{Node, NodeKind, Scalar, Style};

/// What a suite says, profile and overrides laid over it.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// `None` where there is no `grpc-spec.yaml`.
    pub(crate) source: Option<FileId>,
    /// The profile laid over it, and the whole of what it says.
    pub(crate) profile: Option<Spanned<String>>,
    /// The suite's folder: ids are paths below it.
    pub(crate) folder: PathBuf,
    pub(crate) protos: SchemaSources,
    /// In the order written.
    pub(crate) servers: Vec<Arc<ServerSpec>>,
    /// Its server is the only one there is, where none is named.
    pub(crate) inherited: Inherited,
    pub(crate) vars: Vec<(Spanned<Arc<str>>, Node)>,
    /// `--var`: nearer than those of files and cases. Their spans lie in a source of their own, `--var`.
    pub(crate) overriding_vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(crate) tags: Vec<Spanned<String>>,
    /// Run once before and after all cases.
    pub(crate) setup: Arc<[Step]>,
    pub(crate) teardown: Arc<[Step]>,
    /// What is never printed.
    pub(crate) secrets: Vec<Spanned<Secret>>,
}

/// What stands around all cases, as written.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) setup: Vec<StepFrame>,
    pub(super) teardown: Vec<StepFrame>,
}

/// What the command line, the harness or a profile lays over a suite.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) profile: Option<String>,
    /// `--server NAME=ADDRESS`: (name, address).
    pub(crate) servers: Vec<(String, String)>,
    /// `--var NAME=TEXT`.
    pub(crate) vars: Vec<(String, String)>,
    /// Servers in the test's own process, which need no entry in the suite.
    pub(crate) in_process: Vec<String>,
}

impl Config {
    /// Lays `overrides` over what a suite says; `usage` hears of a profile that is not there. Its `setup` and `teardown`
    /// come as written: they are resolved against it.
    pub(super) fn new(
        mut suite: SuiteFrame,
        source: Option<FileId>,
        overrides: &Overrides,
        sources: &Sources,
        usage: &mut Diagnostics,
    ) -> (Self, Around) {
        let mut chosen = None;
        if let Some(name) = &overrides.profile {
            match suite.profiles.iter().position(|(known, _)| *known.value == **name) {
                Some(at) => {
                    let (_, profile) = suite.profiles.swap_remove(at);
                    chosen = profile.span.map(|span| Spanned::new(name.clone(), span));
                    suite.lay(profile);
                }
                None => push_once(usage, unknown_profile(name, &suite, source, sources)),
            }
        }
        let declared = suite.servers.len();
        let servers = override_servers(suite.servers, overrides, sources);
        let mut inherited = suite.inherited;
        if inherited.server.is_none()
            && let [only] = if declared == 0 { &servers[..] } else { &servers[..declared] }
        {
            inherited.server = Some(only.name.clone());
        }
        let around = Around { setup: suite.setup, teardown: suite.teardown };
        let config = Self {
            source,
            profile: chosen,
            protos: suite.protos.resolve(&suite.folder),
            folder: suite.folder,
            servers,
            inherited,
            vars: suite.vars,
            overriding_vars: Vec::new(),
            tags: suite.tags,
            setup: Arc::default(),
            teardown: Arc::default(),
            secrets: suite.secrets,
        };
        (config, around)
    }

    /// What scopes of the suite hide.
    pub(crate) fn hidden(&self, sources: &Sources) -> Arc<Secrets> {
        let names = self.secrets.iter().map(|secret| match &secret.value {
            Secret::Environment(variable) => format!("env.{variable}").into(),
            Secret::Variable(name) => Arc::clone(name),
        });
        Arc::new(Secrets::new(names, sources.masker()))
    }

    /// Reports the overridden servers that none of `suites` has.
    pub(super) fn check_overrides<'a>(
        suites: impl Iterator<Item = &'a Self> + Clone,
        overrides: &Overrides,
        usage: &mut Diagnostics,
    ) {
        let mut known: Vec<&str> = suites.flat_map(|suite| &suite.servers).map(|server| &*server.name.value).collect();
        known.sort_unstable();
        known.dedup();
        for (name, address) in &overrides.servers {
            usage.extend(
                check_address(address).map(|refused| refused.note(format!("given as `--server {name}={address}`"))),
            );
            if !known.contains(&&**name) {
                let unknown = Diagnostic::error(format!("unknown server `{name}`"));
                usage.push(unknown.hints(server_hints(
                    name,
                    &known,
                    "declare it under `servers:` in `grpc-spec.yaml`",
                )));
            }
        }
    }
}

/// Reads `--var`s, once for all suites.
pub(super) fn read_vars(
    overrides: &Overrides,
    sources: &Sources,
    usage: &mut Diagnostics,
) -> Vec<(Spanned<Arc<str>>, Node)> {
    let read = |(name, text): &(String, String)| {
        let file = sources.add("--var", format!("{name}={text}"));
        let at = Span::new(file, 0, name.len());
        usage.extend(check_variable_name(name, at));
        let scalar = Scalar { text: text.as_str().into(), style: Style::Plain };
        let span = Span::new(file, name.len() + 1, name.len() + 1 + text.len());
        (Spanned::new(Arc::from(name.as_str()), at), Node { span, kind: NodeKind::Scalar(scalar) })
    };
    overrides.vars.iter().map(read).collect()
}

/// Reports a server that is not there, where it is named; `true` if it is there.
pub(super) fn check_server(
    named: &Spanned<String>,
    servers: &[Arc<ServerSpec>],
    in_suite: bool,
    out: &mut Diagnostics,
) -> bool {
    let known: Vec<&str> = servers.iter().map(|server| &*server.name.value).collect();
    let name = named.value.as_str();
    if known.contains(&name) {
        return true;
    }
    let way_out = match (in_suite, looks_like_address(name)) {
        (true, true) => {
            &format!("give it a name in `grpc-spec.yaml`: `servers: {{ NAME: {{ address: \"{name}\" }} }}`")
        }
        (true, false) => "declare it under `servers:` in `grpc-spec.yaml`",
        (false, _) => "declare it under `servers:`, or write an address, such as `127.0.0.1:50051`",
    };
    let unknown = Diagnostic::error(format!("unknown server `{name}`")).at(named.span, "");
    out.push(unknown.hints(server_hints(name, &known, way_out)));
    false
}

/// Whether a server that is named may be an address: no name has a `:` or a `/`.
pub(super) fn looks_like_address(name: &str) -> bool {
    name.contains([':', '/'])
}

fn server_hints(name: &str, known: &[&str], declare: &str) -> Vec<String> {
    let servers = match known {
        [] => declare.to_owned(),
        known => format!("write {}, or {declare}", one_of(known.iter().copied())),
    };
    did_you_mean(name, known.iter().copied()).into_iter().chain([servers]).collect()
}

/// The servers, those of the test's own process added or put in place, then those of `--server`.
fn override_servers(declared: Vec<Arc<ServerSpec>>, overrides: &Overrides, sources: &Sources) -> Vec<Arc<ServerSpec>> {
    let mut servers = declared;
    for name in &overrides.in_process {
        if let Some(server) = servers.iter_mut().find(|server| server.name.value == *name) {
            *server = Arc::new(server.at(ServerSource::InProcess));
        } else {
            let span = Span::new(sources.add("the test's own servers", name.as_str()), 0, name.len());
            servers.push(Arc::new(ServerSpec::new(Spanned::new(name.clone(), span), ServerSource::InProcess)));
        }
    }
    override_addresses(&mut servers, overrides);
    servers
}

/// Puts those of `--server` in place.
pub(super) fn override_addresses(servers: &mut [Arc<ServerSpec>], overrides: &Overrides) {
    for (name, address) in &overrides.servers {
        if let Some(server) = servers.iter_mut().find(|server| server.name.value == *name) {
            *server = Arc::new(server.at(ServerSource::Override(address.clone())));
        }
    }
}

fn unknown_profile(name: &str, suite: &SuiteFrame, source: Option<FileId>, sources: &Sources) -> Diagnostic {
    let Some(source) = source else {
        let unknown = Diagnostic::error(format!("unknown profile `{name}`: there is no `grpc-spec.yaml`"));
        return unknown.hint("profiles stand in a `grpc-spec.yaml` in the cases' folder or above it");
    };
    let known = || suite.profiles.iter().map(|(name, _)| &*name.value);
    let path = sources.get(source).path().display().to_string();
    let unknown = Diagnostic::error(format!("unknown profile `{name}` in `{path}`"));
    let exist = match suite.profiles.as_slice() {
        [] => format!("it has no profiles; write `profiles: {{ {name}: … }}` in it"),
        _ => format!("choose {}", one_of(known())),
    };
    unknown.hints(did_you_mean(name, known())).hint(exist)
}

/// What is true of many suites is said once.
fn push_once(out: &mut Diagnostics, diagnostic: Diagnostic) {
    if !out.iter().any(|said| *said == diagnostic) {
        out.push(diagnostic);
    }
}
