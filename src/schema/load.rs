//! From what a suite says of its protos to a pool.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prost_reflect::DescriptorPool;

use super::SchemaSources;
use super::bundled;
use super::catalog::Catalog;
use super::descriptor_set::DescriptorSet;
use super::files;
use super::index::{Declaration, Index, import_name, short_name};
use super::link::Linker;
use super::lookup::{Resolved, resolve};
use super::scan::scan;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, Spanned, did_you_mean};

/// Descriptors of one set of sources, and the lookup of methods in them.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(super) pool: DescriptorPool,
    pub(super) catalog: Arc<Catalog>,
    /// Full names of services known from the start, compiled or not.
    pub(super) known: BTreeSet<String>,
    /// Services whose files do not compile, which was reported.
    pub(super) broken: BTreeSet<String>,
    /// Whether a source could not be read, which was reported: what seems to be missing may be in it.
    pub(super) is_incomplete: bool,
}

impl Schema {
    /// Compiles what declares `services` (as calls name them; with imports) and the `files` and `descriptor_sets`
    /// named. Everything wrong with them goes to `out`; the schema then answers for the rest, and [`Self::method`] is
    /// silent about what is missing because of it. A service that nothing declares is no error here: it is reported
    /// where it is called.
    pub(crate) fn load(from: &SchemaSources, services: &[&str], sources: &Sources, out: &mut Diagnostics) -> Self {
        let mut problems = Diagnostics::new();
        let catalog = Arc::new(Catalog::read(from, &mut problems));
        let is_incomplete = problems.has_errors();
        let declared = Declared::find(&catalog, services);
        let known: BTreeSet<String> = declared.0.keys().cloned().collect();

        let mut linker = Linker::new(&catalog, sources);
        let mut broken = BTreeSet::new();
        for service in services {
            let Resolved::One(service) = resolve(service, known.iter().map(String::as_str)) else { continue };
            let file = match declared.file(service, &catalog) {
                Ok(file) => file,
                Err(files) => {
                    if broken.insert(service.to_owned()) {
                        problems.push(declared_twice(service, &files, &catalog, sources));
                    }
                    continue;
                }
            };
            if !linker.add(&file, &mut problems) {
                broken.insert(service.to_owned());
            }
        }
        for name in catalog.explicit.keys() {
            linker.add(name, &mut problems);
        }
        link_sets(&catalog, &mut linker, &mut problems);
        for (name, message) in bundled::ALWAYS {
            let pool = linker.pool();
            if pool.get_message_by_name(message).is_none() && pool.get_enum_by_name(message).is_none() {
                // a broken copy in an import path is of no concern where nothing needs it
                linker.add(name, &mut Diagnostics::new());
            }
        }
        let (pool, dropped) = linker.finish();
        problems.extend(dropped_imports(&catalog, &dropped));
        out.append(problems);
        Self { pool, catalog, known, broken, is_incomplete }
    }

    pub(crate) fn pool(&self) -> &DescriptorPool {
        &self.pool
    }
}

impl Catalog {
    fn read(from: &SchemaSources, out: &mut Diagnostics) -> Self {
        let mut catalog = Self {
            index: Index::walk(&from.import_paths, out),
            roots: from.import_paths.iter().map(|root| root.value.clone()).collect(),
            explicit: BTreeMap::new(),
            sets: from.descriptor_sets.iter().filter_map(|set| DescriptorSet::read(set, out)).collect(),
        };
        let import_paths = catalog.roots.clone();
        for file in &from.files {
            catalog.add_explicit(file, &import_paths, out);
        }
        catalog
    }

