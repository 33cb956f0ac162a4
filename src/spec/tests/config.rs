//! Suites: servers, profiles, and what is laid over them.

use std::time::Duration;

use super::*;

const CASE: &str = "cases: [ { name: n, call: S/M } ]";

fn overrides() -> Overrides {
    Overrides::default()
}

fn source<'a>(config: &'a Config, name: &str) -> &'a ServerSource {
    &config.servers.iter().find(|server| server.name.value == name).expect("there is such a server").source
}

fn address(config: &Config, name: &str) -> String {
    match source(config, name) {
        ServerSource::Address(node) => node.as_scalar().expect("a scalar").text.to_string(),
        ServerSource::Override(address) => format!("override {address}"),
        ServerSource::InProcess => "in process".to_owned(),
        ServerSource::Start(_) => "start".to_owned(),
    }
}

#[test]
fn a_started_server_has_defaults() {
    let suite = "servers: { a: { start: { command: [python3, server.py, --port, \"${port}\"] } } }";
    let folder = Folder::new(&[("grpc-spec.yaml", suite), ("a.yaml", CASE)]);
    let outcome = folder.load(&[""]);
    let ServerSource::Start(start) = source(&outcome.only_suite().config, "a") else { panic!("started") };
    assert_eq!(start.command.len(), 4);
    assert!(start.build.is_none() && start.env.is_empty() && start.address.is_none() && start.ready.log.is_none());
    assert_eq!((start.build_within, start.ready.within), (Duration::from_secs(600), Duration::from_secs(10)));
    assert_eq!((start.scope, start.cwd.clone()), (ServerScope::Run, folder.path("")));
}

#[test]
fn a_started_server_says_all() {
    let suite = r#"
servers:
  a:
    start:
      build: [cargo, build]
      build_within: 1m
      command: [./server]
      env: { LOG_LEVEL: debug, RANDOM: "${servers.b.address}" }
      cwd: sub
      ready: { within: 5s, log: 'listening on .*:(?P<port>\d+)' }
      scope: case
    address: http://127.0.0.1:50051
    authority: api.internal
    metadata: { Authorization: x }
    keepalive: 30s
    limits: { message: 4MiB, metadata: 1KiB, recorded: 1B }
"#;
    let folder = Folder::new(&[("grpc-spec.yaml", suite), ("a.yaml", CASE)]);
    let outcome = folder.load(&[""]);
    let server = &outcome.only_suite().config.servers[0];
    assert_eq!(server.authority.as_ref().map(|authority| authority.value.as_str()), Some("api.internal"));
    assert_eq!(server.metadata[0].0.value, "authorization");
    assert_eq!(server.keepalive.as_ref().map(|every| every.value), Some(Duration::from_secs(30)));
    let limits = [&server.limits.message, &server.limits.metadata, &server.limits.recorded];
    assert_eq!(limits.map(|limit| limit.as_ref().map(|limit| limit.value)), [Some(4 << 20), Some(1024), Some(1)]);
    let ServerSource::Start(start) = &server.source else { panic!("started") };
    assert_eq!(start.build.as_ref().map(Vec::len), Some(2));
    assert_eq!((start.build_within, start.ready.within), (Duration::from_secs(60), Duration::from_secs(5)));
    assert_eq!(start.env.iter().map(|(name, _)| name.value.as_str()).collect::<Vec<_>>(), ["LOG_LEVEL", "RANDOM"]);
    assert_eq!(start.cwd, folder.path("sub"));
    assert_eq!(start.ready.log.as_ref().map(|log| log.value.captures_len()), Some(2));
    assert_eq!(start.scope, ServerScope::Case);
    assert!(start.address.is_some());
}

