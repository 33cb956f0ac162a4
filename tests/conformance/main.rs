//! The connectrpc conformance suite for clients, on the engine. It runs when `CONNECTCONFORMANCE` names its runner:
//!
//! ```text
//! go install connectrpc.com/conformance/cmd/connectconformance@v1.0.6
//! CONNECTCONFORMANCE=~/go/bin/connectconformance cargo test --test conformance
//! ```
//!
//! The runner starts servers of its own and this program again, as the client under test.
//!
//! And the conformance files of CEL, on our expressions, when `CEL_SPEC` names the folder of the Go module `cel.dev/expr`:
//!
//! ```text
//! CEL_SPEC=$(go mod download -json cel.dev/expr@v0.25.3 | jq -r .Dir) cargo test --test conformance cel
//! ```

#![expect(clippy::disallowed_methods, reason = "a program of its own, without secrets")]

mod cel;
mod client;
mod protocol;

use std::env;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};

const RUNNER: &str = "CONNECTCONFORMANCE";
const CEL_SPEC: &str = "CEL_SPEC";

/// Cases of the suite that the configuration asks for, at least; fewer would be less than all of gRPC.
const CASES: usize = 1056;

/// This program again, as the client under test.
const AS_CLIENT: &str = "--as-client";

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some(AS_CLIENT) {
        return client::run();
    }
    let suites =
        [suite("connectrpc_client_suite", RUNNER, run_suite), suite("cel_conformance_files", CEL_SPEC, cel::run)];
    libtest_mimic::run(&Arguments::from_args(), suites.into()).exit_code()
}

/// A suite on what `variable` names; ignored where it names nothing.
fn suite(name: &str, variable: &str, run: fn(&Path) -> Result<(), Failed>) -> Trial {
    let given = env::var_os(variable);
    let is_ignored = given.is_none();
    Trial::test(name, move || run(Path::new(&given.unwrap_or_default()))).with_ignored_flag(is_ignored)
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
