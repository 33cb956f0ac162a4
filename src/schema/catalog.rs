//! Files by the name they are imported under, wherever they come from: explicit files first, then import paths,
//! descriptor sets, and what is bundled.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use prost_types::FileDescriptorProto;
use protox::file::File;

use super::descriptor_set::{DescriptorSet, SetFile};
use super::editions::{self, FileFeatures, Rewritten, WrongFeature};
use super::imports::drop_imports;
use super::index::{Index, find, import_name};
use super::reflecting::Reflected;
use super::scan::scan;
use super::{SchemaSources, bundled, files, problem};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Sources, Span, Spanned, did_you_mean};

const BYTE_ORDER_MARK: char = '\u{feff}';

#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) index: Index,
    /// The files that the YAML names, by the name they are compiled under.
    pub(super) explicit: BTreeMap<String, PathBuf>,
    /// The folders of those that lie below no import path: what they import may lie beside them.
    pub(super) folders: Vec<PathBuf>,
    pub(super) sets: Vec<DescriptorSet>,
    /// What a server sent; all that is local goes before it.
    pub(super) reflected: Option<Reflected>,
}

/// A file, read but not linked to its imports.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) descriptor: FileDescriptorProto,
    /// Of a file written in an edition, which is lowered when it is linked.
    pub(super) features: Option<FileFeatures>,
    pub(super) origin: Origin,
}

#[derive(Debug)]
pub(super) enum Origin {
    Source(Source),
    /// The place of the descriptor set in the catalog.
    Set(usize),
    Reflected,
    Bundled,
}

/// Proto source, kept until it is linked, for errors.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) edition: Option<Edition>,
}

/// The edition that source is written in.
#[derive(Debug)]
pub(super) struct Edition {
    name: String,
    /// `edition = "2023"`
    pub(super) header: Range<usize>,
    /// What is parsed instead.
    rewritten: Rewritten,
}

/// What became of opening a file.
#[derive(Debug)]
pub(super) enum Open {
    Found(Box<Opened>),
    Missing,
    /// Why was reported.
    Broken,
}

impl Catalog {
    /// Reads what a suite says of its protos; what is not there goes to `out`.
    pub(super) fn read(from: &SchemaSources, out: &mut Diagnostics) -> Self {
        let mut catalog = Self {
            index: Index::of(&from.import_paths, out),
            explicit: BTreeMap::new(),
            folders: Vec::new(),
            sets: from.descriptor_sets.iter().filter_map(|set| DescriptorSet::read(set, out)).collect(),
            reflected: None,
        };
        let import_paths: Vec<&Path> = from.import_paths.iter().map(|root| root.value.as_path()).collect();
        for file in &from.files {
            catalog.add_explicit(file, &import_paths, out);
        }
        catalog
    }

    /// Finds a file that the YAML names, and the name to compile it under: that of its place below an import path, or
    /// else its own, with its folder as a further import path.
    fn add_explicit(&mut self, file: &Spanned<PathBuf>, import_paths: &[&Path], out: &mut Diagnostics) {
        let path = &file.value;
        if path.is_dir() {
            out.push(
                Diagnostic::error(format!("`{}` is a folder", path.display()))
                    .at(file.span, "a proto file is wanted here")
                    .hint("folders are listed under `import_paths`"),
            );
            return;
        }
        if !path.is_file() {
            if let Some((name, path)) = below_import_path(path, import_paths) {
                self.explicit.insert(name, path);
                return;
            }
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            let mut problem = files::unreadable("proto file", path, &missing, file.span);
            if problem.hints.is_empty() {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                problem.hints.extend(did_you_mean_path(name, &self.index));
            }
            out.push(problem);
            return;
        }
        if let Some(name) = import_paths.iter().find_map(|root| name_below(root, path)) {
            self.explicit.insert(name, path.clone());
            return;
        }
        let own_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let is_taken = self.index.get(&own_name).is_some() || self.explicit.contains_key(&own_name);
        let name = if is_taken { path.to_string_lossy().trim_start_matches('/').to_owned() } else { own_name };
        self.explicit.insert(name, path.clone());
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        if !self.folders.contains(&folder) {
            self.folders.push(folder);
        }
    }

    /// Opens the file imported as `name`; what is wrong in it goes to `out`.
    pub(super) fn open(&self, name: &str, sources: &Sources, out: &mut Diagnostics) -> Open {
        if let Some(path) = self.path(name) {
            return open_source(name, path, sources, out);
        }
        for (at, set) in self.sets.iter().enumerate() {
            if let Some(SetFile { descriptor, features }) = set.files.get(name) {
                let (descriptor, features) = (descriptor.clone(), features.clone());
                return Open::Found(Box::new(Opened { descriptor, features, origin: Origin::Set(at) }));
            }
        }
        if let Some(SetFile { descriptor, features }) = self.reflected(name) {
            let (descriptor, features) = (descriptor.clone(), features.clone());
            return Open::Found(Box::new(Opened { descriptor, features, origin: Origin::Reflected }));
        }
        let bundled = bundled::source(name)
            .and_then(|text| File::from_source(name, text).ok())
            .map(FileDescriptorProto::from)
            .or_else(|| bundled::well_known(name));
        bundled.map_or(Open::Missing, |descriptor| {
            Open::Found(Box::new(Opened { descriptor, features: None, origin: Origin::Bundled }))
        })
    }

