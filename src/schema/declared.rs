//! Who declares the services called: [`Declared`].

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::Catalog;
use super::files;
use super::index::{Declaration, package_folder, short_name};
use super::reflecting::GIVE_PROTOS;
use super::scan::scan;
use crate::diagnostic::{Diagnostic, Sources, Span};

/// Services by their full names, each with all that declare it.
#[derive(Debug, Default)]
pub(super) struct Declared(BTreeMap<String, BTreeSet<Place>>);

/// Where a service is declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Indexed(Declaration),
    /// A file that the YAML names, below no import path.
    Explicit(String),
    /// A file of the descriptor set at this place in the catalog.
    Set(usize, String),
    /// A file that the server sent.
    Reflected(String),
}

impl Declared {
    /// Looks for all that could be meant by `services`, short names or full ones. All import paths are searched only
    /// for what is not found in the folder of its package.
    pub(super) fn find(catalog: &Catalog, services: &[&str]) -> Self {
        let mut declared = Self::default();
        let mut elsewhere = BTreeSet::new();
        for service in services.iter().copied().collect::<BTreeSet<_>>() {
            let found = catalog.index.in_package_folder(service);
            if found.is_empty() {
                elsewhere.insert(short_name(service));
            }
            declared.add_indexed(found);
        }
        declared.add_indexed(catalog.index.declaring(&elsewhere));
        let short_names: BTreeSet<&str> = services.iter().map(|service| short_name(service)).collect();
        declared.add_explicit(catalog, &short_names);
        declared.add_sets(catalog, &short_names);
        declared
    }

    fn add_indexed(&mut self, found: Vec<Declaration>) {
        for declaration in found {
            self.0.entry(declaration.service.clone()).or_default().insert(Place::Indexed(declaration));
        }
    }

    fn add_explicit(&mut self, catalog: &Catalog, short_names: &BTreeSet<&str>) {
        for (name, path) in &catalog.explicit {
            let Ok(text) = files::read(path) else { continue };
            let services = scan(&text).services().map(|(service, _)| service).collect::<Vec<_>>();
            let services = services.into_iter().filter(|service| short_names.contains(short_name(service)));
            for service in services.filter(|_| catalog.index.get(name).is_none()) {
                self.0.entry(service).or_default().insert(Place::Explicit(name.clone()));
            }
        }
    }

    fn add_sets(&mut self, catalog: &Catalog, short_names: &BTreeSet<&str>) {
        for (at, set) in catalog.sets.iter().enumerate() {
            for (name, file) in &set.files {
                let services = file.services().filter(|service| short_names.contains(short_name(service)));
                for service in services.filter(|_| !catalog.is_hidden(name, at)) {
                    self.0.entry(service).or_default().insert(Place::Set(at, name.clone()));
                }
            }
        }
    }

    /// Adds what the server declares and nothing else does.
    pub(super) fn add_reflected(&mut self, catalog: &Catalog) {
        let local: BTreeSet<String> = self.services().map(str::to_owned).collect();
        for (name, file) in catalog.reflected.iter().flat_map(|reflected| &reflected.files) {
            for service in file.services().filter(|service| !local.contains(service)) {
                self.0.entry(service).or_default().insert(Place::Reflected(name.clone()));
            }
        }
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The name of the one file that declares a service, or all places that do. The file in the folder of its package
    /// goes before others.
    pub(super) fn file(&self, service: &str) -> Result<&str, Vec<&Place>> {
        let mut places: Vec<&Place> = self.0.get(service).into_iter().flatten().collect();
        if places.len() > 1 {
            let folder = package_folder(service);
            let at_home = |place: &&Place| folder.as_deref() == place.file().rsplit_once('/').map(|(folder, _)| folder);
            if folder.is_some() && places.iter().any(at_home) {
                places.retain(at_home);
            }
            drop_same_files(&mut places);
        }
        match places.as_slice() {
            [only] => Ok(only.file()),
            _ => Err(places),
        }
    }
}

impl Place {
    /// The name its file is imported under.
    fn file(&self) -> &str {
        match self {
            Self::Indexed(declaration) => &declaration.file.name,
            Self::Explicit(name) | Self::Set(_, name) | Self::Reflected(name) => name,
        }
    }
}

/// One file may have several names, where import paths lie within each other or links lead to it: the shortest name
/// stays, being the one that imports use.
fn drop_same_files(places: &mut Vec<&Place>) {
    places.sort_by_key(|place| place.file().len());
    let mut seen = BTreeSet::new();
    places.retain(|place| match place {
        Place::Indexed(declaration) => {
            let path = &declaration.file.path;
            seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone()))
        }
        Place::Explicit(_) | Place::Set(..) | Place::Reflected(_) => true,
    });
    places.sort();
}

/// A service that several files declare.
pub(super) fn declared_twice(service: &str, places: &[&Place], catalog: &Catalog, sources: &Sources) -> Diagnostic {
    const SHOWN: usize = 8;
    let problem = Diagnostic::error(format!("the service `{service}` is declared in {} files", places.len())).hint(
        if places.iter().any(|place| matches!(place, Place::Reflected(_))) {
            GIVE_PROTOS
        } else {
            "take one of them away, or narrow `import_paths`"
        },
    );
    places.iter().take(SHOWN).fold(problem, |problem, place| {
        let (span, label) = match place {
            Place::Indexed(declaration) => {
                let path = &declaration.file.path;
                let text = files::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                let file = sources.add(path.clone(), text.unwrap_or_default());
                (Span::new(file, declaration.place.0, declaration.place.1), "declared here".to_owned())
            }
            Place::Set(at, name) => (catalog.sets[*at].span, format!("declared in `{name}` of this descriptor set")),
            Place::Reflected(name) => return problem.note(format!("declared in the server's `{name}`")),
            Place::Explicit(name) => {
                let path = catalog.explicit.get(name).map_or(name.into(), |path| path.to_string_lossy());
                return problem.note(format!("declared in `{path}`"));
            }
        };
        if problem.primary.is_none() { problem.at(span, label) } else { problem.also(span, label) }
    })
}
