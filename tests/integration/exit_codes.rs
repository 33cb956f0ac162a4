//! The table of exit codes, in both front ends.

use rustix::process::Signal;

use crate::support::{Ended, Folder, fixture_address, many_cases, program};

const PASSES: &str = "  - { name: passes, call: Greeter/SayHello }\n";
const FAILS: &str = "  - { name: fails, call: Greeter/SayHello, expect: { response: { message: x } } }\n";
const REACHES_NOBODY: &str = "  - { name: reaches nobody, server: nowhere, call: Greeter/SayHello }\n";
const IS_INVALID: &str = "  - { name: is invalid, call: Greeter/SayHelo }\n";
const IS_SLOW: &str =
    "  - { name: is slow, server: echo, call: Echo/Unary, timeout: 10m, request: { answer: { delay: 5m } } }\n";

fn suite(cases: &[&str]) -> Folder {
    let address = fixture_address();
    let servers = format!("  greeter: {{ address: \"{address}\" }}\n  echo: {{ address: \"{address}\" }}\n");
    Folder::suite(&format!("{servers}  nowhere: {{ address: \"http://127.0.0.1:1\" }}\nserver: greeter\n"))
        .file("a.yaml", &format!("cases:\n{}", cases.concat()))
}

fn run(cases: &[&str]) -> Ended {
    suite(cases).grpc_spec(["run", "."]).run()
}

fn harness(cases: &[&str]) -> Ended {
    let folder = suite(cases);
    folder.run(program()).env("HARNESS_PATH", ".").run()
}

#[test]
fn is_0_when_everything_passed() {
    let _ = run(&[PASSES]).exits(0);
    let _ = harness(&[PASSES]).exits(0);
}

#[test]
fn is_1_when_something_failed() {
    let _ = run(&[PASSES, FAILS]).exits(1);
    let _ = harness(&[PASSES, FAILS]).exits(101);
}

#[test]
fn is_2_when_something_is_invalid_and_then_nothing_is_called() {
    let ended = run(&[PASSES, FAILS, IS_INVALID]).exits(2);
    assert_eq!(ended.stdout, "", "no case is run");
    // every case is a test: the others still run
    harness(&[PASSES, FAILS, IS_INVALID]).exits(101).says("1 passed; 2 failed");
}

#[test]
fn is_3_when_a_server_cannot_be_reached_whatever_else_failed() {
    run(&[PASSES, REACHES_NOBODY]).exits(3).says("1 passed; 0 failed; 1 error");
    run(&[FAILS, REACHES_NOBODY]).exits(3).says("0 passed; 1 failed; 1 error");
    let _ = harness(&[PASSES, REACHES_NOBODY]).exits(101);
}

#[test]
fn is_4_when_nothing_was_selected() {
    let folder = suite(&[PASSES]);
    for command in ["run", "list", "check"] {
        folder
            .grpc_spec([command, ".", "--filter", "nothing like it"])
            .run()
            .exits(4)
            .says("no case is selected, of 1");
    }
    Folder::new().grpc_spec(["run", "."]).run().exits(4).says("there are no cases");
}

#[test]
fn is_130_when_interrupted() {
    for signal in [Signal::INT, Signal::TERM] {
        let folder = suite(&[PASSES, IS_SLOW, FAILS]);
        let running = folder.grpc_spec(["run", ".", "--jobs", "1", "--junit", "junit.xml"]).start();
        running.wait_for("test a.yaml::passes ... ok");
        running.signal(signal);
        let ended = running.end().exits(130);
        ended.says("test a.yaml::is slow ... not run, interrupted").says("test a.yaml::fails ... not run, interrupted");
        assert!(folder.read("junit.xml").contains("is slow"), "the report is written nevertheless");
    }
}

#[test]
fn is_130_when_nobody_reads_what_is_written() {
    let passing = many_cases(500);
    let folder = suite(&[&passing, FAILS]);
    let running = folder.grpc_spec(["run", "."]).start();
    running.close_stdout();
    running.end().exits(130).says_not("panicked");
}
