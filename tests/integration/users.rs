//! Scenarios on a server that remembers: under both front ends they pass, in parallel, and leave nobody behind; not
//! after a failure, not after an interrupt half way. What is left, the server is asked by tonic's own client.

use grpc_spec_fixture_server::proto::users::CountRequest;
use grpc_spec_fixture_server::proto::users::users_client::UsersClient;
use rustix::process::Signal;
use tonic::transport::Endpoint;

use crate::support::{Ended, Folder, Invocation, Running, eventually, fixture_address, gone, program};

/// How the cases are run.
#[derive(Debug, Clone, Copy)]
enum FrontEnd {
    Binary,
    Harness,
}

const BOTH: [FrontEnd; 2] = [FrontEnd::Binary, FrontEnd::Harness];

impl FrontEnd {
    /// A run of `path` on the fixture server, as this tenant.
    fn invoke(self, folder: &Folder, path: &str, tenant: &str) -> Invocation {
        let (server, tenant) = (format!("users={}", fixture_address()), format!("tenant={tenant}"));
        match self {
            Self::Binary => folder.grpc_spec(["run", path, "--server", &server, "--var", &tenant]),
            Self::Harness => {
                let harness = folder.run(program()).env("HARNESS_PATH", path);
                harness.env("HARNESS_SERVER", server).env("HARNESS_VAR", tenant)
            }
        }
    }

    fn run(self, folder: &Folder, path: &str, tenant: &str) -> Ended {
        self.invoke(folder, path, tenant).run()
    }

    /// The exit code of a run with a case that fails.
    fn failure(self) -> i32 {
        match self {
            Self::Binary => 1,
            Self::Harness => 101,
        }
    }

    /// A tenant of nobody else.
    fn tenant(self, test: &str) -> String {
        format!("{test}-{self:?}")
    }
}

/// How many users the fixture server has for a tenant.
fn users_of(tenant: &str) -> i32 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let channel = Endpoint::from_static(fixture_address()).connect().await.expect("the fixture server listens");
        let request = CountRequest { tenant: tenant.to_owned() };
        UsersClient::new(channel).count(request).await.expect("it counts").into_inner().users
    })
}

/// The suite of `cases/users`, with this as its only file.
fn scenario(cases: &str) -> Folder {
    let folder = Folder::new().file("a.yaml", cases);
    let suite = Folder::of_the_example().read("cases/users/grpc-spec.yaml").replace("../../protos", "./protos");
    folder.file("grpc-spec.yaml", &suite)
}

