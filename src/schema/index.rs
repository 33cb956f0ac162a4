//! The proto files below the import paths, and which of them declare a service: found by a light scan, in parallel,
//! and only of what is asked for.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex::bytes::{Regex, RegexBuilder};
use walkdir::WalkDir;

use super::files;
use super::scan::scan;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};

/// How many entries of folders are looked at.
const MAX_ENTRIES: usize = 500_000;
/// How deep folders are followed.
const MAX_DEPTH: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Index {
    /// In the order of import paths, each sorted by name; of two files of one name only the first.
    files: Vec<ProtoFile>,
    by_name: HashMap<String, usize>,
    services: OnceLock<Vec<Declaration>>,
}

#[derive(Debug)]
pub(super) struct ProtoFile {
    /// As it is imported: relative to its import path, with `/`.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// A service in a proto file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Declaration {
    /// Its full name.
    pub(super) service: String,
    /// The file's place in the index.
    pub(super) file: usize,
    /// Of its short name in the file.
    pub(super) range: (usize, usize),
}

impl Index {
    /// Lists the proto files below `roots`. A folder that cannot be read goes to `out`.
    pub(super) fn walk(roots: &[Spanned<PathBuf>], out: &mut Diagnostics) -> Self {
        let mut index = Self::default();
        let mut left = MAX_ENTRIES;
        for root in roots {
            let folder = files::folder(&root.value);
            match folder.metadata() {
                Err(error) => out.push(files::unreadable("folder", &root.value, &error, root.span)),
                Ok(metadata) if !metadata.is_dir() => out.push(
                    Diagnostic::error(format!("`{}` is a file", root.value.display()))
                        .at(root.span, "an import path is a folder, from which imports start")
                        .hint("single files are listed under `files`"),
                ),
                Ok(_) => index.walk_one(folder, root, &mut left, out),
            }
        }
        index
    }

    fn walk_one(&mut self, folder: &Path, root: &Spanned<PathBuf>, left: &mut usize, out: &mut Diagnostics) {
        for entry in WalkDir::new(folder).follow_links(true).max_depth(MAX_DEPTH).sort_by_file_name() {
            *left = match left.checked_sub(1) {
                Some(left) => left,
                None => {
                    out.push(
                        Diagnostic::error(format!("the import paths hold more than {MAX_ENTRIES} files and folders"))
                            .at(root.span, "the search for protos ends here")
                            .hint("name the folders that imports start from, and nothing above them"),
                    );
                    return;
                }
            };
            match entry {
                Ok(entry)
                    if entry.file_type().is_file() && entry.path().extension().is_some_and(|it| it == "proto") =>
                {
                    let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
                    if let Some(name) = import_name(below) {
                        self.add(name, entry.into_path());
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let cause = error.io_error().filter(|cause| cause.kind() != std::io::ErrorKind::NotFound);
                    if let (Some(cause), Some(path)) = (cause, error.path()) {
                        out.push(
                            Diagnostic::warning(format!("cannot read `{}`: {}", path.display(), files::reason(cause)))
                                .at(root.span, "protos below it are not found"),
                        );
                    }
                }
            }
        }
    }

    fn add(&mut self, name: String, path: PathBuf) {
        let at = self.files.len();
        if let std::collections::hash_map::Entry::Vacant(entry) = self.by_name.entry(name) {
            self.files.push(ProtoFile { name: entry.key().clone(), path });
            entry.insert(at);
        }
    }

    /// The file at a place that a [`Declaration`] holds.
    pub(super) fn file(&self, at: usize) -> &ProtoFile {
        &self.files[at]
    }

    pub(super) fn get(&self, name: &str) -> Option<&ProtoFile> {
        self.by_name.get(name).map(|at| &self.files[*at])
    }

    pub(super) fn files(&self) -> &[ProtoFile] {
        &self.files
    }

    /// Who declares a service of one of these short names; reads on only in the files that hold such a word.
    pub(super) fn declaring(&self, short_names: &BTreeSet<&str>) -> Vec<Declaration> {
        if short_names.is_empty() {
            return Vec::new();
        }
        let words: Vec<String> = short_names.iter().map(|name| regex::escape(name)).collect();
        let mut found = self.scan_all(&words.join("|"));
        found.retain(|declaration| short_names.contains(short_name(&declaration.service)));
        found
    }

    /// Every service declared, sorted; scanned for when first asked.
    pub(super) fn services(&self) -> &[Declaration] {
        self.services.get_or_init(|| self.scan_all("service"))
    }

    /// The services of all files in which `pattern` is found, sorted.
    fn scan_all(&self, pattern: &str) -> Vec<Declaration> {
        const BATCH: usize = 64;
        let filter = RegexBuilder::new(pattern).unicode(false).size_limit(64 << 20).build().ok();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = cores.min(8).min(self.files.len().div_ceil(BATCH));
        let next = AtomicUsize::new(0);
        let work = || {
            let mut found = Vec::new();
            let mut buffer = Vec::new();
            loop {
                let start = next.fetch_add(BATCH, Ordering::Relaxed);
                let Some(batch) = self.files.get(start..self.files.len().min(start + BATCH)) else { return found };
                if batch.is_empty() {
                    return found;
                }
                for (at, file) in (start..).zip(batch) {
                    file.scan(at, filter.as_ref(), &mut buffer, &mut found);
                }
            }
        };
        let mut found = if workers < 2 {
            work()
        } else {
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
                workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
            })
        };
        found.sort_unstable();
        found
    }
}

impl ProtoFile {
    /// Adds its services to `found`. A file that cannot be read has none: it is reported when it is needed.
    fn scan(&self, at: usize, filter: Option<&Regex>, buffer: &mut Vec<u8>, found: &mut Vec<Declaration>) {
        if files::read_into(&self.path, buffer).is_err() || filter.is_some_and(|filter| !filter.is_match(buffer)) {
            return;
        }
        let declare = |(service, range): (String, Range<usize>)| Declaration {
            service,
            file: at,
            range: (range.start, range.end),
        };
        found.extend(scan(buffer).services().map(declare));
    }
}

/// `Greeter` of `helloworld.Greeter`.
pub(super) fn short_name(service: &str) -> &str {
    service.rsplit('.').next().unwrap_or(service)
}

/// A path below an import path as the name of an import; `None` where it is none (not UTF-8, `..`, absolute, empty).
pub(super) fn import_name(path: &Path) -> Option<String> {
    let parts = path.components().map(|part| match part {
        std::path::Component::Normal(part) => part.to_str(),
        _ => None,
    });
    let parts: Vec<&str> = parts.collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.join("/"))
}