    /// Finds a file that the YAML names, and the name to compile it under: that of its place below an import path, or
    /// else its own, with its folder as a further import path.
    fn add_explicit(&mut self, file: &Spanned<PathBuf>, import_paths: &[PathBuf], out: &mut Diagnostics) {
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
        if !self.roots.contains(&folder) {
            self.roots.push(folder);
        }
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
fn below_import_path(path: &Path, import_paths: &[PathBuf]) -> Option<(String, PathBuf)> {
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

/// Services found so far → who declares them.
struct Declared(BTreeMap<String, Vec<Place>>);

/// Where a service is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Indexed(Declaration),
    /// A file that the YAML names, outside of import paths.
    Explicit(String),
    /// A file of the descriptor set at this place.
    Set(usize, String),
}

impl Declared {
    /// Looks for all that could be meant by `services`.
    fn find(catalog: &Catalog, services: &[&str]) -> Self {
        let short_names: BTreeSet<&str> = services.iter().map(|service| short_name(service)).collect();
        let mut declared: BTreeMap<String, Vec<Place>> = BTreeMap::new();
        let mut add = |service: String, place: Place| declared.entry(service).or_default().push(place);
        for declaration in catalog.index.declaring(&short_names) {
            add(declaration.service.clone(), Place::Indexed(declaration));
        }
        for (name, path) in &catalog.explicit {
            if catalog.index.get(name).is_none()
                && let Ok(text) = files::read(path)
            {
                scan(&text).services().for_each(|(service, _)| add(service, Place::Explicit(name.clone())));
            }
        }
        for (at, set) in catalog.sets.iter().enumerate() {
            for (name, file) in &set.files {
                let is_first = !catalog.sets[..at].iter().any(|earlier| earlier.files.contains_key(name));
                if is_first && catalog.index.get(name).is_none() && !catalog.explicit.contains_key(name) {
                    DescriptorSet::services(file).for_each(|service| add(service, Place::Set(at, name.clone())));
                }
            }
        }
        Self(declared)
    }

    /// The one file that declares a service, or all of them.
    fn file(&self, service: &str, catalog: &Catalog) -> Result<String, Vec<Place>> {
        let mut places = self.0.get(service).cloned().unwrap_or_default();
        if places.len() > 1 {
            drop_same_files(&mut places, catalog);
        }
        match places.as_slice() {
            [only] => Ok(only.file(catalog).to_owned()),
            _ => Err(places),
        }
    }
}

impl Place {
    /// The name its file is imported under.
    fn file<'a>(&'a self, catalog: &'a Catalog) -> &'a str {
        match self {
            Self::Indexed(declaration) => &catalog.index.file(declaration.file).name,
            Self::Explicit(name) | Self::Set(_, name) => name,
        }
    }
}

/// One file may have several names, where import paths lie within each other or links lead to it: the shortest name
/// stays, being the one that imports use.
fn drop_same_files(places: &mut Vec<Place>, catalog: &Catalog) {
    places.sort_by_key(|place| place.file(catalog).len());
    let mut seen = BTreeSet::new();
    places.retain(|place| match place {
        Place::Indexed(declaration) => {
            let path = &catalog.index.file(declaration.file).path;
            seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone()))
        }
        Place::Explicit(_) | Place::Set(..) => true,
    });
}

fn declared_twice(service: &str, places: &[Place], catalog: &Catalog, sources: &Sources) -> Diagnostic {
    let problem = Diagnostic::error(format!("the service `{service}` is declared in {} files", places.len()))
        .hint("take one of them away, or narrow `import_paths`");
    places.iter().take(8).fold(problem, |problem, place| {
        let (span, label) = match place {
            Place::Indexed(declaration) => {
                let path = &catalog.index.file(declaration.file).path;
                let text = files::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                let file = sources.add(path.clone(), text.unwrap_or_default());
                (Span::new(file, declaration.range.0, declaration.range.1), "declared here".to_owned())
            }
            Place::Set(at, name) => (catalog.sets[*at].span, format!("declared in `{name}` of this descriptor set")),
            Place::Explicit(name) => {
                let path = &catalog.explicit[name];
                return problem.note(format!("declared in `{}`", path.display()));
            }
        };
        if problem.primary.is_none() { problem.at(span, label) } else { problem.also(span, label) }
    })
}

/// Links what the descriptor sets hold besides what is needed; what cannot be linked is left out, with a warning.
fn link_sets(catalog: &Catalog, linker: &mut Linker<'_>, out: &mut Diagnostics) {
    const SHOWN: usize = 5;
    for set in &catalog.sets {
        let mut left_out = Vec::new();
        for name in set.files.keys() {
            let mut problems = Diagnostics::new();
            if !linker.has_failed(name) && !linker.add(name, &mut problems) {
                left_out.extend(problems.into_iter().map(|problem| problem.headline));
            }
        }
        if !left_out.is_empty() {
            let warning = Diagnostic::warning(format!("parts of `{}` are left out", set.path.display()))
                .at(set.span, "no call needs them");
            let more = left_out.len().saturating_sub(SHOWN);
            let warning = left_out.into_iter().take(SHOWN).fold(warning, Diagnostic::note);
            out.push(if more > 0 { warning.note(format!("and {more} more")) } else { warning });
        }
    }
}

/// A warning for each set that lacks imports which nothing in it uses.
fn dropped_imports(catalog: &Catalog, dropped: &[(usize, String, String)]) -> Vec<Diagnostic> {
    let warn = |(at, set): (usize, &DescriptorSet)| {
        let of_set: Vec<_> = dropped.iter().filter(|(of, _, _)| *of == at).collect();
        let (_, file, import) = of_set.first()?;
        let rest = match of_set.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        Some(
            Diagnostic::warning(format!("`{}` lacks imports", set.path.display()))
                .at(set.span, "nothing in it needs them")
                .note(format!("`{file}` imports `{import}`{rest}"))
                .hint("make it with `protoc --include_imports`"),
        )
    };
    catalog.sets.iter().enumerate().filter_map(warn).collect()
}
