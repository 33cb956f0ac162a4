use std::ffi::OsString;
use std::net::TcpListener;

use super::super::log::LogPosition;
use super::super::testing::{HEALTH, PATIENCE, Reply, TestSuite, gone, runs, serve_grpc, suite};
use super::*;
use crate::diagnostic::Diagnostic;

/// Starts the one server of `yaml`.
async fn start(suite: &TestSuite, environment: &[(&str, &str)]) -> Result<Started, StartError> {
    let environment: Vec<(OsString, OsString)> =
        std::env::vars_os().chain(environment.iter().map(|(name, value)| (name.into(), value.into()))).collect();
    let scope = Arc::new(Scope::with_environment(environment.into_iter().collect()));
    let builds = Builds::new();
    let context = StartContext { scope: &scope, sources: &suite.sources, builds: &builds };
    tokio::time::timeout(PATIENCE, Started::start(&suite.servers[0], suite.start(), context))
        .await
        .expect("no start takes for ever")
}

async fn started(yaml: &str) -> Started {
    start(&suite(yaml), &[]).await.unwrap_or_else(|error| panic!("{error:?}"))
}

async fn failed(yaml: &str) -> (Diagnostic, String) {
    let error = start(&suite(yaml), &[]).await.expect_err("it does not start");
    let mut diagnostics = error.diagnostics.into_iter();
    let first = diagnostics.next().expect("it says why");
    assert_eq!(diagnostics.next(), None);
    (first, error.log.text)
}

/// What a program that runs writes, from its first line.
fn log(server: &Started) -> String {
    server.log().since(LogPosition::default()).text
}

fn text_at(yaml: &str, problem: &Diagnostic) -> String {
    yaml[problem.primary.as_ref().expect("a place").span.range()].to_owned()
}

#[tokio::test]
async fn a_line_of_the_log_makes_it_ready_and_names_its_port() {
    let server = started(
        r#"
        api:
          start:
            command: [sh, -c, "echo starting; echo listening on :4711; exec sleep 1000"]
            ready: { log: 'listening on .*:(?P<port>\d+)' }
        "#,
    )
    .await;
    assert_eq!(server.address(), "http://127.0.0.1:4711");
    assert_eq!(server.exited(), None);
    server.stop().await;
}

#[tokio::test]
async fn the_port_of_the_log_is_the_address_s() {
    let server = started(
        r#"
        api:
          start: { command: [sh, -c, "echo port 4711; exec sleep 1000"], ready: { log: 'port (?P<port>\d+)' } }
          address: http://localhost:${port}
        "#,
    )
    .await;
    assert_eq!(server.address(), "http://localhost:4711");
}

#[tokio::test]
async fn command_and_environment_know_port_folder_and_environment() {
    let suite = suite(
        r#"
        api:
          start:
            command: [sh, -c, 'echo "$PORT|$1|$2"; touch "$1/file"; echo up; exec sleep 1000', sh, "${dir}", "${env.WHO}"]
            env: { PORT: "port ${port}" }
            ready: { log: ^up$ }
        "#,
    );
    let server = start(&suite, &[("WHO", "me")]).await.expect("it starts");
    let text = log(&server);
    let [port, dir, who] = text.lines().next().expect("a line").split('|').collect::<Vec<_>>()[..] else {
        panic!("{text}")
    };
    let number = server.address().strip_prefix("http://127.0.0.1:").expect("the default address");
    assert_eq!((port, who), (format!("port {number}").as_str(), "me"));
    let dir = std::path::PathBuf::from(dir);
    assert!(dir.join("file").is_file());
    server.stop().await;
    assert!(!dir.exists(), "the folder is removed afterwards");
}

#[tokio::test]
async fn each_free_port_is_another() {
    let server = started(
        r#"
        api:
          start:
            command: [sh, -c, 'echo "$1 $2 $3"; exec sleep 1000', sh, "${port}", "${free_port()}", "${free_port()}"]
            ready: { log: \d }
        "#,
    )
    .await;
    let text = log(&server);
    let ports: std::collections::BTreeSet<u16> =
        text.split_whitespace().map(|port| port.parse().expect("a port")).collect();
    assert_eq!(ports.len(), 3, "{text}");
}

#[tokio::test]
async fn the_environment_s_absence_is_an_error_at_each_place() {
    let suite = suite(
        r#"api: { start: { command: [sh, "${env.GRPC_SPEC_NOT_SET}"], env: { A: "${env.GRPC_SPEC_NOR_THIS}" } } }"#,
    );
    let error = start(&suite, &[]).await.expect_err("it does not start");
    assert_eq!(error.diagnostics.iter().count(), 2, "{:?}", error.diagnostics);
}