/// A user is created, and then something takes as long as it likes.
const STUCK: &str = "service: Users
serial: true
cases:
  - { name: is quick, call: List }
  - name: waits for what never happens
    steps:
      - { call: Create, request: { name: ada, provisioning: 1h }, capture: { user_id: response.id } }
      - call: Get
        request: { id: \"${user_id}\" }
        expect: { response: { state: ACTIVE } }
        eventually: { within: 10m, every: 10ms }
    teardown:
      - { call: Delete, request: { id: \"${user_id}\" } }
";

/// Runs it up to where it is stuck, with one user there.
fn stuck(front_end: FrontEnd, folder: &Folder, tenant: &str) -> Running {
    let running = front_end.invoke(folder, ".", tenant).start();
    eventually("a user", || (users_of(tenant) == 1).then_some(()));
    running
}

#[test]
fn the_scenarios_pass_in_parallel_and_leave_nobody() {
    let folder = Folder::of_the_example();
    for front_end in BOTH {
        let tenant = front_end.tenant("passes");
        let ended = front_end.run(&folder, "cases/users", &tenant).exits(0);
        let table = "tables.yaml::a name comes back as it was sent, or is refused[";
        let rows = ended.stdout.lines().filter(|line| line.contains(table) && line.ends_with(')')).count();
        let passed = ended.stdout.lines().filter(|line| line.contains(table) && line.contains("... ok")).count();
        assert_eq!((rows.max(passed), passed), (1000, 1000), "{front_end:?}");
        assert_eq!(users_of(&tenant), 0, "{front_end:?}");
    }
}

#[test]
fn nobody_is_left_after_a_step_that_fails() {
    let folder = Folder::of_the_example().change(
        "cases/users/life.yaml",
        "expect: { response: { state: ACTIVE } }\n        eventually: { within: 10s",
        "expect: { response: { state: 7 } }\n        eventually: { within: 1s",
    );
    for front_end in BOTH {
        let tenant = front_end.tenant("fails");
        let ended = front_end.run(&folder, "cases/users/life.yaml", &tenant).exits(front_end.failure());
        ended.says("a user is created, becomes active, changes, and goes").says("expected state = 7");
        ended.says_not("nobody is left behind");
        assert_eq!(users_of(&tenant), 0, "{front_end:?}");
    }
}

#[test]
fn what_a_failed_step_has_made_is_undone_as_well() {
    let folder = scenario(
        "service: Users
cases:
  - name: is created, but not as expected
    steps:
      - call: Create
        request: { name: one }
        expect: { response: { state: PROVISIONING } }
        capture: { user_id: response.id }
    teardown:
      - { call: Delete, request: { id: \"${user_id}\" } }
  - name: is known by the step
    steps:
      - { id: create, call: Create, request: { name: two }, expect: { response: { version: 2 } } }
    teardown:
      - { call: Delete, request: { id: \"${steps.create.response.id}\" } }
  - name: is created within a stream that goes wrong
    call: Watch
    stream:
      - send: { after: 0 }
      - { call: Create, request: { name: three }, capture: { user_id: response.id } }
      - recv_until: { kind: CREATED, user: { id: \"${user_id}\" } }
        capture: { name: response.user.name }
      - recv: { kind: DELETED }
        within: 10ms
    teardown:
      - { call: Delete, request: { name: \"${name}\" } }
      - { call: Delete, request: { id: \"${user_id}\" }, expect: { status: NOT_FOUND } }
",
    );
    for front_end in BOTH {
        let tenant = front_end.tenant("undone");
        let ended = front_end.run(&folder, ".", &tenant).exits(front_end.failure());
        ended.says_not("its teardown failed").says_not("nobody is left behind");
        assert_eq!(users_of(&tenant), 0, "{front_end:?}\n{ended}");
    }
}

#[test]
fn a_suite_that_leaves_somebody_says_so() {
    let folder = scenario("cases:\n  - { name: leaves, call: Users/Create, request: { name: ada } }\n");
    for front_end in BOTH {
        let ended = front_end.run(&folder, ".", &front_end.tenant("leaves"));
        let ended = ended.exits(front_end.failure());
        ended.says("teardown").says("expected users = 0").says("actual: 1 (int32)");
    }
}

#[test]
fn a_setup_that_fails_is_an_error_of_every_case_it_is_for() {
    let folder = scenario("cases:\n  - { name: a, call: Users/List }\n  - { name: b, call: Users/List }\n");
    for front_end in BOTH {
        let wrong = front_end.invoke(&folder, ".", "setup-fails").env("USERS_PASSWORD", "open barley");
        let ended = wrong.run().exits(front_end.failure());
        ended.says("wrong password").says("a.yaml::a").says("a.yaml::b").says_not("open barley");
    }
}

#[test]
fn nobody_is_left_after_an_interrupt() {
    let folder = scenario(STUCK);
    for front_end in BOTH {
        let tenant = front_end.tenant("interrupted");
        let running = stuck(front_end, &folder, &tenant);
        running.signal(Signal::INT);
        let ended = running.end().exits(130);
        ended.says("interrupted");
        assert_eq!(users_of(&tenant), 0, "{front_end:?}\n{ended}");
    }
}

#[test]
fn an_interrupt_leaves_nobody_of_a_table_half_way() {
    let rows = (0..400).map(|at| format!("      - {{ who: user {at} }}")).collect::<Vec<_>>().join("\n") + "\n";
    let cases = format!(
        "service: Users
cases:
  - name: a user is there for a while
    rows:
{rows}    steps:
      - {{ call: Create, request: {{ name: \"${{who}}\" }}, capture: {{ user_id: response.id }} }}
      - sleep: 50ms
      - {{ call: Get, request: {{ id: \"${{user_id}}\" }} }}
    teardown:
      - {{ call: Delete, request: {{ id: \"${{user_id}}\" }} }}
"
    );
    let folder = scenario(&cases);
    for front_end in BOTH {
        let tenant = front_end.tenant("half-way");
        let running = front_end.invoke(&folder, ".", &tenant).start();
        eventually("some users", || (users_of(&tenant) > 2).then_some(()));
        running.signal(Signal::INT);
        let ended = running.end().exits(130);
        assert_eq!(users_of(&tenant), 0, "{front_end:?}\n{ended}");
    }
}

#[test]
fn no_program_is_left_when_a_scenario_is_killed() {
    let folder = scenario(STUCK);
    let suite = folder.read("grpc-spec.yaml");
    let (before, after) = (suite.find("  users:").expect("a server"), suite.find("profiles:").expect("profiles"));
    let server = "  users: { start: { command: [./program, serve, \"${port}\"], env: { PID_FILE: pid } } }\n";
    folder.write("grpc-spec.yaml", &format!("{}{server}{}", &suite[..before], &suite[after..]));
    for signal in [Signal::KILL, Signal::INT] {
        for front_end in BOTH {
            let run = match front_end {
                FrontEnd::Binary => folder.grpc_spec(["run", "."]),
                FrontEnd::Harness => folder.run(program()).env("HARNESS_PATH", "."),
            };
            let running = run.start();
            running.wait_for("is quick");
            running.signal(signal);
            let _ = running.end();
            gone(&folder.path("pid"));
        }
    }
}
