//! A `FileDescriptorSet` as `protoc --descriptor_set_out` and `buf build` write it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use prost::{DecodeError, Message as _};
use prost_types::FileDescriptorProto;

use super::editions::{self, FileFeatures};
use super::files;
use super::imports::drop_imports;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};

/// The files of one set, by name.
#[derive(Debug)]
pub(super) struct DescriptorSet {
    pub(super) path: PathBuf,
    /// Where the YAML names it.
    pub(super) span: Span,
    pub(super) files: BTreeMap<String, SetFile>,
}

/// A file as its bytes have it.
#[derive(Debug, Clone)]
pub(super) struct SetFile {
    pub(super) descriptor: FileDescriptorProto,
    /// Of a file written in an edition.
    pub(super) features: Option<FileFeatures>,
}

/// A `FileDescriptorSet`, its files not decoded.
#[derive(Clone, PartialEq, prost::Message)]
struct RawSet {
    #[prost(bytes = "vec", repeated, tag = "1")]
    files: Vec<Vec<u8>>,
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
        let decode = |set: RawSet| set.files.iter().map(|file| SetFile::decode(file)).collect::<Result<Vec<_>, _>>();
        let decoded = match RawSet::decode(bytes.as_slice()).and_then(decode) {
            Ok(files) if files.is_empty() => {
                out.push(no_set("it holds no files").hint(HOW));
                return None;
            }
            // bytes of something else may happen to decode, but not to files with names
            Ok(files) if files.iter().all(|file| !file.descriptor.name().is_empty()) => files,
            Ok(_) | Err(_) => {
                out.push(no_set(guess(&bytes)).hint(HOW));
                return None;
            }
        };
        let mut files = BTreeMap::new();
        for file in decoded {
            files.entry(file.descriptor.name().to_owned()).or_insert(file);
        }
        Some(Self { path: from.value.clone(), span: from.span, files })
    }
}

impl SetFile {
    /// Reads a `FileDescriptorProto`, without the places of what it declares in its source.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut descriptor = FileDescriptorProto::decode(bytes)?;
        descriptor.source_code_info = None;
        let features = match descriptor.syntax() {
            "editions" => {
                drop_imports(&mut descriptor, editions::is_language_features);
                Some(FileFeatures::decode(bytes)?)
            }
            _ => None,
        };
        Ok(Self { descriptor, features })
    }

    /// The full names of the services that it declares.
    pub(super) fn services(&self) -> impl Iterator<Item = String> {
        let package = self.descriptor.package();
        self.descriptor.service.iter().map(move |service| match package {
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
