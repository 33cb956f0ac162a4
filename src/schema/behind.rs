//! Which files on disk descriptors come from.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use prost_reflect::FileDescriptor;

use super::Schema;
use super::lookup::{Resolved, resolve};

impl Schema {
    /// The files behind a service, as calls name it: the one that declares it, and all that it imports. `None` where it is
    /// not compiled.
    pub(crate) fn files_behind(&self, service: &str) -> Option<BTreeSet<PathBuf>> {
        let Resolved::One(name) = resolve(service, self.known.iter().map(String::as_str)) else { return None };
        let service = self.pool.get_service_by_name(name)?;
        Some(self.on_disk(vec![service.parent_file()]))
    }

    /// The files that the suite names one by one, and all that they import.
    pub(crate) fn files_named(&self) -> BTreeSet<PathBuf> {
        let compiled = self.catalog.explicit.keys().filter_map(|name| self.pool.get_file_by_name(name));
        let mut files = self.on_disk(compiled.collect());
        files.extend(self.catalog.explicit.values().cloned());
        files.extend(self.catalog.sets.iter().map(|set| set.path.clone()));
        files
    }

    /// Where these and all that they import lie. What is bundled, or a server's, lies nowhere.
    fn on_disk(&self, mut files: Vec<FileDescriptor>) -> BTreeSet<PathBuf> {
        let mut seen = HashSet::new();
        let mut paths = BTreeSet::new();
        while let Some(file) = files.pop() {
            if seen.insert(file.name().to_owned()) {
                paths.extend(self.catalog.file_of(file.name()));
                files.extend(file.dependencies());
            }
        }
        paths
    }
}
