//! The broken gallery: what `grpc-spec check` says of each file, beside the file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Goldens, grpc_spec, root};

const GALLERY: &str = "fixtures/broken";
const SUITES: &str = "fixtures/broken-suites";

/// Entries of a folder of the repository, as paths below the repository, sorted.
fn entries(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the gallery is read");
    let name = |path: PathBuf| path.file_name().and_then(|name| name.to_str()).expect("UTF-8").to_owned();
    let mut names: Vec<String> =
        entries.map(|entry| format!("{folder}/{}", name(entry.expect("an entry").path()))).collect();
    names.sort();
    names
}

fn files() -> Vec<String> {
    let is_case_file = |path: &String| {
        let path = Path::new(path);
        path.extension().is_some_and(|extension| extension == "yaml") && !path.ends_with("grpc-spec.yaml")
    };
    entries(GALLERY).into_iter().filter(is_case_file).collect()
}

/// What is said of it on standard error; it must be wrong, and nothing may be said elsewhere.
#[track_caller]
fn said_of(path: &str) -> String {
    let ended = grpc_spec(["check", path]).run().exits(2);
    assert_eq!(ended.stdout, "", "{path}");
    assert!(ended.stderr.contains("error: "), "{path} passes\n{ended}");
    ended.stderr
}

#[test]
fn every_broken_file_is_told_apart() {
    let mut goldens = Goldens::default();
    for file in files() {
        goldens.compare(&root().join(&file).with_extension("stderr"), &said_of(&file));
    }
    goldens.assert_are_all_in(&root().join(GALLERY), "stderr");
    goldens.assert();
}

#[test]
fn every_broken_suite_is_told_apart() {
    let mut goldens = Goldens::default();
    for suite in entries(SUITES) {
        goldens.compare(&root().join(&suite).join("check.stderr"), &said_of(&suite));
    }
    goldens.assert_are_all_in(&root().join(SUITES), "stderr");
    goldens.assert();
}

#[test]
fn all_errors_of_all_files_are_told_in_one_pass() {
    let said = said_of(GALLERY);
    for file in files() {
        let alone = fs::read_to_string(root().join(&file).with_extension("stderr")).expect("its golden file");
        for told in alone.split("\n\n").filter(|told| told.starts_with("error: ")) {
            assert!(said.contains(told.trim_end()), "{file}: missing when all are checked:\n{told}");
        }
    }
}

#[test]
fn every_error_names_its_place() {
    for file in files() {
        let golden = fs::read_to_string(root().join(&file).with_extension("stderr")).expect("its golden file");
        for told in golden.split("\n\n").filter(|told| told.starts_with("error: ")) {
            let place = told.lines().nth(1).unwrap_or_default().trim_start();
            let rows = format!("--> {GALLERY}/rows/");
            assert!(place.starts_with(&format!("--> {file}:")) || place.starts_with(&rows), "{told}");
        }
        assert!(Path::new(&file).is_relative() && golden.ends_with('\n'), "{file}");
    }
}
