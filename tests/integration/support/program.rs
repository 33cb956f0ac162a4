//! The program of `tests/support/`, built when a test first needs it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::root;

/// Where it is.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build)
}

/// Asks cargo for it, in the profile and target folder that these tests were built in, where its dependencies are.
fn build() -> PathBuf {
    let profile_folder = Path::new(env!("CARGO_BIN_EXE_grpc-spec")).parent().expect("it is in a folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--test", "support", "--no-run", "--message-format=json"]).current_dir(root());
    cargo.arg("--target-dir").arg(profile_folder.parent().expect("it is in a target folder"));
    // What cargo tells these tests of their package makes build scripts run again that ask for it, ring's among them.
    let of_these_tests = |name: &String| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for name in std::env::vars().map(|(name, _)| name).filter(of_these_tests) {
        cargo.env_remove(name);
    }
    let profile = profile_folder.file_name().expect("it has a name");
    if profile != "debug" {
        cargo.arg("--profile").arg(profile);
    }
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "support")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names what it built")
}
