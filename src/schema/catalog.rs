//! Files by the name they are imported under, wherever they come from: explicit files first, then import paths,
//! descriptor sets, and what is bundled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost_types::FileDescriptorProto;
use protox::file::File;

use super::descriptor_set::DescriptorSet;
use super::index::{Index, import_name};
use super::scan::scan;
use super::{bundled, files, problem};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};

#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) index: Index,
    /// Import paths, and after them the folders of explicit files that lie below none.
    pub(super) roots: Vec<PathBuf>,
    /// The files that the YAML names, by the name they are compiled under.
    pub(super) explicit: BTreeMap<String, PathBuf>,
    pub(super) sets: Vec<DescriptorSet>,
}

/// A file, read but not linked to its imports.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) descriptor: FileDescriptorProto,
    pub(super) origin: Origin,
}

#[derive(Debug)]
pub(super) enum Origin {
    Source(Source),
    /// The place of the descriptor set in the catalog.
    Set(usize),
    Bundled,
}

/// Proto source, kept until it is linked, for errors.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// What became of opening a file.
#[derive(Debug)]
pub(super) enum Open {
    Found(Opened),
    Missing,
    /// Why was reported.
    Broken,
}

impl Catalog {
    /// Opens the file imported as `name`; what is wrong in it goes to `out`.
    pub(super) fn open(&self, name: &str, sources: &Sources, out: &mut Diagnostics) -> Open {
        if let Some(path) = self.path(name) {
            return open_source(name, path, sources, out);
        }
        for (at, set) in self.sets.iter().enumerate() {
            if let Some(descriptor) = set.files.get(name) {
                if let Some(problem) = unsupported_syntax(descriptor, set) {
                    out.push(problem);
                    return Open::Broken;
                }
                return Open::Found(Opened { descriptor: descriptor.clone(), origin: Origin::Set(at) });
            }
        }
        let bundled = bundled::source(name)
            .and_then(|text| File::from_source(name, text).ok())
            .map(FileDescriptorProto::from)
            .or_else(|| bundled::well_known(name));
        bundled.map_or(Open::Missing, |descriptor| Open::Found(Opened { descriptor, origin: Origin::Bundled }))
    }

    /// Where the source of `name` lies.
    fn path(&self, name: &str) -> Option<PathBuf> {
        if let Some(path) = self.explicit.get(name) {
            return Some(path.clone());
        }
        if let Some(file) = self.index.get(name) {
            return Some(file.path.clone());
        }
        // what the walk did not list: other extensions than `.proto`, the folders of explicit files
        import_name(Path::new(name)).filter(|normal| normal == name)?;
        self.roots.iter().map(|root| root.join(name)).find(|path| path.is_file())
    }
}

fn open_source(name: &str, path: PathBuf, sources: &Sources, out: &mut Diagnostics) -> Open {
    let text = match files::read(&path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let file = sources.add(path, text);
            out.push(
                Diagnostic::error(format!("`{name}` is not UTF-8"))
                    .at(Span::new(file, valid, valid + '\u{fffd}'.len_utf8()), "what is here is no character"),
            );
            return Open::Broken;
        }
        Err(error) => {
            out.push(Diagnostic::error(format!("cannot read `{}`: {}", path.display(), files::reason(&error))));
            return Open::Broken;
        }
    };
    let source = Source { path, text };
    if let Some((edition, range)) = scan(source.text.as_bytes()).edition {
        let place = Span::new(source.add_to(sources), range.start, range.end);
        out.push(
            editions(&format!("`{name}` is written in edition {edition}"))
                .at(place, "only proto2 and proto3 are understood"),
        );
        return Open::Broken;
    }
    match source.parse(name) {
        Ok(descriptor) => Open::Found(Opened { descriptor, origin: Origin::Source(source) }),
        Err(error) => {
            out.extend(problem::convert(&error, &source, sources));
            Open::Broken
        }
    }
}

impl Source {
    /// Its descriptor, with the places of everything in it.
    pub(super) fn parse(&self, name: &str) -> Result<FileDescriptorProto, protox::Error> {
        File::from_source(name, &self.text[self.offset()..]).map(FileDescriptorProto::from)
    }

    /// How much stands before what is parsed: a byte order mark.
    pub(super) fn offset(&self) -> usize {
        self.text.len() - self.text.trim_start_matches('\u{feff}').len()
    }

    pub(super) fn add_to(&self, sources: &Sources) -> crate::diagnostic::FileId {
        sources.add(self.path.clone(), self.text.clone())
    }
}

/// prost-reflect panics on any syntax it does not know, and `editions` is one.
fn unsupported_syntax(descriptor: &FileDescriptorProto, set: &DescriptorSet) -> Option<Diagnostic> {
    let (file, set_path) = (descriptor.name(), set.path.display());
    match descriptor.syntax() {
        "" | "proto2" | "proto3" => None,
        "editions" => Some(
            editions(&format!("`{file}` of `{set_path}` is written in a protobuf edition"))
                .at(set.span, "only proto2 and proto3 are understood"),
        ),
        syntax => Some(
            Diagnostic::error(format!("`{file}` of `{set_path}` has the unknown syntax `{syntax}`"))
                .at(set.span, "only proto2 and proto3 are understood"),
        ),
    }
}

fn editions(headline: &str) -> Diagnostic {
    Diagnostic::error(headline).hint("protobuf editions are not understood yet; say `syntax = \"proto3\";` in a copy")
}