    /// The file `name` of a server; protobuf's own are bundled, and the same everywhere.
    fn reflected(&self, name: &str) -> Option<&SetFile> {
        let file = self.reflected.as_ref()?.files.get(name)?;
        bundled::well_known(name).is_none().then_some(file)
    }

    /// Whether the file imported as `name` is there without asking a server for it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.path(name).is_some()
            || self.sets.iter().any(|set| set.files.contains_key(name))
            || bundled::well_known(name).is_some()
    }

    /// Whether the file `name` of the descriptor set at `set` gives way to another one of its name.
    pub(super) fn is_hidden(&self, name: &str, set: usize) -> bool {
        self.sets[..set].iter().any(|earlier| earlier.files.contains_key(name)) || self.path(name).is_some()
    }

    /// The file on disk that holds `name`: its source, or a descriptor set.
    pub(super) fn file_of(&self, name: &str) -> Option<PathBuf> {
        let set = || self.sets.iter().find(|set| set.files.contains_key(name));
        self.path(name).or_else(|| Some(set()?.path.clone()))
    }

    /// Where the source of `name` lies.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let explicit = self.explicit.get(name).cloned();
        explicit.or_else(|| self.index.get(name)).or_else(|| find(self.folders.iter().map(PathBuf::as_path), name))
    }
}

/// The name of a file that exists below an import path, however the two are spelled.
fn name_below(root: &Path, path: &Path) -> Option<String> {
    if let Ok(below) = path.strip_prefix(root)
        && let Some(name) = import_name(below)
    {
        return Some(name);
    }
    let root = files::folder(root).canonicalize().ok()?;
    import_name(path.canonicalize().ok()?.strip_prefix(root).ok()?)
}

/// A file that was written relative to an import path: the longest end of its path that exists below one.
fn below_import_path(path: &Path, import_paths: &[&Path]) -> Option<(String, PathBuf)> {
    let parts: Vec<_> = path.components().collect();
    (0..parts.len()).find_map(|start| {
        let end: PathBuf = parts[start..].iter().collect();
        let name = import_name(&end)?;
        import_paths.iter().map(|root| root.join(&end)).find(|path| path.is_file()).map(|path| (name, path))
    })
}

/// A proto file of nearly this name, in whatever folder.
fn did_you_mean_path(name: &str, index: &Index) -> Option<String> {
    let same = index.files().iter().find(|file| file.name.rsplit('/').next() == Some(name));
    match same {
        Some(file) => Some(format!("did you mean `{}`?", file.path.display())),
        None => did_you_mean(name, index.files().iter().map(|file| &*file.name)),
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
    let mut source = Source { path, text, edition: None };
    if let Some((edition, header)) = scan(source.text.as_bytes()).edition {
        if !editions::is_understood(&edition) {
            let place = Span::new(source.add_to(sources), header.start, header.end);
            out.push(
                Diagnostic::error(format!("`{name}` is written in edition {edition}"))
                    .at(place, format!("the editions understood are {}", editions::understood())),
            );
            return Open::Broken;
        }
        let rewritten = Rewritten::new(&source.text, header.clone());
        source.edition = Some(Edition { name: edition, header, rewritten });
    }
    let mut problems = Vec::new();
    match source.parse(name, &mut problems) {
        Ok((descriptor, features)) if problems.is_empty() => {
            Open::Found(Box::new(Opened { descriptor, features, origin: Origin::Source(source) }))
        }
        Ok(_) => {
            out.extend(problems.into_iter().map(|wrong| wrong.at(&source, sources)));
            Open::Broken
        }
        Err(error) => {
            out.extend(problem::convert(&error, &source, sources));
            Open::Broken
        }
    }
}

impl Source {
    /// Its descriptor, with the places of everything in it, and the features of an edition; those that are none go to
    /// `wrong`.
    pub(super) fn parse(
        &self,
        name: &str,
        wrong: &mut Vec<WrongFeature>,
    ) -> Result<(FileDescriptorProto, Option<FileFeatures>), protox::Error> {
        let mut descriptor = FileDescriptorProto::from(File::from_source(name, self.parsed())?);
        let features = self.edition.as_ref().map(|edition| {
            drop_imports(&mut descriptor, editions::is_language_features);
            editions::take_features(&mut descriptor, &edition.name, wrong)
        });
        Ok((descriptor, features))
    }

    /// The text as it is parsed.
    pub(super) fn parsed(&self) -> &str {
        let text = self.edition.as_ref().map_or(&self.text, |edition| &edition.rewritten.text);
        text.trim_start_matches(BYTE_ORDER_MARK)
    }

    /// Where a place of [`Self::parsed`] is in the file.
    pub(super) fn place(&self, at: usize) -> usize {
        let mark = self.text.len() - self.text.trim_start_matches(BYTE_ORDER_MARK).len();
        let at = mark + at;
        match &self.edition {
            Some(Edition { header, rewritten, .. }) if at >= header.end => {
                (at - rewritten.added.min(at)).max(header.end)
            }
            Some(_) | None => at,
        }
    }

    pub(super) fn add_to(&self, sources: &Sources) -> FileId {
        sources.add(self.path.clone(), self.text.clone())
    }
}
