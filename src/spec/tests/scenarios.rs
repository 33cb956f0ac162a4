//! Steps, what stands around them, what is tried again.

use std::time::Duration;

use super::*;

/// A suite with the servers `a` and `b`, and what else it says.
fn load(suite: &str, file: &str) -> Outcome {
    Folder::new(&[("grpc-spec.yaml", &format!("{SUITE}{suite}")), ("a.yaml", file)]).load(&[""])
}

fn file(outcome: &Outcome) -> Arc<CaseFile> {
    let LoadedFile::Valid(file) = &outcome.only_suite().files[0] else { panic!("it is valid") };
    Arc::clone(file)
}

#[test]
fn a_case_of_steps() {
    let outcome = load(
        "",
        "cases:
- name: n
  xfail: issue 7
  retry: { attempts: 3 }
  lock: db
  service: S
  timeout: 3s
  metadata: { from: case, case: c }
  steps:
    - id: create
      name: creates it
      call: Create
      capture: { user_id: response.id, both: \"[response]\" }
    - sleep: 2s
    - call: T/Get
      server: b
      metadata: { from: step, case: null }
      expect: { assert: [\"true\", response.ok] }
      eventually: { within: 5s, every: 250ms }
  teardown:
    - { id: delete, call: Delete }
",
    );
    let case = outcome.case("a.yaml::n");
    assert_eq!(case.xfail.as_deref(), Some("issue 7"));
    assert_eq!(case.retry, Some(Retry { attempts: 3, every: Duration::ZERO }));
    assert_eq!(*case.locks, ["db"]);
    let [create, sleep, get] = &*case.steps else { panic!("three steps") };
    assert_eq!((create.id.as_ref().map(|id| &*id.value), create.name.as_deref()), (Some("create"), Some("creates it")));
    let captured: Vec<&str> = create.captures().map(|capture| &*capture.name.value).collect();
    assert_eq!(captured, ["user_id", "both"]);
    assert!(matches!(sleep.action, Action::Sleep(duration) if duration == Duration::from_secs(2)));
    let call = get.call().expect("it calls");
    assert_eq!((call.server.value.as_str(), call.timeout), ("b", Duration::from_secs(3)));
    assert_eq!(call.metadata.len(), 1, "null drops what the case says");
    assert_eq!(get.expressions().count(), 2);
    let eventually = call.eventually.expect("it is tried again");
    assert_eq!((eventually.within, eventually.every), (Duration::from_secs(5), Duration::from_millis(250)));
    let [delete] = &*case.teardown else { panic!("one step") };
    let service = |step: &Step| step.call().and_then(|call| call.service.as_ref()).map(|service| service.value.clone());
    assert_eq!((service(create).as_deref(), service(delete).as_deref()), (Some("S"), Some("S")));
    assert_eq!(case.servers().into_iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn one_call_may_have_an_id_for_its_teardown() {
    let outcome = load("", "cases: [ { name: n, id: it, call: S/M, teardown: [ { call: S/M, server: b } ] } ]");
    let case = outcome.case("a.yaml::n");
    assert_eq!(case.steps[0].id.as_ref().map(|id| &*id.value), Some("it"));
    assert_eq!(case.servers().len(), 2, "those of its teardown too");
}

#[test]
fn every_is_a_tenth_of_a_second_but_not_longer_than_within() {
    let every = |eventually: &str| {
        let outcome = load("", &format!("cases: [ {{ name: n, call: S/M, eventually: {eventually} }} ]"));
        call(&outcome.case("a.yaml::n")).eventually.expect("it is tried again").every
    };
    assert_eq!(every("{ within: 5s }"), Duration::from_millis(100));
    assert_eq!(every("{ within: 20ms }"), Duration::from_millis(20));
}

#[test]
fn a_suite_and_a_file_have_steps_around_their_cases() {
    let outcome = load(
        "secrets: [env.TOKEN, token]
setup: [ { call: Auth/LogIn, capture: { token: response.token } } ]
teardown: [ { call: Auth/LogOut } ]
",
        "server: b
serial: true
lock: [db, net]
setup: [ { call: S/Make }, { sleep: 1s } ]
teardown: [ { call: S/Remove } ]
cases:
- { name: n, call: S/M, lock: [net, disk] }
",
    );
    let config = &outcome.only_suite().config;
    let server = |step: &Step| step.call().map(|call| call.server.value.clone());
    assert_eq!(config.setup.iter().map(server).collect::<Vec<_>>(), [Some("a".to_owned())]);
    assert_eq!(config.teardown.len(), 1);
    let secrets: Vec<&Secret> = config.secrets.iter().map(|secret| &secret.value).collect();
    assert_eq!(secrets, [&Secret::Environment("TOKEN".into()), &Secret::Variable("token".into())]);
    let file = file(&outcome);
    assert!(file.serial);
    assert_eq!(file.setup.iter().map(server).collect::<Vec<_>>(), [Some("b".to_owned()), None]);
    assert_eq!(file.teardown.len(), 1);
    assert_eq!(*outcome.case("a.yaml::n").locks, ["db", "net", "disk"]);
}

#[test]
fn what_a_script_receives_may_be_captured() {
    let outcome = load(
        "",
        "cases:
- name: n
  call: S/Talk
  stream:
    - recv: {}
      capture: { room: response.room }
    - { call: S/M, capture: { other: response.id } }
  capture: { last: response.n }
",
    );
    let case = outcome.case("a.yaml::n");
    let captured: Vec<&str> = case.steps[0].captures().map(|capture| &*capture.name.value).collect();
    assert_eq!(captured, ["room", "other", "last"], "in the order in which they have their values");
}

#[test]
fn secrets_are_looked_for_where_all_files_are_known() {
    let suite = &format!("{SUITE}secrets: [tokn]\n");
    let with_token = "cases: [ { name: n, call: S/M, capture: { token: response.t } } ]";
    let folder = Folder::new(&[("grpc-spec.yaml", suite), ("a.yaml", with_token)]);
    assert_eq!(folder.load(&[""]).errors(), ["grpc-spec.yaml:5:11: the secret `tokn` is not defined"]);
    assert_eq!(folder.load(&["a.yaml"]).errors(), [""; 0], "another file may define it");
    let in_a_profile =
        &format!("{SUITE}secrets: [token]\nprofiles: {{ p: {{ vars: {{ token: long enough to hide }} }} }}\n");
    let folder = Folder::new(&[("grpc-spec.yaml", in_a_profile), ("a.yaml", "cases: [ { name: n, call: S/M } ]")]);
    assert_eq!(folder.load(&[""]).errors(), [""; 0]);
}

#[test]
fn a_profile_replaces_setup_and_adds_secrets() {
    let suite = &format!(
        "{SUITE}setup: [ {{ call: S/One }} ]\nsecrets: [env.A]\nprofiles: {{ p: {{ setup: [ {{ call: S/Two }} ], secrets: [env.B] }} }}\n"
    );
    let folder = Folder::new(&[("grpc-spec.yaml", suite), ("a.yaml", "cases: [ { name: n, call: S/M } ]")]);
    let outcome = folder.load_with(&[""], &Overrides { profile: Some("p".to_owned()), ..Overrides::default() });
    let config = &outcome.only_suite().config;
    let [step] = &*config.setup else { panic!("one step") };
    assert_eq!(step.call().map(|call| call.call.value.as_str()), Some("S/Two"));
    assert_eq!(config.secrets.len(), 2);
}
