//! A `FileDescriptorSet` as `protoc --descriptor_set_out` and `buf build` write it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::files;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};

/// The files of one set, by name.
#[derive(Debug)]
pub(super) struct DescriptorSet {
    pub(super) path: PathBuf,
    /// Where the YAML names it.
    pub(super) span: Span,
    pub(super) files: BTreeMap<String, FileDescriptorProto>,
}

impl DescriptorSet {
    /// Reads a set; what is wrong with it goes to `out`.
    pub(super) fn read(from: &Spanned<PathBuf>, out: &mut Diagnostics) -> Option<Self> {
        let bytes = files::read(&from.value)
            .map_err(|error| out.push(files::unreadable("descriptor set", &from.value, &error, from.span)))
            .ok()?;
        let no_set = |label: &str| {
            Diagnostic::error(format!("`{}` is no descriptor set", from.value.display())).at(from.span, label)
        };
        let set = match FileDescriptorSet::decode(bytes.as_slice()) {
            Ok(set) if set.file.is_empty() => {
                out.push(no_set("it holds no files").hint(HOW));
                return None;
            }
            // bytes of something else may happen to decode, but not to files with names
            Ok(set) if set.file.iter().all(|file| !file.name().is_empty()) => set,
            Ok(_) | Err(_) => {
                out.push(no_set(guess(&bytes)).hint(HOW));
                return None;
            }
        };
        let mut files = BTreeMap::new();
        for mut file in set.file {
            file.source_code_info = None;
            files.entry(file.name().to_owned()).or_insert(file);
        }
        Some(Self { path: from.value.clone(), span: from.span, files })
    }

    /// The full names of the services a file of it declares.
    pub(super) fn services(file: &FileDescriptorProto) -> impl Iterator<Item = String> {
        file.service.iter().map(|service| match file.package() {
            "" => service.name().to_owned(),
            package => format!("{package}.{}", service.name()),
        })
    }
}

const HOW: &str =
    "make one with `protoc --include_imports --descriptor_set_out=api.binpb …` or `buf build -o api.binpb`";

/// What the bytes look like instead.
fn guess(bytes: &[u8]) -> &'static str {
    let text = std::str::from_utf8(bytes).ok().map(str::trim_start);
    match (bytes, text) {
        ([0x1f, 0x8b, ..], _) => "it is compressed with gzip",
        (_, Some(text)) if text.starts_with('{') => "it is JSON, and the binary form is wanted",
        (_, Some(text)) if ["syntax", "package", "import", "//", "/*"].iter().any(|word| text.starts_with(word)) => {
            "it is proto source, which belongs under `files` or in an import path"
        }
        (_, Some(text)) if !text.contains(|letter: char| letter.is_control() && !letter.is_whitespace()) => {
            "it is text"
        }
        _ => "its bytes do not decode: truncated, or another kind of file",
    }
}
