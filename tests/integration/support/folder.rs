//! A fresh folder of files, removed afterwards. Main type: [`Folder`].

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Invocation, grpc_spec, program, root};

/// Files of one test. A file may speak of `./protos`, the example's, and of `./program`, that of `tests/support/`: they
/// are there then.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A suite with the protos, and these servers.
    pub(crate) fn suite(servers: &str) -> Self {
        Self::new().file("grpc-spec.yaml", &format!("protos: {{ import_paths: [./protos] }}\nservers:\n{servers}"))
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
        if text.contains("./protos") {
            self.link(&root().join("protos"), "protos");
        }
        if text.contains("./program") {
            self.link(program(), "program");
        }
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn link(&self, to: &Path, name: &str) {
        let link = self.path(name);
        if !link.exists() {
            std::os::unix::fs::symlink(to, link).expect("a link");
        }
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
    pub(crate) fn grpc_spec<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Invocation {
        grpc_spec(arguments).within(self.root())
    }

    /// A program, in this folder.
    pub(crate) fn run(&self, program: &Path) -> Invocation {
        Invocation::new(program).within(self.root())
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
