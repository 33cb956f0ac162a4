//! What happens after our own end can only be seen from outside: these tests run this test binary again, as the process
//! that ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::super::log::LogPosition;
use super::super::process::{Launch, Process};
use super::super::testing::{gone, runs};
use super::{prepare, warning};

/// Set where this binary runs as the process that ends.
const AGAIN: &str = "GRPC_SPEC_TEST_RUNS_AGAIN";
/// Two processes that mind no SIGTERM, and a third that does.
const TREE: &str = "trap '' TERM; (while :; do sleep 0.01; done) & echo tree $$ $!; \
                    (trap - TERM; exec sleep 1000) & echo tree $!; wait";

/// One test of this binary, as a process of its own.
fn again(test: &str) -> Command {
    let binary = std::env::current_exe().expect("the test binary has a path");
    let mut command = Command::new(binary);
    command.args(["--exact", &format!("server::guard::tests::{test}")]).env(AGAIN, "1");
    command
}

/// Runs one test of this binary again, to start [`TREE`]; returns the process and the ids of the tree.
fn run_again(test: &str) -> (Child, Vec<String>) {
    let mut child = again(test).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the test binary runs");
    let output = BufReader::new(child.stdout.take().expect("it is piped"));
    let ids = output
        .lines()
        .map(|line| line.expect("a line of text"))
        .find_map(|line| line.strip_prefix("ids ").map(|ids| ids.split(' ').map(str::to_owned).collect::<Vec<_>>()))
        .expect("it says what it started");
    assert_eq!(ids.len(), 3);
    (child, ids)
}

/// In the process that ends: starts the tree, says so, and calls `exit` when its standard input ends.
fn start_tree() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let started = runtime.block_on(async {
        let launch = Launch {
            program: "/bin/sh".to_owned(),
            arguments: vec!["-c".to_owned(), TREE.to_owned()],
            cwd: PathBuf::from("/"),
            ..Launch::default()
        };
        let process = Process::spawn(&launch).expect("sh runs");
        let mut lines = process.log().subscribe();
        lines.wait_for(|ended| *ended == 2).await.expect("the log is alive");
        process
    });
    let text = started.log().since(LogPosition::default()).text;
    let ids: Vec<&str> = text.split_whitespace().filter(|word| *word != "tree").collect();
    #[expect(clippy::disallowed_methods, reason = "a program of a test")]
    std::io::stdout().write_all(format!("\nids {}\n", ids.join(" ")).as_bytes()).expect("somebody reads");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("it can be read");
    // Without unwinding, so that nothing is dropped.
    std::process::exit(i32::from(started.exit().is_some()));
}

/// The test `name`: the tree, started by a process that is ended by `end`, is gone.
fn tree_is_gone_after(name: &str, end: impl FnOnce(&mut Child)) {
    if std::env::var_os(AGAIN).is_some() {
        return start_tree();
    }
    let (mut child, ids) = run_again(name);
    assert!(ids.iter().all(|id| runs(id)), "{ids:?} run until then");
    end(&mut child);
    child.wait().expect("it ends");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for id in &ids {
        runtime.block_on(gone(id));
    }
}

#[test]
fn nothing_is_left_when_we_are_killed() {
    tree_is_gone_after("nothing_is_left_when_we_are_killed", |child| child.kill().expect("it runs"));
}

#[test]
fn nothing_is_left_when_we_exit() {
    tree_is_gone_after("nothing_is_left_when_we_exit", |child| drop(child.stdin.take()));
}

#[test]
fn without_sh_the_run_goes_on_with_one_warning() {
    if std::env::var_os(AGAIN).is_some() {
        assert!(warning().is_none(), "nothing was tried");
        prepare();
        assert!(warning().expect("there is no sh").headline.starts_with("started servers have no guard"));
        prepare();
        assert!(warning().is_none(), "it was said");
        return;
    }
    let status = again("without_sh_the_run_goes_on_with_one_warning").env("PATH", "/no/such/folder").status();
    assert!(status.expect("the test binary runs").success());
}
