//! The failing gallery: what `grpc-spec run` says of each file against the fixture server, beside the file.

use std::fs;
use std::path::PathBuf;

use regex::Regex;

use crate::support::{Goldens, grpc_spec, redact, root};

const GALLERY: &str = "fixtures/failing";

/// Files of cases that cannot be judged, since nobody answers.
const UNREACHABLE: [&str; 1] = ["nobody_there.yaml"];

#[test]
fn every_failing_case_is_explained() {
    let mut goldens = Goldens::default();
    let mut files: Vec<PathBuf> = fs::read_dir(root().join(GALLERY))
        .expect("the gallery is read")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "yaml") && !path.ends_with("grpc-spec.yaml")
        })
        .collect();
    files.sort();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let run = grpc_spec(["run", &format!("{GALLERY}/{name}"), "--jobs", "1"])
            .with_fixture_servers(&["greeter", "random", "echo", "users", "forgetful"])
            .run();
        let ended = run.exits(if UNREACHABLE.contains(&name) { 3 } else { 1 });
        assert_eq!(ended.stderr, "", "{name}");
        assert!(!ended.stdout.contains("... ok"), "a case passes in {name}\n{ended}");
        goldens.compare(&file.with_extension("stdout"), &refused(&redact(&ended.stdout)));
    }
    goldens.assert_are_all_in(&root().join(GALLERY), "stdout");
    goldens.assert();
}

/// A call of a method that is not served is refused by its path: whether its message has left by then is another matter
/// each time.
fn refused(text: &str) -> String {
    let unsent = Regex::new(r"(?m)^(status: UNIMPLEMENTED, .*, trailers only\n)unsent: 1 of 1 message: .*\n");
    unsent.expect("a pattern").replace_all(text, "$1").into_owned()
}
