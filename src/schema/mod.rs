//! Where descriptors come from: proto sources compiled in memory, descriptor sets; one pool per set of sources.
//! Import paths are scanned for who declares what; only the files that declare the services called are compiled, with
//! their imports. Main type: [`Schema`].

mod behind;
mod bundled;
mod catalog;
mod declared;
mod descriptor_set;
mod editions;
mod files;
mod guard;
mod imports;
mod index;
mod link;
mod load;
mod lookup;
mod method_name;
mod problem;
mod question;
mod reflecting;
mod scan;

use std::path::PathBuf;

pub(crate) use load::Schema;
pub(crate) use method_name::MethodName;
pub(crate) use question::{Answer, Question};
pub(crate) use reflecting::{GIVE_PROTOS, Reflecting, Wanted};

use crate::diagnostic::Spanned;

/// What a suite says of its protos, paths resolved against the file that names them.
#[derive(Debug, Clone, Default)]
pub(crate) struct SchemaSources {
    pub(crate) import_paths: Vec<Spanned<PathBuf>>,
    /// More files to compile; one that is not there is looked for below the import paths.
    pub(crate) files: Vec<Spanned<PathBuf>>,
    pub(crate) descriptor_sets: Vec<Spanned<PathBuf>>,
    /// Whether servers are asked for what is not among these; unless said, if there are none.
    pub(crate) reflection: Option<bool>,
}

impl SchemaSources {
    /// Whether there is anything local.
    pub(crate) fn is_empty(&self) -> bool {
        self.import_paths.is_empty() && self.files.is_empty() && self.descriptor_sets.is_empty()
    }

    /// Whether servers are asked for what is not local.
    pub(crate) fn reflects(&self) -> bool {
        self.reflection.unwrap_or_else(|| self.is_empty())
    }
}

#[cfg(test)]
mod tests;
