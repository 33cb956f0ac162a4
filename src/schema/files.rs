//! Reading files that may be anything: bounded, with errors that name the place in the YAML.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::diagnostic::{Diagnostic, Span, did_you_mean};

/// The most that is read of one file.
pub(super) const MAX_FILE: u64 = 256 << 20;

/// A file's bytes, put into `buffer`. An error for a folder, and for what is larger than [`MAX_FILE`].
pub(super) fn read_into(path: &Path, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    buffer.reserve(usize::try_from(metadata.len().min(MAX_FILE)).unwrap_or_default());
    file.take(MAX_FILE + 1).read_to_end(buffer)?;
    if buffer.len() as u64 > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB", MAX_FILE >> 20)));
    }
    Ok(())
}

pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::new();
    read_into(path, &mut buffer)?;
    Ok(buffer)
}

/// A file or folder that the YAML names and that cannot be read; `what` it should be.
pub(super) fn unreadable(what: &str, path: &Path, error: &io::Error, span: Span) -> Diagnostic {
    let shown = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        return Diagnostic::error(format!("there is no {what} `{shown}`"))
            .at(span, "not found")
            .hints(near_sibling(path))
            .note("relative paths start from the folder of the file that holds them");
    }
    Diagnostic::error(format!("cannot read `{shown}`: {}", reason(error))).at(span, format!("a {what} is wanted here"))
}

/// An I/O error without the operating system's number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What lies where `path` was looked for, under nearly its name; of a path whose folder is missing, nearly that folder.
fn near_sibling(path: &Path) -> Option<String> {
    let missing = path.ancestors().find(|part| part.parent().is_some_and(|parent| folder(parent).is_dir()))?;
    let written = missing.file_name()?.to_str()?;
    let entries = std::fs::read_dir(folder(missing.parent()?)).ok()?;
    let names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    did_you_mean(written, names.iter().map(String::as_str))
}

/// The parent of `a` is the empty path, which is this folder.
pub(super) fn folder(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}
