use super::super::log::{LogPosition, LogTail};
use super::super::testing::{PATIENCE, gone, runs};
use super::*;

fn sh(script: &str) -> Process {
    let launch = Launch {
        program: "sh".to_owned(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        cwd: std::env::temp_dir(),
        ..Launch::default()
    };
    Process::spawn(&launch).expect("sh runs")
}

/// Waits for a line that starts with `start`, and returns the rest of it.
async fn line(process: &Process, start: &str) -> String {
    let mut ended = process.log.subscribe();
    let wait = async {
        loop {
            let (lines, _) = process.log.lines(LogPosition::default());
            if let Some(rest) = lines.iter().find_map(|line| line.strip_prefix(start)) {
                return rest.to_owned();
            }
            ended.changed().await.expect("the log is alive");
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no line starts with {start:?}: {:?}", whole(process)))
}

fn whole(process: &Process) -> LogTail {
    process.log.since(LogPosition::default())
}

#[tokio::test]
async fn output_is_kept_in_the_order_written() {
    let mut process = sh("echo one; echo two >&2; printf 'three'; exit 3");
    let exit = timeout(PATIENCE, process.exited()).await.expect("it ends");
    assert_eq!(exit.to_string(), "exit code 3");
    assert_eq!(whole(&process).text, "one\ntwo\nthree\n");
}

#[tokio::test]
async fn a_signal_that_ended_it_is_named() {
    let mut process = sh("kill -s KILL $$");
    let exit = timeout(PATIENCE, process.exited()).await.expect("it ends");
    assert_eq!(exit.to_string(), "signal 9 (SIGKILL)");
    assert!(!exit.success());
}

#[tokio::test]
async fn standard_input_is_empty() {
    let mut process = sh("cat; echo end");
    timeout(PATIENCE, process.exited()).await.expect("nothing to read");
    assert_eq!(whole(&process).text, "end\n");
}

#[tokio::test]
async fn a_stop_ends_children_too() {
    let process = sh("sleep 1000 & echo child $!; (sleep 1000 & echo grandchild $!; wait) & wait");
    let (child, grandchild) = (line(&process, "child ").await, line(&process, "grandchild ").await);
    process.stop(PATIENCE).await;
    assert!(!runs(&child) && !runs(&grandchild), "a stop returns when nothing is left");
}

#[tokio::test]
async fn a_stop_lets_it_end_in_good_order() {
    let process = sh("trap 'echo closing; exit 0' TERM; echo up; while :; do sleep 0.01; done");
    line(&process, "up").await;
    let log = Arc::clone(process.log());
    process.stop(PATIENCE).await;
    let text = log.since(LogPosition::default()).text;
    assert!(text.ends_with("closing\n"), "{text:?}");
}

#[tokio::test]
async fn what_ignores_a_stop_is_killed_after_the_grace() {
    let process = sh("trap '' TERM; sh -c 'trap \"\" TERM; echo child $$; while :; do sleep 0.01; done' & wait");
    let (child, log) = (line(&process, "child ").await, Arc::clone(process.log()));
    timeout(PATIENCE, process.stop(Duration::from_millis(50))).await.expect("the grace ends");
    assert!(!runs(&child), "{:?}", log.since(LogPosition::default()));
}

#[tokio::test]
async fn a_drop_kills_at_once() {
    let process = sh("trap '' TERM; sleep 1000 & echo child $!; while :; do sleep 0.01; done");
    let child = line(&process, "child ").await;
    drop(process);
    gone(&child).await;
}

#[tokio::test]
async fn a_runtime_that_ends_takes_its_processes_along() {
    let child = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (process, child) = runtime.block_on(async {
            let process = sh("sleep 1000 & echo child $!; wait");
            let child = line(&process, "child ").await;
            (process, child)
        });
        drop(runtime);
        drop(process);
        child
    });
    gone(&child.join().expect("no panic")).await;
}

#[tokio::test]
async fn children_of_a_program_that_ended_are_ended() {
    let mut process = sh("sleep 1000 & echo child $!");
    timeout(PATIENCE, process.exited()).await.expect("its child does not keep it");
    gone(line(&process, "child ").await.trim()).await;
}

#[tokio::test]
async fn a_program_that_closes_its_output_still_runs() {
    let process = sh("echo $$; exec >&- 2>&-; exec sleep 1000");
    let id = line(&process, "").await;
    let mut process = process;
    timeout(PATIENCE, &mut process.reader).await.expect("the output ends").expect("no panic");
    assert_eq!(process.exit(), None);
    assert!(runs(&id));
    process.stop(PATIENCE).await;
    assert!(!runs(&id));
}

#[tokio::test]
async fn a_stop_of_what_has_ended_returns() {
    let mut process = sh("exit 0");
    assert!(timeout(PATIENCE, process.exited()).await.expect("it ends").success());
    timeout(PATIENCE, process.stop(PATIENCE)).await.expect("nothing is left to wait for");
}
