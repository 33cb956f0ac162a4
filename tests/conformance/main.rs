//! The connectrpc conformance suite for clients, on the engine. It runs when `CONNECTCONFORMANCE` names its runner:
//!
//! ```text
//! go install connectrpc.com/conformance/cmd/connectconformance@v1.0.6
//! CONNECTCONFORMANCE=~/go/bin/connectconformance cargo test --test conformance
//! ```
//!
//! The runner starts servers of its own and this program again, as the client under test.

mod client;
mod protocol;

use std::env;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};

const RUNNER: &str = "CONNECTCONFORMANCE";

/// Cases of the suite that the configuration asks for, at least; fewer would be less than all of gRPC.
const CASES: usize = 1056;

/// This program again, as the client under test.
const AS_CLIENT: &str = "--as-client";

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some(AS_CLIENT) {
        return client::run();
    }
    let runner = env::var_os(RUNNER);
    let ignored = runner.is_none();
    let suite = Trial::test("connectrpc_client_suite", move || run_suite(Path::new(&runner.unwrap_or_default())));
    libtest_mimic::run(&Arguments::from_args(), vec![suite.with_ignored_flag(ignored)]).exit_code()
}

/// Runs the suite once; what it prints is printed.
fn run_suite(runner: &Path) -> Result<(), Failed> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/config.yaml");
    let output = Command::new(runner)
        .args(["--mode", "client", "-v", "--conf"])
        .arg(config)
        .arg("--")
        .arg(env::current_exe()?)
        .arg(AS_CLIENT)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run `{}`, which {RUNNER} names: {error}", runner.display()))?;
    io::stdout().write_all(&output.stdout)?;
    if !output.status.success() {
        return Err(format!("the suite ended with {}", output.status).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let total: Option<usize> = text.lines().find_map(|line| line.strip_prefix("Total cases: ")?.parse().ok());
    match total {
        Some(total) if total >= CASES => Ok(()),
        Some(total) => Err(format!("the suite has {total} cases, {CASES} at least were expected").into()),
        None => Err("the runner does not say how many cases there are".into()),
    }
}