#[test]
fn files_of_tls_lie_beside_the_file_that_names_them() {
    let tls = "{ ca: ca.pem, cert: me/me.pem, key: /me.key, server_name: api.internal, skip_verify: false }";
    let suite = format!("servers: {{ a: {{ address: \"https://a:1\", tls: {tls} }} }}");
    let folder = Folder::new(&[("sub/grpc-spec.yaml", &suite), ("sub/deep/a.yaml", CASE)]);
    let outcome = folder.load(&["sub/deep"]);
    let tls = outcome.only_suite().config.servers[0].tls.as_ref().expect("it says so");
    let files = [&tls.ca, &tls.cert, &tls.key].map(|file| file.as_ref().expect("it is named").value.clone());
    assert_eq!(files, [folder.path("sub/ca.pem"), folder.path("sub/me/me.pem"), PathBuf::from("/me.key")]);
    assert_eq!(tls.server_name.as_ref().map(|name| name.value.as_str()), Some("api.internal"));
    assert!(!tls.skip_verify);
}

#[test]
fn a_profile_is_laid_over_the_suite() {
    let suite = "
protos: { import_paths: [one], files: [f.proto] }
servers: { a: { address: a:1, authority: x }, b: { address: b:1 } }
server: a
timeout: 1s
vars: { tenant: acme, other: x }
metadata: { keep: k, drop: d }
tags: [suite]
profiles:
  staging:
    protos: { import_paths: [two] }
    servers: { a: { address: a:2 }, c: { address: c:2 } }
    server: c
    vars: { tenant: beta }
    metadata: { drop: null, new: n }
    tags: [staging]
  other: {}
";
    let folder = Folder::new(&[("grpc-spec.yaml", suite), ("a.yaml", CASE)]);
    let staging = Overrides { profile: Some("staging".to_owned()), ..overrides() };
    let outcome = folder.load_with(&[""], &staging);
    let config = &outcome.only_suite().config;
    assert_eq!([address(config, "a"), address(config, "b"), address(config, "c")], ["a:2", "b:1", "c:2"]);
    assert!(config.servers[0].authority.is_none(), "a server is replaced whole");
    let paths = [&config.protos.import_paths[0], &config.protos.files[0]];
    assert_eq!(paths.map(|path| path.value.clone()), [folder.path("two"), folder.path("f.proto")]);
    let vars: Vec<_> =
        config.vars.iter().map(|(name, node)| (&*name.value, &*node.as_scalar().expect("text").text)).collect();
    assert_eq!(vars, [("other", "x"), ("tenant", "beta")]);
    assert_eq!(config.tags.iter().map(|tag| tag.value.as_str()).collect::<Vec<_>>(), ["suite", "staging"]);
    let case = outcome.case("a.yaml::n");
    let step = call(&case);
    assert_eq!((step.server.value.as_str(), step.timeout), ("c", Duration::from_secs(1)));
    assert_eq!(step.metadata.iter().map(|(key, _)| key.value.as_str()).collect::<Vec<_>>(), ["keep", "new"]);
}

#[test]
fn an_unknown_profile_is_answered_with_those_there_are() {
    let suite = format!("{SUITE}profiles: {{ staging: {{}}, prod: {{}} }}\n");
    let folder = Folder::new(&[("one/grpc-spec.yaml", &suite), ("one/a.yaml", CASE)]);
    let overrides = Overrides { profile: Some("stagin".to_owned()), ..overrides() };
    let outcome = folder.load_with(&["one"], &overrides);
    assert_eq!(outcome.errors(), ["unknown profile `stagin` in `one/grpc-spec.yaml`"]);
    let hints = &outcome.loaded.diagnostics.iter().next().expect("an error").hints;
    assert_eq!(hints, &["did you mean `staging`?", "choose `staging` or `prod`"]);

    let alone = "server: unix:/x\ncases: [ { name: n, call: S/M } ]";
    let folder = Folder::new(&[("a.yaml", alone), ("b.yaml", alone)]);
    let outcome = folder.load_with(&[""], &overrides);
    assert_eq!(outcome.errors(), ["unknown profile `stagin`: there is no `grpc-spec.yaml`"], "once for all files");
}

