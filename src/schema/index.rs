//! The proto files below the import paths, and which of them declare a service. Folders are walked and files read only
//! where a look into the folder of the service's package does not do: by a light scan, in parallel.

use std::collections::{BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};
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
    /// The import paths, in order; all of them folders.
    roots: Vec<Spanned<PathBuf>>,
    listing: OnceLock<Listing>,
    services: OnceLock<Vec<Declaration>>,
}

/// All proto files, in the order of import paths, each sorted by name; of two files of one name only the first.
#[derive(Debug, Default)]
struct Listing {
    files: Vec<ProtoFile>,
    problems: Diagnostics,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
    pub(super) file: ProtoFile,
    /// Start and end of its short name in the file.
    pub(super) place: (usize, usize),
}

impl Index {
    /// An index of `roots`; those that are no folders go to `out`.
    pub(super) fn of(roots: &[Spanned<PathBuf>], out: &mut Diagnostics) -> Self {
        let mut index = Self::default();
        for root in roots {
            match files::folder(&root.value).metadata() {
                Err(error) => out.push(files::unreadable("folder", &root.value, &error, root.span)),
                Ok(metadata) if !metadata.is_dir() => out.push(
                    Diagnostic::error(format!("`{}` is a file", root.value.display()))
                        .at(root.span, "an import path is a folder, from which imports start")
                        .hint("single files are listed under `files`"),
                ),
                Ok(_) => index.roots.push(root.clone()),
            }
        }
        index
    }

    /// The file imported as `name`: the first below the import paths.
    pub(super) fn get(&self, name: &str) -> Option<PathBuf> {
        find(self.roots.iter().map(|root| root.value.as_path()), name)
    }

    /// Every proto file; the first call walks the folders.
    pub(super) fn files(&self) -> &[ProtoFile] {
        &self.listing().files
    }

    /// What was wrong with the folders walked so far.
    pub(super) fn problems(&self) -> Diagnostics {
        self.listing.get().map(|listing| listing.problems.clone()).unwrap_or_default()
    }

    fn listing(&self) -> &Listing {
        self.listing.get_or_init(|| Listing::walk(&self.roots))
    }

    /// Who declares a service of this full name in the folder of its package, where most trees have it:
    /// `a.v1.Greeter` in `a/v1/`.
    pub(super) fn in_package_folder(&self, service: &str) -> Vec<Declaration> {
        let Some(package) = package_folder(service) else { return Vec::new() };
        let mut listed = HashSet::new();
        let mut found = Vec::new();
        for root in &self.roots {
            let Ok(entries) = root.value.join(&package).read_dir() else { continue };
            for entry in entries.filter_map(Result::ok) {
                let path = entry.path();
                let name = entry.file_name().into_string().map(|name| format!("{package}/{name}"));
                if let Ok(name) = name
                    && is_proto(&path)
                    && path.is_file()
                    && listed.insert(name.clone())
                {
                    ProtoFile { name, path }.scan(None, &mut Vec::new(), &mut found);
                }
            }
        }
        found.retain(|declaration| declaration.service == service);
        found.sort_unstable();
        found
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
        let files = self.files();
        let filter = RegexBuilder::new(pattern).unicode(false).size_limit(64 << 20).build().ok();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = cores.min(8).min(files.len().div_ceil(BATCH));
        let next = AtomicUsize::new(0);
        let work = || {
            let mut found = Vec::new();
            let mut buffer = Vec::new();
            loop {
                let start = next.fetch_add(BATCH, Ordering::Relaxed);
                let Some(batch) = files.get(start..files.len().min(start + BATCH)) else { return found };
                if batch.is_empty() {
                    return found;
                }
                for file in batch {
                    file.scan(filter.as_ref(), &mut buffer, &mut found);
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

impl Listing {
    fn walk(roots: &[Spanned<PathBuf>]) -> Self {
        let mut listing = Self::default();
        let mut names = HashSet::new();
        let mut left = MAX_ENTRIES;
        for root in roots {
            let folder = files::folder(&root.value);
            for entry in WalkDir::new(folder).follow_links(true).max_depth(MAX_DEPTH).sort_by_file_name() {
                if left == 0 {
                    listing.problems.push(
                        Diagnostic::error(format!("the import paths hold more than {MAX_ENTRIES} files and folders"))
                            .at(root.span, "the search for protos ends here")
                            .hint("name the folders that imports start from, and nothing above them"),
                    );
                    return listing;
                }
                left -= 1;
                match entry {
                    Ok(entry) if is_proto(entry.path()) && entry.file_type().is_file() => {
                        let name = entry.path().strip_prefix(folder).ok().and_then(import_name);
                        if let Some(name) = name.filter(|name| names.insert(name.clone())) {
                            listing.files.push(ProtoFile { name, path: entry.into_path() });
                        }
                    }
                    Ok(_) => {}
                    Err(error) => listing.problems.extend(unreadable_entry(&error, root)),
                }
            }
        }
        listing
    }
}

/// A warning, unless it is a link that leads nowhere or back to where it lies.
fn unreadable_entry(error: &walkdir::Error, root: &Spanned<PathBuf>) -> Option<Diagnostic> {
    let cause = error.io_error().filter(|cause| cause.kind() != std::io::ErrorKind::NotFound)?;
    let headline = format!("cannot read `{}`: {}", error.path()?.display(), files::reason(cause));
    Some(Diagnostic::warning(headline).at(root.span, "protos below it are not found"))
}

impl ProtoFile {
    /// Adds its services to `found`. A file that cannot be read has none: it is reported when it is needed.
    fn scan(&self, filter: Option<&Regex>, buffer: &mut Vec<u8>, found: &mut Vec<Declaration>) {
        if files::read_into(&self.path, buffer).is_err() || filter.is_some_and(|filter| !filter.is_match(buffer)) {
            return;
        }
        found.extend(scan(buffer).services().map(|(service, place)| Declaration {
            service,
            file: self.clone(),
            place: (place.start, place.end),
        }));
    }
}

/// The file imported as `name` below the first of `roots` that has it.
pub(super) fn find<'a>(mut roots: impl Iterator<Item = &'a Path>, name: &str) -> Option<PathBuf> {
    import_name(Path::new(name)).filter(|normal| normal == name)?;
    roots.find_map(|root| Some(root.join(name)).filter(|path| path.is_file()))
}

fn is_proto(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "proto")
}

/// `a/v1` of `a.v1.Greeter`; `None` without a package.
pub(super) fn package_folder(service: &str) -> Option<String> {
    service.rsplit_once('.').map(|(package, _)| package.replace('.', "/"))
}

/// `Greeter` of `helloworld.Greeter`.
pub(super) fn short_name(service: &str) -> &str {
    service.rsplit('.').next().unwrap_or(service)
}

/// A path below an import path as the name of an import; `None` where it is none (not UTF-8, `..`, absolute, empty).
pub(super) fn import_name(path: &Path) -> Option<String> {
    let parts = path.components().map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    let parts: Vec<&str> = parts.collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.join("/"))
}
