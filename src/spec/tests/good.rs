//! What good files mean.

use std::time::Duration;

use super::*;
use crate::diagnostic::Spanned;
use crate::yaml::Node;

fn load(suite: &str, file: &str) -> Outcome {
    Folder::new(&[("grpc-spec.yaml", suite), ("a.yaml", file)]).load(&[""])
}

fn texts(metadata: &[(Spanned<String>, Node)]) -> Vec<(&str, &str)> {
    metadata.iter().map(|(key, value)| (key.value.as_str(), &*value.as_scalar().expect("a scalar").text)).collect()
}

#[test]
fn a_whole_case() {
    let outcome = load(
        SUITE,
        "cases:
- name: true
  description: what it shows
  tags: [smoke, v1.0/x]
  skip: not yet
  vars: { who: test, no: null }
  repeat: { times: 200, parallel: 10 }
  across: { random: { min: 10 } }
  server: b
  service: S
  call: M
  timeout: 1m30s
  request: { id: \"1\" }
  expect: { response: {}, status: OK, headers: {}, trailers: {}, metadata: {}, elapsed: { $lt: 1s } }
",
    );
    let case = outcome.case("a.yaml::true");
    assert!(case.id.as_str().ends_with("::true"), "{}", case.id);
    assert_eq!(case.description.as_deref(), Some("what it shows"));
    assert_eq!(*case.tags, ["smoke", "v1.0/x"]);
    assert_eq!(case.skip.as_deref(), Some("not yet"));
    assert_eq!(case.vars.iter().map(|(name, _)| &*name.value).collect::<Vec<_>>(), ["who", "no"]);
    assert_eq!(case.repeat, Some(Repeat { times: 200, parallel: 10 }));
    assert!(case.across.is_some());
    let step = call(&case);
    assert_eq!((step.server.value.as_str(), step.call.value.as_str()), ("b", "M"));
    assert_eq!(step.service.as_ref().map(|service| service.value.as_str()), Some("S"));
    assert_eq!(step.timeout, Duration::from_secs(90));
    assert!(matches!(&step.payload, Payload::One(Some(_))));
    let expect = step.expect.as_ref().expect("expects");
    let found =
        [&expect.response, &expect.status, &expect.headers, &expect.trailers, &expect.metadata, &expect.elapsed];
    assert!(found.iter().all(|node| node.is_some()));
    assert!(expect.responses.is_none() && expect.unreachable.is_none());
}

#[test]
fn the_least_a_case_says() {
    let outcome = load(SUITE, "cases: [ { name: n, call: S/M } ]");
    let case = outcome.case("a.yaml::n");
    assert_eq!((case.repeat, case.skip.as_deref(), case.tags.len()), (None, None, 0));
    let step = call(&case);
    assert_eq!((step.server.value.as_str(), step.timeout), ("a", Duration::from_secs(10)));
    assert!(matches!(&step.payload, Payload::One(None)) && step.expect.is_none() && step.service.is_none());
}

#[test]
fn several_requests_are_a_list() {
    let outcome =
        load(SUITE, "cases: [ { name: n, call: S/M, requests: [{}, {}] }, { name: m, call: S/M, repeat: 2 } ]");
    let case = outcome.case("a.yaml::n");
    let Payload::Many { items, .. } = &call(&case).payload else { panic!("many") };
    assert_eq!(items.len(), 2);
    assert_eq!(outcome.case("a.yaml::m").repeat, Some(Repeat { times: 2, parallel: 1 }));
}

#[test]
fn what_stands_nearest_wins() {
    let outcome = load(
        "servers: { a: { address: x:1, metadata: { from: server, server: a } }, b: { address: y:1 } }
server: a
service: Suite
timeout: 1s
tags: [suite, both]
metadata: { from: suite, suite: s, dropped: s, Upper: s }
",
        "service: File
metadata: { file: f, DROPPED: null }
tags: [file, both]
cases:
- { name: near, call: M, service: Case, timeout: 2s, tags: [case, file], metadata: { from: case, upper: c } }
- { name: far, call: M }
- { name: b, call: M, server: b }
",
    );
    let (near, far, b) = (outcome.case("a.yaml::near"), outcome.case("a.yaml::far"), outcome.case("a.yaml::b"));
    let service = |case: &Case| call(case).service.as_ref().map(|service| service.value.clone());
    assert_eq!((service(&near).as_deref(), service(&far).as_deref()), (Some("Case"), Some("File")));
    assert_eq!((call(&near).timeout, call(&far).timeout), (Duration::from_secs(2), Duration::from_secs(1)));
    assert_eq!(*near.tags, ["suite", "both", "file", "case"]);
    assert_eq!(*far.tags, ["suite", "both", "file"]);
    let near = texts(&call(&near).metadata);
    assert_eq!(near, [("suite", "s"), ("server", "a"), ("file", "f"), ("from", "case"), ("upper", "c")]);
    let far = texts(&call(&far).metadata);
    assert_eq!(far, [("suite", "s"), ("upper", "s"), ("from", "server"), ("server", "a"), ("file", "f")]);
    assert_eq!(texts(&call(&b).metadata), [("from", "suite"), ("suite", "s"), ("upper", "s"), ("file", "f")]);
}

#[test]
fn the_only_server_needs_no_name() {
    let outcome = load("servers: { a: { address: x:1 } }", "cases: [ { name: n, call: S/M } ]");
    assert_eq!(call(&outcome.case("a.yaml::n")).server.value, "a");
}

#[test]
fn a_file_without_a_suite_has_servers_and_protos_of_its_own() {
    let folder = Folder::new(&[(
        "a.yaml",
        "protos: { import_paths: [protos] }\nservers: { a: { address: x:1 } }\ncases: [ { name: n, call: S/M } ]",
    )]);
    let outcome = folder.load(&["a.yaml"]);
    assert_eq!(call(&outcome.case("a.yaml::n")).server.value, "a");
    let config = &outcome.only_suite().config;
    assert_eq!(config.source, None);
    assert_eq!(config.protos.import_paths[0].value, folder.path("protos"));
}

#[test]
fn a_file_without_a_suite_may_name_addresses() {
    let file = "server: 127.0.0.1:1\ncases: [ { name: n, call: S/M }, { name: m, call: S/M, server: unix:/x } ]";
    let outcome = Folder::new(&[("a.yaml", file)]).load(&["a.yaml"]);
    assert_eq!(call(&outcome.case("a.yaml::n")).server.value, "127.0.0.1:1");
    assert_eq!(call(&outcome.case("a.yaml::m")).server.value, "unix:/x");
    let servers = &outcome.only_suite().config.servers;
    assert_eq!(servers.iter().map(|server| server.name.value.as_str()).collect::<Vec<_>>(), ["127.0.0.1:1", "unix:/x"]);
    assert!(servers.iter().all(|server| matches!(&server.source, ServerSource::Address(_))));
}

#[test]
fn an_address_is_no_default_for_other_cases() {
    let file = "cases:\n- { name: n, call: S/M }\n- { name: m, call: S/M, server: unix:/x }";
    let outcome = Folder::new(&[("a.yaml", file)]).load(&["a.yaml"]);
    assert_eq!(outcome.errors(), ["a.yaml:2:20: no server is named for this call"]);
}

#[test]
fn variables_of_the_file_stay_with_it() {
    let outcome = load(SUITE, "vars: { who: { $in: [a, b] } }\ncases: [ { name: n, call: S/M } ]");
    let LoadedFile::Valid(file) = &outcome.only_suite().files[0] else { panic!("valid") };
    assert_eq!(&*file.vars[0].0.value, "who");
    assert!(file.vars[0].1.as_mapping().is_some());
}