#[test]
fn servers_are_put_elsewhere_by_name() {
    let suite = "servers: { a: { start: { command: [x] }, metadata: { k: v } }, b: { address: b:1 } }\nserver: a";
    let folder = Folder::new(&[("grpc-spec.yaml", suite), ("a.yaml", CASE)]);
    let overrides = Overrides {
        servers: vec![("a".to_owned(), "127.0.0.1:9".to_owned())],
        in_process: vec!["b".to_owned(), "extra".to_owned()],
        ..overrides()
    };
    let outcome = folder.load_with(&[""], &overrides);
    let config = &outcome.only_suite().config;
    let places = ["a", "b", "extra"].map(|name| address(config, name));
    assert_eq!(places, ["override 127.0.0.1:9", "in process", "in process"]);
    assert_eq!(call(&outcome.case("a.yaml::n")).metadata[0].0.value, "k", "what it says of calls stays");
}

#[test]
fn a_server_of_the_test_is_the_only_one_where_none_is_declared() {
    let folder = Folder::new(&[("grpc-spec.yaml", "tags: []"), ("a.yaml", CASE)]);
    let overrides = Overrides { in_process: vec!["greeter".to_owned()], ..overrides() };
    let outcome = folder.load_with(&[""], &overrides);
    assert_eq!(call(&outcome.case("a.yaml::n")).server.value, "greeter");

    let folder = Folder::new(&[("grpc-spec.yaml", "servers: { a: { address: x:1 } }"), ("a.yaml", CASE)]);
    let outcome = folder.load_with(&[""], &overrides);
    assert_eq!(call(&outcome.case("a.yaml::n")).server.value, "a");
}

#[test]
fn an_overridden_server_exists_in_some_suite() {
    let folder = Folder::new(&[
        ("one/grpc-spec.yaml", "servers: { greeter: { address: x:1 } }"),
        ("one/a.yaml", CASE),
        ("two/grpc-spec.yaml", "servers: { random: { address: x:1 } }"),
        ("two/a.yaml", CASE),
    ]);
    let at = |name: &str| Overrides { servers: vec![(name.to_owned(), "x:1".to_owned())], ..overrides() };
    assert_eq!(folder.load_with(&[""], &at("random")).errors(), [""; 0]);
    let outcome = folder.load_with(&[""], &at("greter"));
    assert_eq!(outcome.errors(), ["unknown server `greter`"]);
    let hints = &outcome.loaded.diagnostics.iter().next().expect("an error").hints;
    let exist = "write `greeter` or `random`, or declare it under `servers:` in `grpc-spec.yaml`";
    assert_eq!(hints, &["did you mean `greeter`?", exist]);
}

#[test]
fn an_address_on_the_command_line_is_one() {
    let folder = Folder::new(&[("grpc-spec.yaml", SUITE), ("a.yaml", CASE)]);
    let at = Overrides { servers: vec![("a".to_owned(), "ftp://x".to_owned())], ..overrides() };
    assert_eq!(folder.load_with(&[""], &at).errors(), ["unknown scheme `ftp://` in `ftp://x`"]);
}

#[test]
fn variables_on_the_command_line_are_yaml_scalars() {
    let folder = Folder::new(&[("grpc-spec.yaml", SUITE), ("a.yaml", CASE)]);
    let vars = |name: &str| Overrides { vars: vec![(name.to_owned(), "x: [1".to_owned())], ..overrides() };
    let outcome = folder.load_with(&[""], &vars("tenant"));
    let (name, node) = &outcome.only_suite().config.overriding_vars[0];
    assert_eq!((&*name.value, &*node.as_scalar().expect("a scalar").text), ("tenant", "x: [1"));
    assert_eq!(outcome.sources.locate(node.span), "--var:1:8");
    let refused = folder.load_with(&[""], &vars("request"));
    assert_eq!(refused.errors(), ["--var:1:1: `request` cannot be the name of a variable"]);
}

#[test]
fn a_server_named_by_its_address_is_replaced_like_any_other() {
    let folder = Folder::new(&[("a.yaml", "server: 127.0.0.1:1\ncases: [ { name: n, call: S/M } ]")]);
    let overrides = Overrides { servers: vec![("127.0.0.1:1".to_owned(), "127.0.0.1:2".to_owned())], ..overrides() };
    let outcome = folder.load_with(&["a.yaml"], &overrides);
    assert_eq!(address(&outcome.only_suite().config, "127.0.0.1:1"), "override 127.0.0.1:2");
}
