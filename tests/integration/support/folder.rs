//! A fresh folder of files, removed afterwards. Main type: [`Folder`].

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{grpc_spec, program, root};

/// Files of one test. In what is written, `PROTOS` stands for the example's protos and `PROGRAM` for the program of
/// `tests/support/`.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A suite with the protos, and these servers.
    pub(crate) fn suite(servers: &str) -> Self {
        Self::new().file("grpc-spec.yaml", &format!("protos: {{ import_paths: [PROTOS] }}\nservers:\n{servers}"))
    }

    /// A copy of the example cases, `cases/` and `protos/`.
    pub(crate) fn of_the_example() -> Self {
        let folder = Self::new();
        for name in ["cases", "protos"] {
            for entry in walkdir::WalkDir::new(root().join(name)) {
                let entry = entry.expect("the example is read");
                let to = folder.path(entry.path().strip_prefix(root()).expect("it is below").to_str().expect("UTF-8"));
                if entry.file_type().is_dir() {
                    fs::create_dir_all(to).expect("a folder");
                } else {
                    fs::copy(entry.path(), to).expect("a copy");
                }
            }
        }
        folder
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let mut text = text.replace("PROTOS", root().join("protos").to_str().expect("UTF-8"));
        if text.contains("PROGRAM") {
            text = text.replace("PROGRAM", program().to_str().expect("UTF-8"));
        }
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Changes the one place where `from` stands.
    pub(crate) fn change(self, name: &str, from: &str, to: &str) -> Self {
        let text = self.read(name);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {name}");
        fs::write(self.path(name), text.replace(from, to)).expect("a file");
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    /// `grpc-spec` with these arguments, in this folder.
    pub(crate) fn grpc_spec<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> super::Invocation {
        grpc_spec(arguments).within(self.root())
    }

    /// `text`, with this folder's and the repository's paths replaced.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut redacted = text.to_owned();
        for (path, name) in [(self.root(), "[FOLDER]"), (root(), "[ROOT]")] {
            redacted = redacted.replace(path.to_str().expect("UTF-8"), name);
        }
        redacted
    }
}
