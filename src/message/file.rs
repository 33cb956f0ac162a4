//! Files that `$file` names, each read once for a value that is built again and again.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::diagnostic::{Diagnostics, Sources};
use crate::yaml::{self, Node};

/// The longest file that is read, in bytes: no gRPC message is longer.
const MAX_LENGTH: u64 = 256 << 20;

#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    contents: BTreeMap<PathBuf, Bytes>,
    /// Those that were read as YAML, with what is wrong with them.
    documents: BTreeMap<PathBuf, (Option<Node>, Diagnostics)>,
}

impl Files {
    /// The bytes of a file; the error says why there are none, in words.
    pub(super) fn bytes(&mut self, path: &Path) -> Result<Bytes, String> {
        if let Some(bytes) = self.contents.get(path) {
            return Ok(bytes.clone());
        }
        let bytes = Bytes::from(read(path)?);
        self.contents.insert(path.to_owned(), bytes.clone());
        Ok(bytes)
    }

    /// The node a file of YAML or JSON holds, and what is wrong with it.
    pub(super) fn document(&mut self, path: &Path, text: &str, sources: &Sources) -> (Option<Node>, Diagnostics) {
        if let Some(document) = self.documents.get(path) {
            return document.clone();
        }
        let mut problems = Diagnostics::new();
        let file = sources.add(path, text);
        let node = yaml::parse(file, text, &mut problems).filter(|_| !problems.has_errors());
        self.documents.insert(path.to_owned(), (node.clone(), problems.clone()));
        (node, problems)
    }
}

/// A file's bytes; the error says why there are none, in words. Nothing but regular files: a pipe or a terminal might
/// never end.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let words = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "reading it is not permitted".to_owned(),
        _ => error.to_string(),
    };
    let metadata = std::fs::metadata(path).map_err(words)?;
    if !metadata.is_file() {
        return Err(if metadata.is_dir() { "it is a folder" } else { "it is not a regular file" }.to_owned());
    }
    let too_long = || format!("it is longer than {} MiB", MAX_LENGTH >> 20);
    if metadata.len() > MAX_LENGTH {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(words)?;
    file.take(MAX_LENGTH + 1).read_to_end(&mut bytes).map_err(words)?;
    if bytes.len() as u64 > MAX_LENGTH { Err(too_long()) } else { Ok(bytes) }
}
