//! What the tests share: running a program with a bound on its time, golden files, folders of cases, the fixture
//! server, and the program of `tests/support/`.

mod bounded;
mod folder;
mod golden;
mod invocation;
mod junit_file;
mod patience;
mod program;
mod redact;
mod shared_server;

use std::path::Path;

pub(crate) use bounded::{MEMORY, run_bounded};
pub(crate) use folder::Folder;
pub(crate) use golden::{Goldens, assert_golden};
pub(crate) use invocation::{Ended, Invocation, Running};
pub(crate) use junit_file::{JUnitFile, Verdict};
pub(crate) use patience::{eventually, gone};
pub(crate) use program::program;
pub(crate) use redact::redact;
pub(crate) use shared_server::fixture_address;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Cases that pass, with more to say of them than a pipe holds.
pub(crate) fn many_cases(count: usize) -> String {
    let case = |at| format!("  - {{ name: case {at} {}, call: Greeter/SayHello }}\n", "x".repeat(200));
    (0..count).map(case).collect::<Vec<_>>().concat()
}

/// `grpc-spec` with these arguments, in the repository.
pub(crate) fn grpc_spec<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Invocation {
    Invocation::new(env!("CARGO_BIN_EXE_grpc-spec")).arguments(arguments).within(root())
}
