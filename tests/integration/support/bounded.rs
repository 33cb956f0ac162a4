//! A run of `grpc-spec` in bounded time and memory.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::{Ended, Folder, JUnitFile, fixture_address, program};

/// The longest deadline of a case that waits for it, and what a busy machine may add.
const CASE_WITHIN: Duration = Duration::from_secs(3 + 20);

/// For a whole run.
const RUN_WITHIN: Duration = Duration::from_secs(90);

/// In KiB: by how much a run may exceed one with nothing to it.
pub(crate) const MEMORY: u64 = 64 << 10;

/// The report of such a run, in its folder.
const JUNIT: &str = "junit.xml";

/// Runs with these arguments, one case after the other; panics where the run or a case takes too long, or where it takes
/// more memory than one with nothing to it, by so much.
#[track_caller]
pub(crate) fn run_bounded<'a>(
    folder: &Folder,
    arguments: impl IntoIterator<Item = &'a str>,
    memory: u64,
) -> (Ended, JUnitFile) {
    let idle = idle();
    let begun = Instant::now();
    let (ended, peak) = measured(folder, arguments);
    let took = begun.elapsed();
    assert!(took < RUN_WITHIN, "the run took {took:?}\n{ended}");
    assert!(peak < idle + memory, "{peak} KiB at most, {idle} with nothing to do\n{ended}");
    let report = JUnitFile::read(&folder.read(JUNIT));
    for case in &report.cases {
        assert!(case.seconds < CASE_WITHIN.as_secs_f64(), "{} took {} s", case.name, case.seconds);
    }
    (ended, report)
}

/// A run, and the most memory it had, in KiB.
fn measured<'a>(folder: &Folder, arguments: impl IntoIterator<Item = &'a str>) -> (Ended, u64) {
    let run = folder.run(program()).arguments(["measure", "peak", env!("CARGO_BIN_EXE_grpc-spec"), "run"]);
    let ended = run.arguments(["--jobs", "1", "--junit", JUNIT]).arguments(arguments).run();
    (ended, folder.read("peak").parse().expect("a number"))
}

/// The memory of a run with nothing to it.
fn idle() -> u64 {
    static IDLE: OnceLock<u64> = OnceLock::new();
    *IDLE.get_or_init(|| {
        let folder = Folder::suite(&format!("  only: {{ address: \"{}\" }}\n", fixture_address()))
            .file("a.yaml", "cases: [ { name: greets, call: Greeter/SayHello } ]\n");
        let (ended, peak) = measured(&folder, ["."]);
        let _ = ended.exits(0);
        peak
    })
}