#[tokio::test]
async fn an_early_end_is_an_error_at_once_with_the_log_s_end() {
    let yaml = r#"api: { start: { command: [sh, -c, "echo no database >&2; exit 7"] } }"#;
    let (problem, log) = failed(yaml).await;
    assert_eq!(problem.headline, "the server `api` ended before it was ready: exit code 7");
    assert_eq!((text_at(yaml, &problem).as_str(), log.as_str()), ("sh", "no database\n"));
}

#[tokio::test]
async fn a_program_that_ended_is_not_ready_whoever_answers_at_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let (problem, _) =
        failed(&format!(r#"api: {{ start: {{ command: [sh, -c, "exit 1"] }}, address: "http://{address}" }}"#)).await;
    assert_eq!(problem.headline, "the server `api` is not started: its address is taken");
}

#[tokio::test]
async fn no_matching_line_says_which_pattern_and_what_is_not_ended() {
    let yaml = r#"
        api: { start: { command: [sh, -c, "printf ready; exec sleep 1000"], ready: { log: ^ready, within: 300 } } }
    "#;
    let (problem, log) = failed(yaml).await;
    assert_eq!(problem.headline, "the server `api` was not ready within 300ms");
    assert_eq!((text_at(yaml, &problem).as_str(), log.as_str()), ("^ready", "ready"));
    assert_eq!(problem.hints[0], "the last line has no end yet, and is not looked at: `ready`");
}

#[tokio::test]
async fn what_never_gets_ready_is_stopped_in_good_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let cwd = folder.path().display();
    let script = "trap 'touch closed; exit' TERM; while :; do sleep 0.01; done";
    failed(&format!(
        r#"api: {{ start: {{ command: [sh, -c, "{script}"], cwd: '{cwd}', ready: {{ within: 500, log: never }} }} }}"#
    ))
    .await;
    assert!(folder.path().join("closed").exists());
}

#[tokio::test]
async fn a_group_that_is_no_port_is_an_error() {
    let (problem, _) = failed(
        r#"api: { start: { command: [sh, -c, "echo port 70000; exec sleep 1000"], ready: { log: 'port (?P<port>\d+)' } } }"#,
    )
    .await;
    assert_eq!(problem.headline, "the port of the server `api` cannot be read from its log");
}

#[tokio::test]
async fn what_cannot_be_spawned_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str, executable: bool| {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        let mode = if executable { 0o755 } else { 0o644 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
    };
    file("plain", "#!/bin/sh\n", false);
    file("strange", "#!/no/such/interpreter\n", true);
    let cwd = folder.path().display();
    for (command, cwd, label) in [
        ("no-such-program", cwd.to_string(), "no program `no-such-program` is in `PATH`"),
        ("./none", cwd.to_string(), "no file `./none`"),
        ("./plain", cwd.to_string(), "`./plain` is not executable"),
        ("./strange", cwd.to_string(), "`./strange` is there, but what would run it is not"),
        ("sh", format!("{cwd}/none"), "its `cwd` is no such folder"),
        ("sh", format!("{cwd}/plain"), "its `cwd` is not a folder"),
    ] {
        let yaml = format!("api: {{ start: {{ command: [{command}], cwd: '{cwd}' }} }}");
        let (problem, _) = failed(&yaml).await;
        assert_eq!(problem.headline, "the server `api` cannot be started");
        assert_eq!(problem.primary.as_ref().expect("a place").text, label);
        assert_eq!(text_at(&yaml, &problem), command);
    }
}

#[tokio::test]
async fn a_build_runs_once_for_all_who_need_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let cwd = folder.path().display();
    let yaml = format!(
        "
        api:
          start: {{ build: [sh, -c, 'echo built >> log'], command: [sh, -c, 'cat log; echo up; exec sleep 1000'], cwd: '{cwd}', ready: {{ log: up }} }}
        "
    );
    let suite = suite(&yaml);
    let (scope, builds) = (Arc::new(Scope::new()), Builds::new());
    let context = StartContext { scope: &scope, sources: &suite.sources, builds: &builds };
    let (one, other) = tokio::join!(
        Started::start(&suite.servers[0], suite.start(), context),
        Started::start(&suite.servers[0], suite.start(), context),
    );
    for server in [one, other] {
        assert_eq!(log(&server.expect("it starts")), "built\nup\n");
    }
}

#[tokio::test]
async fn a_failed_build_says_so_with_its_output() {
    let yaml = r#"api: { start: { build: [sh, -c, "echo error in line 3 >&2; exit 101"], command: [sh] } }"#;
    let (problem, log) = failed(yaml).await;
    assert_eq!(problem.headline, "the build of the server `api` failed: exit code 101");
    assert_eq!((text_at(yaml, &problem).as_str(), log.as_str()), ("sh", "error in line 3\n"));
}

