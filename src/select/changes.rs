//! What differs from a revision, by git: committed since, staged, changed, untracked. Main type: [`Changes`].

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::diagnostic::Diagnostic;

/// The files that differ, of the repositories asked.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Roots of working trees, as the system knows them.
    repositories: HashSet<PathBuf>,
    /// As the system knows them, links not followed. A submodule, or a repository within, counts as one file.
    files: HashSet<PathBuf>,
}

impl Changes {
    /// What differs from `revision` in the repository that `folder` lies in.
    ///
    /// # Errors
    /// There is no git, no repository, or no such revision.
    pub(super) fn add(&mut self, revision: &str, folder: &Path) -> Result<(), Box<Diagnostic>> {
        let repository = repository(folder)?;
        if !self.repositories.insert(repository.clone()) {
            return Ok(());
        }
        let commit = commit(revision, &repository)?;
        let against = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-relative"].map(OsStr::new);
        let differing = git(&repository, against.into_iter().chain([commit.as_os_str(), OsStr::new("--")]))?;
        let untracked = ["ls-files", "-z", "--others", "--exclude-standard"].map(OsStr::new);
        let untracked = git(&repository, untracked)?;
        for output in [differing, untracked] {
            let paths = succeeded(output)?.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect::<Vec<_>>();
            let paths = paths.into_iter().filter(|path| !path.is_empty()).map(OsString::from_vec);
            self.files.extend(paths.map(|path| repository.join(path)));
        }
        Ok(())
    }

    /// Whether a file differs: itself, or where a link leads to.
    pub(super) fn has(&self, file: &Path) -> bool {
        let here = file.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
        let unfollowed = here.and_then(|folder| Some(folder.canonicalize().ok()?.join(file.file_name()?)));
        let followed = file.canonicalize().ok();
        [unfollowed, followed].into_iter().flatten().any(|path| path.ancestors().any(|path| self.files.contains(path)))
    }
}

/// The root of the working tree.
fn repository(folder: &Path) -> Result<PathBuf, Box<Diagnostic>> {
    let output = git(folder, ["rev-parse", "--show-toplevel"].map(OsStr::new))?;
    if !output.status.success() {
        let headline = format!("`{}` is in no git repository", folder.display());
        let hint = "`--changed` asks git what has changed: leave it out to run everything";
        return Err(Box::new(said(&output, Diagnostic::error(headline).hint(hint))));
    }
    let mut path = output.stdout;
    path.pop_if(|byte| *byte == b'\n');
    let path = PathBuf::from(OsString::from_vec(path));
    Ok(path.canonicalize().unwrap_or(path))
}

/// The commit that a revision stands for.
fn commit(revision: &str, repository: &Path) -> Result<OsString, Box<Diagnostic>> {
    let wanted = format!("{revision}^{{commit}}");
    let arguments = ["rev-parse", "--verify", "--end-of-options", &wanted].map(OsStr::new);
    let output = git(repository, arguments)?;
    if !output.status.success() {
        let headline = format!("unknown revision `{revision}` in `{}`", repository.display());
        let hint = "name a commit, branch or tag that `git rev-parse` knows; in CI, fetch enough of the history";
        return Err(Box::new(said(&output, Diagnostic::error(headline).hint(hint))));
    }
    let mut commit = output.stdout;
    commit.pop_if(|byte| *byte == b'\n');
    Ok(OsString::from_vec(commit))
}

fn git<'a>(folder: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Output, Box<Diagnostic>> {
    let mut git = Command::new("git");
    // what git says is shown, and untranslated; what is only read takes no locks
    git.env("LC_ALL", "C").arg("--no-optional-locks").arg("-C").arg(folder).args(arguments).stdin(Stdio::null());
    git.output().map_err(|error| {
        let why = if error.kind() == io::ErrorKind::NotFound { "there is none".to_owned() } else { error.to_string() };
        let headline = format!("`git` cannot be run: {why}");
        Box::new(Diagnostic::error(headline).hint("`--changed` asks git what has changed: put it on the `PATH`"))
    })
}

fn succeeded(output: Output) -> Result<Vec<u8>, Box<Diagnostic>> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Box::new(said(&output, Diagnostic::error("git cannot say what has changed"))))
}

/// With the first line of what git said of it.
fn said(output: &Output, problem: Diagnostic) -> Diagnostic {
    let text = String::from_utf8_lossy(&output.stderr);
    match text.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => problem.note(format!("git says: {}", line.trim())),
        None => problem,
    }
}
