//! Reading one file as text: bounded, UTF-8, with what is wrong said clearly.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Sources, Span};

/// Larger files are refused before they are read.
const MAX_BYTES: u64 = 64 << 20;

/// Reads a file into `sources`; `None` after an error.
pub(super) fn read_source(path: &Path, sources: &Sources, out: &mut Diagnostics) -> Option<FileId> {
    let shown = path.display();
    let bytes = match read(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            let large = Diagnostic::error(format!("`{shown}` is larger than {} MiB", MAX_BYTES >> 20));
            out.push(large.hint("split it into several files, and move data to files that are named by `$file`"));
            return None;
        }
        Err(error) => {
            let unreadable = Diagnostic::error(format!("cannot read `{shown}`: {error}"));
            out.push(unreadable.hint("make it readable, or move it out of the folder of cases"));
            return None;
        }
    };
    add(path, bytes, sources, out)
}

/// Reads a file of data into `sources`, which a case file names at `named`; `None` after an error.
pub(super) fn read_data(path: &Path, named: Span, sources: &Sources, out: &mut Diagnostics) -> Option<FileId> {
    let why = match fs::metadata(path) {
        Ok(found) if found.is_dir() => "it is a folder".to_owned(),
        // to read a pipe is to wait for whoever writes to it
        Ok(found) if !found.is_file() => "it is not a regular file".to_owned(),
        _ => match read(path) {
            Ok(Some(bytes)) => return add(path, bytes, sources, out),
            Ok(None) => format!("it is larger than {} MiB", MAX_BYTES >> 20),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "there is no such file".to_owned(),
            Err(error) => error.to_string(),
        },
    };
    let unreadable = Diagnostic::error(format!("cannot read `{}`", path.display())).at(named, why);
    out.push(unreadable.hint("a path is relative to the file it is written in"));
    None
}

/// Bytes as a source, if they are UTF-8.
fn add(path: &Path, bytes: Vec<u8>, sources: &Sources, out: &mut Diagnostics) -> Option<FileId> {
    match String::from_utf8(bytes) {
        Ok(text) => Some(sources.add(path, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let shown = path.display();
            let headline = format!("`{shown}` is not UTF-8: byte 0x{:02x}", bytes.get(at).copied().unwrap_or_default());
            let hint = match bytes {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16: save it as UTF-8",
                _ => "save it as UTF-8; bytes that are no text are written in base64, or as `{ $hex: ff00 }`",
            };
            // Up to the first bad byte the text is the same, so the place is right.
            let file = sources.add(path, String::from_utf8_lossy(bytes));
            let place = Span::new(file, at, at + char::REPLACEMENT_CHARACTER.len_utf8());
            out.push(Diagnostic::error(headline).at(place, "not UTF-8 from here").hint(hint));
            None
        }
    }
}

/// `None` where there is more than the bound.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if fs::metadata(path)?.len() > MAX_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_BYTES).then_some(bytes))
}
