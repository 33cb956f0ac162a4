mod config;
mod discovery;
mod errors;
mod good;
mod rows;
mod scenarios;

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::diagnostic::{Diagnostic, Sources};

/// Files in a folder of their own.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(TempDir::new().expect("a temporary folder"));
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("has a parent")).expect("folders are made");
        std::fs::write(path, bytes).expect("the file is written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, paths: &[&str]) -> Outcome {
        self.load_with(paths, &Overrides::default())
    }

    fn load_with(&self, paths: &[&str], overrides: &Overrides) -> Outcome {
        let sources = Sources::new();
        let paths: Vec<PathBuf> = paths.iter().map(|name| self.path(name)).collect();
        let loaded = load(&paths, overrides, &sources);
        Outcome { loaded, sources, root: format!("{}/", self.0.path().display()) }
    }
}

/// What was loaded, with words for it.
struct Outcome {
    loaded: Loaded,
    sources: Sources,
    root: String,
}

impl Outcome {
    /// The ids of the cases, and of the files that do not load in angle brackets.
    fn ids(&self) -> Vec<String> {
        let files = self.loaded.suites.iter().flat_map(|suite| &suite.files);
        let ids = files.flat_map(|file| match file {
            LoadedFile::Valid(file) => file.cases.iter().map(|case| case.id.to_string()).collect(),
            LoadedFile::Invalid(failure) => vec![format!("<{}>", failure.id)],
        });
        ids.collect()
    }

    /// `path:line:column: headline`, with paths below the folder.
    fn errors(&self) -> Vec<String> {
        self.loaded.all_diagnostics().map(|diagnostic| self.line(diagnostic)).collect()
    }

    fn line(&self, diagnostic: &Diagnostic) -> String {
        assert!(!diagnostic.hints.is_empty(), "has a way out: {diagnostic:?}");
        let place = diagnostic.primary.as_ref().map(|label| format!("{}: ", self.sources.locate(label.span)));
        format!("{}{}", place.unwrap_or_default(), diagnostic.headline).replace(&self.root, "")
    }

    fn only_suite(&self) -> &Suite {
        assert_eq!(self.errors(), [""; 0]);
        assert_eq!(self.loaded.suites.len(), 1);
        &self.loaded.suites[0]
    }

    fn case(&self, id: &str) -> Arc<Case> {
        assert_eq!(self.errors(), [""; 0]);
        let files = self.loaded.suites.iter().flat_map(|suite| &suite.files);
        let mut cases = files.flat_map(|file| match file {
            LoadedFile::Valid(file) => file.cases.clone(),
            LoadedFile::Invalid(_) => Vec::new(),
        });
        cases.find(|case| case.id.as_str() == id).unwrap_or_else(|| panic!("{id} is not among {:?}", self.ids()))
    }
}

/// The call of a case that is one.
fn call(case: &Case) -> &Call {
    let [step] = &*case.steps else { panic!("{} is not one step", case.id) };
    step.call().expect("it does not sleep")
}

/// A suite with two servers, `a` and `b`.
const SUITE: &str = "servers:\n  a: { address: \"127.0.0.1:1\" }\n  b: { address: \"127.0.0.1:2\" }\nserver: a\n";
