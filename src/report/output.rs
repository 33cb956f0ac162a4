//! The only way to write: whole blocks, so that nothing interleaves, and no secrets in them. Main type: [`Output`].

use std::fs::{self, Permissions};
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Masker, Sources};

/// Where text goes, the secrets of a run masked in it.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    to: Place,
    masker: Arc<Masker>,
}

#[derive(Debug, Clone)]
enum Place {
    Stdout,
    Stderr,
    File(PathBuf),
}

impl Output {
    pub(crate) fn stdout(sources: &Sources) -> Self {
        Self::new(Place::Stdout, sources)
    }

    pub(crate) fn stderr(sources: &Sources) -> Self {
        Self::new(Place::Stderr, sources)
    }

    /// A file: each block replaces it.
    pub(crate) fn file(path: &Path, sources: &Sources) -> Self {
        Self::new(Place::File(path.to_owned()), sources)
    }

    /// Has panics told here too, which quote what they stumbled over.
    pub(crate) fn tell_panics(self) {
        std::panic::set_hook(Box::new(move |panic| {
            let backtrace = std::backtrace::Backtrace::capture();
            let told = match backtrace.status() {
                std::backtrace::BacktraceStatus::Captured => format!("{panic}\n{backtrace}\n"),
                _ => format!("{panic}\n"),
            };
            // nobody is left to hear that it cannot be told
            let _ = self.block(&told);
        }));
    }

    fn new(to: Place, sources: &Sources) -> Self {
        Self { to, masker: Arc::clone(sources.masker()) }
    }

    /// Whether somebody watches.
    #[expect(clippy::disallowed_methods, reason = "writes nothing")]
    pub(crate) fn is_terminal(&self) -> bool {
        match self.to {
            Place::Stdout => io::stdout().is_terminal(),
            Place::Stderr => io::stderr().is_terminal(),
            Place::File(_) => false,
        }
    }

    /// Writes one block, whole, and flushes it.
    #[expect(clippy::disallowed_methods, reason = "nothing else writes")]
    pub(crate) fn block(&self, text: &str) -> io::Result<()> {
        let text = self.masker.mask(text);
        match &self.to {
            Place::Stdout => write_whole(&mut io::stdout().lock(), &text),
            Place::Stderr => write_whole(&mut io::stderr().lock(), &text),
            Place::File(path) => replace(path, &text),
        }
    }
}

fn write_whole(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// Writes beside the place and renames, so that nobody reads half a file; folders are made as needed. A link stays one,
/// and what is no file, such as `/dev/stdout`, is written to.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return fs::write(path, text);
    }
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // as any file that is made: who may read it is for the umask to say
    let mode = Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_replaced_a_link_stays_and_what_is_neither_is_written_to() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        replace(&at("new/report.xml"), "first").expect("the folder is made");
        replace(&at("new/report.xml"), "second").expect("it is replaced");
        assert_eq!(fs::read(at("new/report.xml")).expect("it is there"), b"second");
        fs::File::create(at("plain")).expect("made");
        let mode = |name: &str| fs::metadata(at(name)).expect("it is there").permissions().mode();
        assert_eq!(mode("new/report.xml"), mode("plain"), "who may read it is for the umask to say");
        symlink(at("new/report.xml"), at("link")).expect("linked");
        replace(&at("link"), "third").expect("written through the link");
        assert_eq!(fs::read(at("new/report.xml")).expect("it is there"), b"third");
        assert!(at("link").is_symlink());
        replace(Path::new("/dev/null"), "nothing").expect("written to");
        assert!(!Path::new("/dev/null").is_file(), "still a device");
    }

    #[test]
    fn secrets_are_masked_in_what_is_written() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let sources = Sources::new();
        let output = Output::file(&folder.path().join("report"), &sources);
        sources.masker().add_text("password", "hunter2");
        output.block("it is hunter2").expect("written");
        assert_eq!(fs::read_to_string(folder.path().join("report")).expect("read"), "it is •password•");
    }
}