#[tokio::test]
async fn a_build_that_takes_too_long_is_ended() {
    let yaml = r#"api: { start: { build: [sh, -c, "echo $$; exec sleep 1000"], build_within: 200, command: [sh] } }"#;
    let (problem, log) = failed(yaml).await;
    assert_eq!(problem.headline, "the build of the server `api` took longer than 200ms");
    assert!(!runs(&log), "the build is ended");
}

#[tokio::test]
async fn a_dropped_start_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let ids = folder.path().join("ids");
    let suite = suite(&format!(
        r#"api: {{ start: {{ command: [sh, -c, "sleep 1000 & echo $$ $! > ids.new; mv ids.new ids; wait"], cwd: '{}' }} }}"#,
        folder.path().display()
    ));
    let appeared = async {
        while !ids.exists() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        result = start(&suite, &[]) => panic!("{result:?}"),
        () = appeared => {}
    }
    for id in std::fs::read_to_string(&ids).expect("two ids").split_whitespace() {
        gone(id).await;
    }
}

/// Set where this binary runs again as a server: to be a real program, it must be one.
const SERVES: &str = "GRPC_SPEC_TEST_SERVES";

/// The command that runs the test `name` of this binary again, to be a server on `${port}`, with what stands beside it.
fn again(name: &str, beside: &str) -> String {
    let binary = std::env::current_exe().expect("the test binary has a path");
    format!(
        r#"
        api:
          start:
            command: [{binary:?}, --exact, "server::started::tests::{name}"]
            env: {{ {SERVES}: "${{port}}" }}
            {beside}
        "#
    )
}

/// The port to serve, in the process that is a server.
fn served_port() -> Option<u16> {
    std::env::var(SERVES).ok().map(|port| port.parse().expect("a port"))
}

async fn serve(port: u16, reuse: bool) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(reuse).expect("an option");
    if let Err(error) = socket.bind((std::net::Ipv4Addr::LOCALHOST, port).into()) {
        // Not by panicking: its text would come too, but in the words of the test harness.
        #[expect(clippy::disallowed_methods, reason = "a program of a test")]
        std::io::Write::write_all(&mut std::io::stderr(), format!("bind: {error}\n").as_bytes())
            .expect("somebody reads");
        std::process::exit(1);
    }
    let listener = socket.listen(16).expect("it listens");
    serve_grpc(listener, &[(HEALTH, Reply::Message(&[8, 1]))], Arc::default()).await;
}

#[tokio::test]
async fn a_program_is_ready_when_its_health_says_so() {
    if let Some(port) = served_port() {
        return serve(port, true).await;
    }
    let server = started(&again("a_program_is_ready_when_its_health_says_so", "scope: run")).await;
    let target = Target::parse(server.address()).expect("an address");
    assert!(is_taken(&target).await);
    server.stop().await;
    assert!(!is_taken(&target).await, "nothing listens any more");
}

#[tokio::test]
async fn a_program_that_cannot_bind_beside_the_hold_gets_a_port_without() {
    if let Some(port) = served_port() {
        return serve(port, false).await;
    }
    let server = started(&again("a_program_that_cannot_bind_beside_the_hold_gets_a_port_without", "scope: run")).await;
    assert_eq!(log(&server).matches("Address already in use").count(), 0, "this is the second one");
    server.stop().await;
}

#[tokio::test]
async fn a_command_that_is_not_told_its_port_is_told_so() {
    let yaml = "api: { start: { command: [sleep, '1000'], ready: { within: 200 } } }";
    let (problem, _) = failed(yaml).await;
    assert!(problem.hints[0].contains("is not told its port: pass `${port}`"), "{problem:?}");
    assert!(problem.notes[1].text.contains("refused"), "{problem:?}");
}

#[tokio::test]
async fn an_address_that_is_none_is_an_error_at_its_place() {
    let yaml = "api: { start: { command: [sleep, '1000'] }, address: grpc://localhost:1 }";
    let (problem, _) = failed(yaml).await;
    assert_eq!(text_at(yaml, &problem), "grpc://localhost:1");
    assert!(problem.headline.contains("unknown scheme `grpc://`"), "{problem:?}");
}

#[tokio::test]
async fn the_end_of_a_server_that_was_ready_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let cwd = folder.path().display();
    let script = "echo up; while [ ! -e go ]; do sleep 0.01; done; echo broken >&2; exit 9";
    let yaml = format!(r#"api: {{ start: {{ command: [sh, -c, "{script}"], cwd: '{cwd}', ready: {{ log: up }} }} }}"#);
    let mut server = started(&yaml).await;
    let position = server.log().position();
    assert_eq!(server.exited(), None);
    std::fs::write(folder.path().join("go"), "").expect("a file");
    tokio::time::timeout(PATIENCE, server.process.exited()).await.expect("it ends");
    assert_eq!(server.exited().as_deref(), Some("exit code 9"));
    assert_eq!(server.log().since(position).text, "broken\n");
    server.stop().await;
}
