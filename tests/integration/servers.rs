//! Servers that a run starts: those that do not come up, those that die, and that none is left behind.

use rustix::process::Signal;

use crate::support::{Folder, Running, assert_golden, gone};

const GREETS: &str =
    "cases:\n  - { name: greets, call: Greeter/SayHello }\n  - { name: greets again, call: Greeter/SayHello }\n";

/// A suite whose one server is started so.
fn started(start: &str) -> Folder {
    Folder::suite(&format!("  only: {{ start: {{ {start} }} }}\n")).file("a.yaml", GREETS)
}

/// What a run of it says; it must end with 3.
#[track_caller]
fn transcript(folder: &Folder) -> String {
    let ended = folder.grpc_spec(["run", ".", "--jobs", "1"]).run().exits(3);
    folder.redact(&ended.transcript())
}

#[test]
fn a_program_that_is_not_there_is_told_once() {
    assert_golden("server_not_found", &transcript(&started("command: [no-such-program, \"${port}\"]")));
}

#[test]
fn a_program_that_exits_early_is_told_with_its_log() {
    let folder = started("command: [sh, -c, \"echo reading settings; echo cannot bind >&2; exit 3\"]");
    assert_golden("server_exits_early", &transcript(&folder));
}

#[test]
fn a_program_that_never_gets_ready_is_told_with_its_log_and_stopped() {
    let folder = started(
        "command: [sh, -c, \"echo $$ > pid; echo still loading; sleep 600 & exec sleep 600\"], ready: { within: 300ms }",
    );
    assert_golden("server_never_ready", &transcript(&folder));
    gone(&folder.path("pid"));
}

#[test]
fn a_build_that_fails_is_told_with_what_it_wrote() {
    let folder =
        started("build: [sh, -c, \"echo 'expected `;`' >&2; exit 101\"], command: [./program, serve, \"${port}\"]");
    assert_golden("server_build_fails", &transcript(&folder));
}

#[test]
fn a_server_that_is_not_there_is_told_for_each_case() {
    let folder = Folder::suite("  only: { address: \"http://127.0.0.1:1\" }\n").file("a.yaml", GREETS);
    assert_golden("server_not_there", &transcript(&folder));
}

#[test]
fn the_case_a_server_dies_in_is_judged_and_later_ones_are_errors() {
    // Ready by its log, and written to by the case it dies in only: what came before that case was read before it too.
    let start = "command: [./program, serve, \"${port}\"], ready: { log: listening on }";
    let folder = Folder::suite(&format!("  only: {{ start: {{ {start} }} }}\n")).file(
        "a.yaml",
        "cases:
  - { name: lives, call: Greeter/SayHello }
  - { name: kills it, call: TestServer/GetRandom, request: { id: die } }
  - { name: comes too late, call: TestServer/GetRandom, request: { id: b } }
",
    );
    assert_golden("server_dies", &transcript(&folder));
}

/// A server that tells its process id, and a child of its own; the case that calls it takes as long as it likes.
fn slow() -> Folder {
    let command = "[sh, -c, 'sleep 600 & echo $! > child; exec \"$0\" serve \"$1\"', ./program, \"${port}\"]";
    Folder::suite(&format!("  only: {{ start: {{ command: {command}, env: {{ PID_FILE: pid }} }} }}\n")).file(
        "a.yaml",
        "cases:
  - { name: is quick, call: Echo/Unary }
  - { name: is slow, call: Echo/Unary, timeout: 10m, request: { answer: { delay: 5m } } }
",
    )
}

fn in_the_slow_case(folder: &Folder) -> Running {
    let running = folder.grpc_spec(["run", ".", "--jobs", "1"]).start();
    running.wait_for("is quick ... ok");
    running
}

fn nothing_is_left(folder: &Folder) {
    gone(&folder.path("pid"));
    gone(&folder.path("child"));
}

#[test]
fn nothing_is_left_after_a_run_that_passes() {
    let folder = slow();
    let _ = folder.grpc_spec(["run", ".", "--filter", "quick"]).run().exits(0);
    nothing_is_left(&folder);
}

#[test]
fn nothing_is_left_after_a_run_that_fails() {
    let folder = slow().change(
        "a.yaml",
        "{ name: is quick, call: Echo/Unary }",
        "{ name: is quick, call: Echo/Unary, expect: { status: INTERNAL } }",
    );
    let _ = folder.grpc_spec(["run", ".", "--filter", "quick"]).run().exits(1);
    nothing_is_left(&folder);
}

#[test]
fn nothing_is_left_after_an_interrupt() {
    let folder = slow();
    let running = in_the_slow_case(&folder);
    running.signal(Signal::INT);
    let _ = running.end().exits(130);
    nothing_is_left(&folder);
}

#[test]
fn nothing_is_left_after_a_second_interrupt() {
    let folder = slow();
    let running = in_the_slow_case(&folder);
    running.signal(Signal::INT);
    running.signal(Signal::INT);
    let _ = running.end().exits(130);
    nothing_is_left(&folder);
}

#[test]
fn nothing_is_left_when_grpc_spec_is_killed() {
    let folder = slow();
    let running = in_the_slow_case(&folder);
    running.signal(Signal::KILL);
    running.end().killed_by(Signal::KILL);
    nothing_is_left(&folder);
}

#[test]
fn check_and_list_start_nothing() {
    let folder = slow();
    for command in ["check", "list"] {
        let _ = folder.grpc_spec([command, "."]).run().exits(0);
    }
    assert!(!folder.path("pid").exists() && !folder.path("child").exists());
}
